"""Tracks of receivers: what goes out comes back, and points that are no place are told by their number."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.formats import gpx
from anlan.formats.faults import Refused
from anlan.formats.findings import BadMessage
from anlan.formats.gpx import Fix, Gpx, Track

AT = datetime(2026, 7, 15, 0, 30, tzinfo=UTC)
WALK = Gpx(
    places=(Fix(32.407, 104.528, 876.5, AT, "观测点 <3> & 余"), Fix(0.0, -180.0)),
    routes=(Track("撤离路线", ((Fix(32.4, 104.5), Fix(32.5, 104.6)),)),),
    tracks=(Track(None, ((Fix(32.4, 104.5, 1e-7, AT),), ())), Track("夜巡", ((Fix(32.4, 104.5, None, AT),) * 3,))),
)
DATA = gpx.write(WALK)


def test_a_file_comes_back_as_it_went_out():
    assert gpx.read(DATA) == WALK


def test_gpx_1_0_and_a_prefix_are_read():
    data = b"""<?xml version="1.0" encoding="GB18030"?><g:gpx version="1.0" xmlns:g="http://www.topografix.com/GPX/1/0">
      <g:wpt lat="32.4" lon="104.5"><g:time>2026-07-15T00:30:00</g:time><g:name>\xc6\xbd\xce\xe4</g:name>
      <g:extensions><g:name>other</g:name></g:extensions></g:wpt></g:gpx>"""
    assert gpx.read(data) == Gpx(places=(Fix(32.4, 104.5, None, AT, "平武"),))


NAMED = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zs", "Zl", "Zp"))
FIX = st.builds(
    Fix, st.floats(-90, 90), st.floats(-180, 180), st.none() | st.floats(-1e5, 1e5),
    st.none() | st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),
    st.none() | st.text(NAMED, min_size=1, max_size=9),
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(FIX, max_size=4), st.lists(st.lists(FIX, max_size=3), max_size=3))
def test_any_points_come_back_exactly(places: list[Fix], segments: list[list[Fix]]):
    walk = Gpx(tuple(places), (), (Track("a", tuple(map(tuple, segments))),))
    assert gpx.read(gpx.write(walk)) == walk


def file(inside: str) -> bytes:
    return f'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">{inside}</gpx>'.encode()


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ('<wpt lat="91" lon="1"/>', "bad_value at wpt[1]/lat"),
        ('<wpt lat="nan" lon="1"/>', "bad_value at wpt[1]/lat"),
        ('<wpt lat="1e1" lon="1"/>', "bad_value at wpt[1]/lat"),
        ('<wpt lon="1"/>', "missing_property at wpt[1]"),
        ('<wpt lat="1" lon="1"/><wpt lat="1" lon="181"/>', "bad_value at wpt[2]/lon"),
        ('<wpt lat="1" lon="1"><ele>high</ele></wpt>', "bad_value at wpt[1]/ele"),
        ('<wpt lat="1" lon="1"><time>noon</time></wpt>', "bad_time at wpt[1]/time"),
    ],
)
def test_a_point_that_is_no_place_is_told_by_its_number(inside: str, said: str):
    with pytest.raises(BadMessage) as refused:
        gpx.read(file(inside))
    assert [str(one).partition(" (")[0] for one in refused.value.findings] == [said]


def test_all_faults_are_told_up_to_a_bound():
    with pytest.raises(BadMessage) as refused:
        gpx.read(file('<wpt lat="x" lon="1"/>' * 500))
    assert len(refused.value.findings) == 20


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"<gpx", "broken_xml"),
        (b"<!DOCTYPE gpx><gpx/>", "doctype"),
        (file("<a>" * 40 + "</a>" * 40), "too_deep"),
        (file("<a>" + "x" * 20_001 + "</a>"), "text_too_long"),
    ],
)
def test_what_means_harm_is_refused(data: bytes, code: str):
    with pytest.raises(Refused, match=code):
        gpx.read(data)


def test_another_document_is_no_track():
    for data in (b"<gpx/>", b'<gpx version="7"/>', b'<kml xmlns="http://www.topografix.com/GPX/1/1"/>'):
        with pytest.raises(BadMessage, match="unknown_root"):
            gpx.read(data)


def test_what_is_no_place_is_not_written():
    for walk in (
        Gpx((Fix(91, 0),)), Gpx((Fix(float("nan"), 0),)), Gpx((Fix(0, 0, float("inf")),)),
        Gpx((Fix(0, 0, None, None, "a\x00"),)),
        Gpx((Fix(0, 0, None, datetime(2026, 7, 15)),)),
    ):  # fmt: skip
        with pytest.raises(BadMessage):
            gpx.write(walk)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(DATA) - 1), st.binary(max_size=4), st.integers(0, 40))
def test_no_damage_makes_the_reader_stumble(at: int, put: bytes, gone: int):
    try:
        gpx.read(DATA[:at] + put + DATA[at + gone :])
    except (BadMessage, Refused):
        return


def test_a_track_of_a_sports_watch_keeps_its_points_and_passes_over_its_extensions():
    """As one maker's service hands it out: extensions in each point, heights with many digits, milliseconds."""
    data = b"""<?xml version="1.0" encoding="UTF-8"?>
    <gpx creator="Garmin Connect" version="1.1"
      xsi:schemaLocation="http://www.topografix.com/GPX/1/1 http://www.topografix.com/GPX/11.xsd"
      xmlns="http://www.topografix.com/GPX/1/1" xmlns:ns3="http://www.garmin.com/xmlschemas/TrackPointExtension/v1"
      xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><trk><name>watch</name><type>road_biking</type><trkseg>
      <trkpt lat="43.8" lon="9.7"><ele>218.399993896484375</ele><time>2017-11-19T11:23:07.000Z</time>
        <extensions><ns3:TrackPointExtension><ns3:atemp>15.0</ns3:atemp><ns3:hr>113</ns3:hr>
        </ns3:TrackPointExtension></extensions></trkpt>
      <trkpt lat="47.1" lon="15.7"><ele>218.1999969482421875</ele><time>2017-11-19T11:23:08.000Z</time></trkpt>
      </trkseg></trk></gpx>""".lstrip()
    (track,) = gpx.read(data).tracks
    assert (track.name, [fix.height_m for fix in track.segments[0]]) == (
        "watch",
        [218.399993896484375, 218.1999969482421875],
    )
    assert [fix.at for fix in track.segments[0]] == [
        datetime(2017, 11, 19, 11, 23, second, tzinfo=UTC) for second in (7, 8)
    ]


