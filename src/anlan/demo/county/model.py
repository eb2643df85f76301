"""What the demo county consists of. All frozen; places in degrees WGS-84, shapes are shapely geometries.

安澜县 does not exist. Its code 990123 (city 9901, province 99) is in no edition of GB/T 2260, its people, firms and
phones are made up, its land copies no map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiPolygon, Polygon

from anlan.demo.county.relief import Land

#: The seed of the county that `anlan demo` builds.
SEED = 20261122

PROVINCE, CITY, COUNTY = "99", "9901", "990123"
PROVINCE_NAME, CITY_NAME, COUNTY_NAME = "岚省", "澄江市", "安澜县"

#: Middle of the county, degrees; kilometres per degree there.
LON_0, LAT_0 = 104.6, 31.9
KM_PER_LON, KM_PER_LAT = 94.58, 110.88


def to_lonlat(x: Any, y: Any) -> tuple[Any, Any]:
    """Degrees from km east and north of the middle (scalars or arrays)."""
    return LON_0 + x / KM_PER_LON, LAT_0 + y / KM_PER_LAT


def to_km(lon: Any, lat: Any) -> tuple[Any, Any]:
    """km east and north of the middle from degrees."""
    return (lon - LON_0) * KM_PER_LON, (lat - LAT_0) * KM_PER_LAT


@dataclass(frozen=True, slots=True)
class Place:
    """A region of the county.

    code        GB/T 2260 and longer: town 9 digits, village 12, grid 15
    level       "town", "village" or "grid"
    boundary    one piece for towns and villages; a grid of a bent village may have several
    worker      who works in a grid: (name, phone); empty for others
    """

    code: str
    name: str
    level: str
    parent: str
    boundary: Polygon | MultiPolygon
    lon: float
    lat: float
    population: int
    worker: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class River:
    """A water course from its head down.

    width   class 4 the great river … 1 a brook
    bed_m   height of the water at each vertex of the line, never rising
    """

    name: str
    line: LineString
    width: int
    bed_m: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Lake:
    """A reservoir or lake: `level_m` is the height of its water."""

    name: str
    shape: Polygon
    level_m: float


@dataclass(frozen=True, slots=True)
class Road:
    """A stretch of road. `rank` 1 provincial trunk, 2 provincial, 3 county, 4 village."""

    number: str
    rank: int
    line: LineString


@dataclass(frozen=True, slots=True)
class Department:
    """An office. `parent` is the code of the one above it, empty at the top."""

    code: str
    name: str
    parent: str
    region: str
    phone: str


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with an account.

    roles   codes of `rulebook/roles.yaml`
    region  where the roles hold
    """

    username: str
    name: str
    phone: str
    department: str
    roles: tuple[str, ...]
    region: str


@dataclass(frozen=True, slots=True)
class Post:
    """Who answers: slot A first, B when A does not."""

    duty: str
    name: str
    department: str
    region: str
    holder: str
    slot: str


@dataclass(frozen=True, slots=True)
class Site:
    """An enterprise, facility, hazard point or station.

    kind         as in the register of sites
    credit_code  unified social credit code with its check digit; empty where there is no legal person
    risk         1 red … 4 blue
    facts        further particulars, words for a reader
    """

    code: str
    name: str
    kind: str
    town: str
    village: str
    address: str
    credit_code: str
    risk: int
    keeper: str
    keeper_phone: str
    lon: float
    lat: float
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Gateway:
    """What sends readings: a firm's control room, or a town's telemetry hub. One credential at the door each."""

    code: str
    name: str
    region: str


@dataclass(frozen=True, slots=True)
class Point:
    """One measured quantity at one place.

    number     1 … n over the county, the key of its noise
    order      0 … peers−1 among the points of its kind, for events that visit one of them
    period_s   sampling period while the county is quiet
    archive_s  spacing of what the owner's own archive holds, for history
    low, high  physical range of the instrument
    digits     decimals that the instrument reports
    traits     what `anlan.demo.signals` knows of it, by name
    """

    number: int
    code: str
    name: str
    kind: str
    unit: str
    digits: int
    site: str
    town: str
    gateway: str
    lon: float
    lat: float
    period_s: int
    archive_s: int
    low: float
    high: float
    order: int
    peers: int
    traits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Derived:
    """A point that is computed from others by a named function, in the function's own rhythm."""

    code: str
    name: str
    function: str
    inputs: tuple[str, ...]
    parameters: Mapping[str, float]


@dataclass(frozen=True)
class County:
    """The whole county of a seed."""

    seed: int
    boundary: Polygon
    land: Land
    towns: tuple[Place, ...]
    villages: tuple[Place, ...]
    grids: tuple[Place, ...]
    rivers: tuple[River, ...]
    lakes: tuple[Lake, ...]
    roads: tuple[Road, ...]
    buildings: tuple[Polygon, ...]
    departments: tuple[Department, ...]
    people: tuple[Person, ...]
    posts: tuple[Post, ...]
    sites: tuple[Site, ...]
    gateways: tuple[Gateway, ...]
    points: tuple[Point, ...]
    derived: tuple[Derived, ...]
    rules: tuple[Mapping[str, Any], ...]

    @property
    def elevation(self) -> NDArray[np.float64]:
        """Heights in m; row 0 south, spacing `land.cell_km`."""
        return self.land.height

    @cached_property
    def site_by_code(self) -> Mapping[str, Site]:
        return {site.code: site for site in self.sites}

    @cached_property
    def point_by_code(self) -> Mapping[str, Point]:
        return {point.code: point for point in self.points}
