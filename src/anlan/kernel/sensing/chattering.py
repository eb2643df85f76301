"""Chattering (抖动): an alarm that comes and goes again and again keeps one row, is marked with its count, rings once.

Raises are counted by event time over the rulebook's window; the last ones stand in the alarm and go over to the next
alarm of the same point and rule, so that an answer in between does not start the count anew. While it chatters, an
answer holds: the alarm stays answered when it clears and comes again, until it was quiet for the whole window.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db import transaction

from anlan.kernel.audit import services as audit
from anlan.kernel.people.services import system_user
from anlan.kernel.sensing.alarm_life import CHATTER, LifeRules
from anlan.kernel.sensing.alarms import drop_shelving, event_data, finish_chain, locked
from anlan.kernel.sensing.models import Alarm, AlarmState
from anlan.kernel.web.events import publish
from anlan.kernel.web.refs import ref_of

log = logging.getLogger(__name__)

#: How many raises an alarm remembers; a count above this is known from `raises`.
REMEMBERED = 50

#: How far back the last closed alarm of a point and rule is looked for.
LOOK_BACK = timedelta(days=1)


def window(alarm: Alarm, life: LifeRules) -> timedelta:
    """Over how long raises are counted; zero where the rulebook does not say."""
    return life.span(CHATTER, "within_s", alarm.region) or timedelta()


def note(alarm: Alarm, t: datetime, life: LifeRules, before: Iterable[int] = ()) -> None:
    """The alarm was raised at `t` (event time): count it, and mark it when that is too often.

    before  raises of the alarm that went before this one, ms; given when this one is new
    """
    body = life.body(CHATTER, alarm.region)
    if body is None:
        return
    since = _ms(t) - round(float(body["within_s"]) * 1000)
    recent = [at for at in (*before, *(alarm.recent_raises or ())) if at > since]
    alarm.recent_raises = sorted([*recent, _ms(t)])[-REMEMBERED:]
    if len(alarm.recent_raises) >= body["count"] and alarm.chattering_since is None:
        alarm.chattering_since = t


def is_quiet_again(alarm: Alarm, t: datetime, life: LifeRules) -> bool:
    """True when the alarm was not raised for a whole window before `t`."""
    return not alarm.recent_raises or _ms(t) - max(alarm.recent_raises) > window(alarm, life).total_seconds() * 1000


def recent_raises(points: Iterable[int], first: datetime) -> dict[tuple[int, int, str, str], list[int]]:
    """Raises that the last closed alarms of these points remember, ms, by (point, entry, condition, lane).

    first  event time from which a raise may follow on them
    """
    rows = Alarm.records.filter(
        point_id__in=list(points),
        raised_at__gte=first - LOOK_BACK,
        closed_at__isnull=False,
        retrospective=False,
        recent_raises__isnull=False,
    ).order_by("id")
    columns = ("point_id", "entry_id", "condition", "lane", "recent_raises")
    return {(p, e, c, lane): list(found) for p, e, c, lane, found in rows.values_list(*columns)}


def settle(now: datetime, limit: int = 200) -> int:
    """Close what was answered, has cleared and is quiet again; called by the jobs process, returns how many."""
    rows = Alarm.records.filter(
        closed_at=None, state=AlarmState.ACKNOWLEDGED, cleared_at__isnull=False, shelved_until=None
    ).exclude(chattering_since=None)
    settled = 0
    for alarm in rows.select_related("region")[:limit]:
        try:
            settled += _settle_one(alarm, now)
        except Exception:
            log.exception("chattering alarm %s could not be closed", alarm.pk)
    return settled


@transaction.atomic
def _settle_one(alarm: Alarm, now: datetime) -> int:
    row = locked(alarm)
    waits = row.state == AlarmState.ACKNOWLEDGED and row.cleared_at is not None and row.shelved_until is None
    if not waits or not is_quiet_again(row, now, LifeRules(now)):
        return 0
    hand = system_user("engine")
    row.state, row.closed_at, row.closed_by = AlarmState.CLOSED, now, hand
    row.save(update_fields=("state", "closed_at", "closed_by"))
    drop_shelving(row, actor=hand, now=now)
    audit.record(
        actor=hand,
        verb="alarm.clear",
        obj=row,
        region=row.region,
        before={"state": AlarmState.ACKNOWLEDGED},
        after={"state": row.state, "raises": row.raises},
        now=now,
        source="jobs",
    )
    publish("alarm.closed", ref=ref_of(row), region=row.region, verb="alarm.see", at=now, data=event_data(row))
    finish_chain(row, actor=hand, now=now)
    return 1


def _ms(moment: datetime) -> int:
    return round(moment.astimezone(UTC).timestamp() * 1000)
