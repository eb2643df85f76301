"""Positions at the door: NMEA, Cursor on Target and GPX become readings, answered once they are on disk."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from standing_clock import Clock

from anlan.engine import decode_batch
from anlan.formats import cot, gpx, nmea
from anlan.kernel.sensing.door.app import Door
from anlan.kernel.sensing.door.bodies import Sender
from anlan.kernel.sensing.door.directory import Directory, Known
from anlan.kernel.sensing.door.positions import MOST_POSITIONS, OLD_MS, POSITIONS_LIMIT
from anlan.kernel.sensing.door.records import ModelRecords
from anlan.kernel.sensing.store import BACKFILL, LIVE, Store

NOW = datetime(2026, 11, 22, 3, 25, tzinfo=UTC)
T = round(NOW.timestamp() * 1000)
KEY = {"authorization": "Bearer CAR-1:secret"}
SENSORS = ("lat", "lon", "speed", "direction", "altitude")
POINTS = {f"CAR-1/{sensor}": 10 + i for i, sensor in enumerate(SENSORS)} | {
    f"CAR-1/A-7/{sensor}": 20 + i for i, sensor in enumerate(("lat", "lon"))
}
Post = Callable[..., httpx.Response]


@pytest.fixture
def door(store: Store, clock: Clock) -> Iterator[Door]:
    clock.now = T
    directory = Directory(ModelRecords())
    sender = Sender("CAR-1", "live", dict(POINTS))
    directory.known = {"CAR-1": Known(hashlib.sha256(b"secret").hexdigest(), sender)}
    found = Door(store, directory, background=False)
    yield found
    found.committer.close()


@pytest.fixture
def post(door: Door) -> Post:
    def send(body: bytes, headers: dict[str, str] = KEY) -> httpx.Response:
        async def run() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://door") as client:
                return await client.post("/api/v1/positions", content=body, headers=headers)

        return asyncio.run(run())

    return send


def logged(store: Store, lane: str = LIVE) -> dict[int, list[tuple[int, float, int]]]:
    """Point → its readings in a lane of the log: seconds after NOW, value, quality."""
    found: dict[int, list[tuple[int, float, int]]] = {}
    for row in store.read_log(0):
        if row.lane == lane and row.payload:
            columns = [column.tolist() for column in decode_batch(row.payload)]
            for point, t, value, quality in zip(*columns, strict=True):
                found.setdefault(point, []).append(((t - T) // 1000, value, quality))
    return found


def rmc(moment: datetime, *, fixed: bool = True, lat: str = "3145.0000", lon: str = "10415.0000") -> bytes:
    fields = (
        f"{moment:%H%M%S}.00", "A" if fixed else "V", lat, "N" if lat else "", lon, "E" if lon else "", "21.6", "84.4",
        f"{moment:%d%m%y}", "", "", "A",
    )  # fmt: skip
    return nmea.write(nmea.Message("GN", "RMC", fields))


def event(uid: str = "A-7", at: datetime = NOW, lat: float = 31.75, detail: tuple[bytes, ...] = ()) -> bytes:
    return cot.write(
        cot.Event(
            uid=uid, type="a-f-G-U-C", at=at, start=at, stale=at + timedelta(minutes=5), how="m-g", latitude=lat,
            longitude=104.25, height_m=512.0, circular_error_m=8.0, detail=detail,
        )
    )  # fmt: skip


# --- NMEA -----------------------------------------------------------------------------------------------------------


def test_R1_a_sentence_is_in_the_log_when_its_sender_is_answered(post, store):
    answer = post(rmc(NOW))
    assert answer.status_code == 200 and answer.json()["accepted"] == 1
    found = logged(store)
    assert found[POINTS["CAR-1/lat"]] == [(0, 31.75, 0)]
    assert found[POINTS["CAR-1/lon"]] == [(0, 104.25, 0)]
    assert found[POINTS["CAR-1/speed"]] == [(0, pytest.approx(40.0, abs=0.01), 0)]
    assert found[POINTS["CAR-1/direction"]] == [(0, 84.4, 0)]


def test_R2_the_same_post_again_is_stored_once(post, store):
    first = post(rmc(NOW))
    again = post(rmc(NOW))
    assert again.content == first.content and again.headers["anlan-repeated"] == "true"
    assert len(store.read_log(0)) == 1


def test_without_a_fix_there_is_a_reading_without_value(post, store):
    post(rmc(NOW, fixed=False) + rmc(NOW + timedelta(seconds=1), fixed=False, lat="", lon=""))
    rows = logged(store)[POINTS["CAR-1/lat"]]
    assert [(second, quality) for second, _value, quality in rows] == [(0, 2), (1, 2)]
    assert all(math.isnan(value) for _second, value, _quality in rows)
    assert POINTS["CAR-1/speed"] not in logged(store)


def test_no_place_on_earth_is_kept_and_uncertain(post, store):
    post(rmc(NOW, lat="0000.0000", lon="00000.0000"))
    assert logged(store)[POINTS["CAR-1/lat"]] == [(0, 0.0, 1)]


def test_gga_is_passed_over_beside_rmc_and_refused_without(post):
    gga = nmea.write(
        nmea.Message("GN", "GGA", (f"{NOW:%H%M%S}.00", "3145.0", "N", "10415.0", "E", "1", "9", "0.8", "5"))
    )
    answer = post(rmc(NOW) + gga).json()
    assert (answer["accepted"], answer["refused_total"]) == (1, 0)
    alone = post(gga)
    assert (alone.status_code, alone.json()["refused"][0]["code"]) == (422, "time")


def test_a_damaged_line_is_told_and_the_others_are_taken(post, store):
    broken = rmc(NOW + timedelta(seconds=2)).replace(b"3145", b"3146")
    answer = post(rmc(NOW) + broken + rmc(NOW + timedelta(seconds=3)))
    assert (answer.status_code, answer.json()["accepted"], answer.json()["refused_total"]) == (200, 2, 1)
    (aside,) = store.set_aside()
    assert aside.reason == "bad_crc" and "3146" in aside.raw


def test_a_year_that_cannot_be_is_refused(post):
    assert post(rmc(datetime(1981, 1, 1, tzinfo=UTC))).status_code == 422


# --- Cursor on Target -------------------------------------------------------------------------------------------------


def test_an_event_goes_to_the_points_of_its_uid_with_speed_and_course(post, store):
    body = event() + b"\n" + event("other", detail=(b'<track speed="10" course="271.5"/>',))
    answer = post(body)
    assert answer.json()["accepted"] == 2
    found = logged(store)
    assert found[POINTS["CAR-1/A-7/lat"]] == [(0, 31.75, 0)]
    assert found[POINTS["CAR-1/lat"]] == [(0, 31.75, 0)]
    assert found[POINTS["CAR-1/speed"]] == [(0, 36.0, 0)]
    assert found[POINTS["CAR-1/direction"]] == [(0, 271.5, 0)]
    assert found[POINTS["CAR-1/altitude"]] == [(0, 512.0, 0)]


def test_two_strangers_never_become_one_carrier(post, store):
    answer = post(event("x-1") + event("x-2"))
    assert (answer.status_code, answer.json()["accepted"]) == (422, 0)
    assert {one["code"] for one in answer.json()["refused"]} == {"unknown_point"}
    assert not logged(store)


def test_an_event_that_cannot_be_read_does_not_spoil_the_others(post):
    wrong = event("b").replace(b'lat="31.75"', b'lat="131.75"')
    assert wrong != event("b")
    answer = post(wrong + event())
    assert (answer.json()["accepted"], answer.json()["refused"][0]["code"]) == (1, "event")


def test_entities_and_an_event_without_end_are_refused(post):
    bomb = b'<!DOCTYPE e [<!ENTITY a "aaaa">]><event version="2.0">&a;</event>'
    assert post(bomb).status_code == 422
    assert post(event()[:-5]).status_code == 422


# --- GPX ----------------------------------------------------------------------------------------------------------


def track(*fixes: gpx.Fix) -> bytes:
    return gpx.write(gpx.Gpx(tracks=(gpx.Track("patrol", (fixes,)),)))


def test_what_is_old_goes_to_history_and_what_is_new_is_live(post, store):
    old = NOW - timedelta(milliseconds=OLD_MS + 1_000)
    body = track(gpx.Fix(31.7, 104.2, at=old), gpx.Fix(31.75, 104.25, 500.0, at=NOW - timedelta(seconds=20)))
    assert post(body).json()["accepted"] == 2
    assert logged(store, BACKFILL)[POINTS["CAR-1/lat"]] == [(-301, 31.7, 0)]
    assert logged(store, LIVE)[POINTS["CAR-1/lat"]] == [(-20, 31.75, 0)]


def test_R2_the_same_file_later_stores_no_position_twice(post, store, clock):
    body = track(gpx.Fix(31.75, 104.25, at=NOW))
    post(body)
    clock.now = T + OLD_MS + 5_000  # what was live then is history now
    assert post(body).status_code == 200
    assert sum(len(rows) for rows in logged(store, BACKFILL).values()) == 2
    # History holds one reading of a time, whatever lane brought it.
    assert store.readings(POINTS["CAR-1/lat"], T - 1, T + 1).t.tolist() == [T]


def test_a_place_without_time_or_ahead_of_us_is_refused(post):
    ahead = gpx.Fix(31.75, 104.25, at=NOW + timedelta(hours=1))
    answer = post(track(gpx.Fix(31.75, 104.25), ahead)).json()
    assert [one["code"] for one in answer["refused"]] == ["time", "future"]


def test_a_broken_file_is_refused_and_set_aside(post, store):
    assert post(track(gpx.Fix(31.7, 104.2, at=NOW))[:-20]).status_code == 422
    assert store.count_set_aside() == 1


# --- the door -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"  \n", b"hello", b"\x00\x01\x02", b"{}", b"<html></html>"])
def test_what_is_no_position_is_422(post, body):
    assert post(body).status_code == 422


def test_a_wrong_key_and_a_post_that_is_too_large_are_refused(post, store):
    assert post(rmc(NOW), headers={"authorization": "Bearer CAR-1:other"}).status_code == 401
    assert post(b"$" * (POSITIONS_LIMIT + 1)).status_code == 413
    assert not store.read_log(0)


def test_too_many_positions_are_refused_whole(post, store):
    one = b'<trkpt lat="31.7" lon="104.2"/>'
    head = b'<gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>'
    answer = post(head + one * (MOST_POSITIONS + 1) + b"</trkseg></trk></gpx>")
    assert answer.status_code == 413
    assert not logged(store)


def test_a_device_without_points_for_a_place_is_told(post, door, store):
    door.directory.known["CAR-1"].sender.points.clear()  # type: ignore[attr-defined]
    answer = post(rmc(NOW))
    assert (answer.status_code, answer.json()["refused"][0]["code"]) == (422, "unknown_point")
    assert store.count_set_aside() == 1


def test_a_device_of_an_exercise_writes_to_its_own_lane(post, door, store):
    known = door.directory.known["CAR-1"]
    sender: Any = Sender("CAR-1", "replay-1", known.sender.points)
    door.directory.known["CAR-1"] = Known(known.key_hash, sender)
    post(track(gpx.Fix(31.7, 104.2, at=NOW - timedelta(days=1)), gpx.Fix(31.75, 104.25, at=NOW)))
    assert not logged(store, LIVE) and not logged(store, BACKFILL)
    assert len(logged(store, "replay-1")[POINTS["CAR-1/lat"]]) == 2
