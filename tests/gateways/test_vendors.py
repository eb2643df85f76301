"""Vendors' messages at the gateway, without a broker: mapped, laid at the right device, bounded where they are not."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from amqtt.contexts import Action
from gateway_world import VENDOR, T, plant_mapped_device, plant_mapping, plant_mappings, plant_records, rows

from anlan.engine import decode_batch
from anlan.gateways.broker import Desk, DevicesOnly
from anlan.gateways.mqtt import NOBODY, Address, Gateway, Message
from anlan.gateways.records import PlainRecords
from anlan.gateways.topics import topic_of
from anlan.gateways.vendors.notes import KEPT_AN_HOUR, KEPT_OF_A_MAPPING
from anlan.gateways.vendors.records import VendorRecords
from anlan.gateways.vendors.taking import Vendors
from anlan.kernel.sensing.door.directory import Away, Directory
from anlan.kernel.sensing.store import Busy, Store

TOPIC = "vendor/A1/up"


class Hand:
    """A client that notes what it was asked."""

    def __init__(self) -> None:
        self.acknowledged: list[int] = []
        self.asked: list[str] = []
        self.given_up: list[str] = []

    def ack(self, mid: int, _qos: int) -> None:
        self.acknowledged.append(mid)

    def is_connected(self) -> bool:
        return True

    def subscribe(self, topic: str | list[tuple[str, int]], qos: int = 0) -> tuple[int, int]:
        self.asked += [topic] if isinstance(topic, str) else [one for one, _qos in topic]
        return 0, len(self.asked)

    def unsubscribe(self, topic: str) -> None:
        self.given_up.append(topic)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Records with two devices, one point each, and a mapping behind which only the first stands."""
    path = tmp_path / "records.sqlite3"
    plant_records(path, {"gw-1": ["gw-1/level"], "gw-2": ["gw-2/level"]})
    plant_mappings(path)
    plant_mapping(path)
    plant_mapped_device(path, "A1", "gw-1")
    return path


@pytest.fixture
def vendors(home: Path) -> Vendors:
    directory = Directory(PlainRecords(f"sqlite://{home}"))
    directory.refresh()
    found = Vendors(VendorRecords(f"sqlite://{home}"), directory)
    found.refresh()
    return found


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def gateway(store: Store, vendors: Vendors, hand: Hand) -> Gateway:
    found = Gateway(Address("127.0.0.1", 1), store, vendors.directory, vendors=vendors)
    found._client = hand  # type: ignore[assignment]
    found._connection = 1
    return found


def body(time_s: float = T / 1000, level: Any = 123, **more: Any) -> bytes:
    return json.dumps({"time": time_s, "level": level, **more}).encode()


def message(mid: int, payload: bytes, topic: str = TOPIC) -> Message:
    return Message(1, mid, 1, topic, payload)


def stored(store: Store) -> list[tuple[str, list[int], list[int], list[float], list[int]]]:
    found = []
    for row in store.read_log(0):
        point, t, value, quality = decode_batch(row.payload)
        found.append((row.sender, point.tolist(), t.tolist(), value.round(6).tolist(), quality.tolist()))
    return found


def noted(home: Path, sql: str) -> list[Any]:
    with sqlite3.connect(home) as records:
        found = records.execute(sql).fetchall()
    records.close()
    return found


def test_R4_a_mapped_message_is_on_disk_before_it_is_acknowledged(gateway: Gateway, store: Store, hand: Hand):
    gateway._take([message(1, body()), message(2, rows("own", point="gw-2/level"), topic_of("gw-2"))])
    assert stored(store) == [("gw-1", [1], [T], [1.23], [0]), ("gw-2", [2], [T], [1.5], [0])]
    assert hand.acknowledged == [1, 2]


def test_R4_what_a_busy_store_does_not_take_is_not_acknowledged(gateway: Gateway, hand: Hand, monkeypatch):
    def busy(self: Store, batches: Any) -> Any:
        gateway._stopping.set()
        raise Busy("locked")

    monkeypatch.setattr(Store, "append_batches", busy)
    gateway._take([message(1, body())])
    assert hand.acknowledged == []


def test_R2_a_message_that_comes_again_is_stored_once(gateway: Gateway, store: Store, hand: Hand):
    gateway._take([message(1, body())])
    gateway._take([message(2, body()), message(3, body())])
    assert len(stored(store)) == 1
    assert hand.acknowledged == [1, 2, 3]


