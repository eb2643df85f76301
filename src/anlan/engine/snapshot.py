"""A state as bytes and back: the same future, wherever the process was stopped."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from .evaluate import State
from .points import Intake, Points

#: Written into every snapshot; raised when a snapshot of the release before can no longer be read as it is.
VERSION = 1

_HEADER = struct.Struct("<4sHHIQ")
_MAGIC = b"ANS\x00"


class _Contents(msgspec.Struct):
    """What is not an array, and where the arrays lie: name -> (dtype, shape, offset behind this part)."""

    position: int
    part: int
    parts: int
    versions: list[int]
    count: int
    late_count: int
    late_wake: int
    arrays: dict[str, tuple[str, list[int], int]]


def dump(state: State) -> bytes:
    """The whole state as bytes, to be stored with `state.position`; checked by CRC-32 when it is loaded."""
    arrays = _arrays(state)
    blobs, index, offset = [], {}, 0
    for name, array in arrays.items():
        blob = np.ascontiguousarray(array).tobytes()
        index[name] = (array.dtype.str, list(array.shape), offset)
        blobs.append(blob)
        offset += len(blob)
    points = state.points
    contents = msgspec.json.encode(_Contents(
        position=state.position, part=state.part, parts=state.parts, versions=sorted(state.versions),
        count=points.count, late_count=points.late_count, late_wake=points.late_wake,
        arrays=index,
    ))  # fmt: skip
    body = b"".join((contents, *blobs))
    return _HEADER.pack(_MAGIC, VERSION, 0, _checksum(len(contents), body), len(contents)) + body


def load(data: bytes, *, fast: bool = False) -> State:
    """The state that `dump` wrote, to go on compiled or not. Raises ValueError for damage and for another version."""
    if len(data) < _HEADER.size:
        raise ValueError(f"a snapshot of {len(data)} bytes is cut short")
    magic, version, spare, crc, size = _HEADER.unpack_from(data)
    if magic != _MAGIC or spare:
        raise ValueError("these bytes are not a snapshot of the engine")
    if version != VERSION:
        raise ValueError(f"snapshot version {version} is not {VERSION}: replay the log from an older snapshot")
    body = memoryview(data)[_HEADER.size :]
    if _checksum(size, body) != crc:
        raise ValueError("the snapshot is damaged: its checksum differs")
    contents = msgspec.json.decode(body[:size], type=_Contents)

    def array(name: str) -> NDArray[Any]:
        kind, shape, offset = contents.arrays[name]
        dtype = np.dtype(kind)
        count = int(np.prod(shape))
        return np.frombuffer(body, dtype, count, size + offset).reshape(shape).copy()

    state = State(contents.part, contents.parts, fast=fast)
    state.position = contents.position
    state.versions = set(contents.versions)
    points = state.points
    points.count, points.late_count, points.late_wake = contents.count, contents.late_count, contents.late_wake
    if points.count:
        points.reserve(points.count)
    for name in Points.COLUMNS:
        if f"points.{name}" in contents.arrays:  # else the snapshot is older than the column
            getattr(points, name)[: points.count] = array(f"points.{name}")
    points.wake[:] = array("points.wake")[: points.wake.size]
    points.ring.t[:, : points.count], points.ring.value[:, : points.count] = array("ring.t"), array("ring.value")
    points.ring.head[: points.count] = array("ring.head")
    points.late_ring.t, points.late_ring.value = array("late_ring.t"), array("late_ring.value")
    points.late_ring.head = array("late_ring.head")
    points.index()
    state.holds = bool(points.hold.any())
    state.held.restore(Intake(*(array(f"held.{name}") for name in Intake.__slots__)))
    for kind, table in state.tables.items():
        prefix = f"{kind.__name__}."
        own = {name.removeprefix(prefix): array(name) for name in contents.arrays if name.startswith(prefix)}
        if own:  # none: the snapshot is older than this kind of condition, of which there was no rule then
            table.restore(own)
        table.index(points)
    if "second" in contents.arrays:
        state.second.restore(array("second").tobytes())
    state.watched = np.sort(points.number[points.shadow == 1])
    return state


def _checksum(size: int, body: bytes | memoryview) -> int:
    return zlib.crc32(body, zlib.crc32(size.to_bytes(8, "little")))


def _arrays(state: State) -> dict[str, NDArray[Any]]:
    points = state.points
    for table in state.tables.values():
        table.settle(points)
    n, late = points.count, points.late_count
    arrays: dict[str, NDArray[Any]] = {f"points.{name}": getattr(points, name)[:n] for name in Points.COLUMNS}
    arrays["points.wake"] = points.wake
    arrays |= {f"ring.{name}": getattr(points.ring, name)[..., :n] for name in ("t", "value", "head")}
    arrays |= {f"late_ring.{name}": getattr(points.late_ring, name)[..., :late] for name in ("t", "value", "head")}
    arrays |= {f"held.{name}": getattr(state.held.rows, name) for name in Intake.__slots__}
    for kind, table in state.tables.items():
        arrays |= {f"{kind.__name__}.{name}": column for name, column in table.arrays().items()}
    arrays["second"] = np.frombuffer(state.second.dump(), np.uint8)
    return arrays
