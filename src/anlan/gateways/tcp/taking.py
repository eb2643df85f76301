"""From a frame to what is committed for it: who sends, is it proved, which points take its values."""

from __future__ import annotations

import hmac
import logging
import math
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from anlan.formats.devices import FAULTS, BadFrame, Value
from anlan.gateways.faults import set_aside_frame
from anlan.gateways.masking import masked
from anlan.gateways.tcp.notes import Notes
from anlan.gateways.tcp.records import Link, LinkRecords
from anlan.gateways.tcp.speech import ENROL, Frame
from anlan.kernel.sensing.door.bodies import EARLIEST_MS, LATEST_MS, BadBody, Sender
from anlan.kernel.sensing.door.directory import Directory
from anlan.kernel.sensing.door.links import point_code, secret_hash
from anlan.kernel.sensing.door.taking import AHEAD_MS, batch_of_readings
from anlan.kernel.sensing.store import LIVE, Columns, NewBatch, Refused

log = logging.getLogger("anlan.tcp")

#: Sender of what cannot be laid at a device's door.
NOBODY = "tcp"
#: Wrong passwords of one device from one address in an hour; what comes after them is not even compared.
TRIES = 60
#: Words of the codecs for what an instrument says of its value. A value beyond the range of its instrument, or entered
#: by hand, is uncertain and still judged: to hide it would hide a danger. Every other word but "good" is bad.
QUALITIES: Mapping[str, int] = {"good": 0, "over_range": 1, "manual": 1}
BAD = 2
#: Fault of a time -> code and words of the row that is set aside.
UNTIMELY: Mapping[str, tuple[str, str]] = {
    "no_time": ("time", "The frame does not say when this was measured."),
    "future": ("future", "Old data measured ahead of our clock: the clock of the device is wrong."),
}


@dataclass(slots=True)
class Caller:
    """What a connection has proved: the link and the digest by which it did."""

    protocol: str
    address: str
    link: Link | None = None
    digest: str = ""

    @property
    def name(self) -> str:
        """Under whom its faults are counted."""
        return self.link.device if self.link else self.address


@dataclass(frozen=True, slots=True)
class Taken:
    """What is to be done with a frame: commit `batches`, then send `answer`; `enrol` keeps a credential before."""

    batches: tuple[NewBatch, ...] = ()
    answer: bytes = b""
    enrol: tuple[int, str] | None = None
    code: str = ""
    let_in: bool = False


