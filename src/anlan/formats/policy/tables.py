"""Tables inside a text: rows of cells between bars or tabs, and tables that copying has laid out cell under cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: The heading of the column that numbers the rows; a table laid out cell under cell is known by it.
NUMBER_HEADS = ("序号", "编号", "序號", "編號")
_RULE = re.compile(r"[\s|:：—─-]+")
_SENTENCE_END = "。；;！!？?"
_MARK = re.compile(
    r"[一二三四五六七八九十百]{1,4}、|[（(][一二三四五六七八九十]{1,3}[)）]|第[一二三四五六七八九十百]{1,5}[章节条]"
)
#: A heading of a column is not longer, and a table has no more columns.
_HEAD_SIGNS, _MOST_COLUMNS = 14, 12


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell, and where in the text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows from the heading on; `start` to `end` is its place in the text."""

    start: int
    end: int
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def heads(self) -> tuple[str, ...]:
        """The headings of the columns, without spaces."""
        return tuple(re.sub(r"\s", "", cell.text) for cell in self.rows[0])

    def column(self, *words: str, without: Sequence[str] = ()) -> int:
        """The first column whose heading holds one of the words; -1 for none."""
        for word in words:
            for at, head in enumerate(self.heads):
                if word in head and not any(other in head for other in without):
                    return at
        return -1


def lines_of(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Places of the lines of a text without the white space around them; empty lines are passed over."""
    end = len(text) if end is None else end
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        left, right = start, stop
        while left < right and text[left].isspace():
            left += 1
        while right > left and text[right - 1].isspace():
            right -= 1
        if left < right:
            yield left, right
        start = stop + 1


def find_tables(text: str) -> tuple[Table, ...]:
    """Every table of a text, in order."""
    lines = list(lines_of(text))
    found: list[Table] = []
    at = 0
    while at < len(lines):
        table, after = _barred(text, lines, at)
        if table is None:
            table, after = _stacked(text, lines, at)
        if table is not None:
            found.append(table)
        at = after
    return tuple(found)


def _barred(text: str, lines: Sequence[tuple[int, int]], at: int) -> tuple[Table | None, int]:
    """A table whose cells are parted by bars or tabs, and the line after it."""
    for bar in ("|", "\t", "｜"):
        stop = at
        while stop < len(lines) and bar in text[slice(*lines[stop])]:
            stop += 1
        barred = [line for line in lines[at:stop] if not _RULE.fullmatch(text[slice(*line)])]
        # Bars around a table are its frame; one at the edge of some rows only parts off an empty cell.
        left = all(text[start] == bar for start, _end in barred)
        right = all(text[end - 1] == bar for _start, end in barred)
        rows = [_cells(text, start + left, max(start + left, end - right), bar) for start, end in barred]
        if len(rows) >= 2 and all(len(row) >= 2 for row in rows):
            return Table(lines[at][0], lines[stop - 1][1], tuple(rows)), stop
    return None, at + 1


def _cells(text: str, start: int, end: int, bar: str) -> tuple[Cell, ...]:
    cells = []
    while True:
        stop = text.find(bar, start, end)
        cells.append(_cell(text, start, end if stop < 0 else stop))
        if stop < 0:
            return tuple(cells)
        start = stop + 1


def _cell(text: str, start: int, end: int) -> Cell:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Cell(text[start:end], start, end)


def _stacked(text: str, lines: Sequence[tuple[int, int]], at: int) -> tuple[Table | None, int]:
    """A table whose cells stand one under the other: headings from 序号 on, then 1, its cells, 2, its cells, …"""
    if text[slice(*lines[at])] not in NUMBER_HEADS:
        return None, at + 1
    heads: list[Cell] = []
    stop = at
    while stop < len(lines) and len(heads) <= _MOST_COLUMNS and text[slice(*lines[stop])] != "1":
        said = text[slice(*lines[stop])]
        if len(said) > _HEAD_SIGNS or said[-1] in _SENTENCE_END:
            return None, at + 1
        heads.append(Cell(said, *lines[stop]))
        stop += 1
    if len(heads) < 2 or len(heads) > _MOST_COLUMNS or stop == len(lines):
        return None, at + 1
    rows = [tuple(heads)]
    last = 0
    while stop < len(lines) and (number := _next_number(text[slice(*lines[stop])], last)):
        begin = stop
        stop += 1
        # The last row has no number after it: it ends where its columns are full, or at a heading.
        while stop < len(lines) and not _next_number(text[slice(*lines[stop])], number):
            if _MARK.match(text[slice(*lines[stop])]):
                break
            stop += 1
        rows.append(_row(text, lines[begin:stop], len(heads)))
        last = number
    if len(rows) < 2:
        return None, at + 1
    return Table(lines[at][0], rows[-1][-1].end, tuple(rows)), stop


def _next_number(said: str, last: int) -> int:
    """The number of a row when the line is one that goes on from the last; a gap is taken and reported later."""
    return int(said) if said.isdecimal() and len(said) <= 3 and last < int(said) <= last + 20 else 0


def _row(text: str, lines: Sequence[tuple[int, int]], columns: int) -> tuple[Cell, ...]:
    """One row; lines beyond its columns are broken cells: a short line belongs to the cell before it."""
    cells = [Cell(text[slice(*lines[0])], *lines[0])]
    at = 1
    while at < len(lines):
        start, end = lines[at]
        at += 1
        last_column = len(cells) == columns - 1
        while at < len(lines) and (
            last_column or (len(lines) - at > columns - len(cells) - 1 and text[end - 1] not in _SENTENCE_END)
        ):
            end = lines[at][1]
            at += 1
        cells.append(Cell(re.sub(r"\s*\n\s*", "", text[start:end]), start, end))
    return tuple(cells)
