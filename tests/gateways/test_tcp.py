"""The gateway for devices that speak TCP, with real sockets and a real store, in this process."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection, socket
from typing import Any

import pytest
from gateway_world import eventually, plant_links, plant_records

from anlan.demo.cars import EVERY_S, Car, Terminal
from anlan.engine import decode_batch
from anlan.formats import hj212, jt808, sl651
from anlan.formats.devices import BadFrame, beijing_ms
from anlan.gateways.tcp.connection import Bounds
from anlan.gateways.tcp.gateway import Gateway
from anlan.gateways.tcp.records import LinkRecords
from anlan.kernel.sensing.door.directory import Directory
from anlan.kernel.sensing.store import BACKFILL, Busy, Store
from anlan.kernel.sensing.store.backend import SNAPSHOTS, Sqlite

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
    links = {
        ("hj212", MN): ("ws-1", "123456", {"w01001-Rtd": ""}),
        ("sl651", STATION): ("rs-1", "A000", {}),
        ("jt808", PHONE): ("car-1", "", {"altitude": "", "speed": "", "direction": "", "alarm": "", "status": ""}),
        ("jt808", CAR.number): (
            "CAR-01",
            CAR.code,
            dict.fromkeys(("altitude", "speed", "direction", "alarm", "status"), ""),
        ),
    }
    plant_links(path, links)
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(Sqlite(tmp_path / "r.sqlite3"), Sqlite(tmp_path / "s.sqlite3", SNAPSHOTS), lambda: NOW)
    yield found
    found.close()


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


def answer(connection: socket, reader: Any, data: bytes = b"") -> Any:
    """Send, and read the first message that comes back."""
    connection.sendall(data)
    while True:
        came = connection.recv(4096)
        assert came, "the connection was closed"
        found = reader.feed(came)
        if found:
            assert not isinstance(found[0], BadFrame)
            return found[0]


def readings(store: Store) -> list[tuple[str, str, int, int, float, int]]:
    rows = []
    for row in store.read_log(0):
        for point, t, value, quality in zip(*decode_batch(row.payload), strict=True):
            rows.append((row.sender, row.lane, int(point), int(t), float(value), int(quality)))
    return rows


def test_HJ_212_is_answered_by_9014_once_its_reading_is_in_the_log(start: Callable[..., Running], store: Store):
    with start().call("hj212") as device:
        told = answer(device, hj212.Reader(), hj())
    assert (told.command, told.data) == ("9014", "QN=20260706103512345")
    assert readings(store) == [("ws-1", "live", 1, beijing_ms("20260706103000"), 28.6, 0)]


def test_SL_651_is_answered_by_EOT_once_its_reading_is_in_the_log(start: Callable[..., Running], store: Store):
    with start().call("sl651") as device:
        told = answer(device, sl651.Reader(), sl())
    assert (told.up, told.function, told.end, told.serial) == (False, 0x32, sl651.EOT, 1)
    assert readings(store) == [("rs-1", "live", 3, beijing_ms("20260706103000"), 0.55, 0)]


def test_both_codings_of_SL_651_come_in_at_one_port_and_each_is_answered_in_its_own(
    start: Callable[..., Running], store: Store
):
    with start().call("sl651") as device:
        reader = sl651.Reader()
        first = answer(device, reader, sl_ascii())
        second = answer(device, reader, sl(serial=2))
        third = answer(device, reader, sl_ascii(serial=3, stage="-0.125"))
    assert [(one.coding, one.serial, one.end, one.up) for one in (first, second, third)] == [
        ("ascii", 1, sl651.EOT, False),
        ("hex", 2, sl651.EOT, False),
        ("ascii", 3, sl651.EOT, False),
    ]
    # The same point takes the stage, whichever coding the station speaks.
    assert [(point, value) for _sender, _lane, point, _time, value, _quality in readings(store)] == [
        (3, 0.55),
        (3, 0.55),
        (3, -0.125),
    ]


def test_a_frame_in_ascii_coding_with_a_wrong_password_or_checksum_brings_nothing_in(
    start: Callable[..., Running], store: Store
):
    running = start()
    with running.call("sl651") as device:
        device.sendall(sl_ascii(password=0xBEEF) + sl_ascii(stage="9.999")[:-1] + b"?")
        assert answer(device, sl651.Reader(), sl_ascii(serial=7)).serial == 7
    assert [value for *_rest, value, _quality in readings(store)] == [0.55]
    faults = {row["fault"]: row["count"] for row in running.table("sensing_framefault")}
    assert faults.pop("wrong_secret") == 1
    assert sum(faults.values()) >= 1
    kept = b"".join(bytes.fromhex(row.raw) for row in store.set_aside())
    assert b"9.999" in kept
    assert b"BEEF" not in kept
    assert b"A000" not in kept


def test_a_terminal_registers_once_then_proves_itself_by_the_code_it_got(start: Callable[..., Running], store: Store):
    running = start()
    with running.call("jt808") as device:
        reader = jt808.Reader()
        refused = answer(device, reader, jt(0x0200, PLACE))
        assert (refused.id, refused.body[-1]) == (0x8001, 1)
        welcome = answer(device, reader, jt(0x0100, REGISTRATION))
        assert (welcome.id, welcome.body[2]) == (0x8100, 0)
        code = welcome.body[3:].decode()
        assert answer(device, reader, jt(0x0102, b"wrong")).body[-1] == 1
        assert answer(device, reader, jt(0x0100, REGISTRATION)).body[2] == 3
        assert answer(device, reader, jt(0x0102, code.encode())).body[-1] == 0
        assert answer(device, reader, jt(0x0200, PLACE)).body[-1] == 0
        kept = b"\0\1\1" + len(PLACE).to_bytes(2, "big") + PLACE
        assert answer(device, reader, jt(0x0704, kept)).body[-1] == 0
        assert answer(device, reader, jt(0x0002)).body[-1] == 0
    lanes = [(lane, point) for _sender, lane, point, *_rest in readings(store)]
    assert lanes == [("live", 4), ("live", 5), (BACKFILL, 4), (BACKFILL, 5)]


def test_nothing_is_answered_while_the_store_refuses(start: Callable[..., Running], store: Store, monkeypatch):
    append, may = Store.append_batches, threading.Event()

    def busy(self: Store, batches: Any) -> Any:
        if not may.is_set():
            raise Busy("locked")
        return append(self, batches)

    monkeypatch.setattr(Store, "append_batches", busy)
    monkeypatch.setattr("anlan.gateways.keeping.FIRST_WAIT_S", 0.01)
    with start().call("hj212") as device:
        device.sendall(hj())
        device.settimeout(0.2)
        with pytest.raises(TimeoutError):
            device.recv(1)
        may.set()
        device.settimeout(10)
        assert answer(device, hj212.Reader()).command == "9014"


def test_a_frame_that_comes_again_is_stored_once_and_answered_twice(start: Callable[..., Running], store: Store):
    with start().call("hj212") as device:
        reader = hj212.Reader()
        assert [answer(device, reader, hj()).command for _time in range(2)] == ["9014", "9014"]
    assert len(readings(store)) == 1


def test_a_wrong_password_brings_nothing_in_and_counts(start: Callable[..., Running], store: Store):
    running = start()
    with running.call("hj212") as device:
        device.sendall(hj(pw="654321"))
        assert answer(device, hj212.Reader(), hj(qn="20260706103513000")).data == "QN=20260706103513000"
    assert len(readings(store)) == 1
    (fault,) = running.table("sensing_framefault")
    assert (fault["sender"], fault["fault"], fault["count"]) == ("ws-1", "wrong_secret", 1)
    assert "ws-1" in running.gateway.directory._seen


def test_a_claimed_number_alone_does_not_count_as_heard(start: Callable[..., Running]):
    running = start()
    with running.call("hj212") as device:
        device.sendall(hj(pw="654321"))
        eventually(lambda: running.table("sensing_framefault"), "the count")
    assert running.gateway.directory._seen == set()


def test_a_number_that_nobody_registered_is_kept_for_a_person_and_not_answered(
    start: Callable[..., Running], store: Store
):
    running = start()
    with running.call("hj212") as device:
        device.sendall(hj(mn="B220000_0002"))
        device.sendall(hj(mn="B220000_0002", qn="20260706103600000"))
        eventually(lambda: sum(row["frames"] for row in running.table("sensing_caller")) == 2, "both frames")
        device.settimeout(0.05)
        with pytest.raises(TimeoutError):
            device.recv(1)
    (caller,) = running.table("sensing_caller")
    assert (caller["protocol"], caller["number"], caller["address"]) == ("hj212", "B220000_0002", "127.0.0.1")
    assert bytes.fromhex(caller["raw"]) == hj(mn="B220000_0002", qn="20260706103600000").rstrip().replace(
        b"PW=123456", b"PW=******"
    )
    assert store.last_seq() == 0


def test_a_broken_frame_is_set_aside_with_its_bytes_and_harms_no_other(start: Callable[..., Running], store: Store):
    broken = hj().replace(b"28.6", b"99.9")
    running = start()
    with running.call("hj212") as device:
        reader = hj212.Reader()
        answer(device, reader, hj())
        answer(device, reader, broken + hj(qn="20260706103513000"))
    (aside,) = store.set_aside()
    assert (aside.sender, aside.reason, aside.field) == ("ws-1", "bad_crc", "frame")
    assert bytes.fromhex(aside.raw) == broken.rstrip().replace(b"PW=123456", b"PW=******")
    assert {value for *_rest, value, _quality in readings(store)} == {28.6}
    assert [row["fault"] for row in running.table("sensing_framefault")] == ["bad_crc"]


def test_a_storm_of_broken_frames_is_counted_whole_and_kept_in_part(start: Callable[..., Running], store: Store):
    running = start()
    with running.call("hj212") as device:
        reader = hj212.Reader()
        answer(device, reader, hj())
        storm = b"".join(hj(qn=f"202607061036{n:05d}").replace(b"28.6", b"99.9") for n in range(300))
        answer(device, reader, storm + hj(qn="20260706103513000"))
    assert store.count_set_aside() == 20
    assert [row["count"] for row in running.table("sensing_framefault")] == [300]


def test_a_sensor_without_a_point_is_set_aside_once_and_its_neighbours_are_taken(
    start: Callable[..., Running], store: Store
):
    data = "DataTime=20260706103{}00;w01018-Rtd=1,w01018-Flag=N;w21003-Rtd=2,w21003-Flag=N;w01001-Rtd=7,w01001-Flag=N"
    with start().call("hj212") as device:
        reader = hj212.Reader()
        for n in range(3):
            answer(device, reader, hj(qn=f"202607061035{n:05d}", data=data.format(n)))
    assert [point for _sender, _lane, point, *_rest in readings(store)] == [1, 1, 1]
    (aside,) = store.set_aside()
    assert (aside.point, aside.value, aside.reason) == ("ws-1/w21003-Rtd", 2.0, "unknown_point")


@pytest.mark.parametrize(("flag", "quality"), [("N", 0), ("T", 1), ("D", 2), ("?", 2)])
def test_a_flag_becomes_a_quality(start: Callable[..., Running], store: Store, flag: str, quality: int):
    with start().call("hj212") as device:
        answer(device, hj212.Reader(), hj(data=f"DataTime=20260706103000;w01018-Rtd=5,w01018-Flag={flag}"))
    assert [row[-1] for row in readings(store)] == [quality]


def test_one_that_floods_does_not_starve_another(start: Callable[..., Running], store: Store):
    running = start()
    with running.call("hj212") as flood, running.call("sl651") as station:
        many = b"".join(hj(qn=f"202607061036{n:05d}", flag="8") for n in range(3_000))
        sender = threading.Thread(target=flood.sendall, args=(many,))
        sender.start()
        told = answer(station, sl651.Reader(), sl())
        assert told.end == sl651.EOT
        sender.join(30)
        eventually(lambda: len(store.read_log(0, limit=9_999)) == 3_001, "the flood")


def test_a_frame_that_never_ends_and_a_stranger_are_closed(start: Callable[..., Running], store: Store):
    running = start(Bounds(unfinished_s=0.0, stranger_s=30.0))
    with running.call("hj212") as slow:
        slow.sendall(b"##0200QN=2026")
        assert slow.recv(1) == b""
    eventually(lambda: store.count_set_aside() == 1, "its bytes")
    other = start(Bounds(stranger_s=0.0))
    with other.call("sl651") as silent:
        assert silent.recv(1) == b""


def test_an_address_may_have_so_many_connections(start: Callable[..., Running]):
    running = start(Bounds(per_address=2))
    with running.call("hj212") as first, running.call("hj212"), running.call("hj212") as third:
        with contextlib.suppress(ConnectionResetError):
            assert third.recv(1) == b""
        assert answer(first, hj212.Reader(), hj()).command == "9014"


def test_a_device_revoked_is_silent_at_once(start: Callable[..., Running], store: Store):
    running = start()
    with running.call("hj212") as device:
        answer(device, hj212.Reader(), hj())
        del running.gateway.directory.known["ws-1"]
        device.sendall(hj(qn="20260706103513000"))
        eventually(lambda: running.table("sensing_caller"), "the call of one that is not let in")
    assert len(readings(store)) == 1


def test_R1_a_car_of_the_demo_sends_what_it_kept_and_goes_on_live(start, store):
    terminal = Terminal(CAR, start().gateway.ports["jt808"])
    assert terminal.drive(NOW) == 480
    terminal.drive(NOW + EVERY_S * 1000)
    terminal.close()
    found: dict[str, set[int]] = {}
    for row in store.read_log(0):
        _point, t, _value, _quality = decode_batch(row.payload)
        found.setdefault(row.lane, set()).update(t.tolist())
    assert sorted(found["live"]) == [NOW, NOW + EVERY_S * 1000]
    assert sorted(found[BACKFILL]) == list(range(NOW - 7_200_000 + 15_000, NOW, 15_000))


def test_a_car_with_another_code_stores_nothing(start, store):
    stranger = Terminal(Car(CAR.number, "wrong", CAR.kmh, False, CAR.way), start().gateway.ports["jt808"])
    assert stranger.drive(NOW) == 0
    assert not store.read_log(0)
