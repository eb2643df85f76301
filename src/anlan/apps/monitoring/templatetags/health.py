"""How figures of device health read."""

from __future__ import annotations

from typing import Any

from django import template

from anlan.kernel.web.formatting import span

register = template.Library()


@register.filter
def share(rate: float | None) -> str:
    """`98.6 %`, never rounded up to 100; — for not known."""
    if rate is None:
        return "—"
    return "100 %" if rate >= 1 else f"{min(rate * 100, 99.9):.1f} %"


@register.filter
def spell(seconds: float) -> str:
    return span(seconds)


@register.filter
def offset(ms: int | None) -> str:
    """`+0.3 s`, `−2 min 05 s`: how much later than its own time a reading came."""
    if ms is None:
        return "—"
    sign = "−" if ms < 0 else "+"
    return f"{sign}{abs(ms) / 1000:.1f} s" if abs(ms) < 60_000 else f"{sign}{span(ms / 1000)}"


@register.filter
def gap_address(row: Any) -> str:
    """The end of a curve's address that shows the longest gap in its middle; nothing where there was none."""
    if row.longest_from is None:
        return ""
    middle = round(row.longest_from.timestamp() * 1000 + row.longest_s * 500)
    hours = next((hours for hours in (1, 24, 168) if row.longest_s < hours * 1800), 720)
    return f"?at={middle}&hours={hours}"
