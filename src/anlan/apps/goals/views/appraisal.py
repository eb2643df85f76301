"""Appraisals: the list, a running sheet, points by hand, "what if", editions, appeals and decisions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.apps.goals import rules
from anlan.apps.goals.models import Appeal, AppealState, Appraisal, Issue, Phase, Result
from anlan.apps.goals.queries import seeing
from anlan.apps.goals.queries.subjects import subjects_of
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import appraisal as services
from anlan.apps.goals.services import papers
from anlan.apps.goals.services import values as value_sources
from anlan.apps.goals.views.pages import amount_of, guard, region_of, show
from anlan.kernel.evidence import queries as evidence_queries
from anlan.kernel.evidence import services as evidence
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import holds, may
from anlan.kernel.regions import queries as regions
from anlan.kernel.web.refs import ref_of
from anlan.science.appraisal import ItemKind


@require_safe
def appraisal_list(request: HttpRequest) -> HttpResponse:
    """Appraisals by year, and the sheets of this year and the last that are not begun."""
    actor = guard(request, "appraisal.view")
    now = timezone.now()
    rows = list(seeing.appraisals(actor).prefetch_related("results"))
    today = timezone.localdate(now)
    root = regions.root()
    begun = {row.entry.code for row in rows}
    sheets = [entry for entry in rules.sheets(today, now) if entry.code not in begun]
    return show(
        request, "appraisals.html", "appraisals", rows=[(row, next(iter(row.results.all()), None)) for row in rows],
        sheets=sheets if may(actor, "appraisal.score", root) else [], root=root, phases=dict(Phase.choices),
    )  # fmt: skip


@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Begin the appraisal of a sheet."""
    actor = guard(request, "appraisal.score")
    now = timezone.now()
    code = request.POST.get("sheet", "")
    entry = next((one for one in rules.sheets(timezone.localdate(now), now) if one.code == code), None)
    if entry is None:
        raise Http404
    try:
        row = services.open_sheet(entry, region_of(request.POST.get("region", "")), actor=actor, now=now)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("goals:appraisals")
    return redirect("goals:appraisal", code=row.code)


def _found(request: HttpRequest, code: str) -> tuple[User, Appraisal]:
    actor = guard(request, "appraisal.view")
    row = seeing.appraisals(actor).filter(code=code).first()
    if row is None:
        raise Http404
    return actor, row


@require_safe
def sheet(request: HttpRequest, code: str) -> HttpResponse:
    """The running sheet for whoever sees the whole place; the last edition for those who are appraised in it."""
    actor, row = _found(request, code)
    if not may(actor, "appraisal.view", row.region):
        last = row.results.first()
        if last is None:
            raise Http404
        return redirect("goals:edition", code=code, edition=last.edition)
    return _page(request, actor, row)


def _page(
    request: HttpRequest, actor: User, row: Appraisal, refused: object = None, what_if: QueryDict | None = None
) -> HttpResponse:
    now = timezone.now()
    overrides, points = _overrides(what_if) if what_if is not None else ({}, {})
    stands = services.sheet_of(row, now)
    shown = services.sheet_of(row, now, what_if=overrides, what_if_points=points) if what_if is not None else stands
    ranks = {one.subject: one.rank for one in stands.rows}
    heads = [_head(raw) for raw in row.entry.body["items"]]
    lines = [_line(shown, one, row, ranks.get(one.subject), what_if or QueryDict()) for one in shown.rows]
    return show(
        request, "appraisal.html", "appraisals", status=422 if refused else 200, row=row, refused=refused,
        typed=request.POST, heads=heads, scored=[one for one in heads if one["kind"] != ItemKind.VETO], lines=lines,
        title=rules.in_words({"t": row.entry.title, "t_zh": row.entry.title_zh}, "t"), unknown=shown.unknown,
        what_if=what_if is not None, changed=len(overrides) + len(points), phase=Phase(row.phase).label,
        results=list(row.results.all()), full=row.entry.body["full"], sums=_sums(row),
        appeals=list(Appeal.records.filter(result__appraisal=row).select_related("by", "decided_by", "result")),
        names={one.ref: one.name for one in shown.subjects.values()}, proofs=list(evidence_queries.of(ref_of(row))),
        manual=[one for one in heads if one["kind"] == ItemKind.MANUAL],
        vetoes=[one for one in heads if one["kind"] == ItemKind.VETO], subjects=list(shown.subjects.values()),
        held=[mark for mark in stands.marks.values() if mark.points is None],
        may_score=row.phase != Phase.CLOSED and may(actor, "appraisal.score", row.region),
        may_publish=row.phase != Phase.CLOSED and may(actor, "appraisal.publish", row.region),
        may_decide=row.phase != Phase.CLOSED and may(actor, "appraisal.decide", row.region),
    )  # fmt: skip


