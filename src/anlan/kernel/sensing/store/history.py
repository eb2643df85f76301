"""History: loose blocks in log order first, then one compressed chunk for each point and hour.

Readings come in every few seconds over all points. Writing them point by point at once would cost a database row for
a few readings each, so a flush writes one *loose block* per group of 256 neighbouring points. When an hour is over,
its readings are merged into *chunks*: one row per point and hour with least, greatest, sum and count. Merging drops a
reading that stands twice (same point, time and value) and hands back for set-aside the one that contradicts an earlier
one: the first in the log holds. Merging again changes nothing, so it may stop anywhere and begin anew.
"""

from __future__ import annotations

import struct
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

#: How a chunk's bytes are written: whole floats, packed; none, because the readings lie in a cold file; none, because
#: only the figures are kept; decimal numbers, packed. Other numbers are for later releases.
PACKED, COLD, FIGURES, DECIMAL = 1, 2, 3, 4
#: Chunks that hold their readings themselves.
HERE = (PACKED, DECIMAL)

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

#: Decimal places that instruments write; a value that has more is kept as a whole float.
PLACES = (0, 1, 2, 3, 4, 6)
#: Whole numbers up to here are exact in a float.
_EXACT = 2.0**53
#: Widths in which whole numbers are written, and the first one that is too large for each.
_WIDTHS = (("<u1", 1 << 8), ("<u2", 1 << 16), ("<u4", 1 << 32), ("<u8", 1 << 63))
#: CRC-32 of what follows; then decimal places, widths of value and time (places in _WIDTHS), flags; least value, first
#: time in the hour, least step of time.
_HEADER = struct.Struct("<IBBBBqII")
_HAS_QUALITY, _DEFLATED = 1, 2


@dataclass(frozen=True, slots=True)
class _Hours:
    """Readings of several hours of points, hour after hour, each in order of time, and where each begins and ends."""

    columns: Columns
    starts: NDArray[np.intp]
    ends: NDArray[np.intp]


def packed(places: Sequence[int], columns: Columns, starts: NDArray[np.intp]) -> list[ChunkRow]:
    """Hours of points, with their own figures, as chunks.

    places   one for each hour
    columns  hour after hour, each in order of time without any time twice
    starts   where each hour begins
    """
    hours = _Hours(columns, starts, np.append(starts[1:], len(columns)))
    good = (columns.quality < 2) & ~np.isnan(columns.value)
    value = np.where(good, columns.value, np.nan)
    count = np.add.reduceat(good.astype(np.int64), starts)
    low, high = np.fmin.reduceat(value, starts), np.fmax.reduceat(value, starts)
    total = np.add.reduceat(np.where(good, columns.value, 0.0), starts)
    figures_ = zip(
        places,
        (hours.ends - starts).tolist(),
        count.tolist(),
        [None if x != x else x for x in low.tolist()],
        [None if x != x else x for x in high.tolist()],
        total.tolist(),
        strict=True,
    )
    return [(*own, *data) for own, data in zip(figures_, _datas(places, hours), strict=True)]


