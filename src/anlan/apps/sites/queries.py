"""What is asked of hazard points and cameras: which visits are due, what a spot check found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Q

from anlan.apps.sites.models import Camera, CheckList, Condition, FireHazard, FloodHazard, GeoHazard, Lookers, Patrol
from anlan.apps.sites.rules import Rhythms
from anlan.kernel.people.rights import may
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.rulebook.models import Entry

#: Register of hazard points → its model.
POINTS: dict[str, type[Any]] = {
    "geo-hazard": GeoHazard,
    "flood-hazard": FloodHazard,
    "fire-hazard": FireHazard,
}


@dataclass(frozen=True, slots=True)
class Due:
    """A hazard point and its next visit. `every` counts days; without a rule there is no due moment."""

    register: str
    point: Any
    due_at: datetime | None
    every: int | None
    season: Any
    rule: Entry | None

    @property
    def last_day(self) -> date | None:
        """The last day on which a visit is in time, in the bureau's zone."""
        return None if self.due_at is None else (self.due_at - timedelta(seconds=1)).astimezone(zone()).date()

    def late_days(self, now: datetime) -> int:
        """Whole days that it is late, 0 when it is not."""
        return 0 if self.due_at is None or self.due_at > now else (now - self.due_at).days + 1


def zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def due_of(register: str, point: Any, now: datetime, rhythms: Rhythms | None = None) -> Due:
    """When a point is to be visited next."""
    found = (rhythms or Rhythms(now)).of(register, point.region)
    if found is None:
        return Due(register, point, None, None, None, None)
    rhythm, entry = found
    today = now.astimezone(zone()).date()
    last = point.patrolled_at or point.created_at
    return Due(
        register, point, rhythm.due(last, point.level, point.finding, now=now, zone=zone()),
        rhythm.every(point.level, point.finding, today), rhythm.season(today), entry,
    )  # fmt: skip


def due_list(actor: Any, verb: str, now: datetime, *, registers: Iterable[str] = tuple(POINTS)) -> list[Due]:
    """Every point that `actor` may see with `verb`, the most overdue first."""
    rhythms = Rhythms(now)
    found = [
        due_of(code, point, now, rhythms)
        for code in registers
        for point in POINTS[code].objects.for_actor(actor, verb).select_related("region").defer("outline")
    ]
    far = now + timedelta(days=36_500)
    return sorted(found, key=lambda one: (one.due_at or far, one.point.level or 9, one.point.sort_key))


def next_patrols(register: str, pks: Sequence[int], now: datetime) -> dict[int, str]:
    """The day of the next visit by point, for a column."""
    rhythms = Rhythms(now)
    rows = POINTS[register].present.filter(pk__in=pks).select_related("region").defer("outline")
    dues = [due_of(register, point, now, rhythms) for point in rows]
    return {one.point.pk: one.last_day.isoformat() for one in dues if one.last_day is not None}


def patrols_of(ref: str) -> Any:
    """The patrols of one point, newest first."""
    return Patrol.records.filter(ref=ref).select_related("by")


def may_look(actor: Any, camera: Camera) -> bool:
    """Whether `actor` may see the live picture: the right there, and what the camera's record says."""
    if camera.lookers == Lookers.NOBODY or not may(actor, "camera.look", camera.region):
        return False
    if camera.lookers == Lookers.COUNTY:
        return may(actor, "camera.look", county_of(camera.region))
    return True


def county_of(region: Region) -> Region:
    """The county that a region lies in; the region itself above counties."""
    if region.level == Level.COUNTY:
        return region
    return next((one for one in regions.ancestors(region) if one.level == Level.COUNTY), region)


@dataclass(frozen=True, slots=True)
class Tally:
    """What the checks of a list, or of several, found. `rate` is of those that were looked at."""

    total: int
    done: int
    online: int
    offline: int
    covered: int
    angle: int

    @property
    def rate(self) -> float | None:
        return 100 * self.online / self.done if self.done else None

    @property
    def open(self) -> int:
        return self.total - self.done


def tally(conditions: Iterable[str]) -> Tally:
    """The tally of conditions; "" is a camera that nobody looked at."""
    found = Counter(conditions)
    total = sum(found.values())
    return Tally(total, total - found[""], *(found[str(one)] for one in Condition))


def check_lists(actor: Any, *, since: Any = None, until: Any = None) -> Any:
    """The lists that `actor` may see with their counts, newest first."""
    rows = CheckList.objects.for_actor(actor, "camera.check").select_related("region", "drawn_by")
    if since:
        rows = rows.filter(day__gte=since)
    if until:
        rows = rows.filter(day__lte=until)
    counts = {str(one): Count("checks", filter=Q(checks__condition=one)) for one in Condition}
    rows = rows.annotate(total=Count("checks"), **{f"n_{name}": count for name, count in counts.items()})
    return rows.order_by("-day", "-id")
