"""One record: its archive with tabs, its phone page, its history, and looking at what is masked."""

from __future__ import annotations

import io
from typing import Any

import segno
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.kernel.audit import services as audit
from anlan.kernel.evidence import services as evidence
from anlan.kernel.evidence.content import Refused as FileRefused
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import may, require
from anlan.kernel.registers import listing, services
from anlan.kernel.registers.archive import tabs_of
from anlan.kernel.registers.declarations import Register, get
from anlan.kernel.registers.models import Link
from anlan.kernel.registers.services import Refused
from anlan.kernel.registers.views.common import former_record, record_or_404, register_or_404, words_of
from anlan.kernel.web import refs


@require_safe
def archive(request: HttpRequest, code: str, record_code: str) -> HttpResponse:
    """The archive of a record: facts first, a tab for each thing that hangs on it."""
    register = register_or_404(request, code)
    record = register.rows(request.user).filter(code=record_code).first()
    if record is None:
        return _former(request, register, record_code)
    record = record_or_404(register, request, record_code)
    tabs = tabs_of(register, record, request.user)
    chosen = next((tab for tab in tabs if tab.code == request.GET.get("tab", "")), None)
    context: dict[str, Any] = {
        "register": register,
        "record": record,
        "level": getattr(record, register.colour_by) if register.colour_by else None,
        "tabs": tabs,
        "tab": chosen,
        "may_unmask": may(request.user, "personal.unmask", record.region),
        "may_edit": may(request.user, register.edit, record.region),
    }
    if chosen is not None:
        context |= {"part": chosen.context(), "brief": False}
    else:
        context["sections"] = listing.sections(register, record)
        context["panels"] = [(tab, tab.context()) for tab in tabs if tab.panel]
    return render(request, "registers/archive.html", context)


def _former(request: HttpRequest, register: Register, code: str) -> HttpResponse:
    """A removed record says so; one that was merged leads to where it went."""
    record = former_record(register, request, code)
    if record is None:
        raise Http404
    if record.merged_into is not None:
        kept = register.rows(request.user).filter(pk=record.merged_into).first()
        if kept is not None:
            messages.info(request, _("%(code)s was merged into this record.") % {"code": code})
            return redirect(refs.address_of(kept))
    context = {"register": register, "record": record, "may_edit": may(request.user, register.edit, record.region)}
    return render(request, "registers/former.html", context, status=410)


@require_POST
def unmask(request: HttpRequest, code: str, record_code: str, name: str) -> HttpResponse:
    """Show one personal value to someone with the right, and write down that they looked."""
    register = register_or_404(request, code)
    record = record_or_404(register, request, record_code)
    if name not in register.sensitive:
        raise Http404
    require(request.user, "personal.unmask", record.region)
    assert isinstance(request.user, User)
    audit.record(
        actor=request.user, verb="personal.unmask", obj=record, region=record.region, after={"field": name},
        now=timezone.now(), note=request.POST.get("reason", ""),
    )  # fmt: skip
    return render(request, "registers/_value.html", {"cell": listing.cell(register, record, name, clear=True)})


@require_safe
def phone_page(request: HttpRequest, code: str, record_code: str) -> HttpResponse:
    """What the QR code of a record opens: the facts in large print, and what can be done from here."""
    register = register_or_404(request, code)
    record = record_or_404(register, request, record_code)
    tabs = tabs_of(register, record, request.user)
    context = {
        "register": register,
        "record": record,
        "level": getattr(record, register.colour_by) if register.colour_by else None,
        "sections": listing.sections(register, record),
        "panels": [(tab, tab.context()) for tab in tabs if tab.panel],
        "may_unmask": may(request.user, "personal.unmask", record.region),
    }
    return render(request, "registers/phone.html", context)


@require_safe
def qr(request: HttpRequest, code: str, record_code: str) -> HttpResponse:
    """The QR code of a record's phone page, as SVG."""
    register = register_or_404(request, code)
    record = record_or_404(register, request, record_code)
    return HttpResponse(qr_svg(request, register, record), content_type="image/svg+xml")


def phone_address(request: HttpRequest, register: Register, record: Any) -> str:
    """The whole address of a record's phone page, as a QR code holds it."""
    return request.build_absolute_uri(reverse("registers:phone", args=[register.code, record.code]))


def qr_svg(request: HttpRequest, register: Register, record: Any) -> bytes:
    """The picture of a QR code, error correction M: readable with a scratched sticker."""
    out = io.BytesIO()
    segno.make(phone_address(request, register, record), error="m", micro=False).save(
        out, kind="svg", scale=4, border=2, xmldecl=False
    )
    return out.getvalue()


@require_POST
def add_document(request: HttpRequest, code: str, record_code: str) -> HttpResponse:
    """Hang a file on a record."""
    register = register_or_404(request, code)
    record = record_or_404(register, request, record_code)
    require(request.user, register.edit, record.region)
    assert isinstance(request.user, User)
    back = f"{refs.address_of(record)}?tab=documents"
    file = request.FILES.get("file")
    if file is None:
        messages.error(request, _("Choose a file first."))
        return redirect(back)
    try:
        evidence.keep(
            file=file.file, name=file.name or "", ref=refs.ref_of(record), role="document", region=record.region,
            actor=request.user, now=timezone.now(), note=request.POST.get("note", ""),
        )  # fmt: skip
    except FileRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("File kept."))
    return redirect(back)


@require_POST
def add_link(request: HttpRequest, code: str, record_code: str) -> HttpResponse:
    """Join this record and another one, named by register and code."""
    register = register_or_404(request, code)
    record = record_or_404(register, request, record_code)
    assert isinstance(request.user, User)
    other_register = get(request.POST.get("register", ""))
    other = None
    if other_register is not None:
        other = other_register.rows(request.user).filter(code=request.POST.get("other", "").strip()).first()
    if other is None:
        messages.error(request, _("Choose the other record from the suggestions."))
    else:
        try:
            services.link(
                register, record, other, words=request.POST.get("words", ""), actor=request.user, now=timezone.now()
            )
        except Refused as refused:
            messages.error(request, words_of(refused))
    return redirect(f"{refs.address_of(record)}?tab=links")


@require_POST
def drop_link(request: HttpRequest, code: str, record_code: str, pk: int) -> HttpResponse:
    """Part two records."""
    register = register_or_404(request, code)
    record = record_or_404(register, request, record_code)
    joined = Link.objects.filter(pk=pk).first()
    if joined is None:
        raise Http404
    assert isinstance(request.user, User)
    try:
        services.unlink(register, record, joined, actor=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, words_of(refused))
    return redirect(f"{refs.address_of(record)}?tab=links")
