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
from gateway_world import eventually, plant_links, plant_records

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


def process(data: Path, port: int) -> subprocess.Popen[bytes]:
    """The gateway as the launcher starts it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANLAN_", "DJANGO_"))}
    with (data / "gateway.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "anlan.server", "serve_tcp"],
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
