"""The gateway for TCP as a process of its own, killed under load: what it answered is in the log, once."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from brokers import free_port
from gateway_world import command_of, eventually, plant_command, plant_links, plant_records

from anlan.engine import decode_batch
from anlan.formats import hj212
from anlan.formats.devices import beijing_digits
from anlan.kernel.sensing.store import Store
from anlan.kernel.sensing.store.backend import SNAPSHOTS, Sqlite

pytestmark = pytest.mark.services
TOP = Path(__file__).parents[2]
DEVICES, KILLS = 8, 3


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    numbers = [f"D{n}" for n in range(DEVICES)]
    plant_records(tmp_path / "records.sqlite3", {one: [f"{one}/w01018-Rtd"] for one in numbers})
    plant_links(tmp_path / "records.sqlite3", {("hj212", one): (one, "123456", {}) for one in numbers})
    found = Store(Sqlite(tmp_path / "readings.sqlite3"), Sqlite(tmp_path / "readings-snapshots.sqlite3", SNAPSHOTS))
    found.last_seq()
    yield found
    found.close()


#: The gateway, killed by itself once a command is on disk as sent and before its frame goes out.
DIES_BEFORE_IT_SENDS = """
import os, signal, sys
from anlan.gateways.tcp.asking import Asking
from anlan.gateways.serve_tcp import main
Asking._sent = lambda *_args: os.kill(os.getpid(), signal.SIGKILL)
sys.exit(main([]))
"""


def process(data: Path, port: int, code: str = "") -> subprocess.Popen[bytes]:
    """The gateway as the launcher starts it, or by other code."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANLAN_", "DJANGO_"))}
    with (data / "gateway.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, *(["-c", code] if code else ["-m", "anlan.server", "serve_tcp"])],
            env={**clean, "PYTHONPATH": str(TOP / "src"), "ANLAN_DATA": str(data), "ANLAN_TCP_HJ212_PORT": str(port)},
            stdout=log,
            stderr=log,
        )


class Station(threading.Thread):
    """Sends frame after frame without waiting, connects again when it must, and notes what was answered."""

    def __init__(self, number: str, port: int) -> None:
        super().__init__(daemon=True)
        self.number, self.port = number, port
        self.answered: set[str] = set()
        self.ending = threading.Event()
        self.sent = 0

    def run(self) -> None:
        while not self.ending.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    self._talk(connection)
            except OSError:
                self.ending.wait(0.05)

    def _talk(self, connection: socket.socket) -> None:
        reader = hj212.Reader()
        while not self.ending.is_set():
            self.sent += 1
            stamp = beijing_digits(1_795_320_000_000 + self.sent * 1000)
            head = {"QN": stamp, "ST": "21", "CN": "2011", "PW": "123456", "MN": self.number, "Flag": "5"}
            data = f"DataTime={stamp[:14]};w01018-Rtd={self.sent},w01018-Flag=N"
            connection.sendall(hj212.write(hj212.Message(head, data)))
            came = connection.recv(4096)
            if not came:
                return
            self.answered |= {
                one.data.removeprefix("QN=") for one in reader.feed(came) if isinstance(one, hj212.Message)
            }


def test_R4_a_gateway_killed_at_any_moment_loses_no_frame_that_it_answered(store: Store, tmp_path: Path):
    port = free_port()
    stations = [Station(f"D{n}", port) for n in range(DEVICES)]
    for station in stations:
        station.start()
    for round_ in range(KILLS):
        before = sum(len(station.answered) for station in stations)
        gateway = process(tmp_path, port)
        eventually(
            lambda was=before: sum(len(station.answered) for station in stations) > was + 100, f"answers {round_}"
        )
        time.sleep(0.01 * round_)
        gateway.send_signal(signal.SIGKILL)
        gateway.wait(20)
    for station in stations:
        station.ending.set()
        station.join(5)
    kept: set[tuple[str, str]] = set()
    for row in store.read_log(0, limit=1_000_000):
        for t in decode_batch(row.payload)[1].tolist():
            key = (row.sender, beijing_digits(t))
            assert key not in kept
            kept.add(key)
    answered = {(station.number, stamp) for station in stations for stamp in station.answered}
    assert len(answered) > 100 * KILLS
    assert answered <= kept


