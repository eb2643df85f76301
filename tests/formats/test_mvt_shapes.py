"""Lines and polygons as a vector tile: the specification's own examples, winding, clipping, and broken outlines."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import GeometryType

from anlan.formats.mvt import Tile, encode, shape_layer
from tests.formats.reading_tiles import area, degrees, fields, packed, read, read_by_peer

always = settings(max_examples=100, deadline=None, derandomize=True, database=None)
WORLD = Tile(0, 0, 0)


def on_earth(shape):
    """A shape in units of the world's one tile as one in degrees."""
    return shapely.transform(shape, lambda units: np.array([degrees(x, y) for x, y in units]).reshape(-1, 2))


def layer(*shapes, tile=WORLD, **more):
    drawn = [on_earth(shapely.from_wkt(shape) if isinstance(shape, str) else shape) for shape in shapes]
    return shape_layer("s", tile, *shapely.to_ragged_array(drawn), **more)


def features(*shapes, **more):
    return read(encode([layer(*shapes, **more)]))["s"].features


def commands(shape) -> list[int]:
    """The geometry field of the one feature."""
    ((_number, content),) = fields(encode([layer(shape, tolerance=0)]))
    feature = next(part for number, part in fields(content) if number == 2)
    return packed(next(part for number, part in fields(feature) if number == 4))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("LINESTRING (2 2, 2 10, 10 10)", [9, 4, 4, 18, 0, 16, 16, 0]),
        (
            "MULTILINESTRING ((2 2, 2 10, 10 10), (1 1, 3 5))",
            [9, 4, 4, 18, 0, 16, 16, 0, 9, 17, 17, 10, 4, 8],
        ),
        ("POLYGON ((3 6, 8 12, 20 34, 3 6))", [9, 6, 12, 18, 10, 12, 24, 44, 15]),
        (
            "MULTIPOLYGON (((0 0, 10 0, 10 10, 0 10, 0 0)),"
            " ((11 11, 20 11, 20 20, 11 20, 11 11), (13 13, 13 17, 17 17, 17 13, 13 13)))",
            [9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15, 9, 22, 2, 26, 18, 0, 0, 18, 17, 0, 15,
             9, 4, 13, 26, 0, 8, 8, 0, 0, 7, 15],
        ),
    ],
)  # fmt: skip
def test_the_examples_of_the_specification_are_met(shape, expected):
    # 4.3.5.3 to 4.3.5.6 of the specification.
    assert commands(shape) == expected


@pytest.mark.parametrize("turned", [False, True])
def test_outer_rings_are_wound_one_way_and_holes_the_other(turned):
    outer, hole = [(100, 100), (900, 100), (900, 900), (100, 900)], [(300, 300), (300, 500), (500, 500), (500, 300)]
    shape = shapely.Polygon(outer[::-1] if turned else outer, [hole[::-1] if turned else hole])
    ((one,),) = [features(shape)]
    assert (one.kind, one.closed) == (3, [True, True])
    assert [area(path) for path in one.paths] == [800 * 800, -200 * 200]
    assert {frozenset(path) for path in one.paths} == {frozenset(outer), frozenset(hole)}


def test_another_reader_finds_polygons_their_holes_and_lines():
    shape = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (10 10, 20 10, 20 20, 10 20, 10 10))"
    found = read_by_peer(
        encode([layer(shape, "MULTIPOLYGON (((7 7, 9 7, 9 9, 7 7)), ((20 20, 29 20, 29 29, 20 20)))")])
    )
    kinds = [(one["geometry"]["type"], len(one["geometry"]["coordinates"])) for one in found["s"]["features"]]
    assert kinds == [("Polygon", 2), ("MultiPolygon", 2)]
    found = read_by_peer(encode([layer("LINESTRING (5 5, 9 9)", "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))")]))
    kinds = [(one["geometry"]["type"], one["geometry"]["coordinates"]) for one in found["s"]["features"]]
    assert kinds == [("LineString", [[5, 5], [9, 9]]), ("MultiLineString", [[[0, 0], [1, 1]], [[2, 2], [3, 3]]])]


