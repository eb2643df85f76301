"""The page of alarm quality: figures against their targets, by town and site, the worst alarms with acts, the rows."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from anlan.apps.monitoring import quality
from anlan.kernel.people.rights import may
from anlan.kernel.regions import queries as regions
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing import queries as sensing
from anlan.kernel.sensing import shelving
from anlan.kernel.sensing.models import Point
from anlan.kernel.sensing.views import PAGE, tabs
from anlan.kernel.sensing.words import rule_title
from anlan.kernel.web.formatting import span
from anlan.kernel.web.gate import holds

#: Panes of ten minutes that share a bar of the chart.
PANES_A_BAR = {"day": 1, "week": 6, "month": 36}

#: What a cell of a table may begin with in a spreadsheet without being reckoned (S10).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the address asks for: a period, a place and everything reckoned of them."""

    period: quality.Period
    town: str
    site: str
    alarms: quality.Alarms
    stale: list[tuple[int, int, int]]  # (alarm, point, region)
    targets: dict[str, Entry]
    levels: dict[str, Any]
    flood: quality.Floods | None

    def figures(self) -> quality.Figures:
        return quality.figures(self.alarms, self.period, self.flood, len(self.stale), self.levels)

    def address(self, name: str = "monitoring:quality", **more: Any) -> str:
        """The same period and place at another page, or with something changed."""
        asked = {"period": self.period.kind, "day": self.period.first.isoformat(), "town": self.town, "site": self.site}
        given = {key: value for key, value in (asked | more).items() if value not in ("", None)}
        return f"{reverse(name)}?{urlencode(given)}"


def _asked(request: HttpRequest) -> _Asked:
    now = timezone.now()
    kind = request.GET.get("period", "")
    period = quality.period_of(kind if kind in quality.PERIODS else "day", _day(request, now), now)
    town, site = request.GET.get("town", ""), request.GET.get("site", "")
    rows = quality.heard(request.user, town=town, site=site)
    targets = quality.targets(now)
    after_s = quality.stale_after_s(now)
    stale = quality.stale(rows, period, after_s).values_list("pk", "point_id", "region_id") if after_s else ()
    return _Asked(
        period,
        town,
        site,
        quality.read(rows, period),
        list(stale),
        targets,
        {measure: entry.body.get("levels") for measure, entry in targets.items()},
        quality.flood_rule(now),
    )


