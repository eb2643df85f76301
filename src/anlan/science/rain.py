"""Rain at one gauge: depth over a window, and the effective rain that the ground still feels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from anlan.science.series import DAY_MS, HOUR_MS, Floats, Times, columns

#: Share of a window that readings must cover. What is missing counts as dry, so the result is a lower bound by so much.
COVERED = 0.9


class _Gauge:
    """Running sums of a gauge: depth in mm and covered time in ms up to any moment.

    A reading (mm/h) holds until the next one, at most `hold_s`.
    """

    def __init__(self, t_ms: ArrayLike, intensity: ArrayLike, hold_s: float) -> None:
        if not hold_s > 0:
            raise ValueError(f"a reading holds for a time above 0 s, not {hold_s}")
        self.t, self.rate = columns(t_ms, intensity)
        if (self.rate < 0).any():
            raise ValueError("rain intensity is not negative")
        self.hold = round(hold_s * 1000)
        length = np.minimum(np.diff(self.t), self.hold)
        self.covered = np.concatenate(([0], np.cumsum(length)))
        self.depth = np.concatenate(([0.0], np.cumsum(self.rate[:-1] * length / HOUR_MS)))

    def upto(self, at: Times) -> tuple[Floats, Floats]:
        """(mm, ms covered) from the first reading to each moment."""
        if not self.t.size:
            return np.zeros(at.shape), np.zeros(at.shape)
        row = np.maximum(np.searchsorted(self.t, at, "right") - 1, 0)
        since = np.clip(at - self.t[row], 0, self.hold)
        return self.depth[row] + self.rate[row] * since / HOUR_MS, self.covered[row] + since

    def between(self, start: Times, end: Times) -> tuple[Floats, Floats]:
        """(mm, share covered) of each window [start, end)."""
        depth_a, covered_a = self.upto(start)
        depth_b, covered_b = self.upto(end)
        return depth_b - depth_a, (covered_b - covered_a) / (end - start)


def accumulated_rain(
    t_ms: ArrayLike, intensity: ArrayLike, at_ms: ArrayLike, *, span_h: float, hold_s: float, lag_h: float = 0.0
) -> Floats:
    """Depth of rain in the `span_h` hours that ended `lag_h` hours before each moment.

    t_ms       epoch ms, rising: when a reading was taken
    intensity  mm/h, >= 0; it holds until the next reading, at most hold_s
    at_ms      epoch ms
    span_h     h, > 0; 72 with lag 0 and 360 with lag 72 are the P3 and P15 of Mukilteo
    hold_s     s for which a reading stands; longer gaps are not covered
    lag_h      h, >= 0
    returns    mm; NaN where readings cover less than COVERED of the window: a silent gauge is not a dry one

    Raises ValueError for negative rain or a span that is none.
    Source: the 3-day/15-day pair after Chleborad, Baum & Godt (2006), USGS Open-File Report 2006-1064.
    """
    if not span_h > 0 or lag_h < 0:
        raise ValueError("a window has a span above 0 h and ends now or earlier")
    gauge = _Gauge(t_ms, intensity, hold_s)
    end = np.asarray(at_ms, np.int64) - round(lag_h * HOUR_MS)
    depth, covered = gauge.between(end - round(span_h * HOUR_MS), end)
    return np.where(covered >= COVERED, depth, np.nan)


def effective_rain(
    t_ms: ArrayLike, intensity: ArrayLike, at_ms: ArrayLike, *, k: float, days: int, hold_s: float
) -> Floats:
    """Antecedent effective rain: the last 24 h whole, each 24 h before it weighted by one more k.

    R_e = R_0 + k R_1 + k^2 R_2 + … + k^days R_days

    t_ms       epoch ms, rising
    intensity  mm/h, >= 0; it holds until the next reading, at most hold_s
    at_ms      epoch ms; R_0 is the rain of the 24 h that end there
    k          daily decay in (0, 1): 0.84 is common in China, fitted per region
    days       how many days before the last are felt, 0 … 60; 10 to 15 are common
    hold_s     s for which a reading stands
    returns    mm; NaN where readings cover less than COVERED of the days, each weighted as its rain is

    Raises ValueError for k or days outside their range. It says nothing of snow, of evaporation or of one hard hour.
    Source: Crozier & Eyles (1980), 3rd Australia–New Zealand Conf. on Geomechanics; Kohler & Linsley (1951), US
    Weather Bureau Research Paper 34.
    """
    if not 0 < k < 1 or not 0 <= days <= 60:
        raise ValueError("k lies between 0 and 1, days between 0 and 60")
    gauge = _Gauge(t_ms, intensity, hold_s)
    at = np.asarray(at_ms, np.int64)
    total, known, weights = np.zeros(at.shape), np.zeros(at.shape), 0.0
    for day in range(days + 1):
        end = at - day * DAY_MS
        depth, covered = gauge.between(end - DAY_MS, end)
        total, known, weights = total + k**day * depth, known + k**day * covered, weights + k**day
    return np.where(known >= COVERED * weights, total, np.nan)
