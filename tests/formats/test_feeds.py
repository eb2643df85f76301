"""Files that are fetched again and again: what they say, and what of them is refused with a reason."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.formats.faults import Refused
from anlan.formats.feeds import fdsn, hotspots, stations
from anlan.formats.feeds.rows import MOST_TOLD, BadRow, Refusals, WrongHeading
from anlan.formats.feeds.stations import Layout, Quantity
from tests.formats.neighbours import recorded

VIIRS = (
    "country_id,latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,"
    "bright_ti5,frp,daynight"
)
FDSN = (
    "#EventID|Time|Latitude|Longitude|Depth/km|Author|Catalog|Contributor|ContributorID|MagType|Magnitude|MagAuthor|"
    "EventLocationName"
)


# --- hotspots ---------------------------------------------------------------------------------------------------------
def test_the_recorded_week_of_fires_is_read_whole():
    spots, elsewhere, refusals = hotspots.read(recorded("fire/firms_Portugal_firms_June_2017.csv"))
    assert (len(spots), elsewhere, refusals.count) == (457, 0, 0)
    assert max(one.frp for one in spots) == 2521.1
    by_day = [one.at.date().isoformat() for one in spots]
    assert by_day.count("2017-06-18") == 184 and (min(by_day), max(by_day)) == ("2017-06-16", "2017-06-22")
    first = spots[0]
    assert (first.satellite, first.instrument, first.share, first.at) == (
        "Aqua", "MODIS", 83.0, datetime(2017, 6, 16, 13, 4, tzinfo=UTC),
    )  # fmt: skip
    assert len({one.key for one in spots}) == 457


def test_a_file_with_an_index_of_its_own_is_read_too():
    spots, _elsewhere, _refusals = hotspots.read(recorded("fire/firms_Portugal_firms_2016_17_18_MODIS.csv"))
    days = [one.at.date().isoformat() for one in spots]
    assert (len(spots), days.count("2017-10-15"), max(one.frp for one in spots)) == (12_570, 1134, 3319.0)


def test_VIIRS_has_other_columns_and_words():
    rows = [
        "CHN,31.6,104.1,330.1,0.4,0.4,2026-11-21,59,N20,VIIRS,n,2.0NRT,290.0,3.25,N",
        "CHN,31.7,104.1,330.1,0.4,0.4,2026-11-21,00:07,N21,VIIRS,high,2.0NRT,290.0,,D",
        "CHN,31.8,104.1,330.1,0.4,0.4,2026/11/21,2359,N,VIIRS,l,2.0NRT,290.0,NA,",
    ]
    spots, _elsewhere, refusals = hotspots.read("\n".join([VIIRS, *rows]).encode())
    assert refusals.count == 0
    assert [one.satellite for one in spots] == ["NOAA-20", "NOAA-21", "Suomi NPP"]
    assert [one.confidence for one in spots] == ["nominal", "high", "low"]
    assert [one.share for one in spots] == [None] * 3
    assert [(one.at.hour, one.at.minute) for one in spots] == [(0, 59), (0, 7), (23, 59)]
    assert [one.frp for one in spots] == [3.25, None, None]
    assert [one.day for one in spots] == [False, True, None]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("CHN,91,104.1,330,0.4,0.4,2026-11-21,59,N20,VIIRS,n,2,290,3,N", "place"),
        ("CHN,,104.1,330,0.4,0.4,2026-11-21,59,N20,VIIRS,n,2,290,3,N", "place"),
        ("CHN,31,nan,330,0.4,0.4,2026-11-21,59,N20,VIIRS,n,2,290,3,N", "place"),
        ("CHN,31,104,330,0.4,0.4,2026-02-30,59,N20,VIIRS,n,2,290,3,N", "time"),
        ("CHN,31,104,330,0.4,0.4,2026-11-21,2460,N20,VIIRS,n,2,290,3,N", "time"),
        ("CHN,31,104,330,0.4,0.4,2026-11-21,١٢,N20,VIIRS,n,2,290,3,N", "time"),
        ("CHN,31,104,330,0.4,0.4,2026-11-21,59,,VIIRS,n,2,290,3,N", "satellite"),
        ("CHN,31,104,330,0.4,0.4,2026-11-21,59,T,MODIS,101,2,290,3,N", "number"),
        ("CHN,31,104,330,0.4,0.4,2026-11-21,59,T,MODIS,sure,2,290,3,N", "number"),
        ("CHN,31,104,330,0.4,0.4,2026-11-21,59,T,MODIS,50,2,290,-3,N", "number"),
        ("CHN,31,104", "width"),
        ("CHN,31,104,330,0.4,0.4,2026-11-21,59,T,MODIS,50,2,290,3,N,more", "width"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused_and_the_next_taken(row, code):
    good = "CHN,31.6,104.1,330.1,0.4,0.4,2026-11-21,59,N20,VIIRS,n,2.0NRT,290.0,3.25,N"
    spots, _elsewhere, refusals = hotspots.read("\n".join([VIIRS, row, good]).encode())
    assert len(spots) == 1
    assert [(one.line, one.code) for one in refusals.rows] == [(2, code)]


def test_a_heading_alone_says_that_nothing_burns_and_another_file_says_what_it_lacks():
    assert hotspots.read((VIIRS + "\n").encode())[0] == ()
    with pytest.raises(WrongHeading) as wrong:
        hotspots.read(b"latitude,longitude\n1,2\n")
    assert "acq_date" in wrong.value.columns
    for data in (b"", b"  \n", b"\x00\x01\x02", b"<html>no</html>"):
        with pytest.raises(Refused):
            hotspots.read(data)


def test_a_last_line_without_an_end_counts_only_where_the_length_is_known():
    row = "CHN,31.6,104.1,330.1,0.4,0.4,2026-11-21,59,N20,VIIRS,n,2.0NRT,290.0,3.25,N"
    data = f"{VIIRS}\n{row}\n{row}".encode()
    assert len(hotspots.read(data)[0]) == 2
    spots, _elsewhere, refusals = hotspots.read(data, complete=False)
    assert (len(spots), [one.code for one in refusals.rows]) == (1, ["cut_off"])


def test_of_many_refused_rows_the_first_are_told_and_all_counted():
    refusals = hotspots.read("\n".join([VIIRS, *["x"] * 500]).encode())[2]
    assert (refusals.count, len(refusals.rows)) == (500, MOST_TOLD)
    with pytest.raises(KeyError):
        BadRow(1, "no such code")


def test_a_quotation_mark_that_never_closes_does_not_hang_or_crash():
    spots, _elsewhere, refusals = hotspots.read(f'{VIIRS}\n"CHN,31\n'.encode() + b"a,b\n" * 1000)
    assert spots == () and refusals.count >= 1


@given(st.binary(max_size=400))
def test_no_bytes_bring_the_readers_down(data):
    for read in (hotspots.read, fdsn.read, lambda given_: stations.read(given_, PLAIN)):
        try:
            read(data)
        except (Refused, WrongHeading):
            continue


# --- FDSN text --------------------------------------------------------------------------------------------------------
def test_an_FDSN_text_gives_metres_and_UTC():
    text = f"{FDSN}\nus1|2013-04-20T00:02:47.540|30.308|102.888|14.0|us|NEIC|us|us1|mww|6.6|us|Lushan\n"
    (quake,), refusals = fdsn.read(text.encode())
    assert refusals.count == 0
    assert (quake.id, quake.depth_m, quake.magnitude, quake.magnitude_type) == ("us1", 14_000.0, 6.6, "mww")
    assert quake.at == datetime(2013, 4, 20, 0, 2, 47, 540_000, tzinfo=UTC)
    assert (quake.latitude, quake.longitude, quake.agency, quake.description) == (30.308, 102.888, "us", "Lushan")


def test_a_type_behind_the_place_is_read_and_gaps_stay_gaps():
    text = f"{FDSN}|EventType\na|2020-01-01T00:00:00Z|1|2||||||||||quarry blast\n"
    (quake,), _refusals = fdsn.read(text.encode())
    assert (quake.type, quake.depth_m, quake.magnitude, quake.agency) == ("quarry blast", None, None, None)


# --- stations ---------------------------------------------------------------------------------------------------------
PLAIN = Layout("station", ("time",), {"t": Quantity("℃")}, zone="UTC")


def read(text: str, layout: Layout = PLAIN):
    return stations.read(text.encode(), layout)


def test_a_recorded_station_is_read_with_its_time_in_four_columns():
    data = gzip.decompress(recorded("air-weather/prsa_Huairou.csv.gz"))
    layout = Layout(
        "station", ("year", "month", "day", "hour"), {"TEMP": Quantity("℃"), "RAIN": Quantity("mm")},
        form="%Y %m %d %H", zone="Asia/Shanghai",
    )  # fmt: skip
    found = stations.read(data, layout)
    assert found.refusals.count == 0
    assert len(found.values) + found.missing == 35_064 * 2
    first = found.values[0]
    assert (first.station, first.column, first.value) == ("Huairou", "TEMP", -2.3)
    assert first.at_ms == datetime(2013, 2, 28, 16, tzinfo=UTC).timestamp() * 1000
    assert max(one.value for one in found.values if one.column == "RAIN") == 45.9


@pytest.mark.parametrize(
    ("form", "said", "expected"),
    [
        ("iso", "2026-11-21T18:00:00Z", 1795284000000),
        ("iso", "2026-11-22T02:00:00+08:00", 1795284000000),
        ("iso", "2026/11/21 18:00", 1795284000000),
        ("iso", "2026-11-21 18:00:00.5", 1795284000500),
        ("epoch_s", "1795284000", 1795284000000),
        ("epoch_ms", "1795284000000", 1795284000000),
        ("%Y%m%d%H", "2026112118", 1795284000000),
    ],
)
def test_times_are_read_in_every_form(form, said, expected):
    layout = Layout("station", ("time",), {"t": Quantity("℃")}, form=form, zone="UTC")
    (value,) = read(f"station,time,t\na,{said},1\n", layout).values
    assert value.at_ms == expected


@pytest.mark.parametrize("said", ["", "now", "2026-13-01", "1969-12-31T00:00:00", "0001-01-01", "9999-12-31"])
def test_times_that_cannot_be_meant_are_refused(said):
    found = read(f"station,time,t\na,{said},1\n")
    assert [one.code for one in found.refusals.rows] == ["time"]


def test_an_hour_that_a_clock_change_repeats_is_no_guess():
    layout = Layout("station", ("time",), {"t": Quantity("℃")}, zone="Europe/Berlin")
    found = read("station,time,t\na,2026-10-25 02:30,1\na,2026-03-29 02:30,1\na,2026-10-25 04:30,1\n", layout)
    assert [one.code for one in found.refusals.rows] == ["time_zone_gap"] * 2
    assert len(found.values) == 1


def test_scale_and_offset_make_clean_numbers():
    layout = Layout("station", ("time",), {"t": Quantity("℃", 0.1), "k": Quantity("℃", 1.0, -273.15)}, zone="UTC")
    values = read("station,time,t,k\na,2026-11-21,23,300\n", layout).values
    assert [one.value for one in values] == [2.3, 26.85]


def test_refusals_keep_no_nul():
    refusals = Refusals()
    refusals.add(1, "number", "a\0b")
    assert refusals.rows[0].said == "ab"
