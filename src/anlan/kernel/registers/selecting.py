"""Ask a register: which records, in which order, how many of which kind. Everything that lists records asks here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anlan.kernel.regions.scope import reach
from anlan.kernel.registers.columns import store as stores
from anlan.kernel.registers.columns.store import Store
from anlan.kernel.registers.columns.text import normal
from anlan.kernel.registers.conditions import Question, mask, read_conditions
from anlan.kernel.registers.declarations import Register, declared
from anlan.kernel.registers.info import Kind

#: Words that one search may hold, and characters of each.
MOST_TERMS, MOST_CHARACTERS = 6, 40
Sort = tuple[tuple[str, bool], ...]


def question(register: Register, actor: Any, params: Mapping[str, str], now: datetime) -> Question:
    """What an address asks of a register, within what `actor` may see."""
    return Question(
        conditions=read_conditions(register, params, now),
        terms=terms(params.get("q", "")),
        paths=tuple(reach(actor, register.see)),
    )


def terms(typed: str) -> tuple[str, ...]:
    """The words of a search box, each of which a record must contain."""
    return tuple(word[:MOST_CHARACTERS] for word in normal(typed).split()[:MOST_TERMS])


def sort_of(register: Register, text: str) -> Sort:
    """An order from `-risk,name`: at most three fields of the register, names at last; anything else is passed over."""
    found: dict[str, bool] = {}
    for part in text.split(","):
        name = part.removeprefix("-")
        if name in sortable(register) and len(found) < 3:
            found.setdefault(name, part.startswith("-"))
    return tuple(found.items()) or (("name", False),)


def sortable(register: Register) -> frozenset[str]:
    """Fields that a list can be sorted by: all but outlines and what is sealed."""
    return frozenset(name for name, info in register.infos().items() if info.kind is not Kind.OUTLINE and not info.mask)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a question found: numbers of the records in order, and the columns it was found in.

    total   how many records fit
    pks     numbers of the asked stretch of them, in order
    """

    total: int
    pks: list[int]


def select(
    register: Register, asked: Question, *, sort: Sort = (("name", False),), start: int = 0, count: int | None = None
) -> Selection:
    """Records that fit, `count` of them from the place `start` on; all when None."""
    store = stores.of(register)
    with store.lock:
        found = mask(store, asked)
        ordered = _ordered(store, found, sort)
        stop = None if count is None else start + count
        return Selection(int(np.count_nonzero(found)), store.pk[ordered[start:stop]].tolist())


def _ordered(store: Store, found: NDArray[np.bool_], sort: Sort) -> NDArray[np.int32]:
    order = store.order(sort)
    return order[found[order]]


def count(register: Register, asked: Question) -> int:
    """How many records fit."""
    store = stores.of(register)
    with store.lock:
        return int(np.count_nonzero(mask(store, asked)))


def extent(register: Register, asked: Question) -> tuple[float, float, float, float] | None:
    """West, south, east, north of the places of the records that fit; None when none has a place."""
    store = stores.of(register)
    with store.lock:
        found = mask(store, asked)
        lon, lat = store.columns["lon"][found], store.columns["lat"][found]
    known = ~(np.isnan(lon) | np.isnan(lat))
    if not known.any():
        return None
    lon, lat = lon[known], lat[known]
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def totals(actor: Any) -> dict[str, int]:
    """How many records `actor` may see in each register that is open to them, by one look at the database."""
    heads = stores.heads()
    found = {}
    for register in declared():
        if paths := reach(actor, register.see):
            store = stores.of(register, heads.get(register.code, 0))
            with store.lock:
                found[register.code] = int(np.count_nonzero(mask(store, Question(paths=tuple(paths)))))
    return found


def facets(register: Register, asked: Question, name: str) -> dict[Any, int]:
    """How many of the records that fit have which value of a listed field; None counts those without one."""
    store = stores.of(register)
    info = register.info(name)
    with store.lock:
        values = store.columns[name][mask(store, asked)]
    if info.kind in (Kind.CHOICE, Kind.LEVEL, Kind.FLAG):
        counted = np.bincount(values + 1).tolist()
        found = {at - 1: number for at, number in enumerate(counted) if number}
    else:
        numbers, counts = np.unique(values, return_counts=True)
        found = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
    if info.kind is Kind.TEXT:
        words = {number: word for word, number in store.listed.get(name, {}).items()}
        return {words[at]: number for at, number in found.items() if at} | _none(found, 0)
    if info.kind is Kind.CHOICE:
        return {value: found[at] for at, (value, _words) in enumerate(info.choices) if at in found} | _none(found, -1)
    if info.kind is Kind.CHOICES:
        return {
            value: number
            for at, (value, _words) in enumerate(info.choices)
            if (number := sum(n for bits, n in found.items() if bits >> at & 1))
        }
    empty = -1 if info.kind is Kind.FLAG else 0
    return {value: number for value, number in found.items() if value != empty} | _none(found, empty)


def _none(found: Mapping[int, int], empty: int) -> dict[Any, int]:
    return {None: found[empty]} if empty in found else {}


def words(register: Register, name: str, most: int = 200) -> list[str]:
    """The texts that a declared filter offers, by name; none when there are more than `most`."""
    store = stores.of(register)
    with store.lock:
        found = store.words_used(name)
    return sorted(found, key=lambda word: word.encode("gb18030")) if len(found) <= most else []


def position(register: Register, asked: Question, sort: Sort, pk: int) -> int | None:
    """The place of a record in the list, None when it is not in it."""
    store = stores.of(register)
    with store.lock:
        ordered = store.pk[_ordered(store, mask(store, asked), sort)]
    at = np.flatnonzero(ordered == pk)
    return int(at[0]) if at.size else None


def records(
    register: Register,
    pks: Sequence[int],
    *,
    related: bool = True,
    fields: Collection[str] | None = None,
    outlines: bool = False,
) -> list[Any]:
    """Rows of these numbers in this order, with region and parents at hand; those that are gone are left out.

    related   False for who needs neither region nor parents
    fields    what will be read of them, which spares many rows the other parents; everything when None
    outlines  for who draws or exports them
    """
    rows = register.model.present.filter(pk__in=pks)
    if related:
        kinds = (Kind.RECORD, Kind.PERSON, Kind.REGION)
        names = [name for name, info in register.infos().items() if info.kind in kinds]
        names = ["region", "changed_by", *names] if fields is None else [name for name in names if name in fields]
        rows = rows.select_related(*names) if names else rows
    found = {row.pk: row for row in rows.defer("region__boundary", *(() if outlines else ("outline",)))}
    return [found[pk] for pk in pks if pk in found]
