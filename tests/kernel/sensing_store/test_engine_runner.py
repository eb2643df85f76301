"""The engine process over a real store: what it writes is the same however often and wherever it was stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standing_clock import Clock

from anlan.engine import Level, LevelStep, Rule, Silence, encode_batch
from anlan.kernel.sensing.runner import NotNow, Pace, Runner, newest
from anlan.kernel.sensing.store import Busy, Columns, Full, NewBatch, Store, StoredTransition
from anlan.kernel.sensing.store.backend import SNAPSHOTS, Sqlite
from anlan.kernel.sensing.store.readings import ENGINE, HISTORY

T = 1_795_320_000_000
MINUTE = 60_000
GAS = Rule(version=1, points=(7, 8), condition=Level(steps=(LevelStep(3, 25.0), LevelStep(2, 50.0)), deadband=2.0))
QUIET = Rule(version=2, points=(7,), condition=Silence(after_ms=3 * MINUTE, severity=4))


class Desk:
    """Stands for the alarms room: remembers what it was given; may refuse."""

    def __init__(self) -> None:
        self.given: list[StoredTransition] = []
        self.refuse: Callable[[Sequence[StoredTransition]], Exception | None] = lambda _given: None

    def __call__(self, transitions: Sequence[StoredTransition], now: datetime) -> None:
        if error := self.refuse(transitions):
            raise error
        self.given += transitions


@pytest.fixture
def desk() -> Desk:
    return Desk()


def send(store: Store, name: str, *readings: tuple[int, int, float], lane: str = "live", **more: Any) -> None:
    columns = [list(column) for column in zip(*readings, strict=True)] if readings else [[], [], []]
    payload = encode_batch(*columns, [0] * len(readings))
    store.append_batches([NewBatch("gw", name, lane, len(readings), payload, name.encode(), **more)])


def started(store: Store, desk: Desk | None = None) -> Runner:
    runner = Runner(store, desk)
    runner.start()
    return runner


def told(store: Store) -> list[tuple[str, int, int, bool]]:
    return [(t.id, t.t, t.severity, t.on) for t in store.transitions_after(0, 10_000)]


def test_a_reading_over_its_limit_is_handed_over_with_what_raised_it(store: Store, desk: Desk):
    store.append_rule(GAS)
    send(store, "a", (7, T, 31.0))
    started(store, desk).round(T)
    (one,) = desk.given
    assert (one.rule, one.point, one.step, one.severity, one.on, one.value) == (1, 7, 0, 3, True, 31.0)
    assert (one.t, one.lane, one.stream) == (T, "live", "live")


def test_W2_a_point_that_falls_silent_is_told_by_the_ticks_alone(store: Store, desk: Desk, clock: Clock):
    store.append_rule(QUIET)
    send(store, "a", (7, T, 1.0))
    runner = started(store, desk)
    for minute in range(4):
        clock.now = T + minute * MINUTE
        runner.round(clock.now)
    (one,) = desk.given
    assert (one.rule, one.t, one.value) == (2, T + 3 * MINUTE, None)


def test_W2_a_clock_set_back_does_not_stop_the_ticks(store: Store, clock: Clock):
    runner = started(store)
    runner.round(clock.now)
    clock.now -= 3_600_000
    runner.round(clock.now)
    assert [row.kind for row in store.read_log(0)] == ["tick", "tick"]


def test_latest_history_and_positions_follow(store: Store):
    send(store, "a", (7, T, 1.0), (7, T + 1000, 2.0), (8, T, 5.0))
    runner = started(store)
    runner.round(T)
    assert store.latest().as_dict() == {7: (T + 1000, 2.0, 0), 8: (T, 5.0, 0)}
    assert store.curve(7, T, T + MINUTE).value.tolist() == [1.0, 2.0]
    runner.flush(T)
    assert store.curve(7, T, T + MINUTE).value.tolist() == [1.0, 2.0]
    assert store.position(HISTORY) == runner.seq
    assert store.lag().behind == 0


def test_W1_a_late_reading_becomes_a_retrospective_transition(store: Store, desk: Desk, clock: Clock):
    store.append_rule(GAS)
    runner = started(store, desk)
    send(store, "a", (7, T - 10 * MINUTE, 1.0), (7, T, 1.0))
    send(store, "b", (7, T - 5 * MINUTE, 60.0))
    for second in (0, 60, 120):
        clock.now = T + second * 1000
        runner.round(clock.now)
    assert {(t.lane, t.t) for t in desk.given if t.on} == {("retro", T - 5 * MINUTE)}


def test_a_backfill_is_judged_in_a_lane_of_its_own_and_rings_nowhere(store: Store, desk: Desk):
    store.append_rule(GAS)
    twin = Rule(version=11, points=(7,), condition=GAS.condition)
    store.append_rule(twin, lane="backfill")
    send(store, "live", (7, T, 1.0))
    send(store, "old", (7, T - 86_400_000, 60.0), lane="backfill", arrival=T - 86_400_000)
    runner = started(store, desk)
    runner.round(T)
    assert {(t.stream, t.lane, t.rule) for t in desk.given} == {("backfill", "retro", 11)}
    assert store.latest([7]).as_dict() == {7: (T, 1.0, 0)}
    assert store.curve(7, T - 2 * 86_400_000, T).value.tolist() == [60.0, 1.0]


def test_an_exercise_lane_that_ended_leaves_no_state_and_begins_anew(store: Store, desk: Desk):
    store.append_rule(GAS, lane="exercise:x")
    send(store, "a", (7, T, 60.0), lane="exercise:x", arrival=T)
    store.append_end("exercise:x")
    send(store, "b", (7, T + 1, 60.0), lane="exercise:x", arrival=T + 1)
    runner = started(store, desk)
    runner.round(T)
    assert [t.stream for t in desk.given] == ["exercise:x"] * 2
    assert {t.t for t in desk.given} == {T}


def test_future_and_contradicting_readings_wait_for_a_person(store: Store):
    send(store, "a", (7, T, 1.0), (7, T + 400_000, 2.0))
    send(store, "b", (7, T, 1.5))
    started(store).round(T)
    found = {row.reason: row for row in store.set_aside()}
    assert (found["future"].batch_id, found["future"].row, found["future"].value) == ("a", 1, 2.0)
    assert (found["conflict"].batch_id, found["conflict"].point, found["conflict"].sender) == ("b", "7", "gw")
    assert store.curve(7, T - 1, T + MINUTE).value.tolist() == [1.0]


def test_R7_a_damaged_record_is_reported_and_the_next_ones_are_evaluated(store: Store, desk: Desk):
    store.append_rule(GAS)
    store.append_batches([NewBatch("gw", "x", "live", 1, b"damaged", b"x")])
    send(store, "b", (7, T, 60.0))
    started(store, desk).round(T)
    assert len(desk.given) == 2
    assert store.set_aside()[0].reason == "damaged"


def test_a_damaged_snapshot_is_passed_over_and_the_one_before_is_taken(store: Store):
    store.append_rule(GAS)
    runner = started(store)
    runner.step(T)
    runner.snapshot(T)
    send(store, "a", (7, T, 60.0))
    store.save_snapshot(store.last_seq(), {"live": b"damaged"})
    again = started(store)
    assert again.seq == runner.seq
    again.step(T)
    assert len(told(store)) == 2


def test_what_the_store_could_not_write_is_written_at_the_next_round(
    store: Store, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    store.append_rule(GAS)
    send(store, "a", (7, T, 60.0))
    runner = started(store, desk)
    put = Store.put_transitions

    def refuse(*_args: Any, **_more: Any) -> None:
        raise Busy("locked")

    monkeypatch.setattr(Store, "put_transitions", refuse)
    with pytest.raises(Busy):
        runner.round(T)
    monkeypatch.setattr(Store, "put_transitions", put)
    runner.round(T + 1)
    assert len(desk.given) == 2


def test_alarms_that_cannot_be_written_now_are_offered_again(store: Store, desk: Desk):
    store.append_rule(GAS)
    send(store, "a", (7, T, 60.0))
    runner = started(store, desk)
    desk.refuse = lambda _given: NotNow("database is locked")
    for _ in range(9):
        runner.round(T)
    assert desk.given == []
    desk.refuse = lambda _given: None
    runner.round(T)
    assert len(desk.given) == 2


def test_K6_one_transition_that_cannot_be_taken_holds_up_nobody(store: Store, desk: Desk):
    store.append_rule(GAS)
    send(store, "a", (7, T, 60.0), (8, T, 60.0))
    runner = started(store, desk)
    desk.refuse = lambda given: ValueError("poison") if any(t.point == 7 and t.step == 1 for t in given) else None
    for second in range(4):
        runner.round(T + second * 1_000)
    assert sorted((t.point, t.step) for t in desk.given) == [(7, 0), (8, 0), (8, 1)]
    assert [(row.reason, row.point) for row in store.set_aside()] == [("not_taken", "7")]


def test_W1_transitions_stored_before_a_crash_are_handed_over_after_it(store: Store, desk: Desk):
    store.append_rule(GAS)
    send(store, "a", (7, T, 60.0))
    started(store, None).round(T)
    started(store, desk).round(T)
    assert len(desk.given) == 2


def test_hours_that_are_over_are_merged_without_changing_a_curve(store: Store):
    runner = started(store)
    for i in range(5):
        send(store, str(i), (7, T + i * 1000, float(i)))
        runner.step(T)
        runner.flush(T)
    before = store.curve(7, T, T + MINUTE)
    assert runner.merge(T + 1) == 0
    later = T + 2 * 3_600_000
    assert started(store).merge(later) == 1  # a restart knows what waits
    assert np.array_equal(store.curve(7, T, T + MINUTE).value, before.value)
    assert store.loose_blocks() == []


def test_many_small_flushes_are_gathered_into_one_block(store: Store):
    runner = started(store)
    for i in range(70):
        send(store, str(i), (7, T + i * 100, float(i)))
        runner.step(T)
        runner.flush(T)
        runner.merge(T + i * 2_000)
    assert len(store.loose_blocks()) < 10
    assert store.curve(7, T, T + MINUTE).value.tolist() == list(range(70))


readings = st.lists(
    st.tuples(
        st.sampled_from([7, 8]),
        st.integers(-20, 20).map(lambda s: T + s * 20_000),
        st.integers(0, 8).map(lambda v: v * 10.0),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(readings, min_size=1, max_size=10), st.lists(st.integers(0, 5), min_size=10, max_size=10))
def test_R3_W1_stopping_the_engine_anywhere_changes_nothing_that_it_tells_or_keeps(tmp_path_factory, batches, faults):
    """Faults: 0-1 none, 2 flush, 3 snapshot, 4 kill, 5 flush then kill."""

    def run(faulty: bool) -> tuple[list[Any], list[Any], list[Any]]:
        folder = tmp_path_factory.mktemp("run")
        clock = Clock(T)
        store = Store(Sqlite(folder / "r.sqlite3"), Sqlite(folder / "s.sqlite3", SNAPSHOTS), clock)
        try:
            store.append_rule(GAS)
            store.append_rule(QUIET)
            runner = started(store)
            for number, (some, fault) in enumerate(zip(batches, faults, strict=False)):
                clock.now = T + number * MINUTE
                send(store, str(number), *some)
                store.append_tick()
                while runner.step(clock.now):
                    pass
                if faulty and fault in (2, 5):
                    runner.flush(clock.now)
                if faulty and fault == 3:
                    runner.snapshot(clock.now)
                if faulty and fault in (4, 5):
                    runner = started(store)
            while runner.step(clock.now):
                pass
            runner.flush(clock.now)
            curves = [store.readings(point, 0, T + 86_400_000) for point in (7, 8)]
            kept = [(c.t.tolist(), c.value.tolist()) for c in curves]
            aside = sorted((r.batch_id, r.row, r.reason) for r in store.set_aside(limit=1000))
            assert store.position(ENGINE) <= store.last_seq()
            return sorted(told(store)), kept, aside
        finally:
            store.close()

    assert run(True) == run(False)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 9)), min_size=1, max_size=6), min_size=1, max_size=4)
)
def test_the_newest_reading_of_a_point_is_found_in_any_order(parts):
    made = [
        Columns(np.array([p for p, _t in part]), np.array([t for _p, t in part]), np.array([t * 2.0 for _p, t in part]),
                np.zeros(len(part), np.uint8))
        for part in parts
    ]  # fmt: skip
    found = newest(made)
    wanted = {p: max(t for part in parts for q, t in part if q == p) for part in parts for p, _t in part}
    assert dict(zip(found.point.tolist(), found.t.tolist(), strict=True)) == wanted
    assert found.value.tolist() == (found.t * 2.0).tolist()


def test_a_snapshot_written_beside_the_evaluation_is_there_after_a_planned_end(store: Store):
    store.append_rule(GAS)
    runner = Runner(store, None, writer=ThreadPoolExecutor(1))
    runner.start()
    send(store, "a", (7, T, 60.0))
    runner.round(T)
    send(store, "b", (7, T + 1, 10.0))
    runner.step(T)
    runner.stop(T)
    again = started(store)
    assert again.seq == runner.seq == store.last_seq()
    assert len(told(store)) == 4


def test_a_snapshot_that_could_not_be_written_stops_nothing(store: Store, monkeypatch: pytest.MonkeyPatch):
    runner = Runner(store, None, writer=ThreadPoolExecutor(1))
    runner.start()
    send(store, "a", (7, T, 60.0))
    with monkeypatch.context() as patch:
        patch.setattr(Store, "save_snapshot", Mock(side_effect=Full("no space")))
        runner.round(T)
        assert runner.writer is not None
        runner.writer.submit(int).result()
    runner.round(T + 30_000)
    runner.stop(T)
    assert store.snapshot_seqs()


def test_R1_the_newest_value_survives_a_crash_after_history_was_written(store: Store):
    send(store, "a", (7, T, 1.0))
    runner = started(store)
    runner.step(T)
    runner.put_latest(T)
    send(store, "b", (7, T + 1000, 2.0), (8, T + 1000, 9.0))
    runner.step(T)
    runner.flush(T)
    assert store.latest().as_dict() == {7: (T, 1.0, 0)}
    again = started(store)
    while again.step(T):
        pass
    again.put_latest(T)
    assert store.latest().as_dict() == {7: (T + 1000, 2.0, 0), 8: (T + 1000, 9.0, 0)}
    assert store.readings(7, T, T + MINUTE).t.size == 2


def test_history_is_written_in_portions_while_readings_keep_coming(store: Store, monkeypatch: pytest.MonkeyPatch):
    portions = []
    honest = Store.flush_history
    monkeypatch.setattr(
        Store,
        "flush_history",
        lambda self, columns, upto: portions.append(len(columns)) or honest(self, columns, upto=upto),
    )
    runner = Runner(store, pace=Pace(worth=2, settle=50, flush=10_000))
    runner.start()
    for i in range(12):
        send(store, f"b{i}", (7, T + i, 1.0), (8, T + i, 1.0))
        runner.step(T + i * 10)
        runner.round(T + i * 10)
    assert 2 <= len(portions) <= 4
    runner.flush(T + 1000)
    assert sum(portions) == 24


def test_R3_a_snapshot_with_damaged_packing_is_passed_over(store: Store):
    store.append_rule(GAS)
    runner = started(store)
    runner.step(T)
    runner.snapshot(T)
    send(store, "a", (7, T, 60.0))
    with store.snapshots.write() as session:
        session.run(
            "INSERT INTO snapshot (seq, lane, data) VALUES (?, ?, ?)", (store.last_seq(), "live", b"\x78\x01bad")
        )
    again = started(store)
    assert again.seq == runner.seq
    again.step(T)
    assert len(told(store)) == 2


def test_R1_history_written_beside_the_evaluation_comes_to_the_same_and_keeps_what_was_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    runner = Runner(store, keeper=ThreadPoolExecutor(1), pace=Pace(buffered=4))
    runner.start()
    runner.round(T)  # what is due at a start is done
    honest, refusals = Store.flush_history, iter([Full("no space"), None])

    def refusing(self: Store, columns: Columns, *, upto: int) -> list[Any]:
        if error := next(refusals, None):
            raise error
        return honest(self, columns, upto=upto)

    monkeypatch.setattr(Store, "flush_history", refusing)
    send(store, "a", *[(7, T + i, 1.0) for i in range(4)])
    runner.round(T)
    before = store.position(HISTORY)
    send(store, "b", *[(7, T + 10 + i, 2.0) for i in range(4)])
    with pytest.raises(Full):
        runner.round(T)
    assert store.position(HISTORY) == before
    runner.round(T)
    runner.kept()
    assert store.position(HISTORY) == runner.seq
    send(store, "c", (7, T + 20, 3.0))
    runner.round(T + 1)
    runner.stop(T + 1)
    assert store.readings(7, T, T + MINUTE).value.tolist() == [1.0] * 4 + [2.0] * 4 + [3.0]
    assert store.position(HISTORY) == runner.seq
    assert sum(block.rows for block in store.loose_blocks()) == 9
