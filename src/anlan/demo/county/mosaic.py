"""From a grid of labels to polygons that tile: every border is one line, smoothed once, shared by both sides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.ops import polygonize

Corner = tuple[int, int]
Place = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def tidy(label: NDArray[np.int32], rounds: int = 3) -> NDArray[np.int32]:
    """Take off hairs and single-cell necks: a cell joins the label that at least five of its eight neighbours have."""
    for _ in range(rounds):
        framed = np.pad(label, 1, mode="edge")
        around = [
            framed[1 + dr : 1 + dr + label.shape[0], 1 + dc : 1 + dc + label.shape[1]]
            for dr in (-1, 0, 1)
            for dc in (-1, 0, 1)
            if dr or dc
        ]
        votes = np.stack(around)
        for candidate in votes:
            same = (votes == candidate).sum(0)
            label = np.where((same >= 5) & (label != candidate), candidate, label)
    return label


def tile(label: NDArray[np.int32], place: Place, smooth: int = 4, decimals: int = 6) -> dict[int, Polygon]:
    """One polygon for each label > 0; together they cover what the labels cover, with no gap and no overlap.

    label     int32[rows, columns]; 0 is outside
    place     turns corners (row, column; float[n, 2]; a cell reaches half a unit around its index) into x, y
    smooth    rounds of (1, 2, 1) averaging along each border; junctions of three stay where they are
    decimals  to which x and y are rounded before the polygons are built, so that neighbours share every digit

    Raises ValueError when a label is lost, that is when its land was too small to survive the smoothing.
    """
    lines = []
    for arc in _borders(label):
        corners = np.array(arc, float) - 0.5
        for _ in range(smooth):
            corners = soften(corners)
        points = np.round(place(corners), decimals)
        if len(points) >= 2:
            lines.append(shapely.LineString(points))
    noded = shapely.unary_union(lines, grid_size=10.0**-decimals)
    faces = list(polygonize(shapely.get_parts(noded)))
    return _assign(faces, label, place)


def soften(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """One round of (1, 2, 1) averaging; the ends of an open line stay, a ring is smoothed all round."""
    if len(line) < 3:
        return line
    out = line.copy()
    out[1:-1] = (line[:-2] + 2 * line[1:-1] + line[2:]) / 4
    if (line[0] == line[-1]).all():
        out[0] = out[-1] = (line[-2] + 2 * line[0] + line[1]) / 4
    return out


class Net:
    """Edges between grid corners, read back as long lines that are cut where three meet or where their kind changes."""

    def __init__(self) -> None:
        self.next_to: dict[Corner, list[Corner]] = defaultdict(list)
        self.kind: dict[frozenset[Corner], int] = {}

    def edge(self, a: Corner, b: Corner, kind: int = 0) -> None:
        """Add an edge once; a second time only a lower kind (the more important one) counts."""
        key = frozenset((a, b))
        if key not in self.kind:
            self.next_to[a].append(b)
            self.next_to[b].append(a)
            self.kind[key] = kind
        elif kind < self.kind[key]:
            self.kind[key] = kind

    def arcs(self) -> list[list[Corner]]:
        """All lines, in an order that depends on nothing but the edges; a ring begins and ends at one corner."""
        used: set[frozenset[Corner]] = set()
        found = []
        for joint in sorted(corner for corner in self.next_to if not self._passes(corner)):
            found += [
                self._walk(joint, o, used) for o in sorted(self.next_to[joint]) if frozenset((joint, o)) not in used
            ]
        for corner in sorted(self.next_to):
            found += [
                self._walk(corner, o, used) for o in sorted(self.next_to[corner]) if frozenset((corner, o)) not in used
            ]
        return found

    def kind_of(self, arc: list[Corner]) -> int:
        """The kind of a line that `arcs` returned."""
        return self.kind[frozenset(arc[:2])]

    def _passes(self, corner: Corner) -> bool:
        others = self.next_to[corner]
        return (
            len(others) == 2 and self.kind[frozenset((corner, others[0]))] == self.kind[frozenset((corner, others[1]))]
        )

    def _walk(self, start: Corner, then: Corner, used: set[frozenset[Corner]]) -> list[Corner]:
        way = [start, then]
        used.add(frozenset(way))
        while way[-1] != start and self._passes(way[-1]):
            a, b = self.next_to[way[-1]]
            step = b if a == way[-2] else a
            used.add(frozenset((way[-1], step)))
            way.append(step)
        return way


def _borders(label: NDArray[np.int32]) -> list[list[Corner]]:
    """The lines between unlike cells, cut where three labels or more meet; rings begin and end at one corner."""
    framed = np.pad(label, 1)  # the frame is outside, so every region is closed
    net = Net()
    for row, column in zip(*np.nonzero(framed[:, :-1] != framed[:, 1:]), strict=True):
        net.edge((int(row) - 1, int(column)), (int(row), int(column)))
    for row, column in zip(*np.nonzero(framed[:-1] != framed[1:]), strict=True):
        net.edge((int(row), int(column) - 1), (int(row), int(column)))
    return net.arcs()


def _assign(faces: list[Polygon], label: NDArray[np.int32], place: Place) -> dict[int, Polygon]:
    """Give each face to the label that fills it; crumbs go to the neighbour with the longest border."""
    rows, columns = np.nonzero(np.ones_like(label))
    x, y = place(np.stack([rows, columns], 1).astype(float)).T
    centres = shapely.points(x, y)
    tree = shapely.STRtree(faces)
    cell, face = tree.query(centres, predicate="within")
    counts: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for name, f in zip(label.ravel()[cell].tolist(), face.tolist(), strict=True):
        counts[f][name] += 1
    largest: dict[int, int] = {}
    crumbs = []
    for f in sorted(range(len(faces)), key=lambda f: -faces[f].area):
        name = max(counts[f], key=lambda n: counts[f][n]) if counts[f] else -1
        if name == 0:
            continue
        if name > 0 and name not in largest:
            largest[name] = f
        else:
            crumbs.append(f)
    lost = set(np.unique(label).tolist()) - {0} - set(largest)
    if lost:
        raise ValueError(f"no land left for labels {sorted(lost)}: cells too coarse or seats too near")
    parts = {name: [faces[f]] for name, f in largest.items()}
    for f in crumbs:
        border = {
            name: shapely.intersection(faces[f].boundary, shapely.unary_union(own).boundary).length
            for name, own in parts.items()
        }
        name = max(border, key=lambda n: border[n])
        if border[name] > 0:
            parts[name].append(faces[f])
    return {name: _one(own) for name, own in parts.items()}


def _one(own: list[Polygon]) -> Polygon:
    land = shapely.unary_union(own)
    return land if isinstance(land, Polygon) else max(land.geoms, key=lambda part: part.area)


def outline(mask: NDArray[np.bool_], place: Place, smooth: int = 4) -> Polygon:
    """The largest connected piece of a mask with a smooth shore and no islands."""
    pieces, todo = [], mask.copy()
    while todo.any():
        row, column = (int(v) for v in np.argwhere(todo)[0])
        pieces.append(_piece(todo, row, column))
        todo &= ~pieces[-1]
    rings = []
    for arc in _borders(max(pieces, key=np.sum).astype(np.int32)):
        corners = np.array(arc, float) - 0.5
        for _ in range(smooth):
            corners = soften(corners)
        rings.append(shapely.LineString(np.round(place(corners), 6)))
    return max(polygonize(shapely.get_parts(shapely.unary_union(rings))), key=lambda part: float(part.area))


def _piece(mask: NDArray[np.bool_], row: int, column: int) -> NDArray[np.bool_]:
    piece = np.zeros_like(mask)
    stack = [(row, column)]
    piece[row, column] = True
    while stack:
        r, c = stack.pop()
        for rr, cc in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)):
            if 0 <= rr < mask.shape[0] and 0 <= cc < mask.shape[1] and mask[rr, cc] and not piece[rr, cc]:
                piece[rr, cc] = True
                stack.append((rr, cc))
    return piece
