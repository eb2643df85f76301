"""Shapefiles: the parts of one layer in a zip archive. The shapes and the table are read by pyshp.

Source: ESRI Shapefile Technical Description, July 1998; dBASE III tables.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import shapefile
import shapely

from anlan.formats.archives import Archive
from anlan.formats.encodings import is_mostly_utf8
from anlan.formats.faults import Fault, Refused
from anlan.formats.geofiles.drafts import Counter, Draft, Line, bounded
from anlan.formats.geofiles.limits import Limits

#: Types by number; with a height (Z) 10 more, with a measure (M) 20 more. 31 is a surface of triangles.
_POINT, _LINE, _AREA, _POINTS = 1, 3, 5, 8
#: Encodings by the language byte of the table's header: 0x4D and 0x7A are Chinese.
_LANGUAGES = {0x4D: "gb18030", 0x7A: "gb18030"}
_UTF8 = re.compile(r"utf-?8|65001", re.IGNORECASE)
_CHINESE = re.compile(r"gb|936|cp936|chinese", re.IGNORECASE)
#: A description of a coordinate system is a few hundred bytes.
_MOST_SYSTEM = 1 << 14
#: First number and bytes of the head of the shapes.
_CODE, _SHAPES_HEAD = 9994, 100
_END_OF_FIELDS = 0x0D
#: What pyshp raises on a file that is cut or lies about its sizes.
_BROKEN = (
    shapefile.ShapefileException, struct.error, ValueError, IndexError, KeyError, TypeError, OverflowError,
    EOFError, AttributeError, AssertionError,
)  # fmt: skip


def read_shapefile(
    path: Path, limits: Limits, *, layer: str = "", encoding: str = ""
) -> tuple[list[Draft], list[Fault], str]:
    """The features of a layer, notes on the file, and the description of its coordinate system (WKT, "" for none).

    layer     name of the layer when the archive holds several
    encoding  of the table's texts, as a person says; "" finds out

    Raises Refused: `missing_part`, `several_layers`, `broken_shapefile`, the limits, and those of `archives.Archive`.
    """
    with Archive(path, parts=limits.parts, unpacked=limits.unpacked, ratio=limits.ratio) as archive:
        archive.refuse_nested()
        parts = _parts(archive, layer)

        def read(ending: str) -> bytes:
            if ending not in parts:
                return b""
            with archive.part(parts[ending]) as stream:
                return stream.read()

        shapes, table, wkt, said = read("shp"), read("dbf"), read("prj"), read("cpg")
    used = encoding or _encoding(said, table)
    notes: list[Fault] = []
    try:
        _refuse_lies(shapes, table)
        drafts = _features(shapes, table, used, limits, notes)
    except _BROKEN as error:
        raise Refused("broken_shapefile") from error
    return drafts, notes, wkt[:_MOST_SYSTEM].decode("utf-8", "replace")


def _parts(archive: Archive, layer: str) -> dict[str, str]:
    """Names of a layer's parts by their ending."""
    stems: dict[str, dict[str, str]] = {}
    for name in archive.names:
        if name.startswith("__MACOSX/"):
            continue
        stem, _dot, ending = name.rpartition(".")
        stems.setdefault(stem, {})[ending.lower()] = name
    layers = {posixpath.basename(stem): parts for stem, parts in stems.items() if "shp" in parts}
    if not layers:
        raise Refused("missing_part", part=".shp")
    if len(layers) > 1 and layer not in layers:
        raise Refused("several_layers", layers=tuple(sorted(layers)[:20]))
    parts = layers[layer] if layer in layers else next(iter(layers.values()))
    if "dbf" not in parts:
        raise Refused("missing_part", part=".dbf")
    return parts


def _refuse_lies(shapes: bytes, table: bytes) -> None:
    """Sizes that the heads and records state must be those of the file. Raises ValueError, struct.error."""
    if struct.unpack_from(">i", shapes)[0] != _CODE or 2 * struct.unpack_from(">i", shapes, 24)[0] != len(shapes):
        raise ValueError("the head of the shapes")
    at = _SHAPES_HEAD
    while at < len(shapes):
        words = struct.unpack_from(">i", shapes, at + 4)[0]
        at += 8 + 2 * words
        if words < 2 or at > len(shapes):
            raise ValueError("the length of a shape")
    rows, head, width = struct.unpack_from("<IHH", table, 4)
    at, total = 32, 1
    while table[at] != _END_OF_FIELDS:
        total, at = total + table[at + 16], at + 32
    if at >= head or total != width or head + rows * width > len(table):
        raise ValueError("the head of the table")


