"""What people do to alarms: acknowledge, take it back within ten seconds, close, give it to someone.

The first to acknowledge an alarm wins; the second is told who was first and when. Every act leaves a row of
`AlarmAct`, an audit line and an event for open pages, in the transaction of the change.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.chains import services as chains
from anlan.kernel.chains.models import Chain
from anlan.kernel.clocks import services as clocks
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.rights import require
from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.queries import NoRule
from anlan.kernel.sensing.models import Alarm, AlarmAct, AlarmDo, AlarmState, Shelving, ShelvingEnd, ShelvingState
from anlan.kernel.web.events import publish
from anlan.kernel.web.formatting import bureau_time
from anlan.kernel.web.refs import ref_of

log = logging.getLogger(__name__)

#: How long an acknowledgement can be taken back.
UNDO_WITHIN = timedelta(seconds=10)

#: States in which nobody has answered yet.
UNANSWERED = (AlarmState.UNACKNOWLEDGED, AlarmState.CLEARED)


class AlarmError(Exception):
    """What was asked of an alarm cannot be done now; the text is for the person who asked."""


class AlreadyDone(AlarmError):
    """Somebody else was first. `who` did it at `when`; the text says both."""

    def __init__(self, alarm: Alarm, who: User | None, when: datetime | None) -> None:
        self.alarm, self.who, self.when = alarm, who, when
        super().__init__(
            _("%(who)s was first, at %(when)s")
            % {"who": who.name if who else "—", "when": bureau_time(when, seconds=True)}
        )


class NotNow(AlarmError):
    """The alarm is not in a state in which this can be done; the text says why and what to do instead."""


class OpenCase(Protocol):
    """Opens the case of an alarm; handed in by the room that owns the workflow."""

    def __call__(
        self,
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
    ) -> Any: ...


class Answered(NamedTuple):
    """What became of an acknowledgement of several: those done now, and those that somebody had answered before."""

    done: list[Alarm]
    before: list[Alarm]


_opener: list[OpenCase] = []


def register_case_opener(opener: OpenCase) -> None:
    """Name the function that opens the case of an alarm; called once at start by the room that owns the workflow."""
    _opener[:] = [opener]


def acknowledge(alarms: Iterable[Alarm], *, actor: User, now: datetime) -> Answered:
    """Say that alarms were seen, each in a transaction of its own, so that a long list holds up nobody.

    returns  those acknowledged, and those that somebody was first with: `acknowledged_by` says who, `_at` when

    Raises NotAllowed, with nothing done, when one of them lies where the actor may not acknowledge.
    """
    chosen = list(alarms)
    for alarm in chosen:
        require(actor, "alarm.acknowledge", alarm.region)
    answered = Answered([], [])
    for alarm in chosen:
        try:
            answered.done.append(acknowledge_one(alarm, actor=actor, now=now))
        except AlreadyDone as first:
            answered.before.append(first.alarm)
    return answered


@transaction.atomic
def acknowledge_one(alarm: Alarm, *, actor: User, now: datetime) -> Alarm:
    """Say that the alarm was seen. Its answer clock stops; one that had already cleared is closed by it.

    Raises NotAllowed; AlreadyDone when it was acknowledged or closed before.
    """
    require(actor, "alarm.acknowledge", alarm.region)
    row = locked(alarm)
    if row.state == AlarmState.ACKNOWLEDGED:
        raise AlreadyDone(row, row.acknowledged_by, row.acknowledged_at)
    if row.state == AlarmState.CLOSED:
        raise AlreadyDone(row, row.acknowledged_by or row.closed_by, row.acknowledged_at or row.closed_at)
    was = row.state
    _seen(row, actor, now)
    _leave(row, AlarmDo.ACKNOWLEDGE, "alarm.acknowledged", actor=actor, now=now, was=was)
    return row


def _seen(row: Alarm, actor: User, now: datetime) -> None:
    """The state after an acknowledgement; saves the row and stops its clock.

    One that chatters stays open although it has cleared: its answer holds until it is quiet again.
    """
    cleared = row.state == AlarmState.CLEARED and row.chattering_since is None
    row.state = AlarmState.CLOSED if cleared else AlarmState.ACKNOWLEDGED
    row.acknowledged_at, row.acknowledged_by = now, actor
    _stop_clocks(row, now)
    if cleared:
        row.closed_at, row.closed_by = now, actor
        drop_shelving(row, actor=actor, now=now)
    row.save(
        update_fields=("state", "acknowledged_at", "acknowledged_by", "closed_at", "closed_by", "due", "answer_due")
    )
    if cleared:
        finish_chain(row, actor=actor, now=now)


@transaction.atomic
def undo_acknowledge(alarm: Alarm, *, actor: User, now: datetime) -> Alarm:
    """Take one's own acknowledgement back within ten seconds; the answer clock runs on as if it had not stopped.

    Raises NotNow when the last act was another's, was no acknowledgement, or is longer ago.
    """
    require(actor, "alarm.acknowledge", alarm.region)
    row = locked(alarm)
    last = row.acts.order_by("-id").first()
    if last is None or last.do != AlarmDo.ACKNOWLEDGE or last.actor_id != actor.pk:
        raise NotNow(_("There is no acknowledgement of yours to take back"))
    if now - last.at > UNDO_WITHIN or row.case_id is not None:
        raise NotNow(_("An acknowledgement can be taken back for 10 seconds"))
    if row.shelved_until is not None:
        raise NotNow(_("It is shelved: end the shelving first"))
    was = row.state
    # It may have cleared in these seconds: then it is "cleared, not acknowledged", not what it was before.
    row.state = AlarmState.CLEARED if row.cleared_at else AlarmState.UNACKNOWLEDGED
    row.acknowledged_at = row.acknowledged_by = row.closed_at = row.closed_by = None
    again = clocks.undo_stop(ref_of(row), stopped_at=last.at, now=now)
    row.due = min((clock.due for clock in again), default=None)
    row.save(update_fields=("state", "acknowledged_at", "acknowledged_by", "closed_at", "closed_by", "due"))
    _leave(row, AlarmDo.UNDO, "alarm.unacknowledged", actor=actor, now=now, was=was)
    return row


@transaction.atomic
def close(alarm: Alarm, *, actor: User, now: datetime, note: str) -> Alarm:
    """Close an alarm with a reason.

    Raises NotAllowed; AlreadyDone; NotNow while the condition still holds under a rule in force, or without a reason.
    """
    require(actor, "alarm.close", alarm.region)
    row = locked(alarm)
    if row.state == AlarmState.CLOSED:
        raise AlreadyDone(row, row.closed_by, row.closed_at)
    if not note.strip():
        raise NotNow(_("Write why it is closed"))
    if still_holds(row):
        raise NotNow(_("It still holds. Open a case, or wait until it clears."))
    was = row.state
    row.state = AlarmState.CLOSED
    _stop_clocks(row, now)
    row.closed_at, row.closed_by, row.close_note = now, actor, note.strip()[:200]
    if row.acknowledged_at is None:
        row.acknowledged_at, row.acknowledged_by = now, actor
    drop_shelving(row, actor=actor, now=now)
    row.save(
        update_fields=(
            "state", "closed_at", "closed_by", "close_note", "due", "answer_due", "acknowledged_at", "acknowledged_by",
        )
    )  # fmt: skip
    _leave(row, AlarmDo.CLOSE, "alarm.closed", actor=actor, now=now, was=was, note=row.close_note)
    finish_chain(row, actor=actor, now=now)
    return row


def still_holds(alarm: Alarm) -> bool:
    """True while a rule in force keeps this alarm on. Late discoveries and ended rules hold nothing."""
    return alarm.cleared_at is None and not alarm.retrospective and alarm.rule.to_at is None


@transaction.atomic
def open_case_for(
    alarms: Alarm | Sequence[Alarm], *, unit: Department, actor: User, now: datetime, note: str = ""
) -> Any:
    """Open one case for these alarms and give it to `unit`; this is the act that opens their chain.

    Alarms nobody had acknowledged are acknowledged by it. The case takes the level, region and title of the most
    severe alarm (the earliest of equals). An alarm that stands in a chain brings it along; others join that chain.

    Returns the case. Raises NotAllowed; AlreadyDone when one of them has an open case; NotNow when none is open.
    """
    chosen = [alarms] if isinstance(alarms, Alarm) else list(alarms)
    if not chosen:
        raise NotNow(_("Choose an alarm first"))
    rows = [locked(alarm) for alarm in chosen]
    for row in rows:
        require(actor, "case.open", row.region)
        if row.case is not None and row.case.closed_at is None:
            raise AlreadyDone(row, row.case.opened_by, row.case.opened_at)
        if row.state == AlarmState.CLOSED and not row.retrospective:
            raise NotNow(_("%(title)s is closed already") % {"title": row.title})
    lead = min(rows, key=lambda row: (row.level, row.raised_at, row.pk))
    chain = _chain_of(rows, lead, actor, now)
    case = _opener[0](
        region=lead.region,
        title=lead.title,
        level=lead.level,
        chain=chain,
        unit=unit,
        now=now,
        actor=actor,
        cause=ref_of(lead),
        note=note,
    )
    for row in sorted(rows, key=lambda row: (row.raised_at, row.pk)):
        if row.chain_id is None:
            chains.link(chain, "", ref_of(row), now=now)
        chains.link(chain, ref_of(row), ref_of(case), now=now)
        was = row.state
        row.chain, row.case = row.chain or chain, case
        row.save(update_fields=("chain", "case"))
        if was in UNANSWERED:
            _seen(row, actor, now)
        _leave(row, AlarmDo.OPEN_CASE, "alarm.case", actor=actor, now=now, was=was, note=case.number)
    return case


def _chain_of(rows: Sequence[Alarm], lead: Alarm, actor: User, now: datetime) -> Chain:
    """The earliest chain that one of the alarms stands in, else a new one at the place of the lead."""
    known = [row.chain for row in rows if row.chain is not None and row.chain.closed_at is None]
    if known:
        return min(known, key=lambda chain: chain.pk)
    return chains.open_chain(
        "alarm",
        title=lead.title,
        region=lead.region,
        now=now,
        actor=actor,
        level=lead.level,
        exercise=lead.exercise,
        lon=lead.point.lon,
        lat=lead.point.lat,
        prefix="EX" if lead.exercise else "AL",
    )


def _stop_clocks(row: Alarm, now: datetime) -> None:
    """It was answered: note until when it had to be, shelvings counted out. The caller saves `due` and `answer_due`."""
    row.answer_due = min((clock.due for clock in clocks.stop(ref_of(row), now=now)), default=row.answer_due)
    row.due = None


def start_answer_clock(alarm: Alarm, now: datetime) -> None:
    """The answer clock of the alarm's level; a nearer one that already runs is kept.

    A rulebook without an answer clock for the level still raises the alarm: only its deadline is missing.
    """
    code = f"alarm.answer.{alarm.level}"
    try:
        clock = clocks.start(ref_of(alarm), code, region=alarm.region, now=now, chain=alarm.chain_id)
    except NoRule:
        log.warning("the rulebook has no clock %s: alarm %s has no deadline", code, alarm.pk)
        return
    alarm.due = alarm.answer_due = clock.due if alarm.due is None else min(alarm.due, clock.due)
    alarm.save(update_fields=("due", "answer_due"))


def drop_shelving(row: Alarm, *, actor: User, now: datetime) -> None:
    """The alarm is closed: so is what was shelved or asked of it. Saves the fields of the shelving."""
    if row.shelved_until is not None:
        began = Shelving.objects.filter(alarm=row, state=ShelvingState.SHELVED).values_list("began_at", flat=True)
        row.shelved_s += sum(round((now - at).total_seconds()) for at in began if at is not None)
        row.shelved_until = row.shelved_level = None
        row.save(update_fields=("shelved_until", "shelved_level", "shelved_s"))
    rows = Shelving.objects.filter(alarm=row, state__in=(ShelvingState.ASKED, ShelvingState.SHELVED))
    rows.update(state=ShelvingState.ENDED, ended_at=now, ended_by=actor, end=ShelvingEnd.CLOSED)


def locked(alarm: Alarm) -> Alarm:
    """The row as it is now, held until the transaction ends. On SQLite the write transaction itself holds it."""
    rows = Alarm.records.select_for_update(of=("self",)).select_related(
        "region", "point", "rule", "chain", "case", "acknowledged_by", "closed_by"
    )
    row: Alarm = rows.defer("rule__points").get(pk=alarm.pk)
    return row


def _leave(row: Alarm, do: str, event: str, *, actor: User, now: datetime, was: str, note: str = "") -> None:
    """Trail, audit line and event of one act."""
    AlarmAct.objects.create(alarm=row, do=do, at=now, actor=actor, was=was, note=note[:200])
    audit.record(
        actor=actor,
        verb=f"alarm.{do}",
        obj=row,
        region=row.region,
        before={"state": was},
        after={"state": row.state, "level": row.level},
        note=note,
        now=now,
    )
    publish(event, ref=ref_of(row), region=row.region, verb="alarm.see", at=now, data=event_data(row))


def finish_chain(row: Alarm, *, actor: User, now: datetime) -> None:
    """The alarm was closed: its chain is closed too when nothing else goes on in it. A replay ends its own chain."""
    if row.chain is not None and not row.exercise:
        chains.close_if_done(row.chain, now=now, actor=actor)


def event_data(row: Alarm, *, sound: bool = False) -> dict[str, Any]:
    """What an open page may know without asking: no name of a person in it."""
    return {
        "level": row.level,
        "state": row.state,
        "point": row.point_id,
        "title": row.title,
        "sound": sound,
        "shelved": row.shelved_until is not None,
        "exercise": row.exercise,
        "retrospective": row.retrospective,
    }
