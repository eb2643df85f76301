"""What a register's list shows: filter, search, sort, page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models import Q
from django.http import QueryDict

from anlan.kernel.regions.models import Level, Region
from anlan.kernel.registers.declarations import Register

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class FilterChoice:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class FilterField:
    name: str
    label: str
    choices: tuple[FilterChoice, ...]

    @property
    def chosen(self) -> FilterChoice | None:
        return next((choice for choice in self.choices if choice.chosen), None)


def matching(register: Register, actor: Any, params: QueryDict) -> models.QuerySet[Any]:
    """Rows of `register` that `actor` may see and that `params` (q, one per filter, sort) select."""
    rows = register.rows(actor)
    if text := params.get("q", "").strip():
        found = Q(pinyin__icontains=text.lower())
        for name in register.search:
            found |= Q(**{f"{name}__icontains": text})
        rows = rows.filter(found)
    for name in register.filters:
        if value := params.get(name, ""):
            if name == "region":
                rows = rows.filter(region__path__contains=f"/{value}/")
            else:
                field = register.model._meta.get_field(name)
                rows = rows.filter(**{name: value}) if _fits(field, value) else rows.none()
    sort = params.get("sort", "code")
    column = sort.removeprefix("-")
    if column not in {*register.columns, "code"}:
        sort, column = "code", "code"
    key = "pinyin" if column == "name" else column
    return rows.order_by(f"-{key}" if sort.startswith("-") else key, "pk")


def _fits(field: Any, value: str) -> bool:
    """Whether `value` can stand in `field`; a hand-made address must find nothing, not break."""
    try:
        field.get_prep_value(value)
    except (TypeError, ValueError):
        return False
    return True


def page(register: Register, actor: Any, params: QueryDict) -> Page[Any]:
    return Paginator(matching(register, actor, params), PAGE_SIZE).get_page(params.get("page"))


def filter_fields(register: Register, params: QueryDict) -> list[FilterField]:
    fields = []
    for name in register.filters:
        field: Any = register.model._meta.get_field(name)
        if name == "region":
            options = [(town.code, town.name) for town in Region.objects.filter(level=Level.TOWN).order_by("pinyin")]
        elif field.choices:
            options = [(str(value), str(label)) for value, label in field.choices]
        else:
            options = [("1", "Ⅰ"), ("2", "Ⅱ"), ("3", "Ⅲ"), ("4", "Ⅳ")] if name == register.colour_by else []
        chosen = params.get(name, "")
        fields.append(
            FilterField(
                name,
                str(field.verbose_name),
                tuple(FilterChoice(value, label, value == chosen) for value, label in options),
            )
        )
    return fields
