"""Pages of derived points: the list, making one, ending one."""

from __future__ import annotations

import math
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.kernel.people.rights import NotAllowed, may
from anlan.kernel.sensing import queries as sensing
from anlan.kernel.sensing.derived import queries, services
from anlan.kernel.sensing.derived.functions import Function, functions, named
from anlan.kernel.sensing.models import DerivedMode, Point, PointKind
from anlan.kernel.sensing.services.devices import Refused
from anlan.kernel.sensing.views import tabs
from anlan.kernel.web.gate import holds

#: Codes offered while an input is typed; beyond that it has to be known.
OFFERED = 400


@require_safe
def derived(request: HttpRequest) -> HttpResponse:
    """All derived points in reach with function, inputs, newest value, and up to when they are computed."""
    if not holds(request.user, "point.see"):
        return render(request, "web/denied.html", status=403)
    now = timezone.now()
    accounts = queries.accounts_of(list(queries.derived_for(request.user)), request.user, now)
    readings = sensing.latest([one.made.point for one in accounts], now)
    context = {
        "rows": [(one, readings.get(one.made.point_id)) for one in accounts],
        "may_make": holds(request.user, "device.manage"),
        "tabs": tabs(request, "derived"),
    }
    return render(request, "sensing/derived.html", context)


def new(request: HttpRequest) -> HttpResponse:
    """First which function; then, with its formula and domain beside it, from what, with which numbers, how often."""
    if not holds(request.user, "device.manage"):
        return render(request, "web/denied.html", status=403)
    chosen = named(request.POST.get("function") or request.GET.get("function", ""))
    chosen = None if chosen is not None and chosen.own else chosen
    if request.method == "POST" and chosen is not None:
        return _make(request, chosen)
    form = {"inputs": request.GET.get("input", "")}
    return _new(request, chosen, form)


def _new(
    request: HttpRequest, chosen: Function | None, form: dict[str, Any], faults: tuple[str, ...] = ()
) -> HttpResponse:
    offered = sensing.points_for(request.user).filter(enabled=True).exclude(kind=PointKind.GROUP).order_by("code")
    if chosen is not None and chosen.kinds:
        offered = offered.filter(kind__in=chosen.kinds)
    parameters = []
    for one in chosen.parameters if chosen else ():
        typed = form.get(f"p_{one.name}")
        parameters.append((one, typed if typed is not None else "" if one.default is None else f"{one.default:g}"))
    context = {
        "functions": functions(),
        "chosen": chosen,
        "kinds": [PointKind(kind).label for kind in chosen.kinds] if chosen else [],
        "offered": list(offered[:OFFERED]) if chosen else [],
        "parameters": parameters,
        "modes": DerivedMode.choices,
        "form": form,
        "faults": faults,
        "tabs": tabs(request, "derived"),
    }
    return render(request, "sensing/derived_new.html", context, status=422 if faults else 200)


def _make(request: HttpRequest, chosen: Function) -> HttpResponse:
    form = {name: value.strip() for name, value in request.POST.items() if isinstance(value, str)}
    codes = form.get("inputs", "").replace(",", " ").replace("，", " ").replace("、", " ").split()
    found = {point.code: point for point in sensing.points_for(request.user).filter(code__in=codes)}
    missing = [code for code in codes if code not in found]
    faults = [_("There is no point “%(code)s” that you may see") % {"code": code} for code in missing]
    inputs: list[Point] = [found[code] for code in codes if code in found]
    parameters = {one.name: _number(form.get(f"p_{one.name}", "")) for one in chosen.parameters}
    whole = {name: _whole(form.get(name, "")) for name in ("every_s", "settle_s", "past_days")}
    faults += [_("Write whole numbers for seconds and days")] if None in whole.values() else []
    try:
        if faults:
            raise Refused("\n".join(faults))
        made = services.add_derived(
            code=form.get("code", ""),
            name=form.get("name", ""),
            function=chosen.code,
            inputs=inputs,
            parameters=parameters,
            mode=form.get("mode", ""),
            every_s=whole["every_s"],
            settle_s=whole["settle_s"],
            past_days=whole["past_days"] or 0,
            actor=request.user,
            now=timezone.now(),
        )
    except (Refused, NotAllowed) as refused:
        return _new(request, chosen, form, tuple(str(refused).splitlines()))
    messages.success(request, _("%(code)s is computed from now on.") % {"code": made.point.code})
    return redirect(reverse("sensing:point", args=[made.point.code]))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Compute it no more."""
    made = queries.derived_for(request.user).filter(pk=pk).first()
    if made is None or not may(request.user, "device.manage", made.point.region):
        raise Http404
    try:
        services.end_derived(made, actor=request.user, now=timezone.now())
    except (Refused, NotAllowed) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("%(code)s is computed no more.") % {"code": made.point.code})
    return redirect("sensing:derived")
