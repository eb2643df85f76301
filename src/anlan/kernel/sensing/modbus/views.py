"""Pages of who is asked by Modbus TCP: the list, one connection with its map, and reading it once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from anlan.kernel.sensing import queries as sensing
from anlan.kernel.sensing.modbus import maps, queries, services
from anlan.kernel.sensing.modbus.models import ModbusConnection, RegisterFunction, RegisterOrder, RegisterType
from anlan.kernel.sensing.services.devices import Refused
from anlan.kernel.sensing.views import tabs
from anlan.kernel.web.gate import holds

#: Connections of a page; lines of a map that are edited together, and empty ones beneath them.
PAGE, LINES, EMPTY = 50, 50, 4
#: Points that are offered while one is typed.
OFFERED = 500
NUMBERS = {"port": "502", "unit": "1", "period_s": "10", "timeout_ms": "1000", "gap": "0"}


@require_safe
def connections(request: HttpRequest) -> HttpResponse:
    """Who is asked, how it stands with each, and a form for one more."""
    if not holds(request.user, "device.manage"):
        return render(request, "web/denied.html", status=403)
    return _list(request)


def _list(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    now = timezone.now()
    typed = request.GET.get("q", "").strip()
    rows = queries.find(queries.connections_for(request.user), typed).order_by("device__code", "host", "port", "unit")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    here: list[ModbusConnection] = list(page)
    counts = queries.fault_counts(here, now)
    params = request.GET.copy()
    params.pop("page", None)
    context = {
        "page": page,
        "rows": [(one, queries.standing(one, now), counts.get(one.device.code, 0)) for one in here],
        "q": typed,
        "query": params.urlencode(),
        "form": {"device": request.GET.get("device", ""), "host": "", **NUMBERS},
        "tabs": tabs(request, "modbus"),
    } | more
    return render(request, "sensing/modbus.html", context, status=status)


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Let one more unit be asked."""
    form = _typed(request)
    device = sensing.devices_for(request.user).filter(code=form["device"]).first()
    try:
        if device is None:
            raise Refused(_("There is no device “%(code)s”: register it first") % {"code": form["device"]})
        made = services.save_connection(device, actor=request.user, now=timezone.now(), **_given(form))
    except Refused as refused:
        return _list(request, status=422, error=str(refused), form=form)
    messages.success(request, _("Now write its map: which registers mean what."))
    return redirect("sensing:modbus_connection", made.pk)


@never_cache
@require_safe
def connection(request: HttpRequest, pk: int) -> HttpResponse:
    """One connection: how it stands, its map as a table, what reading it once gave, its faults."""
    return _connection(request, _found(request, pk))


def _connection(request: HttpRequest, one: ModbusConnection, *, status: int = 200, **more: Any) -> HttpResponse:
    now = timezone.now()
    lines = one.lines.select_related("point").order_by("function", "address", "id")
    page = Paginator(lines, LINES).get_page(request.GET.get("page"))
    last = page.number == page.paginator.num_pages
    empty = dict.fromkeys(maps.COLUMNS, "") | {"function": "3", "type": "uint16", "order": "ABCD"}
    context = {
        "one": one,
        "standing": queries.standing(one, now),
        "page": page,
        "mapfirst": max(0, page.start_index() - 1),
        "query": "",
        "rows": [maps.cells_of(line) for line in page] + ([empty] * EMPTY if last else []),
        "functions": RegisterFunction.choices,
        "types": [label for _value, label in RegisterType.choices],
        "orders": RegisterOrder.values,
        "points": list(one.device.points.order_by("code")[:OFFERED]),
        "trial": queries.trial_shown(one, now),
        "faults": queries.faults_of(one, now),
        "form": {name: str(getattr(one, name)) for name in ("host", *NUMBERS)},
        "tabs": tabs(request, "modbus"),
    } | more
    return render(request, "sensing/modbus_connection.html", context, status=status)


