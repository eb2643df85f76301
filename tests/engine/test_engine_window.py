"""Windows, worked by hand; times are ms after DAWN. Panes of 10 ms begin at DAWN, which is a whole number of them."""

from __future__ import annotations

import math

import pytest

from anlan.engine import REST_MS, Level, Rate, Rule, Term, Window, decode_rule, encode_rule
from tests.engine.making import Log, high, low

HOUR = 3_600_000
DAY = 24 * HOUR


def window(ladder: Level, *terms: Term) -> Window:
    return Window(ladder.steps, ladder.direction, ladder.deadband, ladder.on_ms, ladder.off_ms, terms=terms)


def term(of, panes, *, pane=10, lag=0, weight=1.0) -> Term:
    return Term(span_ms=panes * pane, pane_ms=pane, lag_ms=lag * pane, of=of, weight=weight)


def signals(log: Log) -> list[float]:
    """The values told by a rule whose limit only the last reading reaches."""
    return [one.value for one in log.output().transitions]


TWO_TERMS = window(high(5), term("sum", 3), term("mean", 2, lag=3, weight=-0.5))


@pytest.mark.parametrize("condition", [TWO_TERMS, Rate(high(5).steps, window_ms=60_000, per_ms=1_000)])
def test_a_rule_over_a_window_comes_back_from_its_bytes(condition):
    assert decode_rule(encode_rule(Rule(7, (1, 2), condition))) == Rule(7, (1, 2), condition)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (window(high(5)), "1 to 4 terms"),
        (window(high(5), *[term("sum", 1)] * 5), "1 to 4 terms"),
        (window(high(5), Term(span_ms=15, pane_ms=10)), "whole numbers of panes"),
        (window(high(5), Term(span_ms=20, pane_ms=10, lag_ms=-10)), "whole numbers of panes"),
        (window(high(5), term("sum", 700, lag=21)), "720 panes at most"),
        (window(high(5), term("median", 1)), "not 'median'"),
        (window(high(5), term("sum", 1, weight=0.0)), "other than 0"),
        (window(high(5, 4), term("sum", 1)), "must lie above"),
        (Rate(high(5).steps, window_ms=0), "window must be"),
        (Rate(high(5).steps, window_ms=1, per_ms=0), "unit of the rate"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused_in_words(condition, words):
    with pytest.raises(ValueError, match=words):
        Rule(1, (1,), condition).validate()


def test_a_sum_grows_with_each_reading_and_loses_a_pane_that_leaves():
    log = Log().rule(window(high(7), term("sum", 3)))
    log.reading(5, 1).reading(15, 2).reading(25, 3)
    assert log.told() == []
    # 29 is in the same pane as 25; at 30 the pane of 5 leaves, at 40 that of 15, at 50 that of 25 and 29.
    log.reading(29, 1).reading(30, 1).reading(40, 0).reading(50, 3)
    assert log.told() == ["on 29", "off 40"]
    assert signals(log) == [7.0, 5.0]


def test_panes_leave_with_the_next_reading_not_by_the_clock():
    log = Log().rule(window(high(5, off=20), term("sum", 1))).reading(5, 6).tick(500)
    assert log.told() == ["on 5"]
    assert log.reading(505, 0).tick(526).told() == ["on 5", "off 525"]


@pytest.mark.parametrize(
    ("of", "limit", "signal"), [("sum", 13, 13.0), ("mean", 3.2, 3.25), ("max", 6, 6.0), ("count", 4, 4.0)]
)
def test_each_function_over_three_panes(of, limit, signal):
    log = Log().rule(window(high(limit), term(of, 3)))
    log.reading(2, 0).reading(5, 4).reading(15, 3).reading(25, 6)
    assert log.told() == ["on 25"]
    assert signals(log) == [signal]


def test_a_least_value_over_three_panes():
    log = Log().rule(window(low(1), term("min", 3))).reading(2, 4).reading(5, 3).reading(15, 1).reading(30, 5)
    assert log.told() == ["on 15"]
    assert log.reading(45, 5).told() == ["on 15", "off 45"]


def test_a_lag_ends_the_span_before_the_pane_of_the_reading():
    log = Log().rule(window(high(3), term("sum", 2, lag=1))).reading(5, 3).reading(9, 1)
    assert log.told() == []
    log.reading(11, 9).reading(29, 9).reading(35, 0).reading(45, 0).reading(55, 0)
    # at 11: 4; at 29: 4 + 9; at 35: 9 + 9; at 45: 9 + 0; at 55: 0.
    assert log.told() == ["on 11", "off 55"]


def test_a_mean_of_no_value_gives_no_signal_and_a_sum_of_none_is_zero():
    mean, total = window(high(0), term("mean", 1, lag=2)), window(high(0), term("sum", 1, lag=2))
    assert Log().rule(mean).reading(5, 1).reading(15, 1).told() == []
    assert Log().rule(total).reading(5, 1).told() == ["on 5"]


def test_terms_are_weighed_and_added():
    """The rule of Mukilteo in small: what fell lately against what fell before that."""
    log = Log().rule(window(high(14), term("sum", 2), term("sum", 3, lag=2, weight=0.5)))
    log.reading(5, 4).reading(15, 4).reading(25, 4).reading(35, 5)
    assert log.told() == []
    # 6 + 5 lately; 4 + 4 + 4 before.
    assert log.reading(45, 6).told() == ["on 45"]
    assert signals(log) == [17.0]


def test_a_mean_against_a_longer_mean():
    log = Log().rule(window(high(2), term("mean", 1), term("mean", 4, weight=-1.0)))
    for t, value in ((5, 1), (15, 1), (25, 1), (35, 5)):
        log.reading(t, value)
    assert log.told() == ["on 35"]
    assert signals(log) == [3.0]


def test_a_sum_that_is_too_low_is_believed_once_its_span_was_seen_whole():
    log = Log().rule(window(low(2), term("sum", 2)))
    log.reading(5, 0).reading(15, 0)
    assert log.told() == []
    assert log.reading(20, 1).told() == ["on 20"]
    assert log.reading(30, 2).told() == ["on 20", "off 30"]


def test_a_least_value_that_is_too_high_is_believed_once_its_span_was_seen_whole():
    """Every value of the span at or above the limit."""
    log = Log().rule(window(high(5), term("min", 2))).reading(5, 9).reading(15, 9)
    assert log.told() == []
    assert log.reading(25, 9).told() == ["on 25"]


@pytest.mark.parametrize(("value", "quality"), [(math.nan, 0), (math.inf, 0), (9.0, 2)])
def test_a_row_without_a_value_adds_nothing_and_gives_no_signal(value, quality):
    log = Log().rule(window(high(2), term("count", 2))).reading(1, 1).reading(2, value, quality=quality)
    assert log.told() == []
    log.reading(3, 1).reading(35, value, quality=quality)
    assert log.told() == ["on 3"]
    assert log.reading(36, 1).told() == ["on 3", "off 36"]


def test_panes_are_added_from_the_oldest_to_the_newest():
    log = Log().rule(window(high(10), term("sum", 3))).reading(5, 1.0).reading(15, 1.0).reading(25, 1e16)
    assert signals(log) == [1e16 + 2]
    log = Log().rule(window(high(10), term("sum", 3))).reading(5, 1.0).rows(25, (1, 15, 1.0), (1, 25, 1e16))
    assert signals(log) == [1e16 + 2]


def test_a_sum_too_large_for_a_number_is_no_signal():
    log = Log().rule(window(high(10), term("sum", 3))).reading(5, 1.0).reading(6, 1.7e308).reading(7, 1.7e308)
    assert log.told() == ["on 6"]
    assert log.reading(36, 0).told() == ["on 6", "off 36"]


def test_a_silence_longer_than_the_span_empties_it():
    log = Log().rule(window(high(5), term("sum", 3))).reading(5, 5).reading(1_005, 1).reading(1_015, 4)
    assert log.told() == ["on 5", "off 1005", "on 1015"]


def test_a_sum_over_fifteen_days_of_hours():
    log = Log().rule(window(high(360), term("sum", 360, pane=HOUR)))
    for hour in range(370):
        log.reading(hour * HOUR + 60_000, 1.0 if hour < 360 else 0.0)
    assert log.told() == [f"on {359 * HOUR + 60_000}", f"off {360 * HOUR + 60_000}"]


def test_the_whole_range_of_panes_in_one_batch():
    """30 days of hours, each pane with one reading, sent at once."""
    rows = [(1, hour * HOUR, 1.0) for hour in range(730)]
    log = Log().rule(window(high(720), term("sum", 720, pane=HOUR))).rows(730 * HOUR, *rows)
    assert log.told() == [f"on {719 * HOUR}"]


def test_a_new_rule_begins_with_an_empty_window():
    log = Log().reading(5, 9).rule(window(high(5), term("sum", 3)), arrival=6).reading(7, 4)
    assert log.told() == []


def test_late_rows_never_enter_the_live_window():
    log = Log().rule(window(high(5), term("sum", 3))).reading(15, 1).reading(5, 9, arrival=16).reading(25, 1)
    assert log.told() == ["retro on 5"]


def test_a_backlog_is_summed_by_its_own_rows():
    log = Log().rule(window(high(5), term("sum", 3))).reading(5, 4).reading(500, 0)
    log.rows(501, (1, 11, 2.0), (1, 21, 3.0), (1, 31, 0.0), (1, 41, 0.0)).tick(501 + REST_MS)
    assert log.told() == ["retro on 21", "retro off 41"]


def test_each_run_of_late_rows_begins_with_an_empty_window():
    log = Log().rule(window(high(5), term("sum", 3))).reading(500, 0)
    log.rows(501, (1, 31, 3.0), (1, 21, 3.0), (1, 22, 1.0)).tick(501 + REST_MS)
    assert log.told() == []


def test_rules_on_one_point_keep_windows_of_their_own():
    log = Log().rule(window(high(3), term("sum", 2))).rule(window(high(3), term("sum", 1)), version=2)
    log.rule(window(high(9), term("max", 1)), version=3, points=(1, 2))
    log.rows(30, (1, 5, 2.0), (2, 5, 9.0), (1, 15, 1.0), (1, 16, 2.0))
    found = [(one.rule, one.point, one.value) for one in log.output().transitions]
    assert found == [(3, 2, 9.0), (1, 1, 3.0), (2, 1, 3.0)]
