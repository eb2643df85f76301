"""The map desk (一张图): the page, its towns coloured by their highest open alarm, and the bars of its time slider."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import shapely
from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from anlan.kernel.layers import queries
from anlan.kernel.layers.around_views import RADII_KM
from anlan.kernel.layers.declarations import Layer, LegendItem, Window, declare
from anlan.kernel.people.rights import holds
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.regions.scope import reach, within
from anlan.kernel.sensing.models import Alarm
from anlan.kernel.web.formatting import COLOURS, NUMERALS

#: One bar of the slider.
BAR = timedelta(minutes=15)
HOURS = 24
#: Level changes lettered on the slider; more would stand on each other.
TICKS = 24
#: Outlines of towns are thinned by this many degrees (about 30 m), which no screen can tell at county scale.
THIN_DEGREES = 0.0003


@require_safe
def map_page(request: HttpRequest) -> HttpResponse:
    """The page. `?at=lon,lat,zoom` looks at a place, `?open=layer:id` opens a card."""
    if not queries.visible(request.user):
        return render(request, "web/denied.html", status=403)
    ground = settings.DATA / "ground"
    context = {
        "bounds": queries.ground_bounds(),
        "has_hillshade": (ground / "hillshade.png").is_file(),
        "has_dark": (ground / "hillshade-dark.png").is_file(),
        "radii": RADII_KM,
        "sees_alarms": holds(request.user, "alarm.see"),
    }
    return render(request, "desks/map.html", context)


@require_safe
def timeline(request: HttpRequest) -> JsonResponse:
    """The last 24 hours for the slider: alarms raised in each quarter of an hour, and the gravest of them lettered."""
    now = timezone.now()
    start = now - timedelta(hours=HOURS)
    rows = (
        Alarm.objects.for_actor(request.user, "alarm.see")
        .filter(retrospective=False, raised_at__gte=start, raised_at__lte=now)
        .order_by("raised_at")
        .values_list("raised_at", "level_max", "title", "id")
    )
    return JsonResponse(bars(rows, start, now))


def bars(rows: Iterable[tuple[datetime, int, str, int]], start: datetime, now: datetime) -> dict[str, Any]:
    """Counts by quarter of an hour and the lettered ticks, gravest first and then newest.

    rows   (raised, level, title, id) with start <= raised <= now
    start  the left end of the slider; `now` is the right end; both aware UTC
    """
    counts = [0] * int((now - start) / BAR)
    ticks: list[dict[str, Any]] = []
    for raised, level, title, pk in rows:
        counts[min(int((raised - start) / BAR), len(counts) - 1)] += 1
        ticks.append({"t": _ms(raised), "level": level, "title": title, "id": str(pk)})
    ticks.sort(key=lambda tick: (tick["level"], -tick["t"]))
    return {"from": _ms(start), "to": _ms(now), "bar_ms": BAR // timedelta(milliseconds=1), "bars": counts,
            "ticks": ticks[:TICKS]}  # fmt: skip


def town_levels(actor: Any, at: datetime | None) -> dict[str, int]:
    """Path of a town → the gravest level of its alarms open then; towns without one are left out.

    at  None is now
    """
    alarms = Alarm.objects.for_actor(actor, "alarm.see").filter(retrospective=False)
    if at is None:
        alarms = alarms.filter(closed_at=None, cleared_at=None)
    else:
        later = Q(cleared_at=None) | Q(cleared_at__gt=at)
        alarms = alarms.filter(later, Q(closed_at=None) | Q(closed_at__gt=at), raised_at__lte=at)
    towns = dict(Region.objects.filter(level=Level.TOWN).values_list("path", "id"))
    found: dict[str, int] = {}
    for path, level in alarms.order_by().values_list("region__path", "level").distinct():
        for town in towns:
            if path.startswith(town):
                found[town] = min(level, found.get(town, 9))
    return found


def towns(actor: Any, window: Window) -> dict[str, Any]:
    """GeoJSON of the towns that have an open alarm, filled by its level."""
    levels = town_levels(actor, window.at)
    prefixes = reach(actor, "alarm.see")
    rows = Region.objects.filter(within(prefixes, "path"), level=Level.TOWN, path__in=list(levels))
    features = []
    for pk, path, name in rows.values_list("id", "path", "name"):
        outline = _outline(pk)
        if outline is not None:
            level = levels[path]
            title = f"{name} · {NUMERALS[level]} {COLOURS[level]}"
            facts = {"id": str(pk), "title": title, "level": level}
            features.append({"type": "Feature", "geometry": outline, "properties": facts})
    return {"type": "FeatureCollection", "features": features}


@lru_cache(maxsize=256)
def _outline(pk: int) -> dict[str, Any] | None:
    boundary = Region.objects.values_list("boundary", flat=True).get(pk=pk)
    if boundary is None:
        return None
    shape = shapely.simplify(shapely.from_wkb(bytes(boundary)), THIN_DEGREES)
    return shapely.geometry.mapping(shapely.set_precision(shape, 1e-5))


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def declare_layers() -> None:
    """The layers that belong to the desk itself; called once at start."""
    declare(
        Layer(
            code="towns",
            title=_("Towns by highest open alarm"),
            group=_("Live"),
            verb="alarm.see",
            source=towns,
            legend=tuple(LegendItem(str(level), COLOURS[level], level) for level in COLOURS),
            draw="fill",
            icon="map",
            count=lambda actor: len(town_levels(actor, None)),
            events=("alarm.",),
            past=True,
            around=False,
            order=15,
        )
    )
