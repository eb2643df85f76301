"""Clocks: start, pause, resume, extend, stop, and the scan that says whose time is running out.

How long, in which calendar, who hears when and how often it may be extended comes from the rulebook entry in force at
the start, and stays with the clock: a law that changes later does not move a deadline that runs.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from anlan.kernel.clocks.ladder import Rung, hearers, ladder_of, on_rung, speakers_of
from anlan.kernel.clocks.models import Calendar, Clock
from anlan.kernel.clocks.working import DAY_S, Holidays, add_working_time, working_seconds
from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook import queries as rulebook

__all__ = [
    "ClockError",
    "Rung",
    "extend",
    "hearers",
    "on_rung",
    "pause",
    "resume",
    "scan",
    "start",
    "stop",
    "undo_stop",
]

log = logging.getLogger(__name__)

UNIT_S = {"seconds": 1, "minutes": 60, "hours": 3600, "days": DAY_S}

#: A clock whose speaker failed is tried again after this long, so that it holds up no other clock.
AGAIN_S = 60


class ClockError(Exception):
    """What was asked of a clock is not allowed; the text is for the person who asked."""


class Numbered(Protocol):
    """Anything with a primary key."""

    pk: Any


@transaction.atomic
def start(
    ref: str,
    code: str,
    *,
    region: Region,
    now: datetime,
    chain: Numbered | int | None = None,
    exercise: bool = False,
    due: datetime | None = None,
) -> Clock:
    """Start the clock `code` of the rulebook for the subject `ref`; one that runs already is returned as it is.

    chain  the chain it belongs to; may be given later by linking the subject into one
    due    the moment that an order names; without it the time of the rule counts from `now`. Ladder, calendar and
           extensions come from the rule either way.

    Raises NoRule (rulebook) when no entry of that code is in force at `now` in `region`.
    """
    running = Clock.objects.filter(ref=ref, code=code, stopped_at=None).select_related("entry", "region").first()
    if running is not None:
        return running
    entry = rulebook.lookup("clock", code, at=now, region=region)
    calendar = Calendar(entry.body.get("calendar", Calendar.NATURAL))
    due = due or _later(now, allowed_s(entry.body), calendar, region, now)
    clock = Clock(
        ref=ref,
        code=code,
        entry=entry,
        region=region,
        chain_id=chain if chain is None or isinstance(chain, int) else chain.pk,
        exercise=exercise,
        calendar=calendar,
        started_at=now,
        due=due,
        original_due=due,
    )
    _set_next(clock, now)
    clock.save()
    return clock


@transaction.atomic
def stop(ref: str, code: str | None = None, *, now: datetime) -> list[Clock]:
    """Stop the running clocks of a subject, or only those of `code`; returns them. A paused one resumes first."""
    rows = Clock.objects.select_for_update(of=("self",)).select_related("entry", "region")
    rows = rows.filter(ref=ref, stopped_at=None)
    if code is not None:
        rows = rows.filter(code=code)
    stopped = list(rows)
    for clock in stopped:
        if clock.paused_at is not None:
            _resume(clock, now)
        clock.stopped_at, clock.next_at = now, None
        clock.save()
    return stopped


@transaction.atomic
def undo_stop(ref: str, *, stopped_at: datetime, now: datetime) -> list[Clock]:
    """Let the clocks that were stopped at exactly `stopped_at` run on as if they had not stopped; returns them.

    For an act that is taken back within seconds. Rungs that came due meanwhile are spoken by the next scan.
    """
    rows = Clock.objects.select_for_update(of=("self",)).select_related("entry", "region")
    again = list(rows.filter(ref=ref, stopped_at=stopped_at))
    for clock in again:
        clock.stopped_at = None
        clock.next_at = _moment(clock, clock.rung)
        clock.save()
    return again


@transaction.atomic
def pause(clock: Clock, *, now: datetime) -> Clock:
    """Let the clock stand still; its ladder is silent. Raises ClockError when it is stopped or paused already."""
    row = _locked(clock)
    if row.stopped_at is not None or row.paused_at is not None:
        raise ClockError(_("This clock does not run."))
    row.paused_at, row.next_at = now, None
    row.save()
    return row


@transaction.atomic
def resume(clock: Clock, *, now: datetime) -> Clock:
    """Let a paused clock run on with the time that was left. Raises ClockError when it is not paused."""
    row = _locked(clock)
    if row.stopped_at is not None or row.paused_at is None:
        raise ClockError(_("This clock is not paused."))
    _resume(row, now)
    row.save()
    return row


@transaction.atomic
def extend(clock: Clock, *, to: datetime | None = None, days: int | None = None, now: datetime) -> Clock:
    """Move the due moment to `to`, or by `days` of the clock's own calendar; exactly one of them is given.

    Raises ClockError when it has stopped, when the new moment is not later, when the rulebook allows no further
    extension, or not by so much.
    """
    if (to is None) == (days is None):
        raise ValueError("an extension is given either as a moment or as days")
    row = _locked(clock)
    if row.stopped_at is not None:
        raise ClockError(_("This clock has stopped."))
    most = int(row.entry.body.get("extensions_max") or 0)
    if row.extensions >= most:
        raise ClockError(_refusal(row.extensions, most))
    due = to if to is not None else _later(row.due, (days or 0) * DAY_S, row.calendar, row.region, now)
    if due <= row.due:
        raise ClockError(_("An extension has to end later than the time that is set now."))
    most_days = row.entry.body.get("extension_max_days")
    if most_days and due > _later(row.due, int(most_days) * DAY_S, row.calendar, row.region, now):
        raise ClockError(
            ngettext(
                "The rule allows an extension of %(n)d day at most.",
                "The rule allows an extension of %(n)d days at most.",
                int(most_days),
            )
            % {"n": int(most_days)}
        )
    row.due = due
    row.extensions += 1
    if row.paused_at is None:
        _set_next(row, now)
    row.save()
    return row


def scan(now: datetime, limit: int = 200) -> int:
    """Speak every rung whose moment has come, each clock in a transaction of its own; returns how many were spoken.

    After a stop of the product the missed rungs are spoken in their order. A speaker that fails is logged, its clock
    tried again a minute later, and the others go on.
    """
    waiting = Clock.objects.filter(next_at__lte=now).order_by("next_at", "id").values_list("pk", flat=True)
    spoken = 0
    for pk in list(waiting[:limit]):
        try:
            spoken += _speak(pk, now)
        except Exception:
            log.exception("clock %s: its ladder could not be spoken; trying again in %s s", pk, AGAIN_S)
            Clock.objects.filter(pk=pk, next_at__lte=now).update(next_at=now + timedelta(seconds=AGAIN_S))
    return spoken


@transaction.atomic
def _speak(pk: int, now: datetime) -> int:
    """Speak the due rungs of one clock; 0 when another process did, or when it was stopped meanwhile."""
    rows = Clock.objects.select_for_update(of=("self",)).select_related("entry", "region")
    clock = rows.filter(pk=pk, stopped_at=None, paused_at=None, next_at__lte=now).first()
    if clock is None:
        return 0
    spoken = 0
    ladder = ladder_of(clock.entry.body)
    while clock.rung < len(ladder) and ladder[clock.rung].at(clock.due) <= now:
        for speak in speakers_of(clock):
            speak(clock, ladder[clock.rung], now)
        clock.rung += 1
        spoken += 1
    clock.next_at = _moment(clock, clock.rung)
    clock.save(update_fields=("rung", "next_at"))
    return spoken


def allowed_s(body: Mapping[str, Any]) -> int:
    """The time that a rulebook entry of kind "clock" gives, seconds. Raises ValueError unless it names one unit."""
    given = [(unit, body[unit]) for unit in UNIT_S if body.get(unit)]
    if len(given) != 1:
        raise ValueError(f"a clock gives its time in one of {', '.join(UNIT_S)}: {dict(body)}")
    unit, amount = given[0]
    return int(amount) * UNIT_S[unit]


def holidays(at: datetime, region: Region) -> Holidays:
    """Days off and worked weekends of every rulebook entry of kind "calendar" in force; plain weekends without any."""
    return Holidays.of(entry.body for entry in rulebook.entries("calendar", at, region))


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def _later(moment: datetime, seconds: float, calendar: str, region: Region, at: datetime) -> datetime:
    if calendar == Calendar.WORKING:
        return add_working_time(moment, seconds, _zone(), holidays(at, region))
    return moment + timedelta(seconds=seconds)


def _resume(clock: Clock, now: datetime) -> None:
    """Shift the due moment by what was left at the pause; an overdue clock stays as late as it was."""
    paused_at = clock.paused_at or now
    if clock.calendar == Calendar.WORKING and clock.due > paused_at:
        free = holidays(now, clock.region)
        clock.due = add_working_time(now, working_seconds(paused_at, clock.due, _zone(), free), _zone(), free)
    else:
        clock.due += now - paused_at
    clock.paused_s += round((now - paused_at).total_seconds())
    clock.paused_at = None
    clock.next_at = _moment(clock, clock.rung)


def _set_next(clock: Clock, now: datetime) -> None:
    """Count the rungs whose moment has passed as spoken; the next one is the next moment."""
    ladder = ladder_of(clock.entry.body)
    clock.rung = sum(1 for rung in ladder if rung.at(clock.due) <= now)
    clock.next_at = _moment(clock, clock.rung)


def _moment(clock: Clock, rung: int) -> datetime | None:
    ladder = ladder_of(clock.entry.body)
    return ladder[rung].at(clock.due) if rung < len(ladder) else None


def _refusal(extensions: int, most: int) -> str:
    if most == 0:
        return _("The rule allows no extension.")
    return ngettext(
        "It has been extended %(n)d time already; the rule allows no more.",
        "It has been extended %(n)d times already; the rule allows no more.",
        extensions,
    ) % {"n": extensions}


def _locked(clock: Clock) -> Clock:
    """The row as it is now, held until the transaction ends."""
    return Clock.objects.select_for_update(of=("self",)).select_related("entry", "region").get(pk=clock.pk)
