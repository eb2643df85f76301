"""Where a message is about: its shapes, and which of our regions they and its codes mean.

Codes of GB/T 2260 are read against our own tree. A code of another list is not known here and is said to be so; whether
it means us cannot be told, so a message with nothing else counts as one whose place is said in words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import shapely

from anlan.apps.warning.models import Reached
from anlan.formats.cap import Alert, Area
from anlan.formats.cap.chinese import REGION_NAMES
from anlan.formats.cap.places import circle, polygon
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.regions.queries import Node

#: Corners of a circle as it is drawn.
CORNERS = 64
#: Kilometres of a degree of latitude.
DEGREE_KM = regions.DEGREE_M / 1000
#: Share of our whole outline from which a shape counts as about all of it.
WHOLE = 0.995
#: Square degrees below which two outlines only touch: about 100 m by 100 m.
TOUCH = 1e-6
#: Codes that are not known here and are kept to be shown.
MOST_UNKNOWN = 200


@dataclass(frozen=True, slots=True)
class Where:
    """What is known of a message's place.

    shape    all polygons and circles together, None when there are none
    places   our regions, none inside another
    unknown  codes that are not known here, as "list value"
    """

    shape: Any | None
    places: tuple[Node, ...]
    unknown: tuple[str, ...]
    reached: Reached


def where(alert: Alert) -> Where:
    """The place of a message that passed the first three layers."""
    areas = [area for info in alert.infos for area in info.areas]
    shape = shape_of(areas)
    found: dict[int, Node] = {}
    unknown: dict[str, None] = {}
    somewhere = shape is not None
    for code in (code for area in areas for code in area.geocodes):
        ours = any(code.name.replace(" ", "").casefold().startswith(one.replace(" ", "").casefold()) for one in REGION_NAMES)  # fmt: skip  # noqa: E501
        meant, exact = _meant(code.value.strip()) if ours else (None, False)
        somewhere = somewhere or ours
        if meant is not None:
            found[meant.id] = meant
        if not exact:
            unknown[f"{code.name} {code.value}"[:120]] = None
    for node in _touched(shape) if shape is not None else ():
        found[node.id] = node
    places = tuple(_outermost(found.values()))
    known = tuple(unknown)[:MOST_UNKNOWN]
    if places:
        return Where(shape, places, known, Reached.HERE)
    root = regions.tree().root()
    if somewhere or root is None:
        return Where(shape, (), known, Reached.ELSEWHERE)
    return Where(shape, (root,), known, Reached.WORDS)


def shape_of(areas: Iterable[Area]) -> Any | None:
    """All polygons and circles of areas as one shape, degrees WGS-84."""
    shapes: list[Any] = []
    for area in areas:
        shapes += [shapely.Polygon(polygon(written)) for written in area.polygons if written.strip()]
        shapes += [round_of(*circle(written)) for written in area.circles if written.strip()]
    if not shapes:
        return None
    whole = shapely.union_all([one if one.is_valid else shapely.make_valid(one) for one in shapes])
    return whole if not whole.is_empty else None


def round_of(centre: tuple[float, float], radius_km: float) -> Any:
    """A circle as a polygon; one without extent is a point. Good to a percent up to some hundred kilometres."""
    lon, lat = centre
    if radius_km <= 0:
        return shapely.Point(lon, lat)
    high = radius_km / DEGREE_KM
    wide = high / max(math.cos(math.radians(lat)), 0.01)
    turns = [2 * math.pi * n / CORNERS for n in range(CORNERS)]
    return shapely.Polygon([(lon + wide * math.cos(at), lat + high * math.sin(at)) for at in turns])


def _meant(code: str) -> tuple[Node | None, bool]:
    """Our region that a code means, and whether the very code is known here.

    A code above our tree means all of it, a code that is new inside one of our regions means that region.
    """
    tree = regions.tree()
    if not (code.isascii() and code.isdigit()):
        return None, False
    for short in _shortened(code):
        if (node := tree.by_code.get(short)) is not None:
            return node, True
    root = tree.root()
    if root is None:
        return None, False
    narrow = _shortened(code)[-1]
    if root.code.startswith(narrow):
        return root, True
    for length in range(len(code), len(root.code) - 1, -1):
        node = tree.by_code.get(code[:length])
        if node is not None and node.path.startswith(root.path):
            return node, False
    return None, False


def _shortened(code: str) -> list[str]:
    """A code, and the same without its empty lower steps: 510700000000 is also 510700000, 510700 and 5107."""
    found = [code]
    for length, step in ((12, 3), (9, 3), (6, 2), (4, 2)):
        if len(found[-1]) == length and found[-1].endswith("0" * step):
            found.append(found[-1][:-step])
    return found


def _touched(shape: Any) -> Iterator[Node]:
    """The towns that a shape covers a part of; our whole place where it covers that, or reaches it beside all towns."""
    tree = regions.tree()
    root = tree.root()
    if root is None:
        return
    west, south, east, north = shape.bounds
    rows = Region.objects.filter(
        boundary__isnull=False, path__startswith=root.path, min_lon__lte=east, max_lon__gte=west, min_lat__lte=north,
        max_lat__gte=south,
    )  # fmt: skip
    outline = rows.filter(pk=root.id).values_list("boundary", flat=True).first()
    whole = shapely.from_wkb(bytes(outline)) if outline is not None else None
    if whole is not None:
        if not _share(whole, shape):
            return
        if shape.area and whole.intersection(shape).area >= WHOLE * whole.area:
            yield root
            return
    towns = rows.filter(level=Level.TOWN).values_list("id", "boundary")
    found = [pk for pk, boundary in towns if _share(shapely.from_wkb(bytes(boundary)), shape)]
    if found:
        yield from (tree.by_id[pk] for pk in found)
    elif whole is not None:
        yield root


def _share(outline: Any, shape: Any) -> bool:
    """Whether a shape lies in an outline in more than a seam; a point or a line needs only to meet it."""
    if not outline.intersects(shape):
        return False
    return not shape.area or outline.intersection(shape).area > min(TOUCH, shape.area / 2)


def _outermost(nodes: Iterable[Node]) -> Iterator[Node]:
    """Those that lie in none of the others, widest first."""
    taken: list[str] = []
    for node in sorted(nodes, key=lambda one: (len(one.path), one.code)):
        if not any(node.path.startswith(path) for path in taken):
            taken.append(node.path)
            yield node
