"""One connection: bounded in what it may hold, how long it may be silent, and how much of it may wait for the disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, cast

from anlan.formats.devices import BadFrame
from anlan.gateways.tcp.asking import Asking
from anlan.gateways.tcp.committing import Job
from anlan.gateways.tcp.speech import REPLY, Frame, Speaker
from anlan.gateways.tcp.taking import Caller, Taken, Taking
from anlan.kernel.sensing.store import BACKFILL

log = logging.getLogger("anlan.tcp")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a connection may take of us.

    piece          bytes that are read in one turn, so that one that floods waits for the others
    unsettled      frames that may wait for the disk; beyond it the connection is not read
    unread         bytes for it that it does not take before it is closed
    stranger_s     seconds until a connection must have proved a device
    unfinished_s   seconds until a frame that was begun must be whole
    idle_s         seconds without a frame after which it is closed
    wrong          frames in a row that are not let in, or cannot be read before a device has proved itself
    connections    of the process;  per_address  of one address
    """

    piece: int = 4_096
    unsettled: int = 64
    unread: int = 64 << 10
    stranger_s: float = 60.0
    unfinished_s: float = 30.0
    idle_s: float = 1_800.0
    wrong: int = 20
    connections: int = 5_000
    per_address: int = 500


class Office(Protocol):
    """What a connection needs of the gateway."""

    bounds: Bounds
    taking: Taking
    asking: Asking
    clock: Callable[[], int]

    def put(self, job: Job) -> None:
        """Hand in what is to be committed."""

    def joined(self, connection: Connection) -> bool:
        """Count a new connection; False when it is one too many."""

    def left(self, connection: Connection) -> None:
        """A connection has ended."""


