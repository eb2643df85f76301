"""Take a message in: judge it in four layers, ask whether its sender counts as genuine, keep it with the verdict.

Whatever does not pass is kept with its bytes, and is never a warning. The same message again changes nothing (R2: a
message is known by sender, identifier and moment of sending).
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import shapely
from cryptography import x509
from django.db import IntegrityError, transaction
from django.db.models import F

from anlan.apps.warning import placing, reading, rules, telling
from anlan.apps.warning.identity import own_sender
from anlan.apps.warning.models import (
    Message,
    Place,
    Reached,
    Reference,
    Sender,
    SenderStanding,
    Signature,
    Source,
    Standing,
)  # fmt: skip
from anlan.apps.warning.services import following
from anlan.apps.warning.services.errors import Overrun
from anlan.formats import cap
from anlan.formats.cap.checking import BOUNDS, SKEW
from anlan.kernel.audit import services as audit
from anlan.kernel.people.services import system_user
from anlan.kernel.regions import queries as regions

#: Messages of one source that are taken within a minute; a province sends some hundreds on its worst day.
PER_MINUTE = 600
#: Messages of a source that wait or were set aside and are kept; beyond that they are counted and not kept.
MOST_ASIDE = 2_000
#: Unknown senders of a source that wait for a decision.
MOST_UNKNOWN_SENDERS = 200
#: Signs of a sender or an identifier; one that is longer could not be told from another.
LONGEST_NAME = 200
#: Findings of the signature that say no more than that its maker is not known here.
_STRANGER = frozenset({"certificate_unknown", "signature_no_certificate", "certificate_expired", "certificate_early"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message: its row (None for one that was not even kept), and whether it was here before."""

    message: Message | None
    repeated: bool = False

    @property
    def standing(self) -> str:
        """`taken`, `waiting`, `aside`, or `dropped`."""
        return self.message.standing if self.message is not None else "dropped"


def receive(data: bytes, *, source: Source, now: datetime) -> Outcome:
    """Take in one message of a source that is open. Raises Overrun when the source sends too many.

    Raises ValueError for more bytes than a message may have: whoever reads from a line stops before that.
    """
    if len(data) > BOUNDS.bytes:
        raise ValueError(f"a message has at most {BOUNDS.bytes} bytes")
    digest = hashlib.sha256(data).hexdigest()
    here = Message.objects.filter(source=source, digest=digest).order_by("id").first()
    if here is not None:
        return Outcome(here, repeated=True)
    if Message.objects.filter(source=source, came_at__gt=now - timedelta(minutes=1)).count() >= PER_MINUTE:
        raise Overrun(source.name)
    certificates = trusted()
    known = rules.known(now)
    verdict = cap.check(data, trusted=certificates, now=now, book=known.book)
    signs = verdict.alert is not None and verdict.alert.sender in certificates
    try:
        with transaction.atomic():
            return _keep(data, digest, verdict, signs, source, known, now)
    except IntegrityError:
        # Another process took the same message a moment ago.
        with transaction.atomic():
            return _keep(data, digest, verdict, signs, source, known, now)


def trusted() -> dict[str, tuple[x509.Certificate, ...]]:
    """Certificates of all senders that count as genuine and sign; by every source, so that none goes round them."""
    rows = Sender.objects.filter(standing=SenderStanding.ALLOWED).exclude(certificates="")
    found: dict[str, tuple[x509.Certificate, ...]] = {}
    for sender, pem in rows.values_list("sender", "certificates"):
        found[sender] = found.get(sender, ()) + _certificates(pem)
    return found


@functools.lru_cache(maxsize=512)
def _certificates(pem: str) -> tuple[x509.Certificate, ...]:
    return cap.certificates_of(pem.encode())


def plain(verdict: cap.Verdict) -> list[dict[str, Any]]:
    """A verdict as it is kept."""
    return [
        {
            "layer": layer.name,
            "ok": layer.ok,
            "findings": [
                {"code": one.code, "where": one.where, "args": dict(one.args), "blocks": one.blocks}
                for one in layer.findings
            ],
        }
        for layer in verdict.layers
    ]


def _keep(
    data: bytes, digest: str, verdict: cap.Verdict, signs: bool, source: Source, known: rules.Known, now: datetime
) -> Outcome:  # fmt: skip
    alert = verdict.alert
    message = Message(source=source, data=data, digest=digest, came_at=now, verdict=plain(verdict))
    if alert is not None:
        fill(message, alert, known, now)
    message.standing, message.reason = _standing(verdict, message, signs, source, now)
    message.signed = verdict.signed
    if message.standing == Standing.TAKEN or message.reason == "own_name":
        same = Message.objects.filter(
            standing=Standing.TAKEN, sender=message.sender, identifier=message.identifier, sent=message.sent
        ).first()
        if same is not None and same.digest == digest:
            return Outcome(same, repeated=True)
        if same is not None:
            message.standing, message.reason = Standing.ASIDE, "other_content"
    if message.standing != Standing.TAKEN:
        kept = Message.objects.filter(source=source).exclude(standing=Standing.TAKEN)
        if kept.count() >= MOST_ASIDE:
            Source.objects.filter(pk=source.pk).update(dropped=F("dropped") + 1)
            return Outcome(None)
    keep(message, alert, now=now)
    return Outcome(message)


