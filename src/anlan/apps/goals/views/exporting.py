"""Clauses of the ledger as a table to take away: a workbook, or CSV with `?as=csv`."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.apps.goals.fields import summary
from anlan.apps.goals.queries.ledger import Line, Sheet, seen_by
from anlan.apps.goals.queries.standing import State
from anlan.formats.tables.writing import Column, Workbook
from anlan.kernel.web.formatting import bureau_time
from anlan.kernel.web.sheets import csv_sheet

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _head() -> list[str]:
    """Columns of an export, in the reader's language."""
    return [
        _("Document title"), _("Number"), _("Clause"), _("State"), _("Who answers"), _("Until"), _("What was read"),
        _("What answers it"), _("Newest proof"), _("Score"), _("Address"),
    ]  # fmt: skip


def row_of(sheet: Sheet, line: Line, viewer: Any) -> list[Any]:
    """A clause as a row; titles of what the viewer may not open stay out."""
    clause = line.clause
    answers = [
        f"{label}: {one.standing.title if open_to else one.link.target}"
        + (f" [{one.standing.state.label}]" if one.standing.state else "")
        + (f" {one.standing.words}" if one.standing.words and open_to else "")
        for one, label, _icon, open_to in seen_by(viewer, line)
    ]
    evidence = line.evidence
    return [
        sheet.edition.document.title, clause.number, f"{clause.heading}{clause.text}"[:2_000],
        str((line.own or State.PLAIN).label), "、".join(dict.fromkeys(one.name for one in line.holders)), line.deadline,
        "; ".join(summary(one.kind, one.body) for one in line.accepted), "; ".join(answers),
        bureau_time(evidence.standing.evidence_at) if evidence else "",
        float(line.points) if isinstance(line.points, Decimal) else "",
        reverse("goals:clause", args=[sheet.edition.document.code, sheet.edition.number, clause.anchor]),
    ]  # fmt: skip


def table(request: HttpRequest, name: str, rows: Sequence[Sequence[Any]]) -> HttpResponse:
    """The rows as a file that a browser keeps as `name`."""
    if request.GET.get("as") == "csv":
        return csv_sheet(name, _head(), rows)
    target = io.BytesIO()
    with Workbook(target) as book:
        page = book.page(_("Ledger of duties"), [Column(title) for title in _head()])
        for row in rows:
            page.row(row)
    answer = HttpResponse(target.getvalue(), content_type=WORKBOOK)
    answer["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return answer
