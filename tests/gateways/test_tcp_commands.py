"""Commands to devices over real sockets: sent on the connection that proved itself, answered, tried again, given up."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import socket
from typing import Any

import pytest
from gateway_world import command_of, eventually, plant_command
from msgspec.structs import replace
from tcp_world import MN, NOW, PHONE, PLACE, REGISTRATION, STATION, Running, answer, hj, jt, readings, sl, sl_ascii

from anlan.formats import hj212, jt808, sl651
from anlan.formats.devices import beijing_ms
from anlan.gateways.tcp.connection import Bounds
from anlan.kernel.sensing.store import BACKFILL, LIVE, Store
from anlan.kernel.sensing.store.backend import SNAPSHOTS, Sqlite

Start = Callable[..., Running]
FROM, TO = beijing_ms("20260706080000") or 0, beijing_ms("20260706100000") or 0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(Sqlite(tmp_path / "r.sqlite3"), Sqlite(tmp_path / "s.sqlite3", SNAPSHOTS), lambda: NOW)
    yield found
    found.close()


def says(question: hj212.Message, command: str, data: str) -> bytes:
    """An answer of a device of 2017: the QN of the question in the head."""
    head = {"QN": question.head["QN"], "ST": "91", "CN": command, "PW": "123456", "MN": MN, "Flag": "8"}
    return hj212.write(hj212.Message(head, data))


def old(question: hj212.Message, time: str, value: float, **head: str) -> bytes:
    """An hour that was asked for."""
    data = f"DataTime={time};w01018-Rtd={value},w01018-Flag=N"
    first = {"QN": question.head["QN"], "ST": "21", "CN": "2061", "PW": "123456", "MN": MN, "Flag": "9"} | head
    return hj212.write(hj212.Message({name: text for name, text in first.items() if text}, data))


def is_(path: Path, pk: int, state: str) -> Callable[[], bool]:
    return lambda: command_of(path, pk)["state"] == state


def terminal(device: socket, reader: Any) -> None:
    """Register and prove a connection of JT/T 808."""
    welcome = answer(device, reader, jt(0x0100, REGISTRATION))
    assert answer(device, reader, jt(0x0102, welcome.body[3:])).body[-1] == 0


def history(**more: Any) -> dict[str, Any]:
    return {"arguments": {"from_ms": FROM, "to_ms": TO, "of": "2061"} | more}


def test_a_clock_is_set_within_two_seconds_and_each_step_is_in_the_audit(start: Start, records: Path):
    with start().call("hj212") as device:
        reader = hj212.Reader()
        answer(device, reader, hj())
        asked = time.monotonic()
        pk = plant_command(records, "hj212", MN, "set_clock")
        question = answer(device, reader)
        assert time.monotonic() - asked < 2
        assert (question.command, question.data) == ("1012", "SystemTime=20260706104000")
        assert {**question.head, "QN": ""} == {
            "QN": "", "ST": "21", "CN": "1012", "PW": "123456", "MN": MN, "Flag": "9",
        }  # fmt: skip
        eventually(is_(records, pk, "sent"), "sent")
        device.sendall(says(question, "9011", "QnRtn=1"))
        eventually(is_(records, pk, "accepted"), "taken up")
        device.sendall(says(question, "9012", "ExeRtn=1"))
        eventually(is_(records, pk, "done"), "done")
    row = command_of(records, pk)
    assert (row["tries"], row["mark"], row["answer"]) == (1, question.head["QN"], {"QnRtn": "1", "ExeRtn": "1"})
    assert row["acts"] == ["sent", "accepted", "done"]
    assert all(row[name] for name in ("sent_at", "accepted_at", "closed_at"))


def test_a_clock_is_read_and_compared_with_ours(start: Start, records: Path):
    with start().call("hj212") as device:
        reader = hj212.Reader()
        answer(device, reader, hj())
        pk = plant_command(records, "hj212", MN, "read_clock")
        question = answer(device, reader)
        assert (question.command, question.data) == ("1011", "")
        head = question.head | {"ST": "21", "Flag": "8"}
        device.sendall(says(question, "9011", "QnRtn=1"))
        device.sendall(hj212.write(hj212.Message(head, "SystemTime=20260706104125")))
        device.sendall(says(question, "9012", "ExeRtn=1"))
        eventually(is_(records, pk, "done"), "done")
    assert command_of(records, pk)["answer"]["ahead_ms"] == 85_000


def test_R3_old_data_that_was_asked_for_is_history_and_what_comes_of_its_own_accord_is_live(
    start: Start, records: Path, store: Store
):
    with start().call("hj212") as device:
        reader = hj212.Reader()
        answer(device, reader, hj())
        pk = plant_command(records, "hj212", MN, "history", **history())
        question = answer(device, reader)
        assert (question.command, question.data) == ("2061", "BeginTime=20260706080000,EndTime=20260706100000")
        device.sendall(says(question, "9011", "QnRtn=1"))
        for hour, value in (("08", 1.0), ("09", 2.0)):
            told = answer(device, reader, old(question, f"20260706{hour}0000", value))
            assert told.command == "9014"
        answer(device, reader, hj(qn="20260706104001000", data="DataTime=20260706104000;w01018-Rtd=9,w01018-Flag=N"))
        # Under the same number but outside the span: never hidden from the sirens.
        answer(device, reader, old(question, "20260706103000", 3.0))
        device.sendall(says(question, "9012", "ExeRtn=1"))
        eventually(is_(records, pk, "done"), "done")
        # What still comes of it afterwards is old data all the same.
        answer(device, reader, old(question, "20260706100000", 4.0))
    lanes = [(lane, value) for _sender, lane, _point, _t, value, _quality in readings(store)]
    assert lanes == [(LIVE, 28.6), (BACKFILL, 1.0), (BACKFILL, 2.0), (LIVE, 9.0), (LIVE, 3.0), (BACKFILL, 4.0)]
    assert command_of(records, pk)["readings"] == 2


def test_an_edition_of_2005_that_answers_without_a_number_is_understood(start: Start, records: Path, store: Store):
    with start().call("hj212") as device:
        reader = hj212.Reader()
        answer(device, reader, hj())
        pk = plant_command(records, "hj212", MN, "history", **history(to_ms=NOW))
        question = answer(device, reader)
        quoted = f"QN={question.head['QN']};"
        head = {"ST": "91", "PW": "123456", "MN": MN}
        device.sendall(hj212.write(hj212.Message({**head, "CN": "9011"}, f"{quoted}QnRtn=1")))
        eventually(is_(records, pk, "accepted"), "taken up")
        answer(device, reader, old(question, "20260706080000", 1.0, QN=""))
        # This hour it may have sent of its own accord: it stays live.
        answer(device, reader, old(question, "20260706090000", 2.0, QN=""))
        device.sendall(hj212.write(hj212.Message({**head, "CN": "9012"}, f"{quoted}ExeRtn=100")))
        eventually(is_(records, pk, "done"), "done")
    assert [lane for _sender, lane, *_rest in readings(store)] == [LIVE, BACKFILL, LIVE]
    assert command_of(records, pk)["answer"]["ExeRtn"] == "100"


@pytest.mark.parametrize(("command", "data"), [("9011", "QnRtn=3"), ("9011", "QnRtn=2"), ("9012", "ExeRtn=2")])
def test_what_a_device_refuses_is_refused_and_the_next_goes_out(start: Start, records: Path, command: str, data: str):
    with start().call("hj212") as device:
        reader = hj212.Reader()
        answer(device, reader, hj())
        first, second = (plant_command(records, "hj212", MN, kind) for kind in ("set_clock", "read_clock"))
        question = answer(device, reader)
        assert question.command == "1012"
        device.sendall(says(question, command, data))
        following = answer(device, reader)
        assert (following.command, command_of(records, first)["state"]) == ("1011", "refused")
        assert following.head["QN"] != question.head["QN"]
        eventually(is_(records, second, "sent"), "the second")


def test_one_without_an_answer_is_sent_again_with_its_number_and_then_given_up(start: Start, records: Path):
    with start().call("hj212") as device:
        reader = hj212.Reader()
        answer(device, reader, hj())
        pk = plant_command(records, "hj212", MN, "set_clock", answer_s=0, most_tries=2)
        first, second = answer(device, reader), answer(device, reader)
        assert first.head["QN"] == second.head["QN"]
        eventually(is_(records, pk, "no_answer"), "the end")
        assert command_of(records, pk)["acts"] == ["sent", "sent_again", "unanswered"]
        # It was only slow: what it says still counts.
        device.sendall(says(first, "9012", "ExeRtn=1"))
        eventually(is_(records, pk, "done"), "the late answer")
    assert command_of(records, pk)["tries"] == 2


def test_one_that_was_taken_up_and_never_carried_out_ends(start: Start, records: Path):
    with start().call("hj212") as device:
        reader = hj212.Reader()
        answer(device, reader, hj())
        pk = plant_command(records, "hj212", MN, "set_clock", result_s=0)
        device.sendall(says(answer(device, reader), "9011", "QnRtn=1"))
        eventually(is_(records, pk, "no_answer"), "the end")
    assert command_of(records, pk)["acts"] == ["sent", "accepted", "unanswered"]


def test_a_device_that_is_away_is_told_when_it_calls_and_after_its_time_no_more(start: Start, records: Path):
    running = start()
    late = plant_command(records, "hj212", MN, "read_clock", expires_at="2026-07-06 02:39:00")
    pk = plant_command(records, "hj212", MN, "set_clock")
    eventually(is_(records, late, "expired"), "the end of its time")
    assert command_of(records, pk)["state"] == "waiting"
    with running.call("hj212") as device:
        reader = hj212.Reader()
        assert answer(device, reader, hj()).command == "9014"
        assert answer(device, reader).command == "1012"
    assert command_of(records, pk)["tries"] == 1


def test_one_whose_connection_ends_waits_for_the_next_and_says_so(start: Start, records: Path):
    running = start()
    pk = plant_command(records, "hj212", MN, "set_clock")
    with running.call("hj212") as device:
        reader = hj212.Reader()
        answer(device, reader, hj())
        question = answer(device, reader)
    eventually(is_(records, pk, "waiting"), "waiting again")
    with running.call("hj212") as device:
        reader = hj212.Reader()
        answer(device, reader, hj(qn="20260706103513000"))
        again = answer(device, reader)
        assert again.head["QN"] == question.head["QN"]
        device.sendall(says(again, "9012", "ExeRtn=1"))
        eventually(is_(records, pk, "done"), "done")
    row = command_of(records, pk)
    assert (row["tries"], row["acts"]) == (2, ["sent", "waits", "sent_again", "done"])
    assert row["notes"][1] == "the connection ended before the answer"


def test_R4_what_a_gateway_before_left_as_sent_is_sent_again_and_said_to_be(start: Start, records: Path):
    """Killed between commit and send: nobody knows whether it went out."""
    mark = "20260706103000000"
    sent = plant_command(records, "hj212", MN, "set_clock", state="sent", mark=mark, tries=1)
    spent = plant_command(records, "sl651", STATION, "set_clock", state="sent", mark="4A", tries=3)
    with start().call("hj212") as device:
        reader = hj212.Reader()
        answer(device, reader, hj())
        question = answer(device, reader)
        assert (question.command, question.head["QN"]) == ("1012", mark)
        device.sendall(says(question, "9012", "ExeRtn=1"))
        eventually(is_(records, sent, "done"), "done")
    row = command_of(records, sent)
    assert (row["tries"], row["acts"]) == (2, ["waits", "sent_again", "done"])
    assert "started anew" in row["notes"][0]
    assert command_of(records, spent)["state"] == "no_answer"


def test_R4_what_a_gateway_before_left_as_taken_up_is_not_sent_again_and_its_result_counts(
    start: Start, records: Path, store: Store
):
    mark = "20260706103000000"
    pk = plant_command(records, "hj212", MN, "history", state="accepted", mark=mark, tries=1, **history())
    with start().call("hj212") as device:
        reader = hj212.Reader()
        answer(device, reader, hj())
        question = hj212.Message({"QN": mark}, "")
        told = answer(device, reader, old(question, "20260706090000", 2.0))
        assert told.command == "9014"
        device.sendall(says(question, "9012", "ExeRtn=1"))
        eventually(is_(records, pk, "done"), "done")
    row = command_of(records, pk)
    assert (row["tries"], row["readings"], row["acts"]) == (1, 1, ["done"])
    assert [lane for _sender, lane, *_rest in readings(store)] == [LIVE, BACKFILL]


def test_what_a_gateway_before_left_as_taken_up_ends_when_nothing_more_comes(start: Start, records: Path):
    told = {"state": "accepted", "mark": "20260706103000000", "tries": 1, "result_s": 0}
    pk = plant_command(records, "hj212", MN, "set_clock", **told)
    start()
    eventually(is_(records, pk, "no_answer"), "its end")


def test_one_taken_back_is_not_sent(start: Start, records: Path):
    running = start()
    pk = plant_command(records, "hj212", MN, "set_clock")
    eventually(lambda: running.gateway.asking.stays(("hj212", MN)), "its look")
    plant = plant_command(records, "hj212", MN, "read_clock")
    # Under the gateway, as the service does it.
    with sqlite3.connect(records) as connection:
        connection.execute("UPDATE sensing_devicecommand SET state = 'withdrawn' WHERE id = ?", (pk,))
    connection.close()
    with running.call("hj212") as device:
        reader = hj212.Reader()
        answer(device, reader, hj())
        assert answer(device, reader).command == "1011"
    assert (command_of(records, pk)["tries"], command_of(records, plant)["tries"]) == (0, 1)


def test_nothing_is_said_to_a_connection_that_proved_nothing(start: Start, records: Path):
    pk = plant_command(records, "hj212", MN, "set_clock")
    with start().call("hj212") as device:
        device.settimeout(2.5)
        device.sendall(hj(pw="654321"))
        with pytest.raises(TimeoutError):
            device.recv(1)
    assert (command_of(records, pk)["state"], command_of(records, pk)["tries"]) == ("waiting", 0)


def test_nothing_is_said_to_a_connection_whose_password_ended(start: Start, records: Path):
    running = start()
    with running.call("hj212") as device:
        answer(device, hj212.Reader(), hj())
        with sqlite3.connect(records) as connection:
            connection.execute("UPDATE sensing_devicelink SET secret_hash = 'another'")
        connection.close()
        eventually(lambda: running.gateway.taking.links["hj212", MN].secret_hash == "another", "the gateway's look")
        pk = plant_command(records, "hj212", MN, "set_clock")
        device.settimeout(2.5)
        with pytest.raises(TimeoutError):
            device.recv(1)
    assert command_of(records, pk)["tries"] == 0


def test_an_answer_to_nothing_that_was_asked_is_counted_and_changes_nothing(start: Start, records: Path, store: Store):
    running = start()
    with running.call("hj212") as device, running.call("sl651") as station:
        answer(device, hj212.Reader(), hj())
        device.sendall(says(hj212.Message({"QN": "20260101000000000"}, ""), "9012", "ExeRtn=1"))
        span = "0007260706104000" + "F1F1" + STATION + "48" + "F0F0" + "2607060800" + "0418000100" + "3923" + "00000550"
        station.sendall(sl651.write(sl651.Message(True, 1, STATION, 0xA000, 0x38, bytes.fromhex(span))))
        eventually(lambda: len(running.table("sensing_framefault")) == 2, "both")
    assert {(row["sender"], row["fault"]) for row in running.table("sensing_framefault")} == {
        ("ws-1", "no_question"), ("rs-1", "no_question"),
    }  # fmt: skip
    eventually(lambda: len(readings(store)) == 2, "its reading, as old data")
    assert readings(store)[1][1:3] == (BACKFILL, 3)


def test_a_station_is_kept_online_and_its_clock_set(start: Start, records: Path):
    pk = plant_command(records, "sl651", STATION, "set_clock")
    running = start()
    eventually(lambda: running.gateway.asking.stays(("sl651", STATION)), "the gateway's look")
    with running.call("sl651") as station:
        reader = sl651.Reader()
        assert answer(station, reader, sl()).end == sl651.ESC
        question = answer(station, reader)
        assert (question.function, question.end, question.sent_ms) == (0x4A, sl651.ENQ, NOW)
        text = question.text[:2] + bytes.fromhex("260706104003" + "F1F1" + STATION)
        station.sendall(sl651.write(upward(question, text)))
        eventually(is_(records, pk, "done"), "done")
        assert answer(station, reader, sl(serial=2)).end == sl651.EOT
    assert command_of(records, pk)["answer"]["ahead_ms"] == 3_000


def test_a_station_that_speaks_in_characters_is_asked_in_characters_and_for_no_span(start: Start, records: Path):
    clock = plant_command(records, "sl651", STATION, "set_clock")
    told = {"from_ms": FROM, "to_ms": TO, "element": "39", "step_min": 60}
    span = plant_command(records, "sl651", STATION, "history", arguments=told)
    running = start()
    eventually(lambda: running.gateway.asking.stays(("sl651", STATION)), "the gateway's look")
    with running.call("sl651") as station:
        reader = sl651.Reader()
        kept = answer(station, reader, sl_ascii())
        question = answer(station, reader)
        assert (kept.coding, kept.end, question.coding, question.end) == ("ascii", sl651.ESC, "ascii", sl651.ENQ)
        assert (question.function, question.sent_ms) == (0x4A, NOW)
        text = question.text[:4] + f"260706104003 ST {STATION}".encode()
        station.sendall(sl651.write(replace(upward(question, text), coding=sl651.ASCII)))
        eventually(is_(records, span, "refused"), "the second")
    assert (command_of(records, clock)["state"], command_of(records, clock)["answer"]["ahead_ms"]) == ("done", 3_000)
    assert command_of(records, span)["answer"] == {"unsaid": "no span in ASCII coding"}


def upward(question: sl651.Message, text: bytes) -> sl651.Message:
    """A station's frame of the same function."""
    return sl651.Message(True, question.centre, question.station, question.password, question.function, text)


