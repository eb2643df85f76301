"""Places of moving things: which can be meant, how far one lies beyond what a fence allows, a trail for a screen.

Places are degrees WGS-84, times epoch ms. Nothing here knows a clock: what is too old is for those who ask.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from anlan.science.series import Floats, Times

#: What is said of a place: it can be meant; the receiver had none; it is no place for a receiver to be (beyond the
#: globe, or 0 N 0 E, which receivers send that have not found themselves yet); it lies farther than the carrier can go.
FINE, NO_FIX, IMPOSSIBLE, JUMP = 0, 1, 2, 3
Marks = NDArray[np.uint8]

#: Readings from this quality on have no value.
_BAD = 2
#: Degrees round 0 N 0 E within which a receiver has not found itself.
_NOWHERE = 1e-3
#: m by which two places of one carrier may differ for no reason but the receiver.
SLACK_M = 100.0
#: So many places in a row that agree with each other are believed although they lie far from the one before.
AGREE = 3
#: Radii of the ellipsoid WGS-84: semi-major axis, m, and first eccentricity squared. Source: NIMA TR8350.2, 3.2.
_A, _E2 = 6_378_137.0, 6.694_379_990_14e-3
#: m: a distance within what is allowed is not told further than this, and stands for everywhere.
FARTHEST_M = 10_000.0


@dataclass(frozen=True, slots=True)
class Trust:
    """The last place that was believed, and how many in a row spoke for another one; handed on between batches.

    t  epoch ms, -1 before the first
    """

    t: int = -1
    lon: float = math.nan
    lat: float = math.nan
    other_t: int = -1
    other_lon: float = math.nan
    other_lat: float = math.nan
    others: int = 0


def scales(lat: float) -> tuple[float, float]:
    """Metres of a degree east and a degree north at a latitude, on the ellipsoid."""
    w2 = 1 - _E2 * math.sin(math.radians(lat)) ** 2
    east = math.radians(1) * _A / math.sqrt(w2) * math.cos(math.radians(lat))
    return east, math.radians(1) * _A * (1 - _E2) / w2**1.5


def steps_m(lon: ArrayLike, lat: ArrayLike) -> Floats:
    """Great-circle distance from each place to the next.

    lon, lat  degrees, float[n]; NaN gives NaN
    returns   m, float[n - 1]; empty for less than two places. Within 0.5 % of the distance on the ellipsoid.
    Source: haversine formula, Sinnott (1984), Sky and Telescope 68:159; mean radius by IUGG.
    """
    x, y = np.radians(np.asarray(lon, np.float64)), np.radians(np.asarray(lat, np.float64))
    h = np.sin(np.diff(y) / 2) ** 2 + np.cos(y[:-1]) * np.cos(y[1:]) * np.sin(np.diff(x) / 2) ** 2
    return np.asarray(2 * 6_371_008.8 * np.arcsin(np.sqrt(np.clip(h, 0.0, 1.0))), np.float64)


def judged(
    t_ms: Times, lon: Floats, lat: Floats, quality: NDArray[np.uint8], fastest_km_h: float, was: Trust | None = None
) -> tuple[Marks, Trust]:
    """What can be said of each place, and what to hand on to the next batch.

    t_ms          epoch ms, rising, all after the places that `was` knows
    lon, lat      degrees
    quality       as of readings: from 2 on there is no value
    fastest_km_h  > 0: what the carrier can do. A place is a jump when it lies farther from the last believed one than
                  this speed and SLACK_M allow; AGREE jumps that agree with each other are a new place, since a carrier
                  may be carried, and the first place believed may be the wrong one
    returns       FINE, NO_FIX, IMPOSSIBLE or JUMP for each; cut into batches anywhere it is the same

    Raises ValueError for a speed that is not above 0.
    """
    if not fastest_km_h > 0:
        raise ValueError(f"a carrier moves faster than 0 km/h, not {fastest_km_h}")
    was = was or Trust()
    marks = np.zeros(t_ms.size, np.uint8)
    with np.errstate(invalid="ignore"):
        beyond = (np.abs(lon) > 180) | (np.abs(lat) > 90) | ((np.abs(lon) < _NOWHERE) & (np.abs(lat) < _NOWHERE))
    marks[beyond] = IMPOSSIBLE
    marks[(quality >= _BAD) | np.isnan(lon) | np.isnan(lat)] = NO_FIX
    rows = np.flatnonzero(marks == FINE)
    if not rows.size:
        return marks, was
    t, x, y = t_ms[rows], lon[rows], lat[rows]
    if was.t >= 0:
        t, x, y = np.append(was.t, t), np.append(was.lon, x), np.append(was.lat, y)
    reach = SLACK_M + fastest_km_h / 3.6 * np.diff(t) / 1000
    if (steps_m(x, y) <= reach).all():
        # The usual case: every step can be driven, so no place is doubted.
        return marks, Trust(int(t[-1]), float(x[-1]), float(y[-1]))
    for row in rows.tolist():
        fine, was = _next(was, int(t_ms[row]), float(lon[row]), float(lat[row]), fastest_km_h / 3.6)
        marks[row] = FINE if fine else JUMP
    return marks, was


def _next(was: Trust, t: int, lon: float, lat: float, m_s: float) -> tuple[bool, Trust]:
    """Whether the next place is believed, and what is known then."""
    if was.t < 0 or _reachable(was.t, was.lon, was.lat, t, lon, lat, m_s):
        return True, Trust(t, lon, lat)
    agrees = was.others > 0 and _reachable(was.other_t, was.other_lon, was.other_lat, t, lon, lat, m_s)
    others = was.others + 1 if agrees else 1
    if others >= AGREE:
        return True, Trust(t, lon, lat)
    return False, Trust(was.t, was.lon, was.lat, t, lon, lat, others)


def _reachable(from_t: int, from_lon: float, from_lat: float, t: int, lon: float, lat: float, m_s: float) -> bool:
    return float(steps_m([from_lon, lon], [from_lat, lat])[0]) <= SLACK_M + m_s * (t - from_t) / 1000


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a fence stands: a polygon, or a circle when `radius_m` is given.

    shape     polygon or multipolygon of degrees; None for a circle
    lon, lat  the middle
    """

    shape: Any
    lon: float
    lat: float
    radius_m: float | None = None
    _flat: Any = field(default=None, compare=False)
    _rim: Any = field(default=None, compare=False)


