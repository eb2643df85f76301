"""Shelving (搁置): an alarm that is known and cannot be helped now is silent until a set time, and no longer.

It needs a reason and an end within a day; a red or orange one needs a second person (W5). While it is shelved it makes
no sound and no notice and its answer clock stands still, but it stays in every list. It ends by its time, by hand, when
the level rises above what was allowed, or with the alarm. At the end it is live again, and rings if it still holds.
Every act leaves an audit line and an event in the transaction of the change.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.clocks import services as clocks
from anlan.kernel.clocks.queries import clocks_of
from anlan.kernel.notices import services as notices
from anlan.kernel.people.models import User
from anlan.kernel.people.queries import people_with
from anlan.kernel.people.rights import require
from anlan.kernel.people.services import system_user
from anlan.kernel.sensing import bell
from anlan.kernel.sensing.alarm_life import SHELVE, LifeRules
from anlan.kernel.sensing.alarms import (
    UNANSWERED,
    AlreadyDone,
    NotNow,
    event_data,
    finish_chain,
    locked,
    start_answer_clock,
)
from anlan.kernel.sensing.models import Alarm, AlarmState, Shelving, ShelvingEnd, ShelvingState
from anlan.kernel.sensing.rules import LIVE
from anlan.kernel.web.events import publish
from anlan.kernel.web.formatting import bureau_time, span
from anlan.kernel.web.refs import ref_of

log = logging.getLogger(__name__)

VERB = "alarm.shelve"

#: Of an alarm at most one shelving is asked for or in force.
OPEN = (ShelvingState.ASKED, ShelvingState.SHELVED)


@transaction.atomic
def shelve(alarm: Alarm, *, until: datetime, reason: str, actor: User, now: datetime) -> Shelving:
    """Shelve an alarm until `until`; where its level needs a second person, ask for one: nothing is silent before.

    Raises NotAllowed; AlreadyDone when it is closed; NotNow without a reason, for an end that is past or too far, for a
    late discovery, and when it is shelved or asked for already.
    """
    require(actor, VERB, alarm.region)
    row = locked(alarm)
    entry = LifeRules(now).entry(SHELVE, row.region)
    _check(row, until, reason, now, entry.body if entry is not None else None)
    assert entry is not None
    second = row.level in entry.body["second_person_levels"]
    shelving = Shelving.objects.create(
        alarm=row,
        state=ShelvingState.ASKED if second else ShelvingState.SHELVED,
        reason=reason.strip()[:200],
        level=row.level,
        entry=entry,
        asked_by=actor,
        asked_at=now,
        until=until,
        expires_at=min(until, now + timedelta(seconds=entry.body["confirm_within_s"])) if second else None,
    )
    if second:
        _leave(row, shelving, "alarm.shelve_ask", "alarm.shelving", actor=actor, now=now)
        _ask_others(row, shelving, now)
    else:
        _begin(row, shelving, actor=actor, now=now)
    return shelving


def _check(row: Alarm, until: datetime, reason: str, now: datetime, body: Any) -> None:
    if row.state == AlarmState.CLOSED:
        raise AlreadyDone(row, row.closed_by, row.closed_at)
    if row.retrospective:
        raise NotNow(_("It was found afterwards and makes no sound: there is nothing to shelve"))
    if body is None:
        raise NotNow(_("The rulebook does not say how long an alarm may be shelved"))
    standing = Shelving.objects.filter(alarm=row, state__in=OPEN).select_related("asked_by").first()
    if standing is not None:
        words = _("%(who)s shelved it until %(at)s") if standing.state == ShelvingState.SHELVED else None
        words = words or _("%(who)s has asked to shelve it until %(at)s; a second person has to confirm")
        raise NotNow(words % {"who": standing.asked_by, "at": bureau_time(standing.until)})
    if not reason.strip():
        raise NotNow(_("Write why it is shelved"))
    if until <= now:
        raise NotNow(_("The end of a shelving lies ahead"))
    if (until - now).total_seconds() > body["longest_s"]:
        raise NotNow(_("An alarm is shelved for %(span)s at most") % {"span": span(body["longest_s"])})


@transaction.atomic
def confirm(shelving: Shelving, *, actor: User, now: datetime) -> Shelving:
    """The second person agrees: from now on it is shelved.

    Raises NotAllowed; NotNow when the same person asked, when it waits no longer, or when the level rose meanwhile.
    """
    require(actor, VERB, shelving.alarm.region)
    row, held = _held(shelving)
    if held.state != ShelvingState.ASKED or held.expires_at is None or held.expires_at <= now:
        raise NotNow(_("This request waits no longer: %(state)s") % {"state": _state_words(held)})
    if held.asked_by_id == actor.pk:
        raise NotNow(_("A second person has to confirm it"))
    if row.level < held.level:
        raise NotNow(_("The level rose since it was asked for: ask again"))
    held.confirmed_by = actor
    _begin(row, held, actor=actor, now=now)
    return held


def _state_words(held: Shelving) -> str:
    return str(ShelvingState.LAPSED.label if held.state == ShelvingState.ASKED else held.get_state_display())


@transaction.atomic
def refuse(shelving: Shelving, *, actor: User, now: datetime) -> Shelving:
    """Say no to a request, or take one's own back. Raises NotAllowed; NotNow when it waits no longer."""
    require(actor, VERB, shelving.alarm.region)
    row, held = _held(shelving)
    if held.state != ShelvingState.ASKED:
        raise NotNow(_("This request waits no longer: %(state)s") % {"state": _state_words(held)})
    held.state, held.ended_at, held.ended_by = ShelvingState.REFUSED, now, actor
    held.save()
    _leave(row, held, "alarm.shelve_refuse", "alarm.shelving", actor=actor, now=now)
    return held