def test_ids_and_attributes_stay_with_their_shapes():
    shapes = ["LINESTRING (0 0, 9 9)", "LINESTRING (5000 0, 5000 9)", "LINESTRING (1 1, 1 1)", "LINESTRING (7 7, 8 8)"]
    made = layer(
        *shapes, ids=[1, 2, 3, 4], columns={"name": ["北河", "gone", "dot", None], "v": np.arange(4)}, buffer=0
    )
    assert (made.features, made.outside, made.too_small, made.unplaced) == (2, 1, 1, 0)
    found = read(encode([made]))["s"]
    assert [(one.id, one.attributes) for one in found.features] == [(1, {"name": "北河", "v": 0}), (4, {"v": 3})]
    assert set(found.values) == {"北河", 0, 3}


def test_a_shape_is_cut_at_the_buffer():
    tile = Tile(1, 0, 0)
    (one,) = features("LINESTRING (1024 1024, 3072 1024)", tile=tile)
    assert one.paths == [[(2048, 2048), (4160, 2048)]]
    (one,) = features("POLYGON ((1024 1024, 3072 1024, 3072 3072, 1024 3072, 1024 1024))", tile=tile, buffer=0)
    assert set(one.paths[0]) == {(2048, 2048), (4096, 2048), (4096, 4096), (2048, 4096)}
    made = layer("LINESTRING (3000 3000, 3100 3000)", "LINESTRING (10 10, 20 20)", tile=tile)
    assert (made.features, made.outside) == (1, 1)


def test_a_polygon_around_the_tile_fills_it():
    (one,) = features("POLYGON ((0 0, 4096 0, 4096 4096, 0 4096, 0 0))", tile=Tile(3, 4, 4))
    assert set(one.paths[0]) == {(-64, -64), (4160, -64), (4160, 4160), (-64, 4160)}


def test_a_line_that_leaves_and_returns_is_one_feature_of_two_parts():
    (one,) = features("LINESTRING (2000 100, 2200 100, 2200 200, 2000 200)", tile=Tile(1, 0, 0))
    assert [path[0] for path in one.paths] == [(4000, 200), (4160, 400)]


def test_vertices_that_cannot_be_seen_are_left_out():
    wave = [(x, 100 + 0.4 * (x % 2)) for x in range(2001)]
    assert features(shapely.LineString(wave))[0].paths == [[(0, 100), (2000, 100)]]
    ring = shapely.Point(1000, 1000).buffer(500, quad_segs=2000)
    (one,) = features(ring)
    assert len(one.paths[0]) < 200
    assert area(one.paths[0]) == pytest.approx(ring.area, rel=0.002)
    (whole,) = features(ring, tolerance=0)
    assert len(whole.paths[0]) > 2000


def test_what_is_smaller_than_a_unit_is_left_out_and_counted():
    made = layer(
        "POLYGON ((5 5, 5.2 5, 5.2 5.2, 5 5))",
        "MULTIPOLYGON (((5 5, 5.2 5, 5.2 5.2, 5 5)), ((50 50, 90 50, 90 90, 50 50)))",
        "POLYGON ((5 5, 900 5.1, 5 5.2, 5 5))",
        "POLYGON ((5 5, 5.2 5, 5.2 5.2, 5 5), (100 100, 300 100, 300 300, 100 100))",
    )
    assert (made.features, made.too_small, made.outside) == (1, 3, 0)
    (one,) = read(encode([made]))["s"].features
    assert len(one.paths) == 1
    (one,) = features("POLYGON ((100 100, 900 100, 900 900, 100 100), (500 300, 500.2 300, 500.2 300.2, 500 300))")
    assert len(one.paths) == 1


def test_a_shape_that_is_nowhere_is_left_out_and_counted():
    kind, coords, offsets = shapely.to_ragged_array(
        shapely.from_wkt(
            ["POLYGON ((0 0, 9 0, 9 9, 0 0))", "POLYGON EMPTY", "POLYGON ((0 0, 9 0, 9 9, 0 0))",
             "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)), ((20 20, 29 20, 29 29, 20 20)))", "MULTIPOLYGON EMPTY"]
        )
    )  # fmt: skip
    coords = coords.copy()
    coords[5], coords[12] = np.nan, (0, 100)
    made = shape_layer("s", WORLD, kind, coords, offsets, ids=[1, 2, 3, 4, 5])
    assert (made.features, made.unplaced, made.outside, made.too_small) == (1, 4, 0, 0)
    assert [one.id for one in read(encode([made]))["s"].features] == [1]


