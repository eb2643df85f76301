"""The list of tasks, one task at a desk, and the page on which an officer reports from a phone."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.apps.goals import rules
from anlan.apps.goals.declarations import RESULT, TASK
from anlan.apps.goals.models import LetterKind, Milestone, Progress, Task
from anlan.apps.goals.queries import tasks as queries
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import letters, tasks
from anlan.apps.goals.views.pages import guard, month_of, needed_day, page_of, show, whole_of
from anlan.kernel.cases import queries as case_queries
from anlan.kernel.cases import services as cases
from anlan.kernel.cases.errors import CaseError
from anlan.kernel.clocks.queries import clocks_of
from anlan.kernel.evidence import queries as evidence_queries
from anlan.kernel.evidence import services as evidence
from anlan.kernel.evidence.models import Evidence
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.rights import NotAllowed, holds, may
from anlan.kernel.regions.models import Region
from anlan.kernel.web.refs import ref_of


def _filtered(request: HttpRequest, rows: QuerySet[Task], now: Any) -> tuple[QuerySet[Task], dict[str, str]]:
    """Narrowed by unit, officer, region, state, lateness, campaign and words; open ones when no state is asked for."""
    asked = {
        name: request.GET.get(name, "").strip() for name in ("unit", "officer", "region", "state", "campaign", "q")
    }
    if asked["unit"]:
        rows = rows.filter(Q(case__unit__code=asked["unit"]) | Q(parts__unit__code=asked["unit"])).distinct()
    if asked["officer"]:
        rows = rows.filter(case__assignee__username=asked["officer"])
    if asked["region"]:
        path = Region.records.filter(code=asked["region"]).values_list("path", flat=True).first()
        rows = rows.filter(region__path__startswith=path) if path else rows.none()
    if asked["state"] == "late":
        rows = rows.filter(queries.late(now))
    elif asked["state"] in TASK.states:
        rows = rows.filter(case__state=asked["state"])
    elif asked["state"] != "all":
        rows = rows.filter(case__closed_at=None)
    if asked["campaign"]:
        rows = rows.filter(campaign__number=asked["campaign"])
    if asked["q"]:
        typed = asked["q"]
        rows = rows.filter(
            Q(case__title__icontains=typed) | Q(case__number__icontains=typed) | Q(basis__icontains=typed)
            | Q(case__assignee__name__icontains=typed)
        )  # fmt: skip
    return rows, asked


@require_safe
def task_list(request: HttpRequest) -> HttpResponse:
    """Tasks by clock: who leads, how far, which month is missing, how late."""
    actor = guard(request)
    now = timezone.now()
    every = queries.seen(actor)
    rows, asked = _filtered(request, every, now)
    shown = page_of(request, queries.with_case(rows).order_by("case__closed_at", "case__due", "-pk"))
    day = rules.report_day(now)
    lines = [_line(task, now, day) for task in shown["page"].object_list]
    filed = every.values_list("case__unit_id", "case__assignee_id")
    return show(
        request, "tasks.html", "tasks", **shown, lines=lines, asked=asked, filtered=any(asked.values()),
        states=[*TASK.states.items()], may_give=holds(actor, "task.assign"),
        units=Department.objects.filter(pk__in={unit for unit, _who in filed}).order_by("code"),
        officers=User.objects.filter(pk__in={who for _unit, who in filed}).order_by("username"),
        places=Region.objects.filter(pk__in=every.values("region_id")).defer("boundary").order_by("code"),
        open=every.filter(case__closed_at=None).count(), late=every.filter(queries.late(now)).count(),
        checking=every.filter(case__state="checking").count(), done=every.filter(case__state="done").count(),
    )  # fmt: skip


def _line(task: Task, now: Any, day: int) -> dict[str, Any]:
    months = queries.months_of(task, now, day)
    last = next(iter(task.progress.all()), None)
    return {
        "task": task, "case": task.case, "state": TASK.state_label(task.case.state), "last": last,
        "missing": months.missing if task.case.closed_at is None else (),
        "late": task.case.closed_at is None and task.case.due is not None and task.case.due < now,
    }  # fmt: skip


def _found(request: HttpRequest, number: str) -> tuple[User, Task]:
    """The person and the task. Foreign and missing look the same."""
    actor = guard(request)
    task = tasks.find(actor, number)
    if task is None:
        raise Http404
    return actor, task


@require_safe
def task(request: HttpRequest, number: str) -> HttpResponse:
    actor, found = _found(request, number)
    return page_of_task(request, actor, found)


def page_of_task(
    request: HttpRequest, actor: User, task: Task, *, status: int = 200, refused: object = None, act: str = ""
) -> HttpResponse:
    now = timezone.now()
    case = task.case
    ref = ref_of(case)
    months = queries.months_of(task, now, rules.report_day(now))
    progress = list(task.progress.select_related("unit", "by"))
    photos: dict[str, list[Evidence]] = {}
    for item in evidence_queries.of_all(ref_of(row) for row in progress):
        photos.setdefault(item.ref, []).append(item)
    unit = actor.department_id
    reports = queries.may_report(actor, task) and case.closed_at is None
    steps = [
        (step, case_queries.missing_proof(case, step))
        for step in cases.available(case, actor)
        if step.verb != "task.report" or actor.pk == case.assignee_id or unit == case.unit_id
    ]
    return show(
        request, "task.html", "tasks", status=status, task=task, case=case, state=TASK.state_label(case.state),
        clocks=clocks_of(ref), steps=steps, refused=refused, act=act, typed=request.POST,
        milestones=list(task.milestones.select_related("done_by")), today=timezone.localdate(now),
        progress=[(row, photos.get(ref_of(row), ())) for row in progress], missing=months.missing,
        proofs=list(evidence_queries.of(ref)), trail=list(case.trail.select_related("actor").order_by("-at", "-id")),
        trail_words=_trail_words(case), letters=list(letters.seen_letters(actor).filter(task=task)),
        may_report=reports, may_prove=reports and may(actor, "case.see", case.region),
        may_extend=case.closed_at is None and may(actor, "case.extend", case.region),
        may_supervise=case.closed_at is None and may(actor, "task.supervise", task.region),
        letter_kinds=LetterKind.choices,
        concerned=[unit for unit in (case.unit, *(part.unit for part in task.parts.all())) if unit],
        late=case.closed_at is None and case.due is not None and case.due < now,
    )  # fmt: skip


def _trail_words(case: Any) -> dict[str, str]:
    return {step.do: str(step.label) for step in TASK.steps} | {
        "open": _("Task given"), "extend": _("Time extended"), "hand_over": _("Handed over to another person"),
    }  # fmt: skip


@require_POST
def step(request: HttpRequest, number: str, do: str) -> HttpResponse:
    """Take one step; what was typed stays on the page when the step is refused."""
    actor, found = _found(request, number)
    try:
        revision = int(request.POST.get("revision", ""))
    except ValueError:
        revision = -1
    note = request.POST.get("note", "")
    try:
        tasks.step(found, do, note=note, revision=revision, actor=actor, now=timezone.now())
    except (CaseError, NotAllowed) as refused:
        return page_of_task(request, actor, found, status=422, refused=refused, act=do)
    messages.success(request, _("Done: %(what)s") % {"what": TASK.step(do).label})
    return redirect("goals:task", number=number)


@require_POST
def extend(request: HttpRequest, number: str) -> HttpResponse:
    actor, found = _found(request, number)
    try:
        days = whole_of(request.POST.get("days", ""), "days")
        tasks.extend(found, days=days, reason=request.POST.get("reason", ""), actor=actor, now=timezone.now())
    except (CaseError, NotAllowed, Refused) as refused:
        return page_of_task(request, actor, found, status=422, refused=refused, act="extend")
    messages.success(request, _("The clock has been extended."))
    return redirect("goals:task", number=number)


@require_POST
def add_proof(request: HttpRequest, number: str) -> HttpResponse:
    """Keep photos or files that show the result."""
    actor, found = _found(request, number)
    if found.case.closed_at is not None or not queries.may_report(actor, found):
        raise NotAllowed("task.report", found.region)
    files = request.FILES.getlist("file")
    if not files:
        no = Refused(_("Choose a photo or a file."), "file")
        return page_of_task(request, actor, found, status=422, refused=no, act="proof")
    if refused := _keep(files, ref_of(found.case), RESULT, found, actor):
        return page_of_task(request, actor, found, status=422, refused=refused, act="proof")
    messages.success(request, _("Saved on the server: %(n)s") % {"n": len(files)})
    return redirect("goals:task", number=number)


def _keep(files: list[Any], ref: str, role: str, task: Task, actor: User) -> str:
    """Keep every file; words for those that were refused, "" when none was."""
    faults = []
    for file in files:
        try:
            evidence.keep(
                file=file, name=file.name or "", ref=ref, role=role, region=task.region, actor=actor, now=timezone.now()
            )
        except (evidence.Refused, ValidationError, NotAllowed) as refused:
            faults.append(f"{file.name}: {refused}")
    return " ".join(faults)


@require_POST
def reach(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """A milestone was reached."""
    actor, found = _found(request, number)
    stone = Milestone.objects.filter(task=found, pk=pk).first()
    if stone is None:
        raise Http404
    try:
        on = needed_day(request.POST.get("on", "") or timezone.localdate().isoformat(), "on")
        tasks.reach(stone, on=on, actor=actor, now=timezone.now())
    except (Refused, NotAllowed) as refused:
        return page_of_task(request, actor, found, status=422, refused=refused, act="milestone")
    messages.success(request, _("Kept."))
    return redirect("goals:task", number=number)


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, number: str) -> HttpResponse:
    """Report a month: how far, what was done, what is in the way, photos. Made for a phone, good at a desk."""
    actor, found = _found(request, number)
    if not queries.may_report(actor, found):
        raise NotAllowed("task.report", found.region)
    now = timezone.now()
    months = queries.months_of(found, now, rules.report_day(now))
    refused: object = None
    if request.method == "POST":
        data = request.POST
        try:
            row = tasks.report(
                found, month=month_of(data.get("month", ""), "month"),
                percent=whole_of(data.get("percent", ""), "percent"), words=data.get("words", ""),
                trouble=data.get("trouble", ""), actor=actor, now=now,
            )  # fmt: skip
        except Refused as no:
            refused = no
        else:
            refused = _keep(request.FILES.getlist("file"), ref_of(row), "photo_after", found, actor)
            if not refused:
                messages.success(
                    request, _("Reported: %(month)s, %(n)d %%") % {"month": f"{row.month:%Y-%m}", "n": row.percent}
                )
                return redirect("goals:task", number=number)
    first = months.missing[0] if months.missing else queries.first_of(timezone.localdate(now))
    mine = Progress.objects.filter(task=found, unit=actor.department).order_by("-month").first()
    return show(
        request, "report.html", "tasks", status=422 if refused else 200, task=found, case=found.case, refused=refused,
        typed=request.POST, month=first, missing=months.missing, last=mine,
        state=TASK.state_label(found.case.state),
    )  # fmt: skip
