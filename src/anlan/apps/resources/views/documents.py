"""Documents of the ledger: list, entry forms, the page to print, reversal, and what is done with reservations."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.apps.resources import forms
from anlan.apps.resources.models import Document, Item, Sort, Store
from anlan.apps.resources.quantities import shown
from anlan.apps.resources.queries import stock
from anlan.apps.resources.queries.supplies import supplies
from anlan.apps.resources.services import documents as services
from anlan.apps.resources.services.documents import VERBS, Said
from anlan.apps.resources.services.refusing import Refused
from anlan.apps.resources.typed import day_of
from anlan.apps.resources.views.common import guard, key_of, new_key, page_of, show
from anlan.apps.resources.views.stock import store_or_404
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import may, require

#: Kinds that are entered on a form of a store.
ENTERED = (Sort.RECEIPT, Sort.ISSUE, Sort.TRANSFER, Sort.STOCKTAKE, Sort.SCRAP, Sort.RESERVATION)


def titles() -> dict[str, str]:
    """What a printed document of each kind is called."""
    return {
        Sort.RECEIPT: _("Receipt voucher"),
        Sort.ISSUE: _("Issue voucher"),
        Sort.TRANSFER: _("Transfer voucher"),
        Sort.STOCKTAKE: _("Stocktake sheet"),
        Sort.SCRAP: _("Scrapping voucher"),
        Sort.RESERVATION: _("Reservation voucher"),
        Sort.RELEASE: _("Release voucher"),
        Sort.REVERSAL: _("Reversal voucher"),
    }


@require_safe
def documents(request: HttpRequest) -> HttpResponse:
    """All documents; narrowed by kind, store, words and days."""
    actor = guard(request)
    asked = {name: request.GET.get(name, "").strip() for name in ("q", "sort", "store", "since", "until")}
    found = stock.documents(actor)
    if asked["q"]:
        found = found.filter(
            Q(number__icontains=asked["q"]) | Q(party__icontains=asked["q"]) | Q(purpose__icontains=asked["q"])
            | Q(pk__in=Document.records.filter(lines__lot__item__name__icontains=asked["q"]).values("pk"))
        )  # fmt: skip
    if asked["sort"] in Sort.values:
        found = found.filter(sort=asked["sort"])
    if asked["store"]:
        found = found.filter(Q(store__code=asked["store"]) | Q(to_store__code=asked["store"]))
    try:
        if since := day_of(asked["since"]):
            found = found.filter(at__date__gte=since)
        if until := day_of(asked["until"]):
            found = found.filter(at__date__lte=until)
    except Refused as refused:
        messages.error(request, str(refused))
    return show(
        request, "documents.html", "documents", **page_of(request, found), asked=asked, sorts=Sort.choices,
        stores=stock.seen_stores(actor).order_by("sort_key"), filtered=any(asked.values()),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, code: str, sort: str) -> HttpResponse:
    """The form of a document of one store."""
    actor = guard(request)
    store = store_or_404(request, code)
    if sort not in ENTERED:
        raise Http404
    require(actor, VERBS.get(Sort(sort), "stock.move"), store.region)
    if request.method != "POST":
        return _form(request, store, sort)
    faults: dict[str, str] = {}
    try:
        made, faults = _enter(request, store, Sort(sort), actor)
    except Refused as refused:
        return _form(request, store, sort, refused=refused)
    if made is None:
        return _form(request, store, sort, faults=faults)
    messages.success(request, _("Entered as %(code)s.") % {"code": made.number})
    return redirect("resources:document", number=made.number)


def _enter(request: HttpRequest, store: Store, sort: Sort, actor: User) -> tuple[Document | None, dict[str, str]]:
    """Read the form and call the verb; the faults of its lines when they cannot be read."""
    data = request.POST
    said = Said(data.get("party", ""), data.get("purpose", ""), day_of(data.get("until", ""), "until"))
    head: dict[str, Any] = {"said": said, "key": key_of(request, actor), "actor": actor, "now": timezone.now()}
    rows = [row for row in stock.of_store(store) if row.free or sort == Sort.STOCKTAKE]
    if sort == Sort.RECEIPT:
        sheet = forms.arrivals(data, {item.code: item for item in Item.objects.filter(ended_at=None)})
    elif sort == Sort.STOCKTAKE:
        sheet = forms.counts(data, rows)
    else:
        sheet = forms.wants(data, rows)
    if sheet.faults:
        return None, sheet.faults
    if sort == Sort.TRANSFER:
        target = stock.seen_stores(actor).filter(code=data.get("to_store", "")).first()
        if target is None:
            raise Refused(_("Choose another store to transfer to."), "to_store")
        return services.transfer(store, target, sheet.lines, **head), {}
    verbs = {
        Sort.RECEIPT: services.receive, Sort.ISSUE: services.issue, Sort.STOCKTAKE: services.stocktake,
        Sort.SCRAP: services.scrap, Sort.RESERVATION: services.reserve,
    }  # fmt: skip
    return verbs[sort](store, sheet.lines, **head), {}


def _form(
    request: HttpRequest, store: Store, sort: str, *, refused: Refused | None = None,
    faults: dict[str, str] | None = None,
) -> HttpResponse:  # fmt: skip
    data, faults, today = request.POST, faults or {}, timezone.localdate()
    context: dict[str, Any] = {
        "store": store, "sort": sort, "title": Sort(sort).label, "refused": refused, "faults": faults,
        "key": data.get("key") or new_key(), "typed": data, "today": today,
    }  # fmt: skip
    if sort == Sort.RECEIPT:
        parts = ("item", "number", "made", "end", "quantity")
        last = max((int(name.rpartition("-")[2]) for name in data if name.startswith("item-")), default=0)
        count = min(max(forms.ARRIVALS, last + 1), forms.MOST_ARRIVALS)
        context["arrivals"] = [
            {"n": n, "fault": faults.get(str(n), ""), **{part: data.get(f"{part}-{n}", "") for part in parts}}
            for n in range(count)
        ]
        context["items"] = _item_groups()
    else:
        context["rows"] = [
            {
                "row": row, "state": row.state(today), "fault": faults.get(str(row.lot.pk), ""),
                "typed": data.get(f"{'c' if sort == Sort.STOCKTAKE else 'q'}-{row.lot.pk}", ""),
                "seen": data.get(f"s-{row.lot.pk}", row.there),
            }
            for row in stock.of_store(store)
            if row.free or sort == Sort.STOCKTAKE
        ]  # fmt: skip
    if sort == Sort.TRANSFER:
        context["targets"] = stock.seen_stores(request.user).exclude(pk=store.pk).order_by("sort_key")
    status = 422 if refused or faults else 200
    return show(request, "document_form.html", "stores", status=status, **context)


def _item_groups() -> list[tuple[str, list[Item]]]:
    """Items to choose from, under their class."""
    classes = supplies(timezone.now())
    groups: dict[str, list[Item]] = {}
    for item in Item.objects.filter(ended_at=None).order_by("supply", "name"):
        groups.setdefault(str(classes.get(item.supply, item.supply)), []).append(item)
    return list(groups.items())


def document_or_404(request: HttpRequest, number: str) -> Document:
    """The document of this number; foreign and missing look the same."""
    rows = stock.documents(request.user).select_related("draws_on", "reverses", "reversed_by")
    found = rows.filter(number=number).first()
    if found is None:
        raise Http404
    return found


@require_safe
def document(request: HttpRequest, number: str) -> HttpResponse:
    """One document, to look at and to print."""
    guard(request)
    return _document(request, document_or_404(request, number))


def _document(request: HttpRequest, found: Document, *, refused: Refused | None = None) -> HttpResponse:
    actor = request.user
    lines = list(found.lines.select_related("lot__item"))
    reversed_by = getattr(found, "reversed_by", None)
    left = any(line.left for line in lines)
    return show(
        request, "document.html", "documents", status=422 if refused else 200,
        document=found, lines=lines, paper=titles()[found.sort], refused=refused, reversed_by=reversed_by,
        drawn=found.drawn.order_by("id"), key=new_key(), left=left, is_count=found.sort == Sort.STOCKTAKE,
        may_reverse=found.sort != Sort.REVERSAL and reversed_by is None
        and may(actor, "stock.check", found.store.region),
        may_draw=left and reversed_by is None and may(actor, "stock.move", found.store.region),
        overdue=bool(left and found.until and found.until < timezone.localdate()), now=timezone.now(),
    )  # fmt: skip


@require_POST
def reverse_it(request: HttpRequest, number: str) -> HttpResponse:
    """Undo a document by its mirror image."""
    actor = guard(request)
    found = document_or_404(request, number)
    try:
        made = services.reverse(
            found, reason=request.POST.get("reason", ""), key=key_of(request, actor), actor=actor, now=timezone.now()
        )
    except Refused as refused:
        return _document(request, found, refused=refused)
    messages.success(request, _("Reversed by %(number)s.") % {"number": made.number})
    return redirect("resources:document", number=made.number)


@require_POST
def draw(request: HttpRequest, number: str) -> HttpResponse:
    """Issue what was reserved, as much of each line as was typed."""
    return _on_reservation(request, number, services.draw)


@require_POST
def release(request: HttpRequest, number: str) -> HttpResponse:
    """Give free what was reserved: as much of each line as was typed, or all that is left."""
    return _on_reservation(request, number, services.release)


def _on_reservation(request: HttpRequest, number: str, verb: Any) -> HttpResponse:
    actor = guard(request)
    found = document_or_404(request, number)
    said = Said(request.POST.get("party", ""), request.POST.get("purpose", ""))
    try:
        asked = forms.line_wants(request.POST, list(found.lines.values_list("pk", flat=True)))
        if not asked and request.POST.get("every") == "1":
            asked = {line.pk: line.left for line in found.lines.all() if line.left}
        made = verb(found, asked, said=said, key=key_of(request, actor), actor=actor, now=timezone.now())
    except Refused as refused:
        return _document(request, found, refused=refused)
    total = shown(sum(line.milli for line in made.lines.all()))
    messages.success(request, _("Entered as %(number)s: %(total)s in all.") % {"number": made.number, "total": total})
    return redirect(reverse("resources:document", args=[made.number]))
