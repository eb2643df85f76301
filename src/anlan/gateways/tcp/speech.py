"""What the gateway needs to know of a frame, whatever its protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from anlan.formats.devices import BadFrame, Value
from anlan.kernel.sensing.store import LIVE

#: What a frame is: readings, something to be confirmed only, a call for a credential, the proof of one, an answer
#: to what the centre said.
DATA, NOTICE, ENROL, PROVE, REPLY = "data", "notice", "enrol", "prove", "reply"


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that was read.

    number   of the device as its protocol gives it
    secret   the credential in the frame; None in a protocol that proves a connection once
    key      the same for a frame that comes again; with its sender the id of its batch
    answer   for the sender after the commit; empty where none is wanted
    refusal  for a sender that is not let in; empty where the protocol knows none
    welcome  the answer to a call for a credential, made of the code that is given out ("": refused)
    """

    number: str
    secret: str | None
    kind: str
    key: str
    raw: bytes
    values: Sequence[Value] = ()
    lane: str = LIVE
    answer: bytes = b""
    refusal: bytes = b""
    welcome: Callable[[str], bytes] | None = None


class Speaker(Protocol):
    """One connection's codec: bytes in, frames out."""

    def feed(self, data: bytes, now_ms: int) -> list[Frame | BadFrame]:
        """What is complete now."""

    def close(self, now_ms: int) -> list[Frame | BadFrame]:
        """What is left when no more bytes come."""
