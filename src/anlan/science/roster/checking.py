"""Whether a roster keeps to what was asked, how even it is, and what a swap would change.

Nothing here knows how rosters are made: what is drawn up by the program, by hand or changed afterwards is judged alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from anlan.science.roster.staffing import (
    Duty,
    Measure,
    Pair,
    PairRule,
    Shift,
    Staffing,
    brought,
    span,
    tally,
    touched,
)


class Breach(StrEnum):
    """What is wrong."""

    #: Fewer people than the role needs.
    SHORT = "short"
    #: More people than the role needs.
    CROWDED = "crowded"
    #: A duty on a day, in a shift or of a person that the roster does not have.
    STRANGE = "strange"
    #: The person may not take this role.
    UNQUALIFIED = "unqualified"
    #: The duty touches a day on which the person is away.
    AWAY = "away"
    #: Two duties of the person overlap.
    OVERLAP = "overlap"
    #: Too little rest after another duty, or before the next.
    REST = "rest"
    #: More duties than the person may have.
    MOST = "most"
    #: A pair that must be apart stands together, or one that must be together does not.
    PAIR = "pair"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a roster.

    date, shift, role  of the duty or place concerned; empty where it is about a person as a whole
    person             whom it is about; empty for a place that is not filled rightly
    with_              the other duty, or the partner's duty
    n                  people lacking or too many, or duties above the most
    """

    breach: Breach
    date: date | None = None
    shift: str = ""
    role: str = ""
    person: str = ""
    with_: Duty | None = None
    n: int = 0

    def __str__(self) -> str:
        place = " ".join(str(part) for part in (self.date, self.shift, self.role) if part)
        other = f" (with {self.with_.person} on {self.with_.date} {self.with_.shift})" if self.with_ else ""
        return " ".join(part for part in (self.breach.value, place, self.person, str(self.n or "")) if part) + other


def faults_of(duties: Iterable[Duty], staffing: Staffing) -> tuple[Fault, ...]:
    """Everything in which these duties do not keep to the staffing; empty for a good roster. In order of the days."""
    return tuple(_Judge(duties, staffing).faults())


@dataclass(frozen=True, slots=True)
class Balance:
    """How even one measure of one role is.

    loads   person → duties of former months and of this roster together
    shares  person → the fair share of their sum, by weight
    """

    role: str
    measure: Measure
    loads: Mapping[str, int]
    shares: Mapping[str, float]

    @property
    def even(self) -> bool:
        """Nobody is a whole duty away from their share; with equal weights: all within one of each other."""
        return all(abs(self.loads[person] - self.shares[person]) < 1 for person in self.loads)

    @property
    def uneven(self) -> tuple[str, ...]:
        """Who is a whole duty or more away from their share, the farthest first."""
        off = {person: abs(self.loads[person] - self.shares[person]) for person in self.loads}
        return tuple(sorted((one for one in off if off[one] >= 1), key=lambda one: (-off[one], one)))


