"""A CQL2 filter asked of the columns of a register: which records it holds for.

As in SQL a comparison with a missing value is neither true nor false, so every step carries both masks. Personal fields
are not there to be asked: a filter on what is masked would find it out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from anlan.formats import cql2
from anlan.formats.cql2 import (
    And,
    Between,
    Box,
    CaseI,
    Comparison,
    Filter,
    In,
    Interval,
    IsNull,
    Like,
    Not,
    Or,
    Property,
    Spatial,
    Temporal,
)
from anlan.kernel.registers import cql_values
from anlan.kernel.registers.columns.store import Store, is_empty
from anlan.kernel.registers.cql_values import BadFilter, Pattern
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.info import FieldInfo, Kind

Mask = NDArray[np.bool_]
#: Where a filter holds, and where it does not; where neither, a value is missing.
Both = tuple[Mask, Mask]

#: Conditions of one filter, and those of them for which texts are fetched from the database while others wait.
MOST_CONDITIONS, MOST_TEXTS = 60, 4
#: Name under which a filter asks for the place or outline of a record.
GEOMETRY = "geometry"
_NUMBERS = (Kind.INTEGER, Kind.NUMBER, Kind.LEVEL)
_TIMES = (Kind.DATE, Kind.MOMENT)
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_DAY_MS = 86_400_000


def queryables(register: Register) -> dict[str, FieldInfo]:
    """Fields that a filter may ask for by name."""
    return {
        name: info
        for name, info in register.infos().items()
        if not info.mask and info.kind not in (Kind.OUTLINE, Kind.CHOICES)
    }


def fitting(store: Store, filter: Filter) -> Mask:
    """Which slots a filter holds for. Hold the store's lock. Raises BadFilter for what cannot be asked here."""
    leaves = list(_leaves(filter))
    texts = sum(1 for leaf in leaves if isinstance(leaf, Comparison | Like | In) and _reads_texts(store, leaf))
    if len(leaves) > MOST_CONDITIONS or texts > MOST_TEXTS:
        words = _("A filter has at most %(most)d conditions, %(texts)d of them on texts that are no list.")
        raise BadFilter(words % {"most": MOST_CONDITIONS, "texts": MOST_TEXTS})
    return _asked(store, filter)[0]


def _leaves(filter: Filter) -> Iterator[Filter]:
    """The conditions of a filter, without what joins them."""
    if isinstance(filter, And | Or):
        for part in filter.parts:
            yield from _leaves(part)
    elif isinstance(filter, Not):
        yield from _leaves(filter.of)
    else:
        yield filter


def _reads_texts(store: Store, leaf: Comparison | Like | In) -> bool:
    sides = (leaf.left, leaf.right) if isinstance(leaf, Comparison) else (leaf.of,)
    return any(cql_values.is_free_text(store, _info(store, side)[0]) for side in sides if _is_property(side))


def _asked(store: Store, filter: Filter) -> Both:
    if isinstance(filter, bool):
        every = np.full(store.size, filter)
        return every, ~every
    if isinstance(filter, Not):
        yes, no = _asked(store, filter.of)
        return no, yes
    if isinstance(filter, And | Or):
        parts = [_asked(store, part) for part in filter.parts]
        all_of, any_of = np.logical_and.reduce, np.logical_or.reduce
        first, second = (all_of, any_of) if isinstance(filter, And) else (any_of, all_of)
        return first([yes for yes, _no in parts]), second([no for _yes, no in parts])
    if isinstance(filter, Comparison):
        return _compared(store, filter)
    if isinstance(filter, Like):
        return _like(store, filter)
    if isinstance(filter, Between):
        return _asked(store, And((Comparison(">=", filter.of, filter.low), Comparison("<=", filter.of, filter.high))))
    if isinstance(filter, In):
        return _among(store, filter)
    if isinstance(filter, IsNull):
        return _missing(store, filter)
    if isinstance(filter, Spatial):
        return _spatial(store, filter)
    return _temporal(store, filter)


