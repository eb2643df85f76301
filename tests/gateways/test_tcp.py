"""The gateway for devices that speak TCP, with real sockets and a real store, in this process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gateway_world import eventually
from tcp_world import (
    CAR,
    NOW,
    PLACE,
    REGISTRATION,
    Running,
    answer,
    hj,
    jt,
    readings,
    sl,
    sl_ascii,
)

from anlan.demo.cars import EVERY_S, Car, Terminal
from anlan.engine import decode_batch
from anlan.formats import hj212, jt808, sl651
from anlan.formats.devices import beijing_ms
from anlan.gateways.tcp.connection import Bounds
from anlan.kernel.sensing.store import BACKFILL, Busy, Store
from anlan.kernel.sensing.store.backend import SNAPSHOTS, Sqlite


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(Sqlite(tmp_path / "r.sqlite3"), Sqlite(tmp_path / "s.sqlite3", SNAPSHOTS), lambda: NOW)
    yield found
    found.close()


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
