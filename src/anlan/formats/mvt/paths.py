"""Lines and polygons as the drawing commands of a tile: clipped, simplified, on whole units, wound as the format wants.

All shapes of a layer are worked on at once, as flat arrays of vertices; none is looked at by itself. Only what cannot
fail on a broken outline is asked of shapely. A clipped polygon may run along the edge of the buffer twice, and one that
was simplified may touch itself: the format advises against that (4.3.4.4, SHOULD NOT), maps draw it all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import GeometryType

from .mercator import Tile, world
from .wire import B1, F8, I8, U8, zigzag

#: How many arrays of offsets each kind has: paths into vertices, polygons into rings, shapes into parts.
_LEVELS = {
    GeometryType.LINESTRING: 1,
    GeometryType.MULTILINESTRING: 2,
    GeometryType.POLYGON: 2,
    GeometryType.MULTIPOLYGON: 3,
}
_MOVE_TO_ONE, _LINE_TO, _CLOSE_PATH = 9, 2, 15


@dataclass(frozen=True, slots=True)
class Drawn:
    """The shapes of which something is left in the tile.

    shapes    how many were given
    closed    they are polygons
    rows      int64[k], ascending: which of the shapes given are drawn
    commands  their command and parameter integers, uint64, one shape behind the other
    first     int64[k]: where each shape's commands begin
    unplaced, outside, too_small  how many were left out, see `Layer`
    """

    shapes: int
    closed: bool
    rows: I8
    commands: U8
    first: I8
    unplaced: int
    outside: int
    too_small: int


@dataclass(frozen=True, slots=True)
class _Paths:
    """Lines, or rings without the vertex that closes them, one vertex behind the other in units of the tile.

    x, y    float64[v]
    count   int64[p]: how many vertices each path has
    part    int64[p], ascending: its line or polygon; the first ring of a polygon is its outer one
    shape   int64[p], ascending: the row of its shape
    closed  the paths are rings
    """

    x: F8
    y: F8
    count: I8
    part: I8
    shape: I8
    closed: bool

    @property
    def path(self) -> I8:
        """int64[v]: the path of each vertex."""
        return np.repeat(np.arange(self.count.size), self.count)

    @property
    def first(self) -> I8:
        """int64[p]: where each path's vertices begin."""
        return np.cumsum(self.count) - self.count

    @property
    def holes(self) -> B1:
        """bool[p]: the path is an inner ring."""
        same: B1 = np.diff(self.part, prepend=-1) == 0
        return same if self.closed else np.zeros_like(same)

    def of(self, x: F8, y: F8, path: I8) -> _Paths:
        """The same paths with other vertices."""
        return _Paths(x, y, np.bincount(path, minlength=self.count.size), self.part, self.shape, self.closed)

    def drawable(self, seen: B1 | None = None) -> _Paths:
        """The paths that have enough vertices for something to be seen, of those that are `seen`."""
        keep = self.count >= (3 if self.closed else 2)
        if seen is not None:
            keep &= seen
        # A hole without its outer ring would be taken for a hole in the polygon before it.
        outer = np.flatnonzero(~self.holes)
        keep &= np.repeat(keep[outer], np.diff(outer, append=keep.size))
        stays = np.repeat(keep, self.count)
        return _Paths(
            self.x[stays], self.y[stays], self.count[keep], self.part[keep], self.shape[keep], self.closed
        )  # fmt: skip


