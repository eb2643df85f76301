"""Frames of HJ 212 out of a stream.

    ## 4 digits: length of the data segment | data segment | 4 hex digits: CRC of it | CR LF

A length is believed only when the checksum stands where it points to. Otherwise the frame is what lies before the next
CR LF or the next ##, and its length is what it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from anlan.formats.checksums import hj212_crc, modbus_crc
from anlan.formats.devices import BadFrame, Joiner, Stream
from anlan.formats.hj212.message import Message

#: Bytes of the longest frame that is taken. Four digits can say 9,999.
MOST: Final = 10_240
#: Bytes of a data segment by the standard.
_STANDARD_MOST: Final = 1024
_HEAD: Final = 6
_STANDARD: Final = frozenset(("QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO"))
_BY_CAPITALS: Final = {name.upper(): name for name in _STANDARD}
_ENCODINGS: Final = ("ascii", "utf-8", "gb18030")


class Reader(Stream[Message]):
    """Takes bytes as they come and gives messages and bad frames.

    Strict takes no other checksum than the standard's, no wrong length, and no head that is written otherwise.
    """

    IGNORED = b"\r\n"

    def _read(self, buffer: bytes, *, ended: bool) -> list[Message | BadFrame]:
        found: list[Message | BadFrame] = []
        at, size = 0, len(buffer)
        while True:
            begin = buffer.find(b"##", at)
            if begin < 0:
                keep = 1 if not ended and size > at and buffer.endswith(b"#") else 0
                self._wasted(buffer[at : size - keep], found)
                at = size - keep
                break
            if begin > at:
                self._wasted(buffer[at:begin], found)
            at = begin
            if size < at + _HEAD and not ended:
                break
            digits = buffer[at + 2 : at + _HEAD]
            if len(digits) < 4 or not digits.isdigit():
                self._wasted(buffer[at : at + 1], found)
                at += 1
                continue
            length = int(digits)
            first, end = at + _HEAD, at + _HEAD + length
            segment = buffer[first:end]
            if size >= end + 4 and _matches(segment, buffer[end : end + 4]) == "" and b"\r\n" not in segment:
                self._whole(buffer[at : end + 4], segment, length, [], found)
                at = end + 4
                if buffer.startswith(b"\r\n", at):
                    at += 2
                continue
            taken = self._frame(buffer, at, length, found, ended=ended)
            if not taken:
                break
            at = taken
        if ended:
            self._flush(found)
        self._held = buffer[at:]
        return found

    def _frame(self, buffer: bytes, at: int, length: int, found: list[Message | BadFrame], *, ended: bool) -> int:
        """Read the frame that begins at `at`; where it ends, or 0 when more bytes are needed."""
        first = at + _HEAD
        end = first + length
        cut = buffer.find(b"\r\n", first, end + 5)
        if cut < 0:
            if len(buffer) >= end + 4:
                segment, sum_ = buffer[first:end], buffer[end : end + 4]
                kind = _matches(segment, sum_)
                if kind is not None or (segment.endswith(b"&&") and _is_hex(sum_)):
                    self._judged(buffer[at : end + 4], segment, kind, length, found)
                    return end + 4
            elif not ended:
                return 0
            cut = _end(buffer, first)
            if cut < 0:
                if len(buffer) - at >= MOST:
                    self._bad(("too_long",), buffer[at : at + MOST], found)
                    return at + MOST
                if not ended:
                    return 0
                cut = len(buffer)
        segment, sum_ = buffer[first : max(first, cut - 4)], buffer[max(first, cut - 4) : cut]
        self._judged(buffer[at:cut], segment, _matches(segment, sum_), length, found, cut_short=not _is_hex(sum_))
        return cut

    def _judged(
        self,
        raw: bytes,
        segment: bytes,
        kind: str | None,
        length: int,
        found: list[Message | BadFrame],
        *,
        cut_short: bool = False,
    ) -> None:
        """A message or a bad frame of a whole frame; `kind` says which checksum fitted, None for none."""
        faults: list[str] = [] if kind is not None else ["truncated" if cut_short else "bad_crc"]
        if len(segment) != length and not cut_short:
            faults.append("bad_length" if self._strict or faults else "length_mismatch")
        if kind:
            faults.append(kind)
        if kind is None or (self._strict and faults):
            self._bad(faults, raw, found)
        else:
            self._whole(raw, segment, length, faults, found)

    def _whole(
        self, raw: bytes, segment: bytes, length: int, notes: list[str], found: list[Message | BadFrame]
    ) -> None:
        """A message of a frame whose checksum fits."""
        made = _message(segment, raw, notes)
        if isinstance(made, BadFrame):
            self._bad(made.faults, raw, found)
        elif self._strict and (made.notes or length > _STANDARD_MOST):
            self._bad(made.notes or ("bad_length",), raw, found)
        else:
            self._good(made, made.notes, found)


def _matches(segment: bytes, said: bytes) -> str | None:
    """Which checksum fits: "" the standard's, "modbus_crc" the variant of some devices, None neither."""
    try:
        number = int(said, 16)
    except ValueError:
        return None
    # int() would also take "+1", "0x1" and "1_0".
    if len(said) != 4 or not said.isalnum() or b"x" in said or b"X" in said:
        return None
    if number == hj212_crc(segment):
        return ""
    return "modbus_crc" if number == modbus_crc(segment) else None


