"""Frames of JT/T 808 out of a stream.

    7E | head | body | all bytes added without carry | 7E;  inside, 7E is written as 7D 02 and 7D as 7D 01

7E stands nowhere else. So whatever lies between two of them is a frame or is none, and one that is broken never harms
the next; neighbours may share one 7E.
"""

from __future__ import annotations

import struct
from typing import Final

from anlan.formats.checksums import xor
from anlan.formats.devices import BadFrame, Joiner, Stream
from anlan.formats.jt808.message import Message

_FLAG: Final = b"\x7e"
#: Bytes between two 7E of the longest frame: head and body of 2019, each byte escaped, rounded up.
MOST: Final = 4096
_OLD: Final = struct.Struct(">HH6sH").unpack_from
_NEW: Final = struct.Struct(">HHB10sH").unpack_from
_PARTS: Final = struct.Struct(">HH").unpack_from
_OLD_HEAD, _NEW_HEAD, _PARTS_HEAD = 12, 17, 4
_LENGTH, _CIPHER, _IN_PARTS, _EDITION = 0x03FF, 0x1C00, 0x2000, 0x4000


class Reader(Stream[Message]):
    """Takes bytes as they come and gives messages and bad frames; strict takes none that has notes."""

    def __init__(self, *, strict: bool = False) -> None:
        super().__init__(strict=strict)
        #: Whether a 7E was met; bytes before the first one belong to no frame.
        self._begun = False
        #: Whether pieces of what is held were given out already, because it is longer than any frame.
        self._overlong = False

    def _read(self, buffer: bytes, *, ended: bool) -> list[Message | BadFrame]:
        found: list[Message | BadFrame] = []
        pieces = buffer.split(_FLAG)
        last = pieces.pop()
        for inside in pieces:
            if inside:
                self._between(inside, found)
            self._begun, self._overlong = True, False
        self._held = self._shortened(last, found)
        if ended:
            if self._held:
                self._bad(("truncated" if self._begun and not self._overlong else "garbage",), self._held, found)
            self._held, self._begun, self._overlong = b"", False, False
        return found

    def _shortened(self, inside: bytes, found: list[Message | BadFrame]) -> bytes:
        """Give out in pieces of `MOST` what is too long for a frame."""
        while len(inside) > MOST:
            self._bad(("too_long" if self._begun else "garbage",), inside[:MOST], found)
            inside, self._overlong = inside[MOST:], True
        return inside

    def _between(self, inside: bytes, found: list[Message | BadFrame]) -> None:
        """What lay between two 7E, or before the first."""
        if len(inside) > MOST or self._overlong or not self._begun:
            rest = self._shortened(inside, found)
            self._bad(("garbage",), rest, found)
            return
        made = _message(inside)
        if isinstance(made, BadFrame):
            self._bad(made.faults, made.raw, found)
        elif made.notes and self._strict:
            self._bad(made.notes, made.raw, found)
        else:
            self._good(made, made.notes, found)


def _message(inside: bytes) -> Message | BadFrame:
    """The message between two 7E. Faults are found in the order escape, length of the head, checksum, length."""
    raw = b"\x7e%b\x7e" % inside
    notes: tuple[str, ...] = ()
    content = inside
    if b"\x7d" in inside:
        escapes = inside.count(b"\x7d")
        if escapes != inside.count(b"\x7d\x01") + inside.count(b"\x7d\x02"):
            notes = ("bad_escape",)
        content = inside.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
    size = len(content) - 1
    if size < _OLD_HEAD:
        return BadFrame(("truncated",), raw)
    if xor(content):
        return BadFrame(("bad_crc", *notes), raw)
    identifier, attributes, phone, serial = _OLD(content)
    edition, revision, head = 2013, 1, _OLD_HEAD
    total = number = 0
    length = attributes & _LENGTH
    parts = _PARTS_HEAD if attributes & _IN_PARTS else 0
    if attributes & _EDITION:
        if size == _NEW_HEAD + parts + length:
            identifier, attributes, revision, phone, serial = _NEW(content)
            edition, head = 2019, _NEW_HEAD
        elif size == _OLD_HEAD + parts + length:
            # Terminals that set the bit of 2019 and keep the head of 2013.
            notes += ("version_flag",)
        else:
            return BadFrame(("bad_length",), raw)
    if parts:
        if size < head + parts:
            return BadFrame(("bad_length",), raw)
        total, number = _PARTS(content, head)
        head += parts
        if not 1 <= number <= total:
            return BadFrame(("bad_header",), raw)
    if size != head + length:
        return BadFrame(("bad_length",), raw)
    digits = phone.hex()
    if not digits.isdigit():
        notes += ("odd_phone",)
    return Message(
        identifier,
        digits,
        serial,
        content[head:size],
        edition,
        revision,
        (attributes & _CIPHER) >> 10,
        total,
        number,
        raw,
        notes,
    )


def join(joiner: Joiner, message: Message, *, at_ms: int) -> Message | None:
    """The whole message once all its packets have come; one that came whole is given back at once.

    Serial numbers are not asked: terminals send other messages between the packets.
    """
    if not message.total:
        return message
    parts = joiner.add((message.phone, message.id), message.total, message.number, message.body, at_ms=at_ms)
    if parts is None:
        return None
    return Message(
        message.id,
        message.phone,
        message.serial,
        b"".join(parts),
        message.edition,
        message.revision,
        message.cipher,
        notes=message.notes,
    )