def draw(
    tile: Tile, kind: GeometryType, coords: NDArray[np.float64], offsets: tuple[NDArray[Any], ...], *,
    extent: int, buffer: int, tolerance: float,
) -> Drawn:  # fmt: skip
    """Commands of the shapes that a tile shows; the arguments are those of `shape_layer`."""
    if kind not in _LEVELS:
        raise ValueError(f"a layer of shapes holds lines or polygons, not {kind.name}")
    places = np.asarray(coords, np.float64)
    if places.ndim != 2 or places.shape[1] < 2:
        raise ValueError(f"coords need two columns, longitudes and latitudes, not the shape {places.shape}")
    lon, lat = places[:, :2].T
    count, part, shape, shapes = _owners(kind, lon.size, offsets)
    placed = np.bincount(shape, count, shapes) > 0
    placed[np.repeat(shape, count)[~(np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) <= 90))]] = False
    known = placed[shape]
    vertices = np.repeat(known, count)
    x, y = (share * (extent << tile.z) for share in world(lon[vertices], lat[vertices]))
    closed = kind in (GeometryType.POLYGON, GeometryType.MULTIPOLYGON)
    paths = _Paths(x - tile.x * extent, y - tile.y * extent, count[known], part[known], shape[known], closed)
    paths = _opened(paths) if closed else paths.drawable()
    inside = (_clipped_rings if closed else _clipped_lines)(paths, -buffer, extent + buffer)
    rows, commands, first = _commands(_whole(_simplified(inside, tolerance)))
    there = int(np.count_nonzero(placed))
    outside = np.unique(paths.shape).size - np.unique(inside.shape).size
    return Drawn(shapes, closed, rows, commands, first, shapes - there, outside, there - outside - rows.size)


def _owners(kind: GeometryType, vertices: int, offsets: tuple[NDArray[Any], ...]) -> tuple[I8, I8, I8, int]:
    """For each path how many vertices it has, its line or polygon and its shape; and how many shapes there are."""
    levels = [np.asarray(level, np.int64) for level in offsets]
    if len(levels) != _LEVELS[kind]:
        raise ValueError(f"{kind.name} needs {_LEVELS[kind]} arrays of offsets, not {len(levels)}")
    below = vertices
    for level in levels:
        if level.ndim != 1 or not level.size or level[0] != 0 or level[-1] != below or (np.diff(level) < 0).any():
            raise ValueError("offsets have to rise from 0 to the number of what they divide")
        below = level.size - 1
    count = np.diff(levels[0])
    owners = [np.arange(count.size)]
    for level in levels[1:]:
        owners.append(np.repeat(np.arange(level.size - 1), np.diff(level))[owners[-1]])
    polygons = kind in (GeometryType.POLYGON, GeometryType.MULTIPOLYGON)
    return count, owners[1 if polygons else 0], owners[-1], below


def _opened(rings: _Paths) -> _Paths:
    """The rings without the vertex that repeats their first."""
    paths = rings.drawable()
    first, last = paths.first, np.cumsum(paths.count) - 1
    repeats = (paths.x[first] == paths.x[last]) & (paths.y[first] == paths.y[last])
    stays = np.ones(paths.x.size, np.bool_)
    stays[last[repeats]] = False
    return paths.of(paths.x[stays], paths.y[stays], paths.path[stays]).drawable()


def _clipped_lines(paths: _Paths, low: int, high: int) -> _Paths:
    """What of the lines lies in the square from `low` to `high`; a line may leave it and come back as another part."""
    lines = shapely.linestrings(paths.x, paths.y, indices=paths.path)
    pieces, line = shapely.get_parts(shapely.clip_by_rect(lines, low, low, high, high), return_index=True)
    kept = shapely.get_type_id(pieces) == GeometryType.LINESTRING
    (x, y), path = _vertices(pieces[kept])
    shape = paths.shape[line[kept]]
    return _Paths(x, y, np.bincount(path, minlength=shape.size), np.arange(shape.size), shape, False).drawable()


def _clipped_rings(paths: _Paths, low: int, high: int) -> _Paths:
    """What of the rings lies in the square, by one side of it after the other.

    Source: Sutherland & Hodgman (1974), Reentrant polygon clipping, Communications of the ACM 17 (1), 32-42.
    """
    for across_x, sign, edge in ((True, 1, low), (True, -1, high), (False, 1, low), (False, -1, high)):
        along, other = (paths.x, paths.y) if across_x else (paths.y, paths.x)
        depth = (along - edge) * sign
        before = np.arange(along.size) - 1
        before[paths.first] += paths.count
        within = depth >= 0
        crosses = within != within[before]
        share = depth[before][crosses] / (depth[before] - depth)[crosses]
        met = other[before][crosses] + share * (other - other[before])[crosses]
        # Where an edge crosses the side, its crossing stands before its end; the end stands when it is within.
        written = within.astype(np.int64) + crosses
        place = np.cumsum(written) - written
        new_along, new_other = np.full(int(written.sum()), float(edge)), np.empty(int(written.sum()))
        new_other[place[crosses]] = met
        new_along[(place + crosses)[within]] = along[within]
        new_other[(place + crosses)[within]] = other[within]
        path = np.repeat(paths.path, written)
        x, y = (new_along, new_other) if across_x else (new_other, new_along)
        paths = paths.of(x, y, path).drawable()
    return paths


