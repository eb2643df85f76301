"""The conditions that watch the instrument and the rule curve, one reading at a time in plain Python."""

from __future__ import annotations

import calendar
import math
from datetime import UTC, datetime, timedelta

from anlan.engine import Deviation, Implausible, Stuck


class Stays:
    """A stuck rule at one point."""

    __slots__ = ("ending", "first", "out", "rule", "since", "tell")

    def __init__(self, rule: Stuck, tell) -> None:
        self.rule, self.tell = rule, tell
        self.first: float | None = None
        self.since = 0
        self.out = self.ending = False

    def until(self, now: int) -> None:
        """Time alone proves nothing."""

    def read(self, t: int, value: float | None) -> None:
        if value is None:
            return
        rule = self.rule
        above = rule.floor is None or value > rule.floor
        if self.first is not None and above and abs(value - self.first) <= rule.within:
            if not self.out and not self.ending and t >= self.since + rule.after_ms:
                self.out = True
                self.tell(self, self.since + rule.after_ms, True, self.first)
            return
        if self.out:
            self.out = False
            self.tell(self, t, False, value)
        self.first, self.since = (value, t) if above else (None, 0)


class Doubts:
    """An implausible rule at one point."""

    __slots__ = ("changed", "ending", "good", "latch", "out", "rule", "start", "tell", "value")

    def __init__(self, rule: Implausible, tell) -> None:
        self.rule, self.tell = rule, tell
        self.good: float | None = None
        self.latch = self.out = self.ending = False
        self.start = self.changed = -1
        self.value = math.nan

    def until(self, now: int) -> None:
        delay = self.rule.on_ms if self.latch else self.rule.off_ms
        blocked = self.latch and self.ending
        if self.latch != self.out and not blocked and self.start + delay <= now:
            self.out, self.changed = self.latch, self.start + delay
            self.tell(self, self.changed, self.out, self.value)

    def read(self, t: int, value: float | None) -> None:
        self.until(t)
        if value is None:
            return
        rule = self.rule
        inside = (rule.low is None or value >= rule.low) and (rule.high is None or value <= rule.high)
        jumps = rule.jump is not None and self.good is not None and abs(value - self.good) > rule.jump
        if inside:
            self.good = value
        if (jumps or not inside) != self.latch:
            self.latch, self.start, self.value = not self.latch, max(t, self.changed), value
            self.until(t)


class Curve:
    """The signal of a deviation from a curve."""

    def __init__(self, condition: Deviation) -> None:
        self.condition = condition

    def read(self, t: int, value: float) -> float:
        return value - on_curve(self.condition, t)


def on_curve(condition: Deviation, t: int) -> float:
    """The reference at t, by walking the dates of three years."""
    zone = timedelta(milliseconds=condition.zone_ms)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    local = epoch + timedelta(milliseconds=t) + zone
    dates = []
    for year in (local.year - 1, local.year, local.year + 1):
        for at in condition.curve:
            month, day = (at.month, at.day)
            if (month, day) == (2, 29) and not calendar.isleap(year):
                month, day = 3, 1
            dates.append((datetime(year, month, day, tzinfo=UTC), at.value))
    begun = [number for number, (begin, _) in enumerate(dates) if begin <= local][-1]
    since, a = dates[begun]
    if not condition.linear:
        return a
    until, b = dates[begun + 1]
    step = timedelta(milliseconds=1)
    return a + (b - a) * (((local - since) // step) / ((until - since) // step))
