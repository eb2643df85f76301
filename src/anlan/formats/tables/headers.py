"""Which rows of a sheet may be its headings, for a person to choose from; the likeliest comes first."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from anlan.formats.faults import Fault
from anlan.formats.tables.cells import Cell, Kind, letters
from anlan.formats.tables.limits import HEADROOM
from anlan.formats.tables.sheets import Sheet

#: Rows below a heading that tell which columns hold values.
_LOOKED_AT = 50
#: What a heading is not: a number, a day, a time, a long code.
_VALUE = re.compile(r"[+-]?[\d.,:/\s-]+%?|\d{4}年\d{1,2}月(\d{1,2}日)?|[0-9A-Z-]{9,}")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Header:
    """Rows that may be the headings.

    rows    first and last; two differ when headings are grouped under others
    names   one for each of the sheet's columns, "" where there is none; `坐标/经度` under a group
    faults  columns with values and no heading, headings that stand twice
    score   0..1, how much they look like it
    """

    rows: tuple[int, int]
    names: tuple[str, ...]
    faults: tuple[Fault, ...]
    score: float


def headers(sheet: Sheet) -> tuple[Header, ...]:
    """Candidates among the first HEADROOM rows that hold anything, likeliest first, equal ones from the top."""
    rows = list(itertools.islice(sheet.filled(), HEADROOM + _LOOKED_AT))
    found = []
    for number, row in enumerate(rows[:HEADROOM]):
        names = tuple(map(_name, row))
        found.append(_judged(sheet, (row[0].row,) * 2, names, row, rows[number + 1 :]))
        if number + 1 < len(rows) and rows[number + 1][0].row == row[0].row + 1:
            below = rows[number + 1]
            grouped = _grouped(sheet, row, below)
            if grouped:
                place = (row[0].row, below[0].row)
                found.append(_judged(sheet, place, grouped, (*row, *below), rows[number + 2 :]))
    return tuple(sorted(found, key=lambda header: (-round(header.score, 1), header.rows)))


def _name(cell: Cell) -> str:
    return _SPACE.sub(" ", str(cell.value)) if cell.value is not None and cell.kind != Kind.ERROR else ""


def _judged(
    sheet: Sheet, place: tuple[int, int], names: tuple[str, ...], cells: tuple[Cell, ...],
    below: list[tuple[Cell, ...]],
) -> Header:  # fmt: skip
    used = [any(row[at].value is not None for row in below[:_LOOKED_AT]) for at in range(len(names))]
    named = [name for name, is_used in zip(names, used, strict=True) if name and is_used]
    said = [cell for cell in cells if cell.value is not None]
    words = sum(1 for cell in said if cell.kind == Kind.TEXT and not _VALUE.fullmatch(str(cell.value)))
    score = 0.0
    if named and said:
        # Named columns, names that differ, words and not values.
        score = len(named) / max(sum(used), 1) * len(set(named)) / len(named) * words / len(said)
    return Header(place, names, tuple(_faults(sheet, place, names, used)), score)


def _faults(sheet: Sheet, place: tuple[int, int], names: tuple[str, ...], used: list[bool]) -> Iterator[Fault]:
    columns = [letters(column) for column in sheet.columns]
    where = str(place[1])
    missing = tuple(column for column, name, is_used in zip(columns, names, used, strict=True) if is_used and not name)
    if missing:
        yield Fault("missing_header", where, {"columns": missing})
    for name in dict.fromkeys(filter(None, names)):
        same = tuple(column for column, other in zip(columns, names, strict=True) if other == name)
        if len(same) > 1:
            yield Fault("doubled_header", where, {"heading": name, "columns": same})


def _grouped(sheet: Sheet, row: tuple[Cell, ...], below: tuple[Cell, ...]) -> tuple[str, ...]:
    """Names of two rows when the upper one groups columns of the lower one, none otherwise."""
    above = row[0].row
    groups = {
        column: sheet.cell(top, left)
        for top, left, bottom, right in sheet.merges if top <= above == bottom and left < right
        for column in range(left, right + 1)
    }  # fmt: skip
    # One merged cell over everything is a title.
    if len({cell.column for cell in groups.values()}) < 2 and len(groups) in (0, len(row)):
        return ()
    names = []
    for upper, lower in zip(row, below, strict=True):
        over, under = _name(groups.get(upper.column, upper)), _name(lower)
        names.append(f"{over}/{under}" if over and under and over != under else over or under)
    return tuple(names)
