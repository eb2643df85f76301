"""A sheet as columns of kinds, flags and values, and a book of sheets; cells are made when somebody looks at them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anlan.formats.faults import Fault, Refused
from anlan.formats.tables.cells import FLAG_FAULTS, KINDS, Cell, Flag, Kind, Value, address, letters, plain
from anlan.formats.tables.limits import Limits
from anlan.formats.tables.texts import KeptTexts

DAY_MS = 86_400_000
_MS = timedelta(milliseconds=1)
#: A whole number up to here is one; above it a float skips some.
EXACT = 2**53
#: Kinds whose value is the number of a text.
_TEXTUAL = (Kind.TEXT, Kind.ERROR)

Merge = tuple[int, int, int, int]


class Cells:
    """Cells of a sheet on their way in, in any order; empty ones are not put.

    Values are float64 by kind: a number; a text's number in the book; 0 or 1; days of the proleptic Gregorian
    calendar (1 = 0001-01-01) for a date; ms since 0001-01-01 for a moment; ms for a time of day or a duration.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        #: Row << 32 | column << 16 | kind << 8 | flags; whoever reads a million cells appends here by itself.
        self.codes = array("q")
        self.values = array("d")

    def refuse_more(self) -> None:
        """Raises Refused when there are more cells than the limits allow."""
        if len(self.codes) > self._limits.cells:
            raise Refused("too_many_cells", cells=len(self.codes), limit=self._limits.cells)

    def put(self, row: int, column: int, kind: Kind, value: float, flags: int = 0) -> None:
        """A cell with a value, or a formula that has none. Whoever puts it has looked at the limits."""
        self.codes.append(row << 32 | column << 16 | kind << 8 | flags)
        self.values.append(value)

    def grid(self, most: int) -> Grid:
        """The smallest rectangle with all cells. Raises Refused("too_many_cells") when it has more than `most`."""
        if not self.codes:
            return Grid(1, 1, 0, 0, np.empty(0, np.uint8), np.empty(0, np.uint16), np.empty(0, np.float64))
        codes = np.frombuffer(self.codes.tobytes(), np.int64)
        rows, columns = codes >> 32, codes >> 16 & 0xFFFF
        top, left = int(rows.min()), int(columns.min())
        height, width = int(rows.max()) - top + 1, int(columns.max()) - left + 1
        if height * width > most:
            raise Refused("too_many_cells", address(top, left), cells=height * width, limit=most)
        at = (columns - left) * height + (rows - top)
        kinds, flags = np.zeros(height * width, np.uint8), np.zeros(height * width, np.uint16)
        values = np.zeros(height * width, np.float64)
        kinds[at] = codes >> 8 & 0xFF
        flags[at] = codes & 0xFF
        values[at] = np.frombuffer(self.values.tobytes(), np.float64)
        return Grid(top, left, height, width, kinds, flags, values)


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns one after the other, each of `height` cells from row `top`, the first being column `left`.

    kinds   uint8[width * height]
    flags   uint16[width * height], those of the texts not yet among them
    values  float64[width * height], see `Cells`
    """

    top: int
    left: int
    height: int
    width: int
    kinds: NDArray[np.uint8]
    flags: NDArray[np.uint16]
    values: NDArray[np.float64]

    def at(self, row: int, column: int) -> int:
        """Place in the arrays, -1 outside."""
        down, right = row - self.top, column - self.left
        return right * self.height + down if 0 <= down < self.height and 0 <= right < self.width else -1

    def where(self, place: int) -> tuple[int, int]:
        """Row and column of a place in the arrays."""
        right, down = divmod(place, self.height)
        return self.top + down, self.left + right


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. Rows and columns count from 1, as in addresses.

    hidden  the workbook hides it
    merges  (top, left, bottom, right) of each merged range that touches the cells
    notes   what there is to say of the sheet as a whole; each with the address of the first such cell
    """

    name: str
    hidden: bool
    grid: Grid
    texts: KeptTexts
    merges: tuple[Merge, ...] = ()
    notes: tuple[Fault, ...] = ()

    @property
    def empty(self) -> bool:
        """No cell holds anything."""
        return not self.grid.kinds.any()

    @property
    def rows(self) -> range:
        """Numbers of the rows from the first to the last that holds anything."""
        return range(self.grid.top, self.grid.top + self.grid.height)

    @property
    def columns(self) -> range:
        """Numbers of the columns from the first to the last that holds anything."""
        return range(self.grid.left, self.grid.left + self.grid.width)

    def cell(self, row: int, column: int) -> Cell:
        """The cell at a place; an empty one outside of what was read."""
        place = self.grid.at(row, column)
        return self._cell(row, column, place) if place >= 0 else Cell(row, column, Kind.EMPTY, None, 0)

    def row(self, row: int) -> tuple[Cell, ...]:
        """The cells of a row, over all `columns`; none for a row outside of what was read."""
        first = self.grid.at(row, self.grid.left)
        if first < 0:
            return ()
        places = range(first, len(self.grid.kinds), self.grid.height)
        return tuple(self._cell(row, column, place) for column, place in zip(self.columns, places, strict=True))

    def filled(self, first: int = 1) -> Iterator[tuple[Cell, ...]]:
        """Rows that hold anything, in order, from row `first` on."""
        if not self.empty:
            filled = self.grid.kinds.reshape(self.grid.width, self.grid.height).any(axis=0)
            for down in np.flatnonzero(filled).tolist():
                if self.grid.top + down >= first:
                    yield self.row(self.grid.top + down)

    def _cell(self, row: int, column: int, place: int) -> Cell:
        kind, flags = self.grid.kinds.item(place), self.grid.flags.item(place)
        number = self.grid.values.item(place)
        if kind in _TEXTUAL:
            original = self.texts[int(number)]
            flags |= self.texts.flags.item(int(number))
            return Cell(row, column, KINDS[kind], plain(original) or None, flags, original)
        return Cell(row, column, KINDS[kind], value_of(KINDS[kind], number), flags)


