"""Cheapest ways over a grid of costs: whose land is this, and where would a road run."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from anlan.demo.county.relief import AROUND

Cell = tuple[int, int]

#: A cell that nobody may enter.
CLOSED = np.inf


def spread(
    cost: NDArray[np.float64], starts: Mapping[Cell, float], stop: Iterable[Cell] = ()
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Cheapest cost from the nearest start to every cell, and the cell before it (Dijkstra over eight neighbours).

    cost    per cell-width of way, > 0; CLOSED where nobody goes. A step costs the mean of its two cells
    starts  cells with what they cost to begin with
    stop    when all of these are reached the search ends and the rest stays at infinity
    returns cost float64 and predecessor int32 (flat index; starts name themselves, unreached −1), shape of `cost`
    """
    rows, columns = cost.shape
    # A closed frame spares the test for the edge.
    framed = np.pad(cost, 1, constant_values=CLOSED)
    width = columns + 2
    price = framed.ravel().tolist()
    best = [CLOSED] * len(price)
    before = [-1] * len(price)
    heap: list[tuple[float, int]] = []
    for (row, column), value in starts.items():
        index = (row + 1) * width + column + 1
        best[index] = value
        before[index] = index
        heap.append((value, index))
    heapq.heapify(heap)
    goals = {(row + 1) * width + column + 1 for row, column in stop}
    steps = [(dr * width + dc, 0.5 * (2.0**0.5 if dr and dc else 1.0)) for dr, dc in AROUND]
    pop, push = heapq.heappop, heapq.heappush
    while heap:
        value, index = pop(heap)
        if value > best[index]:
            continue
        if index in goals:
            goals.discard(index)
            if not goals:
                break
        here = price[index]
        for step, half in steps:
            there = index + step
            reached = value + half * (here + price[there])
            if reached < best[there]:
                best[there] = reached
                before[there] = index
                push(heap, (reached, there))
    back = np.array(before, np.int64).reshape(rows + 2, width)[1:-1, 1:-1]
    row, column = back // width - 1, back % width - 1
    return (
        np.array(best).reshape(rows + 2, width)[1:-1, 1:-1],
        np.where(back < 0, -1, row * columns + column).astype(np.int32),
    )


def trace(before: NDArray[np.int32], end: Cell) -> list[Cell]:
    """The cells from a start to `end`, both included; empty when `end` was not reached."""
    columns = before.shape[1]
    flat = before.ravel()
    index = end[0] * columns + end[1]
    if flat[index] < 0:
        return []
    way = [index]
    while flat[index] != index:
        index = int(flat[index])
        way.append(index)
    return [(i // columns, i % columns) for i in reversed(way)]


def owners(before: NDArray[np.int32], cost: NDArray[np.float64], starts: Mapping[Cell, int]) -> NDArray[np.int32]:
    """The label of the start that each reached cell belongs to; 0 where none reaches. Labels are > 0."""
    columns = before.shape[1]
    label = np.zeros(before.size, np.int32)
    flat = before.ravel()
    for (row, column), name in starts.items():
        label[row * columns + column] = name
    reached = np.flatnonzero(np.isfinite(cost.ravel()))
    for index in reached[np.argsort(cost.ravel()[reached], kind="stable")].tolist():
        if flat[index] != index:
            label[index] = label[flat[index]]
    return label.reshape(before.shape)