def test_the_poles_are_drawn_at_the_edge_of_the_square_world():
    cap = shapely.to_ragged_array(shapely.from_wkt(["POLYGON ((-180 60, 180 60, 180 90, -180 90, -180 60))"]))
    (one,) = read(encode([shape_layer("s", WORLD, *cap)]))["s"].features
    assert {y for _x, y in one.paths[0]} == {0, 1189}  # 4096 (1/2 - asinh(tan 60) / 2 pi), by hand
    assert {x for x, _y in one.paths[0]} == {0, 4096}


def test_heights_are_ignored():
    flat, high = (shapely.to_ragged_array(shapely.from_wkt([text])) for text in (
        "LINESTRING (100 30, 110 35)", "LINESTRING Z (100 30 5, 110 35 6)",
    ))  # fmt: skip
    assert shape_layer("s", WORLD, *flat).content == shape_layer("s", WORLD, *high).content


def test_no_shapes_make_an_empty_layer():
    none = np.zeros((0, 2)), (np.zeros(1, int),)
    assert encode([shape_layer("s", WORLD, GeometryType.LINESTRING, *none, columns={"a": []})]) == b""
    assert shape_layer("s", WORLD, GeometryType.POLYGON, none[0], (none[1][0],) * 2).features == 0


def test_offsets_that_do_not_fit_are_refused():
    line = np.array([[0.0, 0], [1, 1], [2, 2]])
    for kind, offsets in (
        (GeometryType.LINESTRING, ([0, 2],)), (GeometryType.LINESTRING, ([0, 4],)),
        (GeometryType.LINESTRING, ([1, 3],)), (GeometryType.LINESTRING, ([0, 2, 1, 3],)),
        (GeometryType.LINESTRING, ([],)), (GeometryType.LINESTRING, ()), (GeometryType.POLYGON, ([0, 3],)),
        (GeometryType.POLYGON, ([0, 3], [0, 2])), (GeometryType.MULTILINESTRING, ([[0, 3]], [0, 1])),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="offsets"):
            shape_layer("s", WORLD, kind, line, offsets)
    with pytest.raises(ValueError, match="two columns"):
        shape_layer("s", WORLD, GeometryType.LINESTRING, line[:, 0], ([0, 3],))
    with pytest.raises(ValueError, match="lines or polygons, not POINT"):
        shape_layer("s", WORLD, GeometryType.POINT, line, ())


@always
@given(st.lists(st.tuples(st.integers(-300, 4400), st.integers(-300, 4400)), min_size=3, max_size=12))
def test_a_polygon_covers_in_the_tile_what_it_covers_on_earth(corners):
    shape = shapely.Polygon(corners)
    assume(shape.is_valid and shape.area > 100)
    # Tile 2/1/1 begins at (1024, 1024) of the world's one tile and shows a unit of it as four.
    found = layer(shapely.transform(shape, lambda at: at / 4 + 1024), tile=Tile(2, 1, 1), tolerance=0)
    covered = sum(area(path) for one in read(encode([found])).values() for path in one.features[0].paths)
    inside = shape.intersection(shapely.box(-64, -64, 4160, 4160))
    assert covered == pytest.approx(inside.area, abs=inside.length + 4)


@always
@given(
    st.lists(st.lists(st.tuples(st.integers(-2, 9), st.integers(-2, 9)), max_size=10), max_size=6),
    st.sampled_from([0.25, 1, 700]), st.sampled_from([0, 1, 30]), st.booleans(),
)  # fmt: skip
def test_no_outline_is_too_broken_to_be_drawn_or_counted(paths, scale, tolerance, rings):
    vertices = np.array([vertex for path in paths for vertex in path], float).reshape(-1, 2) * scale
    coords = np.array([degrees(x, y) for x, y in vertices]).reshape(-1, 2)
    offsets = np.cumsum([0, *map(len, paths)])
    if rings:
        made = shape_layer("s", WORLD, GeometryType.POLYGON, coords, (offsets, [0, len(paths)]), tolerance=tolerance)
    else:
        made = shape_layer("s", WORLD, GeometryType.LINESTRING, coords, (offsets,), tolerance=tolerance)
    assert made.features + made.unplaced + made.outside + made.too_small == (1 if rings else len(paths))
    for one in read(encode([made]))["s"].features if made.features else ():
        if rings:
            assert area(one.paths[0]) > 0
            assert all(area(path) < 0 for path in one.paths[1:])
            assert all(one.closed)
        for path in one.paths:
            assert len(path) >= (3 if rings else 2)
            assert all(before != after for before, after in itertools.pairwise(path))
            assert all(-64 <= value <= 4160 for vertex in path for value in vertex)