def value_of(kind: Kind, number: float) -> Value:
    """The Python value of a stored number, see `Cells`; None for texts, whose number is not their value."""
    if kind == Kind.NUMBER:
        return int(number) if number.is_integer() and abs(number) < EXACT else number
    if kind == Kind.BOOL:
        return number != 0
    if kind == Kind.DATE:
        return date.fromordinal(int(number))
    if kind == Kind.MOMENT:
        return datetime.min + timedelta(milliseconds=int(number))
    if kind == Kind.TIME:
        return (datetime.min + timedelta(milliseconds=int(number))).time()
    if kind == Kind.DURATION:
        return timedelta(milliseconds=int(number))
    return None


def number_of(value: date | datetime | time | timedelta) -> tuple[Kind, float]:
    """Kind and stored number of a day or time; the other way round than `value_of`."""
    if isinstance(value, datetime):
        return Kind.MOMENT, (value - datetime.min) // _MS
    if isinstance(value, date):
        return Kind.DATE, value.toordinal()
    if isinstance(value, time):
        return Kind.TIME, (value.hour * 3600 + value.minute * 60 + value.second) * 1000 + value.microsecond // 1000
    return Kind.DURATION, value // _MS


def sheet_of(
    name: str, grid: Grid, texts: KeptTexts, *, hidden: bool = False, merges: tuple[Merge, ...] = (),
    notes: tuple[Fault, ...] = (),
) -> Sheet:  # fmt: skip
    """A sheet whose merged cells are flagged, whose blank texts are empty and whose notes tell of every flag."""
    textual = np.flatnonzero(grid.kinds == Kind.TEXT)
    blank = (texts.flags[grid.values[textual].astype(np.int64)] & np.uint16(Flag.BLANK)) != 0
    # A formula that gives nothing stays a text, so that it does not look like one that was never computed.
    blank &= (grid.flags[textual] & np.uint16(Flag.FORMULA)) == 0
    grid.kinds[textual[blank]] = Kind.EMPTY
    kept = []
    for top, left, bottom, right in merges:
        down = slice(max(top - grid.top, 0), max(bottom - grid.top + 1, 0))
        across = slice(max(left - grid.left, 0), max(right - grid.left + 1, 0))
        part = grid.flags.reshape(grid.width, grid.height)[across, down] if grid.width else grid.flags[:0]
        if part.size:
            part |= np.uint16(Flag.MERGED)
            kept.append((top, left, bottom, right))
    return Sheet(name, hidden, grid, texts, tuple(kept), (*notes, *_flag_notes(grid, texts)))


def _flag_notes(grid: Grid, texts: KeptTexts) -> Iterator[Fault]:
    flags = grid.flags.copy()
    textual = np.isin(grid.kinds, _TEXTUAL)
    flags[textual] |= texts.flags[grid.values[textual].astype(np.int64)]
    empty = grid.kinds == Kind.EMPTY
    wanted = [((flags & np.uint16(flag)) != 0, code) for flag, code in FLAG_FAULTS]
    wanted.append((grid.kinds == Kind.ERROR, "cell_error"))
    wanted.append((empty & ((flags & np.uint16(Flag.FORMULA)) != 0), "formula_without_value"))
    for mask, code in wanted:
        places = np.flatnonzero(mask)
        if places.size:
            # The first as people read: row by row, although the columns lie one after the other.
            first = int(places[np.argmin(places % grid.height)])
            columns = tuple(letters(grid.left + right) for right in np.unique(places // grid.height).tolist())
            yield Fault(code, address(*grid.where(first)), {"cells": int(places.size), "columns": columns})


@dataclass(frozen=True, slots=True)
class Book:
    """What was read of a file.

    kind       xlsx, xls or csv
    sheets     in the file's order; one for a text file
    encoding   of a text file, "" otherwise
    delimiter  of a text file, "" otherwise
    """

    kind: str
    sheets: tuple[Sheet, ...]
    encoding: str = ""
    delimiter: str = ""
    texts: KeptTexts = field(repr=False, kw_only=True)

    def packed(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Header and arrays for `packed.write_packed`."""
        arrays = dict(self.texts.arrays())
        heads = []
        for number, sheet in enumerate(self.sheets):
            grid = sheet.grid
            arrays |= {f"{number} kinds": grid.kinds, f"{number} flags": grid.flags, f"{number} values": grid.values}
            heads.append({
                "name": sheet.name, "hidden": sheet.hidden, "merges": sheet.merges,
                "grid": (grid.top, grid.left, grid.height, grid.width),
                "notes": [note.plain() for note in sheet.notes],
            })  # fmt: skip
        return {"kind": self.kind, "encoding": self.encoding, "delimiter": self.delimiter, "sheets": heads}, arrays

    @classmethod
    def unpacked(cls, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Book:
        """The book of a packed file."""
        texts = KeptTexts(arrays["texts"], arrays["text_ends"], arrays["text_flags"])
        sheets = []
        for number, head in enumerate(header["sheets"]):
            grid = Grid(*head["grid"], *(arrays[f"{number} {part}"] for part in ("kinds", "flags", "values")))
            notes = tuple(map(Fault.of, head["notes"]))
            merges = tuple(tuple(merge) for merge in head["merges"])
            sheets.append(Sheet(head["name"], head["hidden"], grid, texts, merges, notes))
        return cls(header["kind"], tuple(sheets), header["encoding"], header["delimiter"], texts=texts)
