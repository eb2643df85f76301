"""Spot checks of cameras: the lists of the days, drawing one, answering it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.apps.sites import queries
from anlan.apps.sites.models import Camera, CheckList, Condition
from anlan.apps.sites.services import spot_checks as services
from anlan.kernel.audit import queries as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import holds, may, reach
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.regions.scope import within
from anlan.kernel.web.refs import ref_of
from anlan.kernel.web.sheets import csv_sheet

ROWS = 30


def _regions(request: HttpRequest) -> list[Region]:
    """The counties and towns in which the viewer may draw a list."""
    prefixes = reach(request.user, "camera.check")
    rows = Region.objects.filter(within(prefixes, "path"), level__in=(Level.COUNTY, Level.TOWN))
    return list(rows.defer("boundary").order_by("path"))


@require_safe
def lists(request: HttpRequest) -> HttpResponse:
    """The lists of the days with what they found; a list is drawn from here."""
    if not holds(request.user, "camera.check"):
        return render(request, "web/denied.html", status=403)
    asked = {name: request.GET.get(name, "") for name in ("since", "until", "region")}
    rows = queries.check_lists(request.user, since=_day(asked["since"]), until=_day(asked["until"]))
    if node := regions.tree().by_code.get(asked["region"]):
        rows = rows.filter(region_id=node.id)
    if request.GET.get("as") == "csv":
        return _sheet(rows)
    params = request.GET.copy()
    params.pop("page", None)
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    places = _regions(request)
    today = timezone.localdate()
    drawn = set(CheckList.records.filter(day=today, region__in=places).values_list("region_id", flat=True))
    whole = queries.tally(
        condition for row in rows[:ROWS] for name, n in _counts(row).items() for condition in [name] * n
    )
    context = {
        "page": page,
        "query": params.urlencode(),
        "rows": [(row, _tally(row)) for row in page.object_list],
        "whole": whole,
        "asked": asked,
        "places": [place for place in places if place.pk not in drawn],
        "regions": places,
        "cameras": Camera.objects.for_actor(request.user, "camera.check").count(),
        "filtered": any(asked.values()),
        "today": today,
    }
    return render(request, "sites/spot_checks.html", context)


def _counts(row: Any) -> dict[str, int]:
    found = {str(one): getattr(row, f"n_{one}") for one in Condition}
    return found | {"": row.total - sum(found.values())}


def _tally(row: Any) -> queries.Tally:
    return queries.tally(condition for name, n in _counts(row).items() for condition in [name] * n)


def _day(text: str) -> Any:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _sheet(rows: Any) -> HttpResponse:
    head = [
        _("Day"), _("Region"), _("Cameras"), _("Looked at"), *(str(one.label) for one in Condition),
        _("Share online"), _("Drawn by"), _("Seed"),
    ]  # fmt: skip

    def line(row: Any) -> list[Any]:
        found = _tally(row)
        return [
            row.day.isoformat(), str(row.region), found.total, found.done, found.online, found.offline, found.covered,
            found.angle, None if found.rate is None else round(found.rate, 1), str(row.drawn_by), row.seed,
        ]  # fmt: skip

    return csv_sheet("spot-checks", head, (line(row) for row in rows))


@require_POST
def draw(request: HttpRequest) -> HttpResponse:
    """Draw today's list of a region."""
    region = next((one for one in _regions(request) if one.code == request.POST.get("region")), None)
    if region is None or not isinstance(request.user, User):
        raise Http404
    try:
        drawn = services.draw(region, actor=request.user, now=timezone.now())
    except services.Refused as refused:
        messages.error(request, str(refused))
        return redirect("sites:spot_checks")
    return redirect("sites:spot_check", drawn.pk)


def _list(request: HttpRequest, pk: int) -> CheckList:
    found: CheckList | None = (
        CheckList.objects.for_actor(request.user, "camera.check").select_related("region", "drawn_by", "rule")
        .filter(pk=pk).first()
    )  # fmt: skip
    if found is None:
        raise Http404
    return found


@require_safe
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One list: each camera with its result, or the form for it."""
    drawn = _list(request, pk)
    checks = list(drawn.checks.select_related("camera__region", "by").order_by("position"))
    open_today = drawn.day == timezone.localdate() and may(request.user, "camera.check", drawn.region)
    context = {
        "list": drawn,
        "rows": [(check, queries.may_look(request.user, check.camera)) for check in checks],
        "tally": queries.tally(check.condition for check in checks),
        "conditions": Condition.choices,
        "open": open_today,
        "acts": list(audit.of([ref_of(drawn)])[:60]) if holds(request.user, "audit.see") else [],
    }
    return render(request, "sites/spot_check.html", context)


@require_POST
def answer(request: HttpRequest, pk: int, check: int) -> HttpResponse:
    """Keep the result of one camera."""
    drawn = _list(request, pk)
    found = drawn.checks.filter(pk=check).first()
    if found is None or not may(request.user, "camera.check", drawn.region):
        raise Http404
    assert isinstance(request.user, User)
    try:
        services.record_check(
            found, condition=request.POST.get("condition", ""), note=request.POST.get("note", ""), actor=request.user,
            now=timezone.now(),
        )  # fmt: skip
    except services.Refused as refused:
        messages.error(request, str(refused))
    return redirect(reverse("sites:spot_check", args=[drawn.pk]) + f"#check-{found.pk}")
