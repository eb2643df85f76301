"""The list of items, an item across stores with its ledger, and the form of one."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.apps.resources.forms import ItemForm
from anlan.apps.resources.models import Item
from anlan.apps.resources.quantities import plain
from anlan.apps.resources.queries import stock
from anlan.apps.resources.queries.supplies import inside, leaves, supplies
from anlan.apps.resources.services import items as services
from anlan.apps.resources.services.refusing import Refused
from anlan.apps.resources.views.common import guard, page_of, show
from anlan.kernel.people.rights import holds
from anlan.kernel.web.formatting import bureau_time
from anlan.kernel.web.sheets import csv_sheet


@require_safe
def items(request: HttpRequest) -> HttpResponse:
    """Every item with what there is of it; by words (pinyin initials too) and class."""
    actor = guard(request)
    classes = supplies(timezone.now())
    typed, supply = request.GET.get("q", "").strip(), request.GET.get("class", "")
    found = Item.objects.all()
    if request.GET.get("ended") != "1":
        found = found.filter(ended_at=None)
    if typed:
        found = found.filter(
            Q(name__icontains=typed) | Q(code__icontains=typed) | Q(pinyin__icontains=typed)
            | Q(specification__icontains=typed)
        )  # fmt: skip
    if supply in classes:
        found = found.filter(supply__in=inside(supply, classes))
    lines = stock.item_lines(actor, found)
    if request.GET.get("as") == "csv":
        head = [_("Code"), _("Class of supplies"), _("Item"), _("Specification"), _("Unit"), _("Free"), _("Reserved"),
                _("Stores")]  # fmt: skip
        return csv_sheet(
            "items", head,
            ([one.item.code, classes.get(one.item.supply, one.item.supply), one.item.name, one.item.specification,
              one.item.unit, plain(one.free), plain(one.held), len(one.stores)] for one in lines),
        )  # fmt: skip
    for one in lines:
        one.item.class_name = str(classes.get(one.item.supply, one.item.supply))
    top = [(item.code, str(item)) for item in classes.values() if not item.unit]
    return show(
        request, "items.html", "items", **page_of(request, lines), q=typed, chosen=supply, classes=top,
        filtered=bool(typed or supply), may_edit=holds(actor, "resource.edit"),
    )  # fmt: skip


@require_safe
def item(request: HttpRequest, code: str) -> HttpResponse:
    """One item: where it lies, and every movement of it; the ledger as a sheet with `as=csv`."""
    actor = guard(request)
    found = get_object_or_404(Item, code=code)
    chosen = request.GET.get("store", "")
    seen = {store.code: store for store in stock.seen_stores(actor)}
    stores = [seen[chosen].pk] if chosen in seen else [store.pk for store in seen.values()]
    lines = stock.ledger(found, stores)
    if request.GET.get("as") == "csv":
        head = [_("When"), _("Number"), _("Kind"), _("Store"), _("Batch"), _("In"), _("Out"), _("Balance"),
                _("Other party"), _("Purpose"), _("By")]  # fmt: skip
        return csv_sheet(
            f"ledger-{found.code}", head,
            ([bureau_time(one.document.at), one.document.number, one.document.get_sort_display(),
              one.posting.store, one.posting.lot.number, plain(max(one.posting.milli, 0)),
              plain(max(-one.posting.milli, 0)), plain(one.after), one.document.party, one.document.purpose,
              one.document.by] for one in lines),
        )  # fmt: skip
    today = timezone.localdate()
    rows = stock.of_item(found, actor)
    classes = supplies(timezone.now())
    lineage = [classes[one] for one in reversed(classes.lineage(found.supply))]
    used = {one.posting.store.code: one.posting.store.name for one in lines if one.posting.store is not None}
    return show(
        request, "item.html", "items",
        item=found, rows=[{"row": row, "state": row.state(today)} for row in rows], lineage=lineage,
        free=sum(row.free for row in rows), held=sum(row.held for row in rows), ledger=lines, chosen=chosen,
        stores=used, may_edit=holds(actor, "resource.edit"),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A further item."""
    actor = guard(request, "resource.edit")
    groups = leaves(supplies(timezone.now()))
    form = ItemForm(request.POST or None, groups=groups)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.add_item(**form.said(), actor=actor, now=timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("Entered as %(code)s.") % {"code": made.code})
            return redirect("resources:item", code=made.code)
    return show(request, "item_form.html", "items", status=422 if form.errors else 200, form=form, item=None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, code: str) -> HttpResponse:
    """What an item is called and how it ages."""
    actor = guard(request, "resource.edit")
    found = get_object_or_404(Item, code=code)
    form = ItemForm(request.POST or None, groups=leaves(supplies(timezone.now())), instance=found)
    if request.method == "POST" and form.is_valid():
        said = form.said()
        wanted = {name: said[name] for name in ("name", "specification", "shelf_days", "warn_days")}
        try:
            services.change_item(found, **wanted, actor=actor, now=timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("Kept."))
            return redirect("resources:item", code=found.code)
    return show(request, "item_form.html", "items", status=422 if form.errors else 200, form=form, item=found)


@require_POST
def end(request: HttpRequest, code: str) -> HttpResponse:
    """Take an item off the list."""
    actor = guard(request, "resource.edit")
    found = get_object_or_404(Item, code=code)
    try:
        services.end_item(found, actor=actor, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Taken off the list; its ledger stays."))
    return redirect("resources:item", code=found.code)
