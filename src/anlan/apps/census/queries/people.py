"""People in an area, by the share of each cell that lies inside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from anlan.apps.census.queries import grid as grids
from anlan.apps.census.queries.grid import REACH, Grid
from anlan.kernel.layers.people_within import People, Time
from anlan.science.areas import shares


def count_people(geometry: Any, *, at: Time = "night", paths: Sequence[str] = ("/",)) -> People | None:
    """People in a polygon; None while no grid is in force. See `kernel.layers.people_within`.

    Within a cell people are taken to be spread evenly.
    """
    grid = grids.in_force()
    if grid is None or geometry is None or geometry.is_empty:
        return None
    rows = grid.in_box(geometry.bounds)
    if "/" not in paths:
        rows = rows[grid.seen(paths)[rows]]
    rows, share = _shares(grid, rows, geometry)
    return People(
        day=float(share @ grid.day[rows]),
        night=float(share @ grid.night[rows]),
        at=at,
        cells=int(np.count_nonzero(share)),
        covered=_covered(grid, rows, share, geometry),
        as_of=grid.surveyed_on,
        source=grid.title,
    )


def _shares(grid: Grid, rows: NDArray[np.int64], geometry: Any) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The cells that a geometry touches, and how much of each lies inside: hexagons are drawn along its rim only."""
    shapely.prepare(geometry)
    rim = shapely.boundary(geometry)
    shapely.prepare(rim)
    lon, lat = grid.lon[rows], grid.lat[rows]
    share = shapely.contains_xy(geometry, lon, lat).astype(np.float64)
    reach = REACH / max(math.cos(math.radians(float(np.abs(lat).max(initial=0)))), 0.05)
    along = np.flatnonzero(shapely.dwithin(rim, shapely.points(lon, lat), reach))
    share[along] = shares(grid.hexagons(rows[along]), geometry)
    touched = np.flatnonzero(share)
    return rows[touched], share[touched]


def _covered(grid: Grid, rows: NDArray[np.int64], share: NDArray[np.float64], geometry: Any) -> float:
    """Share of the geometry that the cells cover, all taken as large as the first: they differ by a thousandth."""
    whole = shapely.area(geometry)
    if not rows.size or not whole:
        return 0.0
    return float(min(1.0, share.sum() * shapely.area(grid.hexagons(rows[:1])[0]) / whole))