def test_a_track_of_gpsbabel_in_1_0_is_read_to_its_smallest_digit():
    data = b"""<?xml version="1.0" encoding="UTF-8"?><!-- scientific notation is illegal -->
    <gpx version="1.0" creator="GPSBabel" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
      xmlns="http://www.topografix.com/GPX/1/0"><time>2011-07-05T04:11:41Z</time>
    <bounds minlat="45.479033517" minlon="13.507589780" maxlat="45.485465008" maxlon="13.520498463"/>
    <trk><name>Untitled Path</name><trkseg><trkpt lat="0.000091697" lon="0.007589780"><ele>10.000000</ele></trkpt>
    <trkpt lat="0.084886217" lon="0.000081658"><ele>0.000005</ele></trkpt></trkseg></trk></gpx>"""
    (track,) = gpx.read(data).tracks
    assert track.segments == ((Fix(0.000091697, 0.00758978, 10.0), Fix(0.084886217, 0.000081658, 0.000005)),)
    assert gpx.read(gpx.write(Gpx(tracks=(track,)))).tracks == (track,)


def test_a_file_without_a_namespace_is_read_as_some_telephones_write_it():
    assert gpx.read(b'<gpx version="1.1"><wpt lat="32.4" lon="104.5"/></gpx>') == Gpx(places=(Fix(32.4, 104.5),))