def _encoding(said: bytes, table: bytes) -> str:
    """By the .cpg, the table's language byte, or its texts."""
    name = said[:100].decode("ascii", "replace")
    if _UTF8.search(name):
        return "utf-8"
    if _CHINESE.search(name):
        return "gb18030"
    return _LANGUAGES.get(table[29] if len(table) > 29 else 0) or ("utf-8" if is_mostly_utf8(table) else "gb18030")


def _features(shapes: bytes, table: bytes, encoding: str, limits: Limits, notes: list[Fault]) -> list[Draft]:
    counter = Counter(limits)
    drafts: list[Draft] = []
    damaged = 0
    with shapefile.Reader(
        shp=io.BytesIO(shapes), dbf=io.BytesIO(table), encoding=encoding, encodingErrors="replace"
    ) as reader:
        records = reader.iterRecords()
        for number, shape in enumerate(reader.iterShapes(), 1):
            draft = Draft(number, clockwise=True)
            record = next(records, None)
            if record is not None:
                draft.properties = {name: _value(value, limits, number) for name, value in record.as_dict().items()}
                damaged += sum("\ufffd" in value for value in draft.properties.values() if isinstance(value, str))
            _take(shape, draft)
            counter.add(draft)
            drafts.append(draft)
        left = sum(1 for _record in records)
    rows = len(drafts) + left
    if left or any(not draft.properties for draft in drafts):
        notes.append(Fault("wrong_count", "", {"records": rows, "shapes": len(drafts)}))
    if damaged:
        notes.append(Fault("text_damaged", "", {"values": damaged, "encoding": encoding}))
    return drafts


def _value(value: Any, limits: Limits, number: int) -> Any:
    """Days as ISO 8601; bytes, which no honest table holds, by their signs."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    elif not isinstance(value, str | int | float | bool | None):
        value = str(value)
    return bounded(value, limits, str(number))


def _take(shape: Any, draft: Draft) -> None:
    kind = int(shape.shapeType)
    if kind == 0:
        draft.fault("no_geometry")
        return
    if kind == 31:
        draft.fault("unknown_geometry", kind="MultiPatch")
        return
    draft.heights = kind > 10
    places = np.array([place[:2] for place in shape.points], np.float64).reshape(-1, 2)
    kind %= 10
    if kind == _POINT:
        draft.points = [places[:1]]
    elif kind == _POINTS:
        draft.points, draft.multi = [places[at : at + 1] for at in range(len(places))], True
    elif kind in (_LINE, _AREA):
        parts = _cut(places, list(shape.parts))
        draft.multi = len(parts) > 1
        if kind == _LINE:
            draft.lines = parts
        else:
            draft.areas = _areas(parts, draft)
    else:
        draft.fault("unknown_geometry", kind=str(shape.shapeType))


def _cut(places: Line, begins: list[int]) -> list[Line]:
    if not begins or begins[0] != 0 or any(a >= b for a, b in zip(begins, [*begins[1:], len(places)], strict=True)):
        raise ValueError("parts begin in order")
    return np.split(places, begins[1:])


def _areas(rings: list[Line], draft: Draft) -> list[list[Line]]:
    """Rings to polygons: those that run clockwise are outlines, the others holes of the smallest outline around them.

    A hole in no outline is taken for an outline that was drawn the wrong way round.
    """
    outlines = [ring for ring in rings if _area(ring) <= 0]
    holes = [ring for ring in rings if _area(ring) > 0]
    if not holes:
        return [[ring] for ring in outlines]
    found = [[ring] for ring in outlines]
    fine = [len(ring) > 3 and bool(np.isfinite(ring).all()) for ring in outlines]
    shapes = [
        shapely.Polygon(ring) if is_fine else shapely.Polygon() for ring, is_fine in zip(outlines, fine, strict=True)
    ]
    for hole in holes:
        around = [at for at, shape in enumerate(shapes) if shape.covers(shapely.Point(hole[0]))]
        if around:
            found[min(around, key=lambda at: shapes[at].area)].append(hole)
        else:
            draft.fault("ring_turned")
            found.append([hole])
    return found


def _area(ring: Line) -> float:
    """Signed area, positive when it runs anticlockwise."""
    if len(ring) < 3:
        return 0.0
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
