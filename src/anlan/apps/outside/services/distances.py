"""How far earthquakes are from a region and from its towns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level, Region
from anlan.science.coverage import distances_km


@dataclass(frozen=True, slots=True)
class Away:
    """Of one place: km from the region (0 inside, None without boundary), the nearest town and km to its seat."""

    county_km: float | None
    town: str
    town_km: float | None


def away(region: Region, lon: Sequence[float], lat: Sequence[float]) -> list[Away]:
    """How far each of some places (degrees, WGS-84) is; to half a percent."""
    if not lon:
        return []
    places = shapely.points(np.asarray(lon, float), np.asarray(lat, float))
    county = _outline_km(region, places)
    towns = [
        node
        for node in regions.tree().by_id.values()
        if node.level == Level.TOWN and node.path.startswith(region.path) and node.lon is not None
    ]
    if not towns:
        return [Away(km, "", None) for km in county]
    far = distances_km(lon, lat, [town.lon or 0.0 for town in towns], [town.lat or 0.0 for town in towns])
    nearest = far.argmin(axis=1)
    return [
        Away(km, towns[at].name, round(float(far[row, at]), 1))
        for row, (km, at) in enumerate(zip(county, nearest.tolist(), strict=True))
    ]


def _outline_km(region: Region, places: Sequence[shapely.Point]) -> list[float | None]:
    blob = Region.objects.filter(pk=region.pk).values_list("boundary", flat=True).first()
    if blob is None:
        return [None] * len(places)
    shape = shapely.from_wkb(bytes(blob))
    # On a plane on which a degree of longitude is as long as it is at the region, the nearest point is found; how far
    # it is, is then measured on the sphere.
    narrow = math.cos(math.radians(shape.centroid.y))
    flat = shapely.transform(shape, lambda xy: xy * [narrow, 1.0])
    shapely.prepare(flat)
    points = shapely.transform(np.asarray(places), lambda xy: xy * [narrow, 1.0])
    inside = shapely.intersects(flat, points)
    ends = shapely.get_coordinates(shapely.get_point(shapely.shortest_line(flat, points), 0)) / [narrow, 1.0]
    found: list[float | None] = []
    for place, end, here in zip(places, ends.tolist(), inside.tolist(), strict=True):
        km = 0.0 if here else float(distances_km([place.x], [place.y], [end[0]], [end[1]])[0, 0])
        found.append(round(km, 1))
    return found
