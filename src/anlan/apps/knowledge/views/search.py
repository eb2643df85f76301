"""Ask the library."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from anlan.apps.knowledge import queries
from anlan.apps.knowledge.forms import SearchForm
from anlan.apps.knowledge.models import Kind
from anlan.apps.knowledge.sheets import accident_kinds
from anlan.kernel.people.doors import needs
from anlan.kernel.people.rights import holds


@require_safe
@needs("knowledge.see")
def search_page(request: HttpRequest) -> HttpResponse:
    """The library: all of it, or what a question finds."""
    now = timezone.now()
    form = SearchForm(request.GET, viewer=request.user, now=now)
    asked, day = form.asked(), timezone.localdate(now)
    typed = request.GET.get("page", "")
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 1
    answer = queries.search(request.user, asked, day, page=number)
    pages = Paginator(range(answer.total), queries.PAGE)
    if answer.total and number > pages.num_pages:
        number = pages.num_pages
        answer = queries.search(request.user, asked, day, page=number)
    rest = request.GET.copy()
    rest.pop("page", None)
    kindless = rest.copy()
    kindless.pop("kind", None)
    every = sum(answer.kinds.values())
    return render(
        request,
        "knowledge/search.html",
        {
            "form": form,
            "asked": asked,
            "words": asked.words,
            "answer": answer,
            "hits": [(hit, hit.document.state(day)) for hit in answer.page],
            "kinds": [("", None, every), *((kind.value, kind.label, answer.kinds.get(kind.value, 0)) for kind in Kind)],
            "page": pages.get_page(number),
            "numbers": pages.get_elided_page_range(number, on_each_side=2, on_ends=1),
            "query": rest.urlencode(),
            "kindless": kindless.urlencode(),
            "narrowed": bool(asked.typed or asked.kind or asked.state or asked.year or asked.accident),
            "may_edit": holds(request.user, "knowledge.edit"),
        },
    )


@require_safe
@needs("knowledge.see")
def accidents(request: HttpRequest) -> HttpResponse:
    """Every kind of accident with the cases that the library has of it."""
    cases = queries.visible(request.user).filter(kind=Kind.CASE)
    counts = Counter(cases.order_by().values_list("accident", flat=True))
    newest: dict[str, list[Any]] = {}
    for case in cases.order_by("-issued_on", "-id"):
        newest.setdefault(case.accident, []).append(case)
    kinds = accident_kinds(timezone.now()) or {}
    rows = [(one, counts[one.code], newest.get(one.code, [])[:3]) for one in kinds.values()]
    loose = [case for code, found in newest.items() if code not in kinds for case in found]
    return render(
        request, "knowledge/accidents.html", {"rows": rows, "loose": loose, "total": sum(counts.values())}
    )  # fmt: skip


@require_safe
@needs("knowledge.see")
def substance(request: HttpRequest, cas: str) -> HttpResponse:
    """The data sheet of a substance by its CAS number; a page that says so where there is none."""
    sheet = queries.sheet_of(cas, request.user, timezone.localdate())
    if sheet is not None:
        return redirect("knowledge:document", code=sheet.code)
    return render(
        request, "knowledge/no_sheet.html", {"cas": cas, "may_edit": holds(request.user, "knowledge.edit")}, status=404
    )