@dataclass(slots=True)
class Taking:
    """Frames of every connection against links and devices of now."""

    directory: Directory
    notes: Notes
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    _renewing: threading.Lock = field(default_factory=threading.Lock)

    def refresh(self, records: LinkRecords) -> None:
        """Read the links. Raises Away."""
        with self._renewing:
            self.links = {(link.protocol, link.number): link for link in records.links()}

    def enrolled(self, pk: int, digest: str) -> None:
        """A credential was kept: it holds from now on and not from the next look at the records."""
        with self._renewing:
            for key, link in list(self.links.items()):
                if link.pk == pk:
                    self.links[key] = replace(link, secret_hash=digest)

    def bad(self, bad: BadFrame, caller: Caller, now_ms: int) -> Taken:
        """A frame that cannot be read: counted, and the first of an hour set aside with their bytes."""
        self.notes.fault(caller.protocol, caller.name, bad.kind, bad.raw, now_ms)
        return self._aside(caller, bad.kind, "; ".join(FAULTS[one] for one in bad.faults), bad.raw, now_ms)

    def frame(self, frame: Frame, caller: Caller, now_ms: int) -> Taken:
        """A frame that was read. A sender that is not let in gets the refusal of its protocol, or silence."""
        link = self.links.get((caller.protocol, frame.number))
        if link is None or link.device not in self.directory.known:
            return self._unknown(frame, caller, now_ms)
        if frame.kind == ENROL:
            return self._enrol(frame, link, now_ms)
        # Of this credential: once a person mended a wrong one, the device is heard again.
        tried = f"{link.device} {caller.address} {link.secret_hash[:8]}"
        if self.notes.kept(tried, "wrong_secret", now_ms) >= TRIES or not self._proves(frame, link, caller):
            if frame.secret is not None:
                self.notes.may_keep(tried, "wrong_secret", now_ms)
            self.notes.fault(caller.protocol, link.device, "wrong_secret", frame.raw, now_ms)
            return Taken(answer=frame.refusal)
        # Only now: a number that is merely claimed must not count as heard.
        sender = self.directory.named(link.device)
        if sender is None:
            return self._unknown(frame, caller, now_ms)
        caller.link, caller.digest = link, link.secret_hash
        self.notes.hear(link.pk, caller.address, now_ms)
        if not frame.values:
            return Taken(answer=frame.answer, let_in=True)
        return Taken(self._batches(frame, link, sender, caller, now_ms), frame.answer, let_in=True)

    def _proves(self, frame: Frame, link: Link, caller: Caller) -> bool:
        if frame.secret is None:
            # The connection was proved before, by a code that still holds.
            held = caller.link is not None and caller.link.pk == link.pk and bool(link.secret_hash)
            return held and hmac.compare_digest(caller.digest, link.secret_hash)
        digest = secret_hash(link.protocol, link.number, frame.secret)
        return hmac.compare_digest(digest, link.secret_hash)

    def _unknown(self, frame: Frame, caller: Caller, now_ms: int) -> Taken:
        """Nobody registered this number, or its device was revoked: a person sees it and decides."""
        digest = secret_hash(caller.protocol, frame.number, frame.secret) if frame.secret else ""
        self.notes.call(caller.protocol, frame.number, digest, caller.address, frame.raw, now_ms)
        return Taken(answer=frame.refusal)

    def _enrol(self, frame: Frame, link: Link, now_ms: int) -> Taken:
        """Give a terminal its code, once; a person lets it register again."""
        if link.secret_hash:
            self.notes.fault(link.protocol, link.device, "registered_before", frame.raw, now_ms)
            return Taken(answer=frame.welcome("") if frame.welcome else b"")
        code = secrets.token_hex(8)
        return Taken(enrol=(link.pk, secret_hash(link.protocol, link.number, code)), code=code)

    def _batches(self, frame: Frame, link: Link, sender: Sender, caller: Caller, now_ms: int) -> tuple[NewBatch, ...]:
        lane = frame.lane if sender.lane == LIVE else sender.lane
        number: list[int] = []
        good: list[Value] = []
        refused: list[Refused] = []
        for place, value in enumerate(frame.values):
            code = link.sensors.get(value.sensor)
            if code == "":
                continue  # a person said that nobody needs it
            point = sender.points.get(code or point_code(link.device, value.sensor))
            if point is None:
                refused += self._without_point(place, value, link, frame, now_ms)
            elif (fault := _untimely(value, lane, now_ms)) is not None:
                self.notes.fault(link.protocol, link.device, fault, frame.raw, now_ms)
                if self.notes.may_keep(link.device, f"{fault} {value.sensor}", now_ms):
                    name = (code or point_code(link.device, value.sensor))[:120]
                    bytes_ = _hex(link.protocol, frame.raw)
                    kept = (value.time_ms if fault == "future" else None, value.value, bytes_)
                    refused.append(Refused(place, "t", UNTIMELY[fault][0], UNTIMELY[fault][1], name, *kept))
            else:
                number.append(point)
                good.append(value)
        if not good and not refused:
            return ()
        columns = Columns(
            np.array(number, np.int32),
            np.array([value.time_ms for value in good], np.int64),
            np.array([math.nan if value.value is None else value.value for value in good], np.float64),
            np.array([QUALITIES.get(value.quality, BAD) for value in good], np.uint8),
        )
        try:
            return (batch_of_readings(frame.key.encode(), frame.key, sender, lane, columns, refused, now_ms),)
        except BadBody as error:
            self.notes.fault(link.protocol, link.device, error.code, frame.raw, now_ms)
            return self._aside(caller, error.code, error.why, frame.raw, now_ms).batches

    def _without_point(self, place: int, value: Value, link: Link, frame: Frame, now_ms: int) -> list[Refused]:
        """A sensor that no point stands for is counted each time and set aside once an hour."""
        self.notes.fault(link.protocol, link.device, "unknown_point", frame.raw, now_ms)
        if not self.notes.may_keep(link.device, f"sensor {value.sensor}", now_ms, 1):
            return []
        why = f"No point takes the sensor {value.sensor[:60]} of this device."
        name = point_code(link.device, value.sensor)[:120]
        return [
            Refused(
                place, "point", "unknown_point", why, name, value.time_ms, value.value, _hex(link.protocol, frame.raw)
            )
        ]

    def _aside(self, caller: Caller, fault: str, why: str, raw: bytes, now_ms: int) -> Taken:
        if not self.notes.may_keep(caller.name, fault, now_ms):
            return Taken()
        code, note = (caller.link.device, "") if caller.link else (NOBODY, caller.address)
        return Taken((set_aside_frame(code, caller.protocol, fault, why, raw, note),))


def _untimely(value: Value, lane: str, now_ms: int) -> str | None:
    """What is wrong with the time of a value, as a fault. What is live and ahead the engine looks at itself."""
    if value.time_ms is None or not EARLIEST_MS <= value.time_ms < LATEST_MS:
        return "no_time"
    return "future" if lane != LIVE and value.time_ms > now_ms + AHEAD_MS else None


def _hex(protocol: str, raw: bytes) -> str:
    return masked(protocol, raw[:1_000]).hex()
