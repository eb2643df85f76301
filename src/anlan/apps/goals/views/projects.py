"""Projects: the list, one with stages and money, a new one, each step."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, Sum
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.apps.goals.models import Clause, Project, Stage, Standing
from anlan.apps.goals.queries import seeing, wanted
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import joining, projects
from anlan.apps.goals.views.doors import clause_named
from anlan.apps.goals.views.giving import STONES, stones_of
from anlan.apps.goals.views.pages import (
    amount_of,
    guard,
    needed_day,
    officers,
    page_of,
    person_of,
    places,
    region_of,
    show,
    unit_of,
    units,
)
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import holds, may

RUNNING = (Standing.PLANNED, Standing.RUNNING, Standing.FINISHED)


@require_safe
def project_list(request: HttpRequest) -> HttpResponse:
    """Projects with period, stages and money."""
    actor = guard(request)
    state, typed = request.GET.get("state", ""), request.GET.get("q", "").strip()
    every = seeing.projects(actor)
    rows = every
    if state in Standing.values:
        rows = rows.filter(state=state)
    elif state != "all":
        rows = rows.filter(state__in=RUNNING)
    if typed:
        rows = rows.filter(Q(title__icontains=typed) | Q(number__icontains=typed) | Q(lead__name__icontains=typed))
    shown = page_of(request, rows)
    today = timezone.localdate()
    paid = dict(
        Project.records.filter(pk__in=[row.pk for row in shown["page"]])
        .annotate(n=Sum("spendings__amount"))
        .values_list("pk", "n")
    )
    stages: dict[int, list[Stage]] = {}
    for stage in Stage.objects.filter(project__in=[row.pk for row in shown["page"]]):
        stages.setdefault(stage.project_id, []).append(stage)
    lines = [_line(row, paid.get(row.pk) or Decimal(0), stages.get(row.pk, []), today) for row in shown["page"]]
    total = every.filter(state__in=RUNNING).aggregate(n=Sum("budget"))["n"] or 0
    return show(
        request, "projects.html", "projects", **shown, lines=lines, state=state, q=typed, states=Standing.choices,
        may_plan=holds(actor, "task.assign"), total=total, filtered=bool(state or typed),
        running=every.filter(state__in=RUNNING).count(), to_accept=every.filter(state=Standing.FINISHED).count(),
        late=every.filter(state__in=RUNNING[:2], ends_on__lt=today).count(),
    )  # fmt: skip


def _line(row: Project, paid: Decimal, stages: list[Stage], today: Any) -> dict[str, Any]:
    return {
        "row": row, "paid": paid, "share": int(100 * paid / row.budget), "stages": len(stages),
        "done": sum(1 for one in stages if one.done_on), "late": row.state in RUNNING[:2] and row.ends_on < today,
        "behind": row.state in RUNNING[:2] and any(one.done_on is None and one.due_on < today for one in stages),
    }  # fmt: skip


@transaction.atomic
def _planned(data: QueryDict, clause: Clause | None, actor: User) -> Project:
    """The project, joined to the clause that asks for it."""
    made = projects.plan(
        title=data.get("title", ""), unit=unit_of(data.get("unit", "")), lead=person_of(data.get("lead", "")),
        region=region_of(data.get("region", "")), begins_on=needed_day(data.get("begins_on", ""), "begins_on"),
        ends_on=needed_day(data.get("ends_on", ""), "ends_on"),
        budget=amount_of(data.get("budget", ""), "budget"),
        money_from=data.get("money_from", ""), basis=data.get("basis", ""), words=data.get("words", ""),
        stages=stones_of(data, "stages"), actor=actor, now=timezone.now(),
    )  # fmt: skip
    if clause is not None:
        joining.join(clause, kind="project", target=made.number, actor=actor, now=timezone.now())
    return made


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Plan a project."""
    actor = guard(request, "task.assign")
    refused = None
    data = request.POST
    clause = clause_named(request)
    if request.method == "POST":
        try:
            made = _planned(data, clause, actor)
        except Refused as no:
            refused = no
        else:
            messages.success(request, _("Entered as %(code)s.") % {"code": made.number})
            return redirect("goals:project", number=made.number)
    titles, days = data.getlist("stone"), data.getlist("stone_due")
    lines = [(titles[k] if k < len(titles) else "", days[k] if k < len(days) else "") for k in range(STONES)]
    return show(
        request, "project_form.html", "projects", status=422 if refused else 200, refused=refused,
        typed=data or (wanted.of_project(clause) if clause is not None else {}), clause=clause,
        units=units(actor), officers=officers(actor), places=places(actor, "task.assign"), lines=lines,
    )  # fmt: skip


