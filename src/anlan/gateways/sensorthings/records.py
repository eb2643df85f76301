"""Devices and points as SensorThings tells of them, read without Django.

Names of tables and columns are those of the models; a test holds the two together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from anlan.gateways.records import PlainRecords

#: Anchors of rules over several points, and what computes points, are no devices that anybody has put up.
GROUPS, DERIVED = "anlan-groups", "derived"
#: Rows of one statement.
PORTION = 500

#: No anchors of rules, and no kind of `kernel.sensing.sealed`: their right is not asked here, so nobody is told.
_MEASURING = "p.kind NOT IN ('group', 'person_position', 'person_fence') AND NOT p.exercise"
PATHS = f"SELECT p.id, r.path FROM sensing_point p JOIN regions_region r ON r.id = p.region_id WHERE {_MEASURING}"  # noqa: S608
POINTS = f"""
SELECT p.id, p.device_id, p.code, p.name, p.kind, p.unit, p.site_name, p.lon, p.lat, p.period_s, p.low, p.high,
p.digits, p.enabled, r.code, r.name, r.path, w.body FROM sensing_point p JOIN regions_region r ON r.id = p.region_id
LEFT JOIN sensorthings_streamwords w ON w.point_id = p.id WHERE {_MEASURING} AND """  # noqa: S608
DEVICES = """
SELECT d.id, d.code, d.name, d.enabled, d.battery, r.code, r.name, r.path, w.body FROM sensing_device d
JOIN regions_region r ON r.id = d.region_id LEFT JOIN sensorthings_thingwords w ON w.device_id = d.id
WHERE d.lane = 'live' AND d.code <> ? AND d.id IN """
#: What the trail says was changed. Rows that come in bulk leave one entry; they are known by their numbers.
CHANGED = """
SELECT id, ref FROM audit_entry WHERE id > ? AND (substr(ref, 1, 7) = 'device:' OR substr(ref, 1, 6) = 'point:')
ORDER BY id LIMIT 5000
"""
NEWEST = (
    "SELECT (SELECT coalesce(max(id), 0) FROM audit_entry), (SELECT coalesce(max(id), 0) FROM sensing_device), "
    "(SELECT coalesce(max(id), 0) FROM sensing_point)"
)
NEW_DEVICES = "SELECT id FROM sensing_device WHERE id > ? ORDER BY id LIMIT 1000"
NEW_POINTS = "SELECT id FROM sensing_point WHERE id > ? ORDER BY id LIMIT 1000"


@dataclass(frozen=True, slots=True)
class Place:
    """A region: its code, name and path."""

    code: str
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Words:
    """What a client said of an entity that it made."""

    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PointRow:
    """A point, with the attributes of its model that are told."""

    pk: int
    device_id: int
    code: str
    name: str
    kind: str
    unit: str
    site_name: str
    lon: float | None
    lat: float | None
    period_s: int
    low: float | None
    high: float | None
    digits: int
    enabled: bool
    region: Place
    sensorthings: Words | None


@dataclass(frozen=True, slots=True)
class PointsOf:
    """The points of a device that are seen, as a model's relation gives them."""

    rows: Sequence[PointRow] = ()

    def all(self) -> Sequence[PointRow]:
        """All of them."""
        return self.rows


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device, with the attributes of its model that are told."""

    pk: int
    code: str
    name: str
    enabled: bool
    battery: float | None
    region: Place
    sensorthings: Words | None
    points: PointsOf = field(default_factory=PointsOf)


class EntityRecords(PlainRecords):
    """What is told of devices and points; raises Away when the database cannot be reached."""

    def paths(self) -> dict[int, str]:
        """Point → path of its region, of all that measure."""
        return {int(pk): str(path) for pk, path in self._rows(PATHS)}

    def points_of(self, devices: Sequence[int]) -> dict[int, list[PointRow]]:
        """Device → its points."""
        found: dict[int, list[PointRow]] = defaultdict(list)
        for point in self._points("p.device_id", devices):
            found[point.device_id].append(point)
        return found

    def points_named(self, pks: Sequence[int]) -> list[PointRow]:
        """The points of these numbers."""
        return self._points("p.id", pks)

    def devices_named(self, pks: Sequence[int]) -> list[DeviceRow]:
        """The devices of these numbers, without their points."""
        found = []
        for some in _portions(pks):
            rows = self._rows(f"{DEVICES}({_places(some)})", (GROUPS, *some))
            found += [
                DeviceRow(pk, code, name, bool(enabled), battery, Place(*place), _words(body))
                for pk, code, name, enabled, battery, *place, body in rows
            ]
        return found

    def newest(self) -> tuple[int, int, int]:
        """The newest entry of the trail, device and point."""
        trail, device, point = self._rows(NEWEST)[0]
        return int(trail), int(device), int(point)

    def changed(self, after: int) -> list[tuple[int, str]]:
        """Entries of the trail about devices and points after a number: their numbers and what they are about."""
        return [(int(pk), str(ref)) for pk, ref in self._rows(CHANGED, (after,))]

    def new_devices(self, after: int) -> list[int]:
        """Devices with a higher number."""
        return [int(pk) for (pk,) in self._rows(NEW_DEVICES, (after,))]

    def new_points(self, after: int) -> list[int]:
        """Points with a higher number."""
        return [int(pk) for (pk,) in self._rows(NEW_POINTS, (after,))]

    def _points(self, column: str, keys: Sequence[int]) -> list[PointRow]:
        found = []
        for some in _portions(keys):
            rows = self._rows(f"{POINTS}{column} IN ({_places(some)}) ORDER BY p.id", tuple(some))
            for *own, enabled, code, name, path, body in rows:
                found.append(PointRow(*own, bool(enabled), Place(code, name, path), _words(body)))
        return found


def _portions(keys: Sequence[int]) -> list[Sequence[int]]:
    return [keys[at : at + PORTION] for at in range(0, len(keys), PORTION)]


def _places(some: Sequence[int]) -> str:
    return ", ".join("?" * len(some))


def _words(kept: Any) -> Words | None:
    """SQLite keeps JSON as text; PostgreSQL's driver has read it already."""
    if kept is None:
        return None
    return Words(msgspec.json.decode(kept) if isinstance(kept, str | bytes) else kept)
