"""Rows of a text file of a stranger, bounded, and rows that are refused with a reason."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from anlan.formats.encodings import encoding_of
from anlan.formats.faults import Refused

#: Bytes of a file, rows of it, and signs of one cell that are taken.
MOST_BYTES, MOST_ROWS, MOST_CELL = 64 << 20, 500_000, 2_000
#: Refused rows that are told one by one; all are counted.
MOST_TOLD = 100

#: Why a row is refused; whoever shows it words it in the reader's language.
WHY: Mapping[str, str] = {
    "width": "the row has another number of cells than the heading",
    "cut_off": "the last line does not end; the file may have been cut off",
    "cell": "a cell is too long, or quotation marks do not fit",
    "id": "the identifier is missing or too long",
    "time": "this is no time that can be meant",
    "time_zone_gap": "this time does not exist or comes twice in its time zone",
    "place": "this is no longitude and latitude",
    "number": "this is no number",
    "magnitude": "no earthquake has this magnitude",
    "depth": "no earthquake has this depth",
    "satellite": "the satellite is not said",
    "station": "the station is not said",
    "event": "the event contradicts itself",
}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was not taken.

    line  of the file, from 1; of an XML file the number of the event
    code  a key of `WHY`
    said  what stood there, cut short
    """

    line: int
    code: str
    said: str = ""

    def __post_init__(self) -> None:
        if self.code not in WHY:
            raise KeyError(f"no reason is declared for the refusal {self.code}")


class WrongHeading(ValueError):
    """The file is another one than was expected: these columns are missing."""

    def __init__(self, columns: Sequence[str]) -> None:
        super().__init__(", ".join(columns))
        self.columns = tuple(columns)


class Bad(ValueError):
    """What is wrong with a cell; becomes a BadRow with its line."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(f"{code}: {said}")
        self.code, self.said = code, said


@dataclass(slots=True)
class Refusals:
    """The first refused rows one by one, and how many there are."""

    count: int = 0
    told: list[BadRow] | None = None

    def add(self, line: int, code: str, said: str = "") -> None:
        self.count += 1
        self.told = self.told if self.told is not None else []
        if len(self.told) < MOST_TOLD:
            self.told.append(BadRow(line, code, said[:120].replace("\0", "")))

    @property
    def rows(self) -> tuple[BadRow, ...]:
        return tuple(self.told or ())


def text_of(data: bytes, encoding: str = "") -> str:
    """The text of a file. `encoding` as a person says; "" finds out. Raises Refused."""
    if len(data) > MOST_BYTES:
        raise Refused("too_large", bytes=len(data), limit=MOST_BYTES)
    if not data.strip():
        raise Refused("empty_file")
    used = encoding or encoding_of(data)
    try:
        text = data.decode(used)
    except (UnicodeError, LookupError) as error:
        raise Refused("unknown_encoding", line=1 + data.count(b"\n", 0, getattr(error, "start", 0))) from error
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        raise Refused("wrong_type", said="text", found="binary")
    if text.lstrip()[:200].lower().startswith(("<!doctype", "<html", "<?xml")):
        # Servers answer a wrong question with a page and 200.
        raise Refused("wrong_type", said="text", found="html")
    return text


def table_of(
    text: str, refusals: Refusals, *, delimiter: str = ",", complete: bool = True
) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row that is not empty, the heading first; cells without blanks at their ends.

    complete  False: nobody said how long the file is, so a last line without an end is refused

    Raises Refused for more than MOST_ROWS rows.
    """
    if not complete and not text.endswith("\n"):
        text, cut = text[: text.rfind("\n") + 1], text[text.rfind("\n") + 1 :]
        refusals.add(text.count("\n") + 1, "cut_off", cut)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    taken = 0
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            refusals.add(rows.line_num, "cell", str(error))
            continue
        if row is None:
            return
        if not any(row):
            continue
        taken += 1
        if taken > MOST_ROWS:
            raise Refused("too_many_rows", row=rows.line_num, limit=MOST_ROWS)
        if max(map(len, row)) > MOST_CELL:
            refusals.add(rows.line_num, "cell", max(row, key=len))
            continue
        yield rows.line_num, [cell.strip() for cell in row]


def number(said: str, code: str = "number", low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number within bounds. Raises Bad."""
    if not _NUMBER.fullmatch(said) or not low <= (value := float(said)) <= high or math.isinf(value):
        raise Bad(code, said)
    return value


def place(lon: str, lat: str) -> tuple[float, float]:
    """Longitude and latitude, degrees. Raises Bad."""
    try:
        return number(lon, "place", -180, 180), number(lat, "place", -90, 90)
    except Bad:
        raise Bad("place", f"{lon} {lat}") from None


def columns_of(heading: Sequence[str], wanted: Mapping[str, Sequence[str]], needed: Sequence[str]) -> dict[str, int]:
    """Where each wanted column stands, by any of its names, in upper or lower case.

    Raises WrongHeading when one that is needed is missing.
    """
    at = {name.casefold(): place for place, name in reversed(list(enumerate(heading)))}
    found = {
        name: at[known] for name, names in wanted.items() for known in names[::-1] if known in at
    }  # the first of its names that is there wins
    if lacking := [wanted[name][0] for name in needed if name not in found]:
        raise WrongHeading(lacking)
    return found
