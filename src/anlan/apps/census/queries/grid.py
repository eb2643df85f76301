"""The grid that is in force, as columns in memory; hexagons are drawn when somebody looks at them."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import h3
import numpy as np
import shapely
from numpy.typing import NDArray

from anlan.apps.census.models import Cell, Edition, EditionState
from anlan.kernel.regions import queries as regions

#: Resolution of the grid; the longest way from the middle of a cell to a corner, degrees of latitude.
RESOLUTION, REACH = 9, 0.0030
_READ = 20_000


@dataclass(slots=True)
class Grid:
    """One edition, by ascending H3 index.

    cell          int64[n]
    lon, lat      float64[n], middles of the cells, degrees WGS-84
    region        int64[n], numbers of regions
    day, night, buildings, gdp  float64[n]
    """

    edition: int
    title: str
    surveyed_on: date
    cell: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    region: NDArray[np.int64]
    day: NDArray[np.float64]
    night: NDArray[np.float64]
    buildings: NDArray[np.float64]
    gdp: NDArray[np.float64]
    _drawn: NDArray[Any] = field(init=False, repr=False)
    _is_drawn: NDArray[np.bool_] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._drawn = np.full(self.cell.size, None, object)
        self._is_drawn = np.zeros(self.cell.size, np.bool_)

    @property
    def size(self) -> int:
        return int(self.cell.size)

    def in_box(self, box: tuple[float, float, float, float]) -> NDArray[np.int64]:
        """Rows of the cells that a box may touch."""
        west, south, east, north = box
        wide = REACH / max(math.cos(math.radians(max(abs(south), abs(north)))), 0.05)
        inside = (self.lon >= west - wide) & (self.lon <= east + wide)
        inside &= (self.lat >= south - REACH) & (self.lat <= north + REACH)
        return np.flatnonzero(inside)

    def hexagons(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """The cells as polygons."""
        missing = rows[~self._is_drawn[rows]]
        self._drawn[missing] = hexagons(self.cell[missing])
        self._is_drawn[missing] = True
        return self._drawn[rows]

    def seen(self, paths: Sequence[str]) -> NDArray[np.bool_]:
        """Which cells lie in regions under one of the prefixes."""
        if "/" in paths:
            return np.ones(self.size, np.bool_)
        nodes = regions.tree().by_id
        allowed = np.zeros(max([*nodes, int(self.region.max(initial=0))]) + 1, np.bool_)
        for number, node in nodes.items():
            allowed[number] = any(node.path.startswith(path) for path in paths)
        return np.asarray(allowed[self.region])


def hexagons(cells: NDArray[np.int64]) -> NDArray[Any]:
    """Cells as polygons, degrees WGS-84."""
    corners = [h3.cell_to_boundary(h3.int_to_str(cell)) for cell in cells.tolist()]
    if not corners:
        return np.zeros(0, object)
    places = np.array([place for ring in corners for place in ring])[:, ::-1]
    of = np.repeat(np.arange(len(corners)), [len(ring) for ring in corners])
    return np.asarray(shapely.polygons(shapely.linearrings(places, indices=of)))


def hexagon(cell: int) -> Any:
    """A cell as a polygon."""
    return hexagons(np.array([cell], np.int64))[0]


_kept: list[tuple[tuple[int, str, str], Grid]] = []
_reading = threading.Lock()


def in_force() -> Grid | None:
    """The grid that is in force; None before any was taken in. Cells of an edition never change, so it is kept."""
    edition = Edition.objects.filter(state=EditionState.IN_FORCE).first()
    if edition is None:
        return None
    with _reading:
        key = (edition.pk, edition.digest, edition.title)
        if not _kept or _kept[0][0] != key:
            _kept[:] = [(key, read(edition))]
        return _kept[0][1]


def read(edition: Edition) -> Grid:
    """Columns of an edition from the database."""
    rows = Cell.objects.filter(edition=edition).order_by("cell")
    names = ("cell", "region_id", "day", "night", "buildings", "gdp")
    table = np.array(list(rows.values_list(*names).iterator(chunk_size=_READ)), dtype=object).reshape(-1, len(names))
    cells = table[:, 0].astype(np.int64)
    middles = np.array([h3.cell_to_latlng(h3.int_to_str(cell)) for cell in cells.tolist()], np.float64).reshape(-1, 2)
    number = {name: table[:, at].astype(np.float64) for at, name in enumerate(names) if at > 1}
    return Grid(
        edition.pk, edition.title, edition.surveyed_on, cells, middles[:, 1].copy(), middles[:, 0].copy(),
        table[:, 1].astype(np.int64), number["day"], number["night"], number["buildings"], number["gdp"],
    )  # fmt: skip
