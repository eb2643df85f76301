"""Keep a photo or a file as proof."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.evidence import content, vault
from anlan.kernel.evidence.content import Refused
from anlan.kernel.evidence.models import Blob, Evidence
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.regions.models import Region
from anlan.kernel.web import refs

__all__ = ["Prepared", "Refused", "keep", "prepare"]

#: What one person may send in 24 hours, bytes.
DAILY_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that was checked and stands on disk, waiting to be hung on something."""

    sha256: str
    size: int
    mime: str
    picture: content.Picture | None


def prepare(file: BinaryIO | bytes) -> Prepared:
    """Check a file and write it to disk with its copies; slow for a large photo, so call it outside a transaction.

    A file that is never hung on anything is harmless: the same content finds it again.

    Raises Refused: empty, larger than 20 MB, another type by content, damaged, too many pixels.
    """
    data = content.read_all(file)
    mime = content.type_of(data)
    sha256 = hashlib.sha256(data).hexdigest()
    picture = content.open_picture(data) if mime in content.PICTURES.values() else None
    vault.put(sha256, data)
    if picture is not None:
        vault.put(sha256, picture.show, vault.SHOW)
        vault.put(sha256, picture.thumb, vault.THUMB)
    return Prepared(sha256, len(data), mime, picture)


def keep(
    *,
    file: BinaryIO | bytes | Prepared,
    name: str,
    ref: str,
    role: str,
    region: Region,
    actor: User,
    now: datetime,
    note: str = "",
) -> Evidence:
    """Hang a file on the subject `ref` as proof of `role` ("photo_after").

    The same file for the same subject and role is kept once: a phone that sends twice gets the first answer again.

    Raises NotAllowed when the actor may not see the subject, Refused as `prepare` and over the day's quota.
    """
    if not actor.is_system and not refs.may_see(actor, ref):
        raise NotAllowed("evidence.see", region)
    prepared = file if isinstance(file, Prepared) else prepare(file)
    with transaction.atomic():
        # Two sendings of one file at the same time wait for each other here.
        blob = Blob.objects.select_for_update().get(pk=_blob(prepared, now).pk)
        if (same := Evidence.objects.filter(blob=blob, ref=ref, role=role).first()) is not None:
            return same
        _within_quota(actor, prepared.size, now)
        kept = Evidence.objects.create(
            blob=blob, ref=ref, role=role, name=content.plain_name(name) or role, note=note[:200], region=region,
            by=actor, at=now,
        )  # fmt: skip
        after = {"role": role, "sha256": blob.sha256, "size": blob.size, "mime": blob.mime, "evidence": kept.pk}
        audit.record(actor=actor, verb="evidence.keep", obj=ref, region=region, after=after, now=now)
    return kept


def _blob(prepared: Prepared, now: datetime) -> Blob:
    picture = prepared.picture
    blob, _made = Blob.objects.get_or_create(
        sha256=prepared.sha256,
        defaults={
            "size": prepared.size,
            "mime": prepared.mime,
            "width": picture.width if picture else None,
            "height": picture.height if picture else None,
            "taken_at": picture.taken_at if picture else None,
            "lon": picture.lon if picture else None,
            "lat": picture.lat if picture else None,
            "created_at": now,
        },
    )
    return blob


def _within_quota(actor: User, size: int, now: datetime) -> None:
    rows = Evidence.objects.filter(by=actor, at__gt=now - timedelta(days=1))
    sent = rows.aggregate(total=Sum("blob__size"))["total"] or 0
    if not actor.is_system and sent + size > DAILY_BYTES:
        raise Refused(_("You have sent 1 GB within a day; more is taken tomorrow."))
