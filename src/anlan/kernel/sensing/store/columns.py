"""Whole columns of many points out of history, as fast as the chunks can be read: for replays and previews.

The chunks of one point hold mostly the same number of readings, so they are unpacked together: one array operation for
all chunks of one size instead of a dozen for each.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from anlan.engine import decode_batch
from anlan.kernel.sensing.store import history
from anlan.kernel.sensing.store.readings import HISTORY, TAIL_BATCHES, Store
from anlan.kernel.sensing.store.rows import BATCH, Columns

_HOUR = (1 << history.HOUR_BITS) - 1


def stretches(
    store: Store, points: Sequence[int], from_ms: int, to_ms: int, stretch_ms: int
) -> Iterator[tuple[int, Columns]]:
    """The readings of points in [from_ms, to_ms), stretch by stretch: its end, and its readings by point, then time.

    Each time of a point stands once. `stretch_ms` is a whole number of hours. Hours of which only the figures are kept
    have no readings. Raises ColdMissing when some lie in a cold file that cannot be read.
    """
    fresh = _fresh(store, points, from_ms, to_ms)
    for begin in range(from_ms, to_ms, stretch_ms):
        end = min(begin + stretch_ms, to_ms)
        yield end, _between(store, points, begin, end, fresh)


def _between(store: Store, points: Sequence[int], begin: int, end: int, fresh: Columns) -> Columns:
    rows: list[tuple[int, int, int, bytes]] = []
    for point in points:
        rows += store.history.read(
            "SELECT place, n, coding, data FROM chunk WHERE place BETWEEN ? AND ? ORDER BY place",
            history.place_span(point, begin, end - 1),
        )
    found = unpacked([row for row in rows if row[2] in history.HERE])
    if moved := [int(row[0]) for row in rows if row[2] == history.COLD]:
        by_point = itertools.groupby(moved, lambda place: place >> history.HOUR_BITS)
        cold = [store.cold_readings(list(places)) for _point, places in by_point]
        found = _once(history.joined([*cold, found]))
    if begin % history.HOUR_MS or end % history.HOUR_MS:
        found = history.picked(found, (found.t >= begin) & (found.t < end))
    newer = (fresh.t >= begin) & (fresh.t < end)
    return _once(history.joined([found, history.picked(fresh, newer)])) if newer.any() else found


def _once(columns: Columns) -> Columns:
    """By point, then time, each time of a point once: of equal times the first one given."""
    order = np.lexsort((columns.t, columns.point))  # stable: what stands first stays first
    point, t = columns.point[order], columns.t[order]
    new = np.concatenate(([True], (point[1:] != point[:-1]) | (t[1:] != t[:-1])))
    return history.picked(columns, order[new])


def _fresh(store: Store, points: Sequence[int], from_ms: int, to_ms: int) -> Columns:
    """Readings of these points that are not in chunks: loose blocks, then what is logged and not in history yet."""
    wanted = np.array(sorted(points), np.int32)
    tail = []
    logged = store.main.read(
        "SELECT payload FROM log WHERE seq > ? AND kind = ? ORDER BY seq LIMIT ?",
        (store.position(HISTORY), BATCH, TAIL_BATCHES),
    )
    for (payload,) in logged:
        tail.append(_of(Columns(*decode_batch(bytes(payload))), wanted))
    loose = []
    for group in sorted({point >> history.GROUP_BITS for point in points}):
        blocks = store.history.read(
            'SELECT "key", n, data FROM loose WHERE "key" BETWEEN ? AND ? AND last_ms >= ? AND first_ms < ? '
            'ORDER BY "key"',
            (*history.loose_span(group), from_ms, to_ms),
        )
        loose += [_of(history.tightened(int(key), int(n), bytes(data)), wanted) for key, n, data in blocks]
    return history.joined([*loose, *tail])


def _of(columns: Columns, points: NDArray[np.int32]) -> Columns:
    return history.picked(columns, np.isin(columns.point, points))


def unpacked(rows: Sequence[tuple[int, int, int, bytes]]) -> Columns:
    """Chunks (place, n, coding, data) as one, in their order. Raises ValueError when one is damaged."""
    if not rows:
        return history.joined([])
    if any(coding != history.PACKED for _place, _n, coding, _data in rows):
        return history.unpack_all([(int(p), int(n), int(c), bytes(data)) for p, n, c, data in rows])
    place = np.array([row[0] for row in rows], np.int64)
    n = np.array([row[1] for row in rows], np.int64)
    try:
        plain = [zlib.decompress(row[3]) for row in rows]
    except zlib.error as error:
        raise ValueError(f"a chunk is damaged: {error}") from error
    if any(len(one) != 13 * size for one, size in zip(plain, n.tolist(), strict=True)):
        raise ValueError("a chunk does not hold as many readings as it says")
    ends = np.cumsum(n)
    total = int(ends[-1])
    t, value, quality = np.empty(total, np.int64), np.empty(total), np.empty(total, np.uint8)
    for size in np.unique(n).tolist():
        which = np.flatnonzero(n == size)
        table = np.frombuffer(b"".join([plain[i] for i in which.tolist()]), np.uint8).reshape(which.size, 13 * size)
        at = slice(None) if which.size == n.size else ((ends[which] - size)[:, None] + np.arange(size)).ravel()
        steps = np.ascontiguousarray(table[:, : 4 * size]).view("<u4")
        base = (place[which] & _HOUR) * history.HOUR_MS
        t[at] = (np.cumsum(steps, axis=1, dtype=np.int64) + base[:, None]).ravel()
        planes = table[:, 4 * size : 12 * size].reshape(which.size, 8, size).transpose(0, 2, 1)
        value[at] = np.ascontiguousarray(planes).view("<f8").ravel()
        quality[at] = table[:, 12 * size :].ravel()
    return Columns(np.repeat((place >> history.HOUR_BITS).astype(np.int32), n), t, value, quality)
