"""Who may send, and which points are whose: read from the records every second, so that a revoked key ends at once.

Where the records are read from is given (`Records`), so that a door needs no more of the product than it uses.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from anlan.kernel.sensing.door.bodies import Memo, Sender

log = logging.getLogger("anlan.ingest")

#: A device that is not known is compared with this, so that its refusal takes the same time.
_NOBODY = hashlib.sha256(b"nobody").hexdigest()
#: Points change seldom and may be many: every second look compares quickly, and what that misses is seen after more.
_COMPARE_EVERY, _FULL_EVERY = 2, 300


class Away(Exception):
    """The records cannot be read or written at this moment."""


class Records(Protocol):
    """What a door asks of the records. Every method raises Away when they cannot be reached."""

    def devices(self) -> Iterable[tuple[int, str, str, str]]:
        """Devices that may send: id, code, SHA-256 of the key in hex, lane."""

    def stamp(self) -> Any:
        """Something that differs once points or their owners changed; quickly read."""

    def points(self) -> Iterable[tuple[int, str, int]]:
        """Points that are switched on: number, code, device id."""

    def note_seen(self, codes: Collection[str], now: datetime) -> None:
        """Store that these devices were heard at `now`."""

    def note_battery(self, charge: Mapping[str, float], now: datetime) -> None:
        """Store the charge that devices told of their batteries, percent, by code."""

    def close(self) -> None:
        """Close the connection of this thread; the next question opens one."""


@dataclass(frozen=True, slots=True)
class Known:
    """A device that may send: SHA-256 of its key in hex, and what it is at the door."""

    key_hash: str
    sender: Sender


@dataclass(slots=True)
class Directory:
    """Devices by code. `refresh` reads the records, `sender` answers from memory."""

    records: Records
    every_s: float = 1.0
    known: dict[str, Known] = field(default_factory=dict)
    _points: dict[int, dict[str | int, int]] = field(default_factory=dict)
    _memos: dict[int, Memo] = field(default_factory=dict)
    _devices: set[int] = field(default_factory=set)
    _stamp: Any = None
    _looks: int = 0
    _seen: set[str] = field(default_factory=set)
    _charge: dict[str, float] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def sender(self, authorization: str) -> Sender | None:
        """The device that an Authorization header proves, else None: `Bearer <device code>:<key>`."""
        scheme, _blank, credential = authorization.partition(" ")
        code, _colon, key = credential.strip().partition(":")
        known = self.known.get(code)
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        fits = hmac.compare_digest(digest, known.key_hash if known else _NOBODY)
        if scheme.lower() != "bearer" or known is None or not fits:
            return None
        self._seen.add(code)
        return known.sender

    def named(self, code: str) -> Sender | None:
        """The device of this code, which proved its name elsewhere (to a broker); None when it may not send."""
        known = self.known.get(code)
        if known is None:
            return None
        self._seen.add(code)
        return known.sender

    def note_battery(self, code: str, charge: float) -> None:
        """Remember the charge that a device told of its battery, percent, until it is stored."""
        self._charge[code] = charge

    def refresh(self) -> None:
        """Read devices, and points when they or the devices changed. Raises Away."""
        devices = list(self.records.devices())
        changed = {number for number, *_rest in devices} != self._devices
        if changed or self._looks % _COMPARE_EVERY == 0:
            stamp = self.records.stamp()
            if changed or stamp != self._stamp or self._looks % _FULL_EVERY == 0:
                self._read_points()
                self._stamp = stamp
        self._looks += 1
        self._devices = {number for number, *_rest in devices}
        self.known = {
            code: Known(key_hash, Sender(code, lane, self._points.get(number, {}), self._memos.get(number) or Memo()))
            for number, code, key_hash, lane in devices
        }

    def _read_points(self) -> None:
        points: dict[int, dict[str | int, int]] = {}
        for number, code, device_id in self.records.points():
            mine = points.setdefault(device_id, {})
            mine[code] = mine[number] = number
        # Equal points keep their mapping, and with it what the door remembers of the device's columns.
        for device_id, mine in points.items():
            if self._points.get(device_id) == mine:
                points[device_id] = self._points[device_id]
            else:
                self._memos[device_id] = Memo()
        self._points = points

    def note_seen(self, now: datetime) -> None:
        """Store when the devices that sent since the last call were last heard, and what they told of batteries."""
        seen, self._seen = self._seen, set()
        charge, self._charge = self._charge, {}
        if seen:
            self.records.note_seen(seen, now)
        if charge:
            self.records.note_battery(charge, now)

    def keep_fresh(self) -> Callable[[], None]:
        """Refresh in a thread of its own until the returned function is called; an unreachable database is borne."""
        thread = threading.Thread(target=self._run, name="directory", daemon=True)
        thread.start()

        def stop() -> None:
            self._stop.set()
            thread.join(timeout=5)

        return stop

    def _run(self) -> None:
        looks = 0
        while not self._stop.wait(self.every_s):
            looks += 1
            try:
                self.refresh()
                if looks % 30 == 0:
                    self.note_seen(datetime.now(UTC))
            except Away as error:
                log.warning("devices cannot be read, going on with those known: %s", error)
        self.records.close()
