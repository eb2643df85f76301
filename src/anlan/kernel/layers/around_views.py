"""The circle search over HTTP: JSON for the panel, the things of one row, a workbook or text file, a page to print."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import shapely
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan.formats.tables.writing import Column, Value, Workbook, csv_lines
from anlan.kernel.audit import services as audit
from anlan.kernel.layers import surroundings
from anlan.kernel.layers.asking import BadQuestion, number
from anlan.kernel.layers.people_within import whole
from anlan.kernel.layers.surroundings import Around, Near
from anlan.kernel.people.models import User
from anlan.kernel.regions import queries as regions
from anlan.kernel.web.formatting import COLOURS, NUMERALS
from anlan.science import areas
from anlan.science.areas import Area

#: Radii that the circle search offers, km, and the widest that may be asked for.
RADII_KM = (1, 3, 5, 10)
RADIUS_MAX_M = 50_000.0
#: Corners of a drawn polygon, and how wide it may be, degrees.
MOST_CORNERS, WIDEST = 200, 2.0
#: Things of one row that the panel lists, and of each source that the printed page names.
LISTED, PRINTED = 60, 40


@require_safe
def around(request: HttpRequest) -> JsonResponse:
    """What lies within `r` metres of `lon`, `lat`, or in `polygon`: people, counts by group, the nearest things."""
    try:
        area = area_of(request)
    except BadQuestion as bad:
        return JsonResponse({"why": str(bad)}, status=400)
    found = surroundings.around(request.user, area, now=timezone.now())
    return JsonResponse(
        {
            "radius_m": area.radius_m,
            "area_km2": round(areas.area_km2(area.shape), 3),
            "middle": [round(area.lon, 6), round(area.lat, 6)],
            "people": _people_json(found),
            "groups": [
                {
                    "title": group.title,
                    "count": group.count,
                    "rows": [
                        {
                            "layer": row.source.code,
                            "title": str(row.source.title),
                            "icon": row.source.icon,
                            "count": row.count,
                            "levels": row.levels,
                            "nearest_m": None if row.nearest_m is None else round(row.nearest_m),
                        }
                        for row in group.rows
                    ],
                }
                for group in found.groups
            ],
            "nearest": [_near_json(near) for near in found.nearest],
        }
    )


def _people_json(found: Around) -> dict[str, Any]:
    if found.people is None:
        return {"known": False, "residents": found.residents, "villages": found.villages}
    one = found.people
    return {
        "known": True,
        "day": whole(one.day),
        "night": whole(one.night),
        "cells": one.cells,
        "covered": round(one.covered, 3),
        "as_of": one.as_of.isoformat(),
        "source": one.source,
    }


def _near_json(near: Near) -> dict[str, Any]:
    return {
        "layer": near.layer,
        "id": near.id,
        "title": near.title,
        "note": near.note,
        "level": near.level,
        "distance_m": round(near.distance_m),
        "lon": near.lon,
        "lat": near.lat,
    }


@require_safe
def things(request: HttpRequest) -> JsonResponse:
    """The things of one row (`layer`), the nearest first."""
    try:
        area = area_of(request)
    except BadQuestion as bad:
        return JsonResponse({"why": str(bad)}, status=400)
    wanted = request.GET.get("layer", "")
    source = next((one for one in surroundings.sources(request.user) if one.code == wanted), None)
    if source is None:
        raise Http404
    rows = surroundings.listed(request.user, area, source, now=timezone.now(), most=LISTED)
    return JsonResponse({"rows": [_near_json(near) for near in rows]})


@require_safe
def export(request: HttpRequest, form: str) -> HttpResponse | StreamingHttpResponse:
    """Everything inside as a workbook or a text file; the audit trail keeps who took it."""
    if form not in ("xlsx", "csv"):
        raise Http404
    try:
        area = area_of(request)
    except BadQuestion as bad:
        return HttpResponse(str(bad), status=400, content_type="text/plain; charset=utf-8")
    now = timezone.now()
    assert isinstance(request.user, User)
    audit.record(
        actor=request.user,
        verb="map.around.export",
        obj="map:around",
        region=regions.root(),
        after=_said(request, form),
        note=area_words(area),
        now=now,
    )
    name = f"around-{timezone.localtime(now):%Y%m%d-%H%M}.{form}"
    if form == "csv":
        rows = _rows(request.user, area, now)
        answer: Any = StreamingHttpResponse(csv_lines(_titles(), rows), content_type="text/csv; charset=utf-8")
    else:
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        answer = HttpResponse(_workbook(request.user, area, now), content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _said(request: HttpRequest, form: str) -> dict[str, str]:
    return {
        "form": form,
        **{name: request.GET[name][:400] for name in ("lon", "lat", "r", "polygon") if name in request.GET},
    }


def _titles() -> list[str]:
    return [
        _("Group"), _("Layer"), _("Name"), _("Address"), _("Level"), _("Distance, m"), _("Longitude"), _("Latitude"),
    ]  # fmt: skip


def _rows(actor: Any, area: Area, now: datetime) -> Iterator[list[Value]]:
    for source in surroundings.sources(actor):
        for near in surroundings.listed(actor, area, source, now=now):
            yield [
                str(source.group), str(source.title), near.title, near.note, level_words(near.level),
                round(near.distance_m), round(near.lon, 6), round(near.lat, 6),
            ]  # fmt: skip


def level_words(level: int | None) -> str:
    """A level as a table says it: Ⅱ Orange."""
    return f"{NUMERALS[level]} {COLOURS[level]}" if level else ""


def _workbook(actor: Any, area: Area, now: datetime) -> bytes:
    found = surroundings.around(actor, area, now=now, nearest=0)
    target = io.BytesIO()
    with Workbook(target) as book:
        page = book.page(_("Summary"), [Column(_("What")), Column(_("Count")), Column(_("Nearest, m"))])
        page.row([area_words(area), None, None])
        for words, number_ in people_lines(found):
            page.row([words, number_, None])
        for group in found.groups:
            for row in group.rows:
                nearest = None if row.nearest_m is None else round(row.nearest_m)
                page.row([f"{group.title} · {row.source.title}", row.count, nearest])
        page = book.page(_("Things inside"), [Column(title) for title in _titles()])
        for line in _rows(actor, area, now):
            page.row(line)
    return target.getvalue()


def people_lines(found: Around) -> list[tuple[str, int]]:
    """How many people are inside, in words with the number apart."""
    if found.people is None:
        return [(_("Residents by the seats of villages"), found.residents)]
    return [(_("People by day"), whole(found.people.day)), (_("People by night"), whole(found.people.night))]


def area_words(area: Area) -> str:
    """The area in words: a circle by its middle and radius, a polygon by its size."""
    if area.radius_m is not None:
        far = f"{area.radius_m / 1000:g} km" if area.radius_m >= 1000 else f"{area.radius_m:g} m"
        return _("%(radius)s around %(lon).5f, %(lat).5f") % {"radius": far, "lon": area.lon, "lat": area.lat}
    return _("Drawn area of %(km2).2f km²") % {"km2": areas.area_km2(area.shape)}


@require_safe
def printed(request: HttpRequest) -> HttpResponse:
    """The answer as a page to print."""
    try:
        area = area_of(request)
    except BadQuestion as bad:
        return HttpResponse(str(bad), status=400, content_type="text/plain; charset=utf-8")
    now = timezone.now()
    found = surroundings.around(request.user, area, now=now, nearest=0)
    tables = []
    for group in found.groups:
        for row in group.rows:
            if row.count:
                rows = surroundings.listed(request.user, area, row.source, now=now, most=PRINTED)
                tables.append((group.title, row, rows, row.count - len(rows)))
    query = urlencode({name: value for name, value in request.GET.items() if name in ("lon", "lat", "r", "polygon")})
    context = {
        "found": found,
        "words": area_words(area),
        "people": people_lines(found),
        "tables": tables,
        "query": query,
        "now": now,
    }
    return render(request, "layers/around_print.html", context)


def area_of(request: HttpRequest) -> Area:
    """The circle or polygon of an address. Raises BadQuestion."""
    if text := request.GET.get("polygon", ""):
        return _polygon(text)
    lon = number(request, "lon", -180, 180)
    lat = number(request, "lat", -89, 89)
    return areas.circle(lon, lat, number(request, "r", 10, RADIUS_MAX_M))


def _polygon(text: str) -> Area:
    corners = []
    for part in text.split(";"):
        try:
            lon, lat = (float(value) for value in part.split(","))
        except ValueError:
            raise BadQuestion(_("polygon is corners “lon,lat” with semicolons between them.")) from None
        if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 89):
            raise BadQuestion(_("A corner of the polygon lies outside of the degrees of the Earth."))
        corners.append((lon, lat))
    if not 3 <= len(corners) <= MOST_CORNERS:
        raise BadQuestion(_("A polygon has 3 to %(most)d corners.") % {"most": MOST_CORNERS})
    shape = shapely.Polygon(corners)
    west, south, east, north = shape.bounds
    if max(east - west, north - south) > WIDEST:
        raise BadQuestion(_("The polygon is wider than %(most)g degrees.") % {"most": WIDEST})
    try:
        return areas.polygon(shape)
    except ValueError:
        raise BadQuestion(_("The polygon crosses itself; draw it anew.")) from None
