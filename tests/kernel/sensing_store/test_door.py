"""The door as an ASGI application over a real store; devices come from a directory that needs no database."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from standing_clock import Clock

from anlan.kernel.sensing.door.app import Door
from anlan.kernel.sensing.door.bodies import COLUMNS_LIMIT, Sender
from anlan.kernel.sensing.door.directory import Directory, Known
from anlan.kernel.sensing.door.records import ModelRecords
from anlan.kernel.sensing.store import Busy, Full, Store

T = 1_795_320_000_000
KEY = {"authorization": "Bearer gw-1:secret"}
Post = Callable[..., httpx.Response]


@pytest.fixture
def directory() -> Directory:
    found = Directory(ModelRecords())
    sender = Sender("gw-1", "live", {"GT-2031": 7, 7: 7, "GT-2032": 8, 8: 8})
    found.known = {"gw-1": Known(hashlib.sha256(b"secret").hexdigest(), sender)}
    return found


@pytest.fixture
def door(store: Store, directory: Directory) -> Iterator[Door]:
    found = Door(store, directory, background=False)
    yield found
    found.committer.close()


@pytest.fixture
def post(door: Door) -> Post:
    def send(content: Any, headers: dict[str, str] = KEY, path: str = "/api/v1/readings") -> httpx.Response:
        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(door)
            async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                return await client.post(path, content=body, headers=headers)

        return asyncio.run(run())

    return send


def batch(batch_id: str = "b1", value: float = 1.5, **more: Any) -> dict[str, Any]:
    return {"batch_id": batch_id, "readings": [{"point": "GT-2031", "t": T, "value": value} | more]}


def test_R1_a_reading_is_in_the_log_when_its_sender_is_answered(post: Post, store: Store):
    answer = post(batch())
    assert answer.status_code == 200
    assert answer.json() == {"batch_id": "b1", "accepted": 1, "refused": [], "refused_total": 0}
    (row,) = store.read_log(0)
    assert (row.sender, row.batch_id, row.n) == ("gw-1", "b1", 1)


def test_R2_the_same_message_a_hundred_times_at_once_is_one_batch_with_one_answer(door: Door, store: Store):
    async def run() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://door") as client:
            return await asyncio.gather(
                *(client.post("/api/v1/readings", json=batch(), headers=KEY) for _ in range(100))
            )

    answers = asyncio.run(run())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum(answer.headers.get("anlan-repeated") == "true" for answer in answers) == 99
    assert len(store.read_log(0)) == 1


def test_R2_the_same_batch_id_with_other_content_is_409_and_waits_for_a_person(post: Post, store: Store):
    post(batch())
    answer = post(batch(value=9.0))
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "other_content"
    (aside,) = store.set_aside()
    assert '"value": 9.0' in aside.raw
    assert len(store.read_log(0)) == 1


def test_R2_the_same_content_written_otherwise_is_a_repetition(post: Post):
    first = post(batch())
    again = post(json.dumps(batch(), indent=2).encode())
    assert (again.status_code, again.content) == (200, first.content)


def test_a_refused_row_names_field_and_reason_and_waits_for_a_person(post: Post, store: Store):
    body = batch()
    body["readings"].append({"point": "GT-7", "t": T, "value": 3.0})
    answer = post(body)
    assert answer.status_code == 200
    (refused,) = answer.json()["refused"]
    assert (refused["row"], refused["field"], refused["code"]) == (1, "point", "unknown_point")
    (aside,) = store.set_aside()
    assert (aside.sender, aside.point, aside.t, aside.value, aside.reason) == ("gw-1", "GT-7", T, 3.0, "unknown_point")


def test_a_post_of_which_nothing_is_taken_is_422_and_may_come_again(post: Post, store: Store, directory: Directory):
    assert post(batch(point="GT-7")).status_code == 422
    assert post(batch(point="GT-7")).status_code == 422
    assert store.count_set_aside() == 1
    directory.known["gw-1"].sender.points["GT-7"] = 9  # the point is registered now
    assert post(batch(point="GT-7")).status_code == 200


def test_a_post_that_is_not_json_is_422_and_its_beginning_is_kept(post: Post, store: Store):
    answer = post(b'{"batch_id": NaN')
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not_json")
    (aside,) = store.set_aside()
    assert aside.raw == '{"batch_id": NaN'


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer gw-1:wrong"},
        {"authorization": "Bearer gw-1"},
        {"authorization": "Bearer nobody:secret"},
        {"authorization": "Basic gw-1:secret"},
        {"authorization": "gw-1:secret"},
        {"authorization": "Bearer :"},
        {"authorization": "Bearer gw-1:secret extra"},
    ],
)
def test_S11_without_its_own_key_a_device_is_refused_and_nothing_is_stored(post: Post, store: Store, headers):
    answer = post(batch(), headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert store.last_seq() == 0
    assert store.count_set_aside() == 0


def test_S11_a_revoked_key_is_refused_once_the_directory_was_read_again(post: Post, directory: Directory):
    assert post(batch("b1")).status_code == 200
    directory.known = {}
    assert post(batch("b2")).status_code == 401


def test_a_packed_post_is_unpacked_and_counted_unpacked(post: Post):
    packed = gzip.compress(json.dumps(batch()).encode())
    assert post(packed, KEY | {"content-encoding": "gzip"}).status_code == 200
    bomb = gzip.compress(b" " * (COLUMNS_LIMIT + 10))
    assert len(bomb) < 20_000
    assert post(bomb, KEY | {"content-encoding": "gzip"}).status_code == 413
    assert post(packed[:-5], KEY | {"content-encoding": "gzip"}).status_code == 422
    assert post(b"x", KEY | {"content-encoding": "gzip"}).status_code == 422
    assert post(b"x", KEY | {"content-encoding": "br"}).status_code == 415


def test_a_post_over_the_limit_is_413(post: Post):
    assert post(b" " * (COLUMNS_LIMIT + 1)).status_code == 413
    assert post(b" " * (1 << 21)).status_code == 413


def test_other_addresses_and_methods_are_refused(door: Door):
    async def run() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://door") as client:
            answers = [
                await client.get("/healthz"),
                await client.get("/api/v1/readings", headers=KEY),
                await client.post("/api/v1/other", headers=KEY),
            ]
        return [answer.status_code for answer in answers]

    assert asyncio.run(run()) == [200, 405, 404]


def test_K4_a_full_disk_is_507_and_a_busy_one_503_with_a_time_to_come_back(
    post: Post, store: Store, monkeypatch: pytest.MonkeyPatch
):
    for error, status in ((Full("/var/x: no space"), 507), (Busy("locked"), 503)):
        with monkeypatch.context() as patch:
            patch.setattr(Store, "append_batches", Mock(side_effect=error))
            answer = post(batch())
        assert answer.status_code == status
        assert int(answer.headers["retry-after"]) >= 1
        assert "/var/x" not in answer.text
    assert post(batch()).status_code == 200


def test_K7_when_too_much_waits_for_the_disk_senders_are_asked_to_come_back(
    post: Post, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("anlan.kernel.sensing.door.app.WAITING_LIMIT", 10)
    answer = post(batch())
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


def test_old_data_goes_to_its_lane_with_the_time_of_its_newest_reading(post: Post, store: Store):
    body = batch() | {"lane": "backfill"}
    body["readings"][0]["t"] = T - 86_400_000
    assert post(body).status_code == 200
    (row,) = store.read_log(0)
    assert (row.lane, row.arrival) == ("backfill", T - 86_400_000)


def test_old_data_from_the_future_is_refused(post: Post, clock: Clock, store: Store):
    body = batch() | {"lane": "backfill"}
    body["readings"][0]["t"] = clock.now + 400_000
    answer = post(body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "future")
    assert store.last_seq() == 0


def test_binary_columns_come_in_packed_or_not(post: Post, store: Store):
    body = struct.pack("<4sBBHIIIIq", b"ANC1", 0, 0, 2, 1, 0, 0, 0, 0) + b"b1" + bytes(6)
    body += struct.pack("<qdI", T, 1.5, 7)
    body = body[:16] + struct.pack("<I", zlib.crc32(body[32:])) + body[20:]
    headers = KEY | {"content-type": "application/x-anlan-columns"}
    assert post(body, headers).status_code == 200
    again = post(gzip.compress(body), headers | {"content-encoding": "gzip"})
    assert (again.status_code, again.headers["anlan-repeated"]) == (200, "true")
    refused = post(body[:-1], headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "not_columns")
    (row,) = store.read_log(0)
    assert (row.batch_id, row.n) == ("b1", 1)


def test_the_charge_of_a_battery_is_noted_and_nonsense_passed_over(post: Post, directory: Directory):
    post(batch() | {"battery": 81})
    assert directory._charge == {"gw-1": 81.0}
    for n, nonsense in enumerate((True, "full", -1, 101, [1], None)):
        assert post(batch(f"n{n}", t=T + 1 + n) | {"battery": nonsense}).status_code == 200
    assert post(batch("old", t=T - 86_400_000) | {"battery": 5, "lane": "backfill"}).status_code == 200
    assert directory._charge == {"gw-1": 81.0}
