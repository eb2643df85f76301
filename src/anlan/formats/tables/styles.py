"""What the number formats of a workbook make of a number: a date, a time, or digits with leading zeros."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum

from anlan.formats.tables.cells import Kind
from anlan.formats.tables.sheets import DAY_MS


class Shown(Enum):
    """What a format shows a number as."""

    NUMBER = "number"
    DAY = "day"
    CLOCK = "clock"
    BOTH = "both"
    ELAPSED = "elapsed"


@dataclass(frozen=True, slots=True)
class Format:
    """`shown` as what; `digits` > 0 when as so many digits with leading zeros."""

    shown: Shown = Shown.NUMBER
    digits: int = 0


PLAIN = Format()

#: Formats without a pattern in the file, by their number (ECMA-376 part 1, 18.8.30). 27–36 and 50–58 are those of
#: Chinese and Japanese versions, of which 32–35, 55 and 56 show a time of day.
BUILT_IN = {
    **{str(number): Format(Shown.DAY) for number in (*range(14, 18), *range(27, 32), 36, *range(50, 55), 57, 58)},
    **{str(number): Format(Shown.CLOCK) for number in (*range(18, 22), *range(32, 36), 45, 47, 55, 56)},
    "22": Format(Shown.BOTH),
    "46": Format(Shown.ELAPSED),
}

#: Texts in quotes, escaped signs, fillers and spaces of a given width: never part of a date.
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.')
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_BRACKET = re.compile(r"\[[^\]]*\]")
#: General would otherwise be read as an era (e), a day of the week (a) and so on.
_GENERAL = re.compile(r"general|standard|g/通用格式", re.IGNORECASE)
_MINUTES = re.compile(r"h[^ydhs]*m+|m+[^ydhm]*s")


def format_of(pattern: str) -> Format:
    """What a pattern such as `yyyy"年"m"月"d"日"` or `000000` shows."""
    bare = _GENERAL.sub("", _LITERAL.sub("", pattern))
    if _ELAPSED.search(bare):
        return Format(Shown.ELAPSED)
    bare = _BRACKET.sub("", bare).lower()
    clock = "h" in bare or "s" in bare
    # Minutes and months share a letter: it is minutes beside hours or seconds.
    day = "y" in bare or "d" in bare or ("m" in bare and (not clock or "m" in _MINUTES.sub("", bare)))
    if day or clock:
        return Format(Shown.BOTH if day and clock else Shown.DAY if day else Shown.CLOCK)
    first = bare.split(";")[0]
    if re.fullmatch("0{2,}", first):
        return Format(digits=len(first))
    return PLAIN


#: Last day of spreadsheets, 9999-12-31, as a serial number of the 1900 system.
_LAST = 2_958_465
_EPOCH_1900, _EPOCH_1904 = date(1899, 12, 30).toordinal(), date(1904, 1, 1).toordinal()


def dated(serial: float, shown: Shown, *, from_1904: bool) -> tuple[Kind, float] | None:
    """Kind and stored number (see `sheets.Cells`) of a serial number that is shown as a date or time.

    serial     days since the epoch, the fraction being the time of day, to the millisecond
    from_1904  the workbook counts from 1904-01-01 and not from 1900
    returns    None for what is no date: negative, after 9999, the 29 February of 1900 and day 0 shown as a day

    Source: ECMA-376 part 1, 18.17.4.
    """
    ms = round(serial * DAY_MS)
    if shown is Shown.ELAPSED:
        return Kind.DURATION, ms
    days, rest = divmod(ms, DAY_MS)
    if from_1904:
        ordinal = days + _EPOCH_1904
    else:
        # Lotus 1-2-3 took 1900 for a leap year, and serial numbers still do.
        ordinal = days + _EPOCH_1900 + (1 if days < 60 else 0)
    if days == 0 and shown is Shown.CLOCK:
        return Kind.TIME, rest
    if days < 0 or ordinal > _EPOCH_1900 + _LAST or (not from_1904 and days in (0, 60)):
        return None
    if rest == 0 and shown is not Shown.CLOCK:
        return Kind.DATE, ordinal
    return Kind.MOMENT, ordinal * DAY_MS - DAY_MS + rest
