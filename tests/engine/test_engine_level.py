"""Level rules, worked by hand; times are ms after DAWN."""

from __future__ import annotations

import math

import pytest

from anlan.engine import BAD, UNCERTAIN, evaluate, load, new_state
from anlan.engine.snapshot import dump
from tests.engine.making import DAWN, Log, high, low


def test_without_delays_the_alarm_is_on_at_the_limit_itself_and_off_below_the_dead_band():
    log = Log().rule(high(50, deadband=2))
    for t, value in enumerate((49.9, 50, 48.1, 48, 47.9, 49.9, 50.1)):
        log.reading(t, value)
    assert log.told() == ["on 1", "off 4", "on 6"]


def test_a_low_limit_mirrors_a_high_one():
    up, down = Log().rule(high(50, deadband=2)), Log().rule(low(-50, deadband=2))
    for t, value in enumerate((49.9, 50, 48.1, 48, 47.9, 49.9, 50.1)):
        up.reading(t, value)
        down.reading(t, -value)
    assert down.told() == up.told() == ["on 1", "off 4", "on 6"]


def test_the_alarm_is_on_when_the_value_stood_for_the_on_delay_and_not_a_moment_earlier():
    assert Log().rule(high(50, on=10)).reading(0, 60).reading(9, 60).told() == []
    assert Log().rule(high(50, on=10)).reading(0, 60).reading(11, 60).told() == ["on 10"]


def test_a_timer_that_ends_at_the_instant_of_a_reading_ends_before_it():
    assert Log().rule(high(50, on=10)).reading(0, 60).reading(10, 0).told() == ["on 10", "off 10"]


def test_a_dip_shorter_than_the_off_delay_does_not_end_the_alarm():
    log = Log().rule(high(50, on=5, off=10)).reading(0, 60).reading(5, 60).reading(6, 0).reading(12, 60).reading(30, 60)
    assert log.told() == ["on 5"]


def test_a_spike_shorter_than_the_on_delay_raises_nothing():
    assert Log().rule(high(50, on=5)).reading(0, 60).reading(4, 0).reading(60, 0).told() == []


def test_each_step_of_the_ladder_keeps_its_own_time():
    log = Log().rule(high(25, 50, on=10, off=0))
    log.reading(0, 30).reading(5, 60).reading(12, 60).reading(15, 30).reading(16, 60).reading(40, 0)
    assert log.told() == [
        "on 10 step 0",
        "on 15 step 1",
        "off 15 step 1",
        "on 26 step 1",
        "off 40 step 0",
        "off 40 step 1",
    ]


def test_a_transition_says_rule_point_severity_and_the_value_that_began_it():
    log = Log().rule(high(25, 50, on=10), version=42, points=(7,))
    log.rows(3, (7, 0, 55.5)).rows(20, (7, 15, 99.0))
    mild, severe = log.output().transitions
    assert (mild.rule, mild.point, mild.step, mild.severity, mild.value) == (42, 7, 0, 2, 55.5)
    assert (severe.step, severe.severity, severe.lane, severe.t) == (1, 1, "live", DAWN + 10)
    assert (severe.seq, severe.arrival) == (2, DAWN + 20)
    assert mild.id != severe.id
    assert len(mild.id) == 32


def test_transitions_can_be_counted_indexed_and_sliced():
    log = Log().rule(high(50))
    for t in range(6):
        log.reading(t, 60 if t % 2 else 0)
    found = log.output().transitions
    assert len(found) == 5
    assert list(found)[1:3] == list(found[1:3]) == [found[1], found[2]]
    assert found[-1].t == DAWN + 5


def test_a_tick_shows_time_with_the_last_value_held():
    assert Log().rule(high(50, on=10)).reading(0, 60).tick(9).told() == []
    log = Log().rule(high(50, on=10)).reading(0, 60).tick(10).tick(20)
    assert log.told() == ["on 10"]
    assert [one.seq for one in log.output().transitions] == [2]


def test_what_another_point_sends_shows_no_time_and_changes_nothing():
    log = (
        Log()
        .rule(high(50, on=10), points=(1, 2))
        .reading(0, 60)
        .reading(10_000, 0, point=2)
        .reading(20_000, 70, point=2)
    )
    assert log.told() == []


