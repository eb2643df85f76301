"""A moving slope: velocity, improved tangent angle, inverse velocity."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from anlan.science.motion import failure_of, hours_to_failure, tangent_angle, velocity
from anlan.science.series import DAY_MS, HOUR_MS, despiked
from tests.science.published import outang, outang_steady

START = 1_795_000_000_000


def creeping(
    rate_mm_d: float, hours: float, *, every_s: int = 300, noise: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    t = START + np.arange(0, round(hours * 3600), every_s) * 1000
    rng = np.random.default_rng(9)
    return t, 100 + rate_mm_d * (t - START) / DAY_MS + noise * rng.standard_normal(t.size)


# --- velocity -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("station", ["MJ9", "MJ1", "MJ3", "ATU1", "ATU2", "ATU3", "ATU4", "ATU5"])
def test_the_steady_stages_of_outang_have_the_rates_their_authors_give(station):
    """v_eq of eight stations, mm/d, over thirty days each: ../shared/data/landslide/outang_uniform_rates.csv."""
    row = next(row for row in outang_steady() if row["station"] == station)
    t, s = outang(station)
    end = round(datetime.fromisoformat(row["end_date"]).replace(tzinfo=UTC).timestamp() * 1000)
    rate = velocity(t, s, [end], window_h=24 * int(row["stage_duration_days"]))
    assert rate == pytest.approx(float(row["v_eq_mm_per_day"]), rel=0.015)


def test_a_straight_creep_has_its_own_rate():
    t, s = creeping(2.5, 30)
    assert velocity(t, s, [t[-1]], window_h=24) == pytest.approx(2.5)
    assert velocity(t, -s, [t[-1]], window_h=24) == pytest.approx(-2.5)


def test_a_lone_wrong_reading_changes_next_to_nothing():
    t, s = creeping(2.5, 30, noise=0.1)
    clean = velocity(t, s, [t[-1]], window_h=6)
    s[-9] += 400
    assert velocity(t, s, [t[-1]], window_h=6) == pytest.approx(clean, abs=0.3)


def test_noise_shows_as_little_as_the_docstring_says():
    t, s = creeping(0.0, 24 * 20, noise=0.3)
    rates = velocity(t, s, t[t > START + DAY_MS][::7], window_h=6)
    bound = 3.5 * 0.3 / 0.25  # of single readings; the mean of steps is quieter
    assert 0.05 < rates.std() < bound / 4


def test_quick_sampling_weighs_no_more_than_slow():
    t, s = creeping(10, 12)
    quick = np.arange(t[-1] - 600_000, t[-1], 5_000)
    both = np.union1d(t, quick)
    s = 100 + 10 * (both - START) / DAY_MS
    assert velocity(both, s, [both[-1]], window_h=6) == pytest.approx(10, rel=0.01)


def test_a_window_without_enough_readings_has_no_rate():
    t, s = creeping(2.5, 30)
    assert np.isnan(velocity(t, s, [t[-1] + HOUR_MS], window_h=6))  # silent for an hour: nothing of now
    few = t > t[-1] - 3 * HOUR_MS
    assert np.isnan(velocity(t[few], s[few], [t[-1]], window_h=6))  # half of the window
    assert np.isnan(velocity([], [], [START], window_h=6))
    with pytest.raises(ValueError, match="longer than 0"):
        velocity(t, s, [t[-1]], window_h=0)


def test_moments_in_one_call_or_one_by_one_give_the_same():
    t, s = creeping(2.5, 40, noise=0.4)
    at = t[::11]
    alone = [float(velocity(t, s, [one], window_h=6)[0]) for one in at.tolist()]
    assert np.allclose(velocity(t, s, at, window_h=6), alone, rtol=1e-9, equal_nan=True)


def test_later_readings_do_not_change_what_was():
    t, s = creeping(2.5, 40, noise=0.4)
    now = t[300]
    before = velocity(t[:301], s[:301], [now], window_h=6)
    assert velocity(t, s, [now], window_h=6) == pytest.approx(before, rel=1e-9)


def test_a_step_stays_and_a_spike_goes():
    assert despiked(np.array([1.0, 1, 9, 1, 1])).tolist() == [1, 1, 1, 1, 1]
    assert despiked(np.array([1.0, 1, 9, 9, 9])).tolist() == [1, 1, 1, 9, 9]


# --- improved tangent angle ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ratio", "degrees"), [(1.0, 45), (5.67, 80), (11.43, 85)])
def test_the_stages_of_the_table_begin_at_their_ratios(ratio, degrees):
    """v/v0 at 45, 80 and 85 degrees: ../shared/domain/natural-hazards.md 4.2, after Xu Qiang et al. 2009."""
    assert tangent_angle(ratio * 1.0716, 1.0716) == pytest.approx(degrees, abs=0.01)


def test_a_slope_that_rests_has_no_angle_and_one_that_goes_back_a_negative_one():
    assert tangent_angle([0.0, -1.0, np.nan], 1.0) == pytest.approx([0, -45, np.nan], nan_ok=True)


def test_without_a_steady_stage_there_is_no_angle():
    for rate in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="steady stage"):
            tangent_angle(1.0, rate)


# --- inverse velocity ---------------------------------------------------------------------------------------------


def fukuzono(t: np.ndarray, a: float = 0.05, failure: float = 20.0) -> np.ndarray:
    return -np.log(1 - t / failure) / a


def test_the_synthetic_creep_of_the_domain_file_fails_when_it_says():
    """A = 0.05, t_f = 20: s(5, 10, 15, 19) and t_f by least squares over t = 0 … 17; natural-hazards.md 4.2."""
    assert fukuzono(np.array([5.0, 10, 15, 19])) == pytest.approx([5.754, 13.863, 27.726, 59.915], abs=5e-4)
    t = np.arange(18.0)
    failure = failure_of(t, 1 / (0.05 * (20 - t)))
    assert failure.at == pytest.approx(20.0, abs=5e-4)
    assert failure.r2 == pytest.approx(1.0)


@pytest.mark.parametrize("day", [14, 16, 18, 19])
def test_displacements_alone_give_the_time_of_failure(day):
    t = START + np.arange(0, 19 * 24 * 6 + 1) * 600_000
    s = fukuzono((t - START) / DAY_MS)
    left = hours_to_failure(t, s, [START + day * DAY_MS], window_h=96, onset_mm_d=0.5)
    assert left == pytest.approx((20 - day) * 24, rel=0.06, abs=3)


def test_no_time_of_failure_is_given_where_there_is_none():
    t, s = creeping(5, 30)
    at = [t[-1]]
    assert np.isnan(hours_to_failure(t, s, at, window_h=24, onset_mm_d=1))  # steady
    slowing = 100 * (1 - np.exp(-(t - START) / (6 * HOUR_MS)))
    assert np.isnan(hours_to_failure(t, slowing, at, window_h=24, onset_mm_d=0.1))  # decelerating
    noisy = s + np.random.default_rng(2).normal(0, 3, t.size)
    assert np.isnan(hours_to_failure(t, noisy, at, window_h=24, onset_mm_d=0.01))  # not straight, not all above onset
    quick = fukuzono((t - START) / DAY_MS)
    assert np.isnan(hours_to_failure(t, quick, at, window_h=3, onset_mm_d=1))  # zero lies further than three windows
    assert failure_of([0.0, 1, 2], [3.0, 2, 1]) is None
    with pytest.raises(ValueError, match="above 0"):
        failure_of([0.0, 1], [1.0, 0.0])
    with pytest.raises(ValueError, match="onset"):
        hours_to_failure(t, s, at, window_h=24, onset_mm_d=0)
