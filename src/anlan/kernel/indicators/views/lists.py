"""The account of a place: every indicator with its value, target, light and forecast."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan.kernel.indicators import queries
from anlan.kernel.indicators.asking import State
from anlan.kernel.indicators.judging import LIGHTS, Light
from anlan.kernel.indicators.queries import Line
from anlan.kernel.indicators.views.common import guard, place_of, show, year_of
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level
from anlan.kernel.web.sheets import csv_sheet

#: What the filter by state offers beside the lights.
MEASURED, UNMEASURED = "measured", "unmeasured"


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """The indicators of a place in a year, narrowed by source, light, group or words; as a sheet with `as=csv`."""
    viewer = guard(request)
    moment = queries.Moment.of(timezone.now())
    node = place_of(viewer, request.GET.get("region", ""))
    year = year_of(request.GET.get("year", ""), moment)
    every = [line for line in queries.account(node, year, moment) if line.state != State.NOT_HERE]
    asked = {name: request.GET.get(name, "").strip() for name in ("source", "state", "group", "q")}
    found = [line for line in every if _fits(line, asked)]
    if request.GET.get("as") == "csv":
        return _sheet(found)
    counts = queries.counted(every)
    measured = sum(line.value is not None for line in every)
    base = request.GET.copy()
    base.pop("state", None)
    return show(
        request, "list.html", "list", lines=_grouped(found), n=len(found), node=node, year=year, moment=moment,
        years=queries.years_measured(moment), places=_places(viewer, node), asked=asked,
        sources=sorted({line.entry.standard for line in every if line.entry is not None}),
        groups=list(dict.fromkeys(str(line.indicator.group) for line in every)),
        lights=[(str(code), LIGHTS[code], counts[str(code)]) for code in Light],
        total=len(every), measured=measured, unmeasured=len(every) - measured, base=base.urlencode(),
        query=request.GET.urlencode(), filtered=any(asked.values()),
    )  # fmt: skip


def _fits(line: Line, asked: dict[str, str]) -> bool:
    one = line.indicator
    if asked["source"] and (line.entry is None or line.entry.standard != asked["source"]):
        return False
    if asked["group"] and str(one.group) != asked["group"]:
        return False
    if asked["q"] and asked["q"].casefold() not in f"{one.code} {one.title} {one.formula}".casefold():
        return False
    if asked["state"] == MEASURED:
        return line.value is not None
    if asked["state"] == UNMEASURED:
        return line.value is None
    return not asked["state"] or line.light == asked["state"]


def _grouped(found: list[Line]) -> list[tuple[str, list[Line]]]:
    groups: dict[str, list[Line]] = {}
    for line in found:
        groups.setdefault(str(line.indicator.group), []).append(line)
    return list(groups.items())


def _places(viewer: Any, node: Any) -> list[Any]:
    """What the choice of a place offers: county and towns, and the village that is shown."""
    wide = queries.places_seen(viewer, (Level.CITY, Level.COUNTY, Level.TOWN))
    return wide if node in wide else [*wide, *[one for one in queries.inside(_above(node)) if one.level == node.level]]


def _above(node: Any) -> Any:
    return regions.tree().by_id.get(node.parent_id, node)


def _sheet(found: list[Line]) -> HttpResponse:
    head = [
        _("Code"), _("Indicator"), _("Region"), _("Year"), _("Value"), _("Unit"), _("Target"), _("State"),
        _("Forecast"), _("How it is foreseen"), _("Why there is no number"), _("Standard"), _("Clause"), _("Measured"),
    ]  # fmt: skip
    return csv_sheet(
        "indicators", head,
        (
            [
                line.indicator.code, str(line.indicator.title), line.place.name, line.year, line.value,
                str(line.indicator.unit), line.aimed, str(LIGHTS[line.light]), line.forecast.value, line.forecast.words,
                line.why, line.entry.standard if line.entry else "", line.entry.clause if line.entry else "",
                timezone.localtime(line.measured.at).strftime("%Y-%m-%d %H:%M") if line.measured else "",
            ]
            for line in found
        ),
    )  # fmt: skip
