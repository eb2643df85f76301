"""A roster and what it has to keep to: days, people, absences, wishes, pairs, former months."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet

from anlan.kernel.clocks.services import holidays
from anlan.kernel.clocks.working import Holidays
from anlan.kernel.duties.models import Member, Roster, RosterDuty, RosterState, Wish
from anlan.kernel.duties.presence import days_away
from anlan.kernel.duties.rules import Scheme, scheme, scheme_of
from anlan.kernel.people.models import Post
from anlan.kernel.regions.models import Region
from anlan.science.roster.staffing import (
    Duty,
    Measure,
    Pair,
    Person,
    Staffing,
    counts,
    days_between,
)

#: Days before the first whose duties may still ask for rest.
REACH_BACK = 4


@dataclass(frozen=True, slots=True)
class Month:
    """A roster with its scheme, its days, and who may stand duty in it."""

    roster: Roster
    scheme: Scheme
    first: date
    last: date
    members: tuple[Member, ...]

    @property
    def region(self) -> Region:
        return self.roster.region


def first_of(day: date) -> date:
    """The first day of the month of a day."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """The first day of the month after a day's."""
    return first_of(first_of(day) + timedelta(days=31))


def month_of(roster: Roster, now: datetime) -> Month:
    """What is known of a roster: one that was drawn up keeps the scheme it was drawn up after. Raises NoRule."""
    used = scheme_of(roster.entry) if roster.entry is not None else scheme(now, roster.region)
    last = next_month(roster.month) - timedelta(days=1)
    return Month(roster, used, roster.month, last, tuple(members(roster.region, roster.month, last)))


def members(region: Region, first: date, last: date) -> Iterable[Member]:
    """Who stands duty at a place in some part of a span."""
    rows = Member.objects.filter(region=region, since__lte=last, person__is_active=True).select_related(
        "person__department"
    )
    return [row for row in rows if row.until is None or row.until > first]


def staffing_of(month: Month, now: datetime, *, wishes: bool = True) -> Staffing:
    """What the roster has to keep to.

    wishes  count them as days away
    """
    kept = month.scheme
    free = holidays(now, month.region)
    ids = {member.person_id for member in month.members}
    away = days_away(ids, month.first, month.last)
    for member in month.members:
        away.setdefault(member.person_id, set()).update(_outside(member, month))
    if wishes:
        for one in Wish.objects.filter(person_id__in=ids, day__gte=month.first, day__lte=month.last):
            away[one.person_id].add(one.day)
    roles: dict[int, set[str]] = {}
    for member in month.members:
        if member.role in kept.roles:
            roles.setdefault(member.person_id, set()).add(member.role)
    first_of_person = {member.person_id: member for member in reversed(month.members)}
    people = tuple(
        Person(
            str(pk), frozenset(codes), weight=first_of_person[pk].weight, away=frozenset(away.get(pk, ())),
            most=first_of_person[pk].most, rest_h=kept.rest_h,
        )
        for pk, codes in sorted(roles.items())
    )  # fmt: skip
    known = {person.id for person in people}
    return Staffing(
        days=days_between(month.first, month.last, off=free.off, worked=free.on),
        shifts=tuple(kept.shifts.values()),
        roles=tuple(kept.roles.values()),
        people=people,
        pairs=tuple(pair for pair in _pairs(month, kept) if {pair.a, pair.b} <= known),
        history=_history(month, kept, free),
        before=tuple(duty for duty in _before(month, kept) if duty.shift in kept.shifts),
    )


def _outside(member: Member, month: Month) -> set[date]:
    """Days of the month before somebody joined or after they left the roster."""
    days = {month.first + timedelta(days=n) for n in range((month.last - month.first).days + 1)}
    return {day for day in days if day < member.since or (member.until is not None and day >= member.until)}


def _pairs(month: Month, kept: Scheme) -> Iterable[Pair]:
    """A and B of a post stand in for each other, so they never begin on the same day."""
    posts = Post.objects.filter(duty__in=kept.roles, region=month.region).exclude(holder=None).order_by("slot")
    by_duty: dict[str, list[int]] = {}
    for post in posts:
        if post.holder_id is not None:
            by_duty.setdefault(post.duty, []).append(post.holder_id)
    for holders in by_duty.values():
        distinct = list(dict.fromkeys(holders))
        if len(distinct) >= 2:
            yield Pair(str(distinct[0]), str(distinct[1]))


def _history(month: Month, kept: Scheme, free: Holidays) -> dict[str, dict[str, dict[Measure, int]]]:
    """Published duties of former months by person, role and measure."""
    since = month.first
    for _n in range(kept.history):
        since = first_of(since - timedelta(days=1))
    rows = _published(month).filter(day__gte=since, day__lt=month.first)
    days = {}
    if since < month.first:
        span = days_between(since, month.first - timedelta(days=1), off=free.off, worked=free.on)
        days = {day.date: day for day in span}
    found: dict[str, dict[str, dict[Measure, int]]] = {}
    for row in rows:
        shift = kept.shifts.get(row.shift)
        if shift is None:
            continue
        tally = found.setdefault(str(row.person_id), {}).setdefault(row.role, dict.fromkeys(Measure, 0))
        for measure in Measure:
            tally[measure] += counts(measure, days[row.day], shift)
    return found


def _before(month: Month, kept: Scheme) -> Iterable[Duty]:
    rows = _published(month).filter(day__gte=month.first - timedelta(days=REACH_BACK), day__lt=month.first)
    return [duty_of(row) for row in rows]


def _published(month: Month) -> QuerySet[RosterDuty]:
    return RosterDuty.objects.filter(roster__region=month.region, roster__state=RosterState.PUBLISHED)


def duty_of(row: RosterDuty) -> Duty:
    """A kept duty as science takes it."""
    return Duty(row.day, row.shift, row.role, str(row.person_id))


def begins(day: date, hours: float) -> datetime:
    """The moment of an hour of the bureau's clock on a day; hours beyond 24 lie on the days after."""
    midnight = datetime.combine(day, datetime.min.time(), ZoneInfo(settings.TIME_ZONE))
    return (midnight + timedelta(hours=hours)).astimezone(UTC)
