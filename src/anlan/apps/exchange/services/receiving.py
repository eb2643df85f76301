"""Take in what other installations send: verified and in order, or not at all; kept first, taken into a register after.

Each message is one transaction with the source's number, so that a message counts exactly once however often it comes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from anlan.apps.exchange import keys, outside
from anlan.apps.exchange.models import Address, Arrival, Door, Received, Source, TroubleKind, Way
from anlan.apps.exchange.services import taking
from anlan.apps.exchange.services.addresses import SUBJECT, Refused
from anlan.apps.exchange.services.queueing import enqueue_once
from anlan.apps.exchange.services.trouble import close_for_source, open_for_source
from anlan.formats import jws
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions import queries as regions

#: Bytes of one line, and rows of one message, that are taken.
MOST_LINE, MOST_ROWS = 4 * 1024 * 1024, 2_000
ACCESS = re.compile(r"[\x21-\x7e]{1,60}:[\x21-\x7e]{1,200}")
SUB = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


class BadMessage(ValueError):
    """A line that is not taken; `code` is stable, `acked` is where its source stands (None when nobody is known)."""

    def __init__(self, code: str, why: str, acked: int | None = None, status: int = 422) -> None:
        super().__init__(why)
        self.code, self.acked, self.status = code, acked, status


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of lines: the number up to which the source is complete, new messages, and those that came again."""

    acked: int
    new: int
    repeated: int


# --- who may send -----------------------------------------------------------------------------------------------------
@transaction.atomic
def add_source(
    *, name: str, sub: str, public_key: str, door: str = Door.HTTP, subject: str = "", address: Address | None = None,
    access: str = "", automatic: bool = False, actor: User, now: datetime,
) -> Source:  # fmt: skip
    """Open the door to another installation. Raises NotAllowed without exchange.receive; Refused with what is wrong."""
    require(actor, "exchange.receive", regions.root())
    name, sub, subject, access = name.strip(), sub.strip(), subject.strip(), access.strip()
    if not name or not SUB.fullmatch(sub):
        raise Refused(_("Say who sends, and which code we have there, such as EXC-0001."))
    if door not in Door.values or (door == Door.NATS) != bool(subject) or (subject and not SUBJECT.fullmatch(subject)):
        raise Refused(_("NATS needs the subject on which they send, such as anlan.exchange.city; HTTP needs none."))
    fetches = door == Door.PULL
    if fetches != (address is not None) or fetches != bool(access):
        raise Refused(
            _("To fetch we need their address, of the list of addresses, and our code and key there; else neither.")
        )
    if address is not None and (address.kind != Way.HTTP or address.ended_at is not None):
        raise Refused(_("%(place)s is no HTTP address of the list.") % {"place": address.place})
    if address is not None and not outside.is_private_line(address.place):
        raise Refused(_("Our key there would be read on the way: an address to fetch from begins with https://."))
    if access and not ACCESS.fullmatch(access):
        raise Refused(_("Code and key are written EXC-0001:key, as they gave them to us."))
    try:
        key = jws.key_of(public_key)
    except ValueError as error:
        raise Refused(
            _("This is no Ed25519 public key: paste the 43 characters or the PEM file of the sender.")
        ) from error
    kid = jws.thumbprint(key)
    if Source.objects.filter(kid=kid, sub=sub).exists():
        raise Refused(_("This sender is known already under this code."))
    source = Source.objects.create(
        name=name[:80], sub=sub, door=door, subject=subject, public_key=jws.written(jws.public_bytes(key)), kid=kid,
        automatic=automatic, address=address, access=access, by=actor, at=now,
    )  # fmt: skip
    after = {"name": source.name, "sub": sub, "kid": kid, "door": door, "subject": subject, "automatic": automatic}
    if address is not None:
        after["address"] = address.place
    _tell(source, "exchange.source", actor, now, after=after)
    return source


@transaction.atomic
def change_source(source: Source, *, name: str, automatic: bool, enabled: bool, actor: User, now: datetime) -> Source:
    """Close the door to a source or open it again, and say whether its data goes in by itself. Raises NotAllowed."""
    require(actor, "exchange.receive", regions.root())
    source = Source.objects.select_for_update().get(pk=source.pk)
    before = {"name": source.name, "automatic": source.automatic, "enabled": source.enabled}
    source.name, source.automatic, source.enabled = name.strip()[:80] or source.name, automatic, enabled
    source.save(update_fields=("name", "automatic", "enabled"))
    after = {"name": source.name, "automatic": automatic, "enabled": enabled}
    _tell(source, "exchange.source_change", actor, now, before=before, after=after)
    return source


