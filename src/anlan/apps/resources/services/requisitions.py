"""Requisition: order it, take it over, give it back, fix and pay the compensation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from anlan.apps.resources.models import Machine, Requisition, Reserve, Stage
from anlan.apps.resources.models.requisitions import OPEN
from anlan.apps.resources.services.refusing import Refused
from anlan.kernel.audit import services as audit
from anlan.kernel.chains.numbers import next_number
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require

PREFIX = "RQ"


def available(reserve: Reserve) -> int:
    """What of a reserve is neither ordered nor handed over."""
    rows = Requisition.records.filter(reserve=reserve)
    away = rows.filter(stage__in=OPEN).aggregate(n=Sum("quantity"))["n"] or 0
    return max(int(reserve.quantity) - int(away), 0)


@transaction.atomic
def order(
    thing: Machine | Reserve, *, quantity: int = 1, purpose: str, place: str = "", basis: str = "",
    until: date | None = None, actor: User, now: datetime,
) -> Requisition:  # fmt: skip
    """Order a machine or so much of a reserve into use.

    Raises NotAllowed without `requisition.order` there; Refused without a purpose, for a machine that is away, for more
    than the reserve has.
    """
    require(actor, "requisition.order", thing.region)
    if len(purpose.strip()) < 2:
        raise Refused(_("Say what it is needed for."), "purpose")
    if thing.removed_at is not None:
        raise Refused(_("%(name)s was taken out of use.") % {"name": thing.name})
    machine = reserve = None
    if isinstance(thing, Machine):
        machine, quantity = Machine.records.select_for_update(of=("self",)).get(pk=thing.pk), 1
        if Requisition.records.filter(machine=machine, stage__in=OPEN).exists():
            raise Refused(_("%(name)s is requisitioned already.") % {"name": thing.name})
    else:
        reserve = Reserve.records.select_for_update(of=("self",)).get(pk=thing.pk)
        free = available(reserve)
        if not 0 < quantity <= free:
            words = _("Of %(name)s %(free)d %(unit)s can be had; %(asked)d were asked for.")
            told = {"name": thing.name, "free": free, "unit": thing.unit, "asked": quantity}
            raise Refused(words % told, "quantity")
    row = Requisition.records.create(
        number=next_number(PREFIX, now), region=thing.region, machine=machine, reserve=reserve, quantity=quantity,
        owner=(thing.owner if isinstance(thing, Machine) else thing.company) or thing.name,
        purpose=purpose.strip()[:200], basis=basis.strip()[:120], place=place.strip()[:120], until=until,
        ordered_by=actor, ordered_at=now,
    )  # fmt: skip
    after = {"number": row.number, "thing": thing.code, "quantity": quantity, "owner": row.owner}
    audit.record(
        actor=actor, verb="requisition.order", obj=row, region=row.region, after=after, note=row.purpose, now=now
    )
    return row


@transaction.atomic
def hand_over(
    row: Requisition, *, handed_by: str, phone: str = "", condition: str, actor: User, now: datetime
) -> Requisition:
    """The owner hands it over; who, and in what condition. Raises NotAllowed, Refused."""
    row = _in_stage(row, "requisition.order", actor, Stage.ORDERED)
    if not handed_by.strip():
        raise Refused(_("Say who hands it over."), "handed_by")
    if not condition.strip():
        raise Refused(_("Say in what condition it is."), "condition")
    row.stage, row.handed_at = Stage.IN_USE, now
    row.handed_by, row.handed_phone = handed_by.strip()[:60], phone.strip()[:30]
    row.condition = condition.strip()[:200]
    return _keep(row, "requisition.hand_over", actor, now, {"condition": row.condition})


@transaction.atomic
def cancel(row: Requisition, *, reason: str, actor: User, now: datetime) -> Requisition:
    """It is not needed after all; only before it was handed over. Raises NotAllowed, Refused."""
    row = _in_stage(row, "requisition.order", actor, Stage.ORDERED)
    if len(reason.strip()) < 2:
        raise Refused(_("Say why."), "reason")
    row.stage, row.ended_why = Stage.CANCELLED, reason.strip()[:200]
    return _keep(row, "requisition.cancel", actor, now, {"reason": row.ended_why})


@transaction.atomic
def give_back(row: Requisition, *, lost: int = 0, damage: str = "", actor: User, now: datetime) -> Requisition:
    """It goes back to its owner, less what was used up, with the damage it took. Raises NotAllowed, Refused."""
    row = _in_stage(row, "requisition.settle", actor, Stage.IN_USE)
    if not 0 <= lost <= row.quantity:
        words = _("Between 0 and %(most)d can be missing.")
        raise Refused(words % {"most": row.quantity}, "lost")
    row.stage, row.returned_at, row.lost, row.damage = Stage.RETURNED, now, lost, damage.strip()[:400]
    return _keep(row, "requisition.return", actor, now, {"lost": lost, "damage": row.damage})


@transaction.atomic
def assess(row: Requisition, *, amount: Decimal, reckoning: str, actor: User, now: datetime) -> Requisition:
    """Fix the compensation, with how it was reckoned; again until it is paid. Raises NotAllowed, Refused."""
    row = _in_stage(row, "requisition.settle", actor, Stage.RETURNED, Stage.ASSESSED)
    if not 0 <= amount < Decimal(10) ** 10:
        raise Refused(_("An amount is not below zero."), "amount")
    if len(reckoning.strip()) < 2:
        raise Refused(_("Say how it was reckoned."), "reckoning")
    row.stage, row.amount, row.reckoning = Stage.ASSESSED, amount, reckoning.strip()[:400]
    row.assessed_at, row.assessed_by = now, actor
    return _keep(row, "requisition.assess", actor, now, {"amount": str(amount), "reckoning": row.reckoning})


@transaction.atomic
def pay(row: Requisition, *, paid_on: date, voucher: str, actor: User, now: datetime) -> Requisition:
    """The compensation was paid. Raises NotAllowed; Refused without a voucher."""
    row = _in_stage(row, "requisition.settle", actor, Stage.ASSESSED)
    if not voucher.strip():
        raise Refused(_("Enter the number of the voucher."), "voucher")
    if row.returned_at is not None and paid_on < row.returned_at.date():
        raise Refused(_("It was returned after that day."), "paid_on")
    row.stage, row.paid_on, row.voucher = Stage.PAID, paid_on, voucher.strip()[:60]
    return _keep(row, "requisition.pay", actor, now, {"paid_on": paid_on, "voucher": row.voucher})


def _in_stage(row: Requisition, verb: str, actor: User, *stages: Stage) -> Requisition:
    rows = Requisition.records.select_for_update(of=("self",)).select_related("region", "machine", "reserve")
    row = rows.get(pk=row.pk)
    require(actor, verb, row.region)
    if row.stage not in stages:
        words = _("%(number)s is by now: %(stage)s. Look at it again.")
        raise Refused(words % {"number": row.number, "stage": Stage(row.stage).label})
    return row


def _keep(row: Requisition, verb: str, actor: User, now: datetime, after: Mapping[str, Any]) -> Requisition:
    row.save()
    audit.record(actor=actor, verb=verb, obj=row, region=row.region, after=after, now=now)
    return row
