"""SL 651 in ASCII coding, built field by field after the tables of the standard, never by the writer under test."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.formats import sl651
from anlan.formats.devices import BadFrame, Joiner, beijing_digits, beijing_ms
from tests.formats.device_frames import SL651


def crc(data: bytes) -> int:
    """CRC-16/MODBUS bit by bit, from its definition."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _bit in range(8):
            register = (register >> 1) ^ (0xA001 if register & 1 else 0)
    return register


def frame(text: str, *, function: str = "32", direction: str = "0", station: str = "1000000006", password: str = "04D2",
          start: bytes = b"\x02", end: bytes = b"\x03", length: int | None = None) -> bytes:  # fmt: skip
    """Table 16: 01, centre 2, station 10, password 4, function 2, direction 1 and length 3, text, end, checksum 4."""
    addresses = "01" + station if direction == "0" else station + "01"
    head = f"{addresses}{password}{function}{direction}{len(text) if length is None else length:03X}"
    content = b"\x01" + head.encode() + start + text.encode("latin-1") + end
    return content + f"{crc(content):04X}".encode()


#: An even report as an independent codec has it in its tests: a step of five minutes and twelve stages.
EVEN = frame(
    "0001220510050000ST 1000000006 48 TT 2205100500 DRN05 005 "
    "DRZ1 28.96 28.96 28.97 28.98 28.99 29.00 29.01 29.02 29.03 29.04 29.05 29.06",
    function="31", password="0000",
)  # fmt: skip
TIMED = frame("000C200724172349ST 1000000006 H TT 2007241723 PJ 13.0 PN05 4.0 Z 0.550 VT 12.68")
FRAMES = (
    EVEN,
    TIMED,
    frame("0010220510050000", function="2F"),
    frame("0011220510050000ST 1000000006 P TT 2205100500 PD 12.5", end=b"\x17"),
    frame("000C200724172350", direction="8", end=b"\x04"),
    frame("002001" + "0012220510050000ST 1000000006 H TT 2205100500 Z 1.0", start=b"\x16"),
    frame("0013220510050000ST 1000000006 H F3F3" + "".join(map(chr, range(32))) * 3, function="36"),
    frame("0014220510050000ST 1000000006 H TT 2205100500 Z 3.5", length=9),
)


def one(data: bytes, *, strict: bool = False):
    reader = sl651.Reader(strict=strict)
    found = reader.feed(data) + reader.close()
    assert len(found) == 1, found
    return found[0]


def said(message) -> list[tuple]:
    return [(value.sensor, value.value, value.unit, value.quality) for value in sl651.values(message)]


def outcome(pieces, *, strict: bool = False):
    reader = sl651.Reader(strict=strict)
    found = [thing for piece in pieces for thing in reader.feed(piece)]
    return found + reader.close(), dict(reader.counts)


def test_an_even_report_of_another_codec_is_twelve_stages_in_steps_of_five_minutes():
    message = one(EVEN, strict=True)
    assert (message.coding, message.centre, message.station, message.function) == ("ascii", 1, "1000000006", 0x31)
    assert (message.serial, message.sent_ms) == (1, beijing_ms("20220510050000"))
    found = sl651.values(message)
    assert [value.value for value in found][::11] == [28.96, 29.06]
    assert [value.value for value in found][1:5] == [28.96, 28.97, 28.98, 28.99]
    assert [beijing_digits(value.time_ms)[8:12] for value in found][::11] == ["0500", "0555"]
    # The same point takes it whichever coding the station speaks; how it is written no device has shown.
    assert {(value.sensor, value.unit, value.known) for value in found} == {("F5", "m", False)}


def test_a_timed_report_says_the_same_as_s1_in_the_other_coding():
    message, other = one(TIMED, strict=True), one(SL651["S1"])
    assert (message.password, message.function, message.serial) == (0x04D2, other.function, other.serial)
    assert said(message) == said(other)
    assert [value.time_ms for value in sl651.values(message)] == [value.time_ms for value in sl651.values(other)]
    assert all(value.known for value in sl651.values(message))


def test_the_answer_has_the_coding_of_the_report():
    answer = sl651.reply(one(TIMED), at_ms=beijing_ms("20200724172350"))
    assert answer == frame("000C200724172350", direction="8", end=b"\x04")
    assert sl651.reply(one(SL651["S1"]), at_ms=beijing_ms("20200724172350")) == SL651["S5"]


