"""The land of the demo county: valleys laid out by hand, everything else grown by rain.

A skeleton of valley lines says where the great rivers run. Ridged noise builds mountains between them; then water
erodes the surface by the stream-power law, coarse grid first, so that side valleys branch as real ones do. The land
copies no place on earth; only its position (near 104.6 E, 31.9 N) makes its coordinates plausible.

Lengths in km east and north of the county's middle, heights in m. Row 0 is the south edge.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anlan.demo.county.noise import hills, ridges

Grid = NDArray[np.float64]

#: Half width and half height of the land computed, km: the county with a margin, so that rivers come from somewhere.
HALF_X, HALF_Y = 44.0, 36.0

#: Cells from coarse to fine, km, and how often water erodes each. The last is the grid of the county.
STAGES = ((0.8, 14), (0.4, 8), (0.2, 3))

#: Erodibility of the stream-power law, per round, with area in km2 and length in km.
CUT = 0.016

#: Drainage that enters with the great river at the west edge, km2.
INFLOW_KM2 = 2600.0

#: Steps to the eight neighbours (row, column).
AROUND = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))


@dataclass(frozen=True, slots=True)
class Valley:
    """One named valley line from its head down to where it ends.

    line      km east, km north
    head_m    height of the valley floor at the head; the end lies on the valley that it joins
    """

    name: str
    line: tuple[tuple[float, float], ...]
    head_m: float


MAIN = Valley(
    "安澜河",
    ((-44, 11), (-36, 8), (-28, 6.5), (-22, 2.5), (-15, 2.0), (-8, 4.2), (-2, 1.6), (5, -2.4), (11, -3.4),
     (18, -4.6), (25, -9.6), (33, -10.5), (44, -16)),
    655.0,
)  # fmt: skip
VALLEYS = (
    MAIN,
    Valley("汀溪", ((-12, 36), (-8.6, 27), (-11, 20), (-8.2, 13), (-9, 8), (-7.3, 3.9)), 1080.0),
    Valley("青峡水", ((21, 36), (15.5, 25), (17, 19), (13, 12), (13.2, 5), (11, -3.4)), 1000.0),
    Valley("云栈溪", ((-33, 33), (-26, 22), (-23.5, 13), (-19.5, 8), (-18.5, 2.2)), 1220.0),
    Valley("松岑溪", ((-25, -31), (-17, -20), (-17.5, -13), (-12.5, -7), (-12, 2.8)), 900.0),
    Valley("麦坪河", ((-4, -36), (-3.2, -24), (2.6, -15), (1.6, -8), (6.2, -2.7)), 760.0),
    Valley("白汀河", ((15, -36), (13.5, -24), (17.8, -15), (17, -9), (20.2, -6.2)), 690.0),
    Valley("鹤水", ((36, 22), (27, 12), (22.5, 5), (23.5, -1), (24, -9)), 720.0),
    Valley("磐溪", ((-42, -22), (-33, -12), (-29.5, -4), (-25.5, 4.8)), 1220.0),
)


@dataclass(frozen=True, slots=True)
class Land:
    """Heights and water of the county on one grid.

    height    m, shape (rows, columns), row 0 south
    filled    the same with every hollow filled to its rim and tilted, so that all water leaves
    receiver  int32, flat index of the cell that each cell's water flows to; edge outlets name themselves
    area_km2  drainage area through each cell, the inflow of the great river included
    cell_km   size of a cell
    """

    height: Grid
    filled: Grid
    receiver: NDArray[np.int32]
    area_km2: Grid
    cell_km: float

    @property
    def x(self) -> Grid:
        """km east of the columns."""
        return _steps(-HALF_X, self.height.shape[1], self.cell_km)

    @property
    def y(self) -> Grid:
        """km north of the rows."""
        return _steps(-HALF_Y, self.height.shape[0], self.cell_km)

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Row and column of the cell at a place, km; the nearest one inside the grid."""
        rows, columns = self.height.shape
        row, column = round((y + HALF_Y) / self.cell_km), round((x + HALF_X) / self.cell_km)
        return min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)

    def height_at(self, x: float, y: float) -> float:
        """Height in m at a place in km, linear between the four cells around it."""
        rows, columns = self.height.shape
        v = min(max((y + HALF_Y) / self.cell_km, 0.0), rows - 1.001)
        u = min(max((x + HALF_X) / self.cell_km, 0.0), columns - 1.001)
        row, column = int(v), int(u)
        v, u = v - row, u - column
        around = self.height[row : row + 2, column : column + 2]
        return float((around * np.outer((1 - v, v), (1 - u, u))).sum())

    def slope(self) -> Grid:
        """Steepness, metres in a metre, by central differences."""
        down_y, down_x = np.gradient(self.height, self.cell_km * 1000)
        return np.asarray(np.hypot(down_x, down_y), np.float64)


