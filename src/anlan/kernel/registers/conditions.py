"""What a list is narrowed to, as the address says it: `kind=chemical,mine`, `stored_t=10..50`, `until=..+30d`.

A span is `from..to`, either end may be missing, both belong to it. `none` finds what has no value, `some` what has one.
Days may be counted from today: `-90d`, `today`, `+30d`. What cannot be meant finds nothing; it never breaks a page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from anlan.formats.cql2 import Filter
from anlan.kernel.people.models import User
from anlan.kernel.regions import queries as regions
from anlan.kernel.registers import cql
from anlan.kernel.registers.columns.reading import held, is_listed_text
from anlan.kernel.registers.columns.store import Store, is_empty
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.info import FieldInfo, Kind
from anlan.kernel.web.formatting import COLOURS, NUMERALS

NONE, SOME = "none", "some"
#: A filter of every located register: has it a place on the map?
PLACE = "place"
#: Values that one filter may name.
MOST_VALUES = 200

_LISTED = (Kind.CHOICE, Kind.CHOICES, Kind.LEVEL, Kind.FLAG, Kind.REGION, Kind.RECORD, Kind.PERSON)
_SPANNED = (Kind.INTEGER, Kind.NUMBER, Kind.DATE, Kind.MOMENT)
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Condition:
    """One narrowing: a field, the text of it in the address, and its words on a chip.

    values   of a listed kind: codes, numbers of regions or records
    low, high  of a span: numbers; days since 1970; ms since 1970 UTC
    only     NONE or SOME, "" for neither
    wrong    the text cannot be meant: finds nothing
    """

    name: str
    text: str
    words: str
    values: tuple[Any, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    only: str = ""
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """Everything that narrows a list: conditions, searched words, a box of the map, chosen numbers, a CQL2 filter."""

    conditions: tuple[Condition, ...] = ()
    terms: tuple[str, ...] = ()
    pks: frozenset[int] | None = None
    box: tuple[float, float, float, float] | None = None  # west, south, east, north in degrees
    filter: Filter | None = None
    paths: tuple[str, ...] = ()  # prefixes of the regions the actor may see, "/" is everywhere

    @property
    def narrows(self) -> bool:
        """Does it ask for less than everything the actor may see?"""
        return bool(
            self.conditions or self.terms or self.pks is not None or self.box is not None or self.filter is not None
        )


def filterable(register: Register) -> dict[str, FieldInfo]:
    """Fields that the address may filter by: the declared filters first, then every other field but name and code."""
    infos = held(register)
    return {name: infos[name] for name in register.filters} | infos


def read_conditions(register: Register, params: Mapping[str, str], now: datetime) -> tuple[Condition, ...]:
    """The conditions that an address names, in the order of the filters; other parameters are not looked at."""
    found = []
    for name, info in filterable(register).items():
        if text := params.get(name, "").strip():
            found.append(read_one(info, text, now, words=is_listed_text(register, info)))
    if register.located and (text := params.get(PLACE, "")) in (NONE, SOME):
        words = _("Not on the map") if text == NONE else _("On the map")
        found.append(Condition(PLACE, text, words, only=text))
    return tuple(found)


def read_one(info: FieldInfo, text: str, now: datetime, *, words: bool = False) -> Condition:
    """One filter from its text in the address; `words` when it lists texts of the field itself."""
    if text in (NONE, SOME):
        said = _("empty") if text == NONE else _("filled")
        return Condition(info.name, text, said, only=text)
    if words:
        parts = tuple(part for part in dict.fromkeys(text.split(",")) if part)[:MOST_VALUES]
        return Condition(info.name, text, _(", ").join(parts), parts)
    if info.kind in _LISTED:
        return _listed(info, text)
    if info.kind in _SPANNED:
        return _spanned(info, text, now)
    return Condition(info.name, text, text, wrong=True)


def _listed(info: FieldInfo, text: str) -> Condition:
    parts = [part for part in dict.fromkeys(text.split(",")) if part][:MOST_VALUES]
    known = _known(info, parts)
    if not known:
        return Condition(info.name, text, text[:40], wrong=True)
    return Condition(
        info.name, text, _(", ").join(words for _value, words in known), tuple(value for value, _w in known)
    )


def _known(info: FieldInfo, parts: list[str]) -> list[tuple[Any, str]]:
    """Value in the column and words, for those of the parts that exist."""
    if info.kind is Kind.LEVEL:
        levels = [int(part) for part in parts if part in ("1", "2", "3", "4")]
        return [(level, f"{NUMERALS[level]} {COLOURS[level]}") for level in levels]
    if info.kind is Kind.FLAG:
        words = {"1": (1, _("yes")), "0": (0, _("no"))}
        return [words[part] for part in parts if part in words]
    if info.kind in (Kind.CHOICE, Kind.CHOICES):
        order = {str(value): (at, str(words)) for at, (value, words) in enumerate(info.choices)}
        return [order[part] for part in parts if part in order]
    if info.kind is Kind.REGION:
        nodes = [regions.tree().by_code.get(part) for part in parts]
        return [(node.path, node.name) for node in nodes if node is not None]
    if info.kind is Kind.PERSON:
        people = User.objects.filter(username__in=parts)
        return [(person.pk, str(person)) for person in people]
    assert info.related is not None
    rows = info.related._default_manager.filter(code__in=parts, removed_at=None)
    return [(row.pk, str(row)) for row in rows]


def _spanned(info: FieldInfo, text: str, now: datetime) -> Condition:
    low, dots, high = text.partition("..")
    if not dots:
        high = low
    try:
        since, _since_end = _end(info, low, now)
        _until_start, until = _end(info, high, now)
    except ValueError:
        return Condition(info.name, text, text[:40], wrong=True)
    return Condition(
        info.name,
        text,
        _span_words(info, low, high, now),
        low=-math.inf if since is None else since,
        high=math.inf if until is None else until,
    )


def _end(info: FieldInfo, text: str, now: datetime) -> tuple[float | None, float | None]:
    """First and last value of the column that an end of a span covers; (None, None) for an open end."""
    if not text:
        return None, None
    if info.is_numeric:
        value = float(text)
        if not math.isfinite(value):
            raise ValueError(text)
        return value, value
    day = day_of(text, now)
    if info.kind is Kind.DATE:
        number = float((day - date(1970, 1, 1)).days)
        return number, number
    zone = ZoneInfo(settings.TIME_ZONE)
    start = datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000
    return start, start + _DAY_MS - 1


def day_of(text: str, now: datetime) -> date:
    """A day from `2026-11-30`, `today`, `-90d` or `+30d`. Raises ValueError for anything else."""
    today = timezone.localtime(now).date()
    if text == "today":
        return today
    if text[0] in "+-" and text.endswith("d"):
        days = int(text[:-1])
        if abs(days) > 40_000:
            raise ValueError(text)
        return today + timedelta(days=days)
    return date.fromisoformat(text)


def _span_words(info: FieldInfo, low: str, high: str, now: datetime) -> str:
    def shown(text: str) -> str:
        return f"{float(text):g}" if info.is_numeric else day_of(text, now).isoformat()

    unit = f" {info.unit}" if info.unit else ""
    if low and high:
        return (shown(low) if low == high else f"{shown(low)} – {shown(high)}") + unit
    if low:
        return _("from %(low)s") % {"low": shown(low)} + unit
    if high:
        return _("up to %(high)s") % {"high": shown(high)} + unit
    return _("any")


# --- on columns -------------------------------------------------------------------------------------------------------
def mask(store: Store, question: Question) -> NDArray[np.bool_]:
    """Which slots a question selects, not to be written to. Hold the store's lock."""
    # Regions may change while the register does not.
    return store.answer((question, id(regions.tree())), lambda: _asked(store, question))


