"""The list of responsibilities, and who is away."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from anlan.kernel.duties import absences as away
from anlan.kernel.duties import lists
from anlan.kernel.duties.errors import Refused
from anlan.kernel.duties.models import Absence, Responsibility, Why
from anlan.kernel.duties.rosters import address
from anlan.kernel.duties.views import guard, region_or_404
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.queries import persons
from anlan.kernel.people.rights import holds, may, reach
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.regions.scope import within
from anlan.kernel.web.sheets import csv_sheet


def day_of(text: str) -> date:
    """A day as a form sends it. Raises Refused for what is none."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise Refused(_("Write the day as 2026-01-31.")) from error


@require_http_methods(["GET", "HEAD", "POST"])
def listed(request: HttpRequest) -> HttpResponse:
    """Lines by law and of the bureau's own, with filters; a new line; the list as a sheet."""
    viewer = guard(request)
    now = timezone.now()
    root = regions.root()
    if root is None:
        raise Http404
    error = ""
    if request.method == "POST":
        try:
            _add(request, viewer, now)
        except Refused as refused:
            error = str(refused)
        else:
            messages.success(request, _("The line is in the list."))
            return redirect("duties:list")
    code = request.GET.get("in", "")
    here = region_or_404(viewer, code) if code else root
    typed, level, department = (request.GET.get(name, "") for name in ("q", "level", "department"))
    found = lists.lines(viewer, now, region=here, typed=typed, level=level, department=department)
    if request.GET.get("format") == "csv":
        head = [_("Who answers"), _("Duty"), _("Where"), _("Source"), _("Verified")]
        rows = ([one.who, one.words, one.where, one.source, _("yes") if one.verified else _("no")] for one in found)
        return csv_sheet("responsibilities", head, rows)
    levels = (Level.COUNTY, Level.TOWN, Level.VILLAGE)
    places = Region.objects.filter(within(reach(viewer, "duty.manage"), "path"), level__in=levels)
    context = {
        "rows": [
            {"line": one, "may_end": one.own is not None and may(viewer, "duty.manage", one.own.region)}
            for one in found
        ],
        "q": typed,
        "level": level,
        "department": department,
        "here": here,
        "levels": Level.choices,
        "departments": Department.objects.filter(within(reach(viewer, "duty.see"))).order_by("code"),
        "places": places.defer("boundary").order_by("path") if holds(viewer, "duty.manage") else [],
        "may_manage": holds(viewer, "duty.manage"),
        "error": error,
        "typed": request.POST,
        "today": timezone.localdate(now),
        "query": request.GET.urlencode(),
    }  # fmt: skip
    return render(request, "duties/list.html", context, status=422 if error else 200)


def _add(request: HttpRequest, actor: User, now: Any) -> None:
    form = request.POST
    region = region_or_404(actor, form.get("region", ""), "duty.manage")
    department = Department.objects.filter(within(reach(actor, "duty.see")), code=form.get("department", "")).first()
    since = day_of(form["since"]) if form.get("since") else timezone.localdate(now)
    lists.add_line(
        region=region, department=department, post=form.get("post", ""), words=form.get("words", ""),
        standard=form.get("standard", ""), clause=form.get("clause", ""), since=since, actor=actor, now=now,
    )  # fmt: skip


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = guard(request)
    row = Responsibility.objects.for_actor(viewer, "duty.manage").filter(pk=pk).first()
    if row is None:
        raise Http404
    try:
        lists.end_line(row, reason=request.POST.get("reason", ""), actor=viewer, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The line has ended."))
    return redirect("duties:list")


@require_http_methods(["GET", "HEAD", "POST"])
def absences(request: HttpRequest) -> HttpResponse:
    """Who is away now and in the coming time; note one's own, or with the right somebody else's."""
    viewer = guard(request)
    now = timezone.now()
    error = ""
    if request.method == "POST":
        try:
            return _go_away(request, viewer, now)
        except Refused as refused:
            error = str(refused)
    today = timezone.localdate(now)
    rows = Absence.objects.filter(last__gte=today - timedelta(days=30), cancelled_at=None)
    everywhere = within(reach(viewer, "duty.see"), "person__department__region__path")
    rows = (rows.filter(everywhere) | rows.filter(person=viewer)).select_related("person__department", "by").distinct()
    context = {
        "rows": [
            {"row": row, "running": row.first <= today <= row.last, "over": row.last < today,
             "may_end": row.last >= today and _may_change(viewer, row)}
            for row in rows[:200]
        ],
        "whys": Why.choices,
        "may_others": holds(viewer, "duty.manage"),
        "today": today,
        "error": error,
        "typed": request.POST,
    }  # fmt: skip
    return render(request, "duties/absences.html", context, status=422 if error else 200)


def _may_change(viewer: User, row: Absence) -> bool:
    if row.person_id == viewer.pk:
        return True
    department = row.person.department
    return may(viewer, "duty.manage", department.region if department is not None else regions.root())


def _go_away(request: HttpRequest, viewer: User, now: Any) -> HttpResponse:
    form = request.POST
    person: User | None = viewer
    if form.get("person", "").strip():
        person = persons().select_related("department__region").filter(username=form["person"].strip()).first()
    if person is None:
        raise Refused(_("Choose the person from the list."))
    _row, hit = away.go_away(
        person=person, first=day_of(form.get("first", "")), last=day_of(form.get("last", "")), why=form.get("why", ""),
        note=form.get("note", "").strip(), actor=viewer, now=now,
    )  # fmt: skip
    if hit:
        n = len(hit)
        words = ngettext(
            "Noted. %(n)d duty of these days needs somebody else.",
            "Noted. %(n)d duties of these days need somebody else.",
            n,
        )
        messages.warning(request, words % {"n": n})
        return redirect(address(hit[0].roster))
    messages.success(request, _("Noted."))
    return redirect(reverse("duties:absences"))


@require_POST
def back(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = guard(request)
    row = Absence.objects.filter(pk=pk).first()
    if row is None:
        raise Http404
    try:
        away.come_back(row, actor=viewer, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Noted."))
    return redirect("duties:absences")
