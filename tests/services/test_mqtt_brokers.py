"""The MQTT gateway against real brokers: Mosquitto, and the MQTT listener of nats-server."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from brokers import Broker, connections, gateway_process, program, running
from gateway_world import T, eventually, plant_mappings, plant_records, rows
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from anlan.engine import decode_batch
from anlan.gateways.mqtt import Address, Gateway
from anlan.gateways.records import PlainRecords
from anlan.gateways.topics import topic_of
from anlan.kernel.sensing.door.directory import Directory
from anlan.kernel.sensing.store import Store
from anlan.kernel.sensing.store.backend import SNAPSHOTS, Sqlite

pytestmark = pytest.mark.services
Start = Callable[..., "Noted"]
TOP = Path(__file__).parents[2]


@pytest.fixture(params=["mosquitto", "nats"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    yield from running(request.param, tmp_path / "broker")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    plant_records(tmp_path / "records.sqlite3", {"gw-1": ["P-0"], "gw-2": ["P-1"]})
    plant_mappings(tmp_path / "records.sqlite3")
    return tmp_path


@pytest.fixture
def store(data: Path) -> Iterator[Store]:
    found = Store(Sqlite(data / "readings.sqlite3"), Sqlite(data / "readings-snapshots.sqlite3", SNAPSHOTS))
    found.last_seq()
    yield found
    found.close()


class Noted(Gateway):
    """A gateway that remembers the messages that it acknowledged."""

    acknowledged: set[bytes]

    def _acknowledge(self, messages):
        self.acknowledged.update(message.body for message in messages)
        super()._acknowledge(messages)


@pytest.fixture
def gateway_at(store: Store, data: Path) -> Iterator[Callable[..., Noted]]:
    """A gateway in this process, ready to take; ended with the test whatever happens."""
    started: list[Noted] = []

    def start(port: int, user: str = "", password: str = "") -> Noted:
        directory = Directory(PlainRecords(f"sqlite://{data / 'records.sqlite3'}"))
        directory.refresh()
        directory.records.close()
        ready = threading.Event()
        gateway = Noted(Address("127.0.0.1", port, user, password), store, directory, on_ready=ready.set)
        gateway.acknowledged = set()
        started.append(gateway)
        gateway.start()
        assert ready.wait(20)
        return gateway

    yield start
    for gateway in started:
        gateway.stop()


class Device:
    """A device that publishes with QoS 1 and remembers what its broker has acknowledged."""

    def __init__(self, broker: Broker, code: str = "gw-1", user: str = "", password: str = "") -> None:
        self.code = code
        self.acknowledged: set[int] = set()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, f"device-{code}", clean_session=False)
        self.client.reconnect_delay_set(1, 1)
        self.client.max_inflight_messages_set(200)
        if user:
            self.client.username_pw_set(user, password)
        self.client.on_publish = lambda _client, _data, mid, _reason, _props: self.acknowledged.add(mid)
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()

    def publish(self, body: bytes, device: str = "") -> int:
        return self.client.publish(topic_of(device or self.code), body, qos=1).mid

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def stored(store: Store) -> set[str]:
    return {row.batch_id for row in store.read_log(0, limit=1_000_000, rows=10_000_000) if row.kind == "batch"}


def test_readings_published_are_in_the_log_with_what_was_refused_beside(
    broker: Broker, store: Store, gateway_at: Start
):
    gateway_at(broker.port)
    device = Device(broker)
    device.publish(rows("a", value=2.5))
    device.publish(b"no json")
    device.publish(
        json.dumps({"batch_id": "b", "columns": {"point": ["P-0", "P-1"], "t": [T, T], "value": [1, 2]}}).encode()
    )
    device.publish(rows("c", point="P-1"), device="nobody")
    eventually(lambda: stored(store) == {"a", "b"} and store.count_set_aside() == 3, "all four messages")
    device.close()
    (first, _second) = store.read_log(0)
    point, t, value, quality = decode_batch(first.payload)
    assert (point.tolist(), t.tolist(), value.tolist(), quality.tolist()) == ([1], [T], [2.5], [0])
    assert {row.reason for row in store.set_aside()} == {"not_json", "unknown_point", "unknown_device"}


def test_what_is_published_while_the_gateway_is_away_comes_when_it_is_back(
    broker: Broker, store: Store, gateway_at: Start
):
    gateway_at(broker.port).stop()
    device = Device(broker)
    for n in range(20):
        device.publish(rows(f"m{n}", t=T + n))
    eventually(lambda: len(device.acknowledged) == 20, "the broker's acknowledgements")
    device.close()
    assert stored(store) == set()
    gateway_at(broker.port)
    eventually(lambda: len(stored(store)) == 20, "what waited in the broker")


def test_R4_a_gateway_killed_at_any_moment_loses_nothing_that_its_broker_holds(
    broker: Broker, store: Store, data: Path, gateway_at: Start
):
    gateway_at(broker.port).stop()  # makes the session; from now on the broker keeps everything
    gateway = gateway_process(broker, data)
    device = Device(broker)
    sent = {}
    for round_ in range(4):
        before = len(stored(store))
        for n in range(300):
            batch = f"{round_}-{n}"
            sent[device.publish(rows(batch, t=T + 1000 * round_ + n))] = batch
        eventually(lambda was=before: len(stored(store)) > was, "messages after a start")
        gateway.send_signal(signal.SIGKILL)
        gateway.wait(20)
        gateway = gateway_process(broker, data)
    # nats-server sends again after a while (`ack_wait`) what a connection that vanished had not acknowledged.
    eventually(lambda: len(device.acknowledged) == len(sent), "the broker's acknowledgements", 60)
    eventually(lambda: stored(store) >= set(sent.values()), "every message", 90)
    device.close()
    eventually(lambda: connections(data) >= 5, "the last start", 60)
    gateway.terminate()
    assert gateway.wait(20) == 0
    batches = [row.batch_id for row in store.read_log(0, limit=1_000_000, rows=10_000_000)]
    assert len(batches) == len(set(batches)) == len(sent)


def kill_broker(broker: Broker, store: Store, gateway: Noted, rounds: int) -> tuple[int, int]:
    """Publish without pause while the broker is killed `rounds` times; (acknowledged by us, of those not stored)."""
    acknowledged = gateway.acknowledged
    device = Device(broker)
    ending = threading.Event()

    def publish() -> None:
        n = 0
        while not ending.is_set():
            n += 1
            device.publish(rows(f"m{n}", t=T + n))
            ending.wait(0.002)

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        for _round in range(rounds):
            before = len(acknowledged)
            eventually(lambda was=before: len(acknowledged) > was + 20, "messages after a start of the broker", 60)
            broker.kill()
            broker.start()
        before = len(acknowledged)
        eventually(lambda: len(acknowledged) > before + 20, "messages after the last start", 60)
    finally:
        ending.set()
        publisher.join()
        device.close()
        gateway.stop()
    return len(acknowledged), len({json.loads(body)["batch_id"] for body in acknowledged} - stored(store))


def test_R4_a_broker_killed_while_publishing_costs_nothing_that_was_acknowledged(
    broker: Broker, store: Store, gateway_at: Start
):
    acknowledged, missing = kill_broker(broker, store, gateway_at(broker.port), rounds=3)
    assert acknowledged > 60
    assert missing == 0


@pytest.mark.nightly
def test_R4_twenty_kills_of_the_broker_cost_nothing_that_was_acknowledged(
    broker: Broker, store: Store, gateway_at: Start
):
    _acknowledged, missing = kill_broker(broker, store, gateway_at(broker.port), rounds=20)
    assert missing == 0


ACCESS = """
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/access
"""


def test_S11_with_the_documented_access_list_a_device_publishes_under_its_own_topic_only(
    tmp_path: Path, store: Store, gateway_at: Start
):
    tool = program("mosquitto_passwd")
    if tool is None:
        pytest.skip("mosquitto is not installed")
    folder = tmp_path / "strict"
    folder.mkdir()
    for user in ("anlan", "gw-1"):
        new = [] if (folder / "passwords").exists() else ["-c"]
        subprocess.run([tool, *new, "-b", str(folder / "passwords"), user, f"key of {user}"], check=True)
    guide = (TOP / "docs/how-to/connect-mqtt.md").read_text(encoding="utf-8")
    (folder / "access").write_text(guide.split("```acl\n")[1].split("```")[0], encoding="utf-8")
    started = running("mosquitto", folder, ACCESS.format(folder=folder))
    broker = next(started)
    gateway_at(broker.port, "anlan", "key of anlan")
    device = Device(broker, "gw-1", "gw-1", "key of gw-1")
    device.publish(rows("foreign", point="P-1"), device="gw-2")
    device.publish(rows("own"))
    eventually(lambda: stored(store) == {"own"}, "its own message")
    assert store.count_set_aside() == 0
    answers: list[ReasonCode] = []
    stranger = paho.Client(CallbackAPIVersion.VERSION2, "stranger")
    stranger.on_connect = lambda _client, _data, _flags, reason, _props: answers.append(reason)
    stranger.connect("127.0.0.1", broker.port)
    stranger.loop_start()
    eventually(lambda: answers, "the answer to a stranger")
    stranger.loop_stop()
    device.close()
    started.close()
    assert answers[0].is_failure
    assert stored(store) == {"own"}
