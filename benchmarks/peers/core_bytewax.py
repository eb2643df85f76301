"""CORE as a bytewax dataflow: two high levels with hysteresis and both delays in a `stateful_map`, a call a reading.

Run by `engine_core_peer` in the environment of the peers; imports nothing of Anlan. Arguments: a .npz with the columns
point, t (ms) and value, and how many of the first rows only warm up. Prints, as JSON, readings, CPU seconds and the
transitions (point, step, t, on). The peer gets its readings as ready Python objects, and no ticks: its timers end
with the next reading of the point, which is less work than the engine's.
"""

from __future__ import annotations

import json
import sys
import time

import bytewax.operators as op
import numpy as np
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, run_main

#: (limit, release) of each step; delays, ms. As in `engine_jobs.core_rule`.
STEPS = ((25.0, 23.0), (40.0, 38.0))
ON_MS, OFF_MS = 5_000, 10_000


def judge(state, reading):
    """One reading of one point; `state` holds latch, output, start of the latch's run and last change per step."""
    t, value = reading
    if state is None:
        state = [[False, False, -1, -1] for _ in STEPS]
    told = None
    for number, (limit, release) in enumerate(STEPS):
        step = state[number]
        latch = step[0]
        if latch != step[1]:
            due = step[2] + (ON_MS if latch else OFF_MS)
            if due <= t:
                step[1], step[3] = latch, due
                told = [*(told or ()), (number, due, latch)]
        if value >= limit:
            latch = True
        elif value < release:
            latch = False
        if latch != step[0]:
            step[0], step[2] = latch, max(t, step[3])
    return state, told


class Clocked:
    """The readings, noting the CPU time at which the warm-up ends."""

    def __init__(self, readings, warm):
        self.readings, self.warm, self.start = readings, warm, 0.0

    def __iter__(self):
        yield from self.readings[: self.warm]
        self.start = time.process_time()
        yield from self.readings[self.warm :]


def main() -> None:
    columns = np.load(sys.argv[1])
    warm = int(sys.argv[2])
    keys = [str(point) for point in columns["point"].tolist()]
    readings = list(zip(keys, zip(columns["t"].tolist(), columns["value"].tolist(), strict=True), strict=True))
    source, found = Clocked(readings, warm), []
    flow = Dataflow("core")
    stream = op.input("readings", flow, TestingSource(source, batch_size=10_000))
    judged = op.stateful_map("judge", stream, judge)
    op.output("told", op.filter_value("changes", judged, lambda told: told is not None), TestingSink(found))
    run_main(flow)
    spent = time.process_time() - source.start
    told = [(int(point), *change) for point, changes in found for change in changes]
    print(json.dumps({"readings": len(readings) - warm, "cpu_s": spent, "told": told}))


main()
