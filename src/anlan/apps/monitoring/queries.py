"""Questions of the monitoring app: what its layers draw, and which scenarios run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from anlan.apps.monitoring.models import ScenarioRun
from anlan.kernel.cases.models import Case
from anlan.kernel.layers.declarations import Hit, Window
from anlan.kernel.sensing import queries as sensing
from anlan.kernel.sensing.models import Alarm, Point, PointKind
from anlan.kernel.sensing.words import rule_title

#: Icon of the sprite for each kind of point.
ICONS: dict[str, str] = {
    PointKind.COMBUSTIBLE_GAS: "gas",
    PointKind.TOXIC_GAS: "leak",
    PointKind.TANK_LEVEL: "level",
    PointKind.TANK_TEMPERATURE: "thermometer",
    PointKind.TANK_PRESSURE: "pressure",
    PointKind.RAIN: "rain",
    PointKind.RIVER_STAGE: "wave",
    PointKind.DISPLACEMENT: "slope",
    PointKind.DISPLACEMENT_RATE: "slope",
    PointKind.TANGENT_ANGLE: "slope",
    PointKind.FAILURE_TIME: "clock",
    PointKind.EFFECTIVE_RAIN: "rain",
    PointKind.RAIN_DEPTH: "rain",
    PointKind.FLOW: "wave",
    PointKind.HOTSPOT: "fire",
    PointKind.SEISMIC_INTENSITY: "target",
    PointKind.POSITION: "pin",
    PointKind.PERSON_POSITION: "pin",
    PointKind.FENCE_DISTANCE: "stop",
    PointKind.PERSON_FENCE: "stop",
    PointKind.GROUP: "gauge",
    PointKind.OTHER: "gauge",
}


# --- scenarios ----------------------------------------------------------------------------------------------------


def running() -> QuerySet[ScenarioRun]:
    """Runs that the simulator plays or has to begin, the oldest first."""
    return ScenarioRun.objects.filter(ended_at=None).order_by("started_at", "id")


def recent_runs(limit: int = 10) -> list[ScenarioRun]:
    """The last runs, newest first."""
    return list(ScenarioRun.objects.select_related("started_by", "stopped_by")[:limit])


# --- layers -------------------------------------------------------------------------------------------------------


def feature(pk: Any, lon: float, lat: float, **facts: Any) -> dict[str, Any]:
    """A point of a layer; facts that are None are left out."""
    known = {name: value for name, value in facts.items() if value is not None}
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]},
        "properties": {"id": str(pk), **known},
    }


def collection(features: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def in_box(window: Window, lon: str, lat: str) -> Q:
    """Rows inside the window by the names of their fields; rows without a place are never drawn."""
    if window.bbox is None:
        return Q(**{f"{lon}__isnull": False, f"{lat}__isnull": False})
    west, south, east, north = window.bbox
    return Q(**{f"{lon}__range": (west, east), f"{lat}__range": (south, north)})


def open_alarms(actor: Any) -> QuerySet[Alarm]:
    """Alarms of now: not closed, no exercise, not found afterwards."""
    return sensing.alarms_for(actor).filter(closed_at=None, retrospective=False)


#: What a mark of an alarm shows.
_DRAWN = (
    *("title", "level", "acknowledged_at", "closed_at", "raised_at", "value", "entry__title", "entry__title_zh"),
    *("point__code", "point__kind", "point__unit", "point__digits", "point__lon", "point__lat"),
)


def alarm_features(actor: Any, window: Window) -> dict[str, Any]:
    """Open alarms, or those that were on at a moment of the past; pulsing where nobody has answered."""
    if window.at is None:
        rows = open_alarms(actor)
    else:
        on_then = Q(cleared_at=None) | Q(cleared_at__gt=window.at)
        rows = sensing.alarms_for(actor).filter(on_then, raised_at__lte=window.at)
        rows = rows.exclude(closed_at__lte=window.at)
    rows = rows.filter(in_box(window, "point__lon", "point__lat")).order_by("-level", "raised_at")
    rows = rows.select_related(None).select_related("point", "entry").defer(None).only(*_DRAWN)
    return collection(_alarm_feature(alarm, window) for alarm in rows[: window.limit + 1])


def _alarm_feature(alarm: Alarm, window: Window) -> dict[str, Any]:
    point = alarm.point
    unanswered = alarm.acknowledged_at is None and alarm.closed_at is None
    return feature(
        alarm.pk,
        point.lon or 0.0,
        point.lat or 0.0,
        title=alarm.title,
        label=f"{point.code} {rule_title(alarm.entry)}",
        level=alarm.level,
        pulse=unanswered and window.at is None,
        t=millis(alarm.raised_at),
        value=shown(alarm.value, point),
        icon=ICONS.get(point.kind),
    )


def count_alarms(actor: Any) -> int:
    return open_alarms(actor).filter(point__lon__isnull=False).count()


def alarm_hits(actor: Any, text: str, limit: int) -> Sequence[Hit]:
    """Open alarms by title, point or place."""
    rows = open_alarms(actor).filter(sensing.alarm_matching(text)).order_by("level", "-raised_at")
    return [
        Hit(alarm.title, str(alarm.region), alarm.point.lon, alarm.point.lat, "alarms", str(alarm.pk), 14.0)
        for alarm in rows[:limit]
    ]


def point_features(actor: Any, window: Window) -> dict[str, Any]:
    """Points with their newest value and its time; silent ones say so and are never "normal"."""
    rows = sensing.measuring_for(actor).filter(in_box(window, "lon", "lat"), enabled=True).order_by("code")
    points = list(rows[: window.limit + 1])
    readings = sensing.latest(points, window.now)
    levels = sensing.open_levels(points)
    return collection(_point_feature(point, readings.get(point.pk), levels.get(point.pk)) for point in points)


def _point_feature(point: Point, reading: sensing.Reading | None, level: int | None) -> dict[str, Any]:
    silent = reading is None or reading.silent or reading.value is None
    return feature(
        point.pk,
        point.lon or 0.0,
        point.lat or 0.0,
        title=f"{point.code} {point.name}",
        level=level,
        group=point.kind,
        icon=ICONS.get(point.kind),
        t=millis(reading.at) if reading else None,
        value=None if silent or reading is None else shown(reading.value, point),
        silent=silent,
    )


def count_points(actor: Any) -> int:
    return sensing.measuring_for(actor).filter(enabled=True, lon__isnull=False).count()


def point_hits(actor: Any, text: str, limit: int) -> Sequence[Hit]:
    """Points by code, name, place, pinyin or initials."""
    rows = sensing.find_points(sensing.measuring_for(actor), text).order_by("code")
    return [
        Hit(f"{p.code} {p.name}", p.site_name or str(p.region), p.lon, p.lat, "points", str(p.pk), 15.0)
        for p in rows[:limit]
    ]


def open_cases(actor: Any) -> QuerySet[Case]:
    rows: QuerySet[Case] = Case.objects.for_actor(actor, "case.see").filter(closed_at=None)
    return rows.select_related("chain", "region", "unit")


def case_features(actor: Any, window: Window) -> dict[str, Any]:
    """Cases that were open at the moment shown, at the place of their chain."""
    if window.at is None:
        rows = open_cases(actor)
    else:
        rows = Case.objects.for_actor(actor, "case.see").filter(opened_at__lte=window.at)
        rows = rows.filter(Q(closed_at=None) | Q(closed_at__gt=window.at)).select_related("chain", "region", "unit")
    rows = rows.filter(in_box(window, "chain__lon", "chain__lat")).order_by("-level", "due")
    return collection(
        feature(
            case.pk,
            case.chain.lon or 0.0,
            case.chain.lat or 0.0,
            title=f"{case.number} {case.title}",
            level=case.level,
            t=millis(case.opened_at),
            icon="case",
        )
        for case in rows[: window.limit + 1]
    )


def count_cases(actor: Any) -> int:
    return open_cases(actor).filter(chain__lon__isnull=False).count()


def case_hits(actor: Any, text: str, limit: int) -> Sequence[Hit]:
    """Open cases by number or title."""
    rows = open_cases(actor).filter(Q(title__icontains=text) | Q(number__icontains=text)).order_by("due")
    return [
        Hit(
            f"{case.number} {case.title}", str(case.region), case.chain.lon, case.chain.lat, "cases", str(case.pk), 14.0
        )
        for case in rows[:limit]
    ]


def neighbours(point: Point, actor: Any, limit: int = 8) -> list[Point]:
    """Other points of the same site, in the viewer's reach."""
    if not point.site_ref:
        return []
    rows = sensing.measuring_for(actor).filter(site_ref=point.site_ref, enabled=True).exclude(pk=point.pk)
    return list(rows.order_by("code")[:limit])


def shown(value: float | None, point: Point) -> str | None:
    """A value with the digits and the unit of its point; None for no value."""
    if value is None or math.isnan(value):
        return None
    return f"{value:.{point.digits}f} {point.unit}".rstrip()


def millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
