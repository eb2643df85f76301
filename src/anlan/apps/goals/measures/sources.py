"""The registers from which indicators are counted: their real rows, without exercises and what was removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import CharField, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_lazy as _

from anlan.apps.monitoring.declarations import ALARM_HANDLE
from anlan.apps.resources.models import FireStation, Shelter, Team
from anlan.apps.resources.queries import norms
from anlan.apps.sites.models import Enterprise, MajorHazard, Mine
from anlan.kernel.cases.models import UNDONE, Case
from anlan.kernel.clocks.models import Clock
from anlan.kernel.indicators.declarations import Source
from anlan.kernel.people.models import Post
from anlan.kernel.people.services import system_user
from anlan.kernel.regions.models import Level
from anlan.kernel.registers.models import Record
from anlan.kernel.sensing.models import Alarm, PointDay
from anlan.kernel.sensing.rules import LIVE

#: What the kinds of cases of hidden dangers begin with.
DANGERS = "danger."
#: Duty of the disaster information officers.
INFORMATION_OFFICER = "information_officer"

_ALARMS = Q(exercise=False, retrospective=False, lane=LIVE)


def _cases(only: Q) -> Callable[[], QuerySet[Any]]:
    def rows() -> QuerySet[Any]:
        return Case.records.filter(only, exercise=False)

    return rows


def _timed(only: Q) -> Callable[[], QuerySet[Any]]:
    """Cases with a deadline, each with `original_due`, the deadline it was opened with."""

    def rows() -> QuerySet[Any]:
        ref = Concat(Value("case:"), Cast(OuterRef("pk"), CharField()), output_field=CharField())
        first = Clock.objects.filter(ref=ref).order_by("id").values("original_due")[:1]
        found = Case.records.filter(only, exercise=False, due__isnull=False).exclude(state__in=UNDONE)
        return found.annotate(original_due=Subquery(first))

    return rows


def due_by(now: datetime) -> Q:
    """Cases whose time is over, or that are done."""
    return Q(due__lte=now) | Q(closed_at__isnull=False)


def in_time(now: datetime) -> Q:
    """Of them, those that were closed by the deadline in force, extensions included."""
    return Q(closed_at__lte=F("due"))


def in_first_time(now: datetime) -> Q:
    """Of them, those that were closed by the deadline they were opened with."""
    return Q(closed_at__lte=F("original_due"))


def _present(model: type[Record]) -> Callable[[], QuerySet[Any]]:
    def rows() -> QuerySet[Any]:
        return model.present.all()

    return rows


DANGERS_FOUND = Source(
    "dangers", _("Hidden dangers"), "case.see", _cases(Q(kind__startswith=DANGERS)), moment="opened_at"
)
DANGERS_DUE = Source("dangers_due", _("Hidden dangers"), "case.see", _timed(Q(kind__startswith=DANGERS)), moment="due")
ALARM_CASES = Source("alarm_cases", _("Cases of alarms"), "case.see", _timed(Q(kind=ALARM_HANDLE.kind)), moment="due")
ALARMS = Source("alarms", _("Alarms"), "alarm.see", lambda: Alarm.records.filter(_ALARMS), moment="raised_at")
HEALTH = Source(
    "point_days", _("Device health"), "point.see",
    lambda: PointDay.objects.filter(point__enabled=True, point__exercise=False), region="point__region_id",
    url="monitoring:health",
)  # fmt: skip
ENTERPRISES = Source("enterprises", _("Enterprises"), "site.see", _present(Enterprise))
FOUNDED = Source(
    "enterprises_founded", _("Enterprises"), "site.see", _present(Enterprise), moment="founded_on", day=True
)
MAJOR_HAZARDS = Source("major_hazards", _("Major hazard installations"), "site.see", _present(MajorHazard))
MINES = Source("mines", _("Mines"), "site.see", _present(Mine))
SHELTERS_BUILT = Source("shelters", _("Shelters"), "resource.see", _present(Shelter), moment="built_on", day=True)
TEAMS = Source("teams", _("Rescue teams"), "resource.see", _present(Team))
TEAMS_FOUNDED = Source(
    "teams_founded", _("Rescue teams"), "resource.see", _present(Team), moment="founded_on", day=True
)
STATIONS = Source("fire_stations", _("Fire stations"), "resource.see", _present(FireStation))
STATIONS_BUILT = Source(
    "fire_stations_built", _("Fire stations"), "resource.see", _present(FireStation), moment="built_on", day=True
)
OFFICERS = Source(
    "posts", _("Posts"), "duty.see",
    lambda: Post.objects.filter(duty=INFORMATION_OFFICER, holder__isnull=False, region__level=Level.VILLAGE),
    url="duties:gaps",
)  # fmt: skip


def _norms(now: datetime) -> list[tuple[str, int, float]] | None:
    """What norms ask of each town, how often, and how often it is there; None where no norm can be judged."""
    asked: Counter[int] = Counter()
    met: Counter[int] = Counter()
    for gap in norms.gaps(system_user("indicators"), Level.TOWN, now):
        if gap.missing is None:
            continue
        asked[gap.place.id] += 1
        met[gap.place.id] += gap.missing <= 0
    if not asked:
        return None
    return [
        *(("norms_asked", region, float(n)) for region, n in asked.items()),
        *(("norms_met", region, float(n)) for region, n in met.items()),
    ]


NORMS = Source(
    "norms", _("Norms and gaps"), "resource.see", _present(Team), url="resources:gaps", numbers=_norms
)  # fmt: skip
