"""A page of a register as the list shows it: tabs, filters, columns, rows; everything in it comes from the address."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _

from anlan.kernel.people.rights import holds
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level
from anlan.kernel.regions.scope import reach, within
from anlan.kernel.registers import selecting, values
from anlan.kernel.registers.columns.reading import is_listed_text
from anlan.kernel.registers.conditions import PLACE, Condition, filterable
from anlan.kernel.registers.declarations import Register, declared, figures_named
from anlan.kernel.registers.info import FieldInfo, Kind
from anlan.kernel.registers.models import SavedView
from anlan.kernel.registers.selecting import Sort
from anlan.kernel.web.refs import address_of

SIZES = (20, 50, 100, 200)
#: Columns that fit a list; a person chooses which.
MOST_COLUMNS = 24
#: Parameters that turn the page or choose what is seen of it, and narrow nothing.
_SHOWING = ("page", "size", "sort", "cols", "view")


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as it stands in a list or an archive."""

    name: str
    label: str
    text: str
    level: int | None = None
    unit: str = ""
    url: str = ""
    numeric: bool = False
    masked: bool = False
    multiline: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """One column: `query` sorts by it, `more` adds it behind the first."""

    name: str
    label: str
    numeric: bool
    query: str
    more: str
    sorted: str  # "up", "down" or ""


@dataclass(frozen=True, slots=True)
class Tab:
    """One saved narrowing of a list. `view` is set for one that a person saved."""

    title: str
    query: str
    count: int
    on: bool
    view: SavedView | None = None


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    on: bool
    depth: int = 0


@dataclass(frozen=True, slots=True)
class FilterField:
    """One filter of the row: a list of options, or a span of numbers or days."""

    info: FieldInfo
    text: str
    words: str
    options: tuple[Option, ...]
    low: str = ""
    high: str = ""
    shown: bool = True
    without: str = ""

    @property
    def name(self) -> str:
        return self.info.name

    @property
    def kind(self) -> str:
        if self.options:
            return "options"
        return "days" if self.info.kind in (Kind.DATE, Kind.MOMENT) else "numbers" if self.info.is_numeric else "named"


