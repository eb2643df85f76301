"""One unit: what is asked of it in how few requests, and what its answers say."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from anlan.formats import modbus
from anlan.gateways.faults import Faults, set_aside_frame
from anlan.gateways.modbus.records import Connection, Line, State
from anlan.gateways.modbus.wire import Answer, Trouble, Wire
from anlan.kernel.sensing.door.bodies import Sender
from anlan.kernel.sensing.door.links import MODBUS
from anlan.kernel.sensing.door.taking import batch_of_readings
from anlan.kernel.sensing.store import Columns, NewBatch

#: Refusals that concern a range: asked for in smaller parts, what is right in it is read all the same.
RANGE = frozenset({"illegal_address", "illegal_value"})
#: Refusals of somebody in between, or for the moment: the device itself has said nothing, so there is no reading.
NOT_ITSELF = frozenset({"acknowledged", "busy", "gateway_path", "target_silent"})
#: Refusals that mean that the device behind a gateway is silent.
SILENT = frozenset({"gateway_path", "target_silent"})
#: Faults by which bytes are set aside: something came that was no answer to the question.
UNREADABLE = {
    "wrong_transaction": "The answer bears the number of another question.",
    "wrong_unit": "Another unit answered than was asked.",
    "wrong_function": "The answer is to another function than was asked.",
    "bad_length": "The answer has not as many values as were asked for.",
    "bad_header": "The head of the answer cannot be read.",
    "garbage": "What came is no Modbus TCP.",
    "truncated": "The answer ended before its time.",
    "unasked": "More came than was asked for.",
}
#: Seconds after which ranges that had to be cut are tried whole again.
WHOLE_AGAIN_S = 3_600.0
#: Quality of a value that the device says it has not.
GOOD, BAD = 0, 2


@dataclass(frozen=True, slots=True)
class Read:
    """What one turn of asking gave: answers in order, and what ended it early."""

    answers: tuple[tuple[modbus.Request, Answer], ...]
    trouble: Trouble | None = None

    @property
    def fault(self) -> str:
        """The first thing that was wrong, "" when nothing was."""
        if self.trouble is not None:
            return self.trouble.kind
        refusals = (answer.frame.exception for _request, answer in self.answers)
        return next((one for one in refusals if one), "")

    @property
    def is_heard(self) -> bool:
        """Whether the device itself said something that could be understood."""
        return any(answer.frame.exception not in SILENT for _request, answer in self.answers)

    @property
    def is_silent(self) -> bool:
        """Whether the device itself said nothing that could be understood to the end."""
        return self.trouble is not None or self.fault in SILENT


@dataclass(slots=True)
class Unit:
    """One unit that is asked in turn.

    due       when it is asked next, seconds of the loop's clock
    fails     turns in a row that ended in silence
    unsettled turns that wait for the disk
    """

    connection: Connection
    lines: tuple[Line, ...]
    due: float
    fails: int = 0
    unsettled: int = 0
    state: State = field(default_factory=State)
    requests: list[modbus.Request] = field(default_factory=list)
    _cut_at: float | None = None

    def __post_init__(self) -> None:
        self._plan()

    def _plan(self) -> None:
        wanted = [_point(line, str(line.point)) for line in self.lines if line.point is not None]
        self.requests = modbus.plan(self.connection.unit, wanted, gap=self.connection.gap)

    async def read(self, wire: Wire, now: float) -> Read:
        """Ask for everything once. A range that is refused is cut, now and for the next hour.

        now  seconds of the loop's clock
        """
        if self._cut_at is not None and now - self._cut_at > WHOLE_AGAIN_S:
            self._cut_at = None
            self._plan()
        read, asked = await _read(wire, self.requests, self.connection)
        if read.trouble is None and len(asked) != len(self.requests):
            self.requests, self._cut_at = asked, now
        return read


async def _read(
    wire: Wire, requests: Sequence[modbus.Request], connection: Connection
) -> tuple[Read, list[modbus.Request]]:
    """Answers to all requests, and the requests as they had to be cut."""
    waiting = deque(requests)
    answers: list[tuple[modbus.Request, Answer]] = []
    while waiting:
        request = waiting.popleft()
        try:
            answer = await wire.ask(request, connection.timeout_ms / 1000)
        except Trouble as trouble:
            return Read(tuple(answers), trouble), []
        if answer.frame.exception in RANGE and len(request.points) > 1:
            half = len(request.points) // 2
            parts = (request.points[:half], request.points[half:])
            cut = [one for part in parts for one in modbus.plan(connection.unit, part, gap=connection.gap)]
            waiting.extendleft(reversed(cut))
            continue
        answers.append((request, answer))
    return Read(tuple(answers)), [request for request, _answer in answers]


def batch_of(read: Read, sender: Sender, key: str, now_ms: int, faults: Faults) -> NewBatch | None:
    """Readings of what was answered, at the times of the answers; None when there are none.

    A refusal of the device itself makes readings of bad quality; of a gateway in between, or for the moment, none.

    key  of this turn, the same for no other
    """
    number: list[int] = []
    at: list[int] = []
    value: list[float] = []
    quality: list[int] = []
    for request, answer in read.answers:
        if answer.frame.exception in NOT_ITSELF:
            continue
        for one in modbus.values(request, answer.frame, sender.code, answer.at_ms):
            point = int(one.sensor)
            if point not in sender.points:
                # Switched off, or given to another device since the map was read.
                faults.fault(MODBUS, sender.code, "unknown_point", answer.frame.raw, now_ms)
                continue
            number.append(point)
            at.append(answer.at_ms)
            value.append(np.nan if one.value is None else one.value)
            quality.append(GOOD if one.quality == "good" else BAD)
    if not number:
        return None
    columns = Columns(
        np.array(number, np.int32), np.array(at, np.int64), np.array(value, np.float64), np.array(quality, np.uint8)
    )
    raw = b"".join(answer.frame.raw for _request, answer in read.answers)
    return batch_of_readings(raw, key, sender, sender.lane, columns, (), now_ms)


def count(read: Read, device: str, now_ms: int, faults: Faults) -> list[NewBatch]:
    """Count what was wrong with a turn; what is to be set aside of it."""
    wrong = [(answer.frame.exception, answer.frame.raw) for _request, answer in read.answers if answer.frame.exception]
    wrong += [("unasked", answer.unasked) for _request, answer in read.answers if answer.unasked]
    if read.trouble is not None:
        wrong.append((read.trouble.kind, read.trouble.raw))
    for kind, raw in wrong:
        faults.fault(MODBUS, device, kind, raw, now_ms)
    return [
        set_aside_frame(device, MODBUS, kind, UNREADABLE[kind], raw)
        for kind, raw in wrong
        if kind in UNREADABLE and raw and faults.may_keep(device, kind, now_ms)
    ]


async def tried(wire: Wire, connection: Connection, lines: Sequence[Line]) -> dict[str, Any]:
    """What a person sees who reads the map once: each line with its registers and value, or why there is none."""
    points = [_point(line, str(place)) for place, line in enumerate(lines)]
    requests = modbus.plan(connection.unit, points, gap=connection.gap)
    read, _asked = await _read(wire, requests, connection)
    found: dict[int, dict[str, Any]] = {}
    for request, answer in read.answers:
        made = modbus.values(request, answer.frame, connection.device, answer.at_ms)
        for point, value in zip(request.points, made, strict=True):
            refused = answer.frame.exception or ""
            found[int(point.sensor)] = {
                "raw": list(modbus.sent(request, answer.frame, point)),
                "value": value.value,
                "fault": refused or ("" if value.value is not None else "no_number"),
            }
    missing: dict[str, Any] = {"raw": [], "value": None, "fault": read.trouble.kind if read.trouble else "no_answer"}
    longest = max((answer.round_trip_ms for _request, answer in read.answers), default=None)
    return {
        "fault": read.trouble.kind if read.trouble else "",
        "raw": read.trouble.raw[:260].hex() if read.trouble else "",
        "requests": len(read.answers),
        "round_trip_ms": longest,
        "lines": [
            {
                "function": line.function,
                "address": line.address,
                "type": line.type,
                "order": line.order,
                "unit": line.unit,
                "name": line.name,
                "point": line.code,
                **found.get(place, missing),
            }
            for place, line in enumerate(lines)
        ],
    }


def _point(line: Line, sensor: str) -> modbus.Point:
    return modbus.Point(sensor, line.function, line.address, line.type, line.order, line.scale, line.offset, line.unit)
