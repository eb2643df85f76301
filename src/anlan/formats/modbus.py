"""Modbus TCP: a map of registers becomes requests for contiguous ranges, answers become values. It only reads.

transaction 2 | protocol 2, always 0 | length 2: unit and what follows | unit 1 | function 1 | data
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from anlan.formats.checksums import modbus_crc
from anlan.formats.devices import BadFrame, Stream, Value

Type = Literal["bit", "u16", "i16", "u32", "i32", "f32", "u64", "i64", "f64"]
Order = Literal["ABCD", "CDAB", "BADC", "DCBA"]

#: Functions that read, and how many bits or registers one request may ask for.
COILS, INPUTS, HOLDING, REGISTERS = 0x01, 0x02, 0x03, 0x04
MOST_REGISTERS: Final = 125
MOST_BITS: Final = 2000
_EXCEPTION: Final = 0x80
_COMMON: Final = frozenset({0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0F, 0x10})
_HEAD: Final = 7
#: The length counts the unit, the function and at most 252 bytes more.
_LEAST_LENGTH, _MOST_LENGTH = 2, 254

_FORMS: Final[dict[Type, str]] = {
    "u16": ">H",
    "i16": ">h",
    "u32": ">I",
    "i32": ">i",
    "f32": ">f",
    "u64": ">Q",
    "i64": ">q",
    "f64": ">d",
}

#: What an exception means, by its code.
EXCEPTIONS: Final = {
    0x01: "illegal_function",
    0x02: "illegal_address",
    0x03: "illegal_value",
    0x04: "device_failure",
    0x05: "acknowledged",
    0x06: "busy",
    0x0A: "gateway_path",
    0x0B: "target_silent",
}


class Point(msgspec.Struct, frozen=True):
    """One measured thing in a device's map.

    address  of the first register or bit, from 0
    order    of the bytes of a value in several registers: ABCD high word and high byte first
    scale    value = number * scale + offset
    """

    sensor: str
    function: int
    address: int
    type: Type = "u16"
    order: Order = "ABCD"
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""

    @property
    def size(self) -> int:
        """Registers or bits that it takes."""
        return 1 if self.type == "bit" else struct.calcsize(_FORMS[self.type]) // 2


class Request(msgspec.Struct, frozen=True):
    """A range to read, and the points that lie in it."""

    unit: int
    function: int
    address: int
    count: int
    points: tuple[Point, ...]


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One frame, a request or an answer."""

    transaction: int
    unit: int
    function: int
    data: bytes = b""
    raw: bytes = b""

    @property
    def exception(self) -> str | None:
        """What the device refuses with: a word of `EXCEPTIONS`, "exception_NN" for a code of no book, None for none."""
        if not self.function & _EXCEPTION:
            return None
        code = self.data[0] if self.data else 0
        return EXCEPTIONS.get(code, f"exception_{code:02X}")


def plan(unit: int, points: Sequence[Point], *, gap: int = 0) -> list[Request]:
    """Requests that read all points: neighbours in one, up to `gap` registers that nobody wants between them.

    A device may refuse a range with a hole; so by default only what is wanted is asked for.

    Raises ValueError for a function that does not read, a type that does not fit it, or an address beyond FFFF.
    """
    requests: list[Request] = []
    for function in sorted({point.function for point in points}):
        if function not in (COILS, INPUTS, HOLDING, REGISTERS):
            raise ValueError(f"function {function:02X} does not read")
        most = MOST_BITS if function in (COILS, INPUTS) else MOST_REGISTERS
        group: list[Point] = []
        first = end = 0
        for point in sorted((p for p in points if p.function == function), key=lambda p: (p.address, p.size)):
            if (function in (COILS, INPUTS)) != (point.type == "bit"):
                raise ValueError(f"{point.sensor}: function {function:02X} does not read the type {point.type}")
            if not 0 <= point.address <= 0x10000 - point.size:
                raise ValueError(f"{point.sensor}: no address {point.address}")
            after = point.address + point.size
            if group and (point.address > end + gap or max(end, after) - first > most):
                requests.append(Request(unit, function, first, end - first, tuple(group)))
                group = []
            if not group:
                first = end = point.address
            group.append(point)
            end = max(end, after)
        if group:
            requests.append(Request(unit, function, first, end - first, tuple(group)))
    return requests


