"""The ledger: all documents, one document as a tree with states, one clause with what answers it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from anlan.apps.goals.fields import FIELDS, summary
from anlan.apps.goals.models import Clause, DraftKind, DraftState, Edition, Kind
from anlan.apps.goals.queries import ledger
from anlan.apps.goals.queries.documents import binding, current_editions, places_of, visible
from anlan.apps.goals.queries.ledger import Line, Narrowing, Sheet
from anlan.apps.goals.queries.standing import Offer, State, kinds
from anlan.apps.goals.views.doors import clause_or_404, current_or_404, edition_or_404
from anlan.apps.goals.views.exporting import row_of, table
from anlan.kernel.audit import services as audit
from anlan.kernel.audit.queries import of as trail_of
from anlan.kernel.audit.queries import who
from anlan.kernel.audit.words import word
from anlan.kernel.evidence import queries as evidence
from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.people.rights import holds, may
from anlan.kernel.regions.models import Region
from anlan.kernel.web.refs import ref_of


def year_of(request: HttpRequest) -> int | None:
    """The year of the address; None where it says none that makes sense."""
    typed = request.GET.get("year", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) == 4 else None


def place_of(request: HttpRequest) -> Region | None:
    """The place of the address; None where it says none that is there."""
    code = request.GET.get("region", "")[:20]
    return Region.objects.defer("boundary").filter(code=code).first() if code else None


def narrowing_of(request: HttpRequest) -> Narrowing:
    """What the address narrows to; what makes no sense narrows nothing."""
    state = request.GET.get("state", "")
    return Narrowing(
        state if state in State.values else "", request.GET.get("officer", "")[:130],
        request.GET.get("department", "")[:130], request.GET.get("waiting") == "1",
    )  # fmt: skip


@require_safe
@needs("goals.view")
def overview(request: HttpRequest) -> HttpResponse:
    """Every document with its coverage, and the clauses of all of them that fit the filter."""
    documents = list(visible(request.user))
    years = sorted({year for one in documents for year in range(one.first_year, one.last_year + 1)}, reverse=True)
    year, place, kind = year_of(request), place_of(request), request.GET.get("kind", "")
    asked = [
        one for one in (documents if place is None else binding(documents, place))
        if (year is None or one.first_year <= year <= one.last_year) and (not kind or one.kind == kind)
    ]  # fmt: skip
    editions = current_editions(asked)
    found = ledger.sheets(
        [editions[one.pk] for one in asked if one.pk in editions], year=year, place=place, now=timezone.now()
    )
    narrowing = narrowing_of(request)
    officers, units = ledger.people_and_units(found)
    hits = [
        (sheet, line) for sheet in found for line in sheet.lines if narrowing and ledger.fits(line, narrowing)
    ]  # fmt: skip
    total: Counter[State] = sum((sheet.counts for sheet in found), Counter())
    return render(
        request,
        "goals/ledger.html",
        {
            "sheets": found,
            "tally": [(state, total[state]) for state in State if state != State.PLAIN],
            "asking": sum(total.values()),
            "undecided": sum(sheet.undecided for sheet in found),
            "hits": hits[:300],
            "more": max(0, len(hits) - 300),
            "narrowing": narrowing,
            "officers": officers,
            "units": units,
            "regions": places_of(documents),
            "years": years,
            "states": [state for state in State if state != State.PLAIN],
            "kinds": Kind.choices,
            "year": year,
            "region": place.code if place is not None else "",
            "kind": kind,
            "may_import": holds(request.user, "goals.import"),
            "may_review": holds(request.user, "goals.review"),
        },
    )


@require_safe
@needs("goals.view")
def document(request: HttpRequest, code: str) -> HttpResponse:
    """The edition of a document that counts, as a tree with states."""
    return _tree(request, current_or_404(request, code))


@require_safe
@needs("goals.view")
def edition(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Any edition."""
    return _tree(request, edition_or_404(request, code, number))


def _tree(request: HttpRequest, row: Edition) -> HttpResponse:
    place = place_of(request)
    sheet = ledger.sheets([row], year=year_of(request), place=place, now=timezone.now())[0]
    narrowing = narrowing_of(request)
    officers, units = ledger.people_and_units([sheet])
    document = row.document
    return render(
        request,
        "goals/document.html",
        {
            "row": document,
            "edition": row,
            "sheet": sheet,
            "lines": ledger.narrowed(sheet.lines, narrowing),
            "narrowing": narrowing,
            "officers": officers,
            "units": units,
            "states": [state for state in State if state != State.PLAIN],
            "regions": places_of([document]),
            "region": sheet.asked.region.code,
            "years": range(document.first_year, document.last_year + 1),
            "editions": document.editions.select_related("by").defer("original", "text", "edits", "source"),
            "files": list(evidence.of(ref_of(document))),
            "to_check": sum(1 for line in sheet.lines for one in line.joined if one.link.to_check),
            "may_import": may(request.user, "goals.import", document.region),
            "may_review": may(request.user, "goals.review", document.region),
            "query": request.GET.urlencode(),
        },
    )


