"""GeoJSON (RFC 7946, and the coordinate system of its forerunner)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from anlan.formats.encodings import line_at
from anlan.formats.faults import Refused
from anlan.formats.geofiles.drafts import Counter, Draft, bounded, positions
from anlan.formats.geofiles.limits import Limits

_GEOMETRIES = frozenset({
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
})  # fmt: skip


def read_geojson(path: Path, limits: Limits) -> tuple[list[Draft], str]:
    """The features of a file, and the name of the coordinate system it states ("" for none).

    A bare feature or geometry is a file of one. What is wrong with a single feature is its own fault.

    Raises Refused: `not_json`, `not_geojson`, `unknown_encoding`, `too_deep` and the limits.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("unknown_encoding", line=line_at(data, error.start)) from error
    del data
    try:
        # NaN and Infinity, which are no JSON but are written by some programs, are taken and told of.
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        raise Refused("not_json", byte=len(text[: error.pos].encode("utf-8", "replace"))) from error
    except RecursionError as error:
        raise Refused("too_deep", limit=limits.depth) from error
    except ValueError as error:
        # A number of more digits than Python takes.
        raise Refused("not_json", byte=0) from error
    del text
    if not isinstance(whole, dict):
        raise Refused("not_geojson")
    counter = Counter(limits)
    drafts = []
    for number, said in enumerate(_features(whole), 1):
        draft = _draft(said, number, limits)
        counter.add(draft)
        drafts.append(draft)
    return drafts, _system(whole)


def _features(whole: dict[str, Any]) -> Iterator[Any]:
    kind = whole.get("type")
    if kind == "FeatureCollection" and isinstance(whole.get("features"), list):
        yield from whole["features"]
    elif kind == "Feature":
        yield whole
    elif kind in _GEOMETRIES:
        yield {"type": "Feature", "geometry": whole, "properties": {}}
    else:
        raise Refused("not_geojson")


def _system(whole: dict[str, Any]) -> str:
    crs = whole.get("crs")
    name = crs.get("properties") if isinstance(crs, dict) else None
    return str(name.get("name", ""))[:200] if isinstance(name, dict) else ""


def _draft(said: Any, number: int, limits: Limits) -> Draft:
    draft = Draft(number)
    if not isinstance(said, dict) or said.get("type") != "Feature":
        draft.fault("bad_geometry")
        return draft
    if isinstance(said.get("id"), str | int | float):
        draft.id = str(said["id"])[:200]
    properties = said.get("properties")
    if isinstance(properties, dict):
        draft.properties = bounded(properties, limits, str(number))
    elif properties is not None:
        draft.fault("bad_properties")
    geometry = said.get("geometry")
    if geometry is None:
        draft.fault("no_geometry")
        return draft
    try:
        _take(geometry, draft, limits, 0)
    except ValueError:
        draft.drop_geometry("bad_geometry")
    return draft


def _take(geometry: Any, draft: Draft, limits: Limits, depth: int) -> None:
    """Add a geometry's parts to the draft. Raises ValueError for a shape that its type does not have."""
    if not isinstance(geometry, dict):
        raise ValueError("a geometry is an object")
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        members = geometry.get("geometries")
        if not isinstance(members, list):
            raise ValueError("a collection has geometries")
        if depth > limits.depth:
            raise Refused("too_deep", str(draft.number), limit=limits.depth)
        if depth == 1:
            draft.fault("deep_collection")
        draft.multi = True
        for member in members:
            _take(member, draft, limits, depth + 1)
        return
    if kind not in _GEOMETRIES:
        draft.fault("unknown_geometry", kind=str(kind)[:40])
        return
    said = geometry.get("coordinates")
    if not isinstance(said, list):
        raise ValueError("a geometry has coordinates")
    draft.multi |= str(kind).startswith("Multi")
    _take_coordinates(str(kind).removeprefix("Multi"), said if str(kind).startswith("Multi") else [said], draft)


def _take_coordinates(kind: str, parts: list[Any], draft: Draft) -> None:
    for part in parts:
        if not isinstance(part, list):
            raise ValueError("coordinates are lists")
        if kind == "Point":
            if part:
                draft.points.append(positions([part], draft))
        elif kind == "LineString":
            draft.lines.append(positions(part, draft))
        else:
            if not all(isinstance(ring, list) for ring in part):
                raise ValueError("rings are lists")
            draft.areas.append([positions(ring, draft) for ring in part])
