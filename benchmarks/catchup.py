"""After an outage: 1 h of 10,000 readings a second over 100,000 points, seconds until the engine is level again.

3,600 batches of 10,000 rows (36 million readings, one a point every 10 s) stand in the log, acknowledged, when the
engine process starts. Each point stands under the FULL job: two high levels with dead band and both delays, rate of
change over 10 min, mean of 1 h in panes of 1 min, and silence. Counted is from the start of the process until every
record is evaluated, its transitions are stored and its readings are in history; some points are then read back and
compared. Goal at most 20.
"""

from __future__ import annotations

import signal
import time

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import how_busy, verdict
from benchmarks.installation import Installation, installation

POINTS, ROWS, SECONDS = 100_000, 10_000, 3_600
#: A point sends once in so many batches.
EVERY = POINTS // ROWS
GOAL_S = 20.0


def main() -> int:
    """Fill the log, start the engine, print the figure."""
    with installation() as house:
        house.prepare(points=POINTS)
        store = house.store
        numbers = _numbers()
        _rules(store, numbers)
        _run_once(house, store.last_seq())
        begin = store.clock() - SECONDS * 1000 - 60_000
        begun = time.perf_counter()
        for second in range(SECONDS):
            _append(store, second, begin, numbers)
        print(f"logged {SECONDS * ROWS / 1e6:.0f} M readings in {time.perf_counter() - begun:.0f} s", flush=True)
        last = store.last_batch_seq()
        took = _catch_up(house, last)
        used = house.cpu_seconds("serve_engine")
        _check(store, begin, numbers)
        raised = len(store.transitions_after(0, 100_000))
    rate = SECONDS * ROWS / took / 1e6
    print(f"{rate:.2f} M readings/s, {used:.1f} s of CPU, {raised} transitions; {how_busy()}")
    return verdict("catchup", took, GOAL_S, at_most=True)


def _run_once(house: Installation, last: int) -> None:
    """The engine had run before the outage: its loops are compiled where numba is there, its rules in force."""
    from anlan.engine import fast

    house.start("serve_engine")
    house.wait(lambda: house.store.position("engine") >= last, "the rules in force", limit_s=600)
    if fast.usable():
        house.wait(lambda: fast.is_compiled(house.folder / "compiled"), "the compiled loops", limit_s=600)
    house.kill("serve_engine", how=signal.SIGTERM)


def _catch_up(house: Installation, last: int) -> float:
    """Seconds from the start of the engine process until it has caught up with record `last`."""
    store = house.store
    begun = time.perf_counter()
    house.start("serve_engine")
    level = lambda: store.position("engine") >= last and store.position("history") >= last  # noqa: E731
    house.wait(level, "the engine level with the log", limit_s=3_600, pause_s=0.05)
    return time.perf_counter() - begun


def _numbers() -> NDArray[np.int32]:
    from anlan.kernel.sensing.models import Point

    return np.array(Point.records.order_by("id").values_list("id", flat=True), np.int32)


def _rules(store: object, numbers: NDArray[np.int32]) -> None:
    """The FULL job over all points, as four rules in the log."""
    from anlan.engine import Level, LevelStep, Rate, Rule, Silence, Term, Window

    conditions = (
        Level(steps=(LevelStep(3, 30.0), LevelStep(2, 35.0)), deadband=1.0, on_ms=20_000, off_ms=60_000),
        Rate(steps=(LevelStep(3, 200.0),), window_ms=600_000, deadband=10.0),
        Window(steps=(LevelStep(3, 28.0),), terms=(Term(span_ms=3_600_000, pane_ms=60_000, of="mean"),), deadband=0.5),
        Silence(after_ms=900_000, severity=4),
    )
    for version, condition in enumerate(conditions, 1_000_001):
        store.append_rule(Rule(version=version, points=tuple(numbers.tolist()), condition=condition))  # type: ignore[attr-defined]


def _rows(second: int, begin: int, numbers: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray]:
    """The batch of one second: a tenth of all points; one point in a thousand climbs over its limits."""
    point = numbers[second % EVERY :: EVERY]
    noise = np.random.default_rng(second).normal(0, 0.3, point.size)
    climbing = np.where(point % 1_000 == 0, second / SECONDS * 20, 0)
    t = begin + second * 1000 + np.arange(point.size) % 900
    return point, t, (20 + noise + climbing).round(2)


def _append(store: object, second: int, begin: int, numbers: NDArray[np.int32]) -> None:
    from anlan.engine import encode_batch
    from anlan.kernel.sensing.store import NewBatch

    point, t, value = _rows(second, begin, numbers)
    payload = encode_batch(point, t, value, np.zeros(point.size, np.uint8))
    batch = NewBatch("bench", f"s{second}", "live", point.size, payload, str(second).encode(), b"{}")
    store.append_batches([batch])  # type: ignore[attr-defined]


def _check(store: object, begin: int, numbers: NDArray[np.int32]) -> None:
    """Stop unless some points read back as they were sent."""
    for place in (0, 12_345, POINTS - 1):
        seconds = range(place % EVERY, SECONDS, EVERY)
        sent = [_rows(second, begin, numbers)[2][place // EVERY] for second in seconds]
        found = store.readings(int(numbers[place]), 0, begin + 2 * SECONDS * 1000)  # type: ignore[attr-defined]
        if found.value.tolist() != sent:
            raise SystemExit(f"point {numbers[place]} reads back differently: the figure would not be of whole work")


if __name__ == "__main__":
    raise SystemExit(main())
