"""What every gateway counts and keeps of frames that give no readings: bounded, so that no sender fills the disk.

Names of tables and columns are those of `kernel.sensing.models`; a test holds the two together.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from anlan.gateways.masking import masked
from anlan.gateways.records import PlainRecords
from anlan.kernel.sensing.door.directory import Away
from anlan.kernel.sensing.door.taking import digest_of
from anlan.kernel.sensing.store import LIVE, NewBatch, Refused

log = logging.getLogger("anlan.gateways")

#: Frames of one sender and fault that are set aside in an hour; the rest is only counted.
KEPT_AN_HOUR = 20
HOUR_MS = 3_600_000
#: Bytes of a frame that are kept with its counter, and with what is set aside.
RAW, RAW_ASIDE = 2_000, 1_000
#: Senders and faults that are remembered between two writings; more are counted together.
MOST = 2_000
_OTHERS = "*"
#: Beijing, whose day a counter belongs to.
_BEIJING = timedelta(hours=8)

COUNTED = """
INSERT INTO sensing_framefault (day, protocol, sender, fault, count, raw, last_at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (day, protocol, sender, fault) DO UPDATE SET count = sensing_framefault.count + excluded.count,
raw = excluded.raw, last_at = excluded.last_at
"""
#: Days for which counters are kept.
DAYS = 90
OLD = "DELETE FROM sensing_framefault WHERE day < ?"


@dataclass(slots=True)
class Counted:
    """How often a fault was met, and the bytes that last showed it."""

    count: int
    raw: str
    last_ms: int


class FaultRecords(PlainRecords):
    """The counters in the records; raises Away when the database cannot be reached."""

    def counted(self, faults: Mapping[tuple[str, str, str, str], Counted]) -> None:
        """Add to the counters of faults, by day, protocol, sender and fault, in one transaction."""
        if faults:
            with self._together():
                self._count(faults)

    def _count(self, faults: Mapping[tuple[str, str, str, str], Counted]) -> None:
        for (day, protocol, sender, fault), one in faults.items():
            at = self._at(moment(one.last_ms))
            self._write(COUNTED, (day, protocol, sender[:60], fault, one.count, one.raw, at))
        for day in {day for day, *_rest in faults}:
            self._write(OLD, ((date.fromisoformat(day) - timedelta(days=DAYS)).isoformat(),))


class Faults:
    """Counters between two writings to the records. Counted in the loop, written by a thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[tuple[str, str, str, str], Counted] = {}
        self._kept: dict[tuple[str, str], tuple[int, int]] = {}

    def may_keep(self, sender: str, fault: str, now_ms: int, most: int = KEPT_AN_HOUR) -> bool:
        """Whether another frame of this sender and fault is set aside this hour."""
        hour = now_ms // HOUR_MS
        key = (sender, fault)
        since, count = self._kept.get(key, (hour, 0))
        if since != hour:
            count = 0
        elif key not in self._kept and len(self._kept) >= MOST * 5:
            self._kept = {one: told for one, told in self._kept.items() if told[0] == hour}
            if len(self._kept) >= MOST * 5:
                return False
        self._kept[key] = (hour, count + 1)
        return count < most

    def kept(self, sender: str, fault: str, now_ms: int) -> int:
        """How many of this sender and fault came this hour, as `may_keep` counted them."""
        hour, count = self._kept.get((sender, fault), (0, 0))
        return count if hour == now_ms // HOUR_MS else 0

    def fault(self, protocol: str, sender: str, fault: str, raw: bytes, now_ms: int) -> None:
        """Count a fault; the bytes that last showed it are kept."""
        day = (datetime.fromtimestamp(now_ms / 1000, UTC) + _BEIJING).date().isoformat()
        with self._lock:
            key = (day, protocol, sender, fault)
            if key not in self._faults and len(self._faults) >= MOST:
                key = (day, protocol, _OTHERS, fault)
            found = self._faults.setdefault(key, Counted(0, "", now_ms))
            found.count += 1
            found.raw, found.last_ms = masked(protocol, raw[:RAW]).hex(), now_ms

    def write_counts(self, records: FaultRecords) -> None:
        """Add to the records what was counted; what cannot be written is said to be lost."""
        faults = self._taken()
        try:
            records.counted(faults)
        except Away as error:
            log.warning("counters of %d faults are lost, the records cannot be written: %s", len(faults), error)

    def _taken(self) -> dict[tuple[str, str, str, str], Counted]:
        """What was counted since the last call."""
        with self._lock:
            faults, self._faults = self._faults, {}
        return faults


def set_aside_frame(sender: str, protocol: str, fault: str, why: str, raw: bytes, note: str = "") -> NewBatch:
    """A frame that cannot be taken, for a person to look at; the same frame again is kept once.

    note  where it came from, when `sender` does not say so
    """
    digest = digest_of(raw)
    row = Refused(-1, "frame", fault, why, note[:120], raw=masked(protocol, raw[:RAW_ASIDE]).hex())
    return NewBatch(sender, f"frame:{protocol}:{digest.hex()}", LIVE, 0, b"", digest, refused=(row,))


def moment(ms: int) -> datetime:
    """Epoch milliseconds as an aware UTC time."""
    return datetime.fromtimestamp(ms / 1000, UTC)
