"""What a roster is made of: days, shifts, roles, people, and what is asked of them.

Hours are hours of the bureau's own clock after midnight, and days are its days: a roster knows no time zone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum


class DayKind(StrEnum):
    """What a duty on this day counts as, besides being one: a day off inside a public holiday is no weekend."""

    WORKING = "working"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


class Measure(StrEnum):
    """What is kept even between the people of a role."""

    TOTAL = "total"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    NIGHT = "night"


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the roster."""

    date: date
    kind: DayKind = DayKind.WORKING


def days_between(first: date, last: date, *, off: Collection[date], worked: Collection[date]) -> tuple[Day, ...]:
    """The days from `first` to `last`, both included.

    off     days inside public holidays, their Saturdays and Sundays among them (rulebook kind "calendar")
    worked  Saturdays and Sundays that are working days

    Raises ValueError when `last` is before `first`.
    """
    if last < first:
        raise ValueError(f"a roster ends after it begins, not {last} before {first}")

    def kind(day: date) -> DayKind:
        if day in off:
            return DayKind.HOLIDAY
        return DayKind.WEEKEND if day.weekday() >= 5 and day not in worked else DayKind.WORKING

    return tuple(Day(day, kind(day)) for n in range((last - first).days + 1) for day in (first + timedelta(days=n),))


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift that recurs every day.

    starts_h  hours after midnight, 0 up to below 24
    hours     length, above 0, at most 48; 24 for a day and night in one
    night     whether it counts as a night
    """

    code: str
    starts_h: float
    hours: float
    night: bool = False


@dataclass(frozen=True, slots=True)
class Role:
    """A place to be filled, such as leader on duty or duty officer. `needed`: shift code → people, every day."""

    code: str
    needed: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who stands duty.

    roles   codes of the roles that post and qualification allow
    weight  share of the load of each role, above 0: 1 a full share, 0.5 half of one
    away    days on which no duty may begin or reach into
    most    duties in this roster at most; None: no limit
    rest_h  hours between the end of a duty and the beginning of the next, at least
    """

    id: str
    roles: frozenset[str]
    weight: float = 1.0
    away: frozenset[date] = frozenset()
    most: int | None = None
    rest_h: float = 24.0


