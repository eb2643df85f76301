"""Postings and balances: every movement is two postings that sum to zero, and nothing in a store falls below zero.

Balances are changed by a conditional update (`milli >= what goes out`), in one order for every document, so that two
hands at once neither oversell nor wait for each other in a circle. On SQLite a transaction holds the writer anyway.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext as _

from anlan.apps.resources.models import Account, Balance, Line, Lot, Posting, Store
from anlan.apps.resources.models.ledger import INSIDE
from anlan.apps.resources.quantities import shown
from anlan.apps.resources.services.refusing import Refused


@dataclass(frozen=True, slots=True)
class Place:
    """An account: of a store, or of the world outside."""

    account: Account
    store: Store | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """So much of a line's lot from one account to another; `milli` is above zero."""

    line: Line
    out: Place
    into: Place
    milli: int


class Short(Refused):
    """A store has less than is asked for."""


def post(moves: Sequence[Move], *, now: datetime) -> list[Posting]:
    """Write the postings of a document and bring the balances up to them, in the running transaction.

    Raises Short when an account of a store would fall below zero; the transaction has to be given up then.
    """
    postings = [
        Posting(line=move.line, account=place.account, store=place.store, lot=move.line.lot, milli=milli, at=now)
        for move in moves
        for place, milli in ((move.out, -move.milli), (move.into, move.milli))
    ]
    Posting.objects.bulk_create(postings)
    change_balances(postings)
    return postings


def change_balances(postings: Sequence[Posting]) -> None:
    """Add postings to the balances of stores. Raises Short."""
    sums: dict[tuple[int, str, int], int] = defaultdict(int)
    lots: dict[int, Lot] = {}
    stores: dict[int, Store] = {}
    for posting in postings:
        if posting.account in INSIDE and posting.store is not None:
            sums[posting.store.pk, posting.account, posting.lot_id] += posting.milli
            lots[posting.lot_id] = posting.lot
            stores[posting.store.pk] = posting.store
    for (store, account, lot), milli in sorted(sums.items()):
        rows = Balance.objects.filter(store_id=store, account=account, lot_id=lot)
        if milli < 0:
            if not rows.filter(milli__gte=-milli).update(milli=F("milli") + milli):
                raise _short(stores[store], Account(account), lots[lot], -milli)
        elif milli > 0:
            Balance.objects.get_or_create(store_id=store, account=account, lot_id=lot)
            rows.update(milli=F("milli") + milli)


def balance(store: Store, account: Account, lot: Lot) -> int:
    """What stands on an account now, in thousandths."""
    found = Balance.objects.filter(store=store, account=account, lot=lot).values_list("milli", flat=True).first()
    return int(found or 0)


def _short(store: Store, account: Account, lot: Lot, asked: int) -> Short:
    there = balance(store, account, lot)
    held = balance(store, Account.HELD, lot) if account is Account.STOCK else 0
    words = {
        "store": store.name,
        "item": str(lot.item),
        "lot": str(lot),
        "there": shown(there),
        "asked": shown(asked),
        "unit": lot.item.unit,
        "held": shown(held),
    }
    if account is Account.HELD:
        return Short(
            _("%(store)s has %(there)s %(unit)s of %(item)s (batch %(lot)s) reserved; %(asked)s were asked for.")
            % words
        )
    if held:
        return Short(
            _(
                "%(store)s has %(there)s %(unit)s of %(item)s (batch %(lot)s) free, %(held)s more are reserved; "
                "%(asked)s were asked for. Take less, another batch, or release the reservation."
            )
            % words
        )
    return Short(
        _(
            "%(store)s has %(there)s %(unit)s of %(item)s (batch %(lot)s); %(asked)s were asked for. "
            "Take less, or another batch or store."
        )
        % words
    )
