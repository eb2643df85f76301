"""Level rules: a value at or beyond a limit."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from .arrays import B1, F8, I8, M1
from .conditions import Level
from .latched import Latched
from .points import LateRows, Points, Rows
from .rules import Rule
from .table import Members


class Levels(Latched):
    """Channels of `Level` rules.

    sign        1.0 for high, -1.0 for low: value * sign rises towards the alarm
    limit       limit * sign
    release     limit * sign - deadband
    quiet_from, quiet_to   per slot: a value in [from, to) changes no latch of the point
    """

    COLUMNS: ClassVar[dict[str, str]] = {**Latched.COLUMNS, "sign": "f8", "limit": "f8", "release": "f8"}
    sign: F8
    limit: F8
    release: F8

    def __init__(self) -> None:
        super().__init__()
        self.quiet_from: F8 = np.empty(0, np.float64)
        self.quiet_to: F8 = np.empty(0, np.float64)

    def enforce(self, rule: Rule, slot: I8, points: Points, arrival: int) -> None:
        level = rule.condition
        assert isinstance(level, Level)  # KINDS sends each condition to its own table
        sign = 1.0 if level.direction == "high" else -1.0
        ones = np.ones(slot.size, np.int64)
        for number, step in enumerate(level.steps):
            self.add(
                slot=slot, version=ones * rule.version, step=ones * number, severity=ones * step.severity,
                on_ms=ones * level.on_ms, off_ms=ones * level.off_ms, sign=ones * sign,
                limit=ones * (step.limit * sign), release=ones * (step.limit * sign - level.deadband),
                start=-ones, changed=-ones, value=ones * np.nan, past=-ones,
                late_start=-ones, late_changed=-ones, late_value=ones * np.nan,
            )  # fmt: skip

    def mark(self, channel: I8, rows: Rows | LateRows, row: I8) -> M1:
        signal = rows.signal[row] * self.sign[channel]
        mark = np.full(signal.size, -1, np.int8)
        mark[signal < self.release[channel]] = 0
        mark[signal >= self.limit[channel]] = 1
        return mark

    def stirs(self, rows: Rows) -> B1:
        # A row without a value compares false, is taken as stirring, and is then found to leave every latch.
        calm = rows.signal >= self.quiet_from.take(rows.slot)
        calm &= rows.signal < self.quiet_to.take(rows.slot)
        return ~calm

    def refresh(self, members: Members) -> None:
        super().refresh(members)
        channel = members.channel
        latch, high = self.latch[channel], self.sign[channel] > 0
        edge = np.where(latch, self.release[channel], self.limit[channel]) * self.sign[channel]
        # For low rules the edge itself lies on the other side: value <= limit sets, value > release resets.
        edge = np.where(high, edge, np.nextafter(edge, np.inf))
        below = high == latch
        self.quiet_from[members.slot] = -members.least(np.where(below, -edge, np.inf))
        self.quiet_to[members.slot] = members.least(np.where(below, np.inf, edge))

    def summarise(self, points: Points) -> None:
        self.quiet_from = np.full(points.capacity, -np.inf)
        self.quiet_to = np.full(points.capacity, np.inf)
        super().summarise(points)
