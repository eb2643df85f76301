"""The reading store on both databases."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from standing_clock import Clock

from anlan.engine import Level, LevelStep, Rule, encode_batch
from anlan.kernel.sensing.store import Columns, NewBatch, Refused, Store, StoredTransition, history
from anlan.kernel.sensing.store.readings import HISTORY, SET_ASIDE_LIMIT

T = 1_795_320_000_000
HOUR = history.HOUR_MS


def batch(batch_id: str, value: float = 1.0, *, sender: str = "gw-1", point: int = 7, t: int = T, **more) -> NewBatch:
    payload = encode_batch([point], [t], [value], [0])
    return NewBatch(sender, batch_id, "live", 1, payload, f"{value}".encode(), b'{"accepted":1}', **more)


def columns(point: int, t: list[int], value: list[float]) -> Columns:
    n = len(t)
    return Columns(np.full(n, point, np.int32), np.array(t, np.int64), np.array(value), np.zeros(n, np.uint8))


def transition(name: str, **more) -> StoredTransition:
    fields = {"seq": 1, "stream": "live", "lane": "live", "t": T, "rule": 3, "point": 7, "step": 0, "severity": 2}
    return StoredTransition(0, name, **(fields | {"on": True, "value": 51.0} | more))


# -- the log ----------------------------------------------------------------------------------------------------------


def test_a_batch_is_read_back_from_the_log_as_it_was_given(store: Store):
    (done,) = store.append_batches([batch("a")])
    (row,) = store.read_log(0)
    assert (row.seq, row.arrival, row.lane, row.kind, row.n) == (done.seq, T, "live", "batch", 1)
    assert row.payload == batch("a").payload
    assert (row.sender, row.batch_id) == ("gw-1", "a")


def test_R2_the_same_batch_from_twenty_threads_is_stored_once_with_the_same_answer(store: Store):
    answers, failed = [], []

    def send() -> None:
        try:
            for _ in range(10):
                answers.append(store.append_batches([batch("same")])[0].answer)
        except Exception as error:
            failed.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert answers == [b'{"accepted":1}'] * 200
    assert len(store.read_log(0)) == 1


def test_R2_the_same_batch_twice_in_one_commit_is_stored_once(store: Store):
    first, second = store.append_batches([batch("a"), batch("a")])
    assert (first.repeated, second.repeated) == (False, True)
    assert first.seq == second.seq


def test_R2_the_same_key_with_other_content_is_refused_and_put_aside(store: Store):
    store.append_batches([batch("a", 1.0)])
    (done,) = store.append_batches([batch("a", 2.0, excerpt='{"value":2.0}')])
    assert done.conflict
    assert len(store.read_log(0)) == 1
    (aside,) = store.set_aside()
    assert (aside.sender, aside.batch_id, aside.reason, aside.raw) == ("gw-1", "a", "other_content", '{"value":2.0}')


def test_R2_the_same_readings_written_differently_are_a_repetition(store: Store):
    store.append_batches([batch("a", 1.0)])
    again = batch("a", 1.0)
    (done,) = store.append_batches([NewBatch(**{f: getattr(again, f) for f in again.__slots__} | {"digest": b"x"})])
    assert done.repeated
    assert store.count_set_aside() == 0


def test_two_senders_may_use_the_same_batch_id(store: Store):
    done = store.append_batches([batch("a", sender="gw-1"), batch("a", 2.0, sender="gw-2")])
    assert [d.conflict or d.repeated for d in done] == [False, False]


def test_a_batch_of_which_nothing_was_taken_may_come_again(store: Store):
    refused = (Refused(0, "point", "unknown_point", "no such point", "GT-1", T, 1.0),)
    store.append_batches([NewBatch("gw-1", "a", "live", 0, b"", b"1", refused=refused)])
    store.append_batches([NewBatch("gw-1", "a", "live", 0, b"", b"1", refused=refused)])
    (done,) = store.append_batches([batch("a")])
    assert not done.repeated
    assert not done.conflict
    assert store.count_set_aside() == 1


def test_a_rule_is_put_in_force_once_however_often_it_is_pushed(store: Store):
    rule = Rule(version=4, points=(7,), condition=Level(steps=(LevelStep(2, 50.0),)))
    assert store.append_rule(rule) == store.append_rule(rule)
    store.append_retire(4)
    store.append_retire(4)
    assert [row.kind for row in store.read_log(0)] == ["enforce", "retire"]


def test_a_rule_that_ends_in_a_lane_of_virtual_time_does_not_move_its_clock(store: Store):
    store.append_batches([NewBatch("gw", "a", "exercise:x", 1, batch("a").payload, b"a", arrival=5_000)])
    store.append_retire(4, lane="exercise:x")
    store.append_declare([7], 100, lane="exercise:x")
    store.append_retire(5)
    assert [row.arrival for row in store.read_log(0)] == [5_000, 5_000, 5_000, T]


def test_old_data_arrive_when_they_were_measured_whatever_came_before_them(store: Store):
    """Else the engine would take what is newer than the archive of another device for readings from the future."""

    def old(batch_id: str, t: int, **more: int) -> NewBatch:
        return NewBatch("gw", batch_id, "backfill", 1, batch("a", t=t).payload, batch_id.encode(), **more)

    store.append_batches(
        [old("a", T - 9_000_000, arrival=T - 9_000_000), old("b", T - 60_000), old("c", T + 9_000_000)]
    )
    assert [row.arrival for row in store.read_log(0)] == [T - 9_000_000, T - 60_000, T]


def test_the_log_is_read_in_portions(store: Store):
    store.append_batches([batch(str(i)) for i in range(10)])
    first = store.read_log(0, limit=4)
    assert len(first) == 4
    assert len(store.read_log(first[-1].seq, limit=100)) == 6
    assert len(store.read_log(0, rows=3)) == 3


def test_the_live_lane_cannot_be_ended(store: Store):
    with pytest.raises(ValueError, match="never ends"):
        store.append_end("live")


def test_the_log_is_trimmed_only_behind_two_snapshots_and_history(store: Store, clock: Clock):
    store.append_rule(Rule(version=4, points=(7,), condition=Level(steps=(LevelStep(2, 50.0),))))
    store.append_batches([batch(str(i)) for i in range(6)])
    seqs = [row.seq for row in store.read_log(0)]
    clock.now += HOUR
    assert store.trim_log(before_ms=clock.now) == 0  # no snapshot
    store.save_snapshot(seqs[3], {"live": b"one"})
    assert store.trim_log(before_ms=clock.now) == 0  # only one
    store.save_snapshot(seqs[5], {"live": b"two"})
    assert store.trim_log(before_ms=clock.now) == 0  # history holds nothing yet
    store.set_position(HISTORY, seqs[4])
    assert store.trim_log(before_ms=T) == 0  # too young
    assert store.trim_log(before_ms=clock.now) == 3
    assert [row.kind for row in store.read_log(0)] == ["enforce", "batch", "batch", "batch"]


def test_keys_of_old_batches_are_forgotten_but_rules_never(store: Store, clock: Clock):
    store.append_batches([batch("old")])
    rule = Rule(version=4, points=(7,), condition=Level(steps=(LevelStep(2, 50.0),)))
    seq = store.append_rule(rule)
    clock.now += HOUR
    store.append_batches([batch("new")])
    assert store.forget_batches(before_ms=clock.now) == 1
    assert store.append_batches([batch("new")])[0].repeated
    assert store.append_rule(rule) == seq


# -- set aside --------------------------------------------------------------------------------------------------------


def test_a_person_resolves_a_set_aside_row_once(store: Store):
    store.put_set_aside("gw-1", "a", "live", [Refused(0, "point", "unknown_point", "no such point", "GT-1", T, 1.5)])
    (row,) = store.set_aside()
    assert (row.point, row.t, row.value, row.state) == ("GT-1", T, 1.5, "open")
    assert store.resolve_set_aside([row.id], state="replayed", by="chen") == 1
    assert store.resolve_set_aside([row.id], state="dropped", by="wang") == 0
    found = store.set_aside_row(row.id)
    assert found is not None
    assert (found.state, found.resolved_by) == ("replayed", "chen")
    assert store.count_set_aside() == 0


def test_a_broken_device_cannot_fill_the_disk_with_refusals(store: Store):
    rows = [Refused(i, "value", "value", "not a number") for i in range(SET_ASIDE_LIMIT + 10)]
    store.put_set_aside("gw-1", "a", "live", rows)
    store.put_set_aside("gw-1", "b", "live", rows[:5])
    store.put_set_aside("gw-2", "b", "live", rows[:5])
    assert store.count_set_aside(senders=["gw-1"]) == SET_ASIDE_LIMIT
    assert store.count_set_aside(senders=["gw-2"]) == 5
    assert store.count_set_aside(senders=[]) == 0


# -- what the engine writes -------------------------------------------------------------------------------------------


def test_a_transition_is_stored_once_by_its_id(store: Store):
    store.put_transitions([transition("x"), transition("y", on=False, value=None)], upto=5)
    store.put_transitions([transition("x"), transition("z")], upto=6)
    found = store.transitions_after(0)
    assert [t.id for t in found] == ["x", "y", "z"]
    assert (found[1].on, found[1].value) == (False, None)
    assert [t.id for t in store.transitions_after(found[1].tseq)] == ["z"]


def test_the_latest_value_never_goes_back_in_time(store: Store):
    store.put_latest(columns(7, [T], [1.0]), T)
    store.put_latest(columns(7, [T - 1], [9.0]), T)
    store.put_latest(columns(8, [T], [float("nan")]), T)
    latest = store.latest([7, 8, 9])
    assert latest.point.tolist() == [7, 8]
    assert latest.value[0] == 1.0
    assert np.isnan(latest.value[1])
    assert store.latest().as_dict()[7] == (T, 1.0, 0)


def test_history_and_the_last_seconds_of_the_log_make_one_curve(store: Store):
    store.append_batches([batch("a", 1.0, t=T), batch("b", 2.0, t=T + 1000)])
    store.flush_history(columns(7, [T], [1.0]), upto=store.read_log(0)[0].seq)
    curve = store.curve(7, T - HOUR, T + HOUR)
    assert curve.t.tolist() == [T, T + 1000]
    assert curve.value.tolist() == [1.0, 2.0]
    assert store.curve(8, T - HOUR, T + HOUR).t.size == 0


def merge(store: Store, group: int, before: int) -> int:
    plan = store.plan_merge(group, before)
    assert plan is not None
    aside = 0
    while plan.places:
        aside += store.merge_some(plan, 2)
    store.finish_merge(plan)
    return aside


def test_merging_changes_no_curve_and_puts_contradictions_aside(store: Store):
    for i in range(120):
        store.flush_history(columns(7, [T + i * 60_000], [float(i)]), upto=i)
    store.flush_history(columns(7, [T], [99.0]), upto=121)
    before = store.curve(7, T, T + 3 * HOUR)
    assert len(store.loose_blocks()) == 121
    assert merge(store, 0, T + HOUR) == 1
    assert [block.rows for block in store.loose_blocks()] == [60]
    after = store.curve(7, T, T + 3 * HOUR)
    assert np.array_equal(before.t, after.t)
    assert np.array_equal(before.value, after.value)
    (aside,) = store.set_aside()
    assert (aside.reason, aside.point, aside.value) == ("conflict", "7", 99.0)


def test_R3_a_merge_stopped_half_way_is_begun_anew_and_comes_to_the_same(store: Store):
    for hour in range(4):
        store.flush_history(columns(7, [T + hour * HOUR], [float(hour)]), upto=1)
    store.flush_history(columns(7, [T], [99.0]), upto=2)
    before = store.curve(7, T, T + 9 * HOUR)
    stopped = store.plan_merge(0, T + 9 * HOUR)
    assert stopped is not None
    store.merge_some(stopped, 2)
    assert np.array_equal(store.curve(7, T, T + 9 * HOUR).value, before.value)
    store.flush_history(columns(7, [T + 1], [7.0]), upto=3)
    merge(store, 0, T + 9 * HOUR)
    assert store.curve(7, T, T + 9 * HOUR).value.tolist() == [0.0, 7.0, 1.0, 2.0, 3.0]
    assert store.loose_blocks() == []
    assert store.count_set_aside() == 1


def test_what_is_flushed_during_a_merge_stays(store: Store):
    store.flush_history(columns(7, [T], [1.0]), upto=1)
    plan = store.plan_merge(0, T + HOUR)
    assert plan is not None
    store.flush_history(columns(7, [T + 1], [2.0]), upto=2)
    store.merge_some(plan, 10)
    store.finish_merge(plan)
    assert store.curve(7, T, T + HOUR).value.tolist() == [1.0, 2.0]
    assert [block.rows for block in store.loose_blocks()] == [1]


def test_a_year_is_outlined_from_the_hours_own_figures_and_what_is_still_loose(store: Store):
    for day in range(30):
        store.flush_history(columns(7, [T + day * 24 * HOUR], [float(day)]), upto=1)
    loose = store.curve(7, T, T + 365 * 24 * HOUR, 100)
    merge(store, 0, T + 20 * 24 * HOUR)
    mixed = store.curve(7, T, T + 365 * 24 * HOUR, 100)
    assert loose.thinned
    assert np.nanmax(mixed.high) == 29.0
    assert np.array_equal(loose.value, mixed.value)


def test_two_snapshots_are_kept_and_the_newest_comes_first(store: Store):
    for seq in (3, 5, 9):
        store.save_snapshot(seq, {"live": str(seq).encode(), "backfill": b""})
    assert [(seq, store.load_snapshot(seq)["live"]) for seq in store.snapshot_seqs()] == [(9, b"9"), (5, b"5")]


def test_the_lag_counts_records_and_the_oldest_live_one(store: Store, clock: Clock):
    assert store.lag().behind == 0
    store.append_batches([batch("a"), batch("b", arrival=5)])
    clock.now += 1000
    store.append_tick()
    lag = store.lag()
    assert (lag.behind, lag.alive) == (3, T + 1000)
    store.put_transitions([], upto=store.last_seq())
    assert store.lag().oldest is None
