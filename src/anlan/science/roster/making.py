"""Draw up a roster: an integer programme solved by HiGHS.

One 0/1 column for every duty that somebody may take. What must hold stands in rows; a place that nobody can fill has a
slack, so that a month that cannot be filled still gives a roster, with its gaps and the reason of each. Evenness is the
sum of squared loads over weight of every role and measure, as increments that grow dearer: where loads within one duty
of each other are possible for all, no other roster has a smaller sum.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import highspy
import numpy as np

from anlan.science.roster.checking import Balance, Hindrance, balances, hindrances
from anlan.science.roster.staffing import (
    Duty,
    Measure,
    Pair,
    PairRule,
    Person,
    Staffing,
    brought,
    counts,
    span,
    touched,
)

#: What unevenness of each measure weighs where not all can be even: a holiday is missed most. Ours.
WEIGHTS = {Measure.TOTAL: 4.0, Measure.WEEKEND: 2.0, Measure.HOLIDAY: 8.0, Measure.NIGHT: 2.0}

#: The search ends here at the latest. Nodes, not seconds: a slow machine finds the same roster.
NODES = 50

#: A place left empty costs as much as so many of the dearest duties: nobody is spared by leaving one empty.
EMPTY = 20

#: Loads so far above the fair one are told apart; beyond, each further duty costs the same.
SPARE = 4


@dataclass(frozen=True, slots=True)
class Gap:
    """A place that is not filled: how many are lacking, and what hinders each who may take the role.

    hindrances  empty when nobody may take the role, or all who may are in the place already
    """

    date: date
    shift: str
    role: str
    lacking: int
    hindrances: tuple[Hindrance, ...]


@dataclass(frozen=True, slots=True)
class Roster:
    """A roster as it was drawn up.

    duties    sorted
    gaps      places that could not be filled; empty for a full roster
    balances  by role and measure, former months included
    proved    no roster is more even; False when the search ended at NODES
    """

    duties: tuple[Duty, ...]
    gaps: tuple[Gap, ...]
    balances: tuple[Balance, ...]
    proved: bool


def make_roster(staffing: Staffing, *, seed: int = 0) -> Roster:
    """The most even roster that keeps to the staffing.

    staffing  see there; `fixed` duties stay even where they break a rule, and `checking.faults_of` then names it
    seed      decides among equally even rosters; the same seed gives the same roster

    A place stays empty rather than that anybody breaks a rule; no place stays empty for evenness. A month of 40 people
    takes 1 to 4 s of one core, and up to half a minute where roles overlap, shares differ and rests are long: run it as
    a job.

    Raises RuntimeError when the solver gives no roster at all.
    Source: staff rostering as an integer programme, Burke et al. (2004), Journal of Scheduling 7:441–499; solver:
    Huangfu & Hall (2018), Mathematical Programming Computation 10:119–142.
    """
    duties, proved = _Programme(staffing, seed).solve()
    filled: dict[tuple[date, str, str], int] = defaultdict(int)
    for duty in duties:
        filled[duty.date, duty.shift, duty.role] += 1
    gaps = tuple(
        Gap(day.date, shift, role.code, lacking, hindrances(day.date, shift, role.code, duties, staffing))
        for day in staffing.days
        for role in staffing.roles
        for shift, n in role.needed.items()
        if (lacking := n - filled[day.date, shift, role.code]) > 0
    )
    return Roster(duties, gaps, balances(duties, staffing), proved)


class _Programme:
    """Columns (cost, least, most, whole) and rows (least, most, terms) of the programme."""

    def __init__(self, staffing: Staffing, seed: int) -> None:
        self.staffing = staffing
        self.seed = seed
        self.columns: list[tuple[float, float, float, bool]] = []
        self.rows: list[tuple[float, float, list[tuple[int, float]]]] = []
        self.shifts = {shift.code: shift for shift in staffing.shifts}
        self.days = {day.date: day for day in staffing.days}
        self.fixed = frozenset(staffing.fixed)
        self.column: dict[Duty, int] = {}
        self.of_person: dict[str, list[Duty]] = defaultdict(list)
        #: The least that moving one duty from one person to another changes the sum, with equal weights.
        self.step = 2 * min(WEIGHTS.values()) / max((person.weight for person in staffing.people), default=1.0)
        self._choose()
        dearest = max((sum(self._even_out(role.code, one) for one in Measure) for role in staffing.roles), default=0.0)
        self._fill(EMPTY * max(dearest, 1.0))
        for person in staffing.people:
            self._rest(person)
            if person.most is not None:
                self._at_most(person.most, self.of_person[person.id])
        for pair in staffing.pairs:
            self._apart(pair) if pair.rule is PairRule.APART else self._together(pair)

    def solve(self) -> tuple[tuple[Duty, ...], bool]:
        """(duties, proved)."""
        if not self.columns:
            return (), True
        # The first solver of a process says its name on stdout, whatever its options.
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        options = {
            "output_flag": False,
            "threads": 1,
            "random_seed": self.seed % 2**31,
            "mip_rel_gap": 0.0,
            "mip_abs_gap": self.step / 2,
            "mip_max_nodes": NODES,
        }
        for name, value in options.items():
            solver.setOptionValue(name, value)
        solver.passModel(self._model())
        solver.run()
        solution = solver.getSolution()
        status = solver.getModelStatus()
        if not solution.value_valid:
            raise RuntimeError(f"HiGHS found no roster: {solver.modelStatusToString(status)}")
        taken = np.asarray(solution.col_value) > 0.5
        chosen = tuple(sorted(duty for duty, column in self.column.items() if taken[column]))
        return chosen, status == highspy.HighsModelStatus.kOptimal

    def _model(self) -> highspy.HighsLp:
        cost, least, most, whole = zip(*self.columns, strict=True)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.columns), len(self.rows)
        model.col_cost_, model.col_lower_, model.col_upper_ = np.array(cost), np.array(least), np.array(most)
        kinds = highspy.HighsVarType
        model.integrality_ = [kinds.kInteger if one else kinds.kContinuous for one in whole]
        model.row_lower_ = np.array([row[0] for row in self.rows], np.float64)
        model.row_upper_ = np.array([row[1] for row in self.rows], np.float64)
        terms = [term for row in self.rows for term in row[2]]
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.cumsum([0, *(len(row[2]) for row in self.rows)], dtype=np.int32)
        model.a_matrix_.index_ = np.array([column for column, _factor in terms], np.int32)
        model.a_matrix_.value_ = np.array([factor for _column, factor in terms], np.float64)
        return model

    def _column(self, cost: float, least: float, most: float, *, whole: bool) -> int:
        self.columns.append((cost, least, most, whole))
        return len(self.columns) - 1

    def _row(self, least: float, most: float, terms: Iterable[tuple[int, float]]) -> None:
        self.rows.append((least, most, list(terms)))

    def _choose(self) -> None:
        """A column for every duty that somebody may take, and for every fixed one.

        The seed shuffles the people: the solver prefers, among equally even rosters, by the order of its columns.
        A small cost by chance would say the same and takes twice the time.
        """
        people = list(self.staffing.people)
        random.Random(self.seed).shuffle(people)  # noqa: S311 - it breaks ties and guards nothing
        for person in people:
            for day in self.staffing.days:
                for role in self.staffing.roles:
                    for shift, n in role.needed.items():
                        duty = Duty(day.date, shift, role.code, person.id)
                        if duty in self.fixed or (n and self._may(person, duty)):
                            least = 1.0 if duty in self.fixed else 0.0
                            self.column[duty] = self._column(0.0, least, 1.0, whole=True)
                            self.of_person[person.id].append(duty)

    def _may(self, person: Person, duty: Duty) -> bool:
        """Qualified, not away, and rested from the days before the roster."""
        shift = self.shifts[duty.shift]
        if duty.role not in person.roles or person.away.intersection(touched(duty.date, shift)):
            return False
        ends = [
            span(before.date, self.shifts[before.shift])[1]
            for before in self.staffing.before
            if before.person == person.id
        ]
        return all(span(duty.date, shift)[0] >= end + person.rest_h for end in ends)

    def _even_out(self, role: str, measure: Measure) -> float:
        """Each further duty of a person costs more than the one before; returns what the dearest costs.

        The square of the load over the weight, (h + k)² / w, as increments (2 (h + k) - 1) / w. What all bring along
        is taken off first: it adds the same to every roster.
        """
        before = brought(self.staffing, role, measure)
        weights = {person.id: person.weight for person in self.staffing.people}
        base = min((load / weights[person] for person, load in before.items()), default=0.0)
        asked = self._asked(role, measure) / max(sum(weights[person] for person in before), 1e-9)
        dearest = 0.0
        for person, load in before.items():
            counted = [
                duty
                for duty in self.of_person[person]
                if duty.role == role and counts(measure, self.days[duty.date], self.shifts[duty.shift])
            ]
            if not counted:
                continue
            slots = len({(duty.date, duty.shift) for duty in counted})
            fair = sum(before.values()) / sum(weights[one] for one in before) * weights[person]
            wide = min(slots, max(1, math.ceil(fair + asked * weights[person] - load)) + SPARE)
            steps = []
            for k in range(1, wide + 1):
                dear = WEIGHTS[measure] * (2 * (load - base * weights[person] + k) - 1) / weights[person]
                steps.append(self._column(dear, 0.0, 1.0 if k < wide else float(slots), whole=False))
                dearest = max(dearest, dear)
            terms = [(self.column[duty], 1.0) for duty in counted]
            self._row(0, 0, [*terms, *((step, -1.0) for step in steps)])
        return dearest

    def _asked(self, role: str, measure: Measure) -> int:
        """Duties of a role in this roster that count for a measure."""
        (needed,) = (one.needed for one in self.staffing.roles if one.code == role)
        return sum(
            n for day in self.staffing.days for shift, n in needed.items() if counts(measure, day, self.shifts[shift])
        )

    def _fill(self, empty: float) -> None:
        """Each place has its people, or a slack that costs `empty` for each lacking."""
        by_place: dict[tuple[date, str, str], list[Duty]] = defaultdict(list)
        for duty in self.column:
            by_place[duty.date, duty.shift, duty.role].append(duty)
        for day in self.staffing.days:
            for role in self.staffing.roles:
                for shift, n in role.needed.items():
                    own = by_place[day.date, shift, role.code]
                    slack = self._column(empty, 0.0, float(n), whole=False)
                    most = max(n, sum(duty in self.fixed for duty in own))
                    self._row(n, most, [*((self.column[duty], 1.0) for duty in own), (slack, 1.0)])

    def _rest(self, person: Person) -> None:
        """Of duties too near to each other, one."""
        slots: dict[tuple[float, float], list[Duty]] = defaultdict(list)
        for duty in self.of_person[person.id]:
            slots[span(duty.date, self.shifts[duty.shift])].append(duty)
        order = sorted(slots)
        for n, (start, end) in enumerate(order):
            near = [slot for slot in order[n:] if slot[0] < end + person.rest_h or slot[0] == start]
            # All near each other when even the last begins before the first of them to end has rested: one row for
            # all. Otherwise, with shifts of very different length, one row for each two.
            if near[-1][0] < min(slot[1] for slot in near) + person.rest_h:
                self._at_most(1, [duty for slot in near for duty in slots[slot]])
            else:
                for slot in near[1:]:
                    self._at_most(1, [*slots[start, end], *slots[slot]])

    def _at_most(self, most: int, duties: list[Duty]) -> None:
        """Fixed duties count, and where there are more of them already, no other comes to them."""
        most = max(most, sum(duty in self.fixed for duty in duties))
        if len(duties) > most:
            self._row(0, most, ((self.column[duty], 1.0) for duty in duties))

    def _apart(self, pair: Pair) -> None:
        """Each of the two may have several duties of a day, so each shift of the one excludes each of the other."""
        of: dict[tuple[str, date], dict[str, list[Duty]]] = defaultdict(lambda: defaultdict(list))
        for person in (pair.a, pair.b):
            for duty in self.of_person[person]:
                of[person, duty.date][duty.shift].append(duty)
        for day in self.days:
            for mine in of[pair.a, day].values():
                for theirs in of[pair.b, day].values():
                    self._at_most(1, [*mine, *theirs])

    def _together(self, pair: Pair) -> None:
        by_slot: dict[tuple[date, str], list[Duty]] = defaultdict(list)
        for duty in (*self.of_person[pair.a], *self.of_person[pair.b]):
            by_slot[duty.date, duty.shift].append(duty)
        for duties in by_slot.values():
            if not self.fixed.intersection(duties):
                signs = ((self.column[duty], 1.0 if duty.person == pair.a else -1.0) for duty in duties)
                self._row(0, 0, signs)
