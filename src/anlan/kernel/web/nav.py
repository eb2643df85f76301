"""What stands in the frame of every page: desks in the rail, figures in the bar. Rooms above register by name.

The web room lies below everybody, so it knows no person, notice or region: those rooms hand in functions here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.urls import NoReverseMatch, reverse

from anlan.kernel.web.gate import holds


@dataclass(frozen=True, slots=True)
class Desk:
    """One place in the rail. A blank `verb` shows it to every signed-in user."""

    code: str
    label: Any
    icon: str
    url_name: str
    verb: str = ""
    order: int = 100
    badge: Callable[[Any], int | None] | None = None
    foot: bool = False  # stands at the foot of the rail
    phone: bool = True  # stands among the tabs of a phone


@dataclass(frozen=True, slots=True)
class SystemPage:
    """One page of the system desk, reached from its index."""

    code: str
    label: Any
    icon: str
    url_name: str
    verb: str = "system.see"
    order: int = 100
    hint: Any = ""


@dataclass(slots=True)
class _Frame:
    desks: dict[str, Desk] = field(default_factory=dict)
    pages: dict[str, SystemPage] = field(default_factory=dict)
    figures: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    areas: dict[str, str] = field(default_factory=dict)  # name of an address, desk


_frame = _Frame()


def register_desk(
    code: str,
    label: Any,
    icon: str,
    url_name: str,
    verb: str = "",
    order: int = 100,
    badge: Callable[[Any], int | None] | None = None,
    *,
    foot: bool = False,
    phone: bool = True,
) -> None:
    """Put a desk into the rail; the same code again replaces it."""
    _frame.desks[code] = Desk(code, label, icon, url_name, verb, order, badge, foot, phone)


def register_system_page(
    code: str, label: Any, icon: str, url_name: str, verb: str = "system.see", order: int = 100, hint: Any = ""
) -> None:
    """Put a page onto the index of the system desk."""
    _frame.pages[code] = SystemPage(code, label, icon, url_name, verb, order, hint)


def register_area(desk: str, url_name: str) -> None:
    """Say that the pages below an address lie in a desk although the desk's own address is another."""
    _frame.areas[url_name] = desk


def register_figure(name: str, figure: Callable[[Any], Any]) -> None:
    """Name a function of the user for the bar: "unread", "bureau", "on_duty", "mode"."""
    _frame.figures[name] = figure


def figure(name: str, user: Any, default: Any = None) -> Any:
    """The registered figure of the bar for `user`, or `default` when no room gives it."""
    function = _frame.figures.get(name)
    return default if function is None else function(user)


def desks(user: Any) -> list[Desk]:
    """The desks that `user` may sit at and whose page exists, in order."""
    return _reachable(user, _frame.desks.values())


def system_pages(user: Any) -> list[SystemPage]:
    """The pages of the system desk that `user` may open, in order."""
    return _reachable(user, _frame.pages.values())


def address(place: Desk | SystemPage) -> str:
    """The path of a desk or page. Raises NoReverseMatch when it has none yet."""
    return reverse(place.url_name)


def areas() -> list[tuple[str, str]]:
    """Path and desk of every page that was given to a desk; pages of rooms that are not installed are left out."""
    found = []
    for url_name, desk in _frame.areas.items():
        try:
            found.append((reverse(url_name), desk))
        except NoReverseMatch:
            continue
    return found


def _reachable(user: Any, places: Any) -> list[Any]:
    found = []
    for place in sorted(places, key=lambda one: (one.order, one.code)):
        if not holds(user, place.verb):
            continue
        try:
            address(place)
        except NoReverseMatch:  # its room is not installed
            continue
        found.append(place)
    return found
