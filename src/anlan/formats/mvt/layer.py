"""Layers of features and the tile that holds them, as bytes of the Mapbox Vector Tile format, version 2.1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from shapely import GeometryType

from .mercator import BUFFER, EXTENT, Tile, degrees, place
from .paths import draw
from .tags import Column, Tags, tags
from .wire import I8, U1, U8, Field, delimited, interleave, messages, sizes, varint, zigzag

#: Tags of the fields of the messages Tile, Layer and Feature: number of the field and its wire type.
_LAYER = 0x1A
_NAME, _FEATURE, _EXTENT, _VERSION = 0x0A, 0x12, 0x28, 0x78
_ID, _TAGS, _TYPE, _GEOMETRY = 0x08, 0x12, 0x18, 0x22
#: Values of the field `type`.
_POINT, _LINE, _POLYGON = 1, 2, 3
_MOVE_TO_ONE = 9
_NOTHING: Mapping[str, Column] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer, ready to be written.

    features   how many features it shows
    unplaced   how many were left out for want of a position on Earth
    outside    how many were left out because the tile and its buffer do not touch them
    too_small  how many were left out because nothing of them is left at the tile's resolution; points always show
    content    the message Layer, bytes
    """

    name: str
    features: int
    unplaced: int
    outside: int
    too_small: int
    content: bytes


def point_layer(
    name: str, tile: Tile, lon: ArrayLike, lat: ArrayLike, *, rows: I8 | None = None, ids: ArrayLike | None = None,
    columns: Mapping[str, Column] = _NOTHING, extent: int = EXTENT, buffer: int = BUFFER,
) -> Layer:  # fmt: skip
    """A layer of points.

    lon, lat  float64[n], WGS-84 degrees; NaN, infinite or impossible where the position is not known
    rows      int64[k], ascending: only these points are looked at, as `thin` chooses them; None for all
    ids       whole numbers of at least 0, one a point; None for features without a number
    columns   attributes by name, n values each; a missing value is left out of its feature
    extent    units along an edge of the tile
    buffer    units around the tile within which points are drawn too

    Raises ValueError for arrays of different length and for attributes that a tile cannot say (see `tags`).
    """
    longitudes, latitudes = degrees(lon, lat)
    chosen = np.arange(longitudes.size) if rows is None else rows
    placed = place(tile, longitudes[chosen], latitudes[chosen], extent=extent, buffer=buffer)
    drawn = chosen[placed.rows]
    said = tags(columns, drawn, longitudes.size)
    x, y = zigzag(placed.x), zigzag(placed.y)
    opening = _opening(_POINT, _ids(ids, drawn, longitudes.size), said, 1 + sizes(x) + sizes(y))
    features, _size = messages(drawn.size, [*opening, Field(_MOVE_TO_ONE), Field(x), Field(y)])
    return Layer(name, drawn.size, placed.unplaced, placed.outside, 0, _content(name, features, said, extent))


def shape_layer(
    name: str, tile: Tile, kind: GeometryType, coords: NDArray[np.float64], offsets: tuple[NDArray[Any], ...], *,
    ids: ArrayLike | None = None, columns: Mapping[str, Column] = _NOTHING,
    extent: int = EXTENT, buffer: int = BUFFER, tolerance: float = 1.0,
) -> Layer:  # fmt: skip
    """A layer of lines or of polygons.

    kind, coords, offsets  as `shapely.to_ragged_array` gives them: (Multi)LineString or (Multi)Polygon, float64[v, 2]
                           of WGS-84 degrees (heights are ignored), and the offsets of parts
    tolerance              units by which a line may be drawn beside its true course; 0 keeps every vertex
    ids, columns, extent, buffer  as in `point_layer`, one value a shape

    Raises ValueError for another kind of shape and for what `point_layer` refuses.
    """
    drawn = draw(tile, kind, coords, offsets, extent=extent, buffer=buffer, tolerance=tolerance)
    said = tags(columns, drawn.rows, drawn.shapes)
    geometry, size = messages(drawn.commands.size, [Field(drawn.commands)])
    taken = np.add.reduceat(size, drawn.first) if drawn.rows.size else np.zeros(0, np.int64)
    opening = _opening(_POLYGON if drawn.closed else _LINE, _ids(ids, drawn.rows, drawn.shapes), said, taken)
    content = _content(name, interleave(*messages(drawn.rows.size, opening), geometry, taken), said, extent)
    return Layer(name, drawn.rows.size, drawn.unplaced, drawn.outside, drawn.too_small, content)


def encode(layers: Iterable[Layer]) -> bytes:
    """A tile of these layers; a layer without features is left out, and a tile without layers has no bytes.

    Raises ValueError when two layers have one name.
    """
    shown = [layer for layer in layers if layer.features]
    names = [layer.name for layer in shown]
    if len(set(names)) < len(names):
        raise ValueError(f"the layers of a tile need names of their own, not {', '.join(names)}")
    return b"".join(delimited(_LAYER, layer.content) for layer in shown)


def _content(name: str, features: U1, said: Tags, extent: int) -> bytes:
    head = varint(_VERSION) + varint(2) + delimited(_NAME, name.encode())
    return b"".join((head, features.tobytes(), said.names, varint(_EXTENT), varint(extent)))


def _opening(kind: int, ids: U8 | None, said: Tags, geometry_size: I8) -> list[Field]:
    """The varints of each feature up to its geometry."""
    has_tags = said.size > 0
    length = 1 + 1 + 1 + sizes(geometry_size.view(np.uint64)) + geometry_size
    length += np.where(has_tags, 1 + sizes(said.size.view(np.uint64)) + said.size, 0)
    fields = [Field(_TAGS, has_tags), Field(said.size.view(np.uint64), has_tags), *said.pairs]
    if ids is not None:
        length += 1 + sizes(ids)
        fields = [Field(_ID), Field(ids), *fields]
    return [
        Field(_FEATURE), Field(length.view(np.uint64)), *fields,
        Field(_TYPE), Field(kind), Field(_GEOMETRY), Field(geometry_size.view(np.uint64)),
    ]  # fmt: skip


def _ids(ids: ArrayLike | None, rows: I8, count: int) -> U8 | None:
    if ids is None:
        return None
    numbers = np.asarray(ids)
    if numbers.shape != (count,) or numbers.dtype.kind not in "iu" or numbers.min(initial=0) < 0:
        raise ValueError(f"ids are {count} whole numbers of at least 0, not {numbers.dtype}{list(numbers.shape)}")
    return numbers[rows].astype(np.uint64)
