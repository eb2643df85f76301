"""Mappings, their devices and their counters in the records, without Django.

Names of tables and columns are those of `apps.mappings.models`; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from anlan.gateways.records import PlainRecords

MAPPINGS = "SELECT code, version, state, listening, topic, body FROM mappings_mapping ORDER BY code, version"
LINKS = """
SELECT l.id, l.code, l.number, l.sensors, d.code
FROM mappings_link l JOIN sensing_device d ON d.id = l.device_id WHERE d.enabled
"""
HEARD = "UPDATE mappings_link SET heard_at = ?, messages = messages + ? WHERE id = ?"
CALLED = """
INSERT INTO mappings_caller (code, number, topic, messages, raw, first_at, last_at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (code, number) DO UPDATE SET topic = excluded.topic, raw = excluded.raw,
messages = mappings_caller.messages + excluded.messages, last_at = excluded.last_at
"""
#: Callers that are kept; those not heard for longest give way.
MOST_CALLERS = 500
FORGET = """
DELETE FROM mappings_caller WHERE id NOT IN (SELECT id FROM mappings_caller ORDER BY last_at DESC LIMIT ?)
"""
COUNTED = """
INSERT INTO mappings_fault (day, code, number, fault, count, path, raw, last_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (day, code, number, fault) DO UPDATE SET count = mappings_fault.count + excluded.count,
path = excluded.path, raw = excluded.raw, last_at = excluded.last_at
"""
#: Days for which counters are kept.
DAYS = 90
OLD = "DELETE FROM mappings_fault WHERE day < ?"
#: States of a mapping, as the models have them.
IN_FORCE, DRAFT = "in_force", "draft"


@dataclass(frozen=True, slots=True)
class Row:
    """A version of a mapping. `body` as text, so that two can be compared."""

    code: str
    version: int
    state: str
    listening: bool
    topic: str
    body: bytes


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A device behind a mapping; `number` is the vendor's, `device` our code."""

    pk: int
    code: str
    number: str
    sensors: dict[str, str]
    device: str


@dataclass(slots=True)
class Called:
    """A number that nobody has registered, and what came of it last."""

    topic: str
    messages: int
    raw: str
    first_ms: int
    last_ms: int


@dataclass(slots=True)
class Counted:
    """How often a fault was met, and where it last was."""

    count: int
    path: str
    raw: str
    last_ms: int


class VendorRecords(PlainRecords):
    """What the gateway asks and notes; raises Away when the database cannot be reached."""

    def mappings(self) -> list[Row]:
        return [
            Row(code, version, state, bool(listening), topic, _text(body))
            for code, version, state, listening, topic, body in self._rows(MAPPINGS)
        ]

    def links(self) -> list[LinkRow]:
        return [
            LinkRow(pk, code, number, msgspec.json.decode(_text(sensors)), device)
            for pk, code, number, sensors, device in self._rows(LINKS)
        ]

    def heard(self, link: int, messages: int, at_ms: int) -> None:
        """Add messages of a device, and when the last one came."""
        self._write(HEARD, (self._at(_moment(at_ms)), messages, link))

    def called(self, rows: Iterable[tuple[str, str, Called]]) -> None:
        """Keep numbers that are not registered: mapping, number, what came."""
        for code, number, one in rows:
            first, last = self._at(_moment(one.first_ms)), self._at(_moment(one.last_ms))
            self._write(CALLED, (code, number[:60], one.topic[:200], one.messages, one.raw, first, last))
        self._write(FORGET, (MOST_CALLERS,))

    def counted(self, rows: Iterable[tuple[str, str, str, str, Counted]]) -> None:
        """Add to the counters of faults: day, mapping, number, fault."""
        for day, code, number, fault, one in rows:
            at = self._at(_moment(one.last_ms))
            self._write(COUNTED, (day, code, number[:60], fault, one.count, one.path[:240], one.raw, at))
            self._write(OLD, ((date.fromisoformat(day) - timedelta(days=DAYS)).isoformat(),))


def _text(kept: Any) -> bytes:
    """SQLite keeps JSON as text; PostgreSQL's driver has read it already."""
    return kept.encode() if isinstance(kept, str) else msgspec.json.encode(kept)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
