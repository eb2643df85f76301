"""HJ 212: the vectors of the fact sheet, every recorded frame, and what old devices are forgiven."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.formats import hj212
from anlan.formats.checksums import hj212_crc, modbus_crc
from anlan.formats.devices import BadFrame, Joiner, beijing_digits, beijing_ms
from anlan.formats.hj212 import asking, normal
from tests.formats.device_frames import HJ212, rows

QN = "20260706103512345"


def framed(segment: str, *, crc: int | None = None, length: int | None = None) -> bytes:
    data = segment.encode()
    return b"##%04d%b%04X\r\n" % (
        len(data) if length is None else length,
        data,
        hj212_crc(data) if crc is None else crc,
    )


def one(frame: bytes, *, strict: bool = False):
    reader = hj212.Reader(strict=strict)
    found = reader.feed(frame) + reader.close()
    assert len(found) == 1
    return found[0]


def vector(name: str, *, strict: bool = False):
    return one(HJ212[name].encode() + b"\r\n", strict=strict)


def said(message) -> list[tuple]:
    return [(value.sensor, value.value, value.quality) for value in hj212.values(message)]


def test_the_routine_of_the_standard_is_not_the_checksum_of_modbus():
    segment = HJ212["H1"][6:-4].encode()
    assert f"{hj212_crc(segment):04X}" == "1C80"
    assert hj212_crc(segment) != modbus_crc(segment)


def test_the_folded_checksum_is_the_loop_of_the_standard_at_every_length():
    def loop(data: bytes) -> int:
        crc = 0xFFFF
        for byte in data:
            crc = (crc >> 8) ^ byte
            for _bit in range(8):
                crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
        return crc

    draw = random.Random(212)
    for size in [*range(70), 127, 128, 129, 1023, 1024, 1025]:
        data = draw.randbytes(size)
        assert hj212_crc(data) == loop(data), size


def test_h1_sets_the_interval_of_a_device_and_wants_an_answer():
    message = vector("H1")
    assert message.head == {
        "QN": "20160801085857223",
        "ST": "32",
        "CN": "1062",
        "PW": "100000",
        "MN": "010000A8900016F000169DC0",
        "Flag": "5",
    }
    assert message.groups == ((("RtdInterval", "30"),),)
    assert message.wants_reply
    assert not message.notes


def test_h2_gives_five_factors_with_the_units_of_the_table_in_beijing_time():
    message = vector("H2")
    found = hj212.values(message)
    assert [(value.sensor, value.value, value.unit) for value in found] == [
        ("w01010-Rtd", 28.6, "Cel"),
        ("w01014-Rtd", 7.8, "uS/cm"),
        ("w01001-Rtd", 6.5, ""),
        ("w01017-Rtd", 15.2, "mg/L"),
        ("w01019-Rtd", 1.023, "mg/L"),
    ]
    assert {value.time_ms for value in found} == {beijing_ms("20260706103000")}
    assert {(value.device, value.quality, value.known) for value in found} == {("A110000_0001", "good", True)}


def test_h3_gives_means_of_an_hour():
    assert said(vector("H3"))[0] == ("w01010-Avg", 28.4, "good")
    assert len(said(vector("H3"))) == 5


def test_h4_of_the_old_edition_is_read_by_its_old_codes_and_keeps_what_it_was_sent_as():
    found = hj212.values(vector("H4"))
    assert [(value.raw, value.sensor, value.value, value.unit, value.known) for value in found] == [
        ("011-Rtd", "w01018-Rtd", 73.92, "mg/L", True),
        ("060-Rtd", "w21003-Rtd", 1.09, "mg/L", True),
        ("B01-Rtd", "w00000-Rtd", 70.7, "L/s", True),
        ("B00-Rtd", "B00-Rtd", 1395185.0, "", False),
        ("001-Rtd", "w01001-Rtd", 7.038, "", True),
    ]


def test_h5_takes_the_time_of_each_sample_where_the_device_says_it():
    times = {value.sensor: beijing_digits(value.time_ms)[:14] for value in hj212.values(vector("H5"))}
    assert times == {
        "w00000-Rtd": "20210320013400",
        "w21001-Rtd": "20210320005400",
        "w21011-Rtd": "20210320013400",
        "w21003-Rtd": "20210320013400",
        "w01018-Rtd": "20210320013400",
        "w01001-Rtd": "20210320013406",
    }


def test_h6_is_read_in_spite_of_a_stray_comma_a_name_in_capitals_and_no_qn():
    message = vector("H6")
    assert message.notes == ("odd_header",)
    assert message.device == "88888881234567"
    assert message.head["Flag"] == "0"
    assert said(message)[0] == ("w01001-Rtd", 6.951, "good")
    assert vector("H6", strict=True) == BadFrame(("odd_header",), HJ212["H6"].encode())


@pytest.mark.parametrize("name", ["H7", "H8"])
def test_the_plain_checksum_of_modbus_is_taken_and_counted(name):
    reader = hj212.Reader()
    (message,) = reader.feed(HJ212[name].encode() + b"\r\n")
    assert message.notes == ("modbus_crc",)
    assert reader.counts == {"modbus_crc": 1}
    assert vector(name, strict=True).kind == "modbus_crc"


def test_h8_keeps_a_name_that_comes_four_times():
    assert vector("H8").groups == (
        (("PolId", "101"), ("CTime", "04"), ("CTime", "10"), ("CTime", "14"), ("CTime", "16")),
    )


def test_h9_is_taken_with_its_wrong_length_and_its_time_of_17_digits():
    message = vector("H9")
    assert message.notes == ("length_mismatch",)
    assert [(v.raw, v.value, beijing_digits(v.time_ms)) for v in hj212.values(message)] == [
        ("B01-Rtd", 36.91, "20160824003817000"),
        ("011-Rtd", 231.0, "20160824003817000"),
        ("060-Rtd", 1.803, "20160824003817000"),
    ]
    assert vector("H9", strict=True).kind == "length_mismatch" or vector("H9", strict=True).kind == "bad_length"


def test_h10_is_our_answer_to_h2():
    assert hj212.reply_data(vector("H2")) == HJ212["H10"].encode() + b"\r\n"


def test_answers_name_the_request_they_answer():
    request = vector("H1")
    ready, done = one(hj212.reply_request(request)), one(hj212.reply_result(request, 100))
    assert (ready.command, ready.head["QN"], ready.data) == ("9011", "20160801085857223", "QnRtn=1")
    assert (done.command, done.head["QN"], done.data) == ("9012", "20160801085857223", "ExeRtn=100")
    assert one(hj212.reply_notice(request)).data == "QN=20160801085857223"
    assert one(hj212.reply_data(vector("H9"))).data == ""


@pytest.mark.parametrize("strict", [False, True])
def test_recorded_frames_have_the_verdict_of_their_list(strict):
    table = rows("hj212_frames.csv")
    reader = hj212.Reader(strict=strict)
    found = [thing for row in table for thing in reader.feed(row["frame"].encode() + b"\r\n")] + reader.close()
    assert len(found) == len(table) == 17
    assert reader.counts == {"bad_crc": 6, "bad_length": 2}
    for row, thing in zip(table, found, strict=True):
        assert thing.raw == row["frame"].encode()
        if isinstance(thing, BadFrame):
            assert ("bad_crc" in thing.faults) == (row["crc_ok"] == "False")
            assert ("bad_length" in thing.faults) == (row["len_ok"] == "False")
        else:
            assert row["crc_ok"] == row["len_ok"] == "True"
            for name in ("QN", "ST", "CN", "MN", "Flag"):
                assert thing.head.get(name, "") == row[name]
            if row["DataTime"]:
                assert dict(thing.groups[0])["DataTime"] == row["DataTime"]


def test_writing_what_was_read_gives_the_recorded_frame_again():
    for row in rows("hj212_frames.csv"):
        if row["crc_ok"] == "True":
            frame = row["frame"].encode() + b"\r\n"
            assert hj212.write(one(frame)).upper() == frame.upper()


def test_a_factor_of_no_table_passes_and_is_marked():
    (value,) = hj212.values(
        one(framed("ST=22;CN=2011;PW=1;MN=A;CP=&&DataTime=20260101000000;zz99-Rtd=7,zz99-Flag=N&&"))
    )
    assert (value.sensor, value.value, value.unit, value.known) == ("zz99-Rtd", 7.0, "", False)


def test_a_factor_that_the_table_has_twice_is_not_guessed():
    assert hj212.factor("e70101") is None
    assert hj212.factor("e10101").code == "e101xx"


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("w01018-Rtd=1.5,w01018-Flag=D", (1.5, "fault")),
        ("w01018-Flag=M,w01018-Rtd=1.5", (1.5, "maintenance")),
        ("w01018-Rtd=1.5,w01018-Flag=Z", (1.5, "unknown")),
        ("w01018-Rtd=,w01018-Flag=N", (None, "missing")),
        ("w01018-Rtd=1.5", (1.5, "good")),
    ],
)
def test_only_flag_n_is_good(item, expected):
    (value,) = hj212.values(one(framed(f"ST=32;CN=2011;PW=1;MN=A;CP=&&DataTime=20260101000000;{item}&&")))
    assert (value.value, value.quality) == expected


@pytest.mark.parametrize("text", ["nan", "inf", "1_0", "--", "abc"])
def test_what_is_no_number_is_no_reading(text):
    assert hj212.values(one(framed(f"ST=32;CN=2011;PW=1;MN=A;CP=&&DataTime=20260101000000;a-Rtd={text}&&"))) == []


def test_each_flag_holds_for_the_values_of_its_own_group():
    message = one(
        framed("ST=32;CN=2011;PW=1;MN=A;CP=&&DataTime=20260101000000;a-Rtd=1,a-Flag=D;a-Rtd=2,a-Flag=N;b-Rtd=3&&")
    )
    assert said(message) == [("a-Rtd", 1.0, "fault"), ("a-Rtd", 2.0, "good"), ("b-Rtd", 3.0, "good")]


@pytest.mark.parametrize(
    "data",
    [
        "DataTime=20260101000000;a-Rtd=1,a-BeginTime=20260101000000,a-Flag=D",
        "DataTime=20260101000000;a-Rtd=1;PolId=3;a-Flag=D",
        "DataTime=20260101000000;a-Rtd=1;b-Rtd=2;a-Flag=D;b-Flag=D",
        "DataTime=20260101000000;a-Flag=D,a-Rtd=1",
        "DataTime=20260101000000;a-SampleTime=20260101000000,a-Rtd=1;b-Rtd=2;a-Flag=D;b-Flag=D",
    ],
)
def test_a_fault_is_never_overlooked_wherever_its_flag_stands(data):
    found = hj212.values(one(framed(f"ST=32;CN=2011;PW=1;MN=A;CP=&&{data}&&")))
    assert found
    assert {value.quality for value in found} == {"fault"}


def test_a_frame_that_was_cut_off_does_not_take_the_next_one_with_it():
    reader = hj212.Reader()
    whole = HJ212["H2"].encode() + b"\r\n"
    found = reader.feed(HJ212["H4"].encode()[:120] + whole + b"noise\x00" + whole) + reader.close()
    assert [type(thing).__name__ for thing in found] == ["BadFrame", "Message", "BadFrame", "Message"]
    assert found[0].kind == "truncated"
    assert found[2] == BadFrame(("garbage",), b"noise\x00")


def test_frames_without_cr_lf_are_found_one_by_one():
    found = hj212.Reader().feed(b"".join(HJ212[name].encode() for name in ("H1", "H2", "H7", "H3")))
    assert [message.command for message in found] == ["1062", "2011", "1072", "2061"]


def test_chinese_texts_are_read_in_both_encodings():
    for encoding in ("utf-8", "gb18030"):
        segment = "ST=32;CN=2081;PW=1;MN=A;CP=&&i11001-Info=//门已打开//&&".encode(encoding)
        frame = b"##%04d%b%04X\r\n" % (len(segment), segment, hj212_crc(segment))
        message = one(frame)
        assert message.groups == ((("i11001-Info", "//门已打开//"),),)
        assert hj212.write(message) == frame


def test_a_message_in_packets_is_put_together_in_any_order_and_a_doubled_packet_counts_once():
    data = "DataTime=20260101000000;" + ";".join(f"a{n:05d}-Rtd={n},a{n:05d}-Flag=N" for n in range(100))
    message = hj212.Message({"QN": QN, "ST": "31", "CN": "2011", "PW": "1", "MN": "A", "Flag": "5"}, data)
    packets = hj212.split(message)
    assert len(packets) == 4
    assert max(len(hj212.write(packet)) for packet in packets) <= 1024 + 12
    joiner = Joiner()
    for packet in [packets[2], packets[0], packets[2], packets[3]]:
        assert hj212.join(joiner, one(hj212.write(packet)), at_ms=0) is None
    whole = hj212.join(joiner, one(hj212.write(packets[1])), at_ms=1000)
    assert hj212.values(whole) == hj212.values(message)
    assert joiner.counts == {}


def test_the_recorded_packet_that_never_got_its_first_is_given_up_after_its_time():
    (frame,) = [row["frame"] for row in rows("hj212_frames.csv") if "PNUM" in row["frame"]]
    segment = frame[6:-4].encode()
    message = one(framed(segment.decode()))
    assert message.part == (2, 2)
    joiner = Joiner(max_age_ms=600_000)
    assert hj212.join(joiner, message, at_ms=0) is None
    assert joiner.lost(600_000) == []
    (lost,) = joiner.lost(600_001)
    assert (lost.total, set(lost.parts)) == (2, {2})


NAMES = st.text(st.sampled_from("abcdeghw0123456789"), min_size=1, max_size=8)
NUMBERS = st.decimals(-99999, 99999, places=3).map(str)


@given(
    device=st.text(st.sampled_from("0123456789ABCDEF_"), min_size=10, max_size=24),
    flag=st.sampled_from(["4", "5", "8", "9"]),
    items=st.lists(st.tuples(NAMES, NUMBERS, st.sampled_from("NFMSDCTB")), max_size=20),
)
def test_what_is_written_is_read_back_exactly(device, flag, items):
    data = ";".join(["DataTime=20260101000000", *(f"{n}-Rtd={v},{n}-Flag={f}" for n, v, f in items)])
    message = hj212.Message({"QN": QN, "ST": "21", "CN": "2011", "PW": "1", "MN": device, "Flag": flag}, data)
    frame = hj212.write(message)
    read = one(frame, strict=len(data) < 900)
    assert (read.head, read.data, read.notes) == (message.head, data, ())
    assert hj212.write(read) == frame
    assert len(hj212.values(read)) == len(items)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["a-Rtd", "a-Min", "a-Flag", "b-Rtd", "b-Flag", "a-SampleTime", "DataTime", "PolId", "a-BeginTime", "a"]
            ),
            st.sampled_from(["", "N", "D", "?", "1.5", "-2", "nan", "20260101000000", "20260101010000"]),
            st.sampled_from([",", ";"]),
        ),
        max_size=12,
    )
)
def test_readings_by_plan_are_those_of_going_item_by_item(items):
    data = "".join(f"{name}={text}{sign}" for name, text, sign in items)[:-1]
    message = hj212.Message({"MN": "A"}, data)
    assert hj212.values(message) == normal._one_by_one("A", data)


# -- what a centre asks ------------------------------------------------------------------------------------------------


def test_a_request_is_written_as_the_standard_prints_its_own():
    """H1 is the example of the standard: a request for an interval, whose frame comes out byte for byte."""
    heard = one(HJ212["H1"].encode() + b"\r\n")
    made = asking.request(heard, "1062", (("RtdInterval", "30"),), qn=heard.head["QN"])
    assert made == HJ212["H1"].encode() + b"\r\n"


@pytest.mark.parametrize("name", ["H2", "H4", "H5"])
def test_a_question_reads_back_and_is_spoken_as_the_device_speaks(name: str):
    heard = one(HJ212[name].encode() + b"\r\n")
    at, qn = beijing_ms("20260706104001250"), "20260706104001250"
    for frame, command, data in (
        (asking.set_clock(heard, qn=qn, at_ms=at), "1012", "SystemTime=20260706104001"),
        (asking.read_clock(heard, qn=qn), "1011", ""),
        (
            asking.ask_history(heard, "2051", qn=qn, from_ms=at - 3_600_000, to_ms=at),
            "2051",
            "BeginTime=20260706094001,EndTime=20260706104001",
        ),
    ):
        asked = one(frame, strict=True)
        assert (asked.command, asked.data, asked.head["QN"]) == (command, data, qn)
        assert [asked.head[field] for field in ("ST", "PW", "MN")] == [
            heard.head[field] for field in ("ST", "PW", "MN")
        ]
        assert asked.wants_reply
        assert asked.flag >> 2 == heard.flag >> 2


def test_a_span_of_no_history_or_backwards_is_no_question():
    heard = one(HJ212["H2"].encode() + b"\r\n")
    for command, to_ms in (("2011", 5), ("2061", -5)):
        with pytest.raises(ValueError, match="no span"):
            asking.ask_history(heard, command, qn="1" * 17, from_ms=0, to_ms=to_ms)


def test_answers_name_their_question_in_the_head_or_in_the_data():
    request = hj212.Message({"QN": "20160801085857223", "ST": "32", "CN": "1012", "PW": "1", "MN": "A"}, "")
    newer = one(hj212.reply_request(request, 2))
    assert (asking.question_of(newer), asking.result_of(newer)) == ("20160801085857223", ("QnRtn", "2"))
    older = hj212.Message({"ST": "91", "CN": "9012", "MN": "A"}, "QN=20040516010101001;ExeRtn=100")
    assert (asking.question_of(older), asking.result_of(older)) == ("20040516010101001", ("ExeRtn", "100"))
    assert asking.result_of(hj212.Message({"CN": "9012"}, "QnRtn=")) == ("", "")
    assert asking.question_of(hj212.Message({"CN": "9012"}, "XQN=20040516010101001")) == ""
    assert not asking.speaks_for_itself(older)


@pytest.mark.parametrize(
    ("data", "clock"),
    [("SystemTime=20260706104125", "20260706104125"), ("SystemTime=20260706104125999", "20260706104125"),
     ("PolId=a;SystemTime=20260706104125", "20260706104125"), ("SystemTime=20261306104125", None), ("", None)],
)  # fmt: skip
def test_the_clock_of_a_device_is_read(data: str, clock: str | None):
    answer = hj212.Message({"CN": "1011", "MN": "A"}, data)
    assert asking.clock_of(answer) == (beijing_ms(clock) if clock else None)
    assert asking.clock_of(hj212.Message({"CN": "1012"}, data)) is None
