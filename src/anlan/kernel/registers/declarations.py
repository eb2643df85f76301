"""A register is a declared table of things; one declaration gives its list, archive, form, import, API and layer.

The declaration holds data only: names of model fields, verbs, and names of functions that services registered. A screen
that needs more is a plain Django view, or a tab that another room adds to the archive.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.urls import reverse
from django.utils.functional import Promise

from anlan.kernel.people.rights import may
from anlan.kernel.registers import info
from anlan.kernel.registers.info import FieldInfo
from anlan.kernel.registers.models import Record
from anlan.kernel.web.refs import register_ref

Words = str | Promise
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the archive and the form with the fields under it."""

    title: Words
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A list that everyone finds as a tab: `query` as the address holds it ("licence_until=..+30d")."""

    code: str
    title: Words
    query: str


@dataclass(frozen=True, slots=True)
class Marks:
    """How the map draws a register.

    group    heading in the layer tree
    icons    value of `field` → icon of the sprite; "" is the icon of all others
    draw     "mark" for places, "line" or "fill" for outlines
    """

    group: Words
    icons: Mapping[str, str]
    field: str = ""
    draw: str = "mark"
    on: bool = False
    minzoom: float = 0.0
    order: int = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a value, in words of whoever typed it. A fault that does not block is a warning."""

    field: str
    code: str
    words: str
    blocks: bool = True


