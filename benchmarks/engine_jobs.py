"""The two jobs that the engine's figures of speed are about, CORE and FULL, and how they are timed.

CORE  two high levels with dead band and both delays
FULL  CORE, rate of change (16 remembered readings), 1-hour mean (60 one-minute panes), silence
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from anlan.engine import (
    Batch,
    Enforce,
    Level,
    LevelStep,
    Rate,
    Record,
    Rule,
    Silence,
    Term,
    Tick,
    Window,
    evaluate,
    fast,
    new_state,
)
from benchmarks.figure import alternating, how_busy, verdict
from tests.engine.oracle import Oracle

#: Midnight in Asia/Shanghai, 2026-11-22, epoch ms.
DAWN = 1_795_276_800_000


def core_rules(points: int) -> list[Rule]:
    """CORE: the values of `log` swing through both limits within 20 min, with noise as wide as half the dead band."""
    steps = (LevelStep(3, 25.0), LevelStep(2, 40.0))
    return [Rule(1, tuple(range(points)), Level(steps, deadband=2.0, on_ms=5_000, off_ms=10_000))]


def full_rules(points: int) -> list[Rule]:
    """FULL: some points rise fast enough, some have a mean high enough."""
    numbers = tuple(range(points))
    hour = Term(of="mean", span_ms=3_600_000, pane_ms=60_000)
    return [
        *core_rules(points),
        Rule(2, numbers, Rate((LevelStep(3, 0.3),), deadband=0.1, on_ms=5_000, off_ms=10_000,
                              window_ms=15_000, per_ms=1_000)),
        Rule(3, numbers, Window((LevelStep(3, 33.0),), deadband=1.0, terms=(hour,))),
        Rule(4, numbers, Silence(60_000, 3)),
    ]  # fmt: skip


def log(rules: Sequence[Rule], points: int, rows: int, batches: int, *, mixed: bool = False) -> list[Record]:
    """The rules, then `batches` batches of `rows` readings, one reading a second and point, and a tick after each batch
    that ends a second.

    mixed  the points of each second come in random order; else in order of their numbers
    """
    rng = np.random.default_rng(20261122)
    records: list[Record] = [Enforce(number, DAWN, rule) for number, rule in enumerate(rules)]
    phase = rng.uniform(0, 2 * np.pi, points)
    sent, ticked = np.arange(rows), 0
    order = rng.permutation(points) if mixed else np.arange(points)
    for _batch in range(batches):
        second = sent // points + 1
        point = order[sent % points]
        value = 20 + 22 * np.sin(phase[point] + second * (2 * np.pi / 1_200)) + rng.normal(0, 1, rows)
        t = DAWN + second * 1_000
        arrival = int(t[-1])
        quality = np.zeros(rows, np.uint8)
        records.append(Batch(len(records), arrival, point.astype(np.int32), t, value, quality))
        sent = sent + rows
        if ticked < sent[0] // points:
            ticked = sent[0] // points
            records.append(Tick(len(records), arrival))
    return records


def warm_up(records: Sequence[Record], points: int) -> int:
    """How many records of a log are the rules and the first second of all points; no rate counts them."""
    met = 0
    for number, record in enumerate(records):
        if isinstance(record, Batch):
            met += record.t.size
            if met >= points:
                return number + 1
    raise ValueError(f"the log ends before every one of {points} points was read")


def engine_rate(records: Sequence[Record], points: int, *, compiled: bool) -> float:
    """Readings a CPU second of the engine over a log."""
    warm = warm_up(records, points)
    state, _ = evaluate(new_state(fast=compiled), records[:warm])
    start = time.process_time()
    _, output = evaluate(state, records[warm:])
    return output.rows / (time.process_time() - start)


def oracle_rate(records: Sequence[Record], points: int) -> float:
    """The same of the oracle of the tests: same records, same transitions, one row at a time in plain Python."""
    warm = warm_up(records, points)
    oracle = Oracle()
    oracle.evaluate(records[:warm])
    rows = sum(record.t.size for record in records[warm:] if isinstance(record, Batch))
    start = time.process_time()
    oracle.evaluate(records[warm:])
    return rows / (time.process_time() - start)


def same_story(rules: Callable[[int], list[Rule]], *, compiled: bool) -> bool:
    """Whether engine and oracle tell the same transitions of 5 min of 200 points, which a comparison of speed takes for
    granted."""
    records = log(rules(200), 200, 200, 300, mixed=True)
    oracle = Oracle()
    oracle.evaluate(records)
    _, output = evaluate(new_state(fast=compiled), records)
    ours = {(one.rule, one.point, one.step, one.t, one.on) for one in output.transitions}
    return ours == {(one.rule, one.point, one.step, one.t, one.on) for one in oracle.told} and bool(ours)


def over_oracle(
    name: str, goal: float, rules: Callable[[int], list[Rule]], *, points: int, rows: int, seconds: tuple[int, int],
    compiled: bool, mixed: bool = True, rounds: int = 3,
) -> int:  # fmt: skip
    """Measure and print a figure: readings a CPU second of the engine over those of the oracle.

    points   one reading a second each, in batches of `rows`; mixed: in random order
    seconds  of the log that the oracle gets a round, and the engine; both begin with the same second after the warm-up
    returns  the exit code
    """
    if compiled:
        fast.prepare()
    if not same_story(rules, compiled=compiled):
        print("the engine and the oracle tell different transitions; no figure of speed has a meaning")
        return 1
    batches = [points // rows * (1 + seconds_of) for seconds_of in seconds]
    records = log(rules(points), points, rows, batches[1], mixed=mixed)
    beginning = [record for record in records if record.arrival <= DAWN + 1_000 * (1 + seconds[0])]
    theirs, ours = alternating(
        lambda: oracle_rate(beginning, points), lambda: engine_rate(records, points, compiled=compiled), rounds
    )
    told = len(evaluate(new_state(fast=compiled), records)[1].transitions)
    print(f"{told:,} transitions in {1 + seconds[1]} s of {points:,} points, batches of {rows:,}")
    path = "numba" if compiled else "numpy"
    print(f"plain Python {theirs / 1e6:.3f} M/s, {path} {ours / 1e6:.2f} M/s per CPU second; {how_busy()}")
    return verdict(name, ours / theirs, goal)
