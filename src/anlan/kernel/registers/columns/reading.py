"""Rows of a register as columns, straight from the database cursor: a million in a few seconds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from django.db import connection, models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Cast
from numpy.typing import NDArray

from anlan.kernel.people.sealed import SealedField
from anlan.kernel.registers.columns.text import joined
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.info import FieldInfo, Kind
from anlan.kernel.registers.models import VISIBLE

Columns = dict[str, NDArray[Any]]

#: Rows that are read at once.
CHUNK = 20_000

#: How an empty value stands in a column, by the kind of numpy type.
NO_DAY = np.iinfo(np.int32).min
NO_MOMENT = np.iinfo(np.int64).min
NO_CODE = -1
NO_ROW = 0

_TIMES = (Kind.DATE, Kind.MOMENT)
#: Kinds of which a column says only whether there is a value, unless the text is a declared filter.
PRESENT = (Kind.TEXT, Kind.LONG, Kind.OUTLINE)
#: Number of each text of a declared filter, by field: 1, 2 … in the order in which they came up.
Words = dict[str, dict[str, int]]


def held(register: Register) -> dict[str, FieldInfo]:
    """The fields of a register that are columns, by name: all but name and code, which are searched and sorted."""
    return {name: one for name, one in register.infos().items() if name not in ("name", "code")}


def is_listed_text(register: Register, info: FieldInfo) -> bool:
    """Is it a text whose values are offered as a filter: the park, the river?"""
    return info.kind is Kind.TEXT and info.name in register.filters


def text_fields(register: Register) -> tuple[str, ...]:
    """Fields that the search reads beside name and code; what is kept sealed cannot be read here."""
    names = (*register.search, *register.keys)
    return tuple(
        name
        for name in dict.fromkeys(names)
        if name not in ("name", "code") and not isinstance(register.model._meta.get_field(name), SealedField)
    )


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some records: numbers ascending, one array a field, the searched words and Latin keys of each."""

    pks: NDArray[np.int64]
    columns: Columns
    words: list[str]
    latin: list[str]


def read(register: Register, known: Words, pks: Sequence[int] | None = None) -> Iterator[Chunk]:
    """Visible records by ascending number, in chunks: one chunk of a million would hold a gigabyte of objects.

    known  numbers of the texts of declared filters; further texts are added
    pks    only these; all when None
    """
    infos = held(register)
    rows = register.model.records.filter(VISIBLE)
    if pks is not None:
        rows = rows.filter(pk__in=pks)
    places = ("pk", "lon", "lat", "region_id")
    texts = ("name", "code", "pinyin", *text_fields(register))
    asked = {info.field.attname: _instead(register, info) for info in infos.values()}
    rows = rows.annotate(**{f"{name}_held": what for name, what in asked.items() if what is not None})
    names = (*places, *(name if what is None else f"{name}_held" for name, what in asked.items()), *texts)
    for table in _fetch(rows.order_by("pk").values_list(*names)):
        named, codes, pinyins, *others = table[4 + len(infos) :]
        words = [joined(parts) for parts in zip(named, codes, *others, strict=True)]
        yield Chunk(np.array(table[0], np.int64), _columns(register, table, known), words, list(pinyins))


def _instead(register: Register, info: FieldInfo) -> Any:
    """What is asked of the database instead of the field itself; None for the field."""
    if info.kind in PRESENT and not is_listed_text(register, info):
        empty = Q(**{f"{info.name}__isnull": True})
        if info.kind is not Kind.OUTLINE:
            empty |= Q(**{info.name: ""})
        return Case(When(empty, then=Value(0)), default=Value(1))
    if info.kind in _TIMES and connection.vendor == "sqlite":
        # Its driver would turn every day and moment into an object; as text they become columns at once.
        return Cast(info.name, models.CharField())
    return None


def as_one(register: Register, chunks: Iterable[Chunk]) -> Chunk:
    """All chunks as a single one; without any, a chunk of no record with columns of the right kinds."""
    every = list(chunks)
    first = every[0].columns if every else _columns(register, [()] * (4 + len(held(register))), {})
    return Chunk(
        np.concatenate([np.zeros(0, np.int64), *(chunk.pks for chunk in every)]),
        {name: np.concatenate([first[name][:0], *(chunk.columns[name] for chunk in every)]) for name in first},
        [words for chunk in every for words in chunk.words],
        [latin for chunk in every for latin in chunk.latin],
    )


