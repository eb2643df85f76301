"""Readings as observations: the spans of time that a filter leaves, read from the newest or the oldest on."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anlan.apps.sensorthings.queries.budget import TooMuch
from anlan.apps.sensorthings.queries.judging import holds
from anlan.apps.sensorthings.queries.narrowing import asked, conjuncts
from anlan.apps.sensorthings.queries.scope import Entities, Scope
from anlan.apps.sensorthings.queries.shapes import Reading
from anlan.formats.sensorthings.query import Binary, Literal, Node, Path, Query
from anlan.formats.sensorthings.times import Time
from anlan.kernel.sensing.models import Point
from anlan.kernel.sensing.store import Columns
from anlan.kernel.sensing.store.ends import first_ms, newest
from anlan.kernel.sensing.store.history import EARLIEST, LATEST

#: Datastreams whose readings one question may read, and readings that are sorted or judged one by one.
MOST_POINTS, MOST_JUDGED = 200, 200_000
#: Steps in which history is read, ms: an hour, a day, a month, a year, everything.
_STEPS = (3_600_000, 86_400_000, 30 * 86_400_000, 365 * 86_400_000)
#: Steps of a path from an observation that need nothing but its datastream and the device of that.
_NEAR = 3
_MIRROR = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a filter says of readings: a span of time, tests of whole columns, and what is judged one by one."""

    low: int
    high: int
    tests: tuple[tuple[str, str, float], ...]
    rest: tuple[Node, ...]


def observations(scope: Scope, found: Entities, query: Query, skip: int, top: int) -> tuple[list[Reading], int | None]:
    """At most `top` observations from `skip` on, and their number where that is asked for.

    Raises TooMuch where more would have to be looked at one by one than one answer may.
    """
    by_time, backwards = _order(query)
    wanted = _wanted(query.filter, found.at)
    points: Iterable[Point] = found.rows
    if query.count or not by_time or query.orderby:
        points = _few(points)
    for steps in asked(query):
        # Further than to the datastream, what it leads to is read once for all points.
        if steps[0] == "Datastream" and len(steps) > _NEAR:
            points = _few(points)
            scope.load("Datastream", points, steps[1:])
    if not by_time:
        rows = list(_bounded(scope, _flat(part for point in points for part in _parts(scope, point, wanted, False))))
        return _sorted(scope, rows, query)[skip : skip + top], len(rows) if query.count else None
    if query.count:
        every = [_flat(_parts(scope, point, wanted, backwards)) for point in points]
        rows = list(_bounded(scope, _merged(every, backwards) if query.orderby else _flat(every)))
        return rows[skip : skip + top], len(rows)
    streams = (_flat(_parts(scope, point, wanted, backwards)) for point in _counted(points))
    if skip > MOST_JUDGED:
        raise TooMuch("$skip")
    rows = []
    for number, one in enumerate(_merged(list(streams), backwards) if query.orderby else _flat(streams)):
        if number >= skip:
            rows.append(one)
        if len(rows) == top:
            break
    return rows, None


def newest_of(scope: Scope, points: Sequence[Point]) -> dict[int, Reading]:
    """Point → its newest reading, all at once."""
    found = newest(scope.store, [point.pk for point in points])
    return {point.pk: Reading(point, *found[point.pk]) for point in points if point.pk in found}


def asks_newest(query: Query) -> bool:
    """Whether a question means the newest reading only: no filter, newest first, one."""
    by_time, backwards = _order(query)
    return (
        query.filter is None and query.top == 1 and not query.skip and not query.count and by_time and backwards
    )  # fmt: skip


def _order(query: Query) -> tuple[bool, bool]:
    """Whether the order is that of time, and whether newest first."""
    if not query.orderby:
        return True, False
    return query.orderby[0].path.steps == ("phenomenonTime",), query.orderby[0].descending


def _bounded(scope: Scope, rows: Iterable[Reading]) -> Iterator[Reading]:
    """At most `MOST_JUDGED` of them. Raises TooMuch at the first one more, so that no more is ever held."""
    for number, one in enumerate(rows):
        if number >= MOST_JUDGED:
            raise TooMuch("Observations")
        scope.budget.judge(1, "Observations")
        yield one


def _few(points: Iterable[Point]) -> list[Point]:
    found = list(points[: MOST_POINTS + 1]) if hasattr(points, "__getitem__") else list(points)
    if len(found) > MOST_POINTS:
        raise TooMuch("Observations")
    return found


def _counted(points: Iterable[Point]) -> Iterator[Point]:
    for number, point in enumerate(
        points if isinstance(points, list | tuple) else points.iterator(chunk_size=MOST_POINTS)
    ):  # type: ignore[attr-defined]
        if number >= MOST_POINTS:
            raise TooMuch("Observations")
        yield point


