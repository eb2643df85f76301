"""Roads: the cheapest way over slopes and rivers, sharing what is built already."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import LineString

from anlan.demo.county.model import Place, Road, to_km, to_lonlat
from anlan.demo.county.mosaic import Net, soften
from anlan.demo.county.noise import hills
from anlan.demo.county.paths import Cell, spread, trace
from anlan.demo.county.relief import HALF_X, HALF_Y, Land, sway

#: Number, rank, and what it joins: town codes or places on the frame in km.
ROUTES: tuple[tuple[str, int, tuple[str | tuple[float, float], ...]], ...] = (
    ("S97", 1, ((-44, -5), "105", "103", "101", "102", (44, -13.5))),
    ("S317", 2, ((-6, 36), "104", "101", "108", (4, -36))),
    ("X101", 3, ("101", "202", (17, 36))),
    ("X102", 3, ("102", "106", (44, 5))),
    ("X103", 3, ("102", "109", (14, -36))),
    ("X104", 3, ("105", "201", "104")),
    ("X105", 3, ("103", "203", (-23, -36))),
    ("X106", 3, ("106", "107", "109")),
    ("X107", 3, ("108", "109")),
    ("X108", 3, ("203", "108")),
    ("X109", 3, ("202", "106")),
)

_STEP = 2  # cells of the land in one cell of the road grid


def build_roads(land: Land, wet: NDArray[np.bool_], villages: list[Place]) -> list[Road]:
    """All roads as stretches between junctions, trunks first."""
    height = land.height[::_STEP, ::_STEP]
    cell_km = land.cell_km * _STEP
    steep = np.hypot(*np.gradient(height, cell_km * 1000))
    cost = 1 + 14 * steep + 90 * steep**2
    river = land.area_km2[::_STEP, ::_STEP]
    cost += 5.0 * (river > 300) + 1.2 * ((river > 60) & (river <= 300))
    x, y = np.meshgrid(land.x[::_STEP], land.y[::_STEP])
    cost *= 1 + 0.45 * hills(x / 2.4, y / 2.4, 441, 2)  # nobody builds dead straight
    cost = np.where(wet[::_STEP, ::_STEP], 80.0, cost)

    def cell(x: float, y: float) -> Cell:
        row, column = land.cell(x, y)
        rows, columns = cost.shape
        return min((row + 1) // _STEP, rows - 1), min((column + 1) // _STEP, columns - 1)

    seats = {p.code[6:9]: to_km(p.lon, p.lat) for p in villages if p.code.endswith("001")}
    net = Net()
    number: dict[frozenset[Cell], str] = {}
    built: set[Cell] = set()

    def lay(way: list[Cell], name: str, rank: int) -> None:
        for a, b in pairwise(way):
            key = frozenset((a, b))
            net.edge(a, b, rank)
            number.setdefault(key, name)
        built.update(way)
        for row, column in way:
            price[row, column] = min(price[row, column], 0.4 * cost[row, column])

    price = cost.copy()
    for name, rank, stops in ROUTES:
        places = [cell(*(seats[stop] if isinstance(stop, str) else stop)) for stop in stops]
        for start, end in pairwise(places):
            _, before = spread(price, {start: 0.0}, [end])
            lay(trace(before, end), name, rank)
    ends = [cell(*to_km(v.lon, v.lat)) for v in villages]
    _, before = spread(cost, dict.fromkeys(sorted(built), 0.0), ends)
    for end in ends:
        lay(trace(before, end), "", 4)
    roads = []
    for arc in net.arcs():
        line = np.array(arc, float)[:, ::-1] * cell_km - (HALF_X, HALF_Y)
        for _ in range(4):
            line = soften(line)
        lon, lat = to_lonlat(*sway(*_dense(line).T))
        shape = LineString(np.round(np.stack([lon, lat], 1), 6))
        roads.append(Road(number[frozenset(arc[:2])], net.kind_of(arc), shape))
    return sorted(roads, key=lambda road: road.rank)


def _dense(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """The line with a vertex at least every 0.13 km."""
    pieces = [np.linspace(a, b, 3, endpoint=False) for a, b in pairwise(line)]
    return np.concatenate([*pieces, line[-1:]])
