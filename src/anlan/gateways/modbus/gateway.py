"""The gateway itself: which hosts are asked, what goes to disk, and what is read and written once a second."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from anlan.gateways.committing import Committer
from anlan.gateways.faults import Faults
from anlan.gateways.modbus.hosts import Host
from anlan.gateways.modbus.records import Connection, Line, ModbusRecords, State
from anlan.gateways.modbus.units import Read, Unit, batch_of, count
from anlan.gateways.modbus.wire import Wire
from anlan.kernel.sensing.door.directory import Away, Directory
from anlan.kernel.sensing.door.links import MODBUS
from anlan.kernel.sensing.store import NewBatch, Store, clock_ms

log = logging.getLogger("anlan.modbus")

#: Seconds between two looks at the records; what came of asking is written every `WRITE_EVERY` looks.
LOOK_S, WRITE_EVERY = 0.5, 4
#: A trial that waited longer is not taken any more, seconds.
TRIAL_S = 60.0
#: A new unit is asked for the first time within so many seconds, each at its own moment.
SPREAD_S = 1.0
_GOLDEN = 0.618034

#: A connection with its map, by the key of the connection.
Known = Mapping[int, tuple[Connection, Sequence[Line]]]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn of asking wants on disk, and what counts once it is there."""

    unit: Unit
    batches: Sequence[NewBatch]
    readings: int
    at_ms: int
    round_trip_ms: float