def test_a_station_sends_a_span_again_in_two_packets(start: Start, records: Path, store: Store):
    told = {"from_ms": FROM, "to_ms": TO, "element": "39", "step_min": 60}
    with start().call("sl651") as station:
        reader = sl651.Reader()
        answer(station, reader, sl())
        pk = plant_command(records, "sl651", STATION, "history", arguments=told)
        question = answer(station, reader)
        assert question.text[8:].hex().upper() == "26070608" + "26070610" + "0418000100" + "3923"
        rows = "".join(f"{level:08d}" for level in (1_100, 1_200, 1_300))
        head = question.text[:2] + bytes.fromhex("260706104000" + "F1F1" + STATION + "48" + "F0F0" + "2607060800")
        whole = upward(question, head + bytes.fromhex("0418000100" + "3923" + rows))
        for packet in sl651.split(whole, 30):
            station.sendall(sl651.write(packet))
        eventually(is_(records, pk, "done"), "done")
        eventually(lambda: len(readings(store)) == 4, "its readings")
    assert [(lane, t, value) for _s, lane, _p, t, value, _q in readings(store)[1:]] == [
        (BACKFILL, FROM + hour * 3_600_000, value) for hour, value in enumerate((1.1, 1.2, 1.3))
    ]
    assert command_of(records, pk)["readings"] == 3


