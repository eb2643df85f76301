"""Verbs on commands to devices: asked by a person, taken back before they are sent, clocks of many set at once.

What becomes of a command afterwards the gateway writes (`gateways.tcp.command_records`), with its audit rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.formats.hj212 import asking as hj212
from anlan.formats.jt808 import asking as jt808
from anlan.formats.sl651 import asking as sl651
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions.scope import reach, within
from anlan.kernel.sensing.device_commands import VERB, rule
from anlan.kernel.sensing.door import commands
from anlan.kernel.sensing.door.links import HJ212, SL651
from anlan.kernel.sensing.models import CommandKind, CommandState, Device, DeviceCommand, DeviceLink
from anlan.kernel.sensing.services.devices import Refused

#: Protocols by which a clock can be set.
WITH_CLOCK = (HJ212, SL651)
#: Reports of a tracked terminal: seconds between two, and for how long, at least and at most.
EVERY_S, FOR_S = (5, 3_600), (60, 86_400)


@transaction.atomic
def ask(device: Device, *, kind: str, arguments: Mapping[str, Any], actor: User, now: datetime) -> DeviceCommand:
    """Ask something of a device; the gateway sends it within two seconds, or as soon as the device calls.

    arguments  by kind as `door.commands` says, moments as aware datetimes under "start" and "end"

    Raises NotAllowed without `device.command`; Refused for what the device's protocol cannot say, a span or text that
    cannot be, the same command still open, or too many of them; NoRule without the rulebook's word on commands.
    """
    require(actor, VERB, device.region)
    # Of one device one at a time: what is open is counted and compared.
    device = Device.records.select_for_update().select_related("region").get(pk=device.pk)
    link = DeviceLink.objects.filter(device=device).first()
    if link is None or not device.enabled:
        raise Refused(_("%(code)s speaks no TCP, or is revoked") % {"code": device.code})
    if kind not in commands.KINDS[link.protocol]:
        raise Refused(_("Choose what is to be sent: this protocol cannot say it"))
    entry = rule(now, device.region)
    meant = _meant(link.protocol, kind, arguments, now, entry.body["most_days"])
    rows = list(DeviceCommand.objects.filter(device=device, state__in=commands.OPEN))
    if len(rows) >= entry.body["most_open"]:
        raise Refused(_("%(n)d commands to this device are open: wait, or take some back") % {"n": len(rows)})
    if any((row.kind, row.arguments, row.number) == (kind, meant, link.number) for row in rows):
        raise Refused(_("The same command is open already"))
    made = DeviceCommand.objects.create(
        device=device,
        protocol=link.protocol,
        number=link.number,
        kind=kind,
        arguments=meant,
        asked_by=actor,
        asked_at=now,
        expires_at=now + timedelta(hours=entry.body["wait_h"]),
        entry=entry,
        answer_s=entry.body["answer_s"],
        most_tries=entry.body["most_tries"],
        result_s=entry.body["result_s"],
    )
    after = {"command": made.pk, "kind": kind, **meant}
    audit.record(actor=actor, verb="device.command", obj=device, region=device.region, after=after, now=now)
    return made


@transaction.atomic
def withdraw(command: DeviceCommand, *, actor: User, now: datetime) -> None:
    """Take a command back that was not sent yet. Raises NotAllowed; Refused when it is too late."""
    device = command.device
    require(actor, VERB, device.region)
    waiting = DeviceCommand.objects.filter(pk=command.pk, state=CommandState.WAITING)
    if not waiting.update(state=CommandState.WITHDRAWN, closed_at=now):
        raise Refused(_("It was sent already, or is over"))
    after = {"command": command.pk, "kind": command.kind, "state": CommandState.WITHDRAWN}
    audit.record(actor=actor, verb="device.command_withdrawn", obj=device, region=device.region, after=after, now=now)


def set_clocks(protocol: str, *, actor: User, now: datetime) -> int:
    """Set the clock of every device of a protocol in the actor's reach that has no such command open; how many.

    Raises Refused for a protocol whose clocks cannot be set.
    """
    if protocol not in WITH_CLOCK:
        raise Refused(_("The clocks of this protocol cannot be set"))
    open_ones = DeviceCommand.objects.filter(kind=CommandKind.SET_CLOCK, state__in=commands.OPEN)
    mine = Device.records.filter(within(reach(actor, VERB), "region__path"), enabled=True, link__protocol=protocol)
    asked = 0
    with transaction.atomic():
        for device in mine.exclude(pk__in=open_ones.values("device")).select_related("region").order_by("pk"):
            try:
                ask(device, kind=commands.SET_CLOCK, arguments={}, actor=actor, now=now)
            except Refused:
                continue  # revoked, or asked, meanwhile
            asked += 1
    return asked


def elements_of(link: DeviceLink) -> list[str]:
    """The elements of an SL 651 station that can be asked for, those that its points take before the others."""
    taken = {code.rpartition("/")[2] for code in link.device.points.values_list("code", flat=True)}
    taken |= {sensor for sensor, point in link.sensors.items() if point}
    return sorted((f"{one:02X}" for one in sl651.DEFINITIONS), key=lambda one: (one not in taken, one))


def _meant(protocol: str, kind: str, given: Mapping[str, Any], now: datetime, most_days: int) -> dict[str, Any]:
    """The arguments as they are kept. Raises Refused."""
    if kind == commands.HISTORY:
        return _span(given, now, most_days) | (_of_hj212(given) if protocol == HJ212 else _of_sl651(given))
    if kind == commands.TRACK:
        every, long = given.get("every_s"), given.get("for_s")
        if not (_between(every, EVERY_S) and _between(long, FOR_S)):
            raise Refused(_("Every 5 s to 1 hour, for 1 minute to 24 hours"))
        return {"every_s": every, "for_s": long}
    if kind == commands.TEXT:
        words = " ".join(str(given.get("words", "")).split())
        try:
            size = len(words.encode("gb18030"))
        except UnicodeEncodeError:
            size = 0
        if not 0 < size <= jt808.MOST_TEXT or not words.isprintable():
            raise Refused(_("Write a text of at most %(n)d characters") % {"n": jt808.MOST_TEXT // 2})
        return {"words": words, "urgent": bool(given.get("urgent"))}
    return {}


def _span(given: Mapping[str, Any], now: datetime, most_days: int) -> dict[str, Any]:
    start, end = given.get("start"), given.get("end")
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        raise Refused(_("Write from when to when"))
    if not start < end <= now:
        raise Refused(_("The span ends before it begins, or in the future"))
    if end - start > timedelta(days=most_days):
        raise Refused(_("At most %(n)d days are asked for at once") % {"n": most_days})
    return {"from_ms": round(start.timestamp() * 1000), "to_ms": round(end.timestamp() * 1000)}


def _of_hj212(given: Mapping[str, Any]) -> dict[str, Any]:
    if given.get("of") not in hj212.HISTORY:
        raise Refused(_("Choose what data are asked for"))
    return {"of": given["of"]}


def _of_sl651(given: Mapping[str, Any]) -> dict[str, Any]:
    if given.get("element") not in {f"{one:02X}" for one in sl651.DEFINITIONS}:
        raise Refused(_("Choose the element"))
    if given.get("step_min") not in sl651.STEPS:
        raise Refused(_("Choose the step of time"))
    return {"element": given["element"], "step_min": given["step_min"]}


def _between(number: Any, bounds: tuple[int, int]) -> bool:
    return isinstance(number, int) and bounds[0] <= number <= bounds[1]
