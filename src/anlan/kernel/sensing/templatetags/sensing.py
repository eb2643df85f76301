"""`{% load sensing %}`: values with the digits of their point."""

from __future__ import annotations

from django import template

from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing.models import Point
from anlan.kernel.sensing.words import rule_label, rule_title

register = template.Library()


@register.filter
def reading(value: float | None, point: Point) -> str:
    """A value with as many digits as the instrument has; "—" for none."""
    return "—" if value is None else f"{value:.{point.digits}f}"


@register.filter
def title(entry: Entry) -> str:
    """The title of a rule in the reader's language."""
    return rule_title(entry)


@register.filter
def label(entry: Entry) -> str:
    """Code, version and title of a rule."""
    return rule_label(entry)
