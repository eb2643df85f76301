"""Questions about places. The tree is small (a county has some 600) and is kept in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import shapely
from django.db.models import QuerySet
from django.db.models.signals import post_delete, post_save

from anlan.kernel.regions.models import Level, Region
from anlan.kernel.regions.pinyin import matching

#: From the widest to the narrowest.
DEPTH: tuple[str, ...] = tuple(Level.values)

#: How long another process may still see the former tree, seconds.
FRESH_S = 5.0


@dataclass(frozen=True, slots=True)
class Node:
    """One region without its boundary."""

    id: int
    code: str
    name: str
    level: str
    parent_id: int | None
    path: str
    lon: float | None
    lat: float | None
    population: int | None


@dataclass(slots=True)
class Tree:
    """All regions as they stood at one moment."""

    by_id: dict[int, Node] = field(default_factory=dict)
    by_code: dict[str, Node] = field(default_factory=dict)
    by_path: dict[str, Node] = field(default_factory=dict)
    children: dict[int | None, list[Node]] = field(default_factory=dict)
    shapes: dict[str, tuple[shapely.STRtree, list[int]]] = field(default_factory=dict)

    def ancestors(self, path: str) -> list[Node]:
        """From the widest down to the parent of `path`."""
        return [node for prefix in prefixes(path)[:-1] if (node := self.by_path.get(prefix))]

    def root(self) -> Node | None:
        """The region that this installation is about: the lowest one that all others lie in or above.

        Provinces and cities over a county are only its address, so they are passed through while each has one child.
        """
        tops = self.children.get(None, [])
        if len(tops) != 1:
            return None
        node = tops[0]
        while node.level in (Level.PROVINCE, Level.CITY) and len(self.children.get(node.id, [])) == 1:
            node = self.children[node.id][0]
        return node


def prefixes(path: str) -> list[str]:
    """The paths of a region and of all above it, widest first: "/99/9901/" → ["/99/", "/99/9901/"]."""
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[: i + 1]) + "/" for i in range(len(parts))] if parts != [""] else []


_lock = threading.Lock()
_tree: list[tuple[float, Tree]] = []


def forget(**_signal: Any) -> None:
    """Drop the kept tree of this process; the next question reads it again."""
    with _lock:
        _tree.clear()


post_save.connect(forget, sender=Region, dispatch_uid="regions.forget.save")
post_delete.connect(forget, sender=Region, dispatch_uid="regions.forget.delete")


def tree() -> Tree:
    """The tree of all regions, at most `FRESH_S` old; at once in the process that changed it."""
    with _lock:
        if _tree and time.monotonic() - _tree[0][0] < FRESH_S:
            return _tree[0][1]
    built = Tree()
    fields = ("id", "code", "name", "level", "parent_id", "path", "lon", "lat", "population")
    for row in Region.objects.order_by("code").values_list(*fields):
        node = Node(*row)
        built.by_id[node.id] = built.by_code[node.code] = built.by_path[node.path] = node
        built.children.setdefault(node.parent_id, []).append(node)
    with _lock:
        _tree[:] = [(time.monotonic(), built)]
    return built


def root() -> Region | None:
    """The region this installation is about (a county in the demo); None before the first start."""
    node = tree().root()
    return Region.objects.get(pk=node.id) if node else None


def descendants(region: Region) -> QuerySet[Region]:
    """Everything inside `region`, without itself."""
    return Region.objects.filter(path__startswith=region.path).exclude(pk=region.pk)


def ancestors(region: Region) -> list[Region]:
    """Everything above `region`, widest first, without itself."""
    paths = prefixes(region.path)[:-1]
    return sorted(Region.objects.filter(path__in=paths), key=lambda r: len(r.path))


def _shapes(level: str) -> tuple[shapely.STRtree, list[int]]:
    kept = tree()
    if level not in kept.shapes:
        rows = list(Region.objects.filter(level=level, boundary__isnull=False).values_list("id", "boundary"))
        outlines = shapely.from_wkb([bytes(blob or b"") for _, blob in rows])
        kept.shapes[level] = (shapely.STRtree(outlines), [pk for pk, _ in rows])
    return kept.shapes[level]


def region_at(lon: float, lat: float, level: str | None = None) -> Region | None:
    """The region that contains a place (degrees, WGS-84): of `level`, or the narrowest that has a boundary there.

    A place on a shared border belongs to the region with the lower code. None outside every boundary.
    """
    place = shapely.Point(lon, lat)
    for name in (level,) if level else reversed(DEPTH):
        index, ids = _shapes(name)
        hits = sorted(tree().by_id[ids[i]].code for i in index.query(place, predicate="intersects"))
        if hits:
            return Region.objects.get(code=hits[0])
    return None


def search(typed: str, inside: Region | None = None) -> QuerySet[Region]:
    """Regions by name, code, pinyin or initials, widest first."""
    found = Region.objects.filter(matching(typed) | matching(typed, name="code"))
    return found.filter(path__startswith=inside.path) if inside else found


def outlines(level: str, inside: Region | None = None) -> Iterator[tuple[Region, dict[str, Any]]]:
    """Regions of one level with their boundary as GeoJSON geometry; those without one are left out."""
    rows = Region.objects.filter(level=level, boundary__isnull=False)
    for region in rows.filter(path__startswith=inside.path) if inside else rows:
        yield region, boundary_geojson(region) or {}


def boundary_geojson(region: Region, digits: int = 6) -> dict[str, Any] | None:
    """The boundary as a GeoJSON geometry with `digits` decimals of a degree; None when none is known."""
    if region.boundary is None:
        return None
    shape = shapely.from_wkb(bytes(region.boundary))

    def ring(coords: Any) -> list[list[float]]:
        return [[round(x, digits), round(y, digits)] for x, y in coords]

    polygons = [[ring(part.exterior.coords), *(ring(hole.coords) for hole in part.interiors)] for part in parts(shape)]
    if shape.geom_type == "Polygon":
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def parts(shape: Any) -> list[shapely.Polygon]:
    """The polygons of a polygon or multipolygon."""
    return list(shape.geoms) if hasattr(shape, "geoms") else [shape]
