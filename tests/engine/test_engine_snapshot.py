from __future__ import annotations

import random

import numpy as np
import pytest

from anlan.engine import Enforce, Rate, Rule, Silence, Term, Window, dump, evaluate, load, new_state, owner
from anlan.engine.log import Tick
from tests.engine.making import DAWN, Log, bare, batch, high


def busy_state():
    log = Log().rule(high(25, 50, deadband=1, on=10, off=20), points=(1, 2, 3)).rule(Silence(100, 4), version=2)
    log.hold(50, points=(3,)).rows(100, (1, 90, 60), (2, 95, 30), (3, 80, 60)).reading(85, 60, arrival=110)
    return evaluate(new_state(), log.records)[0]


def test_a_state_that_has_seen_nothing_comes_back():
    assert load(dump(new_state(1, 3))).position == -1
    assert (load(dump(new_state(1, 3))).part, load(dump(new_state(1, 3))).parts) == (1, 3)


def test_a_loaded_state_keeps_its_position_and_its_future():
    state = busy_state()
    back = load(dump(state))
    assert back.position == state.position == 4
    future = [Tick(100, DAWN + 40_000)]
    told = bare(evaluate(back, future)[1].transitions)
    assert told == bare(evaluate(state, future)[1].transitions)
    assert told


def test_a_dump_leaves_the_state_as_it_was():
    left, right = busy_state(), busy_state()
    dump(left)
    future = [Tick(100, DAWN + 40_000)]
    assert bare(evaluate(left, future)[1].transitions) == bare(evaluate(right, future)[1].transitions) != []


def test_random_damage_to_a_snapshot_is_noticed():
    """R7, for the snapshot."""
    data = dump(busy_state())
    rnd = random.Random(7)
    for _ in range(200):
        damaged = bytearray(data)
        damaged[rnd.randrange(len(data))] ^= 1 << rnd.randrange(8)
        with pytest.raises(ValueError, match="snapshot"):
            load(bytes(damaged))


def test_a_snapshot_cut_short_is_noticed():
    data = dump(busy_state())
    for size in (0, 5, 19, 20, len(data) - 1):
        with pytest.raises(ValueError, match="snapshot"):
            load(data[:size])


def test_a_snapshot_of_another_version_is_refused_with_the_next_move():
    data = bytearray(dump(new_state()))
    data[4] += 1
    with pytest.raises(ValueError, match="replay the log"):
        load(bytes(data))


def test_a_snapshot_from_before_a_kind_of_condition_is_read_and_takes_rules_of_it():
    old = busy_state()
    for kind in (Rate, Window):
        del old.tables[kind]
    window = Window(high(3).steps, terms=(Term(span_ms=20, pane_ms=10),))
    future = [Enforce(10, DAWN + 200, Rule(9, (1,), window)), batch(11, DAWN + 200, [(1, DAWN + 195, 3.0)])]
    assert [one.rule for one in evaluate(load(dump(old)), future)[1].transitions if one.rule == 9] == [9]


@pytest.mark.parametrize("stride", [1, 2, 16, 1_000])
def test_partitions_get_equal_shares_of_points_whatever_the_step_of_their_numbers(stride):
    shares = np.bincount(owner(np.arange(0, 4_000 * stride, stride), 4), minlength=4)
    assert shares.min() > 850


def test_a_partition_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="partition"):
        new_state(2, 2)
