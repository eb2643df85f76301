"""What sensing tells the rooms below it at start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anlan.kernel.audit.words import name_acts
from anlan.kernel.chains import services as chains
from anlan.kernel.chains import timeline
from anlan.kernel.chains.models import Chain
from anlan.kernel.people.rights import may
from anlan.kernel.people.verbs import declare_verb
from anlan.kernel.rulebook.schemas import register_schema
from anlan.kernel.rulebook.wording import KIND_LABELS, register_wording
from anlan.kernel.sensing import alarm_start, device_commands, keeping_start, steps
from anlan.kernel.sensing import health as device_health
from anlan.kernel.sensing.conditions import faults_of
from anlan.kernel.sensing.derived import start as derived_start
from anlan.kernel.sensing.modbus import start as modbus_start
from anlan.kernel.sensing.models import Alarm, Device, Point
from anlan.kernel.sensing.ruling import start as ruling_start
from anlan.kernel.sensing.sealed import sees
from anlan.kernel.sensing.services.replays import RULE_KIND
from anlan.kernel.sensing.store import open_store
from anlan.kernel.sensing.words import alarm_lines
from anlan.kernel.web.health import Health, register_check
from anlan.kernel.web.nav import register_desk
from anlan.kernel.web.refs import register_ref

#: Readiness: the engine says every second that it runs.
ENGINE_SILENT = timedelta(seconds=15)
#: Readiness: a reading must not wait longer than this to be judged.
ENGINE_BEHIND = timedelta(seconds=30)


def register() -> None:
    declare_verb("point.see", _("See points and their readings"), kind="see")
    declare_verb("device.manage", _("Register devices and points, give and revoke keys"))
    declare_verb(device_commands.VERB, _("Send commands to devices"))
    declare_verb("setaside.see", _("See readings that were set aside"), kind="see")
    declare_verb("setaside.replay", _("Send readings again that were set aside, or drop them"))
    declare_verb("alarm.see", _("See alarms"), kind="see")
    declare_verb("alarm.acknowledge", _("Acknowledge alarms"))
    declare_verb("alarm.close", _("Close alarms"))
    name_acts(
        {
            "alarm.raise": _("Alarm raised"),
            "alarm.level": _("Alarm level changed"),
            "alarm.clear": _("Alarm cleared"),
            "alarm.acknowledge": _("Alarm acknowledged"),
            "alarm.undo": _("Acknowledgement undone"),
            "alarm.close": _("Alarm closed"),
            "alarm.open_case": _("Case opened for an alarm"),
            "device.command": _("Command to a device"),
            "device.command_withdrawn": _("Command to a device taken back"),
            "device.command_sent": _("Command sent to a device"),
            "device.command_sent_again": _("Command sent to a device again"),
            "device.command_waits": _("Command to a device waits again"),
            "device.command_accepted": _("Command taken up by a device"),
            "device.command_done": _("Command carried out by a device"),
            "device.command_refused": _("Command refused by a device, or failed there"),
            "device.command_unanswered": _("Command to a device without answer"),
            "device.command_expired": _("Command to a device expired: not connected in time"),
        }
    )
    register_ref(
        Alarm,
        url=lambda alarm: reverse("sensing:alarm", args=[alarm.pk]),
        label=lambda alarm: alarm.title,
        gate=lambda actor, alarm: may(actor, "alarm.see", alarm.region),
    )
    register_ref(
        Point,
        url=lambda point: reverse("sensing:point", args=[point.code]),
        gate=sees,
    )
    register_ref(
        Device,
        url=lambda device: f"{reverse('sensing:devices')}?q={device.code}",
        label=lambda device: device.name or device.code,
        gate=lambda actor, device: may(actor, "device.manage", device.region),
    )
    register_schema("alarm", faults_of)
    register_wording("alarm", alarm_lines)
    register_wording(RULE_KIND, alarm_lines)
    KIND_LABELS.setdefault(RULE_KIND, _("Rules of replays"))
    timeline.register_source("alarms", steps.of_chain)
    alarm_start.register()
    derived_start.register()
    ruling_start.register()
    keeping_start.register()
    modbus_start.register()
    device_commands.register()
    chains.register_open_part("alarms", _has_open_alarms)
    device_health.register()
    register_check("engine", engine_health, _("Engine"))
    register_check("readings", readings_health, _("Reading store"))
    register_desk("monitor", _("Monitoring"), "monitor", "sensing:points", "point.see", 60, phone=False)


def _has_open_alarms(chain: Chain) -> bool:
    """A chain is not over while one of its alarms is open."""
    return Alarm.records.filter(chain=chain, closed_at=None, retrospective=False).exists()


def engine_health() -> Health:
    """The engine runs and keeps up: how long the oldest reading waits to be judged, seconds."""
    now = timezone.now()
    lag = open_store().lag()
    waits = (now - _moment(lag.oldest)).total_seconds() if lag.oldest is not None else 0.0
    if not lag.alive:
        return Health(False, _("the engine process has not run yet"), waits, "s")
    if now - _moment(lag.alive) > ENGINE_SILENT:
        return Health(False, _("the engine process does not answer: alarms are not raised"), waits, "s")
    if waits > ENGINE_BEHIND.total_seconds():
        return Health(False, _("the engine is behind: alarms come late"), waits, "s")
    return Health(True, "", max(waits, 0.0), "s")


def readings_health() -> Health:
    """The reading store answers."""
    open_store().last_seq()
    return Health(True)


def _moment(ms: Any) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