def _simplified(paths: _Paths, tolerance: float) -> _Paths:
    """The paths with fewer vertices, none farther from its true course than the tolerance (Douglas & Peucker)."""
    x, y, path = paths.x, paths.y, paths.path
    if paths.closed:
        once_more = np.insert(np.arange(x.size), np.cumsum(paths.count), paths.first)
        x, y, path = x[once_more], y[once_more], path[once_more]
    lines = shapely.linestrings(x, y, indices=path)
    (x, y), path = _vertices(shapely.simplify(lines, tolerance, preserve_topology=False))
    simpler = paths.of(x, y, path)
    return _opened(simpler) if paths.closed else simpler


def _vertices(lines: NDArray[Any]) -> tuple[F8, I8]:
    """Coordinates float64[2, v] of lines, and the line of each."""
    vertices, line = shapely.get_coordinates(lines, return_index=True)
    return vertices.T, line


def _whole(paths: _Paths) -> _Paths:
    """The paths on whole units, without repeated vertices and rings without area, wound as the format wants."""
    x, y, path = np.rint(paths.x), np.rint(paths.y), paths.path
    keep = np.ones(x.size, np.bool_)
    keep[1:] = (x[1:] != x[:-1]) | (y[1:] != y[:-1]) | (path[1:] != path[:-1])
    paths = paths.of(x[keep], y[keep], path[keep])
    if not paths.closed:
        return paths.drawable()
    paths = _opened(paths)
    area = _area(paths)
    paths = paths.drawable(area != 0)
    turned = (_area(paths) > 0) == paths.holes
    ends, here = np.cumsum(paths.count), np.arange(paths.x.size)
    mirrored = np.repeat(2 * ends - paths.count - 1, paths.count) - here
    source = np.where(np.repeat(turned, paths.count), mirrored, here)
    return paths.of(paths.x[source], paths.y[source], paths.path)


def _area(rings: _Paths) -> F8:
    """Signed area of each ring by the surveyor's formula; outer rings are above 0 where y points down (4.3.4.4)."""
    after = np.arange(rings.x.size) + 1
    after[np.cumsum(rings.count) - 1] = rings.first
    cross = rings.x * rings.y[after] - rings.x[after] * rings.y
    return np.bincount(rings.path, cross, rings.count.size) / 2


def _commands(paths: _Paths) -> tuple[I8, U8, I8]:
    """Rows of the shapes that have paths, their commands, and where each shape's commands begin."""
    rows, leading = np.unique(paths.shape, return_index=True)
    length = 2 + 2 * paths.count + paths.closed
    begin = np.cumsum(length) - length
    commands = np.empty(int(length.sum()), np.uint64)
    commands[begin] = _MOVE_TO_ONE
    commands[begin + 3] = ((paths.count - 1) << 3 | _LINE_TO).view(np.uint64)
    if paths.closed:
        commands[begin + length - 1] = _CLOSE_PATH
    # The command between the first vertex of a path and the others shifts those by one.
    place = np.repeat(begin + 2, paths.count) + 2 * (np.arange(paths.x.size) - np.repeat(paths.first, paths.count))
    place[paths.first] -= 1
    # Each vertex is told from the one before it, also over the end of a path; the first of a shape from the corner.
    opening = paths.first[leading]
    for axis, values in enumerate((paths.x, paths.y)):
        step = np.diff(values, prepend=0.0)
        step[opening] = values[opening]
        commands[place + axis] = zigzag(step.astype(np.int64))
    return rows, commands, begin[leading]
