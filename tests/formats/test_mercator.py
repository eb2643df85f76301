"""The world as squares: published tiles, edges, and the point that is nowhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.formats.mvt import EDGE, Tile, place, tile_bounds, tiles_of

longitudes = st.floats(-180, 180)
latitudes = st.floats(-90, 90)
always = settings(max_examples=100, deadline=None, derandomize=True, database=None)


def test_the_square_world_ends_where_its_height_is_its_width():
    assert pytest.approx(85.0511287798066, abs=1e-12) == EDGE
    assert tile_bounds(0, 0, 0) == pytest.approx((-180, -EDGE, 180, EDGE))


def test_a_tile_is_counted_from_the_north_west():
    assert tile_bounds(1, 0, 0) == pytest.approx((-180, 0, 0, EDGE))
    assert tile_bounds(1, 1, 1) == pytest.approx((0, -EDGE, 180, 0))


@always
@given(longitudes, latitudes, st.integers(0, 22))
def test_the_tile_is_the_one_of_the_formula_that_all_maps_use(lon, lat, z):
    x, y = tiles_of([lon], [lat], z)
    down = (1 - math.asinh(math.tan(math.radians(min(max(lat, -85.0511), 85.0511)))) / math.pi) / 2 * (1 << z)
    assert abs(x[0] + 0.5 - (lon + 180) / 360 * (1 << z)) <= 0.5 + 1e-6
    assert abs(y[0] + 0.5 - down) <= 0.5 + 1e-6 * (1 << z)


@always
@given(longitudes, latitudes, st.integers(0, 22))
def test_every_point_on_earth_lies_within_the_bounds_of_its_tile(lon, lat, z):
    x, y = tiles_of([lon], [lat], z)
    west, south, east, north = tile_bounds(z, int(x[0]), int(y[0]))
    near = 1e-9
    assert west - near <= lon <= east + near
    assert south - near <= min(max(lat, -EDGE), EDGE) <= north + near


@always
@given(longitudes, latitudes, st.integers(0, 22))
def test_every_point_on_earth_is_inside_the_one_tile_that_is_named_for_it(lon, lat, z):
    x, y = tiles_of([lon], [lat], z)
    placed = place(Tile(z, int(x[0]), int(y[0])), [lon], [lat], buffer=0)
    assert placed.rows.tolist() == [0]
    assert 0 <= placed.x[0] < 4096
    assert 0 <= placed.y[0] < 4096


def test_the_date_line_and_the_poles_belong_to_the_tiles_at_the_edge():
    x, y = tiles_of([180, -180, 0, 0], [0, 0, 90, -90], 3)
    assert x.tolist() == [7, 0, 4, 4]
    assert y.tolist() == [4, 4, 0, 7]


def test_a_point_that_is_nowhere_has_no_tile_and_is_counted():
    lon = [np.nan, 100, np.inf, 200, 100, 100, 100]
    lat = [30, np.nan, 30, 30, -np.inf, 91, 30]
    x, y = tiles_of(lon, lat, 5)
    assert x.tolist()[:6] == y.tolist()[:6] == [-1] * 6
    assert x[6] >= 0
    placed = place(Tile(0, 0, 0), lon, lat)
    assert placed.rows.tolist() == [6]
    assert (placed.unplaced, placed.outside) == (6, 0)


def test_the_buffer_takes_in_what_lies_a_little_outside():
    west, south, east, north = tile_bounds(10, 843, 420)
    unit = (east - west) / 4096
    lon = [west - 63 * unit, west - 66 * unit, east + 63.5 * unit, east + 64.5 * unit, west + unit / 2]
    placed = place(Tile(10, 843, 420), lon, [(south + north) / 2] * 5)
    assert placed.rows.tolist() == [0, 2, 4]
    assert placed.x.tolist()[2] == 0
    assert placed.outside == 2


def test_there_are_no_tiles_beyond_the_world():
    for z, x, y in ((-1, 0, 0), (31, 0, 0), (2, 4, 0), (2, 0, 4), (2, -1, 0)):
        with pytest.raises(ValueError, match="there is no tile"):
            tile_bounds(z, x, y)


def test_points_need_as_many_latitudes_as_longitudes():
    with pytest.raises(ValueError, match="one length"):
        tiles_of([1.0, 2.0], [1.0], 3)
    with pytest.raises(ValueError, match="one length"):
        tiles_of(1.0, 2.0, 3)
