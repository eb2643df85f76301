"""What is told to those who subscribe: each reading once it is on disk, and each device or point that was changed.

A thread follows the reading log and the trail of the records; it takes part in nothing that is written, so a reading is
never stored later for being told of. What cannot be told in time is left out and said so in the log file: a list of old
values that arrives late is of less use than to ask for it.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Protocol

import msgspec
import numpy as np

from anlan.engine import decode_batch
from anlan.gateways.sensorthings.records import DERIVED, DeviceRow, EntityRecords, PointRow, PointsOf
from anlan.gateways.sensorthings.rights import Reach
from anlan.gateways.sensorthings.topics import VERSION, Wish
from anlan.kernel.sensing.door.directory import Away
from anlan.kernel.sensing.observed import shapes
from anlan.kernel.sensing.observed.shapes import Reading
from anlan.kernel.sensing.store import LIVE, Busy, Store
from anlan.kernel.sensing.store.rows import BATCH

log = logging.getLogger("anlan.sensorthings")

#: Seconds between two looks at the log; looks between two at the trail, and at the regions of all points.
LOOK_EVERY_S, TRAIL_EVERY, PATHS_EVERY = 0.2, 5, 300
#: Readings of one look.
MOST_ROWS = 20_000
#: A reading that came longer ago is not told any more, ms.
LATE_MS = 60_000
#: Entries of the trail may be committed out of order: so many are looked at again.
AGAIN = 200

#: An entity that may have changed: its kind and its row.
Entity = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Listener:
    """A subscriber: what it is called by those who deliver, what it sees, topic → what is asked for under it."""

    key: Any
    reach: Reach
    wishes: Mapping[str, Wish]


@dataclass(frozen=True, slots=True)
class Told:
    """One message to one listener, or with `key` None to a topic that whoever may reads."""

    key: Any
    topic: str
    body: bytes


class Audience(Protocol):
    """Those who are told."""

    def listeners(self) -> Sequence[Listener]:
        """Who listens now, to what; those whose right has ended are not among them."""

    def tell(self, messages: Sequence[Told]) -> None:
        """Deliver. Returns at once or when there is room again."""


class Public(Protocol):
    """What is told to everybody who reads a topic, where a broker of others decides who may."""

    def tell(self, messages: Sequence[Told]) -> None:
        """Deliver."""


@dataclass(slots=True)
class Teller:
    """Follows the log and the trail from now on. `step` is one look at both.

    root      address of the service, for the links
    audience  listeners one by one, or None beside `public`
    public    takes every observation and every changed entity under its standard topics
    """

    store: Store
    records: EntityRecords
    root: str
    audience: Audience | None = None
    public: Public | None = None
    late_ms: int = LATE_MS
    _seq: int = -1
    _looks: int = 0
    _paths: dict[int, str] = field(default_factory=dict)
    _newest: tuple[int, int, int] = (0, 0, 0)
    _done: set[int] = field(default_factory=set)
    #: Kind, id and property → its value when it was told last, of properties that somebody asks for.
    _values: dict[tuple[str, Any, str], Any] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Follow in a thread of its own until `stop`."""
        self._thread = threading.Thread(target=self._run, name="telling", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the look that is under way."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(30)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    more = self.step()
                except (Away, Busy) as error:
                    log.warning("nothing can be told at the moment, trying again: %s", error)
                    more = False
                except Exception:
                    # Whatever it was, the next look goes on behind it; readings are taken all the while.
                    log.exception("one look at the log failed")
                    more = False
                if not more and self._stop.wait(LOOK_EVERY_S):
                    return
        finally:
            self.records.close()
            self.store.close()

    def step(self) -> bool:
        """Tell what is new since the last look; whether there may be more at once."""
        if self._seq < 0:
            self._begin()
        rows = self.store.read_log(self._seq, rows=MOST_ROWS)
        # Only now, so that whoever was let in before the first of these rows came is told of it.
        listeners = self.audience.listeners() if self.audience is not None else ()
        if self._looks % TRAIL_EVERY == 0:
            self._remember(listeners)
            self._tell_changes(listeners)
        if self._looks % PATHS_EVERY == PATHS_EVERY - 1:
            self._paths = self.records.paths()
        self._looks += 1
        if not rows:
            return False
        # Before telling: what cannot be told once is not tried for ever.
        self._seq = rows[-1].seq
        oldest = self.store.clock() - self.late_ms
        fresh = [row for row in rows if row.kind == BATCH and row.lane == LIVE and row.n]
        late = [row for row in fresh if row.arrival < oldest]
        if late:
            log.warning("%d readings were not told, they came too long ago", sum(row.n for row in late))
        self._tell_readings([row for row in fresh if row.arrival >= oldest], listeners)
        return True

    def _begin(self) -> None:
        """What is there already is not told."""
        self._newest, self._paths = self.records.newest(), self.records.paths()
        self._done = {pk for pk, _ref in self.records.changed(max(self._newest[0] - AGAIN, 0))}
        self._seq = self.store.last_seq()

    # -- readings -----------------------------------------------------------------------------------------------------

    def _tell_readings(self, rows: Iterable[Any], listeners: Sequence[Listener]) -> None:
        """Each reading to those who ask for it and see its point."""
        wanted = _Wanted(listeners)
        if self.public is None and not wanted.any:
            return
        for row in rows:
            point, t, value, quality = decode_batch(row.payload)
            if self.public is None and not wanted.every:
                which = np.flatnonzero(np.isin(point, wanted.points))
                point, t, value, quality = point[which], t[which], value[which], quality[which]
            if not point.size:
                continue
            if any(pk not in self._paths for pk in set(point.tolist())):
                self._paths = self.records.paths()
            columns = zip(point.tolist(), t.tolist(), value.tolist(), quality.tolist(), strict=True)
            told = [one for pk, *rest in columns if pk in self._paths for one in self._reading(wanted, pk, *rest)]
            self._deliver(told)

    def _reading(self, wanted: _Wanted, pk: int, t: int, value: float, quality: int) -> list[Told]:
        path, bodies = self._paths[pk], _Bodies(self.root, "Observation", Reading(_numbered(pk), t, value, quality))
        told = [
            Told(listener.key, topic, bodies.of(wish.select))
            for listener, topic, wish in (*wanted.of(pk), *wanted.every)
            if listener.reach.sees(path)
        ]
        if self.public is not None:
            body = bodies.of(())
            told += [
                Told(None, f"{VERSION}Datastreams({pk})/Observations", body),
                Told(None, f"{VERSION}Observations", body),
            ]
        return told

    def _deliver(self, told: Sequence[Told]) -> None:
        public = [one for one in told if one.key is None]
        if public and self.public is not None:
            self.public.tell(public)
        if len(public) < len(told) and self.audience is not None:
            self.audience.tell([one for one in told if one.key is not None])

    # -- devices and points -------------------------------------------------------------------------------------------

    def _remember(self, listeners: Sequence[Listener]) -> None:
        """Note the present values of properties that somebody asks for since the last look."""
        named = {(w.kind, w.id, w.named) for one in listeners for w in one.wishes.values() if w.named}
        self._values = {key: value for key, value in self._values.items() if key in named}
        missing = [key for key in named if key not in self._values and isinstance(key[1], int)]
        if not missing:
            return
        points = [pk for kind, pk, _name in missing if kind in ("Datastream", "FeatureOfInterest")]
        devices = [pk for kind, pk, _name in missing if kind in ("Thing", "Sensor", "Location")]
        present = {(kind, row.pk): row for kind, row in self._entities(points, devices)}
        for key in missing:
            row = present.get((key[0], key[1]))
            self._values[key] = None if row is None else shapes.properties_of(key[0], row).get(key[2])

    def _tell_changes(self, listeners: Sequence[Listener]) -> None:
        """Tell of the devices and points that the trail names or that are new."""
        points, devices = self._changed()
        if not points and not devices:
            return
        self._paths = self.records.paths()
        told: list[Told] = []
        for kind, row in self._entities(points, devices):
            bodies = _Bodies(self.root, kind, row)
            for listener in listeners:
                seen = _seen(kind, row, listener.reach)
                if seen is not None:
                    own = bodies if seen is row else _Bodies(self.root, kind, seen)
                    told += self._of_change(listener, kind, row, own)
            if self.public is not None:
                plural = bodies.plural
                told += [
                    Told(None, f"{VERSION}{plural}({row.pk})", bodies.of(())),
                    Told(None, f"{VERSION}{plural}", bodies.of(())),
                ]
        for (kind, pk, name), values in self._fresh_values(points, devices).items():
            self._values[kind, pk, name] = values
        self._deliver(told)

    def _of_change(self, listener: Listener, kind: str, row: Any, bodies: _Bodies) -> list[Told]:
        told = []
        for topic, wish in listener.wishes.items():
            if wish.kind != kind or wish.id not in (None, row.pk):
                continue
            if wish.parent is not None and (kind != "Datastream" or wish.parent[1] != row.device_id):
                continue
            if not wish.named:
                told.append(Told(listener.key, topic, bodies.of(wish.select)))
                continue
            value = bodies.properties.get(wish.named)
            if value != self._values.get((kind, row.pk, wish.named)):
                told.append(Told(listener.key, topic, msgspec.json.encode({wish.named: value})))
        return told

    def _fresh_values(self, points: Sequence[int], devices: Sequence[int]) -> dict[tuple[str, Any, str], Any]:
        """The values of remembered properties of these, after they were told."""
        mine = {key for key in self._values if key[1] in points or key[1] in devices}
        if not mine:
            return {}
        present = {(kind, row.pk): row for kind, row in self._entities(points, devices)}
        return {
            key: shapes.properties_of(key[0], present[key[:2]]).get(key[2]) for key in mine if key[:2] in present
        }  # fmt: skip

    def _changed(self) -> tuple[list[int], list[int]]:
        """Numbers of points and devices that were changed or made since the last look."""
        trail, device, point = self._newest
        top = self.records.newest()[0]
        entries = [one for one in self.records.changed(max(trail - AGAIN, 0)) if one[0] not in self._done]
        made_devices, made_points = self.records.new_devices(device), self.records.new_points(point)
        trail = max([top, *(pk for pk, _ref in entries)])
        self._newest = (trail, max([device, *made_devices]), max([point, *made_points]))
        self._done = {pk for pk in (*self._done, *(pk for pk, _ref in entries)) if pk > trail - AGAIN}
        named: dict[str, set[int]] = defaultdict(set)
        for _pk, ref in entries:
            kind, _colon, number = ref.partition(":")
            if number.isdigit():
                named[kind].add(int(number))
        return sorted(named["point"] | set(made_points)), sorted(named["device"] | set(made_devices))

    def _entities(self, points: Sequence[int], devices: Sequence[int]) -> list[Entity]:
        """The entities that these points and devices are; a place belongs to its device."""
        rows = self.records.points_named(points)
        owners = sorted({*devices, *(row.device_id for row in rows)})
        theirs = self.records.points_of(owners)
        found: list[Entity] = []
        for device in self.records.devices_named(owners):
            whole = _with_points(device, theirs.get(device.pk, ()))
            if device.pk in devices:
                found += [("Thing", whole), ("Sensor", whole)]
            if any(point.lon is not None for point in whole.points.all()):
                found.append(("Location", whole))
        for row in rows:
            found.append(("Datastream", row))
            if row.lon is not None and row.lat is not None:
                found.append(("FeatureOfInterest", row))
        return found


class _Bodies:
    """An entity as JSON, made once for each choice of its properties."""

    def __init__(self, root: str, kind: str, row: Any) -> None:
        self.root, self.kind, self.row = root, kind, row
        self._made: dict[tuple[str, ...], bytes] = {}

    @property
    def plural(self) -> str:
        """The name of its set."""
        return shapes.ENTITIES[self.kind].plural

    @property
    def properties(self) -> dict[str, Any]:
        """Its properties."""
        return shapes.properties_of(self.kind, self.row)

    def of(self, select: tuple[str, ...]) -> bytes:
        """The entity with these properties, with all for ()."""
        found = self._made.get(select)
        if found is None:
            found = msgspec.json.encode(shapes.as_json(self.root, self.kind, self.row, select, {}))
            self._made[select] = found
        return found


class _Wanted:
    """Who asks for readings: of which points, and of every one."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self.every: list[tuple[Listener, str, Wish]] = []
        self._of: dict[int, list[tuple[Listener, str, Wish]]] = defaultdict(list)
        for listener in listeners:
            for topic, wish in listener.wishes.items():
                if wish.kind != "Observation":
                    continue
                if wish.parent is None:
                    self.every.append((listener, topic, wish))
                elif isinstance(wish.parent[1], int):
                    self._of[wish.parent[1]].append((listener, topic, wish))
        self.points = np.array(sorted(self._of), np.int64)

    @property
    def any(self) -> bool:
        """Whether anybody asks for any."""
        return bool(self.every or self._of)

    def of(self, point: int) -> Sequence[tuple[Listener, str, Wish]]:
        """Those who ask for the readings of a point."""
        return self._of.get(point, ())


def _numbered(pk: int) -> Any:
    """A point of which an observation tells no more than the number."""
    return SimpleNamespace(pk=pk)


def _with_points(device: DeviceRow, points: Sequence[PointRow]) -> DeviceRow:
    own = device.region
    return DeviceRow(
        device.pk, device.code, device.name, device.enabled, device.battery, own, device.sensorthings,
        PointsOf(tuple(points)),
    )  # fmt: skip


def _seen(kind: str, row: Any, reach: Reach) -> Any | None:
    """An entity as somebody sees it, None for one out of reach: of a place only the points that lie in it."""
    if isinstance(row, PointRow):
        return row if reach.sees(row.region.path) else None
    mine = [point for point in row.points.all() if reach.sees(point.region.path)]
    if not mine and (row.code == DERIVED or not reach.sees(row.region.path)):
        return None
    if kind != "Location" or len(mine) == len(row.points.all()):
        return row
    return _with_points(row, mine) if any(point.lon is not None for point in mine) else None
