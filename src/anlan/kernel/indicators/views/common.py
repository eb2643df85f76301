"""What every page of indicators begins with."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from anlan.kernel.indicators import queries
from anlan.kernel.indicators.declarations import Indicator, indicator
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, holds, may
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.queries import Node


def guard(request: HttpRequest, verb: str = queries.VIEW) -> User:
    """The signed-in person. Raises NotAllowed for one who holds `verb` nowhere."""
    assert isinstance(request.user, User)
    if not holds(request.user, verb):
        raise NotAllowed(verb)
    return request.user


def indicator_or_404(code: str) -> Indicator:
    found = indicator(code)
    if found is None:
        raise Http404
    return found


def place_of(viewer: User, code: str) -> Node:
    """The place of a code, or the widest that the viewer sees; foreign and missing look the same."""
    seen = queries.places_seen(viewer)
    if not code:
        if not seen:
            raise Http404
        return seen[0]
    node = regions.resolve(code)
    found = next((one for one in seen if node is not None and one.id == node.id), None)
    if found is None:
        raise Http404
    return found


def region_or_404(viewer: User, code: str, verb: str) -> Region:
    """The region of a code in which the viewer holds a verb."""
    node = regions.resolve(code)
    found = Region.objects.defer("boundary").filter(pk=node.id).first() if node else None
    if found is None or not may(viewer, verb, found):
        raise Http404
    return found


def year_of(text: str, moment: queries.Moment) -> int:
    """The year that an address asks for; the running one for none that is measured."""
    return int(text) if text.isdecimal() and int(text) in queries.years_measured(moment) else moment.year


def show(request: HttpRequest, template: str, on: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """A page under the tab `on`."""
    tabs = [("list", _("Indicators"), "indicators:list"), ("enter", _("Yearly figures"), "indicators:enter")]
    if not holds(request.user, "indicator.enter"):
        tabs = tabs[:1]
    shown = [{"label": label, "url": url, "on": code == on} for code, label, url in tabs]
    return render(request, f"indicators/{template}", {"tabs": shown, **context}, status=status)
