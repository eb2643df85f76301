"""A moving slope: its velocity, the improved tangent angle, and when it would fail if it went on like this."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anlan.science.series import DAY_MS, HOUR_MS, Floats, Times, columns, despiked

#: A window is thinned to so many equal steps, each the mean of its readings; so many of them must hold a reading.
STEPS, NEEDED = 12, 8

#: A forecast of failure rests on at least so many velocities, on a line that explains so much of their inverse, and
#: reaches at most so many windows ahead. Chosen here; the method itself names no numbers.
FEWEST, STRAIGHT, FARTHEST = 5, 0.8, 3.0


def _steps(t: Times, s: Floats, at: Times, window_ms: int) -> tuple[Floats, Floats]:
    """Mean time (days before `at`) and mean displacement of each of the STEPS steps of each window: arrays [at, step].

    NaN where a step holds no reading.
    """
    edges = at[:, None] - window_ms + np.round(window_ms * np.arange(STEPS + 1) / STEPS).astype(np.int64)[None, :]
    row = np.searchsorted(t, edges, "right")
    # Differences of running sums: taken from the first reading, so that sums of epoch ms lose nothing.
    begin = int(t[0]) if t.size else 0
    sum_t = np.concatenate(([0.0], np.cumsum((t - begin) / DAY_MS)))
    sum_s = np.concatenate(([0.0], np.cumsum(s)))
    n = np.diff(row, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_t = np.diff(sum_t[row], axis=1) / n - ((at - begin) / DAY_MS)[:, None]
        mean_s = np.diff(sum_s[row], axis=1) / n
    return np.where(n > 0, mean_t, np.nan), np.where(n > 0, mean_s, np.nan)


def _window(t_ms: ArrayLike, displacement: ArrayLike, at_ms: ArrayLike, window_h: float) -> tuple[Floats, Floats, int]:
    if not window_h > 0:
        raise ValueError(f"a window is longer than 0 h, not {window_h}")
    t, s = columns(t_ms, displacement)
    window_ms = round(window_h * HOUR_MS)
    x, y = _steps(t, despiked(s), np.atleast_1d(np.asarray(at_ms, np.int64)), window_ms)
    # Without a reading in its newest step a window says nothing of now.
    usable = ((~np.isnan(x)).sum(axis=1) >= NEEDED) & ~np.isnan(x[:, -1])
    x[~usable] = np.nan
    return x, y, window_ms


def velocity(t_ms: ArrayLike, displacement: ArrayLike, at_ms: ArrayLike, *, window_h: float) -> Floats:
    """Rate of movement over the window that ends at each moment: slope of the least-squares line.

    Lone wrong readings are dropped first (median of three), then the window is thinned to STEPS equal steps, so that
    a spell of quick sampling weighs no more than a slow one.

    t_ms          epoch ms, rising
    displacement  mm, accumulated
    at_ms         epoch ms
    window_h      h, > 0. Short windows see a slip sooner and more noise: an instrument that scatters by e mm gives
                  about 3.5 e / window of scatter in the rate
    returns       mm/d, negative when it moves back; NaN with fewer than NEEDED steps or no reading in the newest one

    Raises ValueError for a window that is none. A jump when an instrument is set to zero anew shows as movement until
    the window has passed it.
    Source: ordinary least squares over a moving window; smoothing before rates as in Carlà et al. (2017), Landslides
    14:517–534.
    """
    x, y, _window_ms = _window(t_ms, displacement, at_ms, window_h)
    slope, _intercept, _r2 = _line(x, y)
    return slope


def tangent_angle(rate: ArrayLike, steady_rate: float) -> Floats:
    """Improved tangent angle: the slope of the curve of T = S / v0 against time, in degrees.

    With T in days both axes have one unit, so alpha = arctan(dT/dt) = arctan(v / v0) no longer depends on the scale
    of a drawing: 45 is steady creep, below it slows down, 80 to 85 and above is the end of acceleration.

    rate         mm/d, v: over a window, not of two neighbouring readings
    steady_rate  mm/d, > 0: mean rate of the steady stage of this slope, v0
    returns      degrees, -90 … 90; NaN gives NaN

    Raises ValueError for steady_rate <= 0: without a steady stage there is no such angle.
    Source: Xu Qiang, Zeng Yuping, Qian Jiangpeng et al. (2009), Geological Bulletin of China 28(4):501–505.
    """
    if not steady_rate > 0:
        raise ValueError(f"the rate of the steady stage is above 0 mm/d, not {steady_rate}")
    return np.asarray(np.degrees(np.arctan(np.asarray(rate, np.float64) / steady_rate)), np.float64)


@dataclass(frozen=True, slots=True)
class Failure:
    """Where the line through 1/v meets zero, and how straight it is."""

    at: float
    r2: float


def failure_of(t: ArrayLike, rate: ArrayLike) -> Failure | None:
    """The time at which 1/v would be zero if it went on falling along its line (alpha = 2).

    t        any unit of time, rising, at least two
    rate     v > 0 at these times, in any unit
    returns  the time in the unit of t, or None where 1/v does not fall: such a slope has no time of failure

    Raises ValueError for rates that are not above zero.
    Source: Fukuzono (1985), 4th Int. Conf. and Field Workshop on Landslides, Tokyo; Voight (1988), Nature 332.
    """
    x, v = np.asarray(t, np.float64), np.asarray(rate, np.float64)
    if x.size < 2 or not (v > 0).all():
        raise ValueError("the inverse needs at least two rates, all above 0")
    slope, intercept, r2 = _line(x[None, :], 1 / v[None, :])
    if not slope[0] < 0:
        return None
    return Failure(float(-intercept[0] / slope[0]), float(r2[0]))


def hours_to_failure(
    t_ms: ArrayLike, displacement: ArrayLike, at_ms: ArrayLike, *, window_h: float, onset_mm_d: float
) -> Floats:
    """Hours until 1/v would be zero, by the rates inside the window that ends at each moment.

    Rates are taken over three steps of the window; those after the last one slower than `onset_mm_d` count.

    t_ms          epoch ms, rising
    displacement  mm, accumulated
    at_ms         epoch ms
    window_h      h, > 0
    onset_mm_d    mm/d, > 0: slower movement is not acceleration; well above the scatter of the instrument
    returns       h, > 0. NaN, and this is the usual case, where fewer than FEWEST rates count, 1/v does not fall, its
                  line explains less than STRAIGHT, its zero lies in the past or more than FARTHEST windows ahead

    A forecast of the trend, not of the event: it comes too early when the slope finds a new rest and is worthless for
    brittle rock. Never the only ground of an order.
    Source: Fukuzono (1985); smoothing and onset after Carlà et al. (2017), Landslides 14:517–534.
    """
    if not onset_mm_d > 0:
        raise ValueError(f"the onset of acceleration is above 0 mm/d, not {onset_mm_d}")
    x, y, window_ms = _window(t_ms, displacement, at_ms, window_h)
    found = np.full(len(x), np.nan)
    for row in np.flatnonzero(~np.isnan(x[:, -1])).tolist():
        here = ~np.isnan(x[row])
        days, mm = x[row, here], y[row, here]
        rate = (mm[2:] - mm[:-2]) / (days[2:] - days[:-2])
        slow = np.flatnonzero(~(rate >= onset_mm_d))
        first = int(slow[-1]) + 1 if slow.size else 0
        if rate.size - first < FEWEST:
            continue
        failure = failure_of(days[1:-1][first:], rate[first:])
        if failure is None or failure.r2 < STRAIGHT:
            continue
        hours = failure.at * 24
        if 0 < hours <= FARTHEST * window_ms / HOUR_MS:
            found[row] = hours
    return found


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[Floats, Floats, Floats]:
    """(slope, intercept, r2) of the least-squares line of each row; NaN pairs are left out, rows of NaN give NaN."""
    here = ~np.isnan(x) & ~np.isnan(y)
    n = here.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x = np.where(here, x, 0.0).sum(axis=1) / n
        mean_y = np.where(here, y, 0.0).sum(axis=1) / n
        dx = np.where(here, x - mean_x[:, None], 0.0)
        dy = np.where(here, y - mean_y[:, None], 0.0)
        xx, xy, yy = (dx * dx).sum(axis=1), (dx * dy).sum(axis=1), (dy * dy).sum(axis=1)
        slope = xy / xx
        r2 = np.where(yy > 0, xy * xy / (xx * yy), 0.0)
    return slope, mean_y - slope * mean_x, np.where(n > 0, r2, np.nan)
