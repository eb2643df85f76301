"""How far CORE is from what cannot be left out: readings a CPU second over sorting the batch alone.

A batch of 10,000 rows in random order must at least be brought together by point, each point's rows in the order they
came: numpy's stable `argsort` of the column of points, and nothing else, is the control. 10,000 points, the engine
compiled. Goal: 0.4. Printed before it: the same on numpy alone, and against a sort of numbers packed with their row,
which is what the engine itself sorts by where it must.
"""

from __future__ import annotations

import time

import numpy as np

from anlan.engine import Batch, Record, fast
from benchmarks.engine_jobs import core_rules, engine_rate, log
from benchmarks.figure import alternating, how_busy, verdict

#: bench needs: full
POINTS, BATCHES, ROUNDS = 10_000, 60, 7


def sorting_rate(records: list[Record], *, packed: bool = False) -> float:
    """Rows a CPU second of sorting each batch by point."""
    columns = [record.point for record in records if isinstance(record, Batch)]
    row = np.arange(POINTS)
    start = time.process_time()
    for point in columns:
        if packed:
            np.sort((point.astype(np.int64) << 14) | row)
        else:
            np.argsort(point, kind="stable")
    return sum(point.size for point in columns) / (time.process_time() - start)


def main() -> int:
    """Measure and print; 1 when the figure is short."""
    fast.prepare()
    records = log(core_rules(POINTS), POINTS, POINTS, BATCHES, mixed=True)
    limit, ours = alternating(
        lambda: sorting_rate(records), lambda: engine_rate(records, POINTS, compiled=True), ROUNDS
    )
    packed = sorting_rate(records, packed=True)
    print(f"sorting {limit / 1e6:.1f} M/s, CORE {ours / 1e6:.2f} M/s per CPU second; {how_busy()}")
    print(f"packed numbers sort at {packed / 1e6:.1f} M/s: {ours / packed:.2f} of that")
    plain = engine_rate(records, POINTS, compiled=False)
    print(f"on numpy alone CORE is {plain / 1e6:.2f} M/s: {plain / limit:.2f}")
    return verdict("engine-limit", ours / limit, 0.4)


if __name__ == "__main__":
    raise SystemExit(main())
