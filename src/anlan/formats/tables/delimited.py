"""Text files with delimiters (CSV, TSV): their encoding, their delimiter, their rows.

Every cell is a text: whether `00123` is a number is for whoever knows the column (`values`).
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from anlan.formats.encodings import encoding_of, line_at
from anlan.formats.faults import Fault, Refused
from anlan.formats.tables.cells import ERRORS, Flag, Kind, address
from anlan.formats.tables.limits import Limits
from anlan.formats.tables.quoting import unquoted
from anlan.formats.tables.sheets import Book, Grid, sheet_of
from anlan.formats.tables.texts import Texts

DELIMITERS = (",", ";", "\t", "|")
#: Signs and records that are looked at to find the delimiter.
_LOOKED_AT, _RECORDS = 1 << 16, 200
_BATCH = 5_000
#: A text that begins like one of these is looked at closer.
_CLOSER = re.compile("(?:^|\0)[='#]")
#: `="00123"`: how other programs keep a spreadsheet from dropping zeros.
_KEPT_TEXT = re.compile('="([^"]*)"')
_SEPARATOR_LINE = re.compile(r"sep=([,;\t|])\r?\n")


class Rows(Protocol):
    """Records of a text file, and the line that the last of them ended with."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]:
        """The rows."""

    def __next__(self) -> list[str]:
        """The next row."""


def read_delimited(path: Path, limits: Limits, *, encoding: str = "", delimiter: str = "") -> Book:
    """The one table of a text file.

    encoding, delimiter  as a person says; "" finds out

    Raises Refused: `unknown_encoding`, `bad_quotes`, `open_quote`, `no_table` and the limits.
    """
    data = path.read_bytes()
    used = encoding or encoding_of(data)
    try:
        text = data.decode(used)
    except (UnicodeError, LookupError) as error:
        raise Refused("unknown_encoding", line=line_at(data, getattr(error, "start", 0))) from error
    del data
    if "\0" in text:
        raise Refused("wrong_type", said="csv", found="binary")
    if said := _SEPARATOR_LINE.match(text):
        # Excel writes its delimiter on a line of its own, and does not count that line.
        text = text[said.end() :]
    sign = delimiter or (said[1] if said else delimiter_of(text))
    texts = Texts(limits.text)
    grid, ragged = _Columns(limits, texts).read(text, sign)
    sheet = sheet_of("", grid, kept := texts.done(), notes=ragged)
    if sheet.empty:
        raise Refused("no_table")
    return Book("csv", (sheet,), used, sign, texts=kept)


def delimiter_of(text: str) -> str:
    """The delimiter that cuts the first records into the most columns, equally many in most records; else a comma."""
    head = text[:_LOOKED_AT]
    if len(text) > _LOOKED_AT:
        head = head[: head.rfind("\n") + 1] or head
    best, found = 0.0, DELIMITERS[0]
    for sign in DELIMITERS:
        widths: Counter[int] = Counter()
        with contextlib.suppress(csv.Error):
            widths.update(len(row) for row in itertools.islice(_rows(head, sign, strict=False), _RECORDS) if row)
        if widths:
            width, times = widths.most_common(1)[0]
            score = math.log2(width) * times / widths.total()
            if score > best:
                best, found = score, sign
    return found


def _rows(text: str, delimiter: str, *, strict: bool) -> Rows:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)


@dataclass(frozen=True, slots=True)
class _Block:
    """A part of a column, both places counted from 0, and where its last filled cell is."""

    first: int
    column: int
    last: int
    kinds: NDArray[np.uint8]
    flags: NDArray[np.uint16]
    values: NDArray[np.float64]


