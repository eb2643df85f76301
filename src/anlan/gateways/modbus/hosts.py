"""One host and port: its units in turn over one connection, patience with a silent one, and what a person tries."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from anlan.gateways.modbus.records import Connection, Line
from anlan.gateways.modbus.units import Read, Unit, tried
from anlan.gateways.modbus.wire import Wire

log = logging.getLogger("anlan.modbus")

#: Seconds until a silent unit is asked again: the first time, doubled each time, at most the longest, or its period.
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
#: A host that sleeps has something to do at the latest after so many seconds.
LONGEST_SLEEP_S = 60.0
#: Turns of a unit that may wait for the disk; beyond it the unit is not asked.
UNSETTLED = 30
#: Faults of a host and not of one of its units.
OF_THE_HOST = frozenset({"no_connection", "host_unknown", "host_not_allowed"})

Trial = tuple[int, Connection, Sequence[Line]]


class Office(Protocol):
    """What a host needs of the gateway."""

    clock: Callable[[], int]

    def came(self, unit: Unit, read: Read, missed: int) -> None:
        """What a turn gave."""

    def not_asked(self, unit: Unit) -> None:
        """A turn was left out because too much waits for the disk."""

    def was_tried(self, trial: int, result: dict[str, Any]) -> None:
        """What a trial found."""


@dataclass(slots=True)
class Host:
    """Asks until it has no unit and no trial left. All of it runs in the loop."""

    office: Office
    wire: Wire
    units: dict[int, Unit] = field(default_factory=dict)
    trials: deque[Trial] = field(default_factory=deque)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def change(self) -> None:
        """Units or trials came or went: look again."""
        self._changed.set()

    @property
    def is_idle(self) -> bool:
        return not self.units and not self.trials

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while not self.is_idle:
                if self.trials:
                    await self._try(*self.trials.popleft())
                    continue
                unit = min(self.units.values(), key=lambda one: one.due)
                wait = unit.due - loop.time()
                if wait > 0:
                    await self._sleep(min(wait, LONGEST_SLEEP_S))
                else:
                    await self._turn(unit, loop.time())
        finally:
            self.wire.close()

    async def _sleep(self, seconds: float) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _turn(self, unit: Unit, now: float) -> None:
        """Ask one unit for everything, and say when it is asked next."""
        period = unit.connection.period_s
        missed = int((now - unit.due) // period)
        unit.due += (missed + 1) * period
        if unit.unsettled >= UNSETTLED:
            self.office.not_asked(unit)
            return
        read = await unit.read(self.wire, now)
        if read.is_silent:
            self._wait_for(unit, read)
        elif unit.fails:
            log.info("%s answers again", _name(unit.connection))
            unit.fails, unit.state.next_ms = 0, None
        self.office.came(unit, read, missed)

    def _wait_for(self, unit: Unit, read: Read) -> None:
        """Ask a silent unit again after a while; where nobody answers at all, its neighbours wait with it."""
        loop = asyncio.get_running_loop()
        if not unit.fails:
            log.warning("%s: %s", _name(unit.connection), read.fault)
        unit.fails += 1
        # A little apart, so that hosts behind one lost line do not all come back in the same moment.
        wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(unit.fails - 1, 8)) * random.uniform(0.9, 1.1)  # noqa: S311
        waiting = list(self.units.values()) if read.fault in OF_THE_HOST else []
        for one in {id(one): one for one in (*waiting, unit)}.values():
            one.due = max(one.due, loop.time() + wait)
            one.state.next_ms = self.office.clock() + round(1000 * (one.due - loop.time()))

    async def _try(self, trial: int, connection: Connection, lines: Sequence[Line]) -> None:
        """Ask for every line of a map, at once and whatever was silent before."""
        try:
            result = await tried(self.wire, connection, lines)
        except ValueError as error:
            result = {"fault": "bad_map", "why": str(error), "lines": []}
        self.office.was_tried(trial, result)


def _name(connection: Connection) -> str:
    return f"{connection.device} at {connection.host}:{connection.port} unit {connection.unit}"
