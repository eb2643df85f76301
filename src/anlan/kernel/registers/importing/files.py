"""The file of an import: read once within bounds, kept in a folder of its own, opened again at each step.

A folder `imports/NUMBER` in the data directory holds `source`, the file as it came, and `read`, what was read of it as
mapped arrays. What is read becomes a `Table`: columns with headings and numbered rows, whatever the file was.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Protocol

import numpy as np
from django.conf import settings

from anlan.formats.faults import Fault, Refused
from anlan.formats.geofiles.features import Features
from anlan.formats.geofiles.limited import open_features
from anlan.formats.geofiles.limits import Limits as MapLimits
from anlan.formats.geofiles.reading import ENDINGS as MAP_ENDINGS
from anlan.formats.packed import open_packed, write_packed
from anlan.formats.tables.cells import Cell, Flag, Kind, plain
from anlan.formats.tables.headers import headers
from anlan.formats.tables.limited import open_table
from anlan.formats.tables.limits import Limits as TableLimits
from anlan.formats.tables.sheets import EXACT, Book, Sheet

#: Bytes of a file.
MOST_BYTES = TableLimits().bytes
#: Files of no more bytes are read while the person waits; larger ones by a job.
SMALL_BYTES = 1 << 20
#: What reading a small file takes at most, seconds of work, and how long a person waits for it.
_WORK_S, _PATIENCE_S = 3.0, 5.0
#: For a job: seconds of work, more for each MiB (50,000 rows of a dozen columns are 4 MiB and take about two), and how
#: often as long it may last on a busy machine. What is built to be slow is refused by its structure long before.
_JOB_WORK_S, _WORK_S_A_MEBIBYTE, _BUSY = 5.0, 1.0, 4.0
#: Candidates for the headings that a person may choose from, rows shown under them, properties of a map file.
MOST_HEADERS, MOST_SAMPLES, MOST_PROPERTIES = 6, 5, 200
_SOURCE, _READ = "source", "read"
#: Headings of a map file's own parts, which stand beside its properties.
FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Broken:
    """A cell whose value cannot be used: code and place as `formats.faults` name them, what stands in it."""

    fault: Fault
    text: str


@dataclass(frozen=True, slots=True)
class Received:
    """A file that lies in a folder on its way; `keep` gives it its number."""

    folder: Path
    sha256: str
    size: int

    def keep(self, number: int) -> None:
        """Give the folder the number of its import."""
        place = folder_of(number)
        shutil.rmtree(place, ignore_errors=True)  # of a transaction that never came to its end
        self.folder.rename(place)

    def drop(self) -> None:
        """Forget the file."""
        shutil.rmtree(self.folder, ignore_errors=True)


def root() -> Path:
    """The folder of all imports."""
    return Path(settings.DATA) / "imports"


def folder_of(number: int) -> Path:
    """Where the file of an import lies."""
    return root() / str(number)


def receive(data: bytes) -> Received:
    """Lay a file down that a stranger sent, unread. Raises Refused for one that is too large, or empty."""
    if len(data) > MOST_BYTES:
        raise Refused("too_large", bytes=len(data), limit=MOST_BYTES)
    if not data:
        raise Refused("empty_file")
    folder = root() / f".{secrets.token_hex(8)}"
    folder.mkdir(parents=True)
    try:
        with (folder / _SOURCE).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Received(folder, hashlib.sha256(data).hexdigest(), len(data))


def read(folder: Path, name: str, *, encoding: str = "", layer: str = "", job: bool = False) -> tuple[str, Any]:
    """Read the file that lies in a folder, in a process of its own, and lay beside it what was read.

    name  what the person's file was called
    job   nobody waits: more time for more bytes

    Returns its kind and its sources. Raises Refused; `formats.limited.NotInTime` when the machine is too busy.
    """
    source = folder / _SOURCE
    work_s = _JOB_WORK_S + _WORK_S_A_MEBIBYTE * source.stat().st_size / (1 << 20) if job else _WORK_S
    wait_s = _BUSY * work_s if job else _PATIENCE_S
    ending = PurePath(name).suffix.lower().removeprefix(".")
    found: Book | Features
    if ending in MAP_ENDINGS:
        limits = MapLimits(seconds=work_s)
        found = open_features(source, name, limits=limits, layer=layer, encoding=encoding, wait_s=wait_s)
        if not found.features:
            raise Refused("no_features")
        sources = _map_sources(found)
    else:  # whatever is no table is refused there by its name
        found = open_table(source, name, limits=TableLimits(seconds=work_s), encoding=encoding, wait_s=wait_s)
        sources = _table_sources(found)
    write_packed(folder / _READ, *found.packed())
    return found.kind, sources


def _table_sources(book: Book) -> dict[str, Any]:
    sheets = []
    for sheet in book.sheets:
        found = [] if sheet.empty else headers(sheet)[:MOST_HEADERS]
        sheets.append({
            "name": sheet.name, "hidden": sheet.hidden, "empty": sheet.empty, "rows": len(sheet.rows),
            "notes": [note.plain() for note in sheet.notes],
            "headers": [{"rows": list(one.rows), "names": list(one.names), "faults": [f.plain() for f in one.faults]}
                        for one in found],
        })  # fmt: skip
    return {"sheets": sheets, "encoding": book.encoding, "delimiter": book.delimiter}


def _map_sources(features: Features) -> dict[str, Any]:
    names = dict.fromkeys(name for one in features.features for name in one.properties)
    if any(one.place for one in features.features):
        names = {**dict.fromkeys([FOLDER]), **names}
    mended: dict[str, list[Any]] = {}  # the first fault of a sort, and how many features have one
    for one in features.features:
        for fault in one.faults:
            mended.setdefault(fault.code, [fault.plain(), 0])[1] += 1
    return {
        "columns": list(names)[:MOST_PROPERTIES], "count": len(features.features), "system": features.system,
        "notes": [note.plain() for note in features.notes], "mended": list(mended.values()),
    }  # fmt: skip


# --- what was read, as columns and rows -------------------------------------------------------------------------------
class Table(Protocol):
    """Rows under headings.

    names    headings by place, "" where there is none
    numbers  of the rows as their reader counts: the sheet's own, or the place of a feature
    """

    names: Sequence[str]
    numbers: Sequence[int]

    def values(self, number: int) -> Sequence[Any]:
        """The row of a number, by place: text, number, day, None, or `Broken`."""
        ...

    def where(self, number: int, at: int) -> str:
        """The address of a cell as its reader knows it: "C12"."""
        ...

    def columns(self, wanted: Sequence[int], numbers: Sequence[int]) -> list[list[Any]]:
        """Some columns of some rows: the values of one column after the other."""
        rows = [self.values(number) for number in numbers]
        return [[row[at] for row in rows] for at in wanted]


class SheetTable(Table):
    """A sheet below its headings."""

    def __init__(self, sheet: Sheet, rows: Sequence[int], names: Sequence[str]) -> None:
        self.sheet = sheet
        self.names = names
        grid = sheet.grid
        filled = np.flatnonzero(grid.kinds.reshape(grid.width, grid.height).any(axis=0)) + grid.top
        self.numbers = filled[filled > rows[1]].tolist()

    def values(self, number: int) -> list[Any]:
        return [_value(cell) for cell in self.sheet.row(number)]

    def where(self, number: int, at: int) -> str:
        return self.sheet.cell(number, self.sheet.columns.start + at).address

    def columns(self, wanted: Sequence[int], numbers: Sequence[int]) -> list[list[Any]]:
        """As of any table; numbers and texts, of which there are hundreds of thousands, without a cell for each."""
        grid, first = self.sheet.grid, self.sheet.columns.start
        down = np.asarray(numbers, np.int64) - grid.top
        found = []
        for at in wanted:
            places = down + at * grid.height
            kinds, flags, values = grid.kinds[places], grid.flags[places], grid.values[places]
            column = np.full(places.size, None, object)
            textual = np.flatnonzero(kinds == Kind.TEXT)
            keys, which = np.unique(values[textual].astype(np.int64), return_inverse=True)
            flags[textual] |= self.sheet.texts.flags[keys][which]
            texts = np.empty(keys.size, object)
            texts[:] = [plain(self.sheet.texts[key]) or None for key in keys.tolist()]
            column[textual] = texts[which]
            numeric = np.flatnonzero(kinds == Kind.NUMBER)
            column[numeric] = [_number(value) for value in values[numeric].tolist()]
            usual = np.isin(kinds, (Kind.TEXT, Kind.NUMBER, Kind.EMPTY)) & (flags == 0)
            for other in np.flatnonzero(~usual).tolist():
                column[other] = _value(self.sheet.cell(numbers[other], first + at))
            found.append(column.tolist())
        return found


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() and abs(value) < EXACT else value


def _value(cell: Cell) -> Any:
    value = cell.value
    if cell.kind == Kind.ERROR:
        return Broken(Fault("cell_error", cell.address, {"cells": 1}), str(value))
    if cell.flags:
        if cell.kind == Kind.EMPTY and cell.flags & Flag.FORMULA:
            return Broken(Fault("formula_without_value", cell.address, {"cells": 1}), "")
        if cell.flags & Flag.DIGITS_LOST:
            return Broken(Fault("digits_lost", cell.address, {"cells": 1}), str(value))
    if cell.kind in (Kind.TIME, Kind.DURATION):
        return str(value)
    return value


class MapTable(Table):
    """The features of a map file."""

    def __init__(self, features: Features, names: Sequence[str]) -> None:
        self.names = names
        self._features = {one.number: one for one in features.features}
        self.numbers = list(self._features)

    def values(self, number: int) -> list[Any]:
        one = self._features[number]
        found = {FOLDER: one.place, **one.properties}
        return [_property(found.get(name)) for name in self.names]

    def where(self, number: int, at: int) -> str:
        return f"{number} · {self.names[at]}"

    def shape(self, number: int) -> Any:
        """The geometry of a row, None where there is none that can be used."""
        shape = self._features[number].geometry
        return None if shape is None or shape.is_empty else shape

    def faults(self, number: int) -> Sequence[Fault]:
        """What was found wrong with a feature, mended or not."""
        return self._features[number].faults


def _property(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def open_sheet(number: int, sheet: int) -> Sheet:
    """A sheet of the workbook of an import. Raises OSError when it is gone."""
    return Book.unpacked(*open_packed(folder_of(number) / _READ)).sheets[sheet]


def open_table_of(number: int, sources: dict[str, Any], options: dict[str, Any]) -> Table:
    """What was read of an import, as its options say: which sheet, which heading. Raises OSError when it is gone."""
    if "sheets" not in sources:
        return MapTable(Features.unpacked(*open_packed(folder_of(number) / _READ)), sources["columns"])
    sheet = open_sheet(number, options["sheet"])
    chosen = sources["sheets"][options["sheet"]]["headers"][options["header"]]
    return SheetTable(sheet, chosen["rows"], chosen["names"])


def forget(number: int, *, source: bool = True) -> None:
    """Delete what is kept of an import: all, or only what was read, when the file itself stays as proof."""
    place = folder_of(number)
    if source:
        shutil.rmtree(place, ignore_errors=True)
    else:
        (place / _READ).unlink(missing_ok=True)
