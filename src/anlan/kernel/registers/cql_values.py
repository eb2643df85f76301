"""Texts, codes and flags of a register as a CQL2 filter compares them."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from anlan.kernel.people.models import User
from anlan.kernel.regions import queries as regions
from anlan.kernel.registers.columns.reading import text_fields
from anlan.kernel.registers.columns.store import Store, is_empty
from anlan.kernel.registers.columns.text import normal
from anlan.kernel.registers.info import FieldInfo, Kind

Mask = NDArray[np.bool_]
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
#: Texts that are fetched in one question to the database.
_AT_ONCE = 900


class BadFilter(ValueError):
    """A filter that this register cannot be asked; says why in words of whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where a test holds, and where there is a value to test."""

    yes: Mask
    known: Mask


class Pattern:
    """A LIKE pattern: % is any signs, _ one, a backslash takes the next as it stands.

    The pieces between the % are found one after the other, so that no pattern makes it slow.
    """

    def __init__(self, pattern: str) -> None:
        pieces: list[str] = [""]
        plain: list[str] = [""]
        signs = iter(pattern)
        for sign in signs:
            if sign == "%":
                pieces.append("")
                plain.append("")
            elif sign == "_":
                pieces[-1] += "."
                plain.append("")
            else:
                sign = next(signs) if sign == "\\" else sign
                pieces[-1] += re.escape(sign)
                plain[-1] += sign
        #: The longest run of signs that a text must contain.
        self.longest = max(plain, key=len)
        self._pieces = [re.compile(piece, re.DOTALL) for piece in pieces]

    def fits(self, text: Any) -> bool:
        """Does a text match the whole pattern?"""
        said, pieces = str(text), self._pieces
        if len(pieces) == 1:
            return pieces[0].fullmatch(said) is not None
        first = pieces[0].match(said)
        if first is None:
            return False
        at = first.end()
        for piece in pieces[1:-1]:
            found = piece.search(said, at)
            if found is None:
                return False
            at = found.end()
        last = pieces[-1].pattern
        tail = len(re.sub(r"\\(.)", r"\1", last, flags=re.DOTALL))
        return len(said) - tail >= at and pieces[-1].fullmatch(said, len(said) - tail) is not None


def json_of(text: str) -> Any:
    """A JSON text as values. Raises BadFilter when it is none."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadFilter(_("The filter is no JSON.")) from error


def comparing(info: FieldInfo, op: str, literal: Any) -> Callable[[Any], bool]:
    """A test of one value against a literal. Raises BadFilter for a literal of another kind."""
    if info.kind is Kind.FLAG:
        if not isinstance(literal, bool) or op not in ("=", "<>"):
            raise BadFilter(_("“%(name)s” is true or false.") % {"name": info.name})
    elif info.kind is Kind.CHOICE and all(isinstance(value, int) for value, _words in info.choices):
        if isinstance(literal, bool) or not isinstance(literal, int | float):
            raise BadFilter(_("“%(name)s” is compared with a number.") % {"name": info.name})
    elif not isinstance(literal, str):
        raise BadFilter(_("“%(name)s” is compared with a text in single quotes.") % {"name": info.name})
    compare = _OPERATORS[op]
    return lambda value: compare(value, literal)


def known(store: Store, info: FieldInfo) -> Mask:
    """Where there is a value."""
    if info.name in ("name", "code"):
        return np.ones(store.size, np.bool_)
    return np.asarray(~is_empty(info.kind, store.columns[info.name]))


def where(
    store: Store, info: FieldInfo, fold: bool, test: Callable[[Any], bool], *, exactly: Any = None, needle: str = ""
) -> Where:
    """Where a test of values holds.

    fold     the test sees texts without their case
    exactly  the one value that can fit, where there is only one
    needle   signs that every fitting text contains, "" when nothing is known
    """

    def holds(value: Any) -> bool:
        return test(value.casefold() if fold and isinstance(value, str) else value)

    there = known(store, info)
    if is_free_text(store, info):
        return Where(_free_text(store, info, holds, exactly=exactly, needle="" if fold else needle) & there, there)
    numbers, places = np.unique(store.columns[info.name], return_inverse=True)
    values = _values(store, info, numbers.tolist())
    fits = np.array([value is not None and holds(value) for value in values], np.bool_)
    return Where(fits[places] & there if numbers.size else there & False, there)


def is_free_text(store: Store, info: FieldInfo) -> bool:
    """Is it a text that the columns do not hold?"""
    return info.name in ("name", "code") or (info.kind in (Kind.TEXT, Kind.LONG) and info.name not in store.listed)


def _values(store: Store, info: FieldInfo, numbers: Sequence[int]) -> list[Any]:
    """What the numbers of a column stand for; None for those that stand for nothing."""
    found: dict[int, Any]
    if info.kind is Kind.FLAG:
        found = {0: False, 1: True}
    elif info.kind is Kind.CHOICE:
        found = {at: value for at, (value, _words) in enumerate(info.choices)}
    elif info.kind is Kind.REGION:
        found = {number: node.code for number, node in regions.tree().by_id.items()}
    elif info.kind is Kind.TEXT:
        found = {number: word for word, number in store.listed[info.name].items()}
    elif info.kind is Kind.PERSON:
        found = dict(User.objects.filter(pk__in=numbers[:_AT_ONCE]).values_list("pk", "username"))
    else:
        assert info.related is not None
        found = {}
        for at in range(0, len(numbers), _AT_ONCE):
            rows = info.related._default_manager.filter(pk__in=numbers[at : at + _AT_ONCE])
            found |= dict(rows.values_list("pk", "code"))
    return [found.get(number) for number in numbers]


def _free_text(store: Store, info: FieldInfo, holds: Callable[[Any], bool], *, exactly: Any, needle: str) -> Mask:
    """Texts are not columns, so the database gives them; only where the needle stands, when the search knows it."""
    rows = store.register.model.records.all()
    yes = np.zeros(store.size, np.bool_)
    if exactly is not None:
        yes[store.slots_of(rows.filter(**{info.name: exactly}).values_list("pk", flat=True))] = True
        return yes
    searched = info.name in ("name", "code", *text_fields(store.register))
    if searched and len(needle) > 1 and normal(needle) == needle.lower():
        slots = np.flatnonzero(store.words.containing(normal(needle), store.size) & store.here)
        pairs: Iterator[tuple[int, Any]] = _pairs(rows, info.name, store.pk[slots].tolist())
    else:
        pairs = rows.values_list("pk", info.name).iterator(chunk_size=20_000)
    yes[store.slots_of([pk for pk, text in pairs if text and holds(text)])] = True
    return yes


def _pairs(rows: Any, name: str, pks: Sequence[int]) -> Iterator[tuple[int, Any]]:
    for at in range(0, len(pks), _AT_ONCE):
        yield from rows.filter(pk__in=pks[at : at + _AT_ONCE]).values_list("pk", name)