@require_safe
@needs("goals.view")
def clause(request: HttpRequest, code: str, number: int, anchor: str) -> HttpResponse:
    """A clause: its words at their place in the source, what was read in it, what answers it, its trail."""
    return clause_page(request, clause_or_404(request, code, number, anchor))


def clause_page(request: HttpRequest, row: Clause, *, refused: str = "", status: int = 200) -> HttpResponse:
    """The page of a clause, with what was refused of the last act."""
    edition = row.edition
    sheet = ledger.sheets([edition], year=year_of(request), place=place_of(request), now=timezone.now())[0]
    at = next(index for index, line in enumerate(sheet.lines) if line.clause.pk == row.pk)
    line = sheet.lines[at]
    viewer = actor_of(request)
    typed = request.GET.get("q", "").strip()[:80]
    may_join = may(viewer, "goals.join", edition.document.region) and edition.state != "replaced"
    offers = _offers(typed or f"{row.heading}{row.text}", sheet, line, viewer) if may_join else []
    history = [
        (entry.at, who(entry), word(entry.verb), entry.after.get("what") or entry.after.get("title") or "", entry.note)
        for entry in trail_of([ref_of(row)]).order_by("-id")[:50]
    ]
    around = 60
    return render(
        request,
        "goals/clause.html",
        {
            "row": row,
            "edition": edition,
            "document": edition.document,
            "line": line,
            "above": _above(sheet.lines, row),
            "below": [one for one in sheet.lines[at + 1 :] if one.clause.parent_id == row.pk],
            "joined": ledger.seen_by(viewer, line),
            "drafts": [(one, summary(one.kind, one.body)) for one in line.drafts],
            "rejected": row.drafts.filter(state=DraftState.REJECTED).count(),
            "source": (
                edition.original[max(0, row.source_start - around) : row.source_start],
                edition.original[row.source_start : row.source_end],
                edition.original[row.source_end : row.source_end + around],
            ),
            "next": next((one.clause for one in sheet.lines[at + 1 :] if one.asks), None),
            "previous": next((one.clause for one in reversed(sheet.lines[:at]) if one.asks), None),
            "offers": offers,
            "typed": typed,
            "history": history,
            "kinds": [one for one in kinds() if one.code != "proof"],
            "draft_kinds": [(kind, FIELDS[kind]) for kind in DraftKind],
            "may_join": may_join,
            "may_assign": holds(viewer, "task.assign"),
            "may_review": may(viewer, "goals.review", edition.document.region) and edition.state != "replaced",
            "refused": refused,
        },
        status=status,
    )


def _offers(words: str, sheet: Sheet, line: Line, viewer: Any) -> list[tuple[Any, Sequence[Offer]]]:
    """What may answer the clause, by kind, without what is joined already."""
    have = {(one.link.kind, one.link.target) for one in line.joined}
    found = []
    for kind in kinds():
        offers = [one for one in kind.offers(words, sheet.asked, viewer) if (kind.code, one.target) not in have]
        if offers:
            found.append((kind, offers))
    return found


def _above(lines: Sequence[Line], row: Clause) -> list[Clause]:
    """Clauses above, from the top."""
    by_pk = {line.clause.pk: line.clause for line in lines}
    found: list[Clause] = []
    at = row.parent_id
    while at is not None:
        found.insert(0, by_pk[at])
        at = by_pk[at].parent_id
    return found


@require_safe
@needs("goals.view")
def export(request: HttpRequest, code: str) -> HttpResponse:
    """The clauses of a document as the page shows them, as a table; who took it is written down."""
    row = current_or_404(request, code)
    now = timezone.now()
    sheet = ledger.sheets([row], year=year_of(request), place=place_of(request), now=now)[0]
    shown = [line for line, hit in ledger.narrowed(sheet.lines, narrowing_of(request)) if hit]
    with transaction.atomic():
        audit.record(
            actor=actor_of(request), verb="goals.export", obj=row.document, region=row.document.region, now=now,
            after={"rows": len(shown), "query": request.GET.urlencode()[:200]},
        )  # fmt: skip
    rows = [row_of(sheet, line, request.user) for line in shown]
    return table(request, f"{row.document.code}-{now:%Y%m%d}", rows)
