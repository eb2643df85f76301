from __future__ import annotations

import pytest

from anlan.kernel.indicators.declarations import Kind
from anlan.kernel.indicators.judging import Forecast, Light, Rule, light, satisfies


def lit(kind, value, ahead, comparator, target, over=False):
    forecast = Forecast(ahead, Rule.LINEAR)
    return light(kind=kind, value=value, forecast=forecast, comparator=comparator, target=target, over=over)


@pytest.mark.parametrize(
    ("comparator", "below", "equal", "above"),
    [("ge", False, True, True), ("gt", False, False, True), ("le", True, True, False), ("lt", True, False, False),
     ("eq", False, True, False)],
)  # fmt: skip
def test_each_comparator_at_its_edge(comparator, below, equal, above):
    assert [satisfies(x, comparator, 0.3) for x in (0.2, 0.1 + 0.2, 0.4)] == [below, equal, above]


def test_a_year_that_is_over_is_reached_or_missed():
    assert lit(Kind.RATE, 96, None, "ge", 95, over=True) == Light.REACHED
    assert lit(Kind.RATE, 94, 99, "ge", 95, over=True) == Light.MISSED


def test_enough_drills_stay_enough_and_one_death_too_many_stays_one_too_many():
    assert lit(Kind.FLOW, 10, 12, "ge", 10) == Light.REACHED
    assert lit(Kind.FLOW, 3, 3.4, "le", 2) == Light.MISSED
    assert lit(Kind.FLOW, 3, 3.4, "lt", 3) == Light.MISSED


def test_deaths_below_the_limit_are_never_reached_before_the_year_is_over():
    assert lit(Kind.FLOW, 1, 1.8, "le", 2) == Light.ON_THE_WAY
    assert lit(Kind.FLOW, 1, 2.2, "le", 2) == Light.AT_RISK


def test_a_share_that_is_high_enough_today_is_only_on_the_way():
    assert lit(Kind.RATE, 97, 97, "ge", 95) == Light.ON_THE_WAY
    assert lit(Kind.RATE, 93, 93, "ge", 95) == Light.AT_RISK


def test_what_stands_is_reached_as_long_as_it_stands():
    assert lit(Kind.LEVEL, 2, 2, "ge", 2) == Light.REACHED
    assert lit(Kind.LEVEL, 1, 1, "ge", 2) == Light.AT_RISK


def test_without_number_or_forecast_nothing_is_said():
    assert lit(Kind.RATE, None, None, "ge", 95) == Light.UNKNOWN
    assert lit(Kind.FLOW, 1, None, "ge", 10) == Light.UNKNOWN
    assert lit(Kind.FLOW, 1, 2, None, None) == Light.NO_TARGET
