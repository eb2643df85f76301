"""Water that passes: the discharge that a stage stands for, and the sum of several gauges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from anlan.science.series import Floats


def discharge(stage: ArrayLike, *, a: float, zero: float, b: float, low: float, high: float) -> Floats:
    """Discharge by a rating of the form Q = a (h - h0)^b.

    stage      m above the gauge's zero
    a          m3/s at one metre above `zero`, > 0
    zero       m, h0: stage of no flow
    b          1 … 3; 1.5 to 2.5 at most gauges
    low, high  m: the stages between which the rating was measured, zero <= low < high
    returns    m3/s; NaN outside [low, high]: a rating is not continued beyond its measurements

    Raises ValueError for parameters outside their range. Holds for a steady, uniform reach without backwater; after a
    flood that moved the bed it has to be measured again.
    Source: ISO 18320:2020; Rantz et al. (1982), USGS Water-Supply Paper 2175.
    """
    if not a > 0 or not 1 <= b <= 3 or not zero <= low < high:
        raise ValueError("a rating needs a > 0, b between 1 and 3, and zero <= low < high")
    h = np.asarray(stage, np.float64)
    inside = (h >= low) & (h <= high)
    return np.where(inside, a * np.clip(h - zero, 0.0, None) ** b, np.nan)


def total(gauges: Sequence[ArrayLike]) -> Floats:
    """Sum of several gauges at the same moments.

    gauges   one column a gauge, all of one unit and length
    returns  the sum; NaN where any of them is missing: a gauge that says nothing has not fallen to zero

    Raises ValueError without a gauge or with columns of different length.
    Source: conservation of mass; none needed.
    """
    rows = [np.asarray(gauge, np.float64) for gauge in gauges]
    if not rows or any(row.shape != rows[0].shape for row in rows):
        raise ValueError("a sum needs gauges of one length")
    return np.asarray(np.sum(rows, axis=0), np.float64)
