"""Entities as values and as JSON: what comes in is checked as a whole, what goes out carries its links."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import msgspec

from anlan.formats.faults import Refused
from anlan.formats.findings import BadMessage, Finding, found
from anlan.formats.sensorthings import model
from anlan.formats.sensorthings.model import ENTITIES, EntityType, Property, Relation, fits_result
from anlan.formats.sensorthings.times import Time, time_of

#: Bytes of a body, entities of it, and how deep they stand in one another.
MOST_BYTES, MOST_ENTITIES, MOST_DEPTH = 8 << 20, 10_000, 8

Id = int | str


class Mode(Enum):
    """For what a body is read."""

    #: A new entity: all that only its sender can say is there.
    CREATE = "create"
    #: A change: what is there is changed.
    CHANGE = "change"
    #: An answer of another server: relations may be left to their links.
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Ref:
    """An entity that is there already."""

    id: Id


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity.

    kind    a key of `ENTITIES`
    values  properties by name; times as `Time`, all else as JSON has it
    links   by name of a relation: an entity, a Ref, or several of them
    """

    kind: str
    values: Mapping[str, Any]
    links: Mapping[str, Entity | Ref | tuple[Entity | Ref, ...]] = field(default_factory=dict)
    id: Id | None = None

    @property
    def type(self) -> EntityType:
        """What belongs to an entity of its kind."""
        return ENTITIES[self.kind]


def decoded(body: bytes) -> Any:
    """The JSON of a body. Raises Refused: `too_large`, `not_json`, `too_deep`."""
    if len(body) > MOST_BYTES:
        raise Refused("too_large", bytes=len(body), limit=MOST_BYTES)
    try:
        return msgspec.json.decode(body)
    except RecursionError as error:
        raise Refused("too_deep", limit=1_000) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        at = str(error).rpartition("byte ")[2].rstrip(")")
        raise Refused("not_json", byte=int(at) if at.isdigit() else 0) from error


def read(kind: str, body: bytes | Mapping[str, Any], *, mode: Mode = Mode.CREATE, given: Sequence[str] = ()) -> Entity:
    """The entity of a body.

    kind   a key of `ENTITIES`
    given  relations that the address of the request says, `Datastream` for `Datastreams(1)/Observations`

    Raises BadMessage with all that is wrong, by path; Refused for what is no JSON within the bounds.
    """
    content = decoded(body) if isinstance(body, bytes) else body
    reader = _Reader(mode)
    entity = reader.entity(ENTITIES[kind], content, kind, frozenset(given))
    if reader.findings or entity is None:
        raise BadMessage(*reader.findings)
    return entity


