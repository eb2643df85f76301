"""The exchange's records as the gateway to NATS sees them, on SQLite or PostgreSQL, without Django.

Names of tables and columns are those of `apps.exchange.models`; a test holds the two together.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from anlan.formats import jws
from anlan.gateways.records import PlainRecords

#: What may leave: of subscriptions in force to listed subjects, and only what is written down as leaving.
READY = """
SELECT s.id, s.code, a.place, m.seq, m.header, m.payload, m.signature
FROM exchange_message m
JOIN exchange_subscription s ON s.id = m.subscription_id
JOIN exchange_address a ON a.id = s.address_id
WHERE s.mode = 'nats' AND s.state = 'active' AND s.valid_until >= ? AND a.kind = 'nats' AND a.ended_at IS NULL
  AND NOT m.personal AND m.seq > s.acked_seq AND m.seq >= s.first_seq
  AND m.seq <= (SELECT max(t.seq_to) FROM exchange_taken t WHERE t.subscription_id = s.id)
ORDER BY s.id, m.seq LIMIT ?
"""
ARRIVED = """
UPDATE exchange_subscription SET acked_seq = ?, acked_at = ?, failures = 0, last_error = ''
WHERE id = ? AND acked_seq < ? AND first_seq <= ?
"""
TAKEN = """
UPDATE exchange_taken SET outcome = 'arrived' WHERE subscription_id = ? AND seq_to <= ? AND outcome = 'sending'
"""
FAILED = "UPDATE exchange_subscription SET failures = failures + 1, last_error = ? WHERE id = ?"
AGAIN = """
UPDATE exchange_subscription SET acked_seq = CASE WHEN first_seq - 1 > ? THEN first_seq - 1 ELSE ? END
WHERE code = ? AND mode = 'nats' AND acked_seq > ?
"""
SOURCES = "SELECT id, sub, subject FROM exchange_source WHERE door = 'nats' AND enabled ORDER BY id"
WANTED = """
SELECT t.id, s.sub, s.last_seq, t.asked_at FROM exchange_trouble t JOIN exchange_source s ON s.id = t.source_id
WHERE t.closed_at IS NULL AND t.kind = 'missing' AND s.door = 'nats' AND s.enabled
"""
LAY_DOWN = """
INSERT INTO exchange_arrival (source_id, line, digest, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Ready:
    """One message that waits to be published."""

    subscription: int
    code: str
    subject: str
    seq: int
    line: str


@dataclass(frozen=True, slots=True)
class Listened:
    """A source that we read from a subject."""

    pk: int
    sub: str
    subject: str


class ExchangeRecords(PlainRecords):
    """What the gateway asks and notes; raises Away when the database cannot be reached."""

    def ready(self, today: date, most: int) -> list[Ready]:
        """Messages to be published, by subscription in their order."""
        rows = self._rows(READY, (today.isoformat() if self._path else today, most))
        return [
            Ready(pk, code, place, seq, jws.joined(header, zlib.decompress(bytes(payload)), signature))
            for pk, code, place, seq, header, payload, signature in rows
        ]

    def arrived(self, subscription: int, seq: int, now: datetime) -> None:
        """The broker has stored everything up to `seq`."""
        self._write(ARRIVED, (seq, self._at(now), subscription, seq, seq))
        self._write(TAKEN, (subscription, seq))

    def failed(self, subscription: int, why: str) -> None:
        """Something could not be published."""
        self._write(FAILED, (why[:300], subscription))

    def again(self, code: str, after: int) -> None:
        """A subscriber misses what came after a number; only what is kept can be had."""
        self._write(AGAIN, (after, after, code, after))

    def sources(self) -> list[Listened]:
        return [Listened(*row) for row in self._rows(SOURCES)]

    def wanted(self) -> list[tuple[int, str, int, object]]:
        """Gaps of our sources: number of the gap, our code there, last number that we have, when it was asked for."""
        return [tuple(row) for row in self._rows(WANTED)]

    def lay_down(self, source: int, lines: Sequence[str], now: datetime) -> None:
        """Keep lines until they are verified; the same line again is not kept twice."""
        for line in lines:
            self._write(LAY_DOWN, (source, line, jws.digest(line), self._at(now)))
