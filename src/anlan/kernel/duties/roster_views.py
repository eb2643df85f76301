"""The roster of a month: its page, drawing up, publishing, replacing, people, wishes, sheets."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.kernel.duties import absences, calendar, rosters
from anlan.kernel.duties.errors import Refused
from anlan.kernel.duties.list_views import day_of
from anlan.kernel.duties.models import Member, RosterDuty, RosterState, Swap, SwapState, Wish
from anlan.kernel.duties.months import Month, first_of, month_of, next_month
from anlan.kernel.duties.presence import on_duty
from anlan.kernel.duties.rules import scheme
from anlan.kernel.duties.views import guard, region_or_404
from anlan.kernel.duties.wording import breach_word
from anlan.kernel.people.models import User
from anlan.kernel.people.queries import persons
from anlan.kernel.people.rights import may, require
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.queries import NoRule
from anlan.kernel.web.sheets import csv_sheet

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


@require_safe
def now_roster(request: HttpRequest) -> HttpResponse:
    """This month of the bureau, or of the person's own place when that is all they see."""
    viewer = guard(request)
    region = regions.root()
    if region is not None and not may(viewer, "duty.see", region) and viewer.department is not None:
        region = viewer.department.region
    if region is None:
        raise Http404
    return redirect("duties:roster", region.code, f"{timezone.localdate():%Y-%m}")


def _first(text: str) -> date:
    found = _MONTH.fullmatch(text)
    if found is None:
        raise Http404
    return date(int(found[1]), int(found[2]), 1)


def _month(request: HttpRequest, code: str, text: str) -> tuple[User, Region, Month]:
    viewer = guard(request)
    region = region_or_404(viewer, code)
    try:
        return viewer, region, month_of(rosters.roster_at(region, _first(text)), timezone.now())
    except NoRule as error:
        raise Http404 from error


@require_safe
def month(request: HttpRequest, code: str, month: str) -> HttpResponse:
    """The roster of one month; a draft is shown to planners only."""
    viewer, region, found = _month(request, code, month)
    now = timezone.now()
    roster = found.roster
    plans = may(viewer, "roster.plan", region)
    visible = plans or roster.state == RosterState.PUBLISHED
    shown = calendar.cells(found, viewer, now) if visible else []
    today = timezone.localdate(now)
    names = {member.person_id: member.person.name for member in found.members}
    mine = {member.role for member in found.members if member.person_id == viewer.pk}
    wishes = Wish.objects.filter(person=viewer, day__gte=today, day__lte=found.last, day__month=found.first.month)
    context = {
        "region": region,
        "roster": roster,
        "month": found,
        "weeks": calendar.weeks(shown),
        "days": [
            {"cell": cell, "weekday": calendar.weekday(cell.day), "kind": calendar.kind_word(cell.kind)}
            for cell in shown
            if cell.inside
        ],
        "weekdays": [calendar.weekday(date(2024, 1, 1) + timedelta(days=n)) for n in range(7)],
        "visible": visible,
        "may_plan": plans,
        "may_swap": may(viewer, "roster.swap", region) and bool(mine),
        "gaps": [_gap(gap, found, names) for gap in roster.outcome.get("gaps", ())] if plans else [],
        "unkept": [
            {"name": names.get(person, ""), "day": day} for person, day in roster.outcome.get("unkept", ())
        ] if plans else [],
        "fairness": calendar.fairness(found, now) if visible else [],
        "changes": roster.changes.select_related("by")[:40] if roster.pk and visible else [],
        "before": f"{first_of(found.first - timedelta(days=1)):%Y-%m}",
        "after": f"{next_month(found.first):%Y-%m}",
        "this": f"{today:%Y-%m}",
        "on_duty": on_duty(region, now),
        "candidates": found.members,
        "is_member": bool(mine),
        "wishes": wishes,
        "today": today,
        "asked": Swap.objects.filter(taker=viewer, state=SwapState.ASKED).count(),
    }  # fmt: skip
    return render(request, "duties/roster.html", context)


def _gap(gap: dict[str, Any], found: Month, names: dict[int, str]) -> dict[str, Any]:
    why = [
        {"name": names.get(person, ""), "words": ", ".join(breach_word(one, names.get(person, "")) for one in faults)}
        for person, faults in gap["why"]
        if faults
    ]
    return {
        "day": gap["day"],
        "place": f"{found.scheme.role_name(gap['role'])} {found.scheme.shift_name(gap['shift'])}",
        "lacking": gap["lacking"],
        "why": why[:12],
    }


