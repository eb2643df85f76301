"""JT/T 808: the vectors of the fact sheet, every recorded frame, and the fields that other authors expect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.formats import jt808
from anlan.formats.devices import BadFrame, Joiner, beijing_ms
from anlan.formats.jt808 import asking
from anlan.formats.jt808.layouts import LAYOUTS
from tests.formats.device_frames import JT808, examples, jt808_frames, rows

#: Expectations of the authors that their own bytes contradict, with what the bytes say.
CONTRADICTED = {
    # The fields of another example were copied.
    "BuiltinMessage0200Sample2": {
        "alarmFlag": 123,
        "status": 222,
        "latitude": 31000562,
        "longitude": 121451372,
        "altitude": 666,
        "speed": 78,
        "direction": 0,
        "time": "2014-10-21 19:51:09",
        "extraItems.1": 111,
        "extraItems.2": 222,
    },
    "BuiltinMessage8004": {"serverSideDateTime": "2024-10-03 15:51:06"},
    # Hours, minutes, seconds and ten-thousandths there, the digits here.
    "BuiltinMessage0705": {"receiveTime": "2023451122"},
    # The length of a text is no field of ours.
    "BuiltinMessage8304": {"length": None},
    # The bit of the entry says that these are not in it, and the bytes are not there.
    "BuiltinMessage8600": {"areaList.1.startTime": None, "areaList.1.endTime": None},
    "BuiltinMessage8602": {"areaList.1.startTime": None, "areaList.1.endTime": None},
    "BuiltinMessage8606": {
        "itemList.1.longDriveThreshold": None,
        "itemList.1.shortDriveThreshold": None,
        "itemList.1.maxSpeedLimit": None,
        "itemList.1.speedingDuration": None,
    },
    # Two numbers of two bytes there are four bytes here.
    "BuiltinMessage8800": {"retransmittedPackageIdList": [0x0102, 0x0304]},
    # The frame is an 8001, whose fields are called after the client.
    "BuiltinMessage0001": {"serverFlowId": None, "serverMessageId": None},
}


def one(frame: bytes, *, strict: bool = False):
    reader = jt808.Reader(strict=strict)
    found = reader.feed(frame) + reader.close()
    assert len(found) == 1
    return found[0]


def said(message) -> dict[str, float | None]:
    return {value.sensor: value.value for value in jt808.values(message)}


@pytest.mark.parametrize(("name", "serial"), [("J1", 0x7E), ("J2", 1)])
def test_j1_and_j2_are_positions_with_mileage_and_fuel_behind_escapes(name, serial):
    message = one(JT808[name], strict=True)
    assert (message.id, message.phone, message.serial, message.edition) == (0x0200, "123456789012", serial, 2013)
    assert said(message) == {
        "lat": 12.222222,
        "lon": 132.444444,
        "altitude": 40,
        "speed": 6.0,
        "direction": 0,
        "alarm": 1,
        "status": 2,
        "mileage": 10.0,
        "fuel": 12.5,
    }
    assert {value.time_ms for value in jt808.values(message)} == {beijing_ms("20181015101010")}


def test_j3_keeps_the_item_of_a_vendor_and_makes_no_reading_of_it():
    message = one(JT808["J3"])
    assert len(message.body) == 72
    found = jt808.position(message.body)
    assert (found.alarm, found.status, found.lat, found.lon) == (0x80, 3, 22.641605, 114.032486)
    assert (found.altitude_m, found.speed_kmh, found.direction_deg) == (235, 0, 341)
    assert found.time_ms == beijing_ms("20210726203531")
    assert [identifier for identifier, _content in found.items] == [0x01, 0xEB]
    assert set(said(message)) == {"lat", "lon", "altitude", "speed", "direction", "alarm", "status", "mileage"}


def test_j4_is_a_registration_of_2011_with_a_plate_in_gbk():
    fields = jt808.fields(one(JT808["J4"]))
    assert (fields["terminal_type"], fields["color"], fields["car_identifier"]) == ("BSJ-M7B ", 1, "粤B88888")


def test_j5_is_a_heartbeat():
    message = one(JT808["J5"], strict=True)
    assert (message.id, message.body, jt808.values(message)) == (0x0002, b"", [])


def test_j6_cut_short_is_set_aside():
    assert one(JT808["J6"]) == BadFrame(("bad_crc",), JT808["J6"])


def test_j7_is_our_answer_to_j1():
    assert jt808.reply(one(JT808["J1"]), serial=1) == JT808["J7"]
    assert jt808.fields(one(JT808["J7"])) == {"client_flow_id": 0x7E, "client_message_id": 0x0200, "result": 0}


def test_a_registration_is_answered_in_the_edition_that_asked():
    for edition, phone in ((2013, "013912344323"), (2019, "00000000013912344329")):
        asked = jt808.Message(0x0100, phone, 7, edition=edition)
        answer = one(jt808.reply_registration(asked, serial=3, code="a-1"), strict=True)
        assert (answer.edition, answer.phone, answer.serial) == (edition, phone, 3)
        assert jt808.fields(answer) == {"client_flow_id": 7, "result": 0, "auth_code": "a-1"}
    refused = one(jt808.reply_registration(asked, serial=4, result=3, code="a-1"))
    assert jt808.fields(refused)["auth_code"] == ""


def test_recorded_frames_have_the_verdict_of_their_list():
    table = rows("jt808_frames.csv")
    seen: Counter[str] = Counter()
    for row in table:
        frame = bytes.fromhex(row["hex"])
        thing = one(frame)
        assert thing.raw == frame
        if isinstance(thing, BadFrame):
            seen[thing.kind] += 1
            assert (thing.kind == "bad_crc") == (row["checksum_ok"] == "False")
            continue
        assert row["checksum_ok"] == "True"
        assert jt808.write(thing) == frame
        seen.update(thing.notes or ["good"])
        assert f"{thing.id:04x}" == row["msg_id"]
        assert len(thing.body) == int(row["body_len"])
        assert bool(thing.total) == (row["split"] == "True")
        if not thing.notes:
            assert (thing.phone, thing.edition == 2019) == (row["phone"], row["version"] == "2019")
    # Of 218 with a right checksum three have not the length they say; one has the bit of 2019 and the head of 2013.
    assert seen == {"good": 214, "version_flag": 1, "bad_length": 3, "bad_crc": 9}


def test_strict_takes_no_mixed_head():
    reader = jt808.Reader(strict=True)
    for frame in jt808_frames():
        reader.feed(frame)
    assert reader.counts == {"bad_crc": 9, "bad_length": 3, "version_flag": 1}


def test_bodies_of_recorded_frames_are_written_back_exactly():
    known: Counter[bool] = Counter()
    for frame in jt808_frames(good=True):
        message = one(frame)
        if isinstance(message, BadFrame) or message.total:
            continue
        fields = jt808.fields(message)
        known[fields is not None] += 1
        if fields is not None:
            assert jt808.body_of(message.id, fields, edition=jt808.edition_of(message)) == message.body
    assert known[True] >= 190
    assert known[False] <= 6


def differences(path: str, theirs: Any, ours: Any) -> Iterator[tuple[str, Any]]:
    """Where our fields differ from what the authors expect: the place by their names, and our value."""
    if isinstance(theirs, dict):
        if isinstance(ours, list):
            ours = {str(item["id"]): int.from_bytes(item["value"], "big") for item in ours}
        plain = {name.lower().replace("_", ""): value for name, value in ours.items()}
        for name, value in theirs.items():
            yield from differences(f"{path}.{name}".strip("."), value, plain.get(name.lower()))
    elif isinstance(theirs, list) and isinstance(ours, list) and len(ours) == len(theirs):
        for place, (their, our) in enumerate(zip(theirs, ours, strict=True)):
            yield from differences(f"{path}.{place}", their, our)
    else:
        if isinstance(ours, bytes):
            ours = list(ours) if isinstance(theirs, list) else ours.decode()
        if (theirs.rstrip("\0") if isinstance(theirs, str) else theirs) != ours:
            yield path, ours


def test_71_bodies_have_the_fields_that_their_authors_expect():
    expected = examples("protocols", "jt808_decoded_examples.json")
    assert len(expected) == 71
    for name, example in expected.items():
        message = one(bytes.fromhex(example["hexString"]))
        fields = jt808.fields(message)
        assert fields is not None, name
        assert "rest" not in fields, name
        assert dict(differences("", example["bodyJson"], fields)) == CONTRADICTED.get(name, {}), name
        assert jt808.body_of(message.id, fields, edition=jt808.edition_of(message)) == message.body, name
        assert name == "BuiltinMessage0001" or message.id == example["messageId"]


def test_a_batch_gives_each_of_its_positions():
    example = examples("protocols", "jt808_decoded_examples.json")["BuiltinMessage0704"]
    found = jt808.values(one(bytes.fromhex(example["hexString"])))
    assert [value.value for value in found if value.sensor == "lat"] == [31.000562, 31.000563]
    assert [value.value for value in found if value.sensor == "speed"] == [3.3, 6.7]
    assert {(value.device, value.time_ms) for value in found} == {("13912344329", beijing_ms("20241029213903"))}
    # Bit 1 of the status is not set: the receiver had no position.
    assert {value.quality for value in found if value.sensor in ("lat", "lon")} == {"no_fix"}


def test_south_and_west_come_from_the_status_alone():
    body = bytes.fromhex("00000000" + "0000000E" + "00BA7F0E" + "07E4F11C" + "0028" + "003C" + "0000" + "181015101010")
    found = jt808.position(body)
    assert (found.lat, found.lon, found.fixed) == (-12.222222, -132.444444, True)
    assert jt808.position(body[:-1]) is None


def test_a_place_that_is_not_on_earth_is_never_good():
    body = bytes.fromhex("00000000" + "00000002" + "0ABA7F0E" + "07E4F11C" + "002800000000" + "181015101010")
    found = {value.sensor: value.quality for value in jt808.values(jt808.Message(0x0200, "1", 1, body))}
    assert (found["lat"], found["speed"], found["status"]) == ("impossible", "impossible", "good")


def test_a_text_for_a_terminal_is_composed_in_its_edition():
    body = jt808.body_of(0x8300, {"identifier": 1, "text_type": 1, "text": "请立即撤离"}, edition=2019)
    assert jt808.fields(jt808.Message(0x8300, "0" * 20, 1, body, 2019))["text"] == "请立即撤离"
    with pytest.raises(KeyError):
        jt808.body_of(0x9999, {})


def test_an_impossible_time_is_no_time():
    body = bytes.fromhex("00000000" * 4 + "000000000000" + "000000000000")
    assert jt808.position(body).time_ms is None


def test_packets_with_other_messages_between_them_are_put_together():
    joiner = Joiner()
    parts = [one(bytes.fromhex(row["hex"])) for row in rows("jt808_frames.csv") if row["msg_id"] == "0104"]
    first, second = sorted((part for part in parts if part.total), key=lambda part: part.number)
    assert (first.number, second.number, second.serial - first.serial) == (1, 2, 17)
    assert jt808.join(joiner, second, at_ms=0) is None
    whole = jt808.join(joiner, first, at_ms=0)
    assert whole.body == first.body + second.body
    fields = jt808.fields(whole)
    assert len(fields["parameter_list"]) == fields["parameter_count"]


def test_a_ciphered_body_is_never_read():
    message = jt808.Message(0x0200, "123456789012", 1, bytes(28), cipher=1)
    read = one(jt808.write(message), strict=True)
    assert (read.cipher, read.body) == (1, bytes(28))
    assert jt808.values(read) == []
    assert jt808.fields(read) is None


def test_a_bad_escape_is_taken_when_the_checksum_fits_and_counted():
    frame = jt808.write(jt808.Message(0x0801, "123456789012", 1, b"\x7d\x55"))
    wrong = frame.replace(b"\x7d\x01\x55", b"\x7d\x55")
    assert one(wrong).notes == ("bad_escape",)
    assert one(wrong, strict=True).kind == "bad_escape"


def test_neighbours_may_share_one_flag():
    found = jt808.Reader().feed(JT808["J1"][:-1] + JT808["J2"])
    assert [message.serial for message in found] == [0x7E, 1]


MESSAGES = st.builds(
    jt808.Message,
    id=st.integers(0, 0xFFFF),
    phone=st.integers(0, 10**12 - 1).map("{:012d}".format),
    serial=st.integers(0, 0xFFFF),
    body=st.binary(max_size=200),
    cipher=st.integers(0, 7),
)


@given(MESSAGES, st.booleans(), st.sampled_from([(0, 0), (2, 1), (65535, 65535)]))
def test_what_is_written_is_read_back_exactly(message, new, part):
    message = jt808.Message(
        message.id,
        ("00000000" if new else "") + message.phone,
        message.serial,
        message.body,
        2019 if new else 2013,
        1,
        message.cipher,
        *part,
    )
    frame = jt808.write(message)
    read = one(frame, strict=True)
    assert jt808.write(read) == frame
    assert (read.id, read.phone, read.serial, read.body) == (message.id, message.phone, message.serial, message.body)
    assert (read.edition, read.cipher, read.total, read.number) == (message.edition, message.cipher, *part)


@given(st.sampled_from(sorted(LAYOUTS)), st.binary(max_size=120))
def test_whatever_bytes_a_body_has_its_fields_give_them_back(identifier, body):
    message = jt808.Message(identifier, "123456789012", 1, body)
    fields = jt808.fields(message)
    if fields is not None:
        assert jt808.body_of(message.id, fields, edition=jt808.edition_of(message)) == body


# -- what a platform asks ----------------------------------------------------------------------------------------------


def only(frame: bytes) -> jt808.Message:
    (message,) = jt808.Reader(strict=True).feed(frame)
    assert isinstance(message, jt808.Message)
    return message


def test_a_recorded_order_to_track_comes_out_byte_for_byte():
    frame = bytes.fromhex("7e820240060100000000017299841738ffff000500000258d97e")
    recorded = only(frame)
    assert asking.track(recorded, serial=recorded.serial, every_s=5, for_s=600) == frame


@pytest.mark.parametrize("edition", [2013, 2019])
def test_questions_read_back_in_the_edition_of_the_terminal(edition: int):
    heard = jt808.Message(0x0200, "13800138000".zfill(20 if edition == 2019 else 12), 9, b"", edition)
    where = only(asking.locate(heard, serial=0x7E))
    assert (where.id, where.serial, where.body, where.phone, where.edition) == (0x8201, 0x7E, b"", heard.phone, edition)
    told = only(asking.text(heard, serial=1, words="立即撤离", urgent=True))
    more = {"text_type": 1} if edition == 2019 else {}
    assert jt808.fields(told) == {"identifier": 14 if edition == 2019 else 13, "text": "立即撤离"} | more
    with pytest.raises(OverflowError):
        asking.track(heard, serial=1, every_s=1 << 16, for_s=1)
    for words in ("", "字" * 501):
        with pytest.raises(ValueError, match="a text has"):
            asking.text(heard, serial=1, words=words, urgent=False)
