"""Subscriptions, the addresses that data may go to, and who took what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.apps.exchange import feed, keys, outside
from anlan.apps.exchange.forms import AddressForm, SubscriptionForm, TakenForm, boxes, ticked
from anlan.apps.exchange.models import Address, Mode, Outcome, Subscription, Taken, Trouble
from anlan.apps.exchange.queries import is_personal
from anlan.apps.exchange.services import addresses, subscriptions
from anlan.apps.exchange.services.addresses import Refused
from anlan.apps.exchange.services.trouble import waiting_since
from anlan.apps.exchange.views.common import page_of, show
from anlan.formats import jws
from anlan.kernel.people import masks
from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.people.rights import holds, may
from anlan.kernel.regions import queries as regions
from anlan.kernel.registers.declarations import declared, get
from anlan.kernel.web.formatting import bureau_time
from anlan.kernel.web.sheets import csv_sheet


@require_safe
@needs("exchange.see")
def listed(request: HttpRequest) -> HttpResponse:
    """Every subscription that the viewer may see, those in force first."""
    typed = request.GET.get("q", "").strip()
    found = Subscription.objects.for_actor(request.user, "exchange.see")
    if typed:
        found = found.filter(Q(name__icontains=typed) | Q(code__icontains=typed) | Q(purpose__icontains=typed))
    rows = found.select_related("region", "address").prefetch_related("allowed", "troubles").order_by("code")
    now = timezone.now()
    lines = [_line(row, now) for row in rows]
    order = {"waiting": 0, "active": 1, "paused": 2, "ended": 3}
    lines.sort(key=lambda line: order[line["row"].state])
    return show(
        request, "subscriptions.html", "subscriptions",
        lines=lines, typed=typed, key=jws.written(jws.public_bytes(keys.public_key())),
        may_manage=holds(request.user, "exchange.manage"),
    )  # fmt: skip


def _line(row: Subscription, now: datetime) -> dict[str, Any]:
    registers = [register for one in row.allowed.all() if (register := get(one.register)) is not None]
    return {
        "row": row,
        "registers": registers,
        "in_force": feed.in_force(row, now),
        "expired": timezone.localdate(now) > row.valid_until,
        "trouble": next((one for one in row.troubles.all() if one.closed_at is None), None),
    }


def _row_or_404(request: HttpRequest, code: str) -> Subscription:
    """A subscription that the viewer may see; foreign and missing look the same."""
    rows = Subscription.objects.for_actor(request.user, "exchange.see")
    return get_object_or_404(rows.select_related("region", "address", "by", "approved_by", "department"), code=code)


@require_safe
@needs("exchange.see")
def subscription(request: HttpRequest, code: str) -> HttpResponse:
    """One subscription: what was agreed, how far it has come, what may be done."""
    return _subscription(request, _row_or_404(request, code))


def _subscription(request: HttpRequest, row: Subscription, *, key: str = "") -> HttpResponse:
    now = timezone.now()
    waits = waiting_since(row) if feed.in_force(row, now) else None
    allowed = []
    for one in row.allowed.all():
        register = get(one.register)
        if register is not None:
            fields = [
                (register.info(name).label, is_personal(register, name))
                for name in one.fields
                if name in register.fields
            ]
            given = set(feed.given(one, register, row))
            allowed.append(
                {"register": register, "fields": fields, "one": one,
                 "held": sum(1 for name in one.fields if name not in given)}
            )  # fmt: skip
    return show(
        request, "subscription.html", "subscriptions",
        line=_line(row, now), row=row, allowed=allowed, key=key, waits=waits,
        troubles=row.troubles.order_by("-opened_at")[:10], taken=row.taken.all()[:10],
        newest=row.messages.order_by("-seq")[:10],
        base=f"{request.scheme}://{request.get_host()}/api/v1/exchange/",
        phone=masks.phone(row.contact_phone),
        clear_line=row.address is None or row.address.kind != "http" or outside.is_private_line(row.address.place),
        may_manage=may(request.user, "exchange.manage", row.region),
        may_approve=may(request.user, "exchange.approve", row.region) and request.user.pk != row.by_id,
    )  # fmt: skip


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs("exchange.manage")
def new(request: HttpRequest) -> HttpResponse:
    """Agree on a subscription; the key of one that fetches is shown with the answer, once."""
    actor = actor_of(request)
    if request.method != "POST":
        return _form(request, SubscriptionForm(actor=actor), {})
    form, chosen = SubscriptionForm(request.POST, actor=actor), ticked(request.POST)
    if form.is_valid():
        try:
            row, key = subscriptions.subscribe(form.agreement(chosen), actor=actor, now=timezone.now())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            if not key:
                messages.success(request, _("Kept."))
                return redirect("exchange:subscription", code=row.code)
            return _subscription(request, _row_or_404(request, row.code), key=key)
    return _form(request, form, chosen, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("exchange.manage")
def edit(request: HttpRequest, code: str) -> HttpResponse:
    """Agree anew."""
    actor, row = actor_of(request), _row_or_404(request, code)
    if request.method != "POST":
        return _form(
            request,
            SubscriptionForm(actor=actor, instance=row),
            {one.register: one.fields for one in row.allowed.all()},
        )
    form, chosen = SubscriptionForm(request.POST, actor=actor, instance=row), ticked(request.POST)
    if form.is_valid():
        try:
            subscriptions.change_subscription(row, form.agreement(chosen), actor=actor, now=timezone.now())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Kept."))
            return redirect("exchange:subscription", code=row.code)
    return _form(request, form, chosen, status=422)


def _form(
    request: HttpRequest, form: SubscriptionForm, chosen: dict[str, list[str]], status: int = 200
) -> HttpResponse:  # fmt: skip
    return show(
        request, "subscription_form.html", "subscriptions", status=status,
        form=form, row=form.instance, boxes=boxes(chosen),
    )  # fmt: skip


#: Name in the address → verb, and what is said when it is done.
ACTS: dict[str, tuple[Callable[..., Any], Callable[[], str]]] = {
    "approve": (subscriptions.approve, lambda: _("Approved; the next message begins a full copy.")),
    "pause": (subscriptions.pause, lambda: _("Paused: nothing leaves until it is resumed.")),
    "resume": (subscriptions.resume, lambda: _("Resumed.")),
    "end": (subscriptions.end, lambda: _("Ended: its key opens nothing any more.")),
    "again": (subscriptions.begin_again, lambda: _("The next message begins a full copy.")),
}


@require_POST
@needs("exchange.see")
def act(request: HttpRequest, code: str, name: str) -> HttpResponse:
    """Approve, pause, resume, end, begin again; each verb asks for its own right."""
    row = _row_or_404(request, code)
    if name not in ACTS:
        return redirect("exchange:subscription", code=row.code)
    do, said = ACTS[name]
    try:
        do(row, actor=actor_of(request), now=timezone.now())
        messages.success(request, said())
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("exchange:subscription", code=row.code)


@require_POST
@needs("exchange.see")
def withdraw(request: HttpRequest, code: str) -> HttpResponse:
    """Refuse personal fields, or take their approval back."""
    row = _row_or_404(request, code)
    try:
        reason = request.POST.get("reason", "")
        subscriptions.withdraw(row, reason=reason, actor=actor_of(request), now=timezone.now())
        messages.success(request, _("No personal field leaves any more."))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("exchange:subscription", code=row.code)


@never_cache
@require_POST
@needs("exchange.manage")
def new_key(request: HttpRequest, code: str) -> HttpResponse:
    """A new key, shown with the answer and never again."""
    row = _row_or_404(request, code)
    try:
        key = subscriptions.new_key(row, actor=actor_of(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("exchange:subscription", code=row.code)
    return _subscription(request, _row_or_404(request, code), key=key)


# --- addresses --------------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@needs("exchange.see")
def address_list(request: HttpRequest) -> HttpResponse:
    """The only places to which data is sent; the system administrator adds and ends them."""
    form = AddressForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                addresses.add_address(**form.cleaned_data, actor=actor_of(request), now=timezone.now())
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, _("The address is on the list."))
                return redirect("exchange:addresses")
    used = Subscription.objects.for_actor(request.user, "exchange.see").exclude(state="ended").exclude(address=None)
    by_address: dict[int, list[Subscription]] = {}
    for row in used:
        by_address.setdefault(row.address_id, []).append(row)
    lines = [
        {
            "address": one,
            "used": by_address.get(one.pk, []),
            "clear": one.kind == "http" and not outside.is_private_line(one.place),
        }
        for one in Address.objects.select_related("by").order_by("ended_at", "place")
    ]
    return show(
        request, "addresses.html", "addresses", status=status,
        lines=lines, form=form, may_manage=may(request.user, "exchange.address", regions.root()),
    )  # fmt: skip


@require_POST
@needs("exchange.address")
def end_address(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an address off the list."""
    addresses.end_address(get_object_or_404(Address, pk=pk), actor=actor_of(request), now=timezone.now())
    messages.success(request, _("Nothing is sent there any more."))
    return redirect("exchange:addresses")