# --- values -----------------------------------------------------------------------------------------------------------
def _info(store: Store, of: Any) -> tuple[FieldInfo, bool]:
    """The field that a side of a comparison names, and whether case does not count."""
    fold = False
    while isinstance(of, CaseI):
        of, fold = of.of, True
    if not isinstance(of, Property):
        raise BadFilter(_("One side of each comparison is a field of the register."))
    info = queryables(store.register).get(of.name)
    if info is None:
        raise BadFilter(_("A filter cannot ask for “%(name)s”; see the queryables.") % {"name": of.name[:60]})
    return info, fold


def _is_property(value: Any) -> bool:
    while isinstance(value, CaseI):
        value = value.of
    return isinstance(value, Property)


def _literal(value: Any, fold: bool) -> Any:
    while isinstance(value, CaseI):
        value = value.of
    return value.casefold() if fold and isinstance(value, str) else value


def _compared(store: Store, asked: Comparison) -> Both:
    left, op, right = asked.left, asked.op, asked.right
    if not _is_property(left):
        left, right, op = right, left, _TURNED.get(op, op)
    info, fold = _info(store, left)
    if _is_property(right):
        return _two_fields(store, op, info, _info(store, right)[0])
    literal = _literal(right, fold)
    if info.kind in (*_NUMBERS, *_TIMES):
        low, high = _span(info, literal)
        return _by_number(store, info, op, low, high)
    test = cql_values.comparing(info, op, literal)
    return _by_value(store, info, fold, test, exactly=literal if op == "=" and not fold else None)


def _two_fields(store: Store, op: str, one: FieldInfo, other: FieldInfo) -> Both:
    for kinds in (_NUMBERS, (Kind.DATE,), (Kind.MOMENT,)):
        if one.kind in kinds and other.kind in kinds:
            first, second = store.columns[one.name], store.columns[other.name]
            known = ~is_empty(one.kind, first) & ~is_empty(other.kind, second)
            yes = _ORDER[op](first, second) & known
            return yes, ~yes & known
    raise BadFilter(
        _("“%(one)s” and “%(other)s” cannot be compared with each other.") % {"one": one.name, "other": other.name}
    )


_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "=": np.equal, "<>": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
}  # fmt: skip


def _by_number(store: Store, info: FieldInfo, op: str, low: float, high: float) -> Both:
    """A number, a day or a moment against what a literal covers: a day is a span of moments."""
    values = store.columns[info.name]
    known = ~is_empty(info.kind, values)
    inside = (values >= low) & (values <= high)
    found = {
        "=": inside, "<>": ~inside, "<": values < low, "<=": values <= high, ">": values > high, ">=": values >= low,
    }[op]  # fmt: skip
    yes = np.asarray(found & known)
    return yes, ~yes & known


def _span(info: FieldInfo, literal: Any) -> tuple[float, float]:
    """First and last value of the column that a literal covers."""
    if info.kind in _NUMBERS:
        if isinstance(literal, bool) or not isinstance(literal, int | float):
            raise BadFilter(_("“%(name)s” is compared with a number.") % {"name": info.name})
        return float(literal), float(literal)
    moment = _moment(info, literal)
    if info.kind is Kind.DATE:
        day = moment.astimezone(_zone()).date() if isinstance(moment, datetime) else moment
        number = float((day - date(1970, 1, 1)).days)
        return number, number
    if isinstance(moment, datetime):
        ms = moment.timestamp() * 1000
        return math.floor(ms), math.floor(ms)
    start = datetime(moment.year, moment.month, moment.day, tzinfo=_zone()).timestamp() * 1000
    return start, start + _DAY_MS - 1