def ask(request: Request, transaction: int) -> bytes:
    """The frame of a request."""
    data = struct.pack(">HH", request.address, request.count)
    return write(Frame(transaction, request.unit, request.function, data))


def write(frame: Frame) -> bytes:
    """The bytes of a frame."""
    head = struct.pack(">HHHBB", frame.transaction, 0, 2 + len(frame.data), frame.unit, frame.function)
    return head + frame.data


def write_rtu(frame: Frame) -> bytes:
    """The frame as on a serial line: no transaction, CRC with its low byte first."""
    content = bytes((frame.unit, frame.function)) + frame.data
    return content + modbus_crc(content).to_bytes(2, "little")


def registers(frame: Frame) -> tuple[int, ...] | None:
    """The registers of an answer to a reading of them; None for an exception or an answer that contradicts itself."""
    data = frame.data
    if frame.function not in (HOLDING, REGISTERS) or not data or data[0] != len(data) - 1 or data[0] % 2:
        return None
    return struct.unpack(f">{data[0] // 2}H", data[1:])


def answers(request: Request, frame: Frame) -> bool:
    """Whether a frame can be the answer to a request."""
    if frame.unit != request.unit or frame.function & ~_EXCEPTION != request.function:
        return False
    if frame.exception is not None:
        return len(frame.data) == 1
    bits = request.function in (COILS, INPUTS)
    size = (request.count + 7) // 8 if bits else request.count * 2
    return len(frame.data) == size + 1 and frame.data[0] == size


def values(request: Request, frame: Frame, device: str, at_ms: int) -> list[Value]:
    """The readings of an answer at the moment when it came; "missing" where the device refuses or contradicts itself.

    A float that is no number, or becomes none by its scale, is "missing" as well.
    """
    good = answers(request, frame) and frame.exception is None
    made: list[Value] = []
    for point in request.points:
        number = _number(point, frame.data, point.address - request.address) if good else None
        raw = f"{point.function:02X}:{point.address}"
        fit = "missing" if number is None else "good"
        made.append(Value(device, point.sensor, at_ms, number, point.unit, fit, raw, True))
    return made


def sent(request: Request, frame: Frame, point: Point) -> tuple[int, ...]:
    """The registers of a point as an answer has them, or its bit; none where the device refuses."""
    if not answers(request, frame) or frame.exception is not None:
        return ()
    place = point.address - request.address
    if point.type == "bit":
        return (frame.data[1 + place // 8] >> place % 8 & 1,)
    return struct.unpack_from(f">{point.size}H", frame.data, 1 + 2 * place)


def _number(point: Point, data: bytes, place: int) -> float | None:
    if point.type == "bit":
        return float(data[1 + place // 8] >> place % 8 & 1)
    size = point.size
    little = point.order in ("BADC", "DCBA")
    words = struct.unpack_from(f"{'<' if little else '>'}{size}H", data, 1 + 2 * place)
    if point.order in ("CDAB", "DCBA"):
        words = words[::-1]
    number = float(struct.unpack(_FORMS[point.type], struct.pack(f">{size}H", *words))[0])
    number = number * point.scale + point.offset
    return number if math.isfinite(number) else None


class Reader(Stream[Frame]):
    """Takes bytes as they come and gives frames and bad frames.

    Modbus TCP has no sign of a beginning and no checksum: a head whose protocol is not 0 or whose length is impossible
    loses one byte at a time until a head fits. Strict sets frames aside whose function is none of the common ones.
    """

    def _read(self, buffer: bytes, *, ended: bool) -> list[Frame | BadFrame]:
        found: list[Frame | BadFrame] = []
        at, size = 0, len(buffer)
        while size - at >= _HEAD:
            transaction, protocol, length, unit = struct.unpack_from(">HHHB", buffer, at)
            if protocol or not _LEAST_LENGTH <= length <= _MOST_LENGTH:
                self._wasted(buffer[at : at + 1], found)
                at += 1
                continue
            end = at + _HEAD - 1 + length
            if end > size:
                break
            raw, function = buffer[at:end], buffer[at + 7]
            if self._strict and function & ~_EXCEPTION not in _COMMON:
                self._bad(("bad_header",), raw, found)
            else:
                self._good(Frame(transaction, unit, function, buffer[at + 8 : end], raw), (), found)
            at = end
        self._held = buffer[at:]
        if ended:
            self._flush(found)
            if self._held:
                self._bad(("truncated",), self._held, found)
            self._held = b""
        return found