def _datas(places: Sequence[int], hours: _Hours) -> Iterator[tuple[int, bytes]]:
    """Coding and bytes of each hour."""
    columns, starts = hours.columns, hours.starts
    base = (np.array(places, np.int64) & ((1 << HOUR_BITS) - 1)) * HOUR_MS
    first = columns.t[starts] - base
    step = np.diff(columns.t, prepend=0)
    # The first step of an hour is none: it must be neither the least nor the greatest.
    step[starts] = np.where(hours.ends - starts > 1, step[np.minimum(starts + 1, step.size - 1)], 0)
    step, step_low, step_width = _narrow(step, hours)
    number, digits = _decimals(hours)
    number, low, width = _narrow(number, hours)
    doubtful = np.maximum.reduceat(columns.quality, starts)
    table = zip(
        starts.tolist(), hours.ends.tolist(), digits.tolist(), width.tolist(), step_width.tolist(), low.tolist(),
        first.tolist(), step_low.tolist(), doubtful.tolist(), strict=True,
    )  # fmt: skip
    for start, end, places_, wide, wide_step, least, begin, least_step, worst in table:
        some = slice(start, end)
        if places_ < 0:
            offset = (columns.t[some] - columns.t[start] + begin).astype(np.uint32)
            yield PACKED, pack(offset, columns.value[some], columns.quality[some])
            continue
        body = (
            number[some].astype(_WIDTHS[wide][0]).tobytes()
            + step[start + 1 : end].astype(_WIDTHS[wide_step][0]).tobytes()
        )
        flags = 0
        if worst:
            body, flags = body + columns.quality[some].tobytes(), _HAS_QUALITY
        small = zlib.compress(body, 1)
        if len(small) < len(body):
            body, flags = small, flags | _DEFLATED
        head = _HEADER.pack(0, places_, wide, wide_step, flags, least, begin, least_step)
        yield DECIMAL, zlib.crc32(body, zlib.crc32(head[4:])).to_bytes(4, "little") + head[4:] + body


def _decimals(hours: _Hours) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Values as whole numbers of the decimal places that each hour needs; -1 places where no number of them will do."""
    value, starts = hours.columns.value, hours.starts
    number = np.zeros(value.size, np.int64)
    digits = np.full(starts.size, -1)
    minus_zero = (value == 0) & np.signbit(value)
    rows = hours.ends - starts
    for places in PLACES:
        scale = 10.0**places
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = np.rint(value * scale)
            wrong = (scaled / scale != value) | ~(np.abs(scaled) < _EXACT) | minus_zero
        fits = (digits < 0) & ~np.logical_or.reduceat(wrong, starts)
        if fits.any():
            digits[fits] = places
            taken = np.repeat(fits, rows)
            number[taken] = scaled[taken].astype(np.int64)
        if (digits >= 0).all():
            break
    return number, digits


def _narrow(number: NDArray[np.int64], hours: _Hours) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Whole numbers as distances from the least of their hour; those least ones; the width that each hour needs."""
    low, high = np.minimum.reduceat(number, hours.starts), np.maximum.reduceat(number, hours.starts)
    width = np.searchsorted([too_large for _name, too_large in _WIDTHS], high - low, side="right")
    return number - np.repeat(low, hours.ends - hours.starts), low, width


def pack(offset: NDArray[np.uint32], value: NDArray[np.float64], quality: NDArray[np.uint8]) -> bytes:
    """Columns of one hour, compressed: steps of time, then values byte by byte, then quality.

    Bytes of equal weight lie together, which is what makes slowly changing floats compress.
    """
    steps = np.diff(offset, prepend=np.uint32(0)).astype("<u4")
    planes = np.ascontiguousarray(value.astype("<f8")).view(np.uint8).reshape(-1, 8).T
    return zlib.compress(steps.tobytes() + planes.tobytes() + quality.tobytes(), 1)


def unpack(place: int, n: int, coding: int, data: bytes) -> Columns:
    """The readings of a chunk, in order of time. Raises ValueError when it is damaged."""
    if coding not in HERE:
        raise ValueError(f"a chunk of {n} rows has the unknown coding {coding}")
    try:
        offset, value, quality = (_unpack_floats if coding == PACKED else _unpack_decimals)(n, data)
    except (zlib.error, struct.error, IndexError) as error:
        raise ValueError(f"a chunk of {n} rows is damaged: {error}") from error
    base = (place & ((1 << HOUR_BITS) - 1)) * HOUR_MS
    return Columns(np.full(n, place >> HOUR_BITS, np.int32), base + offset, value, quality)


