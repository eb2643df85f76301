"""Pages that rooms above add below the list of registers; registered at start, so that registers know no app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from anlan.kernel.people.rights import holds
from anlan.kernel.web.nav import register_area


@dataclass(frozen=True, slots=True)
class Page:
    """A page about registers, and the verb that opens it.

    url     name of its address
    beside  codes of the registers whose lists have a button to it
    """

    code: str
    label: Any
    url: str
    verb: str
    beside: tuple[str, ...] = ()


_pages: dict[str, Page] = {}


def register_page(code: str, label: Any, url: str, verb: str, *, beside: tuple[str, ...] = ()) -> None:
    """Put a page at the foot of the list; the same code again replaces it."""
    _pages[code] = Page(code, label, url, verb, beside)
    register_area("registers", url)


def pages(viewer: Any) -> list[Page]:
    """The pages that `viewer` may open."""
    return [page for page in _pages.values() if holds(viewer, page.verb)]
