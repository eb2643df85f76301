"""Two stations of the demo that speak protocols of their own and call until a person registers them.

They belong to nobody yet: an HJ 212 station at a river and an SL 651 station at a gauge. Registered, they are answered
and their values arrive like those of any device.
"""

from __future__ import annotations

import logging
import math
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from anlan.formats import hj212, sl651
from anlan.formats.devices import beijing_digits

log = logging.getLogger("anlan.simulate")

#: Seconds between two frames of a station, and until it gives up waiting for a connection or an answer.
EVERY_S, PATIENCE_S = 60, 5.0
DAY_S = 86_400


def water_station(now_ms: int) -> bytes:
    """Real-time values of a river: COD, ammonia and pH over a day."""
    stamp = beijing_digits(now_ms)
    swing = math.sin(now_ms / 1000 % DAY_S / DAY_S * 2 * math.pi)
    values = {"w01018": 18 + 3 * swing, "w21003": 0.6 + 0.1 * swing, "w01001": 7.6 + 0.2 * swing}
    data = ";".join(f"{code}-Rtd={value:.3f},{code}-Flag=N" for code, value in values.items())
    head = {"QN": stamp, "ST": "21", "CN": "2011", "PW": "990123", "MN": "99012300WATER0000000001", "Flag": "5"}
    return hj212.write(hj212.Message(head, f"DataTime={stamp[:14]};{data}"))


def gauge_station(now_ms: int) -> bytes:
    """A timed report of a gauge: its stage, m."""
    stamp = beijing_digits(now_ms)
    stage = round(1000 * (3.2 + 0.4 * math.sin(now_ms / 1000 % DAY_S / DAY_S * 2 * math.pi)))
    station = "9901230001"
    serial = now_ms // 60_000 % 0xFFFF + 1
    text = serial.to_bytes(2, "big") + bytes.fromhex(f"{stamp[2:14]}F1F1{station}48F0F0{stamp[2:12]}3923{stage:08d}")
    return sl651.write(sl651.Message(True, 1, station, 0x9901, 0x32, text))


@dataclass(frozen=True, slots=True)
class Station:
    """Sends a frame of its own every minute over a new connection, as stations on batteries do."""

    name: str
    port: int
    frame: Callable[[int], bytes]

    def call(self, now_ms: int) -> bytes:
        """Send one frame; returns the answer, nothing while nobody has registered it. Raises OSError."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as connection:
            connection.sendall(self.frame(now_ms))
            try:
                return connection.recv(4096)
            except TimeoutError:
                return b""

    def keep_calling(self, stop: threading.Event) -> None:
        """Until `stop`; a gateway that is away is called again the next minute."""
        while not stop.is_set():
            try:
                self.call(time.time_ns() // 1_000_000)
            except OSError as error:
                log.info("%s does not reach the gateway: %s", self.name, error)
            stop.wait(EVERY_S)


def start(hj212_port: int, sl651_port: int, stop: threading.Event) -> None:
    """Let both call in threads of their own, each where a port is set."""
    stations = (Station("water", hj212_port, water_station), Station("gauge", sl651_port, gauge_station))
    for station in stations:
        if station.port:
            threading.Thread(target=station.keep_calling, args=(stop,), daemon=True, name=station.name).start()
