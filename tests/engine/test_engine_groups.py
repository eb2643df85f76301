"""Conditions of several points. Worked by hand; times are ms after DAWN, the anchor is point 90."""

from __future__ import annotations

import math

import pytest

from anlan.engine import (
    BAD,
    Batch,
    Inhibit,
    Level,
    LevelStep,
    Member,
    Rung,
    Together,
    Vote,
    dump,
    evaluate,
    load,
    new_state,
    owner,
)
from tests.engine.making import DAWN, Log, bare, high

ANCHOR = 90


def told(log, rule=9) -> list[str]:
    return [f"{'on' if one.on else 'off'} {one.t - DAWN} {one.severity}" for one in log.output().transitions
            if one.rule == rule]  # fmt: skip


def together(need, *, stale=1_000, on=0, off=0) -> Log:
    members = tuple(Member(point=point, limit=10.0, deadband=2.0, stale_ms=stale) for point in (1, 2, 3))
    condition = Together(members=members, need=need, severity=2, on_ms=on, off_ms=off)
    return Log().rule(condition, version=9, points=(ANCHOR,))


def test_any_of_raises_with_the_first_and_clears_with_the_last():
    log = together(1).reading(0, 11, point=1).reading(5, 11, point=2).reading(9, 7, point=1).reading(12, 7.9, point=2)
    assert told(log) == ["on 0 2", "off 12 2"]
    assert [one.value for one in log.output().transitions] == [11, 7.9]
    assert all(one.point == ANCHOR for one in log.output().transitions)


def test_all_of_needs_every_member_and_a_member_keeps_its_latch_within_the_dead_band():
    log = together(3).reading(0, 10, point=1).reading(5, 8, point=1).reading(10, 10, point=2)
    assert told(log) == []
    assert told(log.reading(20, 10, point=3)) == ["on 20 2"]
    assert told(log.reading(30, 7.9, point=1)) == ["on 20 2", "off 30 2"]


def test_two_of_three_with_delays_counted_on_the_clock_of_the_anchor():
    log = together(2, on=20, off=10).reading(0, 11, point=1).reading(5, 11, point=2).reading(24, 11, point=1)
    assert told(log) == []
    assert told(log.tick(25)) == ["on 25 2"]
    assert told(log.reading(30, 0, point=1).reading(39, 0, point=3)) == ["on 25 2"]
    assert told(log.reading(40, 0, point=3)) == ["on 25 2", "off 40 2"]


def test_a_value_that_is_too_old_is_unknown_and_unknown_is_not_holding():
    log = together(2, stale=100).reading(0, 11, point=1).reading(50, 11, point=2)
    assert told(log) == ["on 50 2"]
    assert told(log.tick(99)) == ["on 50 2"]
    assert told(log.tick(100)) == ["on 50 2", "off 100 2"]
    assert math.isnan(list(log.output().transitions)[1].value)
    # Shown by a row of another member just as well, and a value that is no value keeps nothing fresh.
    log = together(2, stale=100).reading(0, 11, point=1).reading(50, 11, point=2).reading(60, 11, point=1, quality=BAD)
    assert told(log.reading(120, 0, point=3)) == ["on 50 2", "off 100 2"]


def test_one_fast_clock_makes_nobody_look_old():
    """Trap of the prototypes: one device with a fast clock silenced a county."""
    log = together(2, stale=1_000)
    for t in range(0, 3_000, 500):
        log.reading(t + 240_000, 0, point=3, arrival=t).reading(t, 11, point=1).reading(t, 11, point=2)
    assert [line.split()[0] for line in told(log)] == ["on"]


def test_what_one_backlog_says_of_the_past_is_not_held_together_with_the_present():
    log = together(2, on=600).reading(3_600, 11, point=1)
    log.reading(0, 11, point=2, arrival=3_601).reading(2_000, 0, point=2, arrival=3_602).reading(3_610, 11, point=1)
    assert told(log.tick(100_000)) == []


def test_late_rows_of_a_member_change_nothing():
    log = together(1).reading(100, 0).reading(50, 20, arrival=101)
    assert told(log.tick(60_000)) == []


