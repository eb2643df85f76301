"""What other installations send us: the sources, and the received records beside ours."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.apps.exchange import keys
from anlan.apps.exchange.forms import SourceForm
from anlan.apps.exchange.models import Received, Source, Standing
from anlan.apps.exchange.services import receiving, taking
from anlan.apps.exchange.services.addresses import Refused
from anlan.apps.exchange.views.common import page_of, show
from anlan.formats import jws
from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.people.rights import may
from anlan.kernel.regions import queries as regions
from anlan.kernel.registers import services as registers
from anlan.kernel.registers.declarations import get
from anlan.kernel.web.refs import address_of

#: What the list of received records offers as tabs; the first is where work waits.
TABS = ("open", *Standing.values)


@require_safe
@needs("exchange.receive")
def inbox(request: HttpRequest) -> HttpResponse:
    """Received records, those that wait for a person first."""
    asked = {name: request.GET.get(name, "").strip() for name in ("q", "source", "register", "standing")}
    found = Received.objects.select_related("source")
    if asked["source"].isascii() and asked["source"].isdigit() and len(asked["source"]) < 19:
        found = found.filter(source_id=int(asked["source"]))
    if asked["register"]:
        found = found.filter(register=asked["register"])
    if asked["q"]:
        found = found.filter(Q(name__icontains=asked["q"]) | Q(code__icontains=asked["q"]))
    counts = dict(found.values_list("standing").annotate(n=Count("pk")).order_by())
    standing = asked["standing"] if asked["standing"] in TABS else "open"
    wanted = taking.OPEN if standing == "open" else (standing,)
    tabs = [("open", _("To decide"), sum(counts.get(one, 0) for one in taking.OPEN))]
    tabs += [(one, Standing(one).label, counts.get(one, 0)) for one in Standing.values]
    codes = sorted(set(Received.objects.order_by().values_list("register", flat=True).distinct()))
    context = page_of(request, found.filter(standing__in=wanted))
    params = request.GET.copy()
    for name in ("page", "standing"):
        params.pop(name, None)
    return show(
        request, "inbox.html", "inbox",
        **context, asked=asked, standings=[one for one in tabs if one[2] or one[0] == standing], standing=standing,
        kept=params.urlencode(), sources=Source.objects.all(), registers=[(code, _title(code)) for code in codes],
        filtered=any(asked[n] for n in ("q", "source", "register")),
    )  # fmt: skip


def _title(code: str) -> str:
    register = get(code)
    return str(register.title) if register is not None else code


@require_safe
@needs("exchange.receive")
def received(request: HttpRequest, pk: int) -> HttpResponse:
    """One received record beside ours, field by field."""
    one = get_object_or_404(Received.objects.select_related("source", "done_by"), pk=pk)
    register = get(one.register)
    record = None
    sides: list[taking.Side] = []
    others: list[Any] = []
    may_take = False
    if register is not None:
        record = taking.Beside(register, [one]).ours(one)
        if record is not None and not may(request.user, register.see, record.region):
            record = None
        sides = taking.compared(one, register, record)
        if record is None and not one.gone:
            mine = register.rows(request.user)
            others = [other for other in taking.candidates(one, register) if mine.filter(pk=other.pk).exists()]
        may_take = taking.may_take(one, actor_of(request))
    return show(
        request, "received.html", "inbox",
        one=one, register=register, record=record, sides=sides, title=_title(one.register),
        others=[(other, address_of(other)) for other in others], url=address_of(record) if record is not None else "",
        may_take=may_take and one.standing in taking.OPEN, schema=one.source.schema.get(one.register, {}),
    )  # fmt: skip


@require_POST
@needs("exchange.receive")
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it over: the ticked fields where it is one of ours, everything where it is new."""
    one = get_object_or_404(Received, pk=pk)
    register = get(one.register)
    into = None
    if register is not None and (code := request.POST.get("into", "")):
        into = get_object_or_404(register.rows(request.user), code=code)
    chosen = request.POST.getlist("field") if request.POST.get("fields") else None
    try:
        taking.take(one, chosen=chosen, into=into, actor=actor_of(request), now=timezone.now())
    except registers.Refused as refused:
        messages.error(request, _("; ").join(fault.words for fault in refused.faults))
        return redirect("exchange:received", pk=one.pk)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("exchange:received", pk=one.pk)
    messages.success(request, _("Taken over."))
    return redirect("exchange:inbox")


@require_POST
@needs("exchange.receive")
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave it aside until it changes there."""
    one = get_object_or_404(Received, pk=pk)
    try:
        taking.leave(one, reason=request.POST.get("reason", ""), actor=actor_of(request), now=timezone.now())
        messages.success(request, _("Left aside until it changes there."))
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("exchange:received", pk=one.pk)
    return redirect("exchange:inbox")


@require_http_methods(["GET", "HEAD", "POST"])
@needs("exchange.receive")
def sources(request: HttpRequest) -> HttpResponse:
    """Who may send to us, and how far each has come."""
    form = SourceForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                source = receiving.add_source(**form.cleaned_data, actor=actor_of(request), now=timezone.now())
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, _("The door is open for %(who)s.") % {"who": source.name})
                return redirect("exchange:source", pk=source.pk)
    found = Source.objects.annotate(
        records=Count("received", filter=Q(received__gone=False)),
        waiting=Count("received", filter=Q(received__standing__in=taking.OPEN)),
    ).prefetch_related("troubles")
    lines = [
        {"source": one, "trouble": next((t for t in one.troubles.all() if t.closed_at is None), None)} for one in found
    ]
    return show(
        request, "sources.html", "sources", status=status,
        lines=lines, form=form, own_key=jws.written(jws.public_bytes(keys.public_key())),
        door=f"{request.scheme}://{request.get_host()}/api/v1/exchange/receive",
        may_manage=may(request.user, "exchange.receive", regions.root()),
    )  # fmt: skip


@require_safe
@needs("exchange.receive")
def source(request: HttpRequest, pk: int) -> HttpResponse:
    """One source: its key, its numbers, what it sends, what was missing."""
    one = get_object_or_404(Source.objects.select_related("by", "address"), pk=pk)
    kept = dict(one.received.filter(gone=False).values_list("register").annotate(n=Count("pk")).order_by())
    described = one.schema if isinstance(one.schema, dict) else {}
    rows = [
        {
            "code": code,
            "title": _title(code),
            "there": said.get("title", code) if isinstance(said, dict) else code,
            "here": get(code) is not None,
            "fields": len(said.get("fields", ())) if isinstance(said, dict) else 0,
            "n": kept.get(code, 0),
        }
        for code, said in described.items()
    ]
    return show(
        request, "source.html", "sources",
        source=one, rows=rows, troubles=one.troubles.order_by("-opened_at")[:20],
        may_manage=may(request.user, "exchange.receive", regions.root()),
    )  # fmt: skip


@require_POST
@needs("exchange.receive")
def change_source(request: HttpRequest, pk: int) -> HttpResponse:
    """Close or open the door, and say whether data goes in by itself."""
    one = get_object_or_404(Source, pk=pk)
    receiving.change_source(
        one, name=request.POST.get("name", ""), automatic=request.POST.get("automatic") == "1",
        enabled=request.POST.get("enabled") == "1", actor=actor_of(request), now=timezone.now(),
    )  # fmt: skip
    messages.success(request, _("Kept."))
    return redirect("exchange:source", pk=one.pk)
