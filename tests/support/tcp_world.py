"""A gateway for TCP in a thread of its own over planted records: frames, devices, and what it wrote."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection, socket
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from gateway_world import plant_links, plant_records

from anlan.demo.cars import Car
from anlan.engine import decode_batch
from anlan.formats import hj212, jt808, sl651
from anlan.formats.devices import BadFrame, beijing_ms
from anlan.gateways.tcp.connection import Bounds
from anlan.gateways.tcp.gateway import Gateway
from anlan.gateways.tcp.records import LinkRecords
from anlan.kernel.sensing.door.directory import Directory
from anlan.kernel.sensing.store import Store

MN, STATION, PHONE = "A110000_0001", "0010010100", "13800138000"
NOW = beijing_ms("20260706104000") or 0
#: A car of the demo, with the terminal that its simulator has.
CAR = Car("13900000001", "0123456789abcdef", 40.0, False, ((104.0, 31.5), (104.1, 31.5)))


def hj(qn: str = "20260706103512345", data: str = "DataTime=20260706103000;w01018-Rtd=28.6,w01018-Flag=N",
       cn: str = "2011", pw: str = "123456", mn: str = MN, flag: str = "9") -> bytes:  # fmt: skip
    head = {"QN": qn, "ST": "21", "CN": cn, "PW": pw, "MN": mn, "Flag": flag}
    return hj212.write(hj212.Message(head, data))


def sl(serial: int = 1, stage: str = "00000550", password: int = 0xA000, station: str = STATION) -> bytes:
    text = serial.to_bytes(2, "big") + bytes.fromhex(
        "260706103000" + "F1F1" + station + "48" + "F0F0" + "2607061030" + "3923" + stage
    )
    return sl651.write(sl651.Message(True, 1, station, password, 0x32, text))


def sl_ascii(serial: int = 1, stage: str = "0.550", password: int = 0xA000) -> bytes:
    text = f"{serial:04X}260706103000ST {STATION} H TT 2607061031 Z {stage}".encode()
    return sl651.write(sl651.Message(True, 1, STATION, password, 0x32, text, coding=sl651.ASCII))


def jt(kind: int, body: bytes = b"", serial: int = 1) -> bytes:
    return jt808.write(jt808.Message(kind, f"0{PHONE}", serial, body))


PLACE = bytes.fromhex("000000000000000301E6C4D0063A1F2001F40258005A260706103000")  # fmt: skip
REGISTRATION = jt808.body_of(
    0x0100,
    {"province_id": 51, "city_id": 7, "manufacturer_id": b"ANLAN", "terminal_type": "T".ljust(20, "1"),
     "terminal_id": "T000001", "color": 1, "car_identifier": "A12345"},
)  # fmt: skip


@dataclass
class Running:
    """A gateway in a thread of its own."""

    gateway: Gateway
    records: Path
    stop: Callable[[], None]

    def call(self, protocol: str) -> socket:
        return create_connection(("127.0.0.1", self.gateway.ports[protocol]), timeout=10)

    def table(self, name: str) -> list[dict[str, Any]]:
        self.gateway.taking.notes.write(LinkRecords(f"sqlite://{self.records}"))
        with sqlite3.connect(self.records) as connection:
            connection.row_factory = sqlite3.Row
            found = [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]
        connection.close()
        return found


@pytest.fixture
def records(tmp_path: Path) -> Path:
    path = tmp_path / "records.sqlite3"
    points = {"ws-1": ["ws-1/w01018-Rtd", "COD"], "rs-1": ["rs-1/39"], "car-1": [f"car-1/{s}" for s in ("lat", "lon")]}
    points["CAR-01"] = ["CAR-01/lat", "CAR-01/lon"]
    plant_records(path, points)
    beside = dict.fromkeys(("altitude", "speed", "direction", "alarm", "status"), "")
    links = {
        ("hj212", MN): ("ws-1", "123456", {"w01001-Rtd": ""}),
        ("sl651", STATION): ("rs-1", "A000", {}),
        ("jt808", PHONE): ("car-1", "", beside),
        ("jt808", CAR.number): ("CAR-01", CAR.code, beside),
    }
    plant_links(path, links)
    return path


@pytest.fixture
def start(records: Path, store: Store) -> Iterator[Callable[..., Running]]:
    """Starts gateways; each ends with the test whatever happens."""
    started: list[Running] = []

    def run(bounds: Bounds | None = None) -> Running:
        directory = Directory(LinkRecords(f"sqlite://{records}"))
        directory.refresh()
        directory.records.close()
        gateway = Gateway(store, directory, LinkRecords(f"sqlite://{records}"), bounds or Bounds(), lambda: NOW)
        ready = threading.Event()
        ends: list[Callable[[], None]] = []

        async def work() -> None:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            ends.append(lambda: loop.call_soon_threadsafe(stop.set))
            await gateway.run("127.0.0.1", dict.fromkeys(("hj212", "sl651", "jt808"), 0), stop, ready.set)
            gateway.records.close()

        thread = threading.Thread(target=lambda: asyncio.run(work()))
        thread.start()
        assert ready.wait(10)

        def stop() -> None:
            if thread.is_alive():
                ends[0]()
                thread.join(20)

        started.append(Running(gateway, records, stop))
        return started[-1]

    yield run
    for one in started:
        one.stop()


#: Messages that came together with one that was asked for, by the reader that read them.
_BEHIND: WeakKeyDictionary[Any, list[Any]] = WeakKeyDictionary()


def answer(connection: socket, reader: Any, data: bytes = b"") -> Any:
    """Send, and read the next message that comes back."""
    connection.sendall(data)
    behind = _BEHIND.setdefault(reader, [])
    while not behind:
        came = connection.recv(4096)
        assert came, "the connection was closed"
        behind += reader.feed(came)
    found = behind.pop(0)
    assert not isinstance(found, BadFrame)
    return found


def readings(store: Store) -> list[tuple[str, str, int, int, float, int]]:
    rows = []
    for row in store.read_log(0):
        for point, t, value, quality in zip(*decode_batch(row.payload), strict=True):
            rows.append((row.sender, row.lane, int(point), int(t), float(value), int(quality)))
    return rows
