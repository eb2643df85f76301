"""Indicators by name, for rooms above that know only a code: ledger, appraisal, wall, desk.

A room registers nothing here and needs no declaration: it names a code and gets what the pages show.
"""

from __future__ import annotations

from django.urls import reverse

from anlan.kernel.indicators.declarations import indicator


def title(code: str) -> str:
    """What an indicator is called; the code itself for one that nobody declared."""
    one = indicator(code)
    return str(one.title) if one is not None else code


def address(code: str, region: str = "", year: int | None = None) -> str:
    """The page of an indicator."""
    query = "&".join(f"{name}={value}" for name, value in (("region", region), ("year", year)) if value)
    page = reverse("indicators:detail", args=[code])
    return f"{page}?{query}" if query else page