def _day(request: HttpRequest, now: datetime) -> date:
    try:
        asked = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return timezone.localdate(now)
    return min(max(asked, date(2000, 1, 3)), date(2999, 1, 1))


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Every figure of the period and place against its target, with its source and the alarms behind it."""
    if not holds(request.user, "alarm.see"):
        return render(request, "web/denied.html", status=403)
    asked = _asked(request)
    found = asked.figures()
    towns, sites = quality.by_place(
        asked.alarms, [(point, region) for _pk, point, region in asked.stale], asked.period, asked.flood, asked.levels
    )
    if request.GET.get("as") == "csv":
        return _table(asked, found, towns, sites)
    context = {
        "period": asked.period,
        "periods": [
            (code, label, asked.address(period=code), code == asked.period.kind)
            for code, label in (("day", pgettext("length of time", "Day")), ("week", _("Week")), ("month", _("Month")))
        ],
        "before": asked.address(day=asked.period.before.isoformat()),
        "after": asked.address(day=asked.period.after.isoformat()),
        "runs": asked.period.until < asked.period.end,
        "place": _place_name(asked),
        "everything": asked.address(town="", site=""),
        "narrowed": bool(asked.town or asked.site),
        "figures": found,
        "tiles": _tiles(asked, found),
        "all_url": asked.address("monitoring:quality_rows", measure="all"),
        "late_url": asked.address("monitoring:quality_rows", measure="late"),
        "bars": _bars(asked, found),
        "flood": asked.flood,
        "towns": [_line(place, asked.address(town=place.code, site="")) for place in towns],
        "sites": [_line(place, asked.address(site=place.code)) for place in sites],
        "worst": _worst(request, asked),
        "shelvings": quality.shelvings(request.user, asked.period, town=asked.town, site=asked.site),
        "csv_url": asked.address(**{"as": "csv"}),
        "now": timezone.now(),
        "tabs": tabs(request, "quality"),
    }
    return render(request, "monitoring/quality.html", context)


def _place_name(asked: _Asked) -> str:
    if asked.site:
        name = Point.records.filter(site_ref=asked.site).values_list("site_name", flat=True).first()
        return name or asked.site
    node = regions.tree().by_path.get(asked.town) if asked.town else regions.tree().root()
    return node.name if node is not None else ""


def _labels() -> dict[str, str]:
    return {
        "average": _("Alarms in 10 min, on average"),
        "peak": _("Most alarms in 10 min"),
        "flood": _("Share of time in flood"),
        "chattering": _("Chattering points"),
        "stale": _("Stale alarms"),
        "top": _("Share of the ten most frequent"),
        "low": _("Level Ⅳ"),
        "medium": _("Level Ⅲ"),
        "high": _("Levels Ⅱ and Ⅰ"),
        "answered": _("Answered in time"),
        "median": _("Median time to answer"),
    }


def _value(found: quality.Figures, measure: str) -> float | None:
    value = found.median_s if measure == "median" else getattr(found, measure)
    return None if value is None else float(value)


def shown(measure: str, value: float | None) -> str:
    """A figure in words: "3.1 %", "0.42", "2 min 05 s"; "—" where there is nothing to say it of."""
    if value is None:
        return "—"
    if measure in quality.SHARES:
        return f"{value * 100:.1f} %"
    if measure == "median":
        return span(value)
    return f"{value:.2f}" if measure == "average" else f"{value:.0f}"


def _tiles(asked: _Asked, found: quality.Figures) -> list[dict[str, Any]]:
    signs = {"at_most": "≤", "below": "<", "at_least": "≥"}
    tiles = []
    for measure, label in _labels().items():
        entry = asked.targets.get(measure)
        value = _value(found, measure)
        target = ""
        if entry is not None:
            number = float(entry.body["target"])
            said = f"{number * 100:g} %" if measure in quality.SHARES else f"{number:g}"
            target = f"{signs[entry.body['relation']]} {said}"
        tiles.append(
            {
                "measure": measure,
                "label": label,
                "value": shown(measure, value),
                "target": target,
                "good": quality.is_good(value, entry),
                "entry": entry,
                "url": asked.address("monitoring:quality_rows", measure=measure),
            }
        )
    return tiles


def _line(place: quality.Place, url: str) -> dict[str, Any]:
    """A row of the table of towns or sites; every number leads to the alarms behind it."""
    cells = []
    for measure in ("all", "average", "peak", "flood", "chattering", "stale", "top", "high", "answered", "median"):
        if measure == "all":
            text = str(place.figures.n)
        else:
            text = shown(measure, _value(place.figures, measure))
        cells.append((text, f"{reverse('monitoring:quality_rows')}?{url.partition('?')[2]}&measure={measure}"))
    return {"place": place, "url": url, "cells": cells}


def _bars(asked: _Asked, found: quality.Figures) -> dict[str, Any]:
    """The chart of alarms in ten minutes: the greatest pane of each bar, with the alarms behind it."""
    pane_s = asked.flood.pane_s if asked.flood is not None else 600.0
    together = PANES_A_BAR[asked.period.kind]
    whole = int(np.ceil((asked.period.end - asked.period.start).total_seconds() / pane_s / together))
    begin = asked.flood.begin if asked.flood is not None else 0
    top = max(found.peak, round(begin * 1.5), 1)
    start = asked.period.start.timestamp()
    bars = []
    for i in range(whole):
        panes = found.panes[i * together : (i + 1) * together]
        if not panes.size or not panes.any():
            continue
        left = start + i * together * pane_s
        url = asked.address(
            "monitoring:quality_rows", measure="all", begin=int(left), end=int(left + together * pane_s)
        )
        flooded = bool(found.flooded[i * together : (i + 1) * together].any())
        height = 100 * float(panes.max()) / top
        bars.append({"x": i, "y": 100 - height, "h": height, "n": int(panes.max()), "flood": flooded, "url": url,
                     "at": datetime.fromtimestamp(left, asked.period.start.tzinfo)})  # fmt: skip
    return {"bars": bars, "width": whole, "top": top, "line": 100 - 100 * begin / top if begin else None}


def _worst(request: HttpRequest, asked: _Asked) -> list[dict[str, Any]]:
    """The most frequent alarms (bad actors), each with what can be done about it."""
    named = quality.most_frequent(asked.alarms)
    points = Point.records.select_related("region").in_bulk({point for point, _entry, _n in named})
    entries = Entry.objects.in_bulk({entry for _point, entry, _n in named})
    still_open = {
        (alarm.point_id, alarm.entry_id): alarm
        for alarm in quality.heard(request.user)
        .filter(point_id__in=points, entry_id__in=entries, closed_at=None)
        .only("point_id", "entry_id", "shelved_until")
    }
    rows = []
    for point_id, entry_id, n in named:
        point, entry = points[point_id], entries[entry_id]
        open_one = still_open.get((point_id, entry_id))
        here = (asked.alarms.point == point_id) & (asked.alarms.entry == entry_id)
        rows.append(
            {
                "point": point,
                "entry": entry,
                "title": rule_title(entry),
                "n": n,
                "share": shown("top", n / len(asked.alarms)),
                "chattering": bool(asked.alarms.chattering[here].any()),
                "level": int(asked.alarms.level[here].min()),
                "open": open_one,
                "may_shelve": open_one is not None and may(request.user, shelving.VERB, point.region),
                "rows_url": asked.address("monitoring:quality_rows", measure="all", point=point_id, entry=entry_id),
                "change_url": _change_url(entry),
            }
        )
    return rows


def _change_url(entry: Entry) -> str:
    """Where a changed rule is proposed; "" where there is no such page."""
    try:
        return reverse("sensing:rule", args=[entry.code])
    except NoReverseMatch:
        return ""


@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """The alarms behind one figure."""
    if not holds(request.user, "alarm.see"):
        return render(request, "web/denied.html", status=403)
    asked = _asked(request)
    measure = request.GET.get("measure", "all")
    if measure == "stale":
        chosen = [pk for pk, _point, _region in asked.stale]
    else:
        try:
            mask = quality.behind(measure, asked.alarms, asked.period, asked.flood, asked.levels)
        except KeyError:
            raise Http404 from None
        chosen = asked.alarms.where(mask & _narrowed(request, asked.alarms)).pk.tolist()
    listed = Paginator(chosen[::-1], PAGE).get_page(request.GET.get("page"))
    found = sensing.alarms_for(request.user).select_related("first__point").in_bulk(list(listed))
    params = request.GET.copy()
    params.pop("page", None)
    labels = _labels() | {"all": _("All alarms"), "late": _("Not answered in time")}
    context = {
        "period": asked.period,
        "label": labels.get(measure, measure),
        "place": _place_name(asked),
        "page": listed,
        "rows": [found[pk] for pk in listed if pk in found],
        "query": params.urlencode(),
        "back": asked.address(),
        "tabs": tabs(request, "quality"),
    }
    return render(request, "monitoring/quality_rows.html", context)


def _narrowed(request: HttpRequest, alarms: quality.Alarms) -> Any:
    """One point and rule of them, or those of one bar of the chart."""
    mask = np.ones(len(alarms), np.bool_)
    for name, column in (("point", alarms.point), ("entry", alarms.entry)):
        if (number := _number(request, name)) is not None:
            mask &= column == number
    if (begin := _number(request, "begin")) is not None:
        mask &= alarms.raised >= begin
    if (end := _number(request, "end")) is not None:
        mask &= alarms.raised < end
    return mask


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _table(
    asked: _Asked, found: quality.Figures, towns: Sequence[quality.Place], sites: Sequence[quality.Place]
) -> HttpResponse:
    """The figures as a table for a spreadsheet: the whole, each town, each site. Shares are 0 to 1, times seconds."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"alarm-quality-{asked.period.kind}-{asked.period.first.isoformat()}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.write("\ufeff")  # so that a spreadsheet reads it as UTF-8
    out = csv.writer(answer)
    labels = _labels()
    out.writerow([_("Place"), _("Name"), _("Alarms"), *labels.values()])
    out.writerow([_("Target"), "", "", *(_target(asked.targets.get(measure)) for measure in labels)])
    whole = quality.Place("", _place_name(asked), found)
    places = [(_("Whole"), whole), *((_("Town"), one) for one in towns), *((_("Site"), one) for one in sites)]
    for kind, place in places:
        values = [_value(place.figures, measure) for measure in labels]
        figures = ["" if value is None else f"{value:.6g}" for value in values]
        out.writerow([kind, _safe(place.name), place.figures.n, *figures])
    return answer


def _target(entry: Entry | None) -> str:
    return "" if entry is None else f"{entry.body['relation']} {entry.body['target']:g}"


def _safe(text: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