@require_POST
def draw(request: HttpRequest, code: str, month: str) -> HttpResponse:
    viewer, region, _found = _month(request, code, month)
    try:
        rosters.ask_for_drawing(region=region, month=_first(month), actor=viewer, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The roster is being drawn up; the page follows by itself."))
    return redirect("duties:roster", code, month)


@require_POST
def publish(request: HttpRequest, code: str, month: str) -> HttpResponse:
    viewer, _region, found = _month(request, code, month)
    if found.roster.pk is None:
        raise Http404
    try:
        rosters.put_in_force(
            found.roster, with_gaps=request.POST.get("with_gaps") == "1", actor=viewer, now=timezone.now()
        )
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Published. Everyone in it has been told."))
    return redirect("duties:roster", code, month)


@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: HttpRequest, pk: int) -> HttpResponse:
    """Set somebody else in a place, as the planner; what it would break is shown before it is done all the same."""
    viewer = guard(request)
    duty = get_object_or_404(
        RosterDuty.objects.select_related("person", "roster__region", "roster__entry"), pk=pk
    )  # fmt: skip
    require(viewer, "roster.plan", duty.roster.region)
    found = month_of(duty.roster, timezone.now())
    error = ""
    if request.method == "POST":
        to = next((one.person for one in found.members if one.person.username == request.POST.get("to")), None)
        try:
            if to is None:
                raise Refused(_("Choose who takes it."))
            rosters.replace(
                duty, to=to, reason=request.POST.get("reason", ""), actor=viewer, now=timezone.now(),
                force=request.POST.get("force") == "1",
            )  # fmt: skip
        except Refused as refused:
            error = str(refused)
        else:
            messages.success(request, _("Kept."))
            return redirect(rosters.address(duty.roster))
    people = {one.person_id: one.person for one in found.members if one.person_id != duty.person_id}
    context = {
        "duty": duty, "role": found.scheme.role_name(duty.role), "shift": found.scheme.shift_name(duty.shift),
        "people": people.values(), "error": error, "typed": request.POST, "address": rosters.address(duty.roster),
    }  # fmt: skip
    return render(request, "duties/replace.html", context, status=422 if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def people(request: HttpRequest, code: str) -> HttpResponse:
    """Who stands duty here, in which role, with which share."""
    viewer = guard(request, "roster.plan")
    region = region_or_404(viewer, code, "roster.plan")
    now = timezone.now()
    error = ""
    if request.method == "POST":
        try:
            _join(request, region, viewer, now)
        except Refused as refused:
            error = str(refused)
        else:
            messages.success(request, _("Kept."))
            return redirect("duties:roster_people", code)
    rows = Member.objects.filter(region=region, until=None).select_related("person__department")
    used = scheme(now, region)
    context = {
        "region": region,
        "rows": [
            {"member": row, "role": used.role_name(row.role),
             "acts": may(row.person, "alarm.acknowledge", region)}
            for row in rows
        ],
        "roles": [(role, used.role_name(role)) for role in used.roles],
        "entry": used.entry,
        "error": error,
        "typed": request.POST,
        "today": timezone.localdate(now),
    }  # fmt: skip
    return render(request, "duties/roster_people.html", context, status=422 if error else 200)


def _join(request: HttpRequest, region: Region, actor: User, now: Any) -> None:
    form = request.POST
    person = persons().filter(username=form.get("person", "").strip(), is_active=True).first()
    if person is None:
        raise Refused(_("Choose the person from the list."))
    try:
        weight = float(form.get("weight") or 1)
        most = int(form["most"]) if form.get("most") else None
    except ValueError as error:
        raise Refused(_("Share and limit are numbers.")) from error
    since = day_of(form["since"]) if form.get("since") else timezone.localdate(now)
    rosters.join(
        region=region, person=person, role=form.get("role", ""), since=since, actor=actor, now=now, weight=weight,
        most=most,
    )  # fmt: skip


@require_POST
def leave(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    viewer = guard(request, "roster.plan")
    region = region_or_404(viewer, code, "roster.plan")
    member = get_object_or_404(Member, pk=pk, region=region)
    try:
        rosters.leave(member, until=timezone.localdate(), actor=viewer, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("duties:roster_people", code)


@require_POST
def wish(request: HttpRequest, code: str, month: str) -> HttpResponse:
    """A day on which one would rather not stand duty, or no longer."""
    viewer = guard(request)
    region_or_404(viewer, code)
    try:
        absences.wish(
            person=viewer, day=day_of(request.POST.get("day", "")), wanted=request.POST.get("wanted") != "0",
            note=request.POST.get("note", "").strip(), actor=viewer, now=timezone.now(),
        )  # fmt: skip
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Noted."))
    return redirect("duties:roster", code, month)


@require_safe
def export(request: HttpRequest, code: str, month: str, form: str) -> HttpResponse:
    """The roster as csv or xlsx."""
    viewer, region, found = _month(request, code, month)
    if found.roster.state != RosterState.PUBLISHED and not may(viewer, "roster.plan", region):
        raise Http404
    now = timezone.now()
    name = f"roster-{region.code}-{month}"
    if form == "csv":
        return csv_sheet(name, calendar.head(found), calendar.lines(found, now))
    if form != "xlsx":
        raise Http404
    answer = HttpResponse(
        calendar.workbook(found, now),
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )
    answer["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return answer
