"""Vendors' messages through real brokers: mapped, followed when mappings change, not lost by a gateway that dies."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from brokers import Broker, connections, gateway_process, running
from gateway_world import (
    VENDOR,
    T,
    eventually,
    plant_mapped_device,
    plant_mapping,
    plant_mappings,
    plant_records,
    rows,
)
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from anlan.engine import decode_batch
from anlan.gateways.mqtt import Address, Gateway
from anlan.gateways.records import PlainRecords
from anlan.gateways.topics import topic_of
from anlan.gateways.vendors.records import VendorRecords
from anlan.gateways.vendors.taking import Vendors
from anlan.kernel.sensing.door.directory import Directory
from anlan.kernel.sensing.store import Store
from anlan.kernel.sensing.store.backend import SNAPSHOTS, Sqlite

pytestmark = pytest.mark.services


@pytest.fixture(params=["mosquitto", "nats"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    yield from running(request.param, tmp_path / "broker")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    records = tmp_path / "records.sqlite3"
    plant_records(records, {"gw-1": ["gw-1/level"], "gw-2": ["gw-2/level"]})
    plant_mappings(records)
    plant_mapping(records)
    plant_mapped_device(records, "A1", "gw-1")
    return tmp_path


@pytest.fixture
def store(data: Path) -> Iterator[Store]:
    found = Store(Sqlite(data / "readings.sqlite3"), Sqlite(data / "readings-snapshots.sqlite3", SNAPSHOTS))
    found.last_seq()
    yield found
    found.close()


@pytest.fixture
def vendors(store: Store, data: Path, broker: Broker) -> Iterator[Vendors]:
    """The mappings of a gateway that runs in this process."""
    url = f"sqlite://{data / 'records.sqlite3'}"
    directory = Directory(PlainRecords(url))
    directory.refresh()
    found = Vendors(VendorRecords(url), directory)
    found.refresh()
    gateway = Gateway(Address("127.0.0.1", broker.port), store, directory, vendors=found)
    gateway.start()
    stop = found.keep_fresh(gateway.follow)
    yield found
    stop()
    gateway.stop()


class Publisher:
    """A vendor's device that publishes with QoS 1."""

    def __init__(self, broker: Broker) -> None:
        self.acknowledged: set[int] = set()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, "publisher", clean_session=False)
        self.client.on_publish = lambda _client, _data, mid, _reason, _props: self.acknowledged.add(mid)
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()

    def publish(self, topic: str, body: bytes) -> int:
        return self.client.publish(topic, body, qos=1).mid

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def level(n: int) -> bytes:
    return json.dumps({"time": T // 1000 + n, "level": n}).encode()


def times(store: Store) -> list[int]:
    """Seconds after T of every reading in the log."""
    found: list[int] = []
    for row in store.read_log(0, limit=1_000_000, rows=10_000_000):
        if row.kind == "batch" and row.n:
            found += [(t - T) // 1000 for t in decode_batch(row.payload)[1].tolist()]
    return found


def test_vendors_messages_and_our_own_come_in_beside_each_other(broker: Broker, store: Store, vendors: Vendors):
    device = Publisher(broker)
    # What is published before the gateway has its session goes to nobody.
    eventually(lambda: device.publish("vendor/A1/up", level(0)) and times(store), "the first message")
    device.publish("vendor/A1/up", level(1))
    device.publish("vendor/A1/up", b"no json")
    device.publish("vendor/B9/up", level(2))
    device.publish(topic_of("gw-2"), rows("own", point="gw-2/level", t=T + 3_000))
    eventually(lambda: set(times(store)) == {0, 1, 3} and store.count_set_aside() >= 2, "all of them")
    assert {row.reason for row in store.set_aside()} == {"not_json", "unknown_device"}
    assert times(store).count(0) == 1
    device.close()


def test_a_mapping_put_in_force_or_ended_is_followed_within_two_seconds(
    broker: Broker, store: Store, vendors: Vendors, data: Path
):
    device = Publisher(broker)
    eventually(lambda: device.publish("vendor/A1/up", level(0)) and times(store), "the first message")
    begun = time.monotonic()
    plant_mapping(data / "records.sqlite3", VENDOR | {"topic": "other/{device}"})
    eventually(lambda: vendors.table.filters == {"other/+"}, "the look at the mappings", 10)
    assert time.monotonic() - begun < 2.0
    eventually(lambda: device.publish("other/A1", level(1)) and 1 in times(store), "a message under the new topic")
    device.publish("vendor/A1/up", level(2))
    device.publish("other/A1", level(3))
    eventually(lambda: 3 in times(store), "the last message")
    assert 2 not in times(store)
    device.close()


def test_R4_a_gateway_killed_at_any_moment_loses_no_mapped_message_and_stores_none_twice(
    broker: Broker, store: Store, data: Path
):
    gateway = gateway_process(broker, data)
    device = Publisher(broker)
    eventually(lambda: device.publish("vendor/A1/up", level(0)) and times(store), "the first message", 60)
    sent = 0
    for _round in range(3):
        before = len(times(store))
        for _n in range(200):
            sent += 1
            device.publish("vendor/A1/up", level(sent))
        eventually(lambda was=before: len(times(store)) > was, "messages after a start", 60)
        gateway.send_signal(signal.SIGKILL)
        gateway.wait(20)
        gateway = gateway_process(broker, data)
    eventually(lambda: set(times(store)) >= set(range(sent + 1)), "every message", 90)
    eventually(lambda: connections(data) >= 4, "the last start", 60)
    sent += 1  # for the last one to count: what a killed one counted is lost with it
    device.publish("vendor/A1/up", level(sent))
    eventually(lambda: sent in times(store), "the last message", 60)
    device.close()
    gateway.terminate()
    assert gateway.wait(20) == 0
    assert len(times(store)) == len(set(times(store))) == sent + 1
    with sqlite3.connect(data / "records.sqlite3") as records:
        (messages,) = records.execute("SELECT messages FROM mappings_link").fetchone()
    records.close()
    assert messages > 0
