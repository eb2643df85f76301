"""SL 651: the vectors of the fact sheet, every recorded frame, packets and pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from anlan.formats import sl651
from anlan.formats.devices import BadFrame, Joiner, beijing_digits, beijing_ms
from anlan.formats.sl651 import asking
from tests.formats.device_frames import SL651, rows


def one(frame: bytes, *, strict: bool = False):
    reader = sl651.Reader(strict=strict)
    found = reader.feed(frame) + reader.close()
    assert len(found) == 1
    return found[0]


def report(text: str, function: int = 0x32):
    """A report of station 0010100001 sent 2020-07-24 17:23:49, its elements in hex digits."""
    head = "000C" + "200724172349" + "F1F1" + "0010100001" + "48" + "F0F0" + "2007241723"
    return sl651.Message(True, 1, "0010100001", 0xA000, function, bytes.fromhex(head + text))


def said(message) -> list[tuple]:
    return [(value.sensor, value.value, value.unit) for value in sl651.values(message)]


def clock(value) -> str:
    return beijing_digits(value.time_ms)[8:12]


def test_s1_is_a_timed_report_of_rain_stage_and_voltage():
    message = one(SL651["S1"], strict=True)
    assert (message.centre, message.station, message.password) == (1, "0010100001", 0xA000)
    assert (message.function, message.serial, message.sent_ms) == (0x32, 0x000C, beijing_ms("20200724172349"))
    assert said(message) == [("20", 13.0, "mm"), ("22", 4.0, "mm"), ("39", 0.55, "m"), ("38", 12.68, "V")]
    assert {value.time_ms for value in sl651.values(message)} == {beijing_ms("202007241723")}


def test_s2_answers_the_setting_of_a_clock_and_has_no_class():
    message = one(SL651["S2"])
    assert (message.function, message.serial, message.sent_ms) == (0x4A, 0x017A, beijing_ms("20200623102812"))
    assert message.text.hex().upper().endswith("F1F10030960357")
    assert sl651.values(message) == []


def test_s3_is_an_hour_of_rain_and_stage_in_five_minutes_and_a_block_of_quarters():
    message = one(SL651["S3"])
    found = sl651.values(message)
    by_sensor: dict[str, list] = {}
    for value in found:
        by_sensor.setdefault(value.sensor, []).append(value)
    assert message.serial == 0x01F3
    assert {value.device for value in found} == {"0051107461"}
    assert [value.value for value in by_sensor["F4"]] == [0, 0, 0.5, *[0] * 9]
    assert [clock(value) for value in by_sensor["F4"]][::11] == ["1105", "1200"]
    assert [value.value for value in by_sensor["F5"]] == [7.24, 7.24, *[7.97] * 10]
    assert [(by_sensor[one][0].value, clock(by_sensor[one][0])) for one in ("26", "39", "20")] == [
        (3.0, "1200"),
        (7.97, "1200"),
        (0.5, "1200"),
    ]
    assert by_sensor["38"][0].value == 12.07
    blocks = [element for element in sl651.elements(message) if element.step_ms == 900_000]
    assert [(f"{block.id:02X}", block.count, len(block.data)) for block in blocks] == [
        ("79", 4, 20),
        ("7D", 4, 20),
        ("F9", 4, 8),
    ]
    # Nobody knows the decimals of 79 and 7D: their bytes are kept, and no number is made of them.
    assert not {"79", "7D"} & set(by_sensor)
    assert [(value.value, clock(value), value.known) for value in by_sensor["F9"]][::3] == [
        (55.69, "1115", False),
        (55.8, "1200", False),
    ]


def test_s4_with_a_wrong_checksum_is_set_aside_in_either_mode():
    for strict in (False, True):
        assert one(SL651["S4"], strict=strict) == BadFrame(("bad_crc",), SL651["S4"])


def test_s5_is_our_answer_to_s1():
    assert sl651.reply(one(SL651["S1"]), at_ms=beijing_ms("20200724172350")) == SL651["S5"]
    answer = one(SL651["S5"], strict=True)
    assert (answer.up, answer.centre, answer.station, answer.end) == (False, 1, "0010100001", sl651.EOT)
    assert sl651.values(answer) == []


def test_recorded_frames_have_the_verdict_of_their_list():
    table = rows("sl651_frames.csv")
    good = 0
    for row in table:
        frame = bytes.fromhex(row["hex"])
        thing = one(frame)
        if isinstance(thing, BadFrame):
            assert (row["crc_ok"], row["len_ok"], thing.kind, thing.raw) == ("False", "False", "truncated", frame)
            continue
        good += 1
        assert (row["crc_ok"], row["len_ok"]) == ("True", "True")
        assert f"{thing.centre:02X}" == row["centre"]
        assert thing.station == row["station"]
        assert f"{thing.password:04X}" == row["password"]
        assert f"{thing.function:02X}" == row["func"]
        assert len(thing.text) + (3 if thing.total else 0) == int(row["declared_body_len"])
        assert bool(thing.total) == (row["start"] == "SYN")
        assert f"{thing.end:02X}" == row["end"].replace("ETX", "03").replace("ETB", "17").zfill(2)
        assert thing.raw == frame == sl651.write(thing)
    assert (len(table), good) == (28, 26)


def test_a_cut_off_frame_among_the_recorded_ones_does_not_harm_its_neighbours():
    table = rows("sl651_frames.csv")
    reader = sl651.Reader()
    found = reader.feed(b"".join(bytes.fromhex(row["hex"]) for row in table)) + reader.close()
    assert [isinstance(thing, BadFrame) for thing in found] == [row["crc_ok"] == "False" for row in table]
    assert reader.counts == {"truncated": 2}


def test_recorded_queries_give_their_readings():
    found = {
        row["func"]: said(one(bytes.fromhex(row["hex"]))) for row in rows("sl651_frames.csv") if row["len_ok"] == "True"
    }
    assert found["37"] == [("20", 1.5, "mm"), ("26", 1.5, "mm"), ("39", 0.122, "m"), ("38", 11.08, "V")]
    assert found["30"] == [("20", 0.5, "mm"), ("26", 0.5, "mm"), ("39", 0.127, "m"), ("38", 11.15, "V")]
    assert found["3A"][:6] == [("F4", 0.5, "mm"), *[("F4", 0.0, "mm")] * 3, ("F4", 2.0, "mm"), ("F4", None, "mm")]
    assert found["44"][0] == ("70", 2200.3, "V")
    assert found["46"] == [("45", 0x400 * 1.0, "")]
    # Settings are no readings, though their identifiers look like those of elements.
    assert found["41"] == found["42"] == found["43"] == found["49"] == []


def test_the_packets_of_a_recorded_picture_wait_for_those_that_are_missing():
    joiner = Joiner()
    packets = [one(bytes.fromhex(row["hex"])) for row in rows("sl651_frames.csv") if row["start"] == "SYN"]
    assert {packet.total for packet in packets} == {13}
    assert all(sl651.join(joiner, packet, at_ms=0) is None for packet in packets)
    (lost,) = joiner.lost(10_000_000)
    assert set(lost.parts) == {packet.number for packet in packets}


def test_a_picture_in_packets_is_put_together_in_any_order():
    picture = bytes(range(256)) * 20
    whole = report("F3F3" + picture.hex(), function=0x36)
    packets = sl651.split(whole, 500)
    assert [packet.end for packet in packets] == [sl651.ETB] * (len(packets) - 1) + [sl651.ETX]
    joiner = Joiner()
    frames = [one(sl651.write(packet), strict=True) for packet in packets]
    with pytest.raises(ValueError, match="whole message"):
        sl651.reply(frames[1], at_ms=0)
    assert sl651.values(frames[0]) == []
    assert [sl651.join(joiner, frame, at_ms=0) for frame in frames[:0:-1]] == [None] * (len(frames) - 1)
    joined = sl651.join(joiner, frames[0], at_ms=0)
    (element,) = sl651.elements(joined)
    assert (element.id, element.data) == (0xF3, picture)


@pytest.mark.parametrize(
    ("element", "value", "quality"),
    [
        ("3923FFFFFFFF", None, "missing"),
        ("0319FF0123", -12.3, "good"),
        ("2019AAAAAA", None, "unreadable"),
        ("452000000043", 67.0, "good"),
    ],
)
def test_missing_negative_and_broken_data_are_told_apart(element, value, quality):
    (found,) = sl651.values(report(element))
    assert (found.value, found.quality) == (value, quality)


def test_an_identifier_of_no_book_passes_and_is_marked():
    inner, extended = sl651.values(report("81120123" + "FF3A120456"))
    assert (inner.sensor, inner.raw, inner.value, inner.unit, inner.known) == ("81", "8112", 1.23, "", False)
    assert (extended.sensor, extended.raw, extended.value, extended.known) == ("FF3A", "FF3A12", 4.56, False)


def test_data_that_run_over_the_end_are_kept_and_no_number_is_made_of_them():
    message = report("38121268" + "3923000005")
    assert said(message) == [("38", 12.68, "V")]
    assert sl651.elements(message)[-1].data.hex() == "3923000005"


@pytest.mark.parametrize(("step", "minutes"), [("0F", 15), ("15", 15), ("05", 5), ("10", 10), ("14", 20), ("17", 0)])
def test_a_step_is_read_as_what_divides_the_hour(step, minutes):
    opening = "000C" + f"200724{12 + 3 * minutes // 60:02d}{3 * minutes % 60:02d}30" + "F1F1" + "0010100001" + "48"
    block = "F0F0" + "2007241200" + "04180000" + step + "F9F9" + "15C1" * 4 + "38121268"
    found = sl651.elements(
        sl651.Message(True, 1, "0010100001", 0, 0x34, bytes.fromhex(opening + block)),
    )
    if minutes:
        stages, voltage = found
        assert (stages.count, stages.step_ms, voltage.data.hex()) == (4, minutes * 60_000, "1268")
    else:
        # 23 or 17 minutes: neither can be meant, so the block has no form and nothing is made of it.
        assert [element.definition for element in found] == [-1]


def test_a_relay_speaks_for_the_station_that_the_text_names():
    text = report("38121268").text.replace(bytes.fromhex("0010100001"), bytes.fromhex("0099999999"))
    (value,) = sl651.values(sl651.Message(True, 1, "0010100001", 0, 0x32, text))
    assert value.device == "0099999999"


def test_garbage_between_frames_is_given_out_and_counted():
    reader = sl651.Reader()
    found = reader.feed(b"\x7e\x00garbage" + SL651["S1"] + b"\x7e\x7e\x7e" + SL651["S2"]) + reader.close()
    assert [getattr(thing, "kind", "message") for thing in found] == ["garbage", "message", "garbage", "message"]
    assert reader.counts == {"garbage": 2}


def test_the_code_book_has_the_elements_of_annex_c():
    assert sl651.meaning(0x39) == sl651.Meaning("Z", "m", "瞬时河道水位")
    assert sl651.meaning(0x1F).symbol == "PD"
    assert sl651.meaning(0x79) is None


@given(
    up=st.booleans(),
    centre=st.integers(0, 255),
    station=st.integers(0, 10**10 - 1).map("{:010d}".format),
    password=st.integers(0, 0xFFFF),
    function=st.integers(0, 255),
    text=st.binary(max_size=300),
    end=st.sampled_from([sl651.ETX, sl651.ETB, sl651.ENQ, sl651.EOT, sl651.ACK, sl651.NAK, sl651.ESC]),
    part=st.sampled_from([(0, 0), (1, 1), (13, 4), (4095, 4095)]),
)
def test_what_is_written_is_read_back_exactly(up, centre, station, password, function, text, end, part):
    message = sl651.Message(up, centre, station, password, function, text, end, *part)
    frame = sl651.write(message)
    read = one(frame, strict=True)
    assert (read.up, read.centre, read.station, read.password) == (up, centre, station, password)
    assert (read.function, read.text, read.end, (read.total, read.number)) == (function, text, end, part)
    assert sl651.write(read) == frame


def test_frames_of_the_field_have_the_readings_that_their_readers_found():
    lines = (Path(__file__).parent / "sl651_field.txt").read_text(encoding="utf-8").splitlines()
    rows_of = [line.split() for line in lines if line and not line.startswith("#")]
    assert len(rows_of) == 33
    for function, number, digits in rows_of:
        # Some devices end a frame with one more 7E.
        data = bytes.fromhex(digits)
        reader = sl651.Reader()
        message, *rest = reader.feed(data) + reader.close()
        assert [bad.raw for bad in rest] in ([], [b"\x7e"]), digits
        assert f"{message.function:02X}" == function
        assert len(sl651.values(message)) == int(number), digits
        assert sl651.write(message) == message.raw


def test_frames_of_the_field_that_end_with_one_more_flag_do_not_disturb_each_other():
    lines = (Path(__file__).parent / "sl651_field.txt").read_text(encoding="utf-8").splitlines()
    frames = [bytes.fromhex(line.split()[2]) for line in lines if line and not line.startswith("#")]
    reader = sl651.Reader()
    found = reader.feed(b"".join(frames)) + reader.close()
    assert sum(not isinstance(thing, BadFrame) for thing in found) == len(frames)
    assert {bad.raw for bad in found if isinstance(bad, BadFrame)} == {b"\x7e"}


def test_an_even_report_names_its_element_once_and_has_twelve_values():
    report = one(bytes.fromhex(
        "7E7E011000000006000031004E022F7E221205110019F1F1100000000648F0F022120510050418000005392300028960"
        "0002896000028960000289600002896000028960000289600002896000028960000289600002896000028960035B94"
    ))  # fmt: skip
    found = sl651.values(report)
    assert [(value.sensor, value.value) for value in found] == [("39", 28.96)] * 12
    assert [clock(value) for value in found][::11] == ["1005", "1100"]


def even(row: str):
    text = "000C" + "220724130030" + "F1F1" + "0010100001" + "48" + "F0F0" + "2207241205" + "0418000005" + row
    return sl651.Message(True, 1, "0010100001", 0, 0x31, bytes.fromhex(text))


def test_a_row_whose_values_look_like_elements_is_never_read_as_elements():
    # 0x10 with definition 0x11 would be soil moisture of 2 bytes; here these are digits of stages.
    assert said(even("3923" + "10110123" + "10110123")) == []  # both ways are possible: nothing is made of it
    assert [value.value for value in sl651.values(even("3923" + "00005678" * 3))] == [5.678] * 3
    assert [value.value for value in sl651.values(even("3923" + "00005678" + "FFFFFFFF"))] == [5.678, None]
    # A row of two elements has no form that is certain.
    assert said(even("3923" + "00005678" * 2 + "3812" + "1260" * 2)) == []
    # One value behind a step is what it says.
    assert said(even("3923" + "00005678")) == [("39", 5.678, "m")]
    # Elsewhere than in an even report elements follow one another as usual.
    hourly = replace(even("3923" + "00005678" + "38121260"), function=0x34)
    assert said(hourly) == [("39", 5.678, "m"), ("38", 12.6, "V")]


def test_an_hour_whose_definition_is_mistyped_keeps_what_stands_behind_it():
    message = report("F55C" + "0A2D" * 11 + "FFFF" + "392300002896")
    found = sl651.values(message)
    assert [value.value for value in found] == [26.05] * 11 + [None, 2.896]
    assert {value.known for value in found if value.sensor == "F5"} == {False}


# -- what a centre asks ------------------------------------------------------------------------------------------------

AT = beijing_ms("20200623102812") or 0


def test_the_clock_is_set_by_a_question_whose_answer_is_s2():
    heard = one(SL651["S2"])
    asked = one(asking.set_clock(heard, serial=0x017A, at_ms=AT), strict=True)
    assert (asked.up, asked.function, asked.end, asked.serial, asked.sent_ms) == (False, 0x4A, sl651.ENQ, 0x017A, AT)
    assert (asked.centre, asked.station, asked.password) == (heard.centre, heard.station, heard.password)
    # The answer is the same text and the station behind it.
    assert heard.text == asked.text + bytes.fromhex("F1F1" + heard.station)


def test_a_span_is_asked_for_in_hours_with_step_and_element():
    heard = one(SL651["S1"])
    span = {"from_ms": AT - 7_200_000, "to_ms": AT}
    asked = one(asking.ask_span(heard, serial=1, at_ms=AT, element=0x39, step_min=60, **span), strict=True)
    assert asked.text.hex().upper() == "0001" + "200623102812" + "20062308" + "20062310" + "0418000100" + "3923"
    for step, code in ((5, "000005"), (1440, "010000")):
        text = one(asking.ask_span(heard, serial=1, at_ms=AT, element=0x20, step_min=step, **span)).text
        assert text.hex().upper().endswith("0418" + code + "2019")


def test_a_station_is_asked_in_its_coding_and_in_characters_for_the_clock_only():
    heard = replace(one(SL651["S1"]), coding=sl651.ASCII)
    asked = one(asking.set_clock(heard, serial=0x017A, at_ms=AT), strict=True)
    assert (asked.coding, asked.text, asked.end) == (sl651.ASCII, b"017A200623102812", sl651.ENQ)
    assert (asked.up, asked.function, asked.serial, asked.sent_ms) == (False, 0x4A, 0x017A, AT)
    assert (asked.centre, asked.station, asked.password) == (heard.centre, heard.station, heard.password)
    with pytest.raises(ValueError, match="no span in ASCII"):
        asking.ask_span(heard, serial=1, at_ms=AT, from_ms=AT - 7_200_000, to_ms=AT, element=0x39, step_min=60)


@pytest.mark.parametrize("wrong", [{"element": 0x99}, {"step_min": 7}, {"to_ms": AT - 8_000_000}])
def test_what_cannot_be_asked_for_is_no_question(wrong: dict[str, int]):
    given = {"serial": 1, "at_ms": AT, "from_ms": AT - 7_200_000, "to_ms": AT, "element": 0x39, "step_min": 60}
    with pytest.raises(ValueError, match="no span"):
        asking.ask_span(one(SL651["S1"]), **given | wrong)


def test_the_answer_to_a_span_is_a_row_of_values_a_step_apart():
    rows = "0418000100" + "3923" + "00000550" + "FFFFFFFF" + "FF000120" + "00000610"
    found = sl651.values(report(rows, 0x38))
    assert [(clock(value), value.value, value.quality) for value in found] == [
        ("1723", 0.55, "good"), ("1823", None, "missing"), ("1923", -0.12, "good"), ("2023", 0.61, "good"),
    ]  # fmt: skip
    assert {(value.sensor, value.unit) for value in found} == {("39", "m")}
    # Nowhere else: there FF may as well begin an extended element, and nothing is made of it.
    assert sl651.values(report(rows, 0x32)) == sl651.values(report(rows, 0x31)) == []


def test_the_answer_to_a_span_of_rain_in_five_minutes_is_whole_hours():
    hour = "000005" + "00" * 9
    found = sl651.values(report("0418000005" + "F460" + hour * 2, 0x38))
    assert len(found) == 24
    assert [value.value for value in found if value.value] == [0.5, 0.5]
    assert clock(found[13]) == "1828"


@pytest.mark.parametrize(
    "rows",
    [
        "0418000100" + "3923" + "00000550" + "0000",  # half a value
        "0418000100" + "3923" + "00000550" + "F0F02007" + "24182339",  # another time between: not certain
        "0418000100" + "3923" + "0000055A" + "00000610",  # no digits
        "0418000000" + "3923" + "00000550" + "00000610",  # no step
        "0418000100" + "3903" + "00000550",  # no width
        "0418000005" + "F460" + "00" * 13,  # no whole hour
        "0418000100" + "3923",  # nothing
    ],
)
def test_an_answer_to_a_span_that_is_not_certain_gives_no_value(rows: str):
    assert sl651.values(report(rows, 0x38)) == []


@pytest.mark.parametrize(
    ("step", "minutes"), [("000100", 60), ("001200", 720), ("010000", 1440), ("000010", 10), ("00000A", 10)]
)
def test_steps_in_minutes_hours_or_a_day(step: str, minutes: int):
    first, second = sl651.values(report("0418" + step + "3923" + "00000550" * 2, 0x38))
    assert (second.time_ms - first.time_ms) == minutes * 60_000


def test_a_series_that_is_cut_off_is_no_rain():
    """Its identifier stands where the first value would: F4 read as a value would be 24.4 mm in five minutes."""
    assert sl651.values(report("F460" + "05" * 11)) == []
    assert sl651.values(report("F458" + "05" * 11)) == []
