"""What every page of tasks and appraisals begins with, and what people type into its forms."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.goals.refusing import Refused
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.rights import NotAllowed, holds, reach
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.scope import within

#: Rows of one page of a list.
ROWS = 50

PAGES = (
    ("tasks", "goals:tasks", "task.view"),
    ("campaigns", "goals:campaigns", "task.view"),
    ("projects", "goals:projects", "task.view"),
    ("letters", "goals:letters", "task.view"),
    ("appraisals", "goals:appraisals", "appraisal.view"),
)


def guard(request: HttpRequest, verb: str = "task.view") -> User:
    """The signed-in person. Raises NotAllowed for one who holds `verb` nowhere; each act asks for its own region."""
    assert isinstance(request.user, User)
    if not holds(request.user, verb):
        raise NotAllowed(verb)
    return request.user


def tabs(on: str, viewer: Any) -> list[dict[str, Any]]:
    """The pages beside each other, `on` the one that is shown."""
    words = {
        "tasks": _("Tasks"), "campaigns": _("Campaigns"), "projects": _("Projects"),
        "letters": _("Supervision and interviews"), "appraisals": _("Appraisal"),
    }  # fmt: skip
    return [
        {"label": words[code], "url": url, "on": code == on} for code, url, verb in PAGES if holds(viewer, verb)
    ]  # fmt: skip


def show(request: HttpRequest, template: str, on: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """A page under the tab `on`."""
    return render(request, f"goals/{template}", {"tabs": tabs(on, request.user), **context}, status=status)


def page_of(request: HttpRequest, rows: Any) -> dict[str, Any]:
    """The stretch of a list that the address asks for, and the rest of the address for its other pages."""
    kept = request.GET.copy()
    kept.pop("page", None)
    return {"page": Paginator(rows, ROWS).get_page(request.GET.get("page")), "query": kept.urlencode()}


def day_of(text: str, field: str, *, required: bool = True) -> date | None:
    """A day as a date field sends it. Raises Refused for anything else, and for a blank one that is required."""
    text = text.strip()
    if not text and not required:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(_("A day is written 2026-11-30; this is “%(raw)s”.") % {"raw": text[:20]}, field) from None


def needed_day(text: str, field: str) -> date:
    """As `day_of`, for a day that has to be there."""
    found = day_of(text, field)
    assert found is not None
    return found


def month_of(text: str, field: str) -> date:
    """The first day of a month as a month field sends it ("2026-11"). Raises Refused."""
    try:
        return date.fromisoformat(f"{text.strip()}-01")
    except ValueError:
        raise Refused(_("A month is written 2026-11; this is “%(raw)s”.") % {"raw": text[:20]}, field) from None


def end_of(day: date) -> datetime:
    """The last minute of a day in the bureau's zone: what is due on a day is due by its end."""
    return timezone.make_aware(datetime.combine(day, time(23, 59)))


def whole_of(text: str, field: str) -> int:
    """A whole number from 0 on. Raises Refused."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refused(_("A whole number is expected; this is “%(raw)s”.") % {"raw": text[:20]}, field)
    return int(text)


def amount_of(text: str, field: str) -> Decimal:
    """An amount with at most two digits after the point. Raises Refused."""
    try:
        found = Decimal(text.replace(",", "").strip())
    except InvalidOperation:
        raise Refused(_("An amount is a number; this is “%(raw)s”.") % {"raw": text[:20]}, field) from None
    if not found.is_finite() or abs(found) >= Decimal(10) ** 13:
        raise Refused(_("An amount is a number; this is “%(raw)s”.") % {"raw": text[:20]}, field)
    return found.quantize(Decimal("0.01"))


def units(viewer: Any, verb: str = "task.assign") -> list[Department]:
    """Departments of places in which the viewer holds `verb`, those of the bureau before those that stand alone."""
    rows = Department.objects.filter(within(reach(viewer, verb))).select_related("region").defer("region__boundary")
    return sorted(rows, key=lambda unit: (unit.parent_id is None, len(unit.region.path), unit.code))


def unit_of(code: str, field: str = "unit") -> Department:
    """The department of a code. Raises Refused."""
    found = Department.objects.select_related("region").filter(code=code).first()
    if found is None:
        raise Refused(_("Choose the unit."), field)
    return found


def person_of(username: str, field: str = "lead") -> User:
    """The account of a user name. Raises Refused."""
    found = User.objects.select_related("department").filter(username=username, is_system=False).first()
    if found is None:
        raise Refused(_("Choose the officer."), field)
    return found


def region_of(code: str, field: str = "region") -> Region:
    """The place of a code. Raises Refused."""
    found = Region.objects.defer("boundary").filter(code=code).first()
    if found is None:
        raise Refused(_("Choose the place."), field)
    return found


def officers(viewer: Any, verb: str = "task.assign") -> list[User]:
    """Active people of the units above, by unit and name."""
    rows = User.objects.filter(department__in=units(viewer, verb), is_active=True, is_system=False)
    return list(rows.select_related("department").order_by("department__code", "username"))


def places(viewer: Any, verb: str) -> list[Region]:
    """The county and towns in reach."""
    rows = Region.objects.filter(within(reach(viewer, verb), "path"), level__in=("county", "town"))
    return list(rows.defer("boundary").order_by("code"))