class Connection(asyncio.Protocol):
    """Bytes to frames, frames to jobs, and answers in the order of the frames."""

    def __init__(self, office: Office, protocol: str, speaker: Speaker) -> None:
        self.office, self.protocol, self.speaker = office, protocol, speaker
        self.caller = Caller(protocol, "")
        self._transport: asyncio.Transport | None = None
        self._rest = bytearray()
        self._unsettled = 0
        self._paused = False
        self._wrong = 0
        now = asyncio.get_running_loop().time()
        #: When it came, when its last frame did, and since when a frame is unfinished (0: none is).
        self._since, self._last, self._begun = now, now, 0.0

    # -- of asyncio ---------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername") or ("",)
        self.caller.address = str(peer[0])
        self._transport.set_write_buffer_limits(high=self.office.bounds.unread)
        if not self.office.joined(self):
            self._transport.abort()
            self._transport = None

    def data_received(self, data: bytes) -> None:
        self._rest += data
        self._work()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is None:
            return
        self._transport = None
        now_ms = self.office.clock()
        # What came whole is taken in even though nobody is left to be answered.
        found = self.speaker.feed(bytes(self._rest), now_ms) if self._rest else []
        self._rest.clear()
        for one in [*found, *self.speaker.close(now_ms)]:
            self._take(one, now_ms)
        self.office.left(self)

    def pause_writing(self) -> None:
        """It sends and does not read what we answer."""
        self.close(abort=True)

    # -- ours ---------------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Read one piece; the rest of what came has its turn after the others."""
        if not self._rest or self._unsettled >= self.office.bounds.unsettled or self._transport is None:
            self._slow()
            return
        piece = bytes(self._rest[: self.office.bounds.piece])
        del self._rest[: len(piece)]
        try:
            self._read(piece)
        except Exception:
            # One sender whose bytes we cannot bear must not end the process; the others go on.
            log.exception("what %s sends cannot be read", self.caller.name)
            self.office.taking.notes.fault(self.protocol, self.caller.name, "unreadable", piece, self.office.clock())
            self.close(abort=True)
        if self._rest:
            asyncio.get_running_loop().call_soon(self._work)
        self._slow()

    def _read(self, piece: bytes) -> None:
        now_ms, now = self.office.clock(), asyncio.get_running_loop().time()
        found = self.speaker.feed(piece, now_ms)
        # A packet of a message is whole though the message is not: only bytes without an end are waited for.
        if found or not self.speaker.unfinished:
            self._last, self._begun = now, 0.0
        else:
            self._begun = self._begun or now
        for one in found:
            self._take(one, now_ms)

    def _slow(self) -> None:
        """Read on, or stop reading, by how much is held."""
        if self._transport is None or self._transport.is_closing():
            return
        full = bool(self._rest) or self._unsettled >= self.office.bounds.unsettled
        if full and not self._paused:
            self._transport.pause_reading()
        elif not full and self._paused:
            self._transport.resume_reading()
        self._paused = full

    def _take(self, one: Frame | BadFrame, now_ms: int) -> None:
        if isinstance(one, BadFrame):
            taken = self.office.taking.bad(one, self.caller, now_ms)
        else:
            taken = self._frame(one, now_ms)
        if taken.let_in:
            self._wrong = 0
        elif taken.enrol is None:
            self._wrong += self.caller.link is None or isinstance(one, Frame)
        if taken.batches or taken.answer or taken.enrol:
            self._unsettled += 1
            digest = self.caller.digest
            self.office.put(Job(taken, lambda kept: self._settled(one, taken, digest, kept)))
        else:
            self._may_be_asked(one, taken, self.caller.digest)
        if self._wrong > self.office.bounds.wrong:
            self.close()

    def _frame(self, frame: Frame, now_ms: int) -> Taken:
        """Take a frame in; what it brings or says of a command is the command's."""
        asking, key = self.office.asking, (self.protocol, frame.number)
        owner = asking.belongs(key, frame) if frame.mark else None
        if owner is not None:
            frame = replace(frame, lane=BACKFILL)
        taken = self.office.taking.frame(frame, self.caller, now_ms)
        link = self.caller.link
        if not taken.let_in or link is None:
            return taken
        # Counted, and what it brings is taken as ever: readings are true whoever asked for them.
        if (frame.said or frame.kind == REPLY) and not asking.answered(key, frame, None):
            self.office.taking.notes.fault(self.protocol, link.device, "no_question", frame.raw, now_ms)
        elif owner is not None:
            asking.answered(key, frame, owner)
        return taken

    def _may_be_asked(self, one: Frame | BadFrame, taken: Taken, digest: str) -> None:
        """The sender of this frame is here, has proved itself and has its answer: what waits for it may be said now."""
        if isinstance(one, Frame) and one.heard is not None and taken.let_in and self._transport is not None:
            self.office.asking.heard((self.protocol, one.number), self, one.heard, digest)

    def _settled(self, one: Frame | BadFrame, taken: Taken, digest: str, kept: bool) -> None:
        """On disk, or never: called in the loop, in the order of the frames."""
        self._unsettled -= 1
        if kept and isinstance(one, Frame):
            self.send(self._answer(one, taken))
            self._may_be_asked(one, taken, digest)
        elif not kept:
            # It is not to believe that later frames stand for this one.
            self.close()
        self._work()

    def _answer(self, frame: Frame, taken: Taken) -> bytes:
        if taken.enrol and frame.welcome:
            return frame.welcome(taken.code)
        if frame.stay and taken.let_in and self.office.asking.stays((self.protocol, frame.number)):
            return frame.stay()
        return taken.answer

    def send(self, frame: bytes) -> None:
        """Write a frame; one that is gone hears nothing."""
        if frame and self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame)

    def close(self, *, abort: bool = False) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.abort() if abort else self._transport.close()

    def look(self, now: float) -> None:
        """Close what is silent, what never finishes a frame and what never proves a device."""
        now_ms = self.office.clock()
        for one in self.speaker.given_up(now_ms):
            self._take(one, now_ms)
        bounds = self.office.bounds
        if self._unsettled:
            return
        if (
            now - self._last > bounds.idle_s
            or (self._begun and now - self._begun > bounds.unfinished_s)
            or (self.caller.link is None and now - self._since > bounds.stranger_s)
        ):
            self.close()