@pytest.mark.parametrize("strict", [False, True])
def test_a_cut_at_any_byte_changes_nothing_with_both_codings_in_one_stream(strict):
    stream = list(FRAMES)
    stream[2:2] = [SL651["S1"], SL651["S4"]]
    for first, second in itertools.pairwise([*stream, SL651["S2"], stream[0]]):
        data = first + second
        expected = outcome([data], strict=strict)
        for at in range(len(data) + 1):
            assert outcome([data[:at], data[at:]], strict=strict) == expected, (first, second, at)
        assert outcome([data[at : at + 1] for at in range(len(data))], strict=strict) == expected


@pytest.mark.parametrize("seed", range(30))
def test_a_dirty_stream_of_both_codings_is_the_same_however_it_is_cut_and_no_byte_is_lost(seed):
    draw = random.Random(seed)
    parts = []
    for _frame in range(12):
        good = bytearray(draw.choice([*FRAMES, SL651["S1"], SL651["S2"]]))
        if draw.random() < 0.4:
            good[draw.randrange(len(good))] = draw.choice(b"\x00\x01\x02\x03\x7e0A\xff")
        cut = draw.randrange(len(good)) if draw.random() < 0.3 else len(good)
        parts += [bytes(good[:cut]), draw.choice([b"", b"", b"\x01", b"\x7e", b"\x0101", draw.randbytes(6)])]
    data = b"".join(parts)
    expected = outcome([data])
    assert b"".join(thing.raw for thing in expected[0]) == data
    assert outcome([data[at : at + 1] for at in range(len(data))]) == expected
    for _way in range(5):
        cuts = sorted(draw.sample(range(len(data)), 9))
        assert outcome([data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]) == expected


def test_a_wrong_checksum_is_never_data_and_harms_no_neighbour():
    broken = TIMED[:-1] + b"0"
    reader = sl651.Reader()
    found = reader.feed(broken + TIMED + SL651["S1"]) + reader.close()
    assert [getattr(thing, "kind", "good") for thing in found] == ["bad_crc", "good", "good"]
    assert found[0].raw == broken


def test_a_frame_cut_off_in_its_middle_does_not_swallow_the_next():
    reader = sl651.Reader()
    found = reader.feed(TIMED[:50] + TIMED + TIMED[:50] + SL651["S1"]) + reader.close()
    assert [getattr(thing, "kind", "good") for thing in found] == ["truncated", "good", "truncated", "good"]


def test_a_length_counted_wrong_is_read_with_a_note_and_strict_sets_it_aside():
    # Whether the length counts signs is not verified; the end and the checksum are.
    odd = FRAMES[-1]
    message = one(odd)
    assert (message.notes, said(message)) == (("length_mismatch",), [("39", 3.5, "m", "good")])
    assert one(odd, strict=True) == BadFrame(("length_mismatch",), odd)


def test_bytes_of_a_picture_that_look_like_an_end_do_not_end_the_frame():
    message = one(FRAMES[-2], strict=True)
    assert (message.function, message.text[-1]) == (0x36, 31)
    assert sl651.values(message) == []


def test_a_message_in_packets_is_joined_and_codings_are_never_mixed():
    text = "0012220510050000ST 1000000006 H TT 2205100500 Z 12.345 VT 12.6"
    joiner = Joiner()
    first = one(frame("002001" + text[:30], start=b"\x16", end=b"\x17"))
    second = one(frame("002002" + text[30:], start=b"\x16"))
    alien = one(sl651.write(sl651.Message(True, 1, "1000000006", 0x04D2, 0x32, b"xx", 0x03, 2, 2)))
    assert sl651.join(joiner, first, at_ms=0) is None
    assert sl651.join(joiner, alien, at_ms=1) is None
    whole = sl651.join(joiner, second, at_ms=2)
    assert said(whole) == [("39", 12.345, "m", "good"), ("38", 12.6, "V", "good")]
    assert whole.serial == 0x12


def test_packets_counted_in_decimal_beyond_nine_are_lost_and_never_put_together_wrongly():
    joiner = Joiner()
    packets = [frame(f"012{number:03d}x", start=b"\x16", end=b"\x17") for number in range(1, 13)]
    assert [sl651.join(joiner, one(packet), at_ms=0) for packet in packets] == [None] * 12
    assert [sorted(lost.parts) for lost in joiner.lost(10**7)] == [[*range(1, 10), 0x10, 0x11, 0x12]]


