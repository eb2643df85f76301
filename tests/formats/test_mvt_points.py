"""Points as a vector tile: bytes worked by hand from the specification, and what comes back when they are read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.formats.mvt import Tile, Words, encode, place, point_layer, thin, tile_bounds
from tests.formats.reading_tiles import degrees, read, read_by_peer

always = settings(max_examples=60, deadline=None, derandomize=True, database=None)
WORLD = Tile(0, 0, 0)


def at(*places: tuple[float, float]) -> tuple[list[float], list[float]]:
    """Longitudes and latitudes of the middles of units of the world's one tile."""
    points = [degrees(x + 0.5, y + 0.5) for x, y in places]
    return [lon for lon, _lat in points], [lat for _lon, lat in points]


def layer(*places, name="p", **more):
    return point_layer(name, WORLD, *at(*places), **more)


def features(*places, **more):
    return read(encode([layer(*places, **more)]))["p"].features


def test_one_point_is_these_bytes():
    # 4.3.5.1 of the specification: the point (25, 17) is 9 50 34.
    assert layer((25, 17)).content.hex(" ") == (
        "78 02 "  # version 2
        "0a 01 70 "  # name, 1 byte: p
        "12 07 "  # a feature of 7 bytes
        "18 01 "  # of the type point
        "22 03 09 32 22 "  # its geometry, 3 bytes: move to (+25, +17)
        "28 80 20"  # extent 4096
    )


def test_two_points_share_their_keys_and_values():
    tile = encode([layer((25, 17), (2, 1), ids=[5, 300], columns={"n": np.array([7, 7]), "s": ["水", None]})])
    assert tile.hex(" ") == (
        "1a 3a "  # a layer of 58 bytes
        "78 02 0a 01 70 "
        "12 0f 08 05 12 04 00 00 01 01 18 01 22 03 09 32 22 "  # id 5; key 0 value 0, key 1 value 1
        "12 0e 08 ac 02 12 02 00 00 18 01 22 03 09 04 02 "  # id 300 = 0xac 0x02; key 0 value 0
        "1a 01 6e 1a 01 73 "  # keys n and s
        "22 02 20 07 "  # int_value 7
        "22 05 0a 03 e6 b0 b4 "  # string_value 水
        "28 80 20"
    )


def test_a_tile_without_features_has_no_bytes():
    nothing = layer()
    assert nothing.features == 0
    assert encode([nothing]) == encode([]) == b""
    assert list(read(encode([nothing, layer((1, 1), name="q")]))) == ["q"]


def test_every_layer_of_a_tile_has_a_name_of_its_own():
    tile = read(encode([layer((1, 1), name="隐患"), layer((2, 2), (3, 3), name="b", extent=4096)]))
    assert {name: len(one.features) for name, one in tile.items()} == {"隐患": 1, "b": 2}
    with pytest.raises(ValueError, match="names of their own"):
        encode([layer((1, 1)), layer((2, 2))])


def test_ids_are_kept_to_the_last_bit():
    ids = np.array([0, 1, 127, 128, 2**32, 2**53 + 1, 2**64 - 1], np.uint64)
    found = features(*[(1, 1)] * 7, ids=ids)
    assert [one.id for one in found] == ids.tolist()
    assert [one.id for one in features((1, 1))] == [None]
    for wrong in ([-1], [1, 2], [1.5]):
        with pytest.raises(ValueError, match="whole numbers of at least 0"):
            layer((1, 1), ids=wrong)


def test_whole_numbers_are_kept_to_the_last_bit():
    signed = np.array([-(2**63), -1, 0, 1, 2**63 - 1])
    unsigned = np.array([0, 127, 128, 2**63, 2**64 - 1], np.uint64)
    small = np.array([-128, -1, 0, 1, 127], np.int8)
    found = features(*[(1, 1)] * 5, columns={"i": signed, "u": unsigned, "s": small})
    rows = zip(signed.tolist(), unsigned.tolist(), small.tolist(), strict=True)
    assert [one.attributes for one in found] == [{"i": i, "u": u, "s": s} for i, u, s in rows]


