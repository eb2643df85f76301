"""Rules as the engine sees them: which points, which condition, one number for the version."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import msgspec

#: Longest delay or silence a rule may ask for: 366 days, in ms. Keeps every sum of times far inside int64.
LONGEST_MS = 366 * 86_400_000
#: Highest point number plus one. The table from point to state has one cell per number below the highest one seen.
POINT_LIMIT = 1 << 24


class LevelStep(msgspec.Struct, frozen=True):
    """One step of a ladder.

    severity  1 (Ⅰ, red, most severe) .. 4 (Ⅳ, blue)
    limit     the unit of the point
    """

    severity: int
    limit: float


class Level(msgspec.Struct, frozen=True, tag="level"):
    """A value at or beyond a limit, in up to four steps; each step is a channel of its own.

    steps      mildest first: limits run outward (up for "high", down for "low"), severity gets more severe
    direction  "high": the latch sets at value >= limit, resets at value < limit - deadband.
               "low" mirrors: sets at value <= limit, resets at value > limit + deadband
    deadband   >= 0, the unit of the point
    on_ms      the latch must have been set this long before the alarm is on, 0 .. LONGEST_MS
    off_ms     the latch must have been reset this long before the alarm is off, 0 .. LONGEST_MS
    """

    steps: tuple[LevelStep, ...]
    direction: Literal["high", "low"] = "high"
    deadband: float = 0.0
    on_ms: int = 0
    off_ms: int = 0

    def validate(self) -> None:
        """Raise ValueError, in words, for the first thing that is wrong."""
        if not 1 <= len(self.steps) <= 4:
            raise ValueError(f"a level rule has 1 to 4 steps, this one has {len(self.steps)}")
        if self.direction not in ("high", "low"):
            raise ValueError(f"direction is 'high' or 'low', not {self.direction!r}")
        for number, step in enumerate(self.steps, 1):
            if not 1 <= step.severity <= 4:
                raise ValueError(f"step {number}: severity is 1 (most severe) to 4, not {step.severity}")
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
        for name, delay in (("on", self.on_ms), ("off", self.off_ms)):
            if not 0 <= delay <= LONGEST_MS:
                raise ValueError(f"the {name} delay must be 0 to {LONGEST_MS} ms, not {delay}")


class Silence(msgspec.Struct, frozen=True, tag="silence"):
    """No usable value from the point for `after_ms`.

    after_ms  1 .. LONGEST_MS
    severity  1 (most severe) .. 4
    """

    after_ms: int
    severity: int

    def validate(self) -> None:
        """Raise ValueError, in words, for the first thing that is wrong."""
        if not 1 <= self.after_ms <= LONGEST_MS:
            raise ValueError(f"silence must be 1 to {LONGEST_MS} ms, not {self.after_ms}")
        if not 1 <= self.severity <= 4:
            raise ValueError(f"severity is 1 (most severe) to 4, not {self.severity}")


Condition = Level | Silence


class Rule(msgspec.Struct, frozen=True):
    """One version of a rule over some points. A changed rule is another Rule with another version number.

    version    > 0, unique over all versions of all rules, never used again
    points     point numbers, each once, 0 <= number < POINT_LIMIT; any iterable of whole numbers is taken
    condition  Level or Silence
    """

    version: int
    points: tuple[int, ...]
    condition: Level | Silence

    def __post_init__(self) -> None:
        if type(self.points) is not tuple:
            numbers: Iterable[int] = self.points
            msgspec.structs.force_setattr(self, "points", tuple(int(number) for number in numbers))

    def validate(self) -> None:
        """Raise ValueError, in words, for the first thing that is wrong. `Enforce` calls this when made."""
        if not 0 < self.version < 1 << 62:
            raise ValueError(f"a rule version is a number above 0, not {self.version}")
        if not self.points:
            raise ValueError(f"rule version {self.version} names no point")
        if len(set(self.points)) != len(self.points):
            raise ValueError(f"rule version {self.version} names a point twice")
        for number in (min(self.points), max(self.points)):
            if not 0 <= number < POINT_LIMIT:
                raise ValueError(f"rule version {self.version}: point {number} is outside 0 to {POINT_LIMIT - 1}")
        self.condition.validate()


_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(Rule)


def encode_rule(rule: Rule) -> bytes:
    """JSON bytes of a rule; equal rules give equal bytes, today and after an upgrade that adds no field."""
    return _ENCODER.encode(rule)


def decode_rule(data: bytes) -> Rule:
    """The rule that `encode_rule` wrote. Raises ValueError for damaged JSON and for a rule that does not validate."""
    try:
        rule = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"not a rule: {error}") from error
    rule.validate()
    return rule
