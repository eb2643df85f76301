"""Two stations of the demo that speak protocols of their own and call until a person registers them.

They belong to nobody yet: an HJ 212 station at a river and an SL 651 station at a gauge. Registered, they are answered
and their values arrive like those of any device; they stay for a moment and carry out what they are asked.
"""

from __future__ import annotations

import logging
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from anlan.formats import hj212, sl651
from anlan.formats.devices import beijing_digits, beijing_ms
from anlan.formats.hj212 import asking
from anlan.formats.sl651 import asking as hydro

log = logging.getLogger("anlan.simulate")

#: Seconds between two frames of a station, and until it gives up waiting for a connection or an answer.
EVERY_S, PATIENCE_S = 60, 5.0
DAY_S = 86_400


MN, HYDRO = "99012300WATER0000000001", "9901230001"
#: Frames that answer one question for old data at most.
MOST = 200
#: Steps of the river's old data by the command that asks for them, ms.
_STEPS = {asking.MINUTES: 600_000, asking.HOURS: 3_600_000}


def _swing(at_ms: int) -> float:
    return math.sin(at_ms / 1000 % DAY_S / DAY_S * 2 * math.pi)


def _river(at_ms: int, field: str, **head: str) -> bytes:
    """COD, ammonia and pH of the river at a moment."""
    swing = _swing(at_ms)
    values = {"w01018": 18 + 3 * swing, "w21003": 0.6 + 0.1 * swing, "w01001": 7.6 + 0.2 * swing}
    data = ";".join(f"{code}-{field}={value:.3f},{code}-Flag=N" for code, value in values.items())
    whole = {**head, "PW": "990123", "MN": MN, "Flag": head.get("Flag", "5")}
    return hj212.write(hj212.Message(whole, f"DataTime={beijing_digits(at_ms)[:14]};{data}"))


def _stage_mm(at_ms: int) -> int:
    return round(1000 * (3.2 + 0.4 * _swing(at_ms)))


def water_station(now_ms: int) -> bytes:
    """Real-time values of a river over a day."""
    return _river(now_ms, "Rtd", QN=beijing_digits(now_ms), ST="21", CN="2011")


def gauge_station(now_ms: int) -> bytes:
    """A timed report of a gauge: its stage, m."""
    stamp, serial = beijing_digits(now_ms), now_ms // 60_000 % 0xFFFF + 1
    rest = f"{stamp[2:14]}F1F1{HYDRO}48F0F0{stamp[2:12]}3923{_stage_mm(now_ms):08d}"
    text = serial.to_bytes(2, "big") + bytes.fromhex(rest)
    return sl651.write(sl651.Message(True, 1, HYDRO, 0x9901, 0x32, text))


def water_answers(came: bytes, now_ms: int) -> list[bytes]:
    """What the river's station says to what came: it takes questions up, shows its clock, sends old data again."""
    said: list[bytes] = []
    for one in hj212.Reader().feed(came):
        if not isinstance(one, hj212.Message) or one.command.startswith("9"):
            continue
        said.append(hj212.reply_request(one))
        if one.command == asking.READ_CLOCK:
            head = {**one.head, "Flag": "4"}
            said.append(hj212.write(hj212.Message(head, f"SystemTime={beijing_digits(now_ms)[:14]}")))
        if one.command in asking.HISTORY:
            old = list(_old(one))
            said += [*old, hj212.reply_result(one, 1 if old else 100)]
        else:
            said.append(hj212.reply_result(one))
    return said


def _old(question: hj212.Message) -> Iterator[bytes]:
    items = dict(item for group in question.groups for item in group)
    first, last = beijing_ms(items.get("BeginTime", "")), beijing_ms(items.get("EndTime", ""))
    step = _STEPS.get(question.command)
    if first is None or last is None or step is None:
        return
    for at in range(first - first % -step, last + 1, step)[:MOST]:
        yield _river(at, "Avg", QN=question.head["QN"], ST="21", CN=question.command, Flag="4")


def gauge_answers(came: bytes, now_ms: int) -> list[bytes]:
    """What the gauge says: its clock when it is set, its stage over a span; to all else nothing."""
    said = []
    for one in sl651.Reader().feed(came):
        if not isinstance(one, sl651.Message) or one.end != sl651.ENQ:
            continue
        head = one.text[:2] + bytes.fromhex(f"{beijing_digits(now_ms)[2:14]}F1F1{HYDRO}")
        if one.function == hydro.SET_CLOCK:
            said.append(head)
        elif one.function == hydro.SPAN and one.text[21:22] == b"\x39":
            said.append(head + b"\x48" + _row(one.text))
        else:
            continue
        said[-1] = sl651.write(sl651.Message(True, one.centre, HYDRO, one.password, one.function, said[-1]))
    return said


def _row(text: bytes) -> bytes:
    """Time of the first value, step, and the stage at each step of the span that a question names."""
    first, last = (beijing_ms(f"20{text[at : at + 4].hex()}00") or 0 for at in (8, 12))
    days, hours, minutes = (int(text[at : at + 1].hex()) for at in (18, 19, 20))
    step = max(300_000, ((days * 24 + hours) * 60 + minutes) * 60_000)
    stages = "".join(f"{_stage_mm(at):08d}" for at in range(first, last + 1, step)[:MOST])
    return bytes.fromhex(f"F0F0{beijing_digits(first)[2:12]}{text[16:21].hex()}3923{stages}")


@dataclass(frozen=True, slots=True)
class Station:
    """Sends a frame of its own every minute over a new connection, as stations on batteries do."""

    name: str
    port: int
    frame: Callable[[int], bytes]
    answers: Callable[[bytes, int], list[bytes]]

    def call(self, now_ms: int) -> bytes:
        """Send one frame, carry out what is asked, leave when nothing more comes.

        Returns what came first, nothing while nobody has registered it. Raises OSError.
        """
        first = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as connection:
            connection.sendall(self.frame(now_ms))
            try:
                while came := connection.recv(4096):
                    first = first or came
                    for frame in self.answers(came, time.time_ns() // 1_000_000):
                        connection.sendall(frame)
            except TimeoutError:
                pass
        return first

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
    stations = (
        Station("water", hj212_port, water_station, water_answers),
        Station("gauge", sl651_port, gauge_station, gauge_answers),
    )
    for station in stations:
        if station.port:
            threading.Thread(target=station.keep_calling, args=(stop,), daemon=True, name=station.name).start()
