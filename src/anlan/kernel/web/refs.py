"""Names for any row: `ref` is "kind:pk" ("alarm:12", "case:3"), kept where a foreign key would tie rooms together.

A room registers its models at start (`AppConfig.ready`); whoever holds a ref can then name it, link to it and ask
whether a person may see it, without knowing the room. What nobody registered is seen by nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models

#: (actor, row) -> may this person see the row.
Gate = Callable[[Any, Any], bool]


@dataclass(frozen=True, slots=True)
class Kind:
    """How rows of one model are named, linked and guarded."""

    name: str
    model: type[models.Model]
    url: Callable[[Any], str]
    label: Callable[[Any], Any]
    gate: Gate


_kinds: dict[str, Kind] = {}
_names: dict[type[models.Model], str] = {}


def register_ref(
    model: type[models.Model],
    *,
    url: Callable[[Any], str],
    label: Callable[[Any], Any] | None = None,
    gate: Gate,
    name: str | None = None,
) -> None:
    """Make rows of `model` nameable.

    url    row -> address of its page
    label  row -> words for a person; the row's own `str()` when not given
    gate   (actor, row) -> may see it
    name   the kind in the ref; the model's name in lower case when not given. Two models may not share one.
    """
    name = name or str(model._meta.model_name)
    known = _kinds.get(name)
    if known is not None and known.model is not model:
        raise ValueError(f"ref kind {name!r} is already taken by {known.model.__name__}")
    _kinds[name] = Kind(name, model, url, label or str, gate)
    _names[model] = name


def ref_of(obj: models.Model) -> str:
    """The ref of a saved row. Raises ValueError for a row without primary key."""
    if obj.pk is None:
        raise ValueError(f"a {type(obj).__name__} that is not saved has no ref")
    model = obj._meta.concrete_model or type(obj)
    return f"{_names.get(model, model._meta.model_name)}:{obj.pk}"


def _split(ref: str) -> tuple[Kind, int] | None:
    name, _, pk = ref.partition(":")
    kind = _kinds.get(name)
    # A primary key is at most 19 digits; longer ones are refused before the database overflows.
    if kind is None or not pk.isascii() or not pk.isdigit() or len(pk) > 18:
        return None
    return kind, int(pk)


def resolve(ref: str) -> Any | None:
    """The row behind `ref`; None when the kind is unknown or the row is gone."""
    found = _split(ref)
    if found is None:
        return None
    kind, pk = found
    return kind.model._base_manager.filter(pk=pk).first()


def address_of(obj: models.Model) -> str:
    """The address of a row that is at hand, without looking into rights; "" when nobody registered its model."""
    kind = _kinds.get(_names.get(obj._meta.concrete_model or type(obj), ""))
    return kind.url(obj) if kind is not None else ""


def url_of(ref: str) -> str:
    """The address of the row's page, without looking into rights; "" when it is not there."""
    obj = resolve(ref)
    return _kinds[ref.partition(":")[0]].url(obj) if obj is not None else ""


def label_of(ref: str) -> str:
    """Words for the row; the ref itself when it is not there."""
    obj = resolve(ref)
    return str(_kinds[ref.partition(":")[0]].label(obj)) if obj is not None else ref


def may_see(actor: Any, ref: str) -> bool:
    """May `actor` see the row? Unknown kind, missing row and missing right all answer False."""
    obj = resolve(ref)
    return obj is not None and bool(_kinds[ref.partition(":")[0]].gate(actor, obj))
