"""SenML (RFC 8428) as JSON: a pack of records, with base fields that hold from their record on.

Nothing is interpreted beyond the RFC. Names, units and versions that it forbids refuse the pack.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Final

import msgspec

from anlan.formats.devices import BadFrame, Value

MOST: Final = 1 << 20
#: The version of the RFC, and the time below which a time is relative to now: section 4.5.3.
VERSION: Final = 10
_RELATIVE_BELOW: Final = 2**28
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*", re.ASCII)
_NUMBERS: Final = ("bt", "bv", "bs", "v", "s", "t", "ut")
_TEXTS: Final = ("bn", "bu", "n", "u", "vs", "vd")
_VALUES: Final = ("v", "vs", "vb", "vd")


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record with its base fields resolved.

    device, part  base name and name, of which `name` is made
    time_s        seconds; below 2^28 relative to when the pack came
    value         number, text, bool, or data in base64url as `data`
    """

    device: str
    part: str
    unit: str
    time_s: float
    value: float | str | bool | None = None
    data: str | None = None
    sum: float | None = None
    update_s: float | None = None

    @property
    def name(self) -> str:
        """The full name."""
        return self.device + self.part


class Message(msgspec.Struct, frozen=True):
    """A pack."""

    records: tuple[Record, ...]
    raw: bytes = b""


class Reader:
    """Reads packs, each of them whole, and counts what was odd. Strict refuses fields that the RFC does not have."""

    def __init__(self, *, strict: bool = False) -> None:
        self.counts: Counter[str] = Counter()
        self._strict = strict

    def feed(self, data: bytes) -> list[Message | BadFrame]:
        """The message of a payload, or why there is none."""
        made = read(data, strict=self._strict)
        if isinstance(made, BadFrame):
            self.counts.update(made.faults)
        return [made]

    def close(self) -> list[Message | BadFrame]:
        """Nothing: a payload is whole."""
        return []


def read(payload: bytes, *, strict: bool = False) -> Message | BadFrame:
    """The pack of a payload, or why there is none."""
    if len(payload) > MOST:
        return BadFrame(("too_long",), payload)
    try:
        content = msgspec.json.decode(payload)
    except RecursionError:
        return BadFrame(("too_deep",), payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return BadFrame(("not_json",), payload)
    if not isinstance(content, list) or not content:
        return BadFrame(("wrong_shape",), payload)
    records = _resolved(content, strict=strict)
    return BadFrame(("wrong_shape",), payload) if records is None else Message(records, payload)


def _resolved(content: list[Any], *, strict: bool) -> tuple[Record, ...] | None:
    """The records; None where the RFC forbids the pack."""
    base: dict[str, Any] = {"bver": VERSION}
    records: list[Record] = []
    for said in content:
        if not isinstance(said, dict) or not _is_fit(said, strict=strict):
            return None
        if "bver" in said and records and said["bver"] != base["bver"]:
            return None
        base.update((name, part) for name, part in said.items() if name.startswith("b"))
        if base["bver"] > VERSION:
            return None
        given = [name for name in _VALUES if name in said]
        if len(given) > 1:
            return None
        summed = said.get("s", 0) + base.get("bs", 0) if "s" in said or "bs" in base else None
        if not given and "s" not in said:
            # A record of base fields alone says nothing by itself.
            continue
        device, part = base.get("bn", ""), said.get("n", "")
        if not _NAME.fullmatch(device + part):
            return None
        value = said[given[0]] if given and given[0] != "vd" else None
        if "v" in said:
            value = float(value + base.get("bv", 0))
        records.append(
            Record(
                device,
                part,
                said.get("u", base.get("bu", "")),
                float(said.get("t", 0) + base.get("bt", 0)),
                value,
                said.get("vd"),
                None if summed is None else float(summed),
                said.get("ut"),
            )
        )
    return tuple(records)


def _is_fit(said: dict[str, Any], *, strict: bool) -> bool:
    """Whether the fields are of their types; a name that ends with _ must be understood, and none is."""
    for name, part in said.items():
        if name in _NUMBERS:
            if isinstance(part, bool) or not isinstance(part, int | float) or not -1e300 < part < 1e300:
                return False
        elif name in _TEXTS:
            if not isinstance(part, str):
                return False
        elif name == "vb":
            if not isinstance(part, bool):
                return False
        elif name == "bver":
            if isinstance(part, bool) or not isinstance(part, int) or part < 1:
                return False
        elif strict or name.endswith("_") or name.startswith("b"):
            return False
    return True


def write(message: Message) -> bytes:
    """The pack, each record with the base name of its device where that changes; times and units stand in each."""
    packed: list[dict[str, Any]] = []
    device: str | None = None
    for record in message.records:
        said: dict[str, Any] = {}
        if record.device != device:
            said["bn"] = device = record.device
        if record.part:
            said["n"] = record.part
        if record.unit:
            said["u"] = record.unit
        if record.time_s:
            said["t"] = record.time_s
        if record.value is not None:
            form = "vb" if isinstance(record.value, bool) else "vs" if isinstance(record.value, str) else "v"
            said[form] = record.value
        if record.data is not None:
            said["vd"] = record.data
        if record.sum is not None:
            said["s"] = record.sum
        if record.update_s is not None:
            said["ut"] = record.update_s
        packed.append(said)
    return msgspec.json.encode(packed)


def values(message: Message, at_ms: int) -> list[Value]:
    """The numbers and switches of a pack that came at `at_ms`; texts, data and sums give none.

    `device` is the base name without its last separator, `sensor` the name; a record without the one or the other has
    its full name as device and "value" as sensor.
    """
    made: list[Value] = []
    for record in message.records:
        value = record.value
        if value is None or isinstance(value, str):
            continue
        device, sensor = record.device.rstrip(":/._-"), record.part
        if not device or not sensor:
            device, sensor = record.name, "value"
        moment = record.time_s * 1000
        if abs(moment) > 1e15:
            time = None
        elif record.time_s < _RELATIVE_BELOW:
            time = at_ms + round(moment)
        else:
            time = round(moment)
        made.append(Value(device, sensor, time, float(value), record.unit, "good", record.name, True))
    return made