@transaction.atomic
def unshelve(alarm: Alarm, *, actor: User, now: datetime) -> Alarm:
    """End the shelving before its time: the alarm is live again, and rings if it still holds.

    Raises NotAllowed; NotNow when it is not shelved.
    """
    require(actor, VERB, alarm.region)
    row = locked(alarm)
    held = Shelving.objects.filter(alarm=row, state=ShelvingState.SHELVED).first()
    if held is None:
        raise NotNow(_("It is not shelved"))
    _end(row, held, ShelvingEnd.HAND, actor=actor, now=now)
    return row


def keep(now: datetime, limit: int = 200) -> int:
    """End what is due and let requests lapse that nobody confirmed; called by the jobs process, returns how many.

    Each in a transaction of its own. Ends are kept as rows, so after a stop of the product the missed ones end at once.
    """
    due = Shelving.objects.filter(state=ShelvingState.SHELVED, until__lte=now).order_by("until", "id")
    lapsed = Shelving.objects.filter(state=ShelvingState.ASKED, expires_at__lte=now).order_by("expires_at", "id")
    pks = [*due.values_list("pk", flat=True)[:limit], *lapsed.values_list("pk", flat=True)[:limit]]
    ended = 0
    for pk in pks:
        try:
            ended += _keep_one(pk, now)
        except Exception:
            # One bad row must not keep the others silent; it is tried again in the next round.
            log.exception("shelving %s could not be ended", pk)
    return ended


@transaction.atomic
def _keep_one(pk: int, now: datetime) -> int:
    row, held = _held(Shelving.objects.select_related("alarm").get(pk=pk))
    hand = system_user("jobs")
    if held.state == ShelvingState.SHELVED and held.until <= now:
        _end(row, held, ShelvingEnd.TIME, actor=hand, now=now)
    elif held.state == ShelvingState.ASKED and held.expires_at is not None and held.expires_at <= now:
        held.state, held.ended_at = ShelvingState.LAPSED, now
        held.save()
        _leave(row, held, "alarm.shelve_lapse", "alarm.shelving", actor=hand, now=now)
    else:
        return 0
    return 1


def end_for_level(row: Alarm, *, actor: User, now: datetime) -> None:
    """The level rose above the one that was shelved: nobody allowed that to be silent. The caller rings."""
    held = Shelving.objects.filter(alarm=row, state=ShelvingState.SHELVED).first()
    if held is not None:
        _end(row, held, ShelvingEnd.LEVEL, actor=actor, now=now, ring=False)


def _held(shelving: Shelving) -> tuple[Alarm, Shelving]:
    """Alarm and shelving as they are now, held until the transaction ends; the alarm first, as everywhere."""
    row = locked(shelving.alarm)
    rows = Shelving.objects.select_for_update(of=("self",)).select_related("asked_by", "confirmed_by", "entry")
    return row, rows.get(pk=shelving.pk)


