"""Datums and projections against published vectors, there and back, and what a column of numbers may be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from anlan.formats.coordinates import (
    BD09,
    CGCS2000,
    GCJ02,
    GRIDS,
    SHIFTED,
    SYSTEMS,
    WEB_MERCATOR,
    WGS84,
    bd09_to_gcj02,
    degrees,
    from_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    suspects,
    to_wgs84,
    wgs84_to_gcj02,
    zone_of,
)
from anlan.formats.faults import Refused

#: WGS-84 longitude and latitude, GCJ-02 longitude and latitude: the test vectors of the projects eviltransform
#: (Shanghai, Shenzhen, Beijing) and coordtransform.
SHIFTS = [
    (121.5272106, 31.1774276, 121.531541859215, 31.17530398364597),
    (113.912316, 22.543847, 113.9171764808363, 22.540796131694766),
    (116.377817, 39.911954, 116.38404722455657, 39.91334545536069),
    (116.404, 39.915, 116.41024449916938, 39.91640428150164),
]
#: Round the fictional county.
BOX = (118.6, 31.1, 119.2, 31.5)
CHINA_LON, CHINA_LAT = st.floats(73.5, 135), st.floats(18, 53.5)
QUIET = settings(max_examples=200, deadline=1_000)


@pytest.mark.parametrize(("lon", "lat", "to_lon", "to_lat"), SHIFTS)
def test_the_shift_is_that_of_the_published_vectors(lon, lat, to_lon, to_lat):
    assert wgs84_to_gcj02(lon, lat) == pytest.approx((to_lon, to_lat), abs=1e-9)
    assert gcj02_to_wgs84(to_lon, to_lat) == pytest.approx((lon, lat), abs=1e-8)


def test_the_second_shift_is_that_of_the_published_vectors():
    # coordtransform: from GCJ-02 exactly, to it by a closed formula that misses by some 1e-6 degrees.
    assert gcj02_to_bd09(116.404, 39.915) == pytest.approx((116.41036949371029, 39.92133699351021), abs=1e-10)
    assert bd09_to_gcj02(116.404, 39.915) == pytest.approx((116.39762729119315, 39.90865673957631), abs=2e-6)


@given(CHINA_LON, CHINA_LAT)
@QUIET
def test_shifts_go_forth_and_back(lon, lat):
    assert gcj02_to_wgs84(*wgs84_to_gcj02(lon, lat)) == pytest.approx((lon, lat), abs=1e-7)
    assert bd09_to_gcj02(*gcj02_to_bd09(lon, lat)) == pytest.approx((lon, lat), abs=1e-7)
    assert to_wgs84(BD09, *from_wgs84(BD09, lon, lat)) == pytest.approx((lon, lat), abs=1e-7)


@given(CHINA_LON, CHINA_LAT)
@QUIET
def test_a_shift_is_some_hundred_metres(lon, lat):
    to_lon, to_lat = wgs84_to_gcj02(lon, lat)
    _azimuth, _back, metres = Geod(ellps="WGS84").inv(lon, lat, float(to_lon), float(to_lat))
    assert 20 < metres < 1_000


def test_outside_of_the_box_round_china_nothing_is_shifted():
    for lon, lat in [(2.35, 48.85), (-74, 40.7), (151.2, -33.9), (SHIFTED[0] - 0.01, 30), (100, SHIFTED[3] + 0.01)]:
        assert wgs84_to_gcj02(lon, lat) == (lon, lat) == gcj02_to_wgs84(lon, lat)
    # The box reaches beyond the borders: Seoul is shifted by the formula, although no map of it is.
    assert wgs84_to_gcj02(126.98, 37.57)[0] != 126.98


def test_columns_go_in_and_come_out_and_what_is_missing_stays_missing():
    lon, lat = np.array([[118.8, np.nan], [118.9, 2.35]]), np.array([[31.3, 31.3], [np.nan, 48.85]])
    x, y = wgs84_to_gcj02(lon, lat)
    assert x.shape == (2, 2) and np.isnan(x[0, 1]) and x[1, 1] == 2.35
    back_lon, back_lat = gcj02_to_wgs84(x, y)
    assert back_lon[0, 0] == pytest.approx(118.8, abs=1e-9) and np.isnan(back_lat[1, 0])
    assert lon[0, 0] == 118.8


def test_a_point_on_the_central_meridian_has_the_false_easting():
    for system, grid in GRIDS.items():
        x, y = from_wgs84(system, grid.meridian, 0.0)
        assert float(x) == pytest.approx(grid.zone * 1_000_000 + 500_000, abs=1e-3) and float(y) == pytest.approx(
            0, abs=1e-3
        )


def test_a_quarter_of_the_meridian_is_as_long_as_the_ellipsoid_says():
    # Meridian arc to 30 degrees on the ellipsoid of CGCS2000 / GRS 80: 3,320,113.398 m.
    assert float(from_wgs84("EPSG:4549", 120.0, 30.0)[1]) == pytest.approx(3_320_113.398, abs=0.01)


def test_projections_are_numbered_as_in_the_register_of_epsg():
    assert (GRIDS["EPSG:4491"].zone, GRIDS["EPSG:4491"].meridian, GRIDS["EPSG:4491"].width) == (13, 75, 6)
    assert (GRIDS["EPSG:4501"].zone, GRIDS["EPSG:4501"].meridian) == (23, 135)
    assert (GRIDS["EPSG:4513"].zone, GRIDS["EPSG:4513"].meridian, GRIDS["EPSG:4513"].width) == (25, 75, 3)
    assert (GRIDS["EPSG:4527"].zone, GRIDS["EPSG:4528"].meridian) == (39, 120)
    assert (GRIDS["EPSG:4548"].zone, GRIDS["EPSG:4548"].meridian, GRIDS["EPSG:4554"].meridian) == (0, 117, 135)
    assert len(GRIDS) == 64


@given(CHINA_LAT, st.floats(-1.5, 1.5), st.sampled_from(sorted(GRIDS)))
@QUIET
def test_projections_go_forth_and_back(lat, off, system):
    lon = GRIDS[system].meridian + off
    x, y = from_wgs84(system, lon, lat)
    assert to_wgs84(system, x, y) == pytest.approx((lon, lat), abs=1e-9)
    assert zone_of(float(x)) == GRIDS[system].zone


def test_the_web_map_is_a_square_and_cgcs2000_is_taken_as_wgs84():
    x, y = from_wgs84(WEB_MERCATOR, 180.0, 85.05112877980659)
    assert float(x) == pytest.approx(float(y)) == pytest.approx(20037508.342789244)
    assert to_wgs84(WEB_MERCATOR, x, y) == pytest.approx((180, 85.0511287798), abs=1e-9)
    assert to_wgs84(CGCS2000, 118.8, 31.3) == (118.8, 31.3) == from_wgs84(CGCS2000, 118.8, 31.3)


@pytest.mark.parametrize(
    ("system", "x", "y"),
    [
        (WGS84, 181, 31), (WGS84, 118, 91), (GCJ02, 118, np.nan), (BD09, np.inf, 31), (CGCS2000, 500_000, 3_400_000),
        (WEB_MERCATOR, 3e7, 0), (WEB_MERCATOR, 0, np.nan), ("EPSG:4549", 40_500_000, 3_400_000),
        ("EPSG:4528", 500_000, 3_400_000), ("EPSG:4528", 39_500_000, 3_400_000), ("EPSG:4549", 118.8, 9_900_000),
        ("EPSG:4549", 999_000, 3_400_000), ("EPSG:4549", -1, 3_400_000), ("EPSG:4549", np.nan, 3_400_000),
    ],
)  # fmt: skip
def test_what_is_no_place_of_a_system_is_refused_by_its_index(system, x, y):
    fine = from_wgs84(system, 120.0, 31.0)
    with pytest.raises(Refused) as refused:
        to_wgs84(system, [float(fine[0]), x], [float(fine[1]), y])
    assert refused.value.code == "impossible_coordinates" and refused.value.fault.where == "1"


def test_what_a_system_cannot_show_is_refused():
    for system, lon, lat in [("EPSG:4549", 110, 31), ("EPSG:4549", 120, 70), (WEB_MERCATOR, 0, 89.9), (WGS84, 0, 91)]:
        with pytest.raises(Refused, match="impossible_coordinates at 0"):
            from_wgs84(system, lon, lat)
    for convert in (to_wgs84, from_wgs84):
        with pytest.raises(Refused, match=r"unknown_system \(system=EPSG:2437\)"):
            convert("EPSG:2437", 120, 31)


def test_zones_are_told_by_what_stands_before_the_easting():
    assert [zone_of(easting) for easting in (39_512_345.6, 20_512_345.6, 512_345.6, 24_500_000, 118.8, np.nan, -1)] == [
        39, 20, 0, 0, 0, 0, 0,
    ]  # fmt: skip


@pytest.mark.parametrize("system", [WGS84, WEB_MERCATOR, "EPSG:4498", "EPSG:4528", "EPSG:4549", "EPSG:4548"])
@pytest.mark.parametrize("swapped", [False, True])
def test_the_system_that_a_column_is_of_is_among_the_suspects(system, swapped):
    x, y = from_wgs84(system, [118.8, 118.9, 119.0], [31.2, 31.3, 31.4])
    found = suspects(y, x, BOX) if swapped else suspects(x, y, BOX)
    assert (system, swapped, 1.0) in [(one.system, one.swapped, one.share) for one in found]
    first = next(one for one in found if one.system == system)
    assert (first.lon, first.lat) == pytest.approx((118.8, 31.2), abs=1e-9)
    assert all(one.swapped == swapped for one in found)


def test_degrees_are_always_three_suspects_and_metres_of_elsewhere_none():
    assert [one.system for one in suspects([118.8], [31.3], BOX)] == [WGS84, GCJ02, BD09]
    assert suspects([1.0], [2.0], BOX) == () == suspects([], [], BOX) == suspects([np.nan], [1.0], BOX)
    assert suspects([4e6], [9e6], BOX) == ()


def test_a_six_degree_zone_without_its_number_goes_by_its_three_degree_name():
    x, y = from_wgs84("EPSG:4509", 118.8, 31.3)
    assert [one.system for one in suspects(x, y, BOX)] == ["EPSG:4548"]
    assert from_wgs84("EPSG:4548", 118.8, 31.3) == (x, y)


def test_points_that_are_none_of_a_system_only_lower_its_share():
    x, y = from_wgs84("EPSG:4549", [118.8, 118.9], [31.3, 31.4])
    found = suspects([*x.tolist(), 5.0, np.nan], [*y.tolist(), 9e8, 1.0], BOX)
    assert [(one.system, round(one.share, 2)) for one in found][:1] == [("EPSG:4549", 0.67)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("118.875", 118.875), ("118°52'30\"", 118.875), ("118°52′30″", 118.875), ("118度52分30秒", 118.875),
        ("东经118°52.5′", 118.875), ("118°52.5'E", 118.875), ("北纬31°20′", 31 + 1 / 3), ("31 ° 20 ′ N", 31 + 1 / 3),
        ("-5.5", -5.5), ("W5°30'", -5.5), ("5°30'S", -5.5), ("118°", 118), ("118°52'30''", 118.875), ("0", 0),
    ],
)  # fmt: skip
def test_angles_are_read_as_people_write_them(said, expected):
    assert degrees(said) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "东门镇",
        "118°60'",
        "118°52'60\"",
        "118.5°30'",
        "118°5.5'30\"",
        "181",
        "1,5",
        "E118E",
        "118 52 30",
        "1e2",
        "nan",
    ],
)
def test_what_is_no_angle_is_refused(said):
    with pytest.raises(Refused, match="not_degrees"):
        degrees(said)


def test_every_system_goes_forth_and_back_near_the_county():
    for system in SYSTEMS:
        meridian = GRIDS[system].meridian if system in GRIDS else 118.8
        lon, lat = to_wgs84(system, *from_wgs84(system, [meridian, meridian + 0.5], [31.3, 31.4]))
        assert lon == pytest.approx([meridian, meridian + 0.5], abs=1e-8) and lat == pytest.approx(
            [31.3, 31.4], abs=1e-8
        )
