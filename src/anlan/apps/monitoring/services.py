"""Verbs of monitoring: the case of an alarm, what happens to the alarms when it ends, and scenarios of the demo."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.monitoring import queries
from anlan.apps.monitoring.declarations import ALARM_HANDLE, scenario
from anlan.apps.monitoring.models import ScenarioRun
from anlan.kernel.audit import services as audit
from anlan.kernel.cases import services as cases
from anlan.kernel.cases.models import Case
from anlan.kernel.chains.models import Chain
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.rights import require
from anlan.kernel.people.services import system_user
from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook import queries as rulebook
from anlan.kernel.sensing import alarms
from anlan.kernel.sensing.models import Alarm, AlarmState
from anlan.kernel.web.events import publish


class NotNow(Exception):
    """A scenario cannot be started or stopped now; the text says why."""


# --- the case of an alarm -----------------------------------------------------------------------------------------


def open_alarm_case(
    *,
    region: Region,
    title: str,
    level: int,
    chain: Chain,
    unit: Department,
    now: datetime,
    actor: User,
    cause: str,
    note: str,
) -> Case:
    """Open the handling order of an alarm; its clock is the one of its level. Registered with sensing at start.

    Raises NotAllowed; alarms.NotNow, with the words of the case, when the unit cannot take it.
    """
    try:
        return cases.open_case(
            ALARM_HANDLE,
            region=region,
            title=title,
            level=level,
            chain=chain,
            unit=unit,
            now=now,
            actor=actor,
            cause=cause,
            clock=_handling_clock(level, region, now),
            note=note,
        )
    except cases.CaseError as refused:
        raise alarms.NotNow(str(refused)) from refused


def _handling_clock(level: int, region: Region, now: datetime) -> str:
    """The clock of the level; none where the rulebook has none: the case is opened all the same."""
    code = f"alarm.handle.{level}"
    try:
        rulebook.lookup("clock", code, at=now, region=region)
    except rulebook.NoRule:
        return ""
    return code


def settle_alarms(case: Case, *, actor: User, now: datetime, **_more: Any) -> None:
    """The case was closed: alarms that had cleared are closed with it; one that is still on stays open."""
    for alarm in Alarm.records.filter(case=case).exclude(state=AlarmState.CLOSED):
        if not alarms.still_holds(alarm):
            alarms.close(alarm, actor=system_user("cases"), now=now, note=case.number)


def release_alarms(case: Case, *, actor: User, now: datetime, **_more: Any) -> None:
    """The case was withdrawn: its alarms stand free again, so that another case can be opened for them."""
    Alarm.records.filter(case=case).exclude(state=AlarmState.CLOSED).update(case=None)


# --- scenarios ----------------------------------------------------------------------------------------------------


@transaction.atomic
def start_scenario(code: str, *, region: Region | None, actor: User, now: datetime) -> ScenarioRun:
    """Ask the simulator to play a scenario; it begins within two seconds.

    Raises NotAllowed; NotNow outside a demo, for an unknown scenario, and for one that runs already.
    """
    require(actor, "scenario.run", region)
    if not settings.DEMO:
        raise NotNow(_("Scenarios are played in the demo county only"))
    if scenario(code) is None:
        raise NotNow(_("There is no scenario “%(code)s”") % {"code": code})
    if queries.running().filter(code=code).exists():
        raise NotNow(_("This scenario runs already: stop it first, or watch it"))
    run = ScenarioRun.objects.create(code=code, started_at=now, started_by=actor)
    _told(run, "scenario.start", actor, now)
    return run


@transaction.atomic
def take_scenario(run: ScenarioRun, *, now: datetime) -> bool:
    """The simulator begins to play it; False when it was stopped meanwhile."""
    return bool(ScenarioRun.objects.filter(pk=run.pk, ended_at=None).update(taken_at=now))


@transaction.atomic
def end_scenario(run: ScenarioRun, *, actor: User, now: datetime, region: Region | None = None) -> bool:
    """Stop a run, or note that it was played to its end; its readings fall back to the quiet signal.

    Returns False when it had ended before. Raises NotAllowed.
    """
    require(actor, "scenario.run", region)
    stopped_by = None if actor.is_system else actor
    ended = ScenarioRun.objects.filter(pk=run.pk, ended_at=None).update(ended_at=now, stopped_by=stopped_by)
    if ended:
        _told(run, "scenario.end", actor, now)
    return bool(ended)


def _told(run: ScenarioRun, verb: str, actor: User, now: datetime) -> None:
    audit.record(actor=actor, verb=verb, obj=f"scenariorun:{run.pk}", after={"scenario": run.code}, now=now)
    publish("scenario.changed", verb="scenario.run", at=now, data={"code": run.code})
