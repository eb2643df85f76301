"""GeoJSON of ours (RFC 7946), written as a stream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

#: Decimals of a degree: the seventh is a centimetre.
DECIMALS = 7
_PIECE = 1 << 16


def geojson_pieces(
    features: Iterable[tuple[BaseGeometry | None, Mapping[str, Any], str]],
) -> Iterator[bytes]:
    """A FeatureCollection in pieces of UTF-8.

    features  (geometry in WGS-84 degrees, properties, id or "") each; outer rings are turned anticlockwise

    Raises ValueError for a coordinate or a number that is not finite, TypeError for a property that is no value.
    """
    yield b'{"type":"FeatureCollection","features":['
    buffer = bytearray()
    between = b""
    for geometry, properties, name in features:
        buffer += between + _feature(geometry, properties, name)
        between = b",\n"
        if len(buffer) > _PIECE:
            yield bytes(buffer)
            buffer.clear()
    yield bytes(buffer) + b"]}\n"


def _feature(geometry: BaseGeometry | None, properties: Mapping[str, Any], name: str) -> bytes:
    said = json.dumps(dict(properties), ensure_ascii=False, allow_nan=False, default=_plain, separators=(",", ":"))
    head = f'"id":{json.dumps(name, ensure_ascii=False)},' if name else ""
    return f'{{"type":"Feature",{head}"geometry":{_shape(geometry)},"properties":{said}}}'.encode("utf-8", "replace")


def _shape(geometry: BaseGeometry | None) -> str:
    if geometry is None or geometry.is_empty:
        return "null"
    rounded = shapely.transform(geometry, lambda places: np.round(places, DECIMALS))
    if not np.isfinite(shapely.get_coordinates(rounded)).all():
        raise ValueError("a coordinate is not finite")
    if rounded.geom_type in ("Polygon", "MultiPolygon"):
        rounded = shapely.orient_polygons(rounded)
    return str(shapely.to_geojson(rounded))


def _plain(value: object) -> str | float:
    """Days and times by ISO 8601, decimals as numbers."""
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} is no value of a property")
