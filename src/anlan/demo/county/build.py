"""One seed in, one county out."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import shapely
from shapely.geometry import Polygon

from anlan.demo.county.model import KM_PER_LAT, KM_PER_LON, SEED, County, Place, to_km
from anlan.demo.county.noise import bell, even
from anlan.demo.county.people import staff
from anlan.demo.county.places import settle
from anlan.demo.county.points import fit_derived, fit_points
from anlan.demo.county.relief import raise_land
from anlan.demo.county.roads import build_roads
from anlan.demo.county.rules import alarm_rules
from anlan.demo.county.sites import Surveyor, build_sites
from anlan.demo.county.waters import lakes, rivers


@lru_cache(maxsize=2)
def build(seed: int = SEED) -> County:
    """The county of a seed; the same on every machine with the same numpy. Takes about ten seconds, then is kept.

    Raises ValueError when a seed's land leaves no room for a town or a site; 20261122 is tested.
    """
    bare = raise_land(seed)
    courses = rivers(bare, seed)
    water, land, wet = lakes(bare, seed)
    mosaic = settle(land, wet, seed)
    roads = build_roads(land, wet, mosaic.villages)
    surveyor = Surveyor(land, mosaic.towns, mosaic.villages, water, seed)
    sites = build_sites(surveyor, roads, courses)
    gateways, points = fit_points(seed, sites, mosaic.towns, courses)
    departments, people, posts = staff(seed, mosaic.towns, mosaic.grids, sites)
    return County(
        seed=seed,
        boundary=mosaic.boundary,
        land=land,
        towns=tuple(mosaic.towns),
        villages=tuple(mosaic.villages),
        grids=tuple(mosaic.grids),
        rivers=tuple(courses),
        lakes=tuple(water),
        roads=tuple(roads),
        buildings=tuple(_buildings(seed, mosaic.villages, surveyor)),
        departments=tuple(departments),
        people=tuple(people),
        posts=tuple(posts),
        sites=tuple(sites),
        gateways=tuple(gateways),
        points=tuple(points),
        derived=tuple(fit_derived(points)),
        rules=tuple(alarm_rules()),
    )


def _buildings(seed: int, villages: list[Place], surveyor: Surveyor) -> list[Polygon]:
    """Blocks of houses around each village's middle, thick there and thin outside, all turned a little alike."""
    blocks: list[Polygon] = []
    for k, village in enumerate(villages):
        seat = village.code.endswith("001")
        street = village.code[9] == "0"
        n = int(np.clip(village.population / (130 if street else 95), 8, 150))
        spread = (0.75 if seat else 0.55) * (village.population / 3000) ** 0.4
        index = np.arange(n)
        east, north = spread * bell(seed, 801, k, index), spread * bell(seed, 802, k, index)
        turn = float(even(seed, 803, k)) * np.pi / 2 + 0.25 * bell(seed, 804, k, index)
        long = 0.030 + 0.055 * even(seed, 805, k, index) ** 2
        wide = long * (0.45 + 0.5 * even(seed, 806, k, index))
        across, up = np.array([-1, 1, 1, -1]), np.array([-1, -1, 1, 1])
        x = east[:, None] + np.outer(long, across) * np.cos(turn)[:, None] - np.outer(wide, up) * np.sin(turn)[:, None]
        y = north[:, None] + np.outer(long, across) * np.sin(turn)[:, None] + np.outer(wide, up) * np.cos(turn)[:, None]
        rings = np.stack([village.lon + x / KM_PER_LON, village.lat + y / KM_PER_LAT], -1)
        blocks += shapely.polygons(np.round(rings, 5)).tolist()
    dry = ~shapely.intersects(surveyor.water, blocks)
    steep = [surveyor.slope[surveyor.land.cell(*_km(block))] > 0.42 for block in blocks]
    return [block for block, ok, bad in zip(blocks, dry, steep, strict=True) if ok and not bad]


def _km(block: Polygon) -> tuple[float, float]:
    x, y = to_km(block.centroid.x, block.centroid.y)
    return float(x), float(y)
