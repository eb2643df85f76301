"""A register is a declared table of located things; one declaration gives its list, archive and map layer.

The declaration holds data only: names of model fields and a verb. A screen that needs more is a plain Django view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models
from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Register:
    """What the register kernel needs to know of a model.

    code       short name in addresses, "site"
    model      located model with `code`, `name`, `pinyin`, `region`, `lon`, `lat`, `objects` and `records`
    title      what the register is called on screen
    icon       name in the icon sprite
    columns    field names of the list, in order
    facts      field names of the archive, in order
    filters    field names with choices that the filter row offers (`region` gives the towns)
    search     field names searched as text; the pinyin column is always searched
    colour_by  field holding a level 1..4, or ""
    sensitive  field names masked until someone with `personal.unmask` asks, which is logged
    see        verb needed to look
    """

    code: str
    model: type[models.Model]
    title: str | Promise
    icon: str
    columns: tuple[str, ...]
    facts: tuple[str, ...]
    filters: tuple[str, ...]
    search: tuple[str, ...]
    colour_by: str
    sensitive: tuple[str, ...]
    see: str

    def rows(self, actor: Any) -> models.QuerySet[Any]:
        """The records that `actor` may see."""
        return self.model.objects.for_actor(actor, self.see).select_related("region")  # type: ignore[attr-defined,no-any-return]


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a record's archive that another room adds: its points, its cases."""

    title: str | Promise
    template: str
    context: dict[str, Any]


PanelSource = Callable[[Any, Any], Iterable[Panel]]  # (record, viewer)

_registers: dict[str, Register] = {}
_panels: dict[str, list[PanelSource]] = {}


def declare(register: Register) -> Register:
    """Take a register in. Raises ImproperlyConfigured on a misspelt column, so that the start stops, not the night."""
    for name in {*register.columns, *register.facts, *register.filters, *register.search, *register.sensitive}:
        try:
            register.model._meta.get_field(name)
        except FieldDoesNotExist as missing:
            raise ImproperlyConfigured(f"register {register.code}: {missing}") from missing
    if register.code in _registers:
        raise ImproperlyConfigured(f"register {register.code} is declared twice")
    _registers[register.code] = register
    return register


def declared() -> tuple[Register, ...]:
    return tuple(_registers.values())


def get(code: str) -> Register | None:
    return _registers.get(code)


def register_panel(code: str, source: PanelSource) -> None:
    """Let `source` add panels to the archive of register `code`."""
    _panels.setdefault(code, []).append(source)


def panels(register: Register, record: Any, viewer: Any) -> list[Panel]:
    return [panel for source in _panels.get(register.code, ()) for panel in source(record, viewer)]
