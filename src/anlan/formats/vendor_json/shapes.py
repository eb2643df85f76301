"""The forms that are read without paths: JSON of geological hazard devices, SenML, and observations of SensorThings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from anlan.formats import geohazard, senml
from anlan.formats.devices import BadFrame, Value
from anlan.formats.faults import Refused
from anlan.formats.findings import BadMessage
from anlan.formats.sensorthings import Entity, Mode, Ref, Time, read, read_arrays
from anlan.formats.vendor_json.mapping import Known, Mapping, Shape, is_name
from anlan.formats.vendor_json.paths import ABSENT, Step
from anlan.formats.vendor_json.reading import (
    MOST_BYTES,
    MOST_VALUES,
    Fault,
    decoded,
    device_number,
    excerpt,
    number_of,
    unreadable,
)
from anlan.formats.vendor_json.times import EARLIEST_MS, LATEST_MS

#: What a result's quality may say; 0 is good, 1 uncertain, as at the door.
_QUALITIES = {"good": "good", "uncertain": "uncertain", "bad": "bad", 0: "good", 1: "uncertain", 2: "bad"}


class Notes(Protocol):
    """Where faults go."""

    def add(self, kind: str, steps: tuple[Step, ...], said: Any = ABSENT) -> None:
        """Note a fault by its steps."""

    def put(self, fault: Fault) -> None:
        """Note a fault."""


def shaped(mapping: Mapping, parts: dict[str, str], payload: bytes, at_ms: int, notes: Notes) -> list[Value]:
    """The readings of a payload in a built-in form, with names, units and scales of the mapping."""
    if len(payload) > MOST_BYTES:
        unreadable("too_long")
    shape = mapping.body.shape
    # The readers of these forms take the last of two equal names; which one is meant nobody knows.
    decoded(payload[max(0, payload.find(b"{")) :] if shape is Shape.GEOHAZARD else payload, "utf-8")
    if shape is Shape.SENSORTHINGS:
        found: Iterator[Value] = _observations(mapping, parts, payload, notes)
    else:
        found = iter(_read(shape, payload))
    known = {one.name: one for one in mapping.sensors}
    made: list[Value] = []
    seen: set[str] = set()
    for value in found:
        seen.add(value.sensor)
        settled = _settled(mapping, parts, value, known.get(value.sensor), at_ms, notes)
        if settled is not None:
            made.append(settled)
        if len(made) > MOST_VALUES:
            unreadable("too_many")
    for name, one in known.items():
        if one.required and name not in seen:
            notes.add("absent", (), name)
    return made


def _read(shape: Shape, payload: bytes) -> list[Value]:
    if shape is Shape.GEOHAZARD:
        message = geohazard.read(payload)
        if isinstance(message, BadFrame):
            unreadable(message.kind)
        return geohazard.values(message)
    pack = senml.read(payload)
    if isinstance(pack, BadFrame):
        unreadable(pack.kind)
    return senml.values(pack, 0)


def _settled(
    mapping: Mapping, parts: dict[str, str], value: Value, known: Known | None, at_ms: int, notes: Notes
) -> Value | None:
    """A value of a shape under the mapping; None when it cannot be used."""
    here: tuple[Step, ...] = (value.raw,)
    device = device_number(value.device, parts, mapping.body.device.within)
    if device is None:
        notes.add("odd_device", here, value.device)
        return None
    time_ms = value.time_ms
    # SenML counts small times from the arrival of the pack; the others leave the time out.
    after_ms = 0 if time_ms is None else time_ms if mapping.body.shape is Shape.SENML else LATEST_MS
    if after_ms < EARLIEST_MS:
        if not mapping.is_by_arrival:
            notes.add("no_time", here)
            return None
        time_ms = at_ms + after_ms
    assert time_ms is not None
    if not EARLIEST_MS <= time_ms < LATEST_MS:
        notes.add("odd_time", here, time_ms)
        return None
    sensor = known.sensor if known else value.sensor
    if not is_name(sensor):
        notes.add("odd_name", here, sensor)
        return None
    number = value.value if value.value is None else number_of(value.value, known, text=False)
    if number is ABSENT:
        notes.add("out_of_range", here, value.value)
        return None
    unit = known.unit or value.unit if known else value.unit
    quality = "missing" if number is None else value.quality
    return Value(device, sensor, time_ms, number, unit, quality, value.raw, known is not None or value.known)


def _observations(mapping: Mapping, parts: dict[str, str], payload: bytes, notes: Notes) -> Iterator[Value]:
    """Single observations and data arrays; the sensor is the id of the datastream, `result` where none is said."""
    device = parts[mapping.body.device.part]
    try:
        if b'"dataArray"' in payload:
            for number, array in enumerate(read_arrays(payload)):
                for row in array.rows:
                    if row.observation is None:
                        _told(row.findings, notes)
                    else:
                        yield from _observation(device, array.datastream, row.observation, notes, number)
            return
        observation = read("Observation", payload, mode=Mode.CREATE, given=("Datastream",))
    except BadMessage as bad:
        _told(bad.findings, notes)
        return
    except Refused as refused:
        unreadable("too_deep" if refused.code == "too_deep" else "not_json", excerpt(refused.code))
    link = observation.links.get("Datastream")
    yield from _observation(device, link.id if isinstance(link, Ref) else None, observation, notes, 0)


def _told(findings: Any, notes: Notes) -> None:
    for one in findings:
        said = one.args.get("value", one.args.get("name", ""))
        notes.put(Fault("bad_observation", one.where[:120], excerpt(str(said))))


def _observation(device: str, datastream: Any, observation: Entity, notes: Notes, number: int) -> Iterator[Value]:
    sensor = "result" if datastream is None else str(datastream)
    result, moment = observation.values.get("result"), observation.values.get("phenomenonTime")
    if isinstance(result, bool) or not isinstance(result, int | float | None):
        notes.add("not_number", (number, "result"), result)
        return
    at = round(moment.start.timestamp() * 1000) if isinstance(moment, Time) else None
    said = observation.values.get("resultQuality", "good")
    quality = _QUALITIES.get(said) if isinstance(said, int | str) and not isinstance(said, bool) else None
    if quality is None:
        notes.add("unknown_quality", (number, "resultQuality"), said)
        quality = "bad"
    yield Value(device, sensor, at, None if result is None else float(result), "", quality, sensor, False)
