"""The ledger: every clause with how far it is fulfilled, who answers for it, and what shows it.

The written rule of a clause's state:

1. A clause asks something when a draft in it was proposed or accepted (also who answers for it), when somebody joined
   it to something, or when it is an item of a checklist. A clause that asks nothing and has none below it is plain and
   is not counted.
2. Without any link its own state is `nothing`, which is red. Otherwise it is the worst of its links (`standing.WORST`):
   figures, tasks, cases and proofs that a second person checked decide; rules, screens and unchecked proofs serve and
   decide nothing, so that with them alone it is in progress.
   What is in progress is late when the last day that its accepted tasks name, or the document's last year, has passed.
3. A heading has the worst state of what stands below it; so has a clause that asks something itself and has more below.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.goals.models import Clause, Draft, DraftState, Edition, Holder, Kind, Link
from anlan.apps.goals.queries.standing import WORST, Asked, Standing, State, kind_of, standings, worst
from anlan.kernel.people.models import Department
from anlan.kernel.regions.models import Region

#: Points of a checklist item as it is written: （5分）.
_POINTS = re.compile(r"[（(]\s*(\d+(?:\.\d+)?)\s*分\s*[）)]")


@dataclass(slots=True)
class Joined:
    """A link with how its target stands."""

    link: Link
    standing: Standing


@dataclass(slots=True)
class Line:
    """A clause in the ledger.

    asks      it counts
    own       its own state; None when it does not count
    state     of itself and what stands below it
    holders   who answers for it, by its own words or those of the nearest clause above that names somebody
    points    of a checklist item
    """

    clause: Clause
    depth: int
    drafts: list[Draft] = field(default_factory=list)
    joined: list[Joined] = field(default_factory=list)
    holders: list[Holder] = field(default_factory=list)
    inherited: bool = False
    asks: bool = False
    own: State | None = None
    state: State = State.PLAIN
    points: Decimal | None = None

    @property
    def accepted(self) -> list[Draft]:
        """What was accepted in it."""
        return [one for one in self.drafts if one.state == DraftState.ACCEPTED]

    @property
    def undecided(self) -> int:
        """Drafts that wait for a person."""
        return sum(1 for one in self.drafts if one.state == DraftState.PROPOSED)

    @property
    def evidence(self) -> Joined | None:
        """The link with the newest proof."""
        dated = [one for one in self.joined if one.standing.evidence_at is not None]
        return max(dated, key=lambda one: one.standing.evidence_at or datetime.min, default=None)

    @property
    def read(self) -> list[tuple[str, int]]:
        """What was accepted in it, by kind with how many."""
        return list(Counter(str(one.get_kind_display()) for one in self.accepted).items())

    @property
    def deadline(self) -> str:
        """The last day that an accepted task in it names; "" for none."""
        return max((str(one.body.get("deadline") or "") for one in self.accepted), default="")


@dataclass(slots=True)
class Sheet:
    """One document in the ledger. `counts`: clauses that ask, by their own state."""

    edition: Edition
    asked: Asked
    lines: list[Line]
    counts: Counter[State] = field(default_factory=Counter)
    undecided: int = 0
    decided: int = 0

    @property
    def asking(self) -> int:
        """Clauses that ask something."""
        return sum(self.counts.values())

    @property
    def covered(self) -> int:
        """Of these, how many are joined to something that is there."""
        return self.asking - self.counts[State.NOTHING]

    @property
    def coverage(self) -> int | None:
        """Covered of asking, in whole percent, rounded down so that 100 means all; None where nothing is asked."""
        return self.covered * 100 // self.asking if self.asking else None

    @property
    def tally(self) -> list[tuple[State, int]]:
        """States with their counts, worst first."""
        return [(state, self.counts[state]) for state in State if state != State.PLAIN]

    @property
    def points(self) -> tuple[Decimal, Decimal] | None:
        """Of a checklist that names points: those of fulfilled items, and all."""
        given = [(line.points, line.own) for line in self.lines if line.points is not None and line.asks]
        if not given:
            return None
        all_of_them = sum((points for points, _own in given), Decimal(0))
        return sum((points for points, own in given if own == State.FULFILLED), Decimal(0)), all_of_them


def sheets(
    editions: Sequence[Edition], *, year: int | None = None, place: Region | None = None, now: datetime
) -> list[Sheet]:
    """The ledger of several documents; the number of questions does not grow with clauses.

    year   for which figures are asked; without one the document's own, the running year where it lies inside
    place  for which they are asked, where it lies inside the document's region; without one that region
    """
    pks = [one.pk for one in editions]
    clauses: dict[int, list[Clause]] = defaultdict(list)
    for clause in Clause.objects.filter(edition__in=pks).order_by("edition", "position"):
        clauses[clause.edition_id].append(clause)
    drafts: dict[int, list[Draft]] = defaultdict(list)
    open_or_in = (DraftState.PROPOSED, DraftState.ACCEPTED)
    for draft in Draft.objects.filter(clause__edition__in=pks, state__in=open_or_in).order_by("start", "id"):
        drafts[draft.clause_id].append(draft)
    holders: dict[int, list[Holder]] = defaultdict(list)
    for holder in Holder.objects.filter(clause__edition__in=pks).select_related("user", "department").order_by("id"):
        holders[holder.clause_id].append(holder)
    links: dict[int, list[Link]] = defaultdict(list)
    joined = Link.objects.filter(clause__edition__in=pks, removed_at=None).select_related("checked_by")
    for link in joined.order_by("id"):
        links[link.clause_id].append(link)
    asked = {one.pk: asked_of(one, year=year, place=place, now=now) for one in editions}
    wanted: dict[Asked, set[tuple[str, str]]] = defaultdict(set)
    for one in editions:
        for clause in clauses[one.pk]:
            wanted[asked[one.pk]].update((link.kind, link.target) for link in links[clause.pk])
    known = {question: standings(pairs, question) for question, pairs in wanted.items()}
    return [
        _sheet(one, asked[one.pk], clauses[one.pk], drafts, holders, links, known.get(asked[one.pk], {}))
        for one in editions
    ]


def asked_of(edition: Edition, *, year: int | None = None, place: Region | None = None, now: datetime) -> Asked:
    """The place and year in which a document's targets are looked at."""
    document = edition.document
    region = place if place is not None and place.path.startswith(document.region.path) else document.region
    if year is None:
        year = min(max(timezone.localdate(now).year, document.first_year), document.last_year)
    return Asked(region, year, now)


