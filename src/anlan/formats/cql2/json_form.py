"""CQL2-JSON, read and written as the values that a JSON reader gives: dict, list, str, bool, int and float."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, TypeAlias, TypeVar

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from . import literals
from .literals import DEEPEST, MOST_VERTICES, Unfit
from .nodes import (
    COMPARISONS,
    SPATIAL,
    TEMPORAL,
    And,
    Between,
    Box,
    CaseI,
    Comparison,
    CqlError,
    Filter,
    In,
    Instant,
    Interval,
    IsNull,
    Like,
    Moment,
    Not,
    Number,
    Or,
    Property,
    Scalar,
    Shape,
    Spatial,
    Temporal,
    Text,
)

Json: TypeAlias = dict[str, Any] | list[Any] | str | bool | int | float

#: The operators that JSON does not write as the text in small letters.
_CAMEL = {
    "T_FINISHEDBY": "t_finishedBy", "T_METBY": "t_metBy", "T_OVERLAPPEDBY": "t_overlappedBy",
    "T_STARTEDBY": "t_startedBy",
}  # fmt: skip
_NAME_OF = {op: _CAMEL.get(op, op.lower()) for op in (*SPATIAL, *TEMPORAL)}
_OP_OF = {name: op for op, name in _NAME_OF.items()}
_GEOMETRIES = (
    "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection",
)  # fmt: skip
#: A level of parentheses in a text, and what stands outside of all, is up to three objects here: OR, AND and NOT.
_DEEPEST_OBJECTS = 3 * (DEEPEST + 1) + 1
_ARGUMENTS = {None: "two or more arguments", 1: "one argument", 2: "two arguments", 3: "three arguments"}

_Value = TypeVar("_Value")


def to_json(filter: Filter) -> Json:
    """A filter as CQL2-JSON; `from_json` gives the same filter back."""
    if isinstance(filter, bool):
        return filter
    if isinstance(filter, (And, Or)):
        return _call("and" if isinstance(filter, And) else "or", *map(to_json, filter.parts))
    if isinstance(filter, Not):
        return _call("not", to_json(filter.of))
    if isinstance(filter, Comparison):
        return _call(filter.op, _written(filter.left), _written(filter.right))
    if isinstance(filter, Like):
        return _call("like", _written(filter.of), _written(filter.pattern))
    if isinstance(filter, Between):
        return _call("between", _written(filter.of), _written(filter.low), _written(filter.high))
    if isinstance(filter, In):
        return _call("in", _written(filter.of), [_written(item) for item in filter.items])
    if isinstance(filter, IsNull):
        return _call("isNull", _written(filter.of))
    return _call(_NAME_OF[filter.op], _written(filter.left), _written(filter.right))


def from_json(value: Any) -> Filter:
    """The filter that a JSON value says.

    Raises CqlError with the path and what was expected there; nothing else, whatever a JSON reader gave.
    """
    return _Reader().filter(value, "filter")


def _call(op: str, *args: Json) -> Json:
    return {"op": op, "args": list(args)}


def _written(value: Scalar | Shape | Moment) -> Json:
    if isinstance(value, Property):
        return {"property": value.name}
    if isinstance(value, CaseI):
        return _call("casei", _written(value.of))
    if isinstance(value, date):
        return {"timestamp" if isinstance(value, datetime) else "date": literals.written(value)}
    if isinstance(value, Interval):
        ends = (value.start, value.end)
        return {"interval": [_written(end) if isinstance(end, Property) else literals.written(end) for end in ends]}
    if isinstance(value, Box):
        return {"bbox": [value.west, value.south, value.east, value.north]}
    if isinstance(value, BaseGeometry):
        found: Json = json.loads(shapely.to_geojson(value))
        return found
    return value


def _shown(value: Any) -> str:
    """How an error calls a value."""
    if isinstance(value, dict):
        return f"an object of {', '.join(sorted(map(repr, value))[:4]) or 'nothing'}"
    return "an array" if isinstance(value, list) else repr(value)[:40]


class _Reader:
    """Reads values by the rule that their place asks for; `path` says where each stands."""

    def __init__(self) -> None:
        self.depth = 0
        self.vertices = 0

    def checked(self, make: Callable[[], _Value], path: str) -> _Value:
        """What `make` makes of the value at `path`."""
        try:
            return make()
        except Unfit as unfit:
            raise CqlError(*unfit.args, path=path) from unfit

    @contextmanager
    def deeper(self, path: str) -> Iterator[None]:
        if self.depth == _DEEPEST_OBJECTS:
            raise CqlError(f"at most {_DEEPEST_OBJECTS} objects within one another", "more", path=path)
        self.depth += 1
        yield
        self.depth -= 1

    def member(self, value: Any, *keys: str) -> str:
        """The one of these that is the only key of an object; empty for anything else."""
        return next((key for key in keys if isinstance(value, dict) and value.keys() == {key}), "")

    def arguments(self, value: Any, path: str, count: int | None) -> list[tuple[Any, str]]:
        """The arguments of an operator with their paths, `count` of them (None: two or more)."""
        args = value["args"]
        if not isinstance(args, list) or (len(args) < 2 if count is None else len(args) != count):
            raise CqlError(_ARGUMENTS[count], _shown(args), path=f"{path}.args")
        return [(one, f"{path}.args[{number}]") for number, one in enumerate(args)]

    def filter(self, value: Any, path: str) -> Filter:
        if isinstance(value, bool):
            return value
        op = value.get("op") if isinstance(value, dict) and value.keys() == {"op", "args"} else None
        if not isinstance(op, str):
            raise CqlError("true, false or an object of op and args", _shown(value), path=path)
        with self.deeper(path):
            return self.operation(op, value, path)

    def operation(self, op: str, value: Any, path: str) -> Filter:
        if op in ("and", "or"):
            parts = tuple(self.filter(*one) for one in self.arguments(value, path, None))
            return And(parts) if op == "and" else Or(parts)
        if op == "not":
            return Not(self.filter(*self.arguments(value, path, 1)[0]))
        if op == "isNull":
            return IsNull(self.scalar(*self.arguments(value, path, 1)[0]))
        if op == "between":
            of, low, high = self.arguments(value, path, 3)
            return Between(self.number(*of), self.number(*low), self.number(*high))
        if op in COMPARISONS:
            left, right = self.arguments(value, path, 2)
            return Comparison(op, self.scalar(*left), self.scalar(*right))
        if op == "like":
            of, pattern = self.arguments(value, path, 2)
            return Like(self.text(*of), self.pattern(*pattern))
        if op == "in":
            of, (items, where) = self.arguments(value, path, 2)
            if not isinstance(items, list) or not items:
                raise CqlError("an array of at least one value", _shown(items), path=where)
            return In(self.scalar(*of), tuple(self.scalar(one, f"{where}[{at}]") for at, one in enumerate(items)))
        if _OP_OF.get(op) in SPATIAL:
            left, right = self.arguments(value, path, 2)
            return Spatial(_OP_OF[op], self.shape(*left), self.shape(*right))
        if _OP_OF.get(op) in TEMPORAL:
            left, right = self.arguments(value, path, 2)
            return Temporal(_OP_OF[op], self.moment(*left), self.moment(*right))
        raise CqlError("an operator; functions, arithmetic, arrays and accenti are not known", repr(op), path=path)

    def scalar(self, value: Any, path: str) -> Scalar:
        if isinstance(value, bool):
            return value
        if isinstance(value, (int, float)):
            return self.number(value, path)
        if self.member(value, "date", "timestamp"):
            return self.instant(value, path)
        return self.text(value, path, "a property or a value")

    def text(self, value: Any, path: str, expected: str = "a property or a text") -> Text:
        if isinstance(value, str):
            return self.checked(lambda: literals.text(value), path)
        if isinstance(value, dict) and value.get("op") == "casei" and value.keys() == {"op", "args"}:
            with self.deeper(path):
                return CaseI(self.text(*self.arguments(value, path, 1)[0]))
        return self.property(value, path, expected)

    def pattern(self, value: Any, path: str) -> str | CaseI:
        if isinstance(value, str):
            return self.checked(lambda: literals.pattern(value), path)
        if isinstance(value, dict) and value.get("op") == "casei" and value.keys() == {"op", "args"}:
            with self.deeper(path):
                return CaseI(self.pattern(*self.arguments(value, path, 1)[0]))
        raise CqlError("a pattern", _shown(value), path=path)

    def number(self, value: Any, path: str) -> Number:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return self.checked(lambda: literals.number(value), path)
        return self.property(value, path, "a property or a number")

    def property(self, value: Any, path: str, expected: str) -> Property:
        name = value["property"] if self.member(value, "property") else None
        if not isinstance(name, str):
            raise CqlError(expected, _shown(value), path=path)
        return self.checked(lambda: literals.name(name), path)

    def instant(self, value: Any, path: str) -> Instant:
        key = self.member(value, "date", "timestamp")
        found = self.instant_text(value[key], path)
        if isinstance(found, datetime) != (key == "timestamp"):
            raise CqlError(f"a {key}", repr(value[key]), path=path)
        return found

    def instant_text(self, value: Any, path: str) -> Instant:
        if not isinstance(value, str):
            raise CqlError("a day or a moment", _shown(value), path=path)
        return self.checked(lambda: literals.instant(value), path)

    def moment(self, value: Any, path: str) -> Moment:
        if self.member(value, "date", "timestamp"):
            return self.instant(value, path)
        if self.member(value, "interval"):
            ends = value["interval"]
            if not isinstance(ends, list) or len(ends) != 2:
                raise CqlError("two ends of an interval", _shown(ends), path=path)
            start, end = (self.end_of_interval(one, f"{path}.interval[{at}]") for at, one in enumerate(ends))
            return self.checked(lambda: literals.interval(start, end), path)
        return self.property(value, path, "a property, date, timestamp or interval")

    def end_of_interval(self, value: Any, path: str) -> Property | Instant | None:
        if value == "..":
            return None
        if isinstance(value, str):
            return self.instant_text(value, path)
        return self.property(value, path, 'a property, a day, a moment or ".."')

    def shape(self, value: Any, path: str) -> Shape:
        if self.member(value, "bbox"):
            numbers = value["bbox"]
            if not isinstance(numbers, list) or not all(type(one) in (int, float) for one in numbers):
                raise CqlError("an array of numbers", _shown(numbers), path=f"{path}.bbox")
            return self.checked(lambda: literals.box([float(literals.number(one)) for one in numbers]), path)
        if isinstance(value, dict) and value.get("type") in _GEOMETRIES:
            return self.geometry(value, path)
        return self.property(value, path, "a property, a bbox or a geometry as GeoJSON")

    def geometry(self, value: dict[str, Any], path: str) -> BaseGeometry:
        try:
            written = json.dumps(value, allow_nan=False, separators=(",", ":"))
            found = shapely.from_geojson(written)
        except (ShapelyError, RecursionError, ValueError, TypeError) as error:
            raise CqlError("a geometry as GeoJSON", " ".join(str(error).split())[:200], path=path) from error
        self.vertices += int(shapely.count_coordinates(found))
        if self.vertices > MOST_VERTICES:
            raise CqlError(f"at most {MOST_VERTICES} vertices in a filter", f"{self.vertices}", path=path)
        return self.checked(lambda: literals.geometry(found), path)
