"""Read a document, compare its editions, write beside its clauses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.apps.knowledge import editions, grams, queries
from anlan.apps.knowledge.models import Clause, Document, Kind, Note
from anlan.apps.knowledge.services import notes
from anlan.apps.knowledge.services.library import actor_region
from anlan.apps.knowledge.services.refusals import Refused
from anlan.apps.knowledge.sheets import accident_kinds, section_titles
from anlan.apps.knowledge.views.common import document_or_404
from anlan.kernel.evidence import queries as evidence
from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.people.rights import may
from anlan.kernel.web.refs import ref_of

#: Levels that stand in the tree beside a text.
TREE = ("part", "chapter", "section", "article", "annex", "clause", "heading", "sheet")


@require_safe
@needs("knowledge.see")
def document(request: HttpRequest, code: str) -> HttpResponse:
    """The whole text with its tree; `q` marks words in it."""
    row = document_or_404(request, code)
    return _document(request, row)


def _document(request: HttpRequest, row: Document, *, refused: Refused | None = None, at: str = "") -> HttpResponse:
    now = timezone.now()
    clauses = list(row.clauses.order_by("position"))
    beside: dict[int, list[Note]] = defaultdict(list)
    for note in queries.notes_of(request.user, row):
        beside[note.clause_id].append(note)
    words = grams.words_of(request.GET.get("q", ""))
    depths = _depths(clauses)
    lines = [
        {"clause": clause, "depth": depths[clause.pk], "notes": beside[clause.pk],
         "cite": f"{row.cited}{clause.locator}" if clause.locator else ""}
        for clause in clauses
    ]  # fmt: skip
    kinds = accident_kinds(now) if row.accident else None
    actor = actor_of(request)
    after = queries.visible(actor).filter(replaces=row).first()
    before = queries.visible(actor).filter(pk=row.replaces_id).first() if row.replaces_id else None
    context = {
        "row": row,
        "state": row.state(timezone.localdate(now)),
        "lines": lines,
        "tree": [line for line in lines if line["clause"].level in TREE],
        "words": words,
        "hits": sum(1 for clause in clauses if _stands(clause, words)),
        "accident": kinds[row.accident] if kinds and row.accident in kinds else None,
        "before": before,
        "after": after,
        "files": list(evidence.of(ref_of(row))),
        "sections": _sections(clauses, row, now),
        "may_edit": may(actor, "knowledge.edit", row.region),
        "may_note": may(actor, "knowledge.edit", actor_region(actor)) and not row.removed_at,
        "may_unnote": {n.pk for some in beside.values() for n in some if may(actor, "knowledge.edit", n.region)},
        "refused": refused,
        "refused_at": at,
    }
    return render(request, "knowledge/document.html", context, status=422 if refused else 200)


def _stands(clause: Clause, words: Sequence[str]) -> bool:
    text = grams.folded(grams.SEPARATOR.join((clause.number, clause.heading, clause.text)))
    return any(word in text for word in words)


def _depths(clauses: Iterable[Clause]) -> dict[int, int]:
    found: dict[int, int] = {}
    for clause in clauses:
        found[clause.pk] = found[clause.parent_id] + 1 if clause.parent_id in found else 0
    return found


def _sections(clauses: Sequence[Clause], row: Document, now: Any) -> list[dict[str, Any]]:
    """The sections of a safety data sheet as the standard has them, those that are missing included."""
    if row.kind != Kind.SHEET:
        return []
    given = {clause.number: clause for clause in clauses if clause.level == "sheet"}
    below: dict[int, list[Clause]] = defaultdict(list)
    for clause in clauses:
        if clause.position != clause.unit:
            below[clause.unit].append(clause)
    return [
        {"number": str(n), "title": title, "clause": head, "lines": below[head.position] if head else []}
        for n, title in enumerate(section_titles(now), 1)
        for head in (given.get(str(n)),)
    ]


@require_safe
@needs("knowledge.see")
def differences(request: HttpRequest, code: str) -> HttpResponse:
    """A document beside the edition before it."""
    row = document_or_404(request, code)
    before = queries.visible(request.user).filter(pk=row.replaces_id).first() if row.replaces_id else None
    if before is None:
        raise Http404
    found = editions.compare(_units(before), _units(row))
    shown = found if request.GET.get("all") == "1" else [one for one in found if one.kind != "same"]
    counts = [(kind, word, sum(1 for one in found if one.kind == kind)) for kind, word in (
        ("changed", _("changed")), ("added", _("added")), ("removed", _("struck out")), ("moved", _("renumbered")),
        ("same", _("unchanged")),
    )]  # fmt: skip
    return render(
        request, "knowledge/differences.html",
        {"row": row, "before": before, "found": shown, "counts": counts, "all": request.GET.get("all") == "1"},
    )  # fmt: skip


def _units(row: Document) -> list[editions.Unit]:
    """Articles or numbered clauses with all that stands below them; headings and preambles are left out."""
    found: dict[int, list[Clause]] = defaultdict(list)
    for clause in row.clauses.order_by("position"):
        if clause.level not in ("part", "chapter", "section", "lead"):
            found[clause.unit].append(clause)
    return [
        editions.Unit(
            some[0].number, some[0].heading,
            "\n".join(f"{one.number if at else ''}{one.text}" for at, one in enumerate(some) if one.text),
            some[0].anchor,
        )
        for some in found.values()
    ]  # fmt: skip


@require_POST
@needs("knowledge.see")
def add_note(request: HttpRequest, code: str) -> HttpResponse:
    """Write a note beside a clause."""
    row = document_or_404(request, code)
    clause = get_object_or_404(row.clauses.select_related("document"), anchor=request.POST.get("clause", ""))
    try:
        notes.add_note(clause, text=request.POST.get("text", ""), actor=actor_of(request), now=timezone.now())
    except Refused as refused:
        return _document(request, row, refused=refused, at=clause.anchor)
    messages.success(request, _("Note written."))
    return redirect(f"{reverse('knowledge:document', args=[row.code])}#{clause.anchor}")


@require_POST
@needs("knowledge.see")
def remove_note(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a note away."""
    note = get_object_or_404(Note.objects.select_related("clause__document", "region"), pk=pk, removed_at=None)
    row = document_or_404(request, note.clause.document.code or "")
    if not queries.notes_of(request.user, row).filter(pk=note.pk).exists():
        raise Http404
    notes.remove_note(note, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("Note taken away."))
    return redirect(f"{reverse('knowledge:document', args=[row.code])}#{note.clause.anchor}")
