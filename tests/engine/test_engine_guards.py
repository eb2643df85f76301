"""Schedules and inhibitors. Worked by hand; times are ms after DAWN, a Sunday 00:00 in Beijing."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from anlan.engine import Crossings, Implausible, Inhibit, Schedule, Silence, Stuck, dump, evaluate, load, new_state
from anlan.engine.arrays import NEVER
from anlan.engine.guards import next_edge, open_at
from tests.engine.making import DAWN, Log, bare, high, low

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WORK = Schedule(days=(0, 1, 2, 3, 4), begin=8 * 60, end=18 * 60)
NIGHT = Schedule(days=(5, 6), begin=22 * 60, end=6 * 60)


@pytest.mark.parametrize(
    ("schedule", "moment", "opens", "then"),
    [
        (WORK, 0, False, DAY + 8 * HOUR),  # Sunday midnight, until Monday 08:00
        (WORK, DAY + 8 * HOUR - 1, False, DAY + 8 * HOUR),
        (WORK, DAY + 8 * HOUR, True, DAY + 18 * HOUR),
        (WORK, DAY + 18 * HOUR, False, 2 * DAY + 8 * HOUR),
        (WORK, 5 * DAY + 18 * HOUR, False, 8 * DAY + 8 * HOUR),  # Friday evening, until Monday
        (NIGHT, 0, True, 6 * HOUR),  # Saturday's night lasts into Sunday
        (NIGHT, 23 * HOUR, True, DAY + 6 * HOUR),  # Sunday's into Monday
        (NIGHT, DAY + 23 * HOUR, False, 6 * DAY + 22 * HOUR),
        (Schedule(days=tuple(range(7))), 5 * HOUR, True, NEVER - DAWN),
        (Schedule(days=(6, 0)), 5 * HOUR, True, 2 * DAY),
        (Schedule(days=tuple(range(7)), begin=480, end=480), 5 * HOUR, True, NEVER - DAWN),
    ],
)
def test_a_window_belongs_to_the_day_on_which_it_begins(schedule, moment, opens, then):
    assert open_at(schedule, DAWN + moment) is opens
    assert next_edge(schedule, DAWN + moment) == DAWN + then


def test_windows_agree_with_the_calendar_minute_by_minute():
    schedule = Schedule(days=(1, 6), begin=23 * 60 + 58, end=3, zone_ms=-12_345_678)
    for minute in range(8 * 1_440):
        t = DAWN + minute * MINUTE
        local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=t + schedule.zone_ms)
        of_day = local.hour * 60 + local.minute
        evening = local.weekday() in (1, 6) and of_day >= 23 * 60 + 58
        morning = (local.weekday() - 1) % 7 in (1, 6) and of_day < 3
        assert open_at(schedule, t) == (evening or morning)


def scheduled(condition, schedule=WORK) -> Log:
    return Log().rule(condition, schedule=schedule)


EIGHT, SIX = DAY + 8 * HOUR, DAY + 18 * HOUR


def test_what_is_over_its_limit_when_the_window_opens_raises_after_its_on_delay_counted_from_there():
    log = scheduled(high(50, on=10)).reading(0, 60).reading(EIGHT - 5, 61).reading(EIGHT + 9, 62)
    assert log.told() == []
    assert log.reading(EIGHT + 10, 63).told() == [f"on {EIGHT + 10}"]
    assert next(iter(log.output().transitions)).value == 60


def test_what_is_on_goes_off_when_the_window_closes_shown_by_the_next_row_or_tick():
    log = scheduled(high(50, off=1_000_000)).reading(EIGHT + 5, 60).reading(SIX - 1, 60)
    assert log.told() == [f"on {EIGHT + 5}"]
    assert log.tick(SIX).told() == [f"on {EIGHT + 5}", f"off {SIX}"]
    assert math.isnan(list(log.output().transitions)[1].value)
    log = scheduled(high(50)).reading(EIGHT + 5, 60).reading(SIX + 70, 70)
    assert log.told() == [f"on {EIGHT + 5}", f"off {SIX}"]


def test_a_night_without_the_window_raises_nothing_and_the_morning_does_again():
    log = scheduled(high(50)).reading(EIGHT, 60).reading(SIX, 60).reading(SIX + HOUR, 40).reading(SIX + 2 * HOUR, 60)
    log.reading(EIGHT + DAY + 7, 60)
    assert log.told() == [f"on {EIGHT}", f"off {SIX}", f"on {EIGHT + DAY}"]


def test_an_on_delay_that_ends_when_the_window_closes_is_told_and_taken_back():
    log = scheduled(high(50, on=10)).reading(SIX - 10, 60).reading(SIX, 60)
    assert log.told() == [f"on {SIX}", f"off {SIX + 1}"]


def test_silence_that_lasts_into_the_window_raises_at_its_beginning():
    log = scheduled(Silence(HOUR, 3)).reading(0, 1).tick(EIGHT - 1)
    assert log.told() == []
    assert log.tick(EIGHT).reading(EIGHT + 50, 1).told() == [f"on {EIGHT}", f"off {EIGHT + 50}"]


def test_a_late_reading_raises_nothing_under_a_schedule():
    log = scheduled(high(50)).reading(EIGHT + 1_000, 1).reading(EIGHT + 100, 60, arrival=EIGHT + 1_001)
    assert log.tick(EIGHT + HOUR).told() == []


def test_a_retired_rule_under_a_schedule_keeps_what_is_on_until_it_clears_or_the_window_closes():
    log = scheduled(high(50)).reading(EIGHT, 60).retire(1, EIGHT + 10).reading(EIGHT + 20, 40).reading(EIGHT + 30, 60)
    assert log.told() == [f"on {EIGHT}", f"off {EIGHT + 20}"]
    log = scheduled(high(50)).reading(EIGHT, 60).retire(1, EIGHT + 10).reading(SIX, 60).reading(EIGHT + DAY, 60)
    assert log.told() == [f"on {EIGHT}", f"off {SIX}"]


#: A pump that stands still: its low flow is no news.
STOPPED = Inhibit(version=1, point=10)


def plant(**given) -> Log:
    log = Log().rule(low(0.5), version=1, points=(10,))
    return log.rule(low(5, deadband=1, on=20), version=2, points=(1,), inhibits=(STOPPED,), **given)


def of_flow(log) -> list[str]:
    return [("on " if one.on else "off ") + str(one.t - DAWN) for one in log.output().transitions if one.rule == 2]


def test_low_flow_of_a_plant_that_is_shut_down_is_no_alarm():
    log = plant().reading(0, 1, point=10).reading(0, 9).reading(100, 0, point=10).reading(110, 3).reading(200, 0)
    assert of_flow(log.tick(10_000)) == []


def test_low_flow_that_outlasts_the_shutdown_raises_after_its_delay_from_the_start_of_the_pump():
    log = plant().reading(100, 0, point=10).reading(110, 3).reading(500, 1, point=10).reading(515, 3)
    assert of_flow(log) == []
    assert of_flow(log.reading(520, 3)) == ["on 520"]
    assert [one.value for one in log.output().transitions if one.rule == 2] == [3]


def test_flow_that_comes_back_with_the_pump_raises_nothing():
    log = plant().reading(100, 0, point=10).reading(110, 3).reading(500, 1, point=10).reading(515, 9).tick(9_999)
    assert of_flow(log) == []


def test_a_shutdown_takes_back_the_low_flow_alarm_that_is_on():
    log = plant().reading(0, 3).reading(30, 3).reading(100, 0, point=10)
    assert of_flow(log) == ["on 20", "off 100"]
    # The flow's clock is ahead of the pump's: what is told does not go back in time.
    log = plant().reading(0, 3).reading(130, 3).reading(10, 0, point=10, arrival=131)
    assert of_flow(log) == ["on 20", "off 21"]


def test_an_inhibitor_that_is_on_before_the_rule_counts():
    log = Log().rule(low(0.5), version=1, points=(10,)).reading(0, 0, point=10)
    log.rule(low(5), version=2, inhibits=(STOPPED,), arrival=1).reading(10, 3)
    assert of_flow(log) == []
    assert of_flow(log.reading(20, 1, point=10).reading(21, 3)) == ["on 20"]


def test_only_outputs_as_severe_as_asked_for_inhibit():
    log = Log().rule(high(50, 90), version=1, points=(10,))
    log.rule(high(5), version=2, inhibits=(Inhibit(version=1, point=10, severity=1),))
    log.reading(0, 60, point=10).reading(1, 6)
    assert of_flow(log) == ["on 1"]
    assert of_flow(log.reading(2, 95, point=10)) == ["on 1", "off 2"]


def test_two_inhibitors_hold_until_both_have_ended():
    log = Log().rule(low(0.5), version=1, points=(10,)).rule(high(50), version=3, points=(11,))
    log.rule(high(5), version=2, inhibits=(STOPPED, Inhibit(version=3, point=11)))
    log.reading(0, 0, point=10).reading(1, 60, point=11).reading(5, 9).reading(10, 1, point=10).reading(15, 9)
    assert of_flow(log) == []
    assert of_flow(log.reading(20, 0, point=11).reading(25, 9)) == ["on 20"]


def test_an_inhibited_alarm_inhibits_nobody():
    log = plant().rule(high(50), version=3, points=(7,), inhibits=(Inhibit(version=2, point=1),))
    log.reading(0, 0, point=10).reading(1, 3).reading(30, 3).reading(31, 60, point=7)
    assert [(one.rule, one.on) for one in log.output().transitions] == [(1, True), (3, True)]


def test_the_order_inside_a_batch_is_that_of_its_rows():
    first = plant().rows(200, (1, 0, 3.0), (1, 30, 3.0), (10, 25, 0.0))
    assert of_flow(first) == ["on 20", "off 25"]
    assert of_flow(plant().rows(200, (10, 25, 0.0), (1, 0, 3.0), (1, 30, 3.0))) == []


@pytest.mark.parametrize(
    "condition",
    [high(3, 5, deadband=1, on=7, off=11), Silence(30, 2), Stuck(after_ms=20, severity=3, within=1.0),
     Implausible(severity=2, high=5.0, jump=4.0, on_ms=5, off_ms=5)],
)  # fmt: skip
def test_a_window_that_always_stands_open_and_an_inhibitor_that_never_comes_change_nothing(condition):
    def log(**given):
        made = Log().rule(condition, **given)
        for number in range(60):
            made.reading(number * 5 + 40 * (number // 20), number * 7 % 9 if number % 25 > 12 else 4.0)
        return made.tick(1_000).output().transitions

    open_always = log(schedule=Schedule(days=tuple(range(7))))
    assert bare(open_always) == bare(log(inhibits=(Inhibit(version=9, point=9),))) == bare(log()) != []


def test_a_restart_at_any_record_changes_nothing():
    log = plant(schedule=Schedule(days=tuple(range(7)), zone_ms=28_800_000 - 400, begin=0, end=1_439))
    log.rule(Crossings(limit=3.0, span_ms=100, count=2, severity=2), version=3, inhibits=(STOPPED,))
    for number in range(80):
        log.reading(number * 9, number % 17 / 14, point=10).reading(number * 9 + 4, 2 + number % 5)
    state, told = new_state(), []
    for record in log.records:
        state, output = evaluate(load(dump(state)), [record])
        told += output.transitions
    assert {one.rule for one in told} == {1, 2, 3}
    assert bare(told) == bare(log.output().transitions)


def test_a_rule_that_inhibits_itself_is_refused():
    with pytest.raises(ValueError, match="cannot inhibit itself"):
        Log().rule(high(50), version=3, inhibits=(Inhibit(version=3, point=1),))
