"""What tests of the gateways share: a directory's records that are never asked, messages, and waiting."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from anlan.kernel.sensing.door.links import secret_hash

T = 1_795_320_000_000


class Nowhere:
    """Records for a directory whose devices a test names by itself; remembers what was noted."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.charge: dict[str, float] = {}

    def devices(self) -> list[tuple[int, str, str, str]]:
        raise AssertionError("nobody looks here")

    def stamp(self) -> Any:
        raise AssertionError("nobody looks here")

    def points(self) -> list[tuple[int, str, int]]:
        raise AssertionError("nobody looks here")

    def note_seen(self, codes: Collection[str], now: datetime) -> None:
        self.seen |= set(codes)

    def note_battery(self, charge: Mapping[str, float], now: datetime) -> None:
        self.charge |= charge

    def close(self) -> None:
        """Nothing is open."""


def rows(batch_id: str, point: str = "P-0", t: int = T, value: float = 1.5, **more: Any) -> bytes:
    """A post of one reading."""
    return json.dumps({"batch_id": batch_id, "readings": [{"point": point, "t": t, "value": value}], **more}).encode()


def eventually(done: Callable[[], Any], what: str, limit_s: float = 30.0) -> None:
    """Wait for another process or thread; fails with `what` when it does not come."""
    until = time.monotonic() + limit_s
    while not done():
        assert time.monotonic() < until, f"{what} did not happen in {limit_s:.0f} s"
        time.sleep(0.01)


def plant_records(path: Path, points: Mapping[str, list[str]], key: str = "secret") -> None:
    """A records database with as much of it as a gateway reads: device → codes of its points, numbered from 1."""
    with sqlite3.connect(path) as records:
        records.execute(
            "CREATE TABLE sensing_device (id INTEGER PRIMARY KEY, code TEXT, key_hash TEXT, lane TEXT, "
            "enabled INTEGER, last_seen TEXT, battery REAL, battery_at TEXT, region_id INTEGER DEFAULT 1)"
        )
        records.execute(
            "CREATE TABLE sensing_point (id INTEGER PRIMARY KEY, code TEXT, device_id INTEGER, enabled INTEGER)"
        )
        for number, (device, codes) in enumerate(points.items(), start=1):
            digest = sha256(key.encode()).hexdigest()
            records.execute(
                "INSERT INTO sensing_device (id, code, key_hash, lane, enabled) VALUES (?, ?, ?, 'live', 1)",
                (number, device, digest),
            )
            records.executemany(
                "INSERT INTO sensing_point (code, device_id, enabled) VALUES (?, ?, 1)", [(c, number) for c in codes]
            )
    records.close()


LINK_TABLES = (
    "CREATE TABLE sensing_devicelink (id INTEGER PRIMARY KEY, device_id INTEGER, protocol TEXT, number TEXT, "
    "secret_hash TEXT, sensors TEXT, address TEXT DEFAULT '', heard_at TEXT, frames INTEGER DEFAULT 0)",
    "CREATE TABLE sensing_caller (id INTEGER PRIMARY KEY, protocol TEXT, number TEXT, secret_hash TEXT, address TEXT, "
    "frames INTEGER, raw TEXT, first_at TEXT, last_at TEXT, UNIQUE (protocol, number))",
    "CREATE TABLE sensing_framefault (id INTEGER PRIMARY KEY, day TEXT, protocol TEXT, sender TEXT, fault TEXT, "
    "count INTEGER, raw TEXT, last_at TEXT, UNIQUE (day, protocol, sender, fault))",
    "CREATE TABLE sensing_devicecommand (id INTEGER PRIMARY KEY, device_id INTEGER, protocol TEXT, number TEXT, "
    "kind TEXT, arguments TEXT, state TEXT DEFAULT 'waiting', expires_at TEXT, answer_s INTEGER, most_tries INTEGER, "
    "result_s INTEGER, mark TEXT DEFAULT '', tries INTEGER DEFAULT 0, sent_at TEXT, accepted_at TEXT, closed_at TEXT, "
    "answer TEXT DEFAULT '{}', readings INTEGER DEFAULT 0)",
    "CREATE TABLE regions_region (id INTEGER PRIMARY KEY, path TEXT)",
    "INSERT INTO regions_region (id, path) VALUES (1, '/99/')",
    "CREATE TABLE audit_entry (id INTEGER PRIMARY KEY, at TEXT, actor_id INTEGER, actor_name TEXT, verb TEXT, "
    "ref TEXT, region_path TEXT, before TEXT, after TEXT, note TEXT, source TEXT, outcome TEXT, nonce TEXT UNIQUE, "
    "hash TEXT)",
)