def _moment(info: FieldInfo, literal: Any) -> date:
    """A day or a moment; a text that says one is taken too, as many clients write it."""
    if isinstance(literal, date):
        return literal
    if isinstance(literal, str):
        try:
            if len(literal) == 10:
                return date.fromisoformat(literal)
            moment = parse_datetime(literal)
        except ValueError:
            moment = None
        if moment is not None:
            return moment if moment.tzinfo else moment.replace(tzinfo=_zone())
    words = _("“%(name)s” is compared with DATE('2026-11-30') or TIMESTAMP('2026-11-30T08:00:00Z').")
    raise BadFilter(words % {"name": info.name})


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def _by_value(
    store: Store, info: FieldInfo, fold: bool, test: Callable[[Any], bool], *, exactly: Any = None, needle: str = ""
) -> Both:
    """A test of texts, codes or flags, asked once for each value that comes up."""
    found = cql_values.where(store, info, fold, test, exactly=exactly, needle=needle)
    return found.yes, ~found.yes & found.known


def _like(store: Store, asked: Like) -> Both:
    info, fold = _info(store, asked.of)
    if info.kind in (*_NUMBERS, *_TIMES, Kind.FLAG):
        raise BadFilter(_("“%(name)s” is no text; LIKE cannot ask for it.") % {"name": info.name})
    pattern = _literal(asked.pattern, fold)
    like = Pattern(pattern)
    return _by_value(store, info, fold, like.fits, needle=like.longest)


def _among(store: Store, asked: In) -> Both:
    yes, no = np.zeros(store.size, np.bool_), np.ones(store.size, np.bool_)
    info, fold = _info(store, asked.of)
    if info.kind in (*_NUMBERS, *_TIMES):
        for item in asked.items:
            this, other = _compared(store, Comparison("=", asked.of, item))
            yes, no = yes | this, no & other
        return yes, no
    if any(_is_property(item) for item in asked.items):
        raise BadFilter(_("IN lists values, not fields."))
    items = [_literal(item, fold) for item in asked.items]
    tests = [cql_values.comparing(info, "=", item) for item in items]
    return _by_value(store, info, fold, lambda value: any(test(value) for test in tests))


def _missing(store: Store, asked: IsNull) -> Both:
    if isinstance(asked.of, Property) and asked.of.name == GEOMETRY:
        yes = ~_has_shape(store)
    else:
        info, _fold = _info(store, asked.of)
        yes = ~cql_values.known(store, info)
    return yes, ~yes


# --- places -----------------------------------------------------------------------------------------------------------
def _has_shape(store: Store) -> Mask:
    found = np.asarray(~np.isnan(store.columns["lon"]) & ~np.isnan(store.columns["lat"]))
    found[store.slots_of(store.shapes)] = True
    return found


def _spatial(store: Store, asked: Spatial) -> Both:
    left, op, right = asked.left, asked.op, asked.right
    if not isinstance(left, Property):
        left, right = right, left
        op = {"S_CONTAINS": "S_WITHIN", "S_WITHIN": "S_CONTAINS"}.get(op, op)
    if not isinstance(left, Property) or left.name not in (GEOMETRY, "geom") or isinstance(right, Property):
        raise BadFilter(_("A spatial comparison is between “geometry” and a shape in degrees."))
    known = _has_shape(store)
    yes = np.zeros(store.size, np.bool_)
    for shape in _shapes(right):
        yes |= _touching(store, shape)  # every operator but one asks only for what touches at all
    touching = yes.copy()
    if op == "S_DISJOINT":
        yes = ~touching & known
    elif op != "S_INTERSECTS":
        if len(parts := _shapes(right)) != 1:
            raise BadFilter(_("A box over the 180th meridian can only be intersected or be disjoint."))
        yes = _related(store, np.flatnonzero(touching), op, parts[0])
    return yes, ~yes & known


def _shapes(shape: Any) -> list[BaseGeometry]:
    if isinstance(shape, Box):
        if shape.west <= shape.east:
            return [shapely.box(shape.west, shape.south, shape.east, shape.north)]
        return [
            shapely.box(shape.west, shape.south, 180, shape.north),
            shapely.box(-180, shape.south, shape.east, shape.north),
        ]
    return [shape]