def test_dated_by_arrival_the_same_bytes_are_two_messages_and_a_delivery_again_is_none(
    gateway: Gateway, vendors: Vendors, store: Store, home: Path
):
    plant_mapping(home, VENDOR | {"time": {"form": "arrival"}})
    vendors.refresh()
    gateway._take([message(7, b'{"level": 1}'), message(8, b'{"level": 1}')])
    assert len(stored(store)) == 2
    gateway._take([message(8, b'{"level": 1}')])
    assert len(stored(store)) == 2


def test_S11_a_vendors_device_writes_its_own_points_only(gateway: Gateway, vendors: Vendors, store: Store, home: Path):
    # A person cannot map a sensor to a point of another device; rows changed by hand do not help either.
    with sqlite3.connect(home) as records:
        records.execute("UPDATE mappings_link SET sensors = ?", (json.dumps({"level": "gw-2/level"}),))
    records.close()
    vendors.refresh()
    gateway._take([message(1, body())])
    assert stored(store) == []
    (aside,) = store.set_aside()
    assert (aside.sender, aside.point, aside.reason, aside.value) == ("gw-1", "gw-2/level", "unknown_point", 1.23)


def test_S11_who_names_another_device_in_the_message_of_its_gateway_reaches_none(
    gateway: Gateway, vendors: Vendors, store: Store, home: Path
):
    plant_mapping(home, VENDOR | {"topic": "v/{gw}/up", "device": {"from": "path", "path": "sn", "within": "gw"}})
    plant_mapped_device(home, "G1/7", "gw-2")
    vendors.refresh()
    gateway._take([message(1, body(sn="7"), "v/G1/up"), message(2, body(sn="7", level=9), "v/G2/up")])
    assert [(row[0], row[3]) for row in stored(store)] == [("gw-2", [1.23])]
    vendors.notes.write(vendors.records)
    assert noted(home, "SELECT code, number, messages FROM mappings_caller") == [("v", "G2/7", 1)]


def test_S11_a_revoked_device_is_refused_and_its_number_waits(
    gateway: Gateway, vendors: Vendors, store: Store, home: Path
):
    with sqlite3.connect(home) as records:
        records.execute("UPDATE sensing_device SET enabled = 0 WHERE code = 'gw-1'")
    records.close()
    vendors.directory.refresh()
    vendors.refresh()
    gateway._take([message(1, body())])
    assert stored(store) == []
    assert [(row.sender, row.reason) for row in store.set_aside()] == [(NOBODY, "unknown_device")]


def test_a_number_that_nobody_registered_is_listed_and_kept_within_bounds(
    gateway: Gateway, vendors: Vendors, store: Store, hand: Hand, home: Path
):
    gateway._take([message(n, body(level=n), "vendor/B9/up") for n in range(1, 101)])
    vendors.notes.write(vendors.records)
    ((code, number, topic, messages, raw),) = noted(
        home, "SELECT code, number, topic, messages, raw FROM mappings_caller"
    )
    assert (code, number, topic, messages, json.loads(raw)["level"]) == ("v", "B9", "vendor/B9/up", 100, 100)
    assert store.count_set_aside() == KEPT_AN_HOUR
    assert len(hand.acknowledged) == 100
    assert stored(store) == []


def test_what_cannot_be_mapped_is_set_aside_with_its_bytes_and_counted(
    gateway: Gateway, vendors: Vendors, store: Store, hand: Hand, home: Path
):
    bad = [b"no json", b"\xff\xfe", b'{"time": 1, "time": 2}', b"[" * 50_000, body(level=True), body(time_s=T), b"\0"]
    gateway._take([message(n, payload) for n, payload in enumerate(bad, 1)])
    assert hand.acknowledged == list(range(1, len(bad) + 1))
    rows_ = {row.reason: row for row in store.set_aside(sender="gw-1")}
    assert set(rows_) == {"not_json", "bad_text", "duplicate_key", "too_deep", "not_number", "odd_time"}
    assert rows_["not_number"].field == "$.level"
    assert rows_["bad_text"].raw == "hex:fffe"
    assert rows_["not_number"].point == TOPIC
    vendors.notes.write(vendors.records)
    counted = dict(noted(home, "SELECT fault, count FROM mappings_fault"))
    assert (counted["not_json"], counted["too_deep"]) == (2, 1)


