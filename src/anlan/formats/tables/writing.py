"""Tables of ours, written as a stream: workbooks by XlsxWriter, text files by the csv module.

Nothing that is written runs: texts are written as texts whatever they begin with (`quoting`), links are not made, and
numbers stay numbers. The words on the sheets are the caller's.
"""

from __future__ import annotations

import csv
import io
import math
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal

import xlsxwriter

from anlan.formats.tables.cells import DIGITS_KEPT, Kind, letters
from anlan.formats.tables.headers import Header
from anlan.formats.tables.limits import Limits
from anlan.formats.tables.quoting import is_dangerous, quoted
from anlan.formats.tables.sheets import Sheet

Value = str | int | float | bool | date | datetime | time | timedelta | Decimal | None

#: What a spreadsheet program takes: signs of a cell, of a list typed into its rule, of a sheet's name, of a comment.
MOST_SIGNS, _MOST_LIST, _MOST_NAME, _MOST_NOTE = 32_767, 255, 31, 32_767
MOST_ROWS = 1_048_576
#: Rows whose texts decide how wide a column is, and its bounds in signs of half width.
_MEASURED, _NARROW, _WIDE = 200, 6, 60
#: Comments are kept in memory until the end; a person reads the first of so many.
_MOST_COMMENTS = 2_000
_CHOICES = "_choices"
#: Neutral, with the accent for what a person should look at: level colours mean levels and nothing else.
_LINE, _HEAD, _SOFT, _ACCENT = "#DFE4E8", "#EEF1F3", "#D7EEEB", "#0F766E"
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f\ud800-\udfff\ufffe\uffff]")
_HALF_PAIR = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Column:
    """A column to be written.

    title    heading
    text     the cells are formatted as text, so that a code typed into an empty one keeps its zeros
    choices  what may be chosen in a cell; () for anything
    note     a comment on the heading, "" for none
    width    in signs of half width; 0 follows the content
    """

    title: str
    text: bool = False
    choices: tuple[str, ...] = ()
    note: str = ""
    width: float = 0


class Workbook:
    """A workbook on its way to a file; one page after the other, one row after the other.

    with Workbook(path) as book:
        page = book.page("企业台账", columns)
        for row in rows:
            page.row(row)
    """

    def __init__(self, target: Path | BinaryIO) -> None:
        self._target = target
        # Rows go to a temporary file at once; a row that is finished cannot be changed.
        self._rows = tempfile.TemporaryDirectory(prefix="anlan-write-")
        options = {"constant_memory": True, "tmpdir": self._rows.name}
        self._book = xlsxwriter.Workbook(str(target) if isinstance(target, Path) else target, options)
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self._names: set[str] = {_CHOICES}
        self._lists: list[tuple[str, ...]] = []
        self._pages: list[Page] = []
        #: Texts that were longer than a cell holds and end in an ellipsis.
        self.cut = 0

    def __enter__(self) -> Workbook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        with self._rows:
            if kind is None:
                self._close()
                return
            # A book that is given up keeps its rows open.
            for page in self._pages:
                page.give_up()
        if isinstance(self._target, Path):
            self._target.unlink(missing_ok=True)

    def page(self, name: str, columns: Sequence[Column]) -> Page:
        """Begin a sheet with its headings; the page before it is finished. The name is made one that may be."""
        name = sheet_name(name, self._names)
        self._names.add(name.casefold())
        page = Page(self, self._book.add_worksheet(name), columns)
        self._pages.append(page)
        return page

    def _close(self) -> None:
        if not self._pages:
            raise ValueError("a workbook has at least one page")
        for page in self._pages:
            page.finish()
        if self._lists:
            hidden = self._book.add_worksheet(_CHOICES)
            hidden.hide()
            for row in range(max(map(len, self._lists))):
                for column, choices in enumerate(self._lists):
                    if row < len(choices):
                        hidden.write_string(row, column, choices[row])
        self._book.close()

    def style(self, **properties: Any) -> Any:
        """A cell format, made once; None for the ordinary one."""
        if not properties:
            return None
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(properties)
        return self._formats[key]

    def list_of(self, choices: tuple[str, ...]) -> Any:
        """What a rule of choices takes: the choices themselves, or where they stand when they are long."""
        if len(",".join(choices)) <= _MOST_LIST and not any("," in choice for choice in choices):
            return list(choices)
        if choices not in self._lists:
            self._lists.append(choices)
        column = letters(self._lists.index(choices) + 1)
        return f"='{_CHOICES}'!${column}$1:${column}${len(choices)}"


