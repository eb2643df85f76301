"""Take documents in, see and undo their cleaning, compare editions, put them in force."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.apps.goals.forms import EditionForm, FactsForm, TakeInForm
from anlan.apps.goals.models import Change, Clause, Draft, DraftState, Edition, Link
from anlan.apps.goals.queries.documents import removed
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import documents
from anlan.apps.goals.views.doors import document_or_404, edition_or_404
from anlan.apps.goals.words import EDIT_WORDS, sentence
from anlan.apps.knowledge.editions import pieces
from anlan.formats.policy import Bounds
from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.people.rights import may

#: How the end of a line is shown where it is what an edit is about.
BREAK = "⏎"
#: Edits of one kind that are shown at once.
SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
@needs("goals.import")
def new(request: HttpRequest) -> HttpResponse:
    """Upload a document; `of` names the one of which it is a newer edition. It leads to the review."""
    actor, now = actor_of(request), timezone.now()
    code = request.POST.get("of") or request.GET.get("of") or ""
    before = document_or_404(request, code) if code else None
    form: Any
    if before is not None:
        form = EditionForm(request.POST or None, request.FILES or None)
    else:
        form = TakeInForm(request.POST or None, request.FILES or None, actor=actor)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        facts = _facts_of(before) if before is not None else form.facts()
        try:
            edition = documents.take_in(
                file.read(Bounds().bytes + 1), file.name, facts, document=before, actor=actor, now=now
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            return redirect("goals:review", edition.document.code, edition.number)
    return render(request, "goals/new.html", {"form": form, "before": before}, status=422 if form.errors else 200)


def _facts_of(document: Any) -> documents.Facts:
    return documents.Facts(
        document.kind, document.region, document.title, document.number, document.issuer, document.first_year,
        document.last_year,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@needs("goals.import")
def edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change what is kept beside the text."""
    actor = actor_of(request)
    row = document_or_404(request, code)
    form = FactsForm(request.POST or None, actor=actor, initial=FactsForm.of(row))
    if request.method == "POST" and form.is_valid():
        try:
            documents.change(row, form.facts(), actor=actor, now=timezone.now())
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, _("Kept."))
            return redirect("goals:document", code=row.code)
    return render(request, "goals/edit.html", {"form": form, "row": row}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("goals.view")
def cleaning(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """What cleaning did, edit by edit, each to be undone; what is missing or doubled in the numbers."""
    row = edition_or_404(request, code, number)
    refused = ""
    if request.method == "POST":
        done, shown = set(request.POST.getlist("done")), set(request.POST.getlist("shown"))
        ids = [one["id"] for one in row.edits]
        # What was not on the page stays as it was.
        kept = [one for one in ids if (one not in done if one in shown else one in row.kept)]
        way, _colon, kind = request.POST.get("every", "").partition(":")
        if way:
            of_kind = {one["id"] for one in row.edits if one["kind"] == kind}
            kept = [*set(row.kept) - of_kind, *(of_kind if way == "undo" else ())]
        try:
            documents.clean_again(
                row, kept=kept, drop=request.POST.get("drop") == "1", actor=actor_of(request), now=timezone.now()
            )
        except Refused as why:
            refused = str(why)
        else:
            messages.success(request, _("The text was cut anew."))
            return redirect("goals:cleaning", code, number)
    undone = set(row.kept)
    counts = Counter(one["kind"] for one in row.edits)
    sections = []
    for kind, words in EDIT_WORDS.items():
        some = [one for one in row.edits if one["kind"] == kind]
        if some:
            sections.append(
                (kind, words, counts[kind], [
                    ({**one, "before": one["before"].replace("\n", BREAK), "after": one["after"].replace("\n", BREAK)},
                     one["id"] in undone, _around(row, one))
                    for one in some[:SHOWN]
                ],
                 max(0, len(some) - SHOWN))
            )  # fmt: skip
    return render(
        request,
        "goals/cleaning.html",
        {
            "row": row.document,
            "edition": row,
            "sections": sections,
            "undone": len(undone),
            "findings": [sentence(one) for one in row.findings],
            "clauses": row.clauses.count(),
            "decisions": _decisions(row),
            "may_import": may(request.user, "goals.import", row.document.region) and row.state == "review",
            "refused": refused,
        },
        status=422 if refused else 200,
    )


def _around(row: Edition, edit: dict[str, Any]) -> tuple[str, str]:
    """A few signs before and after an edit, for its sense; a broken line is seen as a sign."""
    before, after = (
        row.original[max(0, edit["start"] - 14) : edit["start"]],
        row.original[edit["end"] : edit["end"] + 14],
    )
    return before.replace("\n", BREAK), after.replace("\n", BREAK)


def _decisions(row: Edition) -> int:
    drafts = Draft.objects.filter(clause__edition=row, carried=False).exclude(state=DraftState.PROPOSED).count()
    return drafts + Link.objects.filter(clause__edition=row, removed_at=None).count()


@require_safe
@needs("goals.view")
def differences(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """An edition beside the one before it: clause by clause what changed, and which links come along."""
    row = edition_or_404(request, code, number)
    before = row.document.editions.filter(number__lt=row.number).order_by("-number").first()
    if before is None:
        raise Http404
    new_clauses = list(row.clauses.select_related("before").order_by("position"))
    old_clauses = list(before.clauses.order_by("position"))
    links = Counter(
        Link.objects.filter(clause__edition=before, removed_at=None).order_by().values_list("clause", flat=True)
    )
    continued = {one.before_id for one in new_clauses if one.before_id}
    gone = [one for one in old_clauses if one.pk not in continued]
    counts = Counter(one.change for one in new_clauses)
    everything = request.GET.get("all") == "1"
    rows: list[tuple[str, Clause | None, Clause | None, list[tuple[str, str]], int]] = []
    at = 0
    for clause in new_clauses:
        if clause.before is not None:
            while at < len(gone) and gone[at].position < clause.before.position:
                rows.append(("gone", gone[at], None, [], links[gone[at].pk]))
                at += 1
        if clause.change == Change.SAME and not everything:
            continue
        changed = (
            list(pieces(_whole(clause.before), _whole(clause)))
            if clause.before is not None and clause.change == Change.CHANGED
            else []
        )
        rows.append((clause.change, clause.before, clause, changed, links[clause.before_id] if clause.before_id else 0))
    rows += [("gone", one, None, [], links[one.pk]) for one in gone[at:]]
    return render(
        request,
        "goals/differences.html",
        {
            "row": row.document,
            "edition": row,
            "before": before,
            "rows": rows,
            "all": everything,
            "counts": [
                *((kind, label, counts[kind]) for kind, label in Change.choices), ("gone", _("struck out"), len(gone)),
            ],
            "lost": sum(links[one.pk] for one in gone),
            "kept": sum(links.values()) - sum(links[one.pk] for one in gone),
        },
    )  # fmt: skip


def _whole(clause: Clause) -> str:
    return f"{clause.heading}{clause.text}"


def _act(request: HttpRequest, row: Edition, verb: Any, done: str) -> HttpResponse:
    try:
        verb(row, actor=actor_of(request), now=timezone.now())
    except Refused as refused:
        context = {"words": str(refused), "row": row.document, "edition": row}
        return render(request, "goals/refused.html", context, status=422)
    messages.success(request, done)
    return redirect("goals:ledger")


@require_POST
@needs("goals.view")
def put_in_force(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """From now on it counts."""
    row = edition_or_404(request, code, number)
    answer = _act(request, row, documents.put_in_force, _("%(title)s is in force.") % {"title": row.document.title})
    return redirect("goals:document", code) if answer.status_code == 302 else answer


@require_POST
@needs("goals.view")
def discard(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Drop an edition that never came into force."""
    row = edition_or_404(request, code, number)
    return _act(request, row, documents.discard, _("The edition was dropped."))


@require_POST
@needs("goals.view")
def remove(request: HttpRequest, code: str) -> HttpResponse:
    """Take a document out of the ledger."""
    row = document_or_404(request, code)
    try:
        documents.remove(row, reason=request.POST.get("reason", ""), actor=actor_of(request), now=timezone.now())
    except Refused as refused:
        return render(request, "goals/refused.html", {"words": str(refused), "row": row}, status=422)
    messages.success(request, _("%(title)s was taken out of the ledger.") % {"title": row.title})
    return redirect("goals:ledger")


@require_safe
@needs("goals.review")
def removed_list(request: HttpRequest) -> HttpResponse:
    """What was taken out, to put back."""
    rows = removed(request.user).order_by("-removed_at")[:200]
    return render(request, "goals/removed.html", {"rows": rows})


@require_POST
@needs("goals.review")
def restore(request: HttpRequest, code: str) -> HttpResponse:
    """Put a document back."""
    row = get_object_or_404(removed(request.user), code=code)
    documents.restore(row, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("%(title)s is in the ledger again.") % {"title": row.title})
    return redirect("goals:document", code=row.code)