def raise_land(seed: int) -> Land:
    """Build the land of a seed."""
    cell_km = STAGES[0][0]
    height = _mountains(*_axes(cell_km), seed)
    for cell_km, rounds in STAGES:
        x, y = _axes(cell_km)
        uplift = _mountains(x, y, seed)
        if height.shape != uplift.shape:
            height = _finer(height, (y.size, x.size)) + _gullies(x, y, seed)
        for _ in range(rounds):
            height = _erode(height, uplift, cell_km)
    flow = drain(height, cell_km)
    return Land(height=height, filled=flow[0], receiver=flow[1], area_km2=flow[2], cell_km=cell_km)


def _gullies(x: Grid, y: Grid, seed: int) -> Grid:
    """Roughness finer than the coarser grid knew, so that the next rain finds where to run, m."""
    wild = np.clip(0.7 + y[:, None] / 75 - x / 120, 0.40, 1.2)
    return 34.0 * wild * hills(x / 1.9, y[:, None] / 1.9, seed + 77, 3, 0.6)


def _axes(cell_km: float) -> tuple[Grid, Grid]:
    columns, rows = round(2 * HALF_X / cell_km) + 1, round(2 * HALF_Y / cell_km) + 1
    return _steps(-HALF_X, columns, cell_km), _steps(-HALF_Y, rows, cell_km)


def _steps(first: float, count: int, step: float) -> Grid:
    return np.asarray(first + step * np.arange(count), np.float64)


def bend(line: tuple[tuple[float, float], ...], seed: int, wander_km: float = 1.9) -> NDArray[np.float64]:
    """A valley line as the water takes it: smoothed and meandering; float[n, 2] in km, a point every 0.4 km."""
    points = np.array(line, float)
    for _ in range(3):  # Chaikin's corner cutting, ends kept
        inner = np.stack([points[:-1] * 0.75 + points[1:] * 0.25, points[:-1] * 0.25 + points[1:] * 0.75], 1)
        points = np.concatenate([points[:1], inner.reshape(-1, 2)[1:-1], points[-1:]])
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    steps = np.linspace(0, along[-1], max(int(along[-1] / 0.4), 4))
    points = np.stack([np.interp(steps, along, points[:, k]) for k in (0, 1)], 1)
    ends = np.clip(np.minimum(steps, steps[-1] - steps) / 3.0, 0, 1)[:, None]
    sway = np.stack([hills(points[:, 0] / 4.2, points[:, 1] / 4.2, seed + k, 3) for k in (1, 2)], 1)
    return points + sway * wander_km * ends


def sway(x: Grid, y: Grid) -> tuple[Grid, Grid]:
    """A little irregularity, at most about 120 m, for lines that were found on a grid: the same for all lines.

    Rivers, roads and borders moved by one field keep their junctions and crossings and lose the straightness of cells.
    """
    return x + 0.13 * hills(x / 1.3, y / 1.3, 421, 2, 0.6), y + 0.13 * hills(x / 1.3, y / 1.3, 431, 2, 0.6)


