"""The review: left the text with the words marked, right what was read in each clause, to be decided by a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from anlan.apps.goals.fields import FIELDS, rows_of, summary
from anlan.apps.goals.models import Clause, Draft, DraftKind, DraftState, Edition
from anlan.apps.goals.queries.documents import visible
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import reviewing
from anlan.apps.goals.views.doors import clause_or_404, edition_or_404
from anlan.apps.goals.views.ledger import clause_page
from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.people.rights import may

#: What is still shown of drafts: those that were split or merged live on in others.
_SHOWN = (DraftState.PROPOSED, DraftState.ACCEPTED, DraftState.REJECTED)


@dataclass(slots=True)
class Card:
    """A draft as the page shows it."""

    draft: Draft
    summary: str
    rows: list[Any]
    percent: int | None


@dataclass(slots=True)
class Piece:
    """A stretch of a clause's text, with the drafts whose words it belongs to."""

    text: str
    drafts: tuple[int, ...] = ()
    states: str = ""


@dataclass(slots=True)
class Group:
    """A clause with its own text in pieces and its drafts."""

    clause: Clause
    depth: int
    pieces: list[Piece] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)

    @property
    def waiting(self) -> int:
        """Drafts that wait for a decision."""
        return sum(1 for one in self.cards if one.draft.state == DraftState.PROPOSED)


def _card(draft: Draft) -> Card:
    percent = None if draft.confidence is None else round(draft.confidence * 100)
    return Card(draft, summary(draft.kind, draft.body), rows_of(draft.kind, draft.body), percent)


def groups(edition: Edition, *, only: Clause | None = None) -> list[Group]:
    """The clauses of an edition in reading order; `only` one of them with its place in the text."""
    clauses = list(edition.clauses.order_by("position").defer("table", "text"))
    drafts: dict[int, list[Draft]] = defaultdict(list)
    rows = Draft.objects.filter(clause__edition=edition, state__in=_SHOWN)
    for draft in (rows if only is None else rows.filter(clause=only)).order_by("start", "id"):
        drafts[draft.clause_id].append(draft)
    depths: dict[int, int] = {}
    found: list[Group] = []
    ends = [one.start for one in clauses[1:]] + [len(edition.text)]
    for clause, end in zip(clauses, ends, strict=True):
        depths[clause.pk] = depths[clause.parent_id] + 1 if clause.parent_id in depths else 0
        if only is not None and clause.pk != only.pk:
            continue
        own = drafts[clause.pk]
        group = Group(clause, depths[clause.pk], cards=[_card(one) for one in own])
        group.pieces = pieces(edition.text, clause.start, max(end, clause.start), own)
        found.append(group)
    return found


def pieces(text: str, begin: int, end: int, drafts: Iterable[Draft]) -> list[Piece]:
    """A stretch of text cut wherever the words of a draft begin or end."""
    marked = [one for one in drafts if one.start < end and one.end > begin and one.state != DraftState.REJECTED]
    bounds = sorted(
        {begin, end, *(min(max(at, begin), end) for one in marked for at in (one.start, one.end))}
    )  # fmt: skip
    found = []
    for left, right in pairwise(bounds):
        over = [one for one in marked if one.start <= left and one.end >= right]
        states = {one.state for one in over}
        found.append(
            Piece(
                text[left:right], tuple(one.pk for one in over),
                DraftState.PROPOSED if DraftState.PROPOSED in states else DraftState.ACCEPTED if states else "",
            )
        )  # fmt: skip
    return found


def _progress(edition: Edition) -> tuple[int, int]:
    """Decided, and all."""
    states = list(
        Draft.objects.filter(clause__edition=edition, state__in=_SHOWN).order_by().values_list("state", flat=True)
    )
    return sum(1 for one in states if one != DraftState.PROPOSED), len(states)


