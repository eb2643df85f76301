"""Five published plans are cut into clauses and searched for drafts, and held against what a person read in them.

#: bench: clauses-tree clauses-leads clauses-indicators clauses-speed

The plans recorded beside the project (`../shared/data/policy`, or the folder that ANLAN_SHARED_DATA names) are read as
uploads are: in a process of their own, cleaned with every proposal, cut, searched.

clauses-tree        numbered pieces with the right level, number, heading and place in the source, as a share of all
                    that the lists in `tests/formats/policy/headings` name or the cutter found, whichever are more; 0
                    when one of the two gaps of the sources is not reported ((七) of one plan, projects 7 to 11 of
                    another). Goal at least 0.99.
clauses-leads       clauses of a list of work points whose leading officers are exactly those of the list in
                    `tests/formats/policy/leads`, of all with leaders in either. Goal 1.
clauses-indicators  the smaller of recall and precision against the indicators that a person read out of the plans
                    (`../shared/domain/indicators.csv`). A row with several targets counts once for each (80;90;100 by
                    2021;2022;2023 are three); 100 (one per township) counts as 1 for each. A draft matches a target of
                    the same document when the values are the same (or both are a rank of the same kind, or both say
                    that something falls), when the draft's year is one that the row names (a row for each year takes
                    any), and when the names share at least two pairs of neighbouring signs, or half of the shorter
                    name's. Each target takes one draft and each draft one target. Goal at least 0.85.
clauses-speed       seconds from the bytes of the longest plan to its drafts, the slowest of three; goal at most 3.
"""

from __future__ import annotations

import csv
import os
import re
import sys
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

from anlan.formats.policy import Drafts, Indicator, Tree, clean, cut, extract, read
from anlan.formats.policy.simplified import simplify
from benchmarks.figure import how_busy, seconds, verdict

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("ANLAN_SHARED_DATA", ROOT.parent / "shared" / "data"))
LISTS = ROOT / "tests" / "formats" / "policy"
#: The list of work points that names leading officers.
POINTS = "wujin_2023_work_points"
GOALS = {"clauses-tree": 0.99, "clauses-leads": 1.0, "clauses-indicators": 0.85, "clauses-speed": 3.0}
#: How the list of indicators names the ranks that plans write.
RANKS = {"top ranks in the city": "全市前列", "international first class": "国际一流", "domestic leading": "国内领先"}


def tree_of(path: Path) -> Tree:
    """The tree of one plan."""
    return cut(clean(read(path.name, path.read_bytes())))


def drafts_of(path: Path) -> Drafts:
    """From bytes to drafts."""
    return extract(tree_of(path))


