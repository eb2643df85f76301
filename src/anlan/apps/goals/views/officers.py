"""Officers and what each answers for: the list, and the file of one, to show what was done and what was not."""

from __future__ import annotations

from collections import Counter

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from anlan.apps.goals.fields import summary
from anlan.apps.goals.queries import ledger
from anlan.apps.goals.queries.documents import current_editions, visible
from anlan.apps.goals.queries.ledger import Line, Narrowing, Sheet
from anlan.apps.goals.queries.standing import State
from anlan.apps.goals.views.exporting import row_of, table
from anlan.apps.goals.views.ledger import year_of
from anlan.kernel.audit import services as audit
from anlan.kernel.people.doors import actor_of, needs


def _sheets(request: HttpRequest) -> list[Sheet]:
    documents = list(visible(request.user))
    year = year_of(request)
    if year is not None:
        documents = [one for one in documents if one.first_year <= year <= one.last_year]
    editions = current_editions(documents)
    return ledger.sheets([editions[one.pk] for one in documents if one.pk in editions], year=year, now=timezone.now())


def _years(request: HttpRequest) -> list[int]:
    spans = visible(request.user).values_list("first_year", "last_year")
    return sorted({year for first, last in spans for year in range(first, last + 1)}, reverse=True)


@require_safe
@needs("goals.view")
def listed(request: HttpRequest) -> HttpResponse:
    """Everybody who answers for a clause, with how these stand; who has the most that nothing answers comes first."""
    counts: dict[str, Counter[State]] = {}
    names: dict[str, tuple[str, str, bool]] = {}
    for sheet in _sheets(request):
        for line in sheet.lines:
            if line.own is None:
                continue
            for key in {ledger.officer_key(one) for one in line.holders if not one.is_unit}:
                counts.setdefault(key, Counter())[line.own] += 1
            for one in line.holders:
                if not one.is_unit:
                    unit = str(one.user.department or "") if one.user is not None else ""
                    names[ledger.officer_key(one)] = (str(one.user or one.name), unit, one.user is not None)
    rows = [
        (key, *names[key], tally, sum(tally.values())) for key, tally in counts.items()
    ]  # fmt: skip
    rows.sort(key=lambda row: (-row[4][State.NOTHING], -row[4][State.LATE], row[1]))
    states = [state for state in State if state != State.PLAIN]
    context = {
        "rows": [(key, name, unit, known, [(state, tally[state]) for state in states], total)
                 for key, name, unit, known, tally, total in rows],
        "states": states, "years": _years(request), "year": year_of(request),
    }  # fmt: skip
    return render(request, "goals/officers.html", context)


def _own(request: HttpRequest, key: str) -> tuple[str, str, list[tuple[Sheet, Line]]]:
    """Name, department and clauses of an officer; 404 for whoever answers for nothing that the viewer may see."""
    narrowing = Narrowing(officer=key)
    found = [(sheet, line) for sheet in _sheets(request) for line in sheet.lines if ledger.fits(line, narrowing)]
    holder = next((one for _sheet, line in found for one in line.holders if ledger.officer_key(one) == key), None)
    if holder is None or holder.is_unit:
        raise Http404
    unit = str(holder.user.department or "") if holder.user is not None else ""
    return str(holder.user or holder.name), unit, found


@require_safe
@needs("goals.view")
def file(request: HttpRequest, key: str) -> HttpResponse:
    """An officer's file: each clause with its state, deadline, what answers it and the newest proof."""
    name, unit, found = _own(request, key)
    tally = Counter(line.own for _sheet, line in found)
    role = {
        line.clause.pk: next(one.get_role_display() for one in line.holders if ledger.officer_key(one) == key)
        for _sheet, line in found
    }
    order = {state: at for at, state in enumerate(State)}
    found.sort(key=lambda pair: (order[pair[1].own or State.PLAIN], pair[0].edition.pk, pair[1].clause.position))
    return render(
        request,
        "goals/officer.html",
        {
            "key": key,
            "name": name,
            "unit": unit,
            "rows": [
                (sheet, line, role[line.clause.pk], ledger.seen_by(request.user, line),
                 [summary(one.kind, one.body) for one in line.accepted if one.kind != "lead"])
                for sheet, line in found
            ],
            "tally": [(state, tally[state]) for state in State if state != State.PLAIN],
            "total": len(found),
            "years": _years(request),
            "year": year_of(request),
            "now": timezone.now(),
            "query": request.GET.urlencode(),
        },
    )  # fmt: skip


@require_safe
@needs("goals.view")
def export(request: HttpRequest, key: str) -> HttpResponse:
    """The file as a table; who took it is written down."""
    name, _unit, found = _own(request, key)
    now = timezone.now()
    with transaction.atomic():
        audit.record(
            actor=actor_of(request), verb="goals.export", now=now, after={"officer": name, "rows": len(found)}
        )  # fmt: skip
    rows = [row_of(sheet, line, request.user) for sheet, line in found]
    return table(request, f"officer-{now:%Y%m%d}", rows)