def _sums(row: Appraisal) -> dict[str, int]:
    return {
        "open_appeals": Appeal.records.filter(result__appraisal=row, state=AppealState.OPEN).count(),
        "vetoes": row.marks.filter(points=None, lifted=False).count(),
    }


def _head(raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "code": raw["code"], "title": rules.in_words(raw, "title"), "points": raw.get("points", 0),
        "kind": raw["kind"], "kind_words": rules.KIND_WORDS[ItemKind(raw["kind"])],
        "scale": rules.scale_words(raw), "unit": raw.get("unit", ""),
        "source": value_sources.title_of(raw["value"]) if raw.get("value") else "",
    }  # fmt: skip


def _line(sheet: services.Sheet, one: Any, row: Appraisal, rank_before: int | None, typed: QueryDict) -> dict[str, Any]:
    """One subject for the page; `typed` are the values of a "what if", which stay in their fields."""
    grade = services.grade_of(row.entry.body, one)
    kinds = {item.code: item.kind for item in sheet.items}
    cells = []
    for cell in one.cells:
        key = (cell.item, one.subject)
        value, held = sheet.values.get(key), sheet.marks.get(key)
        words = held.words if held is not None else value.words if value is not None else ""
        name = f"{'v' if kinds[cell.item] is ItemKind.COMPUTED else 'p'}|{cell.item}|{one.subject}"
        cells.append({
            "item": cell.item, "points": cell.points, "value": cell.value, "words": words,
            "url": value.url if value is not None else "", "entered": held is not None and value is not None,
            "name": name, "typed": typed.get(name, ""),
        })  # fmt: skip
    moved = None
    if one.rank is not None and rank_before is not None:
        moved = rank_before - one.rank
    return {
        "row": one, "name": sheet.subjects[one.subject].name, "cells": cells, "moved": moved,
        "grade": rules.in_words(dict(grade), "name") if grade else "",
    }  # fmt: skip


def _overrides(data: QueryDict) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], float]]:
    """Values (v|item|subject) and points (p|item|subject) that differ; what is no number is left out."""
    found: tuple[dict[tuple[str, str], float], dict[tuple[str, str], float]] = ({}, {})
    for name, text in data.items():
        kind, _sep, rest = name.partition("|")
        item, _sep, subject = rest.partition("|")
        if kind not in ("v", "p") or not subject or not str(text).strip():
            continue
        try:
            number = float(amount_of(str(text), name))
        except Refused:
            continue
        found[0 if kind == "v" else 1][(item, subject)] = number
    return found


@require_safe
def what_if(request: HttpRequest, code: str) -> HttpResponse:
    """The sheet with other values, from the address alone: nothing is saved, and the address can be passed on."""
    actor, row = _found(request, code)
    if not may(actor, "appraisal.view", row.region):
        raise Http404
    return _page(request, actor, row, what_if=request.GET)


@require_POST
def mark(request: HttpRequest, code: str) -> HttpResponse:
    """Points of a manual item, a veto, or its end, with a proof when there is one."""
    actor, row = _found(request, code)
    data, now = request.POST, timezone.now()
    item, subject, words = data.get("item", ""), data.get("subject", ""), data.get("words", "")
    try:
        with transaction.atomic():  # points without the proof that came with them are not kept
            if data.get("act") == "veto":
                services.veto(row, item, subject, words=words, actor=actor, now=now)
            elif data.get("act") == "lift":
                services.lift(row, item, subject, words=words, actor=actor, now=now)
            else:
                points = amount_of(data.get("points", ""), "points")
                services.mark(row, item, subject, points=points, words=words, actor=actor, now=now)
            for file in request.FILES.getlist("file"):
                evidence.keep(
                    file=file, name=file.name or "", ref=ref_of(row), role="document", region=row.region, actor=actor,
                    now=now, note=f"{item} {subject}",
                )  # fmt: skip
    except (Refused, evidence.Refused) as refused:
        return _page(request, actor, row, refused)
    messages.success(request, _("Kept."))
    return redirect("goals:appraisal", code=code)


