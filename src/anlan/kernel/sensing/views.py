"""Pages of the monitoring engineer: points and their curves, readings set aside, devices and their keys."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from anlan.kernel.people.rights import NotAllowed, may
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.scope import reach, within
from anlan.kernel.sensing import queries, services
from anlan.kernel.sensing.conditions import beside_limits, severities_of
from anlan.kernel.sensing.door.mapped import MAPPED
from anlan.kernel.sensing.models import Device, Point, PointKind
from anlan.kernel.sensing.pages import registered
from anlan.kernel.sensing.services import set_aside as aside
from anlan.kernel.sensing.store import Busy, Full, SetAside, open_store
from anlan.kernel.sensing.store.cold import arrow
from anlan.kernel.sensing.words import MESSAGE_FAULTS, reason_words
from anlan.kernel.web.gate import holds

PAGE = 50

#: What the buttons above a curve offer: hours and words.
SPANS = (
    (1, gettext_lazy("1 hour")),
    (24, gettext_lazy("24 hours")),
    (24 * 7, gettext_lazy("7 days")),
    (24 * 30, gettext_lazy("30 days")),
    (24 * 365, gettext_lazy("1 year")),
)


# --- points -------------------------------------------------------------------------------------------------------


@require_safe
def points(request: HttpRequest) -> HttpResponse:
    """All points in reach with their newest value and its age; by kind, state and text."""
    if not holds(request.user, "point.see"):
        return render(request, "web/denied.html", status=403)
    now = timezone.now()
    kind, typed, state = (request.GET.get(name, "") for name in ("kind", "q", "state"))
    rows = queries.find_points(queries.measuring_for(request.user), typed)
    if kind in PointKind.values:
        rows = rows.filter(kind=kind)
    if state == "alarm":
        rows = rows.filter(queries.with_open_alarm())
    rows = rows.order_by("code")
    chosen = queries.silent_ones(list(rows), now) if state == "silent" else rows
    page = Paginator(chosen, PAGE).get_page(request.GET.get("page"))
    here: list[Point] = list(page)
    readings = queries.latest(here, now)
    levels = queries.open_levels(here)
    params = request.GET.copy()
    params.pop("page", None)
    context = {
        "page": page,
        "rows": [(point, readings.get(point.pk), levels.get(point.pk)) for point in here],
        "kinds": PointKind.choices,
        "kind": kind,
        "q": typed,
        "state": state,
        "states": [("alarm", _("With an open alarm")), ("silent", _("Silent"))],
        "query": params.urlencode(),
        "filtered": bool(kind or typed or state),
        "tabs": tabs(request, "points"),
    }
    return render(request, "sensing/points.html", context)


@require_safe
def point(request: HttpRequest, code: str) -> HttpResponse:
    """One point: its curve with limits and alarm bands, its newest value, its rules with clause, its alarms."""
    found = queries.point_of(request.user, code)
    if found is None:
        raise Http404
    now = timezone.now()
    hours = request.GET.get("hours", "")
    at = request.GET.get("at", "")
    rules = [
        # The limits stand beside it as a list with their levels; here follows the rest.
        {
            "version": version,
            "words": beside_limits(version.condition, found.unit),
            "severities": severities_of(version.condition),
        }
        for version in queries.rules_of(found)
    ]
    alarms = queries.alarms_for(request.user, exercise=None).filter(point=found).order_by("-raised_at")
    context = {
        "point": found,
        "reading": queries.latest([found], now).get(found.pk),
        "spans": SPANS,
        "hours": int(hours) if hours.isdigit() and int(hours) in dict(SPANS) else 24,
        "at": at if at.isdigit() and len(at) < 14 else "",
        "rules": rules,
        "alarms": alarms[:20],
        "alarm_count": alarms.count(),
        "level": queries.open_levels([found]).get(found.pk),
        "may_manage": may(request.user, "device.manage", found.region),
        "parquet": arrow() is not None,
        "tabs": tabs(request, "points"),
    }
    return render(request, "sensing/point.html", context)


def tabs(request: HttpRequest, here: str) -> list[dict[str, Any]]:
    """The pages of this desk that the viewer may open."""
    pages = (
        ("points", _("Points"), "sensing:points", "point.see", None),
        ("derived", _("Derived points"), "sensing:derived", "point.see", None),
        ("alarms", _("Alarms"), "sensing:alarms", "alarm.see", None),
        ("rules", _("Rules"), "sensing:rules", "rulebook.see", None),
        ("set_aside", _("Set aside"), "sensing:set_aside", "setaside.see", queries.count_set_aside),
        ("devices", _("Devices"), "sensing:devices", "device.manage", None),
        ("links", _("TCP devices"), "sensing:links", ("device.manage", "device.command"), None),
        ("modbus", _("Modbus devices"), "sensing:modbus", "device.manage", None),
        *registered(),
    )
    return [
        {"label": label, "url": url, "on": code == here, "n": count(request.user) if count else None}
        for code, label, url, verb, count in pages
        if any(holds(request.user, one) for one in ((verb,) if isinstance(verb, str) else verb))
    ]


# --- set aside ----------------------------------------------------------------------------------------------------


@require_safe
def set_aside(request: HttpRequest) -> HttpResponse:
    """Readings that wait for a person, with the reason of each; sent again or dropped from here."""
    if not holds(request.user, "setaside.see"):
        return render(request, "web/denied.html", status=403)
    state = request.GET.get("state", "open")
    state = state if state in ("open", "replayed", "dropped") else "open"
    found = queries.set_aside_for(request.user, state=state, limit=200)
    devices = {
        d.code: d for d in Device.records.filter(code__in={row.sender for row in found}).select_related("region")
    }
    choices = _points_by_device(devices)
    rows = [
        {
            "row": row,
            "reason": reason_words(row.reason, is_mapped=_is_mapped(row)),
            # The words of mappings say all that the English sentence says; place and message stand beside them.
            "why": "" if _is_mapped(row) and row.reason in MESSAGE_FAULTS else row.why,
            "at": queries.moment(row.t) if row.t is not None and 0 <= row.t < 4_000_000_000_000 else None,
            "arrived": queries.moment(row.arrival),
            "device": devices.get(row.sender),
            "named": aside.point_of(row) if row.point else None,
            "points": choices.get(row.sender, ()),
            "may_replay": state == "open" and row.t is not None and row.value is not None and row.reason != "conflict",
        }
        for row in found
    ]
    context = {
        "rows": rows,
        "state": state,
        "states": [("open", _("Waiting")), ("replayed", _("Sent again")), ("dropped", _("Dropped"))],
        "count": queries.count_set_aside(request.user),
        "may_act": holds(request.user, "setaside.replay"),
        "tabs": tabs(request, "set_aside"),
    }
    return render(request, "sensing/set_aside.html", context)


def _is_mapped(row: SetAside) -> bool:
    """Whether a row came by a mapping of vendors' messages."""
    return row.batch_id.startswith(MAPPED)


