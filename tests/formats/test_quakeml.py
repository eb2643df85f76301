"""Earthquake catalogues: what they say, in which unit, and what they do not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.formats import quakeml
from anlan.formats.faults import Refused
from anlan.formats.findings import BadMessage
from anlan.formats.quakeml import Quake
from tests.formats.neighbours import recorded

WENCHUAN = Quake(
    id="smi:local/wenchuan",
    type="earthquake",
    description="四川汶川",
    at=datetime(2008, 5, 12, 6, 28, 1, 570000, tzinfo=UTC),
    latitude=31.002,
    longitude=103.322,
    depth_m=19000.0,
    magnitude=7.9,
    magnitude_type="Mw",
    agency="NEIC",
    status="manual",
)


def test_the_recorded_catalogues_say_when_and_where():
    quakes, findings = quakeml.read(recorded("seismic/iris_events_quakeml.xml"))
    tohoku = quakes[0]
    assert tohoku.at == datetime(2011, 3, 11, 5, 46, 24, 120000, tzinfo=UTC)
    assert (tohoku.latitude, tohoku.longitude, tohoku.magnitude, tohoku.magnitude_type) == (38.297, 142.373, 9.1, "MW")
    # 29.0 is what stands there, and certainly kilometres.
    assert tohoku.depth_m == 29.0
    assert [one.code for one in findings] == ["shallow_depth", "shallow_depth"]
    quakes, findings = quakeml.read(recorded("seismic/neries_events_quakeml.xml"))
    assert [(one.magnitude, one.depth_m, one.type) for one in quakes] == [
        (4.4, 1000.0, "null"), (4.3, 14400.0, "null"), (3.0, 7000.0, "null"),
    ]  # fmt: skip
    assert findings == ()


def test_a_catalogue_comes_back_as_it_went_out():
    bare = Quake(id="smi:local/bare")
    data = quakeml.write([WENCHUAN, bare], catalogue="smi:local/anlan")
    assert quakeml.read(data) == ((WENCHUAN, bare), ())


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-90, 90), st.floats(-180, 180), st.none() | st.floats(0, 7e5), st.none() | st.floats(-2, 10),
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
)  # fmt: skip
def test_numbers_and_times_come_back_exactly(latitude, longitude, depth_m, magnitude, at):
    kind = None if magnitude is None else "ML"
    quake = replace(
        WENCHUAN, latitude=latitude, longitude=longitude, depth_m=depth_m, magnitude=magnitude, magnitude_type=kind,
        at=at.replace(tzinfo=UTC),
    )  # fmt: skip
    assert quakeml.read(quakeml.write([quake], catalogue="smi:local/anlan"))[0] == (quake,)


def event(inside: str) -> bytes:
    return (
        '<q:quakeml xmlns:q="http://quakeml.org/xmlns/quakeml/1.2" xmlns="http://quakeml.org/xmlns/bed/1.2">'
        f'<eventParameters publicID="smi:a/b"><event publicID="smi:a/c">{inside}</event></eventParameters></q:quakeml>'
    ).encode()


ORIGIN = '<origin publicID="{}"><latitude><value>{}</value></latitude></origin>'


def test_of_several_origins_the_preferred_one_is_taken_or_none():
    two = ORIGIN.format("smi:a/1", 30) + ORIGIN.format("smi:a/2", 40)
    (quake,), findings = quakeml.read(event("<preferredOriginID>smi:a/2</preferredOriginID>" + two))
    assert (quake.latitude, findings) == (40.0, ())
    for inside in (two, "<preferredOriginID>smi:a/9</preferredOriginID>" + two):
        (quake,), findings = quakeml.read(event(inside))
        assert quake.latitude is None
        assert [one.code for one in findings] == ["not_preferred"]


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        (ORIGIN.format("smi:a/1", "NaN"), "bad_value"),
        (ORIGIN.format("smi:a/1", "1e999"), "bad_value"),
        (ORIGIN.format("smi:a/1", "３０"), "bad_value"),
        (ORIGIN.format("smi:a/1", "91"), "out_of_range"),
        ("<origin><time><value>yesterday</value></time></origin>", "bad_time"),
        ("<origin><time><value>2011-13-11T05:46:24Z</value></time></origin>", "bad_time"),
    ],
)
def test_what_is_no_number_place_or_time_is_refused(inside: str, code: str):
    with pytest.raises(BadMessage, match=code):
        quakeml.read(event(inside))


def test_another_document_is_no_catalogue():
    for data in (b"<a/>", event("").replace(b"bed/1.2", b"bed/9.9")):
        with pytest.raises(BadMessage, match="unknown_root"):
            quakeml.read(data)
    with pytest.raises(Refused, match="doctype"):
        quakeml.read(b"<!DOCTYPE a><a/>")


def test_an_identifier_that_is_none_is_not_written():
    with pytest.raises(BadMessage, match="publicID"):
        quakeml.write([replace(WENCHUAN, id="7")], catalogue="smi:local/anlan")
    with pytest.raises(BadMessage, match="out_of_range"):
        quakeml.write([replace(WENCHUAN, latitude=120.0)], catalogue="smi:local/anlan")
