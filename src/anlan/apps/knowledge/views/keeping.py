"""Take documents in, change what is said of them, take them out."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.apps.knowledge import queries, words
from anlan.apps.knowledge.forms import FactsForm, SchemeForm, TakeInForm
from anlan.apps.knowledge.models import Document, Draft
from anlan.apps.knowledge.services import drafts, library
from anlan.apps.knowledge.services.refusals import Refused
from anlan.apps.knowledge.views.common import document_or_404
from anlan.formats.texts.cutting import SCHEMES
from anlan.formats.texts.reading import Limits
from anlan.kernel.people.doors import actor_of, needs

#: Clauses of a draft that are shown at once.
SHOWN = 400


@require_http_methods(["GET", "HEAD", "POST"])
@needs("knowledge.edit")
def new(request: HttpRequest) -> HttpResponse:
    """A file or a text; `replaces` names the edition that it will replace."""
    code = request.POST.get("replaces") or request.GET.get("replaces") or ""
    before = document_or_404(request, code) if code else None
    form = TakeInForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        actor, now = actor_of(request), timezone.now()
        file = form.cleaned_data["file"]
        try:
            if file is not None:
                data = file.read(Limits().bytes + 1)
                draft = drafts.take_in_file(data, file.name, replaces=before, actor=actor, now=now)
            else:
                draft = drafts.take_in_text(form.cleaned_data["text"], replaces=before, actor=actor, now=now)
        except Refused as refused:
            form.add_error(refused.field or None, str(refused))
        else:
            return redirect("knowledge:draft", pk=draft.pk)
    waiting = Draft.objects.filter(by=actor_of(request)).order_by("-at").defer("text")[:10]
    return render(
        request, "knowledge/new.html", {"form": form, "before": before, "waiting": waiting},
        status=422 if form.errors else 200,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@needs("knowledge.edit")
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """How a draft is cut and what was found in it; keeping it puts it into the library."""
    actor, now = actor_of(request), timezone.now()
    row = get_object_or_404(Draft.objects.select_related("replaces__region"), pk=pk, by=actor)
    asked = request.POST.get("scheme") or request.GET.get("scheme") or ""
    cut = drafts.cut_of(row, asked if asked in SCHEMES else "", now)
    if request.method == "POST":
        form = FactsForm(request.POST, actor=actor, now=now)
        if form.is_valid():
            try:
                kept = library.keep_draft(row, form.facts(), scheme=cut.scheme, actor=actor, now=now)
            except Refused as refused:
                form.add_error(refused.field or None, str(refused))
            else:
                messages.success(request, _("Kept in the library."))
                return redirect("knowledge:document", code=kept.code)
    else:
        form = FactsForm(actor=actor, now=now, initial=FactsForm.guessed(cut, row.replaces))
    depths: list[int] = []
    for piece in cut.pieces:
        depths.append(depths[piece.parent] + 1 if piece.parent >= 0 else 0)
    counts = [(words.LEVEL_WORDS[level], n) for level in words.LEVEL_WORDS if (n := cut.count(level))]
    return render(
        request,
        "knowledge/draft.html",
        {
            "row": row,
            "cut": cut,
            "form": form,
            "schemes": SchemeForm(initial={"scheme": cut.scheme}),
            "counts": counts,
            "findings": [words.of_finding(finding) for finding in cut.findings],
            "pieces": list(zip(cut.pieces[:SHOWN], depths, strict=False)),
            "more": max(0, len(cut.pieces) - SHOWN),
        },
        status=422 if form.errors else 200,
    )


@require_POST
@needs("knowledge.edit")
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Drop a draft."""
    actor = actor_of(request)
    drafts.discard(get_object_or_404(Draft, pk=pk, by=actor), actor=actor)
    messages.success(request, _("Draft dropped."))
    return redirect("knowledge:new")


@require_http_methods(["GET", "HEAD", "POST"])
@needs("knowledge.edit")
def edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change what is kept beside the text."""
    actor, now = actor_of(request), timezone.now()
    row = document_or_404(request, code)
    if request.method != "POST":
        form = FactsForm(actor=actor, now=now, initial=FactsForm.of(row))
        return render(request, "knowledge/edit.html", {"form": form, "row": row})
    form = FactsForm(request.POST, actor=actor, now=now)
    if form.is_valid():
        try:
            library.change(row, form.facts(), actor=actor, now=now)
        except Refused as refused:
            form.add_error(refused.field or None, str(refused))
        else:
            messages.success(request, _("Kept."))
            return redirect("knowledge:document", code=row.code)
    return render(request, "knowledge/edit.html", {"form": form, "row": row}, status=422)


@require_POST
@needs("knowledge.edit")
def remove(request: HttpRequest, code: str) -> HttpResponse:
    """Take a document out."""
    row = document_or_404(request, code)
    try:
        library.remove(row, reason=request.POST.get("reason", ""), actor=actor_of(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("knowledge:document", code=row.code)
    messages.success(request, _("%(title)s was taken out of the library.") % {"title": row.title})
    return redirect("knowledge:search")


@require_safe
@needs("knowledge.edit")
def removed_list(request: HttpRequest) -> HttpResponse:
    """What was taken out, to put back."""
    rows = queries.removed(request.user).select_related("region").order_by("-removed_at")[:200]
    return render(request, "knowledge/removed.html", {"rows": rows})


@require_POST
@needs("knowledge.edit")
def restore(request: HttpRequest, code: str) -> HttpResponse:
    """Put a document back."""
    row: Document = get_object_or_404(queries.removed(request.user), code=code)
    library.restore(row, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("%(title)s is in the library again.") % {"title": row.title})
    return redirect("knowledge:document", code=row.code)
