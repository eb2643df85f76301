"""Cameras drawn by lot for a day, and what was found when somebody looked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.sites.declarations import CAMERAS
from anlan.apps.sites.models import Camera, Check, CheckList, Condition
from anlan.apps.sites.rules import sample_size
from anlan.apps.sites.services.states import note_state
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.scope import within


class Refused(ValueError):
    """What was asked cannot be done; says why in words for the person who asked."""


def lot(codes: Sequence[str], seed: str, count: int) -> list[str]:
    """`count` of the codes, those with the smallest SHA-256 of seed and code: with the seed anybody draws it again."""
    return sorted(codes, key=lambda code: hashlib.sha256(f"{seed}:{code}".encode()).hexdigest())[:count]


def digest_of(codes: Sequence[str]) -> str:
    """SHA-256 over the codes in order: the pool that a lot was drawn from."""
    return hashlib.sha256("\n".join(sorted(codes)).encode()).hexdigest()


@transaction.atomic
def draw(region: Region, *, actor: User, now: datetime, seed: str = "") -> CheckList:
    """Draw the day's list of a region. `seed` is made when it is not given.

    Raises NotAllowed without camera.check there; Refused when the day has its list, or there is no camera.
    """
    require(actor, "camera.check", region)
    day = timezone.localdate(now)
    Region.objects.select_for_update().only("pk").get(pk=region.pk)  # two people draw one after the other
    if CheckList.records.filter(region=region, day=day).exists():
        raise Refused(_("Today's list of %(region)s is drawn already; it is not drawn twice.") % {"region": region})
    cameras = {camera.code: camera for camera in Camera.present.filter(within([region.path])).only("code")}
    if not cameras:
        raise Refused(_("There is no camera in %(region)s; enter cameras first.") % {"region": region})
    count, rule = sample_size(len(cameras), at=now, region=region)
    seed = seed or secrets.token_hex(16)
    drawn = CheckList.records.create(
        region=region, day=day, seed=seed, pool=len(cameras), pool_digest=digest_of(list(cameras)), wanted=count,
        rule=rule, drawn_by=actor, drawn_at=now,
    )  # fmt: skip
    chosen = lot(list(cameras), seed, count)
    Check.objects.bulk_create(
        Check(list=drawn, camera_id=cameras[code].pk, position=at) for at, code in enumerate(chosen, 1)
    )
    after = {"day": day, "seed": seed, "pool": len(cameras), "pool_digest": drawn.pool_digest, "cameras": chosen}
    audit.record(actor=actor, verb="camera.draw", obj=drawn, region=region, after=after, now=now)
    return drawn


@transaction.atomic
def record_check(check: Check, *, condition: str, note: str, actor: User, now: datetime) -> Check:
    """Write down what was seen; the camera's record then says so too. On the same day it may be corrected.

    Raises NotAllowed without camera.check there; Refused on another day, for a fault without a word on it.
    """
    check = Check.objects.select_for_update(of=("self",)).select_related("list__region", "camera__region").get(
        pk=check.pk
    )  # fmt: skip
    require(actor, "camera.check", check.list.region)
    note = note.strip()
    if condition not in Condition.values:
        raise Refused(_("Say what was seen."))
    if check.list.day != timezone.localdate(now):
        raise Refused(_("The list is of %(day)s; results are entered on that day only.") % {"day": check.list.day})
    if condition != Condition.ONLINE and len(note) < 2:
        raise Refused(_("%(name)s: say in a few words what is wrong.") % {"name": check.camera.name})
    before = {"condition": check.condition, "note": check.note}
    check.condition, check.note, check.by, check.at = condition, note[:200], actor, now
    check.save()
    after = {"condition": condition, "note": check.note, "camera": check.camera.code}
    audit.record(
        actor=actor, verb="camera.check", obj=check.list, region=check.list.region, before=before, after=after, now=now
    )
    if check.camera.removed_at is None:
        values = {"condition": condition, "checked_at": now}
        note_state(CAMERAS, check.camera, values, verb="camera.state", actor=actor, now=now, note=check.note)
    return check


def move(gone: str, stays: Any) -> int:
    """Bring the checks of a camera along that is merged into another one, save where both stood on one list."""
    if not isinstance(stays, Camera):
        return 0
    both = list(Check.objects.filter(camera=stays).values_list("list", flat=True))
    rows = Check.objects.filter(camera_id=int(gone.partition(":")[2])).exclude(list__in=both)
    return int(rows.update(camera=stays))
