"""Rates, worked by hand; times are ms after DAWN. The window is 150 ms: a reading is remembered every 10 ms."""

from __future__ import annotations

import math

import pytest

from anlan.engine import REST_MS, Level, Rate, Retire, Rule, dump, evaluate, load, new_state
from anlan.engine.log import Enforce
from tests.engine.making import DAWN, Log, batch, high, low


def rising(*limits, window=150, per=10, **more) -> Rate:
    """A rise by so much in `per` ms."""
    return _rate(high(*limits, **more), window, per)


def falling(*limits, window=150, per=10, **more) -> Rate:
    return _rate(low(*limits, **more), window, per)


def _rate(level: Level, window: int, per: int) -> Rate:
    return Rate(level.steps, level.direction, level.deadband, level.on_ms, level.off_ms, window_ms=window, per_ms=per)


def ramp(log: Log, times, slope=0.1) -> Log:
    for t in times:
        log.reading(t, t * slope)
    return log


def test_the_rate_is_told_in_its_own_unit_once_half_a_window_has_been_seen():
    log = ramp(Log().rule(rising(1)), range(0, 75, 5))
    assert log.told() == []
    assert log.reading(75, 7.5).told() == ["on 75"]
    assert log.output().transitions[0].value == 1.0


def test_the_earlier_reading_is_the_oldest_one_inside_the_window():
    log = ramp(Log().rule(rising(2)), range(0, 160, 10), slope=0.0)
    assert log.reading(160, 30).told() == ["on 160"]
    assert log.output().transitions[0].value == 30 / 150 * 10


def test_a_reading_exactly_a_window_old_still_counts():
    log = Log().rule(rising(2)).reading(0, 0).reading(10, 15).reading(150, 30)
    assert log.output().transitions[0].value == 30 / 150 * 10


def test_of_readings_closer_than_a_fifteenth_of_the_window_some_are_remembered():
    log = ramp(Log().rule(rising(2)), range(155), slope=0.0)
    # 5 ms is where the window begins; remembered are 0, 10, 20 ...
    assert log.reading(155, 29).told() == ["on 155"]
    assert log.output().transitions[0].value == 29 / 145 * 10


def test_two_readings_shortly_after_one_another_make_no_rate_after_a_gap():
    log = Log().rule(rising(1)).reading(0, 0).reading(1_000, 10).reading(1_001, 20).reading(1_074, 30)
    assert log.told() == []
    assert log.reading(1_075, 10.1).told() == []
    assert log.reading(1_080, 18.0).told() == ["on 1080"]


def test_a_point_that_reports_as_often_as_its_window_is_long_has_a_rate():
    log = Log().rule(rising(1)).reading(0, 0).reading(150, 15).reading(300, 15)
    assert log.told() == ["on 150", "off 300"]


def test_a_point_that_reports_more_rarely_than_its_window_has_none():
    log = Log().rule(rising(1))
    for t in range(0, 1_510, 151):
        log.reading(t, t * t)
    assert log.told() == []


def test_a_fall_is_a_rate_below_zero():
    log = Log().rule(falling(-1, -2, deadband=0.5)).reading(0, 100).reading(100, 90).reading(150, 92.6)
    assert log.told() == ["on 100", "off 150"]


def test_delays_and_steps_are_those_of_a_level():
    log = Log().rule(rising(1, 2, on=20, off=30))
    for t, value in ((0, 0), (100, 25), (110, 27.5), (130, 30), (150, 30), (250, 30), (300, 30), (400, 30)):
        log.reading(t, value)
    # (t - 0): 2.5, 2.5, 2.3, 2.0; then 5/150 from 100 on.
    assert log.told() == ["on 120 step 0", "on 120 step 1", "off 280 step 0", "off 280 step 1"]


@pytest.mark.parametrize(("value", "quality"), [(math.nan, 0), (math.inf, 0), (1e9, 2)])
def test_a_row_without_a_value_is_neither_judged_nor_remembered(value, quality):
    log = Log().rule(rising(1)).reading(0, value, quality=quality).reading(80, value, quality=quality)
    log.reading(90, 0).reading(100, value, quality=quality).reading(150, 5)
    assert log.told() == []
    assert log.reading(190, 10).told() == ["on 190"]


def test_a_rate_too_large_for_a_number_is_no_signal():
    assert Log().rule(rising(1)).reading(0, -1e308).reading(100, 1e308).told() == []


def test_a_new_rule_remembers_nothing_from_before_it():
    log = ramp(Log(), range(0, 200, 10)).rule(rising(1), arrival=200)
    assert ramp(log, range(200, 270, 10)).told() == []
    assert ramp(log, (275,)).told() == ["on 275"]


def test_late_rows_never_enter_the_live_rate():
    log = Log().rule(rising(1)).reading(100, 0).reading(50, -1_000, arrival=110).reading(180, 4)
    assert [told for told in log.told() if not told.startswith("retro")] == []


def test_a_backlog_is_judged_by_its_own_rows():
    log = Log().rule(rising(1)).reading(0, 0).reading(1_000, 0)
    for t in range(300, 500, 10):
        log.reading(t, (t - 300) * 0.1 if t < 400 else 10, arrival=1_001)
    # The rise ends at 400; at 410 it is 10 in 110 ms.
    assert log.tick(1_001 + REST_MS).told() == ["retro on 380", "retro off 410"]


def test_each_run_of_late_rows_begins_with_nothing_remembered():
    log = Log().rule(rising(1)).reading(1_000, 0)
    log.reading(500, 0, arrival=1_001).reading(590, 5, arrival=1_001)
    log.reading(100, -90, arrival=1_001).reading(190, -80, arrival=1_001).reading(200, -80, arrival=1_001)
    assert log.tick(1_001 + REST_MS).told() == ["retro on 190"]


def test_the_steps_of_a_rule_share_what_it_remembers_and_it_is_forgotten_with_the_rule():
    records = [Enforce(seq, DAWN, Rule(seq + 1, (1, 2), rising(1, 2, 3))) for seq in range(20)]
    records.append(batch(20, DAWN + 1_000, [(1, DAWN + 5, 1.0), (2, DAWN + 5, 1.0), (1, DAWN + 1, 1.0)]))
    state = evaluate(new_state(), records)[0]
    (table,) = [table for kind, table in state.tables.items() if kind is Rate]
    assert (table.live.used, table.late.used) == (40, 20)
    records = [Retire(seq, DAWN + 1_000, seq - 20) for seq in range(21, 40)]
    state = evaluate(state, [*records, batch(40, DAWN + 1_000, [(1, DAWN + 6, 1.0)])])[0]
    assert (table.live.used, table.late.used) == (2, 1)
    assert dump(load(dump(state))) == dump(state)