def _sheet(
    edition: Edition, asked: Asked, clauses: Sequence[Clause], drafts: dict[int, list[Draft]],
    holders: dict[int, list[Holder]], links: dict[int, list[Link]], known: dict[tuple[str, str], Standing],
) -> Sheet:  # fmt: skip
    checklist = edition.document.kind == Kind.CHECKLIST
    by_pk: dict[int, Line] = {}
    parents = {clause.parent_id for clause in clauses}
    lines: list[Line] = []
    for clause in clauses:
        above = by_pk.get(clause.parent_id) if clause.parent_id else None
        own = holders.get(clause.pk, [])
        line = Line(
            clause, above.depth + 1 if above else 0, drafts.get(clause.pk, []),
            sorted((_joined(link, known[link.kind, link.target]) for link in links.get(clause.pk, [])), key=_decides),
            own or (above.holders if above else []), inherited=not own,
        )  # fmt: skip
        item = checklist and clause.pk not in parents and bool(clause.number)
        line.asks = item or bool(line.joined) or bool(line.drafts)
        if line.asks:
            deciding = [one.standing.state for one in line.joined if one.standing.state is not None]
            line.own = worst(deciding) or (State.PROGRESS if line.joined else State.NOTHING)
            if line.own == State.PROGRESS and _is_over(line, edition, asked):
                line.own = State.LATE
        if item and (points := _POINTS.search(clause.heading + clause.text)):
            line.points = Decimal(points[1])
        by_pk[clause.pk] = line
        lines.append(line)
    _rise(lines, by_pk)
    sheet = Sheet(edition, asked, lines, Counter(line.own for line in lines if line.own is not None))
    sheet.undecided = sum(line.undecided for line in lines)
    sheet.decided = sum(len(line.accepted) for line in lines)
    return sheet


def _decides(one: Joined) -> int:
    """What decides the state stands first, the worst of it at the head; what only serves the clause comes after."""
    return WORST.index(one.standing.state) if one.standing.state in WORST else len(WORST)


def _joined(link: Link, standing: Standing) -> Joined:
    """A link with its target; a proof that was checked decides."""
    if link.checked_at is not None and standing.state is None:
        words = _("%(words)s; checked by %(who)s") % {"words": standing.words, "who": link.checked_by}
        standing = replace(standing, state=State.FULFILLED, words=words, evidence_at=link.checked_at)
    return Joined(link, standing)


