"""What the codecs of device protocols share: streams, bad frames, readings in normal form, messages in parts.

Every stream codec has the same shape. `Reader(strict=False)` takes bytes as they come: `feed(data)` gives the messages
and the bad frames that are now complete, `close()` what is left when the connection ends. How the bytes were cut on
their way never changes what comes out. `counts` says how often each kind of fault was met. What is kept between two
calls is bounded. `values(message)` gives the readings, `write(message)` the frame.

A frame whose checksum does not fit is never read as data. Lenient is the rule for what old devices are known to do (a
length that was counted wrong, another checksum of the same family, a stray comma): it is read and the message says so
in `notes`. Strict sets all of that aside.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Generic, TypeVar

import msgspec

#: What each kind of fault means, by the name under which it is counted.
FAULTS: Final[Mapping[str, str]] = {
    # A frame that is set aside
    "garbage": "bytes that belong to no frame",
    "truncated": "the frame ends before its time",
    "too_long": "no end of the frame within the longest one that is taken",
    "bad_crc": "the checksum does not fit",
    "bad_length": "the length does not fit",
    "bad_escape": "a sign of escape is followed by what is not escaped",
    "bad_header": "the head of the frame cannot be read",
    "bad_text": "the text is in no known encoding",
    "not_json": "the payload is no JSON",
    "too_deep": "the payload is nested too deep or too large",
    "wrong_shape": "the payload has not the shape of this format",
    "encrypted": "the content is encrypted and there is no key",
    # A message that is read all the same
    "modbus_crc": "the checksum is the plain one of Modbus",
    "length_mismatch": "the length was counted wrong; the checksum fits",
    "odd_header": "the head is not written as the standard says",
    "odd_item": "an item has no value",
    "odd_phone": "the number of the terminal is not of digits",
    "odd_element": "the text holds what is no element; the rest of it is kept as it is",
    "odd_time": "a time that does not exist",
    "version_flag": "the head says edition 2019 and has the form of 2013",
    "skipped_prefix": "bytes before the text were skipped",
    # Parts
    "lost_parts": "a message in parts was given up before it was whole",
}

#: UTC+8 all year; a time without zone is Beijing time.
_BEIJING_MS: Final = 8 * 3_600_000
_DAY_MS: Final = 86_400_000


class Value(msgspec.Struct, frozen=True, gc=False):
    """One reading in normal form.

    device   key of the sender as the protocol gives it
    sensor   stable key of what is measured
    time_ms  epoch ms UTC; None where the message does not say
    value    None where the device says that it has none
    unit     "" where it is not known for certain
    quality  "good", "missing", or another word of the protocol's module
    raw      the identifier as it was sent
    known    False when the code is in no code book at hand: passed on, never interpreted
    """

    device: str
    sensor: str
    time_ms: int | None
    value: float | None
    unit: str
    quality: str
    raw: str
    known: bool


class BadFrame(msgspec.Struct, frozen=True):
    """Bytes that are set aside, with every fault that was found, the gravest first."""

    faults: tuple[str, ...]
    raw: bytes

    @property
    def kind(self) -> str:
        """The gravest fault."""
        return self.faults[0]


M = TypeVar("M")


class Stream(ABC, Generic[M]):
    """Takes bytes as they come and gives messages and bad frames.

    How the bytes were cut on their way never changes what comes out. Bytes between frames are given out in pieces of a
    fixed size, so that this holds for them as well.
    """

    #: Bytes of a piece of garbage, and those that may lie between frames without being any.
    PIECE: Final = 1024
    IGNORED = b""

    def __init__(self, *, strict: bool = False) -> None:
        self.counts: Counter[str] = Counter()
        self._strict = strict
        self._held = b""
        self._garbage = b""

    def feed(self, data: bytes) -> list[M | BadFrame]:
        """What is complete now."""
        return self._read(self._held + data, ended=False)

    def close(self) -> list[M | BadFrame]:
        """What is left when no more bytes come."""
        return self._read(self._held, ended=True)

    @property
    def unfinished(self) -> bool:
        """Whether bytes are held that are no whole frame."""
        return bool(self._held or self._garbage)

    @abstractmethod
    def _read(self, buffer: bytes, *, ended: bool) -> list[M | BadFrame]:
        """Read what is held and came, and hold what is not complete."""

    def _bad(self, faults: Sequence[str], raw: bytes, found: list[M | BadFrame]) -> None:
        """Set a frame aside."""
        if self._garbage:
            self._flush(found)
        self.counts.update(faults)
        found.append(BadFrame(tuple(faults), raw))

    def _good(self, message: M, notes: Sequence[str], found: list[M | BadFrame]) -> None:
        """Give a message out, and count what was odd about it."""
        if self._garbage:
            self._flush(found)
        if notes:
            self.counts.update(notes)
        found.append(message)

    def _wasted(self, data: bytes, found: list[M | BadFrame]) -> None:
        """Bytes that belong to no frame; whole pieces go out at once."""
        if self.IGNORED:
            data = data.translate(None, self.IGNORED)
        if not data:
            return
        held = self._garbage + data
        whole = len(held) - len(held) % self.PIECE
        for at in range(0, whole, self.PIECE):
            self.counts["garbage"] += 1
            found.append(BadFrame(("garbage",), held[at : at + self.PIECE]))
        self._garbage = held[whole:]

    def _flush(self, found: list[M | BadFrame]) -> None:
        """Give out what is left of garbage, because a frame begins or the stream ends."""
        if self._garbage:
            self.counts["garbage"] += 1
            found.append(BadFrame(("garbage",), self._garbage))
            self._garbage = b""


class Lost(msgspec.Struct, frozen=True):
    """A message of which parts never came."""

    key: Hashable
    total: int
    parts: dict[int, bytes]


class Joiner:
    """Puts messages together that were sent in parts, bounded in number, size and age.

    most_open   messages that may be incomplete at the same time
    most_bytes  of all parts that are held
    max_age_ms  from the first part to the last

    What has to give way is handed out by `lost`, never dropped silently.
    """

    def __init__(self, *, most_open: int = 256, most_bytes: int = 8 << 20, max_age_ms: int = 600_000) -> None:
        self.counts: Counter[str] = Counter()
        self._most_open, self._most_bytes, self._max_age_ms = most_open, most_bytes, max_age_ms
        self._open: dict[Hashable, tuple[int, int, dict[int, bytes]]] = {}
        self._bytes = 0
        self._lost: list[Lost] = []

    def add(self, key: Hashable, total: int, number: int, content: bytes, *, at_ms: int) -> list[bytes] | None:
        """Take part `number` of `total` (from 1); all parts in order once the last has come.

        A part that comes twice is taken once; one that differs from the first of its number begins a new message.
        """
        self._expire(at_ms)
        if not 1 <= number <= total or len(content) > self._most_bytes:
            self._lose(Lost(key, total, {number: content}))
            return None
        held = self._open.get(key)
        if held is not None and (held[0] != total or held[2].get(number, content) != content):
            self._close(key)
            held = None
        if held is None:
            while len(self._open) >= self._most_open:
                self._close(next(iter(self._open)))
            held = self._open[key] = (total, at_ms, {})
        parts = held[2]
        if number not in parts:
            parts[number] = content
            self._bytes += len(content)
        if len(parts) == total:
            self._bytes -= sum(map(len, parts.values()))
            del self._open[key]
            return [parts[one] for one in range(1, total + 1)]
        while self._bytes > self._most_bytes:
            self._close(next(iter(self._open)))
        return None

    def lost(self, at_ms: int) -> list[Lost]:
        """Messages that were given up since the last call, those too old at `at_ms` with them."""
        self._expire(at_ms)
        lost, self._lost = self._lost, []
        return lost

    def close(self) -> list[Lost]:
        """Give up what is not whole, because no more parts come; with what was given up since the last call."""
        for key in list(self._open):
            self._close(key)
        lost, self._lost = self._lost, []
        return lost

    def _expire(self, at_ms: int) -> None:
        if not self._open:
            return
        old = [key for key, (_total, since, _parts) in self._open.items() if at_ms - since > self._max_age_ms]
        for key in old:
            self._close(key)

    def _close(self, key: Hashable) -> None:
        total, _since, parts = self._open.pop(key)
        self._bytes -= sum(map(len, parts.values()))
        self._lose(Lost(key, total, parts))

    def _lose(self, lost: Lost) -> None:
        self.counts["lost_parts"] += 1
        self._lost.append(lost)
        # A caller that never asks must not make this grow without end.
        del self._lost[: -self._most_open]


@lru_cache(maxsize=1024)
def _day_ms(digits: str) -> int | None:
    """The first moment of the Beijing day YYYYMMDD, epoch ms; None for a day that does not exist."""
    try:
        day = datetime(int(digits[:4]), int(digits[4:6]), int(digits[6:]), tzinfo=UTC)
    except ValueError:
        return None
    return int(day.timestamp()) * 1000 - _BEIJING_MS


def beijing_ms(digits: str) -> int | None:
    """Epoch ms of Beijing time written as YYYYMMDDhhmm, …ss or …sszzz; None for what is no such time."""
    size = len(digits)
    if (size != 14 and size != 12 and size != 17) or not (digits.isdigit() and digits.isascii()):
        return None
    day = _day_ms(digits[:8])
    if day is None:
        return None
    hour, minute = int(digits[8:10]), int(digits[10:12])
    second = int(digits[12:14]) if size > 12 else 0
    if hour > 23 or minute > 59 or second > 59:
        return None
    return day + hour * 3_600_000 + minute * 60_000 + second * 1000 + (int(digits[14:]) if size > 14 else 0)


def beijing_digits(time_ms: int) -> str:
    """A moment as YYYYMMDDhhmmsszzz in Beijing."""
    seconds, ms = divmod(time_ms + _BEIJING_MS, 1000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d%H%M%S") + f"{ms:03d}"
