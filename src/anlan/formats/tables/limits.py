"""How much of a table is read; every figure holds before anything is parsed or while it streams."""

from __future__ import annotations

from dataclasses import dataclass

from anlan.formats.faults import Refused
from anlan.formats.tables.cells import address

#: Lines above the rows: title, unit, date, headings of two lines.
HEADROOM = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one reading.

    bytes     of the file
    unpacked  bytes of all parts of a workbook together
    ratio     unpacked bytes per packed byte of a part over 1 MiB
    parts     of a workbook's archive
    sheets    of a workbook
    rows      of a sheet, counted from its first line; HEADROOM more may stand above for title and headings
    columns   of a sheet, counted from A
    cells     of all sheets together, empty ones between filled ones included
    text      signs of one cell; 32,767 is what a spreadsheet program itself takes
    merges    merged ranges of a sheet
    seconds   of the whole reading in its process
    memory    MiB of the reading process above what it has when it starts
    """

    bytes: int = 20 << 20
    unpacked: int = 100 << 20
    ratio: int = 200
    parts: int = 2_000
    sheets: int = 64
    rows: int = 100_000
    columns: int = 200
    cells: int = 5_000_000
    text: int = 32_767
    merges: int = 20_000
    seconds: float = 5.0
    memory: int = 512

    def refuse_far(self, row: int, column: int) -> None:
        """Raises Refused for a cell, counted from 1, beyond the rows or columns that are read."""
        if row > self.rows + HEADROOM:
            raise Refused("too_many_rows", address(row, column), row=row, limit=self.rows)
        if column > self.columns:
            raise Refused("too_many_columns", address(row, column), column=column, limit=self.columns)