class _Columns:
    """Rows of texts on their way into columns, a batch at a time."""

    def __init__(self, limits: Limits, texts: Texts) -> None:
        self._limits = limits
        self._texts = texts
        self._blocks: list[_Block] = []
        #: Cells of the first row that has any, and the rows with more.
        self._expected = 0
        self._longer: list[int] = []

    def read(self, text: str, delimiter: str) -> tuple[Grid, tuple[Fault, ...]]:
        """All cells, and a note of the rows that have more of them than the first."""
        rows = _rows(text, delimiter, strict=True)
        first = 0
        try:
            while batch := list(itertools.islice(rows, _BATCH)):
                self._trim(batch, first)
                for column, texts in enumerate(itertools.zip_longest(*batch, fillvalue="")):
                    self._take(texts, first, column)
                first += len(batch)
        except csv.Error as error:
            raise self._refusal(error, text, delimiter) from error
        note = Fault("ragged", str(self._longer[0]), {"rows": len(self._longer)}) if self._longer else None
        return self._grid(), (note,) if note else ()

    def _trim(self, batch: list[list[str]], first: int) -> None:
        """Take the empty cells off the ends of rows, and note how long these are then."""
        for number, row in enumerate(batch, first + 1):
            while row and not row[-1]:
                row.pop()
            if row:
                self._limits.refuse_far(number, len(row))
            self._expected = self._expected or len(row)
            if len(row) > self._expected:
                self._longer.append(number)

    def _take(self, texts: Sequence[str], first: int, column: int) -> None:
        filled = np.fromiter(map(bool, texts), np.bool_, len(texts))
        places = filled.nonzero()[0]
        if not places.size:
            return
        last = first + int(places[-1])
        longest = max(range(len(texts)), key=lambda down: len(texts[down]))
        if len(texts[longest]) > self._limits.text:
            where = address(first + longest + 1, column + 1)
            raise Refused("text_too_long", where, length=len(texts[longest]), limit=self._limits.text)
        kinds, flags = filled * np.uint8(Kind.TEXT), np.zeros(filled.size, np.uint16)
        said = list(filter(None, texts))
        if _CLOSER.search("\0".join(said)):
            for number, at in enumerate(places.tolist()):
                said[number], kinds[at], flags[at] = _meant(said[number])
        values = np.zeros(filled.size, np.float64)
        values[filled] = self._texts.add_all(said) + np.arange(places.size)
        self._blocks.append(_Block(first, column, last, kinds, flags, values))

    def _grid(self) -> Grid:
        height = max((block.last + 1 for block in self._blocks), default=0)
        width = max((block.column + 1 for block in self._blocks), default=0)
        size = height * width
        if size > self._limits.cells:
            raise Refused("too_many_cells", cells=size, limit=self._limits.cells)
        kinds, flags, values = np.zeros(size, np.uint8), np.zeros(size, np.uint16), np.zeros(size, np.float64)
        for block in self._blocks:
            begin = block.column * height + block.first
            count = min(len(block.kinds), height - block.first)
            place = slice(begin, begin + count)
            kinds[place], flags[place], values[place] = block.kinds[:count], block.flags[:count], block.values[:count]
        return Grid(1, 1, height, width, kinds, flags, values)

    def _refusal(self, error: csv.Error, text: str, delimiter: str) -> Refused:
        """Words of the csv module to a code, with the line where the record begins that it stumbled over."""
        rows = _rows(text, delimiter, strict=True)
        line = 1
        with contextlib.suppress(csv.Error):
            for _row in rows:
                line = rows.line_num + 1
        said = str(error)
        if "limit" in said:
            return Refused("text_too_long", str(line), length=csv.field_size_limit(), limit=self._limits.text)
        return Refused("open_quote" if "end of data" in said else "bad_quotes", str(line))


def _meant(text: str) -> tuple[str, Kind, int]:
    """Text, kind and flags of a cell that begins with `=`, `'` or `#`."""
    if kept := _KEPT_TEXT.fullmatch(text):
        return kept[1], Kind.TEXT, Flag.FORMULA
    if text.startswith("="):
        return text, Kind.TEXT, Flag.FORMULA
    return unquoted(text), Kind.ERROR if text.strip() in ERRORS else Kind.TEXT, 0