def _begin(row: Alarm, shelving: Shelving, *, actor: User, now: datetime) -> None:
    shelving.state, shelving.began_at = ShelvingState.SHELVED, now
    shelving.save()
    row.shelved_until, row.shelved_level = shelving.until, row.level
    if row.state in UNANSWERED:
        row.due = row.answer_due = None  # known again when its clock runs on
    row.save(update_fields=("shelved_until", "shelved_level", "due", "answer_due"))
    for clock in clocks_of(ref_of(row), running=True):
        if clock.paused_at is None:
            clocks.pause(clock, now=now)
    _leave(row, shelving, "alarm.shelve", "alarm.shelved", actor=actor, now=now)


def _end(row: Alarm, shelving: Shelving, how: str, *, actor: User, now: datetime, ring: bool = True) -> None:
    """Make the alarm live again: closed when it was seen and cleared meanwhile, else asking again if it holds."""
    shelving.state, shelving.end, shelving.ended_at, shelving.ended_by = ShelvingState.ENDED, how, now, actor
    shelving.save()
    row.shelved_until = row.shelved_level = None
    row.shelved_s += round((now - (shelving.began_at or now)).total_seconds())
    rings = row.cleared_at is None
    if not rings and row.state == AlarmState.ACKNOWLEDGED and row.case_id is None:
        row.state, row.closed_at, row.closed_by = AlarmState.CLOSED, now, system_user("engine")
    elif rings and row.state == AlarmState.ACKNOWLEDGED and row.case_id is None:
        # Who saw it before is not here any more to know it when it comes back.
        row.state, row.acknowledged_at, row.acknowledged_by = AlarmState.UNACKNOWLEDGED, None, None
    if rings:
        row.rang_at = now
    row.save(
        update_fields=(
            "shelved_until", "shelved_level", "shelved_s", "state", "closed_at", "closed_by", "acknowledged_at",
            "acknowledged_by", "rang_at",
        )
    )  # fmt: skip
    _run_on(row, now)
    _leave(row, shelving, "alarm.unshelve", "alarm.unshelved", actor=actor, now=now, sound=rings and ring)
    if rings and ring and row.lane == LIVE:
        bell.ring([row], now)
    if row.state == AlarmState.CLOSED:
        finish_chain(row, actor=actor, now=now)


def _run_on(row: Alarm, now: datetime) -> None:
    """The answer clock runs on with the time that was left; without one, an unanswered alarm gets its own anew."""
    if row.state not in UNANSWERED:
        clocks.stop(ref_of(row), now=now)
        return
    running = clocks_of(ref_of(row), running=True)
    dues = [clocks.resume(clock, now=now).due if clock.paused_at is not None else clock.due for clock in running]
    if not dues:
        if row.lane == LIVE:
            start_answer_clock(row, now)
        return
    row.due = row.answer_due = min(dues)
    row.save(update_fields=("due", "answer_due"))


def _ask_others(row: Alarm, shelving: Shelving, now: datetime) -> None:
    notices.tell(
        people_with(VERB, row.region, exclude=[shelving.asked_by]),
        title=lambda: _("Confirm the shelving: %(title)s") % {"title": row.title},
        body=lambda: (
            _("%(who)s asks to shelve it until %(at)s: %(reason)s")
            % {"who": shelving.asked_by, "at": bureau_time(shelving.until), "reason": shelving.reason}
        ),
        level=row.level,
        ref=ref_of(row),
        url=reverse("sensing:alarm", args=[row.pk]),
        region=row.region,
        exercise=row.exercise,
        now=now,
    )


def _leave(
    row: Alarm, shelving: Shelving, verb: str, event: str, *, actor: User, now: datetime, sound: bool = False
) -> None:
    """Audit line and event of one change."""
    audit.record(
        actor=actor,
        verb=verb,
        obj=row,
        region=row.region,
        after={
            "state": row.state,
            "level": row.level,
            "shelving": shelving.state,
            "until": shelving.until.isoformat(),
            "asked_by": shelving.asked_by.username,
            "end": shelving.end,
        },
        note=shelving.reason,
        now=now,
    )
    publish(event, ref=ref_of(row), region=row.region, verb="alarm.see", at=now, data=event_data(row, sound=sound))
