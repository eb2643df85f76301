"""Questions about places. The tree is small (a county has some 600) and is kept in memory."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import shapely
from django.db.models import Q, QuerySet
from django.db.models.signals import post_delete, post_save

from anlan.kernel.regions.models import Former, Level, Region, TreeState
from anlan.kernel.regions.pinyin import matching

#: From the widest to the narrowest.
DEPTH: tuple[str, ...] = tuple(Level.values)

#: Metres of one degree of latitude, by the mean radius of the Earth (6,371,008.8 m, IUGG 1980).
DEGREE_M = math.pi * 6_371_008.8 / 180

#: Beyond this zoom boundaries are drawn as they are kept, to half a metre.
MOST_ZOOM = 18

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
    former: list[tuple[str, str]] = field(default_factory=list)  # (path then, path today)
    index: tuple[shapely.STRtree, list[Node]] | None = None
    thinned: dict[tuple[str, int], dict[int, Any]] = field(default_factory=dict)

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
_kept: list[_Kept] = []


@dataclass(slots=True)
class _Kept:
    """A tree, the number it was read at, and when that number was last compared."""

    tree: Tree
    number: int
    looked: float  # monotonic seconds


def forget(**_signal: Any) -> None:
    """Drop the kept tree of this process; the next question reads it again."""
    with _lock:
        _kept.clear()


def touch(**_signal: Any) -> None:
    """Say that the tree was changed, in the transaction that changes it: every process reads it anew within `FRESH_S`.

    The number is drawn and not counted, so that one that was rolled back never comes again.
    """
    number = secrets.randbits(62)
    if not TreeState.objects.filter(pk=1).update(number=number):
        TreeState.objects.get_or_create(pk=1, defaults={"number": number})
    forget()


for _model in (Region, Former):
    post_save.connect(touch, sender=_model, dispatch_uid=f"regions.touch.save.{_model.__name__}")
    post_delete.connect(touch, sender=_model, dispatch_uid=f"regions.touch.delete.{_model.__name__}")


def tree() -> Tree:
    """The tree of all regions, at most `FRESH_S` old; at once in the process that changed it.

    Kept for as long as the number of the tree stands, so that its shapes are read once and not every few seconds.
    """
    now = time.monotonic()
    with _lock:
        kept = _kept[0] if _kept else None
    if kept is not None and now - kept.looked < FRESH_S:
        return kept.tree
    number = TreeState.objects.filter(pk=1).values_list("number", flat=True).first() or 0
    if kept is None or kept.number != number:
        kept = _Kept(_read(), number, now)
    kept.looked = now
    with _lock:
        _kept[:] = [kept]
    return kept.tree


def _read() -> Tree:
    built = Tree()
    fields = ("id", "code", "name", "level", "parent_id", "path", "lon", "lat", "population")
    for row in Region.objects.order_by("code").values_list(*fields):
        node = Node(*row)
        built.by_id[node.id] = built.by_code[node.code] = built.by_path[node.path] = node
        built.children.setdefault(node.parent_id, []).append(node)
    for code, path, pk in Former.objects.values_list("code", "path", "region_id"):
        built.former.append((path, built.by_id[pk].path))
        # The newest meaning of a code comes first; a place that has it today comes before all of them.
        built.by_code.setdefault(code, built.by_id[pk])
    return built


def resolve(code: str, on: date | None = None) -> Node | None:
    """The place that a code means: today, or as it was used on a day; None for a code that nobody had then.

    A code that was given up leads to the place that stands for it now.
    """
    known = tree()
    if on is None:
        return known.by_code.get(code)
    today = Region.objects.filter(code=code).filter(Q(valid_from=None) | Q(valid_from__lte=on)).first()
    if today is not None:
        return known.by_id.get(today.pk)
    then = Former.objects.filter(code=code, until__gt=on).filter(Q(since=None) | Q(since__lte=on)).first()
    return known.by_id.get(then.region_id) if then is not None else None


def former_paths(paths: Sequence[str]) -> list[str]:
    """Paths that places inside `paths` had before, for texts that keep a path as it was written: audit, notices."""
    return sorted({old for old, today in tree().former if any(today.startswith(path) for path in paths)})


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


def _index() -> tuple[shapely.STRtree, list[Node]]:
    kept = tree()
    if kept.index is None:
        rows = list(Region.objects.filter(boundary__isnull=False).order_by("code").values_list("id", "boundary"))
        outlines = shapely.from_wkb([bytes(blob or b"") for _, blob in rows])
        shapely.prepare(outlines)
        kept.index = shapely.STRtree(outlines), [kept.by_id[pk] for pk, _ in rows]
    return kept.index


def node_at(lon: float, lat: float, level: str | None = None) -> Node | None:
    """The region that contains a place (degrees, WGS-84): of `level`, or the narrowest that has a boundary there.

    A place on a shared border belongs to the region with the lower code. None outside every boundary. Answered from
    memory, some microseconds a place.
    """
    index, nodes = _index()
    hits = [nodes[i] for i in index.query(shapely.Point(lon, lat), predicate="intersects").tolist()]
    found = [node for node in hits if level is None or node.level == level]
    return min(found, key=lambda node: (-DEPTH.index(node.level), node.code), default=None)


def region_at(lon: float, lat: float, level: str | None = None) -> Region | None:
    """The row of `node_at`, its boundary left in the database until somebody asks for it."""
    node = node_at(lon, lat, level)
    return Region.objects.defer("boundary").get(pk=node.id) if node else None


def thinned(level: str, zoom: int) -> dict[int, Any]:
    """Boundaries of one level as a map of `zoom` needs them, by number of the region; neighbours keep one border.

    zoom  as of web maps; half a pixel there (256 a tile) is what a line may be off
    """
    kept, key = tree(), (level, max(0, min(int(zoom), MOST_ZOOM)))
    if key not in kept.thinned:
        rows = Region.objects.filter(level=level, boundary__isnull=False).values_list("id", "boundary")
        blobs = {pk: bytes(blob or b"") for pk, blob in rows}
        shapes = shapely.from_wkb(list(blobs.values()))
        off = 180 / 256 / 2 ** key[1]
        if len(shapes) and shapely.coverage_is_valid(shapes):
            # Its tolerance is the side of the square that may be cut off.
            shapes = shapely.coverage_simplify(shapes, off)
        else:
            shapes = shapely.simplify(shapes, off)
        kept.thinned[key] = {pk: shape for pk, shape in zip(blobs, shapes, strict=True) if not shape.is_empty}
    return kept.thinned[key]


def distance_outside_m(region: Region, lon: float, lat: float) -> float | None:
    """How far a place (degrees, WGS-84) lies outside a region, metres; 0 inside, None when no boundary is known."""
    boundary = Region.objects.filter(pk=region.pk).values_list("boundary", flat=True).first()
    return None if boundary is None else outside_m(shapely.from_wkb(bytes(boundary)), lon, lat)


def outside_m(shape: Any, lon: float, lat: float) -> float:
    """How far a place lies outside an outline (degrees, WGS-84), metres; 0 inside.

    Measured on a plane about the place, good to a percent within a hundred kilometres.
    """
    place = shapely.Point(lon, lat)
    if shape.intersects(place):
        return 0.0
    nearest = shapely.shortest_line(shape, place).coords[0]
    dx = (nearest[0] - lon) * math.cos(math.radians(lat))
    return math.hypot(dx, nearest[1] - lat) * DEGREE_M


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
