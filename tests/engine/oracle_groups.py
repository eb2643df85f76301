"""Schedules, inhibitors, crossings and conditions of several points in plain Python, without any index.

Written from the heads of `anlan.engine.evaluate`, `guards` and `groups`; shares the records with the engine, no code.
"""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from datetime import UTC, datetime, timedelta

import msgspec

from anlan.engine import Crossings, Deviation, Ladder, Level, LevelStep, Rule, Together, Vote

INF = math.inf
MINUTE = timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stands_open(schedule, t: int) -> bool:
    local = EPOCH + timedelta(milliseconds=t + schedule.zone_ms)
    of_day = local.hour * 60 + local.minute
    today, yesterday = local.weekday(), (local.weekday() - 1) % 7
    if schedule.end > schedule.begin:
        return today in schedule.days and schedule.begin <= of_day < schedule.end
    return (today in schedule.days and of_day >= schedule.begin) or (
        yesterday in schedule.days and of_day < schedule.end
    )


def next_edge(schedule, t: int) -> float:
    """Minute by minute through the next eight days."""
    was = stands_open(schedule, t)
    minute = t - (t + schedule.zone_ms) % 60_000
    for _ in range(8 * 1_440 + 2):
        minute += 60_000
        if stands_open(schedule, minute) != was:
            return minute
    return INF


@dataclasses.dataclass
class Step:
    severity: int
    on_ms: int
    off_ms: int
    latch: bool = False
    start: int = -1
    value: float = math.nan
    out: bool = False
    changed: int | None = None
    earliest: int = -1


class Judge:
    """One rule version at one point or anchor."""

    apart = 0

    def __init__(self, stage, rule: Rule, number: int, steps: list[Step]) -> None:
        self.stage, self.rule, self.number, self.steps = stage, rule, number, steps
        self.ending = False
        self.window, self.edge = True, INF
        self.blockers: set[tuple] = set()

    def open(self) -> bool:
        return self.window and not self.blockers

    def clock(self, arrival: int) -> int:
        return arrival - self.stage.oracle.point(self.number).lag()

    def clock_at_row(self, t: int) -> int:
        return t

    def tell(self, step: int, t: int, on: bool, value: float) -> None:
        self.stage.change(self, step, t, on, value)

    def timer(self, step: Step) -> float:
        if step.latch == step.out:
            return INF
        if step.latch and (self.ending or not self.open()):
            return INF
        return step.start + (step.on_ms if step.latch else step.off_ms)

    def next(self, now: int, seen: int) -> float:
        moment = self.moment()
        return moment if moment <= now else INF

    def moment(self) -> float:
        return min([self.edge, *(self.timer(step) for step in self.steps)])

    def pass_moment(self, t: int) -> None:
        for number, step in enumerate(self.steps):
            if self.timer(step) == t:
                step.out, step.changed = step.latch, t
                self.tell(number, t, step.out, step.value)
                return
        assert self.edge == t
        self.edge = next_edge(self.rule.schedule, t)
        if self.window:
            self.shut(t)
            self.window = False
        else:
            self.window = True
            if self.open():
                self.begin_again(t)

    def shut(self, t: int) -> None:
        for number, step in enumerate(self.steps):
            if step.out:
                step.out, step.changed = False, max(t, step.changed + 1)
                step.earliest = step.changed + 1
                self.tell(number, step.changed, False, math.nan)

    def begin_again(self, t: int) -> None:
        for step in self.steps:
            step.earliest = max(step.earliest, t)
            if step.latch:
                step.start = max(step.start, step.earliest)

    def set(self, t: int, number: int, latch: bool, value: float) -> None:
        step = self.steps[number]
        if latch != step.latch:
            step.latch, step.value = latch, value
            bounds = [t, step.earliest]
            if step.changed is not None:
                bounds.append(step.changed + self.apart)
            step.start = max(bounds)

    def inhibitor(self, key: tuple, on: bool, t: int) -> None:
        if on:
            self.shut(t)
            self.blockers.add(key)
        else:
            self.blockers.discard(key)
            if self.open():
                self.begin_again(t)

    def latch_told(self, t: int, step: int, on: bool, value: float) -> None:
        """The first stage set or reset a latch."""
        self.set(t, step, on, value)

    def members(self) -> set[int]:
        return set()

    def read(self, number: int, t: int, value: float | None, seen: int) -> None:
        """A row of a point that is looked at."""


class CrossingJudge(Judge):
    def __init__(self, *given) -> None:
        super().__init__(*given)
        self.times: list[int] = []

    def leave(self) -> float:
        many = self.rule.condition.count
        return self.times[-many] + self.rule.condition.span_ms if self.steps[0].latch else INF

    def moment(self) -> float:
        return min(super().moment(), self.leave())

    def pass_moment(self, t: int) -> None:
        if super().moment() == t:
            super().pass_moment(t)
        else:
            self.set(t, 0, False, math.nan)

    def latch_told(self, t: int, step: int, on: bool, value: float) -> None:
        if on:
            self.times.append(t)
            if sum(one > t - self.rule.condition.span_ms for one in self.times) >= self.rule.condition.count:
                self.set(t, 0, True, value)


