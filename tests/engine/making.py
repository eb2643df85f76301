"""Logs written by hand: a `Log` numbers its records and lets a test say only what matters."""

from __future__ import annotations

import math

import numpy as np

from anlan.engine import Batch, Condition, Declare, Enforce, Level, LevelStep, Retire, Rule, Tick, evaluate, new_state

SECOND = 1_000
#: A sober moment to begin with: 2026-11-22 00:00 in Asia/Shanghai.
DAWN = 1_795_276_800_000


def batch(seq, arrival, rows) -> Batch:
    """Rows are (point, t, value) or (point, t, value, quality)."""
    full = [(*row, 0)[:4] for row in rows]
    return Batch(
        seq,
        arrival,
        np.array([row[0] for row in full], np.int32),
        np.array([row[1] for row in full], np.int64),
        np.array([row[2] for row in full], np.float64),
        np.array([row[3] for row in full], np.uint8),
    )


def high(*limits, deadband=0.0, on=0, off=0) -> Level:
    """A high level, mildest step first, severities ending at 1."""
    steps = tuple(LevelStep(len(limits) - number, float(limit)) for number, limit in enumerate(limits))
    return Level(steps, "high", deadband, on, off)


def low(*limits, deadband=0.0, on=0, off=0) -> Level:
    return Level(high(*limits).steps, "low", deadband, on, off)


class Log:
    """Records with rising sequence numbers; times are ms after DAWN."""

    def __init__(self) -> None:
        self.records: list = []

    def _next(self) -> int:
        return len(self.records)

    def rows(self, arrival, *rows) -> Log:
        self.records.append(batch(self._next(), DAWN + arrival, [(row[0], DAWN + row[1], *row[2:]) for row in rows]))
        return self

    def reading(self, t, value, *, point=1, arrival=None, quality=0) -> Log:
        return self.rows(t if arrival is None else arrival, (point, t, value, quality))

    def tick(self, arrival) -> Log:
        self.records.append(Tick(self._next(), DAWN + arrival))
        return self

    def rule(self, condition: Condition, *, version=1, points=(1,), arrival=0, schedule=None, inhibits=()) -> Log:
        rule = Rule(version, points, condition, schedule, inhibits)
        self.records.append(Enforce(self._next(), DAWN + arrival, rule))
        return self

    def retire(self, version, arrival) -> Log:
        self.records.append(Retire(self._next(), DAWN + arrival, version))
        return self

    def hold(self, ms, *, points=(1,), arrival=0) -> Log:
        self.records.append(Declare(self._next(), DAWN + arrival, np.array(points, np.int32), ms))
        return self

    def output(self):
        return evaluate(new_state(), self.records)[1]

    def told(self) -> list[str]:
        """What was told, in short: 'on 12000', 'retro on 500', with the step where there are several."""
        found = list(self.output().transitions)
        many = any(one.step for one in found)
        return [
            ("retro " if one.lane == "retro" else "")
            + ("on " if one.on else "off ")
            + str(one.t - DAWN)
            + (f" step {one.step}" if many else "")
            for one in found
        ]


def bare(transitions) -> list[tuple]:
    """Transitions as comparable tuples, sorted, without the record that emitted them; NaN becomes None."""
    found = {
        (one.rule, one.point, one.step, one.severity, one.lane, one.t, one.on,
         None if math.isnan(one.value) else one.value)
        for one in transitions
    }  # fmt: skip
    return sorted(found, key=str)
