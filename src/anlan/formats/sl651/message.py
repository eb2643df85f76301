"""A message of SL 651: who speaks to whom, what about, and the text."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from anlan.formats.devices import beijing_ms

#: Signs that end a text. Up: the last one, more follow. Down: a question, the end of the talk, yes, no, stay online.
ETX: Final = 0x03
ETB: Final = 0x17
ENQ: Final = 0x05
EOT: Final = 0x04
ACK: Final = 0x06
NAK: Final = 0x15
ESC: Final = 0x1B
ENDS: Final = frozenset({ETX, ETB, ENQ, EOT, ACK, NAK, ESC})

#: Bytes before the text: 7E 7E, addresses, password, function, length, STX or SYN.
HEAD: Final = 14
#: Bytes of serial number and time of sending, with which every text begins; in signs twice as many.
OPENING: Final = 8
#: The two codings: bytes and BCD behind 7E 7E, or everything as hexadecimal signs behind 01.
HEX, ASCII = "hex", "ascii"

#: Serial number and time of sending in ASCII coding.
_SIGNS: Final = re.compile(rb"[0-9A-Fa-f]{16}")


class Message(msgspec.Struct, frozen=True, gc=False):
    """One frame, or a message whose packets were joined.

    station   10 digits
    password  as it stands in the frame, 4 hex digits as a number
    total     packets of the message, 0 for one that came whole
    number    of this packet, from 1
    text      without the bytes that count packets; in ASCII coding its signs
    end       the sign after the text
    coding    `HEX` or `ASCII`; an answer has that of its question
    """

    up: bool
    centre: int
    station: str
    password: int
    function: int
    text: bytes
    end: int = ETX
    total: int = 0
    number: int = 0
    raw: bytes = b""
    notes: tuple[str, ...] = ()
    coding: str = HEX

    @property
    def serial(self) -> int | None:
        """The serial number; None in a packet that does not begin the message."""
        opening = self.opening
        return int.from_bytes(opening[:2], "big") if len(opening) >= 2 and self.number <= 1 else None

    @property
    def sent_ms(self) -> int | None:
        """When it was sent, epoch ms."""
        opening = self.opening
        return stamp_ms(opening[2:]) if len(opening) == OPENING and self.number <= 1 else None

    @property
    def opening(self) -> bytes:
        """Serial number and time of sending as bytes, as far as they are there."""
        if self.coding == HEX:
            return self.text[:OPENING]
        signs = self.text[: 2 * OPENING]
        return bytes.fromhex(signs.decode("ascii")) if _SIGNS.fullmatch(signs) else b""


def stamp_ms(stamp: bytes) -> int | None:
    """A time in BCD, YYMMDDhhmm or YYMMDDhhmmss, as epoch ms; None for no such time."""
    return beijing_ms("20" + stamp.hex())
