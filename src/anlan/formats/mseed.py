"""Seismic waveforms in miniSEED 2: records with their headers, and their samples unpacked.

    recording = read(data)
    for part in joined(recording.records):
        part.channel, part.start_us, part.rate_hz, part.samples

A file that breaks off gives the records before the break and says where it broke. Packed samples carry their own last
value; a record whose samples do not end with it is told and gives none. Source: SEED Reference Manual 2.4, chapter 8
and appendix B.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from anlan.formats.faults import Refused
from anlan.formats.findings import BadMessage, Finding, found

#: Bytes of a file, and of a record: 2 to the power of the exponent in its header.
MOST_BYTES = 64 << 20
_LEAST_EXPONENT, _MOST_EXPONENT = 7, 20
_HEADER = struct.Struct("=6sc1s5s2s3s2sHHBBBBHHhhBBBBiHH")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Blockettes of one record; real ones have two or three.
_MOST_BLOCKETTES = 32

#: Encodings of blockette 1000 that are read.
ASCII, INT16, INT32, FLOAT32, FLOAT64, STEIM1, STEIM2 = 0, 1, 3, 4, 5, 10, 11
_PLAIN = {INT16: "i2", INT32: "i4", FLOAT32: "f4", FLOAT64: "f8"}


@dataclass(frozen=True, slots=True)
class Record:
    """One record.

    at              byte of the file
    start_us        time of the first sample, microseconds since 1970, corrections applied
    rate_hz         samples per second; 0 for a log without samples
    count           samples, as the header says
    timing_quality  0 to 100 %, None when the record does not say
    """

    at: int
    length: int
    quality: str
    network: str
    station: str
    location: str
    channel: str
    start_us: int
    rate_hz: float
    count: int
    encoding: int
    big_endian: bool
    timing_quality: int | None
    data: bytes

    @property
    def source(self) -> str:
        """The channel by its full name, `NET.STA.LOC.CHA`."""
        return ".".join((self.network, self.station, self.location, self.channel))

    @property
    def end_us(self) -> int:
        """Time of the last sample."""
        return self.start_us + (round((self.count - 1) / self.rate_hz * 1e6) if self.count and self.rate_hz else 0)

    def samples(self) -> NDArray[np.int32] | NDArray[np.float64]:
        """The samples. Raises BadMessage for an encoding that is not read and for data that contradicts itself."""
        order = ">" if self.big_endian else "<"
        if self.encoding in _PLAIN:
            kind = np.dtype(order + _PLAIN[self.encoding])
            if len(self.data) < self.count * kind.itemsize:
                raise BadMessage(found("bad_record", byte=self.at, part="samples"))
            plain = np.frombuffer(self.data, kind, self.count)
            return plain.astype(np.int32) if kind.kind == "i" else plain.astype(np.float64)
        if self.encoding in (STEIM1, STEIM2):
            return _steim(self, order)
        raise BadMessage(found("unknown_encoding_code", byte=self.at, encoding=self.encoding))


@dataclass(frozen=True, slots=True)
class Recording:
    """The records of a file, and what ended it early."""

    records: tuple[Record, ...]
    findings: tuple[Finding, ...] = ()


def read(data: bytes) -> Recording:
    """The records of a file. Raises Refused `empty_file` and `too_large`, BadMessage when not even the first is one."""
    if not data:
        raise Refused("empty_file")
    if len(data) > MOST_BYTES:
        raise Refused("too_large", bytes=len(data), limit=MOST_BYTES)
    records: list[Record] = []
    at = 0
    while at < len(data):
        try:
            one = record_at(data, at)
        except BadMessage as bad:
            if not records:
                raise
            return Recording(
                tuple(records), tuple(Finding(f.code, f.where, f.args, blocks=False) for f in bad.findings)
            )
        records.append(one)
        at += one.length
    return Recording(tuple(records))


def record_at(data: bytes, at: int) -> Record:
    """The record that begins at a byte. Raises BadMessage."""
    if len(data) - at < _HEADER.size + 8:
        raise BadMessage(found("short_record", byte=at, found=len(data) - at, expected=_HEADER.size + 8))
    head = data[at : at + _HEADER.size]
    if not head[:6].replace(b" ", b"0").isdigit() or head[6:7] not in b"DRQM" or head[7:8] not in b" \x00":
        raise BadMessage(found("not_a_record", byte=at))
    # The year tells the order of bytes: 2026 read the wrong way round is 59911.
    big = 1900 <= int.from_bytes(head[20:22], "big") <= 2100
    order = ">" if big else "<"
    values = struct.unpack(order + _HEADER.format[1:], head)
    quality, station, location, channel, network = (_name(at, values[one]) for one in (1, 3, 4, 5, 6))
    count, factor, multiplier, activity = values[14:18]
    correction, offset, first = values[21:24]
    start_us = _time(at, (*values[7:12], values[13]))
    if not activity & 0x02:
        start_us += correction * 100
    found_ = _blockettes_of(data, at, order, first)
    if found_.exponent is None:
        raise BadMessage(found("bad_record", byte=at, part="blockette 1000"))
    length = 1 << found_.exponent
    if len(data) - at < length:
        raise BadMessage(found("short_record", byte=at, found=len(data) - at, expected=length))
    if count and not _HEADER.size <= offset < length:
        raise BadMessage(found("bad_record", byte=at, part="offset"))
    return Record(
        at=at, length=length, quality=quality, network=network, station=station, location=location, channel=channel,
        start_us=start_us + found_.microseconds, rate_hz=found_.rate_hz or _rate(factor, multiplier), count=count,
        encoding=found_.encoding, big_endian=found_.big_endian, timing_quality=found_.timing_quality,
        data=data[at + offset : at + length] if count else b"",
    )  # fmt: skip


@dataclass(slots=True)
class _Blockettes:
    """What the blockettes of a record say."""

    exponent: int | None = None
    encoding: int = STEIM1
    big_endian: bool = True
    timing_quality: int | None = None
    microseconds: int = 0
    rate_hz: float = 0.0


def _blockettes_of(data: bytes, at: int, order: str, first: int) -> _Blockettes:
    said = _Blockettes()
    where = first
    for _one in range(_MOST_BLOCKETTES):
        if not where:
            return said
        if where < _HEADER.size or at + where + 8 > len(data):
            break
        kind, following = struct.unpack_from(order + "HH", data, at + where)
        if kind == 1000:
            said.encoding, big, said.exponent = struct.unpack_from("BBB", data, at + where + 4)
            said.big_endian = bool(big)
            if not _LEAST_EXPONENT <= said.exponent <= _MOST_EXPONENT:
                break
        elif kind == 1001:
            said.timing_quality, said.microseconds = struct.unpack_from("Bb", data, at + where + 4)
        elif kind == 100:
            rate = struct.unpack_from(order + "f", data, at + where + 4)[0]
            said.rate_hz = rate if np.isfinite(rate) and rate > 0 else 0.0
        if following and following <= where:
            break
        where = following
    raise BadMessage(found("bad_record", byte=at, part="blockettes"))


def _time(at: int, said: tuple[int, ...]) -> int:
    year, day, hour, minute, second, fraction = said
    # Second 60 is the leap second; it is counted as the first of the next minute.
    if not (
        1900 <= year <= 2100 and 1 <= day <= 366 and hour < 24 and minute < 60 and second <= 60 and fraction < 10_000
    ):
        raise BadMessage(found("bad_record", byte=at, part="time"))
    begin = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second)
    return (begin - _EPOCH) // timedelta(microseconds=1) + fraction * 100


def _rate(factor: int, multiplier: int) -> float:
    """Samples per second; negative numbers are seconds per sample and divisors."""
    if not factor or not multiplier:
        return 0.0
    rate = float(factor) if factor > 0 else -1.0 / factor
    return rate * multiplier if multiplier > 0 else rate / -multiplier


def _name(at: int, octets: bytes) -> str:
    if not octets.isascii() or not octets.decode("ascii").replace("\x00", " ").isprintable():
        raise BadMessage(found("not_a_record", byte=at))
    return octets.decode("ascii").strip(" \x00")


def _steim(record: Record, order: str) -> NDArray[np.int32]:
    """Differences packed into words, 16 words a frame, of which the first says how the others are packed."""
    whole = len(record.data) // 64 * 64
    words = np.frombuffer(record.data[:whole], np.dtype(order + "u4")).astype(np.uint32).reshape(-1, 16)
    if not words.size:
        raise BadMessage(found("bad_record", byte=record.at, part="frames"))
    codes = ((words[:, :1].astype(np.int64) >> np.arange(30, -1, -2)) & 3).reshape(-1)
    flat = words.reshape(-1).astype(np.int64)
    difference = np.zeros((flat.size, 7), np.int64)
    used = np.zeros(flat.size, np.int64)
    for chosen, number, bits in _layouts(codes, flat >> 30, record.encoding):
        _unpack(difference, used, flat, chosen, number, bits)
    if record.encoding == STEIM2 and np.any((codes >= 2) & (used == 0)):
        raise BadMessage(found("bad_record", byte=record.at, part="frames"))
    steps = difference[np.arange(7) < used[:, None]]
    if steps.size < record.count:
        raise BadMessage(found("bad_record", byte=record.at, part="samples"))
    first, last = words[0, 1:3].astype(np.int32)
    steps = steps[: record.count].copy()
    if not record.count:
        return steps.astype(np.int32)
    # The first difference is to the last sample of the record before.
    steps[0] = first
    samples = np.cumsum(steps).astype(np.int32)
    if samples[-1] != last:
        raise BadMessage(found("wrong_last_sample", byte=record.at, found=int(samples[-1]), expected=int(last)))
    return samples


def _layouts(
    codes: NDArray[np.int64], top: NDArray[np.int64], encoding: int
) -> Iterator[tuple[NDArray[np.bool_], int, int]]:
    """Which words hold how many differences of how many bits."""
    yield codes == 1, 4, 8
    if encoding == STEIM1:
        yield codes == 2, 2, 16
        yield codes == 3, 1, 32
        return
    for code, nibble, number, bits in (
        (2, 1, 1, 30),
        (2, 2, 2, 15),
        (2, 3, 3, 10),
        (3, 0, 5, 6),
        (3, 1, 6, 5),
        (3, 2, 7, 4),
    ):
        yield (codes == code) & (top == nibble), number, bits


def _unpack(
    difference: NDArray[np.int64], used: NDArray[np.int64], words: NDArray[np.int64], chosen: NDArray[np.bool_],
    number: int, bits: int,
) -> None:  # fmt: skip
    word = words[chosen]
    for at in range(number):
        value = (word >> (bits * (number - 1 - at))) & ((1 << bits) - 1)
        difference[chosen, at] = np.where(value >= 1 << (bits - 1), value - (1 << bits), value)
    used[chosen] = number


@dataclass(frozen=True, slots=True)
class Part:
    """Samples of one channel without a gap."""

    source: str
    start_us: int
    rate_hz: float
    samples: NDArray[np.int32] | NDArray[np.float64]


def joined(records: Iterable[Record]) -> list[Part]:
    """The samples of all records, in time order of each channel, cut where a gap, an overlap or another rate is.

    Records that follow one another within half a sample belong together. Raises BadMessage as `Record.samples` does.
    """
    parts: list[Part] = []
    waiting: list[Record] = []
    order = sorted((one for one in records if one.count and one.rate_hz), key=lambda one: (one.source, one.start_us))
    for one in order:
        if waiting and not _follows(waiting[-1], one):
            parts.append(_part(waiting))
            waiting = []
        waiting.append(one)
    return [*parts, _part(waiting)] if waiting else parts


def _follows(before: Record, after: Record) -> bool:
    step = 1e6 / before.rate_hz
    same = (before.source, before.rate_hz) == (after.source, after.rate_hz)
    return same and abs(after.start_us - before.end_us - step) <= step / 2


def _part(records: list[Record]) -> Part:
    first = records[0]
    return Part(first.source, first.start_us, first.rate_hz, np.concatenate([one.samples() for one in records]))