def tree_share(trees: dict[str, Tree]) -> float:
    """Share of numbered pieces that are as listed."""
    right = listed = found = 0
    for name, tree in trees.items():
        with (LISTS / "headings" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            wanted = {(row["level"], row["number"], simplify(row["heading"]), int(row["start"]))
                      for row in csv.DictReader(file)}  # fmt: skip
        ours = {(one.level, one.number, simplify(one.heading), one.source[0]) for one in tree.clauses if one.number}
        for lost in sorted(wanted - ours, key=lambda row: row[3]):
            print(f"  {name}: not found: {lost}")
        for more in sorted(ours - wanted, key=lambda row: row[3]):
            print(f"  {name}: not listed: {more}")
        right += len(wanted & ours)
        listed += len(wanted)
        found += len(ours)
    missing = {(finding.level, finding.numbers) for tree in trees.values() for finding in tree.findings
               if finding.code == "missing"}  # fmt: skip
    gaps = missing == {("h2", ("7",)), ("row", ("7–11",))}
    print(f"{right} of {listed} listed and {found} found pieces agree; gaps reported: {sorted(missing)}")
    return right / max(listed, found) if gaps else 0.0


def leads_share(name: str, tree: Tree, drafts: Drafts) -> float:
    """Share of clauses whose leading officers are as listed."""
    with (LISTS / "leads" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        wanted = {(row["under"], row["number"]): tuple(row["people"].split()) for row in csv.DictReader(file)}
    ours: dict[tuple[str, str], tuple[str, ...]] = {}
    for lead in drafts.leads:
        clause = tree.clauses[lead.clause]
        key = (tree.clauses[clause.parent].number, clause.number)
        ours[key] = ours.get(key, ()) + (lead.people if lead.role == "lead" and not lead.units else ("?",))
    right = sum(ours.get(key) == people for key, people in wanted.items())
    print(f"{right} of {len(wanted)} listed and {len(ours)} found clauses have the same leading officers")
    return right / len(wanted.keys() | ours.keys())


@dataclass(frozen=True, slots=True)
class Target:
    """One target of the person's list."""

    code: str
    document: str
    name: str
    value: Decimal | None
    rank: str
    years: tuple[int, ...]


def targets() -> list[Target]:
    """The person's list, a row with several targets taken apart."""
    found = []
    with (SHARED.parent / "domain" / "indicators.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            years = [_years(part) for part in row["year"].split(";")]
            parts = re.split(r";(?![^(]*\))", row["target"])
            for at, part in enumerate(parts):
                rank = RANKS.get(part.strip(), "")
                each = re.search(r"\(one per", part)
                number = re.search(r"\d+(?:\.\d+)?", part)
                value = None if rank or number is None else Decimal(1) if each else Decimal(number[0])
                when = years[at] if len(years) == len(parts) else years[0]
                found.append(Target(row["code"], row["source"].removesuffix(".txt"), row["name_zh"], value, rank, when))
    return found


def _years(said: str) -> tuple[int, ...]:
    numbers = [int(year) for year in re.findall(r"20\d\d", said)]
    return tuple(range(numbers[0], numbers[-1] + 1)) if numbers else ()


def matches(target: Target, draft: Indicator) -> bool:
    """Is the draft this target? See the rule above."""
    if target.rank:
        same = draft.comparator == "top" and target.rank in draft.rank
    elif target.value is None:
        same = draft.value is None and draft.comparator == "down"
    else:
        same = draft.value == target.value
    if not same or (target.years and draft.year not in target.years):
        return False
    one, other = _pairs(target.name), _pairs(draft.name)
    return len(one & other) >= 2 or len(one & other) * 2 >= min(len(one), len(other)) > 0


def _pairs(name: str) -> set[str]:
    said = re.sub(r"[^\u4e00-\u9fffA-Za-z]", "", name)
    return {said[at : at + 2] for at in range(len(said) - 1)}


def indicators_share(drafts: dict[str, Drafts]) -> float:
    """The smaller of recall and precision."""
    wanted = targets()
    taken: set[tuple[str, int]] = set()
    lost = []
    for target in wanted:
        offers = [
            (len(_pairs(target.name) & _pairs(draft.name)), -n)
            for n, draft in enumerate(drafts[target.document].indicators)
            if (target.document, n) not in taken and matches(target, draft)
        ]
        if offers:
            taken.add((target.document, -max(offers)[1]))
        else:
            lost.append(target)
    for target in lost:
        print(f"  not found: {target.code} {target.name} {target.rank or target.value} {target.years}")
    total = sum(len(one.indicators) for one in drafts.values())
    for name, one in drafts.items():
        for n, draft in enumerate(one.indicators):
            if (name, n) not in taken:
                print(f"  not listed: {name}: {draft.name} {draft.comparator} {draft.value} {draft.unit} {draft.year}")
    recall, precision = len(taken) / len(wanted), len(taken) / total
    print(f"{len(wanted)} targets, {total} drafts, {len(taken)} match: recall {recall:.3f}, precision {precision:.3f}")
    return min(recall, precision)


def main(arguments: list[str]) -> int:
    """Measure what is asked for; the exit code is 1 when one figure is short."""
    names = arguments or list(GOALS)
    paths = {path.stem: path for path in sorted((SHARED / "policy").glob("*.txt"))}
    trees = {name: tree_of(path) for name, path in paths.items()}
    drafts = {name: extract(tree) for name, tree in trees.items()}
    codes = []
    for name in names:
        if name == "clauses-tree":
            value = tree_share(trees)
        elif name == "clauses-leads":
            value = leads_share(POINTS, trees[POINTS], drafts[POINTS])
        elif name == "clauses-indicators":
            value = indicators_share(drafts)
        else:
            longest = max(paths.values(), key=lambda path: path.stat().st_size)
            value = max(seconds(partial(drafts_of, longest)) for _round in range(3))
            print(f"{longest.name}; {how_busy()}", flush=True)
        codes.append(verdict(name, value, GOALS[name], at_most=name == "clauses-speed"))
    return max(codes)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
