"""Stock: stores and what lies in them, what ends soon, what is reserved."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan.apps.resources.models import Sort, Store
from anlan.apps.resources.quantities import plain
from anlan.apps.resources.queries import stock
from anlan.apps.resources.queries.supplies import supplies
from anlan.apps.resources.views.common import guard, page_of, show
from anlan.kernel.people.rights import may
from anlan.kernel.web.sheets import csv_sheet


def store_or_404(request: HttpRequest, code: str) -> Store:
    """The store of this code; foreign and missing look the same."""
    found = stock.seen_stores(request.user).filter(code=code).first()
    if found is None:
        raise Http404
    return found


@require_safe
def stores(request: HttpRequest) -> HttpResponse:
    """Every store with what lies in it, in figures."""
    actor = guard(request)
    typed = request.GET.get("q", "").strip().casefold()
    lines = stock.store_lines(actor, timezone.localdate())
    found = [one for one in lines if typed in f"{one.store.name} {one.store.code} {one.store.region}".casefold()]
    return show(
        request, "stores.html", "stores",
        lines=found, q=request.GET.get("q", ""), total=len(lines), lots=sum(one.lots for one in lines),
        past=sum(one.past for one in lines), soon=sum(one.soon for one in lines),
        held=sum(one.held for one in lines), empty=sum(not one.lots for one in lines),
    )  # fmt: skip


@require_safe
def store(request: HttpRequest, code: str) -> HttpResponse:
    """What lies in one store, and its latest documents; as a sheet with `as=csv`."""
    actor = guard(request)
    found = store_or_404(request, code)
    rows = stock.of_store(found)
    if request.GET.get("as") == "csv":
        return _sheet(f"stock-{found.code}", rows)
    documents = stock.documents(actor).filter(Q(store=found) | Q(to_store=found))
    return show(
        request, "store.html", "stores",
        store=found, groups=_grouped(rows), now=timezone.now(), documents=documents[:10], acts=_acts(actor, found),
    )  # fmt: skip


def _grouped(rows: list[stock.Row]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Rows under the class of supplies that they are of."""
    classes, today = supplies(timezone.now()), timezone.localdate()
    order = {code: at for at, code in enumerate(classes)}
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: order.get(row.lot.item.supply, len(order))):
        above = classes[row.lot.item.supply].parent if row.lot.item.supply in classes else None
        title = str(classes[above]) if above else _("Other")
        groups.setdefault(title, []).append({"row": row, "state": row.state(today)})
    return list(groups.items())


def _acts(actor: Any, store: Store) -> list[tuple[str, str, str]]:
    """What the actor may enter for a store: kind, words, icon."""
    found = []
    if may(actor, "stock.move", store.region):
        found += [
            (Sort.RECEIPT, _("Receive"), "download"),
            (Sort.ISSUE, _("Issue"), "upload"),
            (Sort.TRANSFER, _("Transfer"), "send"),
            (Sort.RESERVATION, _("Reserve"), "lock"),
        ]
    if may(actor, "stock.check", store.region):
        found += [(Sort.STOCKTAKE, _("Take stock"), "check"), (Sort.SCRAP, _("Scrap"), "trash")]
    return [(str(sort), words, icon) for sort, words, icon in found]


@require_safe
def ending(request: HttpRequest) -> HttpResponse:
    """Batches that are past their end or near it."""
    actor = guard(request)
    days = request.GET.get("days", "")
    within = int(days) if days.isascii() and days.isdigit() and len(days) < 5 else None
    today = timezone.localdate()
    rows = stock.ending(actor, today, within)
    if request.GET.get("as") == "csv":
        return _sheet("ending", rows)
    lines = [{"row": row, "state": row.state(today)} for row in rows]
    return show(
        request, "ending.html", "ending",
        **page_of(request, lines), days=days, past=sum(line["state"] == "past" for line in lines), n=len(lines),
        choices=[30, 90, 180, 365], today=today,
    )  # fmt: skip


def _sheet(name: str, rows: list[stock.Row]) -> HttpResponse:
    head = [
        _("Store"), _("Region"), _("Class of supplies"), _("Item"), _("Specification"), _("Unit"), _("Batch"),
        _("Usable until"), _("Free"), _("Reserved"), _("There"),
    ]  # fmt: skip
    classes = supplies(timezone.now())
    return csv_sheet(
        name, head,
        (
            [
                row.store.name, row.store.region.name, classes.get(row.lot.item.supply, row.lot.item.supply),
                row.lot.item.name, row.lot.item.specification, row.lot.item.unit, row.lot.number,
                row.lot.expires_on or "", plain(row.free), plain(row.held), plain(row.there),
            ]
            for row in rows
        ),
    )  # fmt: skip


@require_safe
def reservations(request: HttpRequest) -> HttpResponse:
    """What is kept for somebody, the longest overdue first."""
    actor = guard(request)
    every = request.GET.get("all") == "1"
    rows = stock.reservations(actor, all_of_them=every)
    rows = rows.order_by("-id") if every else rows.order_by("until", "id")
    return show(
        request, "reservations.html", "reservations", **page_of(request, rows), every=every, today=timezone.localdate()
    )
