"""Rules as the engine sees them: which points, which condition, one number for the version."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from .conditions import POINT_LIMIT, Condition, Inhibit, Schedule


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """One version of a rule over some points. A changed rule is another Rule with another version number.

    version    > 0, unique over all versions of all rules, never used again
    points     point numbers, each once, 0 <= number < POINT_LIMIT; any iterable of whole numbers is taken
    condition  what it asks
    schedule   when in the week it may raise; None: always
    inhibits   alarms that hold it down, at most 8
    """

    version: int
    points: tuple[int, ...]
    condition: Condition
    schedule: Schedule | None = None
    inhibits: tuple[Inhibit, ...] = ()

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
        if self.schedule is not None:
            self.schedule.validate()
        if len(self.inhibits) > 8:
            raise ValueError(f"rule version {self.version}: 8 inhibiting alarms at most, not {len(self.inhibits)}")
        for inhibit in self.inhibits:
            inhibit.validate()
            if inhibit.version == self.version:
                raise ValueError(f"rule version {self.version} cannot inhibit itself")


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
