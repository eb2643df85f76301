"""Batches judged as one tell what they tell one by one, with the record that showed it."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.engine import (
    Batch,
    Enforce,
    Level,
    LevelStep,
    Rate,
    Record,
    Rule,
    Silence,
    Stuck,
    Term,
    Tick,
    Window,
    evaluate,
    fast,
    new_state,
    together,
)

pytestmark = pytest.mark.skipif(not fast.usable(), reason="numba is not installed (./anlan setup --full)")

POINTS = 12
RULES = (
    Level(steps=(LevelStep(3, 8.0), LevelStep(2, 9.0)), deadband=0.5, on_ms=2_000, off_ms=1_000),
    Level(steps=(LevelStep(2, 1.0),), direction="low"),
    Rate(steps=(LevelStep(3, 30.0),), window_ms=10_000, deadband=2.0),
    Window(steps=(LevelStep(3, 6.0),), terms=(Term(span_ms=20_000, pane_ms=5_000, of="mean"),), deadband=0.2),
    Silence(after_ms=7_000, severity=4),
)


def backlog(seed: int, batches: int = 60, *, strange: float = 0.0) -> list[Record]:
    """A log of mostly calm batches, some with several rows of a point; now and then a tick, seldom a strange row."""
    random = np.random.default_rng(seed)
    records: list[Record] = [
        Enforce(seq, 0, Rule(version=seq + 1, points=tuple(range(POINTS)), condition=condition))
        for seq, condition in enumerate(RULES)
    ]
    reached = np.zeros(POINTS, np.int64)
    for number in range(batches):
        seq, arrival = len(records), 1_000 * (number + 1)
        if random.random() < 0.05:
            records.append(Tick(seq, arrival))
            continue
        point = random.integers(0, POINTS, random.integers(1, 9))
        t = np.empty(point.size, np.int64)
        for at, one in enumerate(point):
            reached[one] = max(reached[one] + 1, arrival - random.integers(0, 900))
            t[at] = reached[one] - (5_000 if random.random() < strange else 0)
        value = random.normal(5, 3, point.size).round(1)
        value[random.random(point.size) < 0.03] = np.nan
        quality = (random.random(point.size) < 0.03).astype(np.uint8) * 2
        records.append(Batch(seq, arrival, point.astype(np.int32), t, value, quality))
    records.append(Tick(len(records), 1_000 * batches + 60_000))
    return records


def found(outputs) -> tuple[list[str], list[str], list[str], tuple[int, ...]]:
    """All that outputs hold, comparable."""
    told = [str(one) for output in outputs for one in output.transitions]
    kept = []
    for output in outputs:
        columns = (output.kept.seq, output.kept.point, output.kept.t, output.kept.value, output.kept.quality)
        kept += map(str, zip(*(column.tolist() for column in columns), strict=True))
    aside = [str(one) for output in outputs for one in output.set_aside]
    counts = tuple(sum(getattr(output, name) for output in outputs) for name in ("rows", "late", "duplicates"))
    return told, sorted(kept), aside, counts


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 10_000), st.sampled_from((0.0, 0.01)), st.sampled_from((3, 17, 16_384)))
def test_batches_judged_as_one_tell_the_same_with_the_same_record(seed, strange, piece):
    records = backlog(seed, strange=strange)
    one_by_one = new_state()
    each = [evaluate(one_by_one, [record])[1] for record in records]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(together, "PIECE", piece)
        state, output = evaluate(new_state(fast=True), records)
    assert found([output]) == found(each)
    later = [Tick(len(records), 10_000_000)]
    assert found([evaluate(state, later)[1]]) == found([evaluate(one_by_one, later)[1]])


def joined(records: list[Record], monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each call to judge batches as one did so."""
    answers = []

    def take(*given) -> bool:
        answers.append(together.take_together(*given))
        return answers[-1]

    # The package has a function of the name of the module.
    monkeypatch.setattr(sys.modules["anlan.engine.evaluate"], "take_together", take)
    evaluate(new_state(fast=True), records)
    return answers


def test_a_calm_backlog_is_judged_as_one(monkeypatch):
    assert set(joined(backlog(1), monkeypatch)) == {True}


def test_a_late_row_sends_its_batches_one_by_one(monkeypatch):
    assert False in joined(backlog(1, strange=0.05), monkeypatch)


def test_a_condition_without_a_loop_of_its_own_sends_them_one_by_one(monkeypatch):
    stuck = Rule(version=99, points=(1,), condition=Stuck(after_ms=60_000, severity=3))
    records = [Enforce(0, 0, stuck), *(replace(record, seq=record.seq + 1) for record in backlog(2))]
    assert set(joined(records, monkeypatch)) == {False}
