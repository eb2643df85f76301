"""Verbs on how devices are known in protocols of their own: registered by a person, never by a call alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.formats import hj212, sl651
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.sensing.door.links import HJ212, JT808, PROTOCOLS, SL651, point_code, secret_hash
from anlan.kernel.sensing.models import Caller, Device, DeviceLink, Point
from anlan.kernel.sensing.services.devices import Refused
from anlan.kernel.web.events import publish

#: Numbers as the protocols write them; a terminal's without the zeros before it.
NUMBERS = {HJ212: r"[0-9A-Za-z_-]{1,24}", SL651: r"[0-9A-F]{10}", JT808: r"[1-9][0-9]{0,19}"}
#: Passwords: of HJ 212 any characters that stand in a head, of SL 651 two bytes in hex, of JT/T 808 a code.
SECRETS = {HJ212: r"[^;,&=\s]{1,20}", SL651: r"[0-9A-F]{4}", JT808: r"[!-~]{1,60}"}
#: Sensors of one device that may be mapped.
MOST_SENSORS = 500


@transaction.atomic
def link_device(
    device: Device,
    *,
    protocol: str,
    number: str,
    secret: str,
    sensors: Mapping[str, str],
    actor: User,
    now: datetime,
) -> DeviceLink:
    """Let a device speak a protocol of its own, or change how it does.

    number   as the protocol gives it
    secret   its password. Empty: the one it is known by stays; else the one with which this number calls now; a
             terminal of JT/T 808 may then register once and is given a code
    sensors  sensor → code of a point of this device, "" for one that nobody needs

    Raises NotAllowed without `device.manage`; Refused for a number or a password that cannot be, a number that another
    device has, or a point that is not this device's.
    """
    require(actor, "device.manage", device.region)
    number = number.strip().lstrip("0") if protocol == JT808 else number.strip()
    number, secret = (number.upper(), secret.strip().upper()) if protocol == SL651 else (number, secret.strip())
    _checked(device, protocol, number, secret, sensors)
    link = DeviceLink.objects.select_for_update().filter(device=device).first()
    same = link is not None and (link.protocol, link.number) == (protocol, number)
    called = Caller.objects.filter(protocol=protocol, number=number).first()
    changed: dict[str, Any] = {"protocol": protocol, "number": number, "sensors": dict(sensors)}
    if secret:
        changed["secret_hash"] = secret_hash(protocol, number, secret)
    elif not same:
        changed["secret_hash"] = called.secret_hash if called and protocol != JT808 else ""
        if not changed["secret_hash"] and protocol != JT808:
            raise Refused(_("Write the password: this number has not called yet, so there is none to take over"))
    # Of the same number without a new password the digest is not written at all: the gateway may just have kept a
    # newer one, given to a terminal that registered.
    if link is None:
        link = DeviceLink(device=device, **changed)
        link.save(force_insert=True)
    else:
        for name, value in changed.items():
            setattr(link, name, value)
        link.save(update_fields=list(changed))
    if called:
        called.delete()
    after = {"protocol": protocol, "number": number, "sensors": len(sensors), "password_given": bool(secret)}
    _told(link, "device.link", actor, now, after=after)
    return link


@transaction.atomic
def let_register(link: DeviceLink, *, actor: User, now: datetime) -> None:
    """Let a terminal that lost its code register once more; the old code ends. Raises NotAllowed, Refused."""
    require(actor, "device.manage", link.device.region)
    if link.protocol != JT808:
        raise Refused(_("Only terminals of JT/T 808 register; give this device a new password instead"))
    link.secret_hash = ""
    link.save(update_fields=("secret_hash",))
    _told(link, "device.let_register", actor, now, after={"number": link.number})


def other_units(link: DeviceLink) -> list[tuple[str, str, str, str]]:
    """Sensors whose unit by the code book is not written like that of their point: sensor, unit, point, its unit.

    The gateway converts nothing, so a person must look at each of them. Codes without a certain unit are not told.
    """
    prefix = point_code(link.device.code, "")
    takers = {code: sensor for sensor, code in link.sensors.items() if code}
    found = []
    for point in Point.records.filter(device=link.device).order_by("code"):
        own = point.code.removeprefix(prefix) if point.code.startswith(prefix) else ""
        sensor = takers.get(point.code) or ("" if own in link.sensors else own)
        unit = _unit_of(link.protocol, sensor) if sensor else ""
        if unit and plain_unit(unit) != plain_unit(point.unit):
            found.append((sensor, unit, point.code, point.unit))
    return found


def _unit_of(protocol: str, sensor: str) -> str:
    """The unit that a code book gives for certain, "" otherwise."""
    if protocol == HJ212:
        code, _sign, field = sensor.partition("-")
        known = hj212.factor(code)
        if known is None:
            return ""
        return known.emission_unit if field == "Cou" else known.unit
    if protocol == SL651 and re.fullmatch(r"(FF)?[0-9A-F]{2}", sensor):
        meaning = sl651.meaning(int(sensor, 16))
        return meaning.unit if meaning else ""
    return ""


def plain_unit(unit: str) -> str:
    """A unit without the differences of writing that change nothing."""
    return unit.replace("³", "3").replace("²", "2").replace("℃", "°C").replace("μ", "u").replace("µ", "u").strip()


def sensors_of(text: str) -> dict[str, str]:
    """Lines `sensor = point`, nothing after the sign for a sensor that nobody needs. Raises Refused with the line."""
    found: dict[str, str] = {}
    for place, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        sensor, sign, point = (part.strip() for part in line.partition("="))
        if not sensor or not sign or len(sensor) > 60 or sensor in found:
            raise Refused(_("Line %(n)d: write each sensor once, as “sensor = point”") % {"n": place})
        found[sensor] = point
    if len(found) > MOST_SENSORS:
        raise Refused(_("At most %(n)d sensors can be mapped") % {"n": MOST_SENSORS})
    return found


def _checked(device: Device, protocol: str, number: str, secret: str, sensors: Mapping[str, str]) -> None:
    if protocol not in PROTOCOLS:
        raise Refused(_("Choose the protocol"))
    if not re.fullmatch(NUMBERS[protocol], number):
        raise Refused(_("“%(number)s” is no number of this protocol") % {"number": number})
    if secret and not re.fullmatch(SECRETS[protocol], secret):
        raise Refused(_("This cannot be a password of this protocol (SL 651: four hexadecimal digits)"))
    if DeviceLink.objects.filter(protocol=protocol, number=number).exclude(device=device).exists():
        raise Refused(_("Another device has the number %(number)s") % {"number": number})
    wanted = {code for code in sensors.values() if code}
    there = set(Point.records.filter(device=device, code__in=wanted).values_list("code", flat=True))
    if wanted - there:
        missing = ", ".join(sorted(wanted - there)[:10])
        raise Refused(_("%(device)s has no such points: %(points)s") % {"device": device.code, "points": missing})


def _told(link: DeviceLink, verb: str, actor: User, now: datetime, **change: Any) -> None:
    device = link.device
    audit.record(actor=actor, verb=verb, obj=device, region=device.region, now=now, **change)
    publish("device.changed", ref=f"device:{device.pk}", region=device.region, verb="device.manage", at=now)
