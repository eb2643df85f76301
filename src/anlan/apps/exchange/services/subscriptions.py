"""Who gets which part of our registers: agreed, approved by a second person where it is personal, ended."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.exchange import feed, outside
from anlan.apps.exchange.models import Address, Allowed, Mode, State, Subscription, Way
from anlan.apps.exchange.queries import depth, is_personal
from anlan.apps.exchange.services.addresses import Refused
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.rights import require
from anlan.kernel.regions.models import Region
from anlan.kernel.registers.declarations import get

#: Longest time for which a subscription is agreed, days; then somebody looks at it again.
MOST_DAYS = 3 * 366


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is agreed with a subscriber.

    fields           register → names of its fields; the code always goes along
    personal_reason  why personal fields are needed; "" leaves them out whatever `fields` names
    """

    name: str
    purpose: str
    region: Region
    mode: str
    fields: Mapping[str, Sequence[str]]
    valid_until: date
    department: Department | None = None
    contact: str = ""
    contact_phone: str = ""
    address: Address | None = None
    personal_reason: str = ""


def hash_of(key: str) -> str:
    """What is kept of a subscriber's key: SHA-256 in hex. The key has 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


@transaction.atomic
def subscribe(agreed: Agreement, *, actor: User, now: datetime) -> tuple[Subscription, str]:
    """Open a subscription; with personal fields it waits for a second person, else it is active at once.

    returns  the subscription, and its key where it fetches ("" otherwise), shown once and never kept

    Raises NotAllowed without exchange.manage in the region; Refused with what is missing or cannot be.
    """
    require(actor, "exchange.manage", agreed.region)
    _check(agreed, now)
    last = Subscription.records.select_for_update().order_by("-pk").values_list("pk", flat=True).first() or 0
    row = Subscription(code=f"EXC-{last + 1:04d}", by=actor, at=now)
    _put(row, agreed)
    row.state = State.WAITING if row.personal else State.ACTIVE
    key = _fresh_key(row, now) if row.mode == Mode.PULL else ""
    row.save()
    _put_fields(row, agreed)
    _tell(row, "exchange.subscribe", actor, now, after=_said(row))
    return row, key


@transaction.atomic
def change_subscription(row: Subscription, agreed: Agreement, *, actor: User, now: datetime) -> Subscription:
    """Agree anew. What is given changes, so the subscriber gets a new full copy; personal fields are approved again.

    Raises NotAllowed in the former and the new region; Refused as `subscribe`, and for an ended one.
    """
    row = _locked(row)
    require(actor, "exchange.manage", row.region)
    require(actor, "exchange.manage", agreed.region)
    _check(agreed, now)
    if row.state == State.ENDED:
        raise Refused(_("This subscription has ended; open a new one."))
    if agreed.mode != row.mode:
        raise Refused(_("How it is delivered stays as it was agreed; open a new subscription for another way."))
    before = _said(row)
    digest, given = feed.asked_for(row), _given(row)
    _put(row, agreed)
    row.save()
    others = {one.register: one.fields for one in row.allowed.all()} != _fields(agreed)
    if others:
        row.allowed.all().delete()
        _put_fields(row, agreed)
    if not row.personal or feed.asked_for(row) != digest:
        _drop_approval(row)
    if row.personal and not row.approved_for:
        row.by, row.state = actor, State.WAITING
    elif row.state == State.WAITING:
        row.state = State.ACTIVE
    row.save()
    if others or _given(row) != given:
        start_over(row)
    _tell(row, "exchange.change", actor, now, before=before, after=_said(row))
    return row


@transaction.atomic
def approve(row: Subscription, *, actor: User, now: datetime) -> Subscription:
    """A second person lets personal fields go.

    Raises NotAllowed without exchange.approve; Refused for whoever asked for it.
    """
    row = _locked(row)
    require(actor, "exchange.approve", row.region)
    if row.state != State.WAITING:
        raise Refused(_("Nothing waits for approval here."))
    if actor.pk == row.by_id:
        raise Refused(_("Whoever asked for it does not approve it; a second person has to."))
    row.approved_by, row.approved_at, row.approved_for = actor, now, feed.asked_for(row)
    row.state = State.ACTIVE
    row.save()
    start_over(row)
    _tell(row, "exchange.approve", actor, now, after={"approved_for": row.approved_for})
    return row


@transaction.atomic
def withdraw(row: Subscription, *, reason: str, actor: User, now: datetime) -> Subscription:
    """Take an approval back, or refuse it: no personal field leaves any more, not even what is in messages already.

    Raises NotAllowed without exchange.approve; Refused without a reason, and where nothing is to be taken back.
    """
    row = _locked(row)
    require(actor, "exchange.approve", row.region)
    if not reason.strip():
        raise Refused(_("Say why."))
    if not row.personal or row.state == State.ENDED:
        raise Refused(_("There is no approval to take back."))
    _drop_approval(row)
    row.state = State.WAITING
    row.save()
    start_over(row)
    _tell(row, "exchange.withdraw", actor, now, note=reason.strip())
    return row


@transaction.atomic
def pause(row: Subscription, *, actor: User, now: datetime) -> Subscription:
    """Give nothing until it is resumed. Raises NotAllowed; Refused unless it is active."""
    return _turn(row, "exchange.pause", (State.ACTIVE,), State.PAUSED, actor, now)


@transaction.atomic
def resume(row: Subscription, *, actor: User, now: datetime) -> Subscription:
    """Go on where it was paused. Raises NotAllowed; Refused unless it is paused."""
    row = _turn(row, "exchange.resume", (State.PAUSED,), State.ACTIVE, actor, now)
    row.failures, row.next_try, row.last_error = 0, None, ""
    row.save(update_fields=("failures", "next_try", "last_error"))
    return row


@transaction.atomic
def end(row: Subscription, *, actor: User, now: datetime) -> Subscription:
    """End it for good: its key opens nothing any more. Raises NotAllowed; Refused when it has ended."""
    row = _turn(row, "exchange.end", (State.WAITING, State.ACTIVE, State.PAUSED), State.ENDED, actor, now)
    row.key_hash = ""
    row.save(update_fields=("key_hash",))
    return row


@transaction.atomic
def new_key(row: Subscription, *, actor: User, now: datetime) -> str:
    """A new key; the former one is refused from this moment on. Returned once. Raises NotAllowed, Refused."""
    row = _locked(row)
    require(actor, "exchange.manage", row.region)
    if row.mode != Mode.PULL or row.state == State.ENDED:
        raise Refused(_("Only a subscriber that fetches has a key."))
    key = _fresh_key(row, now)
    row.save(update_fields=("key_hash", "key_at"))
    _tell(row, "exchange.new_key", actor, now)
    return key


@transaction.atomic
def begin_again(row: Subscription, *, actor: User, now: datetime) -> Subscription:
    """Give everything anew: what was made and not acknowledged is dropped. Raises NotAllowed, Refused."""
    row = _locked(row)
    require(actor, "exchange.manage", row.region)
    if row.state == State.ENDED:
        raise Refused(_("This subscription has ended; open a new one."))
    start_over(row)
    _tell(row, "exchange.begin_again", actor, now, after={"from": row.first_seq})
    return row


def start_over(row: Subscription) -> None:
    """The next message begins a new full copy; older ones cannot be had any more. Within the caller's transaction."""
    row.first_seq, row.acked_seq, row.begins = row.last_seq + 1, row.last_seq, True
    row.failures, row.next_try = 0, None
    row.save(update_fields=("first_seq", "acked_seq", "begins", "failures", "next_try"))


