"""Frames of SL 651 out of messages, and the answers that stations wait for."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from anlan.formats.checksums import modbus_crc
from anlan.formats.devices import beijing_digits
from anlan.formats.sl651 import characters
from anlan.formats.sl651.message import ASCII, EOT, ETB, ETX, Message

_MOST: Final = 0xFFF


def write(message: Message) -> bytes:
    """The frame in the message's coding.

    Raises ValueError for a text that 12 bits cannot give the length of, or an impossible address.
    """
    if message.coding == ASCII:
        return characters.write(message)
    counted = (message.total << 12 | message.number).to_bytes(3, "big") if message.total else b""
    content = counted + message.text
    if len(content) > _MOST:
        raise ValueError(f"a text of {len(content)} bytes; split it")
    station = bytes.fromhex(message.station)
    if len(station) != 5 or not 0 <= message.centre <= 0xFF:
        raise ValueError(f"no address: {message.centre}, {message.station}")
    centre = bytes((message.centre,))
    frame = b"".join(
        (
            b"\x7e\x7e",
            centre + station if message.up else station + centre,
            message.password.to_bytes(2, "big"),
            bytes((message.function,)),
            ((0 if message.up else 0x8000) | len(content)).to_bytes(2, "big"),
            b"\x16" if message.total else b"\x02",
            content,
            bytes((message.end,)),
        )
    )
    return frame + modbus_crc(frame).to_bytes(2, "big")


def split(message: Message, most: int = 1024) -> list[Message]:
    """The message in packets of at most `most` bytes of text."""
    parts = [message.text[at : at + most] for at in range(0, len(message.text), most)]
    if len(parts) < 2:
        return [message]
    return [
        replace(message, text=part, total=len(parts), number=number, end=ETX if number == len(parts) else ETB, raw=b"")
        for number, part in enumerate(parts, 1)
    ]


def opening(serial: int, at_ms: int, coding: str) -> bytes:
    """Serial number and time of sending, with which every text begins."""
    text = serial.to_bytes(2, "big") + bytes.fromhex(beijing_digits(at_ms)[2:14])
    return text.hex().upper().encode("ascii") if coding == ASCII else text


def reply(message: Message, *, at_ms: int, end: int = EOT) -> bytes:
    """The centre's answer to a report, in its coding: its serial number, and the time by which the station sets its
    clock.

    end  EOT the talk is over, ESC stay online, ACK go on, NAK send again

    Raises ValueError for a packet that does not hold the serial number: join the packets first.
    """
    serial = message.serial
    if serial is None:
        raise ValueError("a packet without a serial number; answer the whole message")
    text = opening(serial, at_ms, message.coding)
    down = Message(
        False,
        message.centre,
        message.station,
        message.password,
        message.function,
        text,
        end,
        coding=message.coding,
    )
    return write(down)