def test_a_span_that_cannot_be_read_is_done_and_says_so(start: Start, records: Path, store: Store):
    told = {"from_ms": FROM, "to_ms": TO, "element": "39", "step_min": 60}
    with start().call("sl651") as station:
        reader = sl651.Reader()
        answer(station, reader, sl())
        pk = plant_command(records, "sl651", STATION, "history", arguments=told)
        question = answer(station, reader)
        text = question.text[:2] + bytes.fromhex("260706104000" + "F1F1" + STATION + "48")
        station.sendall(sl651.write(upward(question, text)))
        eventually(is_(records, pk, "done"), "done")
    assert command_of(records, pk)["answer"] == {"unread": True}
    assert len(readings(store)) == 1


def test_a_terminal_is_asked_where_it_is_tracked_and_shown_a_text(start: Start, records: Path, store: Store):
    with start().call("jt808") as device:
        reader = jt808.Reader()
        terminal(device, reader)
        where = plant_command(records, "jt808", PHONE, "locate")
        question = answer(device, reader)
        assert (question.id, question.body) == (0x8201, b"")
        serial = question.serial.to_bytes(2, "big")
        device.sendall(jt(0x0001, serial + b"\x82\x01\x00"))
        eventually(is_(records, where, "accepted"), "taken up")
        device.sendall(jt(0x0201, serial + PLACE))
        eventually(is_(records, where, "done"), "done")
        track = plant_command(records, "jt808", PHONE, "track", arguments={"every_s": 10, "for_s": 600})
        question = answer(device, reader)
        assert jt808.fields(question) == {
            "time_duration_in_seconds": 10, "trace_validity_duration_in_seconds": 600,
        }  # fmt: skip
        device.sendall(jt(0x0001, question.serial.to_bytes(2, "big") + b"\x82\x02\x03"))
        eventually(is_(records, track, "refused"), "refused")
        told = {"words": "立即撤离至高地", "urgent": True}
        text = plant_command(records, "jt808", PHONE, "text", arguments=told)
        question = answer(device, reader)
        assert jt808.fields(question) == {"identifier": 13, "text": "立即撤离至高地"}
        device.sendall(jt(0x0001, question.serial.to_bytes(2, "big") + b"\x83\x00\x00"))
        eventually(is_(records, text, "done"), "done")
    assert command_of(records, track)["answer"] == {"result": "3"}
    assert {lane for _sender, lane, *_rest in readings(store)} == {LIVE}
    assert len(readings(store)) == 2


