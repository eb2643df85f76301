"""Who counts as genuine: decided by a person, with the reason, for one source."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from anlan.apps.warning.models import Message, Sender, SenderStanding, Standing
from anlan.apps.warning.services import receiving
from anlan.apps.warning.services.errors import Refused
from anlan.formats.cap import certificates_of
from anlan.kernel.audit import services as audit
from anlan.kernel.jobs import services as jobs
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions import queries as regions

#: Messages that are judged again within one act; the rest follows in small steps.
AT_ONCE = 10
#: Signs of the certificates of a sender.
MOST_PEM = 60_000


@transaction.atomic
def allow(row: Sender, *, certificates: str, reason: str, actor: User, now: datetime) -> Sender:
    """Let a sender count as genuine; what waited for that is judged again, oldest first.

    certificates  PEM; with them only what is signed by them holds, without them whatever the source brings

    Raises NotAllowed without warning.sender; Refused without a reason, or for certificates that cannot be read.
    """
    require(actor, "warning.sender", regions.root())
    pem, reason = certificates.strip(), reason.strip()
    if not reason:
        raise Refused(_("Say how you know that this sender is genuine."))
    if pem:
        try:
            read = certificates_of(pem.encode("ascii")) if len(pem) <= MOST_PEM else ()
        except (ValueError, UnicodeEncodeError):
            read = ()
        if not read:
            raise Refused(_("The certificates cannot be read: PEM is expected, each from BEGIN to END CERTIFICATE."))
    _decide(row, SenderStanding.ALLOWED, pem, reason, actor, now)
    waiting = judge_waiting(row, most=AT_ONCE, now=now)
    if waiting:
        jobs.enqueue("warning.judge_again", {"sender": row.pk}, now=now)
    return row


def judge_waiting(row: Sender, *, most: int, now: datetime) -> bool:
    """Judge up to `most` messages that a decision about their sender changes; whether more are left."""
    if row.standing != SenderStanding.ALLOWED or row.decided_at is None:
        return False
    left = list(_open(row).exclude(judged_at__gte=row.decided_at)[: most + 1])
    for message in left[:most]:
        receiving.judge_again(message, now=max(now, row.decided_at))
    return len(left) > most


@transaction.atomic
def refuse(row: Sender, *, reason: str, actor: User, now: datetime) -> Sender:
    """Let nothing of a sender count; what waits is set aside. What was taken before stays as it is.

    Raises NotAllowed without warning.sender; Refused without a reason.
    """
    require(actor, "warning.sender", regions.root())
    if not reason.strip():
        raise Refused(_("Say why this sender does not count."))
    _decide(row, SenderStanding.REFUSED, row.certificates, reason.strip(), actor, now)
    _open(row).update(standing=Standing.ASIDE, reason="refused")
    return row


def _open(row: Sender) -> QuerySet[Message]:
    """Messages of a sender that a decision changes."""
    return Message.objects.filter(source=row.source_id, sender=row.sender, reason__in=("sender", "refused", "signature")).order_by("sent", "id")  # fmt: skip  # noqa: E501


def _decide(row: Sender, standing: str, pem: str, reason: str, actor: User, now: datetime) -> None:
    before = {"standing": row.standing, "certificates": len(row.certificates)}
    row.standing, row.certificates, row.reason = standing, pem, reason[:200]
    row.decided_by, row.decided_at = actor, now
    row.save(update_fields=("standing", "certificates", "reason", "decided_by", "decided_at"))
    audit.record(
        actor=actor, verb="warning.sender", obj=f"warning_sender:{row.pk}", region=regions.root(), before=before,
        after={"sender": row.sender, "source": row.source.name, "standing": standing, "certificates": len(pem)},
        note=reason, now=now,
    )  # fmt: skip