def plant_links(path: Path, links: Mapping[tuple[str, str], tuple[str, str, dict[str, str]]]) -> None:
    """Beside `plant_records`: (protocol, number) → (device, password or "" for none yet, sensor → point)."""
    with sqlite3.connect(path) as records:
        for table in LINK_TABLES:
            records.execute(table)
        for (protocol, number), (device, secret, sensors) in links.items():
            records.execute(
                "INSERT INTO sensing_devicelink (device_id, protocol, number, secret_hash, sensors) "
                "SELECT id, ?, ?, ?, ? FROM sensing_device WHERE code = ?",
                (
                    protocol,
                    number,
                    secret_hash(protocol, number, secret) if secret else "",
                    json.dumps(sensors),
                    device,
                ),
            )
    records.close()


def plant_command(path: Path, protocol: str, number: str, kind: str, **more: Any) -> int:
    """A command as a person leaves it, beside `plant_links`; `expires_at` far ahead unless given. Returns its id."""
    row = {"arguments": {}, "expires_at": "2100-01-01 00:00:00", "answer_s": 10, "most_tries": 3, "result_s": 600}
    row |= {"protocol": protocol, "number": number, "kind": kind} | more
    row["arguments"] = json.dumps(row["arguments"])
    names = ", ".join(row)
    with sqlite3.connect(path, timeout=10) as records:
        made = records.execute(
            f"INSERT INTO sensing_devicecommand (device_id, {names}) SELECT device_id, {', '.join('?' * len(row))} "
            "FROM sensing_devicelink WHERE protocol = ? AND number = ?",
            (*row.values(), protocol, number),
        )
    records.close()
    assert made.lastrowid is not None
    return made.lastrowid


def command_of(path: Path, pk: int) -> dict[str, Any]:
    """A command as its row stands, with the acts of its audit rows in their order."""
    with sqlite3.connect(path, timeout=10) as records:
        records.row_factory = sqlite3.Row
        row = dict(records.execute("SELECT * FROM sensing_devicecommand WHERE id = ?", (pk,)).fetchone())
        acts = records.execute("SELECT verb, note, after FROM audit_entry ORDER BY id").fetchall()
    records.close()
    row["answer"] = json.loads(row["answer"])
    of_it = [act for act in acts if json.loads(act["after"]).get("command") == pk]
    names = [act["verb"].removeprefix("device.command_") for act in of_it]
    return row | {"acts": names, "notes": [act["note"] for act in of_it]}


MODBUS_TABLES = (
    "CREATE TABLE sensing_modbusconnection (id INTEGER PRIMARY KEY, device_id INTEGER, host TEXT, port INTEGER, "
    "unit INTEGER, period_s INTEGER, timeout_ms INTEGER, gap INTEGER DEFAULT 0, enabled INTEGER DEFAULT 1, "
    "version INTEGER DEFAULT 1)",
    "CREATE TABLE sensing_modbusline (id INTEGER PRIMARY KEY, connection_id INTEGER, function INTEGER, "
    'address INTEGER, type TEXT, "order" TEXT, scale REAL, "offset" REAL, unit TEXT, name TEXT, point_id INTEGER)',
    "CREATE TABLE sensing_modbusstate (id INTEGER PRIMARY KEY, connection_id INTEGER UNIQUE, answered_at TEXT, "
    "round_trip_ms REAL, polls INTEGER DEFAULT 0, readings INTEGER DEFAULT 0, missed INTEGER DEFAULT 0, "
    "fault TEXT DEFAULT '', failing_since TEXT, next_at TEXT, at TEXT)",
    "CREATE TABLE sensing_modbustrial (id INTEGER PRIMARY KEY, connection_id INTEGER, state TEXT, asked_at TEXT, "
    "done_at TEXT, result TEXT)",
    LINK_TABLES[2],
)


def plant_modbus(path: Path) -> None:
    """Beside `plant_records`: the tables of who is asked by Modbus, empty."""
    with sqlite3.connect(path) as records:
        for table in MODBUS_TABLES:
            records.execute(table)
    records.close()


