"""The gateway for Modbus as a process of its own, killed while it asks: what it counted is in the log, once."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_world import connect_modbus, eventually, plant_modbus, plant_records
from modbus_device import Running, devices

from anlan.engine import decode_batch
from anlan.kernel.sensing.store import Store
from anlan.kernel.sensing.store.backend import SNAPSHOTS, Sqlite

pytestmark = pytest.mark.services
TOP = Path(__file__).parents[2]
HOSTS, KILLS = 8, 3


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    plant_records(tmp_path / "records.sqlite3", {f"D{n}": [f"D{n}/a"] for n in range(HOSTS)})
    plant_modbus(tmp_path / "records.sqlite3")
    found = Store(Sqlite(tmp_path / "readings.sqlite3"), Sqlite(tmp_path / "readings-snapshots.sqlite3", SNAPSHOTS))
    found.last_seq()
    yield found
    found.close()


def process(data: Path, **more: str) -> subprocess.Popen[bytes]:
    """The gateway as the launcher starts it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANLAN_", "DJANGO_"))}
    with (data / "gateway.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "anlan.server", "serve_modbus"],
            env={**clean, "PYTHONPATH": str(TOP / "src"), "ANLAN_DATA": str(data), **more},
            stdout=log,
            stderr=log,
        )


def count(host: Running) -> None:
    """Let a host give the number of the question in its register: each reading tells which one it answers."""

    def number(*_asked: int) -> int:
        host.device.registers[1][0] = len(host.device.asked)
        return 0

    host.device.refuse = number


def turns(data: Path) -> list[int]:
    with sqlite3.connect(data / "records.sqlite3") as records:
        found = [polls for (polls,) in records.execute("SELECT polls FROM sensing_modbusstate ORDER BY connection_id")]
    records.close()
    return found


def test_R4_a_gateway_killed_at_any_moment_loses_no_turn_that_it_counted(store: Store, tmp_path: Path):
    with devices(HOSTS) as hosts:
        for n, host in enumerate(hosts):
            count(host)
            connect_modbus(tmp_path / "records.sqlite3", f"D{n}", host.port, [(3, 0, "u16", f"D{n}/a")])
        for round_ in range(KILLS):
            before = turns(tmp_path)
            gateway = process(tmp_path, ANLAN_MODBUS_HOSTS="127.0.0.1")
            eventually(
                lambda was=before: all(now > then for now, then in zip(turns(tmp_path), was, strict=True)),
                f"turns {round_}",
            )
            time.sleep(0.03 * round_)
            gateway.send_signal(signal.SIGKILL)
            gateway.wait(20)
        counted = turns(tmp_path)
    kept: Counter[tuple[str, float]] = Counter()
    for row in store.read_log(0, limit=1_000_000):
        kept.update((row.sender, value) for value in decode_batch(row.payload)[2].tolist())
    assert set(kept.values()) == {1}
    stored = [sum(1 for sender, _value in kept if sender == f"D{n}") for n in range(HOSTS)]
    assert min(counted) >= KILLS
    assert all(there >= told for there, told in zip(stored, counted, strict=True))


def test_it_ends_at_SIGTERM_with_what_it_read_on_disk_and_does_not_start_without_hosts(store: Store, tmp_path: Path):
    assert process(tmp_path).wait(20) == 2
    with devices() as (host,):
        count(host)
        connect_modbus(tmp_path / "records.sqlite3", "D0", host.port, [(3, 0, "u16", "D0/a")])
        gateway = process(tmp_path, ANLAN_MODBUS_HOSTS="127.0.0.1")
        eventually(lambda: store.last_seq() >= 2, "two turns")
        gateway.send_signal(signal.SIGTERM)
        assert gateway.wait(20) == 0
        asked = len(host.device.asked)
    rows = store.read_log(0)
    assert asked - 1 <= len(rows) <= asked
    assert turns(tmp_path) == [len(rows)]