class OtherJudge(Judge):
    held: tuple[float, int] | None = None

    def members(self) -> set[int]:
        return {self.number, self.rule.condition.other}

    def read(self, number: int, t: int, value: float | None, seen: int) -> None:
        condition = self.rule.condition
        if value is None:
            return
        if number == self.number and self.held is not None and seen < self.held[1] + condition.stale_ms:
            signal = value - self.held[0]
            for step, rung in enumerate(condition.steps):
                self.set(t, step, holds(signal, rung.limit, condition, self.steps[step].latch), signal)
        if number == condition.other:
            self.held = (value, seen)


def holds(value: float, limit: float, condition, was: bool) -> bool:
    if condition.direction == "high":
        return value >= limit or (was and value >= limit - condition.deadband)
    return value <= limit or (was and value <= limit + condition.deadband)


class AnchorJudge(Judge):
    apart = 1
    high: int | None = None
    high_seen = 0

    def clock(self, arrival: int) -> int:
        return arrival if self.high is None else self.high + arrival - self.high_seen

    def clock_at_row(self, t: int) -> int:
        return t if self.high is None else max(t, self.high)

    def read(self, number: int, t: int, value: float | None, seen: int) -> None:
        if self.high is None or t > self.high:
            self.high, self.high_seen = t, seen


class TogetherJudge(AnchorJudge):
    def __init__(self, *given) -> None:
        super().__init__(*given)
        self.good: dict[int, int] = {}  # members that hold -> arrival time at which they become unknown

    def members(self) -> set[int]:
        return {member.point for member in self.rule.condition.members}

    def next(self, now: int, seen: int) -> float:
        unknown = min(self.good.values(), default=INF)
        if unknown > seen:
            return super().next(now, seen)
        return min(self.moment(), max(self.high, self.clock(unknown)))

    def pass_moment(self, t: int) -> None:
        if self.moment() == t:
            super().pass_moment(t)
            return
        unknown = min(self.good.values())
        self.good = {point: until for point, until in self.good.items() if until > unknown}
        self.count(t, math.nan)

    def count(self, t: int, value: float) -> None:
        self.set(t, 0, len(self.good) >= self.rule.condition.need, value)

    def read(self, number: int, t: int, value: float | None, seen: int) -> None:
        super().read(number, t, value, seen)
        if value is None:
            return
        member = next(member for member in self.rule.condition.members if member.point == number)
        if holds(value, member.limit, member, number in self.good):
            self.good[number] = seen + member.stale_ms
        else:
            self.good.pop(number, None)
        self.count(self.high, value)


class VoteJudge(AnchorJudge):
    def __init__(self, *given) -> None:
        super().__init__(*given)
        self.alarms: dict[tuple, int] = {}

    def members(self) -> set[int]:
        return set(self.rule.condition.members)

    def hear(self, number: int, version: int, step: int, severity: int, on: bool, t: int, value: float) -> None:
        if on:
            self.alarms[number, version, step] = severity
        else:
            self.alarms.pop((number, version, step), None)
        self.count(t if self.high is None else max(t, self.high), value)

    def count(self, t: int, value: float) -> None:
        for step, rung in enumerate(self.rule.condition.rungs):
            many = sum(
                any(key[0] == member and severity <= rung.of for key, severity in self.alarms.items())
                for member in self.rule.condition.members
            )
            self.set(t, step, many >= rung.count, value)


