"""What the engine remembers of every point, whether a rule looks at it or not.

A point number is mapped to a slot, its row in all state, the first time it is met. Times are epoch ms UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import B1, F8, I8, NEVER, U1, Ring, grown, ranges, segments, sizes

#: Slots per block of the wake index, as a power of two.
BLOCK_BITS = 8
BLOCK = 1 << BLOCK_BITS


@dataclass(slots=True)
class Intake:
    """Rows on their way to be evaluated, in log order. One array each.

    slot, t, value, quality  slot of the point; the rest as received
    known     arrival time at which the row is judged: its arrival plus the declared hold of its point
    seen      arrival plus twice the hold: the arrival time at which the point's clock shows t
    seq, row  record in which it came, and its place there
    """

    slot: I8
    t: I8
    value: F8
    quality: U1
    known: I8
    seen: I8
    seq: I8
    row: I8

    def pick(self, which: I8 | B1) -> Intake:
        """These rows, in this order."""
        return Intake(
            self.slot[which], self.t[which], self.value[which], self.quality[which],
            _picked(self.known, which), _picked(self.seen, which), _picked(self.seq, which), self.row[which],
        )  # fmt: skip

    def and_then(self, other: Intake) -> Intake:
        """These rows followed by others."""
        names = self.__slots__
        return Intake(*(np.concatenate((getattr(self, name), getattr(other, name))) for name in names))

    @classmethod
    def empty(cls) -> Intake:
        """No rows."""
        none: I8 = np.empty(0, np.int64)
        return cls(none, none, np.empty(0, np.float64), np.empty(0, np.uint8), none, none, none, none)


def _picked(column: I8, which: I8 | B1) -> I8:
    """column[which]; a column that is one number for all rows stays one."""
    if column.size and column.strides == (0,):
        size = int(which.sum()) if which.dtype == np.bool_ else which.size
        return np.broadcast_to(column[0], (size,))
    return column[which]


@dataclass(slots=True)
class Rows:
    """Readings in the order they are evaluated: rows of one slot lie together, in log order.

    slot    slot of the point
    t       event time, ms; strictly rising within a slot, above the point's highest
    value   as received
    signal  value, or NaN where the row gives none (bad quality, not finite)
    seen    `Intake.seen`
    first   first row of each slot, None when no slot has two rows
    """

    slot: I8
    t: I8
    value: F8
    signal: F8
    seen: I8
    first: I8 | None


@dataclass(slots=True)
class LateRows:
    """Accepted readings older than their point's highest, rows of one slot together, in log order.

    bound   t of the next newer reading that is remembered; the late value is held no further
    newest  the point's highest t when the row came
    fresh   the row begins a new run of late rows
    """

    slot: I8
    t: I8
    value: F8
    signal: F8
    arrival: I8
    bound: I8
    newest: I8
    fresh: B1
    first: I8


class Points:
    """Per-point memory in columns by slot.

    number      the point's number
    high        highest t of its rows in order, -1 before the first
    seen        `Rows.seen` of that row, -1 before the first. The point's clock runs on with the arrival clock:
                at arrival A it shows A - (seen - high)
    valued      t of its last row in order that gave a value, -1 before the first
    hold        declared hold, ms
    late_row    row in the ring of late readings, -1 while none came
    late_high   t of its last late row, -1 before the first
    late_bound  `LateRows.bound` of that row
    late_due    arrival time at which the late run counts as at rest, NEVER when it does already
    shadow      1 for a point of another partition that is only watched here
    wake        per block of slots: no timer of the block is due before this arrival time (a lower bound)
    """

    COLUMNS = {
        "number": -1, "high": -1, "seen": -1, "valued": -1, "hold": 0,
        "late_row": -1, "late_high": -1, "late_bound": -1, "late_due": NEVER,
        "shadow": 0,
    }  # fmt: skip

    number: I8
    high: I8
    seen: I8
    valued: I8
    hold: I8
    late_row: I8
    late_high: I8
    late_bound: I8
    late_due: I8
    shadow: I8

    def __init__(self) -> None:
        self.count = 0
        self.capacity = 0
        for name in self.COLUMNS:
            setattr(self, name, np.empty(0, np.int64))
        self.ring = Ring()
        self.late_ring = Ring()
        self.late_count = 0
        self.late_wake = NEVER
        self.wake: I8 = np.empty(0, np.int64)
        self._slot_of: I8 = np.empty(0, np.int64)
        self._scratch: I8 = np.empty(0, np.int64)

    def reserve(self, capacity: int) -> None:
        """Make room for `capacity` slots, rounded up to whole blocks."""
        self.capacity = -(-capacity // BLOCK) * BLOCK
        for name, fill in self.COLUMNS.items():
            setattr(self, name, grown(getattr(self, name), self.capacity, fill))
        self.ring.grow(self.capacity)
        self.wake = grown(self.wake, self.capacity >> BLOCK_BITS, NEVER)
        self._scratch = np.zeros(self.capacity, np.int64)

    def index(self) -> None:
        """Make the map from numbers to slots anew, from `number`."""
        known = self.number[: self.count]
        self._slot_of = np.full(int(known.max()) + 1 if known.size else 0, -1, np.int64)
        self._slot_of[known] = np.arange(self.count)

    def slots(self, number: I8) -> I8:
        """Slots of these point numbers (0 <= number < POINT_LIMIT); new points get one."""
        if not number.size:
            return np.empty(0, np.int64)
        top = int(number.max())
        if top >= self._slot_of.size:
            self._slot_of = grown(self._slot_of, max(top + 1, 2 * self._slot_of.size), -1)
        slot = self._slot_of.take(number)
        if slot.min() < 0:
            new = np.unique(number[slot < 0])
            if self.count + new.size > self.capacity:
                self.reserve(max(self.count + new.size, 2 * self.capacity))
            self._slot_of[new] = np.arange(self.count, self.count + new.size)
            self.number[self.count : self.count + new.size] = new
            self.count += new.size
            slot = self._slot_of.take(number)
        return slot

    def order(self, slot: I8, *, rising: bool = False) -> tuple[I8 | None, I8 | None]:
        """(order, first): the order that brings rows of one slot together, None when they are already together;
        and the first row of each slot in that order, None when no slot has two rows.

        rising  also bring the slots themselves in order, so that memory is met from front to back
        """
        n = slot.size
        if n < 2:
            return None, None
        step = slot[1:] - slot[:-1]
        if step.min() >= 0:
            return None, segments(slot)
        row = np.arange(n)
        if not rising:
            self._scratch[slot] = row
            if (self._scratch.take(slot) == row).all():
                return None, None
        bits = n.bit_length()
        key = slot << bits
        key |= row
        key.sort()
        order = key & ((1 << bits) - 1)
        key >>= bits
        return order, segments(key)

    def lag(self, slot: I8) -> I8:
        """Arrival time minus the time the point's clock shows, ms; 0 before its first row."""
        return self.seen.take(slot) - self.high.take(slot)

    def lower_wake(self, slot: I8, wake: I8) -> None:
        """Let the index know of timers due at arrival time `wake`, one per slot."""
        if slot.size:
            np.minimum.at(self.wake, slot >> BLOCK_BITS, wake)

    def woken(self, arrival: int) -> I8:
        """Slots of the blocks in which something may be due at this arrival time."""
        block = np.flatnonzero(self.wake <= arrival)
        slot = ranges(block << BLOCK_BITS, np.full(block.size, BLOCK))
        return slot[slot < self.count]

    def set_wake(self, slot: I8, wake: I8) -> None:
        """Make the bound of these whole blocks exact again; `slot` as `woken` gave them."""
        if slot.size:
            block = slot >> BLOCK_BITS
            first = np.concatenate(([0], np.flatnonzero(block[1:] != block[:-1]) + 1))
            self.wake[block[first]] = np.minimum.reduceat(wake, first)

    def remember(self, rows: Rows) -> I8:
        """Take rows in order into memory; returns the slots whose clock fell back against the arrival clock."""
        if rows.first is None:
            slot, high, seen = rows.slot, rows.t, rows.seen
        else:
            last = rows.first + sizes(rows.first, rows.slot.size) - 1
            slot, high, seen = rows.slot[last], rows.t[last], rows.seen[last]
        back = seen < self.seen.take(slot)
        self.high[slot] = high
        self.seen[slot] = seen
        if rows.signal is rows.value:
            self.valued[slot] = high
        else:
            # With an index that repeats, the last assignment holds; rows of a slot lie in order.
            usable = ~np.isnan(rows.signal)
            self.valued[rows.slot[usable]] = rows.t[usable]
        self.ring.write(rows.slot, rows.t, rows.value, rows.first)
        return slot[back]

    def window(self, slot: I8, live: B1, t: I8, value: F8, first: I8, old: I8) -> tuple[I8, F8]:
        """The readings in order remembered at the moment each old row came, newest first, empty cells t = -1.

        slot, live, t, value, first  rows of one record, rows of a slot together; live marks those in order
        old                          the rows asked for
        returns                      (t, value), each [old.size, Ring.DEPTH]

        Called before `remember` takes the live ones in.
        """
        before: I8 = np.cumsum(live) - live
        count = sizes(first, slot.size)
        base: I8 = np.repeat(before[first], count)[old]
        back = (before[old] - base)[:, None] - 1 - np.arange(Ring.DEPTH)
        inside = back >= 0
        at = np.flatnonzero(np.append(live, True))
        at[-1] = 0
        position = at[np.where(inside, base[:, None] + back, 0)]
        owner = slot[old][:, None]
        cell = (self.ring.head[owner] + back) & (Ring.DEPTH - 1)
        return (
            np.where(inside, t[position], self.ring.t[cell, owner]),
            np.where(inside, value[position], self.ring.value[cell, owner]),
        )

    def late_rows(self, slot: I8) -> I8:
        """Rows of these slots in the ring of late readings; a slot without one gets it."""
        row = self.late_row.take(slot)
        if row.size and row.min() < 0:
            new = np.unique(slot[row < 0])
            if self.late_count + new.size > self.late_ring.head.size:
                self.late_ring.grow(max(self.late_count + new.size, 2 * self.late_ring.head.size, 16))
            self.late_row[new] = np.arange(self.late_count, self.late_count + new.size)
            self.late_count += new.size
            row = self.late_row.take(slot)
        return row

    def remember_late(self, rows: LateRows, rest_ms: int) -> None:
        """Take late rows into memory; their run is at rest `rest_ms` of arrival time after the last of them."""
        last = rows.first + sizes(rows.first, rows.slot.size) - 1
        slot = rows.slot[last]
        self.late_high[slot] = rows.t[last]
        self.late_bound[slot] = rows.bound[last]
        due = rows.arrival[last] + rest_ms
        self.late_due[slot] = due
        self.late_wake = min(self.late_wake, int(due.min()))
        self.late_ring.write(self.late_rows(rows.slot), rows.t, rows.value, rows.first)


def rising(high: I8, t: I8, first: I8 | None) -> B1:
    """Which rows are above all earlier ones of their slot; `high` is the slot's highest before these rows."""
    if first is None:
        return t > high
    before = np.empty_like(t)
    before[1:] = t[:-1]
    before[first] = high[first]
    above: B1 = t > before
    if above.all():
        return above
    # The highest so far, slot by slot: a running maximum over ranks that are lifted from slot to slot.
    times, rank = np.unique(before, return_inverse=True)
    lift = np.repeat(np.arange(first.size), sizes(first, t.size)) * times.size
    top: I8 = times[np.maximum.accumulate(rank + lift) - lift]
    np.greater(t, top, out=above)
    return above