class _Reader:
    """One body: the findings so far, and how many entities it holds."""

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self.findings: list[Finding] = []
        self.entities = 0

    def entity(
        self, type_: EntityType, content: Any, where: str, given: frozenset[str], depth: int = 1
    ) -> Entity | None:
        if not isinstance(content, dict):
            self.findings.append(found("not_an_object", where, found=kind_of(content)))
            return None
        self.entities += 1
        if self.entities > MOST_ENTITIES:
            # Nothing more is worth telling of such a body.
            raise BadMessage(found("too_many", where, name="entities", found=self.entities, limit=MOST_ENTITIES))
        if depth > MOST_DEPTH:
            raise Refused("too_deep", where, limit=MOST_DEPTH)
        values: dict[str, Any] = {}
        links: dict[str, Any] = {}
        for name, value in content.items():
            property_, relation = type_.property(name), type_.relation(name)
            if property_ is not None:
                if value is None and not property_.needed:
                    continue
                values[name] = self.value(property_, value, f"{where}/{name}")
            elif relation is not None:
                links[name] = self.related(relation, value, f"{where}/{name}", depth)
            elif name != "id" and "@iot." not in name:
                self.findings.append(found("unknown_property", where, name=name[:80], entity=type_.name))
        self._missing(type_, content, where, given)
        self._place(type_, values, where)
        self._results(type_, values, links, where)
        return Entity(type_.name, values, links, self.id_of(content, where))

    def _missing(self, type_: EntityType, content: Mapping[str, Any], where: str, given: frozenset[str]) -> None:
        if self.mode is Mode.CHANGE:
            return
        for property_ in type_.properties:
            # A result may be null: the sensor says that it has none.
            absent = property_.name not in content or (content[property_.name] is None and property_.name != "result")
            if property_.needed and absent and self.mode is not Mode.ANSWER:
                self.findings.append(found("missing_property", where, name=property_.name))
        for relation in type_.relations if self.mode is Mode.CREATE else ():
            if relation.needed and relation.name not in given and not content.get(relation.name):
                self.findings.append(found("missing_property", where, name=relation.name))

    def _place(self, type_: EntityType, values: Mapping[str, Any], where: str) -> None:
        place = next((one.name for one in type_.properties if one.kind == model.PLACE), "")
        if place in values and values.get("encodingType") in model.GEOJSON and not is_geojson(values[place]):
            self.findings.append(found("bad_place", f"{where}/{place}", name=place))

    def _results(self, type_: EntityType, values: Mapping[str, Any], links: Mapping[str, Any], where: str) -> None:
        """Results of a datastream that comes along."""
        if type_.name != "Datastream":
            return
        kind = values.get("observationType")
        for number, one in enumerate(links.get("Observations") or (), 1):
            result = one.values.get("result") if isinstance(one, Entity) else None
            if result is not None and isinstance(kind, str) and not fits_result(kind, result):
                here = f"{where}/Observations[{number}]/result"
                self.findings.append(found("wrong_result", here, value=str(result)[:60], type=kind.rpartition("/")[2]))

    def related(self, relation: Relation, content: Any, where: str, depth: int) -> Any:
        target = ENTITIES[relation.target]
        if not relation.many:
            return self.one(target, content, where, relation, depth)
        if not isinstance(content, list):
            self.findings.append(_wrong(where, relation.name, content, "list"))
            return ()
        all_ = [self.one(target, one, f"{where}[{n}]", relation, depth) for n, one in enumerate(content, 1)]
        return tuple(one for one in all_ if one is not None)

    def one(self, target: EntityType, content: Any, where: str, relation: Relation, depth: int) -> Entity | Ref | None:
        if isinstance(content, dict) and self.mode is not Mode.ANSWER and ("@iot.id" in content or "id" in content):
            if set(content) - {"@iot.id", "id"}:
                self.findings.append(found("reference_with_more", where, name=relation.name))
            id_ = self.id_of(content, where)
            return None if id_ is None else Ref(id_)
        return self.entity(target, content, where, frozenset((relation.back,)), depth + 1)

    def id_of(self, content: Mapping[str, Any], where: str) -> Id | None:
        said = content.get("@iot.id", content.get("id"))
        if said is None:
            return None
        if isinstance(said, bool) or not isinstance(said, int | str) or said == "":
            self.findings.append(_wrong(where, "@iot.id", said, "number or text"))
            return None
        return said

    def value(self, property_: Property, value: Any, where: str) -> Any:
        """The value of a property, checked by its kind."""
        kind, name = property_.kind, property_.name
        if kind in (model.INSTANT, model.TIME, model.INTERVAL):
            return self.time(kind, name, value, where)
        if value is None and name != "result":
            self.findings.append(_wrong(where, name, value, kind))
        elif kind == model.TEXT and not isinstance(value, str):
            self.findings.append(_wrong(where, name, value, "text"))
        elif kind == model.OBJECT and not isinstance(value, dict):
            self.findings.append(_wrong(where, name, value, "object"))
        elif kind == model.UNIT:
            self.findings += _unit(value, where)
        elif kind == model.AREA and not is_geojson(value):
            self.findings.append(found("bad_place", where, name=name))
        return value

    def time(self, kind: str, name: str, value: Any, where: str) -> Time | None:
        if not isinstance(value, str):
            self.findings.append(_wrong(where, name, value, "text"))
            return None
        try:
            said = time_of(value)
        except ValueError:
            self.findings.append(found("bad_time", where, value=value[:60]))
            return None
        if (kind == model.INSTANT and said.end is not None) or (kind == model.INTERVAL and said.end is None):
            self.findings.append(_wrong(where, name, value[:60], kind))
        if said.backwards:
            self.findings.append(found("bad_interval", where, value=value[:90]))
        return said


