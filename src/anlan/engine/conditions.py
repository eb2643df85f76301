"""The closed set of conditions: what a rule may ask of readings. Frozen data; the tables say what each one computes.

Of one point: Level, Rate, Window and Deviation (a signal against limits in up to four steps), Silence, Stuck,
Implausible, Crossings. Of several points: Together and Vote. Their rule hangs on an *anchor*, a point number of its own
to which no device sends; their transitions carry that number.

Times are ms, limits the unit of the signal. Every `validate` raises ValueError, in words, for the first thing wrong.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

#: Longest delay, window or silence a rule may ask for: 366 days, in ms. Keeps every sum of times far inside int64.
LONGEST_MS = 366 * 86_400_000
#: Highest point number plus one. The table from point to state has one cell per number below the highest one seen.
POINT_LIMIT = 1 << 24
#: Most panes that a term of a window may look back over: 30 days of hours. State is kept for each pane and point.
MOST_PANES = 720
#: Most members of a condition of several points.
MOST_MEMBERS = 1_000

Direction = Literal["high", "low"]
Function = Literal["sum", "mean", "max", "min", "count"]


class LevelStep(msgspec.Struct, frozen=True):
    """One step of a ladder.

    severity  1 (Ⅰ, red, most severe) .. 4 (Ⅳ, blue)
    limit     the unit of the signal
    """

    severity: int
    limit: float


class Ladder(msgspec.Struct, frozen=True):
    """A signal at or beyond a limit, in up to four steps; each step is a channel of its own.

    steps      mildest first: limits run outward (up for "high", down for "low"), severity gets more severe
    direction  "high": the latch sets at signal >= limit, resets at signal < limit - deadband.
               "low" mirrors: sets at signal <= limit, resets at signal > limit + deadband
    deadband   >= 0, the unit of the signal
    on_ms      the latch must have been set this long before the alarm is on, 0 .. LONGEST_MS
    off_ms     the latch must have been reset this long before the alarm is off, 0 .. LONGEST_MS
    """

    steps: tuple[LevelStep, ...]
    direction: Direction = "high"
    deadband: float = 0.0
    on_ms: int = 0
    off_ms: int = 0

    def validate(self) -> None:
        if not 1 <= len(self.steps) <= 4:
            raise ValueError(f"a level rule has 1 to 4 steps, this one has {len(self.steps)}")
        if self.direction not in ("high", "low"):
            raise ValueError(f"direction is 'high' or 'low', not {self.direction!r}")
        for number, step in enumerate(self.steps, 1):
            _check_severity(step.severity, f"step {number}: ")
            if not math.isfinite(step.limit):
                raise ValueError(f"step {number}: the limit must be a finite number, not {step.limit}")
        outward = 1.0 if self.direction == "high" else -1.0
        for number, (inner, outer) in enumerate(zip(self.steps, self.steps[1:], strict=False), 2):
            if (outer.limit - inner.limit) * outward <= 0:
                side = "above" if outward > 0 else "below"
                raise ValueError(f"step {number}: limit {outer.limit} must lie {side} {inner.limit} (mildest first)")
            if outer.severity >= inner.severity:
                raise ValueError(f"step {number}: it must be more severe than the step before it (mildest first)")
        if not (math.isfinite(self.deadband) and self.deadband >= 0):
            raise ValueError(f"the dead band must be a finite number >= 0, not {self.deadband}")
        _check_delays(self.on_ms, self.off_ms)


class Level(Ladder, frozen=True, tag="level"):
    """The value itself against limits."""


class Rate(Ladder, frozen=True, kw_only=True, tag="rate"):
    """How fast the value changes: the signal is (value - earlier value) / (t - earlier t) * per_ms.

    The earlier reading is the oldest remembered one that is not older than `window_ms` before t. Remembered are at most
    16 readings: one is taken when `window_ms / 15` has passed since the last taken. There is no signal unless the
    earlier reading is at least `window_ms / 2` before t: two readings a second apart after a gap are noise, not a rate.
    Give a window of twice the reporting period or more; with one shorter than the period there never is a signal.

    window_ms  1 .. LONGEST_MS
    per_ms     unit of the rate: 3_600_000 for units an hour
    direction  "high" for a rise; for a fall "low" with limits below 0
    """

    window_ms: int
    per_ms: int = 3_600_000

    def validate(self) -> None:
        super().validate()
        _check_span("the window", self.window_ms)
        _check_span("the unit of the rate", self.per_ms)


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A function of the values in the panes of a span, times a weight.

    Pane k holds the values with k * pane_ms <= t < (k + 1) * pane_ms (epoch ms). At a reading of pane k the term looks
    at span_ms / pane_ms panes, of which the newest is k - lag_ms / pane_ms. So the span is stepped: a sum over 1 h in
    panes of 1 min covers between 59 and 60 min. State is kept for each pane, point and term.

    What is not there yet counts as nothing: a sum or count of no value is 0. Hence a term that further values could
    only draw away from the alarm gives no signal until its span lies behind the pane of the first value it saw: a
    least value that weighs towards the alarm; a sum, count or greatest value that weighs against it (under a low
    ladder, or with a weight below 0). Later gaps are not noticed; that is what `Silence` is for.

    span_ms  a multiple of pane_ms; (span_ms + lag_ms) / pane_ms is at most MOST_PANES
    lag_ms   a multiple of pane_ms, how far back the span ends
    of       "sum", "mean", "max", "min" or "count" of the values
    """

    span_ms: int
    pane_ms: int
    lag_ms: int = 0
    of: Function = "sum"
    weight: float = 1.0

    def validate(self) -> None:
        _check_span("a pane", self.pane_ms)
        _check_span("the span", self.span_ms)
        if self.span_ms % self.pane_ms or self.lag_ms % self.pane_ms or self.lag_ms < 0:
            raise ValueError("span and lag of a window must be whole numbers of panes")
        if (self.span_ms + self.lag_ms) // self.pane_ms > MOST_PANES:
            raise ValueError(f"a window may look back over {MOST_PANES} panes at most; take longer panes")
        if self.of not in ("sum", "mean", "max", "min", "count"):
            raise ValueError(f"a window is a sum, mean, max, min or count, not {self.of!r}")
        if not (math.isfinite(self.weight) and self.weight):
            raise ValueError(f"the weight of a window must be a finite number other than 0, not {self.weight}")


