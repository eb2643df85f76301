"""The broker of the demo with the gateway behind it, over loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from brokers import free_port
from gateway_world import T, eventually, rows
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from anlan.gateways.broker import OwnBroker
from anlan.gateways.mqtt import Address, Gateway
from anlan.gateways.topics import topic_of
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

    def __init__(self, port: int, user: str, password: str) -> None:
        self.answers: list[ReasonCode] = []
        self.came: list[str] = []
        self.granted: list[ReasonCode] = []
        client = paho.Client(CallbackAPIVersion.VERSION2, f"client of {user}")
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
