"""Rivers that follow the land down, and the lakes that dams make of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import LineString

from anlan.demo.county.model import Lake, River, to_lonlat
from anlan.demo.county.mosaic import Place, outline, soften
from anlan.demo.county.relief import HALF_X, HALF_Y, MAIN, VALLEYS, Land, bend, sway

#: Drainage area from which a brook is drawn, km2.
BROOK_KM2 = 9.0

#: Drainage area from which a river is of width class 2, 3, 4, km2.
WIDTHS = (70.0, 260.0, 1800.0)

#: Name, the valley it dams, share of the valley's length from its head to the dam, and water surface wanted, km2.
LAKES = (
    ("汀溪水库", "汀溪", 0.60, 7.5),
    ("鹤屿湖", "鹤水", 0.62, 5.2),
    ("松岑水库", "松岑溪", 0.42, 2.2),
    ("青峡水库", "青峡水", 0.46, 2.6),
)


def rivers(land: Land, seed: int) -> list[River]:
    """The named rivers and every brook, each down to where it joins or leaves; the great river first."""
    columns = land.height.shape[1]
    to = land.receiver.tolist()
    taken: set[int] = set()
    found = []
    for k, valley in enumerate(VALLEYS):
        if valley is MAIN:
            row, column = land.cell(*valley.line[0])
        else:
            row, column = _strongest(land, bend(valley.line, seed + 31 * k), 0.10)
        found += _course(land, valley.name, _down(to, row * columns + column, taken))
    area = land.area_km2.ravel()
    order = np.argsort(-land.filled.ravel(), kind="stable")
    for start in order[area[order] >= BROOK_KM2].tolist():
        if start not in taken:
            cells = _down(to, start, taken)
            if len(cells) >= 8:
                found += _course(land, "", cells)
    return found


def _strongest(land: Land, line: NDArray[np.float64], share: float) -> tuple[int, int]:
    """The cell with most water within a kilometre of a place along a valley line."""
    row, column = land.cell(*line[int(share * (len(line) - 1))])
    reach = round(1.0 / land.cell_km)
    rows = slice(max(row - reach, 0), row + reach + 1)
    columns = slice(max(column - reach, 0), column + reach + 1)
    box = land.area_km2[rows, columns]
    r, c = np.unravel_index(int(np.argmax(box)), box.shape)
    return rows.start + int(r), columns.start + int(c)


def _down(to: list[int], cell: int, taken: set[int]) -> list[int]:
    """Cells from one down to the first that has a river already, that one included."""
    way = [cell]
    while cell not in taken:
        taken.add(cell)
        if to[cell] == cell:
            break
        cell = to[cell]
        way.append(cell)
    return way


def _course(land: Land, name: str, cells: Sequence[int]) -> list[River]:
    """The course cut where its width class changes, smoothed, with the height of its bed."""
    if len(cells) < 3:
        return []
    columns = land.height.shape[1]
    flat = np.array(cells)
    line = np.stack([flat % columns, flat // columns], 1).astype(float) * land.cell_km - (HALF_X, HALF_Y)
    for _ in range(5):
        line = soften(line)
    bed = np.minimum.accumulate(land.filled.ravel()[flat])
    width = 1 + np.searchsorted(WIDTHS, land.area_km2.ravel()[flat], side="right")
    cuts = [0, *(np.flatnonzero(np.diff(width)) + 1).tolist(), len(flat) - 1]
    lon, lat = to_lonlat(*sway(line[:, 0], line[:, 1]))
    pieces = []
    for a, b in itertools.pairwise(cuts):
        if b > a:
            here = slice(a, b + 1)
            shape = LineString(np.round(np.stack([lon[here], lat[here]], 1), 6))
            pieces.append(River(name, shape, int(width[a]), tuple(np.round(bed[here], 2).tolist())))
    return pieces


def lakes(land: Land, seed: int) -> tuple[list[Lake], Land, NDArray[np.bool_]]:
    """Dam the valleys of `LAKES`; returns the lakes, the land with flat water, and where water stands."""
    height = land.height.copy()
    wet = np.zeros(height.shape, bool)
    found = []
    for name, valley_name, share, wanted in LAKES:
        k = next(k for k, valley in enumerate(VALLEYS) if valley.name == valley_name)
        dam = _strongest(land, bend(VALLEYS[k].line, seed + 31 * k), share)
        above = _upstream(land, dam)
        base = land.filled[dam]
        level = base
        while (above & (land.filled < level)).sum() * land.cell_km**2 < wanted and level < base + 160:
            level += 1.0
        flood = above & (land.filled < level)
        wet |= flood
        height[flood] = level
        largest = outline(flood, place_of(land), smooth=5)
        found.append(Lake(name, largest, round(float(level), 1)))
    return found, replace(land, height=height), wet


def _upstream(land: Land, cell: tuple[int, int]) -> NDArray[np.bool_]:
    """Cells whose water runs through one, itself included."""
    columns = land.height.shape[1]
    runs = bytearray(land.height.size)
    runs[cell[0] * columns + cell[1]] = 1
    to = land.receiver.tolist()
    for index in np.argsort(land.filled.ravel(), kind="stable").tolist():
        if runs[to[index]]:
            runs[index] = 1
    return np.frombuffer(bytes(runs), np.uint8).reshape(land.height.shape).astype(bool)


def place_of(land: Land) -> Place:
    """A function that turns grid corners (row, column) into degrees, swayed."""

    def place(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        x = corners[:, 1] * land.cell_km - HALF_X
        y = corners[:, 0] * land.cell_km - HALF_Y
        return np.stack(to_lonlat(*sway(x, y)), 1)

    return place
