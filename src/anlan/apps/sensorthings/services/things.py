"""Making devices and points from Things and Datastreams, with the verbs that the pages use too."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.sensorthings.models import StreamWords, ThingWords
from anlan.apps.sensorthings.queries.shapes import DEFINITION, MEASUREMENT, OBSERVED
from anlan.formats.sensorthings import Entity, Ref
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing.models import Device, Point
from anlan.kernel.sensing.services import Refused, add_points, register_device

#: Longest texts of a device and a point.
_NAME, _CODE, _UNIT = 120, 60, 20
#: Properties that are columns of ours: what stands there in a body is used or refused, never kept beside them.
_OURS = ("anlanCode", "region", "regionName", "kind", "site", "periodSeconds", "low", "high", "digits", "enabled")
_COUNT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_CountObservation"


@dataclass(frozen=True, slots=True)
class Made:
    """A device that was made, the key that its sender may use at the other doors, and its points."""

    device: Device
    key: str
    points: Sequence[Point]


@transaction.atomic
def make_thing(thing: Entity, *, actor: User, now: datetime) -> Made:
    """A Thing with the Datastreams that came along, as a device with its points: all of it or nothing.

    Raises Refused for what a device or a point cannot hold, NotAllowed without device.manage in the region.
    """
    if "HistoricalLocations" in thing.links:
        raise Refused(_("HistoricalLocations are not kept."))
    streams = [_whole(one) for one in _several(thing, "Datastreams")]
    region = _region(thing)
    code = _said(thing, "anlanCode") or f"sta-{secrets.token_hex(5)}"
    sensor = _one_sensor(streams)
    device, key = register_device(
        code=code, name=_short(thing.values["name"], _NAME, "name"), region=region, actor=actor, now=now
    )
    body = {"description": thing.values["description"], "properties": _others(thing)}
    if sensor is not None:
        body["sensor"] = dict(sensor.values)
    ThingWords.objects.create(device=device, body=body)
    return Made(device, key, _points(device, streams, _place(thing), actor=actor, now=now))


@transaction.atomic
def make_datastream(stream: Entity, device: Device, *, actor: User, now: datetime) -> Point:
    """A Datastream as a point of a device that is there. Raises Refused, NotAllowed."""
    sensor = stream.links.get("Sensor")
    if not isinstance(sensor, Ref) or sensor.id != device.pk:
        raise Refused(_("The Sensor of a Datastream is that of its Thing: name Sensor %(id)s.") % {"id": device.pk})
    return _points(device, [stream], None, actor=actor, now=now)[0]


@transaction.atomic
def change_words(row: Device | Point, change: Entity, *, actor: User, now: datetime) -> None:
    """Change the description and the further properties of a Thing or a Datastream. Raises Refused, NotAllowed."""
    require(actor, "device.manage", row.region)
    for name in (*change.values, *change.links):
        if name not in ("description", "properties"):
            raise Refused(_("%(name)s cannot be changed here, only description and properties.") % {"name": name})
    ours = [name for name in _OURS if name in (change.values.get("properties") or {})]
    if ours:
        raise Refused(_("%(name)s cannot be changed here, only description and properties.") % {"name": ours[0]})
    if isinstance(row, Device):
        words: Any = ThingWords.objects.select_for_update().get_or_create(device=row)[0]
    else:
        words = StreamWords.objects.select_for_update().get_or_create(point=row)[0]
    before = dict(words.body)
    words.body = before | dict(change.values)
    words.save(update_fields=["body"])
    audit.record(
        actor=actor, verb="sensorthings.change", obj=row, region=row.region, before=before, after=words.body, now=now
    )


def _several(thing: Entity, name: str) -> tuple[Entity | Ref, ...]:
    found = thing.links.get(name, ())
    return found if isinstance(found, tuple) else (found,)


def _whole(one: Entity | Ref) -> Entity:
    if isinstance(one, Ref):
        raise Refused(_("A Datastream stays with its Thing; it cannot be given to another one."))
    return one


def _said(entity: Entity, name: str) -> str:
    value = (entity.values.get("properties") or {}).get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or not 0 < len(value) <= _CODE:
        raise Refused(
            _("properties/%(name)s is a text of at most %(most)d characters.") % {"name": name, "most": _CODE}
        )
    return value


def _others(entity: Entity) -> dict[str, Any]:
    """The properties that are kept as they were sent."""
    said = entity.values.get("properties") or {}
    taken = ("anlanCode", "region") if entity.kind == "Thing" else ("anlanCode",)
    for name in said:
        if name in _OURS and name not in taken:
            raise Refused(_("properties/%(name)s is told by this service and cannot be sent.") % {"name": name})
    return {name: value for name, value in said.items() if name not in _OURS}


def _short(text: str, most: int, name: str) -> str:
    if not text.strip() or len(text) > most:
        raise Refused(_("%(name)s has 1 to %(most)d characters.") % {"name": name, "most": most})
    return text.strip()


def _region(thing: Entity) -> Region:
    code = _said(thing, "region")
    region = Region.objects.filter(code=code).first() if code else None
    if region is None:
        raise Refused(
            _("Say the region of the Thing by its code: properties/region; “%(code)s” is none.") % {"code": code}
        )
    return region


def _one_sensor(streams: Sequence[Entity]) -> Entity | None:
    """The Sensor of all Datastreams: a device is one Sensor."""
    found: Entity | None = None
    for stream in streams:
        sensor = stream.links.get("Sensor")
        if not isinstance(sensor, Entity):
            raise Refused(_("A Datastream that comes with its Thing brings its Sensor along."))
        if found is not None and dict(sensor.values) != dict(found.values):
            raise Refused(_("A Thing has one Sensor: make one Thing for each device."))
        found = sensor
    return found


def _place(thing: Entity) -> Mapping[str, Any] | None:
    """The position of the Thing, which is that of its points."""
    places = _several(thing, "Locations")
    if not places:
        return None
    place = places[0].values.get("location") if isinstance(places[0], Entity) else None
    if len(places) > 1 or not isinstance(place, dict) or place.get("type") != "Point":
        raise Refused(_("A Thing is placed by one Location, a GeoJSON Point."))
    return place


def _points(
    device: Device, streams: Sequence[Entity], place: Mapping[str, Any] | None, *, actor: User, now: datetime
) -> list[Point]:
    if not streams:
        if place is not None:
            raise Refused(_("A Location is kept with the points of a Thing: send its Datastreams along."))
        return []
    rows = [_point(device, stream, place) for stream in streams]
    made = add_points(rows, actor=actor, now=now)
    StreamWords.objects.bulk_create(
        StreamWords(
            point=point,
            body={
                "description": stream.values["description"], "properties": _others(stream),
                "unitOfMeasurement": stream.values["unitOfMeasurement"],
            },
        )
        for point, stream in zip(made, streams, strict=True)
    )  # fmt: skip
    return made


def _point(device: Device, stream: Entity, place: Mapping[str, Any] | None) -> dict[str, Any]:
    if "Observations" in stream.links:
        raise Refused(_("Send Observations when their Datastream is made."))
    if stream.values["observationType"] not in (MEASUREMENT, _COUNT):
        raise Refused(_("The result of a Datastream is a number: OM_Measurement or OM_CountObservation."))
    own = stream.values.get("observedArea")
    spot = own if isinstance(own, dict) and own.get("type") == "Point" else place
    lon, lat = (spot["coordinates"][:2]) if spot is not None else (None, None)
    unit = stream.values["unitOfMeasurement"].get("symbol") or ""
    return {
        "code": _said(stream, "anlanCode") or f"{device.code[:44]}-{secrets.token_hex(5)}",
        "name": _short(stream.values["name"], _NAME, "name"),
        "kind": _kind(stream),
        "unit": unit if len(unit) <= _UNIT else _short(unit, _UNIT, "unitOfMeasurement/symbol"),
        "region": device.region, "device": device, "lon": lon, "lat": lat,
    }  # fmt: skip


def _kind(stream: Entity) -> str:
    """The kind of point that an ObservedProperty means: by its id, its definition or its name."""
    said = stream.links.get("ObservedProperty")
    if isinstance(said, Ref):
        words: tuple[str, ...] = (str(said.id),)
    else:
        assert isinstance(said, Entity)
        definition = str(said.values["definition"])
        words = (definition.removeprefix(DEFINITION), str(said.values["name"]))
    for kind in OBSERVED:
        if kind.value in words or str(kind.label) in words:
            return kind.value
    known = ", ".join(one.value for one in OBSERVED)
    raise Refused(_("ObservedProperty is one of this service: %(known)s.") % {"known": known})
