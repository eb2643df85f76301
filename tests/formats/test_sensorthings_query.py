"""Options of a query: the examples of the standard, the tree of some, and where a wrong one is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.formats.findings import BadMessage
from anlan.formats.sensorthings import Time
from anlan.formats.sensorthings.query import (
    LONGEST,
    Binary,
    Call,
    Duration,
    Expand,
    Geography,
    Literal,
    Not,
    Order,
    Path,
    Query,
    parse,
)  # fmt: skip

#: OGC 18-088, clause 9.3: examples of its tables, by the kind of entity that is asked for.
EXAMPLES = [
    ("Thing", "$expand=Datastreams"),
    ("Thing", "$expand=Datastreams/ObservedProperty"),
    ("Datastream", "$expand=Thing,Observations"),
    ("Datastream", "$expand=Observations($filter=result eq 1)"),
    ("Datastream", "$select=id,Observations&$expand=Observations/FeatureOfInterest"),
    ("Datastream", "$expand=Observations($select=result)"),
    ("Thing", "$expand=Datastreams($select=name;$expand=Observations($top=1;$orderby=phenomenonTime desc)),Locations"),
    ("Observation", "$select=result,resultTime"),
    ("Observation", "$orderby=result"),
    ("Observation", "$expand=Datastream&$orderby=Datastream/id desc,phenomenonTime"),
    ("Thing", "$top=5"),
    ("Observation", "$top=5&$orderby=phenomenonTime desc"),
    ("Observation", "$top=5&$orderby=phenomenonTime DESC"),
    ("Thing", "$skip=5"),
    ("Observation", "$skip=2&$top=2&$orderby=resultTime"),
    ("Thing", "$count=true"),
    ("Observation", "$resultFormat=dataArray"),
    ("Observation", "$filter=result lt 10.00"),
    ("Datastream", "$filter=unitOfMeasurement/name eq 'degree Celsius'"),
    ("Datastream", "$filter=unitOfMeasurement/name ne 'degree Celsius'"),
    ("Observation", "$filter=result gt 20.0"),
    ("Observation", "$filter=result ge 20.0"),
    ("Observation", "$filter=result le 100"),
    ("Observation", "$filter=result le 3.5 and FeatureOfInterest/id eq '1'"),
    ("Observation", "$filter=result gt 20 or result le 3.5"),
    ("Thing", "$filter=not startswith(description,'test')"),
    ("Observation", "$filter=result add 5 gt 10"),
    ("Observation", "$filter=result sub 5 gt 10"),
    ("Observation", "$filter=result mul 2 gt 2000"),
    ("Observation", "$filter=result div 2 gt 4"),
    ("Observation", "$filter=result mod 2 eq 0"),
    ("Observation", "$filter=(result sub 5) gt 10"),
    ("Thing", "$filter=substringof('Sensor Things',description)"),
    ("Thing", "$filter=endswith(description,'Things')"),
    ("Thing", "$filter=length(description) eq 13"),
    ("Thing", "$filter=indexof(description,'Sensor') eq 1"),
    ("Thing", "$filter=substring(description,1) eq 'ensor Things'"),
    ("Thing", "$filter=tolower(description) eq 'sensor things'"),
    ("Thing", "$filter=toupper(description) eq 'SENSOR THINGS'"),
    ("Thing", "$filter=trim(description) eq 'Sensor Things'"),
    (
        "Datastream",
        "$filter=concat(concat(unitOfMeasurement/symbol,', '), unitOfMeasurement/name) eq 'degree, Celsius'",
    ),
    ("Observation", "$filter=year(resultTime) eq 2015"),
    ("Observation", "$filter=month(resultTime) eq 12"),
    ("Observation", "$filter=day(resultTime) eq 8"),
    ("Observation", "$filter=hour(resultTime) eq 1"),
    ("Observation", "$filter=minute(resultTime) eq 0"),
    ("Observation", "$filter=second(resultTime) eq 0"),
    ("Observation", "$filter=fractionalseconds(resultTime) eq 0"),
    ("Observation", "$filter=date(resultTime) ne date(validTime)"),
    ("Observation", "$filter=time(resultTime) le validTime"),
    ("Observation", "$filter=totaloffsetminutes(resultTime) eq 60"),
    ("Observation", "$filter=resultTime ge now()"),
    ("Observation", "$filter=resultTime gt mindatetime()"),
    ("Observation", "$filter=resultTime lt maxdatetime()"),
    ("Observation", "$filter=round(result) eq 32"),
    ("Observation", "$filter=floor(result) eq 32"),
    ("Observation", "$filter=ceiling(result) eq 33"),
    ("Location", "$filter=geo.distance(location, geography'POINT (30 10)') lt 10"),
    ("Location", "$filter=geo.length(location) gt 5"),
    ("Location", "$filter=geo.intersects(location, geography'POLYGON ((30 10, 10 20, 20 40, 40 40, 30 10))')"),
    ("Location", "$filter=st_within(location, geography'POLYGON ((30 10, 10 20, 20 40, 40 40, 30 10))')"),
    ("Location", "$filter=st_relate(location, geography'POLYGON ((30 10, 10 20, 20 40, 40 40, 30 10))', 'T********')"),
]


@pytest.mark.parametrize(("kind", "text"), EXAMPLES)
def test_the_examples_of_the_standard_are_understood(kind: str, text: str):
    query = parse(text, kind)
    assert query != Query()
    assert parse(quote(text, safe="$=&()',;/"), kind) == query
    assert parse(text.replace(" ", "+"), kind) == query
    assert parse(text) == query


def test_operators_bind_as_the_standard_has_it():
    one, two = Binary("gt", Path(("result",)), Literal(1)), Binary("lt", Path(("result",)), Literal(9))
    three = Binary("eq", Path(("result",)), Literal(5))
    assert parse("$filter=result gt 1 or result lt 9 and result eq 5").filter == Binary(
        "or", one, Binary("and", two, three)
    )
    assert parse("$filter=(result gt 1 or result lt 9) and result eq 5").filter == Binary(
        "and", Binary("or", one, two), three
    )
    assert parse("$filter=not result gt 1 and result lt 9").filter == Binary("and", Not(one), two)
    assert parse("$filter=result add 2 mul 3 eq 5").filter == Binary(
        "eq", Binary("add", Path(("result",)), Binary("mul", Literal(2), Literal(3))), Literal(5)
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it''s'", Literal("it's")), ("'雨量'", Literal("雨量")), ("-1.5e3", Literal(-1500.0)),
        ("true", Literal(True)),
        ("null", Literal(None)), ("2026-07-15T08:00:00+08:00", Literal(Time(datetime(2026, 7, 15, tzinfo=UTC)))),
        ("2026-07-15T00:00:00Z/2026-07-15T01:00:00.5Z",
         Literal(Time(datetime(2026, 7, 15, tzinfo=UTC), datetime(2026, 7, 15, 1, 0, 0, 500_000, tzinfo=UTC)))),
        ("duration'PT10M'", Duration("PT10M")), ("geography'POINT (104.5 32.4)'", Geography("POINT (104.5 32.4)")),
        ("properties/anlanCode", Path(("properties", "anlanCode"))), ("now()", Call("now", ())),
    ],
)  # fmt: skip
def test_values_are_what_they_look_like(text: str, value: object):
    assert parse(f"$filter=result eq {text}").filter == Binary("eq", Path(("result",)), value)  # type: ignore[arg-type]


def test_an_expand_has_a_query_of_its_own():
    query = parse("$expand=Datastreams($filter=name eq 'a;b)';$top=2)")
    assert query.expand == (Expand("Datastreams", Query(filter=Binary("eq", Path(("name",)), Literal("a;b)")), top=2)),)
    path = parse("$expand=Datastreams/Observations/FeatureOfInterest", "Thing").expand
    inner = Expand("Observations", Query(expand=(Expand("FeatureOfInterest", Query()),)))
    assert path == (Expand("Datastreams", Query(expand=(inner,))),)


def test_order_select_and_counts_are_read():
    query = parse(
        "$orderby=Datastream/Thing/name desc, resultTime asc&$select=id,result,id&$count=false&$top=0&$skip=7",
        "Observation",
    )
    assert query.orderby == (
        Order(Path(("Datastream", "Thing", "name")), descending=True),
        Order(Path(("resultTime",))),
    )
    assert (query.select, query.count, query.top, query.skip) == (("id", "result"), False, 0, 7)


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("$filtre=result eq 1", "unknown_option", None),
        ("filter=result eq 1", "unknown_option", None),
        ("$top=1&$top=2", "repeated_option", None),
        ("$top=-1", "bad_query", 1),
        ("$top=1.5", "bad_query", 2),
        ("$top=99999999999", "bad_query", 1),
        ("$count=yes", "bad_query", 1),
        ("$resultFormat=xml", "bad_query", 1),
        ("$filter=", "bad_query", 1),
        ("$filter=result eq", "bad_query", 8),
        ("$filter=result eq 'a", "bad_query", 11),
        ("$filter=(result eq 1", "bad_query", 13),
        ("$filter=result eq 1)", "bad_query", 12),
        ("$filter=result == 1", "bad_query", 8),
        ("$filter=colour eq 1", "bad_query", 1),
        ("$filter=Datastream/colour eq 1", "bad_query", 1),
        ("$filter=drop(result)", "bad_query", 1),
        ("$filter=length(result, 2) eq 1", "bad_query", 1),
        ("$filter=result eq duration'ten'", "bad_query", 11),
        ("$filter=result eq geography'here'", "bad_query", 11),
        ("$filter=resultTime gt 2026-13-15T00:00:00Z", "bad_query", 15),
        ("$filter=resultTime gt 2026-07-15", "bad_query", 15),
        ("$select=colour", "bad_query", 1),
        ("$expand=result", "bad_query", 1),
        ("$expand=Datastream($top=1", "bad_query", 18),
        ("$expand=Datastream($resultFormat=CSV)", "unknown_option", None),
        ("$expand=Datastream($top=1;$top=2)", "repeated_option", None),
        ("$orderby=result up", "bad_query", 8),
    ],
)
def test_a_wrong_query_says_where_it_is_wrong(text: str, code: str, at: int | None):
    with pytest.raises(BadMessage) as refused:
        parse(text, "Observation")
    (finding,) = refused.value.findings
    assert (finding.code, finding.args.get("at")) == (code, at)


def test_a_query_has_bounds():
    for text in (
        "$filter=" + "x" * LONGEST, "$filter=" + "(" * 40 + "1" + ")" * 40, "$filter=" + "not " * 40 + "true",
        "$filter=" + " or ".join(["true"] * 200), "$select=" + ",".join("abc" for _one in range(200)),
        "$expand=" + "/".join(["Things", "Locations"] * 10), "$filter=" + "/".join(["a"] * 50) + " eq 1",
    ):  # fmt: skip
        with pytest.raises(BadMessage, match="bad_query"):
            parse(text)


PIECES = [
    "$filter",
    "$expand",
    "$top",
    "=",
    "&",
    "(",
    ")",
    "'",
    "result",
    " eq ",
    " and ",
    "1",
    "Datastream",
    "/",
    ";",
    ",",
    "not ",
    "é",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=40))
def test_no_text_makes_the_parser_stumble(text: str):
    for kind in (None, "Observation"):
        try:
            parse(text, kind)
        except BadMessage:
            continue
