"""The latch and the two delays of a channel, for many channels and many rows at once.

After HYSTERESIS, TON and TOF of IEC 61131-3, in a row: the latch sets and resets; the output follows once the latch
has been the same for the on delay or the off delay. One thing is ours: a latch that resets for less than the off
delay leaves the output on, also where a TOF fed by a TON would drop it while the on delay runs again. An alarm
shall not blink while its cause stands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import B1, F8, I8, M1, sizes


@dataclass(slots=True)
class Course:
    """What a stretch of rows did to channels.

    latch, start, value, out, changed   state of each channel after it
    fired                               per transition, channel by channel in order of time: the channel's place
    at, on, by                          its time, its direction, the value that started the run behind it
    """

    latch: B1
    start: I8
    value: F8
    out: B1
    changed: I8
    fired: I8
    at: I8
    on: B1
    by: F8


def follow(
    *, first: I8, t: I8, mark: M1, signal: F8, latch: B1, start: I8, value: F8, out: B1, changed: I8,
    on_ms: I8, off_ms: I8, may_rise: B1, shown: I8,
) -> Course:  # fmt: skip
    """Carry channels over their rows.

    first     [G] first row of each channel, G channels with one row or more each
    t         [R] ms, strictly rising within a channel
    mark      [R] 1 sets the latch, 0 resets it, -1 leaves it
    signal    [R] the value to remember when a run of the latch begins
    latch     [G] state before; start the time its run began, value the one that began it
    out       [G] output before; changed the time it last changed
    on_ms     [G] delays, ms
    may_rise  [G] false for a channel that raises nothing more
    shown     [G] time shown by the last row, >= its t

    A timer that ends at the instant of a row ends before it. A run never starts before the last change of the
    output: where a tick has already shown more time than a row has, the output keeps its order in time.
    """
    n, groups = t.size, first.size
    owner = np.repeat(np.arange(groups), sizes(first, n))
    last = np.maximum.accumulate(np.where(mark >= 0, np.arange(n), -1))
    state = np.where(last >= first[owner], mark[last] == 1, latch[owner])
    before = np.empty_like(state)
    before[1:] = state[:-1]
    before[first] = latch
    turn = np.flatnonzero(state != before)

    # Runs of the latch: the one each channel came with, then one per turn, channel by channel.
    head = np.arange(groups) + np.searchsorted(turn, first)
    later = owner[turn]
    place = np.arange(turn.size) + later + 1
    runs = groups + turn.size
    tail = np.append(head[1:], runs) - 1
    whose = np.empty(runs, np.int64)
    whose[head], whose[place] = np.arange(groups), later
    run_latch = np.empty(runs, np.bool_)
    run_latch[head], run_latch[place] = latch, state[turn]
    run_start = np.empty(runs, np.int64)
    run_start[head], run_start[place] = start, np.maximum(t[turn], changed[later])
    run_value = np.empty(runs, np.float64)
    run_value[head], run_value[place] = value, signal[turn]
    run_end = np.empty(runs, np.int64)
    run_end[place - 1] = t[turn]
    run_end[tail] = shown

    due = run_start + np.where(run_latch, on_ms[whose], off_ms[whose])
    lasts = (due <= run_end) & (may_rise[whose] | ~run_latch)
    latest = np.maximum.accumulate(np.where(lasts, np.arange(runs), -1))
    after = np.where(latest >= head[whose], run_latch[latest], out[whose])
    prior = np.empty_like(after)
    prior[1:] = after[:-1]
    prior[head] = out
    fired = np.flatnonzero(after != prior)
    moved = changed.copy()
    moved[whose[fired]] = due[fired]
    return Course(
        run_latch[tail], run_start[tail], run_value[tail], after[tail], moved,
        whose[fired], due[fired], run_latch[fired], run_value[fired],
    )  # fmt: skip