@require_POST
def publish(request: HttpRequest, code: str) -> HttpResponse:
    actor, row = _found(request, code)
    try:
        result = services.publish(
            row, note=request.POST.get("note", ""), with_unknown=request.POST.get("with_unknown") == "1", actor=actor,
            now=timezone.now(),
        )  # fmt: skip
    except Refused as refused:
        return _page(request, actor, row, refused)
    messages.success(request, _("Published."))
    return redirect("goals:edition", code=code, edition=result.edition)


@require_POST
def close(request: HttpRequest, code: str) -> HttpResponse:
    actor, row = _found(request, code)
    try:
        services.close(row, actor=actor, now=timezone.now())
    except Refused as refused:
        return _page(request, actor, row, refused)
    messages.success(request, _("Closed."))
    return redirect("goals:appraisal", code=code)


def _edition(row: Appraisal, edition: int) -> Result:
    found = row.results.filter(edition=edition).select_related("published_by").first()
    if found is None:
        raise Http404
    return found


@require_safe
def edition(request: HttpRequest, code: str, edition: int) -> HttpResponse:
    """A publication as it was frozen, with its appeals."""
    actor, row = _found(request, code)
    return _edition_page(request, actor, row, _edition(row, edition))


def _edition_page(
    request: HttpRequest, actor: User, row: Appraisal, result: Result, refused: object = None
) -> HttpResponse:
    now = timezone.now()
    language = "name_zh" if (get_language() or "").startswith("zh") else "name"
    subjects = {one.ref: one for one in subjects_of(row.of, row.region)}
    mine = [one for one in subjects.values() if services.may_appeal(actor, one)]
    last = row.results.first()
    whole = may(actor, "appraisal.view", row.region)
    appeals = Appeal.records.filter(result=result).select_related("by", "decided_by")
    return show(
        request, "edition.html", "appraisals", status=422 if refused else 200, row=row, result=result, refused=refused,
        typed=request.POST, items=[_head(raw) for raw in result.body["items"]],
        rows=[{**one, "grade_name": (one["grade"] or {}).get(language, "")} for one in result.body["rows"]],
        title=rules.in_words({"t": row.entry.title, "t_zh": row.entry.title_zh}, "t"), whole=whole,
        is_last=last is not None and last.pk == result.pk, results=list(row.results.all()), mine=mine,
        open=services.appeal_open(result, now), issues=list(Issue.records.filter(ref=ref_of(result))),
        appeals=list(appeals if whole else appeals.filter(subject__in=[one.ref for one in mine])),
        names={one.ref: one.name for one in subjects.values()},
        may_issue=may(actor, "appraisal.publish", row.region),
        may_appeal=bool(mine) and holds(actor, "appraisal.appeal"),
    )  # fmt: skip


@require_POST
def appeal(request: HttpRequest, code: str, edition: int) -> HttpResponse:
    actor, row = _found(request, code)
    result = _edition(row, edition)
    data = request.POST
    try:
        services.appeal(
            result, data.get("item", ""), data.get("subject", ""), words=data.get("words", ""), actor=actor,
            now=timezone.now(),
        )  # fmt: skip
    except Refused as refused:
        return _edition_page(request, actor, row, result, refused)
    messages.success(request, _("Your appeal is entered."))
    return redirect("goals:edition", code=code, edition=edition)


@require_POST
def notice(request: HttpRequest, code: str, edition: int) -> HttpResponse:
    """Issue the notice of a publication."""
    actor, row = _found(request, code)
    made = papers.issue_result(_edition(row, edition), actor=actor, now=timezone.now())
    messages.success(request, _("Issued as %(number)s.") % {"number": made.number})
    return redirect("goals:edition", code=code, edition=edition)


@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    actor = guard(request, "appraisal.view")
    found = Appeal.records.filter(pk=pk).select_related("result__appraisal__region", "result__appraisal__entry").first()
    if found is None or not seeing.appraisals(actor).filter(pk=found.result.appraisal_id).exists():
        raise Http404
    data = request.POST
    sheet_row = found.result.appraisal
    try:
        upheld = data.get("upheld") == "1"
        points = amount_of(data["points"], "points") if upheld and data.get("points") else None
        services.decide(
            found, upheld=upheld, words=data.get("words", ""), points=points, actor=actor, now=timezone.now()
        )
    except Refused as refused:
        return _page(request, actor, sheet_row, refused)
    messages.success(request, _("Decided."))
    return redirect("goals:appraisal", code=sheet_row.code)
