"""The grid as a file: which columns it has, what is wrong with its rows, and taking it in.

All or nothing: a table with one fault changes nothing, and every fault is named with its row and column. The other
tables of the census are registers and come by their import.
"""

from __future__ import annotations

import io
import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import h3
import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from anlan.apps.census.models import Edition
from anlan.apps.census.queries.grid import RESOLUTION
from anlan.apps.census.services import editions
from anlan.apps.census.services.editions import CellRow
from anlan.apps.census.services.locating import regions_at
from anlan.formats.tables.cells import Kind
from anlan.formats.tables.headers import Header, headers
from anlan.formats.tables.sheets import Sheet
from anlan.formats.tables.writing import FaultWords, write_faults
from anlan.kernel.people.models import User

#: Faults that are named; of more only the number is told.
MOST_FAULTS = 5_000

#: Columns of the grid's table, and their headings; what offices call them besides is in the rulebook.
GRID: tuple[tuple[str, Any], ...] = (
    ("cell", gettext_lazy("H3 cell")),
    ("lon", gettext_lazy("longitude")),
    ("lat", gettext_lazy("latitude")),
    ("day", gettext_lazy("people by day")),
    ("night", gettext_lazy("people by night")),
    ("buildings", gettext_lazy("buildings")),
    ("gdp", gettext_lazy("economic output")),
)


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with a row: its number in the file, the heading of the column ("" for the row), and words."""

    row: int
    column: str
    words: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A table that was read.

    rows    values ready to be taken in; none that counts when there are faults
    faults  the first MOST_FAULTS; `more` says how many there are beyond
    unread  headings that no column goes by
    """

    rows: Sequence[Any]
    faults: tuple[RowFault, ...]
    more: int = 0
    unread: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return not self.faults


class _Faults:
    """Faults as they come; beyond the most only counted."""

    def __init__(self) -> None:
        self.kept: list[RowFault] = []
        self.more = 0

    def add(self, row: int, column: str, words: str) -> None:
        if len(self.kept) < MOST_FAULTS:
            self.kept.append(RowFault(row, column, words))
        else:
            self.more += 1


def _plain(text: str) -> str:
    """A heading without what differs from office to office: spaces, width, case, units in brackets."""
    flat = unicodedata.normalize("NFKC", text).casefold()
    return "".join(flat.split("(")[0].split()).strip("*")


def _words_of(label: Any) -> set[str]:
    found = set()
    for language in ("zh-hans", "en"):
        with override(language):
            found.add(_plain(str(label)))
    return found


