"""Web Mercator and the square tiles that maps cut it into.

Tiles are counted as all web maps do: at zoom z the world is 2^z tiles wide and high, x grows eastwards from 180 degrees
west, y southwards from the northern edge. Positions are WGS-84 degrees. The square world ends at 85.05 degrees north
and south; what lies beyond is drawn at its edge. Source: EPSG:3857 (IOGP Guidance Note 7-2, 3.2.1.2, popular
visualisation pseudo-Mercator).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .wire import B1, F8, I8

#: Where the square world ends, degrees north and south: its height equals its width there.
EDGE = math.degrees(math.atan(math.sinh(math.pi)))
#: Deepest zoom; a unit of a tile is then 10 micrometres, far below what a float64 degree tells apart.
DEEPEST = 30
#: Units along an edge of a tile, and how many of them beyond the edge are drawn, so that a symbol or the stroke of a
#: line is whole across it. A map of 512 pixels a tile shows 8 units as a pixel.
EXTENT, BUFFER = 4096, 64


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile. Raises ValueError when there is none of these numbers."""

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if not 0 <= self.z <= DEEPEST or not (0 <= self.x < 1 << self.z and 0 <= self.y < 1 << self.z):
            raise ValueError(f"there is no tile {self.z}/{self.x}/{self.y}: zoom 0 to {DEEPEST}, x and y below 2^zoom")


@dataclass(frozen=True, slots=True)
class Placed:
    """Which points a tile shows, and where.

    rows      int64[k], ascending: their rows among the points given
    x, y      int64[k], units of the tile from its north-west corner
    unplaced  how many points have no position on Earth
    outside   how many lie outside the tile and its buffer
    """

    rows: I8
    x: I8
    y: I8
    unplaced: int
    outside: int


def degrees(lon: ArrayLike, lat: ArrayLike) -> tuple[F8, F8]:
    """Positions as two columns of one length. Raises ValueError when they are not."""
    longitudes, latitudes = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    if longitudes.ndim != 1 or longitudes.shape != latitudes.shape:
        raise ValueError(f"lon and lat need one length, not the shapes {longitudes.shape} and {latitudes.shape}")
    return longitudes, latitudes


def world(lon: F8, lat: F8) -> tuple[F8, F8]:
    """Position in the square world, 0 … 1 eastwards and southwards; degrees beyond its edges stand at the edge."""
    # Through sine and artanh, which stay finite at the edge.
    north = np.arctanh(np.sin(np.radians(np.clip(lat, -EDGE, EDGE))))
    return np.clip(lon / 360 + 0.5, 0.0, 1.0), np.clip(0.5 - north / (2 * math.pi), 0.0, 1.0)


def on_earth(lon: F8, lat: F8) -> B1:
    """Which positions there are: a number is known, |lon| <= 180 and |lat| <= 90."""
    return (np.abs(lon) <= 180) & (np.abs(lat) <= 90)


def tile_bounds(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """West, south, east and north edge of a tile, degrees. Raises ValueError when there is no such tile."""
    tile = Tile(z, x, y)
    tiles = 1 << tile.z
    south, north = (math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / tiles)))) for row in (y + 1, y))
    return x / tiles * 360 - 180, south, (x + 1) / tiles * 360 - 180, north


def tiles_of(lon: ArrayLike, lat: ArrayLike, z: int) -> tuple[I8, I8]:
    """Tile of each point at a zoom: x and y, int64[n]; -1 for a point that has no position on Earth.

    The 180th degree east belongs to the last tile, both poles to the tile at the edge.
    """
    points = degrees(lon, lat)
    there = on_earth(*points)
    x, y = (_cells(share, Tile(z, 0, 0), 1) for share in world(*points))
    return np.where(there, x, -1).astype(np.int64), np.where(there, y, -1).astype(np.int64)


def place(tile: Tile, lon: ArrayLike, lat: ArrayLike, *, extent: int = EXTENT, buffer: int = BUFFER) -> Placed:
    """The points that lie in a tile or within `buffer` units around it.

    lon, lat  float64[n], degrees; NaN, infinite or impossible where the position is not known
    extent    units along an edge of the tile
    """
    points = degrees(lon, lat)
    there = on_earth(*points)
    wide, high = world(*points)
    # Cut off rather than rounded: each point then has its units in the one tile that `tiles_of` names.
    x = _cells(wide, tile, extent) - tile.x * extent
    y = _cells(high, tile, extent) - tile.y * extent
    inside = there & (x >= -buffer) & (x < extent + buffer) & (y >= -buffer) & (y < extent + buffer)
    rows = np.flatnonzero(inside)
    known = int(np.count_nonzero(there))
    return Placed(rows, x[rows].astype(np.int64), y[rows].astype(np.int64), there.size - known, known - rows.size)


def _cells(share: F8, tile: Tile, extent: int) -> F8:
    """Number of the cell that a share of the world falls into when each tile has `extent` of them."""
    cells = extent << tile.z
    return np.minimum(np.floor(share * cells), cells - 1)