def test_held_rows_are_taken_when_they_are_released_in_the_order_in_which_they_fall_due():
    """Whether one record releases them or two."""

    def log(*ticks):
        made = together(2).hold(50, points=(1, 2))
        made.reading(20, 11, point=1, arrival=20).reading(10, 11, point=2, arrival=21).reading(
            15, 0, point=2, arrival=22
        )
        for tick in ticks:
            made.tick(tick)
        return told(made.tick(500))

    assert log() == log(71, 72, 73) == log(72) == ["on 20 2", "off 21 2"]


LADDER = Level(tuple(LevelStep(severity, float(10 * (5 - severity))) for severity in (4, 3, 2, 1)), off_ms=0)
#: GB 39496-2020 5.5.4: of one item, 4 blue points are yellow, 3 yellow ones orange, 2 orange ones red.
GB39496 = Vote(
    members=(1, 2, 3, 4, 5),
    rungs=(Rung(count=4, of=4, severity=3), Rung(count=3, of=3, severity=2), Rung(count=2, of=2, severity=1)),
)
BLUE, YELLOW, ORANGE, RED, CALM = 11, 21, 31, 41, 1


def pond(vote=GB39496) -> Log:
    return Log().rule(LADDER, version=1, points=(1, 2, 3, 4, 5)).rule(vote, version=9, points=(ANCHOR,))


def test_four_blue_points_make_the_item_yellow_and_three_do_not():
    log = pond().rows(0, (1, 0, BLUE), (2, 0, BLUE), (3, 0, BLUE), (5, 0, CALM))
    assert told(log) == []
    assert told(log.reading(7, BLUE, point=4)) == ["on 7 3"]
    assert told(log.reading(9, CALM, point=1)) == ["on 7 3", "off 9 3"]


def test_three_yellow_points_make_the_item_orange_and_two_orange_ones_red():
    log = pond().rows(0, (1, 0, YELLOW), (2, 0, YELLOW))
    assert told(log) == []
    assert told(log.reading(5, YELLOW, point=3)) == ["on 5 2"]
    assert told(log.reading(6, ORANGE, point=1)) == ["on 5 2"]
    assert told(log.reading(7, ORANGE, point=2)) == ["on 5 2", "on 7 1"]
    # A fourth point in any colour is the fourth at least blue.
    assert told(log.reading(8, RED, point=4)) == ["on 5 2", "on 7 1", "on 8 3"]
    log.rows(9, (1, 9, CALM), (2, 9, CALM))
    assert sorted(told(log)[3:]) == ["off 9 1", "off 9 2", "off 9 3"]


def test_a_red_point_counts_as_orange_yellow_and_blue_too():
    assert told(pond().rows(0, (1, 0, RED), (2, 0, ORANGE))) == ["on 0 1"]


def test_alarms_that_were_on_before_the_vote_count():
    log = Log().rule(LADDER, version=1, points=(1, 2, 3, 4, 5)).rows(0, *((point, 0, BLUE) for point in (1, 2, 3, 4)))
    log.rule(GB39496, version=9, points=(ANCHOR,), arrival=50)
    assert told(log.tick(51)) == ["on 50 3"]


def test_a_vote_looks_at_alarms_with_their_delays_and_has_delays_of_its_own():
    slow = high(10, on=30, off=30)
    vote = Vote(members=(1, 2), rungs=(Rung(count=2, of=1, severity=1),), on_ms=5, off_ms=5)
    log = Log().rule(slow, version=1, points=(1, 2)).rule(vote, version=9, points=(ANCHOR,))
    log.reading(0, 11, point=1).reading(10, 11, point=2)
    assert told(log.tick(44)) == []
    assert told(log.tick(45)) == ["on 45 1"]
    log.reading(50, 0, point=1).tick(84)
    assert told(log) == ["on 45 1"]
    assert told(log.tick(85)) == ["on 45 1", "off 85 1"]


def test_a_vote_hears_nothing_of_what_an_inhibitor_holds_down():
    log = Log().rule(high(50), version=2, points=(8,))
    log.rule(LADDER, version=1, points=(1, 2, 3, 4), inhibits=(Inhibit(version=2, point=8),))
    log.rule(GB39496, version=9, points=(ANCHOR,)).reading(0, 60, point=8)
    log.rows(5, *((point, 5, BLUE) for point in (1, 2, 3, 4)))
    assert told(log) == []
    log.reading(10, 0, point=8).rows(20, *((point, 20, BLUE) for point in (1, 2, 3, 4)))
    # The anchor's clock is at 20 when the fourth of them is told; an alarm held down until 10 began at 10.
    assert told(log) == ["on 20 3"]
    assert {one.t - DAWN for one in log.output().transitions if one.rule == 1} == {10}