def _tell(
    source: Source, verb: str, actor: User, now: datetime, *, before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    audit.record(actor=actor, verb=verb, obj=source, region=regions.root(), before=before, after=after, now=now)


# --- messages ---------------------------------------------------------------------------------------------------------
def receive(lines: Sequence[str], *, now: datetime) -> TakenIn:
    """Take signed lines of one source in, in their order, each as one transaction.

    A number that was taken already is passed over; a missing one stops there, opens a trouble and asks for it.

    Raises BadMessage for the first line that is not taken; those before it stand.
    """
    acked, new, repeated = 0, 0, 0
    automatic: set[int] = set()
    try:
        for line in lines:
            source, said = _verified(line)
            is_new, acked = _take(source, line, said, now)
            new, repeated = new + is_new, repeated + (not is_new)
            if is_new and source.automatic:
                automatic.add(source.pk)
    finally:
        for pk in automatic:
            enqueue_once("exchange.take_in", {"source": pk}, now=now)
    return TakenIn(acked, new, repeated)


def _verified(line: str) -> tuple[Source, dict[str, Any]]:
    """The source of a line and what it says. Raises BadMessage; nothing is parsed before the signature holds."""
    if len(line) > MOST_LINE:
        raise BadMessage("large", "a line has at most 4 MiB", status=413)
    sources: dict[str, list[Source]] = {}
    for source in Source.objects.filter(enabled=True):
        sources.setdefault(source.kid, []).append(source)
    known = {kid: jws.key_of(rows[0].public_key) for kid, rows in sources.items()}
    try:
        kid, payload = jws.opened(line, known, keys.KIND)
    except jws.BadLine as bad:
        raise BadMessage(bad.code, str(bad), status=401 if bad.code in ("key", "signature") else 422) from bad
    try:
        said = msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadMessage("payload", "the payload is not JSON") from error
    if not isinstance(said, dict) or said.get("v") != 1 or not _is_number(said.get("seq")):
        raise BadMessage("payload", "the payload is no message of version 1")
    found = [source for source in sources[kid] if source.sub == said.get("sub")]
    if not found:
        raise BadMessage("sub", "we have no subscription of this code with this sender", status=401)
    return found[0], said


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


@transaction.atomic
def _note_refusal(source: Source, words: str) -> None:
    Source.objects.filter(pk=source.pk).update(refused=F("refused") + 1, last_refusal=words[:200])


def _take(source: Source, line: str, said: Mapping[str, Any], now: datetime) -> tuple[bool, int]:
    """Take one message in; whether it was new, and where its source stands then. Raises BadMessage."""
    with transaction.atomic():
        source = Source.objects.select_for_update().get(pk=source.pk)
        seq, begins = int(said["seq"]), said.get("kind") == "begin"
        if seq <= source.last_seq:
            Source.objects.filter(pk=source.pk).update(repeated=F("repeated") + 1, heard_at=now)
            return False, source.last_seq
        if (fault := _fault_of_place(source, said, begins)) is None:
            try:
                _apply(source, said, seq, now)
            except BadMessage as bad:
                fault = (TroubleKind.BROKEN, bad)
        if fault is None:
            source.last_seq, source.last_digest, source.heard_at = seq, jws.digest(line), now
            source.save(update_fields=("last_seq", "last_digest", "heard_at", "begun_seq", "schema"))
            close_for_source(source, now)
            return True, seq
        transaction.set_rollback(True)
    kind, refusal = fault
    words = f"{refusal.code}: {refusal}"
    _note_refusal(source, words)
    open_for_source(source, kind, source.last_seq + 1, max(seq - 1, source.last_seq + 1), words=words, now=now)
    raise refusal


def _fault_of_place(
    source: Source, said: Mapping[str, Any], begins: bool
) -> tuple[TroubleKind, BadMessage] | None:  # fmt: skip
    """What is wrong with where a message stands; a beginning needs nothing before it."""
    seq, expected = int(said["seq"]), source.last_seq + 1
    if begins:
        return None
    if seq > expected:
        why = f"number {expected} is expected, this is {seq}: send again from {expected}"
        return TroubleKind.MISSING, BadMessage("gap", why, source.last_seq, 409)
    if said.get("prev") != source.last_digest:
        why = f"number {seq} names another message before it than the one that came"
        return TroubleKind.BROKEN, BadMessage("chain", why, source.last_seq, 422)
    return None


def _apply(source: Source, said: Mapping[str, Any], seq: int, now: datetime) -> None:
    """Bring what we keep of a source up to one message. Raises BadMessage."""
    kind = said.get("kind")
    if kind == "begin":
        described = said.get("registers")
        if not isinstance(described, dict):
            raise BadMessage("payload", "a beginning names its registers", source.last_seq)
        source.begun_seq, source.schema = seq, described
        return
    register, rows = said.get("register"), said.get("rows")
    if kind not in ("copy", "changes") or not isinstance(register, str) or not isinstance(rows, list):
        raise BadMessage("payload", "a message begins, copies or changes", source.last_seq)
    if len(rows) > MOST_ROWS or len(register) > 40 or not all(_is_row(row) for row in rows):
        raise BadMessage("rows", "a row has id, code, and record or gone", source.last_seq)
    taking.keep_rows(source, register, rows, seq=seq, now=now)
    if kind == "copy" and said.get("last") is True:
        # Whatever a full copy did not name is not there any more.
        left = Received.objects.filter(source=source, register=register, gone=False, begun_seq__lt=source.begun_seq)
        taking.mark_gone(left, now=now)


def _is_row(row: object) -> bool:
    if not isinstance(row, dict) or not _is_number(row.get("id")) or not isinstance(row.get("code"), str):
        return False
    return (
        len(row["code"]) <= 80
        and row["code"].isprintable()
        and (row.get("gone") is True or isinstance(row.get("record"), dict))
    )


def take_arrivals(*, now: datetime) -> int:
    """Verify and take in what the gateway laid down; returns how many lines. What cannot be taken is counted and gone.

    Lines behind a gap are dropped: they come again once the missing ones do.
    """
    done = 0
    for arrival in Arrival.objects.select_related("source").order_by("id")[:MOST_ROWS]:
        try:
            receive([arrival.line], now=now)
        except BadMessage as bad:
            if bad.acked is None:
                _note_refusal(arrival.source, f"{bad.code}: {bad}")
        arrival.delete()
        done += 1
    return done