def _points_by_device(devices: dict[str, Device]) -> dict[str, list[str]]:
    """Device code → the codes of its points, for choosing where a reading belongs; nothing for devices with many."""
    choices: dict[str, list[str]] = {}
    for code, device in devices.items():
        codes = list(device.points.order_by("code").values_list("code", flat=True)[:101])
        choices[code] = codes if len(codes) <= 100 else []
    return choices


def _row(request: HttpRequest, pk: int) -> SetAside:
    """A row in the viewer's reach; foreign and missing look the same."""
    row = open_store().set_aside_row(pk)
    if row is None or not may(request.user, "setaside.see", aside.region_of(row)):
        raise Http404
    return row


@require_POST
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Send one row again, to the point that it names or to the one chosen."""
    row = _row(request, pk)
    chosen = request.POST.get("point", "").strip()
    target = Point.records.filter(code=chosen).select_related("device", "region").first() if chosen else None
    try:
        if chosen and target is None:
            raise services.Refused(_("There is no point “%(code)s”: choose the one it belongs to") % {"code": chosen})
        aside.replay_row(row, point=target, store=open_store(), actor=request.user, now=timezone.now())
    except (services.Refused, NotAllowed) as refused:
        messages.error(request, str(refused))
    except (Busy, Full):
        messages.error(request, _("The readings cannot be written now; try again in a moment."))
    else:
        messages.success(request, _("Sent again."))
    return redirect("sensing:set_aside")


@require_POST
def drop(request: HttpRequest) -> HttpResponse:
    """Say of one or many rows that they are no readings."""
    rows = [_row(request, int(pk)) for pk in request.POST.getlist("id") if pk.isdigit() and len(pk) < 18]
    try:
        if not rows:
            raise services.Refused(_("Choose a row first"))
        n = aside.drop_rows(
            rows, store=open_store(), actor=request.user, now=timezone.now(), note=request.POST.get("note", "")
        )
    except (services.Refused, NotAllowed) as refused:
        messages.error(request, str(refused))
    except (Busy, Full):
        messages.error(request, _("The readings cannot be written now; try again in a moment."))
    else:
        messages.success(request, ngettext("%(n)s row dropped.", "%(n)s rows dropped.", n) % {"n": n})
    return redirect("sensing:set_aside")


# --- devices ------------------------------------------------------------------------------------------------------


@require_safe
def devices(request: HttpRequest) -> HttpResponse:
    """The senders, when each was last heard, and their keys: made new, revoked, given again."""
    if not holds(request.user, "device.manage"):
        return render(request, "web/denied.html", status=403)
    return _devices(request)


def _devices(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    typed = request.GET.get("q", "").strip()
    page = Paginator(queries.device_list(request.user, typed), PAGE).get_page(request.GET.get("page"))
    params = request.GET.copy()
    params.pop("page", None)
    context = {
        "page": page,
        "q": typed,
        "query": params.urlencode(),
        "regions": _choosable(request.user),
        "port": queries.door_port(),
        "form": {},
        "tabs": tabs(request, "devices"),
    } | more
    return render(request, "sensing/devices.html", context, status=status)


def _choosable(actor: Any) -> list[Region]:
    """Regions down to the town in which the actor may register a device."""
    depth = regions.DEPTH[: regions.DEPTH.index("town") + 1]
    rows = Region.objects.filter(within(reach(actor, "device.manage"), "path"), level__in=depth)
    return list(rows.order_by("code"))


def _device(request: HttpRequest, pk: int) -> Device:
    device = queries.devices_for(request.user).filter(pk=pk).first()
    if device is None:
        raise Http404
    return device


@never_cache
@require_POST
def register(request: HttpRequest) -> HttpResponse:
    """A new device; its key stands on the page that answers, once."""
    form = {name: request.POST.get(name, "").strip() for name in ("code", "name", "region", "hold_s")}
    region = Region.objects.filter(within(reach(request.user, "device.manage"), "path"), code=form["region"]).first()
    try:
        if region is None:
            raise services.Refused(_("Choose the place of the device"))
        if not form["hold_s"].isdigit() and form["hold_s"]:
            raise services.Refused(_("Write the seconds as a whole number"))
        device, key = services.register_device(
            code=form["code"],
            name=form["name"],
            region=region,
            actor=request.user,
            now=timezone.now(),
            hold_ms=min(int(form["hold_s"] or 0), 10_000) * 1000,
        )
    except services.Refused as refused:
        return _devices(request, status=422, error=str(refused), form=form)
    return _devices(request, shown=device, key=key)


@never_cache
@require_POST
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    device = _device(request, pk)
    key = services.rotate_key(device, actor=request.user, now=timezone.now())
    return _devices(request, shown=device, key=key)


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    device = _device(request, pk)
    services.revoke(device, actor=request.user, now=timezone.now())
    messages.success(request, _("%(code)s is refused from now on.") % {"code": device.code})
    return redirect("sensing:devices")


@never_cache
@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    device = _device(request, pk)
    key = services.restore(device, actor=request.user, now=timezone.now())
    return _devices(request, shown=device, key=key)
