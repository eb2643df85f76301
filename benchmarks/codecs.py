"""Codecs of device protocols, on frames that were recorded by others.

#: bench: codec-hj212 codec-sl651 codec-jt808 codec-fuzz codec-split

codec-hj212, codec-sl651, codec-jt808
             good recorded frames in a stream of 64 KiB pieces, read to readings in normal form: frames a second of one
             core. Goals 60,000, 100,000 and 100,000.
codec-fuzz   mutated frames over all codecs, two thirds read leniently and one strictly, to readings, fields, answers
             and joined parts: exceptions that are not the format's own, and streams that take longer than 10 s.
             Goal 0. 10 million frames; `--frames N` for another number.
codec-split  recorded streams, bad frames among them, cut in two at every byte, byte by byte, and frame by frame:
             results that differ from the whole. Goal 0.

The recordings come with ANLAN_SHARED_DATA; without them a figure is skipped.
"""

from __future__ import annotations

import csv
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from anlan.formats import geohazard, hj212, jt808, modbus, nmea, senml, sl651
from anlan.formats.checksums import hj212_crc, modbus_crc, xor
from anlan.formats.devices import BadFrame, Joiner
from benchmarks.figure import how_busy, verdict

SHARED = Path(os.environ.get("ANLAN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
PIECE, ROUNDS, SECONDS = 65_536, 7, 1.0
FRAMES, SLOW = 10_000_000, 10.0
NOW = 1_795_000_000_000


class Codec(NamedTuple):
    """One protocol. `digest` reads a stream in every way there is and gives the kinds of faults that it met."""

    name: str
    goal: float
    reader: type
    frames: Callable[..., list[bytes]]
    values: Callable[[Any], list[Any]]
    more: Callable[[Any, Joiner], Any] = lambda _message, _joiner: None

    def digest(self, stream: bytes | list[bytes], *, strict: bool) -> dict[str, int]:
        """Faults by kind of a stream, or of payloads."""
        joiner = Joiner(most_open=16, most_bytes=1 << 16)
        reader = self.reader(strict=strict)
        pieces = [stream] if isinstance(stream, bytes) else stream
        found = [thing for piece in pieces for thing in reader.feed(piece)]
        for thing in found + reader.close():
            if not isinstance(thing, BadFrame):
                self.values(thing)
                self.more(thing, joiner)
        joiner.lost(NOW)
        return dict(reader.counts)


def recorded(name: str, right: str, *, every: bool) -> list[dict[str, str]]:
    """Rows of a table of frames: every one, or those whose checksum is right."""
    with (SHARED / "protocols" / name).open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if every or row[right] == "True"]


def hj212_frames(*, every: bool = False) -> list[bytes]:
    return [row["frame"].encode() + b"\r\n" for row in recorded("hj212_frames.csv", "crc_ok", every=every)]


def sl651_frames(*, every: bool = False) -> list[bytes]:
    return [bytes.fromhex(row["hex"]) for row in recorded("sl651_frames.csv", "crc_ok", every=every)]


def sl651_ascii_frames(*, every: bool = False) -> list[bytes]:
    """Built, not recorded: no frame of a device in ASCII coding is at hand."""
    texts = (
        b"000C200724172349ST 1000000006 H TT 2007241723 PJ 13.0 PN05 4.0 Z 0.550 VT 12.68",
        b"0001220510050000ST 1000000006 H TT 2205100500 DRN05 DRZ1 28.96 28.97 28.98 29.01 ZT 00000043",
        b"0002220510050000ST 1000000006 H TT 2205100405 DRP 00000500000000000000FFFF",
    )
    made = [sl651.Message(True, 1, "1000000006", 0x04D2, 0x32, text, coding=sl651.ASCII) for text in texts]
    packets = sl651.split(made[0], 40)
    return [sl651.write(one) for one in (*made, *packets)] + sl651_frames()[:3]


def jt808_frames(*, every: bool = False) -> list[bytes]:
    return [bytes.fromhex(row["hex"]) for row in recorded("jt808_frames.csv", "checksum_ok", every=every)]


def nmea_frames(*, every: bool = False) -> list[bytes]:
    return [
        b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n",
        b"$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\r\n",
        b"$GPGLL,4916.45,N,12311.12,W,225444,A,*1D\r\n",
    ]


def modbus_frames(*, every: bool = False) -> list[bytes]:
    return [
        modbus.ask(REQUEST, 1),
        modbus.write(modbus.Frame(1, 17, 3, b"\x0a" + bytes(range(10)))),
        modbus.write(modbus.Frame(3, 17, 0x83, b"\x02")),
    ]


def geohazard_frames(*, every: bool = False) -> list[bytes]:
    return [
        b'{"1":{"L1_QJ_1":{"2026-03-14T07:04:03.000Z":{"X":3.15,"Y":-5.14,"angle":-6.03}},"L3_YL_1":{"value":1}}}',
        b'\x10{"1":{"S1_ZT_1":{"ext_power_volt":3.540,"sw_version":"V1","sensor_state":{"L1_JS_1":0,"L1_LF_1":3}}}}',
        b'{"device_id":"a","event_ts":"2025-12-15T10:00:00Z","metrics":{"displacement_mm":1.23,"battery_v":3.92}}',
    ]


def senml_frames(*, every: bool = False) -> list[bytes]:
    return [
        b'[{"bn":"urn:dev:ow:1:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},'
        b'{"n":"current","t":-5,"v":1.2},{"n":"on","vb":true},{"n":"t","vs":"x"}]',
        b'[{"n":"a","v":1,"s":2,"ut":3},{"n":"b","vd":"aGk"}]',
    ]


REQUEST = modbus.plan(
    17, [modbus.Point("a", 3, 0), modbus.Point("b", 3, 1, "f32", "CDAB"), modbus.Point("c", 3, 3, "i32", "DCBA")]
)[0]


def _hj212_more(message: hj212.Message, joiner: Joiner) -> None:
    _ = message.groups
    hj212.join(joiner, message, at_ms=NOW)
    for reply in (hj212.reply_data, hj212.reply_notice, hj212.reply_request, hj212.reply_result):
        reply(message)
    hj212.write(message)


def _sl651_more(message: sl651.Message, joiner: Joiner) -> None:
    whole = sl651.join(joiner, message, at_ms=NOW)
    if whole is not None:
        sl651.values(whole)
    if message.serial is not None:
        sl651.reply(message, at_ms=NOW)
    sl651.write(message)


def _jt808_more(message: jt808.Message, joiner: Joiner) -> None:
    whole = jt808.join(joiner, message, at_ms=NOW)
    if whole is not None:
        jt808.values(whole)
        jt808.fields(whole)
    jt808.reply(message, serial=1)
    jt808.write(message)


CODECS = (
    Codec("hj212", 60_000, hj212.Reader, hj212_frames, hj212.values, _hj212_more),
    Codec("sl651", 100_000, sl651.Reader, sl651_frames, sl651.values, _sl651_more),
    Codec("sl651-ascii", 0, sl651.Reader, sl651_ascii_frames, sl651.values, _sl651_more),
    Codec("jt808", 100_000, jt808.Reader, jt808_frames, jt808.values, _jt808_more),
    Codec("nmea", 0, nmea.Reader, nmea_frames, lambda message: nmea.values(message, "a"), lambda m, _j: nmea.write(m)),
    Codec(
        "modbus",
        0,
        modbus.Reader,
        modbus_frames,
        lambda frame: modbus.values(REQUEST, frame, "a", NOW),
        lambda frame, _joiner: (modbus.registers(frame), modbus.write(frame), modbus.write_rtu(frame)),
    ),
    Codec("geohazard", 0, geohazard.Reader, geohazard_frames, geohazard.values, lambda m, _j: geohazard.write(m)),
    Codec("senml", 0, senml.Reader, senml_frames, lambda m: senml.values(m, NOW), lambda m, _j: senml.write(m)),
)
#: Payloads are whole: they are fed one by one.
PAYLOADS = ("geohazard", "senml")


def rate(codec: Codec) -> tuple[float, float]:
    """Frames and readings a second of one core, the best of some rounds: others use the machine as well."""
    frames = codec.frames()
    blob = b"".join(frames) * (1 + PIECE // sum(map(len, frames)))
    pieces = [blob[at : at + PIECE] for at in range(0, len(blob), PIECE)]
    best = (0.0, 0.0)
    for _round in range(ROUNDS):
        messages = readings = 0
        start = time.process_time()
        spent = 0.0
        while spent < SECONDS:
            reader = codec.reader()
            for piece in pieces:
                for message in reader.feed(piece):
                    if not isinstance(message, BadFrame):
                        readings += len(codec.values(message))
                    messages += 1
            spent = time.process_time() - start
        best = max(best, (messages / spent, readings / spent))
    return best


def mutated(codec: Codec, *, seed: int, each: int = 400) -> Iterator[tuple[Any, int]]:
    """Streams of mutated frames without end, each with the number of its frames.

    A frame is cut, doubled in part, or gets bytes changed; one of three gets its checksum mended afterwards where the
    format has one that this program can write, so that what lies behind the checksum is met as well.
    """
    draw = np.random.default_rng(seed)
    frames = codec.frames()
    fix = _MENDED.get(codec.name)
    while True:
        made: list[bytes] = []
        for place in draw.integers(0, len(frames), each).tolist():
            frame = bytearray(frames[place])
            size = len(frame)
            kind, first, second, times = draw.integers(0, 1 << 30, 4).tolist()
            for _change in range(times % 4):
                frame[first % size] = second & 0xFF
                first, second = first * 31 + 7, second >> 8 | (second & 0xFF) << 22
            if kind % 5 == 0:
                del frame[first % size :]
            elif kind % 5 == 1:
                cut = first % size
                frame[cut:cut] = frame[second % size :][:40]
            elif kind % 5 == 2:
                del frame[first % size : first % size + second % 9]
            changed = bytes(frame)
            made.append(fix(changed) if fix and kind % 3 == 0 else changed)
        yield (made if codec.name in PAYLOADS else b"".join(made)), each


def _mended_hj212(frame: bytes) -> bytes:
    segment = frame[6:-6]
    return b"##%04d%b%04X\r\n" % (len(segment) % 10_000, segment, hj212_crc(segment))


def _mended_sl651(frame: bytes) -> bytes:
    if len(frame) < 17:
        return frame
    content = bytearray(frame[:-2])
    content[11:13] = ((content[11] & 0x80) << 8 | (len(content) - 15) & 0xFFF).to_bytes(2, "big")
    return bytes(content) + modbus_crc(bytes(content)).to_bytes(2, "big")


def _mended_sl651_ascii(frame: bytes) -> bytes:
    if not frame.startswith(b"\x01") or len(frame) < 30:
        return _mended_sl651(frame)
    content = b"%b%03X%b" % (frame[:20], (len(frame) - 29) & 0xFFF, frame[23:-4])
    return content + b"%04X" % modbus_crc(content)


def _mended_jt808(frame: bytes) -> bytes:
    content = frame[1:-2].replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
    if len(content) < 12:
        return frame
    head = 17 if content[2] & 0x40 else 12
    head += 4 if content[2] & 0x20 else 0
    length = max(0, len(content) - head) & 0x3FF
    content = content[:2] + bytes((content[2] & 0xFC | length >> 8, length & 0xFF)) + content[4:]
    content += bytes((xor(content),))
    return b"\x7e" + content.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e"


_MENDED: dict[str, Callable[[bytes], bytes]] = {
    "hj212": _mended_hj212,
    "sl651": _mended_sl651,
    "sl651-ascii": _mended_sl651_ascii,
    "jt808": _mended_jt808,
}


def fuzz(frames: int) -> int:
    """Exceptions and hangs over all codecs; the first of each is shown."""
    wrong = 0
    for seed, codec in enumerate(CODECS):
        done, start = 0, time.perf_counter()
        counts: dict[str, int] = {}
        for stream, number in mutated(codec, seed=seed):
            begun = time.perf_counter()
            try:
                for kind, times in codec.digest(stream, strict=done // number % 3 == 2).items():
                    counts[kind] = counts.get(kind, 0) + times
            except Exception:
                wrong += 1
                print(traceback.format_exc(limit=-3), flush=True)
            wrong += time.perf_counter() - begun > SLOW
            done += number
            if done >= frames // len(CODECS):
                break
        spent = time.perf_counter() - start
        print(f"{codec.name}: {done} frames in {spent:.0f} s; {dict(sorted(counts.items()))}", flush=True)
    return wrong


def outcome(codec: Codec, pieces: list[bytes]) -> tuple[list[Any], dict[str, int]]:
    """What a stream in these pieces gives."""
    reader = codec.reader()
    found = [thing for piece in pieces for thing in reader.feed(piece)]
    return found + reader.close(), dict(reader.counts)


def splits() -> int:
    """Results that differ when a recorded stream is cut."""
    differing = 0
    for codec in CODECS:
        if codec.name in PAYLOADS:
            continue
        frames = codec.frames(every=True)
        tried = 0
        whole = b"".join(frames)
        expected = outcome(codec, [whole])
        for pieces in (frames, [whole[at : at + 1] for at in range(len(whole))]):
            differing += outcome(codec, pieces) != expected
            tried += 1
        for first, second in zip(frames, frames[1:] + frames[:1], strict=True):
            data = first + second
            expected = outcome(codec, [data])
            for at in range(len(data) + 1):
                differing += outcome(codec, [data[:at], data[at:]]) != expected
                tried += 1
        print(f"{codec.name}: {tried} ways of cutting {len(whole)} bytes", flush=True)
    return differing


def main(arguments: list[str]) -> int:
    """Measure and print; 1 when a figure is short."""
    name = arguments[0] if arguments else "codec-hj212"
    if not (SHARED / "protocols").is_dir():
        print(f"{name} skipped: the recordings are not on this machine (ANLAN_SHARED_DATA)")
        return 0
    if name == "codec-fuzz":
        frames = int(arguments[arguments.index("--frames") + 1]) if "--frames" in arguments else FRAMES
        return verdict(name, fuzz(frames), 0, at_most=True)
    if name == "codec-split":
        return verdict(name, splits(), 0, at_most=True)
    (codec,) = [codec for codec in CODECS if name == f"codec-{codec.name}"]
    frames_s, readings_s = rate(codec)
    print(f"{readings_s:.0f} readings a second of one core; {how_busy()}")
    return verdict(name, frames_s, codec.goal)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
