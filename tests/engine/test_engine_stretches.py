"""Many readings of a point in one record tell, bit for bit, what they tell one by one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from anlan.engine import Enforce, LevelStep, Rate, Rule, Term, Tick, Window, derived, dump, evaluate, load, new_state
from tests.engine.making import DAWN, bare, batch
from tests.engine.oracle import Oracle

POINTS = (1, 2, 3)
LADDERS = ("high", (LevelStep(3, 0.02), LevelStep(2, 0.4))), ("low", (LevelStep(3, -0.02), LevelStep(2, -0.4)))


def rules() -> list[Enforce]:
    """Every function, with and without lag, and rates, over values that scatter about zero."""
    conditions: list = []
    for direction, steps in LADDERS:
        conditions += [Rate(steps, direction, 0.01, window_ms=ms, per_ms=ms // 2) for ms in (20, 150, 4_000)]
        for of in ("sum", "mean", "max", "min", "count"):
            one = Term(span_ms=70, pane_ms=10, of=of)
            late = Term(span_ms=150, pane_ms=50, lag_ms=100, of=of, weight=-0.7)
            long = Term(span_ms=8_000, pane_ms=1_000, of=of, weight=0.1)
            conditions += [Window(steps, direction, 0.01, terms=terms) for terms in ((one,), (late, one), (long,))]
    return [Enforce(seq, DAWN, Rule(seq + 1, POINTS, condition)) for seq, condition in enumerate(conditions)]


def rows(seed: int, gaps: tuple[int, ...]) -> list[tuple]:
    """Some 150 rows of point 1, a few of the others between them; some late, some without a value."""
    rng = np.random.default_rng(seed)
    found = []
    t = dict.fromkeys(POINTS, DAWN)
    for _ in range(170):
        point = int(rng.choice(POINTS, p=(0.88, 0.07, 0.05)))
        t[point] += int(rng.choice(gaps))
        back = int(rng.choice((0, 0, 0, 0, 0, 0, 7, 300)))
        quality = int(rng.choice((0, 0, 0, 0, 0, 0, 0, 2)))
        found.append((point, max(DAWN, t[point] - back), float(rng.normal()), quality))
    return found


@pytest.mark.parametrize("gaps", [(1, 2, 3), (1, 10, 50), (3, 40, 900), (20_000, 12)])
@pytest.mark.parametrize("longest", [7, 4_096])
def test_one_batch_of_many_rows_tells_what_single_rows_tell(gaps, longest, monkeypatch):
    monkeypatch.setattr(derived, "LONGEST_STRETCH", longest)
    sent = rows(sum(gaps) + longest, gaps)
    cut = (0, 60, 65, 66, len(sent))
    arrival = DAWN + 4_000_000
    logs: list[list] = []
    for parts in (list(pairwise(cut)), [(at, at + 1) for at in range(len(sent))]):
        records: list = rules()
        records += [batch(len(records) + number, arrival, sent[a:b]) for number, (a, b) in enumerate(parts)]
        logs.append([*records, Tick(10_000, arrival + 60_000)])
    together, single = (evaluate(new_state(), records)[1] for records in logs)
    assert bare(together.transitions) == bare(single.transitions)
    oracle = Oracle()
    oracle.evaluate(logs[0])
    told = {(one.rule, one.point, one.step, one.severity, one.lane, one.t, one.on, one.value) for one in oracle.told}
    assert bare(together.transitions) == sorted(told, key=str)
    assert {one[0] for one in told} >= {1, 4, 5, 6}
    assert {one[4] for one in told} == {"live", "retro"}


def test_a_restart_between_stretches_changes_nothing():
    sent = rows(5, (1, 10, 50))
    records = [*rules(), batch(1_000, DAWN + 4_000_000, sent[:80]), batch(1_001, DAWN + 4_000_000, sent[80:])]
    first = evaluate(new_state(), records[:-1])[0]
    back = load(dump(first))
    assert dump(back) == dump(first)
    told = bare(evaluate(back, records[-1:])[1].transitions)
    assert told == bare(evaluate(first, records[-1:])[1].transitions) != []
    assert dump(back) == dump(first)
