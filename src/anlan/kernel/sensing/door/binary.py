"""Binary columns: the same post as JSON columns, in bytes that need no parsing. Little endian throughout.

    offset  size  what
    0       4     "ANC1"
    4       1     flags: 1 a quality column follows, 2 old data (lane "backfill"), 4 the clock is given
    5       1     0
    6       2     length of the batch id in bytes, 1 .. 480
    8       4     number of readings n
    12      4     length of the list of point codes in bytes; 0: the points are given by number
    16      4     CRC-32 (zlib) of everything from offset 32
    20      4     0
    24      8     clock, epoch ms (with flag 4), else 0
    32            batch id, UTF-8; then the point codes, UTF-8, a line feed between two; then 0 to 7 zero bytes up to a
                  multiple of 8
                  t        n × int64    event time, epoch ms UTC
                  value    n × float64  finite
                  point    n × uint32   place in the list of codes from 0, or point number
                  quality  n × uint8    with flag 1: 0 good, 1 uncertain, 2 and more bad

The list of codes saves a device from knowing our numbers.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anlan.kernel.sensing.door.bodies import (
    COLUMNS_LIMIT,
    EARLIEST_MS,
    KEPT,
    LATEST_MS,
    BadBody,
    Checked,
    Sender,
    _head,
    _no_time,
    _raw,
    _unknown,
)
from anlan.kernel.sensing.store.rows import BACKFILL, Columns, Refused

MAGIC = b"ANC1"
HEADER = struct.Struct("<4sBBHIIIIq")
QUALITY, OLD, CLOCK = 1, 2, 4


@dataclass(frozen=True, slots=True)
class _Head:
    """The head of a post as the JSON bodies have it too."""

    batch_id: str
    lane: str | None
    clock: int | None


def is_binary(body: bytes) -> bool:
    """Whether a post is binary columns; no JSON begins like this."""
    return body[:4] == MAGIC


def check_binary(body: bytes, sender: Sender) -> Checked:
    """Check one post of binary columns. Raises BadBody as `bodies.check` does; single bad rows are in `refused`."""
    if len(body) > COLUMNS_LIMIT:
        raise BadBody(413, "body", "too_large", "A post of columns may have 8 MiB.")
    if len(body) < HEADER.size:
        raise _damaged(f"{len(body)} bytes are less than a header")
    _magic, flags, zero, id_size, n, codes_size, crc, spare, clock = HEADER.unpack_from(body)
    if flags > QUALITY | OLD | CLOCK or zero or spare:
        raise _damaged("these bytes are not binary columns of this version")
    names = HEADER.size + id_size + codes_size
    at = -(-names // 8) * 8
    if len(body) != at + n * (21 if flags & QUALITY else 20):
        raise _damaged(f"a post of {n} readings cannot have {len(body)} bytes")
    if zlib.crc32(memoryview(body)[HEADER.size :]) != crc:
        raise _damaged("the checksum differs")
    try:
        batch_id = body[HEADER.size : HEADER.size + id_size].decode()
        codes = body[HEADER.size + id_size : names].decode().split("\n") if codes_size else None
    except UnicodeDecodeError as error:
        raise _damaged(f"a name is not UTF-8: {error}") from error
    found = _Head(batch_id, BACKFILL if flags & OLD else None, clock if flags & CLOCK else None)
    head = _head(found, sender, n)
    t = np.frombuffer(body, "<i8", n, at)
    value = np.frombuffer(body, "<f8", n, at + 8 * n)
    place = np.frombuffer(body, "<u4", n, at + 16 * n)
    quality = np.frombuffer(body, "u1", n, at + 20 * n) if flags & QUALITY else np.zeros(n, np.uint8)
    number = _numbers(place, codes, sender)
    finite, in_time = np.isfinite(value), (t >= EARLIEST_MS) & (t < LATEST_MS)
    good = finite & in_time & (number >= 0)
    if good.all():
        # Copies: a view would keep the whole post in memory.
        return Checked(*head, Columns(number, t.copy(), value.copy(), quality.copy()), n)
    written = _written(place, codes)
    refused = [
        _why(row, written[row], int(t[row]), float(value[row]), bool(finite[row]), int(number[row]), bool(in_time[row]))
        for row in np.flatnonzero(~good)[:KEPT].tolist()
    ]
    return Checked(*head, Columns(number[good], t[good], value[good], quality[good]), n, tuple(refused))


def _why(row: int, code: str | int, t: int, value: float, finite: bool, number: int, in_time: bool) -> Refused:
    """Why a row is refused: its value, else its point, else its time."""
    shown = value if finite else str(value)
    raw = _raw({"point": code, "t": t, "value": shown})
    if not finite:
        why = "A value is a number; send quality 2 with any number where the instrument has none."
        return Refused(row, "value", "value", why, str(code)[:120].replace("\0", ""), t, None, raw)
    if number < 0:
        return _unknown(row, code, t if in_time else None, value, raw)
    return _no_time(row, code, raw)


def _numbers(place: NDArray[np.uint32], codes: list[str] | None, sender: Sender) -> NDArray[np.int32]:
    """Point numbers of the rows, -1 where the device has no such point."""
    known = sender.points
    if codes is None:
        some, back = np.unique(place, return_inverse=True)
        table = np.fromiter((known.get(int(one), -1) for one in some.tolist()), np.int32, some.size)
        return table[back]
    table = np.fromiter((known.get(code, -1) for code in codes), np.int32, len(codes))
    inside = place < table.size
    return np.where(inside, table[np.where(inside, place, 0)], np.int32(-1))


def _written(place: NDArray[np.uint32], codes: list[str] | None) -> list[str | int]:
    """The points as the device named them, for what is told of refused rows."""
    if codes is None:
        return list(place.tolist())
    return [codes[one] if one < len(codes) else int(one) for one in place.tolist()]


def _damaged(why: str) -> BadBody:
    return BadBody(422, "body", "not_columns", f"These are no binary columns: {why}.")
