"""What the gateway for TCP notes between two writings: faults as every gateway does, and who called."""

from __future__ import annotations

import logging

from anlan.gateways.faults import MOST, RAW, Faults
from anlan.gateways.masking import masked
from anlan.gateways.tcp.records import Called, LinkRecords
from anlan.kernel.sensing.door.directory import Away

log = logging.getLogger("anlan.tcp")


class Notes(Faults):
    """Counters between two writings to the records. Written from the loop, read by the thread that keeps them."""

    def __init__(self) -> None:
        super().__init__()
        self._called: dict[tuple[str, str], Called] = {}
        self._heard: dict[int, tuple[str, int, int]] = {}

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
        faults = self._taken()
        with self._lock:
            called, self._called = self._called, {}
            heard, self._heard = self._heard, {}
        try:
            records.noted(faults, called, heard)
        except Away as error:
            log.warning(
                "counters of %d faults and %d devices are lost, the records cannot be written: %s",
                len(faults), len(heard), error,
            )  # fmt: skip
