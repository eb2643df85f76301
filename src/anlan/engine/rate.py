"""Rates: how fast a value changes."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .arrays import F8, I8, NEVER
from .conditions import Rate
from .derived import Derived, Sources
from .points import Points
from .rules import Rule

#: Readings remembered for a rate: the one at the far end of the window and 15 at least a fifteenth of it apart.
DEPTH = 16


class Slopes(Sources):
    """The signal is ((value - far value) / (t - far t)) * per_ms, in this order, in float64.

    A reading is remembered when `window_ms / DEPTH - 1` or more has passed since the last remembered, after its
    own signal. The far reading is the oldest remembered one with t - window_ms <= far t, and gives a signal when
    2 * (t - far t) >= window_ms. So at most DEPTH - 1 remembered readings lie in a window, and none that is needed is
    ever written over.

    Looked at with each reading:

    window_ms, per_ms   as the rule says; step is the time between readings remembered, rounded up
    far_t, far_value    the far reading as it was at the last reading, far_t NEVER without one
    take_at             readings from here on are remembered

    Looked at a few times a window:

    ring_t, ring_value  [rows, DEPTH]; remembered reading k lies in cell k % DEPTH
    taken, far          readings remembered so far; number of the far one, `taken` without one
    """

    COLUMNS: ClassVar[dict[str, tuple[str, Any]]] = {
        "window_ms": ("i8", 0), "step": ("i8", 0), "per_ms": ("f8", 0.0),
        "far_t": ("i8", NEVER), "far_value": ("f8", 0.0), "take_at": ("i8", -1),
        "ring_t": ("i8", -1), "ring_value": ("f8", 0.0), "taken": ("i8", 0), "far": ("i8", 0),
    }  # fmt: skip
    ASKED = ("window_ms", "step", "per_ms")
    window_ms: I8
    step: I8
    per_ms: F8
    far_t: I8
    far_value: F8
    take_at: I8
    ring_t: I8
    ring_value: F8
    taken: I8
    far: I8

    def shape(self, name: str) -> tuple[int, ...]:
        return (DEPTH,) if name in ("ring_t", "ring_value") else ()

    def one_each(self, row: I8, t: I8, value: F8) -> F8:
        window = self.window_ms.take(row)
        age = t - self.far_t.take(row)
        stale = np.flatnonzero(age > window)
        if stale.size:
            self._pass_over(row[stale], t[stale] - window[stale])
            age[stale] = t[stale] - self.far_t[row[stale]]
        signal = value - self.far_value.take(row)
        signal /= age
        signal *= self.per_ms.take(row)
        # Without a far reading the age is far below 0.
        age *= 2
        signal[age < window] = np.nan
        take = np.flatnonzero(t >= self.take_at.take(row))
        if take.size:
            self._take(row[take], t[take], value[take])
        return signal

    def _pass_over(self, row: I8, since: I8) -> None:
        """Move the far reading on to the first one at or after `since`."""
        while row.size:
            far = self.far[row] + 1
            none = far >= self.taken[row]
            cell = far % DEPTH
            far_t = np.where(none, NEVER, self.ring_t[row, cell])
            self.far[row], self.far_t[row], self.far_value[row] = far, far_t, self.ring_value[row, cell]
            left = far_t < since
            row, since = row[left], since[left]

    def _take(self, row: I8, t: I8, value: F8) -> None:
        """Remember a reading of each."""
        taken = self.taken[row]
        cell = taken % DEPTH
        self.ring_t[row, cell] = t
        self.ring_value[row, cell] = value
        only = self.far[row] == taken
        self.far_t[row[only]], self.far_value[row[only]] = t[only], value[only]
        self.taken[row] = taken + 1
        self.take_at[row] = t + self.step[row]

    def many(self, row: int, t: I8, value: F8) -> F8:
        window, step = int(self.window_ms[row]), int(self.step[row])
        # Which are remembered: the first from `take_at` on, then always the first that is `step` later.
        after = np.searchsorted(t, t + step).tolist()
        place = int(np.searchsorted(t, self.take_at[row]))
        chosen = []
        while place < t.size:
            chosen.append(place)
            place = after[place]
        take = np.array(chosen, np.int64)

        before = np.arange(self.far[row], self.taken[row])
        all_t = np.concatenate((self.ring_t[row, before % DEPTH], t[take]))
        all_value = np.concatenate((self.ring_value[row, before % DEPTH], value[take]))
        # A reading's own place is no far reading: its age is 0.
        place_of_far = np.searchsorted(all_t, t - window)
        there = np.minimum(place_of_far, all_t.size - 1)
        age = t - all_t[there]
        signal: F8 = ((value - all_value[there]) / age) * self.per_ms[row]
        signal[2 * age < window] = np.nan

        far = int(place_of_far[-1])
        self.far[row] += far
        self.far_t[row], self.far_value[row] = all_t[far], all_value[far]
        taken = np.arange(self.taken[row], self.taken[row] + take.size)[-DEPTH:]
        self.ring_t[row, taken % DEPTH] = t[take[-DEPTH:]]
        self.ring_value[row, taken % DEPTH] = value[take[-DEPTH:]]
        if take.size:
            self.taken[row] += take.size
            self.take_at[row] = t[take[-1]] + step
        return signal


class Rates(Derived):
    """Channels of `Rate` rules."""

    SOURCES = Slopes

    def enforce(self, rule: Rule, slot: I8, points: Points, arrival: int) -> None:
        rate = rule.condition
        assert isinstance(rate, Rate)  # KINDS sends each condition to its own table
        step = -(-rate.window_ms // (DEPTH - 1))
        source = self.live.add(slot.size, window_ms=rate.window_ms, step=step, per_ms=float(rate.per_ms))
        self.add_lines(rule, rate, slot, source)
