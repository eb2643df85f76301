"""The gateway that asks by Modbus TCP, with real sockets, a device written from the specification and a real store."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import sqlite3
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from gateway_world import connect_modbus, eventually, map_modbus, plant_modbus, plant_records
from modbus_device import Running, devices

from anlan.engine import decode_batch
from anlan.gateways.modbus import hosts
from anlan.gateways.modbus.gateway import Gateway
from anlan.gateways.modbus.records import ModbusRecords
from anlan.kernel.sensing.door.directory import Directory
from anlan.kernel.sensing.store import Busy, Store
from anlan.kernel.sensing.store.backend import SNAPSHOTS, Sqlite

#: Points 1 … 60 belong to plc-1, 61 … 63 to plc-2.
POINTS = {"plc-1": [f"P-{n}" for n in range(1, 61)], "plc-2": [f"Q-{n}" for n in range(1, 4)]}


@dataclass
class World:
    """A gateway in a thread of its own, its records and its store."""

    records: Path
    store: Store
    gateway: Gateway
    end: Callable[[], None]

    def rows(self, table: str) -> list[dict[str, Any]]:
        with sqlite3.connect(self.records) as connection:
            connection.row_factory = sqlite3.Row
            found = [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]
        connection.close()
        return found

    def readings(self) -> list[tuple[str, int, int, float, int]]:
        """Sender, point, time, value, quality in the order of the log."""
        return [
            (row.sender, int(point), int(t), float(value), int(quality))
            for row in self.store.read_log(0)
            for point, t, value, quality in zip(*decode_batch(row.payload), strict=True)
        ]

    def values(self, point: int) -> list[float]:
        return [value for _sender, number, _t, value, _quality in self.readings() if number == point]

    def qualities(self, point: int) -> set[int]:
        return {quality for _sender, number, _t, _value, quality in self.readings() if number == point}

    def faults(self, device: str = "plc-1") -> dict[str, int]:
        self.gateway.faults.write_counts(ModbusRecords(f"sqlite://{self.records}"))
        return {row["fault"]: row["count"] for row in self.rows("sensing_framefault") if row["sender"] == device}

    def state(self, connection: int) -> dict[str, Any]:
        return next(row for row in self.rows("sensing_modbusstate") if row["connection_id"] == connection)


@pytest.fixture
def records(tmp_path: Path) -> Path:
    path = tmp_path / "records.sqlite3"
    plant_records(path, POINTS)
    plant_modbus(path)
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(Sqlite(tmp_path / "r.sqlite3"), Sqlite(tmp_path / "s.sqlite3", SNAPSHOTS))
    yield found
    found.close()


@pytest.fixture
def start(records: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., World]]:
    """Starts gateways; each ends with the test whatever happens."""
    monkeypatch.setattr(hosts, "FIRST_WAIT_S", 0.1)
    monkeypatch.setattr(hosts, "LONGEST_WAIT_S", 0.5)
    started: list[World] = []

    def run(*allowed: str) -> World:
        directory = Directory(ModbusRecords(f"sqlite://{records}"))
        directory.refresh()
        directory.records.close()
        gateway = Gateway(store, directory, ModbusRecords(f"sqlite://{records}"), allowed or ("127.0.0.0/8",))
        ready = threading.Event()
        ends: list[Callable[[], None]] = []

        async def work() -> None:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            ends.append(lambda: loop.call_soon_threadsafe(stop.set))
            loop.call_soon(ready.set)
            await gateway.run(stop)

        thread = threading.Thread(target=lambda: asyncio.run(work()))
        thread.start()
        assert ready.wait(10)

        def end() -> None:
            if thread.is_alive():
                ends[0]()
                thread.join(20)
            assert not thread.is_alive()

        started.append(World(records, store, gateway, end))
        return started[-1]

    yield run
    for one in started:
        one.end()


@pytest.fixture
def host() -> Iterator[Running]:
    with devices() as (one,):
        yield one


def hold(host: Running, address: int, *words: int) -> None:
    """Put registers into unit 1."""
    host.device.registers[1].update(dict(enumerate(words, start=address)))


def words(form: str, value: float) -> list[int]:
    """A value as registers, high word first, packed by the standard library."""
    packed = struct.pack(form, value)
    return [int.from_bytes(packed[at : at + 2], "big") for at in range(0, len(packed), 2)]


# --- what is read ---------------------------------------------------------------------------------------------------


def test_R1_every_type_and_order_of_the_map_becomes_the_value_it_means(start, records: Path, host: Running):
    high, low = words(">f", 21.5)
    swapped = [int.from_bytes(word.to_bytes(2, "big"), "little") for word in (high, low)]
    hold(host, 0, 0xFFFE, 0xFFFE, *words(">I", 3_000_000_000), *words(">i", -70_000), high, low, low, high)
    hold(host, 10, *swapped, *reversed(swapped), *words(">d", -1234.0625), 250)
    host.device.bits[1] = {place: place % 2 for place in range(40)}
    lines = [
        (3, 0, "u16", "P-1"), (3, 1, "i16", "P-2"), (3, 2, "u32", "P-3"), (3, 4, "i32", "P-4"),
        (3, 6, "f32", "P-5"), (3, 8, "f32", "P-6", "CDAB"), (3, 10, "f32", "P-7", "BADC"),
        (3, 12, "f32", "P-8", "DCBA"), (3, 14, "f64", "P-9"), (4, 18, "u16", "P-10", "ABCD", 0.1, -40.0),
        (1, 33, "bit", "P-11"), (2, 34, "bit", "P-12"),
    ]  # fmt: skip
    connect_modbus(records, "plc-1", host.port, lines)
    before = time.time_ns() // 1_000_000
    world = start()
    eventually(lambda: len(world.readings()) >= 12, "readings")
    found = {point: (value, quality) for _sender, point, _t, value, quality in world.readings()[:12]}
    expected = [65534, -2, 3_000_000_000, -70_000, 21.5, 21.5, 21.5, 21.5, -1234.0625, -15.0, 1.0, 0.0]
    assert found == {point: (value, 0) for point, value in enumerate(expected, start=1)}
    times = [t for *_rest, t, _value, _quality in world.readings()]
    assert all(before <= t <= time.time_ns() // 1_000_000 for t in times)
    # Sixteen and three neighbours: one request for each table.
    assert host.device.asked[:4] == [(1, 1, 33, 1), (1, 2, 34, 1), (1, 3, 0, 18), (1, 4, 18, 1)]


def test_no_request_asks_for_more_than_125_registers_and_neighbours_go_together(start, records: Path, host: Running):
    lines = [(3, 2 * n, "u32", f"P-{n + 1}") for n in range(60)] + [(3, 120 + n, "u16", None) for n in range(3)]
    lines += [(3, 125, "u16", "Q-1")]
    connect_modbus(records, "plc-1", host.port, lines)
    start()
    eventually(lambda: len(host.device.asked) >= 2, "two requests")
    assert host.device.asked[:2] == [(1, 3, 0, 120), (1, 3, 125, 1)]
    assert not host.device.wrote


def test_a_hole_that_may_be_read_over_saves_a_request(start, records: Path, host: Running):
    lines = [(3, 0, "u16", "P-1"), (3, 9, "u16", "P-2"), (3, 120, "u16", "P-3")]
    connect_modbus(records, "plc-1", host.port, lines, gap=10)
    start()
    eventually(lambda: len(host.device.asked) >= 2, "requests")
    assert host.device.asked[:2] == [(1, 3, 0, 10), (1, 3, 120, 1)]


def test_units_behind_one_host_take_turns_on_one_connection(start, records: Path, host: Running):
    host.device.registers[2] = {0: 22}
    connect_modbus(records, "plc-1", host.port, [(3, 0, "u16", "P-1")])
    connect_modbus(records, "plc-2", host.port, [(3, 0, "u16", "Q-1")], unit=2)
    world = start()
    eventually(lambda: len(world.values(61)) >= 2 and len(world.values(1)) >= 2, "both units")
    assert world.values(61)[0] == 22
    assert (host.device.connections, host.device.most_open) == (1, 1)


def test_it_is_asked_once_a_period_and_not_more_often(start, records: Path, host: Running):
    connect_modbus(records, "plc-1", host.port, [(3, 0, "u16", "P-1")], period_s=1)
    begun = time.monotonic()
    world = start()
    eventually(lambda: len(host.device.asked) >= 4, "four turns")
    assert time.monotonic() - begun >= 2.8
    times = sorted(t for *_rest, t, _value, _quality in world.readings())
    assert all(700 <= after - before <= 1300 for before, after in itertools.pairwise(times))


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "fault"), [(1, "illegal_function"), (4, "device_failure"), (0x21, "exception_21")])
def test_a_refusal_makes_a_reading_of_bad_quality_without_a_value(
    code: int, fault: str, start, records: Path, host: Running
):
    host.device.refuse = lambda *_asked: code
    pk = connect_modbus(records, "plc-1", host.port, [(3, 0, "u16", "P-1"), (3, 1, "u16", "P-2")])
    world = start()
    eventually(lambda: len(world.values(1)) >= 2, "readings")
    assert world.qualities(1) == world.qualities(2) == {2}
    assert all(math.isnan(value) for value in world.values(1))
    assert world.faults()[fault] >= 2
    eventually(lambda: world.state(pk)["fault"] == fault, "the state")
    assert world.state(pk)["failing_since"] and world.state(pk)["answered_at"]


@pytest.mark.parametrize(("code", "fault"), [(2, "illegal_address"), (3, "illegal_value")])
def test_one_wrong_line_does_not_blind_its_neighbours(code: int, fault: str, start, records: Path, host: Running):
    hold(host, 0, *range(50))
    host.device.refuse = lambda _unit, _function, address, count: code if address <= 17 < address + count else 0
    connect_modbus(records, "plc-1", host.port, [(3, n, "u16", f"P-{n + 1}") for n in range(50)])
    world = start()
    eventually(lambda: len(world.values(1)) >= 2, "two turns")
    assert [world.values(n + 1)[0] for n in range(50) if n != 17] == [n for n in range(50) if n != 17]
    assert world.qualities(18) == {2}
    assert world.qualities(17) == world.qualities(19) == {0}
    # The second turn asks for the parts at once, not for the whole again.
    assert host.device.asked.count((1, 3, 0, 50)) == 1


@pytest.mark.parametrize(("code", "fault"), [(6, "busy"), (0x0A, "gateway_path"), (0x0B, "target_silent")])
def test_a_refusal_of_somebody_in_between_makes_no_reading(code: int, fault: str, start, records: Path, host: Running):
    host.device.refuse = lambda *_asked: code
    connect_modbus(records, "plc-1", host.port, [(3, 0, "u16", "P-1")])
    world = start()
    eventually(lambda: world.faults().get(fault, 0) >= 2, "the fault twice")
    assert world.readings() == []
    seen = world.gateway.directory._seen
    assert ("plc-1" in seen) == (fault == "busy")


def test_a_float_that_is_no_number_is_bad_and_never_a_value(start, records: Path, host: Running):
    hold(host, 0, 0x7FC0, 0, *words(">d", 1e308))
    connect_modbus(records, "plc-1", host.port, [(3, 0, "f32", "P-1"), (3, 2, "f64", "P-2", "ABCD", 1e10, 0.0)])
    world = start()
    eventually(lambda: len(world.readings()) >= 2, "readings")
    assert {(point, quality) for _s, point, _t, value, quality in world.readings() if math.isnan(value)} == {
        (1, 2), (2, 2),
    }  # fmt: skip


# --- what is no answer ----------------------------------------------------------------------------------------------


def changed(place: int, byte: int) -> Callable[[bytes], list[bytes]]:
    return lambda answer: [answer[:place] + bytes((byte,)) + answer[place + 1 :]]


SPOILT = {
    "wrong_transaction": changed(0, 0x77),
    "wrong_unit": changed(6, 9),
    "wrong_function": changed(7, 4),
    "bad_length": lambda answer: [answer[:5] + b"\5" + answer[6:8] + b"\2" + answer[9:11]],
    "garbage": lambda _answer: [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
    "truncated": lambda answer: [answer[:-1]],
    "no_answer": lambda _answer: None,
}


@pytest.mark.parametrize("fault", SPOILT)
def test_what_is_no_answer_is_counted_and_never_a_reading(fault: str, start, records: Path, host: Running):
    hold(host, 0, 4711, 4712)
    host.device.spoil = SPOILT[fault]
    pk = connect_modbus(records, "plc-1", host.port, [(3, 0, "u32", "P-1")], timeout_ms=100)
    world = start()
    eventually(lambda: world.faults().get(fault, 0) >= 2, f"{fault} twice")
    assert world.readings() == []
    assert set(world.faults()) == {fault}
    eventually(lambda: world.state(pk)["next_at"], "the state")
    assert (world.state(pk)["fault"], world.state(pk)["answered_at"]) == (fault, None)
    aside = world.store.set_aside()
    assert {row.reason for row in aside} == ({fault} if fault != "no_answer" else set())
    # Once it answers as it should, its values come again by themselves.
    host.device.spoil = lambda answer: [answer]
    eventually(lambda: world.values(1), "a reading")
    eventually(lambda: world.state(pk)["fault"] == "", "the state")
    assert world.state(pk)["failing_since"] is None and world.state(pk)["next_at"] is None


def test_more_than_was_asked_for_is_set_aside_and_the_answer_taken(start, records: Path, host: Running):
    hold(host, 0, 5)
    host.device.spoil = lambda answer: [answer + answer]
    connect_modbus(records, "plc-1", host.port, [(3, 0, "u16", "P-1")])
    world = start()
    eventually(lambda: len(world.values(1)) >= 2, "readings")
    assert set(world.values(1)) == {5}
    assert world.faults()["unasked"] >= 2


def test_an_answer_in_pieces_of_any_cut_is_the_same_answer(start, records: Path, host: Running):
    hold(host, 0, *range(1, 11))
    host.device.spoil = lambda answer: [answer[at : at + 1] for at in range(len(answer))]
    connect_modbus(records, "plc-1", host.port, [(3, n, "u16", f"P-{n + 1}") for n in range(10)])
    world = start()
    eventually(lambda: len(world.readings()) >= 20, "readings")
    assert [world.values(n + 1)[0] for n in range(10)] == list(range(1, 11))
    cuts = iter(range(1, 29))
    host.device.spoil = lambda answer: [answer[: (at := next(cuts, 5))], answer[at:]]
    host.device.asked.clear()
    eventually(lambda: len(host.device.asked) >= 3, "further turns")
    assert world.faults() == {}


def test_a_host_that_closes_after_each_answer_is_connected_to_again(start, records: Path, host: Running):
    host.device.close_after = True
    connect_modbus(records, "plc-1", host.port, [(3, 0, "u16", "P-1")])
    world = start()
    eventually(lambda: len(world.values(1)) >= 2, "readings")


# --- silence --------------------------------------------------------------------------------------------------------


def test_S1_a_host_that_vanishes_is_said_to_be_silent_and_comes_back_by_itself(start, records: Path, host: Running):
    hold(host, 0, 7)
    pk = connect_modbus(records, "plc-1", host.port, [(3, 0, "u16", "P-1")])
    world = start()
    eventually(lambda: world.values(1), "a reading")
    host.stop()
    eventually(lambda: world.faults().get("no_connection", 0) >= 2, "silence")
    held = len(world.readings())
    eventually(lambda: world.state(pk)["fault"] == "no_connection", "the state")
    assert world.state(pk)["failing_since"]
    assert len(world.readings()) == held
    host.start()
    eventually(lambda: len(world.readings()) > held, "readings again")


def test_a_silent_host_is_asked_less_and_less_often(start, records: Path, host: Running, monkeypatch):
    monkeypatch.setattr(hosts, "FIRST_WAIT_S", 1.0)
    monkeypatch.setattr(hosts, "LONGEST_WAIT_S", 30.0)
    host.device.hangs = True
    connect_modbus(records, "plc-1", host.port, [(3, 0, "u16", "P-1")], timeout_ms=50)
    start()
    eventually(lambda: len(host.device.asked) >= 3, "three turns")
    begun = time.monotonic()
    eventually(lambda: len(host.device.asked) >= 4, "a fourth")
    assert time.monotonic() - begun > 2


def test_a_host_that_hangs_stops_no_other(start, records: Path):
    with devices(2) as (hanging, well):
        hanging.device.hangs = True
        connect_modbus(records, "plc-1", hanging.port, [(3, 0, "u16", "P-1")], timeout_ms=3_000)
        connect_modbus(records, "plc-2", well.port, [(3, 0, "u16", "Q-1")])
        world = start()
        eventually(lambda: len(world.values(61)) >= 3, "readings of the other", 8)
        assert world.values(1) == []


def test_200_hosts_at_once_are_all_asked(start, records: Path):
    with devices(200) as many:
        with sqlite3.connect(records) as connection:
            connection.executemany(
                "INSERT INTO sensing_point (code, device_id, enabled) VALUES (?, 1, 1)",
                [(f"H-{n}",) for n in range(200)],
            )
        connection.close()
        for n, one in enumerate(many):
            hold(one, 0, n)
            connect_modbus(records, "plc-1", one.port, [(3, 0, "u16", f"H-{n}")], period_s=5)
        world = start()
        eventually(lambda: len({point for _s, point, *_rest in world.readings()}) == 200, "all 200", 30)
        assert all(world.values(64 + n)[0] == n for n in range(200))
        assert world.faults() == {}


# --- where it may go ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("allowed", ["10.30.0.0/16", "localhost", "127.0.0.1:1"])
def test_S3_no_host_is_asked_that_is_not_listed(allowed: str, start, records: Path, host: Running):
    name = "localhost" if allowed == "localhost" else "127.0.0.1"
    connect_modbus(records, "plc-1", host.port, [(3, 0, "u16", "P-1")], host=name)
    world = start(allowed)
    eventually(lambda: world.faults().get("host_not_allowed"), "the refusal")
    assert host.device.connections == 0
    assert world.readings() == []


def test_one_port_of_one_host_may_be_listed_and_a_name_that_nobody_knows_is_said(start, records: Path, host: Running):
    connect_modbus(records, "plc-1", host.port, [(3, 0, "u16", "P-1")])
    connect_modbus(records, "plc-2", host.port, [(3, 0, "u16", "Q-1")], host="no-such-host.invalid")
    world = start(f"127.0.0.1:{host.port}", "no-such-host.invalid")
    eventually(lambda: world.values(1), "a reading")
    eventually(lambda: world.faults("plc-2").get("host_unknown"), "the unknown name")


# --- changes --------------------------------------------------------------------------------------------------------


def test_a_changed_map_is_asked_for_within_two_seconds(start, records: Path, host: Running):
    hold(host, 0, 1, 2)
    pk = connect_modbus(records, "plc-1", host.port, [(3, 0, "u16", "P-1")])
    world = start()
    eventually(lambda: world.values(1), "a reading")
    map_modbus(records, pk, [(3, 1, "u16", "P-2")])
    begun = time.monotonic()
    eventually(lambda: world.values(2), "the new line")
    # Half a second until it is read, and its turn.
    assert time.monotonic() - begun < 2.5
    held = len(world.values(1))
    eventually(lambda: len(world.values(2)) >= 3, "further turns")
    assert len(world.values(1)) == held


def test_a_connection_that_is_switched_off_or_removed_is_not_asked(start, records: Path, host: Running):
    pk = connect_modbus(records, "plc-1", host.port, [(3, 0, "u16", "P-1")])
    world = start()
    eventually(lambda: world.values(1), "a reading")
    for sql in (
        "UPDATE sensing_modbusconnection SET enabled = 0",
        f"DELETE FROM sensing_modbusconnection WHERE id={pk}",
    ):
        with sqlite3.connect(records) as connection:
            connection.execute(sql)
        connection.close()
        eventually(lambda: not world.gateway.hosts, "the end of asking")
        held = len(host.device.asked)
        time.sleep(1.2)
        assert len(host.device.asked) == held


def test_a_point_that_belongs_to_another_device_is_counted_and_not_written(start, records: Path, host: Running):
    connect_modbus(records, "plc-1", host.port, [(3, 0, "u16", "P-1"), (3, 1, "u16", "Q-1")])
    world = start()
    eventually(lambda: len(world.values(1)) >= 2, "readings")
    assert world.values(61) == []
    assert world.faults()["unknown_point"] >= 2


def test_a_map_that_cannot_be_asked_for_is_said_once_and_ends_no_other(start, records: Path, host: Running):
    connect_modbus(records, "plc-1", host.port, [(6, 0, "u16", "P-1")])
    connect_modbus(records, "plc-2", host.port, [(3, 0, "u16", "Q-1")], unit=2)
    host.device.registers[2] = {0: 3}
    world = start()
    eventually(lambda: len(world.values(61)) >= 2, "readings of the other")
    assert world.faults() == {"bad_map": 1}
    assert not host.device.wrote


# --- the disk -------------------------------------------------------------------------------------------------------


def test_R1_nothing_counts_before_it_is_on_disk_and_what_waits_is_bounded(
    start, records: Path, host: Running, monkeypatch
):
    append, may = Store.append_batches, threading.Event()

    def busy(self: Store, batches: Any) -> Any:
        if not may.is_set():
            raise Busy("locked")
        return append(self, batches)

    monkeypatch.setattr(Store, "append_batches", busy)
    monkeypatch.setattr("anlan.gateways.keeping.FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(hosts, "UNSETTLED", 2)
    pk = connect_modbus(records, "plc-1", host.port, [(3, 0, "u16", "P-1")])
    world = start()
    eventually(lambda: world.faults().get("store_waits"), "a turn that is left out")
    eventually(lambda: world.state(pk)["missed"], "the state")
    assert (world.state(pk)["polls"], world.state(pk)["answered_at"]) == (0, None)
    assert len(host.device.asked) == 2
    may.set()
    eventually(lambda: len(world.values(1)) >= 3, "what waited, and more")
    eventually(lambda: world.state(pk)["polls"] >= 3, "the count")


def test_R4_what_was_read_before_the_end_is_on_disk_once(start, records: Path, host: Running):
    connect_modbus(records, "plc-1", host.port, [(3, 0, "u16", "P-1")])
    world = start()
    eventually(lambda: world.values(1), "a reading")
    world.end()
    first = world.readings()
    assert world.state(1)["polls"] == len(first)
    again = start()
    eventually(lambda: len(again.values(1)) > len(first), "a reading of the next process")
    times = [t for *_rest, t, _value, _quality in again.readings()]
    assert len(set(times)) == len(times)


# --- trying ---------------------------------------------------------------------------------------------------------


def ask_trial(records: Path, connection: int) -> int:
    with sqlite3.connect(records) as database:
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
        pk = database.execute(
            "INSERT INTO sensing_modbustrial (connection_id, state, asked_at) VALUES (?, 'asked', ?)", (connection, now)
        ).lastrowid
    database.close()
    assert pk is not None
    return pk


def found_by(world: World, trial: int) -> dict[str, Any]:
    rows = lambda: next(row for row in world.rows("sensing_modbustrial") if row["id"] == trial)  # noqa: E731
    eventually(lambda: rows()["state"] == "done", "the trial")
    return dict(json.loads(rows()["result"]))


def test_a_trial_tells_registers_values_and_refusals_line_by_line_and_makes_no_reading(
    start, records: Path, host: Running
):
    hold(host, 0, 0x41AC, 0, 0x7FC0, 0)
    del host.device.registers[1][4]
    lines = [(3, 0, "f32", None), (3, 2, "f32", "P-1"), (3, 4, "u16", "P-2"), (3, 5, "i16", "P-3", "ABCD", 0.5, 1.0)]
    pk = connect_modbus(records, "plc-1", host.port, lines, enabled=0)
    world = start()
    found = found_by(world, ask_trial(records, pk))
    assert [(line["raw"], line["value"], line["fault"]) for line in found["lines"]] == [
        ([0x41AC, 0], 21.5, ""),
        ([0x7FC0, 0], None, "no_number"),
        ([], None, "illegal_address"),
        ([0], 1.0, ""),
    ]
    assert (found["fault"], found["lines"][1]["point"]) == ("", "P-1")
    assert world.readings() == []
    eventually(lambda: not world.gateway.hosts, "the end of the connection")


def test_a_trial_of_a_silent_host_says_so_and_one_too_old_is_not_taken(start, records: Path, host: Running):
    host.stop()
    pk = connect_modbus(records, "plc-1", host.port, [(3, 0, "u16", "P-1")], enabled=0)
    old = ask_trial(records, pk)
    with sqlite3.connect(records) as database:
        database.execute("UPDATE sensing_modbustrial SET asked_at = '2026-01-01 00:00:00'")
    database.close()
    waiting = ask_trial(records, pk)
    world = start()
    assert found_by(world, waiting)["fault"] == "no_connection"
    found = found_by(world, ask_trial(records, pk))
    assert [line["fault"] for line in found["lines"]] == ["no_connection"]
    assert next(row for row in world.rows("sensing_modbustrial") if row["id"] == old)["state"] == "asked"
