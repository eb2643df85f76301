"""The sameness property for conditions that look across points, schedules and inhibitors; and plain Python agrees."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anlan.engine import Batch, dump, evaluate, fast, load, new_state
from tests.engine.logs import rows_of
from tests.engine.logs_groups import EVERYTHING, WATCHING, tangled
from tests.engine.making import bare, batch
from tests.engine.oracle import Oracle

often = settings(
    max_examples=40, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


def whole(records):
    return evaluate(new_state(), records)[1]


@settings(often, max_examples=120)
@given(st.one_of(tangled(), tangled(steps_back=True)))
def test_the_second_stage_tells_what_plain_python_tells(records):
    agree(records)


@settings(often, max_examples=80)
@given(tangled(kinds=WATCHING, most_rows=120))
def test_what_watches_one_point_tells_what_plain_python_tells(records):
    agree(records)


def agree(records) -> None:
    oracle = Oracle()
    oracle.evaluate(records)
    told = {(one.rule, one.point, one.step, one.severity, one.lane, one.t, one.on, one.value) for one in oracle.told}
    assert bare(whole(records).transitions) == sorted(told, key=str)


@often
@given(tangled(), st.data())
def test_cuts_between_calls_and_restarts_anywhere_change_nothing(records, data):
    state, outputs, at = new_state(), [], 0
    while at < len(records):
        upto = at + data.draw(st.integers(1, 6))
        state, output = evaluate(state, records[max(0, at - data.draw(st.integers(0, 3))) : upto])
        outputs.append(output)
        if data.draw(st.booleans()):
            state = load(dump(state))
        at = upto
    once = whole(records)
    assert [str(one) for output in outputs for one in output.transitions] == [str(one) for one in once.transitions]


@often
@given(tangled(), st.integers(2, 4))
def test_partitions_that_watch_what_they_look_at_tell_together_what_one_engine_tells(records, parts):
    outputs = [evaluate(new_state(part, parts, watched=EVERYTHING), records)[1] for part in range(parts)]
    once = whole(records)
    found = sorted(str(one) for output in outputs for one in output.transitions)
    assert found == sorted(str(one) for one in once.transitions)
    for count in ("rows", "late", "duplicates"):
        assert sum(getattr(output, count) for output in outputs) == getattr(once, count)
    assert sum(output.kept.t.size for output in outputs) == once.kept.t.size
    assert sum(len(output.set_aside) for output in outputs) == len(once.set_aside)


@often
@given(tangled(), st.data())
def test_the_same_rows_in_other_batches_tell_the_same(records, data):
    cut: list = []
    for record in records:
        if not isinstance(record, Batch):
            cut.append(dataclasses.replace(record, seq=len(cut)))
            continue
        rows = rows_of(record)
        while rows:
            many = data.draw(st.integers(1, len(rows)))
            cut.append(batch(len(cut), record.arrival, rows[:many]))
            rows = rows[many:]
    assert bare(whole(cut).transitions) == bare(whole(records).transitions)


@often
@given(tangled(most_rows=15), st.data())
def test_rows_sent_again_change_nothing(records, data):
    again: list = []
    sent: list[tuple] = []
    for record in records:
        if sent and data.draw(st.booleans()):
            again.append(batch(len(again), record.arrival, data.draw(st.lists(st.sampled_from(sent), max_size=3))))
        again.append(dataclasses.replace(record, seq=len(again)))
        if isinstance(record, Batch):
            sent += rows_of(record)
    assert bare(whole(again).transitions) == bare(whole(records).transitions)


@often
@given(tangled())
def test_changes_of_a_channel_alternate_their_times_never_fall_and_their_ids_are_unique(records):
    courses: dict[tuple, list] = {}
    ids = set()
    for one in whole(records).transitions:
        if one.lane == "live":
            courses.setdefault((one.rule, one.point, one.step), []).append((one.on, one.t))
            assert one.id not in ids
            ids.add(one.id)
    for course in courses.values():
        assert [on for on, _ in course] == [number % 2 == 0 for number in range(len(course))]
        assert [t for _, t in course] == sorted(t for _, t in course)


@pytest.mark.skipif(not fast.usable(), reason="numba is not installed (./anlan setup --full)")
@often
@given(tangled())
def test_the_compiled_path_makes_the_same_of_the_second_stage(records):
    compiled = evaluate(new_state(fast=True), records)[1]
    assert [str(one) for one in compiled.transitions] == [str(one) for one in whole(records).transitions]
