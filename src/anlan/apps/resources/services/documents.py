"""Documents of the stock ledger: receipt, issue, transfer, stocktake, scrapping, reservation, release, reversal.

A document is entered once and never changed. Whoever enters it gives a key: the same key with the same content is the
same document, however often it is sent. Stores are locked first, in the order of their numbers, then the counter of
document numbers, then balances; no two documents can wait for each other in a circle.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from anlan.apps.resources.models import Account, Balance, Document, Item, Line, Lot, Sort, Store
from anlan.apps.resources.quantities import plain, shown
from anlan.apps.resources.services.items import lot_of
from anlan.apps.resources.services.ledger import Move, Place, Short, balance, post
from anlan.apps.resources.services.refusing import Refused
from anlan.kernel.audit import services as audit
from anlan.kernel.chains.numbers import next_number
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.web.events import publish

#: Prefix of the number of each kind of document.
PREFIXES = {
    Sort.RECEIPT: "SR", Sort.ISSUE: "SI", Sort.TRANSFER: "ST", Sort.STOCKTAKE: "SC", Sort.SCRAP: "SS",
    Sort.RESERVATION: "SV", Sort.RELEASE: "SL", Sort.REVERSAL: "SX",
}  # fmt: skip
#: What undoes or corrects needs the second verb.
VERBS = {Sort.STOCKTAKE: "stock.check", Sort.SCRAP: "stock.check", Sort.REVERSAL: "stock.check"}
MOST_LINES = 500


@dataclass(frozen=True, slots=True)
class Arrival:
    """A line of a receipt: goods with their batch."""

    item: Item
    milli: int
    number: str = ""
    made_on: date | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Want:
    """So much of a batch; or of an item, taken from the batches that end first."""

    of: Lot | Item
    milli: int


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted of a batch; `seen`: what the books said on the sheet that was taken along, None for no sheet."""

    lot: Lot
    milli: int
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What stands at the head of a document, in words of whoever enters it."""

    party: str = ""
    purpose: str = ""
    until: date | None = None


@dataclass(frozen=True, slots=True)
class _Head:
    sort: Sort
    store: Store
    key: str
    said: Said
    content: Any
    actor: User
    now: datetime
    to_store: Store | None = None
    draws_on: Document | None = None
    reverses: Document | None = None

    @property
    def digest(self) -> str:
        """SHA-256 over everything that makes this document what it is."""
        told = [
            self.sort, self.store.pk, self.to_store and self.to_store.pk, self.draws_on and self.draws_on.pk,
            self.reverses and self.reverses.pk, self.said.party, self.said.purpose, str(self.said.until), self.content,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(told, ensure_ascii=False, default=str).encode()).hexdigest()


def receive(
    store: Store, arrivals: Sequence[Arrival], *, said: Said, key: str, actor: User, now: datetime
) -> Document:  # fmt: skip
    """Goods come from outside into a store. Raises NotAllowed, Refused."""
    _check_lines([one.milli for one in arrivals])
    if any(one.item.ended_at for one in arrivals):
        raise Refused(_("An item on this document was taken off the list."))
    content = [(one.item.pk, one.milli, one.number, one.made_on, one.expires_on) for one in arrivals]

    def fill(document: Document) -> list[Move]:
        sums: dict[Lot, int] = {}
        for one in arrivals:
            lot = lot_of(one.item, one.number, one.made_on, one.expires_on)
            sums[lot] = sums.get(lot, 0) + one.milli
        lines = _lines(document, sums)
        return [Move(line, Place(Account.SUPPLY), Place(Account.STOCK, store), line.milli) for line in lines]

    return _enter(_Head(Sort.RECEIPT, store, key, said, content, actor, now), fill)


def issue(store: Store, wants: Sequence[Want], *, said: Said, key: str, actor: User, now: datetime) -> Document:
    """Goods leave a store for use. Raises NotAllowed; Short when there is not so much free; Refused."""
    if not said.party.strip():
        raise Refused(_("Say who receives it."), "party")
    return _outward(Sort.ISSUE, store, wants, Place(Account.USE), said=said, key=key, actor=actor, now=now)


def scrap(store: Store, wants: Sequence[Want], *, said: Said, key: str, actor: User, now: datetime) -> Document:
    """Goods are thrown away: spoilt, broken, past their day. Raises NotAllowed, Short, Refused without a reason."""
    _need_purpose(said)
    return _outward(Sort.SCRAP, store, wants, Place(Account.SCRAP), said=said, key=key, actor=actor, now=now)


def transfer(
    store: Store, to_store: Store, wants: Sequence[Want], *, said: Said, key: str, actor: User, now: datetime
) -> Document:
    """Goods go from one store into another. Raises NotAllowed for either of them, Short, Refused."""
    if store.pk == to_store.pk:
        raise Refused(_("Choose another store to transfer to."), "to_store")
    into = Place(Account.STOCK, to_store)
    return _outward(Sort.TRANSFER, store, wants, into, said=said, key=key, actor=actor, now=now, to_store=to_store)


def reserve(store: Store, wants: Sequence[Want], *, said: Said, key: str, actor: User, now: datetime) -> Document:
    """Keep goods for somebody: they stay in the store and can no longer be taken by others.

    Raises NotAllowed, Short, Refused without saying for whom.
    """
    if not said.party.strip():
        raise Refused(_("Say for whom it is reserved."), "party")
    into = Place(Account.HELD, store)
    return _outward(Sort.RESERVATION, store, wants, into, said=said, key=key, actor=actor, now=now)


def _outward(
    sort: Sort, store: Store, wants: Sequence[Want], into: Place, *, said: Said, key: str, actor: User, now: datetime,
    to_store: Store | None = None,
) -> Document:  # fmt: skip
    _check_lines([want.milli for want in wants])
    content = [(type(want.of).__name__, want.of.pk, want.milli) for want in wants]

    def fill(document: Document) -> list[Move]:
        lines = _lines(document, _spread(store, wants))
        return [Move(line, Place(Account.STOCK, store), into, line.milli) for line in lines]

    return _enter(_Head(sort, store, key, said, content, actor, now, to_store=to_store), fill)


def draw(
    reservation: Document, wants: Mapping[int, int], *, said: Said, key: str, actor: User, now: datetime
) -> Document:
    """Issue what was reserved: thousandths by the number of the reservation's line.

    Raises NotAllowed; Refused for more than is left.
    """
    party = said.party.strip() or reservation.party
    head = Said(party, said.purpose.strip() or reservation.purpose)
    return _from_reservation(Sort.ISSUE, reservation, wants, Place(Account.USE), head, key, actor, now)


def release(
    reservation: Document, wants: Mapping[int, int] | None = None, *, said: Said, key: str, actor: User, now: datetime
) -> Document:
    """Give reserved goods free again, all that is left unless `wants` says how much of which line.

    Raises NotAllowed; Refused for more than is left.
    """
    if wants is None:
        wants = {line.pk: line.left for line in reservation.lines.all() if line.left}
    into = Place(Account.STOCK, reservation.store)
    return _from_reservation(Sort.RELEASE, reservation, wants, into, said, key, actor, now)


def _from_reservation(
    sort: Sort, reservation: Document, wants: Mapping[int, int], into: Place, said: Said, key: str, actor: User,
    now: datetime,
) -> Document:  # fmt: skip
    if reservation.sort != Sort.RESERVATION:
        raise Refused(_("%(number)s is no reservation.") % {"number": reservation.number})
    head = _Head(sort, reservation.store, key, said, sorted(wants.items()), actor, now, draws_on=reservation)
    if (known := _known(head)) is not None:
        return known
    asked = {pk: milli for pk, milli in wants.items() if milli}
    _check_lines(list(asked.values()))

    def fill(document: Document) -> list[Move]:
        kept = {line.pk: line for line in reservation.lines.select_related("lot__item")}
        sums: dict[Lot, int] = {}
        for pk, milli in sorted(asked.items()):
            line = kept.get(pk)
            if line is None:
                raise Refused(_("This line does not belong to the reservation."))
            if not Line.objects.filter(pk=pk, left__gte=milli).update(left=F("left") - milli):
                line.refresh_from_db(fields=("left",))
                words = _("Of %(item)s %(left)s %(unit)s are still reserved; %(asked)s were asked for.")
                raise Refused(
                    words % {"item": line.lot.item, "left": shown(line.left), "unit": line.lot.item.unit,
                             "asked": shown(milli)}
                )  # fmt: skip
            sums[line.lot] = milli
        out = Place(Account.HELD, reservation.store)
        return [Move(line, out, into, line.milli) for line in _lines(document, sums)]

    return _enter(head, fill)


def stocktake(store: Store, counts: Sequence[Count], *, said: Said, key: str, actor: User, now: datetime) -> Document:
    """Bring the books to what was counted; a line for each batch, those without difference too.

    What is reserved counts as there. Raises NotAllowed; Refused when the books moved since the sheet was taken, and
    when less was counted than is reserved.
    """
    if not counts:
        raise Refused(_("Enter at least one line."))
    if len({count.lot.pk for count in counts}) != len(counts):
        raise Refused(_("A batch stands on the sheet twice."))
    content = [(count.lot.pk, count.milli, count.seen) for count in counts]

    def fill(document: Document) -> list[Move]:
        moves = []
        for count in counts:
            held = balance(store, Account.HELD, count.lot)
            booked = balance(store, Account.STOCK, count.lot) + held
            told = {"item": count.lot.item, "lot": count.lot, "held": shown(held), "counted": shown(count.milli),
                    "seen": shown(count.seen), "booked": shown(booked)}  # fmt: skip
            if count.seen is not None and count.seen != booked:
                words = _(
                    "%(item)s (batch %(lot)s): the sheet said %(seen)s, the books say %(booked)s by now. "
                    "Take a new sheet and look at this line again."
                )
                raise Refused(words % told)
            if count.milli < held:
                words = _(
                    "%(item)s (batch %(lot)s): %(held)s are reserved, only %(counted)s were counted. "
                    "Release the reservation first."
                )
                raise Refused(words % told)
            line = Line.objects.create(
                document=document, lot=count.lot, milli=count.milli - booked, booked=booked
            )  # fmt: skip
            stock, world = Place(Account.STOCK, store), Place(Account.COUNT)
            if line.milli:
                out, into = (world, stock) if line.milli > 0 else (stock, world)
                moves.append(Move(line, out, into, abs(line.milli)))
        return moves

    return _enter(_Head(Sort.STOCKTAKE, store, key, said, content, actor, now), fill)


def reverse(document: Document, *, reason: str, key: str, actor: User, now: datetime) -> Document:
    """Undo a document by its mirror image: the only way to correct one.

    Raises NotAllowed; Refused for a reversal, for one that was reversed already, for a reservation of which something
    was taken; Short when what came in has left the store since.
    """
    said = Said(document.party, reason.strip())
    _need_purpose(said)
    head = _Head(
        Sort.REVERSAL, document.store, key, said, None, actor, now, to_store=document.to_store, reverses=document
    )
    if (known := _known(head)) is not None:
        return known
    if document.sort == Sort.REVERSAL:
        raise Refused(_("A reversal is not reversed; enter the document anew."))

    def fill(mirror: Document) -> list[Move]:
        moves = []
        for line in document.lines.select_related("lot__item").prefetch_related("postings__store"):
            _restore_reservation(document, line)
            mirrored = Line.objects.create(document=mirror, lot=line.lot, milli=-line.milli)
            sides = sorted(line.postings.all(), key=lambda side: side.milli)
            if sides:
                out, into = (Place(Account(side.account), side.store) for side in reversed(sides))
                moves.append(Move(mirrored, out, into, sides[-1].milli))
        return moves

    return _enter(head, fill)


def _restore_reservation(document: Document, line: Line) -> None:
    """Keep what is left of reservations true when one of them, or what was drawn on one, is reversed."""
    if document.sort == Sort.RESERVATION and not Line.objects.filter(pk=line.pk, left=line.milli).update(left=0):
        raise Refused(_("Something was taken of this reservation; release what is left instead."))
    if document.draws_on_id is not None:
        drawn = Line.objects.filter(document_id=document.draws_on_id, lot=line.lot)
        drawn.update(left=F("left") + line.milli)


# --- what every document has in common --------------------------------------------------------------------------------
def _enter(head: _Head, fill: Callable[[Document], Sequence[Move]]) -> Document:
    """Write a document with its lines, postings, balances and audit row, all or nothing."""
    known = _known(head)
    if known is not None:
        return known
    verb = VERBS.get(head.sort, "stock.move")
    stores = [head.store] if head.to_store is None else [head.store, head.to_store]
    for store in stores:
        require(head.actor, verb, store.region)
    try:
        with transaction.atomic():
            _lock(stores)
            if (known := _known(head)) is not None:
                return known
            if head.reverses is not None and Document.records.filter(reverses=head.reverses).exists():
                raise Refused(_("%(number)s was reversed already.") % {"number": head.reverses.number})
            document = Document.records.create(
                number=next_number(PREFIXES[head.sort], head.now), sort=head.sort, store=head.store,
                to_store=head.to_store, region=head.store.region, party=head.said.party.strip()[:120],
                purpose=head.said.purpose.strip()[:200], until=head.said.until, draws_on=head.draws_on,
                reverses=head.reverses, key=head.key, digest=head.digest, by=head.actor, at=head.now,
            )  # fmt: skip
            post(fill(document), now=head.now)
            _tell(document, head)
            return document
    except IntegrityError:
        # The same key came in at the same moment by another hand.
        if (known := _known(head)) is None:
            raise
        return known


def _known(head: _Head) -> Document | None:
    """The document that this key already made. Raises Refused when it was another one."""
    found = Document.records.filter(key=head.key).select_related("store").first()
    if found is not None and found.digest != head.digest:
        raise Refused(
            _("This form was already entered as %(number)s. Open a new one to enter another document.")
            % {"number": found.number}
        )
    return found


def _lock(stores: Sequence[Store]) -> None:
    rows = Store.records.select_for_update(no_key=True).filter(pk__in=[store.pk for store in stores])
    for store in rows.order_by("pk"):
        if store.removed_at is not None:
            raise Refused(_("%(store)s was taken out of use.") % {"store": store.name})


def _lines(document: Document, sums: Mapping[Lot, int]) -> list[Line]:
    """One line for each batch; those of a reservation remember what is left of them."""
    kept = document.sort == Sort.RESERVATION
    rows = [
        Line(document=document, lot=lot, milli=milli, left=milli if kept else None) for lot, milli in sums.items()
    ]  # fmt: skip
    return Line.objects.bulk_create(rows)


def _spread(store: Store, wants: Sequence[Want]) -> dict[Lot, int]:
    """How much of which batch: named ones as asked, items from the batches that end first. Raises Short."""
    sums: dict[Lot, int] = {}
    for want in wants:
        if isinstance(want.of, Lot):
            sums[want.of] = sums.get(want.of, 0) + want.milli
            continue
        left = want.milli
        rows = Balance.objects.filter(store=store, account=Account.STOCK, lot__item=want.of, milli__gt=0)
        for row in rows.select_related("lot__item").order_by(F("lot__expires_on").asc(nulls_last=True), "pk"):
            free = row.milli - sums.get(row.lot, 0)
            taken = min(free, left)
            if taken > 0:
                sums[row.lot] = sums.get(row.lot, 0) + taken
                left -= taken
        if left:
            words = _("%(store)s has %(there)s %(unit)s of %(item)s; %(asked)s were asked for.")
            raise Short(
                words % {"store": store.name, "there": shown(want.milli - left), "unit": want.of.unit, "item": want.of,
                         "asked": shown(want.milli)}
            )  # fmt: skip
    return sums


def _check_lines(amounts: Sequence[int]) -> None:
    if not amounts:
        raise Refused(_("Enter at least one line."))
    if len(amounts) > MOST_LINES:
        raise Refused(_("At most %(most)d lines on one document.") % {"most": MOST_LINES})
    if any(milli <= 0 for milli in amounts):
        raise Refused(_("A quantity is above zero."))


def _need_purpose(said: Said) -> None:
    if len(said.purpose.strip()) < 2:
        raise Refused(_("Say why."), "purpose")


def _tell(document: Document, head: _Head) -> None:
    lines = [
        {"item": line.lot.item.code, "lot": line.lot.number, "quantity": plain(line.milli)}
        for line in document.lines.select_related("lot__item")
    ]
    after = {
        "number": document.number, "store": head.store.code, "to": head.to_store.code if head.to_store else "",
        "party": document.party, "lines": lines,
    }  # fmt: skip
    audit.record(
        actor=head.actor, verb=f"stock.{document.sort}", obj=document, region=document.region, after=after,
        note=document.purpose, now=head.now,
    )  # fmt: skip
    publish(
        "stock.changed", region=document.region, verb="resource.see", at=head.now, data={"store": head.store.pk}
    )  # fmt: skip
