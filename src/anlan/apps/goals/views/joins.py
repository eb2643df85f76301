"""Join a clause to what answers it; each act answers with the page of the clause."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anlan.apps.goals.models import Clause, Link
from anlan.apps.goals.queries.documents import visible
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import aiming, joining
from anlan.apps.goals.views.doors import clause_or_404
from anlan.apps.goals.views.ledger import clause_page
from anlan.kernel.evidence.services import Refused as FileRefused
from anlan.kernel.evidence.services import prepare
from anlan.kernel.indicators.errors import Refused as NoTarget
from anlan.kernel.people.doors import actor_of, needs


def _back(clause: Clause) -> HttpResponse:
    return redirect("goals:clause", clause.edition.document.code, clause.edition.number, clause.anchor)


def _link_or_404(request: HttpRequest, pk: int) -> Link:
    link = get_object_or_404(Link.objects.select_related("clause__edition__document__region"), pk=pk, removed_at=None)
    if not visible(request.user).filter(pk=link.clause.edition.document_id).exists():
        raise Http404
    return link


def _done(request: HttpRequest, pk: int, verb: Callable[..., None], words: str) -> HttpResponse:
    """What was done with a link, on the page of its clause."""
    link = _link_or_404(request, pk)
    try:
        verb(link, actor=actor_of(request), now=timezone.now())
    except Refused as refused:
        return clause_page(request, link.clause, refused=str(refused), status=422)
    messages.success(request, words)
    return _back(link.clause)


@require_POST
@needs("goals.view")
def join(request: HttpRequest, code: str, number: int, anchor: str) -> HttpResponse:
    """Join it to a target."""
    clause = clause_or_404(request, code, number, anchor)
    post = request.POST
    actor, now = actor_of(request), timezone.now()
    try:
        with transaction.atomic():
            link = joining.join(
                clause, kind=post.get("kind", ""), target=post.get("target", ""), note=post.get("note", ""),
                actor=actor, now=now,
            )  # fmt: skip
            targets = aiming.aim(clause, link.target, actor=actor, now=now) if link.kind == "indicator" else []
    except (Refused, NoTarget) as refused:
        return clause_page(request, clause, refused=str(refused), status=422)
    messages.success(request, _("Joined."))
    for target in targets:
        words = _("Target for %(year)s set by this clause: %(words)s")
        messages.success(request, words % {"year": target.year, "words": target.words})
    return _back(clause)


@require_POST
@needs("goals.view")
def prove(request: HttpRequest, code: str, number: int, anchor: str) -> HttpResponse:
    """Hand in a file as proof."""
    clause = clause_or_404(request, code, number, anchor)
    file = request.FILES.get("file")
    if file is None or file.file is None:
        return clause_page(request, clause, refused=_("Choose a file."), status=422)
    try:
        joining.prove(
            clause, file=prepare(file.file), name=file.name or "", note=request.POST.get("note", ""),
            actor=actor_of(request), now=timezone.now(),
        )  # fmt: skip
    except (Refused, FileRefused) as refused:
        return clause_page(request, clause, refused=str(refused), status=422)
    messages.success(request, _("Proof handed in."))
    return _back(clause)


@require_POST
@needs("goals.view")
def part(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a link away."""
    return _done(request, pk, joining.part, _("Link taken away."))


@require_POST
@needs("goals.view")
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """A proof is enough."""
    return _done(request, pk, joining.check, _("Proof checked."))


@require_POST
@needs("goals.view")
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """A carried link still holds."""
    return _done(request, pk, joining.confirm, _("The link still holds."))
