"""Random logs for hypothesis: crowded on purpose, so that repeats, lateness, timers and rules meet."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from anlan.engine import (
    FUTURE_MS,
    REST_MS,
    Declare,
    Enforce,
    Level,
    LevelStep,
    Rate,
    Retire,
    Rule,
    Silence,
    Term,
    Tick,
    Window,
)
from tests.engine.making import DAWN, batch

POINTS = (1, 2, 3, 40)
DELAYS = st.sampled_from((0, 0, 1, 5, 20))
VALUES = st.sampled_from((0.0, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 2.5, float("nan"), float("inf")))
PAUSES = st.sampled_from((0, 0, 1, 5, 20, 20, 100, REST_MS))


@st.composite
def levels(draw) -> Level:
    limits = sorted(draw(st.sets(st.sampled_from((1.0, 2.0, 3.0, 4.0)), min_size=1, max_size=3)))
    direction = draw(st.sampled_from(("high", "low")))
    if direction == "low":
        limits.reverse()
    steps = tuple(LevelStep(4 - number, limit) for number, limit in enumerate(limits))
    return Level(steps, direction, draw(st.sampled_from((0.0, 0.5, 2.0))), draw(DELAYS), draw(DELAYS))


@st.composite
def rates(draw) -> Rate:
    """Changes of 1 to 4 in 10 ms, up or down."""
    level = draw(levels())
    sign = 1.0 if level.direction == "high" else -1.0
    limits = sorted(step.limit for step in level.steps)
    steps = tuple(LevelStep(4 - number, sign * limit) for number, limit in enumerate(limits))
    return Rate(steps, level.direction, level.deadband, level.on_ms, level.off_ms,
                window_ms=draw(st.sampled_from((2, 20, 40, 100, 1_000))), per_ms=10)  # fmt: skip


@st.composite
def terms(draw) -> Term:
    pane = draw(st.sampled_from((1, 5, 20, 50)))
    return Term(
        span_ms=pane * draw(st.sampled_from((1, 1, 2, 3, 7))),
        pane_ms=pane,
        lag_ms=pane * draw(st.sampled_from((0, 0, 0, 1, 3))),
        of=draw(st.sampled_from(("sum", "mean", "max", "min", "count"))),
        weight=draw(st.sampled_from((1.0, 1.0, 0.1, -0.3))),
    )


@st.composite
def windows(draw) -> Window:
    level = draw(levels())
    made = draw(st.lists(terms(), min_size=1, max_size=3))
    return Window(level.steps, level.direction, level.deadband, level.on_ms, level.off_ms, terms=tuple(made))


silences = st.builds(Silence, st.sampled_from((1, 10, 30, 100)), st.just(3))
some_points = st.sets(st.sampled_from(POINTS), min_size=1).map(lambda points: tuple(sorted(points)))


@st.composite
def logs(draw, *, most_rows: int = 60, most_records: int = 24, steps_back: bool = False):
    """A log with rules, ticks, holds and rows in, out of and far out of order; it ends with ticks that show all."""
    arrival, seq, version = DAWN, -1, 0
    highest = dict.fromkeys(POINTS, DAWN)
    left = most_rows
    records: list = []
    deltas = st.sampled_from((1, 2, 5, 20, 20, 0, -1, -3, -30, -200))
    for _ in range(draw(st.integers(3, most_records))):
        arrival += draw(PAUSES)
        if steps_back:
            arrival -= draw(st.sampled_from((0, 0, 0, 0, 10, 60)))
        seq += draw(st.sampled_from((1, 1, 4)))
        kind = draw(st.sampled_from(("rows",) * 7 + ("tick",) * 3 + ("level",) * 3 + ("silence", "retire", "hold")))
        if version == 0:
            kind = "level"
        if kind in ("level", "silence"):
            version += 1
            condition = draw(st.one_of(levels(), rates(), windows()) if kind == "level" else silences)
            records.append(Enforce(seq, arrival, Rule(version, draw(some_points), condition)))
        elif kind == "retire":
            records.append(Retire(seq, arrival, draw(st.integers(1, version))))
        elif kind == "hold":
            records.append(
                Declare(seq, arrival, np.array(draw(some_points), np.int32), draw(st.sampled_from((0, 5, 20))))
            )
        elif kind == "tick":
            records.append(Tick(seq, arrival))
        else:
            rows = []
            for _ in range(min(left, draw(st.sampled_from((0, 1, 1, 2, 4, 8, 30))))):
                point, value = draw(st.sampled_from(POINTS)), draw(VALUES)
                quality = draw(st.sampled_from((0, 0, 0, 0, 1, 2)))
                t = max(0, highest[point] + draw(deltas))
                odd = draw(st.integers(0, 40))
                if odd == 40:
                    t = arrival + FUTURE_MS + draw(st.integers(0, 1))
                elif odd == 39:
                    t = -1
                elif odd == 38:
                    point = draw(st.sampled_from((-1, 1 << 24)))
                elif odd == 37:
                    t = arrival
                if point in highest and 0 <= t <= arrival + FUTURE_MS and odd != 40:
                    highest[point] = max(highest[point], t)
                rows.append((point, t, value, quality))
            left -= len(rows)
            records.append(batch(seq, arrival, rows))
    records.append(Tick(seq + 1, arrival + 150))
    records.append(Tick(seq + 2, arrival + FUTURE_MS + 2 * REST_MS))
    return records


def rows_of(record) -> list[tuple]:
    """The rows of a batch as (point, t, value, quality)."""
    columns = (record.point.tolist(), record.t.tolist(), record.value.tolist(), record.quality.tolist())
    return list(zip(*columns, strict=True))