def test_a_flood_of_faults_is_counted_whole_and_kept_within_bounds(
    gateway: Gateway, vendors: Vendors, store: Store, home: Path
):
    gateway._take([message(n, b"x%d" % n) for n in range(1, 501)])
    vendors.notes.write(vendors.records)
    assert store.count_set_aside() == KEPT_AN_HOUR
    assert noted(home, "SELECT number, fault, count FROM mappings_fault") == [("A1", "not_json", 500)]


def test_who_invents_numbers_fills_neither_the_disk_nor_the_counters(
    gateway: Gateway, vendors: Vendors, store: Store, home: Path
):
    gateway._take([message(n, body(level=n), f"vendor/X{n}/up") for n in range(1, 1_001)])
    gateway._take([message(n, b"no json", f"vendor/X{n}/up") for n in range(1, 1_001)])
    vendors.notes.write(vendors.records)
    assert store.count_set_aside() == KEPT_OF_A_MAPPING
    assert noted(home, "SELECT number, fault, count FROM mappings_fault") == [("", "not_json", 1_000)]
    assert noted(home, "SELECT count(*) FROM mappings_caller") == [(500,)]


def test_the_good_values_of_a_message_are_taken_beside_its_faults(
    gateway: Gateway, vendors: Vendors, store: Store, home: Path
):
    plant_mapping(home, VENDOR | {"items": "list[*]"})
    vendors.refresh()
    items = {
        "list": [{"time": T / 1000, "level": 100}, {"time": "x", "level": 5}, {"time": T / 1000 + 1, "level": None}]
    }
    gateway._take([message(1, json.dumps(items).encode())])
    ((_sender, _points, times, values, qualities),) = stored(store)
    assert (times, qualities) == ([T, T + 1000], [0, 2])
    assert values[0] == 1.0
    assert values[1] != values[1]
    assert [(row.reason, row.field) for row in store.set_aside()] == [("odd_time", "$.list[1].time")]


def test_a_draft_that_listens_takes_nothing_in_and_lets_a_person_see(
    gateway: Gateway, vendors: Vendors, store: Store, home: Path
):
    plant_mapping(home, VENDOR | {"topic": "new/{device}/up"}, code="w", state="draft")
    vendors.refresh()
    assert "new/+/up" not in vendors.table.filters
    with sqlite3.connect(home) as records:
        records.execute("UPDATE mappings_mapping SET listening = 1 WHERE code = 'w'")
    records.close()
    assert vendors.refresh()
    assert "new/+/up" in vendors.table.filters
    gateway._take([message(n, body(level=n), "new/A1/up") for n in range(1, 31)])
    assert stored(store) == []
    asides = store.set_aside(limit=100)
    assert [(row.reason, row.batch_id[:6]) for row in asides] == [("draft_mapping", "map:w:")] * KEPT_AN_HOUR


def test_a_topic_of_no_mapping_and_one_of_two_are_set_aside(
    gateway: Gateway, vendors: Vendors, store: Store, home: Path
):
    plant_mapping(home, VENDOR | {"topic": "vendor/{device}/#"}, code="w")
    vendors.refresh()
    gateway._take([message(1, body()), message(2, body(), "elsewhere")])
    assert sorted(row.reason for row in store.set_aside()) == ["no_mapping", "two_mappings"]
    assert stored(store) == []


def test_a_mapping_that_can_no_longer_be_read_loses_no_message(
    gateway: Gateway, vendors: Vendors, store: Store, home: Path
):
    with sqlite3.connect(home) as records:
        records.execute("UPDATE mappings_mapping SET body = ?", (json.dumps({"topic": "vendor/{device}/up"}),))
    records.close()
    vendors.refresh()
    gateway._take([message(1, body())])
    assert [row.reason for row in store.set_aside()] == ["bad_mapping"]


