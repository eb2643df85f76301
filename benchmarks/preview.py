"""A changed rule replayed beside the one in force, 30 days of 100 points at one reading a minute: seconds, at most 2.

The history lies merged in a SQLite store as the engine process leaves it, its last hour still loose; the store is
opened anew for each run. 4.32 million readings are read, judged under both rules by the engine itself and turned into
alarms added and removed. Nothing is sampled: the alarms found are compared with those of a plain loop over the readings
of some points.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from anlan import engine
from anlan.kernel.sensing.ruling.preview import AFTER, BEFORE, Form, Outcome, replay
from anlan.kernel.sensing.store.backend import HISTORY, LOG, SNAPSHOTS, Sqlite
from anlan.kernel.sensing.store.history import HOUR_MS
from anlan.kernel.sensing.store.readings import Store
from anlan.kernel.sensing.store.rows import Columns
from benchmarks.figure import how_busy, verdict

POINTS, DAYS, STEP_MS, RUNS, CHECKED = 100, 30, 60_000, 5, 5
DAY_MS = 24 * HOUR_MS
BEGIN = 1_795_320_000_000 // DAY_MS * DAY_MS
END = BEGIN + DAYS * DAY_MS
ON_MS, OFF_MS = 120_000, 300_000
GOAL_S = 2.0


def main() -> int:
    """Fill a store, preview a change of a limit, print the figure."""
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        store = _open(folder)
        _fill(store)
        store.close()
        took, used = [], []
        for _ in range(RUNS):
            store = _open(folder)
            clock, cpu = time.perf_counter(), time.process_time()
            outcome = _preview(store)
            took.append(time.perf_counter() - clock)
            used.append(time.process_time() - cpu)
            store.close()
        assert outcome.rows == POINTS * DAYS * DAY_MS // STEP_MS, outcome.rows
        _check(_open(folder), outcome)
    print(
        f"{outcome.rows / 1e6:.2f} M readings; alarms before {len(outcome.before)}, after {len(outcome.after)}, "
        f"added {int(outcome.added.sum())}, removed {int(outcome.removed.sum())}; "
        f"CPU {statistics.median(used):.2f} s; {how_busy()}"
    )
    return verdict("preview", statistics.median(took), GOAL_S, at_most=True)


def _open(folder: str) -> Store:
    log, beside, snapshots = (Path(folder) / f"{name}.sqlite3" for name in ("readings", "history", "snapshots"))
    return Store(Sqlite(log, LOG), Sqlite(snapshots, SNAPSHOTS), history=Sqlite(beside, HISTORY))


def _fill(store: Store) -> None:
    """An hour at a time, merged at once, all but the last."""
    rng = np.random.default_rng(3)
    point = np.arange(1, POINTS + 1, dtype=np.int32)
    rows = HOUR_MS // STEP_MS
    value = np.full(POINTS, 20.0)
    for start in range(BEGIN, END, HOUR_MS):
        drift = rng.normal(0, 0.8, (rows, POINTS)) - 0.02 * (value - 20)
        walk = (value + np.cumsum(drift, axis=0)).round(2)
        value = walk[-1]
        t = np.repeat(start + np.arange(rows) * STEP_MS, POINTS)
        columns = Columns(np.tile(point, rows), t, walk.ravel(), np.zeros(t.size, np.uint8))
        store.flush_history(columns, upto=0)
        if start + HOUR_MS < END:
            plan = store.plan_merge(0, start + HOUR_MS)
            assert plan is not None
            while plan.places:
                store.merge_some(plan, 150)
            store.finish_merge(plan)


def _forms() -> list[Form]:
    return [_form(1, BEFORE, 32.0), _form(2, AFTER, 30.0)]


def _form(version: int, side: int, limit: float) -> Form:
    steps = (engine.LevelStep(3, limit), engine.LevelStep(2, limit + 6))
    condition = engine.Level(steps=steps, deadband=1.0, on_ms=ON_MS, off_ms=OFF_MS)
    return Form(side, "level", engine.Rule(version, tuple(range(1, POINTS + 1)), condition))


def _preview(store: Store) -> Outcome:
    return replay(store, _forms(), range(1, POINTS + 1), BEGIN, END)


def _check(store: Store, outcome: Outcome) -> None:
    """The alarms of some points, found once more reading by reading."""
    for point in range(1, CHECKED + 1):
        found = store.readings(point, BEGIN, END - 1)
        for episodes, limit in ((outcome.before, 32.0), (outcome.after, 30.0)):
            mine = episodes.point == point
            told = list(zip(episodes.begin[mine].tolist(), episodes.end[mine].tolist(), strict=True))
            assert told == _plainly(found.t.tolist(), found.value.tolist(), limit), (point, limit)


def _plainly(times: list[int], values: list[float], limit: float) -> list[tuple[int, int]]:
    """Begin and end of each alarm of the first step: latch, on delay, off delay."""
    found: list[tuple[int, int]] = []
    latch, since, on = False, times[0], False
    for t, value in zip([*times, END], [*values, None], strict=True):
        due = since + (ON_MS if latch else OFF_MS)
        if latch != on and due <= t and due < END:
            on = latch
            if on:
                found.append((due, -1))
            else:
                found[-1] = (found[-1][0], due)
        if value is not None:
            now = True if value >= limit else False if value < limit - 1.0 else latch
            if now != latch:
                latch, since = now, t
    return found


if __name__ == "__main__":
    raise SystemExit(main())