@dataclass(frozen=True, slots=True)
class Row:
    record: Any
    cells: tuple[Cell, ...]
    url: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that a list shows."""

    register: Register
    total: int
    rows: tuple[Row, ...]
    heads: tuple[Head, ...]
    number: int
    size: int
    sort: str
    tabs: tuple[Tab, ...]
    filters: tuple[FilterField, ...]
    conditions: tuple[Condition, ...]
    levels: tuple[tuple[int, int], ...]
    query: str
    narrowed: str
    q: str

    @property
    def pages(self) -> int:
        return max(1, math.ceil(self.total / self.size))

    @property
    def first(self) -> int:
        return (self.number - 1) * self.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        return min(self.number * self.size, self.total)

    @property
    def is_filtered(self) -> bool:
        return bool(self.conditions or self.q)

    @property
    def numbers(self) -> list[int | None]:
        """Page numbers to click, None for a gap."""
        wanted = {1, self.pages, *range(self.number - 2, self.number + 3)}
        shown = sorted(n for n in wanted if 1 <= n <= self.pages)
        found: list[int | None] = []
        for n in shown:
            if found and found[-1] is not None and n - found[-1] > 1:
                found.append(None)
            found.append(n)
        return found


def page(register: Register, actor: Any, params: QueryDict, now: datetime) -> Page:
    """The page that an address asks for. What it cannot mean is passed over; it never fails."""
    asked = selecting.question(register, actor, params.dict(), now)
    size = _number(params.get("size"), 50)
    size = size if size in SIZES else 50
    sort = selecting.sort_of(register, params.get("sort", ""))
    number = max(1, _number(params.get("page"), 1))
    found = selecting.select(register, asked, sort=sort, start=(number - 1) * size, count=size)
    pages = max(1, math.ceil(found.total / size))
    if number > pages:
        number = pages
        found = selecting.select(register, asked, sort=sort, start=(number - 1) * size, count=size)
    columns = chosen_columns(register, params.get("cols", ""))
    rows = selecting.records(register, found.pks)
    levels: tuple[tuple[int, int], ...] = ()
    if register.colour_by and found.total:
        counts = selecting.facets(register, asked, register.colour_by)
        levels = tuple((level, counts[level]) for level in (1, 2, 3, 4) if counts.get(level))
    return Page(
        register=register,
        total=found.total,
        rows=tuple(_rows(register, rows, columns)),
        heads=tuple(_heads(register, columns, sort, params)),
        number=number,
        size=size,
        sort=params.get("sort", ""),
        tabs=tuple(_tabs(register, actor, params, now)),
        filters=tuple(_filters(register, actor, asked.conditions, params)),
        conditions=asked.conditions,
        levels=levels,
        query=without(params, "page"),
        narrowed=without(params, *_SHOWING),
        q=params.get("q", ""),
    )


def without(params: QueryDict, *names: str) -> str:
    """The address without some parameters and without empty ones."""
    kept = params.copy()
    for name in (*names, *(name for name in params if not params.get(name))):
        kept.pop(name, None)
    return kept.urlencode()


def with_value(params: QueryDict, name: str, value: str) -> str:
    """The address from the first page on with another value of one parameter."""
    kept = params.copy()
    kept.pop("page", None)
    kept[name] = value
    return without(kept)


def chosen_columns(register: Register, text: str) -> tuple[str, ...]:
    """The columns that an address names, the name first; the declared ones when it names none that exists."""
    figures = {figure.name for figure in register.figures}
    known = {name for name, info in register.infos().items() if info.kind is not Kind.OUTLINE} | figures
    named = [name for name in text.split(",") if name in known]
    columns = named or list(register.columns)
    return tuple(dict.fromkeys(["name", *columns]))[:MOST_COLUMNS]


def column_choice(register: Register, chosen: Sequence[str]) -> list[Option]:
    """Every field that may be a column, the chosen ones first and in their order."""
    labels = {name: info.label for name, info in register.infos().items() if info.kind is not Kind.OUTLINE}
    labels |= {figure.name: str(figure.label) for figure in register.figures}
    order = [*chosen, *(name for name in labels if name not in chosen)]
    return [Option(name, labels[name], name in chosen) for name in order]


def cell(register: Register, record: Any, name: str, *, clear: bool = False) -> Cell:
    """One field of a record, masked unless `clear`."""
    info = register.info(name)
    value = getattr(record, name)
    if info.kind is Kind.LEVEL:
        return Cell(name, info.label, values.words_of(info, value), level=value)
    text = values.words_of(info, value, clear=clear)
    url = address_of(value) if info.kind is Kind.RECORD and value is not None else ""
    return Cell(
        name, info.label, text, unit=info.unit if text else "", url=url, numeric=info.is_numeric,
        masked=bool(info.mask and text and not clear), multiline=info.kind is Kind.LONG,
    )  # fmt: skip


def _rows(register: Register, records: Sequence[Any], columns: Sequence[str]) -> Iterator[Row]:
    counted = {
        figure.name: (figure, figures_named(figure.of)([record.pk for record in records]))
        for figure in register.figures
        if figure.name in columns
    }
    for record in records:
        cells = []
        for name in columns:
            if name in counted:
                figure, numbers = counted[name]
                text = str(numbers.get(record.pk, ""))
                cells.append(Cell(name, str(figure.label), text, numeric=True))
            else:
                cells.append(cell(register, record, name))
        yield Row(record, tuple(cells), address_of(record))


def _heads(register: Register, columns: Sequence[str], sort: Sort, params: QueryDict) -> Iterator[Head]:
    sortable = selecting.sortable(register)
    ordered = dict(sort)
    asked = params.get("sort", "")
    figures = {figure.name: str(figure.label) for figure in register.figures}
    for name in columns:
        if name in figures:
            yield Head(name, figures[name], True, "", "", "")
            continue
        info = register.info(name)
        state = ("down" if ordered[name] else "up") if name in ordered and asked else ""
        turned = f"-{name}" if state == "up" else name
        others = [part for part in asked.split(",") if part and part.removeprefix("-") != name]
        one = with_value(params, "sort", turned) if name in sortable else ""
        more = with_value(params, "sort", ",".join([*others, turned][:3])) if name in sortable else ""
        yield Head(name, info.label, info.is_numeric, one, more, state)


def _tabs(register: Register, actor: Any, params: QueryDict, now: datetime) -> Iterator[Tab]:
    current = _narrowing(params)

    def tab(title: str, query: str, view: SavedView | None = None) -> Tab:
        asked = QueryDict(query)
        count = selecting.count(register, selecting.question(register, actor, asked.dict(), now))
        return Tab(title, query, count, _narrowing(asked) == current, view)

    yield tab(_("All"), "")
    for one in register.views:
        yield tab(str(one.title), one.query)
    mine = Q(owner=actor) | Q(shared=True)
    for kept in SavedView.objects.filter(mine, register=register.code).select_related("owner"):
        yield tab(kept.title, kept.query, kept)


def _narrowing(params: QueryDict) -> dict[str, str]:
    return {name: value for name, value in params.dict().items() if name not in _SHOWING and value}


def _filters(
    register: Register, actor: Any, conditions: Sequence[Condition], params: QueryDict
) -> Iterator[FilterField]:
    """The declared filters, then what else the address narrows by; the rest can be added."""
    named = {condition.name: condition for condition in conditions}
    for name, info in filterable(register).items():
        condition = named.get(name)
        text = params.get(name, "")
        low, dots, high = text.partition("..")
        yield FilterField(
            info=info,
            text=text,
            words=condition.words if condition else "",
            options=_options(register, info, actor, text.split(",")),
            low=low if dots else text if condition and not condition.only else "",
            high=high if dots else text if condition and not condition.only else "",
            shown=name in register.filters or condition is not None,
            without=without(params, name, "page"),
        )


def _options(register: Register, info: FieldInfo, actor: Any, chosen: list[str]) -> tuple[Option, ...]:
    if info.kind is Kind.REGION:
        return tuple(_places(actor, register.see, chosen))
    if is_listed_text(register, info):
        return tuple(Option(word, word, word in chosen) for word in selecting.words(register, info.name))
    if info.kind is Kind.LEVEL:
        return tuple(Option(str(level), str(words), str(level) in chosen) for level, words in info.choices)
    if info.kind is Kind.FLAG:
        return (Option("1", _("yes"), "1" in chosen), Option("0", _("no"), "0" in chosen))
    return tuple(Option(str(value), str(words), str(value) in chosen) for value, words in info.choices)


def _places(actor: Any, verb: str, chosen: list[str]) -> Iterator[Option]:
    """Towns that the actor reaches, and below a chosen town its villages."""
    tree = regions.tree()
    prefixes = reach(actor, verb)
    nodes = sorted(tree.by_id.values(), key=lambda node: node.path)
    open_paths = [node.path for node in nodes if node.code in chosen]
    for node in nodes:
        inside = any(node.path.startswith(prefix) or prefix == "/" for prefix in prefixes)
        unfolded = (
            any(path.startswith(tree.by_id[node.parent_id].path) for path in open_paths) if node.parent_id else False
        )
        if inside and (node.level == Level.TOWN or (node.level == Level.VILLAGE and unfolded)):
            yield Option(node.code, node.name, node.code in chosen, 1 if node.level == Level.VILLAGE else 0)


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else otherwise


@dataclass(frozen=True, slots=True)
class Group:
    """Registers under one heading of the list of registers, each with how many records the viewer may see."""

    title: str
    registers: tuple[tuple[Register, int], ...]


def groups(actor: Any) -> list[Group]:
    """The registers that are open to the actor, by heading; parts without a place of their own come last."""
    totals = selecting.totals(actor)
    found: dict[str, list[tuple[Register, int]]] = {}
    for register in declared():
        if register.code in totals and (not register.parent or register.located):
            found.setdefault(str(register.group), []).append((register, totals[register.code]))
    parts = [
        (register, totals[register.code])
        for register in declared()
        if register.parent and not register.located and register.code in totals
    ]
    if parts:
        found[_("Parts")] = parts
    return [Group(title, tuple(rows)) for title, rows in found.items()]


def sections(register: Register, record: Any) -> list[tuple[str, list[Cell]]]:
    """The facts of a record under their headings; empty ones are shown as such, outlines only where there is one."""
    found = []
    for section in register.sections:
        cells = [cell(register, record, name) for name in section.fields if name != "name"]
        found.append(
            (str(section.title), [one for one in cells if one.text or register.info(one.name).kind is not Kind.OUTLINE])
        )
    return found


def suggestions(register: Register, actor: Any, typed: str, now: datetime, limit: int = 12) -> list[Any]:
    """Records that fit what was typed, for a field that names one."""
    asked = selecting.question(register, actor, {"q": typed}, now)
    return selecting.records(register, selecting.select(register, asked, count=limit).pks, related=False)


def may_edit(register: Register, actor: Any) -> bool:
    """Whether the actor may change the register somewhere: shows the buttons, allows nothing."""
    return holds(actor, register.edit)


def place_condition(conditions: Sequence[Condition]) -> str:
    """Value of the filter for records without a place, "" when it is not set."""
    return next((condition.text for condition in conditions if condition.name == PLACE), "")


def removed(register: Register, actor: Any) -> Any:
    """Records out of use that the actor may see, newest first; those that went into another one are left out."""
    rows = register.model.records.filter(within(reach(actor, register.see)), merged_into=None, batch=None)
    return rows.exclude(removed_at=None).select_related("region", "changed_by").order_by("-removed_at")
