"""Monitoring of geological hazards by MQTT: data points as JSON, device > sensor > time > fields.

Sensors are named by their type and a number (L1_QJ_1 is the first tilt sensor). Some devices leave the time out, some
put bytes before the JSON. The number of the standard is not confirmed; codes and units are those of the national
platform's guide. The flat telemetry of one open platform (`device_id`, `event_ts`, `metrics`) is read as well.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from anlan.formats.devices import BadFrame, Value, beijing_ms

#: Bytes of the largest payload that is taken.
MOST: Final = 1 << 20
#: Bytes before JSON: a type, then its length in two bytes.
_PREFIX: Final = 3
_SENSOR: Final = re.compile(r"([A-Z]\d_[A-Z]{2})_\d{1,4}", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)

#: Units by type of sensor and field; a field that is not here passes as unknown. Acceleration is sent in mg by some and
#: in m/s2 by others, so its unit belongs to the device.
_UNITS: Final[Mapping[str, Mapping[str, str]]] = {
    "L1_LF": {"value": "mm"},
    "L1_GP": {"gpsTotalX": "mm", "gpsTotalY": "mm", "gpsTotalZ": "mm"},
    "L1_SW": {"dispsX": "mm", "dispsY": "mm"},
    "L1_JS": {"gX": "", "gY": "", "gZ": ""},
    "L1_QJ": {"X": "deg", "Y": "deg", "Z": "deg", "angle": "deg", "AZI": "deg"},
    "L1_ZD": {
        **dict.fromkeys(("PLX", "PLY", "PLZ"), "Hz"),
        **dict.fromkeys(("value", "SJX", "SJY", "SJZ", "SJValue"), "mm"),
    },
    "L2_YL": {"value": ""},
    "L3_YL": {"value": "mm", "totalValue": "mm"},
    "L4_NW": {"value": ""},
    "S1_ZT": {
        "ext_power_volt": "V",
        "solar_volt": "V",
        "battery_dump_energy": "",
        "temp": "Cel",
        "humidity": "%",
        "lon": "deg",
        "lat": "deg",
        "signal_4g": "",
        "signal_NB": "",
        "sensor_state": "",
    },
}


class Message(msgspec.Struct, frozen=True):
    """One payload.

    content  the JSON as it was sent
    prefix   bytes before it
    """

    content: dict[str, Any]
    prefix: bytes = b""
    raw: bytes = b""
    notes: tuple[str, ...] = ()


class Reader:
    """Reads payloads, each of them whole, and counts what was odd; strict takes no bytes before the JSON."""

    def __init__(self, *, strict: bool = False) -> None:
        self.counts: Counter[str] = Counter()
        self._strict = strict

    def feed(self, data: bytes) -> list[Message | BadFrame]:
        """The message of a payload, or why there is none."""
        made = read(data, strict=self._strict)
        self.counts.update(made.faults if isinstance(made, BadFrame) else made.notes)
        return [made]

    def close(self) -> list[Message | BadFrame]:
        """Nothing: a payload is whole."""
        return []


def read(payload: bytes, *, strict: bool = False) -> Message | BadFrame:
    """The message of a payload, or why there is none. An encrypted envelope is kept as it is: there is no key here."""
    if len(payload) > MOST:
        return BadFrame(("too_long",), payload)
    begin = 0 if payload.startswith(b"{") else _begin(payload)
    if begin < 0 or (strict and begin):
        return BadFrame(("not_json",), payload)
    try:
        content = msgspec.json.decode(payload[begin:])
    except RecursionError:
        return BadFrame(("too_deep",), payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return BadFrame(("not_json",), payload)
    if not isinstance(content, dict):
        return BadFrame(("wrong_shape",), payload)
    if isinstance(content.get("header"), dict) and isinstance(content.get("bodies"), dict):
        return BadFrame(("encrypted",), payload)
    if not _is_flat(content) and not _has_sensors(content):
        return BadFrame(("wrong_shape",), payload)
    return Message(content, payload[:begin], payload, ("skipped_prefix",) if begin else ())


def write(message: Message) -> bytes:
    """The payload, with the bytes before it; where these gave the length of the JSON they do so again."""
    text = msgspec.json.encode(message.content)
    prefix = message.prefix
    if len(prefix) == _PREFIX and len(text) <= 0xFFFF:
        prefix = prefix[:1] + len(text).to_bytes(2, "big")
    return prefix + text


def values(message: Message) -> list[Value]:
    """The numbers of a payload; `sensor` is L1_QJ_1.X. Texts (versions, raw GNSS) give none.

    A time without zone is Beijing time; without any time the message does not say when. States of sensors are values of
    their own: S1_ZT_1.sensor_state.L1_JS_1, 0 for a healthy one.
    """
    content = message.content
    if _is_flat(content):
        time = _moment(str(content.get("event_ts", "")))
        device = content["device_id"]
        return [
            Value(device, name, time, float(number), "", "good", name, False)
            for name, number in content["metrics"].items()
            if _is_number(number)
        ]
    made: list[Value] = []
    for device, sensors in content.items():
        if not isinstance(sensors, dict):
            continue
        for sensor, said in sensors.items():
            for time, fields in _at_times(said):
                made.extend(_values(device, sensor, time, fields))
    return made


def _begin(payload: bytes) -> int:
    """Where the JSON begins behind a type and its length, else at the first brace; -1 for nowhere."""
    if len(payload) > _PREFIX and int.from_bytes(payload[1:_PREFIX], "big") == len(payload) - _PREFIX:
        return _PREFIX if payload[_PREFIX : _PREFIX + 1] == b"{" else -1
    return payload.find(b"{")


def _is_flat(content: dict[str, Any]) -> bool:
    return isinstance(content.get("device_id"), str) and isinstance(content.get("metrics"), dict)


def _has_sensors(content: dict[str, Any]) -> bool:
    """Whether anything below a device is named like a sensor."""
    return any(
        isinstance(sensors, dict) and any(_SENSOR.fullmatch(sensor) for sensor in sensors)
        for sensors in content.values()
    )


def _at_times(said: Any) -> Iterator[tuple[int | None, Any]]:
    """What a sensor says, by time; what stands without a time has none."""
    if not isinstance(said, dict):
        yield None, said
        return
    untimed: dict[str, Any] = {}
    for name, part in said.items():
        if _TIME.fullmatch(name):
            yield _moment(name), part
        else:
            untimed[name] = part
    if untimed:
        yield None, untimed


def _values(device: str, sensor: str, time: int | None, said: Any) -> Iterator[Value]:
    matched = _SENSOR.fullmatch(sensor)
    units = _UNITS.get(matched[1], {}) if matched else {}
    # A bare number is the one value that the sensor has.
    fields = said if isinstance(said, dict) else {"value": said}
    for name, part in fields.items():
        known, unit = name in units, units.get(name, "")
        if isinstance(part, dict):
            for inner, number in part.items():
                if _is_number(number):
                    raw = f"{sensor}.{name}.{inner}"
                    yield Value(device, raw, time, float(number), unit, "good", raw, known)
        elif _is_number(part):
            raw = f"{sensor}.{name}"
            yield Value(device, raw, time, float(part), unit, "good", raw, known)


def _is_number(said: Any) -> bool:
    # JSON has no infinity, but 1e999 is one; and an integer may be too large for a float.
    if isinstance(said, bool) or not isinstance(said, int | float):
        return False
    return -1e300 < said < 1e300


def _moment(text: str) -> int | None:
    """Epoch ms of an ISO time; without zone it is Beijing time."""
    if not _TIME.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        seconds = beijing_ms(moment.strftime("%Y%m%d%H%M%S"))
        return None if seconds is None else seconds + moment.microsecond // 1000
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        return None
    return int(utc.replace(microsecond=0).timestamp()) * 1000 + utc.microsecond // 1000
