"""What all codecs of devices promise: cuts change nothing, nothing grows, nothing comes out but their own faults."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from anlan.formats import geohazard, hj212, jt808, modbus, nmea, senml, sl651
from anlan.formats.devices import FAULTS, BadFrame, Joiner
from benchmarks import codecs
from benchmarks.codecs import CODECS, Codec, mutated
from tests.formats import device_frames as frames
from tests.formats.mapfiles import recording

STREAMS: dict[str, tuple[type, Callable[[], list[bytes]]]] = {
    "hj212": (
        hj212.Reader,
        lambda: [*frames.hj212_frames(), *(f"{one}\r\n".encode() for one in frames.HJ212.values())],
    ),
    "sl651": (sl651.Reader, lambda: [*frames.sl651_frames(), *frames.SL651.values()]),
    "jt808": (jt808.Reader, lambda: [*frames.jt808_frames(), *frames.JT808.values()]),
    "nmea": (nmea.Reader, lambda: list(frames.NMEA.values())),
    "modbus": (modbus.Reader, lambda: list(frames.MODBUS.values())),
}


def outcome(reader: Any, pieces: Iterable[bytes]) -> tuple[list[Any], dict[str, int]]:
    found = [thing for piece in pieces for thing in reader.feed(piece)]
    return found + reader.close(), dict(reader.counts)


def dirty(some: list[bytes], seed: int) -> bytes:
    """Frames in any order, with noise, halves and doubled frames between them."""
    draw = random.Random(seed)
    parts: list[bytes] = []
    for frame in draw.sample(some, min(len(some), 12)):
        parts.append(draw.choice([b"", b"", draw.randbytes(5), frame[: len(frame) // 2], frame, b"\x7e", b"##"]))
        parts.append(frame)
    return b"".join(parts)


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("strict", [False, True])
def test_a_cut_at_any_byte_changes_nothing(name, strict):
    reader, some = STREAMS[name]
    for frame, following in zip(some(), some()[1:], strict=False):
        data = frame + following
        expected = outcome(reader(strict=strict), [data])
        step = max(1, len(data) // 60)
        for at in range(0, len(data) + 1, step):
            assert outcome(reader(strict=strict), [data[:at], data[at:]]) == expected, (frame, at)


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("seed", range(4))
def test_a_dirty_stream_is_the_same_byte_by_byte_in_chunks_and_whole(name, seed):
    reader, some = STREAMS[name]
    data = dirty(some(), seed)
    expected = outcome(reader(), [data])
    assert outcome(reader(), [data[at : at + 1] for at in range(len(data))]) == expected
    draw = random.Random(seed)
    cuts = sorted(draw.sample(range(len(data)), min(20, len(data) - 1)))
    assert outcome(reader(), [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]) == expected


@pytest.mark.parametrize("name", ["hj212", "sl651", "jt808", "nmea"])
@pytest.mark.parametrize("byte", [b"\x00", b"#", b"~", b"0", b"\r", b"$", b"}"])
def test_noise_without_end_is_held_only_up_to_a_frame(name, byte):
    reader = STREAMS[name][0]()
    given = 0
    for _chunk in range(40):
        given += sum(len(bad.raw) for bad in reader.feed(byte * 4000) if isinstance(bad, BadFrame))
        assert len(reader._held) + len(reader._garbage) <= 12_000
    assert sum(len(bad.raw) for bad in reader.close()) + given <= 160_000


@pytest.mark.parametrize("name", ["hj212", "sl651", "jt808"])
def test_after_noise_without_end_the_next_frame_is_read(name):
    stream = STREAMS[name][0]()
    stream.feed(random.Random(7).randbytes(50_000))
    good = {"hj212": frames.HJ212["H2"].encode() + b"\r\n", "sl651": frames.SL651["S1"], "jt808": frames.JT808["J1"]}
    found = [thing for _try in range(3) for thing in stream.feed(good[name])] + stream.close()
    assert sum(not isinstance(thing, BadFrame) for thing in found) >= 2


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_mutated_frames_raise_nothing_but_faults_of_the_format(codec: Codec):
    """200,000 frames over all codecs; every fault that is counted has a meaning."""
    recording("protocols")
    met: set[str] = set()
    count = 0
    for stream, number in mutated(codec, seed=3):
        met |= set(codec.digest(stream, strict=count // number % 3 == 2))
        count += number
        if count >= 200_000 // len(CODECS):
            break
    assert met <= set(FAULTS)
    assert met


@pytest.mark.parametrize(
    ("name", "between"), [("hj212", b"\r\n"), ("sl651", b""), ("jt808", b"\x7e"), ("modbus", b""), ("nmea", b"\r\n")]
)
def test_no_byte_is_lost(name, between):
    """What comes out, good and bad, is what went in, but for the signs that part the frames."""
    (codec,) = [codec for codec in CODECS if codec.name == name]
    recording("protocols")
    for stream, _number in itertools.islice(mutated(codec, seed=11, each=8), 150):
        found, _counts = outcome(codec.reader(), [stream])
        assert b"".join(thing.raw for thing in found).translate(None, between) == stream.translate(None, between)


def test_a_joiner_is_bounded_in_messages_bytes_and_age():
    joiner = Joiner(most_open=3, most_bytes=100, max_age_ms=1000)
    for key in range(5):
        assert joiner.add(key, 2, 1, b"x" * 20, at_ms=key) is None
    assert [lost.key for lost in joiner.lost(5)] == [0, 1]
    assert joiner.add("long", 3, 1, b"y" * 70, at_ms=6) is None
    assert [lost.key for lost in joiner.lost(6)] == [2, 3]
    assert joiner.add(4, 2, 2, b"z", at_ms=7) == [b"x" * 20, b"z"]
    assert [lost.key for lost in joiner.lost(1007)] == ["long"]
    assert joiner.counts == {"lost_parts": 5}


def test_a_joiner_refuses_impossible_parts_and_begins_anew_when_a_part_differs():
    joiner = Joiner()
    assert joiner.add("a", 2, 3, b"", at_ms=0) is None
    assert joiner.add("a", 0, 0, b"", at_ms=0) is None
    assert joiner.add("b", 2, 1, b"old", at_ms=0) is None
    assert joiner.add("b", 2, 1, b"new", at_ms=1) is None
    assert joiner.add("b", 2, 2, b"end", at_ms=2) == [b"new", b"end"]
    assert joiner.counts == {"lost_parts": 3}


def test_every_recorded_stream_is_the_same_cut_at_every_byte():
    recording("protocols")
    assert codecs.main(["codec-split"]) == 0


def test_payload_codecs_have_the_shape_of_the_others():
    for module in (geohazard, senml):
        reader = module.Reader(strict=True)
        assert reader.feed(b"?")[0].kind == "not_json"
        assert reader.close() == []
        assert reader.counts == {"not_json": 1}


def test_the_example_of_the_guide_runs_as_it_stands(capsys):
    guide = (Path(__file__).parents[2] / "docs/how-to/read-device-frames.md").read_text(encoding="utf-8")
    exec(guide.split("```python\n")[1].split("```")[0], {})
    assert capsys.readouterr().out.splitlines() == [
        "0010100001 PJ 13.0 mm good",
        "0010100001 PN05 4.0 mm good",
        "0010100001 Z 0.55 m good",
        "0010100001 VT 12.68 V good",
        "{}",
    ]


def test_parts_that_are_open_when_a_connection_ends_are_given_up_once():
    joiner = Joiner()
    assert joiner.add("a", 3, 2, b"two", at_ms=0) is None
    assert joiner.add("b", 2, 1, b"one", at_ms=0) is None
    assert [(lost.key, lost.parts) for lost in joiner.close()] == [("a", {2: b"two"}), ("b", {1: b"one"})]
    assert joiner.close() == joiner.lost(10**9) == []
    assert joiner.counts["lost_parts"] == 2
