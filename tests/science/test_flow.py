"""Water that passes: the rating of a published gauge, and sums."""

from __future__ import annotations

import numpy as np
import pytest

from anlan.science.flow import discharge, total
from anlan.science.series import held

FT, CFS = 0.3048, 0.3048**3

#: USGS 01594440 Patuxent River near Bowie, rating 20.0, offset 2.0 ft (public domain): stage ft, discharge ft3/s.
#: ../shared/data/river/usgs_waterservices_ratings.txt, the reach of one shape between 4 and 7 ft.
PATUXENT = ((4.0, 110), (5.0, 225), (5.5, 300), (6.0, 390), (6.5, 490), (7.0, 600))


def test_the_rating_of_the_patuxent_is_met_within_four_percent():
    stage, flow = np.array(PATUXENT).T
    b = np.log(600 / 110) / np.log(5.0 / 2.0)  # through the ends, h0 = the published offset
    a = 110 * CFS / (2.0 * FT) ** b
    found = discharge(stage * FT, a=a, zero=2 * FT, b=b, low=4 * FT, high=7 * FT)
    assert 1.5 < b < 2.5
    assert found / CFS == pytest.approx(flow, rel=0.04)


def test_a_rating_is_not_continued_beyond_its_measurements():
    rating = {"a": 10.0, "zero": 0.5, "b": 2.0, "low": 0.6, "high": 4.0}
    assert discharge([0.59, 1.5, 4.01, np.nan], **rating) == pytest.approx([np.nan, 10, np.nan, np.nan], nan_ok=True)
    for wrong in ({"a": 0.0}, {"b": 5.0}, {"low": 0.2}, {"high": 0.6}):
        with pytest.raises(ValueError, match="a rating needs"):
            discharge([1.0], **(rating | wrong))


def test_a_sum_lacks_when_one_gauge_lacks():
    assert total([[1.0, 2.0], [10.0, np.nan], [100.0, 3.0]]) == pytest.approx([111, np.nan], nan_ok=True)
    with pytest.raises(ValueError, match="gauges"):
        total([])
    with pytest.raises(ValueError, match="gauges"):
        total([[1.0], [1.0, 2.0]])


def test_a_value_holds_for_its_time_and_then_is_not_known():
    t, value = [1_000, 61_000, 121_000], [1.0, np.nan, 3.0]
    at = [999, 1_000, 60_999, 90_000, 100_000, 121_000, 211_000, 211_001]
    found = held(t, value, at, hold_s=90)
    assert found == pytest.approx([np.nan, 1, 1, 1, np.nan, 3, 3, np.nan], nan_ok=True)
    with pytest.raises(ValueError, match="above 0"):
        held(t, value, at, hold_s=0)
