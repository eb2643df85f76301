"""Compiled loops of the hot path: the same state, the same changes of it, one row after the other.

What each loop computes is told by the table whose arrays it is given; the numpy path there is the definition, and the
tests hold one against the other. Importing this module compiles the loops, or loads them from the disk, once and for
all: no later call waits for a compiler. Only `fast` imports it, where numba is installed.

Rows come as `points.Rows` has them, so that those of one slot lie together. Arrays are plain and indexed in the loop:
a view per row would cost more than the row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numba
import numpy as np

from .arrays import B1, F8, I8

# Written here once more, because the compiled code kept on the disk is made anew only when this file changes.
#: `arrays.NEVER`
NEVER = 1 << 60
#: `arrays.Ring.DEPTH` - 1
RING = 15
#: Places in `window.FUNCTIONS`
MEAN, COUNT, GREATEST, LEAST = 1, 2, 3, 4
#: Rows whose memory is fetched before they are read, where there are so many slots to a row.
AHEAD, SPARSE = 64, 32

# What the loops are given, by the name of its type: in capitals what is written, state or a place for results; in small
# letters what is only read, also where it may not be written (columns of a batch are views into its bytes).
i8: TypeAlias = I8
f8: TypeAlias = F8
b1: TypeAlias = B1
I8x2: TypeAlias = I8
F8x2: TypeAlias = F8
_TYPES: dict[str, Any] = {
    "i8": numba.types.Array(numba.int64, 1, "C", readonly=True), "I8": numba.types.Array(numba.int64, 1, "C"),
    "f8": numba.types.Array(numba.float64, 1, "C", readonly=True), "F8": numba.types.Array(numba.float64, 1, "C"),
    "b1": numba.types.Array(numba.boolean, 1, "C", readonly=True), "B1": numba.types.Array(numba.boolean, 1, "C"),
    "I8x2": numba.types.Array(numba.int64, 2, "C"), "F8x2": numba.types.Array(numba.float64, 2, "C"),
}  # fmt: skip

_HOW: dict[str, Any] = {"nogil": True, "error_model": "numpy", "boundscheck": False, "_nrt": False}


def _compiled(loop: Callable[..., Any]) -> Callable[..., Any]:
    """Compile now, for the types that the arguments are annotated with."""
    types = tuple(_TYPES[kind] for name, kind in loop.__annotations__.items() if name != "return")
    compiled: Callable[..., Any] = numba.njit(types, cache=True, **_HOW)(loop)
    return compiled


_inner: Callable[[Callable[..., Any]], Callable[..., Any]] = numba.njit(**_HOW)

# `points.Points.remember` -------------------------------------------------------------------------------------------


@_compiled
def remember(
    slot: i8, t: i8, value: f8, signal: f8, came: i8,
    high: I8, seen: I8, valued: I8, head: I8, ring_t: I8x2, ring_value: F8x2, back: I8,
) -> int:  # fmt: skip
    """Take rows in order into memory. `back` is filled with slots whose clock fell back; returns how many."""
    fallen = 0
    for row in range(slot.size):
        at = slot[row]
        if came[row] < seen[at]:
            back[fallen] = at
            fallen += 1
        high[at] = t[row]
        seen[at] = came[row]
        if not math.isnan(signal[row]):
            valued[at] = t[row]
        cell = head[at]
        head[at] = (cell + 1) & RING
        ring_t[cell, at] = t[row]
        ring_value[cell, at] = value[row]
    return fallen


# Latched channels ---------------------------------------------------------------------------------------------------
#
# `told` counts the changes put into the told_ arrays; told_row is the row that showed each. A row changes an output
# twice at most: a timer that ended before it, and one of no length that it begins.


@_inner
def _until(
    c: int, now: int, told: int, ending: B1, on_ms: I8, off_ms: I8, latch: B1, start: I8, value: F8, out: B1,
    changed: I8, told_channel: I8, told_at: I8, told_on: B1, told_value: F8,
) -> int:  # fmt: skip
    """The clock of channel c shows `now`: a timer that has ended by then changes the output."""
    if latch[c] != out[c] and not (latch[c] and ending[c]):
        due = start[c] + (on_ms[c] if latch[c] else off_ms[c])
        if due <= now:
            out[c] = latch[c]
            changed[c] = due
            told_channel[told] = c
            told_at[told] = due
            told_on[told] = latch[c]
            told_value[told] = value[c]
            return told + 1
    return told


@_inner
def _ladder(
    c: int, t: int, signal: float, told: int, ending: B1, sign: F8, limit: F8, release: F8, on_ms: I8, off_ms: I8,
    latch: B1, start: I8, value: F8, out: B1, changed: I8,
    told_channel: I8, told_at: I8, told_on: B1, told_value: F8,
) -> int:  # fmt: skip
    """A row of channel c, a step of a ladder, whose signal is NaN where the row gives none."""
    told = _until(
        c, t, told, ending, on_ms, off_ms, latch, start, value, out, changed, told_channel, told_at, told_on, told_value
    )
    height = signal * sign[c]
    if height >= limit[c]:
        turns = not latch[c]
    elif height < release[c]:
        turns = latch[c]
    else:
        turns = False
    if turns:
        latch[c] = not latch[c]
        start[c] = max(t, changed[c])
        value[c] = signal
        told = _until(
            c, t, told, ending, on_ms, off_ms, latch, start, value, out, changed,
            told_channel, told_at, told_on, told_value,
        )  # fmt: skip
    return told


@_inner
def _calm(
    at: int, low: int, top: int, ending: B1, sign: F8, limit: F8, release: F8, on_ms: I8, off_ms: I8,
    latch: B1, start: I8, out: B1, quiet_from: F8, quiet_to: F8,
) -> int:  # fmt: skip
    """Make the quiet range `at` agree with channels low .. top - 1; returns when their next timer ends."""
    calm_from, calm_to, due = -np.inf, np.inf, NEVER
    for c in range(low, top):
        edge = (release[c] if latch[c] else limit[c]) * sign[c]
        if sign[c] < 0:
            # The edge itself lies on the other side: value <= limit sets, value > release resets.
            edge = np.nextafter(edge, np.inf)
        if (sign[c] > 0) == latch[c]:
            calm_from = max(calm_from, edge)
        else:
            calm_to = min(calm_to, edge)
        if latch[c] != out[c] and not (latch[c] and ending[c]):
            due = min(due, start[c] + (on_ms[c] if latch[c] else off_ms[c]))
    quiet_from[at], quiet_to[at] = calm_from, calm_to
    return due


@_compiled
def levels(
    slot: i8, t: i8, signal: f8, begin: i8, ending: b1, sign: f8, limit: f8, release: f8, on_ms: i8, off_ms: i8,
    latch: B1, start: I8, value: F8, out: B1, changed: I8, quiet_from: F8, quiet_to: F8, pending: I8,
    told_channel: I8, told_at: I8, told_on: B1, told_value: F8, told_row: I8, waiting: I8,
) -> tuple[int, int]:  # fmt: skip
    """`level.Levels.feed`. Returns how many changes were told, and how many slots were put into `waiting`."""
    told = waits = 0
    for row in range(slot.size):
        at = slot[row]
        # A row without a value compares false and takes the long way, which leaves every latch.
        calm = quiet_from[at] <= signal[row] < quiet_to[at]
        if calm and t[row] < pending[at]:
            if pending[at] < NEVER:
                waiting[waits] = at
                waits += 1
            continue
        low, top = begin[at], begin[at + 1]
        if low == top:
            continue
        before = told
        for c in range(low, top):
            told = _ladder(
                c, t[row], signal[row], told, ending, sign, limit, release, on_ms, off_ms, latch, start, value, out,
                changed, told_channel, told_at, told_on, told_value,
            )  # fmt: skip
        told_row[before:told] = row
        pending[at] = _calm(
            at, low, top, ending, sign, limit, release, on_ms, off_ms, latch, start, out, quiet_from, quiet_to
        )
        waiting[waits] = at
        waits += 1
    return told, waits


# Ladders over derived signals ---------------------------------------------------------------------------------------


@_inner
def _slope(
    row: int, t: int, value: float, window_ms: I8, step: I8, per_ms: F8, far_t: I8, far_value: F8, take_at: I8,
    ring_t: I8, ring_value: F8, taken: I8, far: I8,
) -> float:  # fmt: skip
    """`rate.Slopes.one_each` for one reading of one source."""
    window = window_ms[row]
    if t - far_t[row] > window:
        number = far[row]
        while True:
            number += 1
            if number >= taken[row]:
                far_t[row] = NEVER
                break
            far_t[row] = ring_t[row, number & RING]
            if far_t[row] >= t - window:
                break
        far[row] = number
        far_value[row] = ring_value[row, number & RING]
    age = t - far_t[row]
    signal = math.nan
    if 2 * age >= window:
        signal = ((value - far_value[row]) / age) * per_ms[row]
    if t >= take_at[row]:
        cell = taken[row] & RING
        ring_t[row, cell] = t
        ring_value[row, cell] = value
        if far[row] == taken[row]:
            far_t[row], far_value[row] = t, value
        taken[row] += 1
        take_at[row] = t + step[row]
    if not math.isfinite(signal):
        signal = math.nan
    return signal


# A derived signal is made by a source from the rows of a point. The lines of a slot are its sources; `signal` has room
# for what those of one slot say, and is the only difference between the two loops below.


@_inner
def _judge(
    at: int, now: int, low_line: int, told: int, begin: I8, ending: B1, sign: F8, limit: F8, release: F8, on_ms: I8,
    off_ms: I8, latch: B1, start: I8, value: F8, out: B1, changed: I8, line: I8, quiet_from: F8, quiet_to: F8,
    pending: I8, signal: F8, told_channel: I8, told_at: I8, told_on: B1, told_value: F8,
) -> int:  # fmt: skip
    """A row that stirs slot `at`: its channels look at their signals; what is kept per slot and line is renewed."""
    low, top = begin[at], begin[at + 1]
    due = NEVER
    first = low
    for c in range(low, top):
        told = _ladder(
            c, now, signal[line[c] - low_line], told, ending, sign, limit, release, on_ms, off_ms, latch, start,
            value, out, changed, told_channel, told_at, told_on, told_value,
        )  # fmt: skip
        if c + 1 == top or line[c + 1] != line[c]:
            due = min(due, _calm(
                line[c], first, c + 1, ending, sign, limit, release, on_ms, off_ms, latch, start, out,
                quiet_from, quiet_to,
            ))  # fmt: skip
            first = c + 1
    pending[at] = due
    return told


@_compiled
def rates(
    slot: i8, t: i8, reading: f8, begin: i8, ending: b1, sign: f8, limit: f8, release: f8, on_ms: i8, off_ms: i8,
    latch: B1, start: I8, value: F8, out: B1, changed: I8, line: i8, quiet_from: F8, quiet_to: F8, pending: I8,
    told_channel: I8, told_at: I8, told_on: B1, told_value: F8, told_row: I8, waiting: I8,
    lines: i8, line_begin: i8, signal: F8,
    window_ms: i8, step: i8, per_ms: f8, far_t: I8, far_value: F8, take_at: I8, ring_t: I8x2, ring_value: F8x2,
    taken: I8, far: I8,
) -> tuple[int, int]:  # fmt: skip
    """`rate.Rates.feed`. Returns how many changes were told and how many slots were put into `waiting`."""
    told = waits = 0
    for row in range(slot.size):
        at, now = slot[row], t[row]
        low_line, top_line = line_begin[at], line_begin[at + 1]
        if low_line == top_line:
            continue
        calm = now < pending[at]
        for number in range(low_line, top_line):
            new = math.nan
            if not math.isnan(reading[row]):
                new = _slope(
                    lines[number], now, reading[row], window_ms, step, per_ms, far_t, far_value, take_at,
                    ring_t, ring_value, taken, far,
                )  # fmt: skip
            signal[number - low_line] = new
            # No signal compares false: it changes no latch.
            calm = calm and not (new < quiet_from[number] or new >= quiet_to[number])
        if not calm:
            before = told
            told = _judge(
                at, now, low_line, told, begin, ending, sign, limit, release, on_ms, off_ms, latch, start, value, out,
                changed, line, quiet_from, quiet_to, pending, signal, told_channel, told_at, told_on, told_value,
            )  # fmt: skip
            told_row[before:told] = row
        if not calm or pending[at] < NEVER:
            waiting[waits] = at
            waits += 1
    return told, waits


@_inner
def _empty(function: int) -> float:
    return -math.inf if function == GREATEST else math.inf if function == LEAST else 0.0


@_inner
def _join(function: int, one: float, other: float) -> float:
    """`window.JOIN`; one may be NaN."""
    if function == GREATEST:
        return other if one < other else one
    if function == LEAST:
        return other if one > other else one
    return one + other


@_inner
def _shut(
    row: int, t: int, function: I8, ends: I8, open_: F8, open_count: F8, shut: F8, shut_count: F8,
    pane_ms: I8, span: I8, lag: I8, whole: B1, pane: I8, since: I8, panes: I8, base: I8, cells: F8,
) -> None:  # fmt: skip
    """`window.Terms._turn` for one term: shut its open pane, open the one of t, add up the span."""
    does, many, foot, before = function[row], panes[row], base[row], pane[row]
    new = t // pane_ms[row]
    if before < 0:
        since[row] = new
    else:
        cell = foot + before % many
        cells[cell] = open_[row]
        if does == MEAN:
            cells[cell + many] = open_count[row]
        for gap in range(before + 1, before + 1 + min(new - before - 1, many)):
            cell = foot + gap % many
            cells[cell] = _empty(does)
            if does == MEAN:
                cells[cell + many] = 0.0
    open_[row], open_count[row] = _empty(does), 0.0
    pane[row] = new
    ends[row] = (new + 1) * pane_ms[row]
    oldest = new - lag[row] - span[row] + 1
    cell = foot + oldest % many
    total, count = _empty(does), 0.0
    # The newest pane of the span is the open one where there is no lag.
    for _pane in range(span[row] if lag[row] > 0 else span[row] - 1):
        total = _join(does, total, cells[cell])
        if does == MEAN:
            count += cells[cell + many]
        cell += 1
        if cell == foot + many:
            cell = foot
    if whole[row] and oldest <= since[row]:
        total = math.nan
    shut[row], shut_count[row] = total, count


@_inner
def _term(
    row: int, t: int, value: float, function: I8, lagged: B1, ends: I8, open_: F8, open_count: F8, shut: F8,
    shut_count: F8, pane_ms: I8, span: I8, lag: I8, whole: B1, pane: I8, since: I8, panes: I8, base: I8, cells: F8,
) -> float:  # fmt: skip
    """`window.Terms.one_each` for one reading of one term."""
    if t >= ends[row]:
        _shut(row, t, function, ends, open_, open_count, shut, shut_count, pane_ms, span, lag, whole, pane, since,
              panes, base, cells)  # fmt: skip
    does = function[row]
    open_[row] = _join(does, open_[row], 1.0 if does == COUNT else value)
    total: float = shut[row] if lagged[row] else _join(does, shut[row], open_[row])
    if does == MEAN:
        open_count[row] += 1.0
        total /= shut_count[row] if lagged[row] else shut_count[row] + open_count[row]
    return total


@_inner
def _look_ahead(
    row: int, slot: I8, line_begin: I8, lines: I8, quiet_from: F8, quiet_to: F8, pending: I8, head: I8, terms: I8,
    function: I8, lagged: B1, ends: I8, open_: F8, open_count: F8, shut: F8, shut_count: F8, weight: F8, ahead: I8,
) -> int:  # fmt: skip
    """Meet what the next AHEAD rows will read of the first source of their slots.

    With many points nothing is in the processor's cache, and one row waits for four things that depend on each other.
    Met in rounds over many rows, they are fetched side by side. Returns the sum of what was met, which means nothing:
    but what nobody asks for the compiler leaves out.
    """
    size = met = 0
    for place in range(row, min(row + AHEAD, slot.size)):
        met += pending[slot[place]]
        if line_begin[slot[place]] < line_begin[slot[place] + 1]:
            ahead[size] = line_begin[slot[place]]
            size += 1
    for place in range(size):
        met += quiet_from[ahead[place]] > quiet_to[ahead[place]]
        ahead[place] = lines[ahead[place]]
    for place in range(size):
        met += terms[ahead[place]]
        ahead[place] = head[ahead[place]]
    for place in range(size):
        part = ahead[place]
        met += ends[part] ^ function[part]
        met += (open_[part] > open_count[part]) ^ (shut[part] > shut_count[part])
        met += (weight[part] > 0) ^ lagged[part]
    return met


@_compiled
def windows(
    slot: i8, t: i8, reading: f8, begin: i8, ending: b1, sign: f8, limit: f8, release: f8, on_ms: i8, off_ms: i8,
    latch: B1, start: I8, value: F8, out: B1, changed: I8, line: i8, quiet_from: F8, quiet_to: F8, pending: I8,
    told_channel: I8, told_at: I8, told_on: B1, told_value: F8, told_row: I8, waiting: I8,
    lines: i8, line_begin: i8, signal: F8,
    ahead: I8, head: i8, terms: i8, function: i8, lagged: b1, ends: I8, open_: F8, open_count: F8, shut: F8,
    shut_count: F8, pane_ms: i8, span: i8, lag: i8, whole: b1, weight: f8, pane: I8, since: I8, panes: i8, base: i8,
    cells: F8,
) -> tuple[int, int, int]:  # fmt: skip
    """`window.Windows.feed`. Returns how many changes were told, how many slots wait, and what `_look_ahead` met."""
    told = waits = met = 0
    sparse = slot.size * SPARSE < pending.size
    for row in range(slot.size):
        if sparse and row % AHEAD == 0:
            met += _look_ahead(
                row, slot, line_begin, lines, quiet_from, quiet_to, pending, head, terms, function, lagged, ends,
                open_, open_count, shut, shut_count, weight, ahead,
            )  # fmt: skip
        at, now = slot[row], t[row]
        low_line, top_line = line_begin[at], line_begin[at + 1]
        if low_line == top_line:
            continue
        calm = now < pending[at]
        for number in range(low_line, top_line):
            new = math.nan
            if not math.isnan(reading[row]):
                # -0.0 becomes 0.0: which of the two is the greater is nobody's business.
                plain = reading[row] + 0.0
                source = lines[number]
                foot = head[source]
                for part in range(foot, foot + terms[source]):
                    weighed = weight[part] * _term(
                        part, now, plain, function, lagged, ends, open_, open_count, shut, shut_count, pane_ms, span,
                        lag, whole, pane, since, panes, base, cells,
                    )  # fmt: skip
                    new = weighed if part == foot else new + weighed
                if not math.isfinite(new):
                    new = math.nan
            signal[number - low_line] = new
            calm = calm and not (new < quiet_from[number] or new >= quiet_to[number])
        if not calm:
            before = told
            told = _judge(
                at, now, low_line, told, begin, ending, sign, limit, release, on_ms, off_ms, latch, start, value, out,
                changed, line, quiet_from, quiet_to, pending, signal, told_channel, told_at, told_on, told_value,
            )  # fmt: skip
            told_row[before:told] = row
        if not calm or pending[at] < NEVER:
            waiting[waits] = at
            waits += 1
    return told, waits, met


# Silence ------------------------------------------------------------------------------------------------------------


@_inner
def _restart(t: int, after: int, changed: int) -> int:
    return t if t + after > changed else changed


@_compiled
def silences(
    slot: i8, t: i8, signal: f8, begin: i8, ending: b1, after: i8, base: i8, out: B1, changed: I8,
    said: I8, hush: I8, patience: i8, speaks: B1, told_channel: I8, told_at: I8, told_on: B1, told_row: I8,
    waiting: I8,
) -> tuple[int, int]:  # fmt: skip
    """`silence.Silences.feed`. Returns how many changes were told, and how many slots were put into `waiting`."""
    told = waits = 0
    for row in range(slot.size):
        at, now = slot[row], t[row]
        usable = not math.isnan(signal[row])
        if usable and now < hush[at] and not speaks[at]:
            said[at] = now
            hush[at] = now + patience[at]
            continue
        low, top = begin[at], begin[at + 1]
        due, speaking, before = NEVER, False, told
        for c in range(low, top):
            since = _restart(said[at], after[c], changed[c]) if said[at] >= 0 else base[c]
            if since + after[c] <= now and not out[c] and not ending[c]:
                out[c] = True
                changed[c] = since + after[c]
                told_channel[told], told_at[told], told_on[told] = c, changed[c], True
                told += 1
            if usable:
                if out[c]:
                    out[c] = False
                    changed[c] = max(now, changed[c])
                    told_channel[told], told_at[told], told_on[told] = c, changed[c], False
                    told += 1
                since = _restart(now, after[c], changed[c])
            speaking = speaking or out[c]
            if not out[c] and not ending[c]:
                due = min(due, since + after[c])
        told_row[before:told] = row
        if usable:
            said[at] = now
        hush[at], speaks[at] = due, speaking
        if low < top:
            waiting[waits] = at
            waits += 1
    return told, waits
