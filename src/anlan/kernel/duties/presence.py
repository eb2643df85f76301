"""Who is there: on duty by a published roster, away by an absence. The people room asks it for holders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from anlan.kernel.duties.models import Absence, RosterDuty, RosterState
from anlan.kernel.duties.rules import Scheme, scheme_of
from anlan.kernel.people.models import Department, Post, User
from anlan.kernel.people.queries import register_presence
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.queries import prefixes


class Placed(Protocol):
    """A region, or its node in the tree, which costs no question."""

    @property
    def path(self) -> str: ...


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Somebody who is on duty now. `until` None: by a post and not by a roster."""

    person: User
    role: str
    title: str
    department: Department | None
    until: datetime | None


def away(at: datetime) -> frozenset[int]:
    """Numbers of the people who are away at a moment."""
    return frozenset(_absences(at).values_list("person_id", flat=True))


def _absences(at: datetime) -> QuerySet[Absence]:
    day = timezone.localdate(at)
    return Absence.objects.filter(first__lte=day, last__gte=day, cancelled_at=None)


def days_away(people: set[int], first: date, last: date) -> dict[int, set[date]]:
    """Days of a span on which each of some people is away."""
    found: dict[int, set[date]] = {}
    rows = Absence.objects.filter(person_id__in=people, first__lte=last, last__gte=first, cancelled_at=None)
    for row in rows:
        day = max(row.first, first)
        while day <= min(row.last, last):
            found.setdefault(row.person_id, set()).add(day)
            day += timedelta(days=1)
    return found


def _running(at: datetime, region: Placed) -> list[RosterDuty]:
    """Duties that run at a moment, of the nearest place, walking up, that has a roster for it."""
    rows = RosterDuty.objects.filter(
        starts_at__lte=at, ends_at__gt=at, roster__state=RosterState.PUBLISHED, person__is_active=True,
        roster__region__path__in=prefixes(region.path),
    ).select_related("person__department", "roster__region", "roster__entry")  # fmt: skip
    found = list(rows)
    deepest = max((len(row.roster.region.path) for row in found), default=0)
    return [row for row in found if len(row.roster.region.path) == deepest]


def standing(duty: str, region: Region, at: datetime) -> list[User]:
    """Who stands a duty at a place by its roster; nobody where no roster says so or all of them are away."""
    found = [row for row in _running(at, region) if row.role == duty]
    if not found:
        return []
    gone = away(at)
    return [row.person for row in found if row.person_id not in gone]


def on_duty(region: Placed, at: datetime) -> list[OnDuty]:
    """Everyone on duty at a place, leaders first; where no roster is in force, the posts of the bureau's duty."""
    running = _running(at, region)
    if running:
        schemes: dict[int, Scheme] = {
            row.roster.entry.pk: scheme_of(row.roster.entry) for row in running if row.roster.entry is not None
        }
        order = {role: n for one in schemes.values() for n, role in enumerate(one.roles)}
        titles = {row.pk: schemes[row.roster.entry_id].role_name(row.role) for row in running if row.roster.entry_id}
        running.sort(key=lambda row: (order.get(row.role, 99), row.starts_at))
        return [
            OnDuty(row.person, row.role, titles.get(row.pk, row.role), row.person.department, row.ends_at)
            for row in running
        ]
    posts = Post.objects.filter(duty__in=("leader", "duty_officer"), region__path=region.path, holder__is_active=True)
    gone = Exists(_absences(at).filter(person=OuterRef("holder")))
    held = list(posts.select_related("holder", "department").annotate(gone=gone).order_by("-duty", "slot"))
    held.sort(key=lambda post: (post.duty != "leader", post.gone))
    return [OnDuty(p.holder, p.duty, p.name, p.department, None) for p in held if p.holder is not None]


def register() -> None:
    """Called once at start."""
    register_presence(standing=standing, away=away)