def test_what_a_protocol_cannot_say_is_refused_and_not_tried_for_ever(start: Start, records: Path):
    pk = plant_command(records, "jt808", PHONE, "set_clock")
    wide = plant_command(records, "jt808", PHONE, "track", arguments={"every_s": 10**9, "for_s": 1})
    with start().call("jt808") as device:
        terminal(device, jt808.Reader())
        eventually(is_(records, wide, "refused"), "the second")
    assert command_of(records, pk)["state"] == "refused"
    assert "set_clock" in command_of(records, pk)["answer"]["unsaid"]


def test_parts_of_a_message_that_never_got_whole_are_counted_and_set_aside_when_the_connection_ends(
    start: Start, store: Store
):
    running = start()
    with running.call("hj212") as device:
        answer(device, hj212.Reader(), hj())
        groups = ";".join(f"w{n:05d}-Rtd=1,w{n:05d}-Flag=N" for n in range(60))
        whole = hj212.Reader().feed(hj(qn="20260706103600000"))[0]
        assert isinstance(whole, hj212.Message)
        packets = hj212.split(hj212.Message(whole.head, f"DataTime=20260706103600;{groups}"))
        assert len(packets) > 1
        device.sendall(hj212.write(packets[0]))
    eventually(lambda: running.table("sensing_framefault"), "the count")
    (fault,) = running.table("sensing_framefault")
    assert (fault["sender"], fault["fault"], fault["count"]) == ("ws-1", "lost_parts", 1)
    eventually(lambda: store.count_set_aside() == 1, "its bytes")
    assert bytes.fromhex(store.set_aside()[0].raw).startswith(b"DataTime=20260706103600;w00000-Rtd=1")


def test_a_message_in_parts_is_waited_for_longer_than_a_frame(start: Start, store: Store):
    with start(Bounds(unfinished_s=0.2)).call("sl651") as station:
        text = b"\0\7" + bytes.fromhex(
            "260706103000" + "F1F1" + STATION + "48" + "F0F0" + "2607061030" + "392300000550"
        )
        first, second = sl651.split(sl651.Message(True, 1, STATION, 0xA000, 0x32, text), 20)
        reader = sl651.Reader()
        answer(station, reader, sl(serial=9))
        station.sendall(sl651.write(first))
        time.sleep(1.5)  # a look of the gateway passes, once a second
        assert answer(station, reader, sl651.write(second)).end == sl651.EOT
    assert len(readings(store)) == 2
