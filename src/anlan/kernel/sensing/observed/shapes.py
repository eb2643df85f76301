"""Entities as JSON: a device is a Thing, its Sensor and its Location, a point a Datastream and a FeatureOfInterest, a
kind of point an ObservedProperty, a reading an Observation.

A row is a device, a point or a kind of point: a model of `kernel.sensing.models`, or what a gateway read in its place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from anlan.formats.sensorthings import ENTITIES
from anlan.formats.sensorthings.entities import quoted

Id = int | str

GEOJSON = "application/geo+json"
MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
#: Where a kind of point is defined: by its code in this product's own list.
DEFINITION = "urn:anlan:point-kind:"
#: From quality 2 on a row says that the device talks but has no value.
QUALITIES = ("good", "uncertain", "bad")


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a point; `value` NaN where the instrument has none."""

    point: Any
    t: int
    value: float
    quality: int

    @property
    def result(self) -> float | None:
        """The value, None where there is none."""
        return None if self.quality >= 2 or math.isnan(self.value) else self.value


def moment(ms: int) -> datetime:
    """Epoch milliseconds as an aware UTC time."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def written(ms: int) -> str:
    """Epoch milliseconds as ISO 8601."""
    return moment(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def id_of(kind: str, row: Any) -> Id:
    """The id of an entity, which never changes."""
    if kind == "Observation":
        return f"{row.point.pk}-{row.t}"
    if kind == "ObservedProperty":
        return str(row.value)
    return int(row.pk)


def _words(row: Any) -> Mapping[str, Any]:
    """What a client said of a device or a point that it made."""
    words = getattr(row, "sensorthings", None)
    return {} if words is None else words.body


def _thing(device: Any) -> dict[str, Any]:
    said = _words(device)
    own = {"anlanCode": device.code, "region": device.region.code, "regionName": device.region.name}
    return {
        "name": device.name,
        "description": said.get("description", device.code),
        "properties": {**said.get("properties", {}), **own},
    }


def _sensor(device: Any) -> dict[str, Any]:
    metadata = {"device": device.code, "enabled": device.enabled, "battery": device.battery}
    own = {
        "name": device.name, "description": device.code, "encodingType": "application/json", "metadata": metadata,
    }  # fmt: skip
    said = _words(device).get("sensor", {})
    return {**own, **said, "properties": {**said.get("properties", {}), "anlanCode": device.code}}


def _location(device: Any) -> dict[str, Any]:
    places = sorted({(one.lon, one.lat) for one in device.points.all() if one.lon is not None})
    place: dict[str, Any] = {"type": "MultiPoint", "coordinates": [list(one) for one in places]}
    if len(places) == 1:
        place = {"type": "Point", "coordinates": list(places[0])}
    return {"name": device.name, "description": device.region.name, "encodingType": GEOJSON, "location": place}


def _datastream(point: Any) -> dict[str, Any]:
    said = _words(point)
    unit = {"name": point.unit or None, "symbol": point.unit or None, "definition": None}
    body: dict[str, Any] = {
        "name": point.name,
        "description": said.get("description", f"{point.code} {point.site_name}".strip()),
        "unitOfMeasurement": said.get("unitOfMeasurement", unit),
        "observationType": MEASUREMENT,
    }
    if point.lon is not None:
        body["observedArea"] = {"type": "Point", "coordinates": [point.lon, point.lat]}
    body["properties"] = {
        **said.get("properties", {}),
        "anlanCode": point.code, "kind": point.kind, "region": point.region.code, "regionName": point.region.name,
        "site": point.site_name, "periodSeconds": point.period_s, "low": point.low, "high": point.high,
        "digits": point.digits, "enabled": point.enabled,
    }  # fmt: skip
    return body


def _property(kind: Any) -> dict[str, Any]:
    return {"name": str(kind.label), "definition": DEFINITION + kind.value, "description": str(kind.label)}


def _observation(reading: Reading) -> dict[str, Any]:
    return {
        "phenomenonTime": written(reading.t), "result": reading.result, "resultTime": None,
        "resultQuality": QUALITIES[min(reading.quality, 2)],
    }  # fmt: skip


def _feature(point: Any) -> dict[str, Any]:
    return {
        "name": point.site_name or point.name, "description": point.region.name, "encodingType": GEOJSON,
        "feature": {"type": "Point", "coordinates": [point.lon, point.lat]},
        "properties": {"anlanCode": point.code},
    }  # fmt: skip


_BODIES: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "Thing": _thing, "Sensor": _sensor, "Location": _location, "Datastream": _datastream,
    "ObservedProperty": _property, "Observation": _observation, "FeatureOfInterest": _feature,
}  # fmt: skip


def properties_of(kind: str, row: Any) -> dict[str, Any]:
    """The properties of an entity as JSON has them."""
    return _BODIES[kind](row)


def self_link(root: str, kind: str, row: Any) -> str:
    """The address of an entity."""
    return f"{root}/{ENTITIES[kind].plural}({quoted(id_of(kind, row))})"


def as_json(root: str, kind: str, row: Any, select: tuple[str, ...], expanded: Mapping[str, Any]) -> dict[str, Any]:
    """An entity as it is answered: what was asked for, and links to what does not come along.

    expanded  by name of a relation what comes along, with its own `@iot.…` beside it
    """
    own = self_link(root, kind, row)
    body: dict[str, Any] = {"@iot.id": id_of(kind, row), "@iot.selfLink": own}
    if select:
        wanted = set(select)
        body |= {name: value for name, value in properties_of(kind, row).items() if name in wanted}
    else:
        body |= properties_of(kind, row)
    for relation in ENTITIES[kind].relations:
        if relation.name not in expanded and (not select or relation.name in select):
            body[f"{relation.name}@iot.navigationLink"] = f"{own}/{relation.name}"
    return body | expanded