def keep(message: Message, alert: cap.Alert | None, *, now: datetime) -> None:
    """Write the row of a message whose standing is decided, with its places; from here on a taken one counts."""
    if alert is not None and message.reason not in BROKEN:
        where = placing.where(alert)
        message.reached, message.unknown = where.reached, list(where.unknown)
        if where.shape is not None:
            inside = where.shape.representative_point()
            message.shape, message.lon, message.lat = shapely.to_wkb(where.shape), inside.x, inside.y
    else:
        where = None
    message.save(force_insert=True)
    if where is not None and alert is not None:
        Place.objects.bulk_create(Place(message=message, region_id=node.id) for node in where.places)
        _keep_references(message, alert)
    if message.standing == Standing.TAKEN:
        take(message, now=now)


def fill(message: Message, alert: cap.Alert, known: rules.Known, now: datetime) -> None:
    """Write the gist of a message into its row."""
    said = reading.gist(alert, known, now)
    message.identifier, message.sender = alert.identifier[:200], alert.sender[:200]
    message.sent, message.sent_text = cap.moment(alert.sent), alert.sent[:60]
    message.status, message.msg_type, message.scope = alert.status, alert.msg_type, alert.scope
    for name in ("level", "event", "event_code", "headline", "sender_name", "area_words", "begins_at", "ends_at",
                 "has_end", "lifts"):  # fmt: skip
        setattr(message, name, getattr(said, name))


def _keep_references(message: Message, alert: cap.Alert) -> None:
    Reference.objects.bulk_create(
        Reference(message=message, sender=one.sender[:LONGEST_NAME], identifier=one.identifier[:LONGEST_NAME], sent=at)
        for one in dict.fromkeys(cap.references_of(alert))
        if (at := cap.moment(one.sent)) is not None
    )


#: Reasons for which neither place nor reference of a message can be read.
BROKEN = frozenset({"form", "schema", "meaning"})


def _standing(
    verdict: cap.Verdict, message: Message, signs: bool, source: Source, now: datetime
) -> tuple[str, str]:  # fmt: skip
    """What becomes of a message by its verdict and its sender, with the reason.

    signs  certificates stand with this sender here, at this source or another
    """
    for layer in ("form", "schema", "meaning"):
        if not verdict[layer].ok:
            return Standing.ASIDE, layer
    alert = verdict.alert
    if alert is None or max(len(alert.sender), len(alert.identifier)) > LONGEST_NAME:
        return Standing.ASIDE, "long"
    if message.sent is None or message.sent > now + SKEW:
        return Standing.ASIDE, "future"
    if own_sender() and message.sender == own_sender():
        return Standing.ASIDE, "own_name"
    row = _sender(source, message, now)
    if row is None or row.standing == SenderStanding.REFUSED:
        return Standing.ASIDE, "refused"
    signature = verdict["signature"]
    stranger = not signs and {one.code for one in signature.findings if one.blocks} <= _STRANGER
    if signature.ok is False and not stranger:
        return Standing.ASIDE, "signature"
    if row.standing == SenderStanding.WAITING:
        return Standing.WAITING, "sender"
    if (signs or source.signature == Signature.REQUIRED) and signature.ok is not True:
        return Standing.ASIDE, "signature"
    return Standing.TAKEN, ""


def _sender(source: Source, message: Message, now: datetime) -> Sender | None:
    """The row of a sender, made when nobody heard of it yet; None when too many unknown ones wait already."""
    row = Sender.objects.filter(source=source, sender=message.sender).first()
    if row is not None:
        return row
    waiting = Sender.objects.filter(source=source, standing=SenderStanding.WAITING)
    if waiting.count() >= MOST_UNKNOWN_SENDERS:
        return None
    row, _new = Sender.objects.get_or_create(
        source=source, sender=message.sender, defaults={"name": message.sender_name[:120], "first_at": now}
    )
    return row


def take(message: Message, *, now: datetime) -> None:
    """From here on a message counts: what it updates or cancels is followed, and the duty desks hear of it."""
    message.taken_at = now
    message.save(update_fields=("taken_at",))
    following.follow(message)
    message.refresh_from_db()
    audit.record(
        actor=system_user("warning"), verb="warning.take", obj=message, region=regions.root(), now=now,
        after={"sender": message.sender, "identifier": message.identifier, "status": message.status,
               "type": message.msg_type, "level": message.level, "signed": message.signed},
    )  # fmt: skip
    if message.reached != Reached.ELSEWHERE and message.superseded_by_id is None:
        telling.taken(message, now=now)


def judge_again(message: Message, *, now: datetime) -> Message:
    """Judge a message that waited, or was set aside for its signature, by what is known of its sender now."""
    data = bytes(message.data)
    certificates = trusted()
    verdict = cap.check(data, trusted=certificates, now=now, book=rules.known(now).book)
    assert message.source is not None
    message.standing, message.reason = _standing(verdict, message, message.sender in certificates, message.source, now)
    message.verdict, message.signed, message.judged_at = plain(verdict), verdict.signed, now
    if message.standing == Standing.TAKEN:
        same = Message.objects.filter(
            standing=Standing.TAKEN, sender=message.sender, identifier=message.identifier, sent=message.sent
        ).exclude(pk=message.pk)  # fmt: skip
        if same.exists():
            message.standing, message.reason = Standing.ASIDE, "other_content"
    message.save(update_fields=("standing", "reason", "verdict", "signed", "judged_at"))
    if message.standing == Standing.TAKEN:
        take(message, now=now)
    return message


def forget(*, now: datetime) -> int:
    """Drop what was set aside or waited for too long; returns how many. Warnings are never dropped."""
    until = now - rules.span_of("keep_days", now)
    old = Message.objects.filter(came_at__lt=until, source__isnull=False).exclude(standing=Standing.TAKEN)
    return old.delete()[1].get("warning.Message", 0)
