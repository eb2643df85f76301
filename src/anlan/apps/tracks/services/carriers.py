"""Verbs on carriers: entered, changed, taken out of use."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.apps.tracks.models import Carrier, CarrierKind, System, Watch
from anlan.apps.tracks.services import fences
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import may, require
from anlan.kernel.people.services import system_user
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.pinyin import pinyin_key
from anlan.kernel.sensing import rules
from anlan.kernel.sensing.door.links import point_code
from anlan.kernel.sensing.models import Device, Point, PointKind
from anlan.kernel.sensing.sealed import SEALED
from anlan.kernel.sensing.services.devices import Refused, add_points
from anlan.kernel.web.events import publish
from anlan.kernel.web.refs import may_see

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
#: Sensor of a device → field of the carrier, words for the point, unit, digits. The first two it must have.
SENSORS = (
    ("lat", "lat", gettext_lazy("Latitude"), "deg", 6),
    ("lon", "lon", gettext_lazy("Longitude"), "deg", 6),
    ("speed", "speed", gettext_lazy("Speed"), "km/h", 1),
    ("direction", "course", gettext_lazy("Course"), "deg", 0),
    ("accuracy", "accuracy", gettext_lazy("Accuracy of the place"), "m", 0),
)


@transaction.atomic
def add_carrier(
    *,
    code: str,
    name: str,
    kind: str,
    region: Region,
    device: Device,
    system: str,
    actor: User,
    now: datetime,
    uid: str = "",
    unit_ref: str = "",
    period_s: int = 30,
    person: User | None = None,
) -> Carrier:
    """Enter something that moves. Points of its device that take positions and are missing are made.

    uid       of CoT, where the device is a program that speaks for many; its points are then `DEVICE/uid/lat` …
    system    coordinates in which the receiver speaks (`System`)
    unit_ref  the record that it belongs to, such as "team:12"
    period_s  seconds between two positions, 1 … 3,600

    Raises NotAllowed without `track.manage` in the region or, for a person, without `track.person`; Refused for what
    cannot be taken, in words.
    """
    _allowed(kind, region, actor)
    _checked(code, name, kind, system, unit_ref, actor)
    if not 1 <= period_s <= 3_600:
        raise Refused(_("Positions come every 1 to 3,600 seconds"))
    if Carrier.records.filter(code=code).exists():
        raise Refused(_("There is a carrier %(code)s already") % {"code": code})
    points = _points(device, uid, kind, name, region, period_s, now)
    taken = Carrier.records.filter(lat=points["lat"], enabled=True).first()
    if taken is not None:
        raise Refused(_("The positions of %(device)s belong to %(carrier)s already") % {
            "device": device.code, "carrier": taken.code,
        })  # fmt: skip
    made: Carrier = Carrier.records.create(
        code=code, name=name.strip(), pinyin=pinyin_key(name)[:200], kind=kind, region=region, unit_ref=unit_ref,
        device=device, system=system, person=person, **points,
    )  # fmt: skip
    after = {"name": made.name, "kind": kind, "device": device.code, "system": system, "unit": unit_ref}
    _told(made, "track.add", actor, now, after=after)
    return made


@transaction.atomic
def change_carrier(
    carrier: Carrier, *, name: str, system: str, unit_ref: str, actor: User, now: datetime
) -> None:  # fmt: skip
    """Another name, unit or system of coordinates. Fences go on with the new system from now on.

    Raises NotAllowed, Refused.
    """
    _allowed(carrier.kind, carrier.region, actor)
    _checked(carrier.code, name, carrier.kind, system, unit_ref, actor)
    before = {"name": carrier.name, "system": carrier.system, "unit": carrier.unit_ref}
    moved = system != carrier.system
    carrier.name, carrier.pinyin = name.strip(), pinyin_key(name)[:200]
    carrier.system, carrier.unit_ref = system, unit_ref
    carrier.save(update_fields=("name", "pinyin", "system", "unit_ref"))
    if moved:
        for watch in Watch.objects.filter(carrier=carrier, ended_at=None).select_related("fence__region"):
            fences.rearm(watch, actor=actor, now=now)
    after = {"name": carrier.name, "system": system, "unit": unit_ref}
    _told(carrier, "track.change", actor, now, before=before, after=after)


@transaction.atomic
def end_carrier(carrier: Carrier, *, actor: User, now: datetime) -> None:
    """Take it off maps and lists, and out of its fences; its positions stay as long as history is kept."""
    _allowed(carrier.kind, carrier.region, actor)
    if not carrier.enabled:
        return
    for watch in Watch.objects.filter(carrier=carrier, ended_at=None).select_related("derived__point__region"):
        fences.disarm(watch, now=now)
    carrier.enabled = False
    carrier.save(update_fields=("enabled",))
    _told(carrier, "track.end", actor, now, before={"enabled": True}, after={"enabled": False})


def _allowed(kind: str, region: Region, actor: User) -> None:
    require(actor, "track.manage", region)
    if kind == CarrierKind.PERSON:
        require(actor, "track.person", region)


def _checked(code: str, name: str, kind: str, system: str, unit_ref: str, actor: User) -> None:
    if not CODE.fullmatch(code):
        raise Refused(_("“%(code)s”: a code has letters, digits, dot, dash and underscore only") % {"code": code})
    if not 0 < len(name.strip()) <= 80:
        raise Refused(_("Write a name of at most 80 characters"))
    if kind not in CarrierKind.values:
        raise Refused(_("Choose the kind"))
    if system not in System.values:
        raise Refused(_("Say in which coordinates the receiver speaks"))
    if unit_ref and not may_see(actor, unit_ref):
        raise Refused(_("The unit was not found among those that you may see"))


def _points(
    device: Device, uid: str, kind: str, name: str, region: Region, period_s: int, now: datetime
) -> dict[str, Point]:
    """The points of a carrier by its fields, made where the device has none; theirs is the kind that keeps them."""
    wanted = PointKind.PERSON_POSITION if kind == CarrierKind.PERSON else PointKind.POSITION
    # Alarms and lists repeat the name of a point to more people than may know whose place it is.
    said = device.code if kind == CarrierKind.PERSON else name.strip()
    base = f"{device.code}/{uid}" if uid else device.code
    codes = {field: point_code(base, sensor) for sensor, field, *_words in SENSORS}
    there = {point.code: point for point in Point.records.filter(code__in=codes.values())}
    foreign = [point.code for point in there.values() if point.device_id != device.pk]
    if foreign:
        raise Refused(_("%(points)s belong to another device") % {"points": ", ".join(foreign)})
    rows = [
        {
            "code": codes[field], "name": f"{said} {words}", "kind": wanted, "unit": unit, "digits": digits,
            "region": region, "device": device, "period_s": period_s,
        }
        for _sensor, field, words, unit, digits in SENSORS
        if codes[field] not in there
    ]  # fmt: skip
    other = [point for point in there.values() if point.kind != wanted]
    if any(point.kind in SEALED for point in other):
        raise Refused(_("The points of this receiver hold the places of a person; take a device of its own"))
    if other:
        Point.records.filter(pk__in=[point.pk for point in other]).update(kind=wanted)
        rules.sync(now)
    made = add_points(rows, actor=system_user("tracks"), now=now) if rows else []
    there |= {point.code: point for point in made}
    return {field: there[code] for field, code in codes.items()}


def _told(carrier: Carrier, verb: str, actor: User, now: datetime, **change: Any) -> None:
    audit.record(actor=actor, verb=verb, obj=carrier, region=carrier.region, now=now, **change)
    sees = "track.person" if carrier.personal else "track.see"
    publish("track.changed", region=carrier.region, verb=sees, at=now)


def may_manage(actor: Any, carrier: Carrier) -> bool:
    """Whether the actor may change it."""
    return may(actor, "track.manage", carrier.region) and (
        not carrier.personal or may(actor, "track.person", carrier.region)
    )
