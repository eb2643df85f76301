"""Earthquakes: the list, and one with all that its catalogue said of it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from anlan.apps.outside import cards, rules
from anlan.apps.outside.models import Quake
from anlan.apps.outside.queries import feeds, quakes
from anlan.apps.outside.views.common import DAYS, fresh, number_of, page_of, show, since
from anlan.kernel.people.doors import needs
from anlan.kernel.rulebook.queries import NoRule
from anlan.kernel.rulebook.wording import title_of

#: Magnitudes and distances (km) that the list offers.
LEAST, WITHIN = (2, 3, 4, 5, 6), (50, 100, 300, 1000)


@require_safe
@needs(feeds.SEE)
def listed(request: HttpRequest) -> HttpResponse:
    """Earthquakes by text, magnitude, distance and age, the newest first."""
    now = timezone.now()
    asked = {name: request.GET.get(name, "").strip()[:80] for name in ("q", "least", "within", "days")}
    days, moment = since(asked["days"], now, 7)
    least, within = number_of(asked["least"]), number_of(asked["within"])
    rows = quakes.found(quakes.quakes_for(request.user), typed=asked["q"], least=least, within_km=within, since=moment)
    context = page_of(request, rows)
    lines = [_line(one) for one in context["page"]]
    states = feeds.states(request.user, feeds.QUAKE_KINDS)
    return show(
        request, "quakes.html", "quakes", **context, lines=lines, asked=asked, days=days, spans=DAYS,
        magnitudes=LEAST, distances=WITHIN, filtered=bool(asked["q"] or least is not None or within is not None),
        sources=fresh(states), any_source=bool(states),
    )  # fmt: skip


def _line(one: Quake) -> dict[str, Any]:
    return {
        "quake": one,
        "depth": cards.depth_words(one),
        "county": cards.km_words(one.county_km),
        "town": cards.km_words(one.town_km),
        "sure": cards.sure_words(one),
    }


@require_safe
@needs(feeds.SEE)
def quake(request: HttpRequest, pk: int) -> HttpResponse:
    """One earthquake with its revisions; foreign and missing look the same."""
    one = get_object_or_404(
        quakes.quakes_for(request.user).select_related("feed__region").defer("feed__region__boundary"), pk=pk
    )
    try:
        rule = rules.telling(one.at, one.feed.region)
    except NoRule:
        rule = None
    twins = [] if rule is None else quakes.twins(one, *rule.same)
    mine = set(quakes.quakes_for(request.user).filter(pk__in=[twin.pk for twin in twins]).values_list("pk", flat=True))
    return show(
        request, "quake.html", "quakes", one=one, line=_line(one),
        revisions=[_revision(row) for row in one.revisions.all()],
        twins=[twin for twin in twins if twin.pk in mine], entry=rule.entry if rule else None,
        entry_title=title_of(rule.entry) if rule else "",
    )  # fmt: skip


def _revision(row: Any) -> dict[str, Any]:
    body = row.body
    said = Quake(**{name: body.get(name) for name in ("depth_m", "depth_doubt", "mode", "status", "agency")})
    return {
        "row": row,
        "at": parse_datetime(body["at"]),
        "magnitude": body["magnitude"],
        "magnitude_type": body["magnitude_type"],
        "lon": body["lon"],
        "lat": body["lat"],
        "depth": cards.depth_words(said),
        "sure": cards.sure_words(said),
    }
