"""Deviation from a limit that changes with the date: the rule curve of a reservoir.

The reference at t is that of the latest date of the curve that has begun, days being those of the zone; before the
first date of a year it is the last date of the year before. On a line it is a + (b - a) * ((t - ta) / (tb - ta)), where
one date begins at ta and the next at tb, over New Year too. 29 February is 1 March in years without it; where the curve
names both, 1 March holds then.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec
import numpy as np

from .arrays import B1, F8, I8
from .conditions import Deviation, YearPoint
from .level import Ladders
from .points import LateRows, Points, Rows
from .rules import Rule

_DAY = 86_400_000
#: Days of the months of a year without 29 February.
_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def reference(curve: tuple[YearPoint, ...], t: I8, *, linear: bool, zone_ms: int) -> F8:
    """The value of a curve at each of these times.

    curve   in order of date, at least one
    t       epoch ms UTC
    returns the unit of the curve
    """
    local = t + zone_ms
    year = local.astype("datetime64[ms]").astype("datetime64[Y]").astype(np.int64) + 1970
    found = np.empty(t.size, np.float64)
    for one in np.unique(year).tolist():
        rows = np.flatnonzero(year == one)
        begin = np.array([_begin(number, at) for number in (one - 1, one, one + 1) for at in curve], np.int64)
        value = np.array([at.value for at in curve] * 3)
        place = np.searchsorted(begin, local[rows], side="right") - 1
        found[rows] = value[place]
        if linear:
            a, b, since, until = value[place], value[place + 1], begin[place], begin[place + 1]
            found[rows] = a + (b - a) * ((local[rows] - since) / (until - since))
    return found


def _begin(year: int, at: YearPoint) -> int:
    """Local ms at which a date of the curve begins in a year."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    past = sum(_MONTHS[: at.month - 1]) + at.day - 1 + (leap and at.month > 2)
    if (at.month, at.day) == (2, 29):
        past = 59
    return (int(np.datetime64(year - 1970, "Y").astype("datetime64[D]").astype(np.int64)) + past) * _DAY


class Deviations(Ladders):
    """Channels of `Deviation` rules with a curve. Those measured from another point are in `groups`.

    curves  the condition of each rule version
    """

    COLUMNS: ClassVar[dict[str, str]] = Ladders.COLUMNS

    def __init__(self) -> None:
        super().__init__()
        self.curves: dict[int, Deviation] = {}

    def enforce(self, rule: Rule, slot: I8, points: Points, arrival: int) -> None:
        deviation = rule.condition
        assert isinstance(deviation, Deviation)  # KINDS sends each condition to its own table
        self.curves[rule.version] = deviation
        self.add_steps(rule, deviation, slot)

    def signal(self, channel: I8, rows: Rows | LateRows, row: I8) -> F8:
        signal = rows.signal[row]
        version, t = self.version[channel], rows.t[row]
        for one in np.unique(version).tolist():
            at, curve = np.flatnonzero(version == one), self.curves[one]
            signal[at] -= reference(curve.curve, t[at], linear=curve.linear, zone_ms=curve.zone_ms)
        return signal

    def stirs(self, rows: Rows) -> B1:
        return self.begin.take(rows.slot) < self.begin.take(rows.slot + 1)

    def arrays(self) -> dict[str, np.ndarray]:
        used = np.unique(self.version).tolist()
        curves = msgspec.msgpack.encode({version: self.curves[version] for version in used})
        return super().arrays() | {"curves": np.frombuffer(curves, np.uint8)}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        super().restore(arrays)
        self.curves = msgspec.msgpack.decode(arrays["curves"].tobytes(), type=dict[int, Deviation])
