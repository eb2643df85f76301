"""Somebody was at a hazard point."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.apps.sites.models import Finding, Patrol
from anlan.apps.sites.queries import due_of
from anlan.apps.sites.services.states import note_state
from anlan.kernel.audit import services as audit
from anlan.kernel.notices.services import tell
from anlan.kernel.people.models import User
from anlan.kernel.people.queries import people_with
from anlan.kernel.people.rights import require
from anlan.kernel.registers.declarations import Register
from anlan.kernel.web.refs import ref_of

#: How long after it a patrol may still be entered.
OLDEST = timedelta(days=30)


class Refused(ValueError):
    """What was asked cannot be done; says why in words for the person who asked."""


@transaction.atomic
def record_patrol(
    register: Register, point: Any, *, finding: str, note: str, at: datetime, actor: User, now: datetime
) -> Patrol:
    """Write down a visit; a danger is told to everyone who answers alarms there.

    at  when it was, not after `now`; a visit before the last one is kept, and the point keeps the later finding

    Raises NotAllowed without patrol.record there; Refused for a finding without a word on it, a time that cannot be.
    """
    require(actor, "patrol.record", point.region)
    note = note.strip()
    if finding not in Finding.values:
        raise Refused(_("Say what was found."))
    if finding != Finding.NORMAL and len(note) < 2:
        raise Refused(_("Describe what changed or what the danger is."))
    if at > now + timedelta(minutes=5):
        raise Refused(_("The visit lies in the future; correct its time."))
    if at < now - OLDEST:
        raise Refused(_("A visit more than 30 days ago is not entered here; correct its time."))
    point = register.model.records.select_for_update(of=("self",)).select_related("region").get(pk=point.pk)
    if point.removed_at is not None:
        raise Refused(_("This point was taken out of use; restore it first."))
    due = due_of(register.code, point, now)
    patrol = Patrol.records.create(
        ref=ref_of(point), region=point.region, at=at, by=actor, finding=finding, note=note[:500], due_at=due.due_at,
        rule=due.rule, recorded_at=now,
    )  # fmt: skip
    after = {"finding": finding, "at": at, "note": note, "due": due.due_at, "rule": due.rule and due.rule.pk}
    audit.record(actor=actor, verb="patrol.record", obj=patrol, region=point.region, after=after, now=now)
    if point.patrolled_at is None or at >= point.patrolled_at:
        values = {"patrolled_at": at, "finding": finding}
        note_state(register, point, values, verb="patrol.state", actor=actor, now=now, note=note[:200])
    if finding == Finding.DANGER:
        _tell(register, point, patrol, actor, now)
    return patrol


def move(gone: str, stays: Any) -> int:
    """Bring the patrols of a point along that is merged into another one."""
    return Patrol.records.filter(ref=gone).update(ref=ref_of(stays), region=stays.region)


def _tell(register: Register, point: Any, patrol: Patrol, actor: User, now: datetime) -> None:
    name, words = point.name, patrol.note
    tell(
        people_with("alarm.acknowledge", point.region, exclude=[actor]),
        title=lambda: _("Danger found on patrol: %(name)s") % {"name": name},
        body=words,
        level=point.level,
        ref=ref_of(point),
        url=reverse("registers:archive", args=[register.code, point.code]) + "?tab=patrols",
        region=point.region,
        now=now,
        sound=True,
    )
