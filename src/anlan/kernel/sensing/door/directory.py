"""Who may send, and which points are whose: read from the records every second, so that a revoked key ends at once."""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError, close_old_connections, connection
from django.db.models import Count, F, Max, Q, Sum

from anlan.kernel.sensing.door.bodies import Memo, Sender
from anlan.kernel.sensing.models import Device, Point

log = logging.getLogger("anlan.ingest")

#: A device that is not known is compared with this, so that its refusal takes the same time.
_NOBODY = hashlib.sha256(b"nobody").hexdigest()
#: Points change seldom and may be many: every second look compares quickly, and what that misses is seen after more.
_COMPARE_EVERY, _FULL_EVERY = 2, 300


@dataclass(frozen=True, slots=True)
class Known:
    """A device that may send: SHA-256 of its key in hex, and what it is at the door."""

    key_hash: str
    sender: Sender


@dataclass(slots=True)
class Directory:
    """Devices by code. `refresh` reads the records, `sender` answers from memory."""

    every_s: float = 1.0
    known: dict[str, Known] = field(default_factory=dict)
    _points: dict[int, dict[str | int, int]] = field(default_factory=dict)
    _memos: dict[int, Memo] = field(default_factory=dict)
    _devices: set[int] = field(default_factory=set)
    _stamp: Any = None
    _looks: int = 0
    _seen: set[str] = field(default_factory=set)
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

    def refresh(self) -> None:
        """Read devices, and points when they or the devices changed."""
        devices = list(Device.records.filter(enabled=True))
        changed = {device.pk for device in devices} != self._devices
        if changed or self._looks % _COMPARE_EVERY == 0:
            stamp = Point.records.aggregate(
                n=Count("id"),
                last=Max("id"),
                owners=Sum(F("device_id") * F("id")),
                on=Sum(F("id"), filter=Q(enabled=True)),
            )
            if changed or stamp != self._stamp or self._looks % _FULL_EVERY == 0:
                self._read_points()
                self._stamp = stamp
        self._looks += 1
        self._devices = {device.pk for device in devices}
        self.known = {
            device.code: Known(
                device.key_hash,
                Sender(device.code, device.lane, self._points.get(device.pk, {}), self._memos.get(device.pk) or Memo()),
            )
            for device in devices
        }

    def _read_points(self) -> None:
        points: dict[int, dict[str | int, int]] = {}
        rows = Point.records.filter(enabled=True).values_list("id", "code", "device_id")
        for number, code, device_id in rows.iterator(chunk_size=2_000):
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
        """Store when the devices that sent since the last call were last heard."""
        seen, self._seen = self._seen, set()
        if seen:
            Device.records.filter(code__in=seen).update(last_seen=now)

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
                close_old_connections()
                self.refresh()
                if looks % 30 == 0:
                    self.note_seen(datetime.now(UTC))
            except DatabaseError as error:
                log.warning("devices cannot be read, going on with those known: %s", error)
        connection.close()
