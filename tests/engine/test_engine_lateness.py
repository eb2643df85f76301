"""Order, repeats, holds and the retrospective lane, worked by hand; times are ms after DAWN."""

from __future__ import annotations

import math

import pytest

from anlan.engine import FUTURE_MS, REST_MS, Declare, Silence
from tests.engine.making import DAWN, SECOND, Log, high

PAUSE = REST_MS + 1


def reasons(log: Log) -> list[tuple[int, int, str]]:
    return [(one.seq, one.row, one.reason) for one in log.output().set_aside]


# Rows that are not evaluated.


def test_a_reading_five_minutes_ahead_is_believed_and_one_further_ahead_is_set_aside():
    log = Log().rule(high(50)).rows(0, (1, FUTURE_MS, 60.0), (2, FUTURE_MS + 1, 60.0))
    assert reasons(log) == [(1, 1, "future")]
    assert log.output().kept.point.tolist() == [1]
    assert log.told() == [f"on {FUTURE_MS}"]


def test_a_reading_set_aside_as_future_makes_no_other_reading_late():
    log = Log().rule(high(50)).reading(10 * FUTURE_MS, 60, arrival=0).reading(5, 60)
    assert log.told() == ["on 5"]


def test_impossible_times_and_point_numbers_are_set_aside_with_their_row():
    log = Log().rows(0, (1, -DAWN - 1, 1.0), (-1, 0, 2.0), (1 << 24, 0, 3.0), (3, 0, 4.0))
    assert reasons(log) == [(0, 0, "before 1970"), (0, 1, "point"), (0, 2, "point")]
    assert log.output().set_aside[2].value == 3.0
    assert log.output().kept.point.tolist() == [3]


def test_the_same_reading_again_is_dropped_and_counted():
    """R2, inside the engine."""
    log = Log().rows(0, (1, 0, 1.0), (1, 0, 1.0)).reading(0, 1.0, arrival=5)
    assert log.output().duplicates == 2
    assert log.output().kept.t.size == 1
    assert log.output().set_aside == []


@pytest.mark.parametrize(("first", "second"), [(1.0, 2.0), (math.nan, 2.0), (1.0, math.nan)])
def test_another_value_for_a_reading_that_is_there_is_set_aside_and_the_first_holds(first, second):
    log = Log().rows(0, (1, 0, first), (1, 5, 0.0), (1, 0, second))
    assert reasons(log) == [(0, 2, "conflict")]
    assert log.output().kept.t.size == 2


def test_a_late_reading_sent_again_is_a_repeat_and_with_another_value_a_conflict():
    log = Log().reading(100, 1).rows(200, (1, 50, 1.0), (1, 50, 1.0), (1, 50, 2.0)).reading(50, 1.0, arrival=300)
    output = log.output()
    assert (output.late, output.duplicates) == (1, 2)
    assert reasons(log) == [(1, 2, "conflict")]
    assert sorted(zip((output.kept.t - DAWN).tolist(), output.kept.late.tolist(), strict=True)) == [
        (50, True),
        (100, False),
    ]


def test_one_device_ahead_of_time_makes_no_other_late():
    log = Log().rule(high(50), points=(1, 2)).reading(200_000, 0, point=2, arrival=0).reading(5, 60)
    assert log.told() == ["on 5"]
    assert log.output().late == 0


def test_lateness_is_decided_row_by_row_not_batch_by_batch():
    whole = Log().rule(high(50)).rows(20, (1, 10, 0.0), (1, 5, 60.0), (1, 11, 60.0), (1, 7, 0.0), (1, 12, 0.0))
    parts = Log().rule(high(50))
    for row in ((1, 10, 0.0), (1, 5, 60.0), (1, 11, 60.0), (1, 7, 0.0), (1, 12, 0.0)):
        parts.rows(20, row)
    assert whole.told() == ["retro on 5", "retro off 7", "on 11", "off 12"]
    assert sorted(parts.told()) == sorted(whole.told())


# Holds.


def test_rows_of_a_declared_source_are_put_in_order_before_they_are_judged():
    log = Log().rule(high(50, on=10)).hold(100)
    log.reading(20, 60, arrival=20).reading(0, 60, arrival=30).reading(10, 0, arrival=40).tick(200).tick(1_000)
    assert log.told() == ["on 10", "off 10", "on 30"]
    assert log.output().late == 0


