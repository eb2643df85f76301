"""Coordinates at the edge: the datums and projections of Chinese files to WGS-84 and back. Inside, all is WGS-84.

Longitude comes before latitude and easting before northing everywhere, as x before y; Chinese surveyors write the
northing first (X) and call the easting Y, which `suspects` looks for.

| system | what it is |
|---|---|
| WGS-84 | degrees |
| CGCS2000 | degrees, taken as WGS-84: the two frames differ by less than 0.1 m in China, less than a fire hydrant |
| GCJ-02 | degrees, shifted by law by 100 to 700 m for maps on the public internet |
| BD-09 | degrees, GCJ-02 shifted once more by one map provider |
| EPSG:3857 | metres, web Mercator |
| EPSG:4491–4501 | CGCS2000 / Gauss–Krüger, 6-degree zones 13–23, the zone before the easting |
| EPSG:4502–4512 | the same by central meridian, 75°E–135°E, without zone |
| EPSG:4513–4533 | CGCS2000 / Gauss–Krüger, 3-degree zones 25–45, the zone before the easting |
| EPSG:4534–4554 | the same by central meridian, 75°E–135°E, without zone |

Beijing 1954 and Xi'an 1980 are not here: moving them needs parameters that are kept by the surveying authorities.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Transformer

from anlan.formats.faults import Refused

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]
#: West, south, east, north in degrees of WGS-84.
Box = tuple[float, float, float, float]

WGS84, CGCS2000, GCJ02, BD09, WEB_MERCATOR = "WGS-84", "CGCS2000", "GCJ-02", "BD-09", "EPSG:3857"

#: Semi-major axis in m and first eccentricity squared of the Krasovsky ellipsoid, on which the shift is made.
_KRASOVSKY_A, _KRASOVSKY_E2 = 6_378_245.0, 0.006_693_421_622_965_943_23
#: Where the public formula shifts: longitude and latitude, degrees. It is a box around China, so that places of its
#: neighbours within the box are shifted too; maps of such places in GCJ-02 are not.
SHIFTED: Box = (72.004, 0.8293, 137.8347, 55.8271)
_BD_STEP = np.pi * 3000 / 180
#: An inverse has come near enough when going forth again misses by less than so many degrees (0.1 mm).
_NEAR, _STEPS = 1e-9, 30


def _columns(x: ArrayLike, y: ArrayLike) -> Pair:
    a, b = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    return a.copy(), b.copy()


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift WGS-84 to GCJ-02.

    lon, lat  degrees; NaN gives NaN
    returns   degrees, the broadcast shape; unchanged outside of `SHIFTED`

    Source: the formula is not published by its authority; this is the one in public use since 2010, which agrees with
    the maps to about 1 m (vectors of eviltransform and coordtransform in the tests).
    """
    a, b = _columns(lon, lat)
    x, y = a - 105.0, b - 35.0
    root = np.sqrt(np.abs(x))
    wave = (20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    north += (20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi)) * 2 / 3
    north += (160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y * np.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    east += (20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi)) * 2 / 3
    east += (150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x / 30 * np.pi)) * 2 / 3
    # Metres to degrees by the radii of curvature.
    phi = np.radians(b)
    w2 = 1 - _KRASOVSKY_E2 * np.sin(phi) ** 2
    d_lat = np.degrees(north * w2 * np.sqrt(w2) / (_KRASOVSKY_A * (1 - _KRASOVSKY_E2)))
    d_lon = np.degrees(east * np.sqrt(w2) / (_KRASOVSKY_A * np.cos(phi)))
    inside = (a >= SHIFTED[0]) & (a <= SHIFTED[2]) & (b >= SHIFTED[1]) & (b <= SHIFTED[3])
    return np.where(inside, a + d_lon, a), np.where(inside, b + d_lat, b)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """The place that `wgs84_to_gcj02` shifts to these coordinates, to 1e-9 degrees.

    Within 1 km of the rim of `SHIFTED` there may be two such places or none; the coordinates then come back as near
    as the formula allows.
    """
    return _inverse(wgs84_to_gcj02, lon, lat)


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift GCJ-02 to BD-09: degrees in, degrees out. Source: the formula in public use, as for GCJ-02."""
    x, y = _columns(lon, lat)
    radius = np.hypot(x, y) + 0.000_02 * np.sin(y * _BD_STEP)
    angle = np.arctan2(y, x) + 0.000_003 * np.cos(x * _BD_STEP)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """The place that `gcj02_to_bd09` shifts to these coordinates, to 1e-9 degrees.

    The closed formula in public use misses by up to 1e-5 degrees (1 m); this one goes forth and back exactly.
    """
    return _inverse(gcj02_to_bd09, lon, lat)


def _inverse(forth: Callable[[ArrayLike, ArrayLike], Pair], lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Fixed-point iteration; the shifts vary by less than a hundredth over their own length, so it converges."""
    x, y = _columns(lon, lat)
    a, b = x.copy(), y.copy()
    for _step in range(_STEPS):
        to_x, to_y = forth(a, b)
        miss_x, miss_y = to_x - x, to_y - y
        a, b = a - miss_x, b - miss_y
        if not ((np.abs(miss_x) > _NEAR) | (np.abs(miss_y) > _NEAR)).any():
            break
    return a, b