def _asked(store: Store, question: Question) -> NDArray[np.bool_]:
    found = store.here.copy()
    if "/" not in question.paths:
        found &= _inside(store.columns["region"], question.paths)
    for condition in question.conditions:
        found &= _fits(store, condition)
    for term in question.terms:
        # Who searches goes on with the filters: the word's answer serves the next question too.
        found &= store.answer(term, lambda term=term: _contains(store, term))
    if question.box is not None:
        west, south, east, north = question.box
        lon, lat = store.columns["lon"], store.columns["lat"]
        found &= (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    if question.pks is not None:
        chosen = np.zeros(store.size, np.bool_)
        chosen[store.slots_of(question.pks)] = True
        found &= chosen
    if question.filter is not None:
        found &= cql.fitting(store, question.filter)
    return found


def _contains(store: Store, term: str) -> NDArray[np.bool_]:
    found = store.words.containing(term, store.size)
    latin = "".join(sign for sign in term if sign.isalnum())
    if not term.isascii() or not any(sign.isalpha() for sign in latin):  # digits stand in the name already
        return found
    return np.asarray(found | store.latin.containing(latin, store.size))


def _inside(values: NDArray[np.int64], paths: Sequence[str]) -> NDArray[np.bool_]:
    """Which region numbers lie under one of the path prefixes."""
    nodes = regions.tree().by_id
    allowed = np.zeros(max(nodes, default=0) + 2, np.bool_)
    for number, node in nodes.items():
        allowed[number] = any(node.path.startswith(path) for path in paths)
    return allowed[np.clip(values, 0, allowed.size - 1)]


def _fits(store: Store, condition: Condition) -> NDArray[np.bool_]:
    if condition.wrong:
        return np.zeros(store.size, np.bool_)
    if condition.name == PLACE:
        lost = np.isnan(store.columns["lon"]) | np.isnan(store.columns["lat"])
        return lost if condition.only == NONE else ~lost
    kind = store.register.info(condition.name).kind
    values = store.columns[condition.name]
    empty = is_empty(kind, values)
    if condition.only:
        return empty if condition.only == NONE else ~empty
    if kind is Kind.REGION:
        return _inside(values, condition.values)
    if kind is Kind.CHOICES:
        return np.asarray(values & sum(1 << at for at in condition.values) != 0)
    if kind is Kind.TEXT:
        known = store.listed.get(condition.name, {})
        return np.isin(values, [known[word] for word in condition.values if word in known])
    if kind in (Kind.CHOICE, Kind.LEVEL, Kind.FLAG):
        wanted = np.zeros(256, np.bool_)
        wanted[list(condition.values)] = True
        return np.asarray(wanted[values])  # -1, no value, is the last of the table
    if kind in _LISTED:
        return np.isin(values, condition.values)
    return np.asarray(~empty & (values >= condition.low) & (values <= condition.high))
