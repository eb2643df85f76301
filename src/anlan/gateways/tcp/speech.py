"""What the gateway needs to know of a frame, whatever its protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from anlan.formats.devices import BadFrame, Value
from anlan.kernel.sensing.store import LIVE

#: What a frame is: readings, something to be confirmed only, a call for a credential, the proof of one, an answer
#: to what the centre said.
DATA, NOTICE, ENROL, PROVE, REPLY = "data", "notice", "enrol", "prove", "reply"


@dataclass(frozen=True, slots=True)
class Said:
    """What a device says of a command.

    state  the state of `door.commands` that follows, "" when it only tells something
    told   in the words of its protocol, as "QnRtn=1" or "result=0", and what it told: "clock_ms", "unread"
    """

    state: str
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that was read.

    number   of the device as its protocol gives it
    secret   the credential in the frame; None in a protocol that proves a connection once
    key      the same for a frame that comes again; with its sender the id of its batch
    answer   for the sender after the commit; empty where none is wanted
    refusal  for a sender that is not let in; empty where the protocol knows none
    welcome  the answer to a call for a credential, made of the code that is given out ("": refused)
    stay     makes the answer that keeps a sender connected which would leave after `answer`
    heard    by what a command to this device is written; None where the frame does not show it
    mark     of the command that this frame may belong to, "" for none
    said     what it says of that command
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
    stay: Callable[[], bytes] | None = None
    heard: Any = None
    mark: str = ""
    said: Said | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A command of a person as the records keep it (`kernel.sensing.models.DeviceCommand`).

    device      code;  device_pk, region  what its audit rows name
    answer_s    seconds for the first answer, after which it is sent again, `most_tries` times in all
    result_s    seconds from one sign of the work on it to the next
    """

    pk: int
    protocol: str
    number: str
    device: str
    device_pk: int
    region: str
    kind: str
    arguments: Mapping[str, Any]
    state: str
    mark: str
    tries: int
    answer_s: int
    most_tries: int
    result_s: int


class Speaker(Protocol):
    """One connection's codec: bytes in, frames out, and commands as bytes."""

    @property
    def unfinished(self) -> bool:
        """Whether bytes are held that are no whole frame."""

    def feed(self, data: bytes, now_ms: int) -> list[Frame | BadFrame]:
        """What is complete now."""

    def given_up(self, now_ms: int) -> list[BadFrame]:
        """Messages in parts of which the rest did not come in time."""

    def close(self, now_ms: int) -> list[Frame | BadFrame]:
        """What is left when no more bytes come, unfinished messages in parts among it."""

    def mark(self, question: Question, now_ms: int) -> str:
        """By what the answers to a question will be known, when it is sent over this connection."""

    def ask(self, heard: Any, question: Question, mark: str, now_ms: int) -> bytes:
        """The question as a frame. Raises ValueError or KeyError for one that the protocol cannot say."""
