"""W2: no data is itself an alarm. Worked by hand; times are ms after DAWN."""

from __future__ import annotations

import math

import pytest

from anlan.engine import BAD, Silence
from tests.engine.making import Log, high

PATIENCE = Silence(100, 3)


def test_silence_is_on_when_nothing_came_for_as_long_as_allowed_and_off_at_the_next_reading():
    log = Log().rule(PATIENCE).reading(10, 1).tick(109)
    assert log.told() == []
    log.tick(110).tick(150).reading(160, 1)
    assert log.told() == ["on 110", "off 160"]
    assert all(math.isnan(one.value) for one in log.output().transitions)


def test_readings_alone_show_a_gap_between_them():
    assert Log().rule(PATIENCE).reading(10, 1).reading(300, 1).told() == ["on 110", "off 300"]


def test_a_gap_inside_one_batch_is_seen():
    log = Log().rule(PATIENCE, points=(1, 2)).rows(400, (1, 10, 1.0), (2, 10, 1.0), (1, 300, 1.0), (2, 90, 1.0))
    assert [(one.point, one.on) for one in log.output().transitions if one.point == 1] == [(1, True), (1, False)]
    assert [one.point for one in log.output().transitions if one.point == 2] == []


def test_a_point_that_never_spoke_is_silent_from_the_arrival_of_the_rule():
    assert Log().rule(PATIENCE, arrival=5).tick(104).tick(106).told() == ["on 105"]


def test_a_rule_put_in_force_later_counts_from_the_last_reading():
    assert Log().reading(10, 1).rule(PATIENCE, arrival=60).tick(109).tick(111).told() == ["on 110"]


@pytest.mark.parametrize(("value", "quality"), [(math.nan, 0), (math.inf, 0), (1.0, BAD)])
def test_a_device_that_talks_but_gives_no_value_is_silent(value, quality):
    log = Log().rule(PATIENCE).reading(0, 1)
    for t in (40, 80, 120, 160):
        log.reading(t, value, quality=quality)
    assert log.told() == ["on 100"]
    assert log.reading(170, 1).told() == ["on 100", "off 170"]


@pytest.mark.parametrize("offset", [-3_600_000, 0, 250_000])
def test_a_device_whose_clock_is_wrong_is_not_silent_while_it_talks(offset):
    log = Log().rule(PATIENCE).reading(offset, 1, arrival=0)
    for arrival in range(50, 1_000, 50):
        log.reading(offset + arrival, 1, arrival=arrival).tick(arrival + 1)
    assert [told for told in log.told() if int(told.split()[1]) > offset] == []


def test_a_late_reading_does_not_end_a_silence():
    log = Log().rule(PATIENCE).reading(10, 1).tick(200).reading(5, 1, arrival=210).tick(400)
    assert log.told() == ["on 110"]


def test_a_drained_backlog_in_order_is_not_silence():
    log = Log().rule(PATIENCE).reading(0, 1)
    log.tick(5_000)
    for step in range(1, 50):
        log.reading(step * 90, 1, arrival=5_000 + step).tick(5_000 + step)
    assert log.told() == ["on 100", "off 100"]


def test_a_hold_taken_back_shortens_the_wait_for_silence():
    log = Log().hold(1_000).rule(PATIENCE).reading(0, 1).tick(1_001).hold(0, arrival=1_001)
    log.reading(1_002, 1).tick(1_101)
    before = log.told()
    assert log.tick(1_102).told() == [*before, "on 1102"]


def test_an_arrival_clock_that_was_set_back_hides_no_silence():
    log = Log().rule(PATIENCE).reading(10, 1, arrival=1_000).tick(1_001).reading(20, 1, arrival=50).tick(150)
    assert log.told() == ["on 120"]


def test_old_readings_of_a_point_that_was_told_silent_do_not_tell_it_again():
    log = Log().rule(PATIENCE).tick(100).reading(-5_000, 1, arrival=110).reading(-4_000, 1, arrival=111)
    log.reading(150, 1).tick(260)
    assert log.told() == ["on 100", "off 100", "on 250"]


def test_two_patiences_on_one_point_are_two_alarms():
    log = Log().rule(PATIENCE).rule(Silence(30, 4), version=2).reading(0, 1).tick(50).tick(120).reading(130, 1)
    found = [(one.rule, one.on) for one in log.output().transitions]
    assert found == [(2, True), (1, True), (1, False), (2, False)]


def test_a_retired_silence_that_is_on_ends_with_the_next_reading_and_never_returns():
    log = Log().rule(PATIENCE).reading(0, 1).tick(100).retire(1, arrival=110).reading(120, 1).tick(10_000)
    assert log.told() == ["on 100", "off 120"]


def test_silence_and_level_of_one_point_do_not_disturb_each_other():
    log = Log().rule(PATIENCE).rule(high(50, on=20), version=2).reading(0, 60).reading(90, 60).tick(300)
    assert log.told() == ["on 20", "on 190"]
