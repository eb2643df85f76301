"""Rows of a table as values by field: columns named, words replaced, coordinates moved, what a person typed on top."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from anlan.formats.coordinates import BD09, CGCS2000, GCJ02, WGS84, degrees, to_wgs84
from anlan.formats.faults import Refused
from anlan.kernel.registers import values as reading
from anlan.kernel.registers.declarations import Fault, Register
from anlan.kernel.registers.importing.files import Broken, MapTable, Table
from anlan.kernel.registers.importing.wording import words_of

#: Rows got ready at once: no more of them than that are held as they came.
CHUNK = 2_000
#: Places that are refused one by one; when there are more, the system is wrong and the rest is refused together.
_MOST_REFUSED = 500
#: What was mended in a shape so that it may be another one now: told, not refused.
_TOLD = frozenset({
    "crossed", "touching", "hole_outside", "overlapping_parts", "mixed_collection", "antimeridian", "part_dropped",
})  # fmt: skip
#: Systems in degrees.
IN_DEGREES = (WGS84, CGCS2000, GCJ02, BD09)


@dataclass(slots=True)
class Raw:
    """One row: values by field as `services.clean` takes them, what is wrong already, and what stood in the file.

    came  field → its cell, for showing beside its fault
    """

    number: int
    values: dict[str, Any]
    came: dict[str, Any]
    faults: list[Fault] = field(default_factory=list)

    def text(self, name: str) -> str:
        """What stood in the cell of a field, "" where nothing did."""
        return _text(self.came[name]) if name in self.came else ""


@dataclass(frozen=True, slots=True)
class Naming:
    """What a person said of a file; see `Import.options`.

    columns  place → field
    fixed    field → text for every row
    system   of the coordinates, "" when there are none
    swap     longitude and latitude stand in each other's column
    aliases  field → words of the file → what is meant
    """

    columns: Mapping[int, str]
    fixed: Mapping[str, str]
    system: str
    swap: bool
    aliases: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Naming:
        """From the options as they are kept."""
        return cls(
            {int(at): name for at, name in options.get("columns", {}).items()},
            options.get("fixed", {}),
            options.get("system", ""),
            bool(options.get("swap")),
            options.get("aliases", {}),
        )


def raw_rows(
    register: Register,
    table: Table,
    naming: Naming,
    *,
    numbers: Iterable[int] | None = None,
    edits: Mapping[int, Mapping[str, str]],
) -> Iterator[Raw]:
    """Rows of a table, in its order, a few at a time.

    numbers  only these rows; all when None
    edits    by number of the row: field → text that stands for the cell
    """
    wanted = table.numbers
    if numbers is not None:
        chosen = set(numbers)
        wanted = [number for number in table.numbers if number in chosen]
    for at in range(0, len(wanted), CHUNK):
        some = wanted[at : at + CHUNK]
        found = _rows(some, table.columns(list(naming.columns), some), naming)
        _place(register, table, naming, found)
        for raw in found:
            for name, text in edits.get(raw.number, {}).items():
                raw.values[name] = raw.came[name] = text
                raw.faults = [fault for fault in raw.faults if fault.field != name or not fault.blocks]
        yield from found


def _rows(numbers: Sequence[int], columns: Sequence[Sequence[Any]], naming: Naming) -> list[Raw]:
    names = list(naming.columns.values())
    found = []
    # Of a field from two columns, and of a cell without a value, there is more to say.
    plainly = len(set(names)) == len(names) and not any(type(cell) is Broken for cells in columns for cell in cells)
    for number, *cells in zip(numbers, *columns, strict=True):
        if plainly:
            came = {name: cell for name, cell in zip(names, cells, strict=True) if cell is not None and cell != ""}
            found.append(Raw(number, {**naming.fixed, **came}, came))
        else:
            found.append(_row(number, names, cells, naming))
    for name, meant in naming.aliases.items():
        for raw in found:
            if name in raw.came and (said := reading.plain(raw.text(name))) in meant:
                raw.values[name] = meant[said]
    return found


def _row(number: int, names: Sequence[str], cells: Sequence[Any], naming: Naming) -> Raw:
    raw = Raw(number, dict(naming.fixed), {})
    for name, value in zip(names, cells, strict=True):
        if value is None or value == "":
            continue
        if isinstance(value, Broken):
            raw.came[name] = value.text
            raw.values.pop(name, None)
            raw.faults.append(Fault(name, value.fault.code, words_of(value.fault)))
            continue
        if name == "region" and name in raw.came:
            value = f"{raw.text(name)}/{_text(value)}"  # a town and a village in columns of their own
        raw.values[name] = raw.came[name] = value
    return raw


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value)


# --- places -----------------------------------------------------------------------------------------------------------
def _place(register: Register, table: Table, naming: Naming, found: Sequence[Raw]) -> None:
    """Put longitude, latitude and outline of every row into WGS-84; what is no place becomes a fault."""
    if isinstance(table, MapTable) and register.located:
        _from_shapes(register, table, naming, found)
    named = set(naming.columns.values())
    if not {"lon", "lat"} & named:
        return
    x, y = (np.array([_number(raw, name, naming.system) for raw in found], np.float64) for name in ("lon", "lat"))
    if naming.swap:
        x, y = y, x
    whole = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    lon, lat, wrong = _moved(naming.system, x[whole], y[whole])
    for at, place in enumerate(whole.tolist()):
        raw = found[place]
        if wrong[at]:
            _refuse(raw, naming.system)
        else:
            raw.values["lon"], raw.values["lat"] = round(float(lon[at]), 7), round(float(lat[at]), 7)


def _number(raw: Raw, name: str, system: str) -> float:
    """A coordinate of a row; NaN where there is none, with a fault where something else stands there."""
    value = raw.values.pop(name, None) if name in raw.came else None
    if value is None or value == "":
        return math.nan
    try:
        if isinstance(value, str):
            return degrees(value) if system in IN_DEGREES else float(value.replace(",", ""))
        return float(value)
    except (Refused, ValueError, TypeError):
        words = _("“%(raw)s” is no coordinate.") % {"raw": str(value)[:40]}
        raw.faults.append(Fault(name, "number", words))
        return math.nan


def _refuse(raw: Raw, system: str) -> None:
    words = _("There is no such place in %(system)s. Is the coordinate system right, and X and Y in their columns?")
    for name in ("lon", "lat"):
        raw.values.pop(name, None)
    raw.faults.append(Fault("lon", "impossible", words % {"system": system or WGS84}))


def _moved(
    system: str, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Longitudes, latitudes, and which of them are no places: halves are tried until the refused ones are alone."""
    lon, lat, wrong = np.full(x.size, np.nan), np.full(x.size, np.nan), np.zeros(x.size, np.bool_)
    waiting = [(0, x.size)] if x.size else []
    refused = 0
    while waiting:
        low, high = waiting.pop()
        try:
            lon[low:high], lat[low:high] = to_wgs84(system or WGS84, x[low:high], y[low:high])
        except Refused:
            refused += 1
            if high - low == 1 or refused > _MOST_REFUSED:
                wrong[low:high] = True
            else:
                middle = (low + high) // 2
                waiting += [(low, middle), (middle, high)]
    return lon, lat, wrong