class PairRule(StrEnum):
    """How two people are bound."""

    #: Posts A and B stand in for each other: never on duty beginning on the same day.
    APART = "apart"
    #: The one never without the other: both in the same shift or neither.
    TOGETHER = "together"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people and what binds them."""

    a: str
    b: str
    rule: PairRule = PairRule.APART


@dataclass(frozen=True, slots=True, order=True)
class Duty:
    """One person in one place. Sorts by day, then shift, role and person."""

    date: date
    shift: str
    role: str
    person: str


#: Duties of former months by measure.
Tally = Mapping[Measure, int]


@dataclass(frozen=True, slots=True)
class Staffing:
    """Everything a roster has to keep to.

    days     of the roster, rising, without a gap
    history  person → role → duties of former months. Whoever is missing there is new in the role and starts with the
             mean of the others: the months before are not theirs to make up for
    before   duties of the days before the first, as far back as a rest may reach
    fixed    duties that stay as they are, such as those already published

    Raises ValueError with every fault: codes or ids that stand twice, a reference to nobody, a number out of range.
    """

    days: tuple[Day, ...]
    shifts: tuple[Shift, ...]
    roles: tuple[Role, ...]
    people: tuple[Person, ...]
    pairs: tuple[Pair, ...] = ()
    history: Mapping[str, Mapping[str, Tally]] = field(default_factory=dict)
    before: tuple[Duty, ...] = ()
    fixed: tuple[Duty, ...] = ()

    def __post_init__(self) -> None:
        faults = [*self._faults_of_lists(), *self._faults_of_references()]
        if faults:
            raise ValueError("; ".join(faults))

    def _faults_of_lists(self) -> Iterable[str]:
        if not self.days:
            yield "a roster has at least one day"
        for one, after in zip(self.days, self.days[1:], strict=False):
            if after.date - one.date != timedelta(days=1):
                yield f"the days run on without a gap, not from {one.date} to {after.date}"
        for name, codes in (
            ("shift", [shift.code for shift in self.shifts]),
            ("role", [role.code for role in self.roles]),
            ("person", [person.id for person in self.people]),
        ):
            yield from (f"{name} {code} stands twice" for code, n in Counter(codes).items() if n > 1)
        for shift in self.shifts:
            if not (0 <= shift.starts_h < 24 and 0 < shift.hours <= 48):
                yield f"shift {shift.code} begins at 0 h or later, before 24 h, and lasts up to 48 h"
        for person in self.people:
            if not (math.isfinite(person.weight) and person.weight > 0):
                yield f"{person.id}: a weight is above 0, not {person.weight}"
            if not person.rest_h >= 0 or (person.most is not None and person.most < 0):
                yield f"{person.id}: rest and most are not negative"

    def _faults_of_references(self) -> Iterable[str]:
        shifts = {shift.code for shift in self.shifts}
        roles = {role.code: role for role in self.roles}
        people = {person.id for person in self.people}
        for role in self.roles:
            for code, n in role.needed.items():
                if code not in shifts or n < 0:
                    yield f"role {role.code} needs {n} people in shift {code}"
        for person in self.people:
            yield from (f"{person.id}: no role {code}" for code in sorted(person.roles - roles.keys()))
        for pair in self.pairs:
            if pair.a == pair.b or not {pair.a, pair.b} <= people:
                yield f"a pair is two people of the roster, not {pair.a} and {pair.b}"
        inside = {day.date for day in self.days}
        for duty in self.before:
            if duty.shift not in shifts or (self.days and duty.date >= self.days[0].date):
                yield f"{duty.person} on {duty.date}: a former duty is in a known shift, before the first day"
        for duty in self.fixed:
            asked = duty.role in roles and roles[duty.role].needed.get(duty.shift, 0) > 0
            if duty.person not in people or not asked or duty.date not in inside:
                yield f"{duty.person} on {duty.date}: a fixed duty is in a place of this roster"


def span(duty_date: date, shift: Shift) -> tuple[float, float]:
    """Begin and end of a duty in hours since the first midnight of the calendar."""
    start = duty_date.toordinal() * 24 + shift.starts_h
    return start, start + shift.hours


def touched(duty_date: date, shift: Shift) -> list[date]:
    """The days that a duty begins on or reaches into."""
    start, end = span(duty_date, shift)
    last = math.ceil(end / 24) - 1
    return [date.fromordinal(ordinal) for ordinal in range(math.floor(start / 24), last + 1)]


def counts(measure: Measure, day: Day, shift: Shift) -> bool:
    """Whether a duty counts for a measure."""
    if measure is Measure.TOTAL:
        return True
    if measure is Measure.NIGHT:
        return shift.night
    return day.kind.value == measure.value


def tally(duties: Iterable[Duty], staffing: Staffing) -> dict[str, dict[str, dict[Measure, int]]]:
    """Duties by person, role and measure: what the next month takes as history, added to the former one."""
    days = {day.date: day for day in staffing.days}
    shifts = {shift.code: shift for shift in staffing.shifts}
    made: dict[str, dict[str, dict[Measure, int]]] = {}
    for duty in duties:
        row = made.setdefault(duty.person, {}).setdefault(duty.role, dict.fromkeys(Measure, 0))
        for measure in Measure:
            row[measure] += counts(measure, days[duty.date], shifts[duty.shift])
    return made


def brought(staffing: Staffing, role: str, measure: Measure) -> dict[str, int]:
    """What each person of a role brings from former months; a newcomer the mean of the others, by their weights."""
    own = [person for person in staffing.people if role in person.roles]
    known = {
        person.id: staffing.history[person.id][role].get(measure, 0)
        for person in own
        if role in staffing.history.get(person.id, {})
    }
    weight = sum(person.weight for person in own if person.id in known)
    mean = sum(known.values()) / weight if weight else 0.0
    return {person.id: known.get(person.id, round(mean * person.weight)) for person in own}