def _mountains(x: Grid, y: Grid, seed: int) -> Grid:
    """The surface that rain works on: valley floors, rising to noise mountains between them."""
    east, north = np.meshgrid(x, y)
    lines = {valley.name: bend(valley.line, seed + 31 * k) for k, valley in enumerate(VALLEYS)}
    main = lines[MAIN.name]
    main_floor = np.linspace(MAIN.head_m, 448.0, len(main))
    nearest = np.full(east.shape, np.inf)
    weighed, weights = np.zeros(east.shape), np.zeros(east.shape)
    for valley in VALLEYS:
        line = lines[valley.name]
        if valley is MAIN:
            floors = main_floor
        else:
            mouth = main_floor[np.argmin(np.hypot(*(main - line[-1]).T))]
            share = np.linspace(1, 0, len(line))
            floors = mouth + 3 + (valley.head_m - mouth) * share**1.6
        far, floor = _valley(east, north, line, floors)
        weight = 1 / (far + 0.15) ** 3
        weighed, weights = weighed + weight * floor, weights + weight
        nearest = np.minimum(nearest, far)
    # Rough in the north and west, gentle where the great river leaves and in the basin of the county town.
    wild = np.clip(0.70 + north / 75 - east / 120 + 0.22 * hills(east / 19, north / 19, seed + 5, 2), 0.42, 1.25)
    wild *= np.clip(0.30 + np.hypot((east - 3) / 13, (north + 1) / 9) * 0.45, 0.42, 1.0)
    bent_x = east + 2.6 * hills(east / 8, north / 8, seed + 6, 3)
    bent_y = north + 2.6 * hills(east / 8, north / 8, seed + 16, 3)
    crest = ridges(bent_x / 11, bent_y / 11, seed + 7, 6, 0.55)
    knolls = hills(bent_x / 3.4, bent_y / 3.4, seed + 8, 4, 0.6)
    away = 1 - np.exp(-((nearest / 3.0) ** 1.4))
    return weighed / weights + away * wild * (60 + 1500 * crest**1.3 + 260 * knolls)


def _valley(east: Grid, north: Grid, line: Grid, floors: Grid) -> tuple[Grid, Grid]:
    """Distance in km to a valley line and the height of its floor at the nearest place, for every cell."""
    far, floor = np.full(east.shape, np.inf), np.zeros(east.shape)
    for start, end, base in zip(line[:-1:2], line[2::2], floors[:-2:2], strict=False):
        span = end - start
        t = np.clip(((east - start[0]) * span[0] + (north - start[1]) * span[1]) / max(span @ span, 1e-9), 0, 1)
        distance = np.hypot(east - start[0] - t * span[0], north - start[1] - t * span[1])
        nearer = distance < far
        far[nearer] = distance[nearer]
        floor[nearer] = base
    return far, floor


def _finer(height: Grid, shape: tuple[int, int]) -> Grid:
    """The surface on a grid of half the cells, linear between."""
    rows = np.linspace(0, height.shape[0] - 1, shape[0])
    columns = np.linspace(0, height.shape[1] - 1, shape[1])
    row, column = (
        np.minimum(rows.astype(int), height.shape[0] - 2),
        np.minimum(columns.astype(int), height.shape[1] - 2),
    )
    v, u = (rows - row)[:, None], columns - column
    upper = height[row][:, column] * (1 - u) + height[row][:, column + 1] * u
    lower = height[row + 1][:, column] * (1 - u) + height[row + 1][:, column + 1] * u
    return upper * (1 - v) + lower * v


def fill(height: Grid) -> Grid:
    """Every hollow raised to its rim with a grain of slope (priority-flood with epsilon, Barnes et al. 2014).

    Water leaves at the south and east edges and wherever a crest meets the frame, but not where the great river enters.
    """
    rows, columns = height.shape
    flat = height.ravel().tolist()
    filled = [0.0] * len(flat)
    done = bytearray(len(flat))
    heap: list[tuple[float, int]] = []
    for index in _edge(rows, columns):
        filled[index] = flat[index]
        done[index] = 1
        heap.append((flat[index], index))
    heapq.heapify(heap)
    steps = [(dr, dc, dr * columns + dc) for dr, dc in AROUND]
    pop, push = heapq.heappop, heapq.heappush
    while heap:
        level, index = pop(heap)
        row, column = divmod(index, columns)
        above = level + 1e-4
        inside = 0 < row < rows - 1 and 0 < column < columns - 1
        for dr, dc, step in steps:
            if not inside and not (0 <= row + dr < rows and 0 <= column + dc < columns):
                continue
            there = index + step
            if not done[there]:
                done[there] = 1
                z = flat[there]
                z = z if z > above else above
                filled[there] = z
                push(heap, (z, there))
    return np.array(filled).reshape(rows, columns)


