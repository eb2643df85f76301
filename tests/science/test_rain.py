"""Rain: depth over windows and effective rain, against figures of others and against plain sums."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from anlan.science.rain import accumulated_rain, effective_rain
from anlan.science.series import DAY_MS, HOUR_MS
from tests.science.published import MM_PER_INCH, mukilteo_rain, mukilteo_slides

NOON = 1_795_000_000_000 - 1_795_000_000_000 % DAY_MS


def hourly(*mm_per_h: float) -> tuple[np.ndarray, np.ndarray]:
    """Hours one after the other that end at NOON."""
    n = len(mm_per_h)
    return NOON - (n - np.arange(n)) * HOUR_MS, np.array(mm_per_h)


def test_the_mukilteo_line_is_passed_on_29_days_and_at_five_of_eleven_landslides():
    """P3 >= 3.5 − 0.67 P15 in inches; counted by others, ../shared/data/landslide/README.md."""
    stamp, rain = mukilteo_rain()
    start = stamp - HOUR_MS  # the stamp ends the hour
    p3 = accumulated_rain(start, rain, stamp, span_h=72, hold_s=3600) / MM_PER_INCH
    p15 = accumulated_rain(start, rain, stamp, span_h=360, lag_h=72, hold_s=3600) / MM_PER_INCH
    over = p3 >= 3.5 - 0.67 * p15
    days = {datetime.fromtimestamp(ms / 1000, UTC).date() for ms in stamp[over].tolist()}
    assert len(days) == 29
    hit = [day for day in mukilteo_slides() if any(day + timedelta(shift) in days for shift in (-1, 0, 1))]
    assert [str(day) for day in hit] == ["2011-03-13", "2011-03-14", "2011-03-15", "2011-03-18", "2011-11-23"]


@pytest.mark.parametrize(("before", "k", "today", "index"), [(10, 0.9, 5, 14.0), (15, 0.8, 10, 22.0)])
def test_the_worked_examples_of_the_antecedent_index(before, k, today, index):
    """Two solved examples, areacalculators.com, antecedent precipitation index."""
    t, rain = hourly(*[before / 24] * 24, *[today / 24] * 24)
    assert effective_rain(t, rain, [NOON], k=k, days=1, hold_s=3600) == pytest.approx(index)


def test_effective_rain_is_the_weighted_sum_of_the_days():
    rng = np.random.default_rng(4)
    daily = rng.gamma(0.4, 20, 16)
    t, rain = hourly(*np.repeat(daily / 24, 24))
    by_hand = sum(0.84**i * daily[-1 - i] for i in range(16))
    assert effective_rain(t, rain, [NOON], k=0.84, days=15, hold_s=3600) == pytest.approx(by_hand)


def test_a_silent_gauge_is_not_a_dry_one():
    t, rain = hourly(*[2.0] * 48)
    assert accumulated_rain(t, rain, [NOON], span_h=24, hold_s=3600) == pytest.approx(48)
    silent = np.delete(np.arange(48), slice(30, 36))  # six of the last 24 hours
    assert np.isnan(accumulated_rain(t[silent], rain[silent], [NOON], span_h=24, hold_s=3600))
    assert np.isnan(accumulated_rain(t, rain, [NOON + 5 * HOUR_MS], span_h=24, hold_s=3600))
    assert np.isnan(effective_rain(t, rain, [NOON], k=0.84, days=15, hold_s=3600))
    assert np.isnan(accumulated_rain([], [], [NOON], span_h=24, hold_s=3600))


def test_what_is_missing_within_the_allowance_counts_as_dry():
    t, rain = hourly(*[2.0] * 24)
    rain[3] = np.nan
    assert accumulated_rain(t, rain, [NOON], span_h=24, hold_s=3600) == pytest.approx(46)


def test_a_reading_holds_until_the_next_one_and_no_longer_than_it_may():
    t = np.array([NOON - 2 * HOUR_MS, NOON - HOUR_MS - HOUR_MS // 2])
    depth = accumulated_rain(t, [6.0, 12.0], [NOON], span_h=2, hold_s=1800)
    assert np.isnan(depth)  # the last half hour is not covered
    depth = accumulated_rain(t, [6.0, 12.0], [NOON], span_h=2, hold_s=5400)
    assert depth == pytest.approx(6 * 0.5 + 12 * 1.5)


def test_moments_in_one_call_or_one_by_one_give_the_same():
    rng = np.random.default_rng(5)
    t, rain = hourly(*rng.gamma(0.3, 5, 600))
    at = NOON - np.arange(0, 200) * HOUR_MS
    whole = effective_rain(t, rain, at, k=0.84, days=10, hold_s=3600)
    alone = [float(effective_rain(t, rain, [one], k=0.84, days=10, hold_s=3600)[0]) for one in at.tolist()]
    assert np.array_equal(whole, alone, equal_nan=True)


@pytest.mark.parametrize(
    "wrong", [{"k": 1.0, "days": 5}, {"k": 0.0, "days": 5}, {"k": 0.84, "days": 61}, {"k": 0.84, "days": -1}]
)
def test_parameters_outside_their_range_are_refused(wrong):
    with pytest.raises(ValueError, match="between"):
        effective_rain([NOON], [1.0], [NOON], hold_s=3600, **wrong)
    with pytest.raises(ValueError, match="negative"):
        accumulated_rain([NOON], [-1.0], [NOON], span_h=1, hold_s=60)
    with pytest.raises(ValueError, match="must rise"):
        accumulated_rain([NOON, NOON], [1.0, 1.0], [NOON], span_h=1, hold_s=60)
