"""What the map draws of carriers: last places, trails, fences, and hits of its search box."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from anlan.apps.tracks.models import Carrier, CarrierKind, FenceKind, Watch
from anlan.apps.tracks.queries import fences
from anlan.apps.tracks.queries.carriers import Seen, carriers_for, find, findable, name_for, seen, shown
from anlan.apps.tracks.queries.trails import at_moments, lines, tolerance, trails_of
from anlan.apps.tracks.rules import Rules, rules
from anlan.kernel.layers.declarations import Hit, Window
from anlan.kernel.sensing.models import Alarm
from anlan.kernel.sensing.store import open_store

ICONS: dict[str, str] = {
    CarrierKind.VEHICLE: "vehicle",
    CarrierKind.BOAT: "wave",
    CarrierKind.TEAM: "people",
    CarrierKind.DRONE: "camera",
    CarrierKind.PERSON: "person",
}
#: Trails drawn at once, those that moved last; more would hide the map.
MOST_TRAILS = 60
#: Hours back from a moment of the past in which a place still counts as the one of then.
PAST_S = 3_600

Features = dict[str, Any]
_DRAWN = (
    *("code", "name", "kind", "person_id", "lat_id", "lon_id", "system", "region_id"),
    *(f"place__{name}" for name in ("t_ms", "lon", "lat", "speed_kmh", "course_deg", "seen_ms", "seen_mark")),
    "place__accuracy_m",
)


def things(actor: Any) -> QuerySet[Carrier]:
    """Carriers that are no persons, with what a map needs of them."""
    rows = carriers_for(actor).exclude(kind=CarrierKind.PERSON)
    # A map asks for thousands every few seconds: no region, which only the name of a person asks for.
    return rows.defer(None).select_related(None).select_related("place").only(*_DRAWN)


def persons(actor: Any, now: datetime) -> QuerySet[Carrier]:
    """Persons who carry a receiver, or share their phone at this moment."""
    return carriers_for(actor).filter(shown(now), kind=CarrierKind.PERSON)


def thing_features(actor: Any, window: Window) -> Features:
    """Last places of vehicles, boats, teams and drones, or those of a moment of the past."""
    return _features(things(actor), actor, window)


def person_features(actor: Any, window: Window) -> Features:
    """Last places of persons. Never of the past: that is their trail, which each look at is written down for."""
    return _features(persons(actor, window.now), actor, window)


def _features(rows: QuerySet[Carrier], actor: Any, window: Window) -> Features:
    held = rules(window.now)
    if window.at is not None:
        return _past(rows, actor, window, held)
    here = list(rows.filter(_in_box(window), place__t_ms__gte=0)[: window.limit + 1])
    return _collection(_feature(one) for one in seen(here, actor, held, window.now))


def _in_box(window: Window) -> Q:
    if window.bbox is None:
        return Q()
    west, south, east, north = window.bbox
    return Q(place__lon__range=(west, east), place__lat__range=(south, north))


def _feature(one: Seen) -> Features:
    speed = None if one.speed_kmh is None or one.old else f"{one.speed_kmh:.0f} km/h"
    moving = one.course_deg is not None and not one.old and (one.speed_kmh or 0) >= 1
    return _point(
        one.carrier, one.lon or 0.0, one.lat or 0.0,
        title=f"{one.name} · {one.doubt}" if one.doubt else one.name,
        t=round(one.at.timestamp() * 1000) if one.at else None,
        value=speed,
        silent=True if one.old else None,
        course=one.course_deg if moving else None,
        level=one.level,
    )  # fmt: skip


def _point(carrier: Carrier, lon: float, lat: float, **facts: Any) -> Features:
    known = {name: value for name, value in facts.items() if value is not None}
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]},
        "properties": {"id": carrier.code, "group": carrier.kind, "icon": ICONS[carrier.kind], **known},
    }


def _past(rows: QuerySet[Carrier], actor: Any, window: Window, held: Rules) -> Features:
    at_ms = round(window.moment.timestamp() * 1000)
    here = list(rows[: window.limit + 1])
    trails = trails_of(here, open_store(), at_ms - PAST_S * 1000, at_ms + 1, held)
    found = at_moments(trails.items(), at_ms, PAST_S * 1000)
    features = []
    for one in here:
        if one.pk not in found:
            continue
        t, lon, lat = found[one.pk]
        old = at_ms - t > held.stale_s[one.kind] * 1000
        if _inside(window, lon, lat):
            features.append(_point(one, lon, lat, title=name_for(one, actor), t=t, silent=True if old else None))
    return _collection(features)


def _inside(window: Window, lon: float, lat: float) -> bool:
    if window.bbox is None:
        return True
    west, south, east, north = window.bbox
    return west <= lon <= east and south <= lat <= north


def trail_features(actor: Any, window: Window) -> Features:
    """Trails of the last hours up to the moment shown, of the carriers that moved last; persons have none here."""
    held = rules(window.now)
    to_ms = round(window.moment.timestamp() * 1000)
    from_ms = to_ms - round(held.trail_hours * 3_600_000)
    rows = things(actor).filter(_in_box(window), place__t_ms__gte=from_ms)
    here = list(rows.order_by("-place__t_ms", "pk")[:MOST_TRAILS])
    trails = trails_of(here, open_store(), from_ms, to_ms + 1, held)
    features = []
    for one in here:
        drawn = lines(trails[one.pk], held.stale_s[one.kind], tolerance(window.zoom))
        if drawn:
            features.append(
                {
                    "type": "Feature",
                    "geometry": {"type": "MultiLineString", "coordinates": drawn},
                    "properties": {"id": one.code, "title": name_for(one, actor), "group": one.kind},
                }
            )
    return _collection(features)


def count_things(actor: Any) -> int:
    return things(actor).filter(place__t_ms__gte=0).count()


def count_persons(actor: Any) -> int:
    return persons(actor, timezone.now()).filter(place__t_ms__gte=0).count()


def count_trails(actor: Any) -> int:
    now = timezone.now()
    since = now - timedelta(hours=rules(now).trail_hours)
    return min(MOST_TRAILS, things(actor).filter(place__t_ms__gte=round(since.timestamp() * 1000)).count())


def hits(actor: Any, text: str, limit: int) -> Sequence[Hit]:
    """Carriers by name, code, pinyin or initials; one that has no place yet says so."""
    rows = find(carriers_for(actor).exclude(kind=CarrierKind.PERSON), text)[:limit]
    return [_hit(one, actor, "carriers") for one in rows]


def person_hits(actor: Any, text: str, limit: int) -> Sequence[Hit]:
    """Persons; a masked name is not found by what is masked."""
    rows = findable(persons(actor, timezone.now()), text, actor)[:limit]
    return [_hit(one, actor, "carried-persons") for one in rows]


def _hit(one: Carrier, actor: Any, layer: str) -> Hit:
    place = getattr(one, "place", None)
    known = place is not None and place.t_ms >= 0
    note = f"{one.get_kind_display()} · {one.region}"
    lon, lat = (place.lon, place.lat) if known else (None, None)
    return Hit(name_for(one, actor), note, lon, lat, layer if known else "", one.code if known else "", 14.0)


def fence_features(actor: Any, window: Window) -> Features:
    """Fences in force; one that is broken has the level of its gravest alarm."""
    rows = list(fences.fences_for(actor)[: window.limit + 1])
    levels = broken([one.pk for one in rows])
    return _collection(
        {
            "type": "Feature",
            "geometry": fences.drawn(one),
            "properties": {
                "id": str(one.pk),
                "title": one.name,
                "group": one.kind,
                "tint": "accent" if one.kind == FenceKind.STAY_IN else "gap",
                **({"level": levels[one.pk], "tint": ""} if one.pk in levels else {}),
            },
        }
        for one in rows
    )


def broken(fence_ids: Iterable[int]) -> dict[int, int]:
    """Fence id → the most severe level of alarms that are on at it."""
    on = Alarm.records.filter(closed_at=None, cleared_at=None, retrospective=False)
    rows = on.filter(point__derivation__in=Watch.objects.filter(fence__in=list(fence_ids)).values("derived"))
    levels = dict(rows.values_list("point_id", "level"))
    found: dict[int, int] = {}
    if levels:
        for fence, point in Watch.objects.filter(derived__point__in=levels).values_list(
            "fence_id", "derived__point_id"
        ):
            found[fence] = min(levels[point], found.get(fence, 9))
    return found


def _collection(features: Iterable[Features]) -> Features:
    return {"type": "FeatureCollection", "features": list(features)}
