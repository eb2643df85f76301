"""The page of devices that speak protocols of their own: who does, who calls unregistered, what could not be read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.kernel.people.rights import holds, may
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing import queries, services
from anlan.kernel.sensing.device_commands import VERB
from anlan.kernel.sensing.door.commands import OPEN
from anlan.kernel.sensing.models import Caller, Device, DeviceLink, FrameFault, LinkProtocol
from anlan.kernel.sensing.services.commands import WITH_CLOCK
from anlan.kernel.sensing.services.links import let_register, link_device, other_units, sensors_of
from anlan.kernel.sensing.views import tabs
from anlan.kernel.sensing.words import fault_words

#: Days of counters that are shown, and rows of each table.
DAYS, MOST = 7, 200
#: Units that differ which are told after saving.
TOLD = 10
FIELDS = ("device", "protocol", "number", "secret", "sensors")


@require_safe
def links(request: HttpRequest) -> HttpResponse:
    """Devices by protocol, callers that nobody registered, and counted faults with the bytes that last showed them.

    Who may only send commands sees the devices that may be sent some, and no faults.
    """
    if not (holds(request.user, "device.manage") or holds(request.user, VERB)):
        return render(request, "web/denied.html", status=403)
    return _page(request)


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    devices, commanded = queries.devices_for(request.user), queries.commanded_by(request.user)
    mine = Q(device__in=devices.values("pk")) | Q(device__in=commanded.values("pk"))
    open_ones = Count("device__commands", filter=Q(device__commands__state__in=OPEN))
    found = DeviceLink.objects.filter(mine).select_related("device").annotate(open_commands=open_ones)
    found = found.order_by("protocol", "number")
    shown = list(found[:MOST])
    here = {link.device_id for link in shown}
    whole = _sees_strangers(request.user)
    since = timezone.now().date() - timedelta(days=DAYS)
    faults = FrameFault.objects.filter(day__gte=since, protocol__in=LinkProtocol.values).order_by("-day", "-count")
    if not whole:
        faults = faults.filter(sender__in=devices.values("code"))
    context = {
        "links": shown,
        "managed": set(devices.filter(pk__in=here).values_list("pk", flat=True)),
        "commanded": set(commanded.filter(pk__in=here).values_list("pk", flat=True)),
        "may_manage": holds(request.user, "device.manage"),
        "with_clock": [(code, label) for code, label in LinkProtocol.choices if code in WITH_CLOCK],
        "callers": Caller.objects.order_by("-last_at")[:MOST] if whole else (),
        "faults": [{"row": row, "words": fault_words(row.fault)} for row in faults[:MOST]],
        "protocols": LinkProtocol.choices,
        "form": {name: request.GET.get(name, "") for name in FIELDS} | _of(request, devices),
        "tabs": tabs(request, "links"),
    } | more
    return render(request, "sensing/links.html", context, status=status)


def _of(request: HttpRequest, devices: Any) -> dict[str, str]:
    """The form filled with what a device has already, when its code is asked for."""
    link = DeviceLink.objects.filter(device__in=devices, device__code=request.GET.get("edit", "")).first()
    if link is None:
        return {}
    lines = "\n".join(f"{sensor} = {point}" for sensor, point in link.sensors.items())
    return {"device": link.device.code, "protocol": link.protocol, "number": link.number, "sensors": lines}


def _sees_strangers(actor: Any) -> bool:
    """A caller stands nowhere yet: only who manages the devices of the whole county sees it."""
    top = Region.objects.order_by("path").first()
    return top is not None and may(actor, "device.manage", top)


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Register a number for a device, or change it."""
    form = {name: request.POST.get(name, "").strip() for name in FIELDS}
    device: Device | None = queries.devices_for(request.user).filter(code=form["device"]).first()
    try:
        if device is None:
            raise services.Refused(_("There is no device “%(code)s”: register it first") % {"code": form["device"]})
        link = link_device(
            device,
            protocol=form["protocol"],
            number=form["number"],
            secret=form["secret"],
            sensors=sensors_of(form["sensors"]),
            actor=request.user,
            now=timezone.now(),
        )
    except services.Refused as refused:
        return _page(request, status=422, error=str(refused), form=form | {"secret": ""})
    messages.success(request, _("%(code)s may send from now on.") % {"code": device.code})
    for sensor, unit, point, its in other_units(link)[:TOLD]:
        told = {"sensor": sensor, "unit": unit, "point": point, "its": its or "—"}
        messages.warning(
            request, _("%(sensor)s comes in %(unit)s and %(point)s is in %(its)s: nothing is converted") % told
        )
    return redirect("sensing:links")


@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a terminal register once more."""
    mine = DeviceLink.objects.filter(device__in=queries.devices_for(request.user)).select_related("device")
    link = mine.filter(pk=pk).first()
    if link is None:
        raise Http404
    try:
        let_register(link, actor=request.user, now=timezone.now())
    except services.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("%(code)s may register once more.") % {"code": link.device.code})
    return redirect("sensing:links")
