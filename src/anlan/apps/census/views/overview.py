"""The census at a glance: what is in force, and how complete and sound each table is in each town."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan.apps.census.models import Edition, EditionState
from anlan.apps.census.queries.report import TABLES, Line, Score, report
from anlan.apps.census.views.common import frame, open_to, table_title
from anlan.formats.tables.writing import Column, Value, Workbook, csv_lines


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The report as a table of towns and tables."""
    open_to(request)
    lines = report(request.user, timezone.now())
    context = {
        **frame(request, "overview"),
        "edition": Edition.objects.filter(state=EditionState.IN_FORCE).first(),
        "lines": lines,
        "whole": [_whole(lines, at) for at in range(len(TABLES))],
    }
    return render(request, "census/overview.html", context)


def _whole(lines: list[Line], at: int) -> tuple[int, float | None]:
    """Rows of one table over all towns, and their quality by rows."""
    rows = sum(line.scores[at].records for line in lines)
    known = [(line.scores[at].records, line.scores[at].quality) for line in lines]
    weighed = sum(n * quality for n, quality in known if quality is not None)
    return rows, round(weighed / rows, 1) if rows else None


@require_safe
def town(request: HttpRequest, town: str) -> HttpResponse:
    """What is missing and doubtful in one town."""
    open_to(request)
    line = next((one for one in report(request.user, timezone.now()) if one.code == town), None)
    if line is None:
        raise Http404
    parts = [(table, table_title(table), score) for table, score in zip(TABLES, line.scores, strict=True)]
    return render(request, "census/town.html", {**frame(request, "overview"), "line": line, "parts": parts})


@require_safe
def export(request: HttpRequest, form: str) -> HttpResponse | StreamingHttpResponse:
    """The report as a workbook or a text file."""
    open_to(request)
    if form not in ("xlsx", "csv"):
        raise Http404
    rows = _rows(report(request.user, timezone.now()))
    titles = [
        _("Town"),
        _("Code"),
        _("Table"),
        _("Rows"),
        _("Complete, %"),
        _("Doubtful rows"),
        _("Quality"),
        _("Remarks"),
    ]
    if form == "csv":
        answer: Any = StreamingHttpResponse(csv_lines(titles, rows), content_type="text/csv; charset=utf-8")
    else:
        target = io.BytesIO()
        with Workbook(target) as book:
            page = book.page(_("Quality of the census"), [Column(title) for title in titles])
            for row in rows:
                page.row(row)
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        answer = HttpResponse(target.getvalue(), content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="census-quality-{timezone.localdate():%Y%m%d}.{form}"'
    return answer


def _rows(lines: list[Line]) -> Iterator[list[Value]]:
    for line in lines:
        for table, score in zip(TABLES, line.scores, strict=True):
            complete = None if score.complete is None else round(100 * score.complete, 1)
            yield [
                line.name, line.code, table_title(table), score.records, complete, score.doubtful, score.quality,
                _remarks(score),
            ]  # fmt: skip


def _remarks(score: Score) -> str:
    said = [f"{doubt.words} {doubt.count}" if doubt.count else doubt.words for doubt in score.doubts]
    said += [_("%(field)s missing in %(n)d") % {"field": label, "n": n} for label, n in score.missing[:3]]
    return _("; ").join([score.note, *said] if score.note else said)