class Window(Ladder, frozen=True, kw_only=True, tag="window"):
    """A sliding sum, mean, greatest, least or count, or a linear combination of those, of one point.

    The signal changes with each reading: the sum over its terms of weight times function. Mean, max and min of no
    value give no signal. A pane that leaves the span does so at the next reading.

    terms  1 to 4
    """

    terms: tuple[Term, ...]

    def validate(self) -> None:
        super().validate()
        if not 1 <= len(self.terms) <= 4:
            raise ValueError(f"a window has 1 to 4 terms, this one has {len(self.terms)}")
        for term in self.terms:
            term.validate()


class YearPoint(msgspec.Struct, frozen=True):
    """The limit at the beginning of a day of the year.

    month, day  29 February counts as 1 March in years without it
    """

    month: int
    day: int
    value: float


class Deviation(Ladder, frozen=True, kw_only=True, tag="deviation"):
    """The value against a limit that changes with the date or with the state of another point.

    The signal is value - reference. The reference is that of `curve` (a reservoir's rule curve), read at t in the zone,
    or the held value of point `other`; there is no signal, and the latch keeps, while that is unknown: before its first
    row after the rule, and once `stale_ms` of arrival time has passed since its last value. One of the two.

    curve     in order of date, the first one holds on from the last of the year before; 1 to 366
    linear    values between two dates lie on a line; else each holds until the next
    zone_ms   offset of the curve's days from UTC, ms: 28_800_000 for Beijing time
    other     point number, or -1
    stale_ms  1 .. LONGEST_MS
    """

    curve: tuple[YearPoint, ...] = ()
    linear: bool = False
    zone_ms: int = 28_800_000
    other: int = -1
    stale_ms: int = LONGEST_MS

    def validate(self) -> None:
        super().validate()
        if bool(self.curve) == (self.other >= 0):
            raise ValueError("a deviation is measured from a curve or from another point: give one of them")
        if len(self.curve) > 366:
            raise ValueError(f"a curve has 366 dates at most, this one has {len(self.curve)}")
        for at in self.curve:
            if not (1 <= at.month <= 12 and 1 <= at.day <= _DAYS[at.month - 1]):
                raise ValueError(f"the curve has no day {at.month}-{at.day}")
            if not math.isfinite(at.value):
                raise ValueError(f"the curve at {at.month}-{at.day} must be a finite number, not {at.value}")
        for before, after in zip(self.curve, self.curve[1:], strict=False):
            if (after.month, after.day) <= (before.month, before.day):
                raise ValueError(f"the curve's dates must rise: {after.month}-{after.day} is not after the one before")
        if not -86_400_000 < self.zone_ms < 86_400_000:
            raise ValueError(f"a zone lies within a day of UTC, not {self.zone_ms} ms")
        if self.other >= POINT_LIMIT:
            raise ValueError(f"point {self.other} is outside 0 to {POINT_LIMIT - 1}")
        _check_span("the age of the other point's value", self.stale_ms)


