"""When in the week a rule may raise, and a channel that a schedule or another alarm holds down.

A machine is one rule version at one point (or anchor): its channels follow latches that somebody else sets, with the
two delays of `delays`, as long as the machine is *open*: inside the window of its schedule, and no inhibiting output
is on. What is on when it closes goes off at that moment, or 1 ms after the last change of the channel where that is
not before it. When it opens, the run of a latch that is set begins anew: no earlier than the opening, nor than 1 ms
after the last change. So an output never changes twice in one direction at one time.

The edges of a schedule pass once, in order, on the clock of the machine, counted from what that clock showed when the
rule was put in force; a clock that falls back does not pass them again. An inhibitor closes and opens at the time of
its own transition, and moves nobody's clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import msgspec

from .arrays import NEVER
from .conditions import Schedule
from .rules import Rule

_MINUTE = 60_000
_DAY = 86_400_000

#: Says that a channel of a machine changed: machine, step, t, on, value.
Tell = Callable[["Machine", int, int, bool, float], None]


def open_at(schedule: Schedule, t: int) -> bool:
    """Whether the window of a schedule stands open at t, epoch ms; its begin belongs to it, its end does not."""
    local = t + schedule.zone_ms
    return any(begin <= local < end for begin, end in _windows(schedule, local // _DAY - 1, 2))


def next_edge(schedule: Schedule, t: int) -> int:
    """First moment after t at which the window opens or closes, NEVER for one that always stands open."""
    local = t + schedule.zone_ms
    moments = sorted({moment for window in _windows(schedule, local // _DAY - 1, 10) for moment in window})
    for moment in moments:
        at = moment - schedule.zone_ms
        if at > t and open_at(schedule, at) != open_at(schedule, at - 1):
            return at
    return NEVER


def _windows(schedule: Schedule, day: int, days: int) -> list[tuple[int, int]]:
    """(begin, end) in local ms of the windows that begin on `days` days from a day since 1970 on."""
    length = schedule.end - schedule.begin
    if length <= 0:
        length += 1_440
    found = []
    for one in range(day, day + days):
        # 1 January 1970 was a Thursday.
        if (one + 3) % 7 in schedule.days:
            begin = one * _DAY + schedule.begin * _MINUTE
            found.append((begin, begin + length * _MINUTE))
    return found


class Channel(msgspec.Struct):
    """A step of a machine: what `latched.Latched` keeps in columns, and the earliest time a run may begin."""

    severity: int
    on_ms: int = 0
    off_ms: int = 0
    latch: bool = False
    start: int = -1
    value: float = math.nan
    out: bool = False
    changed: int = -1
    earliest: int = -1


class Machine(msgspec.Struct, kw_only=True):
    """One rule version at one point or anchor.

    number    of the point or anchor
    ending    the rule version is retired: nothing is raised any more
    window    the schedule stands open
    edge      when it next opens or closes, on the clock of the machine
    held_by   (version, point, step) of the inhibiting outputs that are on
    """

    #: 1 where several changes may come at one time: then a run begins 1 ms after the last change, not at it.
    APART: ClassVar[int] = 0

    version: int
    number: int
    channels: list[Channel]
    ending: bool = False
    window: bool = True
    edge: int = NEVER
    held_by: list[tuple[int, int, int]] = []

    @property
    def is_open(self) -> bool:
        """Whether it may raise now."""
        return self.window and not self.held_by

    @property
    def is_over(self) -> bool:
        """Whether it can never change again."""
        return self.ending and not any(channel.out for channel in self.channels)

    def due(self) -> int:
        """Time on the clock of the machine at which something next happens by itself, NEVER when nothing will."""
        return min(self.edge, min(self._timer(channel) for channel in self.channels))

    def shown(self, now: int, seen: int) -> int:
        """The same, NEVER when it is not shown yet.

        now   what the clock of the machine shows
        seen  the arrival time at which it does
        """
        due = self.due()
        return due if due <= now else NEVER

    def happen(self, t: int, rule: Rule, tell: Tell) -> None:
        """Let one thing happen that is due at t: timers end before the window opens or closes."""
        for step, channel in enumerate(self.channels):
            if self._timer(channel) == t:
                channel.out, channel.changed = channel.latch, t
                tell(self, step, t, channel.out, channel.value)
                return
        if self.edge == t and rule.schedule is not None:
            self.edge = next_edge(rule.schedule, t)
            if self.window:
                self._close(t, tell)
            self.window = not self.window
            if self.is_open:
                self._open(t)

    def turn(self, t: int, step: int, latch: bool, value: float) -> None:
        """The latch of a step is `latch` from t on; what was due until then has happened."""
        channel = self.channels[step]
        if channel.latch != latch:
            channel.latch, channel.value = latch, value
            last = channel.changed + self.APART if channel.changed >= 0 else -1
            channel.start = max(t, last, channel.earliest)

    def hold(self, by: tuple[int, int, int], t: int, tell: Tell) -> None:
        """An inhibiting output is on."""
        self._close(t, tell)
        self.held_by = [*self.held_by, by]

    def free(self, by: tuple[int, int, int], t: int) -> None:
        """An inhibiting output is off."""
        self.held_by = [one for one in self.held_by if one != by]
        if self.is_open:
            self._open(t)

    def _timer(self, channel: Channel) -> int:
        if channel.latch == channel.out or (channel.latch and (self.ending or not self.is_open)):
            return NEVER
        return channel.start + (channel.on_ms if channel.latch else channel.off_ms)

    def _close(self, t: int, tell: Tell) -> None:
        for step, channel in enumerate(self.channels):
            if channel.out:
                channel.out, channel.changed = False, max(t, channel.changed + 1)
                channel.earliest = channel.changed + 1
                tell(self, step, channel.changed, False, math.nan)

    def _open(self, t: int) -> None:
        for channel in self.channels:
            channel.earliest = max(channel.earliest, t)
            if channel.latch:
                channel.start = max(channel.start, channel.earliest)