@require_safe
@needs("goals.view")
def page(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """The whole of it."""
    edition = edition_or_404(request, code, number)
    found = groups(edition)
    kind, waiting = request.GET.get("kind", ""), request.GET.get("waiting") == "1"
    for group in found:
        group.cards = [
            one for one in group.cards
            if (kind not in DraftKind.values or one.draft.kind == kind)
            and (not waiting or one.draft.state == DraftState.PROPOSED)
        ]  # fmt: skip
    decided, total = _progress(edition)
    before = edition.document.editions.filter(number__lt=edition.number).exists()
    return render(
        request,
        "goals/review.html",
        {
            "edition": edition,
            "row": edition.document,
            "groups": found,
            "lead": edition.text[: found[0].clause.start if found else None].strip(),
            "decided": decided,
            "total": total,
            "kinds": DraftKind.choices,
            "kind": kind,
            "waiting": waiting,
            "before": before,
            "undone": len(edition.kept),
            "may_review": may(request.user, "goals.review", edition.document.region) and edition.state != "replaced",
            "may_import": may(request.user, "goals.import", edition.document.region),
        },
    )


def _draft_or_404(request: HttpRequest, pk: Any) -> Draft:
    typed = str(pk)
    if not typed.isascii() or not typed.isdigit() or len(typed) > 18:
        raise Http404
    draft = get_object_or_404(Draft.objects.select_related("clause__edition__document__region"), pk=int(typed))
    if not visible(request.user).filter(pk=draft.clause.edition.document_id).exists():
        raise Http404
    return draft


@require_POST
@needs("goals.view")
def decide(request: HttpRequest, pk: int, do: str) -> HttpResponse:
    """Accept, reject, take back, change or split one draft."""
    draft = _draft_or_404(request, pk)
    actor, now, post = actor_of(request), timezone.now(), request.POST
    acts: dict[str, Callable[[], object]] = {
        "accept": lambda: reviewing.accept(draft, actor=actor, now=now),
        "reject": lambda: reviewing.reject(draft, actor=actor, now=now),
        "reopen": lambda: reviewing.reopen(draft, actor=actor, now=now),
        "change": lambda: reviewing.change(draft, post.dict(), actor=actor, now=now),
        "split": lambda: reviewing.split(draft, post.get("parts", "").splitlines(), actor=actor, now=now),
    }
    if do not in acts:
        raise Http404
    return _answer(request, draft.clause, acts[do])


@require_POST
@needs("goals.view")
def merge(request: HttpRequest) -> HttpResponse:
    """Make one of several drafts."""
    chosen = request.POST.get("drafts", "").split(",")[:50]
    drafts = [_draft_or_404(request, one) for one in chosen]
    return _answer(
        request, drafts[0].clause, lambda: reviewing.merge(drafts, actor=actor_of(request), now=timezone.now())
    )  # fmt: skip


def _answer(request: HttpRequest, clause: Clause, act: Callable[[], object]) -> HttpResponse:
    """The clause as it stands after the act: for a script its two halves, else the page at that place."""
    edition = clause.edition
    scripted = request.headers.get("X-Requested-With") == "fetch"
    back = reverse("goals:review", args=[edition.document.code, edition.number]) + f"#c-{clause.anchor}"
    try:
        act()
    except Refused as refused:
        if scripted:
            return JsonResponse({"words": str(refused), "field": refused.field}, status=422)
        return render(
            request, "goals/refused.html", {"words": str(refused), "back": back, "row": edition.document}, status=422
        )  # fmt: skip
    if not scripted:
        return redirect(back)
    group = groups(edition, only=clause)[0]
    decided, total = _progress(edition)
    context = {"group": group, "may_review": True, "edition": edition}
    return JsonResponse(
        {
            "clause": clause.anchor,
            "cards": render_to_string("goals/_group.html", context, request),
            "text": render_to_string("goals/_text.html", context, request),
            "decided": decided,
            "total": total,
        }
    )


@require_POST
@needs("goals.view")
def add(request: HttpRequest, code: str, number: int, anchor: str) -> HttpResponse:
    """Something that no rule read, written by a person on the page of the clause."""
    clause = clause_or_404(request, code, number, anchor)
    kind = request.POST.get("kind", "")
    first = FIELDS[kind][0].name if kind in FIELDS else ""
    typed: dict[str, str] = {first: request.POST.get("name", "")}
    try:
        reviewing.add(
            clause, kind, request.POST.get("words", ""), typed, actor=actor_of(request), now=timezone.now()
        )  # fmt: skip
    except Refused as refused:
        return clause_page(request, clause, refused=str(refused), status=422)
    return redirect("goals:clause", code, number, anchor)