def ground(shape: Any) -> Ground:
    """A polygon or multipolygon as the ground of a fence. Raises ValueError for anything else or a broken one."""
    if shape is None or shape.is_empty or shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise ValueError("a fence is a polygon or a circle")
    if not shape.is_valid:
        raise ValueError(f"the polygon is broken: {shapely.is_valid_reason(shape)}")
    lon, lat = float(shape.centroid.x), float(shape.centroid.y)
    flat = shapely.transform(shape, lambda places: _plane(places, lon, lat))
    shapely.prepare(flat)
    return Ground(shape, lon, lat, None, flat, flat.boundary)


def round_ground(lon: float, lat: float, radius_m: float) -> Ground:
    """A circle. Raises ValueError for a radius that is not above 0 or a middle that is no place."""
    if not (radius_m > 0 and abs(lon) <= 180 and abs(lat) <= 90):
        raise ValueError("a circle has a place on the globe and a radius above 0 m")
    return Ground(None, lon, lat, float(radius_m))


def _plane(places: NDArray[np.float64], lon: float, lat: float) -> NDArray[np.float64]:
    """Degrees as metres on a plane that touches the globe at a place; sides of a polygon stay straight."""
    return (places - (lon, lat)) * scales(lat)


def outside_m(lon: ArrayLike, lat: ArrayLike, here: Ground) -> Floats:
    """How far places lie outside of the ground; negative inside, by the distance to its rim.

    lon, lat  degrees, float[n]; NaN gives NaN
    returns   m. Within 0.5 % for a ground up to 100 km wide away from the poles; near its rim the error is that of the
              distance to the rim and not of the way across.
    """
    x, y = np.broadcast_arrays(np.asarray(lon, np.float64), np.asarray(lat, np.float64))
    flat = _plane(np.column_stack((x.ravel(), y.ravel())), here.lon, here.lat)
    if here.radius_m is not None:
        return np.asarray(np.hypot(flat[:, 0], flat[:, 1]) - here.radius_m, np.float64).reshape(x.shape)
    known = ~np.isnan(flat).any(axis=1)
    found = np.full(len(flat), np.nan)
    far = shapely.distance(here._rim, shapely.points(flat[known]))
    within = shapely.contains_xy(here._flat, flat[known, 0], flat[known, 1])
    found[known] = np.where(within, -far, far)
    return found.reshape(x.shape)


def beyond_m(lon: ArrayLike, lat: ArrayLike, here: Ground, *, keep_out: bool) -> Floats:
    """How far places lie beyond what a fence allows: above 0 it is broken, below 0 so much is left.

    keep_out  True: the ground must not be entered; False: it must not be left
    returns   m; not below -FARTHEST_M, which stands for “far from breaking it”; NaN where the place is
    """
    out = outside_m(lon, lat, here)
    return np.asarray(np.maximum(-out if keep_out else out, -FARTHEST_M), np.float64)


def thinned(lon: Floats, lat: Floats, tolerance_m: float) -> NDArray[np.int64]:
    """Which places of a trail are kept so that the line through them nowhere lies farther than so much from all.

    lon, lat     degrees, float[n] without NaN
    tolerance_m  m, >= 0; what a screen cannot tell apart
    returns      rows, ascending, the first and the last always among them
    Source: Douglas & Peucker (1973), Cartographica 10(2):112–122.
    """
    if lon.size <= 2 or tolerance_m <= 0:
        return np.arange(lon.size, dtype=np.int64)
    flat = _plane(np.column_stack((lon, lat)), float(lon[0]), float(lat[0]))
    line = shapely.linestrings(np.column_stack((flat, np.arange(lon.size))))
    kept = shapely.get_coordinates(shapely.simplify(line, tolerance_m, preserve_topology=False), include_z=True)
    rows = np.unique(kept[:, 2].astype(np.int64))
    return np.asarray(np.union1d(rows, [0, lon.size - 1]), np.int64)


def courses(lon: ArrayLike, lat: ArrayLike) -> Floats:
    """Course from each place to the next, degrees clockwise from north, 0 <= c < 360; float[n - 1]."""
    x, y = np.radians(np.asarray(lon, np.float64)), np.radians(np.asarray(lat, np.float64))
    dx = np.diff(x)
    east = np.sin(dx) * np.cos(y[1:])
    north = np.cos(y[:-1]) * np.sin(y[1:]) - np.sin(y[:-1]) * np.cos(y[1:]) * np.cos(dx)
    return np.asarray(np.degrees(np.arctan2(east, north)) % 360, np.float64)
