"""Fewer points than there are: the ones that matter most, spread over the tile, and clusters of the rest.

The cells are squares of the tile; 64 units are 8 pixels where a tile of 4,096 units is shown at 512 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .wire import F8, I8

#: An odd number by which cells are stirred, so that the last free places do not all go to one corner: 2^64 over the
#: golden ratio, Knuth, The Art of Computer Programming 3, 6.4.
_STIR = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Thinned:
    """What is shown of many points.

    rows      int64[k], ascending: the points that are shown
    left_out  how many are not
    """

    rows: I8
    left_out: int


@dataclass(frozen=True, slots=True)
class Clusters:
    """One point for each cell that has any, the cells row by row from the north-west.

    x, y   float64[c]: the middle of the cell's points
    count  int64[c]: how many they are
    level  the highest level among them: the smallest number
    """

    x: F8
    y: F8
    count: I8
    level: I8


def thin(x: ArrayLike, y: ArrayLike, priority: ArrayLike, limit: int, cell: int) -> Thinned:
    """At most `limit` points: the most important first, and among equals those of the emptiest cells.

    x, y      [n], units of the tile
    priority  int[n]: 1 is shown first (red … 4 blue, 5 what has no alarm)
    limit     > 0
    cell      units along the edge of a cell, > 0

    A point is shown only when all points of higher priority are. Equals take turns by cells: one for every cell, then a
    second where there is one, counting what a cell already shows. Within a cell the order of the rows decides, so that
    the same rows always give the same answer.

    Raises ValueError for a limit or a cell that is not above 0, or for columns of different length.
    """
    number = _cell_of(x, y, cell)
    rank_of = np.asarray(priority)
    if limit <= 0 or rank_of.shape != number.shape:
        raise ValueError(f"a limit above 0 and {number.size} priorities are needed")
    if number.size <= limit:
        return Thinned(np.arange(number.size), 0)
    by_cell = np.lexsort((rank_of, number))
    ordered = number[by_cell]
    begins = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
    turn = np.empty(number.size, np.int64)
    turn[by_cell] = np.arange(number.size) - np.repeat(begins, np.diff(begins, append=number.size))
    stirred = number.astype(np.uint64) * _STIR
    chosen = np.lexsort((stirred, turn, rank_of))[:limit]
    return Thinned(np.sort(chosen), number.size - limit)


def cluster(x: ArrayLike, y: ArrayLike, level: ArrayLike, cell: int) -> Clusters:
    """One point for each cell, with how many it stands for and the highest level among them.

    x, y   [n], units of the tile
    level  int[n]: 1 is the highest (red … 4 blue, 5 what has no alarm)
    cell   units along the edge of a cell, > 0

    Raises ValueError as `thin` does.
    """
    number = _cell_of(x, y, cell)
    levels = np.asarray(level, np.int64)
    if levels.shape != number.shape:
        raise ValueError(f"{number.size} levels are needed")
    cells, place, count = np.unique(number, return_inverse=True, return_counts=True)
    highest = np.full(cells.size, np.iinfo(np.int64).max)
    np.minimum.at(highest, place, levels)
    middle = [np.bincount(place, np.asarray(axis, np.float64), cells.size) / count for axis in (x, y)]
    return Clusters(middle[0], middle[1], count, highest)


def _cell_of(x: ArrayLike, y: ArrayLike, cell: int) -> I8:
    """A number of its own for each cell, growing eastwards and then southwards."""
    east, south = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if cell <= 0 or east.shape != south.shape or not (np.isfinite(east).all() and np.isfinite(south).all()):
        raise ValueError("points on the tile in columns of one length and a cell above 0 are needed")
    return (np.floor(south / cell).astype(np.int64) << 32) + np.floor(east / cell).astype(np.int64)