@pytest.mark.parametrize("offset", [-3_600_000, -30, 0, 200_000])
def test_a_device_whose_clock_is_wrong_keeps_its_delays(offset):
    """W1: the on delay is measured by the arrival clock from the arrival of the reading, whatever the device says."""
    log = Log().rule(high(50, on=10)).reading(offset, 60, arrival=0)
    assert log.tick(9).told() == []
    assert log.tick(10).told() == [f"on {offset + 10}"]


def test_a_reading_that_comes_after_a_tick_has_shown_more_time_keeps_the_order_of_changes():
    # The link stalls: the tick lets the alarm go on at 10, the reading of 5 comes at 30.
    log = Log().rule(high(50, on=10, off=3)).reading(0, 60).tick(12).reading(5, 0, arrival=30).tick(40)
    assert log.told() == ["on 10", "off 13"]


@pytest.mark.parametrize(
    ("value", "quality"), [(math.nan, 0), (math.inf, 0), (99.0, BAD), (0.0, BAD), (-math.inf, 200)]
)
def test_a_row_that_gives_no_value_neither_raises_nor_clears(value, quality):
    log = Log().rule(high(50)).reading(0, 0).reading(1, value, quality=quality).reading(2, 60)
    log.reading(3, value, quality=quality).reading(4, 60)
    assert log.told() == ["on 2"]
    assert log.output().kept.t.size == 5


def test_a_row_that_gives_no_value_still_shows_its_time():
    assert Log().rule(high(50, on=10)).reading(0, 60).reading(11, math.nan).told() == ["on 10"]


def test_an_uncertain_value_is_evaluated():
    assert Log().rule(high(50)).reading(0, 60, quality=UNCERTAIN).told() == ["on 0"]


def test_a_new_rule_first_looks_at_the_next_reading():
    log = Log().reading(0, 60).rule(high(50), arrival=1).tick(2)
    assert log.told() == []
    assert log.reading(3, 60).told() == ["on 3"]


def test_a_changed_rule_does_not_close_what_the_old_version_raised():
    log = Log().rule(high(50)).reading(0, 60).retire(1, arrival=1).rule(high(80), version=2, arrival=1)
    log.reading(2, 60).reading(3, 40).reading(4, 60).reading(5, 90)
    assert [(one.rule, one.on, one.t - DAWN) for one in log.output().transitions] == [
        (1, True, 0),
        (1, False, 3),
        (2, True, 5),
    ]


def test_a_retired_rule_raises_nothing_more_also_where_its_timer_ran():
    assert Log().rule(high(50, on=10)).reading(0, 60).retire(1, arrival=5).reading(20, 60).tick(50).told() == []


def test_a_timer_that_had_ended_when_the_rule_was_retired_is_told():
    assert Log().rule(high(50, on=10)).reading(0, 60).retire(1, arrival=11).told() == ["on 10"]


def test_a_version_enforced_twice_is_one_rule():
    log = Log().rule(high(50)).rule(high(50)).reading(0, 60).retire(1, arrival=1).rule(high(50), arrival=2)
    assert log.reading(3, 0).reading(4, 60).told() == ["on 0", "off 3"]


def test_a_record_that_was_evaluated_before_is_passed_over():
    log = Log().rule(high(50)).reading(0, 60).reading(1, 0)
    state, first = evaluate(new_state(), log.records)
    state, again = evaluate(state, log.records)
    assert len(first.transitions) == 2
    assert len(again.transitions) == 0
    assert again.kept.t.size == 0
    assert state.position == 2


def test_ten_thousand_rules_of_one_point_each_are_one_table():
    log = Log()
    for version in range(1, 2_001):
        log.rule(high(50 + version), version=version, points=(version,))
    log.rows(1, *((version, 1, 50 + version) for version in range(1, 2_001)))
    assert [one.rule for one in log.output().transitions] == list(range(1, 2_001))


def test_a_point_number_met_late_and_far_away_finds_its_place():
    log = Log().rule(high(50), points=(0, 16_777_215)).rows(1, (16_777_215, 1, 60), (0, 1, 60))
    state, output = evaluate(new_state(), log.records)
    assert sorted(output.transitions.point.tolist()) == [0, 16_777_215]
    assert load(dump(state)).points.count == 2
