"""The tree of places from a table of codes (csv, xlsx, xls): what is new, renamed, lacking, and what makes no sense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.formats import faults
from anlan.formats.tables.headers import headers
from anlan.formats.tables.limited import open_table
from anlan.formats.tables.limits import Limits
from anlan.formats.tables.sheets import Sheet
from anlan.formats.tables.values import as_number, as_text
from anlan.kernel.audit import services as audit
from anlan.kernel.borders.services import Place, Refused, redescribe
from anlan.kernel.borders.words import words_of
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions import queries
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.regions.services import BadRegions, Planting, plant

#: Headings of the columns, in the order in which they are believed.
CODES = ("code", "代码", "区划代码", "行政区划代码", "统计用区划代码")
NAMES = ("name", "名称", "地名", "行政区划名称", "区划名称")
POPULATIONS = ("population", "人口", "常住人口", "户籍人口")

#: Digits of a code and the level it names.
LEVELS = {2: Level.PROVINCE, 4: Level.CITY, 6: Level.COUNTY, 9: Level.TOWN, 12: Level.VILLAGE, 15: Level.GRID}

#: The table of all streets of the country has 41,352 rows.
LIMITS = Limits(seconds=15.0)

#: Rows of each outcome that a report names; the rest is counted.
NAMED = 300


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes of one line.

    outcome  "new", "renamed", "same", or why nothing becomes of it: "bad", "twice", "ended", "orphan", "far"
    was      the name that the place has today, for a renamed one
    """

    line: int
    code: str
    name: str
    outcome: str
    parent: str = ""
    level: str = ""
    was: str = ""
    population: int | None = None


@dataclass(slots=True)
class Reading:
    """Lines of a table inside the bureau's own region, how many lie elsewhere, and which places it does not name."""

    rows: list[Row] = field(default_factory=list)
    far: int = 0
    lacking: list[str] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """As JSON keeps it."""
        counts = Counter(row.outcome for row in self.rows)
        named: list[dict[str, Any]] = []
        seen: Counter[str] = Counter()
        for row in self.rows:
            seen[row.outcome] += 1
            if row.outcome != "same" and seen[row.outcome] <= NAMED:
                named.append(asdict(row))
        return {"rows": named, "counts": dict(counts), "far": self.far, "lacking": self.lacking[:NAMED], "notes": []}


def read(content: bytes, name: str) -> Reading:
    """Read a table; nothing is changed. The first sheet that has a column of codes and one of names counts.

    Codes of the statistics bureau (twelve digits filled up with zeros) are shortened. Raises Refused in words.
    """
    try:
        book = open_table(content, PurePath(name).name, limits=LIMITS)
    except faults.Refused as refused:
        raise Refused(words_of(refused.fault)) from refused
    for sheet in book.sheets:
        for header in headers(sheet):
            columns = _columns(sheet, header.names)
            if "code" in columns and "name" in columns:
                return _judged(list(_lines(sheet, header.rows[1] + 1, columns)))
    words = _("No sheet has a column of codes (%(codes)s) and one of names (%(names)s).")
    raise Refused(words % {"codes": _(", ").join(CODES[:3]), "names": _(", ").join(NAMES[:3])})


def _columns(sheet: Sheet, names: tuple[str, ...]) -> dict[str, int]:
    plain = [one.strip().lower() for one in names]
    found = {}
    for what, words in (("code", CODES), ("name", NAMES), ("population", POPULATIONS)):
        at = next((plain.index(word) for word in words if word in plain), None)
        if at is not None:
            found[what] = sheet.columns.start + at
    return found


def _lines(sheet: Sheet, first: int, columns: Mapping[str, int]) -> Iterator[tuple[int, str, str, int | None]]:
    for cells in sheet.filled(first):
        line = cells[0].row
        code, name = (_text(sheet, line, columns[what]) for what in ("code", "name"))
        people = None
        if "population" in columns:
            try:
                number = as_number(sheet.cell(line, columns["population"]))
            except faults.Refused:
                number = None
            people = int(number) if number is not None and number >= 0 else None
        yield line, shortened(code), name, people


def _text(sheet: Sheet, line: int, column: int) -> str:
    try:
        return (as_text(sheet.cell(line, column)) or "").strip()
    except faults.Refused:
        return ""


def shortened(code: str) -> str:
    """A code without the zeros that fill it up to twelve or six digits: 990123101000 → 990123101, 990100 → 9901."""
    if len(code) == 12 and code.isdigit():
        while len(code) > 6 and code.endswith("000"):
            code = code[:-3]
    if len(code) == 6 and code.isdigit():
        while len(code) > 2 and code.endswith("00"):
            code = code[:-2]
    return code


def _judged(lines: list[tuple[int, str, str, int | None]]) -> Reading:
    kept = queries.tree()
    root = kept.root()
    found = Reading()
    here = {code for _line, code, _name, _people in lines} | kept.by_code.keys()
    ended = set(Region.records.exclude(valid_until=None).values_list("code", flat=True))
    seen: set[str] = set()
    for line, code, name, people in lines:
        level = LEVELS.get(len(code)) if code.isdigit() else None
        if root is not None and code and not code.startswith(root.code) and not root.code.startswith(code):
            found.far += 1
            continue
        about: dict[str, Any] = {"line": line, "code": code, "name": name, "level": level or "", "population": people}
        parent = next((code[:n] for n in sorted(LEVELS, reverse=True) if n < len(code) and code[:n] in here), "")
        node = kept.by_code.get(code)
        if level is None or not name:
            outcome = "bad"
        elif code in seen:
            outcome = "twice"
        elif code in ended:
            outcome = "ended"
        elif node is not None and node.code == code:
            outcome = "same" if node.name == name and people in (None, node.population) else "renamed"
        elif not parent and kept.by_code:
            outcome = "orphan"
        else:
            outcome = "new"
        seen.add(code)
        was = node.name if node is not None and outcome == "renamed" else ""
        found.rows.append(Row(**about, outcome=outcome, parent=parent, was=was))
    levels = {row.level for row in found.rows}
    named = seen | {code for code, node in kept.by_code.items() if node.code != code}
    found.lacking = [
        f"{node.code} {node.name}"
        for node in sorted(kept.by_path.values(), key=lambda one: one.code)
        if node.level in levels and node.code not in named
    ]
    return found


@transaction.atomic
def put_in_force(found: Reading, *, on: date, actor: User, now: datetime, note: str) -> int:
    """Plant what is new and rename what has another name, from a day on; returns how many places changed.

    Raises NotAllowed, Refused.
    """
    require(actor, "region.manage", queries.root())
    new = [row for row in found.rows if row.outcome == "new"]
    rows = [
        Planting(row.code, row.name, row.level, row.parent or None, population=row.population) for row in new
    ]  # fmt: skip
    try:
        made = plant(rows)
    except BadRegions as bad:
        raise Refused(" ".join(bad.faults)) from bad
    for region in made:
        region.valid_from = on
        region.save(update_fields=["valid_from"])
        after = {"code": region.code, "name": region.name, "level": region.level}
        audit.record(actor=actor, verb="region.add", obj=region, region=region, after=after, now=now, note=note)
    renamed = {row.code: row for row in found.rows if row.outcome == "renamed"}
    for region in Region.objects.filter(code__in=renamed).select_related("parent"):
        row = renamed[region.code]
        place = Place(region.code, row.name, region.parent)
        redescribe(region=region, place=place, on=on, actor=actor, now=now, note=note)
        if row.population is not None:
            Region.objects.filter(pk=region.pk).update(population=row.population)
    queries.touch()
    return len(made) + len(renamed)
