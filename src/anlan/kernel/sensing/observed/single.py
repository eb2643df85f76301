"""One observation as a body of its own, as a POST and a message of MQTT bring it."""

from __future__ import annotations

from typing import Any

from anlan.formats.sensorthings import ENTITIES, Entity, EntityType, Ref, read
from anlan.formats.sensorthings.entities import MOST_DEPTH, decoded
from anlan.kernel.sensing.observed.arriving import Arrived, columns

Id = int | str


def linked(kind: str, body: bytes) -> Any:
    """The body, with an entity that is there already named by its id alone.

    Clients send such an entity along as they read it; what they say of it is not a change of it.
    """
    content = decoded(body)
    _bare(ENTITIES[kind], content)
    return content


def _bare(kind: EntityType, content: Any, depth: int = 1) -> None:
    for relation in kind.relations if isinstance(content, dict) and depth <= MOST_DEPTH else ():
        some = content.get(relation.name)
        for one in some if isinstance(some, list) else [some]:
            if isinstance(one, dict) and "@iot.id" in one:
                id_ = one["@iot.id"]
                one.clear()
                one["@iot.id"] = id_
            else:
                _bare(ENTITIES[relation.target], one, depth + 1)


def observation_of(body: bytes, *, given: bool) -> Entity:
    """The observation of a body; `given`: its datastream is said by the address. Raises BadMessage, Refused."""
    return read("Observation", linked("Observation", body), given=("Datastream",) if given else ())


def datastream_of(entity: Entity) -> Id | None:
    """The datastream that an observation names by its id, None where it does not."""
    link = entity.links.get("Datastream")
    return link.id if isinstance(link, Ref) else None


def row_of(entity: Entity, point: int, now_ms: int) -> Arrived:
    """An observation of a point as columns of one row.

    now_ms  the time of one that does not say its own
    """
    place = entity.links.get("FeatureOfInterest")
    names = [one.name for one in ENTITIES["Observation"].properties if one.name in entity.values]
    said = [
        str(entity.values[name]) if name in ("phenomenonTime", "validTime") else entity.values[name] for name in names
    ]
    if entity.id is not None:
        names, said = [*names, "id"], [*said, entity.id]
    if place is not None:
        # One that is new is none of this point's.
        names, said = [*names, "FeatureOfInterest/id"], [*said, place.id if isinstance(place, Ref) else "new"]
    return columns(point, names, [said], now_ms)
