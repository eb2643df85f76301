"""A month of duty: 31 days, 40 people, 3 roles by day and night, made even with six former months; CPU seconds.

Everybody may take every role, so that nothing falls apart into smaller problems; a tenth of all days is leave, five
pairs are kept apart. Twelve months of different leave and history are drawn up, each is judged by the checker, and the
slowest counts. Goal at most 5.
"""

from __future__ import annotations

import random
import time
from datetime import date, timedelta

from anlan.science.roster.checking import faults_of
from anlan.science.roster.making import make_roster
from anlan.science.roster.staffing import Measure, Pair, Person, Role, Shift, Staffing, days_between
from benchmarks.figure import how_busy, verdict

PEOPLE, MONTHS = 40, 12
ROLES = ("leader", "officer", "driver")
GOAL_S = 5.0


def main() -> int:
    """Draw up the months, print the figure."""
    took = []
    for seed in range(MONTHS):
        month = _month(seed)
        begun = time.process_time()
        roster = make_roster(month, seed=seed)
        took.append(time.process_time() - begun)
        faults = faults_of(roster.duties, month)
        if faults or not roster.proved:
            raise SystemExit(f"month {seed}: proved {roster.proved}, faults {[str(fault) for fault in faults]}")
    print(f"mean {sum(took) / MONTHS:.2f} s, slowest {max(took):.2f} s of {MONTHS} months; {how_busy()}")
    return verdict("roster", max(took), GOAL_S, at_most=True)


def _month(seed: int) -> Staffing:
    chance = random.Random(seed)
    first = date(2026, 10, 1)
    days = days_between(
        first,
        first + timedelta(days=30),
        off=[first + timedelta(days=n) for n in range(7)],
        worked=[date(2026, 10, 10)],
    )
    shifts = (Shift("day", 8.5, 9.5), Shift("night", 18, 14.5, night=True))
    people = tuple(
        Person(
            f"p{n:02}",
            frozenset(ROLES),
            away=frozenset(day.date for day in days if chance.random() < 0.1),
        )
        for n in range(PEOPLE)
    )
    history = {
        person.id: {
            role: {
                Measure.TOTAL: chance.randint(10, 13),
                Measure.WEEKEND: chance.randint(2, 4),
                Measure.HOLIDAY: chance.randint(0, 2),
                Measure.NIGHT: chance.randint(4, 6),
            }
            for role in ROLES
        }
        for person in people
    }
    return Staffing(
        days=days,
        shifts=shifts,
        roles=tuple(Role(code, {"day": 1, "night": 1}) for code in ROLES),
        people=people,
        pairs=tuple(Pair(f"p{2 * n:02}", f"p{2 * n + 1:02}") for n in range(5)),
        history=history,
    )


if __name__ == "__main__":
    raise SystemExit(main())
