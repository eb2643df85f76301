"""Frames of SL 651 out of a stream, in either coding.

    7E 7E | addresses 6 | password 2 | function | direction and length 2 | STX or SYN | text | end | CRC-16/MODBUS 2

The text may hold any bytes, 7E 7E among them. So a frame is what begins like one, is as long as it says and has the
checksum; where that fails, the next beginning of a frame is tried, even inside what would have been the frame. Frames
in ASCII coding begin with 01, see `characters`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from anlan.formats.checksums import modbus_crc
from anlan.formats.devices import BadFrame, Joiner, Stream
from anlan.formats.sl651 import characters
from anlan.formats.sl651.message import ENDS, ETX, HEAD, Message

_BEGIN: Final = b"\x7e\x7e"
#: Where a frame begins, or may begin once more bytes have come.
_ANY_BEGIN: Final = re.compile(rb"\x7e(?:\x7e|\Z)|" + characters.BEGIN)
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
            if not buffer.startswith(_BEGIN, at):
                begin = _ANY_BEGIN.search(buffer, at)
                place = begin.start() if begin else size
                if place > at:
                    self._wasted(buffer[at:place], found)
                    at = place
                if begin is None:
                    break
                if buffer[at] == characters.SOH:
                    after = self._characters(buffer, at, found, ended=ended)
                    if not after:
                        break
                    at = after
                    continue
                if size < at + 2:
                    if not ended:
                        break
                    self._wasted(buffer[at:], found)
                    at = size
                    break
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
        # Only as far as this frame would reach: what lies behind it may not have come yet.
        inside = _ANY_BEGIN.search(buffer[at + 2 : stop])
        following = at + 2 + inside.start() if inside and (stop == end or inside.end() < stop - at - 2) else -1
        if following >= 0 or stop < end:
            stop = following if following >= 0 else stop
            kind = "truncated"
        else:
            kind = "bad_crc"
        self._bad((kind,), buffer[at:stop], found)
        return stop

    def _characters(self, buffer: bytes, at: int, found: list[Message | BadFrame], *, ended: bool) -> int:
        """Read the frame in ASCII coding that may begin at `at`; where it ends, or 0 when more bytes are needed."""
        made, after = characters.frame_at(buffer, at, ended=ended)
        if made is None:
            if not after:
                return 0
            self._wasted(buffer[at:after], found)
        elif isinstance(made, BadFrame):
            inside = _ANY_BEGIN.search(made.raw, 1)
            if inside:
                # A frame that was cut off, and the next one behind it.
                made, after = BadFrame(("truncated",), made.raw[: inside.start()]), at + inside.start()
            self._bad(made.faults, made.raw, found)
        elif self._strict and made.notes:
            self._bad(made.notes, made.raw, found)
        else:
            self._good(made, made.notes, found)
        return after

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
    key = (message.coding, message.up, message.centre, message.station, message.function)
    parts = joiner.add(key, message.total, message.number, message.text, at_ms=at_ms)
    if parts is None:
        return None
    return Message(
        message.up,
        message.centre,
        message.station,
        message.password,
        message.function,
        b"".join(parts),
        ETX,
        coding=message.coding,
    )