def _edge(rows: int, columns: int) -> list[int]:
    """Cells of the frame where water may leave: all of it but the stretch of the west edge where the river enters."""
    cell_y = 2 * HALF_Y / (rows - 1)
    entry = MAIN.line[0][1]
    west = [r for r in range(rows) if abs(-HALF_Y + r * cell_y - entry) > 6.0]
    frame = {r * columns for r in west} | {r * columns + columns - 1 for r in range(rows)}
    frame |= set(range(columns)) | set(range((rows - 1) * columns, rows * columns))
    return sorted(frame)


def drain(height: Grid, cell_km: float) -> tuple[Grid, NDArray[np.int32], Grid]:
    """Filled surface, receiver of each cell (steepest of eight) and drainage area in km2 (see `Land`)."""
    filled = fill(height)
    rows, columns = filled.shape
    framed = np.pad(filled, 1, constant_values=np.inf)
    steepest = np.zeros(filled.shape)
    receiver = np.arange(filled.size, dtype=np.int32).reshape(filled.shape)
    index = receiver.copy()
    for dr, dc in AROUND:
        there = framed[1 + dr : 1 + dr + rows, 1 + dc : 1 + dc + columns]
        drop = (filled - there) / np.hypot(dr, dc)
        better = drop > steepest
        steepest[better] = drop[better]
        receiver[better] = (index + dr * columns + dc)[better]
    area = np.full(filled.size, cell_km**2)
    entry = round((MAIN.line[0][1] + HALF_Y) / cell_km) * columns
    area[entry] += INFLOW_KM2
    order = np.argsort(-filled, axis=None, kind="stable").tolist()
    to = receiver.ravel().tolist()
    through = area.tolist()
    for cell in order:
        down = to[cell]
        if down != cell:
            through[down] += through[cell]
    return filled, receiver.ravel(), np.array(through).reshape(filled.shape)


def _erode(height: Grid, uplift: Grid, cell_km: float) -> Grid:
    """One round of rain: rivers cut by the stream-power law (implicit, Braun & Willett 2013), slopes creep.

    The land rises back a little towards the noise mountains each round, which keeps relief where it belongs.
    """
    filled, receiver, area = drain(height, cell_km)
    far = np.where(_diagonal(receiver, filled.shape[1]), 1.41421356, 1.0) * cell_km
    # K A^m dt / dx with m 0.45: a brook of 1 km2 keeps its bed, a river of 100 km2 cuts to its base.
    cut = CUT * np.minimum(area.ravel(), 400.0) ** 0.5 / far
    z = (height + 0.018 * (uplift - height)).ravel().tolist()
    order = np.argsort(filled, axis=None, kind="stable").tolist()
    to, factor = receiver.tolist(), cut.tolist()
    for cell in order:
        down = to[cell]
        if down != cell and z[cell] > z[down]:
            f = factor[cell]
            z[cell] = (z[cell] + f * z[down]) / (1 + f)
    new = np.array(z).reshape(height.shape)
    framed = np.pad(new, 1, mode="edge")
    mean = (framed[:-2, 1:-1] + framed[2:, 1:-1] + framed[1:-1, :-2] + framed[1:-1, 2:]) / 4
    return new + 0.10 * (mean - new)


def _diagonal(receiver: NDArray[np.int32], columns: int) -> NDArray[np.bool_]:
    step = np.abs(receiver - np.arange(receiver.size, dtype=np.int32))
    return (step != 0) & (step != 1) & (step != columns)