def _found(request: HttpRequest, number: str) -> tuple[User, Project]:
    actor = guard(request)
    row = seeing.projects(actor).filter(number=number).first()
    if row is None:
        raise Http404
    return actor, row


@require_safe
def project(request: HttpRequest, number: str) -> HttpResponse:
    actor, row = _found(request, number)
    return _page(request, actor, row)


def _page(request: HttpRequest, actor: User, row: Project, refused: object = None) -> HttpResponse:
    paid = projects.spent(row)
    today = timezone.localdate()
    return show(
        request, "project.html", "projects", status=422 if refused else 200, row=row, refused=refused,
        typed=request.POST, stages=list(row.stages.all()), spendings=list(row.spendings.select_related("by")),
        paid=paid, left=row.budget - paid, share=int(100 * paid / row.budget), today=today,
        late=row.state in RUNNING[:2] and row.ends_on < today, may_report=may(actor, "task.report", row.region),
        may_accept=may(actor, "task.check", row.region) and actor.pk != row.lead_id,
        may_stop=may(actor, "task.assign", row.region),
    )  # fmt: skip


def _begin(request: HttpRequest, row: Project, actor: User) -> None:
    projects.begin(row, actor=actor, now=timezone.now())


def _stage(request: HttpRequest, row: Project, actor: User) -> None:
    pk = request.POST.get("stage", "")
    stage = Stage.objects.filter(project=row, pk=int(pk) if pk.isdigit() and len(pk) < 18 else 0).first()
    if stage is None:
        raise Http404
    on = needed_day(request.POST.get("on", ""), "on")
    projects.finish_stage(stage, on=on, words=request.POST.get("words", ""), actor=actor, now=timezone.now())


def _spend(request: HttpRequest, row: Project, actor: User) -> None:
    data = request.POST
    projects.spend(
        row, on=needed_day(data.get("on", ""), "on"), amount=amount_of(data.get("amount", ""), "amount"),
        words=data.get("words", ""), voucher=data.get("voucher", ""), actor=actor, now=timezone.now(),
    )  # fmt: skip


def _finish(request: HttpRequest, row: Project, actor: User) -> None:
    projects.finish(row, on=needed_day(request.POST.get("on", ""), "on"), actor=actor, now=timezone.now())


def _accept(request: HttpRequest, row: Project, actor: User) -> None:
    data = request.POST
    projects.accept(
        row, on=needed_day(data.get("on", ""), "on"), conclusion=data.get("conclusion", ""),
        passed=data.get("passed") == "1", actor=actor, now=timezone.now(),
    )  # fmt: skip


def _stop(request: HttpRequest, row: Project, actor: User) -> None:
    projects.stop(row, reason=request.POST.get("reason", ""), actor=actor, now=timezone.now())


ACTS: dict[str, Callable[[HttpRequest, Project, User], None]] = {
    "begin": _begin, "stage": _stage, "spend": _spend, "finish": _finish, "accept": _accept, "stop": _stop,
}  # fmt: skip


@require_POST
def act(request: HttpRequest, number: str, act: str) -> HttpResponse:
    actor, row = _found(request, number)
    if act not in ACTS:
        raise Http404
    try:
        ACTS[act](request, row, actor)
    except Refused as refused:
        return _page(request, actor, row, refused)
    messages.success(request, _("Kept."))
    return redirect("goals:project", number=number)