# --- who took what ----------------------------------------------------------------------------------------------------
@require_safe
@needs("exchange.see")
def taken(request: HttpRequest) -> HttpResponse:
    """Every handing over: who, when, which registers and numbers, with personal fields or not, to where."""
    form = TakenForm(request.GET)
    form.is_valid()
    asked = form.cleaned_data
    mine = Subscription.objects.for_actor(request.user, "exchange.see")
    found = Taken.objects.filter(subscription__in=mine).select_related("subscription")
    if asked.get("subscription"):
        found = found.filter(subscription__code=asked["subscription"])
    if asked.get("register") and get(asked["register"]) is not None:
        found = found.filter(registers__has_key=asked["register"])
    if asked.get("personal"):
        found = found.filter(personal=asked["personal"] == "1")
    zone = ZoneInfo(settings.TIME_ZONE)
    if asked.get("since"):
        found = found.filter(at__gte=datetime.combine(asked["since"], time(), tzinfo=zone))
    if asked.get("until"):
        found = found.filter(at__lt=datetime.combine(asked["until"], time(), tzinfo=zone) + timedelta(days=1))
    if request.GET.get("as") == "csv":
        return _taken_sheet(found)
    return show(
        request, "taken.html", "taken",
        **page_of(request, found), asked=request.GET,
        subscriptions=mine.order_by("code"), registers=declared(),
        filtered=any(asked.get(name) for name in form.fields),
    )  # fmt: skip


