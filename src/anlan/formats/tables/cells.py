"""A cell: its address as a spreadsheet shows it, its kind, its value, and what is odd about it."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from enum import IntEnum, IntFlag
from functools import lru_cache
from typing import NamedTuple

Value = str | int | float | bool | date | datetime | time | timedelta | None


class Kind(IntEnum):
    """What the file says that a cell holds."""

    EMPTY = 0
    TEXT = 1
    NUMBER = 2
    DATE = 3
    #: A day with a time of day, without a zone.
    MOMENT = 4
    TIME = 5
    DURATION = 6
    BOOL = 7
    ERROR = 8


#: From here on a spreadsheet keeps only the first 15 digits of a whole number.
DIGITS_KEPT = 1e15

#: Kinds by their number.
KINDS = tuple(Kind)


class Flag(IntFlag):
    """What is odd about a cell. The value is there all the same, unless it says otherwise."""

    #: Computed by the spreadsheet; without a value when it was never computed.
    FORMULA = 1
    #: Part of merged cells; only the first of them has the value.
    MERGED = 2
    #: A number with more digits than a spreadsheet keeps (15), or a text such as 9.14E+17: the end is lost.
    DIGITS_LOST = 4
    #: Full-width digits or letters, read as the ordinary ones.
    FULLWIDTH = 8
    #: Signs that nobody sees (controls, zero-width), left out.
    CLEANED = 16
    #: A number whose format shows leading zeros; read as the text that is shown.
    PADDED = 32
    #: Formatted as a date where there is none; read as the number.
    IMPOSSIBLE_DATE = 64
    #: A text of nothing but spaces and signs that nobody sees; read as empty.
    BLANK = 128


#: What a cell shows that could not be computed.
ERRORS = frozenset({
    "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#SPILL!", "#CALC!", "#GETTING_DATA",
})  # fmt: skip

#: Flags and the faults that tell of them.
FLAG_FAULTS: tuple[tuple[Flag, str], ...] = (
    (Flag.FORMULA, "formula"),
    (Flag.MERGED, "merged"),
    (Flag.DIGITS_LOST, "digits_lost"),
    (Flag.FULLWIDTH, "fullwidth"),
    (Flag.CLEANED, "cleaned"),
    (Flag.PADDED, "padded"),
    (Flag.IMPOSSIBLE_DATE, "impossible_date"),
)


class Cell(NamedTuple):
    """One cell. A tuple, because somebody looks at a million of them.

    row, column  from 1, as in the address
    flags        bits of `Flag`
    value        None when empty; a text trimmed, its full-width digits and letters made ordinary; an error as `#REF!`
    original     a text as it stands in the file, "" for other kinds
    """

    row: int
    column: int
    kind: Kind
    value: Value
    flags: int
    original: str = ""

    @property
    def address(self) -> str:
        """`C12`."""
        return address(self.row, self.column)


@lru_cache(maxsize=1024)
def letters(column: int) -> str:
    """`A` for 1, `AA` for 27."""
    if column < 1:
        raise ValueError("columns are counted from 1")
    said = ""
    while column:
        column, rest = divmod(column - 1, 26)
        said = chr(65 + rest) + said
    return said


@lru_cache(maxsize=1024)
def column_of(name: str) -> int:
    """1 for `A`, 27 for `AA`. Raises ValueError for anything but one to three capital letters."""
    if not re.fullmatch("[A-Z]{1,3}", name):
        raise ValueError(f"{name!r} names no column")
    column = 0
    for sign in name:
        column = column * 26 + ord(sign) - 64
    return column


def address(row: int, column: int) -> str:
    """`C12` for row 12, column 3."""
    return f"{letters(column)}{row}"


#: Full-width digits and letters, by code: U+FF10–19, FF21–3A, FF41–5A.
_ORDINARY = {
    code: code - 0xFEE0 for first, last in ((0xFF10, 0xFF19), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A))
    for code in range(first, last + 1)
}  # fmt: skip
#: Controls but for tab and line ends, zero-width signs, marks of direction, the byte order mark.
_UNSEEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_UNSEEN_SIGN = re.compile(f"[{_UNSEEN}]")
_FULLWIDTH_SIGN = re.compile("[０-９Ａ-Ｚａ-ｚ]")
#: How spreadsheet programs write a number that was too long for the column into a text file.
_SCIENTIFIC = re.compile(r"\s*[+-]?([0-9])(?:\.([0-9]+))?E\+([0-9]{1,3})\s*")
_BLANK = Flag.BLANK.value
#: Any sign for which `text_flags` has to look closer.
ODD = re.compile(f"[{_UNSEEN}０-９Ａ-Ｚａ-ｚ]|E\\+")


def text_flags(text: str) -> int:
    """What is odd about a text, as bits of `Flag`."""
    if ODD.search(text) is None:
        return 0 if text.strip() else _BLANK
    flags = 0 if plain(text) else _BLANK
    if _FULLWIDTH_SIGN.search(text):
        flags |= Flag.FULLWIDTH
    if _UNSEEN_SIGN.search(text):
        flags |= Flag.CLEANED
    if (found := _SCIENTIFIC.fullmatch(text)) and len(found[2] or "") < int(found[3]):
        flags |= Flag.DIGITS_LOST
    return flags


def plain(text: str) -> str:
    """A text as it is used: trimmed, without signs that nobody sees, full-width digits and letters made ordinary."""
    if ODD.search(text):
        text = _UNSEEN_SIGN.sub("", text).translate(_ORDINARY)
    return text.strip()
