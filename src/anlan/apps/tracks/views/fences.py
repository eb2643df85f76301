"""The list of fences, one fence with the carriers it holds, and putting one up."""

from __future__ import annotations

from datetime import time
from typing import Any

import shapely
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_time
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.apps.tracks.models import Carrier, Fence, FenceKind, Watch
from anlan.apps.tracks.queries import drawn
from anlan.apps.tracks.queries import fences as queries
from anlan.apps.tracks.queries.carriers import MANAGE, SEE, carriers_for, findable, seen
from anlan.apps.tracks.rules import rules
from anlan.apps.tracks.services import fences as services
from anlan.apps.tracks.views.carriers import regions_of
from anlan.formats.coordinates import WGS84
from anlan.formats.faults import Refused as FileRefused
from anlan.formats.geofiles.limited import open_features
from anlan.formats.geofiles.limits import Limits
from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, holds, may
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing.queries import alarms_for, latest
from anlan.kernel.sensing.services.devices import Refused
from anlan.kernel.sensing.views import tabs

PAGE = 50
#: Carriers offered on the page of a fence; the search narrows them.
OFFERED = 200
LIMITS = Limits(bytes=2 << 20, seconds=10)
FIELDS = ("name", "kind", "region", "how", "corners", "lon", "lat", "radius_m", "begins", "ends")


@needs(SEE)
@require_safe
def fences(request: HttpRequest) -> HttpResponse:
    """Every fence in force, with how many carriers it holds and whether it is broken."""
    rows = queries.fences_for(request.user)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    levels = drawn.broken([one.pk for one in page])
    context = {
        "page": page, "lines": [(one, levels.get(one.pk)) for one in page], "tabs": tabs(request, "tracks"),
        "may_manage": holds(request.user, MANAGE), "query": "",
    }  # fmt: skip
    return render(request, "tracks/fences.html", context)


def _found(request: HttpRequest, pk: int) -> Fence:
    found = queries.fence_of(request.user, pk) if pk < 2_000_000_000 else None
    if found is None:
        raise Http404
    return found


@needs(SEE)
@require_safe
def fence(request: HttpRequest, pk: int) -> HttpResponse:
    """One fence: its map, the carriers it holds with their distance, its alarms, and choosing carriers."""
    return _page(request, _found(request, pk))


def _page(request: HttpRequest, found: Fence, *, status: int = 200, error: str = "") -> HttpResponse:
    actor = actor_of(request)
    now = timezone.now()
    watches = list(
        Watch.objects.filter(fence=found, ended_at=None, carrier__in=carriers_for(actor).values("pk"))
        .select_related("carrier__region", "carrier__place", "derived__point")
        .defer("carrier__region__boundary")
    )
    places = {one.carrier.pk: one for one in seen([watch.carrier for watch in watches], actor, rules(now), now)}
    readings = latest([watch.derived.point for watch in watches], now)
    alarms = alarms_for(actor).filter(point__derivation__in=Watch.objects.filter(fence=found).values("derived"))
    typed = request.GET.get("q", "")
    manages = may(actor, MANAGE, found.region)
    held = {watch.carrier_id for watch in watches}
    offered = list(findable(carriers_for(actor), typed, actor)[:OFFERED]) if manages else []
    context = {
        "fence": found, "error": error, "q": typed, "may_manage": manages, "tabs": tabs(request, "tracks"),
        "lines": [(watch, places[watch.carrier_id], readings.get(watch.derived.point_id)) for watch in watches],
        "alarms": alarms.order_by("-raised_at")[:20],
        "offered": [(one.carrier, one.name, one.carrier.pk in held) for one in seen(offered, actor, rules(now), now)],
        "most": OFFERED,
    }  # fmt: skip
    return render(request, "tracks/fence.html", context, status=status)


@needs(SEE)
@require_safe
def ground(request: HttpRequest, pk: int) -> JsonResponse:
    """The fence and the last places of the carriers that it holds, as GeoJSON for its map."""
    found = _found(request, pk)
    features: list[Any] = [
        {"type": "Feature", "geometry": queries.drawn(found), "properties": {"kind": "fence", "fence": found.kind}}
    ]
    actor = actor_of(request)
    now = timezone.now()
    mine = drawn.things(actor).filter(watches__fence=found, watches__ended_at=None, place__t_ms__gte=0)
    for one in seen(list(mine[:OFFERED]), actor, rules(now), now):
        place = {"type": "Point", "coordinates": [one.lon, one.lat]}
        facts = {"kind": "last", "old": one.old, "title": one.name, "level": one.level or 0}
        features.append({"type": "Feature", "geometry": place, "properties": facts})
    return JsonResponse({"type": "FeatureCollection", "features": features})


