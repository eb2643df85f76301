"""A circle or a polygon on the ellipsoid: what lies inside, how far away, and how much of each cell of a grid.

Places are degrees WGS-84, distances metres along the geodesic. An area is at most a few hundred kilometres wide and
away from the poles and the 180th degree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

F8 = NDArray[np.float64]
B1 = NDArray[np.bool_]

_EARTH = pyproj.Geod(ellps="WGS84")
#: Corners of the polygon that stands for a circle; its area is that of the circle to 1 in 50,000.
CORNERS = 720
#: Share of a radius within which a quick distance does not decide; its error is below 1 in 1,000,000 at 50 km.
_DOUBT = 1e-4


@dataclass(frozen=True, slots=True)
class Area:
    """What is looked at.

    shape     polygon or multipolygon; for a circle a polygon of `CORNERS` corners on its rim
    lon, lat  the middle, from which distances are measured
    radius_m  None for a polygon
    """

    shape: Any
    lon: float
    lat: float
    radius_m: float | None = None
    box: tuple[float, float, float, float] = field(default=(0.0, 0.0, 0.0, 0.0))

    def near(self, lon: F8, lat: F8) -> NDArray[np.int64]:
        """Rows of the places inside, ascending. lon, lat: float64[n]; NaN lies nowhere."""
        west, south, east, north = self.box
        rows = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
        x, y = lon[rows], lat[rows]
        if self.radius_m is None:
            return np.asarray(rows[shapely.intersects_xy(self.shape, x, y)], np.int64)
        # Three measures, each for those whom the one before leaves open: a flat one, one by curvature, the exact one.
        far = flat_distances_m(self.lon, self.lat, x, y)
        for measure, doubt in ((quick_distances_m, self._flat_doubt()), (distances_m, _DOUBT)):
            undecided = np.flatnonzero(np.abs(far - self.radius_m) <= doubt * self.radius_m + 0.01)
            far[undecided] = measure(self.lon, self.lat, x[undecided], y[undecided])
        return np.asarray(rows[far <= self.radius_m], np.int64)

    def _flat_doubt(self) -> float:
        """Share of the radius by which a flat distance may be wrong: meridians draw together towards the pole."""
        return 0.001 + 2 * (self.radius_m or 0.0) / _EARTH.a * (1 + abs(math.tan(math.radians(self.lat))))

    def nearest(self, lon: F8, lat: F8, most: int) -> NDArray[np.int64]:
        """Rows of the nearest places, at most `most`, the nearest first."""
        rows = np.arange(lon.size)
        wide = 4 * most + 64
        for measure, kept in ((flat_distances_m, wide), (quick_distances_m, most)):
            if rows.size > kept:
                far = measure(self.lon, self.lat, lon[rows], lat[rows])
                rows = rows[np.argpartition(far, kept - 1)[:kept]]
        return np.asarray(rows[np.argsort(self.distances_m(lon[rows], lat[rows]), kind="stable")], np.int64)

    def distances_m(self, lon: F8, lat: F8) -> F8:
        """How far places are from the middle."""
        return distances_m(self.lon, self.lat, lon, lat)


def circle(lon: float, lat: float, radius_m: float) -> Area:
    """Everything within `radius_m` of a place."""
    bearing = np.linspace(0, 360, CORNERS, endpoint=False)
    x, y, _back = _EARTH.fwd(np.full(CORNERS, lon), np.full(CORNERS, lat), bearing, np.full(CORNERS, float(radius_m)))
    shape = shapely.Polygon(np.column_stack((x, y)))
    west, south, east, north = shape.bounds
    grow = 1e-9 + 2e-5 * (east - west)
    return Area(shape, lon, lat, float(radius_m), (west - grow, south - grow, east + grow, north + grow))


def polygon(shape: Any) -> Area:
    """A polygon or multipolygon; the middle is its centroid. Raises ValueError for anything else or a broken one."""
    if shape is None or shape.is_empty or shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise ValueError("an area is a polygon")
    if not shape.is_valid:
        raise ValueError(f"the polygon is broken: {shapely.is_valid_reason(shape)}")
    shapely.prepare(shape)
    return Area(shape, float(shape.centroid.x), float(shape.centroid.y), None, shape.bounds)


def grown(shape: Any, metres: float) -> Any:
    """A point, line or polygon with everything within `metres` of it, as a polygon.

    Drawn on a plane that keeps distances from the middle: good to 1 in 10,000 for shapes up to 100 km wide.
    """
    lon, lat = float(shape.centroid.x), float(shape.centroid.y)
    there, back = _plane(round(lon, 3), round(lat, 3))
    flat = shapely.transform(shape, there.transform, interleaved=False)
    return shapely.transform(shapely.buffer(flat, metres, quad_segs=64), back.transform, interleaved=False)


def area_km2(shape: Any) -> float:
    """Area of a polygon on the ellipsoid."""
    return abs(_EARTH.geometry_area_perimeter(shape)[0]) / 1e6


def distances_m(lon: float, lat: float, lons: F8, lats: F8) -> F8:
    """Exact distances of places from one place."""
    if not lons.size:
        return np.zeros(0)
    _there, _back, far = _EARTH.inv(np.full(lons.size, lon), np.full(lons.size, lat), lons, lats)
    return np.asarray(far, np.float64)


def flat_distances_m(lon: float, lat: float, lons: F8, lats: F8) -> F8:
    """Distances on a plane with the radii of curvature at the one place: good to a thousandth within 10 km."""
    a, e2 = _EARTH.a, _EARTH.es
    w2 = 1 - e2 * math.sin(math.radians(lat)) ** 2
    north = math.radians(1) * a * (1 - e2) / w2**1.5
    east = math.radians(1) * a / math.sqrt(w2) * math.cos(math.radians(lat))
    return np.asarray(np.hypot((lons - lon) * east, (lats - lat) * north), np.float64)


def quick_distances_m(lon: float, lat: float, lons: F8, lats: F8) -> F8:
    """Distances by the radii of curvature at the middle latitude of each pair (Gauss)."""
    a, e2 = _EARTH.a, _EARTH.es
    middle = np.radians((lats + lat) / 2)
    w2 = 1 - e2 * np.sin(middle) ** 2
    north = a * (1 - e2) / w2**1.5 * np.radians(lats - lat)
    east = a / np.sqrt(w2) * np.cos(middle) * np.radians(lons - lon)
    return np.asarray(np.hypot(north, east), np.float64)


def shares(cells: NDArray[Any], shape: Any) -> F8:
    """How much of each cell's area lies in a shape, 0 … 1. cells: polygons small enough to be flat (a few km)."""
    found = np.zeros(cells.size)
    if not cells.size:
        return found
    shapely.prepare(shape)
    whole = shapely.contains_properly(shape, cells)
    found[whole] = 1.0
    rim = np.flatnonzero(~whole & shapely.intersects(shape, cells))
    # A degree east and one north have another length, but the same in all of a cell: shares are those of the ground.
    found[rim] = shapely.area(shapely.intersection(cells[rim], shape)) / shapely.area(cells[rim])
    return np.clip(found, 0.0, 1.0)


@lru_cache(maxsize=64)
def _plane(lon: float, lat: float) -> tuple[pyproj.Transformer, pyproj.Transformer]:
    plane = f"+proj=aeqd +lat_0={lat} +lon_0={lon} +datum=WGS84 +units=m"
    return (
        pyproj.Transformer.from_crs("EPSG:4326", plane, always_xy=True),
        pyproj.Transformer.from_crs(plane, "EPSG:4326", always_xy=True),
    )
