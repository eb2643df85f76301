"""CORE in the engine: two high levels with hysteresis and both delays; readings a second over plain Python.

10,000 points under one rule of two steps, a reading of each point a batch, a tick after each second; every point swings
through both limits within 20 min, with noise as wide as half the dead band: some 80 transitions a second, far
more than a county ever sees. The control is the oracle of the tests on the
beginning of the same log: same records, same transitions, one row at a time. Goal: 30 times the oracle.

Printed beside it, for the eye: readings per CPU second for other shapes of batches.
"""

from __future__ import annotations

import time

import numpy as np

from anlan.engine import Batch, Enforce, Level, LevelStep, Record, Rule, Tick, evaluate, new_state
from benchmarks.figure import alternating, how_busy, verdict
from tests.engine.oracle import Oracle

POINTS = 10_000
ROUNDS = 5
#: Readings the oracle gets a round, and the product; both begin with the first batch after the warm-up.
CONTROL_BATCHES, PRODUCT_BATCHES = 6, 120
GOAL = 30.0


def core_log(points: int, rows: int, batches: int, *, mixed: bool = False) -> list[Record]:
    """A log of CORE: `batches` batches of `rows` readings over `points` points, one reading a second and point.

    mixed  the rows of a batch come in random order
    """
    rng = np.random.default_rng(20261122)
    steps = (LevelStep(3, 25.0), LevelStep(2, 40.0))
    level = Level(steps, deadband=2.0, on_ms=5_000, off_ms=10_000)
    records: list[Record] = [Enforce(0, 0, Rule(1, tuple(range(points)), level))]
    phase = rng.uniform(0, 2 * np.pi, points)
    sent = np.arange(rows)
    for _batch in range(batches):
        point, second = sent % points, sent // points + 1
        if mixed:
            # Any order of points, each point's own readings in order.
            shuffled = rng.permutation(rows)
            order = shuffled[np.lexsort((second[shuffled],))]
            point, second = point[order], second[order]
        value = 20 + 22 * np.sin(phase[point] + second * (2 * np.pi / 1_200)) + rng.normal(0, 1, rows)
        t = second * 1_000
        arrival = int(t[-1])
        records.append(Batch(len(records), arrival, point.astype(np.int32), t, value, np.zeros(rows, np.uint8)))
        records.append(Tick(len(records), arrival))
        sent = sent + rows
    return records


def engine_rate(records: list[Record]) -> float:
    """Readings a CPU second of the engine over a log, the rule and the first batch not counted."""
    state, _ = evaluate(new_state(), records[:3])
    start = time.process_time()
    _, output = evaluate(state, records[3:])
    spent = time.process_time() - start
    return output.rows / spent


def oracle_rate(records: list[Record]) -> float:
    """The same of the oracle."""
    oracle = Oracle()
    oracle.evaluate(records[:3])
    rows = sum(record.t.size for record in records[3:] if isinstance(record, Batch))
    start = time.process_time()
    oracle.evaluate(records[3:])
    return rows / (time.process_time() - start)


def same_story(records: list[Record]) -> bool:
    """Whether both tell the same transitions of a log, which a comparison of speed takes for granted."""
    oracle = Oracle()
    oracle.evaluate(records)
    _, output = evaluate(new_state(), records)
    ours = {(one.point, one.step, one.t, one.on) for one in output.transitions}
    return ours == {(one.point, one.step, one.t, one.on) for one in oracle.told} and bool(ours)


def main() -> int:
    """Measure and print; 1 when the figure is short."""
    if not same_story(core_log(200, 200, 300, mixed=True)):
        print("the engine and the oracle tell different transitions; no figure of speed has a meaning")
        return 1
    log = core_log(POINTS, POINTS, PRODUCT_BATCHES)
    beginning = log[: 3 + 2 * CONTROL_BATCHES]
    theirs, ours = alternating(lambda: oracle_rate(beginning), lambda: engine_rate(log), ROUNDS)
    told = len(evaluate(new_state(), log)[1].transitions)
    print(f"{told:,} transitions in {PRODUCT_BATCHES} s of {POINTS:,} points")
    print(f"plain Python {theirs / 1e6:.3f} M/s, engine {ours / 1e6:.2f} M/s per CPU second; {how_busy()}")
    for points, rows, batches, mixed in (
        (10_000, 10_000, 60, True),
        (1_000, 10_000, 60, True),
        (1, 10_000, 60, False),
        (10_000, 1_000, 300, False),
        (100_000, 100_000, 8, True),
    ):
        rate = engine_rate(core_log(points, rows, batches, mixed=mixed))
        order = "mixed" if mixed else "by point"
        print(f"  {points:>7,} points, batches of {rows:>7,} rows {order}: {rate / 1e6:.2f} M/s")
    return verdict("engine-core", ours / theirs, GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
