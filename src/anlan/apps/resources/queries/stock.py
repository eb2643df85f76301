"""What lies where, what ends soon, what is reserved, and how it came to be so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum

from anlan.apps.resources.models import Account, Balance, Document, Item, Line, Lot, Posting, Sort, Store


@dataclass(slots=True)
class Row:
    """One batch in one store, in thousandths: free, reserved, and both together."""

    store: Store
    lot: Lot
    free: int = 0
    held: int = 0

    @property
    def there(self) -> int:
        return self.free + self.held

    def state(self, today: date) -> str:
        """How near its end it is: "past", "soon", "" for neither."""
        end = self.lot.expires_on
        if end is None:
            return ""
        if end < today:
            return "past"
        return "soon" if end <= today + timedelta(days=self.lot.item.warn_days) else ""


def rows(balances: QuerySet[Balance]) -> list[Row]:
    """Balances as rows, free and reserved side by side; by store, item, and the day of the end."""
    found: dict[tuple[int, int], Row] = {}
    for one in balances.filter(milli__gt=0).select_related("lot__item", "store__region"):
        row = found.setdefault((one.store_id, one.lot_id), Row(one.store, one.lot))
        if one.account == Account.STOCK:
            row.free = one.milli
        else:
            row.held = one.milli
    end = date.max
    return sorted(
        found.values(),
        key=lambda row: (row.store.sort_key, row.store.pk, row.lot.item.code, row.lot.expires_on or end, row.lot.pk),
    )


def of_store(store: Store) -> list[Row]:
    """Everything that lies in a store."""
    return rows(Balance.objects.filter(store=store))


def seen_stores(actor: Any) -> QuerySet[Store]:
    """Stores that the actor may look at."""
    return Store.objects.for_actor(actor, "resource.see").select_related("region")


def of_item(item: Item, actor: Any) -> list[Row]:
    """Where an item lies, in the stores that the actor may see."""
    return rows(Balance.objects.filter(lot__item=item, store__in=seen_stores(actor)))


def ending(actor: Any, today: date, within_days: int | None = None) -> list[Row]:
    """Batches past their end or near it, the nearest first; what is near each item says, unless `within_days` does."""
    most = today + timedelta(days=within_days if within_days is not None else 3_650)
    found = rows(Balance.objects.filter(store__in=seen_stores(actor), lot__expires_on__lte=most))
    if within_days is None:
        found = [row for row in found if row.state(today)]
    return sorted(found, key=lambda row: (row.lot.expires_on or date.max, row.store.pk))


@dataclass(slots=True)
class StoreLine:
    """A store in the list of stores."""

    store: Store
    items: int = 0
    lots: int = 0
    past: int = 0
    soon: int = 0
    held: int = 0
    last: Any = None


def store_lines(actor: Any, today: date) -> list[StoreLine]:
    """Every store that the actor may see, with what lies in it counted."""
    lines = {store.pk: StoreLine(store) for store in seen_stores(actor)}
    kinds: dict[int, set[int]] = defaultdict(set)
    for row in rows(Balance.objects.filter(store__in=lines)):
        line = lines[row.store.pk]
        line.lots += 1
        line.held += row.held > 0
        state = row.state(today)
        line.past += state == "past"
        line.soon += state == "soon"
        kinds[row.store.pk].add(row.lot.item_id)
    moved = Document.records.filter(store__in=lines).order_by().values_list("store").annotate(last=Max("at"))
    for pk, at in moved:
        lines[pk].last = at
    for pk, some in kinds.items():
        lines[pk].items = len(some)
    return sorted(lines.values(), key=lambda line: (line.store.sort_key, line.store.pk))


@dataclass(slots=True)
class ItemLine:
    """An item in the list of items."""

    item: Item
    free: int = 0
    held: int = 0
    stores: set[int] = field(default_factory=set)

    @property
    def there(self) -> int:
        return self.free + self.held


def item_lines(actor: Any, items: Iterable[Item]) -> list[ItemLine]:
    """Items with their sums over the stores that the actor may see."""
    lines = {item.pk: ItemLine(item) for item in items}
    found = Balance.objects.filter(milli__gt=0, lot__item__in=lines, store__in=seen_stores(actor))
    for item, account, store, milli in found.values_list("lot__item", "account", "store", "milli"):
        line = lines[item]
        line.stores.add(store)
        if account == Account.STOCK:
            line.free += milli
        else:
            line.held += milli
    return list(lines.values())


def documents(actor: Any) -> QuerySet[Document]:
    """Documents of the stores that the actor may see, those that come into such a store too; the latest first."""
    stores = seen_stores(actor).values("pk")
    mine = Document.records.filter(Q(store__in=stores) | Q(to_store__in=stores))
    return mine.select_related("store__region", "to_store", "by").annotate(n=Count("lines")).order_by("-id")


def reservations(actor: Any, *, all_of_them: bool = False) -> QuerySet[Document]:
    """Reservations with something left; or all of them."""
    found = documents(actor).filter(sort=Sort.RESERVATION).annotate(remains=Sum("lines__left"))
    return found if all_of_them else found.filter(remains__gt=0)


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One posting of a store's account, with what stood in the chosen stores after it."""

    posting: Posting
    document: Document
    after: int


def ledger(item: Item, stores: Iterable[int], *, most: int = 500) -> list[LedgerLine]:
    """The movements of an item into and out of stores, the latest first; moves between free and reserved are left out.

    `after` is what lay in these stores altogether when the document had been entered.
    """
    chosen = list(stores)
    found = Posting.objects.filter(lot__item=item, store__in=chosen)
    held = found.filter(line__document__sort__in=(Sort.RESERVATION, Sort.RELEASE)).values("pk")
    found = found.exclude(pk__in=held).select_related("line__document__by", "store", "lot").order_by("-id")
    found = found.exclude(line__document__reverses__sort__in=(Sort.RESERVATION, Sort.RELEASE))
    now = Balance.objects.filter(lot__item=item, store__in=chosen).aggregate(n=Sum("milli"))["n"] or 0
    lines = []
    for posting in found[:most]:
        lines.append(LedgerLine(posting, posting.line.document, now))
        now -= posting.milli
    return lines


def wrong_balances() -> list[str]:
    """What does not add up: lines whose postings do not sum to zero, balances that are not the sum of theirs."""
    wrong = [
        f"line {line}: postings sum to {total}"
        for line, total in Posting.objects.order_by().values_list("line").annotate(n=Sum("milli")).exclude(n=0)
    ]
    sums = {
        (store, account, lot): total
        for store, account, lot, total in Posting.objects.exclude(store=None)
        .order_by()
        .values_list("store", "account", "lot")
        .annotate(n=Sum("milli"))
    }
    kept = {
        (store, account, lot): milli
        for store, account, lot, milli in Balance.objects.values_list("store", "account", "lot", "milli")
    }
    for key in sorted({*sums, *kept}):
        if kept.get(key, 0) != sums.get(key, 0) or kept.get(key, 0) < 0:
            wrong.append(f"store {key[0]} {key[1]} lot {key[2]}: {kept.get(key, 0)}, postings say {sums.get(key, 0)}")
    left = Line.objects.filter(left__isnull=False)
    held = {
        (store, lot): total
        for store, lot, total in left.order_by().values_list("document__store", "lot").annotate(n=Sum("left"))
    }
    for (store, account, lot), milli in kept.items():
        if account == Account.HELD and held.get((store, lot), 0) != milli:
            wrong.append(f"store {store} lot {lot}: {milli} held, reservations say {held.get((store, lot), 0)}")
    return wrong
