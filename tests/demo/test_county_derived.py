"""The derived points of the county: quiet on quiet days, and telling during the slide."""

from datetime import UTC, datetime

import numpy as np
import pytest

from anlan.demo.scenarios import SLIDE
from anlan.demo.signals import DAY_MS, ms, sample_times, signal
from anlan.science.flow import discharge
from anlan.science.motion import hours_to_failure, tangent_angle, velocity
from anlan.science.rain import effective_rain

SEED = 20261122
START = ms(datetime(2026, 10, 23, tzinfo=UTC))
STARTED = ms(datetime(2026, 11, 22, 3, 15, tzinfo=UTC))

#: When 1/v of the slide's creep reaches zero, seconds after its begin: forty after the mass is held.
FAILS_S = 660


def parameters(county, code):
    return next(one.parameters for one in county.derived if one.code == code)


def first_limit(county, kind):
    return next(r["condition"]["steps"][0]["limit"] for r in county.rules if r.get("kind") == kind)


@pytest.mark.parametrize("day", [0, 173])
def test_on_quiet_days_no_derived_point_of_the_slope_is_over_a_limit(county, day):
    for k, code in enumerate(("GNSS-01", "GNSS-02", "GNSS-03"), 1):
        point = county.point_by_code[code]
        t = sample_times(point, START + day * DAY_MS, START + (day + 30) * DAY_MS)
        s = signal(point, t, SEED)
        given = parameters(county, f"QX-{k:02d}")
        rate = velocity(t, s, t[100:], window_h=given["window_h"])
        assert np.isfinite(rate).mean() > 0.9
        assert np.nanmax(rate) < first_limit(county, "displacement_rate")
        assert np.nanmax(tangent_angle(rate, given["v0"])) < first_limit(county, "tangent_angle")
        failing = parameters(county, f"SW-{k:02d}")
        left = hours_to_failure(t, s, t[100::7], window_h=failing["window_h"], onset_mm_d=failing["onset"])
        assert np.isnan(left).all()


def test_rain_of_an_ordinary_month_stays_below_the_limit_of_the_ground(county):
    for code in ("Y-101", "Y-102", "Y-103", "Y-104"):
        point, given = county.point_by_code[code], parameters(county, f"YX-{code[2:]}")
        t = sample_times(point, START, START + 45 * DAY_MS, 300)
        wet = effective_rain(t, signal(point, t, SEED), t[t > START + 16 * DAY_MS][::12],
                             k=given["k"], days=int(given["days"]), hold_s=900)  # fmt: skip
        assert np.isfinite(wet).all()
        assert wet.min() >= 0 and 1 < wet.max() < first_limit(county, "effective_rain")


def test_every_rating_of_the_county_covers_what_its_gauge_shows_but_for_the_lowest_water(county):
    for one in county.derived:
        if one.function == "discharge":
            point = county.point_by_code[one.inputs[0]]
            t = sample_times(point, START, START + 30 * DAY_MS, 3600)
            flow = discharge(signal(point, t, SEED, gaps=False), **one.parameters)
            assert np.isfinite(flow).mean() > 0.98, one.code
            assert 3 < np.nanmedian(flow) < 80, one.code


@pytest.fixture(scope="module")
def slide(county):
    """The middle station from six hours before the slide to two minutes after it: times in s, ms and mm."""
    point = county.point_by_code["GNSS-02"]
    slow = sample_times(point, STARTED - DAY_MS // 3, STARTED)
    t = np.concatenate((slow, sample_times(point, STARTED, STARTED + 780_000, 5)))
    return (t - STARTED) / 1000, t, SLIDE.apply(point, t, signal(point, t, SEED, gaps=False), STARTED)


def test_during_the_slide_the_tangent_angle_goes_through_all_its_stages(county, slide):
    seconds, t, s = slide
    given = parameters(county, "QX-02")
    angle = tangent_angle(velocity(t, s, t, window_h=given["window_h"]), given["v0"])
    reached = [seconds[np.argmax(angle >= limit)] for limit in (45, 80)]
    assert 20 < reached[0] < 120 < reached[1] < 400
    assert np.nanmax(angle) > 83


def test_during_the_slide_the_time_to_failure_is_told_minutes_before_and_is_right(county, slide):
    seconds, t, s = slide
    given = parameters(county, "SW-02")
    left = hours_to_failure(t, s, t, window_h=given["window_h"], onset_mm_d=given["onset"]) * 3600
    told = np.isfinite(left) & (seconds < 620)
    assert 300 < seconds[told].min() < 420
    late = told & (seconds > 480)
    assert np.abs(seconds[late] + left[late] - FAILS_S).max() < 60