class Asked(threading.Thread):
    """Reports at once, connects again when it must, notes the questions that come and carries each of them out."""

    def __init__(self, number: str, port: int) -> None:
        super().__init__(daemon=True)
        self.number, self.port = number, port
        self.questions: list[str] = []
        self.carrying_out = threading.Event()
        self.ending = threading.Event()

    def run(self) -> None:
        while not self.ending.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    self._talk(connection)
            except OSError:
                self.ending.wait(0.05)

    def _talk(self, connection: socket.socket) -> None:
        reader, head = hj212.Reader(), {"PW": "123456", "MN": self.number}
        report = {"QN": beijing_digits(time.time_ns() // 1_000_000), "ST": "21", "CN": "2011", **head, "Flag": "5"}
        connection.sendall(hj212.write(hj212.Message(report, f"DataTime={report['QN'][:14]};w01018-Rtd=1")))
        connection.settimeout(0.1)
        while not self.ending.is_set():
            try:
                came = connection.recv(4096)
            except TimeoutError:
                continue
            if not came:
                return
            for one in reader.feed(came):
                assert isinstance(one, hj212.Message)
                if one.command == "9014":
                    continue
                self.questions.append(one.head["QN"])
                if self.carrying_out.is_set():
                    said = {"QN": one.head["QN"], "ST": "91", "CN": "9012", **head, "Flag": "4"}
                    connection.sendall(hj212.write(hj212.Message(said, "ExeRtn=1")))


def test_R4_a_gateway_killed_between_noting_and_sending_a_command_sends_it_later_and_says_so(
    store: Store, tmp_path: Path
):
    records, port = tmp_path / "records.sqlite3", free_port()
    pk = plant_command(records, "hj212", "D0", "set_clock")
    device = Asked("D0", port)
    device.carrying_out.set()
    device.start()
    assert process(tmp_path, port, DIES_BEFORE_IT_SENDS).wait(60) == -signal.SIGKILL
    row = command_of(records, pk)
    assert (row["state"], row["tries"], device.questions) == ("sent", 1, [])
    gateway = process(tmp_path, port)
    try:
        eventually(lambda: command_of(records, pk)["state"] == "done", "the command")
    finally:
        gateway.kill()
        gateway.wait(20)
        device.ending.set()
        device.join(5)
    row = command_of(records, pk)
    assert (row["tries"], row["acts"]) == (2, ["sent", "waits", "sent_again", "done"])
    assert device.questions == [row["mark"]]


def test_R4_a_gateway_killed_at_any_moment_loses_no_command_and_sends_none_more_often_than_it_says(
    store: Store, tmp_path: Path
):
    records, port = tmp_path / "records.sqlite3", free_port()
    devices = [Asked(f"D{n}", port) for n in range(DEVICES)]
    pks = {one.number: plant_command(records, "hj212", one.number, "set_clock", most_tries=9) for one in devices}
    for one in devices:
        one.start()
    for round_ in range(KILLS):
        before = sum(len(one.questions) for one in devices)
        gateway = process(tmp_path, port)
        eventually(lambda was=before: sum(len(one.questions) for one in devices) > was, f"a question {round_}", 60)
        time.sleep(0.005 * round_)
        gateway.send_signal(signal.SIGKILL)
        gateway.wait(20)
    for one in devices:
        one.carrying_out.set()
    gateway = process(tmp_path, port)
    try:
        eventually(lambda: all(command_of(records, pk)["state"] == "done" for pk in pks.values()), "all of them", 60)
    finally:
        gateway.kill()
        gateway.wait(20)
        for one in devices:
            one.ending.set()
            one.join(5)
    for one in devices:
        row = command_of(records, pks[one.number])
        assert 1 <= len(one.questions) <= row["tries"]
        assert set(one.questions) == {row["mark"]}
        assert sum(act.startswith("sent") for act in row["acts"]) == row["tries"]