class Page:
    """A sheet on its way, see `Workbook`."""

    def __init__(self, book: Workbook, sheet: Any, columns: Sequence[Column]) -> None:
        self._book, self._sheet, self._columns = book, sheet, tuple(columns)
        self._next = 1
        self._comments = 0
        self._widths = [_signs(column.title) for column in columns]
        head = book.style(bold=True, bg_color=_HEAD, border=1, border_color=_LINE, text_wrap=True, valign="vcenter")
        for at, column in enumerate(columns):
            sheet.write_string(0, at, _printable(column.title), head)
            if column.note:
                sheet.write_comment(0, at, column.note[:_MOST_NOTE])
            if column.choices:
                rule = {"validate": "list", "source": book.list_of(column.choices)}
                sheet.data_validation(1, at, Limits().rows, at, rule)
        sheet.freeze_panes(1, 0)

    def row(self, values: Sequence[Value], faults: Mapping[int, str] | None = None) -> None:
        """Write a row.

        values  one for each column; a moment is naive, in the zone that its reader lives in
        faults  what is wrong with a value, by its place in the row: the cell is marked and the words are its comment

        Raises ValueError for a moment with a zone, an infinite number, more values than columns, or a row beyond what
        a sheet holds; TypeError for a value of another type.
        """
        if self._next >= MOST_ROWS:
            raise ValueError(f"a sheet holds {MOST_ROWS} rows")
        if len(values) > len(self._columns):
            raise ValueError(f"{len(values)} values for {len(self._columns)} columns")
        for at, value in enumerate(values):
            self._cell(at, value, (faults or {}).get(at, ""))
        self._next += 1

    def finish(self) -> None:
        """Set what is known only when all rows are."""
        for at, column in enumerate(self._columns):
            width = column.width or min(max(self._widths[at] + 2, _NARROW), _WIDE)
            self._sheet.set_column(at, at, width, self._book.style(num_format="@") if column.text else None)
        if self._columns:
            self._sheet.autofilter(0, 0, max(self._next - 1, 1), len(self._columns) - 1)

    def give_up(self) -> None:
        """Let go of the temporary file with the rows."""
        if not self._sheet.row_data_fh_closed:
            self._sheet.row_data_fh.close()

    def _cell(self, at: int, value: Value, fault: str) -> None:
        sheet, row = self._sheet, self._next
        mark: dict[str, Any] = {"bg_color": _SOFT, "border": 1, "border_color": _ACCENT} if fault else {}
        if fault and self._comments < _MOST_COMMENTS:
            sheet.write_comment(row, at, fault[:_MOST_NOTE])
            self._comments += 1
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= DIGITS_KEPT:
            value = str(value)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            # Not a number is no reading, which is an empty cell.
            if mark:
                sheet.write_blank(row, at, None, self._book.style(**mark))
        elif isinstance(value, str):
            self._text(at, value, mark)
        elif isinstance(value, bool):
            sheet.write_boolean(row, at, value, self._book.style(**mark))
        elif isinstance(value, int | float | Decimal):
            if not math.isfinite(value):
                raise ValueError("a number that is infinite cannot be written")
            if row <= _MEASURED:
                self._widths[at] = max(self._widths[at], len(f"{value:.10g}"))
            sheet.write_number(row, at, value, self._book.style(**mark))
        else:
            self._time(at, value, mark)

    def _text(self, at: int, value: str, mark: dict[str, Any]) -> None:
        value = _printable(value)
        if len(value) > MOST_SIGNS:
            value, self._book.cut = value[: MOST_SIGNS - 1] + "…", self._book.cut + 1
        if is_dangerous(value):
            # The cell's own apostrophe: not part of the text, kept when somebody edits the cell.
            mark = mark | {"quote_prefix": True}
        if self._columns[at].text:
            mark = mark | {"num_format": "@"}
        if "\n" in value:
            mark = mark | {"text_wrap": True, "valign": "top"}
        if self._next <= _MEASURED:
            self._widths[at] = max(self._widths[at], *map(_signs, value.split("\n")))
        self._sheet.write_string(self._next, at, value, self._book.style(**mark))

    def _time(self, at: int, value: date | time | timedelta | object, mark: dict[str, Any]) -> None:
        if isinstance(value, datetime):
            if value.tzinfo is not None:
                raise ValueError("a moment is written in the zone of its reader, without one of its own")
            pattern = "yyyy-mm-dd hh:mm:ss" if value.second else "yyyy-mm-dd hh:mm"
        elif isinstance(value, date):
            pattern = "yyyy-mm-dd"
        elif isinstance(value, time):
            pattern = "hh:mm:ss"
        elif isinstance(value, timedelta):
            pattern = "[h]:mm:ss"
        else:
            raise TypeError(f"{type(value).__name__} is no value of a cell")
        self._widths[at] = max(self._widths[at], len(pattern))
        if isinstance(value, date) and value.year < 1900:
            # Spreadsheets know no day before 1900.
            self._text(at, str(value), mark)
        else:
            self._sheet.write_datetime(self._next, at, value, self._book.style(num_format=pattern, **mark))


