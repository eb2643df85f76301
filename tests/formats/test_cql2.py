"""Filters in the language of OGC API Features: the standard's own examples, laws, and hostile input."""

from __future__ import annotations

import json
from datetime import UTC, date

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.formats.cql2 import (
    COMPARISONS,
    LONGEST,
    SPATIAL,
    TEMPORAL,
    And,
    Between,
    Box,
    CaseI,
    Comparison,
    CqlError,
    In,
    Interval,
    IsNull,
    Like,
    Not,
    Or,
    Property,
    Spatial,
    Temporal,
    from_json,
    parse,
    to_json,
    to_text,
)
from tests.formats.cql2_examples import EXAMPLES, PAIRS, REFUSED

always = settings(max_examples=200, deadline=None, derandomize=True, database=None)
A, B, C = (Comparison("=", Property(name), 1) for name in "abc")


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_predicates_of_the_standard_are_read_and_come_back(text):
    found = parse(text)
    assert repr(parse(to_text(found))) == repr(found)
    assert repr(from_json(json.loads(json.dumps(to_json(found))))) == repr(found)


@pytest.mark.parametrize(("text", "form"), PAIRS)
def test_the_examples_of_the_standard_say_the_same_as_text_and_as_json(text, form):
    assert to_json(parse(text)) == form
    assert repr(from_json(form)) == repr(parse(text))


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_standard_wants_refused_and_what_we_do_not_know_is_refused(text):
    with pytest.raises(CqlError):
        parse(text)


def test_and_binds_closer_than_or_and_not_closer_than_both():
    assert parse("a=1 OR b=1 AND c=1") == Or((A, And((B, C))))
    assert parse("(a=1 or b=1) and c=1") == And((Or((A, B)), C))
    assert parse("not a=1 and b=1") == And((Not(A), B))
    assert parse("NOT (a=1 AND b=1)") == Not(And((A, B)))
    assert parse("a=1 AND b=1 AND c=1") == And((A, B, C))
    assert parse("a=1 AND (b=1 AND c=1)") == And((A, And((B, C))))
    assert parse("a BETWEEN 1 AND 2 AND b=1") == And((Between(Property("a"), 1, 2), B))


def test_negations_within_a_predicate_are_negations_of_it():
    assert parse("a NOT LIKE 'x'") == parse("NOT a LIKE 'x'") == Not(Like(Property("a"), "x"))
    assert parse("a IS NOT NULL") == Not(IsNull(Property("a")))
    assert parse("a NOT IN (1)") == Not(In(Property("a"), (1,)))
    assert to_text(Not(Not(IsNull(Property("a"))))) == "NOT (a IS NOT NULL)"


def test_values_are_of_their_types():
    text = "a IN ('x', TRUE, 1, -1.0, .5, 2., 1e3, DATE('2026-07-31'), TIMESTAMP('2026-07-31T08:00:00.5Z'), b)"
    found = parse(text).items
    assert list(map(repr, found)) == [
        "'x'", "True", "1", "-1.0", "0.5", "2.0", "1000.0", "datetime.date(2026, 7, 31)",
        "datetime.datetime(2026, 7, 31, 8, 0, 0, 500000, tzinfo=datetime.timezone.utc)", "Property(name='b')",
    ]  # fmt: skip


def test_names_may_be_of_any_script_and_stand_in_quotes():
    assert parse("水位 >= 危险.level") == Comparison(">=", Property("水位"), Property("危险.level"))
    assert parse('"date" = "水位"') == Comparison("=", Property("date"), Property("水位"))
    assert parse("eo:cloud_cover=1").left == Property("eo:cloud_cover")
    # The capital of the dotless i is I, which makes no keyword of it.
    assert parse("ın = 1").left == Property("ın")
    assert to_text(parse('"IN" = 1')) == '"IN" = 1'


def test_texts_keep_quotes_backslashes_and_line_ends():
    for written, meant in (
        ("'Via dell''Avvento'", "Via dell'Avvento"), (r"'it\'s'", "it's"), (r"'a\\b'", r"a\b"), ("''", ""),
        (r"'\t\n\x'", "\t\n\\x"), ("''''", "'"), ("'　安澜\n'", "　安澜\n"), (r"'\\'", "\\"),
    ):  # fmt: skip
        found = parse(f"a = {written}").right
        assert found == meant
        assert parse(f"a = {to_text(Comparison('=', Property('a'), found)).removeprefix('a = ')}").right == meant


