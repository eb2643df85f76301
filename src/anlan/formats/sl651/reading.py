"""Frames of SL 651 out of a stream.

    7E 7E | addresses 6 | password 2 | function | direction and length 2 | STX or SYN | text | end | CRC-16/MODBUS 2

The text may hold any bytes, 7E 7E among them. So a frame is what begins like one, is as long as it says and has the
checksum; where that fails, the next 7E 7E is tried, even inside what would have been the frame.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from anlan.formats.checksums import modbus_crc
from anlan.formats.devices import BadFrame, Joiner, Stream
from anlan.formats.sl651.message import ENDS, ETX, HEAD, Message

_BEGIN: Final = b"\x7e\x7e"
_STX, _SYN = 0x02, 0x16
#: Bytes after the text: its end and the checksum.
_TAIL: Final = 3
#: Bytes in which a packet says how many there are and which it is, 12 bits each.
_COUNT: Final = 3


class Reader(Stream[Message]):
    """Takes bytes as they come and gives messages and bad frames.

    A frame that was cut off is told from one that is still coming by what follows, at the latest by `close`: call it
    when a connection ends, or when nothing has come for long.
    """

    def _read(self, buffer: bytes, *, ended: bool) -> list[Message | BadFrame]:
        found: list[Message | BadFrame] = []
        at, size = 0, len(buffer)
        while at < size:
            begin = buffer.find(_BEGIN, at)
            if begin < 0:
                keep = 1 if not ended and buffer[-1] == 0x7E else 0
                self._wasted(buffer[at : size - keep], found)
                at = size - keep
                break
            if begin > at:
                self._wasted(buffer[at:begin], found)
                at = begin
            if size < at + HEAD:
                if not ended:
                    break
                self._bad(("truncated",), buffer[at:], found)
                at = size
                break
            high, start = buffer[at + 11], buffer[at + 13]
            if (high & 0xF0 and high & 0xF0 != 0x80) or (start != _STX and start != _SYN):
                self._wasted(buffer[at : at + 1], found)
                at += 1
                continue
            length = (high & 0x0F) << 8 | buffer[at + 12]
            end = at + HEAD + length + _TAIL
            if size < end and not ended:
                break
            frame = buffer[at:end]
            if size >= end and modbus_crc(frame[:-2]) == frame[-2] << 8 | frame[-1]:
                self._whole(frame, found)
                at = end
                continue
            at = self._broken(buffer, at, end, length, found)
        if ended:
            self._flush(found)
        self._held = buffer[at:]
        return found

    def _broken(self, buffer: bytes, at: int, end: int, length: int, found: list[Message | BadFrame]) -> int:
        """Set aside what begins like a frame and is none; where to look on."""
        stop = min(end, len(buffer))
        following = buffer.find(_BEGIN, at + 2, stop)
        if following < 0 and stop == end and buffer[end - 1] == 0x7E:
            following = end - 1
        if following >= 0 or stop < end:
            stop = following if following >= 0 else stop
            kind = "truncated"
        else:
            kind = "bad_crc"
        self._bad((kind,), buffer[at:stop], found)
        return stop

    def _whole(self, frame: bytes, found: list[Message | BadFrame]) -> None:
        made = _message(frame)
        if isinstance(made, BadFrame) or (self._strict and made.notes):
            self._bad(made.faults if isinstance(made, BadFrame) else made.notes, frame, found)
            return
        self._good(made, made.notes, found)


@lru_cache(maxsize=4096)
def _sender(head: bytes, up: bool) -> tuple[int, str, int, bool]:
    """(centre, station, password, whether the station's number is of digits) of the eight bytes after 7E 7E."""
    centre, station = (head[0], head[1:6]) if up else (head[5], head[:5])
    digits = station.hex().upper()
    return centre, digits, int.from_bytes(head[6:8], "big"), digits.isdigit()


def _message(frame: bytes) -> Message | BadFrame:
    up = not frame[11] & 0x80
    centre, station, password, plain = _sender(frame[2:10], up)
    end = frame[-3]
    notes: tuple[str, ...] = () if plain else ("odd_header",)
    if end not in ENDS:
        return BadFrame(("bad_header",), frame)
    if frame[13] == _STX:
        return Message(up, centre, station, password, frame[10], frame[14:-3], end, 0, 0, frame, notes)
    counted = int.from_bytes(frame[14:17], "big")
    total, number = counted >> 12, counted & 0xFFF
    if len(frame) < HEAD + _COUNT + _TAIL or not 1 <= number <= total:
        return BadFrame(("bad_header",), frame)
    return Message(up, centre, station, password, frame[10], frame[17:-3], end, total, number, frame, notes)


def join(joiner: Joiner, message: Message, *, at_ms: int) -> Message | None:
    """The whole message once all its packets have come; one that came whole is given back at once."""
    if not message.total:
        return message
    key = (message.up, message.centre, message.station, message.function)
    parts = joiner.add(key, message.total, message.number, message.text, at_ms=at_ms)
    if parts is None:
        return None
    return Message(
        message.up, message.centre, message.station, message.password, message.function, b"".join(parts), ETX
    )
