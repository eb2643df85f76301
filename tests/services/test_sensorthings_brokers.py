"""SensorThings over brokers of others: Mosquitto with the documented access list, and nats-server."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from brokers import Broker, program
from gateway_world import eventually, plant_mappings, plant_records, rows
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from anlan.engine import decode_batch
from anlan.gateways.topics import topic_of
from anlan.kernel.sensing.store import Store
from anlan.kernel.sensing.store.backend import HISTORY, LOG, SNAPSHOTS, Sqlite

pytestmark = pytest.mark.services
TOP = Path(__file__).parents[2]
#: 2026-11-22T03:25:00Z.
BEGIN = 1_795_317_900_000
ACCESS = """
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/access
"""
#: What a teller reads beside that.
MORE = """
ALTER TABLE sensing_device ADD COLUMN name TEXT DEFAULT 'x';
ALTER TABLE sensing_point ADD COLUMN region_id INTEGER DEFAULT 1;
ALTER TABLE sensing_point ADD COLUMN kind TEXT DEFAULT 'rain';
ALTER TABLE sensing_point ADD COLUMN exercise INTEGER DEFAULT 0;
CREATE TABLE regions_region (id INTEGER PRIMARY KEY, code TEXT, name TEXT, path TEXT);
INSERT INTO regions_region VALUES (1, '990123', 'x', '/990123/');
CREATE TABLE audit_entry (id INTEGER PRIMARY KEY, ref TEXT);
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    plant_records(tmp_path / "records.sqlite3", {"gw-1": ["P-0"], "gw-2": ["P-1"]})
    with sqlite3.connect(tmp_path / "records.sqlite3") as records:
        records.executescript(MORE)
    records.close()
    plant_mappings(tmp_path / "records.sqlite3")
    return tmp_path


@pytest.fixture
def store(data: Path) -> Iterator[Store]:
    found = Store(
        Sqlite(data / "readings.sqlite3", LOG),
        Sqlite(data / "readings-snapshots.sqlite3", SNAPSHOTS),
        history=Sqlite(data / "readings-history.sqlite3", HISTORY),
    )
    found.last_seq()
    yield found
    found.close()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Broker]:
    """With the access lists of the two guides: users anlan, gw-1, gw-2 and the program `center`."""
    tool = program("mosquitto_passwd")
    if tool is None or program("mosquitto") is None:
        pytest.skip("mosquitto is not installed")
    folder = tmp_path / "broker"
    folder.mkdir()
    for number, user in enumerate(("anlan", "gw-1", "gw-2", "center")):
        new = ["-c"] if number == 0 else []
        subprocess.run([tool, *new, "-b", str(folder / "passwords"), user, f"key of {user}"], check=True)
    guide = (TOP / "docs/how-to/use-sensorthings.md").read_text(encoding="utf-8")
    (folder / "access").write_text(guide.split("```acl\n")[1].split("```")[0], encoding="utf-8")
    found = Broker("mosquitto", folder, ACCESS.format(folder=folder))
    found.start()
    yield found
    found.kill()


@pytest.fixture
def start(data: Path) -> Iterator[Any]:
    """Processes as the launcher starts them, ended with the test."""
    running: list[subprocess.Popen[bytes]] = []

    def _start(name: str, url: str, sta: str = "create,receive") -> subprocess.Popen[bytes]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANLAN_", "DJANGO_"))}
        own = {"PYTHONPATH": str(TOP / "src"), "ANLAN_DATA": str(data), "ANLAN_MQTT_URL": url, "ANLAN_STA_MQTT": sta}
        with (data / f"{name}.log").open("ab") as log:
            found = subprocess.Popen(
                [sys.executable, "-m", "anlan.server", name], env=clean | own, stdout=log, stderr=log
            )
        running.append(found)
        return found

    yield _start
    for one in running:
        one.send_signal(signal.SIGTERM)
        assert one.wait(30) in (0, -signal.SIGKILL, 2)


class Client:
    """A client and what came to it."""

    def __init__(self, port: int, user: str, password: str = "") -> None:
        self.came: list[tuple[str, Any]] = []
        self.published: set[int] = set()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, f"client {user}", clean_session=True)
        self.client.username_pw_set(user, password or f"key of {user}")
        self.client.on_message = lambda _c, _d, message: self.came.append((message.topic, json.loads(message.payload)))
        self.client.on_publish = lambda _c, _d, mid, _reason, _props: self.published.add(mid)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        eventually(self.client.is_connected, "the connection")

    def send(self, topic: str, body: Any) -> int:
        return self.client.publish(topic, body if isinstance(body, bytes) else json.dumps(body), qos=1).mid

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def said(data: Path, name: str, words: str) -> bool:
    return words in (data / f"{name}.log").read_text("utf-8", "replace")


