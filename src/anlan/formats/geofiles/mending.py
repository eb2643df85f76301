"""From parts as they were drawn to geometry that can be used: every change is told by a fault of the feature."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from anlan.formats.geofiles.drafts import Draft, Line

#: No coordinate of any system is larger, in metres or degrees; NaN is not smaller either.
_FARTHEST = 1e9
#: What GEOS says of an outline, by the beginning of its words, and what we call it.
_REASONS = (
    ("Self-intersection", "crossed"),
    ("Ring Self-intersection", "touching"),
    ("Interior is disconnected", "touching"),
    ("Holes are nested", "overlapping_parts"),
    ("Nested shells", "overlapping_parts"),
    ("Duplicate Rings", "overlapping_parts"),
)


def mended(draft: Draft) -> BaseGeometry | None:
    """The geometry of a draft, valid and of two dimensions; None when nothing of it can be used.

    What was changed is added to the draft's faults: `ring_closed`, `ring_turned`, `ring_dropped`, `duplicate_points`,
    `part_dropped`, `crossed`, `touching`, `hole_outside`, `overlapping_parts`, `mixed_collection`; and why there is no
    geometry: `not_finite`, `zero_area`, `zero_length`, `empty_geometry`.
    """
    had_parts = bool(draft.points or draft.lines or draft.areas)
    if not had_parts:
        if not draft.faults:
            draft.fault("empty_geometry")
        return None
    rings = [ring for area in draft.areas for ring in area]
    if not all((np.abs(part) < _FARTHEST).all() for part in (*draft.points, *draft.lines, *rings)):
        draft.drop_geometry("not_finite")
        return None
    points = [shapely.Point(part[0]) for part in draft.points if len(part)]
    lines = _lines(draft)
    areas = _areas(draft)
    if sum(map(bool, (points, lines, areas))) > 1:
        draft.fault("mixed_collection")
        return shapely.GeometryCollection([*points, *lines, *areas])
    if points:
        return points[0] if len(points) == 1 and not draft.multi else shapely.MultiPoint(points)
    if lines:
        return lines[0] if len(lines) == 1 and not draft.multi else shapely.MultiLineString(lines)
    if areas:
        return areas[0] if len(areas) == 1 and not draft.multi else shapely.MultiPolygon(areas)
    draft.fault("zero_area" if draft.areas else "zero_length" if draft.lines else "empty_geometry")
    return None


def _lines(draft: Draft) -> list[shapely.LineString]:
    found = []
    for places in draft.lines:
        line = _without_repeats(places, draft)
        if len(line) > 1:
            found.append(shapely.LineString(line))
    if found and len(found) < len(draft.lines):
        draft.fault("part_dropped")
    return found


def _without_repeats(places: Line, draft: Draft) -> Line:
    """Positions without those that equal the one before."""
    if len(places) < 2:
        return places
    kept = np.concatenate(([True], (places[1:] != places[:-1]).any(axis=1)))
    if not kept.all():
        draft.fault("duplicate_points", points=int((~kept).sum()))
    return places[kept]


def _ring(places: Line, draft: Draft) -> Line | None:
    """A closed ring of at least three different points, None for fewer."""
    ring = _without_repeats(places, draft)
    if len(ring) and (ring[0] != ring[-1]).any():
        if len(ring) > 2:
            draft.fault("ring_closed")
        ring = np.concatenate((ring, ring[:1]))
    if len(ring) < 4:
        draft.fault("ring_dropped")
        return None
    return ring


def _areas(draft: Draft) -> list[shapely.Polygon]:
    """Valid polygons, outer rings anticlockwise."""
    found: list[shapely.Polygon] = []
    for rings in draft.areas:
        shell = _ring(rings[0], draft) if rings else None
        if shell is None:
            continue
        holes = [hole for hole in (_ring(ring, draft) for ring in rings[1:]) if hole is not None]
        found.extend(_polygons(shell, holes, draft))
    if found and len(found) < len(draft.areas):
        draft.fault("part_dropped")
    whole = shapely.MultiPolygon(found)
    if len(found) > 1 and not whole.is_valid:
        # Parts that are valid by themselves may lie over each other or share an edge.
        found = _parts(shapely.union_all(found))
        draft.fault("overlapping_parts")
    return found


def _polygons(shell: Line, holes: list[Line], draft: Draft) -> list[shapely.Polygon]:
    drawn = shapely.Polygon(shell, holes)
    if drawn.is_valid:
        runs = shapely.is_ccw(shapely.get_rings(drawn))
        if not draft.clockwise and (not runs[0] or runs[1:].any()):
            draft.fault("ring_turned")
        return [shapely.orient_polygons(drawn)]
    # Outline and holes by themselves: GEOS would make an area of a hole that lies outside.
    outline, cut = _mended_ring(shell), [_mended_ring(hole) for hole in holes]
    inside = [hole for hole in cut if shapely.intersects(hole, outline)]
    if len(inside) < len(holes):
        draft.fault("hole_outside")
    parts = _parts(shapely.difference(outline, shapely.union_all(inside)))
    reason = shapely.is_valid_reason(drawn)
    code = next((code for begin, code in _REASONS if reason.startswith(begin)), "crossed")
    if parts and not reason.startswith("Hole lies outside"):
        before, after = _drawn_area(shell, holes), sum(part.area for part in parts)
        draft.fault(code, lost=round(100 * abs(before - after) / max(before, after), 2))
    return parts


def _mended_ring(ring: Line) -> BaseGeometry:
    """The area that a ring encloses; of loops that run round each other's outside each is one."""
    return shapely.make_valid(shapely.Polygon(ring), method="structure", keep_collapsed=False)


def _drawn_area(shell: Line, holes: list[Line]) -> float:
    """Area by the formula of the surveyor, in which loops that run the other way count against the others."""
    outer, *inner = (abs(shapely.Polygon(ring).area) for ring in (shell, *holes))
    return float(max(outer - sum(inner), 0.0))


def _parts(geometry: BaseGeometry) -> list[shapely.Polygon]:
    """The polygons of a geometry that enclose something, outer rings anticlockwise."""
    # Twice, for the areas inside a collection.
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return [shapely.orient_polygons(part) for part in parts if part.geom_type == "Polygon" and part.area > 0]
