"""Consequences under their first alarm (首出): what follows a first one at the same place within a rulebook time.

Two alarms belong together when their points stand at one site, or at one device where no site is known, or when one
rule over several points names both. The first-up is the earliest event time of the group, also when it is learnt last.
Nothing leaves a list by this: each alarm keeps its own state, clock and answer, and only says whom it followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from anlan.kernel.sensing.alarm_life import GROUP, LifeRules
from anlan.kernel.sensing.conditions import SEVERAL, codes_of
from anlan.kernel.sensing.models import Alarm, RuleVersion


def gather(alarms: Sequence[Alarm], life: LifeRules) -> None:
    """Find the first-up of alarms that were raised now; one that is earlier than a known first takes its place.

    alarms  saved, not retrospective
    """
    spans = {alarm.pk: life.span(GROUP, "within_s", alarm.region) or timedelta() for alarm in alarms}
    longest = max(spans.values(), default=timedelta())
    if not longest:
        return
    kin = _Kin(alarms)
    heads = _heads(alarms, longest, kin)
    for alarm in sorted(alarms, key=lambda one: (one.raised_at, one.pk)):
        within = spans[alarm.pk]
        near = [h for h in heads if h.pk != alarm.pk and kin.are(alarm, h) and _apart(alarm, h) <= within]
        heads = _settle(alarm, near, heads)


def _settle(alarm: Alarm, near: Sequence[Alarm], heads: list[Alarm]) -> list[Alarm]:
    """Put one alarm under the earliest head near it, or the later heads under it; returns the heads there are now."""
    if not near:
        return [*heads, alarm]
    earliest = min((alarm, *near), key=_order)
    below = [one for one in (alarm, *near) if one is not earliest]
    if earliest is not alarm:
        # Two heads that stood too far apart stay two, although this one is near to both.
        below = [alarm]
    for one in below:
        Alarm.records.filter(first=one).update(first=earliest)
        one.first = earliest
        one.save(update_fields=("first",))
    return [head for head in (*heads, *([alarm] if earliest is alarm else [])) if head not in below]


def _order(alarm: Alarm) -> tuple[datetime, int]:
    return (alarm.raised_at, alarm.pk)


def _apart(one: Alarm, other: Alarm) -> timedelta:
    return abs(one.raised_at - other.raised_at)


class _Kin:
    """Who belongs together, by site, device and the rules over several points in force; read once per portion."""

    def __init__(self, alarms: Iterable[Alarm]) -> None:
        self._members: dict[str, set[int]] = {}
        points = {alarm.point for alarm in alarms}
        versions = RuleVersion.objects.filter(to_at=None, condition__type__in=SEVERAL).only("condition", "points")
        for version in versions:
            for code in codes_of(version.condition):
                self._members.setdefault(code, set()).add(version.pk)
            for point in points:
                if point.pk in version.points:
                    self._members.setdefault(point.code, set()).add(version.pk)
        self.codes = {
            code
            for code, rules in self._members.items()
            if any(rules & self._members.get(point.code, set()) for point in points)
        }

    def are(self, one: Alarm, other: Alarm) -> bool:
        if one.lane != other.lane or one.exercise != other.exercise:
            return False
        a, b = one.point, other.point
        if a.site_ref and b.site_ref:
            same = a.site_ref == b.site_ref
        else:
            same = a.device_id is not None and a.device_id == b.device_id
        return same or bool(self._rules(a.code) & self._rules(b.code))

    def _rules(self, code: str) -> set[int]:
        return self._members.get(code, set())


def _heads(alarms: Sequence[Alarm], longest: timedelta, kin: _Kin) -> list[Alarm]:
    """Open alarms that follow nobody and could go before or after one of these."""
    points = [alarm.point for alarm in alarms]
    near = Q(point__code__in=kin.codes)
    near |= Q(point__site_ref__in={point.site_ref for point in points if point.site_ref})
    near |= Q(point__device_id__in={point.device_id for point in points if point.device_id is not None})
    rows = Alarm.records.filter(
        near,
        closed_at=None,
        first=None,
        retrospective=False,
        lane__in={alarm.lane for alarm in alarms},
        raised_at__gte=min(alarm.raised_at for alarm in alarms) - longest,
        raised_at__lte=max(alarm.raised_at for alarm in alarms) + longest,
    ).exclude(pk__in=[alarm.pk for alarm in alarms])
    return list(rows.select_related("point").order_by("raised_at", "id"))


# --- for lists ------------------------------------------------------------------------------------------------------


def with_group(rows: QuerySet[Alarm]) -> QuerySet[Alarm]:
    """The rows with `group`, the number of the first-up that each belongs to: its own where it followed nobody."""
    return rows.annotate(group=Coalesce(F("first_id"), F("pk")))


def fold(rows: Iterable[Any]) -> list[tuple[Any, list[Any]]]:
    """Rows in their order as (head, those under it); the head is the first-up, or the earliest that is shown of it.

    rows  alarms with `first_id`, `raised_at` and `pk`; a group stands where its foremost row stood
    """
    groups: dict[int, list[Any]] = {}
    for row in rows:
        groups.setdefault(row.first_id or row.pk, []).append(row)
    folded = []
    for members in groups.values():
        head = min(members, key=lambda row: (row.first_id is not None, row.raised_at, row.pk))
        folded.append((head, [row for row in members if row is not head]))
    return folded