#: (values by field, record or None) -> faults; `values` holds what the record would be.
Check = Callable[[Mapping[str, Any], Any], Iterable[Fault]]
#: (pks) -> words or numbers by pk, for a column that is counted elsewhere: open dangers of an enterprise.
Figures = Callable[[list[int]], Mapping[int, Any]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A column that another room counts: shown in the list and on the archive, neither sorted nor filtered by."""

    name: str
    label: Words
    of: str  # name of a function registered with `register_figures`


@dataclass(frozen=True, slots=True)
class Register:
    """What the register kernel needs to know of a model.

    code       short name in addresses and refs, "enterprise": letters, digits, hyphen
    model      a `Record`
    title      what the register is called on screen; `one` is a single record of it
    group      heading in the list of registers; registers of one group stand together
    prefix     of the codes given to new records, "ENT" gives ENT-000001
    columns    fields of the list as it first opens, in order; "name" is always the first
    sections   fields of archive and form under their headings; every one may become a column
    filters    fields that the filter row offers
    search     text fields searched beside name, code and pinyin
    colour_by  a LevelField, or ""
    sensitive  field → kind of mask ("phone", "identity", "person"); shown in clear only when asked for, which is logged
    see, edit  verbs needed to look and to change
    keys       fields that tell one thing from another when rows come in; "code" is always one
    parent     foreign key of the record that this one is a part of: its licence, its tank; "" for none
    located    False: a part without a place of its own, in the region of its parent
    units      field → unit shown behind the number
    checks     names of functions registered with `register_check`
    effects    names of functions registered with `register_effect`, called after each change of a record
    """

    code: str
    model: type[Record]
    title: Words
    one: Words
    group: Words
    icon: str
    prefix: str
    see: str
    edit: str
    columns: tuple[str, ...]
    sections: tuple[Section, ...]
    filters: tuple[str, ...] = ("region",)
    search: tuple[str, ...] = ()
    colour_by: str = ""
    sensitive: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    keys: tuple[str, ...] = ()
    parent: str = ""
    located: bool = True
    units: Mapping[str, Words] = field(default_factory=lambda: _NOTHING)
    views: tuple[View, ...] = ()
    figures: tuple[Figure, ...] = ()
    marks: Marks | None = None
    checks: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    order: int = 100

    def rows(self, actor: Any) -> models.QuerySet[Any]:
        """The records that `actor` may see."""
        return self.model.objects.for_actor(actor, self.see).select_related("region")

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field that a person sees: code and name, then those of the sections, in order."""
        return tuple(dict.fromkeys(("code", "name", *(name for part in self.sections for name in part.fields))))

    def info(self, name: str) -> FieldInfo:
        """What is known of a field. Raises KeyError for one that people do not see."""
        return _infos[self.code][name]

    def infos(self) -> Mapping[str, FieldInfo]:
        """Every field that a person sees, and those that are kept with each change."""
        return _infos[self.code]


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of a record's archive. `count` None shows no number; `context` is asked for only when it is opened.

    panel   also shown in short on the first page: its template gets `brief=True`
    """

    code: str
    title: Words
    template: str
    context: Callable[[], dict[str, Any]]
    count: int | None = None
    panel: bool = False
    order: int = 100


TabSource = Callable[[Register, Any, Any], Iterable[Tab]]  # (register, record, viewer)
#: (ref of the record that goes, record that stays) -> how many rows of the room now name the other.
Move = Callable[[str, Any], int]
#: (register, record, actor, now): what a change of a record entails, in its transaction.
Effect = Callable[..., None]
#: (pks) -> those of them for which an effect has anything to do.
Concerned = Callable[[Sequence[int]], Collection[int]]

_registers: dict[str, Register] = {}
_infos: dict[str, dict[str, FieldInfo]] = {}
_tabs: list[TabSource] = []
_moves: dict[str, Move] = {}
_checks: dict[str, Check] = {}
_effects: dict[str, Effect] = {}
_concerned: dict[str, Concerned] = {}
_figures: dict[str, Figures] = {}

#: What the address of a list says beside filters.
RESERVED = frozenset({
    "q", "sort", "page", "size", "cols", "view", "place", "tab", "pk", "all", "query", "do", "field",
    "as", "clear", "why", "revision", "warnings",  # exports and the API
    "bbox", "datetime", "limit", "offset", "filter", "crs", "f", "geometry",  # features
})  # fmt: skip
#: Fields of every record that are filters and columns without being declared.
ALWAYS = ("changed_at", "created_at")


def declare(register: Register) -> Register:
    """Take a register in. Raises ImproperlyConfigured on a misspelt field, so that the start stops, not the night."""
    faults = list(_faults(register))
    if faults:
        raise ImproperlyConfigured(f"register {register.code}: " + "; ".join(faults))
    _registers[register.code] = register
    register_ref(
        register.model,
        name=register.code,
        url=lambda record: reverse("registers:archive", args=[register.code, record.code]),
        label=lambda record: record.name,
        gate=lambda actor, record: may(actor, register.see, record.region),
    )
    _infos[register.code] = {name: info.describe(register, name) for name in (*register.fields, *ALWAYS)}
    return register


def _faults(register: Register) -> Iterable[str]:
    if register.code in _registers:
        yield "is declared twice"
    if not register.code.replace("-", "").isalnum() or not register.code.isascii():
        yield "the code has letters, digits and hyphens"
    if not issubclass(register.model, Record):
        yield f"{register.model.__name__} is no Record"
        return
    known = {one.name for one in register.model._meta.get_fields() if hasattr(one, "attname")}
    figures = {figure.name for figure in register.figures}
    for name in sorted({*register.fields} & RESERVED):
        yield f"the address of a list uses {name} for something else; call the field otherwise"
    named = {
        *register.fields,
        *register.filters,
        *register.search,
        *register.sensitive,
        *register.keys,
        *register.units,
    }
    named |= {name for name in (register.colour_by, register.parent) if name}
    for name in sorted(named - known):
        yield f"{register.model.__name__} has no field {name}"
    for name in sorted(
        {*register.columns, *register.filters, *register.search} - {*register.fields, *ALWAYS, *figures}
    ):
        yield f"{name} stands in no section"
    if register.parent and register.parent not in register.fields:
        yield f"the parent {register.parent} stands in no section"


def declared() -> tuple[Register, ...]:
    """All registers, in the order of the list of registers."""
    return tuple(sorted(_registers.values(), key=lambda one: one.order))


def get(code: str) -> Register | None:
    return _registers.get(code)


def of_model(model: type[models.Model]) -> Register | None:
    """The register of a model, None for a model that is none."""
    return next((one for one in _registers.values() if one.model is model), None)


def parts_of(register: Register) -> list[Register]:
    """The registers whose records are parts of this one's: licences, tanks."""
    return [
        one for one in declared()
        if one.parent and one.model._meta.get_field(one.parent).related_model is register.model
    ]  # fmt: skip


def register_tabs(source: TabSource) -> None:
    """Let `source` add tabs to archives; it is asked for every register and yields nothing where it has nothing."""
    _tabs.append(source)


def tabs(register: Register, record: Any, viewer: Any) -> list[Tab]:
    """The tabs that rooms add to an archive, in order."""
    found = [tab for source in _tabs for tab in source(register, record, viewer)]
    return sorted(found, key=lambda tab: tab.order)


def register_move(name: str, move: Move) -> None:
    """Let a room bring along what hangs on a record that is merged into another; the same name again replaces it."""
    _moves[name] = move


def moves() -> Mapping[str, Move]:
    return MappingProxyType(_moves)


def register_check(name: str, check: Check) -> None:
    """Name a check that declarations refer to."""
    _checks[name] = check


def register_effect(name: str, effect: Effect, *, concerned: Concerned | None = None) -> None:
    """Name what a change of a record entails.

    concerned  tells of many records at once for which it has anything to do; None asks the effect for each
    """
    _effects[name] = effect
    if concerned is not None:
        _concerned[name] = concerned


def register_figures(name: str, figures: Figures) -> None:
    """Name a count that a `Figure` column shows."""
    _figures[name] = figures


def check_named(name: str) -> Check:
    return _checks[name]


def effect_named(name: str) -> Effect:
    return _effects[name]


def concerned_by(name: str, pks: Sequence[int]) -> Collection[int]:
    """Those of many records for which an effect may have something to do."""
    return _concerned[name](pks) if name in _concerned else pks


def figures_named(name: str) -> Figures:
    return _figures[name]


def check_all() -> None:
    """Called when every room has started: each function that a declaration names is there.

    Raises ImproperlyConfigured naming all that are missing.
    """
    missing = [
        f"register {one.code}: no {kind} is called {name!r}"
        for one in _registers.values()
        for kind, names, known in (
            ("check", one.checks, _checks),
            ("effect", one.effects, _effects),
            ("figure", tuple(figure.of for figure in one.figures), _figures),
        )
        for name in names
        if name not in known
    ]
    if missing:
        raise ImproperlyConfigured("; ".join(missing))