def _unpack_floats(n: int, data: bytes) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.uint8]]:
    plain = zlib.decompress(data)
    if len(plain) != 13 * n:
        raise ValueError(f"a chunk of {n} rows holds {len(plain)} bytes")
    offset = np.cumsum(np.frombuffer(plain, "<u4", n), dtype=np.int64)
    planes = np.frombuffer(plain, np.uint8, 8 * n, 4 * n).reshape(8, n)
    value = np.ascontiguousarray(planes.T).view("<f8").reshape(n)
    return offset, value.astype(np.float64), np.frombuffer(plain, np.uint8, n, 12 * n).copy()


def _unpack_decimals(n: int, data: bytes) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.uint8]]:
    head, body = _opened(n, data)
    offset, value, quality = _alike(n, head[1:5], np.frombuffer(body, np.uint8)[None], *_head_columns([head]))
    return offset[0], value[0], quality[0]


def _opened(n: int, data: bytes) -> tuple[tuple[int, ...], bytes]:
    """Header and plain body of a decimal chunk. Raises ValueError when it is damaged."""
    head = _HEADER.unpack_from(data)
    body = data[_HEADER.size :]
    if zlib.crc32(body, zlib.crc32(data[4 : _HEADER.size])) != head[0]:
        raise ValueError(f"a chunk of {n} rows is damaged: its checksum differs")
    _crc, _places, wide, wide_step, flags = head[:5]
    if flags & _DEFLATED:
        body = zlib.decompress(body)
    if len(body) != (n << wide) + ((n - 1) << wide_step) + (n if flags & _HAS_QUALITY else 0):
        raise ValueError(f"a chunk of {n} rows holds {len(body)} bytes")
    return head, body


def _head_columns(heads: Sequence[tuple[int, ...]]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    low, first, step_low = (np.array([head[place] for head in heads], np.int64)[:, None] for place in (5, 6, 7))
    return low, first, step_low


def _alike(
    n: int,
    kind: tuple[int, ...],
    table: NDArray[np.uint8],
    low: NDArray[np.int64],
    first: NDArray[np.int64],
    step_low: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.uint8]]:
    """Offsets, values and qualities, a row a chunk, of chunks of `n` rows each that are written in the same way.

    kind   decimal places, widths of value and step, flags
    table  the plain bodies, a row each
    low, first, step_low  what their headers say, as columns
    """
    places, wide, wide_step, flags = kind
    ends = np.cumsum([n << wide, (n - 1) << wide_step])
    number = np.ascontiguousarray(table[:, : ends[0]]).view(_WIDTHS[wide][0])
    step = np.ascontiguousarray(table[:, ends[0] : ends[1]]).view(_WIDTHS[wide_step][0])
    offset = np.empty((len(table), n), np.int64)
    offset[:, :1] = first
    np.cumsum(step.astype(np.int64) + step_low, axis=1, out=offset[:, 1:])
    offset[:, 1:] += first
    value = (number.astype(np.int64) + low) / 10.0**places
    quality = table[:, ends[1] :] if flags & _HAS_QUALITY else np.zeros((len(table), n), np.uint8)
    return offset, value, quality


def unpack_all(rows: Sequence[tuple[int, int, int, bytes]]) -> Columns:
    """Chunks (place, n, coding, data) after one another, as fast as many at once can be.

    Raises ValueError when one is damaged or does not hold its readings itself.
    """
    sizes = np.array([row[1] for row in rows], np.int64)
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if rows else 0
    t, value, quality = np.empty(total, np.int64), np.empty(total), np.empty(total, np.uint8)
    alike: dict[tuple[int, ...], list[tuple[int, tuple[int, ...], bytes]]] = {}
    for number, (place, n, coding, data) in enumerate(rows):
        if coding == DECIMAL:
            try:
                head, body = _opened(n, data)
            except (zlib.error, struct.error) as error:
                raise ValueError(f"a chunk of {n} rows is damaged: {error}") from error
            alike.setdefault((n, *head[1:5]), []).append((number, head, body))
        else:
            some, one = slice(int(ends[number]) - n, int(ends[number])), unpack(place, n, coding, data)
            t[some], value[some], quality[some] = one.t, one.value, one.quality
    place = np.array([row[0] for row in rows], np.int64)
    base = (place & ((1 << HOUR_BITS) - 1)) * HOUR_MS
    for (n, *kind), chunks in alike.items():
        which = np.array([number for number, _head, _body in chunks])
        table = np.frombuffer(b"".join([body for _number, _head, body in chunks]), np.uint8).reshape(which.size, -1)
        offset, values, qualities = _alike(n, tuple(kind), table, *_head_columns([head for _n, head, _b in chunks]))
        at = ((ends[which] - n)[:, None] + np.arange(n)).ravel()
        t[at] = (offset + base[which][:, None]).ravel()
        value[at], quality[at] = values.ravel(), qualities.ravel()
    return Columns(np.repeat((place >> HOUR_BITS).astype(np.int32), sizes), t, value, quality)


