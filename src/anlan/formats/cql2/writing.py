"""CQL2-Text, written."""

from __future__ import annotations

from datetime import date, datetime

import shapely

from . import literals
from .nodes import (
    And,
    Between,
    Box,
    CaseI,
    Comparison,
    Filter,
    In,
    Instant,
    Interval,
    IsNull,
    Like,
    Moment,
    Not,
    Or,
    Property,
    Scalar,
    Shape,
    Spatial,
    Temporal,
    reserved,
)


def to_text(filter: Filter) -> str:
    """A filter as CQL2-Text; `parse` gives the same filter back."""
    if isinstance(filter, bool):
        return _scalar(filter)
    if isinstance(filter, Or):
        return " OR ".join(_grouped(part, Or) for part in filter.parts)
    if isinstance(filter, And):
        return " AND ".join(_grouped(part, And, Or) for part in filter.parts)
    if isinstance(filter, Not):
        if isinstance(filter.of, (Like, Between, In, IsNull)):
            return _predicate(filter.of, negated=True)
        return f"NOT {_grouped(filter.of, And, Or, Not)}"
    if isinstance(filter, Comparison):
        return f"{_scalar(filter.left)} {filter.op} {_scalar(filter.right)}"
    if isinstance(filter, Spatial):
        return f"{filter.op}({_shape(filter.left)}, {_shape(filter.right)})"
    if isinstance(filter, Temporal):
        return f"{filter.op}({_moment(filter.left)}, {_moment(filter.right)})"
    return _predicate(filter, negated=False)


def _grouped(part: Filter, *kinds: type) -> str:
    """A part of a larger filter, in parentheses when it is of one of these kinds."""
    return f"({to_text(part)})" if isinstance(part, kinds) else to_text(part)


def _predicate(one: Like | Between | In | IsNull, *, negated: bool) -> str:
    of, word = _scalar(one.of), "NOT " if negated else ""
    if isinstance(one, Like):
        return f"{of} {word}LIKE {_scalar(one.pattern)}"
    if isinstance(one, Between):
        return f"{of} {word}BETWEEN {_scalar(one.low)} AND {_scalar(one.high)}"
    if isinstance(one, In):
        return f"{of} {word}IN ({', '.join(map(_scalar, one.items))})"
    return f"{of} IS {word}NULL"


def _scalar(value: Scalar) -> str:
    if isinstance(value, Property):
        return f'"{value.name}"' if reserved(value.name) else value.name
    if isinstance(value, CaseI):
        return f"CASEI({_scalar(value.of)})"
    if isinstance(value, str):
        return _quoted(value.replace("\\", "\\\\").replace("'", "''"))
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, date):
        return f"{'TIMESTAMP' if isinstance(value, datetime) else 'DATE'}({_end(value)})"
    return repr(value)


def _moment(value: Moment) -> str:
    return f"INTERVAL({_end(value.start)}, {_end(value.end)})" if isinstance(value, Interval) else _scalar(value)


def _end(value: Property | Instant | None) -> str:
    if isinstance(value, Property):
        return _scalar(value)
    return _quoted(literals.written(value))


def _shape(value: Shape) -> str:
    if isinstance(value, Property):
        return _scalar(value)
    if isinstance(value, Box):
        return f"BBOX({value.west!r}, {value.south!r}, {value.east!r}, {value.north!r})"
    return str(shapely.to_wkt(value, rounding_precision=-1))


def _quoted(content: str) -> str:
    return f"'{content}'"
