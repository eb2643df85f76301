"""Requisitions: list, order, the page with its printed form, and each step."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.db.models import Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.apps.resources.models import Machine, Requisition, Reserve, Stage
from anlan.apps.resources.models.requisitions import OPEN
from anlan.apps.resources.services import requisitions as services
from anlan.apps.resources.services.refusing import Refused
from anlan.apps.resources.typed import day_of, whole_of
from anlan.apps.resources.views.common import guard, page_of, show
from anlan.kernel.audit import services as audit
from anlan.kernel.people import masks
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import may, require

THINGS: dict[str, type[Machine] | type[Reserve]] = {"machine": Machine, "reserve": Reserve}


def _seen(request: HttpRequest) -> QuerySet[Requisition]:
    rows = Requisition.objects.for_actor(request.user, "resource.see")
    return rows.select_related("region", "machine", "reserve", "ordered_by", "assessed_by")


@require_safe
def requisitions(request: HttpRequest) -> HttpResponse:
    """Every requisition, narrowed by state and words."""
    guard(request)
    every = _seen(request)
    stage, typed = request.GET.get("stage", ""), request.GET.get("q", "").strip()
    found = every
    if stage == "open":
        found = found.filter(stage__in=OPEN)
    elif stage in Stage.values:
        found = found.filter(stage=stage)
    if typed:
        found = found.filter(
            Q(number__icontains=typed) | Q(owner__icontains=typed) | Q(purpose__icontains=typed)
            | Q(machine__name__icontains=typed) | Q(reserve__name__icontains=typed)
        )  # fmt: skip
    owed = every.filter(stage=Stage.ASSESSED).aggregate(n=Sum("amount"))["n"] or 0
    return show(
        request, "requisitions.html", "requisitions", **page_of(request, found), stage=stage, q=typed,
        stages=Stage.choices, away=every.filter(stage__in=OPEN).count(), owed=owed,
        unsettled=every.filter(stage=Stage.RETURNED).count(), filtered=bool(stage or typed),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, register: str, code: str) -> HttpResponse:
    """Order a machine or part of a reserve."""
    actor = guard(request, "requisition.order")
    model = THINGS.get(register)
    thing = model.objects.for_actor(actor, "resource.see").filter(code=code).first() if model else None
    if thing is None:
        raise Http404
    require(actor, "requisition.order", thing.region)
    refused = None
    if request.method == "POST":
        data = request.POST
        try:
            made = services.order(
                thing, quantity=whole_of(data.get("quantity", "1"), "quantity"), purpose=data.get("purpose", ""),
                place=data.get("place", ""), basis=data.get("basis", ""), until=day_of(data.get("until", ""), "until"),
                actor=actor, now=timezone.now(),
            )  # fmt: skip
        except Refused as no:
            refused = no
        else:
            messages.success(request, _("Entered as %(code)s.") % {"code": made.number})
            return redirect("resources:requisition", number=made.number)
    return show(
        request, "requisition_form.html", "requisitions", status=422 if refused else 200, thing=thing, refused=refused,
        typed=request.POST, is_machine=register == "machine",
        free=services.available(thing) if isinstance(thing, Reserve) else 1,
    )  # fmt: skip


@require_safe
def requisition(request: HttpRequest, number: str) -> HttpResponse:
    """One requisition with all that became of it, to look at and to print."""
    guard(request)
    return _page(request, number)


def _page(request: HttpRequest, number: str, refused: Refused | None = None, *, clear: bool = False) -> HttpResponse:
    row = _seen(request).filter(number=number).first()
    if row is None:
        raise Http404
    phone = row.handed_phone if clear else masks.phone(row.handed_phone) if row.handed_phone else ""
    return show(
        request, "requisition.html", "requisitions", status=422 if refused else 200, row=row, refused=refused,
        phone=phone, clear=clear, typed=request.POST, today=timezone.localdate(), now=timezone.now(),
        may_order=may(request.user, "requisition.order", row.region),
        may_settle=may(request.user, "requisition.settle", row.region),
        may_unmask=may(request.user, "personal.unmask", row.region),
    )  # fmt: skip


def _amount(text: str) -> Decimal:
    try:
        found = Decimal(text.replace(",", "").strip())
    except InvalidOperation:
        raise Refused(_("An amount is a number; this is “%(raw)s”.") % {"raw": text[:20]}, "amount") from None
    if not found.is_finite():
        raise Refused(_("An amount is a number; this is “%(raw)s”.") % {"raw": text[:20]}, "amount")
    return found.quantize(Decimal("0.01"))


def _hand_over(request: HttpRequest, row: Requisition, actor: User) -> None:
    data = request.POST
    services.hand_over(
        row, handed_by=data.get("handed_by", ""), phone=data.get("phone", ""), condition=data.get("condition", ""),
        actor=actor, now=timezone.now(),
    )  # fmt: skip


def _cancel(request: HttpRequest, row: Requisition, actor: User) -> None:
    services.cancel(row, reason=request.POST.get("reason", ""), actor=actor, now=timezone.now())


def _give_back(request: HttpRequest, row: Requisition, actor: User) -> None:
    lost = whole_of(request.POST.get("lost", "") or "0", "lost")
    services.give_back(row, lost=lost, damage=request.POST.get("damage", ""), actor=actor, now=timezone.now())


def _assess(request: HttpRequest, row: Requisition, actor: User) -> None:
    amount = _amount(request.POST.get("amount", ""))
    reckoning = request.POST.get("reckoning", "")
    services.assess(row, amount=amount, reckoning=reckoning, actor=actor, now=timezone.now())


def _pay(request: HttpRequest, row: Requisition, actor: User) -> None:
    day = day_of(request.POST.get("paid_on", ""), "paid_on") or timezone.localdate()
    services.pay(row, paid_on=day, voucher=request.POST.get("voucher", ""), actor=actor, now=timezone.now())


ACTS: dict[str, Callable[[HttpRequest, Requisition, User], None]] = {
    "hand-over": _hand_over, "cancel": _cancel, "return": _give_back, "assess": _assess, "pay": _pay,
}  # fmt: skip


@require_POST
def act(request: HttpRequest, number: str, act: str) -> HttpResponse:
    """Take a step, or look at the phone of whoever handed it over, which is written down."""
    actor = guard(request)
    row = _seen(request).filter(number=number).first()
    if row is None or act not in {*ACTS, "unmask"}:
        raise Http404
    if act == "unmask":
        require(actor, "personal.unmask", row.region)
        audit.record(
            actor=actor, verb="personal.unmask", obj=row, region=row.region, after={"field": "handed_phone"},
            now=timezone.now(),
        )  # fmt: skip
        return _page(request, number, clear=True)
    try:
        ACTS[act](request, row, actor)
    except Refused as refused:
        return _page(request, number, refused)
    messages.success(request, _("Kept."))
    return redirect("resources:requisition", number=number)
