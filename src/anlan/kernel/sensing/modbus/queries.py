"""Questions about who is asked by Modbus TCP and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from anlan import environment
from anlan.kernel.sensing import queries as sensing
from anlan.kernel.sensing.door.links import MODBUS
from anlan.kernel.sensing.modbus.models import ModbusConnection, ModbusTrial, RegisterType, TrialState
from anlan.kernel.sensing.models import FrameFault
from anlan.kernel.sensing.words import fault_words

#: Days of counted faults.
DAYS = 7
#: A state that was not renewed for three periods and this long was not written by a gateway that runs.
STALE = timedelta(seconds=90)
#: A trial that no gateway took by then waits in vain; one that was taken and has no result was lost with its gateway.
NOT_TAKEN, LOST = timedelta(seconds=60), timedelta(seconds=600)


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with a connection: a word, what is wrong in words, and since when; `tone` "ok", "warn" or "mut"."""

    word: str
    tone: str
    why: str = ""
    since: datetime | None = None
    again_at: datetime | None = None


def connections_for(actor: Any) -> QuerySet[ModbusConnection]:
    """Connections of devices that the actor may manage, with what a list shows of them."""
    rows = ModbusConnection.objects.filter(device__in=sensing.devices_for(actor))
    rows = rows.select_related("device__region", "state").defer("device__region__boundary")
    return rows.annotate(line_count=Count("lines"), taken_count=Count("lines__point"))


def find(rows: QuerySet[ModbusConnection], typed: str) -> QuerySet[ModbusConnection]:
    """Connections by device or host."""
    if not typed:
        return rows
    device = Q(device__code__icontains=typed) | Q(device__name__icontains=typed)
    return rows.filter(device | Q(host__icontains=typed))


def standing(connection: ModbusConnection, now: datetime) -> Standing:
    """How it stands with a connection of `connections_for`."""
    state = connection.state
    if not connection.enabled:
        return Standing(_("not asked"), "mut")
    if not connection.device.enabled:
        return Standing(_("not asked"), "warn", _("its device is revoked"))
    if not may_be_listed(connection):
        return Standing(_("not asked"), "warn", _("ANLAN_MODBUS_HOSTS does not list its host"))
    if not getattr(connection, "taken_count", 1):
        return Standing(_("not asked"), "mut", _("no line of its map has a point"))
    if now - state.at > STALE + 3 * timedelta(seconds=connection.period_s):
        return Standing(_("nobody asks"), "warn", _("the gateway does not run"), state.at)
    if state.fault:
        return Standing(_("disturbed"), "warn", fault_words(state.fault), state.failing_since, state.next_at)
    if state.answered_at is None:
        return Standing(_("not asked yet"), "mut")
    return Standing(_("answers"), "ok")


def may_be_listed(connection: ModbusConnection) -> bool:
    """Whether the setting lets its host be asked; of a name only the gateway knows what it means."""
    allowed = environment.words("ANLAN_MODBUS_HOSTS")
    try:
        number = ip_address(connection.host)
    except ValueError:
        return bool(allowed)
    return environment.may_connect(allowed, connection.host, number, connection.port)


def fault_counts(connections: Sequence[ModbusConnection], now: datetime) -> dict[str, int]:
    """Device code → faults of the last seven days."""
    codes = {one.device.code for one in connections}
    rows = FrameFault.objects.filter(protocol=MODBUS, sender__in=codes, day__gt=now.date() - timedelta(days=DAYS))
    return dict(rows.values_list("sender").annotate(Sum("count")))


def faults_of(connection: ModbusConnection, now: datetime) -> list[dict[str, Any]]:
    """Counted faults of the device of a connection, the newest first."""
    rows = FrameFault.objects.filter(
        protocol=MODBUS, sender=connection.device.code, day__gt=now.date() - timedelta(days=DAYS)
    )
    return [{"row": row, "words": fault_words(row.fault)} for row in rows.order_by("-day", "-count")[:100]]


def trial_shown(connection: ModbusConnection, now: datetime) -> dict[str, Any] | None:
    """The newest trial as a page shows it; None where nobody tried."""
    trial: ModbusTrial | None = connection.trials.select_related("asked_by").first()
    if trial is None:
        return None
    age = now - trial.asked_at
    vain = trial.state == TrialState.ASKED and age > NOT_TAKEN
    lost = trial.state == TrialState.TAKEN and age > LOST
    lines = [_line_shown(line) for line in trial.result.get("lines", [])]
    fault = trial.result.get("fault", "")
    return {
        "row": trial,
        "waits": trial.state != TrialState.DONE and not vain and not lost,
        "vain": vain or lost,
        "lines": lines,
        "fault": fault_words(fault) if fault else "",
        "wrong": sum(1 for line in lines if line["fault"]),
    }


def _line_shown(line: dict[str, Any]) -> dict[str, Any]:
    """A line of a trial in words: its type, its registers in hexadecimal or its bit, its value with seven digits."""
    bit = line["type"] == RegisterType.BIT
    label = RegisterType(line["type"]).label
    return {
        **line,
        "kind": label if bit else f"{label} {line['order']}",
        "hex": " ".join(str(word) if bit else f"{word:04X}" for word in line["raw"]),
        "shown": "" if line["value"] is None else f"{line['value']:.7g}",
        "words": fault_words(line["fault"]) if line["fault"] else "",
    }
