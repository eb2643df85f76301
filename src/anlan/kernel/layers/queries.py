"""What a map may show to an actor, and what its search box finds. All rights go through the layer's verb."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from anlan.kernel.layers import declarations
from anlan.kernel.layers.declarations import Box, Hit, Layer, Window
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.regions.scope import reach, within

_COORDINATES = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*°?\s*([NSEW]?)[\s,]+(-?\d{1,3}(?:\.\d+)?)\s*°?\s*([NSEW]?)\s*")
GROUND = ("ground.json", "hillshade.png", "hillshade-dark.png")
_EMPTY: dict[str, Any] = {"type": "FeatureCollection", "features": []}


def visible(actor: Any) -> list[Layer]:
    """The layers whose verb the actor holds somewhere; the others do not exist for the actor."""
    return [layer for layer in declarations.layers() if reach(actor, layer.verb)]


def layer_for(actor: Any, code: str) -> Layer | None:
    """One layer, or None when there is none or no right: both look the same."""
    layer = declarations.get(code)
    return layer if layer is not None and reach(actor, layer.verb) else None


def collection(layer: Layer, actor: Any, window: Window) -> dict[str, Any]:
    """The layer's GeoJSON in the window, cut at its limit and then marked `"cut": true`."""
    if window.at is not None and not layer.past:
        return dict(_EMPTY)
    answer = dict(layer.source(actor, window))
    features = list(answer.get("features", ()))
    answer["type"] = "FeatureCollection"
    answer["cut"] = len(features) > window.limit
    answer["features"] = features[: window.limit]
    return answer


def count(layer: Layer, actor: Any, now: datetime) -> int | None:
    """How many rows of the layer the actor may see; None when it cannot be said."""
    if layer.count is not None:
        return layer.count(actor)
    return len(collection(layer, actor, Window(now=now))["features"])


def place_of(feature: Mapping[str, Any]) -> tuple[float, float] | None:
    """Longitude and latitude of a point feature, None for anything else."""
    geometry = feature.get("geometry") or {}
    if geometry.get("type") != "Point":
        return None
    lon, lat = geometry["coordinates"][:2]
    return float(lon), float(lat)


def search(actor: Any, text: str, limit: int = 12) -> list[Hit]:
    """Places, coordinates and rows of the visible layers that fit `text`; pinyin initials work."""
    text = text.strip()
    if not text:
        return []
    hits: list[Hit] = []
    if place := coordinates(text):
        lon, lat = place
        hits.append(Hit(f"{lon:.5f}, {lat:.5f}", note=_("Coordinates"), lon=lon, lat=lat, zoom=14))
    prefixes = reach(actor, "region.see")
    zooms = {"county": 9.5, "town": 11.5, "village": 13.5, "grid": 14.5}
    for region in regions.search(text).filter(within(prefixes, "path")).exclude(lon=None)[: limit // 2]:
        note = str(Level(region.level).label)
        hits.append(Hit(region.name, note=note, lon=region.lon, lat=region.lat, zoom=zooms.get(region.level, 9.0)))
    for layer in visible(actor):
        if layer.search is not None and len(hits) < limit * 2:
            hits += [replace(hit, layer=layer.code) for hit in layer.search(actor, text, limit)]
    return hits[:limit]


def coordinates(text: str) -> tuple[float, float] | None:
    """Longitude, latitude from "104.6, 31.9", "31.9N 104.6E" and the like; None when it is none.

    Two plain numbers are longitude first; if only the other order can be on Earth, that one is taken.
    """
    found = _COORDINATES.fullmatch(text.upper().replace("，", ","))
    if found is None:
        return None
    first, mark, second, mark2 = found.groups()
    x, y = (float(part) * (-1 if side in ("S", "W") else 1) for part, side in ((first, mark), (second, mark2)))
    lat_first = mark in ("N", "S") or mark2 in ("E", "W") or abs(y) > 90
    lon, lat = (y, x) if lat_first else (x, y)
    return (lon, lat) if abs(lon) <= 180 and abs(lat) <= 90 else None


@lru_cache(maxsize=1)
def _bounds_of(path: str, stamp: float) -> Box | None:
    with open(path, encoding="utf-8") as file:
        return _box(json.load(file).get("bounds"))


def ground_bounds() -> Box | None:
    """The county's box, from its ground or else from its region; None before anything is planted."""
    path = settings.DATA / "ground" / "ground.json"
    if path.is_file() and (box := _bounds_of(str(path), path.stat().st_mtime)):
        return box
    root = regions.root()
    if root is None or root.min_lon is None:
        return None
    return _box((root.min_lon, root.min_lat, root.max_lon, root.max_lat))


def ground_from_regions() -> dict[str, Any] | None:
    """A plain ground where none was drawn: the outline of the place, towns and names; None without outline."""
    root = regions.root()
    box = ground_bounds()
    if root is None or box is None:
        return None
    towns = [
        {"type": "Feature", "properties": {"name": town.name}, "geometry": outline}
        for town, outline in regions.outlines(Level.TOWN, root)
    ]
    shape = regions.boundary_geojson(root, 5)
    west, south, east, north = box
    wide = [
        [west - 3, south - 3],
        [east + 3, south - 3],
        [east + 3, north + 3],
        [west - 3, north + 3],
        [west - 3, south - 3],
    ]
    ground: dict[str, Any] = {"bounds": list(box), "towns": _features(towns), "labels": _features(_town_names(root))}
    if shape is not None:
        polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
        outside = {"type": "Polygon", "coordinates": [wide, *(polygon[0] for polygon in polygons)]}
        ground["mask"] = _features([{"type": "Feature", "properties": {}, "geometry": outside}])
        ground["county"] = _features([{"type": "Feature", "properties": {"name": root.name}, "geometry": shape}])
    return ground


def _town_names(root: Region) -> list[dict[str, Any]]:
    rows = regions.descendants(root).filter(level=Level.TOWN).exclude(lon=None)
    return [
        {
            "type": "Feature",
            "properties": {"name": town.name, "kind": "town"},
            "geometry": {"type": "Point", "coordinates": [town.lon, town.lat]},
        }
        for town in rows
    ]


def _features(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def _box(values: Sequence[Any] | None) -> Box | None:
    if values is None or len(values) != 4 or any(value is None for value in values):
        return None
    west, south, east, north = (float(value) for value in values)
    return (west, south, east, north)