def _columns(header: Header, known: Mapping[str, set[str]]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Place of each known column among the headings, and the headings that are none."""
    found: dict[str, int] = {}
    unread = []
    for at, heading in enumerate(header.names):
        name = next((name for name, words in known.items() if _plain(heading) in words and name not in found), None)
        if name is not None:
            found[name] = at
        elif heading:
            unread.append(heading)
    return found, tuple(unread)


def _begin(sheet: Sheet, known: Mapping[str, set[str]]) -> tuple[Header, dict[str, int], tuple[str, ...]] | None:
    """The heading that knows most of the columns."""
    best = None
    for header in headers(sheet):
        columns, unread = _columns(header, known)
        if columns and (best is None or len(columns) > len(best[1])):
            best = (header, columns, unread)
    return best


def _values(
    sheet: Sheet, header: Header, columns: Mapping[str, int]
) -> Iterator[tuple[int, dict[str, Any], list[str]]]:
    """Number, values by column, and names of the columns that show an error, of every row that says anything."""
    for cells in sheet.filled(header.rows[1] + 1):
        row = {name: cells[at].value for name, at in columns.items()}
        broken = [name for name, at in columns.items() if cells[at].kind == Kind.ERROR]
        if any(value is not None for value in row.values()):
            yield cells[0].row, row, broken


def _known(also: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    return {name: _words_of(label) | {_plain(one) for one in also.get(name, ())} for name, label in GRID}


# --- the grid ---------------------------------------------------------------------------------------------------------
def check_grid(sheet: Sheet, also: Mapping[str, Sequence[str]]) -> Checked:
    """Cells of the grid from a table: by their H3 index, or by the longitude and latitude of any place in them.

    also  what the columns may be called besides, by name
    """
    begun = _begin(sheet, _known(also))
    faults = _Faults()
    if begun is None or not (
        {"night"} <= begun[1].keys() and ("cell" in begun[1] or {"lon", "lat"} <= begun[1].keys())
    ):
        faults.add(0, "", _("The table needs the columns H3 cell (or longitude and latitude) and people by night."))
        return Checked((), tuple(faults.kept))
    header, columns, unread = begun
    titles = {name: header.names[at] for name, at in columns.items()}
    numbers: list[int] = []
    read: list[tuple[int, int, int, int, float]] = []
    seen: dict[int, int] = {}
    for number, row, broken in _values(sheet, header, columns):
        for name in broken:
            faults.add(number, titles[name], _("The cell shows an error of the spreadsheet."))
        cell = _cell_of(number, row, titles, faults)
        counts = [_count(number, row, titles, name, faults) for name in ("day", "night", "buildings")]
        gdp = _amount(number, row, titles, "gdp", faults)
        if cell and cell in seen:
            words = _("The cell stands in row %(row)d already.") % {"row": seen[cell]}
            faults.add(number, titles.get("cell", ""), words)
        elif cell:
            seen[cell] = number
            numbers.append(number)
            day = counts[1] if "day" not in columns else counts[0]
            read.append((cell, day, counts[1], counts[2], gdp))
    rows = _located(read, numbers, titles, faults)
    if not rows and not faults.kept:
        faults.add(0, "", _("The table holds no cell."))
    return Checked(rows, tuple(faults.kept), faults.more, unread)


def _cell_of(number: int, row: Mapping[str, Any], titles: Mapping[str, str], faults: _Faults) -> int:
    """The H3 index of a row, 0 for none."""
    text = str(row.get("cell") or "").strip().lower()
    if text:
        if not h3.is_valid_cell(text):
            faults.add(number, titles["cell"], _("“%(text)s” is no H3 cell.") % {"text": text[:40]})
            return 0
        if h3.get_resolution(text) != RESOLUTION:
            words = _("The cell has the resolution %(have)d; %(want)d is expected.")
            faults.add(number, titles["cell"], words % {"have": h3.get_resolution(text), "want": RESOLUTION})
            return 0
        return int(h3.str_to_int(text))
    lon, lat = _degrees(row.get("lon")), _degrees(row.get("lat"))
    if lon is None or lat is None or abs(lon) > 180 or abs(lat) > 85:
        faults.add(number, titles.get("cell") or titles.get("lon", ""), _("The row names neither a cell nor a place."))
        return 0
    return int(h3.str_to_int(h3.latlng_to_cell(lat, lon, RESOLUTION)))


def _degrees(value: Any) -> float | None:
    """A number, as such or as text; None for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and not isinstance(value, bool) else None


def _amount(number: int, row: Mapping[str, Any], titles: Mapping[str, str], name: str, faults: _Faults) -> float:
    raw: Any = row.get(name)
    value: Any = raw
    if isinstance(raw, str):
        try:
            value = float(raw.replace(",", ""))
        except ValueError:
            faults.add(number, titles[name], _("A number is expected; this is “%(raw)s”.") % {"raw": raw[:40]})
            return 0.0
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        faults.add(
            number, titles[name], _("A number from 0 on is expected; this is “%(raw)s”.") % {"raw": str(value)[:40]}
        )
        return 0.0
    return float(value)


def _count(number: int, row: Mapping[str, Any], titles: Mapping[str, str], name: str, faults: _Faults) -> int:
    return round(_amount(number, row, titles, name, faults))


def _located(
    read: Sequence[tuple[int, int, int, int, float]], numbers: Sequence[int], titles: Mapping[str, str], faults: _Faults
) -> list[CellRow]:
    """Cells with their regions; one that lies in no region is a fault."""
    middles = np.array([h3.cell_to_latlng(h3.int_to_str(row[0])) for row in read], np.float64).reshape(-1, 2)
    regions = regions_at(middles[:, 1], middles[:, 0])
    for at in np.flatnonzero(regions == 0).tolist():
        words = _("The middle of the cell lies outside of the county: %(lon).5f, %(lat).5f.")
        faults.add(numbers[at], titles.get("cell", ""), words % {"lon": middles[at, 1], "lat": middles[at, 0]})
    return [CellRow(row[0], region, *row[1:]) for row, region in zip(read, regions.tolist(), strict=True) if region]


def take_grid(checked: Checked, *, title: str, surveyed_on: date, actor: User, now: datetime) -> Edition:
    """An edition from a table without faults; it is not in force yet. Raises NotAllowed."""
    return editions.stage(checked.rows, title=title, surveyed_on=surveyed_on, actor=actor, now=now)


def fault_book(sheet: Sheet, also: Mapping[str, Sequence[str]], faults: Sequence[Sequence[Any]]) -> bytes:
    """The rows of a grid that have faults, as a workbook to mend: what is wrong in the last column and at the cells.

    faults  (row, heading, words) as a check found them; those of no row stand on the page alone
    """
    begun = _begin(sheet, _known(also))
    header = begun[0] if begun is not None else headers(sheet)[0]
    place = {heading: sheet.columns.start + at for at, heading in enumerate(header.names)}
    by_row: dict[int, list[tuple[int, str]]] = {}
    for row, heading, words in faults:
        by_row.setdefault(row, []).append((place.get(heading, 0), words))
    out = io.BytesIO()
    write_faults(out, sheet, header, by_row, FaultWords(_("To mend"), _("Row in the file"), _("What is wrong")))
    return out.getvalue()