class Stage:
    """The second stage of the oracle; `changes` gathers what the first stage told since it last ran."""

    def __init__(self, oracle) -> None:
        self.oracle = oracle
        self.judges: list[Judge] = []
        self.hidden: set[int] = set()
        self.changes: list[tuple] = []
        self.queue: deque[tuple] = deque()
        self.on: dict[tuple, tuple[int, bool]] = {}  # (point, version, step) -> severity, of a ladder

    # Rules.

    @staticmethod
    def takes(rule: Rule) -> bool:
        condition = rule.condition
        own = isinstance(condition, Together | Vote | Crossings) or getattr(condition, "other", -1) >= 0
        return own or rule.schedule is not None or bool(rule.inhibits)

    def enforce(self, rule: Rule, arrival: int) -> Rule | None:
        """Take a rule; returns what the first stage is to judge for it."""
        condition, kind = rule.condition, Judge
        first: Rule | None = None
        if isinstance(condition, Vote):
            kind = VoteJudge
            steps = [(rung.severity, condition.on_ms, condition.off_ms) for rung in condition.rungs]
        elif isinstance(condition, Together):
            kind, steps = TogetherJudge, [(condition.severity, condition.on_ms, condition.off_ms)]
        elif isinstance(condition, Ladder):
            steps = [(step.severity, condition.on_ms, condition.off_ms) for step in condition.steps]
            if isinstance(condition, Deviation) and condition.other >= 0:
                kind = OtherJudge
            else:
                first = Rule(rule.version, rule.points, msgspec.structs.replace(condition, on_ms=0, off_ms=0))
        elif isinstance(condition, Crossings):
            kind, steps = CrossingJudge, [(condition.severity, 0, 0)]
            level = Level((LevelStep(condition.severity, condition.limit),), "high", condition.deadband)
            first = Rule(rule.version, rule.points, level)
        else:
            steps = [(condition.severity, getattr(condition, "on_ms", 0), getattr(condition, "off_ms", 0))]
            if hasattr(condition, "on_ms"):
                condition = msgspec.structs.replace(condition, on_ms=0, off_ms=0)
            first = Rule(rule.version, rule.points, condition)
        if first is not None:
            self.hidden.add(rule.version)
        for number in rule.points:
            judge = kind(self, rule, number, [Step(*step) for step in steps])
            now = judge.clock(arrival)
            if rule.schedule is not None:
                judge.window, judge.edge = stands_open(rule.schedule, now), next_edge(rule.schedule, now)
            for (point, version, step), (severity, ladder) in self.on.items():
                if any((point, version) == (one.point, one.version) and severity <= one.severity
                       for one in rule.inhibits):  # fmt: skip
                    judge.blockers.add((version, point, step))
                if isinstance(judge, VoteJudge) and ladder and point in judge.members():
                    judge.alarms[point, version, step] = severity
            if isinstance(judge, VoteJudge):
                judge.count(now, math.nan)
            self.judges.append(judge)
        return first

    def retire(self, version: int) -> None:
        for judge in self.judges:
            if judge.rule.version == version:
                judge.ending = True

    def carries(self, version: int) -> bool:
        return any(judge.rule.version == version for judge in self.judges)

    # What the first stage tells, and what the judges tell.

    def hear_first(self, t, number, version, step, severity, on, value, *, ladder: bool) -> bool:
        """Take a change of the first stage; returns whether it is to be told."""
        if version not in self.hidden:
            self._note(number, version, step, severity, on, ladder)
        if self.judges:
            self.changes.append((t, number, version, step, severity, on, math.nan if value is None else value, ladder))
        return version not in self.hidden

    def change(self, judge: Judge, step: int, t: int, on: bool, value: float) -> None:
        rule, severity = judge.rule, judge.steps[step].severity
        ladder = isinstance(rule.condition, Ladder)
        self._note(judge.number, rule.version, step, severity, on, ladder)
        self.oracle.add(rule.version, judge.number, step, severity, t, on, None if math.isnan(value) else value)
        self.queue.append((t, judge.number, rule.version, step, severity, on, value, ladder))

    def _note(self, number, version, step, severity, on, ladder) -> None:
        if on:
            self.on[number, version, step] = (severity, ladder)
        else:
            self.on.pop((number, version, step), None)

    def pass_on(self) -> None:
        while self.queue:
            t, number, version, step, severity, on, value, ladder = self.queue.popleft()
            for judge in sorted(self.judges, key=lambda judge: (judge.rule.version, judge.number)):
                for one in judge.rule.inhibits:
                    if (one.version, one.point) == (version, number) and severity <= one.severity:
                        judge.inhibitor((version, number, step), on, t)
            for judge in sorted(self.judges, key=lambda judge: (judge.rule.version, judge.number)):
                if isinstance(judge, VoteJudge) and ladder and number in judge.members():
                    judge.hear(number, version, step, severity, on, t, value)

    # Records.

    def row(self, number: int, t: int, value: float | None, seen: int) -> None:
        """A row in order, after the first stage took it."""
        mine = [
            judge for judge in self.judges
            if (number in judge.members() if isinstance(judge, AnchorJudge) else judge.number == number)
        ]  # fmt: skip
        self.run(mine, lambda judge: judge.clock_at_row(t), seen)
        for judge in sorted(self.judges, key=lambda judge: (judge.rule.version, judge.number)):
            if number in judge.members():
                judge.read(number, t, value, seen)
                self.run(mine, lambda judge: judge.clock_at_row(t), seen)
        self.drop()

    def time(self, arrival: int) -> None:
        self.run(self.judges, lambda judge: judge.clock(arrival), arrival)
        self.drop()

    def run(self, shown: list[Judge], clock, seen: int) -> None:
        """Changes and moments, the earliest first."""
        waiting = sorted(self.changes, key=lambda one: one[:4])
        self.changes = []
        while True:
            moments = [(judge.next(clock(judge), seen), judge.number, judge.rule.version, 0, judge) for judge in shown]
            least = min((one for one in moments if one[0] < INF), key=lambda one: one[:4], default=None)
            if waiting and (least is None or (*waiting[0][:3], 1) < least[:4]):
                t, number, version, step, severity, on, value, ladder = waiting.pop(0)
                if version in self.hidden:
                    for judge in self.judges:
                        if (judge.rule.version, judge.number) == (version, number):
                            judge.latch_told(t, step, on, value)
                else:
                    self.queue.append((t, number, version, step, severity, on, value, ladder))
            elif least is not None:
                least[4].pass_moment(least[0])
            else:
                return
            self.pass_on()

    def drop(self) -> None:
        over = [judge for judge in self.judges if judge.ending and not any(step.out for step in judge.steps)]
        self.judges = [judge for judge in self.judges if judge not in over]