def test_fractions_and_truths_are_kept_with_their_type():
    column = {
        "d": np.array([0.1, -0.0, 1e308, np.inf]), "f": np.array([0.1, 1, 2, 3], np.float32),
        "b": np.array([True, False, True, False]), "h": np.array([0.5, 1, 2, 65504], np.float16),
    }  # fmt: skip
    found = features(*[(1, 1)] * 4, columns=column)
    assert [one.attributes["d"] for one in found] == [0.1, 0.0, 1e308, np.inf]
    assert [one.attributes["f"] for one in found] == column["f"].tolist()
    assert [one.attributes["h"] for one in found] == [0.5, 1, 2, 65504]
    assert [one.attributes["b"] for one in found] == [True, False, True, False]
    assert {type(one.attributes["b"]) for one in found} == {bool}


def test_one_and_one_point_zero_and_true_and_the_word_1_are_four_values():
    columns = {"i": np.array([1]), "f": np.array([1.0]), "b": np.array([True]), "s": ["1"], "again": np.array([1])}
    tile = read(encode([layer((1, 1), columns=columns)]))["p"]
    assert tile.values == [True, 1, 1.0, "1"]
    assert tile.features[0].attributes == {"i": 1, "f": 1.0, "b": True, "s": "1", "again": 1}


def test_words_of_any_script_come_back():
    words = ["", "a", "é", "水位超限", "😀", "a\0b", "\n", "x" * 300, "测" * 5000]
    found = features(*[(1, 1)] * len(words), columns={"s": words, "c": Words(np.arange(len(words))[::-1], words)})
    assert [one.attributes["s"] for one in found] == words
    assert [one.attributes["c"] for one in found] == words[::-1]
    assert features((1, 1), columns={"键": np.array(["值"])})[0].attributes == {"键": "值"}


def test_half_a_surrogate_pair_does_not_spoil_a_tile():
    found = features((1, 1), (2, 2), columns={"s": ["a\ud800b", "end"]})
    assert [one.attributes["s"] for one in found] == ["a?b", "end"]


def test_only_words_that_are_used_are_written_and_each_once():
    codes = np.array([3, 1, -1, 3], np.int16)
    tile = read(encode([layer(*[(1, 1)] * 4, columns={"s": Words(codes, ["a", "b", "c", "d"]), "t": list("bbbb")})]))
    assert tile["p"].values == ["b", "d"]
    assert [one.attributes.get("s") for one in tile["p"].features] == ["d", "b", None, "d"]


def test_a_missing_value_is_left_out_of_its_feature_alone():
    columns = {
        "f": np.array([1.5, np.nan, np.nan]), "i": np.ma.masked_array([1, 2, 3], [False, True, True]),
        "b": np.ma.masked_array([True, True, True], [True, False, True]), "s": ["x", None, None],
        "never": np.full(3, np.nan),
    }  # fmt: skip
    tile = read(encode([layer(*[(1, 1)] * 3, columns=columns)]))["p"]
    assert [one.attributes for one in tile.features] == [{"f": 1.5, "i": 1, "s": "x"}, {"b": True}, {}]
    assert tile.keys == ["f", "i", "b", "s"]


def test_a_feature_may_have_three_hundred_attributes():
    columns = {f"k{number}": np.array([number, number + 1]) for number in range(300)}
    assert [one.attributes for one in features((1, 1), (2, 2), columns=columns)] == [
        {f"k{number}": number + more for number in range(300)} for more in (0, 1)
    ]


