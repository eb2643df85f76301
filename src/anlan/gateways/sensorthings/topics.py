"""The topics of SensorThings: those under which observations come, and what a subscription asks for.

A topic is the address below the service's root with its version in front, `v1.1/Datastreams(12)/Observations`. To us an
observation comes with the name of the device that sent it before that, `anlan/v1/<device>/sta/v1.1/Datastreams(12)/…`:
our own broker puts it there once the device has proved its name, any other broker lets a device publish under its own
name only. So whose message it is never depends on what is in it. Source: OGC 18-088, clause 14.
"""

from __future__ import annotations

from dataclasses import dataclass

from anlan.formats.findings import BadMessage
from anlan.formats.sensorthings.addresses import Address, Id, parse
from anlan.formats.sensorthings.query import parse as parse_query

#: The version before every address.
VERSION = "v1.1/"
#: What the gateway subscribes to for observations.
EVERY_CREATION = "anlan/v1/+/sta/#"
#: Kinds whose entities are told of. The others never change (ObservedProperty) or are not there.
TOLD = ("Thing", "Sensor", "Location", "Datastream", "FeatureOfInterest", "Observation")


@dataclass(frozen=True, slots=True)
class Creation:
    """Where an observation was published: by which device, to which datastream; None where its body says that."""

    device: str
    datastream: int | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a subscription asks for: one entity, a property of it, or what is new and changed in a set.

    kind    of the entities that are told
    parent  kind and id of the entity whose set it is, None for the set of the service
    id      of the only entity, None for a set
    named   the only property, "" for the entity
    select  properties that are told, () for all
    """

    kind: str
    parent: tuple[str, Id] | None = None
    id: Id | None = None
    named: str = ""
    select: tuple[str, ...] = ()


def under_device(device: str, topic: str) -> str:
    """Where our own broker brings what a device has published under a topic of SensorThings."""
    return f"anlan/v1/{device}/sta/{topic}"


def is_creation(topic: str) -> bool:
    """Whether observations may be published here."""
    return topic.startswith(VERSION) and _datastream(topic.removeprefix(VERSION)) is not False


def creation_of(topic: str) -> Creation | None:
    """The device and the datastream of a topic under `EVERY_CREATION`; None for one that is none."""
    parts = topic.split("/", 4)
    if len(parts) != 5 or parts[:2] != ["anlan", "v1"] or parts[3] != "sta" or not parts[2]:
        return None
    # Brokers that take no dot in a topic leave the version out.
    found = _datastream(parts[4].removeprefix(VERSION))
    return None if found is False else Creation(parts[2], found)


def _datastream(path: str) -> int | bool | None:
    """The datastream of a path to observations, None where it does not say, False for another path."""
    address = parse(path)
    if address is None or address.ref or address.named or not address.last.is_set:
        return False
    names, ids = [step.kind.name for step in address.steps], [step.id for step in address.steps]
    if names == ["Observation"]:
        return None
    return ids[0] if names == ["Datastream", "Observation"] and isinstance(ids[0], int) else False


def wish_of(topic: str) -> Wish | None:
    """What a topic filter asks for, None for what nobody is told: joker signs, other options than `$select`."""
    path, _mark, options = topic.partition("?")
    if not path.startswith(VERSION) or "+" in path or "#" in path:
        return None
    address = parse(path.removeprefix(VERSION))
    if address is None or address.ref or address.value:
        return None
    kind = address.last.kind.name
    try:
        query = parse_query(options, kind)
    except BadMessage:
        return None
    beyond = query.filter, query.count, query.top, query.skip, query.result_format
    if any(one is not None for one in beyond) or query.expand or query.orderby or (address.named and query.select):
        return None
    return _wish(address, kind, query.select) if kind in TOLD else None


def _wish(address: Address, kind: str, select: tuple[str, ...]) -> Wish | None:
    steps = address.steps
    if len(steps) == 1:
        # Single observations never change.
        if steps[0].id is not None and kind == "Observation":
            return None
        return Wish(kind, id=steps[0].id, named=address.named, select=select)
    known = len(steps) == 2 and steps[0].id is not None and address.last.is_set
    pairs = (("Thing", "Datastream"), ("Sensor", "Datastream"), ("Datastream", "Observation"))
    if not known or (steps[0].kind.name, kind) not in pairs or steps[0].id is None:
        return None
    return Wish(kind, parent=(steps[0].kind.name, steps[0].id), select=select)
