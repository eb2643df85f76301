"""What the kernel itself brings to the inbox: open alarms and open cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from anlan.kernel.cases import registry
from anlan.kernel.cases.models import Case
from anlan.kernel.desks.inbox import LIMIT, Item
from anlan.kernel.people.models import Department
from anlan.kernel.people.rights import holds, reach
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.scope import within
from anlan.kernel.sensing import groups
from anlan.kernel.sensing.models import Alarm, AlarmState
from anlan.kernel.web.formatting import short_time
from anlan.kernel.web.refs import address_of, ref_of


def open_alarms(viewer: Any) -> Any:
    """Alarms that still need a duty officer: neither closed nor in a case. Late discoveries stand without clock."""
    return (
        Alarm.objects.for_actor(viewer, "alarm.see", exercise=None)
        .filter(closed_at=None, case=None)
        .exclude(state=AlarmState.CLOSED)
        # A town's outline weighs more than all its alarms.
        .defer("region__boundary")
    )


def alarm_items(viewer: Any, now: datetime) -> Iterator[Item]:
    """Open alarms, what followed a first one folded under it."""
    rows = open_alarms(viewer).filter(exercise=False, shelved_until=None).select_related("region", "point")
    for head, under in groups.fold(rows.order_by("due", "level", "-id")[:LIMIT]):
        first = bool(under) and head.first_id is None
        yield replace(_line(head, first=first), under=tuple(_line(one) for one in under))


def shelved_items(viewer: Any, now: datetime) -> Iterator[Item]:
    """Shelved alarms: they stand at the end of the desk without clock or sound, and under a tab of their own."""
    rows = open_alarms(viewer).filter(exercise=False, shelved_until__isnull=False).select_related("region", "point")
    for alarm in rows.order_by("shelved_until", "level", "-id")[:LIMIT]:
        state = _("Shelved until %(at)s") % {"at": short_time(alarm.shelved_until, now)}
        yield replace(_line(alarm), kind="shelved", state=state, quiet=True, due=None)


def _line(alarm: Alarm, *, first: bool = False) -> Item:
    place = f"{alarm.point.site_name} · {alarm.region.name}" if alarm.point.site_name else alarm.region.name
    unanswered = alarm.acknowledged_at is None
    marks = [_("first-up")] if first else []
    if alarm.chattering_since is not None:
        marks.append(_("chattering ×%(n)s") % {"n": alarm.raises})
    return Item(
        ref=ref_of(alarm),
        url=address_of(alarm),
        kind="alarm",
        title=alarm.title,
        place=place,
        state=alarm.get_state_display(),
        level=alarm.level,
        at=alarm.raised_at,
        due=alarm.due if unanswered else None,
        started=alarm.seen_at,
        quiet=not unanswered,
        marks=tuple(marks),
    )


def open_cases(viewer: Any) -> Any:
    return Case.objects.for_actor(viewer, "case.see").filter(closed_at=None)


def case_items(viewer: Any, now: datetime) -> Iterator[Item]:
    rows = open_cases(viewer).select_related("region", "unit").defer("region__boundary").order_by("due", "level", "-id")
    for case in rows[:LIMIT]:
        workflow = registry.get(case.kind)
        yield Item(
            ref=ref_of(case),
            url=address_of(case),
            kind="case",
            title=case.title,
            place=case.unit.name if case.unit else case.region.name,
            state=str(workflow.state_label(case.state)),
            level=case.level,
            at=case.opened_at,
            due=case.due,
            started=case.opened_at,
            mine=case.assignee_id == viewer.pk or (case.unit_id is not None and case.unit_id == viewer.department_id),
        )


def units_for(viewer: Any, verb: str, place: Region) -> list[Department]:
    """Units that `viewer` may give work to, those that answer for `place` first, the nearest on top.

    Of units in the same place those that belong to a bureau come before those that stand for themselves.
    """
    rows = Department.objects.filter(within(reach(viewer, verb))).select_related("region").order_by("code")
    near = [unit for unit in rows if place.path.startswith(unit.region.path)]
    near.sort(key=lambda unit: (-len(unit.region.path), unit.parent_id is None, unit.code))
    return near + [unit for unit in rows if unit not in near]


def sees_duty(viewer: Any) -> bool:
    return holds(viewer, "alarm.acknowledge")