def test_a_pattern_keeps_its_backslashes_and_may_not_end_within_one():
    assert parse(r"a LIKE '100\%\_'").pattern == r"100\%\_"
    assert parse(r"a LIKE 'x\\\\'").pattern == r"x\\"
    for wrong in (r"a LIKE 'x\\'", r"a LIKE CASEI('x\\')"):
        with pytest.raises(CqlError, match="character after the backslash"):
            parse(wrong)


def test_geometries_are_flat_and_on_the_globe():
    found = parse("s_within(point z(1 2 3), geometrycollection(point(1 2), multipoint z((3 4 5)))) ")
    assert shapely.to_wkt(found.left) == "POINT (1 2)"
    assert not shapely.has_z(found.right)
    assert parse("S_INTERSECTS(g, BBOX(170, -10, 5, -170, 10, 6))").right == Box(170, -10, -170, 10)
    assert parse("S_INTERSECTS(g, BBOX(170, -10, -170, 10))").right == Box(170, -10, -170, 10)


@pytest.mark.parametrize(
    ("text", "at", "expected", "found"),
    [
        ("", 1, "a property or a value", "the end"),
        ("   ", 4, "a property or a value", "the end"),
        ("a", 2, "=, <>, <, <=, >, >=, LIKE, BETWEEN, IN or IS", "the end"),
        ("a = ", 5, "a property or a value", "the end"),
        ("a == 1", 4, "a property or a value", "'='"),
        ("a = 1 b", 7, "AND, OR or the end", "'b'"),
        ("a = 1-2", 6, "AND, OR or the end", "'-2'"),
        ("(a = 1", 7, ")", "the end"),
        ("a = 1)", 6, "AND, OR or the end", "')'"),
        ("NOT NOT a = 1", 5, "a property or a value", "'NOT'"),
        ("a NOT = 1", 7, "LIKE, BETWEEN or IN", "'='"),
        ("a IS 1", 6, "NULL", "'1'"),
        ("a LIKE b", 8, "a pattern in single quotes", "'b'"),
        ("5 LIKE 'x'", 1, "a property or a text before LIKE", "'5'"),
        ("'x' BETWEEN 1 AND 2", 1, "a property or a number before BETWEEN", "\"'x'\""),
        ("a BETWEEN 1 OR 2", 13, "AND", "'OR'"),
        ("a BETWEEN DATE('2026-01-01') AND 2", 11, "a property or a number", "'DATE'"),
        ("a IN ()", 7, "a property or a value", "')'"),
        ("a IN 1", 6, "(", "'1'"),
        ("date = 1", 6, "(", "'='"),
        ("a = 'x", 5, "a text that ends with '", '"\'"'),
        (r"a = 'x\'", 5, "a text that ends with '", '"\'"'),
        ('"a b" = 1', 1, 'a property name that ends with "', "'\"'"),
        ("a = 1 ; DROP", 7, "a property, a value or an operator", "';'"),
        ("a = 'x\0'", 5, "a text that ends with '", '"\'"'),
        ("avg(a) = 1", 1, "a property or a value; functions are not known here", "avg("),
        ("a = 99999999999999999999", 5, "a whole number of 64 bits", "99999999999999999999"),
        ("a = 1e999", 5, "a number that is not too large", "inf"),
        ("a = DATE('2026-02-30')", 10, "a day or a moment of the calendar", "'2026-02-30'"),
        ("a = DATE('31.7.2026')", 10, "a day (2026-07-31) or a moment in UTC (2026-07-31T08:00:00Z)", "'31.7.2026'"),
        ("a = DATE('2026-07-31T08:00:00Z')", 10, "a day without a time", "'2026-07-31T08:00:00Z'"),
        ("a = TIMESTAMP('2026-07-31')", 15, "a moment with its time of day", "'2026-07-31'"),
        ("a = TIMESTAMP('2026-07-31T08:00:00+08:00')", 15,
         "a day (2026-07-31) or a moment in UTC (2026-07-31T08:00:00Z)", "'2026-07-31T08:00:00+08:00'"),
        ("a = DATE(b)", 10, "a day or a moment in single quotes", "'b'"),
        ("a = INTERVAL('..','..')", 5, "a property or a value", "'INTERVAL'"),
        ("T_DURING(a, 5)", 13, "a property, DATE, TIMESTAMP or INTERVAL", "'5'"),
        ("T_DURING(a, INTERVAL('2026-01-01','2026-01-02T00:00:00Z'))", 13, "an interval of two days or of two moments",
         "one of each"),
        ("T_DURING(a, INTERVAL('2026-01-02','2026-01-01'))", 13, "an interval that ends after it begins",
         "2026-01-02 to 2026-01-01"),
        ("T_DURING(a, INTERVAL(5,'..'))", 22, "a property, a day, a moment or '..'", "'5'"),
        ("S_INTERSECTS(g)", 15, ",", "')'"),
        ("S_INTERSECTS(g, 5)", 17, "a property, BBOX or a geometry as WKT", "'5'"),
        ("S_INTERSECTS(g, BBOX(1,2,3))", 17, "4 or 6 numbers of a BBOX", "3"),
        ("S_INTERSECTS(g, BBOX(1,2,3,a))", 28, "a number", "'a'"),
        ("S_INTERSECTS(g, BBOX(1,5,3,2))", 17, "a BBOX whose south lies below its north", "5.0 and 2.0"),
        ("S_INTERSECTS(g, BBOX(1,2,3,91))", 17, "longitudes within 180 and latitudes within 90 degrees", "3.0 91.0"),
        ("S_INTERSECTS(g, POINT(181 5))", 17, "longitudes within 180 and latitudes within 90 degrees", "181.0 5.0"),
        ("S_INTERSECTS(g, POINT 5)", 23, "(", "'5'"),
        ("S_INTERSECTS(g, POINT EMPTY)", 23, "(", "'EMPTY'"),
        ("S_INTERSECTS(g, POINT(nan 5))", 23, "a number, a comma or a parenthesis", "'nan'"),
        ("S_INTERSECTS(g, POINT(1 1e999))", 25, "a number that is not too large", "inf"),
        ("S_INTERSECTS(g, POLYGON((0 0,1 1,1 0,0 1,0 0)))", 17, "a valid geometry", "Self-intersection[0.5 0.5]"),
        ("S_INTERSECTS(g, MULTIPOLYGON(((((0 0", 33, "at most 4 parentheses in a geometry", "'('"),
        ("S_INTERSECTS(g, GEOMETRYCOLLECTION(GEOMETRYCOLLECTION(POINT(1 2))))", 36,
         "a number, a comma or a parenthesis", "'GEOMETRYCOLLECTION'"),
    ],
)  # fmt: skip
def test_an_error_says_where_it_is_what_was_expected_and_what_is_there(text, at, expected, found):
    with pytest.raises(CqlError) as caught:
        parse(text)
    error = caught.value
    assert (error.at, error.expected, error.found) == (at - 1, expected, found)
    assert str(error) == f"at character {at}: expected {expected}, found {found}"


