"""The broker of the demo with the gateway behind it, over loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from brokers import free_port
from gateway_world import (
    VENDOR,
    T,
    eventually,
    plant_mapped_device,
    plant_mapping,
    plant_mappings,
    plant_records,
    rows,
)  # fmt: skip
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from anlan.gateways.broker import OwnBroker
from anlan.gateways.mqtt import Address, Gateway
from anlan.gateways.records import PlainRecords
from anlan.gateways.topics import topic_of
from anlan.gateways.vendors.records import VendorRecords
from anlan.gateways.vendors.taking import Vendors
from anlan.kernel.sensing.door.directory import Directory
from anlan.kernel.sensing.store import Store


@pytest.fixture
def port(store: Store, directory: Directory) -> Iterator[int]:
    """Where the broker listens, with the gateway subscribed."""
    port = free_port()
    broker = OwnBroker("127.0.0.1", port, directory, "anlan", "of the gateway")
    broker.start()
    ready = threading.Event()
    gateway = Gateway(Address("127.0.0.1", port, "anlan", "of the gateway"), store, directory, on_ready=ready.set)
    gateway.start()
    assert ready.wait(20)
    yield port
    gateway.stop()
    broker.stop()


class Caller:
    """A client and what the broker answered it."""

    def __init__(self, port: int, user: str, password: str, client_id: str = "") -> None:
        self.answers: list[ReasonCode] = []
        self.came: list[str] = []
        self.granted: list[ReasonCode] = []
        self.lost: list[ReasonCode] = []
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id or f"client of {user}", reconnect_on_failure=not client_id
        )
        client.on_disconnect = lambda _client, _data, _flags, reason, _props: self.lost.append(reason)
        client.username_pw_set(user, password)
        client.on_connect = lambda _client, _data, _flags, reason, _props: self.answers.append(reason)
        client.on_message = lambda _client, _data, message: self.came.append(message.topic)
        client.on_subscribe = lambda _client, _data, _mid, reasons, _props: self.granted.extend(reasons)
        client.connect("127.0.0.1", port)
        client.loop_start()
        eventually(lambda: self.answers, "an answer of the broker")
        self.client = client

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def test_S11_a_device_publishes_with_its_own_key_under_its_own_topic_only(port: int, store: Store):
    device = Caller(port, "gw-1", "secret")
    assert not device.answers[0].is_failure
    device.client.publish(topic_of("gw-2"), rows("foreign", point="P-1"), qos=1)
    device.client.publish(topic_of("gw-1"), rows("own"), qos=1)
    eventually(lambda: store.read_log(0), "its own message")
    device.client.publish(topic_of("gw-1"), rows("second", t=T + 1), qos=1)
    eventually(lambda: len(store.read_log(0)) == 2, "its second message")
    device.close()
    assert [row.batch_id for row in store.read_log(0)] == ["own", "second"]
    assert store.count_set_aside() == 0


def test_S11_two_devices_of_one_client_id_never_speak_for_each_other(port: int, store: Store):
    """A client id is no secret: the elder connection ends, as MQTT has it, and is heard no more."""
    elder = Caller(port, "gw-2", "secret", "same")
    younger = Caller(port, "gw-1", "secret", "same")
    assert not younger.answers[0].is_failure
    eventually(lambda: elder.lost, "the end of the elder connection")
    elder.client.publish(topic_of("gw-1"), rows("forged"), qos=1)
    younger.client.publish(topic_of("gw-2"), rows("foreign", point="P-1"), qos=1)
    younger.client.publish(topic_of("gw-1"), rows("own"), qos=1)
    eventually(lambda: store.read_log(0), "its own message")
    younger.close()
    elder.close()
    assert [(row.sender, row.batch_id) for row in store.read_log(0)] == [("gw-1", "own")]


@pytest.mark.parametrize(("user", "password"), [("gw-1", "wrong"), ("nobody", "secret"), ("anlan", "guess"), ("", "")])
def test_S11_without_its_own_key_nobody_connects(port: int, user: str, password: str):
    caller = Caller(port, user, password)
    assert caller.answers[0].is_failure
    caller.close()


@pytest.mark.parametrize("wish", ["anlan/v1/+/readings", "#", "anlan/v1/gw-1/readings"])
def test_S11_a_device_reads_nothing(port: int, store: Store, wish: str):
    device = Caller(port, "gw-1", "secret")
    device.client.subscribe(wish, qos=1)
    eventually(lambda: device.granted, "an answer to the wish")
    other = Caller(port, "gw-2", "secret")
    other.client.publish(topic_of("gw-2"), rows("a", point="P-1"), qos=1)
    eventually(lambda: store.read_log(0), "the message of the other device")
    assert device.granted[0].is_failure
    assert device.came == []
    device.close()
    other.close()


def test_S11_a_revoked_device_publishes_nothing_more(port: int, store: Store, directory: Directory):
    device = Caller(port, "gw-1", "secret")
    device.client.publish(topic_of("gw-1"), rows("a"), qos=1)
    eventually(lambda: store.read_log(0), "the first message")
    del directory.known["gw-1"]
    device.client.publish(topic_of("gw-1"), rows("b", t=T + 1), qos=1)
    other = Caller(port, "gw-2", "secret")
    other.client.publish(topic_of("gw-2"), rows("c", point="P-1"), qos=1)
    eventually(lambda: len(store.read_log(0)) == 2, "the message of the other device")
    assert [row.batch_id for row in store.read_log(0)] == ["a", "c"]
    device.close()
    other.close()


def test_R4_readings_observations_and_vendors_messages_are_acknowledged_after_the_commit(tmp_path: Path, store: Store):
    records, port = tmp_path / "records.sqlite3", free_port()
    plant_records(records, {"gw-1": ["gw-1/level"]})
    plant_mappings(records)
    plant_mapping(records)
    plant_mapped_device(records, "A1", "gw-1")
    url = f"sqlite://{records}"
    directory = Directory(PlainRecords(url))
    directory.refresh()
    vendors = Vendors(VendorRecords(url), directory)
    vendors.refresh()
    broker = OwnBroker("127.0.0.1", port, directory, "anlan", "of the gateway", create=True, vendors=vendors)
    broker.start()
    address = Address("127.0.0.1", port, "anlan", "of the gateway")
    gateway = Gateway(address, store, directory, observations=True, vendors=vendors)
    gateway.start()
    follow_ends = vendors.keep_fresh(gateway.follow)
    device = Caller(port, "gw-1", "secret")
    sent = {
        topic_of("gw-1"): rows("own", point="gw-1/level"),
        "v1.1/Datastreams(1)/Observations": b'{"phenomenonTime": "2026-11-22T03:25:00Z", "result": 2.5}',
        "vendor/A1/up": json.dumps({"time": T / 1000 + 2, "level": 123}).encode(),
        # A mapping that comes into force while all of it runs.
        "late/A1/up": json.dumps({"time": T / 1000 + 3, "level": 124}).encode(),
    }
    try:
        eventually(gateway._client.is_connected, "the gateway at the broker")
        for count, (topic, body) in enumerate(sent.items(), start=1):
            if topic.startswith("late"):
                plant_mapping(records, VENDOR | {"topic": "late/{device}/up"}, code="late")
                plant_mapped_device(records, "A1", "gw-1", code="late")
                eventually(lambda: vendors.table.may_publish("gw-1", "late/A1/up"), "the new mapping")
                assert broker._broker is not None
                eventually(lambda: "late/+/up" in broker._broker.subscriptions, "the gateway following it")
            device.client.publish(topic, body, qos=1).wait_for_publish(20)
            # No waiting: what is acknowledged is on disk.
            assert len(store.read_log(0)) == count, topic
        device.client.publish("late/A1/up", json.dumps({"time": T / 1000 + 4, "level": 125}).encode(), qos=0)
        eventually(lambda: len(store.read_log(0)) == len(sent) + 1, "what nobody acknowledges")
    finally:
        device.close()
        gateway.stop()
        follow_ends()
        broker.stop()
        directory.records.close()
    assert store.count_set_aside() == 0
