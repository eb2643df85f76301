"""Which hazard points are to be visited, recording a visit, and the visits made."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.apps.sites import queries
from anlan.apps.sites.models import Finding, Patrol
from anlan.apps.sites.services import patrols as services
from anlan.kernel.evidence import services as evidence
from anlan.kernel.evidence.content import Refused as FileRefused
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import holds, may
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level
from anlan.kernel.regions.scope import within
from anlan.kernel.registers.declarations import get
from anlan.kernel.web.formatting import bureau_time
from anlan.kernel.web.refs import address_of, label_of, ref_of, url_of
from anlan.kernel.web.sheets import csv_sheet

ROWS = 50
#: What the due list is narrowed to by its tabs.
SHOWN = ("late", "week", "all")


def _towns() -> list[Any]:
    return sorted((node for node in regions.tree().by_id.values() if node.level == Level.TOWN), key=lambda n: n.code)


def _page(request: HttpRequest, rows: Any) -> dict[str, Any]:
    params = request.GET.copy()
    params.pop("page", None)
    return {"page": Paginator(rows, ROWS).get_page(request.GET.get("page")), "query": params.urlencode()}


@require_safe
def due(request: HttpRequest) -> HttpResponse:
    """Every hazard point with its next visit, the most overdue first; narrowed by town, register and how late."""
    if not holds(request.user, "site.see"):
        return render(request, "web/denied.html", status=403)
    now = timezone.now()
    asked = {name: request.GET.get(name, "") for name in ("register", "town", "show")}
    every = queries.due_list(request.user, "site.see", now)
    if asked["register"] in queries.POINTS:
        every = [one for one in every if one.register == asked["register"]]
    node = regions.tree().by_code.get(asked["town"])
    if node is not None:
        every = [one for one in every if one.point.region.path.startswith(node.path)]
    parts = {
        "late": [one for one in every if one.late_days(now)],
        "week": [one for one in every if one.due_at is not None and one.due_at <= now + timedelta(days=7)],
        "all": every,
    }
    show = asked["show"] if asked["show"] in SHOWN else ("late" if parts["late"] else "all")
    rows = parts[show]
    if request.GET.get("as") == "csv":
        return _sheet(rows, now)
    params = request.GET.copy()
    for name in ("show", "page"):
        params.pop(name, None)
    labels = {"late": _("Overdue"), "week": _("Due within a week"), "all": _("All points")}
    page = _page(request, rows)
    lines = [
        {
            "due": one,
            "late": one.late_days(now),
            "register": get(one.register),
            "url": address_of(one.point),
            "may_record": may(request.user, "patrol.record", one.point.region),
        }
        for one in page["page"].object_list
    ]
    context = {
        **page,
        "lines": lines,
        "asked": asked,
        "on": "due",
        "tabs": [(code, labels[code], len(parts[code]), code == show) for code in SHOWN],
        "narrowed": params.urlencode(),
        "registers": [get(code) for code in queries.POINTS],
        "towns": _towns(),
        "filtered": bool(asked["register"] or asked["town"]),
        "total": len(every),
        "now": now,
    }
    return render(request, "sites/patrols.html", context)


def _sheet(rows: list[queries.Due], now: datetime) -> HttpResponse:
    head = [
        _("Code"), _("Name"), _("Register"), _("Region"), _("Level"), _("Last patrol"), _("Finding"),
        _("Every (days)"), _("By which day"), _("Late (days)"),
    ]  # fmt: skip

    def line(one: queries.Due) -> list[Any]:
        register = get(one.register)
        return [
            one.point.code, one.point.name, str(register.title) if register else "", str(one.point.region),
            one.point.level or "", bureau_time(one.point.patrolled_at) if one.point.patrolled_at else "",
            one.point.get_finding_display() if one.point.finding else "", one.every or "",
            one.last_day.isoformat() if one.last_day else "", one.late_days(now),
        ]  # fmt: skip

    return csv_sheet("patrols", head, (line(one) for one in rows))


@require_safe
def done(request: HttpRequest) -> HttpResponse:
    """The visits made, newest first; narrowed by town, finding and days."""
    if not holds(request.user, "site.see"):
        return render(request, "web/denied.html", status=403)
    asked = {name: request.GET.get(name, "") for name in ("town", "finding", "since", "until")}
    rows = Patrol.objects.for_actor(request.user, "site.see").select_related("by", "region")
    if node := regions.tree().by_code.get(asked["town"]):
        rows = rows.filter(within([node.path]))
    if asked["finding"] in Finding.values:
        rows = rows.filter(finding=asked["finding"])
    if since := _day(asked["since"]):
        rows = rows.filter(at__date__gte=since)
    if until := _day(asked["until"]):
        rows = rows.filter(at__date__lte=until)
    page = _page(request, rows)
    lines = [(patrol, label_of(patrol.ref), url_of(patrol.ref)) for patrol in page["page"].object_list]
    context = {
        **page,
        "lines": lines,
        "asked": asked,
        "on": "done",
        "towns": _towns(),
        "findings": Finding.choices,
        "filtered": any(asked.values()),
    }
    return render(request, "sites/patrols_done.html", context)


def _day(text: str) -> Any:
    try:
        return parse_date(text)
    except ValueError:
        return None


@require_POST
def record(request: HttpRequest, code: str, record_code: str) -> HttpResponse:
    """Record a visit with a photo; back to where the person came from: the archive or the due list."""
    register = get(code) if code in queries.POINTS else None
    point = register.rows(request.user).filter(code=record_code).first() if register is not None else None
    if register is None or point is None or not may(request.user, "patrol.record", point.region):
        raise Http404
    assert isinstance(request.user, User)
    now = timezone.now()
    back = address_of(point) + "?tab=patrols"
    try:
        photo: Any = request.FILES.get("photo")
        prepared = evidence.prepare(photo) if photo is not None else None
        with transaction.atomic():  # the visit and its photo, or neither
            patrol = services.record_patrol(
                register, point, finding=request.POST.get("finding", ""), note=request.POST.get("note", ""),
                at=_moment(request.POST.get("at", ""), now), actor=request.user, now=now,
            )  # fmt: skip
            if photo is not None and prepared is not None:
                evidence.keep(
                    file=prepared, name=str(photo.name), ref=ref_of(patrol), role="patrol", region=point.region,
                    actor=request.user, now=now,
                )  # fmt: skip
    except (services.Refused, FileRefused) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The patrol of %(name)s is recorded.") % {"name": point.name})
        if request.POST.get("back") == "due":
            return redirect("sites:patrols")
    return redirect(back)


def _moment(text: str, now: datetime) -> datetime:
    """A time as the form gives it, in the bureau's zone; `now` when none is given. Raises Refused for no time."""
    if not text:
        return now
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise services.Refused(_("This is no time; write it as 2026-11-22 09:30."))
    return timezone.make_aware(found) if timezone.is_naive(found) else found
