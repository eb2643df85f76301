"""Circles and polygons on the ellipsoid, and shares of cells."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely

from anlan.science import areas

EARTH = pyproj.Geod(ellps="WGS84")


@pytest.mark.parametrize(("lat", "radius"), [(0.0, 1000.0), (31.9, 3000.0), (31.9, 10_000.0), (52.0, 50_000.0)])
def test_a_circle_holds_exactly_what_the_geodesic_says(lat, radius):
    draw = np.random.default_rng(7)
    area = areas.circle(104.6, lat, radius)
    west, south, east, north = area.box
    lon = draw.uniform(west, east, 20_000)
    lats = draw.uniform(south, north, 20_000)
    _there, _back, far = EARTH.inv(np.full(20_000, 104.6), np.full(20_000, lat), lon, lats)
    assert area.near(lon, lats).tolist() == np.flatnonzero(far <= radius).tolist()


def test_places_on_the_rim_are_inside_and_unknown_ones_are_not():
    lon, lat, _back = EARTH.fwd(104.6, 31.9, 77.0, 999.999)
    area = areas.circle(104.6, 31.9, 1000)
    assert area.near(np.array([np.nan, lon]), np.array([31.9, lat])).tolist() == [1]


def test_quick_distances_are_good_to_a_millionth():
    draw = np.random.default_rng(8)
    lon, lat = draw.uniform(104.2, 105.0, 500), draw.uniform(31.6, 32.2, 500)
    exact = areas.distances_m(104.6, 31.9, lon, lat)
    assert np.abs(areas.quick_distances_m(104.6, 31.9, lon, lat) / exact - 1).max() < 2e-6


def test_a_circle_has_the_area_of_a_circle():
    assert areas.area_km2(areas.circle(104.6, 31.9, 3000).shape) == pytest.approx(np.pi * 9, rel=1e-4)


def test_a_shape_grows_by_metres_on_every_side():
    grown = areas.grown(shapely.Point(104.6, 31.9), 500)
    assert areas.area_km2(grown) == pytest.approx(np.pi * 0.25, rel=1e-3)
    rim = np.array(grown.exterior.coords)
    assert areas.distances_m(104.6, 31.9, rim[:, 0], rim[:, 1]) == pytest.approx(500, rel=1e-3)


def test_shares_are_exact_parts_of_each_cell():
    cells = np.array([shapely.box(x, 31.0, x + 0.004, 31.004) for x in (104.0, 104.004, 104.008, 104.012)])
    shape = shapely.box(104.003, 30.0, 104.010, 32.0)
    assert areas.shares(cells, shape) == pytest.approx([0.25, 1.0, 0.5, 0.0])


@pytest.mark.parametrize(
    "shape", [None, shapely.Point(1, 2), shapely.Polygon(), shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])]
)
def test_what_is_no_polygon_is_refused(shape):
    with pytest.raises(ValueError, match="polygon"):
        areas.polygon(shape)


@pytest.mark.parametrize("most", [1, 3, 500])
def test_the_nearest_come_by_their_exact_distance(most):
    draw = np.random.default_rng(9)
    lon, lat = draw.uniform(104.4, 104.8, 5_000), draw.uniform(31.7, 32.1, 5_000)
    area = areas.circle(104.6, 31.9, 20_000)
    wanted = np.argsort(areas.distances_m(104.6, 31.9, lon, lat))[:most]
    assert area.nearest(lon, lat, most).tolist() == wanted.tolist()
