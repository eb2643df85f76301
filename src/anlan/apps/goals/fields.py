"""What a draft holds, by its kind: the fields, their words, and how typed values become kept ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.apps.goals.models import DraftKind, Role
from anlan.apps.goals.refusing import Refused

#: How a value is compared, as a person writes it.
COMPARATORS = {
    "": "—",
    "=": "=",
    "<": "<",
    ">": ">",
    "<=": "≤",
    ">=": "≥",
    "top": gettext_lazy("among the best"),
    "down": gettext_lazy("falls"),
    "up": gettext_lazy("rises"),
}
FREQUENCIES = {
    "": "—",
    "day": gettext_lazy("daily"),
    "week": gettext_lazy("weekly"),
    "month": gettext_lazy("monthly"),
    "quarter": gettext_lazy("quarterly"),
    "half-year": gettext_lazy("half-yearly"),
    "year": gettext_lazy("yearly"),
}
BINDING = {"": "—", "binding": gettext_lazy("binding"), "expected": gettext_lazy("expected")}


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `sort`: text, number, year, day, names (a list, one name a line or parted by spaces), choice."""

    name: str
    label: Any
    sort: str = "text"
    choices: Mapping[str, Any] | None = None


#: The first field of each kind is what it is called by.
FIELDS: Mapping[str, tuple[Field, ...]] = {
    DraftKind.INDICATOR: (
        Field("name", gettext_lazy("Name")),
        Field("comparator", gettext_lazy("Comparison"), "choice", COMPARATORS),
        Field("value", gettext_lazy("Value"), "number"),
        Field("unit", gettext_lazy("Unit")),
        Field("year", gettext_lazy("Year"), "year"),
        Field("kind", gettext_lazy("Binding or expected"), "choice", BINDING),
        Field("base", gettext_lazy("Compared with")),
        Field("rank", gettext_lazy("Rank")),
    ),
    DraftKind.TASK: (
        Field("object", gettext_lazy("What is done")),
        Field("verb", gettext_lazy("Verb")),
        Field("quantity", gettext_lazy("How many"), "number"),
        Field("unit", gettext_lazy("Unit")),
        Field("deadline", gettext_lazy("Until"), "day"),
        Field("frequency", gettext_lazy("How often"), "choice", FREQUENCIES),
        Field("times", gettext_lazy("Times each"), "number"),
        Field("coverage", gettext_lazy("Coverage, %"), "number"),
    ),
    DraftKind.LEAD: (
        Field("people", gettext_lazy("Persons"), "names"),
        Field("units", gettext_lazy("Departments and units"), "names"),
        Field("role", gettext_lazy("Part in it"), "choice", dict(Role.choices)),
    ),
    DraftKind.PROJECT: (
        Field("name", gettext_lazy("Name")),
        Field("period", gettext_lazy("Building period")),
        Field("begins", gettext_lazy("Begins"), "year"),
        Field("ends", gettext_lazy("Ends in"), "year"),
        Field("content", gettext_lazy("Content")),
        Field("budget", gettext_lazy("Budget"), "number"),
        Field("budget_to", gettext_lazy("Budget at most"), "number"),
        Field("unit", gettext_lazy("Unit")),
    ),
    DraftKind.MECHANISM: (Field("name", gettext_lazy("Name")),),
}
_PARTING = re.compile(r"[\s、，,；;]+")


def cleaned(kind: str, typed: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a draft from what a person typed. Raises Refused, naming the field."""
    body: dict[str, Any] = {}
    for field in FIELDS[kind]:
        value = typed.get(field.name, "")
        body[field.name] = _value(field, " ".join(value) if isinstance(value, list | tuple) else str(value).strip())
    if kind == DraftKind.LEAD:
        if not body["people"] and not body["units"]:
            raise Refused(_("Name at least one person or unit."), "people")
    elif not body[FIELDS[kind][0].name]:
        raise Refused(_("%(field)s is missing.") % {"field": FIELDS[kind][0].label}, FIELDS[kind][0].name)
    return body


def _value(field: Field, typed: str) -> Any:
    words = {"field": field.label, "typed": typed[:40]}
    if field.sort == "names":
        return [name for name in _PARTING.split(typed) if name]
    if field.sort == "choice":
        if typed not in (field.choices or {}):
            raise Refused(_("%(field)s: choose one of the list; %(typed)s is not in it.") % words, field.name)
        return typed
    if not typed:
        return ""
    if field.sort == "number":
        try:
            number = Decimal(typed.replace(",", "").replace("，", ""))
        except InvalidOperation as error:
            raise Refused(_("%(field)s: %(typed)s is no number. Write digits, like 95 or 0.5.") % words, field.name) \
                from error  # fmt: skip
        if not number.is_finite():
            raise Refused(_("%(field)s: %(typed)s is no number. Write digits, like 95 or 0.5.") % words, field.name)
        return f"{number:f}"
    if field.sort == "year":
        if not (typed.isascii() and typed.isdigit() and 1990 <= int(typed) <= 2100):
            raise Refused(_("%(field)s: %(typed)s is no year. Write four digits, like 2026.") % words, field.name)
        return int(typed)
    if field.sort == "day":
        try:
            return date.fromisoformat(typed).isoformat()
        except ValueError as error:
            raise Refused(_("%(field)s: %(typed)s is no day. Write it like 2026-12-31.") % words, field.name) from error
    return typed[:400]


def summary(kind: str, body: Mapping[str, Any]) -> str:
    """A draft in one line."""
    if kind == DraftKind.INDICATOR:
        comparison = str(COMPARATORS.get(body.get("comparator", ""), ""))
        if str(body.get("name") or "").endswith(comparison):  # "accidents fall" by 10 %
            comparison = ""
        value = "" if body.get("value") in (None, "") else f"{body['value']}{body.get('unit') or ''}"
        parts = (body.get("name"), comparison if comparison != "—" else "", value, body.get("rank"))
        year = body.get("year")
        return " ".join(str(one) for one in parts if one) + (_(" (%(year)s)") % {"year": year} if year else "")
    if kind == DraftKind.TASK:
        what = str(body.get("object") or "")
        verb = str(body.get("verb") or "")
        amount = f"{body.get('quantity') or ''}{body.get('unit') or ''}" if body.get("quantity") else ""
        until = _("until %(day)s") % {"day": body["deadline"]} if body.get("deadline") else ""
        coverage = f"{body['coverage']}%" if body.get("coverage") else ""
        often = FREQUENCIES.get(str(body.get("frequency") or ""), "") if body.get("frequency") else ""
        first = what if what.startswith(verb) else verb + what
        return " · ".join(str(one) for one in (first, amount, often, coverage, until) if one)
    if kind == DraftKind.LEAD:
        names = [*(body.get("people") or ()), *(body.get("units") or ())]
        role = dict(Role.choices).get(body.get("role") or "", "")
        return f"{'、'.join(names)}" + (f" · {role}" if role else "")
    if kind == DraftKind.PROJECT:
        budget = f"{body['budget']}{body.get('unit') or ''}" if body.get("budget") else ""
        return " · ".join(str(one) for one in (body.get("name"), body.get("period"), budget) if one)
    return str(body.get("name") or "")


def rows_of(kind: str, body: Mapping[str, Any]) -> list[tuple[Field, str]]:
    """Fields with their values as a form shows them."""
    return [
        (field, "\n".join(value) if isinstance(value, list) else "" if value is None else str(value))
        for field in FIELDS[kind]
        for value in (body.get(field.name, ""),)
    ]
