"""Questions about points, their newest readings, their curves and their alarms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet
from numpy.typing import NDArray

from anlan.kernel.regions.pinyin import matching
from anlan.kernel.regions.scope import reach, within
from anlan.kernel.sensing.anchors import GROUPS
from anlan.kernel.sensing.conditions import SILENCE, drawn_limits
from anlan.kernel.sensing.models import DERIVED_SENDER, Alarm, Device, Point, PointKind, RuleVersion
from anlan.kernel.sensing.rules import LIVE
from anlan.kernel.sensing.store import SetAside, open_store
from anlan.kernel.sensing.words import rule_label, rule_title

#: A value older than this many of its own sampling periods is unknown where no rule says when it is silent.
PERIODS_OF_SILENCE = 3
SHORTEST_SILENCE_S = 60

#: From quality 2 on a row says that the device talks but has no value.
BAD = 2


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest reading of a point. `value` is None when the instrument had none; `silent` when it is too old."""

    at: datetime
    arrived: datetime
    value: float | None
    quality: int
    age_s: float
    silent: bool

    @property
    def uncertain(self) -> bool:
        return self.quality == 1


def points_for(actor: Any, *, exercise: bool | None = False) -> QuerySet[Point]:
    """Points that the actor may see, with region and device."""
    rows: QuerySet[Point] = Point.objects.for_actor(actor, "point.see", exercise=exercise)
    return rows.select_related("region", "device")


def measuring_for(actor: Any) -> QuerySet[Point]:
    """Points that the actor may see and that somebody sends to: without the anchors of rules over several points."""
    return points_for(actor).exclude(kind=PointKind.GROUP)


def point_of(actor: Any, code: str) -> Point | None:
    """One point by its code, of an exercise too; foreign and missing look the same."""
    return points_for(actor, exercise=None).filter(code=code).first()


def find_points(rows: QuerySet[Point], typed: str) -> QuerySet[Point]:
    """Points by code, name, place, pinyin or initials, and all those of a device by its code."""
    if not typed.strip():
        return rows
    named = matching(typed) | matching(typed, name="code") | matching(typed, name="site_name")
    return rows.filter(named | Q(device__code__iexact=typed.strip()))


def alarms_for(actor: Any, *, exercise: bool | None = False) -> QuerySet[Alarm]:
    """Alarms that the actor may see, with what a list shows of them."""
    rows: QuerySet[Alarm] = Alarm.objects.for_actor(actor, "alarm.see", exercise=exercise)
    rows = rows.select_related("point", "region", "entry", "rule", "chain", "case", "acknowledged_by", "closed_by")
    return rows.defer("rule__points", "region__boundary")  # a hundred thousand numbers that no list shows


def alarm_matching(typed: str) -> Q:
    """Alarms by title, point code, place or the pinyin of the point."""
    return (
        Q(title__icontains=typed.strip())
        | matching(typed, name="point__code", key="point__pinyin")
        | Q(point__site_name__icontains=typed.strip())
    )


def open_levels(points: Iterable[Point]) -> dict[int, int]:
    """Point id → the most severe level of its alarms that are on; points without one are left out."""
    rows = Alarm.records.filter(point__in=list(points), closed_at=None, cleared_at=None, retrospective=False)
    return dict(rows.values_list("point_id").annotate(Min("level")))


def with_open_alarm() -> Q:
    """Points with an alarm that is on now."""
    rows = Alarm.records.filter(closed_at=None, cleared_at=None, retrospective=False)
    return Q(pk__in=rows.values("point_id"))


def silent_ones(points: Sequence[Point], now: datetime) -> list[Point]:
    """Those of the points that have no value young enough."""
    readings = latest(points, now)
    return [point for point in points if point.pk not in readings or readings[point.pk].silent]


def devices_for(actor: Any) -> QuerySet[Device]:
    """Devices that the actor may manage."""
    rows: QuerySet[Device] = Device.objects.for_actor(actor, "device.manage").exclude(code__in=(DERIVED_SENDER, GROUPS))
    return rows.select_related("region")


