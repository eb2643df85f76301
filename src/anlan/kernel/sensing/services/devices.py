"""Verbs on devices and the points they carry."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.pinyin import pinyin_key
from anlan.kernel.sensing import rules
from anlan.kernel.sensing.models import Device, Point, PointKind
from anlan.kernel.web.events import publish

#: A device's code is its user name at the door and stands before a colon there.
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


class Refused(ValueError):
    """What was typed cannot be taken in; the text says which value and why."""


def hash_of(key: str) -> str:
    """What is kept of a device's key: SHA-256 in hex. The key has 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(key.encode("utf-8")).hexdigest()


@transaction.atomic
def register_device(
    *,
    code: str,
    name: str,
    region: Region,
    actor: User,
    now: datetime,
    hold_ms: int = 0,
    lane: str = "live",
) -> tuple[Device, str]:
    """Give a sender its credential. The key is returned once and never kept.

    hold_ms  milliseconds within which the device may deliver out of order, 0 .. 600,000
    lane     the lane of the log that it may write to
    returns  the device and its key

    Raises NotAllowed, or Refused when the code is taken or cannot be a user name.
    """
    require(actor, "device.manage", region)
    if not CODE.fullmatch(code):
        raise Refused(
            _("“%(code)s”: a device code has letters, digits, dot, dash and underscore only") % {"code": code}
        )
    if not 0 <= hold_ms <= 600_000:
        raise Refused(_("A device may deliver out of order within at most 10 minutes"))
    if Device.records.filter(code=code).exists():
        raise Refused(_("A device with the code %(code)s is registered already") % {"code": code})
    key = secrets.token_urlsafe(32)
    device = Device.records.create(
        code=code, name=name.strip() or code, region=region, key_hash=hash_of(key), hold_ms=hold_ms, lane=lane
    )
    _told(device, "device.register", actor, now, after={"code": code, "lane": lane, "hold_ms": hold_ms})
    return device, key


@transaction.atomic
def rotate_key(device: Device, *, actor: User, now: datetime) -> str:
    """Make a new key; the old one is refused at the door within 5 s. Returns the key, once. Raises NotAllowed."""
    require(actor, "device.manage", device.region)
    key = secrets.token_urlsafe(32)
    device.key_hash = hash_of(key)
    device.save(update_fields=("key_hash",))
    _told(device, "device.rotate", actor, now)
    return key


@transaction.atomic
def revoke(device: Device, *, actor: User, now: datetime) -> None:
    """Refuse everything from this device from now on (within 5 s). Its points fall silent and say so."""
    require(actor, "device.manage", device.region)
    device.enabled = False
    device.save(update_fields=("enabled",))
    _told(device, "device.revoke", actor, now, before={"enabled": True}, after={"enabled": False})


@transaction.atomic
def restore(device: Device, *, actor: User, now: datetime) -> str:
    """Let a revoked device in again, with a new key that is returned once."""
    key = rotate_key(device, actor=actor, now=now)
    device.enabled = True
    device.save(update_fields=("enabled",))
    _told(device, "device.restore", actor, now, before={"enabled": False}, after={"enabled": True})
    return key


def _told(device: Device, verb: str, actor: User, now: datetime, **change: Any) -> None:
    audit.record(actor=actor, verb=verb, obj=device, region=device.region, now=now, **change)
    publish("device.changed", ref=f"device:{device.pk}", region=device.region, verb="device.manage", at=now)


@transaction.atomic
def add_points(rows: Iterable[Mapping[str, Any]], *, actor: User, now: datetime) -> list[Point]:
    """Take in points, all or none, and put the rules that hold for them in force.

    rows     the fields of `Point` by name; `device` a Device, `region` a Region, `kind` a PointKind
    returns  the points in the order of `rows`, with their numbers

    Raises NotAllowed when the actor may not manage devices in a region named, Refused for a kind that is not known,
    a position outside the globe, or a code that comes twice.
    """
    points = [Point(**row, pinyin=pinyin_key(f"{row['name']}{row.get('site_name', '')}")[:200]) for row in rows]
    regions = {point.region_id: point.region for point in points}
    for region in regions.values():
        require(actor, "device.manage", region)
    _checked(points)
    made = Point.records.bulk_create(points, batch_size=500)
    for region_id, region in regions.items():
        codes = [point.code for point in made if point.region_id == region_id]
        audit.record(
            actor=actor,
            verb="point.add",
            region=region,
            after={"points": len(codes), "first": codes[0], "last": codes[-1]},
            now=now,
        )
    rules.sync(now)
    return made


def _checked(points: list[Point]) -> None:
    codes = [point.code for point in points]
    taken = set(Point.records.filter(code__in=codes).values_list("code", flat=True))
    seen: set[str] = set()
    for point in points:
        if point.code in taken or point.code in seen:
            raise Refused(_("The point code %(code)s is used already") % {"code": point.code})
        seen.add(point.code)
        if point.kind not in PointKind.values:
            raise Refused(_("%(code)s: “%(kind)s” is not a kind of point") % {"code": point.code, "kind": point.kind})
        if point.lon is not None and not (-180 <= point.lon <= 180 and -90 <= (point.lat or 0) <= 90):
            raise Refused(_("%(code)s: longitude and latitude are not on the globe") % {"code": point.code})
