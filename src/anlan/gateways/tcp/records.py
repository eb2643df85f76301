"""The records as the gateway for TCP sees them: links, callers and counters, without Django.

Names of tables and columns are those of `kernel.sensing.models`; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from anlan.gateways.faults import Counted, FaultRecords, moment

LINKS = """
SELECT l.id, l.protocol, l.number, l.secret_hash, l.sensors, d.code
FROM sensing_devicelink l JOIN sensing_device d ON d.id = l.device_id WHERE d.enabled
"""
ENROL = "UPDATE sensing_devicelink SET secret_hash = ? WHERE id = ? AND secret_hash = ''"
CONNECTED = "UPDATE sensing_devicelink SET address = ?, heard_at = ?, frames = frames + ? WHERE id = ?"
CALLED = """
INSERT INTO sensing_caller (protocol, number, secret_hash, address, frames, raw, first_at, last_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (protocol, number) DO UPDATE SET secret_hash = excluded.secret_hash, address = excluded.address,
frames = sensing_caller.frames + excluded.frames, raw = excluded.raw, last_at = excluded.last_at
"""
#: Callers that are kept; those not heard for longest give way.
MOST_CALLERS = 500
FORGET = """
DELETE FROM sensing_caller WHERE id NOT IN (SELECT id FROM sensing_caller ORDER BY last_at DESC LIMIT ?)
"""


@dataclass(frozen=True, slots=True)
class Link:
    """A device behind a protocol: its code, the digest of its credential ("" none yet), sensor → code of a point."""

    pk: int
    protocol: str
    number: str
    secret_hash: str
    sensors: Mapping[str, str]
    device: str


@dataclass(slots=True)
class Called:
    """A number that no person has registered, and what it sent last."""

    secret_hash: str
    address: str
    frames: int
    raw: str
    first_ms: int
    last_ms: int


class LinkRecords(FaultRecords):
    """What the gateway asks and notes; raises Away when the database cannot be reached."""

    def links(self) -> list[Link]:
        return [
            Link(pk, protocol, number, digest, _sensors(sensors), device)
            for pk, protocol, number, digest, sensors, device in self._rows(LINKS)
        ]

    def enrol(self, link: int, digest: str) -> bool:
        """Keep the digest of a credential that is given out now; False when there is one, which stays."""
        return self._write(ENROL, (digest, link)) > 0

    def noted(
        self,
        faults: Mapping[tuple[str, str, str, str], Counted],
        called: Mapping[tuple[str, str], Called],
        heard: Mapping[int, tuple[str, int, int]],
    ) -> None:
        """Add what was noted since the last writing, all of it in one transaction.

        faults  by day, protocol, sender and fault;  called  numbers that are not registered, by protocol and number
        heard   by link: address, frames more, when the last one came
        """
        if not (faults or called or heard):
            return
        with self._together():
            self._count(faults)
            for (protocol, number), caller in called.items():
                seen = (self._at(moment(caller.first_ms)), self._at(moment(caller.last_ms)))
                said = (caller.secret_hash, caller.address[:60], caller.frames, caller.raw)
                self._write(CALLED, (protocol, number[:40], *said, *seen))
            if called:
                self._write(FORGET, (MOST_CALLERS,))
            for link, (address, frames, at_ms) in heard.items():
                self._write(CONNECTED, (address[:60], self._at(moment(at_ms)), frames, link))


def _sensors(kept: Any) -> dict[str, str]:
    """SQLite keeps JSON as text; PostgreSQL's driver has read it already."""
    found = msgspec.json.decode(kept) if isinstance(kept, (str, bytes)) else kept
    return {str(sensor): str(point) for sensor, point in found.items()}