class Silence(msgspec.Struct, frozen=True, tag="silence"):
    """No usable value from the point for `after_ms`.

    after_ms  1 .. LONGEST_MS
    severity  1 (most severe) .. 4
    """

    after_ms: int
    severity: int

    def validate(self) -> None:
        _check_span("silence", self.after_ms)
        _check_severity(self.severity)


class Stuck(msgspec.Struct, frozen=True, kw_only=True, tag="stuck"):
    """Readings keep coming and none differs from the first of the run by more than `within`.

    On at the start of the run + after_ms, shown by a reading of the run only (silence is no proof of a stuck value);
    off at the first reading that differs by more, which begins the next run.

    within  >= 0, the unit of the point
    floor   values at or below it never count as stuck (a rain gauge that says 0 is not stuck); None: none
    """

    after_ms: int
    severity: int
    within: float = 0.0
    floor: float | None = None

    def validate(self) -> None:
        _check_span("the time without change", self.after_ms)
        _check_severity(self.severity)
        if not (math.isfinite(self.within) and self.within >= 0):
            raise ValueError(f"the change that counts must be a finite number >= 0, not {self.within}")
        if self.floor is not None and not math.isfinite(self.floor):
            raise ValueError(f"the floor must be a finite number, not {self.floor}")


class Implausible(msgspec.Struct, frozen=True, kw_only=True, tag="implausible"):
    """A value that the instrument cannot have measured: below `low`, above `high`, or a jump from the last good one.

    low, high  None: no bound
    jump       greatest plausible change from the last value within low and high, > 0; None: no bound
    """

    severity: int
    low: float | None = None
    high: float | None = None
    jump: float | None = None
    on_ms: int = 0
    off_ms: int = 0

    def validate(self) -> None:
        _check_severity(self.severity)
        bounds = [bound for bound in (self.low, self.high, self.jump) if bound is not None]
        if not bounds:
            raise ValueError("say what is not plausible: a lowest value, a highest value or a jump")
        if not all(math.isfinite(bound) for bound in bounds):
            raise ValueError("the bounds of what is plausible must be finite numbers")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"the lowest plausible value {self.low} must lie below the highest {self.high}")
        if self.jump is not None and self.jump <= 0:
            raise ValueError(f"a jump must be above 0, not {self.jump}")
        _check_delays(self.on_ms, self.off_ms)


