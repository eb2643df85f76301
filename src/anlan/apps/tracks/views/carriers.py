"""The list of carriers, and one carrier with its trail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from anlan.apps.tracks.models import Carrier, CarrierKind, System
from anlan.apps.tracks.queries import carriers as queries
from anlan.apps.tracks.queries import trails
from anlan.apps.tracks.queries.fences import fences_for
from anlan.apps.tracks.rules import Rules, rules
from anlan.apps.tracks.services import carriers as services
from anlan.apps.tracks.services.looks import looked
from anlan.formats import gpx
from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, holds
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.scope import reach, within
from anlan.kernel.registers.declarations import declared
from anlan.kernel.sensing.models import Device
from anlan.kernel.sensing.queries import devices_for, moment
from anlan.kernel.sensing.services.devices import Refused
from anlan.kernel.sensing.store import ColdMissing, open_store
from anlan.kernel.sensing.views import tabs
from anlan.kernel.web.formatting import bureau_time
from anlan.kernel.web.refs import label_of, may_see, ref_of, resolve, url_of
from anlan.kernel.web.sheets import csv_sheet
from anlan.science.tracks import FINE, NO_FIX, steps_m

PAGE = 50
#: Positions on a page of the table, and metres that a trail on a carrier's page may be off.
POSITIONS, TOLERANCE_M = 100, 5.0
#: Hours that a carrier's page offers; exports go as far.
SPANS = ((1, gettext_lazy("1 hour")), (6, gettext_lazy("6 hours")), (24, gettext_lazy("24 hours")),
         (72, gettext_lazy("3 days")), (168, gettext_lazy("7 days")))  # fmt: skip
STATES = (("live", gettext_lazy("Place known")), ("old", gettext_lazy("Place old")),
          ("doubt", gettext_lazy("Place doubtful")), ("never", gettext_lazy("No place yet")))  # fmt: skip


@require_safe
def carriers(request: HttpRequest) -> HttpResponse:
    """Every carrier with its last place, its age and speed; by kind, state and text; as a sheet with `as=csv`."""
    actor = _actor(request)
    if actor is None:
        return render(request, "web/denied.html", status=403)
    now = timezone.now()
    held = rules(now)
    asked = {name: request.GET.get(name, "") for name in ("q", "kind", "state")}
    rows = queries.carriers_for(actor)
    if asked["kind"] in CarrierKind.values:
        rows = rows.filter(kind=asked["kind"])
    mine = queries.findable(rows, asked["q"], actor)
    whole = request.GET.get("as") == "csv"
    if asked["state"] in dict(STATES) or whole:
        every = queries.seen(list(mine), actor, held, now)
        found: Any = [one for one in every if asked["state"] in ("", one.state)]
        if whole:
            return _sheet(found, actor, now)
        page = Paginator(found, PAGE).get_page(request.GET.get("page"))
        lines = list(page)
    else:
        page = Paginator(mine, PAGE).get_page(request.GET.get("page"))
        lines = queries.seen(list(page), actor, held, now)
    params = request.GET.copy()
    params.pop("page", None)
    context = {
        "page": page, "lines": lines, "asked": asked, "kinds": _kinds(actor), "states": STATES,
        "filtered": any(asked.values()), "query": params.urlencode(), "tabs": tabs(request, "tracks"),
        "may_manage": holds(actor, queries.MANAGE), "may_share": holds(actor, "track.share"),
    }  # fmt: skip
    return render(request, "tracks/carriers.html", context)


def _actor(request: HttpRequest) -> User | None:
    """The viewer, if they may see any carrier at all."""
    user = request.user
    return actor_of(request) if holds(user, queries.SEE) or holds(user, queries.SEE_PERSON) else None


def _kinds(actor: User) -> list[tuple[str, Any]]:
    persons = holds(actor, queries.SEE_PERSON)
    return [(code, label) for code, label in CarrierKind.choices if persons or code != CarrierKind.PERSON]


def _sheet(found: list[queries.Seen], actor: User, now: datetime) -> HttpResponse:
    head = [
        _("Code"), _("Name"), _("Kind"), _("Region"), _("Last place"), _("Longitude"), _("Latitude"),
        _("Speed (km/h)"), _("State"),
    ]  # fmt: skip
    with transaction.atomic():
        for one in found:
            looked(one.carrier, actor=actor, now=now, what="list", verb="track.export")
    states = dict(STATES)
    rows = (
        [
            one.carrier.code, one.name, one.carrier.get_kind_display(), str(one.carrier.region),
            bureau_time(one.at, seconds=True) if one.at else "", one.lon, one.lat, one.speed_kmh,
            " · ".join(part for part in (str(states[one.state]), one.doubt) if part),
        ]
        for one in found
    )  # fmt: skip
    return csv_sheet("carriers", head, rows)


# --- one carrier ---------------------------------------------------------------------------------------------------


def _found(request: HttpRequest, code: str) -> tuple[User, Carrier]:
    actor = _actor(request)
    found = queries.carrier_of(actor, code) if actor is not None else None
    if actor is None or found is None:
        raise Http404
    return actor, found


def _span(request: HttpRequest, now: datetime) -> tuple[int, int, int]:
    """Hours, and from and to in epoch ms."""
    text = request.GET.get("hours", "")
    hours = int(text) if text.isascii() and text.isdigit() and int(text) in dict(SPANS) else 24
    return hours, round((now - timedelta(hours=hours)).timestamp() * 1000), round(now.timestamp() * 1000)


@never_cache
@require_safe
def carrier(request: HttpRequest, code: str) -> HttpResponse:
    """One carrier: where it is, its trail on a map, its positions in a table, its fences."""
    actor, found = _found(request, code)
    now = timezone.now()
    held = rules(now)
    looked(found, actor=actor, now=now, what="page")
    hours, from_ms, to_ms = _span(request, now)
    (one,) = queries.seen([found], actor, held, now)
    try:
        positions = list(_positions(found, from_ms, to_ms, held))
        missing = ""
    except ColdMissing as why:
        positions, missing = [], str(why)
    positions.reverse()
    page = Paginator(positions, POSITIONS).get_page(request.GET.get("page"))
    believed = [row for row in positions if row["mark"] == FINE]
    params = request.GET.copy()
    params.pop("page", None)
    context = {
        "carrier": found, "one": one, "hours": hours, "spans": SPANS, "page": page, "query": params.urlencode(),
        "total": len(positions), "doubted": len(positions) - len(believed), "missing": missing,
        "km": _way_km(believed), "fences": fences_for(actor).filter(watches__carrier=found, watches__ended_at=None),
        "unit": _unit(found, actor), "may_manage": services.may_manage(actor, found), "systems": System.choices,
        "tabs": tabs(request, "tracks"), "error": "", "form": _form_of(found),
    }  # fmt: skip
    return render(request, "tracks/carrier.html", context)


def _form_of(found: Carrier) -> dict[str, str]:
    return {"name": found.name, "system": found.system, "unit": _unit_code(found)}


def _unit(found: Carrier, actor: User) -> dict[str, str] | None:
    if not found.unit_ref or not may_see(actor, found.unit_ref):
        return None
    return {"label": label_of(found.unit_ref), "url": url_of(found.unit_ref)}


def _positions(found: Carrier, from_ms: int, to_ms: int, held: Rules) -> Iterator[dict[str, Any]]:
    """Rows of the table in order of time, with what was said at the same time. Raises ColdMissing."""
    store = open_store()
    trail = trails.trail_of(found, store, from_ms, to_ms, held)
    more = {
        name: _by_time(store.readings(point, from_ms, to_ms))
        for name, point in (("speed", found.speed_id), ("course", found.course_id), ("accuracy", found.accuracy_id))
        if point is not None
    }
    columns = (trail.t, trail.lon, trail.lat, trail.marks)
    for t, lon, lat, mark in zip(*(column.tolist() for column in columns), strict=True):
        known = mark != NO_FIX and not np.isnan(lon)
        yield {
            "t": t, "at": moment(t), "lon": lon if known else None, "lat": lat if known else None, "mark": mark,
            "doubt": queries.doubt_words(mark), **{name: values.get(t) for name, values in more.items()},
        }  # fmt: skip


def _by_time(columns: Any) -> dict[int, float]:
    good = (columns.quality < 2) & ~np.isnan(columns.value)
    return dict(zip(columns.t[good].tolist(), columns.value[good].tolist(), strict=True))


def _way_km(believed: list[dict[str, Any]]) -> float:
    """The way that was driven, from place to place."""
    return float(steps_m([row["lon"] for row in believed], [row["lat"] for row in believed]).sum() / 1000)


@never_cache
@require_safe
def trail(request: HttpRequest, code: str) -> JsonResponse:
    """The trail of a span as GeoJSON: lines cut where nothing was heard, doubted places, the last place."""
    actor, found = _found(request, code)
    now = timezone.now()
    held = rules(now)
    looked(found, actor=actor, now=now, what="trail", again=False)
    _hours, from_ms, to_ms = _span(request, now)
    try:
        whole = trails.trail_of(found, open_store(), from_ms, to_ms, held)
    except ColdMissing as why:
        return JsonResponse({"why": str(why)}, status=503)
    kept = whole.believed()
    drawn = trails.lines(whole, held.stale_s[found.kind], TOLERANCE_M)
    features = [_feature("MultiLineString", drawn, kind="trail")] if drawn else []
    doubted = (whole.marks != FINE) & (whole.marks != NO_FIX) & (np.abs(whole.lat) <= 90) & (np.abs(whole.lon) <= 180)
    places = np.column_stack((whole.lon[doubted], whole.lat[doubted]))[-200:]
    features += [_feature("Point", [round(x, 6), round(y, 6)], kind="doubt") for x, y in places.tolist()]
    if kept.t.size:
        last = [round(float(kept.lon[-1]), 6), round(float(kept.lat[-1]), 6)]
        old = to_ms - int(kept.t[-1]) > held.stale_s[found.kind] * 1000
        features.append(_feature("Point", last, kind="last", old=old, t=int(kept.t[-1])))
    return JsonResponse({"type": "FeatureCollection", "features": features})


def _feature(geometry: str, coordinates: Any, **facts: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": geometry, "coordinates": coordinates}, "properties": facts}


@require_safe
def as_gpx(request: HttpRequest, code: str) -> HttpResponse:
    """The believed places of a span as a GPX file, a segment between two silences."""
    actor, found = _found(request, code)
    now = timezone.now()
    held = rules(now)
    _hours, from_ms, to_ms = _span(request, now)
    try:
        kept = trails.trail_of(found, open_store(), from_ms, to_ms, held).believed()
    except ColdMissing as why:
        return HttpResponse(str(why), status=503, content_type="text/plain; charset=utf-8")
    looked(found, actor=actor, now=now, what="gpx", verb="track.export")
    parts = tuple(
        tuple(
            gpx.Fix(float(kept.lat[row]), float(kept.lon[row]), at=moment(int(kept.t[row])))
            for row in range(part.start, part.stop)
        )
        for part in trails.segments(kept, held.stale_s[found.kind])
    )
    body = gpx.write(gpx.Gpx(tracks=(gpx.Track(queries.name_for(found, actor), parts),) if parts else ()))
    answer = HttpResponse(body, content_type="application/gpx+xml")
    answer["Content-Disposition"] = f'attachment; filename="{found.code}.gpx"'
    return answer


@require_safe
def as_csv(request: HttpRequest, code: str) -> HttpResponse:
    """Every position of a span as a sheet, those that were not believed with the reason."""
    actor, found = _found(request, code)
    now = timezone.now()
    _hours, from_ms, to_ms = _span(request, now)
    head = [_("Time"), _("Longitude"), _("Latitude"), _("Speed (km/h)"), _("Course"), _("Accuracy (m)"), _("Remark")]
    try:
        rows = [
            [bureau_time(row["at"], seconds=True), row["lon"], row["lat"], row.get("speed"), row.get("course"),
             row.get("accuracy"), row["doubt"]]
            for row in _positions(found, from_ms, to_ms, rules(now))
        ]  # fmt: skip
    except ColdMissing as why:
        return HttpResponse(str(why), status=503, content_type="text/plain; charset=utf-8")
    looked(found, actor=actor, now=now, what="csv", verb="track.export")
    return csv_sheet(f"trail-{found.code}", head, rows)


# --- entering and changing -----------------------------------------------------------------------------------------

FIELDS = ("code", "name", "kind", "region", "device", "uid", "system", "unit", "period_s")


@needs(queries.MANAGE)
def add(request: HttpRequest) -> HttpResponse:
    """The form for a new carrier, and entering it."""
    actor = actor_of(request)
    form = {name: request.POST.get(name, "").strip() for name in FIELDS}
    if request.method != "POST":
        form["device"] = form["code"] = request.GET.get("device", "")[:60]
        return _add_page(request, form)
    try:
        made = services.add_carrier(
            code=form["code"], name=form["name"], kind=form["kind"], region=_region(form["region"], actor),
            device=_device(form["device"], actor), uid=form["uid"][:60], system=form["system"],
            unit_ref=_unit_ref(form["unit"], actor), period_s=_whole(form["period_s"] or "30"), actor=actor,
            now=timezone.now(),
        )  # fmt: skip
    except (Refused, NotAllowed) as refused:
        return _add_page(request, form, status=422, error=str(refused))
    messages.success(request, _("%(name)s stands on the map once it sends a position.") % {"name": made.name})
    return redirect("tracks:carrier", made.code)


def _add_page(request: HttpRequest, form: dict[str, str], *, status: int = 200, error: str = "") -> HttpResponse:
    actor = actor_of(request)
    context = {
        "form": form, "error": error, "kinds": _kinds(actor), "systems": System.choices, "regions": regions_of(actor),
        "tabs": tabs(request, "tracks"),
    }  # fmt: skip
    return render(request, "tracks/add.html", context, status=status)


@require_POST
def change(request: HttpRequest, code: str) -> HttpResponse:
    """Another name, unit or system of coordinates."""
    actor, found = _found(request, code)
    form = {name: request.POST.get(name, "").strip() for name in ("name", "system", "unit")}
    try:
        services.change_carrier(
            found, name=form["name"], system=form["system"], unit_ref=_unit_ref(form["unit"], actor), actor=actor,
            now=timezone.now(),
        )  # fmt: skip
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Changed."))
    return redirect("tracks:carrier", found.code)


@require_POST
def end(request: HttpRequest, code: str) -> HttpResponse:
    """Take it out of use."""
    actor, found = _found(request, code)
    services.end_carrier(found, actor=actor, now=timezone.now())
    messages.success(request, _("%(code)s is out of use; its positions stay in history.") % {"code": found.code})
    return redirect("tracks:carriers")


def regions_of(actor: User) -> list[Region]:
    """Regions in which the actor enters carriers and fences, down to towns."""
    rows = Region.objects.filter(within(reach(actor, queries.MANAGE), "path"), level__in=("county", "town"))
    return list(rows.defer("boundary").order_by("path"))


def _region(code: str, actor: User) -> Region:
    found = Region.objects.filter(within(reach(actor, queries.MANAGE), "path"), code=code).defer("boundary").first()
    if found is None:
        raise Refused(_("Choose the region"))
    return found


def _device(code: str, actor: User) -> Device:
    # Whoever enters carriers need not manage devices, but sees only those of the own region.
    rows = devices_for(actor) if holds(actor, "device.manage") else Device.objects.for_actor(actor, queries.MANAGE)
    found: Device | None = rows.filter(code=code).first()
    if found is None:
        raise Refused(_("There is no device “%(code)s”: register it first") % {"code": code})
    return found


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _unit_ref(code: str, actor: User) -> str:
    """The ref of a record of a public register by its code, "" for none. Raises Refused."""
    if not code:
        return ""
    for register in declared():
        if code.upper().startswith(register.prefix) and holds(actor, register.see):
            row = register.model.records.filter(code=code.upper()).first()
            if row is not None and may_see(actor, ref_of(row)):
                return ref_of(row)
    raise Refused(_("There is no record %(code)s among those that you may see") % {"code": code})


def _unit_code(found: Carrier) -> str:
    row = resolve(found.unit_ref) if found.unit_ref else None
    return str(getattr(row, "code", "")) if row is not None else ""