def _taken_sheet(found: Any) -> HttpResponse:
    head = [
        _("Time"), _("Code"), _("Who"), _("How"), _("Registers"), _("Rows"), _("From number"), _("To number"),
        _("Personal fields"), _("Address"), _("Outcome"), _("Tries"),
    ]  # fmt: skip
    rows = (
        [
            bureau_time(one.at, seconds=True), one.subscription.code, one.subscription.name, Mode(one.mode).label,
            "; ".join(f"{code} {n}" for code, n in one.registers.items()), one.rows, one.seq_from, one.seq_to,
            _("yes") if one.personal else _("no"), one.origin, Outcome(one.outcome).label, one.tries,
        ]
        for one in found.iterator(chunk_size=1_000)
    )  # fmt: skip
    return csv_sheet("data-taken", head, rows)


@require_safe
@needs("exchange.see")
def troubles(request: HttpRequest) -> HttpResponse:
    """What does not come through, and what did not."""
    mine = Subscription.objects.for_actor(request.user, "exchange.see").values("pk")
    found = Trouble.objects.filter(Q(subscription__in=mine) | Q(subscription=None))
    found = found.select_related("subscription", "source").order_by("-opened_at", "-pk")
    return show(
        request, "troubles.html", "troubles",
        open=list(found.filter(closed_at=None)), **page_of(request, found.exclude(closed_at=None)),
    )  # fmt: skip