def merged(place: int, old: Columns | None, new: Columns) -> tuple[ChunkRow, Columns]:
    """One point's hour, what its chunk held and what came since (in log order), as a chunk; and the readings that
    contradicted earlier ones."""
    kept, contradicting = sift(new if old is None else joined([old, new]))
    return packed([place], kept, np.zeros(1, np.intp))[0], contradicting


def widened(held: ChunkRow, new: Columns) -> ChunkRow:
    """The figures of an hour whose readings are no longer kept, with those of readings that came after all."""
    place, n, count, low, high, total = held[:6]
    row, _contradicting = merged(place, None, new)
    lows = [x for x in (low, row[3]) if x is not None]
    highs = [x for x in (high, row[4]) if x is not None]
    least, greatest = min(lows, default=None), max(highs, default=None)
    return (place, n + row[1], count + row[2], least, greatest, total + row[5], FIGURES, b"")


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
    places, columns, starts = in_places(columns)
    ends = np.append(starts, len(columns))[1:]
    for place, start, end in zip(places, starts.tolist(), ends.tolist(), strict=True):
        yield place, picked(columns, slice(start, end))


def in_places(columns: Columns) -> tuple[list[int], Columns, NDArray[np.intp]]:
    """The places of readings in log order, rising; the readings place after place; where each place begins."""
    place = (columns.point.astype(np.int64) << HOUR_BITS) | (columns.t // HOUR_MS)
    order = np.argsort(place, kind="stable")
    place, columns = place[order], picked(columns, order)
    starts = np.flatnonzero(np.concatenate(([True], place[1:] != place[:-1]))) if place.size else np.zeros(0, np.intp)
    return place[starts].tolist(), columns, starts


@dataclass(slots=True)
class Merge:
    """A group's readings on their way into chunks, some places at a time.

    upto    key of the newest loose block that is part of it
    places  what has still to be merged
    rest    readings of hours that are not over: they become one loose block again
    columns, starts  the readings of all places, in log order inside each; where each of `places` begins
    """

    group: int
    upto: int
    places: list[int]
    rest: Columns
    columns: Columns
    starts: NDArray[np.intp]

    def take(self, n: int) -> tuple[list[int], Columns, NDArray[np.intp]]:
        """The next `n` places (all when there are fewer), their readings, and where each begins in those."""
        n = min(n, len(self.places))
        first = int(self.starts[0])
        last = int(self.starts[n]) if n < len(self.places) else len(self.columns)
        return self.places[:n], picked(self.columns, slice(first, last)), self.starts[:n] - first

    def drop(self, n: int) -> None:
        """These places are merged."""
        del self.places[:n]
        self.starts = self.starts[n:]


def plain_places(columns: Columns, starts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which places hold their readings in order of time already, each time once: nearly all of them."""
    backward = np.diff(columns.t, prepend=-1) <= 0
    backward[starts] = False
    return ~np.logical_or.reduceat(backward, starts)


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
    return Merge(group, upto, *_placed(picked(columns, over), picked(columns, ~over)))


def _placed(over: Columns, rest: Columns) -> tuple[list[int], Columns, Columns, NDArray[np.intp]]:
    places, columns, starts = in_places(over)
    return places, rest, columns, starts


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
