"""Taking a list away as a file, and the archive of one record as Word or PDF."""

from __future__ import annotations

import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.core.handlers.asgi import ASGIRequest
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from anlan.formats.tables.writing import MOST_ROWS
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.registers import exporting, listing, selecting
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.exporting import FORMS, Form, Take
from anlan.kernel.registers.printing import pdf, word
from anlan.kernel.registers.printing.content import content_of
from anlan.kernel.registers.views.archives import phone_address
from anlan.kernel.registers.views.common import record_or_404, register_or_404

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@require_http_methods(["GET", "HEAD", "POST"])
def export(request: HttpRequest, code: str) -> HttpResponseBase:
    """Everything that the address selects (GET), or the records chosen in the list (POST), as a file."""
    register = register_or_404(request, code)
    assert isinstance(request.user, User)
    params = request.GET if request.method != "POST" else QueryDict(request.POST.get("query", ""))
    chosen = request.POST if request.method == "POST" else request.GET
    form = FORMS.get(chosen.get("as", "xlsx"))
    if form is None:
        raise Http404
    now = timezone.now()
    asked = selecting.question(register, request.user, params.dict(), now)
    sort = selecting.sort_of(register, params.get("sort", ""))
    pks = selecting.select(register, asked, sort=sort).pks
    if request.method == "POST" and request.POST.get("all") != "1":
        ticked = set(request.POST.getlist("pk"))
        pks = [pk for pk in pks if str(pk) in ticked]
    back = reverse("registers:list", args=[register.code]) + f"?{listing.without(params)}"
    if not pks:
        messages.error(request, _("There is nothing to export."))
        return redirect(back)
    if form.code == "xlsx" and len(pks) >= MOST_ROWS:
        messages.error(request, _("A workbook holds %(most)d rows; narrow the list or take CSV.") % {"most": MOST_ROWS})
        return redirect(back)
    take = Take(register, pks, listing.chosen_columns(register, params.get("cols", "")))
    if request.method == "HEAD":
        return HttpResponse(content_type=form.kind)
    exporting.note(take, form, listing.without(params, "page", "size"), actor=request.user, now=now)
    return _file(request, take, form, f"{register.title}-{timezone.localtime(now):%Y%m%d-%H%M}.{form.ending}")


def _file(request: HttpRequest, take: Take, form: Form, name: str) -> HttpResponseBase:
    if form.code == "xlsx":
        pieces = _workbook(take)
    elif form.code == "geojson":
        pieces = exporting.feature_pieces(take)
    else:
        pieces = exporting.csv_pieces(take, gb18030=form.code == "csv-gb18030")
    content: Any = _flow(pieces) if isinstance(request, ASGIRequest) else pieces
    answer = StreamingHttpResponse(content, content_type=form.kind)
    answer["Content-Disposition"] = content_disposition_header(True, _plain(name))
    return answer


def _workbook(take: Take) -> Iterator[bytes]:
    """A workbook has its directory at the end: it is written whole first, to a file without a name."""
    with tempfile.TemporaryFile() as file:
        exporting.write_workbook(take, file)
        file.seek(0)
        while piece := file.read(1 << 18):
            yield piece


async def _flow(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    step = sync_to_async(next)
    while (piece := await step(pieces, None)) is not None:
        yield piece


def _plain(name: str) -> str:
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", name)


@require_safe
def print_archive(request: HttpRequest, code: str, record_code: str, form: str) -> HttpResponse:
    """The archive of a record to print and to keep, as PDF or Word; who printed it is written down."""
    register: Register = register_or_404(request, code)
    record = record_or_404(register, request, record_code)
    assert isinstance(request.user, User)
    now = timezone.now()
    content = content_of(register, record, request.user, address=phone_address(request, register, record), now=now)
    made = pdf.made(content) if form == "pdf" else word.made(content)
    with transaction.atomic():
        audit.record(
            actor=request.user, verb="record.print", obj=record, region=record.region, after={"as": form}, now=now
        )
    answer = HttpResponse(made, content_type="application/pdf" if form == "pdf" else WORD)
    answer["Content-Disposition"] = content_disposition_header(
        form != "pdf", _plain(f"{record.code}-{record.name}.{form}")
    )
    return answer


@require_safe
def api_page(request: HttpRequest, code: str) -> HttpResponse:
    """How programs reach this register: addresses, fields and filters, in the reader's language."""
    register = register_or_404(request, code)
    fields = [(name, info, info.choices) for name, info in register.infos().items()]
    base = request.build_absolute_uri("/api/v1/registers/")
    context = {
        "register": register, "fields": fields, "base": base, "features": request.build_absolute_uri("/api/v1/ogc/"),
    }  # fmt: skip
    return render(request, "registers/api.html", context)