@pytest.mark.parametrize(
    ("words", "readings"),
    [
        ("Z -0.345", [("39", -0.345, "m", "good")]),
        ("z 1.2 ph 7.1", [("39", 1.2, "m", "good"), ("46", 7.1, "", "good")]),
        ("Z FFFF VT 12.6", [("39", None, "m", "missing"), ("38", 12.6, "V", "good")]),
        ("Z 1.2.3", [("39", None, "m", "unreadable")]),
        ("ZT 00000043", [("45", 67.0, "", "good")]),
        ("ZT 67", [("45", None, "", "unreadable")]),
        ("ABC 4.5", [("ABC", 4.5, "", "good")]),
        ("Z nan", [("39", None, "m", "unreadable")]),
        ("Z 1e5", [("39", None, "m", "unreadable")]),
        # A row without a step: nobody knows when; nothing is made of it, and what follows is read.
        ("Z 1.0 2.0 3.0 VT 12.6", [("38", 12.6, "V", "good")]),
        # Something that is no symbol ends the list.
        ("VT 12.6 %% Z 1.0", [("38", 12.6, "V", "good")]),
        ("VT 12.6 Z", [("38", 12.6, "V", "good")]),
        ("", []),
    ],
)
def test_words_are_read_as_far_as_they_are_certain(words, readings):
    assert said(one(frame(f"0001220510050000ST 1000000006 H TT 2205100500 {words}"))) == readings


def test_an_hour_in_signs_of_the_other_coding_is_told_from_numbers():
    head = "0001220510060000ST 1000000006 H TT 2205100505 "
    found = sl651.values(one(frame(f"{head}DRP 000005000000000000000000".replace("000005", "00FF05", 1))))
    assert [value.value for value in found][:3] == [0.0, None, 0.5]
    assert [beijing_digits(value.time_ms)[8:12] for value in found][::11] == ["0505", "0600"]
    assert len(found) == 12
    numbers = sl651.values(one(frame(head + "DRP " + " ".join(["0.5"] * 12))))
    assert [value.value for value in numbers] == [0.5] * 12


def test_a_relay_speaks_for_the_station_that_the_text_names():
    (value,) = sl651.values(one(frame("0001220510050000ST 0099999999 H TT 2205100500 Z 1.0")))
    assert value.device == "0099999999"


def test_settings_are_no_readings():
    assert said(one(frame("0001220510050000ST 1000000006 01 01 02 05", function="41"))) == []


@pytest.mark.parametrize("byte", [b"\x01", b"\x010", b"\x01" + b"0" * 22 + b"\x02"])
def test_noise_that_looks_like_beginnings_is_bounded(byte):
    reader = sl651.Reader()
    for _chunk in range(60):
        reader.feed(byte * 500)
        assert len(reader._held) + len(reader._garbage) <= 12_000
    assert any(not isinstance(thing, BadFrame) for thing in reader.feed(TIMED * 3) + reader.close())


@given(
    up=st.booleans(),
    centre=st.integers(0, 255),
    station=st.integers(0, 10**10 - 1).map("{:010d}".format),
    password=st.integers(0, 0xFFFF),
    function=st.integers(0, 255),
    text=st.text("0123456789ABCDEF .-+TZ", max_size=300).map(str.encode),
    end=st.sampled_from([sl651.ETX, sl651.ETB, sl651.ENQ, sl651.EOT, sl651.ACK, sl651.NAK, sl651.ESC]),
    part=st.sampled_from([(0, 0), (1, 1), (13, 4), (4095, 4095)]),
)
def test_what_is_written_is_read_back_exactly(up, centre, station, password, function, text, end, part):
    message = sl651.Message(up, centre, station, password, function, text, end, *part, coding=sl651.ASCII)
    written = sl651.write(message)
    read = one(written, strict=True)
    assert (read.up, read.centre, read.station, read.password) == (up, centre, station, password)
    assert (read.function, read.text, read.end, (read.total, read.number)) == (function, text, end, part)
    assert read.coding == sl651.ASCII
    assert sl651.write(read) == written
