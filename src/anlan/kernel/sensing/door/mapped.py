"""Readings that a mapping made of a vendor's message: whose they are, and which point takes each. Without Django.

The gateway stores by it, and the page that tries a mapping shows the same without storing anything.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from anlan.formats.devices import Value
from anlan.formats.vendor_json import FAULTS, Fault
from anlan.kernel.sensing.door.bodies import Sender
from anlan.kernel.sensing.door.links import point_code
from anlan.kernel.sensing.store.rows import Columns, Refused

#: Words for the quality of a value -> code of the log. A value that its instrument doubts is still judged: to hide it
#: would hide a danger. Every other word is bad.
QUALITIES: Mapping[str, int] = {"good": 0, "uncertain": 1, "over_range": 1, "manual": 1}
BAD = 2
#: Bytes of a message that are kept for a person to look at, and that one may try.
KEPT_BYTES = 8_000
#: Before the bytes of a message that is no text, and before the id of every batch that a mapping made.
HEX, MAPPED = "hex:", "map:"


class Fate(StrEnum):
    """What becomes of a reading."""

    TAKEN = "taken"
    PASSED_OVER = "passed_over"  # a person said that nobody needs it
    UNKNOWN_DEVICE = "unknown_device"
    UNKNOWN_POINT = "unknown_point"


@dataclass(frozen=True, slots=True)
class Linked:
    """A device behind a mapping: our code of it, and sensor → code of a point where that is not the usual one."""

    device: str
    sensors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Placed:
    """A reading, the code of the point that would take it, and its number where there is one."""

    value: Value
    fate: Fate
    device: str = ""
    code: str = ""
    point: int = -1


def placed(value: Value, link: Linked | None, sender: Sender | None) -> Placed:
    """Whose a reading is. Only points of the sender itself can take it."""
    if link is None or sender is None:
        return Placed(value, Fate.UNKNOWN_DEVICE)
    code = link.sensors.get(value.sensor)
    if code == "":
        return Placed(value, Fate.PASSED_OVER, link.device)
    code = code or point_code(link.device, value.sensor)
    point = sender.points.get(code)
    if point is None:
        return Placed(value, Fate.UNKNOWN_POINT, link.device, code)
    return Placed(value, Fate.TAKEN, link.device, code, point)


def columns_of(taken: Sequence[Placed]) -> Columns:
    """Readings that points take, as columns."""
    values = [one.value for one in taken]
    return Columns(
        np.array([one.point for one in taken], np.int32),
        np.array([value.time_ms for value in values], np.int64),
        np.array([math.nan if value.value is None else value.value for value in values], np.float64),
        np.array([QUALITIES.get(value.quality, BAD) for value in values], np.uint8),
    )


def refused_point(place: int, one: Placed, raw: str) -> Refused:
    """A reading that no point takes, as it is set aside: with time and value, so that it can be sent again."""
    why = f"No point takes the sensor {one.value.sensor} of this device."
    value = one.value
    return Refused(place, "point", "unknown_point", why, one.code[:120], value.time_ms, value.value, raw)


def refused_fault(fault: Fault, topic: str, raw: str) -> Refused:
    """A fault of a message, as it is set aside."""
    at = f" at {fault.path}" if fault.path else ""
    said = f": {fault.said}" if fault.said else ""
    why = f"{FAULTS.get(fault.kind, fault.kind)}{at}{said}"
    return Refused(-1, fault.path[:120] or "message", fault.kind, why, topic[:120], raw=raw)


def batch_key(code: str, version: int, topic: str, body: bytes, arrival: str = "") -> str:
    """The id of a message's batch; the same for one that comes again.

    arrival  of a mapping that dates by arrival, where the same bytes at another time are another message: what tells
             a delivery from the next
    """
    digest = hashlib.sha256(topic.encode("utf-8", "surrogatepass") + b"\0" + body).hexdigest()[:32]
    return f"{MAPPED}{code}:{version}:{digest}" + (f":{arrival}" if arrival else "")


def kept_text(body: bytes, encoding: str) -> str:
    """The beginning of a message as text for a person, or as hex after `hex:`."""
    piece = body[:KEPT_BYTES]
    try:
        text = piece.decode(encoding)
    except UnicodeDecodeError as error:
        # Cut in the middle of a character it is text all the same.
        if len(body) <= KEPT_BYTES or error.start < len(piece) - 4:
            return HEX + piece[: KEPT_BYTES // 2].hex()
        text = piece[: error.start].decode(encoding)
    return HEX + piece[: KEPT_BYTES // 2].hex() if "\0" in text else text


def bytes_of(text: str, encoding: str) -> bytes:
    """The bytes of what `kept_text` gave, or of what a person typed. Raises ValueError."""
    if text.startswith(HEX):
        return bytes.fromhex(text.removeprefix(HEX))
    return text.encode(encoding)