def test_a_row_is_held_for_its_time_and_no_longer():
    log = Log().rule(high(50)).hold(100).reading(0, 60, arrival=0).tick(100)
    assert log.told() == []
    assert log.output().kept.t.size == 0
    log.tick(101)
    assert log.told() == ["on 0"]
    assert log.output().kept.t.size == 1


def test_a_row_later_than_declared_is_late():
    log = (
        Log().rule(high(50)).hold(100).reading(20, 0, arrival=0).reading(5, 60, arrival=101).tick(500).tick(500 + PAUSE)
    )
    assert log.told() == ["retro on 5"]


def test_a_row_that_comes_exactly_as_late_as_declared_is_in_order():
    log = Log().rule(high(50)).hold(100).reading(20, 0, arrival=0).reading(5, 60, arrival=100).tick(500)
    assert log.told() == ["on 5", "off 20"]


def test_what_is_due_lets_only_older_rows_go():
    log = Log().rule(high(50)).hold(100).reading(30, 0, arrival=0).reading(50, 0, arrival=10)
    log.reading(40, 60, arrival=110).tick(500)
    assert log.told() == ["on 40", "off 50"]


def test_of_two_held_rows_for_one_moment_the_first_in_the_log_holds():
    log = Log().hold(100).reading(5, 1.0, arrival=0).reading(5, 2.0, arrival=1).tick(500)
    assert log.output().kept.value.tolist() == [1.0]
    assert reasons(log) == [(2, 0, "conflict")]


def test_a_declaration_taken_back_lets_the_held_rows_go_in_order():
    log = Log().rule(high(50)).hold(100).reading(5, 0, arrival=5).reading(3, 60, arrival=6).hold(0, arrival=7)
    assert log.told() == ["on 3", "off 5"]
    assert log.reading(8, 60).told() == ["on 3", "off 5", "on 8"]


def test_a_hold_of_one_point_holds_no_other():
    assert Log().rule(high(50), points=(1, 2)).hold(100, points=(2,)).reading(0, 60).told() == ["on 0"]


def test_a_negative_hold_is_refused():
    with pytest.raises(ValueError, match="hold"):
        Declare(0, 0, [1], -1)


# The retrospective lane.


def test_a_late_exceedance_becomes_a_retrospective_alarm_and_leaves_the_live_lane_alone():
    """W1: what arrives late is listed, not rung."""
    log = Log().rule(high(50)).reading(100, 0).reading(50, 60, arrival=110).reading(60, 0, arrival=111).reading(200, 60)
    assert log.told() == ["retro on 50", "retro off 60", "on 200"]


def test_late_rows_have_the_on_delay_too():
    log = Log().rule(high(50, on=20)).reading(1_000, 0)
    log.reading(0, 60, arrival=1_001).reading(10, 0, arrival=1_002)
    log.reading(30, 60, arrival=1_003).reading(50, 60, arrival=1_004)
    assert log.told() == ["retro on 50"]


def test_the_last_late_value_is_held_until_the_next_newer_reading_once_the_backlog_rests():
    """W1: the retrospective alarm is there within 60 s."""
    log = Log().rule(high(50, on=20)).reading(100, 0).reading(50, 60, arrival=110)
    assert log.tick(110 + REST_MS - 1).told() == []
    assert log.tick(110 + REST_MS).told() == ["retro on 70"]
    assert REST_MS <= 60 * SECOND


def test_a_late_value_is_not_held_past_a_newer_reading():
    log = Log().rule(high(50, on=20)).reading(40, 0).reading(55, 0).reading(100, 0).reading(50, 60, arrival=110)
    assert log.tick(110 + PAUSE).told() == []


def test_two_late_rows_with_a_reading_between_them_are_two_runs():
    log = Log().rule(high(50, on=20)).reading(10, 0).reading(55, 0).reading(100, 0)
    log.reading(50, 60, arrival=110).reading(90, 60, arrival=111).tick(PAUSE + 111)
    assert log.told() == []


