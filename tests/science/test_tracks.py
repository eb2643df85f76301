"""Places of moving things: what is believed, how far beyond a fence, thinned trails."""

from __future__ import annotations

import itertools

import numpy as np
import pyproj
import pytest
import shapely

from anlan.science.tracks import (
    AGREE,
    FARTHEST_M,
    FINE,
    IMPOSSIBLE,
    JUMP,
    NO_FIX,
    Trust,
    beyond_m,
    courses,
    ground,
    judged,
    outside_m,
    round_ground,
    steps_m,
    thinned,
)

EARTH = pyproj.Geod(ellps="WGS84")
LON, LAT = 104.5, 31.5


def _judge(rows, fastest=120.0, was=None):
    t, lon, lat, quality = (np.array(column) for column in zip(*rows, strict=True))
    return judged(
        t.astype(np.int64), lon.astype(np.float64), lat.astype(np.float64), quality.astype(np.uint8), fastest, was
    )


def test_a_car_on_its_way_is_believed():
    marks, trust = _judge([(i * 10_000, LON + i * 0.002, LAT, 0) for i in range(20)])
    assert marks.tolist() == [FINE] * 20
    assert (trust.t, trust.lon) == (190_000, pytest.approx(LON + 0.038))


def test_nowhere_beyond_the_globe_and_without_a_fix_are_told_apart():
    marks, trust = _judge(
        [
            (0, LON, LAT, 0),
            (1_000, 0.0, 0.0, 0),
            (2_000, 181.0, LAT, 0),
            (3_000, LON, 90.5, 0),
            (4_000, LON, LAT, 2),
            (5_000, np.nan, np.nan, 2),
            (6_000, 0.0, LAT, 0),  # on the meridian of Greenwich, but 11,000 km away in 6 s
        ]
    )
    assert marks.tolist() == [FINE, IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE, NO_FIX, NO_FIX, JUMP]
    assert (trust.t, trust.lon) == (0, LON)


def test_a_jump_is_doubted_and_the_way_goes_on_from_before():
    marks, _trust = _judge([(0, LON, LAT, 0), (10_000, LON + 1, LAT, 0), (20_000, LON + 0.001, LAT, 0)])
    assert marks.tolist() == [FINE, JUMP, FINE]


def test_a_carrier_that_was_carried_is_believed_once_its_places_agree():
    rows = [(0, LON, LAT, 0), *((10_000 + i * 10_000, LON + 1, LAT + i * 1e-5, 0) for i in range(5))]
    assert _judge(rows)[0].tolist() == [FINE, *[JUMP] * (AGREE - 1), FINE, FINE, FINE]


def test_uncertain_readings_are_judged_and_a_standing_receiver_may_scatter():
    scatter = [(i * 1_000, LON + (i % 2) * 0.0009, LAT, 1) for i in range(10)]  # 85 m each second
    assert _judge(scatter, fastest=5.0)[0].tolist() == [FINE] * 10


def test_cut_into_batches_anywhere_it_is_the_same():
    dice = np.random.default_rng(7)
    for _round in range(30):
        n = 60
        t = np.cumsum(dice.integers(1_000, 60_000, n)).astype(np.int64)
        lon = LON + np.cumsum(dice.normal(0, 0.002, n)) + (dice.random(n) < 0.2) * dice.normal(0, 2, n)
        lat = LAT + np.cumsum(dice.normal(0, 0.002, n))
        lon[dice.random(n) < 0.1] = np.nan
        quality = dice.choice([0, 0, 0, 1, 2], n).astype(np.uint8)
        whole, end = judged(t, lon, lat, quality, 100.0)
        cuts = [0, *sorted(dice.integers(0, n, 4).tolist()), n]
        parts, trust = [], Trust()
        for a, b in itertools.pairwise(cuts):
            marks, trust = judged(t[a:b], lon[a:b], lat[a:b], quality[a:b], 100.0, trust)
            parts += marks.tolist()
        assert parts == whole.tolist()
        assert repr(trust) == repr(end)


