"""Registers as messages: first a full copy in pages, then every change, in the order of the register's own numbers.

A change says which record is there now, not what was done to it: a row carries the record as it stands when the message
is made. Several changes of one record between two messages are therefore one row, and whoever puts every row into a
table by `id`, in order, has the register as it is (docs/decisions/0010). A record that left what the subscription may
see, by whatever act, is a row `gone`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import override

from anlan.apps.exchange import keys
from anlan.apps.exchange.models import Allowed, Message, Mode, State, Subscription
from anlan.apps.exchange.queries import is_personal
from anlan.formats import jws
from anlan.kernel.people.sealed import seal, unseal
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.scope import within
from anlan.kernel.registers import values
from anlan.kernel.registers.declarations import Register, get
from anlan.kernel.registers.info import Kind
from anlan.kernel.registers.models import VISIBLE, BatchState, Head, Revision

VERSION = 1
#: Rows of one message, and bytes of its payload beyond which no row is added.
PAGE, MESSAGE_BYTES = 200, 256 * 1024
#: Messages that may wait for their acknowledgement; more are made once it comes.
WINDOW = 64
#: Changes looked at in one transaction, most of which may concern other regions; transactions of one call without a
#: message, so that nobody who fetches waits for long.
LOOKED_AT, ROUNDS = 1_000, 50


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one record, and how far the register is in messages once it is in one (`Allowed.n`, `.within`)."""

    record: int
    n: int
    at: datetime
    act: str
    reached: tuple[int, int]


def compose(subscription: int, *, now: datetime, most: int = WINDOW) -> int:
    """Make the messages that are due, each in a short transaction of its own; returns how many.

    Nothing is made for a subscription that is not in force, nor while `WINDOW` messages wait to be acknowledged. After
    many changes that concern other regions only, the rest is left to the next call.
    """
    made = 0
    for _round in range(most + ROUNDS):
        if made == most:
            break
        with transaction.atomic():
            row = Subscription.records.select_for_update(of=("self",)).select_related("region").get(pk=subscription)
            if not in_force(row, now) or row.backlog >= WINDOW:
                break
            done = _next(row, now)
            if not done:
                break
            made += done.made
    return made


@dataclass(frozen=True, slots=True)
class _Done:
    """What one round did: a message made, or only further on in the numbers."""

    made: int


def in_force(subscription: Subscription, now: datetime) -> bool:
    """Whether data may leave for a subscription."""
    return subscription.state == State.ACTIVE and timezone.localdate(now) <= subscription.valid_until


def _next(subscription: Subscription, now: datetime) -> _Done | None:
    """Make the next message; None when everything is in messages."""
    allowed = [(one, register) for one in subscription.allowed.all() if (register := get(one.register)) is not None]
    if subscription.begins:
        begin = _beginning(subscription, allowed)
        _write(subscription, {"kind": "begin", **begin}, register="", rows=0, personal=False, now=now)
        return _Done(1)
    for one, register in allowed:
        names = given(one, register, subscription)
        personal = any(is_personal(register, name) for name in names)
        if one.copying:
            rows, last = _copy(subscription, one, register, names)
            more = {"page": one.page, "last": last, "n": one.n}
            _write(
                subscription, {"kind": "copy", "register": register.code, **more, "rows": rows},
                register=register.code, rows=len(rows), personal=personal, now=now,
            )  # fmt: skip
            return _Done(1)
        moved, rows = _changes(subscription, one, register, names)
        if rows:
            _write(
                subscription, {"kind": "changes", "register": register.code, "rows": rows},
                register=register.code, rows=len(rows), personal=personal, now=now,
            )  # fmt: skip
        if moved:
            return _Done(1 if rows else 0)
    return None


# --- what may be given ------------------------------------------------------------------------------------------------
def given(allowed: Allowed, register: Register, subscription: Subscription) -> list[str]:
    """The fields that leave, the code first; personal ones only while their approval holds."""
    clear = may_send_personal(subscription)
    names = [
        name
        for name in register.fields
        if name in allowed.fields and name != "code" and (clear or not is_personal(register, name))
    ]
    return ["code", *names]


def may_send_personal(subscription: Subscription) -> bool:
    """Whether a second person approved exactly what is asked for now; never through a broker, which keeps copies."""
    return bool(
        subscription.personal
        and subscription.mode != Mode.NATS
        and subscription.approved_for
        and subscription.approved_for == asked_for(subscription)
    )