def test_a_late_row_older_than_the_last_late_row_begins_anew():
    log = Log().rule(high(50, on=20)).reading(1_000, 0)
    log.reading(500, 60, arrival=1_001).reading(100, 60, arrival=1_002).reading(130, 60, arrival=1_003)
    # The first run was held to its bound when the second began.
    assert log.told() == ["retro on 520", "retro on 120"]


def test_nothing_is_raised_in_retrospect_where_the_live_alarm_was_on():
    log = Log().rule(high(50)).reading(100, 60).reading(200, 0)
    log.reading(150, 70, arrival=210).reading(160, 0, arrival=211).tick(211 + PAUSE)
    assert log.told() == ["on 100", "off 200"]
    assert log.output().late == 2


def test_alarms_that_come_after_a_late_row_do_not_push_the_one_over_it_out_of_memory():
    log = Log().rule(high(50)).reading(0, 60).reading(10, 0)
    chatter = [(1, 20 + step, 60.0 if step % 2 else 0.0) for step in range(20)]
    together = log.rows(100, (1, 5, 70.0), *chatter).told()
    assert not any(told.startswith("retro") for told in together)


def test_of_many_live_alarms_the_last_eight_are_remembered():
    log = Log().rule(high(50))
    for step in range(9):
        log.reading(step * 10, 60).reading(step * 10 + 5, 0)
    log.reading(12, 70, arrival=200).reading(2, 70, arrival=201)
    assert [told for told in log.told() if told.startswith("retro")] == ["retro on 2"]


def test_the_moment_the_live_alarm_ended_is_not_covered_by_it():
    log = Log().rule(high(50, off=10)).reading(100, 60).reading(200, 0).reading(300, 0)
    log.reading(210, 70, arrival=310).tick(310 + PAUSE)
    assert log.told() == ["on 100", "off 210", "retro on 210"]


def test_a_covered_step_does_not_hide_the_step_above_it():
    log = Log().rule(high(25, 50)).reading(100, 30).reading(200, 30).reading(150, 60, arrival=210)
    assert log.told() == ["on 100 step 0", "retro on 150 step 1"]


def test_a_whole_stream_sent_twice_tells_nothing_new():
    log = Log().rule(high(50, deadband=5, on=15, off=25)).rule(Silence(1_000, 4), version=2)
    rows = [(t, 60 if 200 <= t < 400 or t in (500, 510) else 10) for t in range(0, 800, 10)]
    for t, value in rows:
        log.reading(t, value)
    once = log.told()
    for t, value in rows:
        log.reading(t, value, arrival=900)
    assert once == ["on 215", "off 425", "on 515", "off 545"]
    assert log.tick(900 + PAUSE).told() == [*once, "on 1790"]


def test_a_backlog_beside_live_readings_is_judged_as_one_run():
    """R5: the gateway was away from 100 to 1000; live readings go on while the backlog comes, oldest first."""
    log = Log().rule(high(50, on=25)).reading(100, 0)
    for step in range(89):
        log.reading(1_000 + step * 10, 0)
        log.reading(110 + step * 10, 60 if 300 <= 110 + step * 10 < 600 else 0, arrival=1_000 + step * 10)
    assert log.told() == ["retro on 325", "retro off 600"]


def test_an_exceedance_that_stays_to_the_end_of_the_backlog_is_told_after_it_rests():
    log = Log().rule(high(50, on=100)).reading(0, 0).reading(1_000, 0)
    log.reading(900, 60, arrival=1_001).reading(950, 60, arrival=1_002).tick(1_002 + PAUSE)
    assert log.told() == ["retro on 1000"]


def test_a_late_row_without_value_raises_nothing_and_is_kept():
    log = Log().rule(high(50)).reading(100, 0).rows(110, (1, 50, 60.0, 2), (1, 60, math.nan))
    output = log.output()
    assert len(output.transitions) == 0
    assert output.kept.late.tolist().count(True) == 2


def test_retrospect_under_a_retired_rule_raises_nothing():
    log = Log().rule(high(50)).reading(100, 0).retire(1, arrival=101).reading(50, 60, arrival=110)
    assert log.tick(110 + PAUSE).told() == []
