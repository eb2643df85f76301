"""`{% load exchange %}`: registers by their code, in words."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.utils.translation import gettext as _

from anlan.apps.exchange.words import of_error
from anlan.kernel.registers.declarations import get

register = template.Library()


@register.filter
def register_title(code: str) -> str:
    """What a register is called on screen; its code when there is none of it here."""
    found = get(code)
    return str(found.title) if found is not None else code


@register.filter
def register_rows(rows: Mapping[str, int]) -> str:
    """How many rows of which register: `Sites 120, Shelters 4`."""
    return _(", ").join(f"{register_title(code)} {n}" for code, n in rows.items()) or "—"


@register.filter
def error_words(error: str) -> str:
    """What an error means, by the code that it begins with."""
    return of_error(error)
