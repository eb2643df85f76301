"""The region of many places at once."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from anlan.kernel.regions.models import Level, Region


def regions_at(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number of the village of each place, else of the town, else of the county; 0 outside of every boundary.

    On a shared border the lower code wins.
    """
    points = shapely.points(lon, lat)
    found = np.zeros(lon.size, np.int64)
    for level in (Level.COUNTY, Level.TOWN, Level.VILLAGE):
        rows = list(
            Region.objects.filter(level=level, boundary__isnull=False).order_by("-code").values_list("id", "boundary")
        )
        if not rows:
            continue
        numbers = np.array([pk for pk, _ in rows], np.int64)
        tree = shapely.STRtree(shapely.from_wkb([bytes(blob or b"") for _, blob in rows]))
        place, outline = tree.query(points, predicate="intersects")
        order = np.lexsort((outline, place))
        found[place[order]] = numbers[outline[order]]
    return found
