"""What a CQL2 filter says, as frozen values.

Literals are plain Python values: str, bool, int, float, `date` for DATE, `datetime` (aware, UTC) for TIMESTAMP, shapely
geometries (flat, CRS84 degrees) for WKT. Two traps for who evaluates them: bool is an int and datetime is a date, so
that the narrower type is to be asked for first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from shapely.geometry.base import BaseGeometry

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
SPATIAL = (
    "S_CONTAINS", "S_CROSSES", "S_DISJOINT", "S_EQUALS", "S_INTERSECTS", "S_OVERLAPS", "S_TOUCHES", "S_WITHIN",
)  # fmt: skip
#: The first five take instants and intervals, the others intervals alone.
TEMPORAL = (
    "T_AFTER", "T_BEFORE", "T_DISJOINT", "T_EQUALS", "T_INTERSECTS", "T_CONTAINS", "T_DURING", "T_FINISHEDBY",
    "T_FINISHES", "T_MEETS", "T_METBY", "T_OVERLAPPEDBY", "T_OVERLAPS", "T_STARTEDBY", "T_STARTS",
)  # fmt: skip
GEOMETRIES = (
    "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION",
)  # fmt: skip
#: Names that stand for a property only in double quotes.
RESERVED = frozenset({
    "A_CONTAINEDBY", "A_CONTAINS", "A_EQUALS", "A_OVERLAPS", "ACCENTI", "AND", "BBOX", "BETWEEN", "CASEI", "DATE",
    "DIV", "FALSE", "IN", "INTERVAL", "IS", "LIKE", "NOT", "NULL", "OR", "TIMESTAMP", "TRUE",
    *GEOMETRIES, *SPATIAL, *TEMPORAL,
})  # fmt: skip


def reserved(name: str) -> str:
    """The reserved word that a name is, in capitals; empty when it is none."""
    # Only ASCII letters have two cases in keywords: the capital of a dotless i would make IN of a property.
    word = name.upper()
    return word if name.isascii() and word in RESERVED else ""


class CqlError(ValueError):
    """A filter that cannot be read.

    where     the place as a person finds it: `character 12` of the text, or `filter.args[0]` of the JSON
    at        offset of that character from 0; None for JSON
    expected  what could stand there
    found     what does
    """

    def __init__(self, expected: str, found: str, *, at: int | None = None, path: str = "") -> None:
        self.where = path if at is None else f"character {at + 1}"
        self.at, self.expected, self.found = at, expected, found
        super().__init__(f"at {self.where}: expected {expected}, found {found}")


@dataclass(frozen=True, slots=True)
class Property:
    """The value of a property of the feature, by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class CaseI:
    """A text regardless of case; both sides of a comparison carry it."""

    of: Text


Text: TypeAlias = Property | CaseI | str
Number: TypeAlias = Property | int | float
Instant: TypeAlias = date | datetime
Scalar: TypeAlias = Property | CaseI | str | bool | int | float | date | datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """left OP right, with an operator of COMPARISONS."""

    op: str
    left: Scalar
    right: Scalar


@dataclass(frozen=True, slots=True)
class Like:
    """A text matches a pattern: % any characters, _ one, and a backslash before what is meant as it stands.

    The pattern is a str or a CaseI of one, and never ends with a lone backslash.
    """

    of: Text
    pattern: str | CaseI


@dataclass(frozen=True, slots=True)
class Between:
    """low <= of <= high."""

    of: Number
    low: Number
    high: Number


@dataclass(frozen=True, slots=True)
class In:
    """A value is one of at least one."""

    of: Scalar
    items: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    """A value is missing."""

    of: Scalar


@dataclass(frozen=True, slots=True)
class Box:
    """BBOX, degrees; it crosses the 180th meridian when west > east."""

    west: float
    south: float
    east: float
    north: float


Shape: TypeAlias = Property | Box | BaseGeometry


@dataclass(frozen=True, slots=True)
class Spatial:
    """OP(left, right), with an operator of SPATIAL."""

    op: str
    left: Shape
    right: Shape


@dataclass(frozen=True, slots=True)
class Interval:
    """From start to end, both included; None where it is open."""

    start: Property | Instant | None
    end: Property | Instant | None


Moment: TypeAlias = Property | Instant | Interval


@dataclass(frozen=True, slots=True)
class Temporal:
    """OP(left, right), with an operator of TEMPORAL."""

    op: str
    left: Moment
    right: Moment


@dataclass(frozen=True, slots=True)
class Not:
    """The filter does not hold."""

    of: Filter


@dataclass(frozen=True, slots=True)
class And:
    """All of at least two filters hold."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of at least two filters holds."""

    parts: tuple[Filter, ...]


Filter: TypeAlias = bool | Comparison | Like | Between | In | IsNull | Spatial | Temporal | Not | And | Or