def _is_over(line: Line, edition: Edition, asked: Asked) -> bool:
    """Has the last day passed on which a clause should have been fulfilled?"""
    today = timezone.localdate(asked.now)
    if edition.document.last_year < today.year:
        return True
    return bool(line.deadline) and date.fromisoformat(line.deadline) < today


def _rise(lines: Sequence[Line], by_pk: dict[int, Line]) -> None:
    """States of what stands below reach the headings above; those below come later in the list."""
    below: dict[int, list[State]] = defaultdict(list)
    for line in reversed(lines):
        states = below[line.clause.pk] + ([line.own] if line.own is not None else [])
        line.state = worst(states) or State.PLAIN
        if line.clause.parent_id in by_pk and line.state != State.PLAIN:
            below[line.clause.parent_id].append(line.state)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What of the ledger is asked for; what is blank does not narrow.

    officer     "u12" an account, "n王一宁" a name without one
    department  "d3" a department, "n…" a unit that is none of ours
    """

    state: str = ""
    officer: str = ""
    department: str = ""
    waiting: bool = False

    def __bool__(self) -> bool:
        return bool(self.state or self.officer or self.department or self.waiting)


def officer_key(holder: Holder) -> str:
    """By what an officer is asked for."""
    return f"u{holder.user_id}" if holder.user_id else f"n{holder.name}"


def unit_keys(holder: Holder) -> set[str]:
    """The departments for which a holder counts: itself, or that of the officer."""
    if holder.is_unit:
        return {f"d{holder.department_id}" if holder.department_id else f"n{holder.name}"}
    return {f"d{holder.user.department_id}"} if holder.user is not None and holder.user.department_id else set()


def fits(line: Line, narrowing: Narrowing) -> bool:
    """Does a clause that asks something fit?"""
    if not line.asks:
        return False
    if narrowing.state and line.own != narrowing.state:
        return False
    if narrowing.waiting and not line.undecided:
        return False
    if narrowing.officer and not any(
        not one.is_unit and officer_key(one) == narrowing.officer for one in line.holders
    ):  # fmt: skip
        return False
    return not narrowing.department or any(narrowing.department in unit_keys(one) for one in line.holders)


def narrowed(lines: Sequence[Line], narrowing: Narrowing) -> list[tuple[Line, bool]]:
    """Lines that fit, and those above them for their sense; the second says which of the two."""
    if not narrowing:
        return [(line, True) for line in lines]
    by_pk = {line.clause.pk: line for line in lines}
    hits = {line.clause.pk for line in lines if fits(line, narrowing)}
    shown = set(hits)
    for pk in hits:
        above = by_pk[pk].clause.parent_id
        while above is not None and above not in shown:
            shown.add(above)
            above = by_pk[above].clause.parent_id
    return [(line, line.clause.pk in hits) for line in lines if line.clause.pk in shown]


def people_and_units(found: Iterable[Sheet]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Officers and departments that answer for something, by key, for a filter."""
    officers: dict[str, str] = {}
    units: dict[str, str] = {}
    for sheet in found:
        for line in sheet.lines:
            for holder in line.holders if not line.inherited else ():
                if holder.is_unit:
                    key = next(iter(unit_keys(holder)))
                    units[key] = str(holder.department or holder.name)
                    continue
                officers[officer_key(holder)] = str(holder.user or holder.name)
                if holder.user is not None and holder.user.department_id:
                    units[f"d{holder.user.department_id}"] = ""
    missing = [int(key[1:]) for key, name in units.items() if not name]
    if missing:
        units.update(_department_names(missing))
    return sorted(officers.items(), key=_by_name), sorted(units.items(), key=_by_name)


def _by_name(pair: tuple[str, str]) -> str:
    return pair[1]


def _department_names(pks: Sequence[int]) -> dict[str, str]:
    return {f"d{pk}": name for pk, name in Department.objects.filter(pk__in=pks).values_list("pk", "name")}


def seen_by(viewer: Any, line: Line) -> list[tuple[Joined, str, str, bool]]:
    """(joined, words of its kind, icon, may the viewer open it) of every link of a clause."""
    open_to: dict[str, set[str]] = {}
    for one in line.joined:
        open_to.setdefault(one.link.kind, set()).add(one.link.target)
    for code, targets in open_to.items():
        kind = kind_of(code)
        open_to[code] = set(kind.sees(viewer, targets)) if kind is not None else set()
    found = []
    for one in line.joined:
        kind = kind_of(one.link.kind)
        label, icon = (str(kind.label), kind.icon) if kind is not None else (one.link.kind, "chain")
        found.append((one, label, icon, one.link.target in open_to[one.link.kind]))
    return found