def balances(duties: Iterable[Duty], staffing: Staffing) -> tuple[Balance, ...]:
    """The balance of every role and measure that this roster can change; loads include what was brought along."""
    made = tally(duties, staffing)
    found = []
    for role in staffing.roles:
        own = [person for person in staffing.people if role.code in person.roles]
        weight = sum(person.weight for person in own)
        for measure in Measure:
            before = brought(staffing, role.code, measure)
            loads = {
                person.id: before[person.id] + made.get(person.id, {}).get(role.code, {}).get(measure, 0)
                for person in own
            }
            total = sum(loads.values())
            shares = {person.id: total * person.weight / weight for person in own}
            found.append(Balance(role.code, measure, loads, shares))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why one person cannot take a duty: every fault it would cause; none when nothing hinders."""

    person: str
    faults: tuple[Fault, ...]


def hindrances(place: date, shift: str, role: str, duties: Sequence[Duty], staffing: Staffing) -> tuple[Hindrance, ...]:
    """For everybody who may take the role: what a duty there would break. Empty when nobody may take it at all."""
    partners = defaultdict(set)
    for pair in staffing.pairs:
        partners[pair.a].add(pair.b)
        partners[pair.b].add(pair.a)
    found = []
    for person in staffing.people:
        duty = Duty(place, shift, role, person.id)
        if role not in person.roles or duty in duties:
            continue
        # Nobody else's duties can come into conflict with this one.
        near = [one for one in duties if one.person == person.id or one.person in partners[person.id]]
        new = Counter(_Judge([*near, duty], staffing).of_people()) - Counter(_Judge(near, staffing).of_people())
        found.append(Hindrance(person.id, tuple(new)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Swap:
    """`duty` goes from its person to `to`; with `back`, a duty of `to`, the giver takes that in return."""

    duty: Duty
    to: str
    back: Duty | None = None


@dataclass(frozen=True, slots=True)
class SwapEffect:
    """What a swap would change.

    duties    the roster with it
    faults    faults that it would cause; empty: it may be done
    mended    faults of the roster that it would remove
    balances  with it, to be compared with those before
    """

    duties: tuple[Duty, ...]
    faults: tuple[Fault, ...]
    mended: tuple[Fault, ...]
    balances: tuple[Balance, ...]


def swap_effect(duties: Sequence[Duty], swap: Swap, staffing: Staffing) -> SwapEffect:
    """The roster after a swap, judged: only what the swap itself breaks or mends is named.

    Raises ValueError when a duty of the swap is not in the roster, `back` is not of `to`, or somebody would swap with
    themselves.
    """
    if swap.duty not in duties or (swap.back is not None and swap.back not in duties):
        raise ValueError("a swap is about duties of this roster")
    if swap.to == swap.duty.person or (swap.back is not None and swap.back.person != swap.to):
        raise ValueError("a swap is between two people, each giving a duty of their own")
    after = [replace(duty, person=swap.to) if duty == swap.duty else duty for duty in duties]
    if swap.back is not None:
        after = [replace(duty, person=swap.duty.person) if duty == swap.back else duty for duty in after]
    after.sort()
    old, new = Counter(faults_of(duties, staffing)), Counter(faults_of(after, staffing))
    return SwapEffect(
        duties=tuple(after),
        faults=tuple((new - old).elements()),
        mended=tuple((old - new).elements()),
        balances=balances(after, staffing),
    )


class _Judge:
    """One pass over a roster."""

    def __init__(self, duties: Iterable[Duty], staffing: Staffing) -> None:
        self.staffing = staffing
        self.shifts = {shift.code: shift for shift in staffing.shifts}
        self.people = {person.id: person for person in staffing.people}
        days = {day.date for day in staffing.days}
        self.known: list[Duty] = []
        self.strange: list[Duty] = []
        for duty in sorted(duties):
            good = duty.date in days and duty.shift in self.shifts and duty.person in self.people
            (self.known if good else self.strange).append(duty)
        self.numbers = Counter(duty.person for duty in self.known)
        self.by_person: dict[str, list[Duty]] = defaultdict(list)
        for duty in (*staffing.before, *self.known):
            self.by_person[duty.person].append(duty)

    def faults(self) -> Iterator[Fault]:
        for duty in self.strange:
            yield Fault(Breach.STRANGE, duty.date, duty.shift, duty.role, duty.person)
        yield from self._places()
        yield from self.of_people()

    def of_people(self) -> Iterator[Fault]:
        """Faults that are about somebody, whether or not the places are filled."""
        for duty in self.known:
            person = self.people[duty.person]
            if duty.role not in person.roles:
                yield self._fault(Breach.UNQUALIFIED, duty)
            if person.away.intersection(touched(duty.date, self.shifts[duty.shift])):
                yield self._fault(Breach.AWAY, duty)
        yield from self._rests()
        for person in self.staffing.people:
            n = self.numbers[person.id]
            if person.most is not None and n > person.most:
                yield Fault(Breach.MOST, person=person.id, n=n - person.most)
        for pair in self.staffing.pairs:
            yield from self._apart(pair) if pair.rule is PairRule.APART else self._together(pair)

    def _places(self) -> Iterator[Fault]:
        filled = Counter((duty.date, duty.shift, duty.role) for duty in self.known)
        wanted = {
            (day.date, shift, role.code): n
            for day in self.staffing.days
            for role in self.staffing.roles
            for shift, n in role.needed.items()
        }
        for place in sorted({*wanted, *filled}):
            lacking = wanted.get(place, 0) - filled.get(place, 0)
            if lacking:
                yield Fault(Breach.SHORT if lacking > 0 else Breach.CROWDED, *place, n=abs(lacking))

    def _rests(self) -> Iterator[Fault]:
        """Any two duties of a person: not overlapping, and a rest between them."""
        for person in self.staffing.people:
            own = sorted(self.by_person.get(person.id, ()), key=lambda duty: span(duty.date, self._shift(duty)))
            for n, one in enumerate(own):
                _start, end = span(one.date, self._shift(one))
                for other in own[n + 1 :]:
                    begins = span(other.date, self._shift(other))[0]
                    if begins < end:
                        yield self._fault(Breach.OVERLAP, other, one)
                    elif begins < end + person.rest_h:
                        yield self._fault(Breach.REST, other, one)

    def _apart(self, pair: Pair) -> Iterator[Fault]:
        mine = {duty.date: duty for duty in self.known if duty.person == pair.a}
        for duty in self.known:
            if duty.person == pair.b and duty.date in mine:
                yield self._fault(Breach.PAIR, duty, mine[duty.date])

    def _together(self, pair: Pair) -> Iterator[Fault]:
        both = {
            one: {(duty.date, duty.shift): duty for duty in self.known if duty.person == one}
            for one in (pair.a, pair.b)
        }
        for place in sorted(both[pair.a].keys() ^ both[pair.b].keys()):
            yield self._fault(Breach.PAIR, both[pair.a].get(place) or both[pair.b][place])

    def _shift(self, duty: Duty) -> Shift:
        return self.shifts[duty.shift]

    @staticmethod
    def _fault(breach: Breach, duty: Duty, with_: Duty | None = None) -> Fault:
        return Fault(breach, duty.date, duty.shift, duty.role, duty.person, with_)
