"""Hotspots: the list, one with what lies around it, and the check that a person orders."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.apps.outside import rules
from anlan.apps.outside.models import Confidence, Hotspot, Kind
from anlan.apps.outside.queries import feeds, hotspots
from anlan.apps.outside.services import checking
from anlan.apps.outside.views.common import DAYS, fresh, page_of, show, since
from anlan.kernel.desks.sources import units_for
from anlan.kernel.layers import surroundings
from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.people.models import Department
from anlan.kernel.people.rights import NotAllowed, may
from anlan.kernel.rulebook.queries import NoRule
from anlan.kernel.web.refs import address_of
from anlan.science.areas import circle

#: km around a hotspot of which a person wants to know what lies there, and how many things are named.
AROUND_KM, NEAREST = 3.0, 10
#: Level of a check unless the person says another one: yellow.
LEVEL = 3


@require_safe
@needs(feeds.SEE)
def listed(request: HttpRequest) -> HttpResponse:
    """Hotspots by place, confidence, state and age, the newest first."""
    now = timezone.now()
    asked = {name: request.GET.get(name, "").strip()[:80] for name in ("q", "confidence", "state", "days")}
    asked["confidence"] = asked["confidence"] if asked["confidence"] in Confidence.values else ""
    asked["state"] = asked["state"] if asked["state"] in ("open", "sent") else ""
    days, moment = since(asked["days"], now, 3)
    rows = hotspots.found(
        hotspots.hotspots_for(request.user), typed=asked["q"], confidence=asked["confidence"], state=asked["state"],
        since=moment,
    )  # fmt: skip
    states = feeds.states(request.user, (Kind.FIRMS,))
    return show(
        request, "hotspots.html", "hotspots", **page_of(request, rows), asked=asked, days=days, spans=DAYS,
        confidences=[(value, label) for value, label in Confidence.choices if value],
        filtered=any(asked[name] for name in ("q", "confidence", "state")), sources=fresh(states),
        any_source=bool(states),
    )  # fmt: skip


def _one(request: HttpRequest, pk: int) -> Hotspot:
    found: Hotspot = get_object_or_404(hotspots.hotspots_for(request.user), pk=pk)
    return found


def _near(request: HttpRequest, one: Hotspot) -> list[Hotspot]:
    try:
        body = rules.rule(rules.HOTSPOTS, timezone.now()).body
    except NoRule:
        return []
    span = timedelta(seconds=body["near_s"])
    return hotspots.near(one, request.user, km=body["near_km"], span=span)


@require_safe
@needs(feeds.SEE)
def hotspot(request: HttpRequest, pk: int) -> HttpResponse:
    """One hotspot; foreign and missing look the same."""
    one = _one(request, pk)
    may_check = one.case is None and checking.can_be_checked() and may(request.user, "case.open", one.region)
    return show(
        request, "hotspot.html", "hotspots", one=one, case_url=address_of(one.case) if one.case else "",
        may_check=may_check, units=units_for(actor_of(request), "case.open", one.region) if may_check else [],
        near=_near(request, one) if one.case is None else [], levels=(1, 2, 3, 4), level=LEVEL, around_km=AROUND_KM,
    )  # fmt: skip


@require_safe
@needs(feeds.SEE)
def around(request: HttpRequest, pk: int) -> HttpResponse:
    """What lies around it, as the circle search of the map has it, within what the viewer may see."""
    one = _one(request, pk)
    found = surroundings.around(
        request.user, circle(one.lon, one.lat, AROUND_KM * 1000), now=timezone.now(), nearest=NEAREST
    )
    groups = [group for group in found.groups if group.count]
    return render(request, "outside/_around.html", {"found": found, "groups": groups})


@require_POST
@needs(feeds.SEE)
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it, and those about it that were ticked, to a unit to be looked at."""
    one = _one(request, pk)
    unit = Department.objects.filter(code=request.POST.get("unit", "")).select_related("region").first()
    if unit is None:
        messages.error(request, _("Choose the unit that shall look."))
        return redirect("outside:hotspot", pk=one.pk)
    ticked = set(request.POST.getlist("with"))
    level = request.POST.get("level", "")
    try:
        case = checking.order_check(
            [one, *(other for other in _near(request, one) if str(other.pk) in ticked)], unit=unit,
            level=int(level) if level in ("1", "2", "3", "4") else LEVEL, actor=actor_of(request), now=timezone.now(),
            note=request.POST.get("note", "").strip()[:500],
        )  # fmt: skip
    except (checking.Refused, NotAllowed) as refused:
        messages.error(request, str(refused))
        return redirect("outside:hotspot", pk=one.pk)
    messages.success(request, _("Case %(number)s is with %(unit)s.") % {"number": case.number, "unit": unit.name})
    return redirect("outside:hotspot", pk=one.pk)
