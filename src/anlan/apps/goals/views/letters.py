"""Supervision letters, interviews, notices: the list, one of them, its paper, the answer."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.apps.goals.models import Issue, Letter, LetterKind
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import letters, papers, tasks
from anlan.apps.goals.views.pages import guard, page_of, show, unit_of
from anlan.apps.goals.views.tasks import page_of_task
from anlan.kernel.clocks.queries import clocks_of
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.web import refs
from anlan.kernel.web.refs import ref_of


@require_safe
def letter_list(request: HttpRequest) -> HttpResponse:
    """Letters of every kind, those without an answer first."""
    actor = guard(request)
    now = timezone.now()
    every = letters.seen_letters(actor)
    kind = request.GET.get("kind", "")
    waiting = every.filter(answer_by__isnull=False, answered_at=None)
    rows = every.filter(kind=kind) if kind in LetterKind.values else waiting if kind == "waiting" else every
    return show(
        request, "letters.html", "letters", **page_of(request, rows), kind=kind, kinds=LetterKind.choices, now=now,
        waiting=waiting.count(), late=waiting.filter(answer_by__lt=now).count(), filtered=bool(kind),
        counts=[(label, code, every.filter(kind=code).count()) for code, label in LetterKind.choices],
    )  # fmt: skip


def _letter(actor: User, pk: int) -> Letter:
    found = letters.seen_letters(actor).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _show(request: HttpRequest, actor: User, row: Letter, refused: object = None) -> HttpResponse:
    return show(
        request, "letter.html", "letters", status=422 if refused else 200, row=row, refused=refused, typed=request.POST,
        clocks=clocks_of(ref_of(row)), now=timezone.now(), kept=row.paper, forms=list(papers.FORMS),
        may_answer=row.kind in letters.ANSWERED and row.answered_at is None and letters.may_answer(actor, row),
    )  # fmt: skip


@require_safe
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    actor = guard(request)
    return _show(request, actor, _letter(actor, pk))


@require_POST
def write(request: HttpRequest, number: str, kind: str) -> HttpResponse:
    """Raise a letter over a task."""
    actor = guard(request)
    task = tasks.find(actor, number)
    if task is None or kind not in LetterKind.values:
        raise Http404
    data = request.POST
    try:
        row = letters.write(
            task, LetterKind(kind), words=data.get("words", ""), demand=data.get("demand", ""),
            to_unit=unit_of(data["to_unit"], "to_unit") if data.get("to_unit") else None,
            interviewed=data.get("interviewed", ""), place=data.get("place", ""), actor=actor, now=timezone.now(),
        )  # fmt: skip
    except Refused as refused:
        return page_of_task(request, actor, task, status=422, refused=refused, act=kind)
    messages.success(request, _("Issued as %(number)s.") % {"number": row.number})
    return redirect("goals:letter", pk=row.pk)


@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    actor = guard(request)
    row = _letter(actor, pk)
    try:
        letters.answer(row, words=request.POST.get("words", ""), actor=actor, now=timezone.now())
    except (Refused, NotAllowed) as refused:
        return _show(request, actor, row, refused)
    messages.success(request, _("Answered."))
    return redirect("goals:letter", pk=pk)


@require_safe
def paper(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """The official paper as it was issued, as Word or PDF."""
    row = _letter(guard(request), pk)
    return _file(row.paper, form, row.number)


@require_safe
def issue(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """The paper of a campaign or an appraisal as it was issued."""
    found = Issue.records.filter(pk=pk).first()
    if found is None or not refs.may_see(request.user, found.ref):
        raise Http404
    return _file(found.paper, form, found.number)


def _file(kept: dict[str, object], form: str, number: str) -> HttpResponse:
    if form not in papers.FORMS:
        raise Http404
    data, kind = papers.rendered(kept, form)
    answer = HttpResponse(data, content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(True, f"{number}.{form}") or "attachment"
    return answer
