"""Filters as JSON: what is refused, and hostile input. That text and JSON say the same is held in test_cql2."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.formats.cql2 import SPATIAL, TEMPORAL, CaseI, Comparison, CqlError, Property, from_json, parse, to_json
from tests.formats.test_cql2 import filters, outcome

always = settings(max_examples=300, deadline=None, derandomize=True, database=None)
P = {"property": "p"}
POINT = {"type": "Point", "coordinates": [118.8, 32.1]}


def call(op, *args):
    return {"op": op, "args": list(args)}


def nested(op: str, levels: int, inner):
    for _level in range(levels):
        inner = call(op, inner)
    return inner


def test_operators_are_written_as_the_schema_of_the_standard_names_them():
    names = [to_json(parse(f"{op}(a, b)"))["op"] for op in (*SPATIAL, *TEMPORAL)]
    assert {"s_intersects", "t_during", "t_finishedBy", "t_metBy", "t_overlappedBy", "t_startedBy"} < set(names)
    assert sorted(name.upper() for name in names) == sorted((*SPATIAL, *TEMPORAL))


@pytest.mark.parametrize(
    ("value", "where", "expected"),
    [
        (None, "filter", "true, false or an object of op and args"),
        ({"op": "and", "args": [True, True], "x": 1}, "filter", "true, false or an object of op and args"),
        ({"op": 5, "args": []}, "filter", "true, false or an object of op and args"),
        (call("avg", P), "filter", "an operator; functions, arithmetic, arrays and accenti are not known"),
        (call("and", True), "filter.args", "two or more arguments"),
        (call("not", True, True), "filter.args", "one argument"),
        ({"op": "not", "args": {}}, "filter.args", "one argument"),
        (call("or", True, call("=", P, None)), "filter.args[1].args[1]", "a property or a value"),
        (call("=", P, {"property": 5}), "filter.args[1]", "a property or a value"),
        (call("=", P, {"property": "a b"}), "filter.args[1]", "a name of letters, digits and underscores"),
        (call("=", P, "a\0"), "filter.args[1]", "a text without control characters"),
        (call("=", P, 1 << 64), "filter.args[1]", "a whole number of 64 bits"),
        (call("=", P, float("nan")), "filter.args[1]", "a number that is not too large"),
        (call("=", P, {"date": 5}), "filter.args[1]", "a day or a moment"),
        (call("=", P, {"date": "2026-07-31T08:00:00Z"}), "filter.args[1]", "a date"),
        (call("like", 5, "x"), "filter.args[0]", "a property or a text"),
        (call("like", P, P), "filter.args[1]", "a pattern"),
        (call("like", P, "x\\"), "filter.args[1]", "a character after the backslash of the pattern"),
        (call("between", P, True, 2), "filter.args[1]", "a property or a number"),
        (call("in", P, []), "filter.args[1]", "an array of at least one value"),
        (call("in", P, [1, [2]]), "filter.args[1][1]", "a property or a value"),
        (call("s_within", P, {"bbox": [1, 2, "3", 4]}), "filter.args[1].bbox", "an array of numbers"),
        (call("s_within", P, {"bbox": [1, 2, 3, float("inf")]}), "filter.args[1]", "a number that is not too large"),
        (call("s_within", P, POINT | {"coordinates": [1, 91]}), "filter.args[1]",
         "longitudes within 180 and latitudes within 90 degrees"),
        (call("s_within", P, POINT | {"coordinates": []}), "filter.args[1]", "a geometry that is not empty"),
        (call("s_within", P, POINT | {"coordinates": [float("nan"), 1]}), "filter.args[1]", "a geometry as GeoJSON"),
        (call("s_within", P, {"type": "Point"}), "filter.args[1]", "a geometry as GeoJSON"),
        (call("s_within", P, {"type": "Feature", "geometry": POINT}), "filter.args[1]",
         "a property, a bbox or a geometry as GeoJSON"),
        (call("s_within", P, {"type": "GeometryCollection", "geometries": [
            {"type": "GeometryCollection", "geometries": [POINT, POINT]}, POINT]}), "filter.args[1]",
         "a collection of plain geometries"),
        (call("t_during", P, {"interval": ["2026-07-31"]}), "filter.args[1]", "two ends of an interval"),
        (call("t_during", P, {"interval": [5, ".."]}), "filter.args[1].interval[0]",
         'a property, a day, a moment or ".."'),
        (call("t_during", P, 5), "filter.args[1]", "a property, date, timestamp or interval"),
    ],
)  # fmt: skip
def test_an_error_says_where_it_is_and_what_was_expected(value, where, expected):
    with pytest.raises(CqlError) as caught:
        from_json(value)
    assert (caught.value.where, caught.value.expected, caught.value.at) == (where, expected, None)
    assert str(caught.value).startswith(f"at {where}: expected {expected}, found ")


def test_json_has_an_end():
    assert from_json(nested("not", 100, True)) is not None
    for deep in (nested("not", 101, True), call("=", nested("casei", 5_000, P), "x"), nested("not", 50_000, True)):
        with pytest.raises(CqlError, match="at most 100 objects"):
            from_json(deep)
    line = {"type": "LineString", "coordinates": [[at / 10, 0] for at in range(501)]}
    assert from_json(call("s_crosses", P, line))
    with pytest.raises(CqlError, match="at most 1000 vertices in a filter, found 1002"):
        from_json(call("s_crosses", line, line))
    deep = [1, 2]
    for _level in range(100_000):
        deep = [deep]
    with pytest.raises(CqlError, match="a geometry as GeoJSON"):
        from_json(call("s_within", P, {"type": "Point", "coordinates": deep}))


def test_case_insensitive_texts_are_operators_too():
    form = call("=", call("casei", P), call("casei", call("casei", "X")))
    assert from_json(form) == Comparison("=", CaseI(Property("p")), CaseI(CaseI("X")))
    assert to_json(from_json(form)) == form


scraps = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["=", "and", "casei", "s_within", "t_during", "..", "2026-07-31", "Point", "Polygon"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["op", "args", "property", "date", "timestamp", "interval", "bbox", "type", "coordinates",
                         "geometries", "x"]), inner, max_size=3,
    ),
    max_leaves=12,
)  # fmt: skip


@always
@given(scraps)
def test_no_json_is_worse_than_a_refusal(value):
    found = outcome(from_json, value)
    assert isinstance(found, CqlError) or from_json(to_json(found)) == found


@always
@given(filters.map(to_json), scraps, st.data())
def test_no_broken_filter_is_worse_than_a_refusal(value, scrap, data):
    broken = copy.deepcopy(value)
    holder, key, inner = [broken], 0, broken
    while isinstance(inner, (dict, list)) and inner and data.draw(st.booleans()):
        holder, key = inner, data.draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner))))
        inner = holder[key]
    holder[key] = scrap
    found = outcome(from_json, broken)
    assert isinstance(found, CqlError) or from_json(to_json(found)) == found
