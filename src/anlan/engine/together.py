"""Several batches judged as one: what an outage leaves behind is caught up in the order of memory, not of arrival.

With very many points the memory of each is far from the processor, and a batch that has one row of each fetches all of
it for little. Rows of many batches, sorted by point, fetch it once for several rows. What is told is the same, with the
record that showed it; `take_together` refuses wherever that is not plain to see, and the batches go one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .arrays import I8, segments
from .conditions import POINT_LIMIT
from .log import BAD, FUTURE_MS, Batch
from .output import Output
from .points import Rows, rising
from .table import News

if TYPE_CHECKING:
    from .evaluate import State

#: Rows after which batches that wait for each other are judged: some 40 MB of them.
JOINED = 500_000
#: Rows taken through all tables at a time, so that what they remember of their points stays in the cache.
PIECE = 16_384


def take_together(state: State, batches: Sequence[Batch], out: Output) -> bool:
    """Judge batches that follow each other as one. False: nothing was done, they have to go one by one.

    Refused are states that hold rows back, have a second stage, watch points of others, or have a table without a
    compiled loop; and batches with a row that is late, a repeat, or not to be believed.
    """
    fast = state.fast
    if fast is None or state.parts > 1 or state.holds or state.held.rows.slot.size or not state.second.is_idle:
        return False
    size = np.array([len(batch.t) for batch in batches])
    arrivals, seqs = (np.array([getattr(batch, name) for batch in batches]) for name in ("arrival", "seq"))
    number, t = _joined(batches, "point", np.int64), _joined(batches, "t", np.int64)
    record: I8 = np.repeat(np.arange(size.size), size)
    if not t.size:
        return True
    if number.min() < 0 or number.max() >= POINT_LIMIT or t.min() < 0 or (t > (arrivals + FUTURE_MS)[record]).any():
        return False

    points, tables = state.points, list(state.tables.values())
    slot = points.slots(number)
    for table in tables:
        table.settle(points)
    if not all(fast.knows(table) for table in tables):
        return False
    slot, order = _by_slot(slot)
    t, first = t[order], segments(slot)
    if not rising(points.high.take(slot), t, first).all():
        return False
    record = record[order]
    value, quality = _joined(batches, "value", np.float64)[order], _joined(batches, "quality", np.uint8)[order]
    mute = ~np.isfinite(value)
    mute |= quality >= BAD
    signal = np.where(mute, np.nan, value) if mute.any() else value
    seen = arrivals[record]

    news, shown = News(points), []
    for part in _pieces(slot):
        fast.rows = []
        rows = Rows(slot[part], t[part], value[part], signal[part], seen[part], segments(slot[part]))
        stirred = [fast.feed(table, rows, points, news) for table in tables]
        stirred.append(fast.remember(rows, points))
        shown += [record[part][row] for row in fast.rows]
        again = np.concatenate(stirred)
        points.lower_wake(again, state.next_due(again) + points.lag(again))
    for table in tables:
        table.seal()
    if shown:
        showed = np.concatenate(shown)
        out.tell(news.chunks, seq=seqs[showed], arrival=arrivals[showed])
    out.rows += t.size
    out.keep(seq=seqs[record], point=points.number.take(slot), t=t, value=value, quality=quality,
             late=np.zeros(t.size, np.bool_))  # fmt: skip
    return True


def _joined(batches: Sequence[Batch], name: str, kind: type[Any]) -> NDArray[Any]:
    return np.concatenate([getattr(batch, name) for batch in batches]).astype(kind, copy=False)


def _by_slot(slot: I8) -> tuple[I8, I8]:
    """(slots, order): rows of one slot together in log order, slots rising."""
    bits = slot.size.bit_length()
    key = slot << bits
    key |= np.arange(slot.size)
    key.sort()
    return key >> bits, key & ((1 << bits) - 1)


def _pieces(slot: I8) -> list[slice]:
    """Stretches of some PIECE rows that part no slot."""
    cuts = np.searchsorted(slot, slot[PIECE::PIECE])
    edges = [0, *np.unique(cuts[cuts > 0]).tolist(), slot.size]
    return [slice(low, high) for low, high in pairwise(edges)]
