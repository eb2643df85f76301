"""Machines that look at readings or alarms themselves: crossings, another point's value, all-of, any-of, voting.

The row of a point is taken when that point takes it in order; late rows are not looked at. A value is held with the
arrival time at which its point's clock shows it, and its age is how much arrival time has passed since, so that a
device whose clock is wrong does not make another look old.

An anchor has a clock of its own: the highest t of its members' rows, running on with the arrival clock like a point's.
What happens to a member happens to the anchor at that time or at the anchor's clock, whichever is later.
"""

from __future__ import annotations

import math
from typing import ClassVar

from .arrays import NEVER
from .conditions import Deviation, Direction, Together, Vote
from .guards import Machine, Tell
from .rules import Rule


def _latch(value: float, was: bool, *, limit: float, deadband: float, direction: Direction) -> bool:
    """A latch with dead band after a value."""
    sign = 1.0 if direction == "high" else -1.0
    limit, signal = limit * sign, value * sign
    return signal >= limit or (was and signal >= limit - deadband)


class Guarded(Machine, kw_only=True, tag="guarded"):
    """A rule with a schedule or inhibitors over one point: the tables of the engine set its latches."""


class Counted(Machine, kw_only=True, tag="counted"):
    """`Crossings` at one point: a latch of the tables tells the crossings.

    times  of the last crossings, at most as many as are asked for
    span, count  of the condition
    """

    span: int
    count: int
    times: list[int] = []

    def due(self) -> int:
        leaves = self.times[0] + self.span if self.channels[0].latch else NEVER
        return min(super().due(), leaves)

    def happen(self, t: int, rule: Rule, tell: Tell) -> None:
        if super().due() == t:
            super().happen(t, rule, tell)
        else:
            self.turn(t, 0, False, math.nan)

    def cross(self, t: int, value: float) -> None:
        """A crossing."""
        self.times = [*self.times[-self.count + 1 :], t]
        if len(self.times) == self.count and t < self.times[0] + self.span:
            self.turn(t, 0, True, value)


class Measured(Machine, kw_only=True, tag="measured"):
    """`Deviation` of one point from another.

    held, held_seen  last value of the other point, NaN before the first, and its `seen`
    """

    held: float = math.nan
    held_seen: int = -1

    def read(self, number: int, t: int, value: float, seen: int, rule: Rule) -> None:
        condition = rule.condition
        assert isinstance(condition, Deviation)
        if math.isnan(value):
            return
        if number == self.number and not math.isnan(self.held) and seen - self.held_seen < condition.stale_ms:
            signal = value - self.held
            for place, (step, channel) in enumerate(zip(condition.steps, self.channels, strict=True)):
                latch = _latch(signal, channel.latch, limit=step.limit, deadband=condition.deadband,
                               direction=condition.direction)  # fmt: skip
                self.turn(t, place, latch, signal)
        if number == condition.other:
            self.held, self.held_seen = value, seen


class Anchored(Machine, kw_only=True):
    """A condition of several points.

    high, high_seen  highest t of the members' rows, -1 before the first, and the `seen` of that row
    """

    APART: ClassVar[int] = 1

    high: int = -1
    high_seen: int = -1

    def clock(self, arrival: int) -> int:
        """What the anchor's clock shows at an arrival time."""
        return arrival if self.high < 0 else self.high + arrival - self.high_seen

    def read(self, number: int, t: int, value: float, seen: int, rule: Rule) -> None:
        if t > self.high:
            self.high, self.high_seen = t, seen


class Joined(Anchored, kw_only=True, tag="joined"):
    """`Together`. A value that becomes unknown does so on the anchor's clock, and timers due until then end before.

    place    of each member in the condition
    holding  per member, whether its latch is set; a value that becomes unknown resets it
    until    per member, the arrival time at which its value becomes unknown
    soonest  no value that holds becomes unknown before this arrival time (a lower bound)
    """

    place: dict[int, int]
    holding: list[bool]
    until: list[int]
    soonest: int = NEVER

    def shown(self, now: int, seen: int) -> int:
        if self.soonest <= seen:
            self.soonest = self._stale()
        if self.soonest > seen:
            return super().shown(now, seen)
        return min(self.due(), self._at(self.soonest))

    def happen(self, t: int, rule: Rule, tell: Tell) -> None:
        if self.due() == t:
            super().happen(t, rule, tell)
            return
        stale = self._stale()
        self.holding = [holds and until != stale for holds, until in zip(self.holding, self.until, strict=True)]
        self._count(t, math.nan, rule.condition)

    def read(self, number: int, t: int, value: float, seen: int, rule: Rule) -> None:
        super().read(number, t, value, seen, rule)
        if math.isnan(value):
            return
        condition, place = rule.condition, self.place[number]
        assert isinstance(condition, Together)
        member = condition.members[place]
        self.until[place] = seen + member.stale_ms
        was = self.holding[place]
        holds = _latch(value, was, limit=member.limit, deadband=member.deadband, direction=member.direction)
        if holds:
            self.soonest = min(self.soonest, self.until[place])
        if holds != was:
            self.holding[place] = holds
            self._count(self.high, value, condition)

    def _count(self, t: int, value: float, condition: object) -> None:
        assert isinstance(condition, Together)
        self.turn(t, 0, sum(self.holding) >= condition.need, value)

    def _stale(self) -> int:
        """Arrival time at which the next value that holds becomes unknown."""
        return min((until for until, holds in zip(self.until, self.holding, strict=True) if holds), default=NEVER)

    def _at(self, arrival: int) -> int:
        return max(self.high, self.clock(arrival))


class Voted(Anchored, kw_only=True, tag="voted"):
    """`Vote`.

    alarms  (member, rule version, step, severity) of the live outputs of the members' ladders
    """

    alarms: list[tuple[int, int, int, int]]

    def hear(self, alarm: tuple[int, int, int, int], on: bool, t: int, value: float, vote: Vote) -> None:
        """An alarm of a member goes on or off at t."""
        self.alarms = [one for one in self.alarms if one != alarm]
        if on:
            self.alarms.append(alarm)
        self.count(max(t, self.high), value, vote)

    def count(self, t: int, value: float, vote: Vote) -> None:
        """Hold the rungs against the members' alarms."""
        worst: dict[int, int] = {}
        for member, _version, _step, severity in self.alarms:
            worst[member] = min(severity, worst.get(member, severity))
        for step, rung in enumerate(vote.rungs):
            self.turn(t, step, sum(severity <= rung.of for severity in worst.values()) >= rung.count, value)


#: Machines whose `read` is given every row, in order, of the points they look at: `seen` as in `points.Rows`, `value`
#: NaN for a mute row.
Looking = Measured | Joined | Voted
AnyMachine = Guarded | Counted | Measured | Joined | Voted