def commanded_by(actor: Any) -> QuerySet[Device]:
    """Devices to which the actor may send commands."""
    rows: QuerySet[Device] = Device.objects.for_actor(actor, "device.command")
    return rows


def device_list(actor: Any, typed: str) -> QuerySet[Device]:
    """Devices that the actor may manage, by code or name, each with the number of its points."""
    rows = devices_for(actor)
    if typed:
        rows = rows.filter(Q(code__icontains=typed) | Q(name__icontains=typed))
    return rows.annotate(point_count=Count("points")).order_by("code")


def door_port() -> int:
    """Where the ingest process listens, to be told to the owner of a device."""
    return int(settings.INGEST_PORT)


@lru_cache(maxsize=512)
def points_under(version_id: int) -> NDArray[np.int64]:
    """The points of a rule version, ascending. They never change, so they are read once in a process."""
    return np.array(sorted(RuleVersion.objects.values_list("points", flat=True).get(pk=version_id)), np.int64)


def _covered(version_id: int, points: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the points stand under a rule version."""
    return np.isin(points, points_under(version_id))


def rules_of(point: Point) -> list[RuleVersion]:
    """The rule versions over a point, by code: those in force, or for a point of a replay those that it ran under."""
    rows = RuleVersion.objects.defer("points").select_related("entry").order_by("entry__code", "id")
    if point.exercise:
        rows = rows.filter(lane=point.device.lane)
    else:
        rows = rows.filter(lane=LIVE, to_at=None)
    here = np.array([point.pk])
    return [version for version in rows if _covered(version.pk, here).any()]


def silence_limits(points: Iterable[Point]) -> dict[int, float]:
    """Point id → seconds after which its value is unknown: its silence rule, else three sampling periods."""
    limits = {point.pk: float(max(SHORTEST_SILENCE_S, PERIODS_OF_SILENCE * point.period_s)) for point in points}
    ids = np.array(list(limits), np.int64)
    rows = RuleVersion.objects.filter(to_at=None, lane=LIVE, condition__type=SILENCE).values_list("pk", "condition")
    for version_id, condition in rows:
        for pk in ids[_covered(version_id, ids)].tolist():
            limits[pk] = float(condition["after_s"])
    return limits


def latest(points: Sequence[Point], now: datetime) -> dict[int, Reading]:
    """Point id → its newest reading; points that never sent are left out. One question to each database."""
    limits = silence_limits(points)
    found = open_store().latest(limits)
    readings: dict[int, Reading] = {}
    columns = (found.point, found.t, found.arrival, found.value, found.quality)
    for pk, t, arrival, value, quality in zip(*(column.tolist() for column in columns), strict=True):
        at = moment(t)
        age = (now - at).total_seconds()
        known = quality < BAD and not math.isnan(value)
        readings[pk] = Reading(at, moment(arrival), value if known else None, quality, age, age > limits[pk])
    return readings


def moment(ms: int) -> datetime:
    """Epoch milliseconds as an aware UTC time."""
    return datetime.fromtimestamp(ms / 1000, UTC)


# --- the curve ----------------------------------------------------------------------------------------------------


def curve(point: Point, start: datetime, end: datetime, *, steps: int, now: datetime) -> dict[str, Any]:
    """What the curve of a point draws, in the form of static/web/chart.js; times in ms, gaps as null.

    steps  at most so many points of the line, 2 .. 4,000; each keeps its least and greatest value
    """
    from_ms, to_ms = _ms(start), _ms(end)
    found = open_store().curve(point.pk, from_ms, to_ms, steps)
    value = np.where(found.quality < BAD, found.value, np.nan)
    wide = _gap_ms(found.t, point)
    series = _with_gaps(found.t, value, point.digits, wide)
    body: dict[str, Any] = {
        "name": point.name,
        "unit": point.unit,
        "digits": point.digits,
        "from": from_ms,
        "to": to_ms,
        "series": series,
        "limits": limits(point),
        "alarms": bands(point, start, end, now),
        "silentFrom": None,
    }
    if found.thinned:
        body["low"] = _with_gaps(found.t, found.low, point.digits, wide)
        body["high"] = _with_gaps(found.t, found.high, point.digits, wide)
    reading = latest([point], now).get(point.pk)
    if reading is not None and reading.silent and not point.exercise:
        body["silentFrom"] = _ms(reading.at)
    return body


def _gap_ms(t: Any, point: Point) -> int:
    """From how long a distance between two readings on no line is drawn, ms.

    Old readings may be kept at wider steps than the instrument samples at, so their own usual distance counts too.
    """
    usual = float(np.median(np.diff(t))) if t.size > 2 else 0.0
    return round(max(PERIODS_OF_SILENCE * point.period_s * 1000, SHORTEST_SILENCE_S * 1000, 4 * usual))


def _with_gaps(t: Any, value: Any, digits: int, wide_ms: int) -> list[list[float | int | None]]:
    """[[t, value], …] with a null between readings that lie further apart than `wide_ms`, so that no line is drawn."""
    rows: list[list[float | int | None]] = []
    before: int | None = None
    for at, number in zip(t.tolist(), value.tolist(), strict=True):
        if before is not None and at - before > wide_ms:
            rows.append([before + 1, None])
        rows.append([at, None if math.isnan(number) else round(number, digits + 1)])
        before = at
    return rows


def limits(point: Point) -> list[dict[str, Any]]:
    """The limits of the point's own value that hold for it, each with level, value and the rule that says so."""
    found = [
        {
            "level": severity,
            "value": value,
            "direction": direction,
            "label": rule_title(version.entry),
            "rule": rule_label(version.entry),
        }
        for version in rules_of(point)
        for severity, value, direction in drawn_limits(version.condition)
    ]
    return sorted(found, key=lambda limit: float(limit["value"]))


def bands(point: Point, start: datetime, end: datetime, now: datetime) -> list[dict[str, Any]]:
    """Spans in which an alarm of the point was on, inside [start, end]."""
    rows = Alarm.records.filter(point=point, raised_at__lte=end).filter(Q(cleared_at=None) | Q(cleared_at__gte=start))
    found = []
    for alarm in rows.order_by("raised_at")[:200]:
        until = alarm.cleared_at or alarm.closed_at or (now if not point.exercise else end)
        found.append(
            {
                "from": _ms(max(alarm.raised_at, start)),
                "to": _ms(min(until, end)),
                "level": alarm.level_max,
                "title": alarm.title,
                "retrospective": alarm.retrospective,
            }
        )
    return found


def span_of(point: Point, hours: float, at: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """The span a curve shows: the last `hours`, or `hours` around a moment that does not reach past now."""
    length = timedelta(hours=hours)
    if at is not None:
        end = min(at + length / 2, max(now, at))
        return end - length, end
    if point.exercise:  # a recording has its own time
        newest = latest([point], now).get(point.pk)
        if newest is not None:
            return newest.at - length, newest.at
    return now - length, now


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


# --- set aside ----------------------------------------------------------------------------------------------------


def set_aside_for(actor: Any, *, state: str = "open", limit: int = 100) -> list[SetAside]:
    """Set-aside rows of senders in the actor's reach, newest first.

    Rows without a known sender (an unknown device, the merge of history) show to those who reach everything.
    """
    prefixes = reach(actor, "setaside.see")
    store = open_store()
    if "/" in prefixes:
        return store.set_aside(state=state, limit=limit)
    codes = Device.records.filter(within(prefixes)).values_list("code", flat=True)
    rows = [row for code in codes for row in store.set_aside(state=state, sender=code, limit=limit)]
    return sorted(rows, key=lambda row: row.id, reverse=True)[:limit]


def count_set_aside(actor: Any) -> int:
    """How many rows wait for the actor."""
    prefixes = reach(actor, "setaside.see")
    if "/" in prefixes:
        return open_store().count_set_aside()
    codes = list(Device.records.filter(within(prefixes)).values_list("code", flat=True))
    return open_store().count_set_aside(senders=codes)