def _unit(value: Any, where: str) -> Iterator[Finding]:
    """Name, symbol and definition are all there; null says that there is none, as for a yes or no."""
    if not isinstance(value, dict):
        yield found("not_an_object", where, found=kind_of(value))
        return
    for name in ("name", "symbol", "definition"):
        if name not in value:
            yield found("missing_property", where, name=name)
        elif value[name] is not None and not isinstance(value[name], str):
            yield _wrong(where, name, value[name], "text")
    for name in set(value) - {"name", "symbol", "definition"}:
        yield found("unknown_property", where, name=str(name)[:80], entity="unitOfMeasurement")


def _wrong(where: str, name: str, value: Any, expected: str) -> Finding:
    return found("wrong_kind", where, name=name, found=kind_of(value), expected=expected)


def kind_of(value: Any) -> str:
    """What JSON calls a value."""
    if value is None:
        return "null"
    for kinds, name in ((bool, "boolean"), ((int, float), "number"), (str, "text"), (list, "list"), (dict, "object")):
        if isinstance(value, kinds):
            return name
    return "value"


_DEPTH: Mapping[str, int] = {
    "Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3,
}  # fmt: skip


def is_geojson(value: Any, depth: int = 0) -> bool:
    """Whether a value is a geometry or a feature of GeoJSON on the globe, longitude first."""
    if not isinstance(value, dict) or depth > 4:
        return False
    kind = value.get("type")
    if kind == "Feature":
        return is_geojson(value.get("geometry"), depth + 1)
    if kind == "GeometryCollection":
        inner = value.get("geometries")
        return isinstance(inner, list) and all(is_geojson(one, depth + 1) for one in inner)
    return isinstance(kind, str) and kind in _DEPTH and _coordinates(value.get("coordinates"), _DEPTH[kind], kind)


def _coordinates(value: Any, levels: int, kind: str) -> bool:
    if not isinstance(value, list):
        return False
    if levels:
        if levels == 1 and kind.endswith("Polygon") and (len(value) < 4 or value[0] != value[-1]):
            return False
        return bool(value) and all(_coordinates(one, levels - 1, kind) for one in value)
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in value)
    return numbers and 2 <= len(value) <= 3 and abs(value[0]) <= 180 and abs(value[1]) <= 90


# Out


def as_json(entity: Entity) -> dict[str, Any]:
    """The body of an entity, as `read` takes it."""
    body: dict[str, Any] = {} if entity.id is None else {"@iot.id": entity.id}
    body |= {name: str(value) if isinstance(value, Time) else value for name, value in entity.values.items()}
    for name, link in entity.links.items():
        body[name] = [_link(one) for one in link] if isinstance(link, tuple) else _link(link)
    return body


def _link(one: Entity | Ref) -> dict[str, Any]:
    return {"@iot.id": one.id} if isinstance(one, Ref) else as_json(one)


def linked(entity: Entity, root: str, *, select: Callable[[str], bool] = lambda _name: True) -> dict[str, Any]:
    """An entity as a server answers it: its own address, and those of the relations that do not come along.

    root    address of the service, such as `https://county.example/sta/v1.1`
    select  which properties and relations the question asked for
    """
    if entity.id is None:
        raise ValueError("an entity that is answered has an id")
    own = f"{root}/{entity.type.plural}({quoted(entity.id)})"
    body: dict[str, Any] = {"@iot.id": entity.id, "@iot.selfLink": own}
    plain = as_json(entity)
    body |= {one.name: plain[one.name] for one in entity.type.properties if one.name in plain and select(one.name)}
    for relation in entity.type.relations:
        link = entity.links.get(relation.name)
        if isinstance(link, tuple):
            body[relation.name] = [linked(one, root) if isinstance(one, Entity) else _link(one) for one in link]
        elif isinstance(link, Entity):
            body[relation.name] = linked(link, root)
        elif select(relation.name):
            body[f"{relation.name}@iot.navigationLink"] = f"{own}/{relation.name}"
    return body


def quoted(id_: Id) -> str:
    """An id as it stands in an address."""
    return str(id_) if isinstance(id_, int) else "'" + id_.replace("'", "''") + "'"
