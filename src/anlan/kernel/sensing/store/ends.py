"""Where a point's readings begin, and the newest of many points, with what was committed a moment ago."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from anlan.engine import decode_batch
from anlan.kernel.sensing.store import history
from anlan.kernel.sensing.store.readings import LATEST, TAIL_BATCHES, Store
from anlan.kernel.sensing.store.rows import BATCH, LIVE

#: Time in ms, value (NaN where the instrument has none), quality.
Newest = tuple[int, float, int]


def newest(store: Store, points: Iterable[int]) -> dict[int, Newest]:
    """Point → its newest reading by event time, those included that the engine has not looked at yet.

    Of two readings of one moment the first in the log holds, as in history.
    """
    wanted = np.unique(np.fromiter(points, np.int64))
    # Asked first: what the engine stores in between then stands twice, which changes nothing.
    told = store.position(LATEST)
    found: dict[int, Newest] = dict(store.latest(wanted.tolist()).as_dict())
    payloads = store.main.read(
        "SELECT payload FROM log WHERE seq > ? AND kind = ? AND lane = ? ORDER BY seq LIMIT ?",
        (told, BATCH, LIVE, TAIL_BATCHES),
    )
    for (payload,) in payloads:
        point, t, value, quality = decode_batch(bytes(payload))
        mine = np.flatnonzero(np.isin(point, wanted))
        for row in mine.tolist():
            number, moment = int(point[row]), int(t[row])
            if number not in found or found[number][0] < moment:
                found[number] = (moment, float(value[row]), int(quality[row]))
    return found


def first_ms(store: Store, point: int) -> int | None:
    """A moment before which history has no reading of the point; None where history has nothing of it.

    What is logged and not in history yet may be older.
    """
    low, high = history.place_span(point, history.EARLIEST, history.LATEST - 1)
    hour = store.history.read("SELECT min(place) FROM chunk WHERE place BETWEEN ? AND ?", (low, high))[0][0]
    loose = store.history.read(
        'SELECT min(first_ms) FROM loose WHERE "key" BETWEEN ? AND ?', history.loose_span(point >> history.GROUP_BITS)
    )[0][0]
    begins = [] if loose is None else [int(loose)]
    if hour is not None:
        begins.append((int(hour) & ((1 << history.HOUR_BITS) - 1)) * history.HOUR_MS)
    return min(begins) if begins else None
