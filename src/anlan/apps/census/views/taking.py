"""Taking in a table of the census: registers by their import, the grid as a file that a job reads as a whole."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.apps.census.models import Taking, TakingState
from anlan.apps.census.queries.report import TABLES
from anlan.apps.census.services import tables
from anlan.apps.census.services import taking as services
from anlan.apps.census.services.taking import Refused
from anlan.apps.census.views.common import frame, may_edit_all, open_to, table_title
from anlan.formats.tables.writing import Column, Workbook
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import holds

#: Faults listed on the page; the sheet has all that are kept.
MOST_LISTED = 200
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, table: str) -> HttpResponse:
    """The form for a grid; the other tables are registers and have the import of registers."""
    open_to(request)
    if table not in TABLES or not holds(request.user, "census.edit"):
        raise Http404
    if table != "grid":
        return redirect("registers:import", table)
    _may_take(request)
    fault = ""
    if request.method == "POST":
        try:
            return redirect("census:taking", _handed_in(request).pk)
        except Refused as refused:
            fault = str(refused)
    context: dict[str, Any] = {
        **frame(request, "editions"), "title": table_title(table), "today": timezone.localdate(), "fault": fault,
        "columns": [str(label) for _name, label in tables.GRID], "most": services.LIMITS.bytes >> 20,
    }  # fmt: skip
    return render(request, "census/take.html", context, status=422 if fault else 200)


def _may_take(request: HttpRequest) -> None:
    if not may_edit_all(request):
        raise Http404


def _handed_in(request: HttpRequest) -> Taking:
    assert isinstance(request.user, User)
    file, now = request.FILES.get("file"), timezone.now()
    try:
        surveyed_on = date.fromisoformat(request.POST.get("surveyed_on", ""))
    except ValueError:
        surveyed_on = None
    if file is None or isinstance(file, list):
        raise Refused(_("Choose a file first."))
    if surveyed_on is None:
        raise Refused(_("Say on which day the people were counted."))
    if (file.size or 0) > services.LIMITS.bytes:
        raise Refused(_("The file is larger than %(most)d MB.") % {"most": services.LIMITS.bytes >> 20})
    title = request.POST.get("title", "").strip() or _("%(table)s, read in %(day)s") % {
        "table": table_title("grid"),
        "day": timezone.localdate(now).isoformat(),
    }
    return services.hand_in(
        file.read(), file.name or "", title=title, surveyed_on=surveyed_on, actor=request.user, now=now
    )


def _taking(request: HttpRequest, pk: int) -> Taking:
    open_to(request)
    _may_take(request)
    found = Taking.objects.select_related("by", "edition").filter(pk=pk).first()
    if found is None:
        raise Http404
    services.release(found, now=timezone.now())
    return found


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """What became of a file: being read, its faults, or its edition."""
    taking = _taking(request, pk)
    context = {
        **frame(request, "editions"), "taking": taking, "faults": taking.faults[:MOST_LISTED],
        "found": len(taking.faults) + taking.more, "rows": len({row for row, _column, _words in taking.faults}),
        "has_file": services.file_of(taking).is_file(),
    }  # fmt: skip
    return render(request, "census/taking.html", context)


@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Whether the file is still being read; when it is not, the page is loaded anew."""
    taking = _taking(request, pk)
    if taking.state == TakingState.READING:
        return render(request, "census/_reading.html", {"taking": taking})
    answer = HttpResponse(status=200)
    answer["HX-Redirect"] = reverse("census:taking", args=[pk])
    return answer


@require_safe
def faults(request: HttpRequest, pk: int) -> HttpResponse:
    """The sheet of faults."""
    taking = _taking(request, pk)
    try:
        body = services.fault_book(taking)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("census:taking", pk)
    answer = HttpResponse(body, content_type=_XLSX)
    answer["Content-Disposition"] = f'attachment; filename="census-grid-{pk}-faults.xlsx"'
    return answer


@require_POST
def act(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Give a file up, or read it again."""
    taking = _taking(request, pk)
    assert isinstance(request.user, User)
    verbs = {"give-up": services.give_up, "again": services.read_again}
    if name not in verbs:
        raise Http404
    try:
        verbs[name](taking, actor=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("census:taking", pk)
    if name == "again":
        return redirect("census:taking", pk)
    messages.success(request, _("The file was given up; nothing of it is kept."))
    return redirect("census:editions")


@require_safe
def template(request: HttpRequest, table: str) -> HttpResponse:
    """An empty grid with the headings."""
    open_to(request)
    if table != "grid" or not may_edit_all(request):
        raise Http404
    target = io.BytesIO()
    note = _("Resolution 9. Leave it empty where longitude and latitude of a place in the cell are given.")
    with Workbook(target) as book:
        columns = [
            Column(str(label), text=name == "cell", note=note if name == "cell" else "") for name, label in tables.GRID
        ]
        book.page(table_title(table), columns)
    answer = HttpResponse(target.getvalue(), content_type=_XLSX)
    answer["Content-Disposition"] = f'attachment; filename="census-{table}.xlsx"'
    return answer
