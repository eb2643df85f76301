"""The engine once more, one row at a time in plain Python, written from the head of `anlan.engine.evaluate`.

Slow, without arrays, without an index of timers. It shares the records and nothing else with the engine.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from anlan.engine import Batch, Declare, Deviation, Enforce, Implausible, Ladder, Level, Retire, Rule, Stuck
from tests.engine.oracle_groups import Stage
from tests.engine.oracle_watch import Curve, Doubts, Stays
from tests.engine.oracle_windows import maker

REMEMBERED_READINGS = 16
REMEMBERED_ALARMS = 8
FIVE_MINUTES = 300_000
REST = 30_000


@dataclass(frozen=True)
class Told:
    """A transition as the oracle tells it; None stands for the value of a silence."""

    rule: int
    point: int
    step: int
    severity: int
    lane: str
    t: int
    on: bool
    value: float | None


class Latch:
    """A step of a ladder at one point, in one lane."""

    __slots__ = ("changed", "ending", "hidden", "high", "latch", "limit", "off_ms", "on_ms", "out", "release", "start",
                 "tell", "value")  # fmt: skip

    def __init__(self, level: Ladder, limit: float, tell) -> None:
        self.high = level.direction == "high"
        self.limit = limit
        self.release = limit - level.deadband if self.high else limit + level.deadband
        self.on_ms, self.off_ms = level.on_ms, level.off_ms
        self.tell = tell
        self.ending = False
        self.reset()

    def reset(self) -> None:
        self.latch = self.out = self.hidden = False
        self.start = self.changed = -1
        self.value = math.nan

    def until(self, now: int) -> None:
        """The clock shows `now`: a timer that has ended by then changes the output."""
        if self.latch != self.out and not (self.latch and self.ending):
            due = self.start + (self.on_ms if self.latch else self.off_ms)
            if due <= now:
                self.out = self.latch
                self.changed = due
                self.tell(self, due, self.out, self.value)

    def read(self, t: int, value: float | None) -> None:
        self.until(t)
        if value is None:
            return
        if self.high:
            latch = True if value >= self.limit else False if value < self.release else self.latch
        else:
            latch = True if value <= self.limit else False if value > self.release else self.latch
        if latch != self.latch:
            self.latch = latch
            self.start = max(t, self.changed)
            self.value = value
            self.until(t)


class MadeLatch(Latch):
    """A latch over a signal that is made of several readings."""

    __slots__ = ("condition", "source")

    def __init__(self, ladder: Ladder, limit: float, tell) -> None:
        self.condition = ladder
        super().__init__(ladder, limit, tell)

    def reset(self) -> None:
        super().reset()
        self.source = Curve(self.condition) if isinstance(self.condition, Deviation) else maker(self.condition)

    def read(self, t: int, value: float | None) -> None:
        signal = None if value is None else self.source.read(t, value)
        super().read(t, signal if signal is not None and math.isfinite(signal) else None)


class Quiet:
    """A silence rule at one point."""

    __slots__ = ("after", "changed", "ending", "out", "since", "tell")

    def __init__(self, after: int, since: int, tell) -> None:
        self.after, self.since, self.tell = after, since, tell
        self.out = self.ending = False
        self.changed = -1

    def until(self, now: int) -> None:
        if not self.out and not self.ending and self.since + self.after <= now:
            self.out = True
            self.changed = self.since + self.after
            self.tell(self, self.changed, True, None)

    def read(self, t: int, value: float | None) -> None:
        self.until(t)
        if value is None:
            return
        if self.out:
            self.out = False
            self.changed = max(t, self.changed)
            self.tell(self, self.changed, False, None)
        self.since = t if t + self.after > self.changed else self.changed


class Point:
    def __init__(self) -> None:
        self.high: int | None = None
        self.seen = 0
        self.valued: int | None = None
        self.hold = 0
        self.readings: deque[tuple[int, float]] = deque(maxlen=REMEMBERED_READINGS)
        self.late_readings: deque[tuple[int, float]] = deque(maxlen=REMEMBERED_READINGS)
        self.late_t: int | None = None
        self.late_bound = 0
        self.late_rest_at: int | None = None
        self.live: dict[tuple[int, int], Latch | Quiet] = {}
        self.late: dict[tuple[int, int], Latch] = {}
        self.waiting: list[tuple[int, int, float, int, int, int]] = []  # arrival, t, value, quality, seq, row

    def lag(self) -> int:
        return 0 if self.high is None else self.seen - self.high


class Oracle:
    """`evaluate` a log; afterwards `told`, `kept`, `aside`, `duplicates` hold all that was found."""

    def __init__(self) -> None:
        self.points: dict[int, Point] = {}
        self.versions: set[int] = set()
        self.told: list[Told] = []
        self.kept: list[tuple[int, int, float, int, bool]] = []
        self.aside: list[tuple[int, int, str]] = []
        self.duplicates = 0
        self.keeping = True
        self.position = -1
        self.stage = Stage(self)

    def evaluate(self, records) -> None:
        for record in records:
            if record.seq <= self.position:
                continue
            self.position = record.seq
            waiting = [number for number, point in self.points.items() if point.waiting]
            if waiting:
                self.release(waiting, record.arrival)
            if isinstance(record, Batch):
                self.batch(record)
                continue
            self.show(record.arrival)
            if isinstance(record, Enforce):
                self.enforce(record.rule, record.arrival)
            elif isinstance(record, Retire):
                for point in self.points.values():
                    for lane in (point.live, point.late):
                        for (version, _), channel in lane.items():
                            if version == record.version and not self.stage.carries(version):
                                channel.ending = True
                self.stage.retire(record.version)
            elif isinstance(record, Declare):
                self.release(record.points.tolist(), None)
                for number in record.points.tolist():
                    self.point(number).hold = record.hold_ms

    def point(self, number: int) -> Point:
        if number not in self.points:
            self.points[number] = Point()
        return self.points[number]

    def enforce(self, rule: Rule, arrival: int) -> None:
        if rule.version in self.versions:
            return
        self.versions.add(rule.version)
        if self.stage.takes(rule):
            first = self.stage.enforce(rule, arrival)
            if first is None:
                return
            rule = first
        for number in rule.points:
            point = self.point(number)
            if isinstance(rule.condition, Stuck | Implausible):
                watcher = Stays if isinstance(rule.condition, Stuck) else Doubts
                tell = self.teller(rule.version, number, 0, rule.condition.severity)
                point.live[rule.version, 0] = watcher(rule.condition, tell)
            elif isinstance(rule.condition, Ladder):
                for step, rung in enumerate(rule.condition.steps):
                    self.enforce_step(rule, step, rung, number, point)
            else:
                since = arrival if point.valued is None else point.valued
                tell = self.teller(rule.version, number, 0, rule.condition.severity)
                point.live[rule.version, 0] = Quiet(rule.condition.after_ms, since, tell)

    def enforce_step(self, rule, step, rung, number, point) -> None:
        alarms: deque[list] = deque(maxlen=REMEMBERED_ALARMS)
        say = self.teller(rule.version, number, step, rung.severity, ladder=True)

        def tell_live(channel, t, on, value):
            if on:
                alarms.append([t, math.inf])
            else:
                alarms[-1][1] = t
            say(channel, t, on, value)

        def tell_late(channel, t, on, value):
            if on:
                channel.hidden = any(begin <= t < end for begin, end in alarms)
            if not channel.hidden:
                say(channel, t, on, value, "retro")

        latch = Latch if isinstance(rule.condition, Level) else MadeLatch
        point.live[rule.version, step] = latch(rule.condition, rung.limit, tell_live)
        point.late[rule.version, step] = latch(rule.condition, rung.limit, tell_late)

    def teller(self, version, number, step, severity, *, ladder=False):
        def tell(channel, t, on, value, lane="live"):
            if lane == "retro":
                if version not in self.stage.hidden:
                    self.told.append(Told(version, number, step, severity, lane, t, on, value))
            elif self.stage.hear_first(t, number, version, step, severity, on, value, ladder=ladder):
                self.add(version, number, step, severity, t, on, value)

        return tell

    def add(self, version, number, step, severity, t, on, value) -> None:
        """Tell a live change."""
        self.told.append(Told(version, number, step, severity, "live", t, on, value))

    def show(self, arrival: int) -> None:
        for point in self.points.values():
            now = arrival - point.lag()
            for channel in point.live.values():
                channel.until(now)
            if point.late_rest_at is not None and point.late_rest_at <= arrival:
                point.late_rest_at = None
                for channel in point.late.values():
                    channel.until(point.late_bound)
        if self.stage.judges:
            self.stage.time(arrival)

    def batch(self, batch: Batch) -> None:
        rows = zip(batch.point.tolist(), batch.t.tolist(), batch.value.tolist(), batch.quality.tolist(), strict=True)
        for row, (number, t, value, quality) in enumerate(rows):
            if not 0 <= number < 1 << 24:
                self.aside.append((batch.seq, row, "point"))
            elif t > batch.arrival + FIVE_MINUTES:
                self.aside.append((batch.seq, row, "future"))
            elif t < 0:
                self.aside.append((batch.seq, row, "before 1970"))
            else:
                point = self.point(number)
                if point.hold:
                    point.waiting.append((batch.arrival, t, value, quality, batch.seq, row))
                else:
                    self.row(number, point, t, value, quality, batch.arrival, batch.arrival, batch.seq, row)

    def release(self, numbers: list[int], arrival: int | None) -> None:
        """Take held rows that were due before `arrival`, with all older ones of their point; all when it is None."""
        out = []
        for number in numbers:
            point = self.point(number)
            due = [row[1] for row in point.waiting if arrival is None or row[0] + point.hold < arrival]
            if due:
                left = [row for row in point.waiting if row[1] > max(due)]
                for row in point.waiting:
                    if row[1] <= max(due):
                        # It falls due by itself or by a newer row of its point.
                        falls = min(one[0] for one in point.waiting if one not in left and one[1] >= row[1])
                        out.append((falls + point.hold, row[1], row[4], row[5], number, point.hold, row))
                point.waiting = left
        for _, _, _, _, number, hold, (came, t, value, quality, seq, place) in sorted(out, key=lambda one: one[:4]):
            self.row(number, self.point(number), t, value, quality, came + hold, came + 2 * hold, seq, place)

    def row(self, number, point, t, value, quality, known, seen, seq, place) -> None:
        usable = value if quality < 2 and math.isfinite(value) else None
        if point.high is None or t > point.high:
            for channel in point.live.values():
                channel.read(t, usable)
            point.high, point.seen = t, seen
            if self.stage.judges:
                self.stage.row(number, t, usable, seen)
            if usable is not None:
                point.valued = t
            point.readings.append((t, value))
            if self.keeping:
                self.kept.append((number, t, value, quality, False))
            return
        for memory in (point.readings, point.late_readings):
            for when, was in memory:
                if when == t:
                    if value == was or (math.isnan(value) and math.isnan(was)):
                        self.duplicates += 1
                    else:
                        self.aside.append((seq, place, "conflict"))
                    return
        self.kept.append((number, t, value, quality, True))
        newer = [when for when, _ in point.readings if when > t]
        if point.late_t is not None and (t < point.late_t or t > point.late_bound):
            for channel in point.late.values():
                channel.until(point.late_bound)
                channel.reset()
        for channel in point.late.values():
            channel.read(t, usable)
        point.late_t, point.late_bound, point.late_rest_at = t, min(newer), known + REST
        point.late_readings.append((t, value))