def _flat(parts: Iterable[Iterable[Reading]]) -> Iterator[Reading]:
    for part in parts:
        yield from part


def _merged(streams: Sequence[Iterable[Reading]], backwards: bool) -> Iterator[Reading]:
    return heapq.merge(*streams, key=lambda one: (one.t, one.point.pk), reverse=backwards)


def _sorted(scope: Scope, rows: list[Reading], query: Query) -> list[Reading]:
    for order in reversed(query.orderby):
        path = order.path.steps
        rows.sort(key=lambda one: sort_key(scope.values("Observation", one, path)), reverse=order.descending)
    return rows


def sort_key(values: Sequence[Any]) -> tuple[int, Any]:
    """A key by which values of any kind can be sorted: nothing first, then numbers, then texts."""
    value = values[0] if values else None
    if value is None:
        return 0, 0
    return (1, value) if isinstance(value, int | float) else (2, str(value))


def _wanted(node: Node | None, at: int | None) -> _Wanted:
    low, high = (EARLIEST, LATEST - 1) if at is None else (at, at)
    tests: list[tuple[str, str, float]] = []
    rest: list[Node] = []
    for part in conjuncts(node):
        test = _test(part)
        if test is None:
            rest.append(part)
            continue
        tests.append(test)
        name, sign, number = test
        if name == "t" and sign in ("ge", "gt", "eq"):
            low = max(low, int(number))
        if name == "t" and sign in ("le", "lt", "eq"):
            high = min(high, int(number) + 1)
    return _Wanted(low, high, tuple(tests), tuple(rest))


def _test(node: Node) -> tuple[str, str, float] | None:
    """A comparison of the time or of the result with one value, else None."""
    if not isinstance(node, Binary) or node.operator not in _MIRROR:
        return None
    sign, path, literal = node.operator, node.left, node.right
    if isinstance(path, Literal):
        sign, path, literal = _MIRROR[sign], literal, path
    if not isinstance(path, Path) or not isinstance(literal, Literal):
        return None
    value = literal.value
    if path.steps == ("phenomenonTime",) and isinstance(value, Time) and value.end is None:
        return "t", sign, value.start.timestamp() * 1000
    if path.steps == ("result",) and isinstance(value, int | float) and not isinstance(value, bool):
        return "value", sign, float(value)
    return None


def _parts(scope: Scope, point: Point, wanted: _Wanted, backwards: bool) -> Iterator[list[Reading]]:
    """The readings of a point that are wanted, part after part in order of time or against it."""
    for low, high in _spans(scope, point, wanted, backwards):
        found = scope.store.readings(point.pk, low, high)
        keep = _kept(found, wanted)
        if wanted.rest:
            if keep.size > MOST_JUDGED:
                raise TooMuch("Observations")
            scope.budget.judge(int(keep.size), "Observations")
        t, value, quality = found.t[keep].tolist(), found.value[keep].tolist(), found.quality[keep].tolist()
        rows = [Reading(point, *row) for row in zip(t, value, quality, strict=True)]
        if wanted.rest:
            rows = [one for one in rows if _fits(scope, one, wanted.rest)]
        yield rows[::-1] if backwards else rows


def _fits(scope: Scope, one: Reading, nodes: Sequence[Node]) -> bool:
    return all(holds(node, lambda steps: scope.values("Observation", one, steps), scope.now) for node in nodes)


def _kept(found: Columns, wanted: _Wanted) -> NDArray[np.intp]:
    keep = np.ones(len(found), np.bool_)
    known = (found.quality < 2) & ~np.isnan(found.value)
    for name, sign, number in wanted.tests:
        column = found.t if name == "t" else found.value
        test = getattr(np, _NUMPY[sign])(column, number)
        if name == "value":
            test = np.where(known, test, sign == "ne")
        keep &= test
    return np.flatnonzero(keep)


_NUMPY = {
    "eq": "equal", "ne": "not_equal", "gt": "greater", "ge": "greater_equal", "lt": "less", "le": "less_equal",
}  # fmt: skip


def _spans(scope: Scope, point: Point, wanted: _Wanted, backwards: bool) -> Iterator[tuple[int, int]]:
    """Spans that together are the one wanted, growing, so that few readings are read for a few observations."""
    low, high = wanted.low, wanted.high
    if high < low:
        return
    if backwards:
        last = newest(scope.store, [point.pk]).get(point.pk)
        anchor = min(high, last[0]) if last else low
        for step in _STEPS:
            if anchor - step > low:
                yield anchor - step, high
                high = anchor - step - 1
        yield low, high
        return
    begins = first_ms(scope.store, point.pk)
    anchor = max(low, begins) if begins is not None else high
    for step in _STEPS:
        if anchor + step < high:
            yield low, anchor + step
            low = anchor + step + 1
    yield low, high