def test_a_message_that_breaks_the_reader_holds_up_nothing(gateway: Gateway, store: Store, hand: Hand, monkeypatch):
    def breaks(*_given: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("anlan.gateways.vendors.taking.evaluate", breaks)
    gateway._take([message(1, body()), message(2, rows("own", point="gw-2/level"), topic_of("gw-2"))])
    assert hand.acknowledged == [1, 2]
    assert [row.reason for row in store.set_aside()] == ["poison"]
    assert [row[0] for row in stored(store)] == ["gw-2"]


def test_topics_of_a_device_of_ours_never_go_through_a_mapping(gateway: Gateway, store: Store):
    gateway._take([message(1, body(), "anlan/v1/nobody/readings")])
    assert [row.reason for row in store.set_aside()] == ["unknown_device"]


def test_the_broker_is_asked_for_the_topics_of_now(gateway: Gateway, vendors: Vendors, hand: Hand, home: Path):
    gateway.follow()
    assert hand.asked == ["vendor/+/up"]
    gateway.follow()
    assert hand.asked == ["vendor/+/up"]
    plant_mapping(home, VENDOR | {"topic": "v2/{device}/up"})
    assert vendors.refresh()
    gateway.follow()
    assert hand.asked == ["vendor/+/up", "v2/+/up"]
    assert set(hand.given_up) == {"vendor/+/up"}


def test_mappings_that_are_away_leave_those_that_are_known(vendors: Vendors, home: Path):
    vendors.records.close()
    home.rename(home.with_name("away"))
    with pytest.raises(Away):
        vendors.refresh()
    assert vendors.table.filters == {"vendor/+/up"}


@pytest.mark.parametrize(
    ("user", "topic", "may"),
    [
        ("gw-1", "vendor/A1/up", True),
        ("gw-1", "anlan/v1/gw-1/readings", True),
        ("gw-2", "vendor/A1/up", False),
        ("gw-1", "vendor/B9/up", False),
        ("gw-1", "vendor/A1/down", False),
        ("stranger", "vendor/A1/up", False),
        ("gw-2", "v/G1/up", True),
        ("gw-1", "v/G1/up", False),
        ("gw-2", "v/G2/up", False),
    ],
)
def test_S11_the_demos_broker_lets_a_device_publish_under_its_own_number_only(
    vendors: Vendors, home: Path, user: str, topic: str, may: bool
):
    within = VENDOR | {"topic": "v/{gw}/up", "device": {"from": "path", "path": "sn", "within": "gw"}}
    plant_mapping(home, within, code="w")
    plant_mapped_device(home, "G1/7", "gw-2", code="w")
    vendors.refresh()
    plugin = DevicesOnly.__new__(DevicesOnly)
    plugin.desk = Desk(vendors.directory, "anlan", "x", vendors=vendors, proved={"any": user})
    session: Any = SimpleNamespace(client_id="any")
    asked = plugin.topic_filtering(session=session, topic=topic, action=Action.PUBLISH)
    assert asyncio.run(asked) is may


@pytest.mark.parametrize(
    ("user", "topic", "create", "target"),
    [
        ("gw-1", "vendor/A1/up", True, "vendor/A1/up"),
        ("gw-2", "vendor/A1/up", True, None),
        ("gw-1", "anlan/v1/gw-1/readings", True, "anlan/v1/gw-1/readings"),
        ("gw-2", "v1.1/Observations", True, "anlan/v1/gw-2/sta/v1.1/Observations"),
        ("gw-2", "v1.1/Observations", False, None),
        # A mapping may have taken such a topic before observations were switched on.
        ("gw-1", "v1.1/Observations", False, "v1.1/Observations"),
        ("gw-1", "anlan/v1/gw-2/sta/v1.1/Observations", True, None),
        ("stranger", "v1.1/Observations", True, None),
        ("anlan", "vendor/A1/up", True, None),
    ],
)
def test_S11_mappings_and_observations_share_the_own_broker(
    vendors: Vendors, home: Path, user: str, topic: str, create: bool, target: str | None
):
    plant_mapping(home, VENDOR | {"topic": "v1.1/{device}"}, code="w")
    plant_mapped_device(home, "Observations", "gw-1", code="w")
    vendors.refresh()
    desk = Desk(vendors.directory, "anlan", "x", create, vendors=vendors, proved={"any": user})
    assert desk.target("any", topic) == target
    assert desk.may_publish("any", topic) is (target is not None)


def test_a_connection_asks_for_topics_of_ours_of_observations_and_of_mappings(
    store: Store, vendors: Vendors, hand: Hand
):
    gateway = Gateway(Address("127.0.0.1", 1), store, vendors.directory, observations=True, vendors=vendors)
    gateway._client = hand  # type: ignore[assignment]
    for _ in range(2):
        hand.asked.clear()
        gateway._connected(hand, None, None, SimpleNamespace(is_failure=False), None)  # type: ignore[arg-type]
        assert hand.asked == ["anlan/v1/+/readings", "anlan/v1/+/sta/#", "vendor/+/up"]
