"""A region with its neighbours and parts as a drawing: paths for an SVG, thinned for the size it is shown at."""

from __future__ import annotations

import math
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from anlan.kernel.regions import queries
from anlan.kernel.regions.models import Region

#: Pixels of the drawing's longer side.
SIDE = 640


@dataclass(frozen=True, slots=True)
class Path:
    """One outline: `d` of an SVG path, the region, whether it is the one that the drawing is about."""

    d: str
    code: str
    name: str
    own: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """Paths in pixels, y downwards, and the size of the whole."""

    width: int
    height: int
    paths: tuple[Path, ...]


def drawing(region: Region) -> Drawing | None:
    """The region and what lies directly in it; for one without parts those beside it. None without a boundary."""
    if region.boundary is None or None in (region.min_lon, region.max_lon):
        return None
    west, south, east, north = (float(v or 0) for v in (region.min_lon, region.min_lat, region.max_lon, region.max_lat))
    squeeze = math.cos(math.radians((south + north) / 2))
    wide, high = max((east - west) * squeeze, 1e-9), max(north - south, 1e-9)
    scale = SIDE / max(wide, high)
    zoom = math.ceil(math.log2(scale * squeeze * 360 / 256))
    kept = queries.tree()
    parts = kept.children.get(region.pk, []) or [
        node for node in kept.children.get(region.parent_id, []) if node.id != region.pk
    ]
    shapes = {level: queries.thinned(level, zoom) for level in {region.level, *(node.level for node in parts)}}

    def d(shape: BaseGeometry) -> str:
        rings = [ring for part in queries.parts(shape) for ring in (part.exterior, *part.interiors)]
        return "".join(
            "M" + "L".join(
                f"{(x - west) * squeeze * scale:.1f} {(north - y) * scale:.1f}" for x, y in ring.coords
            ) + "Z"
            for ring in rings
        )  # fmt: skip

    view = shapely.box(west, south, east, north)
    drawn = [
        Path(d(shape), node.code, node.name, own=False)
        for node in parts
        if (shape := shapes[node.level].get(node.id)) is not None and shape.intersects(view)
    ]
    own = shapes[region.level].get(region.pk)
    if own is not None:
        drawn.append(Path(d(own), region.code, region.name, own=True))
    return Drawing(round(wide * scale), round(high * scale), tuple(drawn))
