"""The records as the gateway for Modbus sees them: who is asked for what, and what came of it, without Django.

Names of tables and columns are those of `kernel.sensing.modbus.models`; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from anlan.formats.modbus import Order, Type
from anlan.gateways.faults import FaultRecords, moment

CONNECTIONS = """
SELECT c.id, d.code, c.host, c.port, c.unit, c.period_s, c.timeout_ms, c.gap, c.enabled, c.version
FROM sensing_modbusconnection c JOIN sensing_device d ON d.id = c.device_id WHERE d.enabled
"""
LINES = """
SELECT l.function, l.address, l.type, l."order", l.scale, l."offset", l.unit, l.name, l.point_id, COALESCE(p.code, '')
FROM sensing_modbusline l LEFT JOIN sensing_point p ON p.id = l.point_id
WHERE l.connection_id = ? ORDER BY l.function, l.address, l.id
"""
#: A trial that waited longer was asked for while no gateway ran; nobody looks at it any more.
TRIALS = "SELECT id, connection_id FROM sensing_modbustrial WHERE state = 'asked' AND asked_at > ? ORDER BY id"
TAKE = "UPDATE sensing_modbustrial SET state = 'taken' WHERE id = ? AND state = 'asked'"
DONE = "UPDATE sensing_modbustrial SET state = 'done', done_at = ?, result = ? WHERE id = ?"
STATE = """
UPDATE sensing_modbusstate SET answered_at = COALESCE(?, answered_at), round_trip_ms = COALESCE(?, round_trip_ms),
polls = polls + ?, readings = readings + ?, missed = missed + ?, fault = ?, failing_since = ?, next_at = ?, at = ?
WHERE connection_id = ?
"""


@dataclass(frozen=True, slots=True)
class Connection:
    """One unit of a host, and how it is asked: every `period_s`, waiting `timeout_ms` for each answer."""

    pk: int
    device: str
    host: str
    port: int
    unit: int
    period_s: int
    timeout_ms: int
    gap: int
    enabled: bool
    version: int


@dataclass(frozen=True, slots=True)
class Line:
    """One value of a map; `point` is its number in the log, None for one that is only read when somebody tries it."""

    function: int
    address: int
    type: Type
    order: Order
    scale: float
    offset: float
    unit: str
    name: str
    point: int | None
    code: str


@dataclass(slots=True)
class State:
    """What came of asking since it was last written; times in epoch ms.

    fault  of the last poll, "" when all was well
    """

    answered_ms: int | None = None
    round_trip_ms: float | None = None
    polls: int = 0
    readings: int = 0
    missed: int = 0
    fault: str = ""
    failing_since_ms: int | None = None
    next_ms: int | None = None


class ModbusRecords(FaultRecords):
    """What the gateway asks and notes; raises Away when the database cannot be reached."""

    def connections(self) -> list[Connection]:
        """Those of devices that may send, whether they are asked or not."""
        return [Connection(*row) for row in self._rows(CONNECTIONS)]

    def lines(self, connection: int) -> tuple[Line, ...]:
        """The map of a connection."""
        return tuple(Line(*row) for row in self._rows(LINES, (connection,)))

    def take_trials(self, since: datetime) -> list[tuple[int, int]]:
        """Trials that wait, as (trial, connection); each is given out once."""
        waiting = self._rows(TRIALS, (self._at(since),))
        return [(trial, connection) for trial, connection in waiting if self._write(TAKE, (trial,))]

    def trial_done(self, trial: int, result: Any, now: datetime) -> None:
        """Keep what a trial found."""
        self._write(DONE, (self._at(now), msgspec.json.encode(result).decode(), trial))

    def states(self, rows: Sequence[tuple[int, State]], now: datetime) -> None:
        """Add to the states what came of asking since the last call."""
        self._write_all(
            STATE,
            [
                (
                    self._when(one.answered_ms),
                    one.round_trip_ms,
                    one.polls,
                    one.readings,
                    one.missed,
                    one.fault,
                    self._when(one.failing_since_ms),
                    self._when(one.next_ms),
                    self._at(now.astimezone(UTC)),
                    connection,
                )
                for connection, one in rows
            ],
        )

    def _when(self, ms: int | None) -> Any:
        return None if ms is None else self._at(moment(ms))
