"""Conditions that watch the instrument: a value that is stuck, a value that cannot have been measured.

Neither has a retrospective lane: a hole in the proof of a fault is no fault that was missed.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from .arrays import B1, F8, I8, M1, NEVER, sizes
from .conditions import Implausible, Stuck
from .latched import Latched
from .points import LateRows, Points, Rows
from .rules import Rule
from .table import Members, News, Table


class Stucks(Table):
    """Channels of `Stuck` rules. A row without a value neither goes on with a run nor ends it, and shows nothing.

    after, within, floor  from the rule; floor is -inf where there is none
    first, start          the value that began the run, NaN while none runs, and its time
    out                   the output
    """

    COLUMNS: ClassVar[dict[str, str]] = {
        **Table.COLUMNS, "after": "i8", "within": "f8", "floor": "f8", "first": "f8", "start": "i8", "out": "?",
    }  # fmt: skip
    after: I8
    within: F8
    floor: F8
    first: F8
    start: I8
    out: B1

    def enforce(self, rule: Rule, slot: I8, points: Points, arrival: int) -> None:
        stuck = rule.condition
        assert isinstance(stuck, Stuck)  # KINDS sends each condition to its own table
        ones = np.ones(slot.size, np.int64)
        floor = -np.inf if stuck.floor is None else stuck.floor
        self.add(
            slot=slot, version=ones * rule.version, severity=ones * stuck.severity, after=ones * stuck.after_ms,
            within=ones * stuck.within, floor=ones * floor, first=ones * np.nan, start=-ones,
        )  # fmt: skip

    def feed(self, rows: Rows, points: Points, news: News) -> I8:
        nobody = rows.slot[:0]
        if not self.slot.size:
            return nobody
        begin = np.arange(rows.slot.size) if rows.first is None else rows.first
        members = self.of(rows.slot[begin])
        of_slot = members.place[members.owner]
        count = sizes(begin, rows.slot.size)[of_slot]
        begin = begin[of_slot]
        # A run depends on the value that began it, so the rows of a channel are taken one after the other: first the
        # first row of every channel, then the second, and so on.
        for number in range(int(count.max()) if count.size else 0):
            among = np.flatnonzero(count > number)
            self._read(members.channel[among], rows, begin[among] + number, news)
        return nobody

    def _read(self, channel: I8, rows: Rows, row: I8, news: News) -> None:
        """One row of each of these channels."""
        t, value = rows.t[row], rows.signal[row]
        first, out = self.first[channel], self.out[channel]
        counts = value > self.floor[channel]
        same = counts & (np.abs(value - first) <= self.within[channel])
        differs = ~np.isnan(value) & ~same
        due = self.start[channel] + self.after[channel]
        raised = np.flatnonzero(same & ~out & (due <= t) & ~self.ending[channel])
        ended = np.flatnonzero(differs & out)
        news.add(self, channel[raised], due[raised], np.ones(raised.size, np.bool_), first[raised])
        news.add(self, channel[ended], t[ended], np.zeros(ended.size, np.bool_), value[ended])
        self.out[channel[raised]] = True
        self.out[channel[ended]] = False
        self.first[channel[differs]] = np.where(counts, value, np.nan)[differs]
        self.start[channel[differs]] = t[differs]

    def advance(self, slot: I8, now: I8, news: News) -> None:
        """Nothing: silence is no proof of a stuck value."""

    def due(self, slot: I8) -> I8:
        return np.full(slot.size, NEVER, np.int64)

    def summarise(self, points: Points) -> None:
        """Nothing is kept per slot."""

    def dead(self) -> B1:
        return self.ending & ~self.out


class Implausibles(Latched):
    """Channels of `Implausible` rules: the latch sets at a value that is not plausible and resets at one that is.

    low, high, jump      from the rule; infinite where there is no bound
    before               last value within low and high, from which a jump is measured; NaN before the first
    calm_from, calm_to   per slot: a value in [from, to] changes no latch of the point
    """

    COLUMNS: ClassVar[dict[str, str]] = {
        **Latched.COLUMNS, "low": "f8", "high": "f8", "jump": "f8", "before": "f8",
    }  # fmt: skip
    low: F8
    high: F8
    jump: F8
    before: F8

    def __init__(self) -> None:
        super().__init__()
        self.calm_from: F8 = np.empty(0, np.float64)
        self.calm_to: F8 = np.empty(0, np.float64)

    def enforce(self, rule: Rule, slot: I8, points: Points, arrival: int) -> None:
        bounds = rule.condition
        assert isinstance(bounds, Implausible)  # KINDS sends each condition to its own table
        low = -np.inf if bounds.low is None else bounds.low
        high = np.inf if bounds.high is None else bounds.high
        jump = np.inf if bounds.jump is None else bounds.jump
        ones = np.ones(slot.size, np.int64)
        self.add(
            slot=slot, version=ones * rule.version, severity=ones * bounds.severity,
            on_ms=ones * bounds.on_ms, off_ms=ones * bounds.off_ms,
            low=ones * low, high=ones * high, jump=ones * jump, before=ones * np.nan,
            start=-ones, changed=-ones, value=ones * np.nan, past=-ones,
            late_start=-ones, late_changed=-ones, late_value=ones * np.nan,
        )  # fmt: skip

    def mark(self, channel: I8, rows: Rows | LateRows, row: I8) -> M1:
        value = rows.signal[row]
        place = np.arange(value.size)
        head = np.ones(value.size, np.bool_)
        head[1:] = channel[1:] != channel[:-1]
        start = np.maximum.accumulate(np.where(head, place, 0))
        inside = (value >= self.low[channel]) & (value <= self.high[channel])
        latest = np.maximum.accumulate(np.where(inside, place, -1))
        before = np.concatenate(([-1], latest[:-1]))
        known = before >= start
        reference = np.where(known, value[before], self.before[channel])
        jumps = np.abs(value - reference) > self.jump[channel]
        tail = np.flatnonzero(np.append(head[1:], True) & (latest >= start))
        self.before[channel[tail]] = value[latest[tail]]
        return np.where(np.isnan(value), -1, ~inside | jumps).astype(np.int8)

    def stirs(self, rows: Rows) -> B1:
        calm = rows.signal >= self.calm_from.take(rows.slot)
        calm &= rows.signal <= self.calm_to.take(rows.slot)
        return ~calm

    def refresh(self, members: Members) -> None:
        super().refresh(members)
        channel = members.channel
        # A channel that looks for jumps must see every value.
        busy = self.latch[channel] | (self.jump[channel] < np.inf)
        self.calm_from[members.slot] = -members.least(np.where(busy, -np.inf, -self.low[channel]))
        self.calm_to[members.slot] = members.least(np.where(busy, -np.inf, self.high[channel]))

    def summarise(self, points: Points) -> None:
        self.calm_from = np.full(points.capacity, -np.inf)
        self.calm_to = np.full(points.capacity, np.inf)
        super().summarise(points)

    def judge_late(self, rows: LateRows, points: Points, news: News) -> None:
        """Nothing: see the head of this module."""

    def rest_late(self, slot: I8, bound: I8, newest: I8, news: News) -> None:
        """Nothing: see the head of this module."""