def test_what_a_tile_cannot_say_is_refused_by_name():
    for column, why in (
        (np.array([1, 2]), "shape"), (["a", "b"], "shape"), (np.array([[1]]), "shape"),
        ([1], "not int"), ([b"a"], "not bytes"), (np.array(["2026-01-01"], "datetime64[D]"), "not date"),
        (Words(np.array([2]), ["a", "b"]), "beyond its 2 words"), (Words(np.array([0]), []), "beyond its 0 words"),
        (Words(np.array([0.5]), ["a"]), "whole numbers"), (np.array([1j]), "not complex"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=rf"attribute 'level': .*{why}"):
            layer((1, 1), columns={"level": column})


def test_points_that_are_nowhere_or_elsewhere_are_left_out_and_counted():
    tile = Tile(10, 843, 420)
    west, _south, east, _north = tile_bounds(10, 843, 420)
    middle = degrees(2048.5, 2048.5, 10, 843, 420)
    lon = [middle[0], np.nan, middle[0], 0.0, 200.0, east + (east - west) / 100]
    lat = [middle[1], middle[1], np.inf, 0.0, middle[1], middle[1]]
    made = point_layer("p", tile, lon, lat, ids=range(6), columns={"n": list("abcdef"), "v": np.arange(6)})
    assert (made.features, made.unplaced, made.outside, made.too_small) == (2, 3, 1, 0)
    found = read(encode([made]))["p"].features
    assert [(one.id, one.attributes) for one in found] == [(0, {"n": "a", "v": 0}), (5, {"n": "f", "v": 5})]
    assert found[1].paths == [[(4136, 2048)]]
    bare = point_layer("p", tile, lon, lat, ids=range(6), buffer=0)
    assert (bare.features, bare.outside) == (1, 2)
    with pytest.raises(ValueError, match="one length"):
        point_layer("p", tile, lon, lat[:4])


def test_only_the_chosen_rows_are_drawn():
    places = [(number * 100, 50) for number in range(20)]
    level = np.where(np.arange(20) % 4 == 0, 1, 5)
    placed = place(WORLD, *at(*places))
    shown = thin(placed.x, placed.y, level[placed.rows], limit=7, cell=64)
    made = layer(*places, rows=placed.rows[shown.rows], ids=range(20), columns={"level": level})
    found = read(encode([made]))["p"].features
    assert len(found) == 7
    assert {one.id for one in found} >= {0, 4, 8, 12, 16}
    assert [one.attributes["level"] for one in found] == level[[one.id for one in found]].tolist()


@always
@given(
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True)), max_size=30),
    st.integers(0, 18), st.data(),
)  # fmt: skip
def test_a_point_comes_back_within_a_unit_of_its_place(shares, z, data):
    tile_x, tile_y = (data.draw(st.integers(0, (1 << z) - 1)) for _axis in "xy")
    points = [degrees(x * 4096, y * 4096, z, tile_x, tile_y) for x, y in shares]
    lon, lat = [one[0] for one in points], [one[1] for one in points]
    numbers = data.draw(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=len(points), max_size=len(points)))
    words = data.draw(
        st.lists(st.none() | st.text(st.characters(codec="utf-8")), min_size=len(points), max_size=len(points))
    )
    made = point_layer(
        "p", Tile(z, tile_x, tile_y), lon, lat, ids=np.arange(len(points)) + 1,
        columns={"i": np.array(numbers, np.int64), "s": words},
    )  # fmt: skip
    assert made.features == len(points)
    found = read(encode([made]))["p"].features if points else []
    for (x, y), one, number, word in zip(shares, found, numbers, words, strict=True):
        # A place on the edge of a unit may fall to either side of it once it is degrees.
        assert abs(one.paths[0][0][0] - x * 4096) < 1.001
        assert abs(one.paths[0][0][1] - y * 4096) < 1.001
        assert one.attributes == {"i": number} | ({} if word is None else {"s": word})


def test_another_reader_finds_the_same():
    columns = {
        "level": np.array([1, -2]), "kind": Words(np.array([1, 0]), ["雨量", "水位"]), "value": np.array([0.1, np.nan]),
        "on": np.array([True, False]), "big": np.array([2**64 - 1, 0], np.uint64),
    }  # fmt: skip
    found = read_by_peer(encode([layer((25, 17), (4095, 0), ids=[7, 300], columns=columns)]))["p"]
    assert (found["extent"], found["version"]) == (4096, 2)
    assert [(one["id"], one["geometry"]["coordinates"], one["properties"]) for one in found["features"]] == [
        (7, [25, 17], {"level": 1, "kind": "水位", "value": 0.1, "on": True, "big": 2**64 - 1}),
        (300, [4095, 0], {"level": -2, "kind": "雨量", "on": False, "big": 0}),
    ]
