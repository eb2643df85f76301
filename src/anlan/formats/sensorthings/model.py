"""The eight kinds of entities: their properties, and how they hang together. Source: OGC 18-088, clause 8."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

#: Kinds of properties.
TEXT, OBJECT, ANY, UNIT, INSTANT, TIME, INTERVAL, PLACE, AREA = (
    "text", "object", "anything", "unit of measurement", "instant", "instant or interval", "interval", "place",
    "GeoJSON geometry",
)  # fmt: skip

#: Encodings of places that are GeoJSON; those of another one are kept and not judged.
GEOJSON = ("application/geo+json", "application/vnd.geo+json")


@dataclass(frozen=True, slots=True)
class Property:
    """A property. `needed`: nobody but the sender can say it."""

    name: str
    kind: str = TEXT
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Relation:
    """A way to other entities: `back` is the way from there; `needed`: without it the entity hangs in the air."""

    name: str
    target: str
    back: str
    many: bool = False
    needed: bool = False


@dataclass(frozen=True, slots=True)
class EntityType:
    """A kind of entity; `plural` is the set that it is in."""

    name: str
    plural: str
    properties: tuple[Property, ...]
    relations: tuple[Relation, ...]

    def property(self, name: str) -> Property | None:
        """A property by its name."""
        return next((one for one in self.properties if one.name == name), None)

    def relation(self, name: str) -> Relation | None:
        """A relation by its name."""
        return next((one for one in self.relations if one.name == name), None)


_NAME, _DESCRIPTION = Property("name"), Property("description")
_MORE = Property("properties", OBJECT, needed=False)


def _types() -> tuple[EntityType, ...]:
    return (
        EntityType("Thing", "Things", (_NAME, _DESCRIPTION, _MORE), (
            Relation("Locations", "Location", "Things", many=True),
            Relation("HistoricalLocations", "HistoricalLocation", "Thing", many=True),
            Relation("Datastreams", "Datastream", "Thing", many=True),
        )),
        EntityType("Location", "Locations",
            (_NAME, _DESCRIPTION, Property("encodingType"), Property("location", PLACE), _MORE), (
            Relation("Things", "Thing", "Locations", many=True),
            Relation("HistoricalLocations", "HistoricalLocation", "Locations", many=True),
        )),
        EntityType("HistoricalLocation", "HistoricalLocations", (Property("time", INSTANT),), (
            Relation("Thing", "Thing", "HistoricalLocations", needed=True),
            Relation("Locations", "Location", "HistoricalLocations", many=True, needed=True),
        )),
        EntityType("Datastream", "Datastreams", (
            _NAME, _DESCRIPTION, Property("unitOfMeasurement", UNIT), Property("observationType"),
            Property("observedArea", AREA, needed=False), Property("phenomenonTime", TIME, needed=False),
            Property("resultTime", TIME, needed=False), _MORE,
        ), (
            Relation("Thing", "Thing", "Datastreams", needed=True),
            Relation("Sensor", "Sensor", "Datastreams", needed=True),
            Relation("ObservedProperty", "ObservedProperty", "Datastreams", needed=True),
            Relation("Observations", "Observation", "Datastream", many=True),
        )),
        EntityType("Sensor", "Sensors",
            (_NAME, _DESCRIPTION, Property("encodingType"), Property("metadata", ANY), _MORE),
            (Relation("Datastreams", "Datastream", "Sensor", many=True),)),
        EntityType("ObservedProperty", "ObservedProperties", (_NAME, Property("definition"), _DESCRIPTION, _MORE),
            (Relation("Datastreams", "Datastream", "ObservedProperty", many=True),)),
        EntityType("Observation", "Observations", (
            # A time that is not said is that of the arrival; the receiver puts it in.
            Property("phenomenonTime", TIME, needed=False), Property("result", ANY),
            Property("resultTime", INSTANT, needed=False), Property("resultQuality", ANY, needed=False),
            Property("validTime", INTERVAL, needed=False), Property("parameters", OBJECT, needed=False),
        ), (
            Relation("Datastream", "Datastream", "Observations", needed=True),
            Relation("FeatureOfInterest", "FeatureOfInterest", "Observations"),
        )),
        EntityType("FeatureOfInterest", "FeaturesOfInterest",
            (_NAME, _DESCRIPTION, Property("encodingType"), Property("feature", PLACE), _MORE),
            (Relation("Observations", "Observation", "FeatureOfInterest", many=True),)),
    )  # fmt: skip


ENTITIES: Mapping[str, EntityType] = {one.name: one for one in _types()}

_OM = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_RESULTS: Mapping[str, Callable[[object], bool]] = {
    _OM + "Measurement": _is_number,
    _OM + "CountObservation": lambda value: isinstance(value, int) and not isinstance(value, bool),
    _OM + "TruthObservation": lambda value: isinstance(value, bool),
    _OM + "CategoryObservation": lambda value: isinstance(value, str),
}


def fits_result(observation_type: str, result: object) -> bool:
    """Whether a result is one of a datastream's observation type; any is of a type that is not known here."""
    judge = _RESULTS.get(observation_type)
    return judge is None or judge(result)
