"""Whether a filter holds for an entity. A path may lead to several values; a comparison holds when it does for one."""

from __future__ import annotations

import itertools
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import shapely
from shapely.errors import ShapelyError

from anlan.formats.sensorthings.query import Binary, Call, Duration, Geography, Literal, Node, Not, Path
from anlan.formats.sensorthings.times import Time, time_of

#: The values at the end of a path.
Values = Callable[[tuple[str, ...]], Sequence[Any]]

_DURATION = re.compile(r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_EARLIEST, _LATEST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def holds(node: Node, values: Values, now: datetime) -> bool:
    """Whether the filter is true."""
    return any(one is True for one in evaluate(node, values, now))


def evaluate(node: Node, values: Values, now: datetime) -> Sequence[Any]:
    """The values of a node. What cannot be compared or computed gives none, as null does."""
    if isinstance(node, Literal):
        return [node.value]
    if isinstance(node, Path):
        return values(node.steps)
    if isinstance(node, Duration):
        return [_duration(node.written)]
    if isinstance(node, Geography):
        return _geometry(node.wkt)
    if isinstance(node, Not):
        return [not holds(node.node, values, now)]
    if isinstance(node, Binary):
        return _binary(node, values, now)
    return _call(node, values, now)


def _binary(node: Binary, values: Values, now: datetime) -> Sequence[Any]:
    if node.operator == "and":
        return [holds(node.left, values, now) and holds(node.right, values, now)]
    if node.operator == "or":
        return [holds(node.left, values, now) or holds(node.right, values, now)]
    left, right = evaluate(node.left, values, now), evaluate(node.right, values, now)
    if node.operator in _COMPARE:
        return [any(compared(node.operator, one, other) for one in left or [None] for other in right or [None])]
    return [got for one in left for other in right for got in _computed(node.operator, one, other)]


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip


def compared(sign: str, one: Any, other: Any) -> bool:
    """A comparison of two values; those of different kinds are only unequal."""
    if one is None or other is None:
        return (one is other) if sign == "eq" else (one is not other) if sign == "ne" else False
    if isinstance(one, str) and isinstance(other, Time):
        one = _time(one)
    if isinstance(other, str) and isinstance(one, Time):
        other = _time(other)
    if isinstance(one, Time) and isinstance(other, Time):
        return _order(sign, one, other)
    if _is_number(one) and _is_number(other):
        return _COMPARE[sign](one, other)
    if type(one) is type(other) and isinstance(one, str | bool | timedelta):
        return _COMPARE[sign](one, other)
    return sign == "ne"


def _order(sign: str, one: Time, other: Time) -> bool:
    """Intervals: before means before its beginning, after means not before its end."""
    ends, other_ends = one.end or one.start, other.end or other.start
    if one.end is None and other.end is None:
        return _COMPARE[sign](one.start, other.start)
    same = (one.start, ends) == (other.start, other_ends)
    answers = {
        "eq": same, "ne": not same, "lt": ends <= other.start, "gt": one.start >= other_ends,
        "le": one.start <= other.start, "ge": ends >= other_ends,
    }  # fmt: skip
    return answers[sign]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _time(said: str) -> Time | None:
    try:
        return time_of(said)
    except ValueError:
        return None


def _duration(said: str) -> timedelta:
    match = _DURATION.fullmatch(said)
    sign, *parts = match.groups() if match else ("", None, None, None, None)
    days, hours, minutes, seconds = (float(one or 0) for one in parts)
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if sign else length


def _computed(sign: str, one: Any, other: Any) -> Iterable[Any]:
    if isinstance(one, str) and not isinstance(other, str):
        one = _time(one)
    try:
        if isinstance(one, Time) and isinstance(other, timedelta) and sign in ("add", "sub"):
            yield Time(one.start + other if sign == "add" else one.start - other)
        elif isinstance(one, Time) and isinstance(other, Time) and sign == "sub":
            yield one.start - other.start
        elif _is_number(one) and _is_number(other):
            yield _ARITHMETIC[sign](one, other)
    except (ZeroDivisionError, OverflowError):
        return


_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "mod": math.fmod,
}  # fmt: skip


def _call(node: Call, values: Values, now: datetime) -> Sequence[Any]:
    if node.name in ("now", "mindatetime", "maxdatetime"):
        return [Time({"now": now, "mindatetime": _EARLIEST, "maxdatetime": _LATEST}[node.name])]
    arguments = [evaluate(one, values, now) for one in node.arguments]
    found = []
    for some in itertools.product(*arguments):
        try:
            found.append(_FUNCTIONS[node.name](*some))
        except (TypeError, ValueError, AttributeError, OverflowError, ShapelyError):
            # A function of something else than it is for has no value, as with null.
            continue
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _at(value: Any) -> datetime:
    at = time_of(value) if isinstance(value, str) else value
    if not isinstance(at, Time):
        raise TypeError(value)
    return at.start


def _rounded(value: float) -> float:
    return math.floor(value + 0.5) if value >= 0 else -math.floor(-value + 0.5)


def _geometry(wkt: str) -> Sequence[Any]:
    try:
        return [shapely.from_wkt(wkt.partition(";")[2] if wkt.upper().startswith("SRID=") else wkt)]
    except ShapelyError:
        return []


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return shapely.geometry.shape(value.get("geometry", value))
    if not isinstance(value, shapely.Geometry):
        raise TypeError(value)
    return value


def _spatial(name: str) -> Callable[[Any, Any], bool]:
    return lambda one, other: bool(getattr(_shape(one), name)(_shape(other)))


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "substringof": lambda part, text: _text(part) in _text(text),
    "endswith": lambda text, part: _text(text).endswith(_text(part)),
    "startswith": lambda text, part: _text(text).startswith(_text(part)),
    "length": lambda text: len(_text(text)),
    "indexof": lambda text, part: _text(text).find(_text(part)),
    "substring": lambda text, at, n=None: _text(text)[at : None if n is None else at + n],
    "tolower": lambda text: _text(text).lower(),
    "toupper": lambda text: _text(text).upper(),
    "trim": lambda text: _text(text).strip(),
    "concat": lambda one, other: _text(one) + _text(other),
    "year": lambda at: _at(at).year,
    "month": lambda at: _at(at).month,
    "day": lambda at: _at(at).day,
    "hour": lambda at: _at(at).hour,
    "minute": lambda at: _at(at).minute,
    "second": lambda at: _at(at).second,
    "fractionalseconds": lambda at: _at(at).microsecond / 1e6,
    "date": lambda at: _at(at).date().isoformat(),
    "time": lambda at: _at(at).time().isoformat(),
    # Times are kept and answered in UTC.
    "totaloffsetminutes": lambda at: _at(at).utcoffset() / timedelta(minutes=1),
    "round": _rounded,
    "floor": math.floor,
    "ceiling": math.ceil,
    "geo.distance": lambda one, other: float(_shape(one).distance(_shape(other))),
    "geo.length": lambda one: float(_shape(one).length),
    "geo.intersects": _spatial("intersects"),
    "st_relate": lambda one, other, pattern: bool(_shape(one).relate_pattern(_shape(other), _text(pattern))),
    **{
        f"st_{name}": _spatial(name)
        for name in ("equals", "disjoint", "touches", "within", "overlaps", "crosses", "intersects", "contains")
    },
}