@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change where it is and how often it is asked."""
    one, form = _found(request, pk), _typed(request)
    try:
        services.save_connection(one.device, connection=one, actor=request.user, now=timezone.now(), **_given(form))
    except Refused as refused:
        return _connection(request, _found(request, pk), status=422, error=str(refused), form=form)
    messages.success(request, _("Kept; it is asked so within two seconds."))
    return redirect("sensing:modbus_connection", pk)


@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask it, or ask it no more."""
    one = _found(request, pk)
    services.switch(one, on=request.POST.get("on") == "1", actor=request.user, now=timezone.now())
    return redirect("sensing:modbus_connection", pk)


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget it with its map."""
    one = _found(request, pk)
    services.remove(one, actor=request.user, now=timezone.now())
    messages.success(request, _("%(one)s is asked no more; its points and readings stay.") % {"one": one})
    return redirect("sensing:modbus")


@require_POST
def write_map(request: HttpRequest, pk: int) -> HttpResponse:
    """The lines of one page of the table instead of those that stood there; the others stay."""
    one = _found(request, pk)
    typed = _rows(request.POST)
    first = _whole(request.POST.get("first", "")) or 0
    shown = _whole(request.POST.get("shown", "")) or 0
    try:
        entries = maps.entries_of((first + place, row) for place, row in enumerate(typed, start=1))
        lines = list(one.lines.select_related("point").order_by("function", "address", "id"))
        others = maps.entries_of((0, maps.cells_of(line)) for line in lines[:first] + lines[first + shown :])
        version = _whole(request.POST.get("version", ""))
        services.write_map(
            one, others + entries, actor=request.user, now=timezone.now(), version=-1 if version is None else version
        )
    except Refused as refused:
        return _connection(request, one, status=422, map_error=str(refused).splitlines(), rows=typed)
    messages.success(request, _("The map is kept; it is asked for within two seconds."))
    page = _whole(request.GET.get("page", "")) or 1
    return redirect(f"{reverse('sensing:modbus_connection', args=[pk])}?page={page}#map")


@require_POST
def take_map(request: HttpRequest, pk: int) -> HttpResponse:
    """A map out of a CSV instead of the one it has."""
    one = _found(request, pk)
    file = request.FILES.get("file")
    try:
        if file is None:
            raise Refused(_("Choose a file"))
        entries = maps.read(file.read(maps.LARGEST + 1))
        services.write_map(one, entries, actor=request.user, now=timezone.now())
    except Refused as refused:
        return _connection(request, one, status=422, file_error=str(refused).splitlines())
    messages.success(request, _("The map is kept; it is asked for within two seconds."))
    return redirect("sensing:modbus_connection", pk)


@require_safe
def give_map(request: HttpRequest, pk: int) -> HttpResponse:
    """The map as a CSV that can be taken in again."""
    one = _found(request, pk)
    lines = one.lines.select_related("point").order_by("function", "address", "id")
    answer = HttpResponse(maps.written(lines), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="modbus-{one.device.code}-{one.unit}.csv"'
    return answer


@require_POST
def read_once(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the gateway read every line once."""
    one = _found(request, pk)
    try:
        services.try_map(one, actor=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(f"{reverse('sensing:modbus_connection', args=[pk])}#tried")


@never_cache
@require_safe
def trial(request: HttpRequest, pk: int) -> HttpResponse:
    """What reading once gave, or that it waits; asked for by the page until it is there."""
    one = _found(request, pk)
    return render(
        request, "sensing/_modbus_trial.html", {"one": one, "trial": queries.trial_shown(one, timezone.now())}
    )


def _found(request: HttpRequest, pk: int) -> ModbusConnection:
    """A connection in the viewer's reach; foreign and missing look the same."""
    one = queries.connections_for(request.user).filter(pk=pk).first()
    if one is None:
        raise Http404
    return one


def _typed(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "").strip() for name in ("device", "host", *NUMBERS)}


def _given(form: dict[str, str]) -> dict[str, Any]:
    """Numbers of the form. Raises Refused for what is none."""
    numbers = {name: _whole(form[name] or NUMBERS[name]) for name in NUMBERS}
    if None in numbers.values():
        raise Refused(_("Write whole numbers for port, unit, period, wait and registers read over"))
    return {"host": form["host"], **numbers}


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None


def _rows(posted: QueryDict) -> list[dict[str, str]]:
    """The cells of a posted table, row by row."""
    columns = {name: posted.getlist(name) for name in maps.COLUMNS}
    length = max(map(len, columns.values()), default=0)
    return [
        {name: cells[place] if place < len(cells) else "" for name, cells in columns.items()} for place in range(length)
    ]
