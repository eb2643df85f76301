"""Frames of JT/T 808 out of messages, and the answers that terminals wait for."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from anlan.formats.checksums import xor
from anlan.formats.jt808.message import Message

_MOST: Final = 0x03FF
_GENERAL_REPLY, _REGISTRATION_REPLY = 0x8001, 0x8100


def write(message: Message) -> bytes:
    """The frame. Raises ValueError for a body whose length ten bits cannot give, or a number that does not fit."""
    if len(message.body) > _MOST:
        raise ValueError(f"a body of {len(message.body)} bytes; split it")
    new = message.edition == 2019
    phone = bytes.fromhex(message.phone)
    if len(phone) != (10 if new else 6):
        raise ValueError(f"the number {message.phone} has not the digits of the edition {message.edition}")
    # A terminal with the bit of 2019 and the head of 2013 is written as it writes itself.
    edition = 0x4000 if new or "version_flag" in message.notes else 0
    attributes = len(message.body) | message.cipher << 10 | (0x2000 if message.total else 0) | edition
    content = b"".join(
        (
            message.id.to_bytes(2, "big"),
            attributes.to_bytes(2, "big"),
            bytes((message.revision,)) if new else b"",
            phone,
            message.serial.to_bytes(2, "big"),
            message.total.to_bytes(2, "big") + message.number.to_bytes(2, "big") if message.total else b"",
            message.body,
        )
    )
    content += bytes((xor(content),))
    return b"\x7e%b\x7e" % content.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02")


def split(message: Message, most: int = 1000) -> list[Message]:
    """The message in packets of at most `most` bytes of body, numbered from its own serial number on."""
    parts = [message.body[at : at + most] for at in range(0, len(message.body), most)]
    if len(parts) < 2:
        return [message]
    return [
        replace(
            message,
            body=part,
            serial=(message.serial + place) & 0xFFFF,
            total=len(parts),
            number=place + 1,
            raw=b"",
        )
        for place, part in enumerate(parts)
    ]


def reply(message: Message, *, serial: int, result: int = 0) -> bytes:
    """8001, the general answer: 0 done, 1 failed, 2 wrong message, 3 not supported, 4 alarm confirmed."""
    body = message.serial.to_bytes(2, "big") + message.id.to_bytes(2, "big") + bytes((result,))
    return _down(message, _GENERAL_REPLY, serial, body)


def reply_registration(message: Message, *, serial: int, result: int = 0, code: str = "") -> bytes:
    """8100, the answer to a registration, with the code by which the terminal authenticates when it was taken."""
    body = message.serial.to_bytes(2, "big") + bytes((result,)) + (code.encode("gb18030") if result == 0 else b"")
    return _down(message, _REGISTRATION_REPLY, serial, body)


def _down(message: Message, identifier: int, serial: int, body: bytes) -> bytes:
    answer = Message(identifier, message.phone, serial, body, message.edition, message.revision, notes=message.notes)
    return write(answer)
