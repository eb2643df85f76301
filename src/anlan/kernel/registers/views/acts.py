"""Entering, changing, removing, restoring, merging, and acts on many records at once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from anlan.kernel.people.models import User
from anlan.kernel.people.rights import may, require
from anlan.kernel.registers import doubles, forms, listing, selecting, services, values
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.info import Kind
from anlan.kernel.registers.services import Refused, Stale
from anlan.kernel.registers.services.batches import require_somewhere
from anlan.kernel.registers.views.archives import qr_svg
from anlan.kernel.registers.views.common import former_record, grouped, record_or_404, register_or_404, words_of
from anlan.kernel.web import refs

#: Stickers on one printed page are asked for by so many records at most.
MOST_STICKERS = 500


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, code: str) -> HttpResponse:
    """A new record. Warnings are shown once; sending the form again with them keeps it."""
    register = register_or_404(request, code)
    assert isinstance(request.user, User)
    require_somewhere(register, request.user)
    if request.method != "POST":
        typed = {name: [value] for name, value in request.GET.items() if name in register.fields}
        return _form(request, register, None, typed=typed or None)
    raw = forms.typed_values(register, request.POST)
    checked = services.clean(register, raw)
    likely = [] if checked.blocking or "seen_doubles" in request.POST else _likely(register, checked.values)
    if checked.blocking or likely or (checked.warnings and "accept" not in request.POST):
        return _form(request, register, None, typed=dict(request.POST.lists()), faults=checked.faults, likely=likely)
    try:
        record = services.create(register, raw, actor=request.user, now=timezone.now())
    except Refused as refused:
        return _form(request, register, None, typed=dict(request.POST.lists()), faults=refused.faults)
    messages.success(request, _("Entered as %(code)s.") % {"code": record.code})
    return redirect(_after(register, record))


def _after(register: Register, record: Any) -> str:
    """A part goes back to what it is a part of, everything else to its own archive."""
    owner = getattr(record, register.parent) if register.parent else None
    return f"{refs.address_of(owner)}?tab={register.code}" if owner is not None else refs.address_of(record)


def _likely(register: Register, cleaned: Any) -> list[Any]:
    """Records that the new one may be, to look at before it is entered a second time."""
    if register.parent:
        return []
    region = cleaned.get("region")
    found = doubles.of_values(
        register, name=cleaned["name"], lon=cleaned.get("lon"), lat=cleaned.get("lat"),
        region=region.pk if region is not None else None,
    )  # fmt: skip
    return selecting.records(register, [double.pk for double in found[:5]])


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, code: str, record_code: str) -> HttpResponse:
    """Change a record. Personal values that the viewer may not see stay as they are unless they are typed anew."""
    register = register_or_404(request, code)
    record = record_or_404(register, request, record_code)
    require(request.user, register.edit, record.region)
    assert isinstance(request.user, User)
    if request.method != "POST":
        return _form(request, register, record)
    raw = forms.typed_values(register, request.POST)
    for name in register.sensitive:
        if raw.get(name, "") == "" and request.POST.get(f"{name}.clear") != "1":
            raw.pop(name, None)
    typed = dict(request.POST.lists())
    checked = services.clean(register, raw, record=record)
    if checked.blocking or (checked.warnings and "accept" not in request.POST):
        return _form(request, register, record, typed=typed, faults=checked.faults)
    try:
        seen = int(request.POST.get("revision", "")) if request.POST.get("revision", "").isdigit() else None
        after = services.change(register, record, raw, actor=request.user, now=timezone.now(), seen=seen)
    except Refused as refused:
        return _form(request, register, record, typed=typed, faults=refused.faults)
    except Stale as stale:
        messages.error(request, str(stale))
        return _form(request, register, record_or_404(register, request, record_code), status=409)
    if after.revision != record.revision:
        messages.success(request, _("Changed."))
    return redirect(_after(register, after))


def _form(
    request: HttpRequest,
    register: Register,
    record: Any,
    *,
    typed: dict[str, Any] | None = None,
    faults: tuple[Any, ...] = (),
    likely: list[Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    blocking = any(fault.blocks for fault in faults)
    owner = typed.get(register.parent, [""])[0] if typed and register.parent else ""
    context = {
        "register": register,
        "record": record,
        "sections": forms.form(register, record=record, typed=typed, faults=faults),
        "general": grouped(faults),
        "faults": [fault for fault in faults if fault.blocks],
        "warnings": [fault for fault in faults if not fault.blocks],
        "likely": likely or [],
        "owner": owner,
        "box": _box(record),
    }
    return render(request, "registers/form.html", context, status=422 if blocking else status)


def _box(record: Any) -> str:
    """Where the map of a form opens: "lon,lat" of the record, or of its region."""
    for place in (record, getattr(record, "region", None)):
        if place is not None and place.lon is not None and place.lat is not None:
            return f"{place.lon!r},{place.lat!r}"
    return ""


@require_POST
def remove(request: HttpRequest, code: str, record_code: str) -> HttpResponse:
    """Take a record out of use, with a reason."""
    register = register_or_404(request, code)
    record = record_or_404(register, request, record_code)
    assert isinstance(request.user, User)
    try:
        services.remove(register, record, reason=request.POST.get("reason", ""), actor=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, words_of(refused))
        return redirect(refs.address_of(record))
    messages.success(request, _("%(name)s is out of use; it can be restored.") % {"name": record.name})
    return redirect("registers:list", code=register.code)


@require_POST
def restore(request: HttpRequest, code: str, record_code: str) -> HttpResponse:
    """Bring a removed record back."""
    register = register_or_404(request, code)
    record = former_record(register, request, record_code)
    if record is None:
        raise Http404
    assert isinstance(request.user, User)
    try:
        services.restore(register, record, actor=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, words_of(refused))
        return redirect("registers:removed", code=register.code)
    return redirect(refs.address_of(record))


@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, code: str) -> HttpResponse:
    """Two records side by side; for each field that differs the person takes one of the two values."""
    register = register_or_404(request, code)
    assert isinstance(request.user, User)
    data = request.POST if request.method == "POST" else request.GET
    keep = record_or_404(register, request, data.get("keep", ""))
    drop = record_or_404(register, request, data.get("drop", ""))
    for record in (keep, drop):
        require(request.user, register.edit, record.region)
    if request.method == "POST":
        taken: dict[str, Any] = {name: "drop" for name in register.fields if request.POST.get(name) == "drop"}
        try:
            kept = services.merge(
                register, keep, drop, taken=taken, actor=request.user, now=timezone.now(),
                note=request.POST.get("note", ""),
            )  # fmt: skip
        except Refused as refused:
            messages.error(request, words_of(refused))
        else:
            messages.success(request, _("Merged. %(code)s leads here now.") % {"code": drop.code})
            return redirect(refs.address_of(kept))
    rows = []
    for name in register.fields:
        info = register.info(name)
        if not info.editable or name == "code":
            continue
        one, other = listing.cell(register, keep, name), listing.cell(register, drop, name)
        differs = values.as_json(info, getattr(keep, name)) != values.as_json(info, getattr(drop, name))
        rows.append((info, one, other, differs, differs and not one.text))
    return render(request, "registers/merge.html", {"register": register, "keep": keep, "drop": drop, "rows": rows})


def _chosen(request: HttpRequest, register: Register) -> list[int]:
    """Numbers of the chosen records: those that were ticked, or all that the address selects."""
    now = timezone.now()
    if request.POST.get("all") == "1":
        params = QueryDict(request.POST.get("query", "")).dict()
        return selecting.select(register, selecting.question(register, request.user, params, now)).pks
    wanted = {int(pk) for pk in request.POST.getlist("pk") if pk.isdigit() and len(pk) < 19}
    asked = selecting.question(register, request.user, {}, now)
    seen = selecting.select(register, asked).pks
    return [pk for pk in seen if pk in wanted]


@require_POST
def many(request: HttpRequest, code: str) -> HttpResponse:
    """One value for many records, or stickers with their QR codes to print."""
    register = register_or_404(request, code)
    assert isinstance(request.user, User)
    pks = _chosen(request, register)
    query = listing.without(QueryDict(request.POST.get("query", "")))
    back = reverse("registers:list", args=[register.code]) + (f"?{query}" if query else "")
    if not pks:
        messages.error(request, _("Choose records first."))
        return redirect(back)
    act = request.POST.get("do", "")
    if act == "stickers":
        return _stickers(request, register, pks)
    if act == "merge" and len(pks) == 2:
        keep, drop = selecting.records(register, pks)
        return redirect(reverse("registers:merge", args=[register.code]) + f"?keep={keep.code}&drop={drop.code}")
    if act != "change":
        messages.error(request, _("Two records are merged at a time."))
        return redirect(back)
    name = request.POST.get("field", "")
    if name not in register.fields or not register.info(name).editable or name in ("code", "name"):
        raise Http404
    info = register.info(name)
    raw = request.POST.getlist("value") if info.kind is Kind.CHOICES else request.POST.get("value", "")
    try:
        changed = services.change_many(register, pks, {name: raw}, actor=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, words_of(refused))
    else:
        words = ngettext("%(n)d record changed.", "%(n)d records changed.", changed)
        messages.success(request, words % {"n": changed})
    return redirect(back)


def _stickers(request: HttpRequest, register: Register, pks: list[int]) -> HttpResponse:
    rows = selecting.records(register, pks[:MOST_STICKERS])
    stickers = [
        (row, qr_svg(request, register, row).decode()) for row in rows if may(request.user, register.see, row.region)
    ]
    context = {"register": register, "stickers": stickers, "cut": len(pks) > MOST_STICKERS, "most": MOST_STICKERS}
    return render(request, "registers/stickers.html", context)


@require_http_methods(["GET", "HEAD"])
def field_input(request: HttpRequest, code: str) -> HttpResponse:
    """The input for one field, for a change of many records."""
    register = register_or_404(request, code)
    name = request.GET.get("field", "")
    if name not in register.fields or not register.info(name).editable:
        raise Http404
    (section,) = forms.form(register, names=[name])
    return render(request, "registers/_input.html", {"input": section.inputs[0], "field_name": "value"})
