"""Give a task, and hand the tasks of an officer over to another."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from anlan.apps.goals.models import Campaign, Task
from anlan.apps.goals.queries import seeing, wanted
from anlan.apps.goals.queries import tasks as queries
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import joining, tasks
from anlan.apps.goals.services.tasks import Share, Stone
from anlan.apps.goals.views.doors import clause_named
from anlan.apps.goals.views.pages import (
    end_of,
    guard,
    needed_day,
    officers,
    person_of,
    region_of,
    show,
    unit_of,
    units,
)
from anlan.kernel.cases.errors import CaseError
from anlan.kernel.people.models import User

#: Lines for milestones on the form.
STONES = 5


def stones_of(data: QueryDict, field: str = "stones") -> list[Stone]:
    """Milestones as the form sends them: titles and days beside each other; blank lines are left out."""
    titles, days = data.getlist("stone"), data.getlist("stone_due")
    found = []
    for title, day in zip(titles, days, strict=False):
        if title.strip() or day.strip():
            found.append(Stone(title, needed_day(day, field)))
    return found


def _given(data: QueryDict, actor: User) -> Task:
    number = data.get("campaign", "")
    campaign: Campaign | None = seeing.campaigns(actor).filter(number=number).first() if number else None
    if number and campaign is None:
        raise Refused(_("Choose the campaign."), "campaign")
    place = data.get("region", "")
    return tasks.give(
        title=data.get("title", ""), unit=unit_of(data.get("unit", "")), lead=person_of(data.get("lead", "")),
        due=end_of(needed_day(data.get("due", ""), "due")), region=region_of(place) if place else None,
        words=data.get("words", ""), measure=data.get("measure", ""), basis=data.get("basis", ""),
        parts=[Share(unit_of(code, "parts")) for code in data.getlist("parts")], stones=stones_of(data),
        campaign=campaign, monthly=data.get("monthly") == "1", actor=actor, now=timezone.now(),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Give a task."""
    actor = guard(request, "task.assign")
    refused = None
    clause = clause_named(request)
    if request.method == "POST":
        try:
            with transaction.atomic():
                made = _given(request.POST, actor)
                if clause is not None:
                    joining.join(clause, kind="task", target=made.case.number, actor=actor, now=timezone.now())
        except (Refused, CaseError) as no:
            refused = no
        else:
            messages.success(request, _("Given as %(number)s.") % {"number": made.case.number})
            return redirect("goals:task", number=made.case.number)
    data = request.POST
    titles, days = data.getlist("stone"), data.getlist("stone_due")
    lines = [(titles[k] if k < len(titles) else "", days[k] if k < len(days) else "") for k in range(STONES)]
    return show(
        request, "task_form.html", "tasks", status=422 if refused else 200, refused=refused,
        typed=data or (wanted.of_task(clause, timezone.localdate()) if clause is not None else {}), clause=clause,
        units=units(actor), officers=officers(actor), lines=lines, chosen=data.getlist("parts"),
        campaigns=seeing.campaigns(actor).filter(closed_at=None), today=timezone.localdate(),
        from_campaign=data.get("campaign") or request.GET.get("campaign", ""),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest) -> HttpResponse:
    """All open tasks of an officer go to another."""
    actor = guard(request, "task.assign")
    refused = None
    if request.method == "POST":
        data = request.POST
        try:
            moved = tasks.hand_over_all(
                person_of(data.get("frm", ""), "frm"), person_of(data.get("to", ""), "to"),
                reason=data.get("reason", ""), actor=actor, now=timezone.now(),
            )  # fmt: skip
        except (Refused, CaseError) as no:
            refused = no
        else:
            words = ngettext("%(n)d task was handed over.", "%(n)d tasks were handed over.", len(moved))
            messages.success(request, words % {"n": len(moved)})
            return redirect("goals:tasks")
    theirs = queries.seen(actor).filter(case__closed_at=None).values("case__assignee_id")
    frm = request.POST.get("frm") or request.GET.get("frm", "")
    return show(
        request, "hand_over.html", "tasks", status=422 if refused else 200, refused=refused, typed=request.POST,
        officers=officers(actor), holding=list(User.objects.filter(pk__in=theirs).order_by("username")), frm=frm,
        open=list(_open_of(frm, actor)),
    )  # fmt: skip


def _open_of(username: str, actor: User) -> list[Task]:
    if not username:
        return []
    rows = queries.with_case(queries.seen(actor)).filter(case__assignee__username=username, case__closed_at=None)
    return list(rows.order_by("case__due"))
