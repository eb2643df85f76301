"""SensorThings over MQTT: observations that devices create, and whether telling of them holds up the door.

#: bench: sta-mqtt-create sta-mqtt-door

sta-mqtt-create  observations a second, one a message with QoS 1, from a device through Mosquitto into the reading log,
                 acknowledged after the commit; goal at least 1,000.
sta-mqtt-door    1,000 readings a second in 50 posts to the door by HTTP while `serve_sensorthings` tells Mosquitto of
                 every one under two topics and a subscriber takes them: 95th percentile of the answer over that of the
                 same posts without it, each measured in turn; goal at most 1.25.
"""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.figure import how_busy, percentile, verdict
from benchmarks.installation import DEVICE, KEY, TOP, Installation, installation

sys.path.insert(0, str(TOP / "tests" / "support"))
from brokers import Broker, program

GOALS = {"sta-mqtt-create": 1_000.0, "sta-mqtt-door": 1.25}
POINTS, MESSAGES, IN_FLIGHT = 1_000, 6_000, 500
READINGS, POSTS_A_S, SECONDS, ROUNDS = 20, 50, 8, 3
BEGIN_MS = time.time_ns() // 1_000_000 - 3_600_000


#: A subscriber in a process of its own; its output tells how many messages have come.
SUBSCRIBER = """
import sys, time
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
client, came = paho.Client(CallbackAPIVersion.VERSION2, "center"), [0]
client.on_message = lambda *_: came.__setitem__(0, came[0] + 1)
client.on_subscribe = lambda *_: print(0, flush=True)
client.connect("127.0.0.1", int(sys.argv[1]))
client.subscribe("v1.1/#")
client.loop_start()
while True:
    time.sleep(0.2)
    print(came[0], flush=True)
"""


def main(names: list[str]) -> int:
    """Measure what is named, both without a name; 1 when one is short of its goal."""
    if program("mosquitto") is None:
        raise SystemExit("measured with Mosquitto; apt-get install mosquitto")
    folder = Path(tempfile.mkdtemp(prefix="anlan-broker-"))
    broker = Broker("mosquitto", folder)
    broker.start()
    try:
        with installation() as house:
            codes = house.prepare(points=POINTS)
            more = {"ANLAN_MQTT_URL": f"mqtt://127.0.0.1:{broker.port}", "ANLAN_STA_MQTT": "create,receive"}
            short = 0
            if not names or "sta-mqtt-create" in names:
                rate = _created(house, broker, more)
                print(f"  {how_busy()}")
                short |= verdict("sta-mqtt-create", rate, GOALS["sta-mqtt-create"])
            if not names or "sta-mqtt-door" in names:
                slower = _door(house, broker, codes, more)
                short |= verdict("sta-mqtt-door", slower, GOALS["sta-mqtt-door"], at_most=True)
            return short
    finally:
        broker.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _created(house: Installation, broker: Broker, more: dict[str, str]) -> float:
    """Observations a second from the first message to the last commit, the median of the rounds."""
    from anlan.kernel.sensing.models import Point

    numbers = list(Point.records.order_by("pk").values_list("pk", flat=True))
    client = paho.Client(CallbackAPIVersion.VERSION2, "device")
    client.max_inflight_messages_set(IN_FLIGHT)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    sent = 0

    def send(n: int) -> None:
        nonlocal sent
        for _message in range(n):
            pk, t = numbers[sent % POINTS], BEGIN_MS + sent // POINTS * 1_000
            at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t / 1000)) + "Z"
            body = json.dumps({"phenomenonTime": at, "result": sent % 17 / 10})
            client.publish(f"anlan/v1/{DEVICE}/sta/v1.1/Datastreams({pk})/Observations", body, qos=1)
            sent += 1

    def logged() -> int:
        return int(house.store.main.read("SELECT count(*) FROM batch WHERE batch_id LIKE 'sta:%'")[0][0])

    house.start("serve_mqtt", more=more)
    house.wait(lambda: send(1) or logged() > 0, "the first observation", pause_s=0.2)
    found = []
    for _round in range(ROUNDS):
        before, begun = logged(), time.perf_counter()
        send(MESSAGES)
        house.wait(lambda to=before + MESSAGES: logged() >= to, "the last commit", pause_s=0.05)
        found.append(MESSAGES / (time.perf_counter() - begun))
    client.disconnect()
    client.loop_stop()
    house.kill("serve_mqtt", how=signal.SIGTERM)
    if house.store.count_set_aside():
        raise SystemExit("observations were set aside: the figure would not be of whole work")
    return statistics.median(found)


def _door(house: Installation, broker: Broker, codes: list[str], more: dict[str, str]) -> float:
    """How much slower the door answers while all that it takes is told."""
    output = house.folder / "subscriber"
    with output.open("wb") as file:
        center = subprocess.Popen([sys.executable, "-c", SUBSCRIBER, str(broker.port)], stdout=file)

    def came() -> int:
        lines = output.read_text().splitlines()
        return int(lines[-1]) if lines else -1

    house.wait(lambda: came() == 0, "the subscription", pause_s=0.1)
    house.start_ingest()
    _posts(house, codes, 100_000)  # warm
    alone, told = [], []
    for round_ in range(ROUNDS):
        alone.append(_posts(house, codes, 2 * round_))
        house.start("serve_sensorthings", more=more)
        log = house.folder / "serve_sensorthings.log"
        house.wait(lambda at=log, n=round_: at.read_text().count("telling") > n, "what tells", pause_s=0.1)
        time.sleep(1)
        before = came()
        told.append(_posts(house, codes, 2 * round_ + 1))
        want = 2 * READINGS * POSTS_A_S * SECONDS
        house.wait(lambda to=before + want: came() >= to, f"the last of {want} messages", pause_s=0.2)
        house.kill("serve_sensorthings", how=signal.SIGTERM)
    center.terminate()
    center.wait(20)
    one, other = statistics.median(alone), statistics.median(told)
    told_a_s = 2 * READINGS * POSTS_A_S
    print(f"  answers, 95th percentile: {one:.1f} ms alone, {other:.1f} ms with {told_a_s:,} messages/s told")
    print(f"  {how_busy()}")
    return other / one


def _posts(house: Installation, codes: list[str], turn: int) -> float:
    """95th percentile of the answers to posts at a steady pace, ms."""
    took, begun = [], time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
    head = {"Authorization": f"Bearer {DEVICE}:{KEY}", "Content-Type": "application/json"}
    for n in range(POSTS_A_S * SECONDS):
        t = BEGIN_MS + 600_000 + (turn * POSTS_A_S * SECONDS + n) * 20
        some = codes[n * READINGS % POINTS :][:READINGS]
        body = json.dumps(
            {"batch_id": f"{turn}-{n}", "readings": [{"point": c, "t": t, "value": n % 17} for c in some]}
        )
        threading.Event().wait(max(0.0, begun + n / POSTS_A_S - time.perf_counter()))
        start = time.perf_counter()
        connection.request("POST", "/api/v1/readings", body, head)
        answer = connection.getresponse()
        if answer.status != 200:
            raise SystemExit(f"the door answers {answer.status}: {answer.read()[:200]!r}")
        answer.read()
        took.append(1000 * (time.perf_counter() - start))
    connection.close()
    return percentile(took, 0.95)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