@pytest.mark.parametrize(
    "wkt",
    ["POINT()", "POINT(1)", "POINT(1,2)", "LINESTRING(1 1)", "POLYGON((0 0,1 1,0 0))", "POLYGON((0 0,1 0,1 1,0 1))"],
)
def test_broken_wkt_is_refused_where_it_begins(wkt):
    with pytest.raises(CqlError, match=r"at character 17: expected a (valid )?geometry"):
        parse(f"S_INTERSECTS(g, {wkt})")


def test_a_filter_has_an_end():
    assert parse("a=1".ljust(LONGEST)) == A
    with pytest.raises(CqlError, match="at most 4000 characters, found 4001"):
        parse("a=1".ljust(LONGEST + 1))
    assert parse("(" * 32 + "a=1" + ")" * 32) == A
    for deep in ("(" * 33 + "a=1" + ")" * 33, "CASEI(" * 33 + "a" + ")" * 33 + "='x'", "(" * 3_000, "NOT(" * 900):
        with pytest.raises(CqlError, match="at most 32 levels"):
            parse(deep)
    assert len(parse(" OR ".join(["a=1"] * 500)).parts) == 500


def test_json_of_the_deepest_text_can_be_read():
    deepest = "NOT a=1 AND a=1 OR a=1"
    for _level in range(32):
        deepest = f"NOT ({deepest}) AND a=1 OR a=1"
    assert from_json(to_json(parse(deepest))) == parse(deepest)


