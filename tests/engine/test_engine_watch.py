"""Stuck, implausible, crossings. Worked by hand; times are ms after DAWN."""

from __future__ import annotations

import math

import pytest

from anlan.engine import BAD, Crossings, Implausible, Stuck, dump, evaluate, load, new_state
from tests.engine.making import Log, bare

STUCK = Stuck(after_ms=100, severity=3, within=0.5)


def test_a_value_is_stuck_when_readings_for_long_enough_stay_by_the_first_one_and_moves_with_one_that_does_not():
    log = Log().rule(STUCK).reading(0, 7.0).reading(50, 7.4).reading(99, 6.6)
    assert log.told() == []
    assert log.reading(130, 7.5).told() == ["on 100"]
    assert log.reading(140, 7.6).reading(239, 7.6).reading(240, 7.6).told() == ["on 100", "off 140", "on 240"]
    assert [one.value for one in log.output().transitions] == [7.0, 7.6, 7.6]


def test_a_slow_drift_is_not_stuck_because_the_first_value_counts():
    log = Log().rule(STUCK)
    for step in range(40):
        log.reading(step * 10, 7 + step * 0.1)
    assert log.told() == []


def test_silence_is_no_proof_of_a_stuck_value():
    assert Log().rule(STUCK).reading(0, 7.0).tick(10_000).told() == []
    assert Log().rule(STUCK).reading(0, 7.0).reading(500, 9.0).told() == []


def test_a_rain_gauge_that_says_nothing_falls_is_not_stuck():
    dry = Stuck(after_ms=100, severity=3, floor=0.0)
    log = Log().rule(dry).reading(0, 0).reading(200, 0).reading(300, 2).reading(400, 2).reading(410, 0).reading(900, 0)
    assert log.told() == ["on 400", "off 410"]


@pytest.mark.parametrize(("value", "quality"), [(math.nan, 0), (7.0, BAD), (9.0, BAD)])
def test_a_row_without_a_value_neither_shows_nor_ends_a_stuck_run(value, quality):
    log = Log().rule(STUCK).reading(0, 7).reading(120, value, quality=quality)
    assert log.told() == []
    assert log.reading(130, 7).told() == ["on 100"]


def test_a_retired_stuck_rule_ends_with_the_next_change_and_never_returns():
    log = Log().rule(STUCK).reading(0, 7).reading(100, 7).retire(1, 110).reading(120, 9).reading(500, 9)
    assert log.told() == ["on 100", "off 120"]


def test_a_value_outside_the_range_of_the_instrument_is_implausible_for_as_long_as_it_lasts():
    log = Log().rule(Implausible(severity=3, low=0.0, high=50.0, on_ms=20, off_ms=10))
    log.reading(0, 50).reading(10, 50.1).reading(29, 80).reading(30, -1).reading(40, 0).reading(50, 0)
    assert log.told() == ["on 30", "off 50"]
    assert [one.value for one in log.output().transitions] == [50.1, 0.0]


def test_a_jump_is_measured_from_the_last_value_the_instrument_could_have_measured():
    log = Log().rule(Implausible(severity=3, high=100.0, jump=5.0))
    log.reading(0, 10).reading(10, 15).reading(20, 20.1).reading(30, 500).reading(40, 21).reading(50, 10).reading(60, 9)
    assert log.told() == ["on 20", "off 40", "on 50", "off 60"]


def test_a_jump_is_seen_across_records_and_within_one():
    apart = Log().rule(Implausible(severity=3, jump=5.0)).reading(0, 10).reading(10, 16).told()
    together = Log().rule(Implausible(severity=3, jump=5.0)).rows(10, (1, 0, 10.0), (2, 0, 99.0), (1, 10, 16.0)).told()
    assert apart == together == ["on 10"]


SURGES = Crossings(limit=10.0, span_ms=100, count=3, severity=2, deadband=1.0)


def test_the_third_crossing_within_the_span_raises_and_the_clock_clears():
    log = Log().rule(SURGES)
    for t in (0, 40, 80):
        log.reading(t, 10).reading(t + 10, 5)
    assert log.told() == ["on 80"]
    assert log.tick(99 + 10).told() == ["on 80", "off 100"]
    assert math.isnan(list(log.output().transitions)[1].value)


def test_a_crossing_needs_the_value_to_have_left_the_dead_band():
    log = Log().rule(SURGES)
    for t in range(0, 100, 10):
        log.reading(t, 10 if t % 20 else 9.5)
    assert log.told() == []


def test_crossings_further_apart_than_the_span_do_not_add_up():
    log = Log().rule(SURGES)
    for t in (0, 50, 100, 150, 200):
        log.reading(t, 12).reading(t + 25, 0)
    assert log.told() == []


def test_further_crossings_keep_the_alarm_on():
    log = Log().rule(SURGES)
    for t in range(0, 200, 20):
        log.reading(t, 12).reading(t + 10, 0)
    # The last three crossings are at 140, 160 and 180: the first of them leaves at 240.
    assert log.tick(1_000).told() == ["on 40", "off 240"]


@pytest.mark.parametrize(
    "condition",
    [STUCK, Crossings(limit=10.0, span_ms=150, count=3, severity=2), Implausible(severity=1, high=9.0, off_ms=50)],
)
def test_a_restart_at_any_record_changes_nothing(condition):
    values = (7, 7, 7, 12, 3, 12, 3, 11, 7, 7.4, 7, 7, 7, 1, 30)
    log = Log().rule(condition)
    for place, value in enumerate(values):
        log.reading(place * 30, value)
    log.tick(2_000)
    state, told = new_state(), []
    for record in log.records:
        state, output = evaluate(load(dump(state)), [record])
        told += output.transitions
    assert bare(told) == bare(log.output().transitions) != []


def test_many_points_are_watched_at_once():
    points = tuple(range(300))
    log = Log().rule(STUCK, points=points)
    for t in (0, 60, 120):
        log.rows(t, *((point, t, 1.0 if point % 3 else float(t)) for point in points))
    told = list(log.output().transitions)
    assert [one.point for one in told] == [point for point in points if point % 3]
