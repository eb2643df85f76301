"""What is counted and what is kept of frames that give no readings: bounded, so that no sender fills the disk."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

from anlan.gateways.tcp.masking import masked
from anlan.gateways.tcp.records import Called, Counted, LinkRecords
from anlan.kernel.sensing.door.directory import Away

log = logging.getLogger("anlan.tcp")

#: Frames of one sender and fault that are set aside in an hour; the rest is only counted.
KEPT_AN_HOUR = 20
#: A sensor without a point is set aside once in an hour for each device.
HOUR_MS = 3_600_000
#: Bytes of a frame that are kept.
RAW = 2_000
#: Senders, faults and callers that are remembered between two writings; more are counted together.
MOST = 2_000
_OTHERS = "*"
#: Beijing, whose day a counter belongs to.
_BEIJING = timedelta(hours=8)


class Notes:
    """Counters between two writings to the records. Written from the loop, read by the thread that keeps them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[tuple[str, str, str, str], Counted] = {}
        self._called: dict[tuple[str, str], Called] = {}
        self._heard: dict[int, tuple[str, int, int]] = {}
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

    def call(self, protocol: str, number: str, digest: str, address: str, raw: bytes, now_ms: int) -> None:
        """Remember a number that is not registered."""
        with self._lock:
            found = self._called.get((protocol, number))
            if found is None:
                if len(self._called) >= MOST:
                    return
                found = self._called[protocol, number] = Called(digest, address, 0, "", now_ms, now_ms)
            found.frames += 1
            found.secret_hash, found.address, found.raw, found.last_ms = (
                digest,
                address,
                masked(protocol, raw[:RAW]).hex(),
                now_ms,
            )

    def hear(self, link: int, address: str, now_ms: int) -> None:
        """Count a frame of a device."""
        with self._lock:
            frames = self._heard.get(link, ("", 0, 0))[1]
            self._heard[link] = (address, frames + 1, now_ms)

    def write(self, records: LinkRecords) -> None:
        """Add to the records what was counted; what cannot be written is said to be lost."""
        with self._lock:
            faults, self._faults = self._faults, {}
            called, self._called = self._called, {}
            heard, self._heard = self._heard, {}
        try:
            if faults:
                records.counted((*key, one) for key, one in faults.items())
            if called:
                records.called((*key, one) for key, one in called.items())
            for link, (address, frames, at_ms) in heard.items():
                records.heard(link, address, frames, at_ms)
        except Away as error:
            log.warning("counters of %d faults are lost, the records cannot be written: %s", len(faults), error)
