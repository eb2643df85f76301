"""Deviation from a rule curve and from another point. Worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from anlan.engine import Deviation, LevelStep, YearPoint, dump, evaluate, load, new_state
from anlan.engine.deviation import reference
from tests.engine.making import Log, bare, batch

BEIJING = timezone(timedelta(hours=8))
#: Flood limit level of a reservoir: 150 m in the dry season, 145 m from 15 April, back over October.
CURVE = (YearPoint(4, 15, 145.0), YearPoint(10, 1, 148.0), YearPoint(11, 1, 150.0))


def at(year, month, day, hour=0, minute=0, *, zone=BEIJING) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=zone).timestamp() * 1_000)


def of(curve, moment, *, linear=False, zone_ms=28_800_000) -> float:
    return float(reference(curve, np.array([moment]), linear=linear, zone_ms=zone_ms)[0])


@pytest.mark.parametrize(
    ("moment", "limit"),
    [
        (at(2026, 4, 14, 23, 59), 150.0), (at(2026, 4, 15), 145.0), (at(2026, 9, 30, 23, 59), 145.0),
        (at(2026, 10, 1), 148.0), (at(2026, 11, 1), 150.0), (at(2026, 12, 31, 23, 59), 150.0),
        (at(2027, 1, 1), 150.0), (at(2027, 3, 1), 150.0), (at(1970, 1, 1, 9), 150.0),
    ],
)  # fmt: skip
def test_each_date_holds_until_the_next_and_the_last_one_over_new_year(moment, limit):
    assert of(CURVE, moment) == limit


def test_the_days_are_those_of_the_zone():
    midnight = at(2026, 4, 15)
    assert (of(CURVE, midnight), of(CURVE, midnight, zone_ms=0)) == (145.0, 150.0)


def test_on_a_line_the_limit_moves_every_moment_and_over_new_year_too():
    curve = (YearPoint(1, 11, 100.0), YearPoint(12, 22, 120.0))
    # 22 December to 11 January are 20 days: 120 down to 100, 1 a day.
    assert of(curve, at(2026, 12, 22), linear=True) == 120.0
    assert of(curve, at(2026, 12, 31), linear=True) == 111.0
    assert of(curve, at(2027, 1, 1, 12), linear=True) == 109.5
    assert of(curve, at(2027, 1, 11), linear=True) == 100.0


def test_29_february_is_1_march_in_years_without_it():
    curve = (YearPoint(1, 1, 0.0), YearPoint(2, 29, 5.0))
    assert (of(curve, at(2027, 2, 28, 23)), of(curve, at(2027, 3, 1))) == (0.0, 5.0)
    assert (of(curve, at(2028, 2, 28, 23)), of(curve, at(2028, 2, 29))) == (0.0, 5.0)
    both = (*curve, YearPoint(3, 1, 7.0))
    assert of(both, at(2027, 3, 1)) == 7.0
    assert of(both, at(2027, 3, 1), linear=True) == 7.0


def test_a_curve_agrees_with_the_calendar_on_every_day_of_six_years():
    curve = (YearPoint(2, 29, 1.0), YearPoint(6, 30, 2.0), YearPoint(12, 31, 3.0))
    day = datetime(2023, 1, 1, tzinfo=UTC)
    while day.year < 2029:
        key = (day.month, day.day)
        limit = 3.0 if key < (2, 29) or key >= (12, 31) else 1.0 if key < (6, 30) else 2.0
        assert of(curve, int(day.timestamp() * 1_000), zone_ms=0) == limit
        day += timedelta(days=1)


def told_at(log, *readings) -> list[tuple]:
    records = [*log.records, *(batch(100 + number, t, [(1, t, value)]) for number, (t, value) in enumerate(readings))]
    return [(one.on, one.t, round(one.value, 6)) for one in evaluate(new_state(), records)[1].transitions]


def test_a_level_that_is_allowed_in_winter_is_an_alarm_from_the_first_day_of_the_flood_season():
    rule = Deviation((LevelStep(3, 0.0), LevelStep(2, 2.0)), deadband=0.5, curve=CURVE)
    log = Log().rule(rule, arrival=at(2026, 4, 1) - 1_795_276_800_000)
    found = told_at(log, (at(2026, 4, 14, 23), 146.0), (at(2026, 4, 15, 1), 146.0), (at(2026, 5, 1), 147.0),
                    (at(2026, 10, 1, 1), 147.0))  # fmt: skip
    assert found == [
        (True, at(2026, 4, 15, 1), 1.0), (True, at(2026, 5, 1), 2.0),
        (False, at(2026, 10, 1, 1), -1.0), (False, at(2026, 10, 1, 1), -1.0),
    ]  # fmt: skip


def test_a_late_reading_over_the_curve_is_a_retrospective_alarm():
    rule = Deviation((LevelStep(3, 0.0),), curve=(YearPoint(1, 1, 10.0),))
    log = (
        Log().rule(rule).reading(0, 5).reading(1_000, 5).reading(100, 12, arrival=1_001).reading(200, 3, arrival=1_002)
    )
    assert log.tick(60_000).told() == ["retro on 100", "retro off 200"]


BASIN = Deviation((LevelStep(2, 3.0),), deadband=1.0, other=2, stale_ms=1_000)


def test_two_gauges_are_compared_at_each_reading_of_the_first():
    log = (
        Log().rule(BASIN).reading(0, 10, point=2).reading(1, 12).reading(2, 13).reading(3, 9, point=2).reading(4, 11.5)
    )
    assert log.told() == ["on 2"]
    assert log.reading(5, 10.9).told() == ["on 2", "off 5"]
    assert [round(one.value, 6) for one in log.output().transitions] == [3.0, 1.9]


def test_without_a_fresh_value_of_the_other_gauge_there_is_no_signal():
    assert Log().rule(BASIN).reading(0, 50).reading(10, 10, point=2).reading(1_010, 50).told() == []
    assert Log().rule(BASIN).reading(10, 10, point=2).reading(1_009, 50).told() == ["on 1009"]


def test_the_other_gauge_may_have_a_wrong_clock():
    """Its value is as old as it has been known, not as its clock says."""
    log = Log().rule(BASIN).reading(-3_600_000, 10, point=2, arrival=0).reading(5, 14)
    assert log.told() == ["on 5"]


@pytest.mark.parametrize("rule", [BASIN, Deviation((LevelStep(3, 0.0),), curve=CURVE[:1], linear=True)])
def test_a_restart_at_any_record_changes_nothing(rule):
    log = Log().rule(rule)
    for t in range(0, 200, 10):
        log.reading(t, 141 + t % 70 / 10, point=2).reading(t + 5, 141 + t % 30, arrival=t + 5)
    state, told = new_state(), []
    for record in log.records:
        state, output = evaluate(load(dump(state)), [record])
        told += output.transitions
    assert bare(told) == bare(log.output().transitions) != []
