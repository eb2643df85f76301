"""Positions of terminals, and their readings in normal form."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

import msgspec

from anlan.formats.devices import Value, beijing_ms
from anlan.formats.jt808.message import Message

_POSITION, _POSITION_ASKED, _CONTROLLED, _BATCH = 0x0200, 0x0201, 0x0500, 0x0704
_BASE: Final = struct.Struct(">IIIIHHH6s")
#: Bits of the status: positioned, south, west.
_FIXED, _SOUTH, _WEST = 2, 4, 8
#: Items after the position by identifier: sensor, bytes, what the number is divided by, unit, whether it is certain.
_ITEMS: Final = {
    0x01: ("mileage", 4, 10, "km", True),
    0x02: ("fuel", 2, 10, "L", True),
    0x25: ("item-25", 4, 1, "", False),
    0x2A: ("item-2A", 2, 1, "", False),
    0x30: ("item-30", 1, 1, "", False),
    0x31: ("item-31", 1, 1, "", False),
}


class Position(msgspec.Struct, frozen=True, gc=False):
    """Where a terminal was.

    alarm, status  bits as they were sent
    lat, lon       degrees, WGS-84 or CGCS2000 as the receiver gives them
    altitude_m, speed_kmh, direction_deg
    time_ms        epoch ms; None for a time that does not exist
    items          what follows the position, (identifier, bytes) in their order
    """

    alarm: int
    status: int
    lat: float
    lon: float
    altitude_m: int
    speed_kmh: float
    direction_deg: int
    time_ms: int | None
    items: tuple[tuple[int, bytes], ...]

    @property
    def fixed(self) -> bool:
        """Whether the receiver had a position; without one it repeats an old place or sends zeros."""
        return bool(self.status & _FIXED)


def position(body: bytes) -> Position | None:
    """The position that a body begins with; None for one that is too short."""
    if len(body) < _BASE.size:
        return None
    alarm, status, lat, lon, altitude, speed, direction, time = _BASE.unpack_from(body)
    return Position(
        alarm,
        status,
        (-lat if status & _SOUTH else lat) / 1e6,
        (-lon if status & _WEST else lon) / 1e6,
        altitude,
        speed / 10,
        direction,
        beijing_ms("20" + time.hex()),
        tuple(_items(body, _BASE.size)),
    )


def positions(message: Message) -> list[Position]:
    """The positions of a message, an old message's batch among them; nothing of any other, or of a cipher."""
    if message.cipher or message.total:
        return []
    identifier, body = message.id, message.body
    if identifier == _POSITION:
        found = position(body)
        return [found] if found else []
    if identifier in (_POSITION_ASKED, _CONTROLLED):
        found = position(body[2:])
        return [found] if found else []
    if identifier != _BATCH:
        return []
    many: list[Position] = []
    at = 3
    while at + 2 <= len(body):
        size = int.from_bytes(body[at : at + 2], "big")
        if at + 2 + size > len(body):
            break
        found = position(body[at + 2 : at + 2 + size])
        if found:
            many.append(found)
        at += 2 + size
    return many


def values(message: Message) -> list[Value]:
    """The readings of each position.

    `quality` is "good", "no_fix" for a place that the receiver did not have, "impossible" for one not on Earth. Items
    of vendors give no reading; they stand in `Position.items`.
    """
    made: list[Value] = []
    device = message.device
    for one in positions(message):
        time = one.time_ms
        fit = "good" if one.status & _FIXED else "no_fix"
        if not (-90 <= one.lat <= 90 and -180 <= one.lon <= 180):
            fit = "impossible"
        made += (
            Value(device, "lat", time, one.lat, "deg", fit, "lat", True),
            Value(device, "lon", time, one.lon, "deg", fit, "lon", True),
            Value(device, "altitude", time, float(one.altitude_m), "m", fit, "altitude", True),
            Value(device, "speed", time, one.speed_kmh, "km/h", fit, "speed", True),
            Value(device, "direction", time, float(one.direction_deg), "deg", fit, "direction", True),
            Value(device, "alarm", time, float(one.alarm), "", "good", "alarm", True),
            Value(device, "status", time, float(one.status), "", "good", "status", True),
        )
        for identifier, content in one.items:
            item = _ITEMS.get(identifier)
            if item is not None and len(content) == item[1]:
                sensor, _size, scale, unit, known = item
                number = int.from_bytes(content, "big") / scale
                made.append(Value(device, sensor, time, number, unit, "good", f"{identifier:02X}", known))
    return made


def _items(body: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Items identifier, length, content; one that runs over the end is given as far as it goes."""
    size = len(body)
    while at + 2 <= size:
        end = at + 2 + body[at + 1]
        yield body[at], body[at + 2 : end]
        at = end