def _from_shapes(register: Register, table: MapTable, naming: Naming, found: Sequence[Raw]) -> None:
    """Points become places; lines and areas become outlines with a place inside them."""
    shapes = np.empty(len(found), object)
    shapes[:] = [table.shape(raw.number) for raw in found]
    where, owner = shapely.get_coordinates(shapes, return_index=True)
    x, y = (where[:, 1], where[:, 0]) if naming.swap else (where[:, 0], where[:, 1])
    lon, lat, wrong = _moved(naming.system, x, y)
    bad = set(owner[wrong].tolist())
    lon[wrong], lat[wrong] = 0.0, 0.0
    shapes = shapely.set_coordinates(shapes, np.column_stack((lon, lat)))
    outlined = "outline" in register.infos()
    for at, raw in enumerate(found):
        shape = shapes[at]
        for fault in table.faults(raw.number):
            if fault.code in _TOLD or (shape is None and fault.code != "no_geometry"):
                raw.faults.append(Fault("lon", fault.code, words_of(fault), blocks=shape is None))
        if shape is None:
            continue
        if at in bad:
            _refuse(raw, naming.system)
            continue
        inside = shape if shape.geom_type == "Point" else shapely.point_on_surface(shape)
        raw.values["lon"], raw.values["lat"] = round(inside.x, 7), round(inside.y, 7)
        if outlined and shape.geom_type not in ("Point", "MultiPoint", "GeometryCollection"):
            raw.values["outline"] = shapely.to_wkb(shape)
