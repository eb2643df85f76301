"""Verbs on who is asked by Modbus TCP: connect, change, switch off, write the map, read once, remove."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.formats import modbus
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.sensing.modbus.maps import Entry, refuse
from anlan.kernel.sensing.modbus.models import (
    ModbusConnection,
    ModbusLine,
    ModbusState,
    ModbusTrial,
    TrialState,
)
from anlan.kernel.sensing.models import Device, Point
from anlan.kernel.sensing.services.devices import Refused
from anlan.kernel.sensing.services.links import plain_unit
from anlan.kernel.web.events import publish

#: What a connection may be: seconds between two turns, ms for an answer, registers that may be read over.
PERIOD_S, TIMEOUT_MS, GAP = (1, 86_400), (50, 30_000), (0, 100)
#: Units of one host: 0 speaks to all, 248 … 255 are kept free by serial lines, yet gateways answer to them.
UNIT = (0, 255)
#: Connections of an installation.
MOST = 2_000
#: A trial that waits or is being read; after that it may be asked for again.
TRIAL_WAITS = timedelta(seconds=60)
#: Trials that are kept for a connection.
KEPT_TRIALS = 5
_NAME = re.compile(r"(?=.{1,120}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


@transaction.atomic
def save_connection(
    device: Device,
    *,
    connection: ModbusConnection | None = None,
    host: str,
    port: int,
    unit: int,
    period_s: int,
    timeout_ms: int,
    gap: int = 0,
    actor: User,
    now: datetime,
) -> ModbusConnection:
    """Let a unit be asked for a device, or change how it is.

    Raises NotAllowed without `device.manage`; Refused for what cannot be, or a unit that is asked already.
    """
    require(actor, "device.manage", device.region)
    given = {
        "host": _host(host),
        "port": port,
        "unit": unit,
        "period_s": period_s,
        "timeout_ms": timeout_ms,
        "gap": gap,
    }
    _in_range(_("port"), port, (1, 65_535))
    _in_range(_("unit number"), unit, UNIT)
    _in_range(_("period in seconds"), period_s, PERIOD_S)
    _in_range(_("wait for an answer in milliseconds"), timeout_ms, TIMEOUT_MS)
    _in_range(_("number of registers read over"), gap, GAP)
    others = ModbusConnection.objects.exclude(pk=connection.pk if connection else None)
    if others.filter(host=given["host"], port=port, unit=unit).exists():
        raise Refused(_("This unit of this host is asked already, for this or another device"))
    if connection is None:
        if others.count() >= MOST:
            raise Refused(_("At most %(n)d units can be asked") % {"n": MOST})
        connection = ModbusConnection.objects.create(device=device, **given)
        ModbusState.objects.create(connection=connection, at=now)
        _told(connection, "device.modbus", actor, now, after=given)
        return connection
    before = {name: getattr(connection, name) for name in given}
    _changed(connection, **given)
    _told(connection, "device.modbus", actor, now, before=before, after=given)
    return connection


@transaction.atomic
def switch(connection: ModbusConnection, *, on: bool, actor: User, now: datetime) -> None:
    """Ask it, or ask it no more; its map stays. Raises NotAllowed."""
    require(actor, "device.manage", connection.device.region)
    before = connection.enabled
    _changed(connection, enabled=on)
    ModbusState.objects.filter(connection=connection).update(fault="", failing_since=None, next_at=None, at=now)
    _told(connection, "device.modbus_switch", actor, now, before={"enabled": before}, after={"enabled": on})


@transaction.atomic
def remove(connection: ModbusConnection, *, actor: User, now: datetime) -> None:
    """Forget it with its map. Points and readings stay. Raises NotAllowed."""
    require(actor, "device.manage", connection.device.region)
    before = {"connection": str(connection), "lines": connection.lines.count()}
    _told(connection, "device.modbus_remove", actor, now, before=before)
    connection.delete()


@transaction.atomic
def write_map(
    connection: ModbusConnection, entries: Sequence[Entry], *, actor: User, now: datetime, version: int | None = None
) -> None:
    """Give a connection this map instead of the one it has; it is asked for within two seconds.

    version  that the writer saw; None takes whatever is there

    Raises NotAllowed; Refused with every fault, or when somebody changed the map meanwhile.
    """
    require(actor, "device.manage", connection.device.region)
    connection = ModbusConnection.objects.select_for_update().select_related("device__region").get(pk=connection.pk)
    if version is not None and version != connection.version:
        raise Refused(_("Somebody changed this meanwhile: look at it again, then write yours"))
    points = _points(connection, entries)
    before = connection.lines.count()
    connection.lines.all().delete()
    ModbusLine.objects.bulk_create(
        (
            ModbusLine(
                connection=connection,
                function=one.function,
                address=one.address,
                type=one.type,
                order=one.order,
                scale=one.scale,
                offset=one.offset,
                unit=points[one.point].unit if one.point else one.unit,
                point=points.get(one.point),
                name=one.name,
            )
            for one in entries
        ),
        batch_size=500,
    )
    _changed(connection)
    written = sorted(one.point for one in entries if one.point)
    after = {"lines": len(entries), "points": written[:100]}
    _told(connection, "device.modbus_map", actor, now, before={"lines": before}, after=after)


def _points(connection: ModbusConnection, entries: Sequence[Entry]) -> dict[str, Point]:
    """The points of a map by their codes. Raises Refused with every fault."""
    wanted = [one.point for one in entries if one.point]
    found = {one.code: one for one in Point.records.filter(device=connection.device, code__in=set(wanted))}
    elsewhere = dict(
        ModbusLine.objects.filter(point__in=list(found.values()))
        .exclude(connection=connection)
        .values_list("point__code", "connection__host")
    )
    faults = []
    seen: set[str] = set()
    for one in entries:
        where = {"line": f"{one.function}:{one.address}", "point": one.point, "device": connection.device.code}
        point = found.get(one.point)
        if not one.point:
            continue
        if point is None:
            faults.append(_("%(line)s: %(device)s has no point “%(point)s”") % where)
        elif one.point in seen:
            faults.append(_("%(line)s: the point %(point)s stands twice") % where)
        elif one.point in elsewhere:
            faults.append(
                _("%(line)s: the point %(point)s is read from %(host)s already")
                % (where | {"host": elsewhere[one.point]})
            )
        elif one.unit and plain_unit(one.unit) != plain_unit(point.unit):
            units = where | {"unit": one.unit, "its": point.unit or "—"}
            faults.append(
                _("%(line)s: the value is in %(unit)s and %(point)s in %(its)s: let factor and offset bring it there")
                % units
            )
        seen.add(one.point)
    refuse(faults)
    try:
        modbus.plan(connection.unit, [one.as_point for one in entries], gap=connection.gap)
    except ValueError as error:
        raise Refused(str(error)) from error
    return found


@transaction.atomic
def try_map(connection: ModbusConnection, *, actor: User, now: datetime) -> ModbusTrial:
    """Have every line read once by the gateway; nothing becomes a reading. One that still waits is given back.

    Raises NotAllowed; Refused for an empty map or a device that is revoked.
    """
    require(actor, "device.manage", connection.device.region)
    if not connection.device.enabled:
        raise Refused(_("its device is revoked"))
    if not connection.lines.exists():
        raise Refused(_("The map is empty: write a line first"))
    waiting = connection.trials.exclude(state=TrialState.DONE).filter(asked_at__gt=now - TRIAL_WAITS).first()
    if waiting is not None:
        return waiting
    trial = ModbusTrial.objects.create(connection=connection, asked_at=now, asked_by=actor)
    kept = list(connection.trials.values_list("pk", flat=True)[:KEPT_TRIALS])
    connection.trials.exclude(pk__in=kept).delete()
    _told(connection, "device.modbus_try", actor, now)
    return trial


def _host(text: str) -> str:
    """A host as it is kept: an address in its plain form, or a name in small letters. Raises Refused."""
    text = text.strip().strip("[]").lower()
    try:
        return str(ip_address(text))
    except ValueError:
        if _NAME.fullmatch(text) and not re.fullmatch(r"[0-9.]+", text):
            return text
    raise Refused(_("“%(host)s” is no host: write an address such as 10.30.1.7, or a name") % {"host": text[:60]})


def _in_range(what: str, value: int, ends: tuple[int, int]) -> None:
    if not ends[0] <= value <= ends[1]:
        raise Refused(
            _("The %(what)s lies between %(low)d and %(high)d") % {"what": what, "low": ends[0], "high": ends[1]}
        )


def _changed(connection: ModbusConnection, **fields: Any) -> None:
    """Change it and let the gateway see it."""
    for name, value in fields.items():
        setattr(connection, name, value)
    connection.version += 1
    connection.save(update_fields=(*fields, "version"))


def _told(connection: ModbusConnection, verb: str, actor: User, now: datetime, **change: Any) -> None:
    device = connection.device
    audit.record(actor=actor, verb=verb, obj=device, region=device.region, now=now, **change)
    publish("device.changed", ref=f"device:{device.pk}", region=device.region, verb="device.manage", at=now)
