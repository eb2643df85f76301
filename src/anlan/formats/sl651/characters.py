"""Frames of SL 651 in ASCII coding, in which everything but the signs of control is written in hexadecimal signs.

    01 | centre 2 and station 10 (down: station, centre) | password 4 | function 2 | direction 1, length 3
       | STX or SYN | text | end | CRC-16/MODBUS over everything before it, 4 signs, the high byte first

Source: SL 651-2014, 6.4, tables 16 and 17, as two independent public codecs and a review of one of them against the
text of the standard have them; no frame of a device was at hand. Not verified, and therefore borne either way: that
the length counts the signs of the text (a frame whose end and checksum fit is read, with a note). Not verified, and
read as everything else in the head is: that the six signs which count packets are two hexadecimal numbers. Up to nine
packets that is the same as decimal; a longer message that counts in decimal never becomes whole and is given out as
lost, it is never put together wrongly.
"""

from __future__ import annotations

import re
from typing import Final

from anlan.formats.checksums import modbus_crc
from anlan.formats.devices import BadFrame
from anlan.formats.sl651.message import ASCII, ENDS, Message

SOH: Final = 0x01
_STX, _SYN = 0x02, 0x16
#: Signs before the text, and after it: its end and the checksum; signs that count packets.
_HEAD, _TAIL, _COUNT = 24, 5, 6
_MOST: Final = 0xFFF

#: The head of a frame, or as much of one as has come at the end of what there is.
BEGIN: Final = (
    rb"\x01(?:[0-9A-Fa-f]{0,17}\Z|[0-9A-Fa-f]{18}(?:\Z|[08](?:[0-9A-Fa-f]{0,2}\Z|[0-9A-Fa-f]{3}(?:\Z|[\x02\x16]))))"
)
_BEGIN: Final = re.compile(BEGIN)
#: A sign of control: the text has none, unless it holds a picture as bytes.
_CONTROL: Final = re.compile(rb"[\x00-\x1f]")
_SIGNS: Final = re.compile(rb"[0-9A-Fa-f]+")
_LOWER: Final = re.compile(rb"[a-f]")


def frame_at(buffer: bytes, at: int, *, ended: bool) -> tuple[Message | BadFrame | None, int]:
    """(what the frame is that begins at `at`, where it ends).

    (None, 0) when more bytes are needed; (None, place) for bytes up to `place` that begin no frame after all.
    """
    if not _BEGIN.match(buffer, at):
        return None, at + 1
    size, first = len(buffer), at + _HEAD
    if size < first:
        return (BadFrame(("truncated",), buffer[at:]), size) if ended else (None, 0)
    length = int(buffer[at + 20 : at + 23], 16)
    by_length = first + length + _TAIL
    control = _CONTROL.search(buffer, first, first + _MOST + 1)
    if control is None and size <= first + _MOST and not ended:
        return None, 0
    end = control.start() if control else size
    by_sign = end + _TAIL
    # An end and a checksum: the frame ends here, whatever it says of its length.
    if control and buffer[end] in ENDS:
        if size < by_sign and not ended:
            return None, 0
        if size >= by_sign and _SIGNS.fullmatch(buffer, end + 1, by_sign):
            return _judged(buffer[at:by_sign], odd_length=end - first != length), by_sign
    # Bytes of a picture may look like the end of the text: then only the length knows.
    if size < by_length and not ended:
        return None, 0
    if size >= by_length and _fits(buffer[at:by_length]):
        return _judged(buffer[at:by_length], odd_length=False), by_length
    stop = min(by_length, size)
    return BadFrame(("truncated" if size < by_length else "bad_crc",), buffer[at:stop]), stop


def _fits(frame: bytes) -> bool:
    said = frame[-4:]
    return _SIGNS.fullmatch(said) is not None and int(said, 16) == modbus_crc(frame[:-4])


def _judged(frame: bytes, *, odd_length: bool) -> Message | BadFrame:
    """The message of a frame that has a head, an end and four signs of a checksum."""
    if not _fits(frame):
        return BadFrame(("bad_crc", "bad_length") if odd_length else ("bad_crc",), frame)
    notes: list[str] = ["length_mismatch"] if odd_length else []
    up = frame[19:20] == b"0"
    head = frame[1:_HEAD].decode("ascii")
    centre, station = (head[:2], head[2:12]) if up else (head[10:12], head[:10])
    if not station.isdigit() or _LOWER.search(frame[1:23] + frame[-4:]):
        notes.append("odd_header")
    text, end = frame[_HEAD:-_TAIL], frame[-_TAIL]
    total = number = 0
    if end not in ENDS:
        return BadFrame(("bad_header",), frame)
    if frame[23] == _SYN:
        counted, text = text[:_COUNT], text[_COUNT:]
        if len(counted) < _COUNT or not _SIGNS.fullmatch(counted):
            return BadFrame(("bad_header",), frame)
        total, number = int(counted[:3], 16), int(counted[3:], 16)
        if not 1 <= number <= total:
            return BadFrame(("bad_header",), frame)
    return Message(
        up,
        int(centre, 16),
        station.upper(),
        int(head[12:16], 16),
        int(head[16:18], 16),
        text,
        end,
        total,
        number,
        frame,
        tuple(notes),
        ASCII,
    )


def write(message: Message) -> bytes:
    """The frame. Raises ValueError for a text that 12 bits cannot give the length of, or an impossible address."""
    counted = b"%03X%03X" % (message.total, message.number) if message.total else b""
    content = counted + message.text
    if len(content) > _MOST:
        raise ValueError(f"a text of {len(content)} signs; split it")
    if len(bytes.fromhex(message.station)) != 5 or not 0 <= message.centre <= 0xFF:
        raise ValueError(f"no address: {message.centre}, {message.station}")
    centre, station = f"{message.centre:02X}", message.station.upper()
    head = (
        f"{centre + station if message.up else station + centre}{message.password:04X}{message.function:02X}"
        f"{'0' if message.up else '8'}{len(content):03X}"
    )
    start = _SYN if message.total else _STX
    frame = bytes((SOH,)) + head.encode("ascii") + bytes((start,)) + content + bytes((message.end,))
    return frame + b"%04X" % modbus_crc(frame)