@dataclass(slots=True)
class Gateway:
    """Between hosts and one store. `run` asks until `stop` is set.

    allowed  hosts that may be asked, as `environment.may_connect` takes them
    """

    store: Store
    directory: Directory
    records: ModbusRecords
    allowed: Sequence[str]
    clock: Callable[[], int] = clock_ms
    faults: Faults = field(default_factory=Faults)
    hosts: dict[tuple[str, int], Host] = field(default_factory=dict)
    _tasks: dict[tuple[str, int], asyncio.Task[None]] = field(default_factory=dict)
    _units: dict[int, Unit] = field(default_factory=dict)
    #: States that changed since they were last written, and what trials found.
    _states: dict[int, State] = field(default_factory=dict)
    _found: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _known: dict[int, tuple[Connection, Sequence[Line]]] = field(default_factory=dict)
    _run: str = field(default_factory=lambda: secrets.token_hex(6))
    _turns: int = 0
    _committer: Committer[Turn] = field(init=False)
    _loop: asyncio.AbstractEventLoop = field(init=False)

    def __post_init__(self) -> None:
        self._committer = Committer(self.store, self._committed)

    async def run(self, stop: asyncio.Event) -> None:
        """Ask what the records say. Raises Away when they cannot be read at the start."""
        self._loop = asyncio.get_running_loop()
        trials = self._read_records()
        self.records.close()
        self._apply(dict(self._known), trials)
        self._committer.start()
        ending = threading.Event()
        looking = threading.Thread(target=self._look, args=(ending,), name="look", daemon=True)
        looking.start()
        try:
            await stop.wait()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            await self._loop.run_in_executor(None, self._committer.stop)
            # One turn: what was just committed still counts.
            await asyncio.sleep(0)
            ending.set()
            await self._loop.run_in_executor(None, looking.join)

    # -- which hosts are asked ----------------------------------------------------------------------------------------

    def _apply(self, known: Known, trials: Sequence[tuple[int, int]]) -> None:
        """Take up what the records say now. In the loop."""
        for pk in [pk for pk in self._units if pk not in known or not known[pk][0].enabled]:
            self._leave(pk)
        for pk, (connection, lines) in known.items():
            unit = self._units.get(pk)
            if connection.enabled and (unit is None or unit.connection != connection):
                self._join(connection, lines)
        for trial, pk in trials:
            if pk in known:
                connection, lines = known[pk]
                host = self._host(connection)
                host.trials.append((trial, connection, lines))
                host.change()

    def _join(self, connection: Connection, lines: Sequence[Line]) -> None:
        before = self._units.get(connection.pk)
        self._leave(connection.pk)
        spread = connection.pk * _GOLDEN % 1.0 * SPREAD_S
        state = before.state if before else State()
        try:
            unit = Unit(connection, tuple(lines), self._loop.time() + spread, state=state)
        except ValueError as error:
            # Services refuse such a map; written by other hands it must not end the others, nor be tried for ever.
            log.warning("the map of %s cannot be asked for: %s", connection.device, error)
            unit = Unit(connection, (), 0.0, state=state)
            self.faults.fault(MODBUS, connection.device, "bad_map", b"", self.clock())
            self._judge(unit, "bad_map", 0, self.clock())
        self._units[connection.pk] = unit
        if unit.requests:
            host = self._host(connection)
            host.units[connection.pk] = unit
            host.change()

    def _leave(self, pk: int) -> None:
        unit = self._units.pop(pk, None)
        host = self.hosts.get((unit.connection.host, unit.connection.port)) if unit else None
        if host is not None:
            host.units.pop(pk, None)
            host.change()

    def _host(self, connection: Connection) -> Host:
        """The host of a connection; one that is not asked yet begins once it has something to do."""
        key = (connection.host, connection.port)
        host = self.hosts.get(key)
        if host is None:
            host = self.hosts[key] = Host(self, Wire(*key, self.allowed, self.clock))
            self._tasks[key] = self._loop.create_task(self._ask(key, host))
        return host

    async def _ask(self, key: tuple[str, int], host: Host) -> None:
        """A host until it has nothing left to do; one whose bytes we cannot bear must not end the others."""
        while True:
            try:
                await host.run()
                break
            except Exception:
                log.exception("%s:%d cannot be asked now", *key)
                for unit in host.units.values():
                    self.faults.fault(MODBUS, unit.connection.device, "unreadable", b"", self.clock())
                host.trials.clear()
                await asyncio.sleep(5)
        del self.hosts[key], self._tasks[key]

    # -- for the hosts ------------------------------------------------------------------------------------------------

    def came(self, unit: Unit, read: Read, missed: int) -> None:
        """Count what was wrong, and hand in what came; it counts once it is on disk."""
        now_ms, device = self.clock(), unit.connection.device
        batches = count(read, device, now_ms, self.faults)
        self._judge(unit, read.fault, missed, now_ms)
        # Only now: a device that somebody else speaks for must not count as heard.
        sender = self.directory.named(device) if read.is_heard else None
        if sender is not None:
            self._turns += 1
            key = f"modbus:{self._run}:{unit.connection.pk}:{self._turns}"
            batch = batch_of(read, sender, key, now_ms, self.faults)
            readings = batch.n if batch else 0
            _request, last = read.answers[-1]
            batches += [batch] if batch else []
            unit.unsettled += 1
            self._committer.put(Turn(unit, batches, readings, last.at_ms, last.round_trip_ms))
        elif batches:
            unit.unsettled += 1
            self._committer.put(Turn(unit, batches, 0, 0, 0.0))

    def not_asked(self, unit: Unit) -> None:
        """Too much of it waits for the disk."""
        now_ms = self.clock()
        self.faults.fault(MODBUS, unit.connection.device, "store_waits", b"", now_ms)
        self._judge(unit, "store_waits", 1, now_ms)

    def was_tried(self, trial: int, result: dict[str, Any]) -> None:
        with self._lock:
            self._found.append((trial, result))

    def _judge(self, unit: Unit, fault: str, missed: int, now_ms: int) -> None:
        state = unit.state
        with self._lock:
            state.missed += missed
            if not fault:
                state.failing_since_ms = None
            elif state.failing_since_ms is None:
                state.failing_since_ms = now_ms
            state.fault = fault
            self._states[unit.connection.pk] = state

    # -- the committing thread ----------------------------------------------------------------------------------------

    def _committed(self, settled: Sequence[tuple[Turn, bool]]) -> None:
        """Tell the loop; one call for a whole transaction."""
        try:
            self._loop.call_soon_threadsafe(self._settle, settled)
        except RuntimeError:
            log.info("%d turns are committed and not counted", len(settled))

    def _settle(self, settled: Sequence[tuple[Turn, bool]]) -> None:
        for turn, kept in settled:
            unit = turn.unit
            unit.unsettled -= 1
            if kept and turn.at_ms:
                state = unit.state
                with self._lock:
                    state.polls += 1
                    state.readings += turn.readings
                    state.answered_ms, state.round_trip_ms = turn.at_ms, turn.round_trip_ms
                    self._states[unit.connection.pk] = state
            elif not kept:
                self.faults.fault(MODBUS, unit.connection.device, "not_kept", b"", self.clock())

    # -- the thread that looks ----------------------------------------------------------------------------------------

    def _look(self, ending: threading.Event) -> None:
        """Read maps and trials and write what came; an unreachable database is borne."""
        looks = 0
        while not ending.wait(LOOK_S):
            looks += 1
            try:
                trials = self._read_records()
                self._loop.call_soon_threadsafe(self._apply, dict(self._known), trials)
            except Away as error:
                log.warning("maps cannot be read, going on with those known: %s", error)
            self._write_trials()
            if looks % WRITE_EVERY == 0:
                self._write_states()
        self._write_trials()
        self._write_states()
        self.records.close()

    def _read_records(self) -> list[tuple[int, int]]:
        """Read who is asked, and the maps that changed; the trials that wait. Raises Away."""
        found = {one.pk: one for one in self.records.connections()}
        for pk in self._known.keys() - found.keys():
            del self._known[pk]
        for pk, connection in found.items():
            known = self._known.get(pk)
            if known is None or known[0].version != connection.version:
                self._known[pk] = (connection, self.records.lines(pk))
            elif known[0] != connection:
                self._known[pk] = (connection, known[1])
        return self.records.take_trials(datetime.now(UTC) - timedelta(seconds=TRIAL_S))

    def _write_trials(self) -> None:
        with self._lock:
            found, self._found = self._found, []
        for place, (trial, result) in enumerate(found):
            try:
                self.records.trial_done(trial, result, datetime.now(UTC))
            except Away as error:
                log.warning("what was tried cannot be written yet: %s", error)
                with self._lock:
                    self._found = found[place:] + self._found
                return

    def _write_states(self) -> None:
        """Write counters and states; what cannot be written is said to be lost."""
        self.faults.write_counts(self.records)
        with self._lock:
            states = [(pk, _taken(state)) for pk, state in self._states.items()]
            self._states = {}
        if not states:
            return
        try:
            self.records.states(states, datetime.now(UTC))
        except Away as error:
            log.warning("how %d units answered is lost, the records cannot be written: %s", len(states), error)


def _taken(state: State) -> State:
    """What is to be written of a state; its counts begin again."""
    told = State(
        state.answered_ms, state.round_trip_ms, state.polls, state.readings, state.missed, state.fault,
        state.failing_since_ms, state.next_ms,
    )  # fmt: skip
    state.polls = state.readings = state.missed = 0
    return told
