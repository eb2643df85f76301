"""The demo's cars: where they are follows from the moment, and what they send is read by our own codec."""

from __future__ import annotations

import json
import socket
import struct
import threading

import numpy as np
import pytest

from anlan.demo.cars import EVERY_S, Car, Terminal, read_cars
from anlan.formats import jt808
from anlan.formats.coordinates import gcj02_to_wgs84
from anlan.science.tracks import steps_m

NOW = 1_795_320_000_000
CAR = Car("13900000001", "secret", 40.0, False, ((104.0, 31.5), (104.1, 31.5), (104.1, 31.6)))


def test_a_car_drives_its_road_at_its_speed_and_back():
    places = [CAR.at(NOW + 15_000 * i)[:2] for i in range(500)]
    steps = steps_m([x for x, _y in places], [y for _x, y in places])
    assert steps.max() < 40 / 3.6 * 15 * 1.02
    assert np.median(steps) == pytest.approx(40 / 3.6 * 15, rel=0.02)
    assert all(abs(y - 31.5) < 1e-9 or abs(x - 104.1) < 1e-9 for x, y in places)


def test_what_it_sends_is_read_as_its_place():
    for gcj in (False, True):
        car = Car(CAR.number, CAR.code, CAR.kmh, gcj, CAR.way)
        values = {one.sensor: one for one in jt808.values(jt808.Message(0x0200, car.number, 1, car.body(NOW)))}
        lon, lat, _course = car.at(NOW)
        x, y = (values["lon"].value, values["lat"].value)
        if gcj:
            x, y = (float(one) for one in gcj02_to_wgs84(x, y))
        assert (x, y) == (pytest.approx(lon, abs=2e-6), pytest.approx(lat, abs=2e-6))
        assert (values["lat"].time_ms, values["lat"].quality, values["speed"].value) == (NOW, "good", 40.0)


class Gateway(threading.Thread):
    """Answers every message, or hangs up after so many."""

    def __init__(self, most: int = 10_000) -> None:
        super().__init__(daemon=True)
        self.most, self.heard = most, []
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]

    def run(self) -> None:
        while True:
            try:
                line, _address = self.door.accept()
            except OSError:
                return
            reader = jt808.Reader()
            with line:
                while data := line.recv(65_536):
                    for message in reader.feed(data):
                        self.heard.append(message)
                        if len(self.heard) == self.most:
                            break
                        line.sendall(jt808.reply(message, serial=1, result=0))
                    if len(self.heard) == self.most:
                        break


def times(heard) -> list[int]:
    return sorted({one.time_ms for message in heard for one in jt808.values(message) if one.sensor == "lat"})


def test_two_hours_are_sent_first_and_a_cut_line_loses_nothing(monkeypatch):
    gateway = Gateway(most=5)
    gateway.start()
    terminal = Terminal(CAR, gateway.port)
    assert terminal.drive(NOW) == 0  # cut in the middle of the kept ones
    gateway.most = 10_000
    monkeypatch.setattr(terminal, "_again", 0.0)
    assert terminal.drive(NOW + 1_000) == 480
    assert terminal.drive(NOW + 2_000) == 0
    assert terminal.drive(NOW + EVERY_S * 1_000) == 1
    due = NOW - NOW % 15_000
    assert times(gateway.heard) == list(range(due - 7_200_000 + 15_000, due + 15_001, 15_000))
    kinds = [message.id for message in gateway.heard]
    assert kinds[0] == 0x0102 and struct.unpack(">HB", gateway.heard[1].body[:3])[1] == 1
    terminal.close()
    gateway.door.close()


def test_the_list_of_cars_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "cars.json"
    assert read_cars(path) == []
    path.write_text(json.dumps([{"number": "1", "code": "c", "kmh": 40, "gcj": True, "way": [[104, 31], [104.1, 31]]}]))
    (car,) = read_cars(path)
    assert car.gcj and car.way == ((104, 31), (104.1, 31))