# --- what they have in common -----------------------------------------------------------------------------------------
def _locked(row: Subscription) -> Subscription:
    return Subscription.records.select_for_update(of=("self",)).select_related("region", "address").get(pk=row.pk)


def _turn(
    row: Subscription, verb: str, frm: Sequence[str], to: str, actor: User, now: datetime
) -> Subscription:  # fmt: skip
    row = _locked(row)
    require(actor, "exchange.manage", row.region)
    if row.state not in frm:
        raise Refused(
            _("This cannot be done now: the subscription is “%(state)s”.") % {"state": State(row.state).label}
        )
    before, row.state = row.state, to
    row.save(update_fields=("state",))
    _tell(row, verb, actor, now, before={"state": before}, after={"state": to})
    return row


def _check(agreed: Agreement, now: datetime) -> None:
    today = timezone.localdate(now)
    if not agreed.name.strip() or not agreed.purpose.strip():
        raise Refused(_("Say who gets the data and for which purpose."))
    if not agreed.fields:
        raise Refused(_("Choose at least one register."))
    if not today <= agreed.valid_until or (agreed.valid_until - today).days > MOST_DAYS:
        raise Refused(_("It ends today or later, within three years."))
    for code, names in agreed.fields.items():
        register = get(code)
        if register is None or set(names) - set(register.fields):
            raise Refused(_("The register %(code)s has not all of these fields.") % {"code": code})
    if agreed.mode not in Mode.values:
        raise Refused(_("Choose how the data gets there."))
    if agreed.mode == Mode.PULL and agreed.address is not None:
        raise Refused(_("Whoever fetches needs no address."))
    if agreed.mode != Mode.PULL:
        _check_address(agreed)
    if agreed.personal_reason.strip() and agreed.mode == Mode.NATS:
        raise Refused(_("Personal fields do not go through a broker: it keeps copies that nobody can call back."))