def test_a_carrier_without_a_speed_is_refused():
    with pytest.raises(ValueError, match="faster than 0"):
        judged(np.array([0]), np.array([LON]), np.array([LAT]), np.array([0], np.uint8), 0.0)


def test_distance_beyond_a_polygon_is_that_on_the_ellipsoid():
    square = ground(shapely.box(LON, LAT, LON + 0.1, LAT + 0.1))
    east, _y, _b = EARTH.fwd(LON + 0.1, LAT + 0.05, 90, 500)
    inside, _y2, _b2 = EARTH.fwd(LON + 0.1, LAT + 0.05, 270, 200)
    far = outside_m([east, inside, np.nan], [LAT + 0.05, LAT + 0.05, LAT], square)
    assert far[:2] == pytest.approx([500, -200], rel=0.005)
    assert np.isnan(far[2])


def test_distance_beyond_a_circle_and_the_two_kinds_of_fence_mirror():
    here = round_ground(LON, LAT, 1_000)
    x, y, _back = EARTH.fwd([LON] * 3, [LAT] * 3, [0, 90, 200], [1_500, 400, 1_000])
    stay = beyond_m(x, y, here, keep_out=False)
    assert stay == pytest.approx([500, -600, 0], abs=6)
    assert beyond_m(x, y, here, keep_out=True) == pytest.approx(-stay)


def test_far_from_breaking_it_is_said_alike_from_anywhere():
    here = round_ground(LON, LAT, 100)
    assert beyond_m([LON + 1, LON + 5], [LAT, LAT], here, keep_out=True).tolist() == [-FARTHEST_M] * 2
    assert beyond_m([LON + 5], [LAT], here, keep_out=False)[0] > 400_000  # how far it strayed is told in full


def test_a_hole_in_a_polygon_is_outside():
    shape = shapely.box(LON, LAT, LON + 0.1, LAT + 0.1).difference(
        shapely.box(LON + 0.04, LAT + 0.04, LON + 0.06, LAT + 0.06)
    )
    assert outside_m([LON + 0.05], [LAT + 0.05], ground(shape))[0] > 0


@pytest.mark.parametrize(
    "shape", [None, shapely.Point(1, 2), shapely.Polygon(), shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])]
)
def test_what_is_no_area_is_no_fence(shape):
    with pytest.raises(ValueError, match="polygon"):
        ground(shape)


@pytest.mark.parametrize("args", [(LON, LAT, 0), (LON, 91, 5), (181, LAT, 5), (LON, LAT, float("nan"))])
def test_what_is_no_circle_is_no_fence(args):
    with pytest.raises(ValueError, match="circle"):
        round_ground(*args)


def test_a_thinned_trail_keeps_its_ends_and_stays_near():
    dice = np.random.default_rng(3)
    lon, lat = LON + np.cumsum(dice.normal(0, 5e-4, 2_000)), LAT + np.cumsum(dice.normal(0, 5e-4, 2_000))
    rows = thinned(lon, lat, 50.0)
    assert rows[0] == 0 and rows[-1] == 1_999 and rows.size < 1_200
    line = shapely.LineString(np.column_stack((lon[rows] * 94_900, lat[rows] * 110_900)))
    assert shapely.distance(line, shapely.points(lon * 94_900, lat * 110_900)).max() < 51
    assert thinned(lon[:2], lat[:2], 50.0).tolist() == [0, 1]
    assert thinned(lon[:0], lat[:0], 50.0).tolist() == []


def test_a_trail_that_stands_still_keeps_two_places():
    assert thinned(np.full(500, LON), np.full(500, LAT), 10.0).tolist() == [0, 499]


def test_steps_and_courses():
    x, y, _back = EARTH.fwd([LON] * 2, [LAT] * 2, [90, 180], [1_000, 2_000])
    assert steps_m([LON, x[0]], [LAT, y[0]]) == pytest.approx([1_000], rel=0.005)
    assert courses([LON, x[0]], [LAT, y[0]]) == pytest.approx([90], abs=0.1)
    assert courses([LON, x[1]], [LAT, y[1]]) == pytest.approx([180], abs=0.1)
