"""The stations of the demo that speak protocols of their own."""

from __future__ import annotations

import socket
import threading

from anlan.demo.field import Station, gauge_station, water_station
from anlan.formats import hj212, sl651

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
        station = Station("water", server.getsockname()[1], water_station)

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