def _check_address(agreed: Agreement) -> None:
    wanted = Way.HTTP if agreed.mode == Mode.PUSH else Way.NATS
    address = agreed.address
    if address is None or address.kind != wanted or address.ended_at is not None:
        raise Refused(_("Choose an address from the list; the system administrator adds others."))
    if agreed.personal_reason.strip() and not outside.is_private_line(address.place):
        raise Refused(_("Personal fields go to https addresses only."))


def _put(row: Subscription, agreed: Agreement) -> None:
    row.name, row.purpose = agreed.name.strip()[:80], agreed.purpose.strip()[:200]
    row.region, row.mode, row.address = agreed.region, agreed.mode, agreed.address
    row.valid_until, row.department = agreed.valid_until, agreed.department
    row.contact, row.contact_phone = agreed.contact.strip()[:60], agreed.contact_phone.strip()[:30]
    row.personal_reason = agreed.personal_reason.strip()[:200]
    row.personal = bool(row.personal_reason) and any(
        is_personal(register, name)
        for code, names in agreed.fields.items()
        if (register := get(code)) is not None
        for name in names
    )


def _fields(agreed: Agreement) -> dict[str, list[str]]:
    """Register → its fields in their order, the code among them; owners before their parts."""
    registers = [register for code in agreed.fields if (register := get(code)) is not None]
    return {
        register.code: [name for name in register.fields if name == "code" or name in agreed.fields[register.code]]
        for register in sorted(registers, key=depth)
    }


def _put_fields(row: Subscription, agreed: Agreement) -> None:
    Allowed.objects.bulk_create(
        Allowed(subscription=row, register=code, fields=names) for code, names in _fields(agreed).items()
    )


def _given(row: Subscription) -> dict[str, list[str]]:
    """Register → fields that leave now."""
    return {
        one.register: feed.given(one, register, row)
        for one in row.allowed.all()
        if (register := get(one.register)) is not None
    } | {"region": [row.region.code]}


def _drop_approval(row: Subscription) -> None:
    row.approved_by, row.approved_at, row.approved_for = None, None, ""


def _fresh_key(row: Subscription, now: datetime) -> str:
    key = secrets.token_urlsafe(32)
    row.key_hash, row.key_at = hash_of(key), now
    return key


def _said(row: Subscription) -> dict[str, object]:
    """A subscription as the audit trail keeps it."""
    return {
        "name": row.name,
        "purpose": row.purpose,
        "region": row.region.code,
        "mode": row.mode,
        "address": row.address.place if row.address else "",
        "fields": {one.register: one.fields for one in row.allowed.all()},
        "personal": row.personal,
        "reason": row.personal_reason,
        "valid_until": row.valid_until,
        "state": row.state,
    }


def _tell(
    row: Subscription, verb: str, actor: User, now: datetime, *, before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None, note: str = "",
) -> None:  # fmt: skip
    audit.record(
        actor=actor, verb=verb, obj=row, region=row.region, before=before, after=after, note=note, now=now
    )  # fmt: skip