names = st.sampled_from(["a", "水位", "date", "eo:x", "A.b", "IN", "s_within"]).map(Property)
texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Z"]) | st.sampled_from("\\'\"%_\n\t"))
casei = st.recursive(texts | names, lambda inner: inner.map(CaseI), max_leaves=3)
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
days = st.dates()
moments = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0))
scalars = st.one_of(names, texts, numbers, st.booleans(), days, moments, casei)
lon, lat = st.floats(-180, 180), st.floats(-90, 90)
spots = st.tuples(lon, lat)
boxes = st.builds(lambda w, s, e, n: Box(w, min(s, n), e, max(s, n)), lon, lat, lon, lat)
geometries = st.one_of(
    spots.map(shapely.Point),
    st.lists(spots, min_size=1, max_size=4).map(shapely.MultiPoint),
    st.lists(spots, min_size=2, max_size=4, unique=True).map(shapely.LineString),
    st.tuples(st.integers(-179, 170), st.integers(-89, 80)).map(
        lambda at: shapely.box(*at, at[0] + 9, at[1] + 9) - shapely.box(at[0] + 1, at[1] + 1, at[0] + 2.5, at[1] + 2)
    ),
)
shapes = st.one_of(names, boxes, geometries)


def interval(ends) -> Interval:
    return Interval(*(sorted(ends) if all(isinstance(end, date) for end in ends) else ends))


intervals = st.one_of(
    *(st.lists(one | names | st.none(), min_size=2, max_size=2).map(interval) for one in (days, moments))
)
times = st.one_of(names, days, moments, intervals)
patterns = texts.map(lambda text: text.rstrip("\\"))
predicates = st.one_of(
    st.builds(Comparison, st.sampled_from(COMPARISONS), scalars, scalars),
    st.builds(Like, casei, st.recursive(patterns, lambda inner: inner.map(CaseI), max_leaves=2)),
    st.builds(Between, names | numbers, names | numbers, names | numbers),
    st.builds(In, scalars, st.lists(scalars, min_size=1, max_size=3).map(tuple)),
    st.builds(IsNull, scalars),
    st.builds(Spatial, st.sampled_from(SPATIAL), shapes, shapes),
    st.builds(Temporal, st.sampled_from(TEMPORAL), times, times),
    st.booleans(),
)
filters = st.recursive(
    predicates,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        *(st.builds(kind, st.lists(inner, min_size=2, max_size=3).map(tuple)) for kind in (And, Or)),
    ),
    max_leaves=5,
)


@always
@given(filters)
def test_every_filter_comes_back_from_its_text_and_from_its_json(filter):
    text = to_text(filter)
    if len(text) <= LONGEST:
        assert repr(parse(text)) == repr(filter)
    assert repr(from_json(json.loads(json.dumps(to_json(filter))))) == repr(filter)


def outcome(read, given):
    """What is read, or the refusal; anything else that is raised fails the test."""
    try:
        return read(given)
    except CqlError as error:
        return error


words = st.sampled_from([
    "a", '"date"', "AND", "OR", "NOT", "(", ")", ",", "=", "<>", "LIKE", "BETWEEN", "IN", "IS", "NULL", "'x%'", "5",
    "TRUE", "CASEI", "(", ")", "DATE", "'2026-07-31'", "TIMESTAMP", "'2026-07-31T08:00:00Z'", "INTERVAL", "'..'",
    "S_INTERSECTS", "T_DURING", "POINT", "POLYGON", "MULTIPOINT", "GEOMETRYCOLLECTION", "BBOX", "Z", "1 2",
    "0 0,1 0,1 1,0 0", "'", '"', "\\", "\0", "\ud800", "é", "S_INTERSECTS(g,", "T_AFTER(t,", "-1.5",
])  # fmt: skip


@settings(always, max_examples=1000)
@given(st.text(max_size=60) | st.lists(words, max_size=14).map(" ".join) | st.lists(words, max_size=14).map("".join))
def test_no_text_is_worse_than_a_refusal(text):
    found = outcome(parse, text)
    if isinstance(found, CqlError):
        assert 0 <= found.at <= len(text)
    else:
        assert repr(parse(to_text(found))) == repr(found)


@always
@given(filters.map(to_text), st.data())
def test_no_broken_filter_is_worse_than_a_refusal(text, data):
    at = data.draw(st.integers(0, len(text)))
    until = data.draw(st.integers(at, min(len(text), at + 5)))
    broken = text[:at] + data.draw(st.text(max_size=3) | words) + text[until:]
    found = outcome(parse, broken)
    assert not isinstance(found, CqlError) or found.where
