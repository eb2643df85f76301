"""Small array tools that the engine's rooms share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]
B1 = NDArray[np.bool_]
U1 = NDArray[np.uint8]
M1 = NDArray[np.int8]

#: A time that never comes; added to any lag it still fits int64.
NEVER = 1 << 60


def ranges(start: I8, count: I8) -> I8:
    """start[0], start[0]+1, ... count[0] of them, then the same for start[1], ...; counts may be 0."""
    ends = np.cumsum(count)
    total = int(ends[-1]) if ends.size else 0
    place: I8 = np.arange(total, dtype=np.int64)
    place += np.repeat(start - (ends - count), count)
    return place


def sizes(first: I8, n: int) -> I8:
    """Row counts of the segments that begin at `first` and together hold n rows."""
    count = np.empty_like(first)
    count[:-1] = first[1:] - first[:-1]
    if first.size:
        count[-1] = n - first[-1]
    return count


def segments(key: I8) -> I8 | None:
    """First row of each run of equal keys, or None when every row is a run of its own."""
    if key.size < 2:
        return None
    differs = key[1:] != key[:-1]
    if differs.all():
        return None
    return np.concatenate(([0], np.flatnonzero(differs) + 1))


def grown(column: NDArray[Any], size: int, fill: float | int | bool) -> NDArray[Any]:
    """The column with `fill` appended up to `size` rows (of its first axis)."""
    tail = np.full((size - column.shape[0], *column.shape[1:]), fill, column.dtype)
    return np.concatenate((column, tail))


class Ring:
    """The last DEPTH (t, value) written for each row number; empty cells have t = -1.

    t, value  [DEPTH, rows], so that points which report in step are written side by side
    head      [rows], the cell that is written next
    """

    DEPTH = 16

    def __init__(self) -> None:
        self.t: I8 = np.empty((self.DEPTH, 0), np.int64)
        self.value: F8 = np.empty((self.DEPTH, 0), np.float64)
        self.head: I8 = np.empty(0, np.int64)

    def grow(self, size: int) -> None:
        """Make room for row numbers below `size`."""
        self.t = grown(self.t.T, size, -1).T.copy()
        self.value = grown(self.value.T, size, np.nan).T.copy()
        self.head = grown(self.head, size, 0)

    def write(self, row: I8, t: I8, value: F8, first: I8 | None) -> None:
        """Append in order; equal row numbers lie together, `first` as `segments(row)` gives it."""
        if first is None:
            cell = self.head.take(row)
            self.head[row] = (cell + 1) & (self.DEPTH - 1)
        else:
            count = sizes(first, row.size)
            owner = row[first]
            rank = ranges(np.zeros_like(first), count)
            cell = (self.head.take(row) + rank) & (self.DEPTH - 1)
            self.head[owner] = (self.head.take(owner) + count) & (self.DEPTH - 1)
        # Where a cell is written more than once, the last assignment holds.
        cell *= self.head.size
        cell += row
        self.t.reshape(-1)[cell] = t
        self.value.reshape(-1)[cell] = value