@dataclass(frozen=True, slots=True)
class Grid:
    """A Gauss–Krüger projection of CGCS2000.

    epsg      its number
    width     of its zones, 3 or 6 degrees
    zone      number that stands before the easting, 0 where none does
    meridian  central, degrees east
    """

    epsg: int
    width: int
    zone: int
    meridian: float


def _grids() -> Iterator[Grid]:
    for step in range(11):
        yield Grid(4491 + step, 6, 13 + step, 75.0 + 6 * step)
        yield Grid(4502 + step, 6, 0, 75.0 + 6 * step)
    for step in range(21):
        yield Grid(4513 + step, 3, 25 + step, 75.0 + 3 * step)
        yield Grid(4534 + step, 3, 0, 75.0 + 3 * step)


#: Projections by the name of their system, `EPSG:4549`.
GRIDS = {f"EPSG:{grid.epsg}": grid for grid in _grids()}
SYSTEMS = (WGS84, CGCS2000, GCJ02, BD09, WEB_MERCATOR, *GRIDS)
#: Metres: half the width of the strip that a false easting of 500 km leaves room for, and the northing of 60°N.
_FALSE_EASTING, _NORTHEST = 500_000.0, 6_655_000.0
_MERCATOR_END = 20_037_508.342_789_244
_ZONE_STEP = 1_000_000


def to_wgs84(system: str, x: ArrayLike, y: ArrayLike) -> Pair:
    """Coordinates of a system to WGS-84.

    system   one of SYSTEMS
    x, y     longitude and latitude in degrees, or easting and northing in m
    returns  longitude and latitude in degrees, the broadcast shape

    Raises Refused: `unknown_system`; `impossible_coordinates`, with the first index as its place, for what is no place
    of the system: NaN, beyond 180 and 90 degrees, another zone's number, nearer to another zone's meridian than a zone
    is wide.
    """
    a, b = _columns(x, y)
    if system in (WGS84, CGCS2000, GCJ02, BD09):
        _refuse(system, ~((np.abs(a) <= 180) & (np.abs(b) <= 90)))
        if system == BD09:
            a, b = bd09_to_gcj02(a, b)
        return gcj02_to_wgs84(a, b) if system in (GCJ02, BD09) else (a, b)
    if system == WEB_MERCATOR:
        _refuse(system, ~((np.abs(a) <= _MERCATOR_END) & (np.abs(b) <= _MERCATOR_END)))
        return _transformed(WEB_MERCATOR, a, b, back=True)
    grid = _grid(system)
    rest = a - grid.zone * _ZONE_STEP
    _refuse(system, ~((rest > 0) & (rest < 2 * _FALSE_EASTING) & (b > -_NORTHEST) & (b < _NORTHEST)))
    lon, lat = _transformed(system, a, b, back=True)
    _refuse(system, ~(np.abs(lon - grid.meridian) <= grid.width))
    return lon, lat


def from_wgs84(system: str, lon: ArrayLike, lat: ArrayLike) -> Pair:
    """WGS-84 to the coordinates of a system; the other way round than `to_wgs84`, with the same refusals."""
    a, b = _columns(lon, lat)
    _refuse(system, ~((np.abs(a) <= 180) & (np.abs(b) <= 90)))
    if system in (WGS84, CGCS2000):
        return a, b
    if system in (GCJ02, BD09):
        a, b = wgs84_to_gcj02(a, b)
        return gcj02_to_bd09(a, b) if system == BD09 else (a, b)
    if system == WEB_MERCATOR:
        x, y = _transformed(WEB_MERCATOR, a, b)
        _refuse(system, ~(np.abs(y) <= _MERCATOR_END))
        return x, y
    _refuse(system, ~((np.abs(a - _grid(system).meridian) <= _grid(system).width) & (np.abs(b) < 60)))
    return _transformed(system, a, b)


def _grid(system: str) -> Grid:
    if system not in GRIDS:
        raise Refused("unknown_system", system=system)
    return GRIDS[system]


@lru_cache(maxsize=len(GRIDS) + 1)
def _transformer(system: str) -> Transformer:
    # From CGCS2000 to its own projections: no datum is changed, and CGCS2000 is taken as WGS-84.
    return Transformer.from_crs("EPSG:4326" if system == WEB_MERCATOR else "EPSG:4490", system, always_xy=True)


def _transformed(system: str, x: Floats, y: Floats, *, back: bool = False) -> Pair:
    a, b = _transformer(system).transform(x, y, direction="INVERSE" if back else "FORWARD")
    return np.asarray(a, np.float64), np.asarray(b, np.float64)


