"""History: loose blocks in log order first, then one compressed chunk for each point and hour.

Readings come in every few seconds over all points. Writing them point by point at once would cost a database row for
a few readings each, so a flush writes one *loose block* per group of 256 neighbouring points. When an hour is over,
its readings are merged into *chunks*: one row per point and hour with least, greatest, sum and count. Merging drops a
reading that stands twice (same point, time and value) and hands back for set-aside the one that contradicts an earlier
one: the first in the log holds. Merging again changes nothing, so it may stop anywhere and begin anew.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anlan.kernel.sensing.store.rows import Columns, Curve

HOUR_MS = 3_600_000
HOUR_BITS = 20
#: Points of one loose block differ in these low bits only.
GROUP_BITS = 8
#: Loose blocks of a group are numbered below this in the order of their flushes.
PART_BITS = 40
#: Points are numbered below this, hours since 1970 below 2**20 (the year 2089).
POINT_LIMIT = 1 << 24
#: Event times that history can hold, ms.
EARLIEST, LATEST = 0, (1 << HOUR_BITS) * HOUR_MS

#: How a chunk's bytes are written; other numbers are for later releases.
PACKED = 1

#: place, rows, good rows, least, greatest and sum of the good ones, coding, data
ChunkRow = tuple[int, int, int, float | None, float | None, float, int, bytes]
#: key, rows, earliest and latest time, data
LooseRow = tuple[int, int, int, int, bytes]

_EMPTY = Columns(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint8))


def place_of(point: int, t: int) -> int:
    """The key of the chunk that holds a reading: point and hour in one integer, a point's day one range."""
    return (point << HOUR_BITS) | (t // HOUR_MS)


def place_span(point: int, from_ms: int, to_ms: int) -> tuple[int, int]:
    """First and last chunk key of a point that can hold readings of [from_ms, to_ms]."""
    return place_of(point, max(from_ms, EARLIEST)), place_of(point, min(max(to_ms, EARLIEST), LATEST - 1))


def loose_span(group: int) -> tuple[int, int]:
    """First and last key of a group's loose blocks."""
    return group << PART_BITS, ((group + 1) << PART_BITS) - 1


def joined(parts: Sequence[Columns]) -> Columns:
    """Columns after one another."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return _EMPTY
    return Columns(
        np.concatenate([c.point for c in parts]),
        np.concatenate([c.t for c in parts]),
        np.concatenate([c.value for c in parts]),
        np.concatenate([c.quality for c in parts]),
    )


def picked(columns: Columns, which: object) -> Columns:
    """The rows that a mask, a slice or an index picks."""
    return Columns(columns.point[which], columns.t[which], columns.value[which], columns.quality[which])  # type: ignore[index]


# -- loose blocks -----------------------------------------------------------------------------------------------------


def loosen(columns: Columns, part: int) -> list[LooseRow]:
    """Readings in log order as loose blocks, one a group of points; inside a block they stay in log order."""
    if not len(columns):
        return []
    group = (columns.point >> GROUP_BITS).astype(np.uint16)
    if group.min() != group.max():
        order = np.argsort(group, kind="stable")
        columns, group = picked(columns, order), group[order]
    starts = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
    ends = np.append(starts[1:], group.size)
    first, last = np.minimum.reduceat(columns.t, starts), np.maximum.reduceat(columns.t, starts)
    low = (columns.point & ((1 << GROUP_BITS) - 1)).astype(np.uint8)
    rows = []
    for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        some = slice(start, end)
        data = b"".join(
            (
                columns.t[some].astype("<i8", copy=False).tobytes(),
                columns.value[some].astype("<f8", copy=False).tobytes(),
                low[some].tobytes(),
                columns.quality[some].tobytes(),
            )
        )
        key = (int(group[start]) << PART_BITS) | part
        rows.append((key, end - start, int(first[i]), int(last[i]), zlib.crc32(data).to_bytes(4, "little") + data))
    return rows


def tightened(key: int, n: int, data: bytes) -> Columns:
    """The readings of a loose block, in log order. Raises ValueError when it is damaged."""
    if len(data) != 4 + 18 * n or zlib.crc32(memoryview(data)[4:]) != int.from_bytes(data[:4], "little"):
        raise ValueError(f"a loose block of {n} rows is damaged")
    low = np.frombuffer(data, np.uint8, n, 4 + 16 * n)
    point = low.astype(np.int32) + ((key >> PART_BITS) << GROUP_BITS)
    t, value = np.frombuffer(data, "<i8", n, 4), np.frombuffer(data, "<f8", n, 4 + 8 * n)
    return Columns(point, t, value, np.frombuffer(data, np.uint8, n, 4 + 17 * n))


# -- chunks -----------------------------------------------------------------------------------------------------------


def pack(offset: NDArray[np.uint32], value: NDArray[np.float64], quality: NDArray[np.uint8]) -> bytes:
    """Columns of one hour, compressed: steps of time, then values byte by byte, then quality.

    Bytes of equal weight lie together, which is what makes slowly changing floats compress.
    """
    steps = np.diff(offset, prepend=np.uint32(0)).astype("<u4")
    planes = np.ascontiguousarray(value.astype("<f8")).view(np.uint8).reshape(-1, 8).T
    return zlib.compress(steps.tobytes() + planes.tobytes() + quality.tobytes(), 1)


def unpack(place: int, n: int, coding: int, data: bytes) -> Columns:
    """The readings of a chunk, in order of time. Raises ValueError when it is damaged."""
    if coding != PACKED:
        raise ValueError(f"a chunk of {n} rows has the unknown coding {coding}")
    try:
        plain = zlib.decompress(data)
    except zlib.error as error:
        raise ValueError(f"a chunk of {n} rows is damaged: {error}") from error
    if len(plain) != 13 * n:
        raise ValueError(f"a chunk of {n} rows holds {len(plain)} bytes")
    offset = np.cumsum(np.frombuffer(plain, "<u4", n), dtype=np.int64)
    planes = np.frombuffer(plain, np.uint8, 8 * n, 4 * n).reshape(8, n)
    value = np.ascontiguousarray(planes.T).view("<f8").reshape(n)
    quality = np.frombuffer(plain, np.uint8, n, 12 * n)
    base = (place & ((1 << HOUR_BITS) - 1)) * HOUR_MS
    return Columns(np.full(n, place >> HOUR_BITS, np.int32), base + offset, value.astype(np.float64), quality.copy())


def merged(place: int, old: Columns | None, new: Columns) -> tuple[ChunkRow, Columns]:
    """One point's hour, what its chunk held and what came since (in log order), as a chunk; and the readings that
    contradicted earlier ones."""
    kept, contradicting = sift(new if old is None else joined([old, new]))
    base = (place & ((1 << HOUR_BITS) - 1)) * HOUR_MS
    good = kept.value[(kept.quality < 2) & ~np.isnan(kept.value)]
    low, high = (float(good.min()), float(good.max())) if good.size else (None, None)
    data = pack((kept.t - base).astype(np.uint32), kept.value, kept.quality)
    return (place, len(kept), int(good.size), low, high, float(good.sum()), PACKED, data), contradicting


def sift(columns: Columns) -> tuple[Columns, Columns]:
    """One point's readings in log order → (in order of time, each time once; those that contradict the kept one).

    Of readings with the same time the first in the log holds; an equal repetition is dropped, another value returned.
    """
    order = np.argsort(columns.t, kind="stable")
    t, value, quality = columns.t[order], columns.value[order], columns.quality[order]
    first = np.concatenate(([True], t[1:] != t[:-1])) if t.size else np.zeros(0, bool)
    held = np.maximum.accumulate(np.where(first, np.arange(t.size), 0))
    same = (value == value[held]) | (np.isnan(value) & np.isnan(value[held]))
    other = ~first & ~(same & (quality == quality[held]))
    found = Columns(columns.point[order], t, value, quality)
    return picked(found, first), picked(found, other)


def by_place(columns: Columns) -> Iterator[tuple[int, Columns]]:
    """Readings in log order, place by place (point and hour); inside a place they stay in log order."""
    if not len(columns):
        return
    place = (columns.point.astype(np.int64) << HOUR_BITS) | (columns.t // HOUR_MS)
    order = np.argsort(place, kind="stable")
    place, columns = place[order], picked(columns, order)
    starts = np.flatnonzero(np.concatenate(([True], place[1:] != place[:-1])))
    ends = np.append(starts[1:], place.size)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield int(place[start]), picked(columns, slice(start, end))


@dataclass(slots=True)
class Merge:
    """A group's readings on their way into chunks, some places at a time.

    upto   key of the newest loose block that is part of it
    places what has still to be merged
    rest   readings of hours that are not over: they become one loose block again
    """

    group: int
    upto: int
    places: list[tuple[int, Columns]]
    rest: Columns


def plan(group: int, blocks: Iterable[tuple[int, int, bytes]], before_ms: int) -> Merge | None:
    """What merging a group's loose blocks (key, n, data; ordered by key) means: readings older than `before_ms`, the
    beginning of an hour, go into chunks. None when there is no block."""
    parts, upto = [], 0
    for key, n, data in blocks:
        parts.append(tightened(key, n, data))
        upto = key
    if not parts:
        return None
    columns = joined(parts)
    over = columns.t < before_ms
    return Merge(group, upto, list(by_place(picked(columns, over))), picked(columns, ~over))


# -- curves -----------------------------------------------------------------------------------------------------------


def thin(columns: Columns, from_ms: int, to_ms: int, max_points: int) -> Curve:
    """Readings in order of time as at most `max_points` steps; each step keeps its extremes, so no peak is lost.

    Raises ValueError for max_points < 2 or an empty span.
    """
    if max_points < 2 or to_ms <= from_ms:
        raise ValueError("a curve needs two points and a span")
    inside = slice(*np.searchsorted(columns.t, (from_ms, to_ms + 1)))
    t, value, quality = columns.t[inside], columns.value[inside], columns.quality[inside]
    good = np.where(quality < 2, value, np.nan)
    if t.size <= max_points:
        return Curve(t, value, good, good.copy(), quality, False)
    step = (t - from_ms) * max_points // (to_ms + 1 - from_ms)
    starts = np.flatnonzero(np.concatenate(([True], step[1:] != step[:-1])))
    last = np.append(starts[1:], t.size) - 1
    low, high = np.fmin.reduceat(good, starts), np.fmax.reduceat(good, starts)
    return Curve(t[last], value[last], low, high, np.maximum.reduceat(quality, starts), True)


def outline(rows: Iterable[tuple[int, int, float | None, float | None, float]], max_points: int) -> Curve:
    """A long span from the hours' own figures (place, good, low, high, total; ordered by place), an hour a step.

    Neighbouring hours are joined until at most `max_points` steps remain. `value` is the step's mean, `t` its middle.
    """
    table = [row for row in rows if row[1]]
    if not table:
        return thin(_EMPTY, 0, 1, 2)
    hour = np.array([row[0] for row in table], np.int64) & ((1 << HOUR_BITS) - 1)
    good, low, high, total = (np.array([row[place] for row in table], np.float64) for place in (1, 2, 3, 4))
    wide = max(1, -(-int(hour[-1] - hour[0] + 1) // max_points))
    step = (hour - hour[0]) // wide
    starts = np.flatnonzero(np.concatenate(([True], step[1:] != step[:-1])))
    mean = np.add.reduceat(total, starts) / np.add.reduceat(good, starts)
    t = (hour[0] + step[starts] * wide) * HOUR_MS + wide * HOUR_MS // 2
    low, high = np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)
    return Curve(t, mean, low, high, np.zeros(t.size, np.uint8), True)


def figures(columns: Columns) -> list[tuple[int, int, float | None, float | None, float]]:
    """The hours' figures as `outline` takes them, of readings that are not in chunks yet."""
    return [(row[0], row[2], row[3], row[4], row[5]) for row, _other in (
        merged(place, None, some) for place, some in by_place(columns))]  # fmt: skip
