"""The demo's cars: terminals of JT/T 808 in the vehicles of rescue teams, which drive their roads day and night.

A car goes to and fro along one road. Where it is at a moment follows from the moment alone, so a restart goes on where
it stopped, and what is sent again is known. The last two hours are sent first, as a terminal does that had no network.
"""

from __future__ import annotations

import json
import logging
import math
import socket
import struct
import threading
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path

from anlan.formats import jt808
from anlan.formats.coordinates import wgs84_to_gcj02
from anlan.formats.devices import beijing_digits

log = logging.getLogger("anlan.simulate")

#: Seconds between two positions, hours that are sent first, positions of one frame of kept ones.
EVERY_S, KEPT_H, A_FRAME = 15, 2, 28
#: Seconds until a connection or an answer is given up, and between two attempts.
PATIENCE_S, AGAIN_S = 5.0, 30
#: The receiver has a fix, and the ignition is on.
_STATUS = 0b11
_DEGREE_M = 111_320.0
FILE = "demo-cars.json"


@dataclass(frozen=True, slots=True)
class Car:
    """One terminal.

    number, code  of the terminal, and what it proves itself by
    kmh           of the car
    gcj           it speaks GCJ-02, as many do
    way           longitude, latitude of the road, WGS-84
    """

    number: str
    code: str
    kmh: float
    gcj: bool
    way: tuple[tuple[float, float], ...]
    _far: tuple[float, ...] = field(default=(), compare=False)

    @property
    def far(self) -> Sequence[float]:
        """Metres from the beginning of the way to each of its corners."""
        return tuple(accumulate((_metres(a, b) for a, b in pairwise(self.way)), initial=0.0))

    def at(self, t_ms: int) -> tuple[float, float, float]:
        """Longitude, latitude and course, degrees, at a moment."""
        far = self._far or self.far
        whole = far[-1]
        gone = self.kmh / 3.6 * t_ms / 1000 % (2 * whole)
        back = gone > whole
        metres = 2 * whole - gone if back else gone
        row = min(max(bisect_right(far, metres) - 1, 0), len(self.way) - 2)
        a, b = self.way[row], self.way[row + 1]
        share = (metres - far[row]) / max(far[row + 1] - far[row], 1e-9)
        lon, lat = a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
        east = (b[0] - a[0]) * math.cos(math.radians(lat))
        course = math.degrees(math.atan2(east, b[1] - a[1])) + (180 if back else 0)
        return lon, lat, course % 360

    def body(self, t_ms: int) -> bytes:
        """The position of a moment as the terminal reports it."""
        lon, lat, course = self.at(t_ms)
        if self.gcj:
            x, y = wgs84_to_gcj02(lon, lat)
            lon, lat = float(x), float(y)
        head = struct.pack(
            ">IIIIHHH", 0, _STATUS, round(lat * 1e6), round(lon * 1e6), 620, round(self.kmh * 10), round(course) % 360
        )
        return head + bytes.fromhex(beijing_digits(t_ms)[2:14])


def _metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    return math.hypot((b[0] - a[0]) * math.cos(math.radians(a[1])), b[1] - a[1]) * _DEGREE_M


def read_cars(path: Path) -> list[Car]:
    """The cars that were planted; none where there is no such file."""
    if not path.exists():
        return []
    rows = json.loads(path.read_text(encoding="utf-8"))
    cars = [Car(one["number"], one["code"], one["kmh"], one["gcj"], tuple(map(tuple, one["way"]))) for one in rows]
    return [Car(one.number, one.code, one.kmh, one.gcj, one.way, tuple(one.far)) for one in cars]


class Terminal:
    """A car on the line: one connection, opened again when it breaks."""

    def __init__(self, car: Car, port: int) -> None:
        self.car, self.port = car, port
        self.sent_ms = 0
        self._line: socket.socket | None = None
        self._serial = 0
        self._again = 0.0

    def drive(self, now_ms: int) -> int:
        """Send every position that is due; returns how many were answered. Raises nothing when the line is down."""
        due = now_ms - now_ms % (EVERY_S * 1000)
        if due <= self.sent_ms or time.monotonic() < self._again:
            return 0
        since = max(self.sent_ms, due - KEPT_H * 3_600_000)
        moments = range(since + EVERY_S * 1000, due + 1, EVERY_S * 1000)
        try:
            if self._line is None:
                self._line = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
                self._say(0x0102, self.car.code.encode())
            for first in range(0, len(moments) - 1, A_FRAME):
                some = moments[first : min(first + A_FRAME, len(moments) - 1)]
                bodies = [self.car.body(t) for t in some]
                items = b"".join(struct.pack(">H", len(body)) + body for body in bodies)
                self._say(0x0704, struct.pack(">HB", len(bodies), 1) + items)
            self._say(0x0200, self.car.body(due))
        except OSError as error:
            log.info("car %s does not reach the gateway: %s", self.car.number, error)
            self.close()
            self._again = time.monotonic() + AGAIN_S
            return 0
        self.sent_ms = due
        return len(moments)

    def _say(self, kind: int, body: bytes) -> None:
        """Send a message and wait for its answer. Raises OSError without one, or for a refusal."""
        assert self._line is not None
        self._serial = (self._serial + 1) & 0xFFFF
        self._line.sendall(jt808.write(jt808.Message(kind, self.car.number.zfill(12), self._serial, body)))
        reader = jt808.Reader()
        while True:
            data = self._line.recv(4096)
            if not data:
                raise ConnectionError("the gateway hung up")
            for answer in reader.feed(data):
                if isinstance(answer, jt808.Message) and answer.id == 0x8001 and len(answer.body) >= 5:
                    serial, _kind, result = struct.unpack(">HHB", answer.body[:5])
                    if serial == self._serial:
                        if result:
                            raise ConnectionError(f"refused with {result}")
                        return

    def close(self) -> None:
        """Leave the gateway."""
        if self._line is not None:
            self._line.close()
        self._line = None


def start(port: int, cars: Sequence[Car], stop: threading.Event) -> None:
    """Let the cars drive in a thread of their own, where the gateway has a port."""
    if port and cars:
        terminals = [Terminal(car, port) for car in cars]
        threading.Thread(target=_drive, args=(terminals, stop), daemon=True, name="cars").start()


def _drive(terminals: Sequence[Terminal], stop: threading.Event) -> None:
    while not stop.wait(1.0):
        for terminal in terminals:
            terminal.drive(time.time_ns() // 1_000_000)
    for terminal in terminals:
        terminal.close()
