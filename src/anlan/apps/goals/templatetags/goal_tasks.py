"""What the pages of tasks and appraisals need beside the common tags."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import template

register = template.Library()


@register.filter
def entry(table: Mapping[str, Any], key: str) -> Any:
    """The entry of a table; the key itself when it has none."""
    return table.get(key, key)


@register.filter
def yuan(amount: Decimal | int) -> str:
    """An amount with its thousands apart, to the fen: 3,420,000.00."""
    return f"{amount:,.2f}"
