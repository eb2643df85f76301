"""Polygons and circles of CAP: texts of WGS 84 degrees with latitude first, and what may be wrong with them.

Source: CAP 1.2, clause 3.2.4.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

import shapely

from anlan.formats.findings import Finding, found, noted

_PAIR = re.compile(r"([+-]?\d{1,3}(?:\.\d{0,20})?),([+-]?\d{1,3}(?:\.\d{0,20})?)", re.ASCII)
_RADIUS = re.compile(r"\+?\d{1,6}(?:\.\d{0,20})?", re.ASCII)
#: km, half the way round the Earth.
_HALF_ROUND = 20_038.0
#: West, south, east and north of China with its seas, degrees.
_CHINA = (73.0, 3.0, 136.0, 54.0)

Point = tuple[float, float]


def polygon(written: str) -> tuple[Point, ...]:
    """The points of a polygon as (longitude, latitude). Raises ValueError for what is no list of pairs."""
    return tuple(_point(pair) for pair in written.split())


def circle(written: str) -> tuple[Point, float]:
    """Centre as (longitude, latitude) and radius in km. Raises ValueError for what is no circle."""
    parts = written.split()
    if len(parts) != 2 or not _RADIUS.fullmatch(parts[1]):
        raise ValueError("a circle is latitude,longitude radius")
    return _point(parts[0]), float(parts[1])


def _point(pair: str) -> Point:
    match = _PAIR.fullmatch(pair)
    if match is None:
        raise ValueError("a pair is latitude,longitude")
    latitude, longitude = float(match.group(1)), float(match.group(2))
    return longitude, latitude


def judge_polygon(written: str, where: str, *, in_china: bool = False) -> Iterator[Finding]:
    """What is wrong with a polygon. `in_china`: the message says by its codes that it is about a place in China."""
    if not written.strip():
        yield found("empty_element", where)
        return
    bad = [pair for pair in written.split() if not _PAIR.fullmatch(pair)]
    if bad:
        yield from (found("bad_pair", where, value=pair[:60]) for pair in bad[:5])
        return
    points = polygon(written)
    wrong = list(_off(points, where, in_china))
    yield from wrong
    if points[0] != points[-1]:
        yield found("open_polygon", where, first=_pair(points[0]), last=_pair(points[-1]))
        wrong.append(found("open_polygon", where, first="", last=""))
    if len(points) < 4:
        yield found("few_points", where, points=len(points))
        return
    if not wrong:
        yield from _outline(points, where)


def _outline(points: Sequence[Point], where: str) -> Iterator[Finding]:
    if max(x for x, _y in points) - min(x for x, _y in points) > 180:
        points = [(x + 360 if x < 0 else x, y) for x, y in points]
    shape = shapely.Polygon(points)
    if shape.convex_hull.area == 0:
        yield found("flat_polygon", where)
        return
    # A ring that only touches itself in a point is one that people draw, and its inside is still clear.
    reason = str(shapely.is_valid_reason(shape))
    if reason.startswith("Self-intersection"):
        x, _space, y = reason.partition("[")[2].rstrip("]").partition(" ")
        yield found("crossing_polygon", where, near=f"{y},{x}")


def judge_circle(written: str, where: str, *, in_china: bool = False) -> Iterator[Finding]:
    """What is wrong with a circle."""
    if not written.strip():
        yield found("empty_element", where)
        return
    try:
        centre, radius = circle(written)
    except ValueError:
        yield found("bad_circle", where, value=written.strip()[:60])
        return
    yield from _off((centre,), where, in_china)
    if radius > _HALF_ROUND:
        yield found("wide_circle", where, radius=radius)
    elif radius == 0:
        yield noted("no_radius", where)


def _off(points: Sequence[Point], where: str, in_china: bool) -> Iterator[Finding]:
    """The first point that lies nowhere, or all of them seeming to be turned round."""
    for x, y in points:
        if not (abs(y) <= 90 and abs(x) <= 180):
            turned = abs(x) <= 90 and abs(y) <= 180
            yield found("swapped_pair", where, value=_pair((x, y))) if turned else found(
                "out_of_range", where, latitude=y, longitude=x)  # fmt: skip
            return
    if in_china and not any(_inside(x, y) for x, y in points) and all(_inside(y, x) for x, y in points):
        yield found("swapped_pair", where, value=_pair(points[0]))


def _inside(x: float, y: float) -> bool:
    west, south, east, north = _CHINA
    return west <= x <= east and south <= y <= north


def _pair(point: Point) -> str:
    return f"{point[1]:g},{point[0]:g}" if all(map(math.isfinite, point)) else "?"
