"""Rosters: who takes part, drawing one up, putting it in force, setting somebody else in a place."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.duties.errors import Refused
from anlan.kernel.duties.models import (
    Member,
    Roster,
    RosterChange,
    RosterDuty,
    RosterState,
    Step,
    Swap,
    SwapState,
    Wish,
)
from anlan.kernel.duties.months import Month, begins, duty_of, first_of, month_of, staffing_of
from anlan.kernel.duties.rules import scheme
from anlan.kernel.duties.wording import faults_in_words
from anlan.kernel.jobs import services as jobs
from anlan.kernel.notices import services as notices
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions.models import Region
from anlan.kernel.web.events import publish as tell_browsers
from anlan.science.roster.checking import Swap as Exchange
from anlan.science.roster.checking import faults_of, swap_effect
from anlan.science.roster.making import Gap, make_roster
from anlan.science.roster.staffing import Duty, Staffing

#: Name of the job that draws up a roster.
JOB = "duties.draw"

#: A month that begins later than this many days ahead is not drawn up yet.
AHEAD_DAYS = 120


def roster_at(region: Region, month: date) -> Roster:
    """The roster of a place in a month; an empty one, not saved, where nobody has begun it."""
    first = first_of(month)
    rows = Roster.objects.select_related("region", "entry", "published_by")
    return rows.filter(region=region, month=first).first() or Roster(region=region, month=first)


@transaction.atomic
def join(
    *, region: Region, person: User, role: str, since: date, actor: User, now: datetime, weight: float = 1.0,
    most: int | None = None,
) -> Member:  # fmt: skip
    """Let somebody stand duty in a role from a day on; for one who does already, change share and limit.

    Raises NotAllowed without roster.plan, Refused for a role that the rulebook does not know.
    """
    require(actor, "roster.plan", region)
    if role not in scheme(now, region).roles:
        raise Refused(_("Choose a role of the roster."))
    if not 0.1 <= weight <= 2:
        raise Refused(_("A share lies between 0.1 and 2."))
    values = {"weight": weight, "most": most}
    row, made = Member.objects.update_or_create(
        region=region, person=person, role=role, until=None, defaults=values, create_defaults={**values, "since": since}
    )
    after = {"role": role, **values, "since": row.since, "new": made}
    audit.record(actor=actor, verb="roster.join", obj=person, region=region, after=after, now=now)
    return row


@transaction.atomic
def leave(member: Member, *, until: date, actor: User, now: datetime) -> None:
    """Let somebody stand no duty from a day on. Raises NotAllowed, Refused for one who left."""
    kept = Member.objects.select_for_update(of=("self",)).select_related("region", "person").get(pk=member.pk)
    require(actor, "roster.plan", kept.region)
    if kept.until is not None:
        raise Refused(_("%(name)s has left this roster already.") % {"name": kept.person.name})
    kept.until = max(until, kept.since)
    kept.save(update_fields=["until"])
    audit.record(
        actor=actor, verb="roster.leave", obj=kept.person, region=kept.region, now=now,
        after={"role": kept.role, "until": kept.until},
    )  # fmt: skip


@transaction.atomic
def ask_for_drawing(*, region: Region, month: date, actor: User, now: datetime) -> Roster:
    """Have a roster drawn up by a job; a draft that stands is drawn anew with another seed.

    Raises NotAllowed without roster.plan, Refused for a published month, one that is over, or without people.
    """
    require(actor, "roster.plan", region)
    first = first_of(month)
    roster, _made = Roster.objects.select_for_update(of=("self",)).get_or_create(region=region, month=first)
    if roster.state == RosterState.PUBLISHED:
        raise Refused(_("This roster is published; it changes by swaps and replacements only."))
    today = timezone.localdate(now)
    if first < first_of(today) or first > today + timedelta(days=AHEAD_DAYS):
        raise Refused(_("A roster is drawn up for this month or one of the next three."))
    used = scheme(now, region)
    roster.entry, roster.state, roster.seed = used.entry, RosterState.DRAWING, roster.seed + 1
    roster.save()
    if not month_of(roster, now).members:
        raise Refused(_("Nobody stands duty here yet: name the people of the roster first."))
    jobs.enqueue(JOB, {"roster": roster.pk, "seed": roster.seed, "actor": actor.pk}, now=now)
    audit.record(
        actor=actor, verb="roster.draw", obj=roster, region=region, after={"month": first, "seed": roster.seed}, now=now
    )
    return roster


def draw(*, roster: int, seed: int, actor: int, now: datetime) -> None:
    """The job: solve, then write. A repeat, or one that another request has overtaken, writes nothing."""
    row = Roster.objects.select_related("region", "entry").filter(pk=roster, seed=seed).first()
    if row is None or row.state != RosterState.DRAWING:
        return
    month = month_of(row, now)
    staffing = staffing_of(month, now)
    made = make_roster(staffing, seed=seed)
    lacking = {gap.date for gap in made.gaps}
    if lacking:
        # Wishes of the days that would stay empty give way; every other one is kept.
        staffing = _without_wishes(staffing, month, lacking, now)
        made = make_roster(staffing, seed=seed)
    with transaction.atomic():
        kept = Roster.objects.select_for_update(of=("self",)).get(pk=roster)
        if kept.seed != seed or kept.state != RosterState.DRAWING:
            return
        kept.duties.all().delete()
        RosterDuty.objects.bulk_create(_rows(kept, month, made.duties))
        kept.outcome = {
            "proved": made.proved,
            "gaps": [_gap(gap) for gap in made.gaps],
            "unkept": _unkept(made.duties),
        }
        kept.state, kept.drawn_at = RosterState.DRAFT, now
        kept.save()
        hand = User.objects.get(pk=actor)
        RosterChange.objects.create(roster=kept, step=Step.DRAWN, at=now, by=hand, note=f"#{seed}")
        audit.record(
            actor=hand, verb="roster.drawn", obj=kept, region=row.region, now=now,
            after={"duties": len(made.duties), "gaps": len(made.gaps), "proved": made.proved},
        )  # fmt: skip
        tell_browsers("roster.changed", region=row.region, verb="duty.see", at=now)


def _without_wishes(staffing: Staffing, month: Month, days: set[date], now: datetime) -> Staffing:
    plain = {person.id: person for person in staffing_of(month, now, wishes=False).people}
    near = {day + timedelta(days=n) for day in days for n in (-1, 0, 1)}
    people = tuple(
        dataclasses.replace(one, away=one.away - (near - plain[one.id].away)) for one in staffing.people
    )  # fmt: skip
    return dataclasses.replace(staffing, people=people)


def _rows(roster: Roster, month: Month, duties: Sequence[Duty]) -> list[RosterDuty]:
    rows = []
    for duty in duties:
        shift = month.scheme.shifts[duty.shift]
        rows.append(
            RosterDuty(
                roster=roster, day=duty.date, shift=duty.shift, role=duty.role, person_id=int(duty.person),
                starts_at=begins(duty.date, shift.starts_h), ends_at=begins(duty.date, shift.starts_h + shift.hours),
            )
        )  # fmt: skip
    return rows


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "day": gap.date.isoformat(),
        "shift": gap.shift,
        "role": gap.role,
        "lacking": gap.lacking,
        "why": [[int(one.person), [fault.breach.value for fault in one.faults]] for one in gap.hindrances],
    }


def _unkept(duties: Sequence[Duty]) -> list[list[Any]]:
    """Wishes that gave way: person and day."""
    stood = {(int(duty.person), duty.date) for duty in duties}
    rows = Wish.objects.filter(day__in={day for _person, day in stood}).values_list("person_id", "day")
    return [[person, day.isoformat()] for person, day in rows if (person, day) in stood]


@transaction.atomic
def put_in_force(roster: Roster, *, with_gaps: bool, actor: User, now: datetime) -> Roster:
    """Publish a draft; everyone in it is told. Raises NotAllowed, Refused for gaps that nobody has said to accept."""
    kept = Roster.objects.select_for_update(of=("self",)).select_related("region", "entry").get(pk=roster.pk)
    require(actor, "roster.plan", kept.region)
    if kept.state != RosterState.DRAFT:
        raise Refused(_("Only a draft can be published."))
    month = month_of(kept, now)
    duties = [duty_of(row) for row in kept.duties.all()]
    faults = faults_of(duties, staffing_of(month, now, wishes=False))
    if faults and not with_gaps:
        raise Refused(
            _("The roster has faults: %(faults)s. Draw it up anew, or publish it as it is.")
            % {"faults": faults_in_words(faults[:5], month.scheme)}
        )
    kept.state, kept.published_at, kept.published_by = RosterState.PUBLISHED, now, actor
    kept.save()
    RosterChange.objects.create(roster=kept, step=Step.PUBLISHED, at=now, by=actor)
    people = {row.person for row in kept.duties.select_related("person")}
    notices.tell(
        people - {actor}, ref=f"roster:{kept.pk}", region=kept.region, now=now, url=address(kept),
        title=lambda: _("The roster of %(month)s is published") % {"month": f"{kept.month:%Y-%m}"},
    )  # fmt: skip
    audit.record(
        actor=actor, verb="roster.publish", obj=kept, region=kept.region, now=now,
        after={"month": kept.month, "duties": len(duties), "faults": len(faults)},
    )  # fmt: skip
    tell_browsers("roster.changed", region=kept.region, verb="duty.see", at=now)
    return kept


def address(roster: Roster) -> str:
    """The page of a roster."""
    return f"/duties/roster/{roster.region.code}/{roster.month:%Y-%m}/"


@transaction.atomic
def replace(duty: RosterDuty, *, to: User, reason: str, actor: User, now: datetime, force: bool = False) -> RosterDuty:
    """Set somebody else in a place of a draft or of a published roster, as the planner.

    force  although a rule would be broken, such as too short a rest; the trail says so

    Raises NotAllowed without roster.plan; Refused without a reason, for a duty that is over, or with the faults.
    """
    kept, month = locked(duty, now)
    require(actor, "roster.plan", month.region)
    if len(reason.strip()) < 2:
        raise Refused(_("Say why somebody else takes it."))
    faults = judge(month, Exchange(duty_of(kept), str(to.pk)), now)
    if faults and not force:
        raise Refused(faults_in_words(faults, month.scheme))
    before = kept.person
    give(kept, to)
    note_change(kept, Step.REPLACED, before, to, actor, reason, now)
    audit.record(
        actor=actor, verb="roster.replace", obj=month.roster, region=month.region, note=reason.strip(), now=now,
        before={"day": kept.day, "shift": kept.shift, "role": kept.role, "person": before.username},
        after={"person": to.username, "faults": len(faults)},
    )  # fmt: skip
    if month.roster.state == RosterState.PUBLISHED:
        notices.tell(
            {before, to} - {actor}, ref=f"roster:{month.roster.pk}", region=month.region, now=now,
            url=address(month.roster), body=reason.strip(),
            title=lambda: _("%(day)s: %(to)s stands duty instead of %(from)s")
            % {"day": kept.day, "to": to.name, "from": before.name},
        )  # fmt: skip
    return kept


def locked(duty: RosterDuty, now: datetime) -> tuple[RosterDuty, Month]:
    """A duty and its month, held until the transaction ends. Raises Refused for one that is over."""
    Roster.objects.select_for_update(of=("self",)).get(pk=duty.roster_id)
    rows = RosterDuty.objects.select_related("person", "roster__region", "roster__entry")
    kept = rows.filter(pk=duty.pk).first()
    if kept is None:
        raise Refused(_("This duty is no longer in the roster; look at the page again."))
    if kept.ends_at <= now:
        raise Refused(_("This duty is over."))
    return kept, month_of(kept.roster, now)


def judge(month: Month, exchange: Exchange, now: datetime) -> tuple[Any, ...]:
    """What a swap or replacement would break. Raises Refused for what is no swap at all."""
    duties = [duty_of(row) for row in RosterDuty.objects.filter(roster=month.roster)]
    try:
        return swap_effect(duties, exchange, staffing_of(month, now, wishes=False)).faults
    except ValueError as error:
        raise Refused(_("A swap is between two people, each giving a duty of their own.")) from error


def give(duty: RosterDuty, to: User) -> None:
    """Write the person of a place; open requests about it fall away."""
    if RosterDuty.objects.filter(
        roster=duty.roster, day=duty.day, shift=duty.shift, role=duty.role, person=to
    ).exists():
        raise Refused(_("%(name)s stands in this place already.") % {"name": to.name})
    duty.person = to
    duty.save(update_fields=["person"])
    Swap.objects.filter(duty=duty, state=SwapState.ASKED).update(state=SwapState.WITHDRAWN)
    Swap.objects.filter(back=duty, state=SwapState.ASKED).update(state=SwapState.WITHDRAWN)


def note_change(duty: RosterDuty, step: str, before: User, after: User, actor: User, note: str, now: datetime) -> None:
    """One line of the roster's history."""
    RosterChange.objects.create(
        roster=duty.roster, step=step, at=now, by=actor, day=duty.day, place=f"{duty.shift} {duty.role}",
        before=before.name, after=after.name, note=note.strip()[:200],
    )  # fmt: skip
