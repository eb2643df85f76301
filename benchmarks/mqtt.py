"""MQTT: readings/s from a publisher through a broker into history, acknowledged after commit. Goal at least 100,000.

One `serve_mqtt` process, a Mosquitto and (second line) an nats-server with JetStream on loopback, the engine process,
10,000 points under the shipped gas rules; 100 readings a message as JSON rows with QoS 1 from one publisher. The clock
runs from the first message published to the last reading in history. The stated limit beside it is paho alone: the
same messages, same broker and QoS, into a subscriber that counts and throws away.
"""

from __future__ import annotations

import itertools
import json
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.figure import how_busy, verdict
from benchmarks.installation import DEVICE, TOP, Installation, installation, wait_for_rules

sys.path.insert(0, str(TOP / "tests" / "support"))
from brokers import Broker, program

from anlan.gateways.topics import EVERY_DEVICE, topic_of

POINTS, READINGS = 10_000, 100
#: Messages of one round, and rounds.
MESSAGES, ROUNDS, GOAL = 4_000, 3, 100_000.0
STEP_MS = 1_000


def main() -> int:
    """Print a line a broker, and the figure: Mosquitto's."""
    rates = {}
    with installation() as house:
        bodies = _bodies(house.prepare(points=POINTS, kind="combustible_gas"))
        house.start("serve_engine")
        wait_for_rules(house)
        for kind, name in (("mosquitto", "mosquitto"), ("nats", "nats-server")):
            if program(name) is None:
                print(f"{name} is not installed; apt-get install {name}")
                continue
            folder = Path(tempfile.mkdtemp(prefix="anlan-broker-"))
            broker = Broker(kind, folder)
            broker.start()
            try:
                rates[kind] = _through(kind, broker, house, bodies)
            finally:
                broker.kill()
                shutil.rmtree(folder, ignore_errors=True)
        if house.store.count_set_aside():
            raise SystemExit("readings were set aside: the figure would not be of whole work")
    if "mosquitto" not in rates:
        raise SystemExit("the figure is measured with Mosquitto")
    print(how_busy())
    return verdict("mqtt", rates["mosquitto"], GOAL)


def _through(kind: str, broker: Broker, house: Installation, bodies: Iterator[bytes]) -> float:
    """Readings a second from the first message to history, the median of the rounds."""
    publisher = Publisher(broker)
    limit = _paho_alone(broker, publisher, list(itertools.islice(bodies, MESSAGES)))
    house.start("serve_mqtt", more={"ANLAN_MQTT_URL": f"mqtt://127.0.0.1:{broker.port}"})
    # What is published before the gateway has its session goes to nobody.
    was = house.store.last_batch_seq()
    house.wait(
        lambda: publisher.send([next(bodies)]) or house.store.last_batch_seq() > was, "the first message", pause_s=0.2
    )
    names = ("serve_mqtt", "serve_engine")
    found, committed = [], []
    for round_ in range(-1, ROUNDS):
        some = list(itertools.islice(bodies, MESSAGES))
        before = [house.cpu_seconds(name) for name in names]
        target = house.store.main.read("SELECT count(*) FROM batch")[0][0] + MESSAGES
        begun = time.perf_counter()
        sending = threading.Thread(target=publisher.send, args=(some,))
        sending.start()
        house.wait(lambda to=target: house.store.main.read("SELECT count(*) FROM batch")[0][0] >= to, "the last commit",
                   pause_s=0.05)  # fmt: skip
        in_log = time.perf_counter() - begun
        last = house.store.last_batch_seq()
        house.wait(lambda to=last: house.store.position("history") >= to, "the last reading in history", pause_s=0.05)
        took = time.perf_counter() - begun
        sending.join()
        used = [house.cpu_seconds(name) - was for name, was in zip(names, before, strict=True)]
        if round_ < 0:
            continue  # warm: the first round makes the engine's tables
        readings = MESSAGES * READINGS
        found.append(readings / took)
        committed.append(readings / in_log)
        shares = ", ".join(f"{name} {1e9 * s / readings:.0f}" for name, s in zip(names, used, strict=True))
        print(f"  {kind}: {found[-1]:,.0f} readings/s to history; CPU ns a reading: {shares}", flush=True)
    publisher.close()
    house.kill("serve_mqtt", how=signal.SIGTERM)
    rate = statistics.median(found)
    print(
        f"{kind}: {rate:,.0f} readings/s to history, {statistics.median(committed):,.0f} committed and acknowledged; "
        f"paho alone {limit:,.0f} ({limit / READINGS:,.0f} messages/s), product over it {rate / limit:.2f}",
        flush=True,
    )
    return rate


class Publisher:
    """One publisher with QoS 1 and up to 500 messages on their way."""

    def __init__(self, broker: Broker) -> None:
        self.client = paho.Client(CallbackAPIVersion.VERSION2, "publisher")
        self.client.max_inflight_messages_set(500)
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()

    def send(self, bodies: list[bytes]) -> None:
        """Returns when the broker has acknowledged the last one."""
        infos = [self.client.publish(topic_of(DEVICE), body, qos=1) for body in bodies]
        infos[-1].wait_for_publish(120)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def _paho_alone(broker: Broker, publisher: Publisher, bodies: list[bytes]) -> float:
    """Readings a second into a subscriber that only counts."""
    came, ready, done = itertools.count(1), threading.Event(), threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2, "counter")
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = lambda *_: done.set() if next(came) == len(bodies) else None
    client.connect("127.0.0.1", broker.port)
    client.subscribe(EVERY_DEVICE, qos=1)
    client.loop_start()
    if not ready.wait(20):
        raise SystemExit("the broker does not answer")
    begun = time.perf_counter()
    publisher.send(bodies)
    if not done.wait(120):
        raise SystemExit("not every message came")
    rate = len(bodies) * READINGS / (time.perf_counter() - begun)
    client.disconnect()
    client.loop_stop()
    return rate


def _bodies(codes: list[str]) -> Iterator[bytes]:
    """Messages without end: 100 points after one another, each a step of time later when it comes again."""
    start = time.time_ns() // 1_000_000 - 600_000 * STEP_MS // 1_000
    groups = [codes[at : at + READINGS] for at in range(0, len(codes), READINGS)]
    for number in itertools.count():
        t = start + number // len(groups) * STEP_MS
        rows = [
            {"point": code, "t": t, "value": round(2.0 + (number + i) % 17 / 10, 1)}
            for i, code in enumerate(groups[number % len(groups)])
        ]
        yield json.dumps({"batch_id": f"m-{number}", "readings": rows}).encode()


if __name__ == "__main__":
    raise SystemExit(main())
