"""The compiled path tells what the numpy path tells, and each goes on where the other stopped."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anlan.engine import arrays, dump, evaluate, fast, load, new_state, rate, window
from tests.engine.logs import logs
from tests.engine.making import bare

pytestmark = pytest.mark.skipif(not fast.usable(), reason="numba is not installed (./anlan setup --full)")


def test_what_the_loops_take_for_granted_is_what_the_tables_say():
    kernels = fast.Fast().kernels
    assert kernels.NEVER == arrays.NEVER
    assert kernels.RING == arrays.Ring.DEPTH - 1 == rate.DEPTH - 1
    places = (kernels.MEAN, kernels.COUNT, kernels.GREATEST, kernels.LEAST)
    assert [window.FUNCTIONS[place] for place in places] == ["mean", "count", "max", "min"]


often = settings(
    max_examples=150, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


def seen(output) -> tuple:
    """All that an output holds, comparable: NaN equals NaN as text."""
    kept = output.kept
    columns = (kept.point, kept.t, kept.value, kept.quality, kept.late)
    rows = sorted(map(str, zip(*(column.tolist() for column in columns), strict=True)))
    counts = (output.rows, output.late, output.duplicates)
    return list(map(str, output.transitions)), rows, sorted(map(str, output.set_aside)), counts


@often
@given(st.one_of(logs(), logs(steps_back=True)))
def test_compiled_and_plain_find_the_same_in_every_record(records):
    plain, compiled = new_state(), new_state(fast=True)
    for upto in range(len(records)):
        _, one = evaluate(plain, records[upto : upto + 1])
        _, other = evaluate(compiled, records[upto : upto + 1])
        assert seen(other) == seen(one)


@often
@given(logs(), st.data())
def test_a_state_may_change_between_compiled_and_plain_anywhere(records, data):
    state, told = new_state(), []
    for record in records:
        state, output = evaluate(state, [record])
        told += output.transitions
        if data.draw(st.booleans()):
            state = load(dump(state), fast=data.draw(st.booleans()))
    assert bare(told) == bare(evaluate(new_state(), records)[1].transitions)
