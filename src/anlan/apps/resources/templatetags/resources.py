"""`{% load resources %}`: quantities of the ledger as a person reads them."""

from __future__ import annotations

from django import template

from anlan.apps.resources.quantities import SCALE, shown

register = template.Library()


@register.filter
def milli(value: int | None) -> str:
    """Thousandths as a quantity: 1200000 → "1,200"."""
    return shown(value)


@register.filter
def typed(value: int | None) -> str:
    """Thousandths as they stand in a field: 1200000 → "1200"."""
    if value is None:
        return ""
    return f"{value / SCALE:.3f}".rstrip("0").rstrip(".")


@register.filter
def amount(value: float | None) -> str:
    """A figure with thousands set apart and no needless decimals; "—" for none."""
    return "—" if value is None else f"{value:,.10g}"
