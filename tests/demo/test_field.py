"""The stations of the demo that speak protocols of their own."""

from __future__ import annotations

import socket
import threading

from anlan.demo.field import Station, gauge_answers, gauge_station, water_answers, water_station
from anlan.formats import hj212, sl651
from anlan.formats.hj212 import asking
from anlan.formats.sl651 import asking as hydro

NOW = 1_795_320_000_000


def test_their_frames_are_what_the_codecs_read():
    (water,) = hj212.Reader(strict=True).feed(water_station(NOW))
    assert isinstance(water, hj212.Message)
    assert [(value.sensor, value.known, value.time_ms) for value in hj212.values(water)] == [
        (sensor, True, NOW) for sensor in ("w01018-Rtd", "w21003-Rtd", "w01001-Rtd")
    ]
    (gauge,) = sl651.Reader(strict=True).feed(gauge_station(NOW))
    assert isinstance(gauge, sl651.Message)
    (stage,) = sl651.values(gauge)
    assert (stage.sensor, stage.unit) == ("39", "m")
    assert 2.8 <= (stage.value or 0) <= 3.6


def test_a_station_hears_the_answer_to_its_frame():
    with socket.create_server(("127.0.0.1", 0)) as server:
        station = Station("water", server.getsockname()[1], water_station, water_answers)

        def serve() -> None:
            connection, _address = server.accept()
            with connection:
                (came,) = hj212.Reader().feed(connection.recv(4096))
                assert isinstance(came, hj212.Message)
                connection.sendall(hj212.reply_data(came))

        thread = threading.Thread(target=serve)
        thread.start()
        (told,) = hj212.Reader().feed(station.call(NOW))
        thread.join(5)
    assert isinstance(told, hj212.Message)
    assert told.command == "9014"


QN = "20261122120000000"
HOUR = 3_600_000


def said_of(frames: list[bytes]) -> list[hj212.Message]:
    found = hj212.Reader(strict=True).feed(b"".join(frames))
    assert all(isinstance(one, hj212.Message) for one in found)
    return [one for one in found if isinstance(one, hj212.Message)]


def test_the_river_takes_questions_up_and_sends_its_old_hours_again():
    (heard,) = hj212.Reader().feed(water_station(NOW))
    assert isinstance(heard, hj212.Message)
    clock = said_of(water_answers(asking.set_clock(heard, qn=QN, at_ms=NOW), NOW))
    assert [asking.result_of(one) for one in clock] == [("QnRtn", "1"), ("ExeRtn", "1")]
    shown = said_of(water_answers(asking.read_clock(heard, qn=QN), NOW))
    assert asking.clock_of(shown[1]) == NOW
    span = {"qn": QN, "from_ms": NOW - 3 * HOUR + 1_000, "to_ms": NOW}
    hours = said_of(water_answers(asking.ask_history(heard, "2061", **span), NOW))
    assert [one.command for one in hours] == ["9011", "2061", "2061", "2061", "9012"]
    assert {asking.question_of(one) for one in hours} == {QN}
    assert [hj212.values(one)[0].time_ms for one in hours[1:-1]] == [NOW - 2 * HOUR, NOW - HOUR, NOW]
    days = said_of(water_answers(asking.ask_history(heard, "2031", **span), NOW))
    assert asking.result_of(days[-1]) == ("ExeRtn", "100")


def test_the_gauge_shows_its_clock_and_sends_its_stage_of_a_span_again():
    (heard,) = sl651.Reader().feed(gauge_station(NOW))
    assert isinstance(heard, sl651.Message)
    (frame,) = gauge_answers(hydro.set_clock(heard, serial=7, at_ms=NOW), NOW)
    (clock,) = sl651.Reader(strict=True).feed(frame)
    assert isinstance(clock, sl651.Message)
    assert (clock.function, clock.serial, clock.sent_ms) == (0x4A, 7, NOW)
    span = {"serial": 7, "at_ms": NOW, "from_ms": NOW - 2 * HOUR, "to_ms": NOW, "step_min": 60}
    (frame,) = gauge_answers(hydro.ask_span(heard, element=0x39, **span), NOW)
    (row,) = sl651.Reader(strict=True).feed(frame)
    assert isinstance(row, sl651.Message)
    assert [value.time_ms for value in sl651.values(row)] == [NOW - 2 * HOUR, NOW - HOUR, NOW]
    assert gauge_answers(hydro.ask_span(heard, element=0x20, **span), NOW) == []