def _refuse(system: str, wrong: NDArray[np.bool_]) -> None:
    if wrong.any():
        raise Refused("impossible_coordinates", str(int(np.flatnonzero(wrong)[0])), system=system)


def zone_of(easting: float) -> int:
    """The zone that stands before an easting such as 39 512 345.6 m: 13–23 of 6 degrees, 25–45 of 3; 0 for none."""
    zone = int(easting // _ZONE_STEP) if np.isfinite(easting) else 0
    return zone if zone in range(13, 24) or zone in range(25, 46) else 0


@dataclass(frozen=True, slots=True)
class Suspect:
    """A system in which the points would lie in the box.

    swapped  when their columns are taken the other way round
    share    of the points that would lie in it, 0..1
    lon, lat of the first such point, WGS-84 degrees: to show on a map
    """

    system: str
    swapped: bool
    share: float
    lon: float
    lat: float


def suspects(x: ArrayLike, y: ArrayLike, box: Box) -> tuple[Suspect, ...]:
    """The systems that would put points inside a box, the most points first: to ask a person, never to decide.

    WGS-84, GCJ-02 and BD-09 differ by some hundred metres, so a whole county always has all three.

    x, y  the columns as they are in the file; NaN is left out
    box   west, south, east, north of the county, WGS-84 degrees
    """
    a, b = _columns(x, y)
    known = np.isfinite(a) & np.isfinite(b)
    a, b = a[known], b[known]
    found = []
    for swapped, (first, second) in ((False, (a, b)), (True, (b, a))):
        for system in _imaginable(first, second, box):
            suspect = _tried(system, swapped, first, second, box)
            if suspect is not None:
                found.append(suspect)
    return tuple(sorted(found, key=lambda suspect: (-suspect.share, suspect.swapped, SYSTEMS.index(suspect.system))))


def _imaginable(x: Floats, y: Floats, box: Box) -> Iterator[str]:
    """Systems worth trying for points of this size."""
    if not x.size:
        return
    if np.median(np.abs(x)) <= 180 and np.median(np.abs(y)) <= 90:
        yield from (WGS84, GCJ02, BD09)
        return
    yield WEB_MERCATOR
    zone = zone_of(float(np.median(x)))
    for system, grid in GRIDS.items():
        # A central meridian may be of both widths; without a zone the numbers are the same, so one name is enough.
        double = grid.width == 6 and not grid.zone
        if grid.zone == zone and not double and box[0] - grid.width <= grid.meridian <= box[2] + grid.width:
            yield system


def _tried(system: str, swapped: bool, x: Floats, y: Floats, box: Box) -> Suspect | None:
    """How many points the system puts into the box; those that are no places of it are none."""
    lon, lat = np.full(x.size, np.nan), np.full(x.size, np.nan)
    fine = np.ones(x.size, np.bool_)
    while fine.any():
        try:
            lon[fine], lat[fine] = to_wgs84(system, x[fine], y[fine])
            break
        except Refused as refused:
            fine[np.flatnonzero(fine)[int(refused.fault.where)]] = False
    inside = (lon >= box[0]) & (lon <= box[2]) & (lat >= box[1]) & (lat <= box[3])
    if not inside.any():
        return None
    first = int(np.flatnonzero(inside)[0])
    return Suspect(system, swapped, float(inside.mean()), float(lon[first]), float(lat[first]))


_ANGLE = re.compile(
    r"(?P<before>[EWNS东西南北]?)(?:经|纬)?\s*(?P<sign>[+-]?)(?P<d>\d{1,3}(?:\.\d+)?)\s*[°度]?"
    r"(?:\s*(?P<m>\d{1,2}(?:\.\d+)?)\s*['′分])?(?:\s*(?P<s>\d{1,2}(?:\.\d+)?)\s*(?:[\"″秒]|''|′′))?\s*(?P<after>[EWNS]?)",
    re.IGNORECASE,
)


def degrees(text: str) -> float:
    """An angle as people write it: `118.875`, `118°52'30"`, `118度52分30秒`, `东经118°52.5′`, `31°20′N`.

    returns  degrees, negative in the west and south

    Raises Refused("not_degrees") for anything else, and for minutes or seconds of 60 and more.
    """
    found = _ANGLE.fullmatch(text.strip())
    if not found or (found["before"] and found["after"]):
        raise Refused("not_degrees", value=text[:60])
    whole, minutes, seconds = (float(found[part] or 0) for part in "dms")
    broken = ("." in found["d"] and (found["m"] or found["s"])) or ("." in (found["m"] or "") and found["s"])
    if broken or minutes >= 60 or seconds >= 60 or whole > 180:
        raise Refused("not_degrees", value=text[:60])
    angle = whole + minutes / 60 + seconds / 3600
    negative = (found["sign"] == "-") != ((found["before"] or found["after"]).upper() in ("W", "S", "西", "南"))
    return -angle if negative and angle else angle
