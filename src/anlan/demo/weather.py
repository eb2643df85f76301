"""Storms over the demo county: events in time and space that every gauge, river and slope shares.

A storm is found from its slot of time by hash, so any hour of any year can be computed alone. Most are light; once in
a slot of fifteen days a heavy cell passes that takes a few gauges over their limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from anlan.demo.county.noise import even

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

#: A light storm comes in two of three slots of a day and a half; a heavy one in each slot of fifteen days.
LIGHT_SLOT_MS = 36 * HOUR_MS
HEAVY_SLOT_MS = 15 * DAY_MS

#: How long a storm is felt after its begin: rivers fall within days, slopes swell back within weeks.
MEMORY_MS = 30 * DAY_MS

#: Mean of `shape` over a storm: B(2.5, 3) over the highest value of u^1.5 (1 − u)^2.
_MEAN_SHAPE = 0.554


@dataclass(frozen=True, slots=True)
class Storm:
    """One rain cell.

    start_ms, length_ms   epoch ms UTC, ms
    x, y, reach_km        km from the county's middle; reach is the deviation of a bell in space
    peak_mm_h             intensity in the middle at its height
    """

    start_ms: int
    length_ms: int
    x: float
    y: float
    reach_km: float
    peak_mm_h: float

    def share(self, x: float, y: float) -> float:
        """Part of the middle's rain that a place gets, 0 … 1."""
        return float(np.exp(-((self.x - x) ** 2 + (self.y - y) ** 2) / (2 * self.reach_km**2)))

    def intensity(self, t_ms: NDArray[np.int64], x: float, y: float) -> NDArray[np.float64]:
        """mm/h at a place, without the raggedness of a real gauge."""
        u = np.clip((t_ms - self.start_ms) / self.length_ms, 0.0, 1.0)
        return np.asarray(self.peak_mm_h * self.share(x, y) * u**1.5 * (1 - u) ** 2 / 0.09161)

    def depth_mm(self, x: float, y: float) -> float:
        """Rain of the whole storm at a place."""
        return self.peak_mm_h * self.share(x, y) * _MEAN_SHAPE * self.length_ms / HOUR_MS


def storms(start_ms: int, end_ms: int, seed: int) -> list[Storm]:
    """All storms that begin in [start_ms, end_ms), by time."""
    found = []
    for heavy, slot_ms in ((False, LIGHT_SLOT_MS), (True, HEAVY_SLOT_MS)):
        for slot in range(int(start_ms // slot_ms), int(end_ms // slot_ms) + 1):
            storm = _storm(heavy, slot, slot_ms, seed)
            if storm is not None and start_ms <= storm.start_ms < end_ms:
                found.append(storm)
    return sorted(found, key=lambda storm: storm.start_ms)


@lru_cache(maxsize=4096)
def _storm(heavy: bool, slot: int, slot_ms: int, seed: int) -> Storm | None:
    draw = even(seed, 901 + heavy, slot, np.arange(7)).tolist()
    if not heavy and draw[0] > 2 / 3:
        return None
    hours = (2.5 + 2.5 * draw[1]) if heavy else (3.0 + 8.0 * draw[1])
    length = int(hours * HOUR_MS)
    return Storm(
        start_ms=slot * slot_ms + int(draw[2] * (slot_ms - length)),
        length_ms=length,
        x=-26.0 + 52.0 * draw[3],
        y=-18.0 + 36.0 * draw[4],
        reach_km=(6.0 + 1.5 * draw[5]) if heavy else (9.0 + 11.0 * draw[5]),
        peak_mm_h=(33.0 + 10.0 * draw[6]) if heavy else (2.5 + 9.0 * draw[6] ** 2),
    )
