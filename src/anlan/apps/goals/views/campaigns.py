"""Campaigns: the list, one with its two lists, its lines, its brief, both lists as a workbook."""

from __future__ import annotations

import io
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.apps.goals.models import Campaign, Issue, Listed, ListItem, Sort
from anlan.apps.goals.queries import seeing
from anlan.apps.goals.queries import tasks as task_queries
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import campaigns, papers
from anlan.apps.goals.views.pages import (
    day_of,
    guard,
    needed_day,
    page_of,
    places,
    region_of,
    show,
    unit_of,
    units,
)
from anlan.formats.tables.writing import Column, Workbook
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.rights import holds, may
from anlan.kernel.web.refs import ref_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OPEN = (Listed.OPEN, Listed.DOING)


@require_safe
def campaign_list(request: HttpRequest) -> HttpResponse:
    """Campaigns with how far their problems and measures are."""
    actor = guard(request)
    state = request.GET.get("state", "")
    rows = seeing.campaigns(actor)
    if state != "all":
        rows = rows.filter(closed_at__isnull=state != "closed")
    counted = rows.order_by("-begins_on", "-pk").annotate(
        problems=Count("items", Q(items__sort=Sort.PROBLEM), distinct=True),
        verified=Count("items", Q(items__sort=Sort.PROBLEM, items__state=Listed.VERIFIED), distinct=True),
        measures=Count("items", Q(items__sort=Sort.MEASURE), distinct=True),
        measured=Count(
            "items", Q(items__sort=Sort.MEASURE, items__state__in=(Listed.DONE, Listed.VERIFIED)), distinct=True
        ),
        late=Count("items", Q(items__state__in=OPEN, items__due_on__lt=timezone.localdate()), distinct=True),
    )
    return show(
        request, "campaigns.html", "campaigns", **page_of(request, counted), state=state,
        may_begin=holds(actor, "task.assign"), today=timezone.localdate(),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a campaign."""
    actor = guard(request, "task.assign")
    refused = None
    data = request.POST
    if request.method == "POST":
        try:
            made = campaigns.begin(
                title=data.get("title", ""), unit=unit_of(data.get("unit", "")),
                region=region_of(data.get("region", "")), begins_on=needed_day(data.get("begins_on", ""), "begins_on"),
                ends_on=needed_day(data.get("ends_on", ""), "ends_on"), basis=data.get("basis", ""),
                words=data.get("words", ""), actor=actor, now=timezone.now(),
            )  # fmt: skip
        except Refused as no:
            refused = no
        else:
            messages.success(request, _("Begun as %(number)s.") % {"number": made.number})
            return redirect("goals:campaign", number=made.number)
    return show(
        request, "campaign_form.html", "campaigns", status=422 if refused else 200, refused=refused, typed=data,
        units=units(actor), places=places(actor, "task.assign"), today=timezone.localdate(),
    )  # fmt: skip


def _found(request: HttpRequest, number: str) -> tuple[User, Campaign]:
    actor = guard(request)
    row = seeing.campaigns(actor).filter(number=number).first()
    if row is None:
        raise Http404
    return actor, row


@require_safe
def campaign(request: HttpRequest, number: str) -> HttpResponse:
    actor, row = _found(request, number)
    return _page(request, actor, row)


def _page(request: HttpRequest, actor: User, row: Campaign, refused: object = None) -> HttpResponse:
    today = timezone.localdate()
    sort = request.GET.get("list", Sort.PROBLEM)
    sort = sort if sort in Sort.values else Sort.PROBLEM
    state = request.GET.get("state", "")
    every = list(row.items.select_related("unit", "region", "answers").defer("region__boundary"))
    lines = [
        one
        for one in every
        if one.sort == sort and (not state or one.state == state or (state == "late" and _late(one, today)))
    ]
    return show(
        request, "campaign.html", "campaigns", status=422 if refused else 200, row=row, refused=refused,
        typed=request.POST, sort=sort, state=state, states=Listed.choices, sorts=Sort.choices,
        lines=[(one, _late(one, today), _ways(one, row, actor)) for one in lines],
        counts=_counts(every, today), problems=[one for one in every if one.sort == Sort.PROBLEM],
        tasks=[(task, task.case) for task in task_queries.with_case(task_queries.seen(actor).filter(campaign=row))],
        issues=list(Issue.records.filter(ref=ref_of(row))), today=today,
        may_enter=row.closed_at is None and holds(actor, "task.report"),
        may_supervise=may(actor, "task.supervise", row.region),
        may_check=row.closed_at is None and may(actor, "task.check", row.region),
        may_give=row.closed_at is None and may(actor, "task.assign", row.region),
        places=places(actor, "task.report"), units=_units(actor, row),
    )  # fmt: skip


def _units(actor: User, row: Campaign) -> list[Department]:
    found = {unit.pk: unit for unit in units(actor, "task.report")}
    return list(found.values())


def _ways(item: ListItem, row: Campaign, actor: User) -> list[tuple[str, str]]:
    return [] if row.closed_at else [(to.value, str(to.label)) for to in campaigns.moves_of(item, actor)]


def _late(item: ListItem, today: Any) -> bool:
    return item.due_on is not None and item.due_on < today and item.state in OPEN


def _counts(items: list[ListItem], today: Any) -> list[dict[str, Any]]:
    found = []
    for sort in Sort:
        rows = [one for one in items if one.sort == sort]
        done = sum(1 for one in rows if one.state in (Listed.DONE, Listed.VERIFIED))
        found.append({
            "sort": sort, "label": sort.label, "all": len(rows), "done": done,
            "verified": sum(1 for one in rows if one.state == Listed.VERIFIED),
            "late": sum(1 for one in rows if _late(one, today)),
        })  # fmt: skip
    return found


@require_POST
def enter(request: HttpRequest, number: str) -> HttpResponse:
    """Put a line onto one of the lists."""
    actor, row = _found(request, number)
    data = request.POST
    try:
        sort = data.get("sort", "")
        if sort not in Sort.values:
            raise Refused(_("Choose the list."), "sort")
        answers = None
        if data.get("answers"):
            answers = ListItem.objects.filter(
                campaign=row, pk=data["answers"] if data["answers"].isdigit() else 0
            ).first()
        campaigns.enter(
            row, Sort(sort), title=data.get("title", ""), region=region_of(data.get("region", "")),
            unit=unit_of(data.get("unit", "")), officer=data.get("officer", ""),
            due_on=day_of(data.get("due_on", ""), "due_on", required=False), answers=answers, actor=actor,
            now=timezone.now(),
        )  # fmt: skip
    except Refused as refused:
        return _page(request, actor, row, refused)
    messages.success(request, _("Kept."))
    return redirect(f"{request.path.removesuffix('lines/')}?list={sort}")


@require_POST
def move(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    actor, row = _found(request, number)
    item = ListItem.objects.filter(campaign=row, pk=pk).select_related("campaign", "region").first()
    to = request.POST.get("to", "")
    if item is None or to not in Listed.values:
        raise Http404
    try:
        campaigns.move(item, Listed(to), result=request.POST.get("result", ""), actor=actor, now=timezone.now())
    except Refused as refused:
        return _page(request, actor, row, refused)
    messages.success(request, _("Kept."))
    return redirect(f"{request.path.partition('lines/')[0]}?list={item.sort}")


@require_POST
def brief(request: HttpRequest, number: str) -> HttpResponse:
    """Issue the brief as things stand; it then stands on the page as Word and PDF."""
    actor, row = _found(request, number)
    made = papers.issue_brief(row, actor=actor, now=timezone.now())
    messages.success(request, _("Issued as %(number)s.") % {"number": made.number})
    return redirect("goals:campaign", number=number)


@require_POST
def close(request: HttpRequest, number: str) -> HttpResponse:
    actor, row = _found(request, number)
    try:
        campaigns.close(row, conclusion=request.POST.get("conclusion", ""), actor=actor, now=timezone.now())
    except Refused as refused:
        return _page(request, actor, row, refused)
    messages.success(request, _("Closed."))
    return redirect("goals:campaign", number=number)


@require_safe
def export(request: HttpRequest, number: str) -> HttpResponse:
    """Both lists as a workbook, one sheet each."""
    _actor, row = _found(request, number)
    out = io.BytesIO()
    heads = (
        _("No."), _("Content"), _("Town or county"), _("Unit"), _("Officer"), _("To be done by"), _("State"),
        _("Against problem"), _("Result"), _("Done on"),
    )  # fmt: skip
    names = {Sort.PROBLEM: _("Problems"), Sort.MEASURE: _("Measures")}
    with Workbook(out) as book:
        for sort in Sort:
            page = book.page(names[sort], [Column(head) for head in heads])
            for one in row.items.filter(sort=sort).select_related("region", "unit", "answers"):
                page.row([
                    one.serial, one.title, one.region.name, one.unit.name, one.officer, one.due_on,
                    str(Listed(one.state).label), one.answers.serial if one.answers else None, one.result, one.done_on,
                ])  # fmt: skip
    answer = HttpResponse(out.getvalue(), content_type=XLSX)
    answer["Content-Disposition"] = content_disposition_header(True, f"{row.title}.xlsx") or "attachment"
    return answer