def sheet_name(wanted: str, taken: Iterable[str] = ()) -> str:
    """A name that a sheet may have: at most 31 signs, none of []:*?/\\, not that of another (in any case)."""
    bare = _NOT_IN_NAMES.sub(" ", wanted).strip().strip("'")[:_MOST_NAME].strip().strip("'") or "Sheet"
    used = {name.casefold() for name in taken} | {"history"}
    name, number = bare, 1
    while name.casefold() in used:
        number += 1
        end = f" ({number})"
        name = bare[: _MOST_NAME - len(end)] + end
    return name


@dataclass(frozen=True, slots=True)
class FaultWords:
    """What a sheet of faults says beside what it is given.

    name   of the sheet
    row    heading of the column with the row's number in the file
    fault  heading of the column with what is wrong
    """

    name: str
    row: str
    fault: str


def write_faults(
    target: Path | BinaryIO, sheet: Sheet, header: Header, faults: Mapping[int, Sequence[tuple[int, str]]],
    words: FaultWords,
) -> None:  # fmt: skip
    """Give back the rows of a sheet that have faults: as they came, what is wrong in the last column and at the cells.

    header  the headings that were used
    faults  (column, words) by row, both counted as in addresses; column 0 for the row as a whole
    """
    columns = [Column(words.row), *(Column(name) for name in header.names), Column(words.fault)]
    with Workbook(target) as book:
        page = book.page(words.name, columns)
        for cells in sheet.filled(header.rows[1] + 1):
            said = faults.get(cells[0].row, ())
            if not said:
                continue
            values = [cell.original if cell.kind in (Kind.TEXT, Kind.ERROR) else cell.value for cell in cells]
            marks: dict[int, str] = {}
            for column, text in said:
                if column in sheet.columns:
                    at = column - sheet.columns.start + 1
                    marks[at] = f"{marks[at]}\n{text}" if at in marks else text
            page.row([cells[0].row, *values, "\n".join(text for _column, text in said)], marks)


def csv_lines(
    titles: Sequence[str], rows: Iterable[Sequence[Value]], *, encoding: Literal["utf-8", "gb18030"] = "utf-8"
) -> Iterator[bytes]:
    """A CSV file in pieces: lines that end in CR LF, dangerous texts quoted.

    encoding  UTF-8 has a byte order mark; GB 18030 is what older Chinese programs take

    Raises ValueError and TypeError as `Page.row` does.
    """
    if encoding == "utf-8":
        yield b"\xef\xbb\xbf"
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([quoted(title) for title in titles])
    for row in rows:
        writer.writerow([_plain(value) for value in row])
        if buffer.tell() > 1 << 16:
            yield buffer.getvalue().encode(encoding, "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode(encoding, "replace")


def _plain(value: Value) -> str | int | float | Decimal:
    """What the csv module is to write for a value."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return quoted(value.replace("\0", ""))
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float | Decimal):
        if not math.isfinite(value):
            raise ValueError("a number that is infinite cannot be written")
        return value
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            raise ValueError("a moment is written in the zone of its reader, without one of its own")
        return value.isoformat(" ", "seconds")
    if isinstance(value, date | time | timedelta):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no value of a cell")


def _printable(text: str) -> str:
    """Halves of surrogate pairs, which no file can hold, as the sign for what cannot be shown."""
    return _HALF_PAIR.sub("\ufffd", text)


def _signs(text: str) -> int:
    """Width in signs of half width; a Chinese character is two."""
    return len(text) if text.isascii() else sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
