"""What a scenario is: which points it changes, and what they say as a function of the time since it began."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anlan.demo.county.model import Point

Floats = NDArray[np.float64]

#: Sampling period of the points of a running scenario, seconds.
FAST_PERIOD_S = 5

#: After a scenario is stopped by hand its effects die away with this time constant, seconds.
CALM_S = 60.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A script.

    text        what happens, in a sentence or two
    expect      what a person at a desk then sees, and how it ends
    duration_s  how long it is called running; its points sample every FAST_PERIOD_S
    fades_s     how long after its begin it still shows in the readings (a tank not yet refilled); ≥ duration_s
    touches     codes of the points that it changes
    kinds       kinds of which it may change every point
    effect      (point, seconds since begin, normal value) → value, arrays in and out, for seconds ≥ 0; NaN: silent
    """

    name: str
    title: str
    title_zh: str
    text: str
    text_zh: str
    expect: str
    expect_zh: str
    duration_s: int
    fades_s: int
    effect: Callable[[Point, Floats, Floats], Floats]
    touches: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    def changes(self, point: Point) -> bool:
        """May the scenario change what this point says?"""
        return point.code in self.touches or point.kind in self.kinds

    def points(self, points: Iterable[Point]) -> list[Point]:
        """Those of `points` that the scenario changes."""
        return [point for point in points if self.changes(point)]

    def apply(
        self, point: Point, t_ms: ArrayLike, value: ArrayLike, started_ms: int, stopped_ms: int | None = None
    ) -> Floats:
        """What the instrument says at `t_ms` where it would have said `value`.

        started_ms  when the scenario began; before it and after `fades_s` the value is untouched
        stopped_ms  when somebody stopped it: from then on its effect dies away within minutes
        returns     float64, rounded and bounded as the instrument does; NaN stays NaN
        """
        t, normal = np.broadcast_arrays(np.asarray(t_ms, np.int64), np.asarray(value, np.float64))
        if not self.changes(point):
            return np.array(normal, np.float64)
        since = (t - started_ms) / 1000.0
        changed = self.effect(point, np.clip(since, 0.0, None), np.asarray(normal))
        if stopped_ms is not None:
            left = np.exp(-np.clip((t - stopped_ms) / 1000.0, 0.0, None) / CALM_S)
            left = np.where(left < 1e-3, 0.0, left)
            # Who is silent speaks again at once; the rest comes back as fast as it can be believed.
            back = np.where(np.isnan(changed) & (t >= stopped_ms), normal, changed)
            changed = normal + (back - normal) * left
        changed = np.where((since >= 0) & (since < self.fades_s), changed, normal)
        return np.asarray(np.round(np.clip(changed, point.low, point.high), point.digits) + 0.0, np.float64)


def swell(s: Floats, rise_s: float) -> Floats:
    """0 at the begin, near 1 after three times `rise_s`."""
    return np.asarray(1 - np.exp(-s / rise_s), np.float64)


def ebb(s: Floats, from_s: float, fall_s: float) -> Floats:
    """1 until `from_s`, then falling to nothing with the time constant `fall_s`."""
    return np.asarray(np.exp(-np.clip(s - from_s, 0.0, None) / fall_s), np.float64)