def _columns(register: Register, table: Sequence[Sequence[Any]], known: Words) -> Columns:
    """The columns of a table read as `read` asks for it: number, place and region, then the held fields."""
    columns: Columns = {
        "lon": np.array(table[1], np.float64),
        "lat": np.array(table[2], np.float64),
        "region": np.array(table[3], np.int64),
    }
    for (name, info), values in zip(held(register).items(), table[4:], strict=False):
        if is_listed_text(register, info):
            numbers = known.setdefault(name, {"": 0})
            columns[name] = np.array([numbers.setdefault(one or "", len(numbers)) for one in values], np.int32)
        else:
            columns[name] = _READERS[info.kind](info, values)
    return columns


def shapes(register: Register, pks: Sequence[int] | None = None) -> dict[int, Any]:
    """Outlines of visible records by pk, as shapely geometries; records that are a place only are left out."""
    rows = register.model.records.filter(VISIBLE, outline__isnull=False)
    if pks is not None:
        rows = rows.filter(pk__in=pks)
    found = list(rows.values_list("pk", "outline"))
    return dict(zip((pk for pk, _ in found), shapely.from_wkb([bytes(blob) for _, blob in found]), strict=True))


def texts(register: Register, name: str) -> Iterator[tuple[Sequence[int], Sequence[str]]]:
    """Numbers and texts of a field, chunk by chunk, without those that are empty."""
    for table in _fetch(register.model.records.exclude(**{name: ""}).values_list("pk", name)):
        yield table[0], [str(text) for text in table[1]]


def _fetch(rows: models.QuerySet[Any, Any]) -> Iterator[list[tuple[Any, ...]]]:
    """Columns of the rows as the driver gives them, by chunks: Django's converters would cost more than the rest."""
    sql, params = rows.query.get_compiler(connection=connection).as_sql()
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        while chunk := cursor.fetchmany(CHUNK):
            yield list(zip(*chunk, strict=True))


def _number(info: FieldInfo, values: Sequence[Any]) -> NDArray[Any]:
    return np.array([None if one is None else float(one) for one in values], np.float64)


def _flag(info: FieldInfo, values: Sequence[Any]) -> NDArray[Any]:
    return np.array([NO_CODE if one is None else int(one) for one in values], np.int8)


def _choice(info: FieldInfo, values: Sequence[Any]) -> NDArray[Any]:
    codes = {value: at for at, (value, _words) in enumerate(info.choices)}
    return np.array([codes.get(one, NO_CODE) for one in values], np.int16)


def _level(info: FieldInfo, values: Sequence[Any]) -> NDArray[Any]:
    return np.array([one or 0 for one in values], np.int8)


def _choices(info: FieldInfo, values: Sequence[Any]) -> NDArray[Any]:
    bits = {value: 1 << at for at, (value, _words) in enumerate(info.choices)}
    known: dict[Any, int] = {None: 0}
    for one in values:
        if one not in known:
            known[one] = sum(bits.get(code, 0) for code in json.loads(one) or ())
    return np.array([known[one] for one in values], np.int64)


def _present(info: FieldInfo, values: Sequence[Any]) -> NDArray[Any]:
    return np.array(values, np.int8)


def _row(info: FieldInfo, values: Sequence[Any]) -> NDArray[Any]:
    return np.array([one or NO_ROW for one in values], np.int64)


def _date(info: FieldInfo, values: Sequence[Any]) -> NDArray[Any]:
    days = np.array(values, "datetime64[D]")
    return np.where(np.isnat(days), NO_DAY, days.astype(np.int64)).astype(np.int32)


def _moment(info: FieldInfo, values: Sequence[Any]) -> NDArray[Any]:
    if any(isinstance(one, datetime) for one in values):
        return np.array([NO_MOMENT if one is None else round(one.timestamp() * 1000) for one in values], np.int64)
    moments = np.array(values, "datetime64[ms]")  # text of SQLite, in UTC
    return np.where(np.isnat(moments), NO_MOMENT, moments.astype(np.int64))


_READERS: dict[Kind, Callable[[FieldInfo, Sequence[Any]], NDArray[Any]]] = {
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.LEVEL: _level,
    Kind.FLAG: _flag,
    Kind.INTEGER: _number,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.MOMENT: _moment,
    Kind.REGION: _row,
    Kind.RECORD: _row,
    Kind.PERSON: _row,
    Kind.TEXT: _present,
    Kind.LONG: _present,
    Kind.OUTLINE: _present,
}
