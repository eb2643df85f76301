"""Which values a filter may hold, whatever form it was read from. Each raises Unfit with what was expected instead."""

from __future__ import annotations

import math
import re
from datetime import date, datetime

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from .nodes import Box, Instant, Interval, Property

#: Nesting of parentheses, of NOT in NOT and of CASEI in CASEI.
DEEPEST = 32
#: Vertices of all geometries of a filter together.
MOST_VERTICES = 1_000

#: The characters of names and of texts are those of the grammar of the standard.
_START = (
    r":_A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFE\u200C-\u200D\u2070-\u218F"
    r"\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\U00010000-\U000EFFFF"
)
NAME = rf"[{_START}][{_START}.0-9\u0300-\u036F\u203F-\u2040]*"
CHARACTER = r"[\x07-\x0D\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]"
_NO_CHARACTER = re.compile(rf"(?!{CHARACTER}).", re.DOTALL)
_NAME = re.compile(NAME)
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z)?", re.IGNORECASE)
#: What every database keeps as a whole number.
_WHOLE = range(-(1 << 63), 1 << 63)


class Unfit(ValueError):
    """A value that may not stand in a filter; `args` are what was expected and what was found."""

    def __init__(self, expected: str, found: object) -> None:
        super().__init__(expected, str(found))


def name(value: str) -> Property:
    """A property of a name that the grammar allows."""
    if not _NAME.fullmatch(value):
        raise Unfit("a name of letters, digits and underscores", repr(value))
    return Property(value)


def text(value: str) -> str:
    """A text without the characters that the grammar leaves out: most control characters and half surrogate pairs."""
    if odd := _NO_CHARACTER.search(value):
        raise Unfit("a text without control characters", repr(odd[0]))
    return value


def pattern(value: str) -> str:
    """A pattern of LIKE."""
    text(value)
    if (len(value) - len(value.rstrip("\\"))) % 2:
        raise Unfit("a character after the backslash of the pattern", "its end")
    return value


def number(value: int | float) -> int | float:
    """A number that is finite, and within 64 bits when it is whole."""
    if isinstance(value, int) and value not in _WHOLE:
        raise Unfit("a whole number of 64 bits", value)
    if not math.isfinite(value):
        raise Unfit("a number that is not too large", value)
    return value


def instant(value: str) -> Instant:
    """A day, or a moment in UTC; what is finer than a microsecond is cut off.

    Source: RFC 3339 5.6 full-date and date-time, in UTC as OGC 21-065r2 wants it.
    """
    if not _INSTANT.fullmatch(value):
        raise Unfit("a day (2026-07-31) or a moment in UTC (2026-07-31T08:00:00Z)", repr(value))
    try:
        return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value.upper())
    except ValueError as error:
        raise Unfit("a day or a moment of the calendar", repr(value)) from error


def written(value: Instant | None) -> str:
    """An instant, or the open end of an interval, as both forms of a filter write it."""
    return ".." if value is None else value.isoformat().replace("+00:00", "Z")


def interval(start: Property | Instant | None, end: Property | Instant | None) -> Interval:
    """From start to end, None for open ends; both are days or both moments, and the end is not before the start."""
    if isinstance(start, date) and isinstance(end, date):
        if type(start) is not type(end):
            raise Unfit("an interval of two days or of two moments", "one of each")
        if start > end:
            raise Unfit("an interval that ends after it begins", f"{start.isoformat()} to {end.isoformat()}")
    return Interval(start, end)


def box(values: list[float]) -> Box:
    """West, south, east and north; with heights as third and sixth, which are left out: spatial operators are flat."""
    if len(values) not in (4, 6):
        raise Unfit("4 or 6 numbers of a BBOX", len(values))
    west, south = values[:2]
    east, north = values[-2:] if len(values) == 4 else values[3:5]
    _in_degrees(np.array([[west, south], [east, north]]))
    if south > north:
        raise Unfit("a BBOX whose south lies below its north", f"{south} and {north}")
    return Box(west, south, east, north)


def geometry(value: BaseGeometry) -> BaseGeometry:
    """A geometry that spatial operators can work on; heights are left out, as they are flat."""
    flat: BaseGeometry = shapely.force_2d(value)
    if (shapely.get_type_id(shapely.get_parts(flat)) == shapely.GeometryType.GEOMETRYCOLLECTION).any():
        raise Unfit("a collection of plain geometries", "a collection within a collection")
    if flat.is_empty:
        raise Unfit("a geometry that is not empty", "an empty one")
    _in_degrees(shapely.get_coordinates(flat))
    if not flat.is_valid:
        raise Unfit("a valid geometry", shapely.is_valid_reason(flat))
    return flat


def _in_degrees(places: NDArray[np.float64]) -> None:
    lon, lat = places.T
    wrong = ~((np.abs(lon) <= 180) & (np.abs(lat) <= 90))
    if wrong.any():
        raise Unfit("longitudes within 180 and latitudes within 90 degrees", " ".join(map(str, places[wrong][0])))
