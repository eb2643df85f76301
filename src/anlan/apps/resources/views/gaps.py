"""What norms ask and what is missing, by town and village; what fire stations reach."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan.apps.resources.queries import norms, reach
from anlan.apps.resources.services.records import STANDINGS
from anlan.apps.resources.views.common import guard, page_of, show
from anlan.kernel.regions.models import Level
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.web.sheets import csv_sheet
from anlan.science.norms import Standing


def title_of(entry: Entry) -> str:
    """Title of a rule in the language of the page."""
    return entry.title_zh if (get_language() or "").startswith("zh") and entry.title_zh else entry.title


@require_safe
def gaps(request: HttpRequest) -> HttpResponse:
    """Each norm for each town or village: asked, there, missing; as a sheet with `as=csv`."""
    actor, now = guard(request), timezone.now()
    level = Level.VILLAGE if request.GET.get("level") == "village" else Level.TOWN
    town, rule = request.GET.get("town", ""), request.GET.get("rule", "")
    only = request.GET.get("missing") == "1"
    every = norms.gaps(actor, level, now, under=town)
    rules = list({gap.entry.code: gap.entry for gap in every}.values())
    found = [gap for gap in every if (not rule or gap.entry.code == rule) and (not only or gap.missing)]
    if request.GET.get("as") == "csv":
        return _sheet(found)
    lines = [{"gap": gap, "title": title_of(gap.entry), "words": _words(gap)} for gap in found]
    return show(
        request, "gaps.html", "gaps", **page_of(request, lines), level=level, town=town, rule=rule, only=only,
        rules=[(one.code, title_of(one)) for one in rules], towns=norms.places(actor, Level.TOWN),
        summary=_summary(every), n=len(found), filtered=bool(town or rule or only),
    )  # fmt: skip


def _words(gap: norms.Gap) -> str:
    if gap.standing is None:
        return _("head count not known")
    return STANDINGS[gap.standing]()


def _summary(every: list[norms.Gap]) -> list[dict[str, Any]]:
    """Each norm over all places: how many places are below it, and how much they lack together."""
    found: dict[str, dict[str, Any]] = {}
    for gap in every:
        line = found.setdefault(
            gap.entry.code,
            {"entry": gap.entry, "title": title_of(gap.entry), "unit": gap.unit, "places": 0, "below": 0, "unknown": 0,
             "missing": 0.0, "needed": 0.0, "there": 0.0},
        )  # fmt: skip
        line["places"] += 1
        line["below"] += gap.standing is Standing.BELOW
        line["unknown"] += gap.standing is None
        line["missing"] += gap.missing or 0
        line["needed"] += gap.needed or 0
        line["there"] += gap.there
    return list(found.values())


def _sheet(found: list[norms.Gap]) -> HttpResponse:
    head = [
        _("Code"), _("Region"), _("Population"), _("Norm"), _("At least"), _("At most"), _("There"), _("Missing"),
        _("Unit"), _("State"), _("Standard"), _("Clause"), _("Verified"),
    ]  # fmt: skip
    return csv_sheet(
        "gaps", head,
        (
            [
                gap.place.code, gap.place.name, gap.place.population, title_of(gap.entry), gap.needed, gap.most,
                gap.there, gap.missing, gap.unit, _words(gap), gap.entry.standard, gap.entry.clause,
                _("yes") if gap.entry.verified else _("Unverified"),
            ]
            for gap in found
        ),
    )  # fmt: skip


@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """Villages and the fire stations that reach them in time; as a sheet with `as=csv`."""
    actor = guard(request)
    now = timezone.now()
    found = reach.county_picture(actor, now)
    if found is None:
        return show(request, "coverage.html", "coverage", picture=None)
    far = sorted(found.villages, key=lambda one: (one.by > 0, -(one.km or 0)))
    if request.GET.get("as") == "csv":
        head = [_("Code"), _("Village"), _("Population"), _("Nearest station"), _("Distance (km)"),
                _("Stations within reach")]  # fmt: skip
        return csv_sheet(
            "coverage", head,
            ([one.village.code, one.village.name, one.village.population, one.station or "",
              None if one.km is None else round(one.km, 2), one.by] for one in far),
        )  # fmt: skip
    stations = [
        {"station": one, "villages": found.by_station[one.pk], "rule": (rule := reach.area_rule(one, now)),
         "large": bool(rule and one.area_km2 and one.area_km2 > rule.body["most"])}
        for one in found.stations
    ]  # fmt: skip
    return show(
        request, "coverage.html", "coverage", picture=found, stations=stations, **page_of(request, far),
        share=None if found.share is None else found.share * 100,
    )  # fmt: skip
