"""Records as GeoJSON features, and the question that the address of a collection's items asks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import shapely
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from anlan.formats.cql2 import Box, Filter, Interval, Property, Spatial, Temporal
from anlan.kernel.registers import cql
from anlan.kernel.registers.api.problems import Problem
from anlan.kernel.registers.api.reading import asked as narrowed
from anlan.kernel.registers.api.shapes import value_of
from anlan.kernel.registers.conditions import Question
from anlan.kernel.registers.cql_values import BadFilter
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.info import Kind

#: The one coordinate system: longitude, latitude in degrees.
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
#: The time of a feature: when its record was last changed.
TIME = "changed_at"
PARAMETERS = (
    "f", "limit", "offset", "bbox", "bbox-crs", "crs", "datetime", "filter", "filter-lang", "filter-crs", "q", "sortby",
)  # fmt: skip
LANGUAGES = ("cql2-text", "cql2-json")


def feature(register: Register, record: Any) -> dict[str, Any]:
    """A record as a feature; personal values are masked."""
    properties = {
        name: value_of(info, record)
        for name, info in register.infos().items()
        if info.kind is not Kind.OUTLINE and name not in ("lon", "lat")
    }
    return {
        "type": "Feature",
        "id": record.code,
        "geometry": geometry(record),
        "properties": {"code": record.code, "name": record.name, **properties, "revision": record.revision},
    }


def geometry(record: Any) -> dict[str, Any] | None:
    """The outline of a record, or its place, or nothing."""
    if record.outline:
        found: dict[str, Any] = json.loads(shapely.to_geojson(shapely.from_wkb(bytes(record.outline))))
        return found
    if record.lon is None or record.lat is None:
        return None
    return {"type": "Point", "coordinates": [round(record.lon, 7), round(record.lat, 7)]}


def bounds(records: Sequence[Any]) -> list[float] | None:
    """The box around places and outlines of records."""
    shapes = [shapely.from_wkb(bytes(one.outline)) for one in records if one.outline]
    shapes += [shapely.Point(one.lon, one.lat) for one in records if not one.outline and one.lon is not None]
    return [round(float(one), 7) for one in shapely.total_bounds(shapes)] if shapes else None


def question(register: Register, actor: Any, params: QueryDict, now: datetime) -> Question:
    """What is asked of a collection. Raises Problem for what cannot be meant."""
    only_known(params)
    found = narrowed(register, actor, params, now, PARAMETERS)
    parts: list[Filter] = []
    if params.get("bbox"):
        parts.append(Spatial("S_INTERSECTS", Property(cql.GEOMETRY), _box(params["bbox"])))
    if params.get("datetime"):
        parts.append(Temporal("T_INTERSECTS", Property(TIME), _time(params["datetime"])))
    if params.get("filter"):
        try:
            parts.append(cql.read(params["filter"], params.get("filter-lang") or LANGUAGES[0]))
        except BadFilter as bad:
            raise Problem(400, "filter", str(bad)) from bad
    return Question(found.conditions, found.terms, paths=found.paths, filter=cql.all_of(parts))


def only_known(params: QueryDict) -> None:
    """Raise Problem for a format, coordinate system or filter language that there is not."""
    expected = {
        "f": ("json",), "crs": (CRS84,), "bbox-crs": (CRS84,), "filter-crs": (CRS84,), "filter-lang": LANGUAGES,
    }  # fmt: skip
    for name, allowed in expected.items():
        if params.get(name) and params[name] not in allowed:
            words = _("%(name)s can be: %(allowed)s.") % {"name": name, "allowed": ", ".join(allowed)}
            raise Problem(400, "parameter", words)


def _box(text: str) -> Box:
    try:
        numbers = [float(part) for part in text.split(",")]
        if len(numbers) == 6:
            numbers = [*numbers[:2], *numbers[3:5]]
        west, south, east, north = numbers
        if not (all(-180 <= one <= 180 for one in (west, east)) and -90 <= south <= north <= 90):
            raise ValueError(text)
    except ValueError:
        words = _("bbox is west,south,east,north in degrees; this is “%(text)s”.") % {"text": text[:60]}
        raise Problem(400, "bbox", words) from None
    return Box(west, south, east, north)


def _time(text: str) -> Any:
    try:
        if "/" not in text:
            return _instant(text)
        start, _slash, end = text.partition("/")
        ends = [None if part in ("", "..") else _instant(part) for part in (start, end)]
        if ends == [None, None]:
            raise ValueError(text)
        return Interval(*ends)
    except ValueError:
        words = _("datetime is a moment, or two with a slash between, “..” for an open end; this is “%(text)s”.")
        raise Problem(400, "datetime", words % {"text": text[:60]}) from None


def _instant(text: str) -> date:
    if len(text) == 10:
        return date.fromisoformat(text)
    moment = parse_datetime(text)
    if moment is None or moment.tzinfo is None:
        raise ValueError(text)
    return moment
