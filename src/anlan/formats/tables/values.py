"""What a cell gives when a column wants a text, a number, a day: the value, or why not.

Nothing is guessed: where a cell may mean two things, it is refused with what it may mean.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from anlan.formats.faults import Refused
from anlan.formats.tables.cells import Cell, Flag, Kind
from anlan.formats.tables.sheets import EXACT

_YES = frozenset({"是", "有", "对", "√", "✓", "Y", "YES", "T", "TRUE", "1"})
_NO = frozenset({"否", "无", "不", "×", "✗", "N", "NO", "F", "FALSE", "0"})
#: Signs of numbers and days that are also typed in their full-width form.
_ORDINARY = str.maketrans("．，－＋／：％　", ".,-+/:% ")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(E[+-]?\d{1,3})?", re.IGNORECASE)
_DAY = re.compile(
    r"(?P<y>\d{4})(?:-(?P<m1>\d{1,2})-(?P<d1>\d{1,2})|/(?P<m2>\d{1,2})/(?P<d2>\d{1,2})|\.(?P<m3>\d{1,2})\.(?P<d3>\d{1,2})"
    r"|年\s*(?P<m4>\d{1,2})月\s*(?P<d4>\d{1,2})[日号]|(?P<m5>\d{2})(?P<d5>\d{2}))"
    r"(?:[T\s]*(?P<h>\d{1,2})[:时](?P<i>\d{1,2})(?:分?|[:分](?P<s>\d{1,2})(?:\.\d+)?秒?))?"
)
_SHORT_YEAR = re.compile(r"\d{1,2}([-/.年])\d{1,2}[-/.月]\d{1,2}日?")
#: Serial numbers of days from 1982 to 2064: a number in a column of days that lost its format looks like that.
_SERIALS = range(30_000, 60_001)
_SERIAL_EPOCH = date(1899, 12, 30)
#: Years that a day written as 20261122 may be of.
_YEARS = range(1800, 2200)


def as_text(cell: Cell) -> str | None:
    """A text; a whole number by its digits, a day by ISO 8601; None for an empty cell.

    Raises Refused: `digits_lost` for a number or text of which a spreadsheet kept only the beginning, `cell_error`,
    `formula_without_value`.
    """
    _refuse_without_value(cell)
    if cell.flags & Flag.DIGITS_LOST:
        raise Refused("digits_lost", cell.address, cells=1)
    value = cell.value
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return None if value is None else str(value)


def as_number(cell: Cell) -> float | int | None:
    """A number, also one typed as a text with thousands separators; None for an empty cell.

    Raises Refused: `not_a_number`, `cell_error`, `formula_without_value`.
    """
    _refuse_without_value(cell)
    value = cell.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if value is None:
        return None
    text = str(value).translate(_ORDINARY).replace(" ", "")
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    if not isinstance(value, str) or not _NUMBER.fullmatch(text):
        raise Refused("not_a_number", cell.address, value=str(value)[:60])
    number = float(text)
    if abs(number) == float("inf"):
        raise Refused("not_a_number", cell.address, value=text[:60])
    return int(number) if number.is_integer() and abs(number) < EXACT else number


def as_whole(cell: Cell) -> int | None:
    """A whole number. Raises Refused as `as_number` does, and `not_a_whole_number`."""
    number = as_number(cell)
    if isinstance(number, float):
        raise Refused("not_a_whole_number", cell.address, value=number)
    return number


def as_date(cell: Cell) -> date | None:
    """A day: of a date, of a moment (its time of day is left), or of 2026-11-22, 2026/11/22, 2026.11.22,
    2026年11月22日, 20261122 as text or number; None for an empty cell.

    Raises Refused: `not_a_date`, `date_is_a_number` for a number that may be a day without its format,
    `year_of_two_digits`, `cell_error`, `formula_without_value`.
    """
    moment = as_moment(cell)
    return None if moment is None else moment.date()


def as_moment(cell: Cell) -> datetime | None:
    """A day and time of day without a zone; midnight where no time is said. Raises Refused as `as_date` does."""
    _refuse_without_value(cell)
    value = cell.value
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if cell.kind not in (Kind.TEXT, Kind.NUMBER):
        raise Refused("not_a_date", cell.address, value=str(value)[:60])
    text = str(value).translate(_ORDINARY).strip()
    if found := _DAY.fullmatch(text):
        month = next(filter(None, (found[f"m{way}"] for way in range(1, 6))))
        day = next(filter(None, (found[f"d{way}"] for way in range(1, 6))))
        hour, minute, second = (int(found[part] or 0) for part in ("h", "i", "s"))
        if int(found["y"]) in _YEARS:
            try:
                return datetime(int(found["y"]), int(month), int(day), hour, minute, second)
            except ValueError:
                raise Refused("not_a_date", cell.address, value=text[:60]) from None
    if _SHORT_YEAR.fullmatch(text):
        raise Refused("year_of_two_digits", cell.address, value=text)
    number = float(text) if _NUMBER.fullmatch(text) else 0.0
    if int(min(number, 1e9)) in _SERIALS:
        perhaps = _SERIAL_EPOCH + timedelta(days=int(number))
        raise Refused("date_is_a_number", cell.address, value=text, perhaps=perhaps.isoformat())
    raise Refused("not_a_date", cell.address, value=text[:60])


def as_bool(cell: Cell) -> bool | None:
    """Yes or no: 是, 否, 有, 无, √, ×, TRUE, N, 1 and the like. Raises Refused("not_yes_or_no") for anything else."""
    text = as_text(cell)
    if text is None:
        return None
    if text.upper() in _YES:
        return True
    if text.upper() in _NO:
        return False
    raise Refused("not_yes_or_no", cell.address, value=text[:60])


def _refuse_without_value(cell: Cell) -> None:
    if cell.kind == Kind.ERROR:
        raise Refused("cell_error", cell.address, cells=1)
    if cell.kind == Kind.EMPTY and cell.flags & Flag.FORMULA:
        raise Refused("formula_without_value", cell.address, cells=1)
