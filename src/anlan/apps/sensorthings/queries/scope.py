"""What one asker may see, as sets of entities, and the ways from one entity to others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from anlan.apps.sensorthings.queries import shapes
from anlan.apps.sensorthings.queries.budget import Budget, TooMuch
from anlan.apps.sensorthings.queries.shapes import OBSERVED, Reading
from anlan.formats.sensorthings import ENTITIES
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.scope import reach, within
from anlan.kernel.sensing.anchors import GROUPS
from anlan.kernel.sensing.models import DERIVED_SENDER, Device, Point, PointKind
from anlan.kernel.sensing.queries import measuring_for
from anlan.kernel.sensing.store import LIVE, NewBatch, Store

#: Most values that one question lists.
_PLACES = 1_000

#: Rows of a set: a query, a list, or for observations the points whose readings are meant.
Rows = QuerySet[Any] | Sequence[Any]


@dataclass(frozen=True, slots=True)
class Entities:
    """A set of entities of one kind. Observations are named by their points: `rows` are points, `at` one moment."""

    kind: str
    rows: Rows
    at: int | None = None


class Log(Protocol):
    """What takes batches of readings."""

    def append_batches(self, batches: Sequence[NewBatch]) -> Sequence[Any]:
        """Take batches. Raises Busy or Full with nothing stored."""


def _region() -> Prefetch[Any]:
    """Regions once each, however many rows lie in them, and without their boundaries, which are large."""
    return Prefetch("region", queryset=Region.objects.defer("boundary"))


@dataclass(slots=True)
class Scope:
    """One question: who asks, at which address we are, and now."""

    actor: User
    root: str
    now: datetime
    store: Store
    #: Where observations go: the store, or in a change set what holds them back until all of it is done.
    log: Log
    budget: Budget = field(default_factory=Budget)
    _values: dict[tuple[str, Any], dict[str, Any]] = field(default_factory=dict)
    #: What `load` has read: kind and relation → key of an entity → the rows that it leads to.
    _sets: dict[tuple[str, str], dict[Any, list[Any]]] = field(default_factory=dict)

    def for_request(self, budget: Budget, log: Log | None = None) -> Scope:
        """The same asker with another question, which remembers nothing of this one."""
        return Scope(self.actor, self.root, self.now, self.store, log or self.log, budget)

    def points(self) -> QuerySet[Point]:
        """Points that may be seen, without anchors and exercises."""
        rows = measuring_for(self.actor).select_related(None).select_related("sensorthings")
        devices = Device.records.select_related("sensorthings").prefetch_related(_region())
        return rows.prefetch_related(_region(), Prefetch("device", queryset=devices)).order_by("pk")

    def devices(self) -> QuerySet[Device]:
        """Devices that lie in reach or carry a point that does."""
        mine = within(reach(self.actor, "point.see"))
        seen = Exists(measuring_for(self.actor).filter(device=OuterRef("pk")))
        rows: QuerySet[Device] = Device.records.filter(lane=LIVE).exclude(code=GROUPS)
        own = mine & ~Q(code=DERIVED_SENDER)
        return rows.filter(own | Q(seen)).select_related("sensorthings").prefetch_related(_region()).order_by("pk")

    def places(self) -> QuerySet[Device]:
        """Devices whose points have a position, with those points."""
        located = self.points().exclude(lon=None).exclude(lat=None)
        with_place = Exists(located.filter(device=OuterRef("pk")))
        return self.devices().filter(with_place).prefetch_related(Prefetch("points", queryset=located))

    def all_of(self, kind: str) -> Entities:
        """Every entity of a kind."""
        if kind == "ObservedProperty":
            return Entities(kind, OBSERVED)
        if kind == "HistoricalLocation":
            return Entities(kind, ())
        if kind == "FeatureOfInterest":
            return Entities(kind, self.points().exclude(lon=None).exclude(lat=None))
        if kind == "Location":
            return Entities(kind, self.places())
        return Entities(kind, self.devices() if kind in ("Thing", "Sensor") else self.points())

    def one_of(self, found: Entities, id_: int | str) -> Entities:
        """The entity of a set that has this id, as a set of one or none."""
        if found.kind == "Observation":
            pk, _dash, at = str(id_).partition("-")
            if not pk.isdigit() or not at.isdigit() or len(pk) > 9 or len(at) > 15:
                return Entities(found.kind, ())
            return Entities(found.kind, self.narrow(found.rows, int(pk)), int(at))
        if found.kind == "ObservedProperty":
            return Entities(found.kind, [one for one in found.rows if one.value == id_])
        return Entities(found.kind, self.narrow(found.rows, id_ if isinstance(id_, int) else -1))

    @staticmethod
    def narrow(rows: Rows, pk: int) -> Rows:
        """The row of this number."""
        return rows.filter(pk=pk) if isinstance(rows, QuerySet) else [one for one in rows if one.pk == pk]

    def related(self, kind: str, row: Any, name: str) -> Entities:
        """Where a relation of an entity leads."""
        relation = ENTITIES[kind].relation(name)
        assert relation is not None
        target = relation.target
        held = self._sets.get((kind, name))
        if held is not None and (key := key_of(row)) in held:
            return Entities(target, held[key])
        if kind in ("Thing", "Sensor", "Location") and target in ("Thing", "Location"):
            return self.one_of(self.all_of(target), row.pk)
        if target == "Datastream" and kind in ("Thing", "Sensor"):
            return Entities(target, self.points().filter(device_id=row.pk))
        if target == "Datastream" and kind == "ObservedProperty":
            return Entities(target, self.points().filter(kind=row.value))
        if kind == "Datastream" and target in ("Thing", "Sensor"):
            return Entities(target, [row.device])
        if kind == "Datastream" and target == "ObservedProperty":
            return Entities(target, [PointKind(row.kind)])
        if target == "Observation":
            return Entities(target, [row])
        if kind == "Observation" and target == "Datastream":
            return Entities(target, [row.point])
        if kind == "Observation" and target == "FeatureOfInterest":
            return Entities(target, [row.point] if row.point.lon is not None and row.point.lat is not None else [])
        return Entities(target, ())

    def load(self, kind: str, rows: Iterable[Any], steps: Sequence[str]) -> None:
        """Read what a path leads to from all these rows at once, so that `related` asks the database for none of them.

        Raises TooMuch where it leads to more than one question may judge.
        """
        relation = ENTITIES[kind].relation(steps[0]) if steps else None
        if relation is None or relation.target == "Observation":
            return
        found = {key_of(row): row for row in rows}
        if relation.many:
            held = self._sets.setdefault((kind, relation.name), {})
            missing = [key for key in found if key not in held]
            if missing:
                held |= self._grouped(kind, relation.target, missing)
        others = {
            key_of(other): other
            for row in found.values()
            for other in self.related(kind, row, relation.name).rows
        }  # fmt: skip
        self.load(relation.target, others.values(), steps[1:])

    def _grouped(self, kind: str, target: str, keys: Sequence[Any]) -> Mapping[Any, list[Any]]:
        """Key of an entity → the rows that it leads to, for all of them by one question."""
        groups: dict[Any, list[Any]] = {key: [] for key in keys}
        column = column_to(kind, target)
        rows: Rows = self.all_of(target).rows if column is not None else ()
        if isinstance(rows, QuerySet):
            # A database takes so many places in one question; beyond them all rows in reach are cheaper than many.
            rows = rows.filter(**{f"{column}__in": keys}) if len(keys) <= _PLACES else rows
            rows = list(rows[: max(self.budget.judged, 0) + 1])
            self.budget.judge(len(rows), target)
        for row in rows:
            key = getattr(row, column or "pk")
            if key in groups:
                groups[key].append(row)
        return groups

    def values(self, kind: str, row: Any, steps: tuple[str, ...]) -> Sequence[Any]:
        """The values at the end of a path from an entity. Raises TooMuch for the readings of a whole set."""
        step, rest = steps[0], steps[1:]
        if step in ("id", "@iot.id"):
            return [shapes.id_of(kind, row)]
        if step == "@iot.selfLink":
            return [shapes.self_link(self.root, kind, row)]
        relation = ENTITIES[kind].relation(step)
        if relation is not None:
            if relation.target == "Observation":
                raise TooMuch(step)
            further = rest or ("id",)
            others = self.related(kind, row, step).rows
            return [value for other in others for value in self.values(relation.target, other, further)]
        return _inside(self._properties(kind, row).get(step), rest)

    def _properties(self, kind: str, row: Any) -> dict[str, Any]:
        if isinstance(row, Reading):
            return shapes.properties_of(kind, row)
        key = (kind, shapes.id_of(kind, row))
        found = self._values.get(key)
        if found is None:
            found = self._values[key] = shapes.properties_of(kind, row)
        return found


def key_of(row: Any) -> Any:
    """What an entity is known by among those of its kind."""
    if isinstance(row, Reading):
        return row.point.pk, row.t
    return row.value if isinstance(row, PointKind) else row.pk


def column_to(kind: str, target: str) -> str | None:
    """The column of a target that names the entity from which a relation to several leads; None for one of none."""
    if target == "Datastream":
        return "kind" if kind == "ObservedProperty" else "device_id"
    return "pk" if kind in ("Thing", "Sensor", "Location") and target in ("Thing", "Location") else None


def _inside(value: Any, steps: tuple[str, ...]) -> Sequence[Any]:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return [] if value is None else [value]