def _touching(store: Store, shape: BaseGeometry) -> Mask:
    west, south, east, north = shape.bounds
    lon, lat = store.columns["lon"], store.columns["lat"]
    found = np.asarray((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
    outlined = store.slots_of(store.shapes)
    found[outlined] = False
    if not shape.equals(shapely.box(west, south, east, north)):
        slots = np.flatnonzero(found)
        shapely.prepare(shape)
        found[slots] = shapely.intersects_xy(shape, lon[slots], lat[slots])
    if outlined.size:
        found[outlined] = shapely.intersects(_outlines(store, outlined), shape)
    return found


def _outlines(store: Store, slots: NDArray[np.int64]) -> NDArray[Any]:
    return np.array([store.shapes[int(pk)] for pk in store.pk[slots]], object)


_PREDICATES: dict[str, Callable[[Any, Any], Any]] = {
    "S_CONTAINS": shapely.contains, "S_CROSSES": shapely.crosses, "S_EQUALS": shapely.equals,
    "S_OVERLAPS": shapely.overlaps, "S_TOUCHES": shapely.touches, "S_WITHIN": shapely.within,
}  # fmt: skip


def _related(store: Store, slots: NDArray[Any], op: str, shape: BaseGeometry) -> Mask:
    places = shapely.points(store.columns["lon"][slots], store.columns["lat"][slots])
    mine = [store.shapes.get(int(pk), place) for pk, place in zip(store.pk[slots], places, strict=True)]
    yes = np.zeros(store.size, np.bool_)
    if mine:
        yes[slots] = _PREDICATES[op](np.array(mine, object), shape)
    return yes


# --- times ------------------------------------------------------------------------------------------------------------
_INSTANT = {
    "T_AFTER": (">",), "T_BEFORE": ("<",), "T_EQUALS": ("=",), "T_INTERSECTS": ("=",), "T_DURING": ("=",),
    "T_DISJOINT": ("<>",),
}  # fmt: skip


def _temporal(store: Store, asked: Temporal) -> Both:
    left, op, right = asked.left, asked.op, asked.right
    if not isinstance(left, Property):
        left, right = right, left
        op = {"T_AFTER": "T_BEFORE", "T_BEFORE": "T_AFTER"}.get(op, op)
        if op == "T_DURING":
            raise BadFilter(_("A moment has no length; nothing is during it."))
    if not isinstance(left, Property) or isinstance(right, Property) or op not in _INSTANT:
        raise BadFilter(
            _("A comparison of times is between a day or moment of the record and an instant or interval: %(ops)s.")
            % {"ops": ", ".join(_INSTANT)}
        )
    info, _fold = _info(store, left)
    if info.kind not in _TIMES:
        raise BadFilter(_("“%(name)s” is no day and no moment.") % {"name": info.name})
    low, high = -math.inf, math.inf
    if isinstance(right, Interval):
        if isinstance(right.start, Property) or isinstance(right.end, Property):
            raise BadFilter(_("The ends of an interval are written out here."))
        low = low if right.start is None else _span(info, right.start)[0]
        high = high if right.end is None else _span(info, right.end)[1]
    else:
        low, high = _span(info, right)
    return _by_number(store, info, _INSTANT[op][0], low, high)


def read(text: str, language: str = "cql2-text") -> Filter:
    """A filter from its text or JSON. Raises BadFilter saying where it goes wrong."""
    try:
        return cql2.parse(text) if language == "cql2-text" else cql2.from_json(cql_values.json_of(text))
    except cql2.CqlError as error:
        words = _("The filter cannot be read at %(where)s: expected %(expected)s, found %(found)s.")
        raise BadFilter(
            words % {"where": error.where, "expected": error.expected, "found": error.found[:80]}
        ) from error


def all_of(parts: Iterable[Filter]) -> Filter | None:
    """Several filters as one that asks for all of them; None for none."""
    every = tuple(parts)
    return None if not every else every[0] if len(every) == 1 else And(every)