class Crossings(msgspec.Struct, frozen=True, kw_only=True, tag="crossings"):
    """The value crossed a limit upward at least `count` times within `span_ms`.

    A crossing is a latch with deadband that sets. On at the crossing that makes the count; off when, at a reading or as
    the clock shows, fewer remain in the span.

    count  2 .. 64
    """

    limit: float
    span_ms: int
    count: int
    severity: int
    deadband: float = 0.0

    def validate(self) -> None:
        _check_span("the span", self.span_ms)
        _check_severity(self.severity)
        if not 2 <= self.count <= 64:
            raise ValueError(f"count 2 to 64 crossings, not {self.count}")
        if not (math.isfinite(self.limit) and math.isfinite(self.deadband) and self.deadband >= 0):
            raise ValueError("limit and dead band must be finite numbers, the dead band not below 0")


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A point with a limit of its own: true while a latch with deadband is set, false while it is reset, unknown before
    its first value. Once `stale_ms` of arrival time has passed since its last value it is unknown and the latch resets;
    so a device whose clock is wrong makes no other one look old."""

    point: int
    limit: float
    direction: Direction = "high"
    deadband: float = 0.0
    stale_ms: int = LONGEST_MS

    def validate(self) -> None:
        _check_members((self.point,))
        if self.direction not in ("high", "low"):
            raise ValueError(f"direction is 'high' or 'low', not {self.direction!r}")
        if not (math.isfinite(self.limit) and math.isfinite(self.deadband) and self.deadband >= 0):
            raise ValueError("limit and dead band of a member must be finite numbers, the dead band not below 0")
        _check_span("the age of a member's value", self.stale_ms)


class Together(msgspec.Struct, frozen=True, kw_only=True, tag="together"):
    """At least `need` of the members hold: 1 is any-of, the number of members all-of. Unknown is not holding."""

    members: tuple[Member, ...]
    need: int
    severity: int
    on_ms: int = 0
    off_ms: int = 0

    def validate(self) -> None:
        _check_members(tuple(member.point for member in self.members))
        for member in self.members:
            member.validate()
        _check_severity(self.severity)
        if not 1 <= self.need <= len(self.members):
            raise ValueError(f"of {len(self.members)} members 1 to {len(self.members)} can be asked for")
        _check_delays(self.on_ms, self.off_ms)


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """`count` members with an alarm of severity `of` or more severe make an alarm of `severity`."""

    count: int
    of: int
    severity: int


class Vote(msgspec.Struct, frozen=True, kw_only=True, tag="vote"):
    """n-of-m voting that raises the colour: GB 39496-2020 5.5.4 is 4 blue → yellow, 3 yellow → orange, 2 orange → red.

    A member's alarm is the most severe live output of its own ladder conditions. Each rung is a step, a channel of its
    own, in the order given.

    members  point numbers, each once
    rungs    1 to 4, mildest result first
    """

    members: tuple[int, ...]
    rungs: tuple[Rung, ...]
    on_ms: int = 0
    off_ms: int = 0

    def validate(self) -> None:
        _check_members(self.members)
        if not 1 <= len(self.rungs) <= 4:
            raise ValueError(f"a vote has 1 to 4 rungs, this one has {len(self.rungs)}")
        for rung in self.rungs:
            _check_severity(rung.of)
            _check_severity(rung.severity)
            if not 1 <= rung.count <= len(self.members):
                raise ValueError(f"{rung.count} of {len(self.members)} members cannot be asked for")
        for milder, worse in zip(self.rungs, self.rungs[1:], strict=False):
            if worse.severity >= milder.severity:
                raise ValueError("the rungs of a vote run from mild to severe")
        _check_delays(self.on_ms, self.off_ms)


Condition = (
    Level | Rate | Window | Deviation | Silence | Stuck | Implausible | Crossings | Together | Vote
)  # fmt: skip
#: Conditions of several points: their rule names anchors, each with the members of the condition.
SEVERAL = (Together, Vote)

#: Longest each month can be.
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When in the week a rule may raise; outside it an alarm that is on goes off at the end of the window.

    days     Monday 0 .. Sunday 6
    begin    minute of the day, 0 .. 1439; end 1 .. 1440. An end at or before the begin runs over midnight,
             and the day is that of the begin
    zone_ms  offset of the days from UTC, ms
    """

    days: tuple[int, ...]
    begin: int = 0
    end: int = 1440
    zone_ms: int = 28_800_000

    def validate(self) -> None:
        if not self.days or len(set(self.days)) != len(self.days) or not all(0 <= day <= 6 for day in self.days):
            raise ValueError("the days of a schedule are 0 (Monday) to 6 (Sunday), each once, at least one")
        if not (0 <= self.begin < 1440 and 0 < self.end <= 1440):
            raise ValueError("a schedule begins and ends at minutes 0 to 1440 of the day")
        if not -86_400_000 < self.zone_ms < 86_400_000:
            raise ValueError(f"a zone lies within a day of UTC, not {self.zone_ms} ms")


class Inhibit(msgspec.Struct, frozen=True, kw_only=True):
    """While a rule version is on at a point, this rule raises nothing and what it had on goes off.

    version  rule version; point  its point or anchor; severity  only outputs of this severity or more severe count
    """

    version: int
    point: int
    severity: int = 4

    def validate(self) -> None:
        _check_members((self.point,))
        _check_severity(self.severity)
        if self.version <= 0:
            raise ValueError(f"a rule version is a number above 0, not {self.version}")


def _check_severity(severity: int, where: str = "") -> None:
    if not 1 <= severity <= 4:
        raise ValueError(f"{where}severity is 1 (most severe) to 4, not {severity}")


def _check_span(name: str, span: int) -> None:
    if not 1 <= span <= LONGEST_MS:
        raise ValueError(f"{name} must be 1 to {LONGEST_MS} ms, not {span}")


def _check_delays(on_ms: int, off_ms: int) -> None:
    for name, delay in (("on", on_ms), ("off", off_ms)):
        if not 0 <= delay <= LONGEST_MS:
            raise ValueError(f"the {name} delay must be 0 to {LONGEST_MS} ms, not {delay}")


def _check_members(points: tuple[int, ...]) -> None:
    if not 1 <= len(points) <= MOST_MEMBERS:
        raise ValueError(f"a condition of several points has 1 to {MOST_MEMBERS} members, not {len(points)}")
    if len(set(points)) != len(points):
        raise ValueError("a member is named twice")
    for point in (min(points), max(points)):
        if not 0 <= point < POINT_LIMIT:
            raise ValueError(f"point {point} is outside 0 to {POINT_LIMIT - 1}")
