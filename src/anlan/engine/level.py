"""Ladders: a signal at or beyond a limit. Level rules, whose signal is the value itself."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from .arrays import B1, F8, I8, M1
from .conditions import Ladder, Level
from .latched import Latched
from .points import LateRows, Points, Rows
from .rules import Rule
from .table import Members


class Ladders(Latched):
    """Channels that are steps of a ladder; a kind adds `enforce` and `stirs`, and `signal` unless that is the value.

    sign        1.0 for high, -1.0 for low: signal * sign rises towards the alarm
    limit       limit * sign
    release     limit * sign - deadband
    """

    COLUMNS: ClassVar[dict[str, str]] = {**Latched.COLUMNS, "sign": "f8", "limit": "f8", "release": "f8"}
    sign: F8
    limit: F8
    release: F8

    def add_steps(self, rule: Rule, ladder: Ladder, slot: I8, **columns: np.ndarray) -> None:
        """Add the channels of a ladder at these slots; `columns` are those of the kind, one cell per slot."""
        sign = 1.0 if ladder.direction == "high" else -1.0
        ones = np.ones(slot.size, np.int64)
        for number, step in enumerate(ladder.steps):
            self.add(
                slot=slot, version=ones * rule.version, step=ones * number, severity=ones * step.severity,
                on_ms=ones * ladder.on_ms, off_ms=ones * ladder.off_ms, sign=ones * sign,
                limit=ones * (step.limit * sign), release=ones * (step.limit * sign - ladder.deadband),
                start=-ones, changed=-ones, value=ones * np.nan, past=-ones,
                late_start=-ones, late_changed=-ones, late_value=ones * np.nan, **columns,
            )  # fmt: skip

    def mark(self, channel: I8, rows: Rows | LateRows, row: I8) -> M1:
        signal = self.signal(channel, rows, row) * self.sign[channel]
        mark = np.full(signal.size, -1, np.int8)
        mark[signal < self.release[channel]] = 0
        mark[signal >= self.limit[channel]] = 1
        return mark

    def quiet(self, channel: I8) -> tuple[F8, F8]:
        """(least, bound) per channel: a signal in [least, bound) leaves its latch."""
        latch, high = self.latch[channel], self.sign[channel] > 0
        edge = np.where(latch, self.release[channel], self.limit[channel]) * self.sign[channel]
        # For low rules the edge itself lies on the other side: value <= limit sets, value > release resets.
        edge = np.where(high, edge, np.nextafter(edge, np.inf))
        below = high == latch
        return np.where(below, edge, -np.inf), np.where(below, np.inf, edge)


class Levels(Ladders):
    """Channels of `Level` rules.

    quiet_from, quiet_to   per slot: a value in [from, to) changes no latch of the point
    """

    def __init__(self) -> None:
        super().__init__()
        self.quiet_from: F8 = np.empty(0, np.float64)
        self.quiet_to: F8 = np.empty(0, np.float64)

    def enforce(self, rule: Rule, slot: I8, points: Points, arrival: int) -> None:
        level = rule.condition
        assert isinstance(level, Level)  # KINDS sends each condition to its own table
        self.add_steps(rule, level, slot)

    def stirs(self, rows: Rows) -> B1:
        # A row without a value compares false, is taken as stirring, and is then found to leave every latch.
        calm = rows.signal >= self.quiet_from.take(rows.slot)
        calm &= rows.signal < self.quiet_to.take(rows.slot)
        return ~calm

    def refresh(self, members: Members) -> None:
        super().refresh(members)
        least, bound = self.quiet(members.channel)
        self.quiet_from[members.slot] = -members.least(-least)
        self.quiet_to[members.slot] = members.least(bound)

    def summarise(self, points: Points) -> None:
        self.quiet_from = np.full(points.capacity, -np.inf)
        self.quiet_to = np.full(points.capacity, np.inf)
        super().summarise(points)
