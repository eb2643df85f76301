"""Formulas by hand: from kept inputs, so that no database is needed."""

from __future__ import annotations

import numpy as np
import pytest

from anlan.kernel.indicators import formulas
from anlan.kernel.indicators.asking import Kept, State


def answer(measure, **inputs):
    """The one value of a formula over inputs ("deaths_before" is the year before), and why it has none."""
    kept = {name.replace("_before", "@1").replace("_earlier", "@2"): value for name, value in inputs.items()}
    asked = Kept([kept])
    found = measure(asked)
    return found.values[0, 0], asked.reasons.all[found.why[0, 0]].state


def test_a_death_rate_is_deaths_over_output():
    value, state = answer(formulas.ratio("deaths", "gdp"), deaths=3, gdp=240.0)
    assert (value, state) == (pytest.approx(0.0125), State.MEASURED)


def test_three_of_four_are_75_per_cent():
    assert answer(formulas.share("had", "all"), had=3, all=4)[0] == 75


def test_nothing_to_divide_by_is_no_number_and_not_zero():
    value, state = answer(formulas.share("had", "all"), had=0, all=0)
    assert np.isnan(value)
    assert state == State.NOTHING


def test_a_missing_input_is_no_number():
    value, state = answer(formulas.share("had", "all"), had=3)
    assert np.isnan(value)
    assert state == State.MISSING


def test_deaths_from_10_to_8_fell_by_20_per_cent_and_from_8_to_10_by_minus_25():
    assert answer(formulas.fall("deaths"), deaths=8, deaths_before=10)[0] == pytest.approx(20)
    assert answer(formulas.fall("deaths"), deaths=10, deaths_before=8)[0] == pytest.approx(-25)
    assert answer(formulas.growth("deaths"), deaths=10, deaths_before=8)[0] == pytest.approx(25)


def test_a_fall_from_zero_is_nothing_to_measure():
    assert answer(formulas.fall("deaths"), deaths=1, deaths_before=0)[1] == State.NOTHING


def test_both_have_to_fall():
    both = formulas.both_fall("accidents", "deaths")
    assert answer(both, accidents=4, accidents_before=5, deaths=1, deaths_before=2)[0] == 1
    assert answer(both, accidents=4, accidents_before=5, deaths=2, deaths_before=2)[0] == 0
    assert answer(both, accidents=4, accidents_before=5, deaths=2)[1] == State.MISSING


def test_a_mean_over_years_is_the_mean_of_their_shares_and_wants_every_year():
    mean = formulas.mean_ratio("loss", "gdp", 100, 3)
    years = {
        "loss": 1, "gdp": 100, "loss_before": 2, "gdp_before": 100, "loss_earlier": 3, "gdp_earlier": 200
    }  # fmt: skip
    assert answer(mean, **years)[0] == pytest.approx((1 + 2 + 1.5) / 3)
    del years["loss_earlier"]
    assert answer(mean, **years)[1] == State.MISSING


def test_of_three_categories_the_weakest_decides():
    lowest = formulas.lowest_share(("a", "all_a"), ("b", "all_b"))
    assert answer(lowest, a=9, all_a=10, b=1, all_b=2)[0] == 50
    assert answer(lowest, a=9, all_a=10, b=0, all_b=0)[0] == 90


def test_what_grows_is_carried_on_and_what_was_entered_with_its_day_as_it_was_entered():
    asked = Kept([{"drills": 6}, {"drills": 6, "drills~": 9}], at_end={"drills": [0.5, 0.5]})
    assert formulas.plain("drills")(asked).values[:, 0].tolist() == [12, 9]
