"""Who is told when an alarm rings, and how often: in a flood people see causes, not noise.

At most ten notices of alarms reach one person in ten minutes: nine alarms one by one, the most severe first, and one
line that says to open the duty desk. Nothing is dropped from the list of alarms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.kernel.notices import services as notices
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.models import User
from anlan.kernel.people.services import people_with
from anlan.kernel.sensing.conditions import LEVEL, in_words
from anlan.kernel.sensing.models import Alarm
from anlan.kernel.web.formatting import COLOURS, NUMERALS
from anlan.kernel.web.refs import ref_of

MOST = 10
WITHIN = timedelta(minutes=10)


def ring(alarms: Sequence[Alarm], now: datetime) -> None:
    """Tell everybody who may acknowledge these alarms, in the transaction that raised them."""
    if not alarms:
        return
    hearers = _hearers(alarms)
    told: dict[int, int] = {user.pk: _told_lately(user, now) for user in hearers}
    singly: dict[int, list[User]] = defaultdict(list)
    together: list[User] = []
    for user, theirs in hearers.items():
        for alarm in theirs:
            if told[user.pk] < MOST - 1:
                singly[alarm.pk].append(user)
                told[user.pk] += 1
            elif told[user.pk] == MOST - 1:
                together.append(user)
                told[user.pk] += 1
    for alarm in alarms:
        _tell(alarm, singly[alarm.pk], now)
    _tell_together(alarms, together, now)


def _hearers(alarms: Sequence[Alarm]) -> dict[User, list[Alarm]]:
    """Each person with the alarms they may acknowledge, the most severe first, causes before what followed them."""
    by_region: dict[int, list[User]] = {}
    hearers: dict[User, list[Alarm]] = defaultdict(list)
    for alarm in sorted(alarms, key=lambda alarm: (alarm.level, alarm.first_id is not None, alarm.pk)):
        if alarm.region_id not in by_region:
            by_region[alarm.region_id] = people_with("alarm.acknowledge", alarm.region)
        for user in by_region[alarm.region_id]:
            hearers[user].append(alarm)
    return hearers


def _told_lately(user: User, now: datetime) -> int:
    """How many notices of alarms this person got in the last ten minutes, counted up to ten."""
    latest = Notice.objects.filter(to=user, ref__startswith="alarm:").order_by("-id")
    times = latest.values_list("created_at", flat=True)[:MOST]
    return sum(1 for at in times if at > now - WITHIN)


def _tell(alarm: Alarm, users: Sequence[User], now: datetime) -> None:
    notices.tell(
        users,
        title=lambda: f"{NUMERALS[alarm.level]} {COLOURS[alarm.level]} · {alarm.title}",
        body=lambda: " · ".join(part for part in (_what(alarm), alarm.region.name, _clause(alarm)) if part),
        level=alarm.level,
        ref=ref_of(alarm),
        url=reverse("sensing:alarm", args=[alarm.pk]),
        region=alarm.region,
        now=now,
        sound=True,
    )


def _what(alarm: Alarm) -> str:
    point = alarm.point
    if alarm.condition != LEVEL:
        return " ".join(in_words(alarm.rule.condition, point.unit))
    return f"{alarm.value:.{point.digits}f} {point.unit}".strip() if alarm.value is not None else ""


def _clause(alarm: Alarm) -> str:
    return f"{alarm.entry.standard} {alarm.entry.clause}".strip()


def _tell_together(alarms: Sequence[Alarm], users: Sequence[User], now: datetime) -> None:
    worst = min(alarms, key=lambda alarm: (alarm.level, alarm.pk))
    notices.tell(
        users,
        title=lambda: _("More alarms are coming in"),
        body=lambda: _("Ten notices in ten minutes are the most: the duty desk lists every alarm."),
        level=worst.level,
        ref=ref_of(worst),
        url="/duty/",
        region=worst.region,
        now=now,
        sound=True,
    )