def test_S11_with_the_documented_list_devices_create_and_programs_are_told(
    mosquitto: Broker, store: Store, data: Path, start: Any
):
    url = f"mqtt://anlan:key%20of%20anlan@127.0.0.1:{mosquitto.port}"
    start("serve_mqtt", url)
    start("serve_sensorthings", url)
    eventually(lambda: said(data, "serve_mqtt", "connected to"), "the gateway")
    eventually(lambda: said(data, "serve_sensorthings", "telling"), "what tells")
    center, first, second = (Client(mosquitto.port, user) for user in ("center", "gw-1", "gw-2"))
    center.client.subscribe("v1.1/#", qos=0)
    first.client.subscribe("v1.1/#", qos=0)
    body = {"phenomenonTime": "2026-11-22T11:25:00+08:00", "result": 2.5}

    def came() -> bool:
        # Until the session of the gateway stands, a broker keeps nothing for it.
        first.send("anlan/v1/gw-1/sta/v1.1/Datastreams(1)/Observations", body)
        return bool(store.read_log(0))

    eventually(came, "the first observation")
    eventually(lambda: len(center.came) >= 2, "what the center is told")
    assert {topic for topic, _body in center.came} == {"v1.1/Datastreams(1)/Observations", "v1.1/Observations"}
    told = center.came[0][1]
    assert (told["@iot.id"], told["result"], told["resultQuality"]) == (f"1-{BEGIN}", 2.5, "good")
    assert told["Datastream@iot.navigationLink"].endswith(f"/sta/v1.1/Observations('1-{BEGIN}')/Datastream")
    # Foreign datastreams: refused by the list, and where the topic is its own, by us.
    first.send("anlan/v1/gw-2/sta/v1.1/Datastreams(2)/Observations", body)
    first.send("anlan/v1/gw-1/sta/v1.1/Datastreams(2)/Observations", body)
    first.send("v1.1/Datastreams(1)/Observations", {"result": 666})
    eventually(lambda: store.count_set_aside() == 1, "what is set aside")
    second.send("anlan/v1/gw-2/sta/v1.1/Observations", body | {"Datastream": {"@iot.id": 2}})
    second.send(topic_of("gw-2"), rows("r", point="P-1", t=BEGIN + 1_000))
    eventually(lambda: len({topic for topic, _body in center.came}) == 3, "the other datastream")
    eventually(lambda: sum(topic == "v1.1/Observations" for topic, _body in center.came) == 3, "all three")
    assert all(body["result"] != 666 for _topic, body in center.came)
    assert first.came == []
    (aside,) = store.set_aside()
    assert (aside.sender, aside.reason, json.loads(aside.raw)) == ("gw-1", "Datastream", body)
    for one in (center, first, second):
        one.close()


def test_R4_killed_at_any_moment_no_observation_that_the_broker_holds_is_lost(
    mosquitto: Broker, store: Store, data: Path, start: Any
):
    url = f"mqtt://anlan:key%20of%20anlan@127.0.0.1:{mosquitto.port}"
    device = Client(mosquitto.port, "gw-1")
    gateway = start("serve_mqtt", url)
    topic = "anlan/v1/gw-1/sta/v1.1/Datastreams(1)/Observations"

    def reading(n: int) -> dict[str, Any]:
        return {"phenomenonTime": f"2026-11-22T03:{n // 60:02d}:{n % 60:02d}Z", "result": n}

    eventually(lambda: device.send(topic, reading(0)) and store.last_seq() > 0, "the first observation")
    for round_ in range(3):
        for n in range(200):
            device.send(topic, reading(1 + 200 * round_ + n))
        gateway.send_signal(signal.SIGKILL)
        gateway.wait(20)
        gateway = start("serve_mqtt", url)

    def values() -> set[float]:
        found = store.read_log(0, limit=100_000, rows=1_000_000)
        return {value for row in found for value in decode_batch(row.payload)[2].tolist()}

    eventually(lambda: values() == set(map(float, range(601))), "every observation", 60)
    assert len(store.read_log(0, limit=100_000, rows=1_000_000)) == 601
    device.close()


def test_a_broker_that_is_away_is_told_again_when_it_is_back(mosquitto: Broker, store: Store, data: Path, start: Any):
    url = f"mqtt://anlan:key%20of%20anlan@127.0.0.1:{mosquitto.port}"
    start("serve_mqtt", url)
    start("serve_sensorthings", url)
    eventually(lambda: said(data, "serve_sensorthings", "telling"), "what tells")
    mosquitto.kill()
    eventually(lambda: said(data, "serve_sensorthings", "is away"), "the loss")
    mosquitto.start()
    eventually(lambda: (data / "serve_sensorthings.log").read_text().count("telling") == 2, "the return", 60)
    center, device = Client(mosquitto.port, "center"), Client(mosquitto.port, "gw-1")
    center.client.subscribe("v1.1/Observations")
    topic = "anlan/v1/gw-1/sta/v1.1/Datastreams(1)/Observations"
    eventually(lambda: device.send(topic, {"result": 1}) and center.came, "what is told after the return", 60)
    for one in (center, device):
        one.close()


def test_devices_create_through_nats_server_without_the_version(tmp_path: Path, store: Store, data: Path, start: Any):
    if program("nats-server") is None:
        pytest.skip("nats-server is not installed")
    folder = tmp_path / "nats"
    folder.mkdir()
    broker = Broker("nats", folder)
    broker.start()
    try:
        start("serve_mqtt", f"mqtt://127.0.0.1:{broker.port}", "create")
        device = Client(broker.port, "gw-1", "x")
        topic = "anlan/v1/gw-1/sta/Datastreams(1)/Observations"
        eventually(lambda: device.send(topic, {"result": 4.5}) and store.last_seq() > 0, "an observation")
        device.close()
    finally:
        broker.kill()


def test_what_is_not_switched_on_is_not_started(data: Path, start: Any):
    process = start("serve_sensorthings", "mqtt://127.0.0.1:1", "create")
    assert process.wait(30) == 2
    assert said(data, "serve_sensorthings", "does not say receive")