def _is_hex(said: bytes) -> bool:
    return len(said) == 4 and not said.upper().strip(b"0123456789ABCDEF")


def _end(buffer: bytes, first: int) -> int:
    """Where a frame ends whose length is wrong: at CR LF or at the next ##."""
    line, head = buffer.find(b"\r\n", first, first + MOST), buffer.find(b"##", first, first + MOST)
    return min((place for place in (line, head) if place >= 0), default=-1)


def _message(segment: bytes, raw: bytes, notes: list[str]) -> Message | BadFrame:
    for encoding in _ENCODINGS:
        try:
            text = segment.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    else:
        return BadFrame(("bad_text",), raw)
    if "\0" in text:  # no database keeps it as text
        return BadFrame(("bad_text",), raw)
    before, sign, data = text.partition(";CP=&&")
    if not sign:
        before, sign, data = text.partition("CP=&&")
        if not sign:
            return BadFrame(("bad_header",), raw)
        notes.append("odd_header")
    if data.endswith("&&"):
        data = data[:-2]
    else:
        notes.append("odd_header")
    # What is before QN's end changes with each message, the rest of a device's head hardly ever.
    if before.startswith("QN=") and before[20:21] == ";":
        rest, odd = _head(before[21:])
        head = {"QN": before[3:20], **rest}
    else:
        rest, odd = _head(before)
        head = rest.copy()
    if odd:
        notes.append("odd_header")
    if "CN" not in head or "MN" not in head:
        return BadFrame(("bad_header",), raw)
    if data and data.count("=") != data.count(",") + data.count(";") + 1:
        notes.append("odd_item")
    return Message(head, data, encoding, raw, tuple(dict.fromkeys(notes)) if notes else ())


@lru_cache(maxsize=4096)
def _head(text: str) -> tuple[dict[str, str], bool]:
    """The fields of a head, and whether it is written in another way than the standard's."""
    items = text.split(";")
    try:
        head = dict([item.split("=") for item in items])
    except ValueError:
        head = {}
    if len(head) == len(items) and head.keys() <= _STANDARD:
        return head, False
    return _odd_head(items), True


def _odd_head(items: list[str]) -> dict[str, str]:
    """A head with stray commas, names in capitals, names that no standard has, or names that come twice."""
    head: dict[str, str] = {}
    for item in items:
        name, _sign, value = item.partition("=")
        name = name.strip(", \r\n")
        name = _BY_CAPITALS.get(name.upper(), name)
        if name and name not in head:
            head[name] = value
    return head


def join(joiner: Joiner, message: Message, *, at_ms: int) -> Message | None:
    """The whole message once all its packets have come; a message of one packet is whole at once.

    Packets of one message have device and command in common. Their groups are put together; what stands at the head of
    each of them (DataTime) is kept, because it says when the groups after it were measured.
    """
    part = message.part
    if part is None:
        return message
    key = (message.device, message.command, message.head.get("ST", ""), message.head.get("QN", ""))
    parts = joiner.add(key, part[0], part[1], message.data.encode(), at_ms=at_ms)
    if parts is None:
        return None
    head = {name: text for name, text in message.head.items() if name not in ("PNUM", "PNO")}
    data = ";".join(one.decode().strip(";") for one in parts)
    return Message(head, data, message.encoding, b"", message.notes)
