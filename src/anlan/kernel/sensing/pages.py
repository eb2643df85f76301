"""Pages that rooms above add to the tabs of Monitoring; registered at start, so that sensing knows no app."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anlan.kernel.web.nav import register_area

#: code, label, name of the address, verb, how much waits there
Page = tuple[str, Any, str, str, Callable[[Any], int | None] | None]

_pages: dict[str, Page] = {}


def register_page(code: str, label: Any, url: str, verb: str, count: Callable[[Any], int | None] | None = None) -> None:
    """Put a page behind those of sensing; the same code again replaces it."""
    _pages[code] = (code, label, url, verb, count)
    register_area("monitor", url)


def registered() -> list[Page]:
    return list(_pages.values())