def test_a_retired_vote_ends_with_its_cause_and_never_returns():
    log = pond().rows(0, *((point, 0, BLUE) for point in (1, 2, 3, 4))).retire(9, 5).reading(6, CALM)
    assert told(log.reading(7, BLUE).reading(8, CALM).reading(9, BLUE)) == ["on 0 3", "off 6 3"]


def mixed() -> Log:
    log = pond()
    members = tuple(Member(point=point, limit=20.0, stale_ms=40) for point in (1, 3, 5))
    log.rule(Together(members=members, need=2, severity=2, on_ms=4), version=8, points=(91,),
             inhibits=(Inhibit(version=9, point=ANCHOR, severity=2),))  # fmt: skip
    for number in range(120):
        log.reading(number * 6, 5 + (number * 37 + number // 7) % 40, point=1 + number * 3 % 5)
        if number % 9 == 0:
            log.tick(number * 6 + 3)
    return log.tick(5_000)


def test_a_restart_at_any_record_changes_nothing():
    log, state, found = mixed(), new_state(), []
    for record in log.records:
        state, output = evaluate(load(dump(state)), [record])
        found += output.transitions
    assert {one.rule for one in found} == {1, 8, 9}
    assert bare(found) == bare(log.output().transitions)


@pytest.mark.parametrize("parts", [2, 3, 5])
def test_partitions_need_only_the_rows_of_what_they_own_and_watch(parts):
    log, found = mixed(), []
    for part in range(parts):
        owned = {point for point in (1, 2, 3, 4, 5, 90, 91) if owner(point, parts) == part}
        watched = {1, 2, 3, 4, 5, 90} if owned & {90, 91} else set()
        own = [record for record in log.records
               if not isinstance(record, Batch) or set(record.point.tolist()) & (owned | watched)]  # fmt: skip
        found += evaluate(new_state(part, parts, watched=watched), own)[1].transitions
    assert bare(found) == bare(log.output().transitions)


@pytest.mark.parametrize("parts", [2, 3, 5])
def test_a_partition_watches_what_a_rule_looks_at_from_the_rule_on(parts):
    members = tuple(Member(point=point, limit=10.0) for point in (1, 2, 3, 4))
    log = Log().rule(Together(members=members, need=2, severity=2), version=9, points=(ANCHOR,))
    log.rows(5, (1, 5, 11.0), (4, 6, 11.0)).reading(9, 0, point=4).reading(12, 11, point=3)
    found = [evaluate(new_state(part, parts), log.records)[1] for part in range(parts)]
    assert bare(one for output in found for one in output.transitions) == bare(log.output().transitions)
    assert told(log) == ["on 6 2", "off 9 2", "on 12 2"]
    assert sum(output.kept.t.size for output in found) == 4


def test_a_retired_rule_under_an_inhibitor_that_is_on_at_one_point_gives_no_votes_at_another():
    """Its latches at the other point are still followed by the tables."""
    vote = Vote(members=(1, 2), rungs=(Rung(count=2, of=1, severity=1),))
    log = Log().rule(high(10), version=1, points=(1, 2), inhibits=(Inhibit(version=7, point=7),))
    log.rule(vote, version=9, points=(ANCHOR,)).reading(0, 11, point=1).retire(1, 5).reading(10, 11, point=2)
    assert told(log.tick(500)) == []


def test_a_condition_may_look_at_a_thousand_points_that_nobody_has_heard_of():
    members = tuple(Member(point=point, limit=10.0) for point in range(1_000))
    log = Log().rule(high(10), version=1, points=(3,)).reading(0, 11, point=3, arrival=0)
    log.rule(Together(members=members, need=700, severity=2), version=9, points=(5_000,), arrival=1)
    log.rows(10, *((point, 5, 11.0) for point in range(699)))
    assert told(log) == []
    assert told(log.reading(20, 11, point=999)) == ["on 20 2"]
