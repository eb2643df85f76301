"""The list of items that stores keep, and their batches."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.resources.models import Balance, Item, Lot
from anlan.apps.resources.queries.supplies import supplies
from anlan.apps.resources.services.refusing import Refused
from anlan.kernel.audit import services as audit
from anlan.kernel.chains.numbers import next_number
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, holds
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.pinyin import name_keys


def _require(actor: User) -> None:
    """The list of items serves every store, so whoever keeps one of them may add to it."""
    if not holds(actor, "resource.edit"):
        raise NotAllowed("resource.edit")


@transaction.atomic
def add_item(
    *, name: str, supply: str, specification: str = "", unit: str = "", shelf_days: int | None = None,
    warn_days: int = 90, code: str = "", actor: User, now: datetime,
) -> Item:  # fmt: skip
    """Put an item on the list; without a unit it is counted as its class is.

    Raises NotAllowed without `resource.edit`; Refused for a class that is not in the rulebook, or a code or a name with
    the same specification that is there already.
    """
    _require(actor)
    name, specification, code = name.strip(), specification.strip(), code.strip()
    classes = supplies(now)
    if supply not in classes:
        raise Refused(_("Choose a class of supplies from the list."), "supply")
    unit = unit.strip() or classes[supply].unit_zh
    if not unit:
        raise Refused(_("Say in what it is counted."), "unit")
    if not name:
        raise Refused(_("This must be filled in."), "name")
    if Item.objects.filter(name=name, specification=specification, supply=supply).exists():
        raise Refused(_("%(name)s is on the list already with this specification.") % {"name": name}, "specification")
    if code and Item.objects.filter(code=code).exists():
        raise Refused(_("The code %(code)s is taken.") % {"code": code}, "code")
    item = Item.objects.create(
        code=code or next_number("ITM", now), name=name[:80], pinyin=name_keys(name, 200).pinyin, supply=supply,
        specification=specification[:120], unit=unit[:10],
        shelf_days=shelf_days, warn_days=warn_days, by=actor, at=now,
    )  # fmt: skip
    after = {"code": item.code, "name": item.name, "supply": supply, "unit": item.unit}
    audit.record(actor=actor, verb="stock.item", obj=item, region=regions.root(), after=after, now=now)
    return item


@transaction.atomic
def change_item(
    item: Item, *, name: str, specification: str, shelf_days: int | None, warn_days: int, actor: User, now: datetime
) -> Item:
    """Change what an item is called and how it ages; class and unit stay, since the books count in them.

    Raises NotAllowed, Refused.
    """
    _require(actor)
    item = Item.objects.select_for_update().get(pk=item.pk)
    name, specification = name.strip(), specification.strip()
    if not name:
        raise Refused(_("This must be filled in."), "name")
    same = Item.objects.filter(name=name, specification=specification, supply=item.supply).exclude(pk=item.pk)
    if same.exists():
        raise Refused(_("%(name)s is on the list already with this specification.") % {"name": name}, "specification")
    wanted = {"name": name, "specification": specification, "shelf_days": shelf_days, "warn_days": warn_days}
    before = {field: getattr(item, field) for field, value in wanted.items() if getattr(item, field) != value}
    if before:
        for field, value in wanted.items():
            setattr(item, field, value)
        item.pinyin = name_keys(name, 200).pinyin
        item.save()
        after = {field: wanted[field] for field in before}
        audit.record(
            actor=actor, verb="stock.item_change", obj=item, region=regions.root(), before=before, after=after, now=now
        )
    return item


@transaction.atomic
def end_item(item: Item, *, actor: User, now: datetime) -> Item:
    """Take an item off the list for new receipts. Raises NotAllowed; Refused while some of it lies in a store."""
    _require(actor)
    item = Item.objects.select_for_update().get(pk=item.pk)
    if Balance.objects.filter(lot__item=item, milli__gt=0).exists():
        raise Refused(_("Some of it still lies in stores; issue, transfer or scrap it first."))
    if item.ended_at is None:
        item.ended_at = now
        item.save(update_fields=("ended_at",))
        audit.record(actor=actor, verb="stock.item_end", obj=item, region=regions.root(), now=now)
    return item


def lot_of(item: Item, number: str, made_on: date | None, expires_on: date | None) -> Lot:
    """The batch of this number, made when it is new; in the running transaction.

    Without a day of its end it ends a shelf life after it was made. Goods with an end but without a number are known by
    that day. Raises Refused when the number is known with another end.
    """
    number = number.strip()[:40]
    if expires_on is None and made_on is not None and item.shelf_days:
        expires_on = made_on + timedelta(days=item.shelf_days)
    if not number and expires_on is not None:
        number = f"{expires_on:%Y-%m-%d}"
    lot, _new = Lot.objects.get_or_create(
        item=item, number=number, defaults={"made_on": made_on, "expires_on": expires_on}
    )
    if expires_on is not None and lot.expires_on != expires_on:
        words = _("Batch %(lot)s of %(item)s is known with the end %(end)s; is the number or the day wrong?")
        raise Refused(words % {"lot": lot, "item": item, "end": lot.expires_on or "—"})
    return lot
