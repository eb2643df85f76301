"""What is counted of messages that give no readings, and how many of them are kept: bounded for every sender."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

from anlan.gateways.vendors.records import Called, Counted, VendorRecords
from anlan.kernel.sensing.door.directory import Away

log = logging.getLogger("anlan.mqtt")

#: Rows of one number and fault that are set aside in an hour, and of one mapping; the rest is only counted. The second
#: bounds what somebody can fill the disk with who invents numbers.
KEPT_AN_HOUR, KEPT_OF_A_MAPPING = 20, 500
HOUR_MS = 3_600_000
#: Numbers and faults that are remembered between two writings; what comes beyond is counted together.
MOST = 2_000
_OTHERS = "*"
#: Beijing, whose day a counter belongs to.
_BEIJING = timedelta(hours=8)


class Notes:
    """Counters between two writings to the records. Filled by the thread that commits, read by the one that writes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[tuple[str, str, str, str], Counted] = {}
        self._called: dict[tuple[str, str], Called] = {}
        self._heard: dict[int, tuple[int, int]] = {}
        self._kept: dict[tuple[str, ...], tuple[int, int]] = {}
        self._of_mapping: dict[str, tuple[int, int]] = {}

    def may_keep(self, now_ms: int, code: str, *what: str, most: int = KEPT_AN_HOUR) -> bool:
        """Whether another row of this kind and this mapping is set aside this hour."""
        hour = now_ms // HOUR_MS
        key = (code, *what)
        since, count = self._kept.get(key, (hour, 0))
        if since != hour:
            count = 0
        elif key not in self._kept and len(self._kept) >= MOST * 5:
            self._kept = {one: told for one, told in self._kept.items() if told[0] == hour}
            if len(self._kept) >= MOST * 5:
                return False
        self._kept[key] = (hour, count + 1)
        if count >= most:
            return False
        of_hour, rows = self._of_mapping.get(code, (hour, 0))
        rows = rows if of_hour == hour else 0
        self._of_mapping[code] = (hour, rows + 1)
        return rows < KEPT_OF_A_MAPPING

    def fault(self, code: str, number: str, fault: str, path: str, raw: str, now_ms: int, times: int = 1) -> None:
        """Count a fault; where it lay last, and in which message, is kept."""
        day = (datetime.fromtimestamp(now_ms / 1000, UTC) + _BEIJING).date().isoformat()
        with self._lock:
            key = (day, code, number, fault)
            if key not in self._faults and len(self._faults) >= MOST:
                key = (day, code, _OTHERS, fault)
            found = self._faults.setdefault(key, Counted(0, "", "", now_ms))
            found.count += times
            found.path, found.raw, found.last_ms = path, raw, now_ms

    def call(self, code: str, number: str, topic: str, raw: str, now_ms: int) -> None:
        """Remember a number that is not registered."""
        with self._lock:
            found = self._called.get((code, number))
            if found is None:
                if len(self._called) >= MOST:
                    return
                found = self._called[code, number] = Called(topic, 0, "", now_ms, now_ms)
            found.messages += 1
            found.topic, found.raw, found.last_ms = topic, raw, now_ms

    def hear(self, link: int, now_ms: int) -> None:
        """Count a message of a device."""
        with self._lock:
            self._heard[link] = (self._heard.get(link, (0, 0))[0] + 1, now_ms)

    def write(self, records: VendorRecords) -> None:
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
            for link, (messages, at_ms) in heard.items():
                records.heard(link, messages, at_ms)
        except Away as error:
            log.warning("counters of %d faults are lost, the records cannot be written: %s", len(faults), error)
