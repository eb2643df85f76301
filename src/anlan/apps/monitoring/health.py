"""Device health (设备健康): the counted figures of points and of devices, filtered and in order of what is worst."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Avg, Count, F, Max, Min, Q, QuerySet
from django.db.models.functions import Abs

from anlan.kernel.regions.models import Level, Region
from anlan.kernel.regions.pinyin import matching
from anlan.kernel.regions.scope import reach, within
from anlan.kernel.sensing import queries as sensing
from anlan.kernel.sensing.models import Device, Point
from anlan.kernel.sensing.store import open_store

#: What a list may be sorted by: its name in an address → the fields, worst first. Not counted yet comes last.
ORDERS: dict[str, tuple[str, bool]] = {
    "today": ("rate_today", False),
    "week": ("rate_week", False),
    "month": ("rate_month", False),
    "gaps": ("gaps", True),
    "longest": ("longest_s", True),
    "offset": ("offset", True),
    "battery": ("battery", False),
    "seen": ("last_at", False),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the page: a point, or a device with its points.

    rate_*      share 0 .. 1 of the samples that were due; of a device the mean of its points
    gaps        pauses longer than three sampling periods in the last 7 days; longest_s the longest, from longest_from
    offset_ms   arrival minus event time now, worst_ms the furthest from 0 in the last 7 days; of a device of its worst
                point
    battery     percent, as its device told it last
    aside       readings of its device that wait in set-aside
    """

    code: str
    name: str
    kind: str
    place: str
    device: str
    point: str
    points: int
    rate_today: float | None
    rate_week: float | None
    rate_month: float | None
    gaps: int
    longest_s: float
    longest_from: datetime | None
    offset_ms: int | None
    worst_ms: int | None
    battery: float | None
    last_at: datetime | None
    aside: int


def towns(actor: Any) -> QuerySet[Region]:
    """Towns in which the actor sees points."""
    return Region.objects.filter(within(reach(actor, "point.see"), "path"), level=Level.TOWN).order_by("code")


def points(actor: Any, *, typed: str = "", kind: str = "", town: str = "", order: str = "week") -> QuerySet[Point]:
    """Points that were counted, with their health, worst first."""
    rows = sensing.find_points(sensing.points_for(actor), typed).filter(health__isnull=False).select_related("health")
    if kind:
        rows = rows.filter(kind=kind)
    if town:
        rows = rows.filter(region__path__contains=f"/{town}/")
    name, most = ORDERS[order]
    if name == "offset":
        rows = rows.annotate(offset=_size("health__offset_worst_ms"))
        field = F("offset")
    else:
        field = F("device__battery") if name == "battery" else F(f"health__{name}")
    return rows.order_by(field.desc(nulls_last=True) if most else field.asc(nulls_last=True), "code")


def devices(actor: Any, *, typed: str = "", kind: str = "", town: str = "", order: str = "week") -> QuerySet[Device]:
    """Devices whose points were counted, with what their points come to, worst first."""
    seen = sensing.points_for(actor).filter(health__isnull=False)
    if kind:
        seen = seen.filter(kind=kind)
    if town:
        seen = seen.filter(region__path__contains=f"/{town}/")
    rows = Device.records.select_related("region").annotate(
        counted=Count("points", filter=Q(points__in=seen)),
        rate_today=Avg("points__health__rate_today", filter=Q(points__in=seen)),
        rate_week=Avg("points__health__rate_week", filter=Q(points__in=seen)),
        rate_month=Avg("points__health__rate_month", filter=Q(points__in=seen)),
        gaps=Max("points__health__gaps", filter=Q(points__in=seen)),
        longest_s=Max("points__health__longest_s", filter=Q(points__in=seen)),
        offset_high=Max("points__health__offset_worst_ms", filter=Q(points__in=seen)),
        offset_low=Min("points__health__offset_worst_ms", filter=Q(points__in=seen)),
        offset=Max(_size("points__health__offset_worst_ms"), filter=Q(points__in=seen)),
        last_at=Max("points__health__last_at", filter=Q(points__in=seen)),
    )
    rows = rows.filter(counted__gt=0)
    if typed.strip():
        rows = rows.filter(matching(typed, name="code") | Q(name__icontains=typed.strip()))
    name, most = ORDERS[order]
    field = F(name)
    return rows.order_by(field.desc(nulls_last=True) if most else field.asc(nulls_last=True), "code")


def _size(name: str) -> Abs:
    """The distance of a field from 0."""
    return Abs(name)


def point_rows(points: Sequence[Point]) -> list[Row]:
    """Points as lines. One question to the reading store, none to the records."""
    aside = _aside(point.device.code for point in points)
    return [
        Row(
            point.code, point.name, point.get_kind_display(), point.site_name or str(point.region), point.device.code,
            point.code, 1, h.rate_today, h.rate_week, h.rate_month, h.gaps, h.longest_s, h.longest_from, h.offset_ms,
            h.offset_worst_ms, point.device.battery, h.last_at, aside.get(point.device.code, 0),
        )
        for point in points
        for h in [point.health]
    ]  # fmt: skip


def device_rows(devices: Sequence[Device], actor: Any) -> list[Row]:
    """Devices as lines; the curve behind one is that of its point with the longest gap."""
    aside = _aside(device.code for device in devices)
    worst: dict[int, Point] = {}
    mine = sensing.points_for(actor).filter(device__in=list(devices), health__isnull=False).select_related("health")
    for point in mine.order_by("health__longest_s", "-code"):
        worst[point.device_id] = point
    rows = []
    for device in devices:
        point = worst[device.pk]
        ends = [end for end in (device.offset_low, device.offset_high) if end is not None]
        rows.append(
            Row(
                device.code, device.name, "", str(device.region), device.code, point.code, device.counted,
                device.rate_today, device.rate_week, device.rate_month, device.gaps, device.longest_s,
                point.health.longest_from, point.health.offset_ms, max(ends, key=abs) if ends else None,
                device.battery, device.last_at, aside.get(device.code, 0),
            )
        )  # fmt: skip
    return rows


def _aside(senders: Iterable[str]) -> dict[str, int]:
    """How many readings of these senders wait for a person."""
    codes = sorted(set(senders))
    if not codes:
        return {}
    places = ", ".join("?" * len(codes))
    rows = open_store().main.read(
        f"SELECT sender, count(*) FROM set_aside WHERE state = 'open' AND sender IN ({places}) GROUP BY sender",  # noqa: S608
        codes,
    )
    return {sender: int(n) for sender, n in rows}