@needs(MANAGE)
def add(request: HttpRequest) -> HttpResponse:
    """The form for a new fence, and putting it up."""
    form = {name: request.POST.get(name, "").strip() for name in FIELDS}
    if request.method != "POST":
        return _add_page(request, form | {"how": "draw", "kind": FenceKind.STAY_IN})
    actor = actor_of(request)
    try:
        region = _region(form["region"], actor)
        made = services.add_fence(
            name=form["name"], kind=form["kind"], region=region, hours=_hours(form), actor=actor, now=timezone.now(),
            **_where(form, request, region),
        )  # fmt: skip
    except (Refused, NotAllowed) as refused:
        return _add_page(request, form, status=422, error=str(refused))
    messages.success(request, _("The fence stands; choose the carriers that it holds."))
    return redirect("tracks:fence", made.pk)


def _add_page(request: HttpRequest, form: dict[str, Any], *, status: int = 200, error: str = "") -> HttpResponse:
    context = {
        "form": form, "error": error, "kinds": FenceKind.choices, "regions": regions_of(actor_of(request)),
        "tabs": tabs(request, "tracks"),
        "hows": (("draw", _("Draw an area")), ("circle", _("Circle")), ("file", _("File")), ("region", _("Region"))),
    }  # fmt: skip
    return render(request, "tracks/fence_add.html", context, status=status)


def _region(code: str, actor: User) -> Region:
    found = next((one for one in regions_of(actor) if one.code == code), None)
    if found is None:
        raise Refused(_("Choose the region"))
    return found


def _hours(form: dict[str, str]) -> tuple[time, time] | None:
    if not form["begins"] and not form["ends"]:
        return None
    try:
        begins, ends = parse_time(form["begins"]), parse_time(form["ends"])
    except ValueError:
        begins = ends = None
    if begins is None or ends is None:
        raise Refused(_("Write both hours, as 08:00 and 18:30, or neither"))
    return begins, ends


def _where(form: dict[str, str], request: HttpRequest, region: Region) -> dict[str, Any]:
    """The ground by the way that was chosen. Raises Refused."""
    if form["how"] == "circle":
        try:
            return {"circle": (float(form["lon"]), float(form["lat"]), float(form["radius_m"]))}
        except ValueError:
            raise Refused(_("A circle has a longitude, a latitude and a radius in metres")) from None
    if form["how"] == "region":
        boundary = Region.objects.filter(pk=region.pk).values_list("boundary", flat=True).first()
        if boundary is None:
            raise Refused(_("No boundary of %(region)s is known") % {"region": region})
        return {"shape": shapely.from_wkb(bytes(boundary)).simplify(0.0001)}
    if form["how"] == "file":
        return {"shape": _from_file(request)}
    return {"shape": _from_corners(form["corners"])}


def _from_corners(text: str) -> Any:
    """A polygon of lines “longitude, latitude”."""
    places = []
    for number, line in enumerate(text.splitlines()[: services.MOST_CORNERS + 1], start=1):
        if not line.strip():
            continue
        try:
            lon, lat = (float(part) for part in line.replace("，", ",").replace(",", " ").split())
        except ValueError:
            raise Refused(_("Line %(n)d: write longitude and latitude, as 104.61, 31.52") % {"n": number}) from None
        places.append((lon, lat))
    if len(places) < 3:
        raise Refused(_("An area has at least three corners"))
    return shapely.Polygon(places)


def _from_file(request: HttpRequest) -> Any:
    """The areas of a GeoJSON, KML or shape file, as one. Raises Refused."""
    file = request.FILES.get("file")
    if file is None:
        raise Refused(_("Choose a file"))
    try:
        features = open_features(file.read(), str(file.name), limits=LIMITS)
    except FileRefused as refused:
        raise Refused(_("The file was not taken: %(why)s") % {"why": refused}) from refused
    if features.system not in ("", WGS84, "CGCS2000"):
        raise Refused(_("The file is in %(system)s; save it in WGS-84") % {"system": features.system})
    areas = [
        one.geometry for one in features.features
        if one.geometry is not None and one.geometry.geom_type in ("Polygon", "MultiPolygon")
    ]  # fmt: skip
    if not areas:
        raise Refused(_("The file holds no area"))
    return shapely.union_all(areas)


@require_POST
def hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Hold the chosen carriers to a fence; those that the page did not show stay as they are."""
    actor = actor_of(request)
    found = _found(request, pk)
    shown, chosen = set(request.POST.getlist("shown")), set(request.POST.getlist("carrier"))
    mine = {one.code: one for one in carriers_for(actor).filter(code__in=shown | chosen)}
    held: list[Carrier] = [
        watch.carrier
        for watch in Watch.objects.filter(fence=found, ended_at=None).select_related("carrier__region")
        if watch.carrier.code not in shown
    ]
    try:
        services.hold(found, [*held, *(mine[code] for code in sorted(chosen) if code in mine)], actor=actor,
                      now=timezone.now())  # fmt: skip
    except Refused as refused:
        return _page(request, found, status=422, error=str(refused))
    messages.success(request, _("The carriers of the fence are chosen."))
    return redirect("tracks:fence", found.pk)


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a fence down."""
    found = _found(request, pk)
    services.end_fence(found, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("The fence is down."))
    return redirect("tracks:fences")