def asked_for(subscription: Subscription) -> str:
    """Digest of what an approval of personal fields is about: which, of which region, to whom, until when."""
    fields = {}
    for one in subscription.allowed.order_by("register"):
        if (register := get(one.register)) is not None:
            fields[one.register] = sorted(
                name for name in one.fields if name in register.fields and is_personal(register, name)
            )
    said = {
        "fields": fields,
        "region": subscription.region_id,
        "mode": subscription.mode,
        "address": subscription.address_id,
        "until": subscription.valid_until.isoformat(),
        "reason": subscription.personal_reason,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


# --- rows -------------------------------------------------------------------------------------------------------------
def _beginning(subscription: Subscription, allowed: Sequence[tuple[Allowed, Register]]) -> dict[str, Any]:
    """What the receiver needs to know of registers and fields; every register starts with a full copy."""
    described = {}
    with override(settings.LANGUAGE_CODE):
        for one, register in allowed:
            fields = {}
            for name in given(one, register, subscription):
                info = register.info(name)
                fields[name] = {"label": info.label, "kind": info.kind.value, "personal": is_personal(register, name)}
                if info.unit:
                    fields[name]["unit"] = info.unit
                if info.choices:
                    fields[name]["choices"] = {str(value): str(words) for value, words in info.choices}
            described[register.code] = {"title": str(register.title), "fields": fields}
            one.n = one.within = one.copied = one.page = 0
            one.copying = True
            one.save()
    return {"region": subscription.region.code, "registers": described}


def _copy(
    subscription: Subscription, allowed: Allowed, register: Register, names: Sequence[str]
) -> tuple[list[dict[str, Any]], bool]:
    """The next page of the full copy, and whether it is the last."""
    if not allowed.page:
        # The number first: whatever is changed from here on comes again as a change.
        allowed.n = Head.objects.filter(register=register.code).values_list("n", flat=True).first() or 0
        allowed.within = 0
    here = _records(register, names).filter(VISIBLE, within((subscription.region.path,)), pk__gt=allowed.copied)
    found = list(here.order_by("pk")[:PAGE])
    rows: list[dict[str, Any]] = []
    size = 0
    for record in found:
        row = {"id": record.pk, "code": record.code, "record": _values(register, record, names)}
        size += len(msgspec.json.encode(row))
        if rows and size > MESSAGE_BYTES:
            break
        rows.append(row)
        allowed.copied = record.pk
    last = len(found) < PAGE and len(rows) == len(found)
    allowed.page += 1
    allowed.copying = not last
    allowed.save()
    return rows, last


def _changes(
    subscription: Subscription, allowed: Allowed, register: Register, names: Sequence[str]
) -> tuple[bool, list[dict[str, Any]]]:
    """The next changes, and whether the numbers moved on, which they also do past changes of other regions."""
    changes, reached_at_end = _pending(allowed, register)
    last = {change.record: at for at, change in enumerate(changes)}
    records = _records(register, names).in_bulk(list(last))
    former = _formerly_inside(subscription, register, [pk for pk in last if not _visible(subscription, records[pk])])
    rows: list[dict[str, Any]] = []
    size = 0
    reached = start = (allowed.n, allowed.within)
    for at, change in enumerate(changes):
        if last[change.record] == at:  # earlier changes of the record stand in the row of its last one
            row = _row(subscription, register, records[change.record], change, names, former)
            size += len(msgspec.json.encode(row)) if row else 0
            if rows and (size > MESSAGE_BYTES or len(rows) == PAGE):
                break
            if row:
                rows.append(row)
        reached = change.reached
    else:
        reached = reached_at_end
    if reached != start:
        allowed.n, allowed.within = reached
        allowed.save()
    return reached != start, rows


def _pending(allowed: Allowed, register: Register) -> tuple[list[Change], tuple[int, int]]:
    """Changes after those that are in messages, an import with each of its rows; and how far one is after all of them.

    Not every number has a change: an act that changed nothing takes one too.
    """
    head = Head.objects.filter(register=register.code).values_list("n", flat=True).first() or 0
    numbered = list(
        Revision.objects.filter(register=register.code, n__gt=allowed.n, n__lte=head).order_by("n")[:LOOKED_AT]
    )
    found: list[Change] = []
    before, after_row = allowed.n, allowed.within
    for change in numbered:
        assert change.n is not None
        if change.record is not None:
            found.append(Change(change.record, change.n, change.at, change.act, (change.n, 0)))
        else:
            room = max(1, LOOKED_AT - len(found))
            inside = Revision.objects.filter(batch=change.batch_id, record__isnull=False, id__gt=after_row)
            lines = list(inside.order_by("id").values_list("id", "record")[:room])
            found += [Change(pk, change.n, change.at, change.act, (before, line)) for line, pk in lines]
            if len(lines) == room:  # perhaps there are more
                return found, (before, lines[-1][0])
        before, after_row = change.n, 0
        if len(found) >= LOOKED_AT:
            return found, (before, 0)
    return found, (before if len(numbered) == LOOKED_AT else max(head, before), 0)


def _records(register: Register, names: Sequence[str]) -> Any:
    related = [name for name in names if register.info(name).kind in (Kind.RECORD, Kind.PERSON)]
    rows = register.model.records.select_related("region", "batch", *related)
    return rows.defer("region__boundary") if "outline" in names else rows.defer("outline", "region__boundary")


def _visible(subscription: Subscription, record: Any) -> bool:
    """Whether a record exists for people and lies where the subscription may look."""
    return (
        record.removed_at is None
        and (record.batch is None or record.batch.state == BatchState.PUBLISHED)
        and record.region.path.startswith(subscription.region.path)
    )


def _formerly_inside(subscription: Subscription, register: Register, pks: Sequence[int]) -> set[int]:
    """Which of these records lie, or ever lay, inside the subscription's region: nobody is told of any other."""
    inside = {
        node.code for node in regions.tree().by_id.values() if node.path.startswith(subscription.region.path)
    }  # fmt: skip
    found = set(
        register.model.records.filter(within((subscription.region.path,)), pk__in=pks).values_list("pk", flat=True)
    )
    history = Revision.objects.filter(register=register.code, record__in=[pk for pk in pks if pk not in found])
    for pk, before, after in history.values_list("record", "before", "after"):
        if {before.get("region"), after.get("region")} & inside:
            found.add(pk)
    return found


def _row(
    subscription: Subscription, register: Register, record: Any, change: Change, names: Sequence[str], former: set[int]
) -> dict[str, Any] | None:  # fmt: skip
    """A record as it stands, or that it is gone; None for one that the subscription never could see."""
    head = {"n": change.n, "at": _moment(change.at), "act": change.act, "id": record.pk, "code": record.code}
    if _visible(subscription, record):
        return {**head, "record": _values(register, record, names)}
    if record.pk not in former:
        return None
    return {**head, "gone": True, **({"into": record.merged_into} if record.merged_into else {})}


def _values(register: Register, record: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: values.as_json(register.info(name), getattr(record, name)) for name in names}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- lines ------------------------------------------------------------------------------------------------------------
def _write(
    subscription: Subscription, content: dict[str, Any], *, register: str, rows: int, personal: bool, now: datetime
) -> None:
    """Number, sign and keep one message, in the transaction that holds the subscription."""
    seq = subscription.last_seq + 1
    said = {"v": VERSION, "sub": subscription.code, "seq": seq, "prev": subscription.last_digest, "made": _moment(now)}
    payload = msgspec.json.encode(said | content)
    header = jws.header_of(keys.public_key(), keys.KIND)
    signature = jws.signature_of(header, payload, keys.private_key())
    digest = jws.digest(jws.joined(header, payload, signature))
    Message.objects.create(
        subscription=subscription, seq=seq, register=register, rows=rows, size=len(payload), personal=personal,
        header=header, payload=kept(payload, personal), signature=signature, digest=digest, made_at=now,
    )  # fmt: skip
    subscription.last_seq, subscription.last_digest, subscription.begins = seq, digest, False
    subscription.save(update_fields=("last_seq", "last_digest", "begins"))


def kept(payload: bytes, personal: bool) -> bytes:
    """A payload as the database keeps it: packed, and sealed with the installation's key where it is personal."""
    packed = zlib.compress(payload)
    return seal(base64.b64encode(packed).decode("ascii")).encode() if personal else packed


def line_of(message: Message) -> str:
    """The signed line of a message."""
    stored = bytes(message.payload)
    packed = base64.b64decode(unseal(stored.decode())) if message.personal else stored
    return jws.joined(message.header, zlib.decompress(packed), message.signature)
