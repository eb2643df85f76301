"""Cursor on Target: one event, a stream of them, and what is not believed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.formats import cot
from anlan.formats.cot import Event, Stream
from anlan.formats.faults import Refused
from anlan.formats.findings import BadMessage

AT = datetime(2026, 7, 15, 0, 30, 0, 123000, tzinfo=UTC)
EVENT = Event(
    uid="PW-TEAM-3",
    type="a-f-G-U-C",
    at=AT,
    start=AT,
    stale=AT + timedelta(minutes=5),
    how="m-g",
    latitude=32.407,
    longitude=104.528,
    height_m=876.5,
    circular_error_m=8.0,
    detail=('<contact callsign="救援三队"></contact>'.encode(), "<remarks>到</remarks>".encode()),
)
DATA = cot.write(EVENT)


def test_an_event_comes_back_as_it_went_out():
    assert cot.read(DATA) == EVENT
    assert b'le="9999999.0"' in DATA
    assert b"xmlns" not in DATA


def test_an_event_of_a_handset_is_read():
    event = cot.read(
        b"<?xml version='1.0' encoding='UTF-8' standalone='yes'?><event version='2.0' uid='ANDROID-1' type='a-f-G-U-C' "
        b"time='2026-07-15T00:30:00.123Z' start='2026-07-15T00:30:00Z' stale='2026-07-15T00:36:15Z' how='h-e'>"
        b"<point lat='32.4' lon='104.5' hae='9999999.0' ce='9999999' le='9999999'/><detail><takv/></detail></event>"
    )
    assert (event.height_m, event.circular_error_m, event.linear_error_m) == (None, None, None)
    assert event.detail == (b"<takv></takv>",)


def test_the_example_of_the_authors_is_read_though_it_lacks_how_and_gives_its_point_last():
    event = cot.read(
        b"""<?xml version='1.0' standalone='yes'?>
<event version="2.0" uid="J-01334" type="a-h-A-M-F-U-M" time="2005-04-05T11:43:38.07Z" start="2005-04-05T11:43:38.07Z"
 stale="2005-04-05T11:45:38.07Z" ><detail></detail>
 <point lat="30.0090027" lon="-85.9578735" ce="45.3" hae="-42.6" le="99.5" /></event>"""
    )
    assert (event.latitude, event.longitude, event.height_m, event.how) == (30.0090027, -85.9578735, -42.6, "")
    assert event.at == datetime(2005, 4, 5, 11, 43, 38, 70_000, tzinfo=UTC)
    assert cot.read(cot.write(event)) == event


def test_a_track_of_a_server_is_read_with_its_attributes_of_others_and_one_broken_in_detail_is_refused():
    head = (
        b'<event version="2.0" uid="1228717" type="a-f-A-M-F-Q" how="m-g" time="2023-08-21T11:47:48.0Z" '
        b'start="2023-08-21T12:47:02.283Z" stale="2023-08-21T12:57:07.283Z" qos="5-r-c" access="Unclassified" opex="e">'
        b'<point ce="10.0" le="10.0" hae="1321.29992675781" lat="-23.14187321890312" lon="126.87965999741635"/><detail>'
    )
    event = cot.read(head + b'<track course="0" speed="0"/><contact callsign="B"/></detail></event>')
    assert (event.latitude, event.height_m, len(event.detail)) == (-23.14187321890312, 1321.29992675781, 2)
    with pytest.raises(Refused, match="broken_xml"):
        cot.read(head + b'<_tasking= TASK@FABNUM="MDN12345" /></detail></event>')


def test_an_event_holds_until_it_is_stale():
    assert EVENT.holds(AT) and not EVENT.holds(EVENT.stale) and not EVENT.holds(AT - timedelta(seconds=1))


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-90, 90), st.floats(-180, 180), st.none() | st.floats(-500, 9e6),
    st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)),
)  # fmt: skip
def test_numbers_and_times_come_back_exactly(latitude, longitude, height_m, at):
    at = at.replace(tzinfo=UTC)
    event = replace(EVENT, latitude=latitude, longitude=longitude, height_m=height_m, at=at, start=at, stale=at)
    assert cot.read(cot.write(event)) == event


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b'version="2.0"', b'version="1.0"', "bad_value"),
        (b'uid="PW-TEAM-3"', b'uid=" "', "missing_property"),
        (b'lat="32.407"', b"", "missing_property"),
        (b'lat="32.407"', b'lat="132.407"', "bad_value"),
        (b'lat="32.407"', b'lat="NaN"', "bad_value"),
        (b'hae="876.5"', b'hae="1e99"', None),
        (b'ce="8.0"', b'ce="-8.0"', "bad_value"),
        (b"2026-07-15T00:35:00.123000Z", b"2026-07-15T00:25:00.123000Z", "late_order"),
        (b"2026-07-15T00:35:00.123000Z", b"2026-07-15T00:35:00", "bad_time"),
        (b'type="a-f-G-U-C"', b'type="a f"', "bad_value"),
        (b"<point", b"<pint", "missing_element"),
        (b"<event", b'<event xmlns="urn:x"', "unknown_root"),
    ],
)
def test_an_event_that_cannot_be_is_refused(old: bytes, new: bytes, code: str | None):
    data = DATA.replace(old, new)
    assert data != DATA
    if code is None:
        assert cot.read(data).height_m is None
    else:
        with pytest.raises(BadMessage, match=code):
            cot.read(data)


@given(st.lists(st.integers(1, 400), max_size=8), st.integers(1, 4))
def test_a_stream_in_any_pieces_gives_the_same_events(cuts: list[int], count: int):
    stream, data, events = Stream(), DATA * count, []
    for cut in [*cuts, len(data)]:
        piece, data = data[:cut], data[cut:]
        events += [cot.read(document) for document in stream.fed(piece)]
    assert events == [EVENT] * count


def test_a_stream_that_never_ends_an_event_is_refused():
    stream = Stream()
    with pytest.raises(Refused, match="too_large"):
        for _piece in range(300):
            list(stream.fed(b"x" * 1024))
    assert [cot.read(document) for document in stream.fed(DATA)] == [EVENT]


def test_a_document_type_is_refused():
    with pytest.raises(Refused, match="doctype"):
        cot.read(b"<!DOCTYPE event [<!ENTITY a 'b'>]>" + DATA.partition(b"?>")[2])


def test_what_xml_cannot_hold_is_not_written():
    with pytest.raises(BadMessage):
        cot.write(replace(EVENT, uid="a\x00"))
    with pytest.raises(BadMessage):
        cot.write(replace(EVENT, latitude=float("nan")))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(DATA) - 1), st.binary(max_size=4), st.integers(0, 30))
def test_no_damage_makes_the_reader_stumble(at: int, put: bytes, gone: int):
    try:
        found = cot.read(DATA[:at] + put + DATA[at + gone :])
    except (BadMessage, Refused):
        return
    assert -90 <= found.latitude <= 90
    assert -180 <= found.longitude <= 180
