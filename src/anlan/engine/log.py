"""The records of the log, and the bytes of a batch.

The log is all that the engine sees: batches of readings, ticks of the wall clock, rules put in force or ended,
and sources that declare how far out of order they deliver. `seq` rises along the log; a record whose `seq` was
already evaluated is a repeat and is passed over. `arrival` is the moment the record was logged, epoch ms UTC,
0 <= arrival < 2**53, from a clock that is not stepped.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .conditions import LONGEST_MS
from .rules import Rule

#: Qualities: good and uncertain values are evaluated; from BAD up the row is kept in history and gives no value.
GOOD, UNCERTAIN, BAD = 0, 1, 2
#: A timestamp further ahead of its arrival than this is not believed: 5 min, in ms.
FUTURE_MS = 300_000

_HEADER = struct.Struct("<4sIII")
_MAGIC = b"ANB1"
_ROW_BYTES = 21


def _check(seq: int, arrival: int) -> None:
    if not (0 <= arrival < 1 << 53 and 0 <= seq < 1 << 62):
        raise ValueError(f"record {seq}: arrival {arrival} or sequence number is out of range")


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings that arrived together.

    point    int32[n], point number
    t        int64[n], event time, epoch ms UTC
    value    float64[n], the unit of the point; a value that is not finite is no reading
    quality  uint8[n], 0 good, 1 uncertain, >= 2 bad

    Raises ValueError when the columns differ in length.
    """

    seq: int
    arrival: int
    point: NDArray[np.int32]
    t: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]

    def __post_init__(self) -> None:
        _check(self.seq, self.arrival)
        n = len(self.t)
        if not len(self.point) == len(self.value) == len(self.quality) == n:
            raise ValueError(f"record {self.seq}: its columns differ in length")


@dataclass(frozen=True, slots=True)
class Tick:
    """The wall clock: `arrival` has come. Written at least once a second, under load too: timers hang on it."""

    seq: int
    arrival: int

    def __post_init__(self) -> None:
        _check(self.seq, self.arrival)


@dataclass(frozen=True, slots=True)
class Enforce:
    """A rule version is put in force. A version that was enforced before is a repeat and changes nothing."""

    seq: int
    arrival: int
    rule: Rule

    def __post_init__(self) -> None:
        _check(self.seq, self.arrival)
        self.rule.validate()


@dataclass(frozen=True, slots=True)
class Retire:
    """A rule version is ended: it raises nothing more; what it holds on stays until its own clearing condition."""

    seq: int
    arrival: int
    version: int

    def __post_init__(self) -> None:
        _check(self.seq, self.arrival)


@dataclass(frozen=True, slots=True)
class Declare:
    """These points deliver out of order by up to `hold_ms` of arrival time (0 takes the declaration back).

    points  int32[], point numbers
    """

    seq: int
    arrival: int
    points: NDArray[np.int32]
    hold_ms: int

    def __post_init__(self) -> None:
        _check(self.seq, self.arrival)
        if not 0 <= self.hold_ms <= LONGEST_MS:
            raise ValueError(f"record {self.seq}: a hold of {self.hold_ms} ms is outside 0 to {LONGEST_MS}")


Record = Batch | Tick | Enforce | Retire | Declare


def encode_batch(point: ArrayLike, t: ArrayLike, value: ArrayLike, quality: ArrayLike) -> bytes:
    """Columns as bytes: a 16 byte header (mark with version, row count, CRC-32, 0), then 21 bytes a row.

    Little endian, column after column in the order t, value, point, quality, so that each is aligned.
    Raises ValueError when the columns differ in length.
    """
    times = np.ascontiguousarray(t, "<i8")
    columns = (times, np.ascontiguousarray(value, "<f8"), np.ascontiguousarray(point, "<i4"),
               np.ascontiguousarray(quality, "u1"))  # fmt: skip
    if any(column.shape != (times.size,) for column in columns):
        raise ValueError("the columns of a batch differ in length")
    body = b"".join(column.tobytes() for column in columns)
    return _HEADER.pack(_MAGIC, times.size, zlib.crc32(body, times.size), 0) + body


def decode_batch(
    data: bytes,
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64], NDArray[np.uint8]]:
    """(point, t, value, quality) as `encode_batch` took them: read-only views into `data`, nothing is copied.

    Raises ValueError for damage: wrong mark, wrong length, wrong checksum.
    """
    if len(data) < _HEADER.size:
        raise ValueError(f"a batch of {len(data)} bytes is cut short")
    magic, n, crc, spare = _HEADER.unpack_from(data)
    if magic != _MAGIC or spare:
        raise ValueError("these bytes are not a batch of this version")
    if len(data) != _HEADER.size + n * _ROW_BYTES:
        raise ValueError(f"a batch of {n} rows cannot have {len(data)} bytes")
    if zlib.crc32(memoryview(data)[_HEADER.size :], n) != crc:
        raise ValueError("the batch is damaged: its checksum differs")
    at = _HEADER.size
    return (
        np.frombuffer(data, "<i4", n, at + 16 * n),
        np.frombuffer(data, "<i8", n, at),
        np.frombuffer(data, "<f8", n, at + 8 * n),
        np.frombuffer(data, "u1", n, at + 20 * n),
    )