MAPPING_TABLES = (
    "CREATE TABLE mappings_mapping (id INTEGER PRIMARY KEY, code TEXT, version INTEGER, state TEXT, listening INTEGER, "
    "topic TEXT, body TEXT)",
    "CREATE TABLE mappings_link (id INTEGER PRIMARY KEY, code TEXT, number TEXT, device_id INTEGER, sensors TEXT, "
    "heard_at TEXT, messages INTEGER DEFAULT 0)",
    "CREATE TABLE mappings_caller (id INTEGER PRIMARY KEY, code TEXT, number TEXT, topic TEXT, messages INTEGER, "
    "raw TEXT, first_at TEXT, last_at TEXT, UNIQUE (code, number))",
    "CREATE TABLE mappings_fault (id INTEGER PRIMARY KEY, day TEXT, code TEXT, number TEXT, fault TEXT, count INTEGER, "
    "path TEXT, raw TEXT, last_at TEXT, UNIQUE (day, code, number, fault))",
)

#: A vendor whose devices publish `{"time": 1795320000, "level": 123}` under a topic of their own.
VENDOR = {
    "topic": "vendor/{device}/up",
    "device": {"from": "topic", "part": "device"},
    "time": {"form": "epoch_s", "path": "time"},
    "sensors": [{"name": "level", "sensor": "level", "unit": "m", "scale": 0.01}],
}


def plant_mappings(path: Path) -> None:
    """Beside `plant_records`: the tables of mappings, empty."""
    with sqlite3.connect(path) as records:
        for table in MAPPING_TABLES:
            records.execute(table)
    records.close()


def connect_modbus(
    path: Path, device: str, port: int, lines: list[tuple[Any, ...]], *, host: str = "127.0.0.1", **more: Any
) -> int:
    """A connection with its map; returns its key.

    lines  (function, address, type, code of a point or None), then order, scale and offset where they are not plain
    """
    given = {"unit": 1, "period_s": 1, "timeout_ms": 500, "gap": 0, "enabled": 1} | more
    with sqlite3.connect(path) as records:
        pk = records.execute(
            "INSERT INTO sensing_modbusconnection (device_id, host, port, unit, period_s, timeout_ms, gap, enabled) "
            "SELECT id, ?, ?, ?, ?, ?, ?, ? FROM sensing_device WHERE code = ?",
            (host, port, *given.values(), device),
        ).lastrowid
        assert pk is not None
        records.execute("INSERT INTO sensing_modbusstate (connection_id) VALUES (?)", (pk,))
    records.close()
    map_modbus(path, pk, lines)
    return pk


def map_modbus(path: Path, connection: int, lines: list[tuple[Any, ...]]) -> None:
    """Give a connection another map."""
    with sqlite3.connect(path) as records:
        records.execute("DELETE FROM sensing_modbusline WHERE connection_id = ?", (connection,))
        for function, address, kind, point, *rest in lines:
            order, scale, offset = (*rest, *("ABCD", 1.0, 0.0)[len(rest) :])
            records.execute(
                'INSERT INTO sensing_modbusline (connection_id, function, address, type, "order", scale, "offset", '
                "unit, name, point_id) VALUES (?, ?, ?, ?, ?, ?, ?, '', '', "
                "(SELECT id FROM sensing_point WHERE code = ?))",
                (connection, function, address, kind, order, scale, offset, point),
            )
        records.execute("UPDATE sensing_modbusconnection SET version = version + 1 WHERE id = ?", (connection,))
    records.close()


def plant_mapping(path: Path, body: Mapping[str, Any] = VENDOR, *, code: str = "v", state: str = "in_force") -> None:
    """A version of a mapping more; what was in force under its code has ended."""
    with sqlite3.connect(path) as records:
        records.execute("UPDATE mappings_mapping SET state = 'ended' WHERE code = ? AND state = 'in_force'", (code,))
        (version,) = records.execute("SELECT count(*) + 1 FROM mappings_mapping WHERE code = ?", (code,)).fetchone()
        records.execute(
            "INSERT INTO mappings_mapping (code, version, state, listening, topic, body) VALUES (?, ?, ?, 0, ?, ?)",
            (code, version, state, body["topic"], json.dumps(body)),
        )
    records.close()


def plant_mapped_device(
    path: Path, number: str, device: str, sensors: Mapping[str, str] | None = None, *, code: str = "v"
) -> None:
    """A device behind a mapping."""
    with sqlite3.connect(path) as records:
        records.execute(
            "INSERT INTO mappings_link (code, number, sensors, device_id) SELECT ?, ?, ?, id FROM sensing_device "
            "WHERE code = ?",
            (code, number, json.dumps(sensors or {}), device),
        )
    records.close()
