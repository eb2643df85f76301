"""One point, one day, as the curve needs it: 95th percentile of the read, milliseconds. Goal at most 20.

300 points with a reading every 5 s for three days (15.5 million readings), the last hour not yet merged, and the last
seconds only in the log. Each read is of another point and day, through a fresh connection with the default cache.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

import numpy as np

from anlan.engine import encode_batch
from anlan.kernel.sensing.store.backend import SNAPSHOTS, Sqlite
from anlan.kernel.sensing.store.history import HOUR_MS
from anlan.kernel.sensing.store.readings import Store
from anlan.kernel.sensing.store.rows import Columns, NewBatch
from benchmarks.figure import how_busy, percentile, verdict

POINTS, DAYS, STEP_MS, READS, SHOWN = 300, 3, 5_000, 300, 1_500
DAY_MS = 24 * HOUR_MS
GOAL_MS = 20.0


def main() -> int:
    """Fill a store as the engine would, read, print the figure."""
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        begin = 1_795_320_000_000 // DAY_MS * DAY_MS
        _fill(_store(Path(folder)), begin)
        took = []
        chance = random.Random(5)
        for _ in range(READS):
            store = _store(Path(folder))
            store.last_seq()  # opening the file is not part of a read
            point, day = chance.randint(1, POINTS), chance.uniform(0, DAYS - 1)
            start = round(begin + day * DAY_MS)
            clock = time.perf_counter()
            curve = store.curve(point, start, start + DAY_MS, SHOWN)
            took.append((time.perf_counter() - clock) * 1000)
            assert SHOWN - 10 <= curve.t.size <= SHOWN
            store.close()
    print(f"median {percentile(took, 0.5):.1f} ms, p95 {percentile(took, 0.95):.1f} ms; {how_busy()}")
    return verdict("history-read", percentile(took, 0.95), GOAL_MS, at_most=True)


def _store(folder: Path) -> Store:
    return Store(Sqlite(folder / "readings.sqlite3"), Sqlite(folder / "snapshots.sqlite3", SNAPSHOTS))


def _fill(store: Store, begin: int) -> None:
    """Flush ten minutes at a time and merge each hour once it is over, all but the last."""
    rng = np.random.default_rng(2)
    point = np.arange(1, POINTS + 1, dtype=np.int32)
    level = 20 + rng.normal(0, 3, POINTS)
    span = 600_000
    rows = span // STEP_MS
    clock = time.perf_counter()
    for start in range(begin, begin + DAYS * DAY_MS, span):
        t = np.repeat(start + np.arange(rows) * STEP_MS, POINTS)
        value = (np.tile(level, rows) + rng.normal(0, 0.2, t.size)).round(2)
        store.flush_history(Columns(np.tile(point, rows), t, value, np.zeros(t.size, np.uint8)), upto=0)
        if (start + span) % HOUR_MS == 0 and start + span < begin + DAYS * DAY_MS:
            for group in range(POINTS // 256 + 1):
                plan = store.plan_merge(group, start + span)
                assert plan is not None
                while plan.places:
                    store.merge_some(plan, 150)
                store.finish_merge(plan)
    end = begin + DAYS * DAY_MS
    zeros = np.zeros(POINTS, np.uint8)
    batches = [
        NewBatch("bench", str(i), "live", POINTS, encode_batch(point, np.full(POINTS, end + i), level, zeros), b"")
        for i in range(200)
    ]
    store.append_batches(batches)
    total = POINTS * rows * (DAYS * DAY_MS // span)
    print(f"{total / 1e6:.1f} M readings written and merged in {time.perf_counter() - clock:.0f} s", flush=True)
    store.close()


if __name__ == "__main__":
    raise SystemExit(main())
