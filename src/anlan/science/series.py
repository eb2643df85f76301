"""What all models need of an irregular series: the value that holds at a moment, and a series without lone spikes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def columns(t_ms: ArrayLike, value: ArrayLike) -> tuple[Times, Floats]:
    """A series as two arrays without its missing values.

    t_ms     epoch ms, rising
    value    any unit; NaN where the instrument gave none, those rows are left out

    Raises ValueError for columns of different length or times that do not rise.
    """
    t, v = np.asarray(t_ms, np.int64), np.asarray(value, np.float64)
    if t.shape != v.shape or t.ndim != 1:
        raise ValueError(f"times and values are columns of one length, not {t.shape} and {v.shape}")
    if t.size > 1 and (np.diff(t) <= 0).any():
        raise ValueError("times must rise")
    here = ~np.isnan(v)
    return t[here], v[here]


def held(t_ms: ArrayLike, value: ArrayLike, at_ms: ArrayLike, hold_s: float) -> Floats:
    """The newest value at or before each moment, NaN where it is older than `hold_s`: silence is not a value.

    t_ms, value  a series, times rising
    at_ms        epoch ms, any order
    hold_s       seconds for which a reading stands, > 0
    """
    if not hold_s > 0:
        raise ValueError(f"a reading holds for a time above 0 s, not {hold_s}")
    t, v = columns(t_ms, value)
    at = np.asarray(at_ms, np.int64)
    if not t.size:
        return np.full(at.shape, np.nan)
    row = np.searchsorted(t, at, "right") - 1
    known = (row >= 0) & (at - t[np.maximum(row, 0)] <= hold_s * 1000)
    return np.where(known, v[np.maximum(row, 0)], np.nan)


def despiked(value: Floats) -> Floats:
    """Each value replaced by the median of itself and the two before it: a lone wrong reading vanishes, a step stays.

    It looks back only, so a value never changes when later readings come. The first two stay as they are.
    """
    if value.size < 3:
        return value
    before, last, now = value[:-2], value[1:-1], value[2:]
    middle = np.maximum(np.minimum(before, last), np.minimum(np.maximum(before, last), now))
    return np.concatenate((value[:2], middle))
