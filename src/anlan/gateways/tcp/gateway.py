"""The gateway itself: ports, connections by device and address, and what is done once a second."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from anlan.gateways.committing import Committer
from anlan.gateways.tcp import hj212, jt808, sl651
from anlan.gateways.tcp.asking import Asking, Step
from anlan.gateways.tcp.clerk import Clerk
from anlan.gateways.tcp.command_records import CommandRecords
from anlan.gateways.tcp.committing import Job, enrolled
from anlan.gateways.tcp.connection import Bounds, Connection
from anlan.gateways.tcp.notes import Notes
from anlan.gateways.tcp.records import LinkRecords
from anlan.gateways.tcp.speech import Question, Speaker
from anlan.gateways.tcp.taking import Taking
from anlan.kernel.sensing.door import links
from anlan.kernel.sensing.door.directory import Away, Directory
from anlan.kernel.sensing.store import Store, clock_ms

log = logging.getLogger("anlan.tcp")

SPEAKERS: Mapping[str, Callable[[], Speaker]] = {
    links.HJ212: hj212.Speaker,
    links.SL651: sl651.Speaker,
    links.JT808: jt808.Speaker,
}
#: Connections that may wait to be accepted.
BACKLOG = 1_024
#: Seconds between two looks at links; counters are written every `WRITE_EVERY` looks.
LOOK_S, WRITE_EVERY = 1.0, 5
#: Seconds for which the ports wait for the commands that an earlier process left.
BEGIN_S = 10.0


@dataclass(slots=True)
class Gateway:
    """Between devices and one store. `run` listens until `stop` is set."""

    store: Store
    directory: Directory
    records: LinkRecords
    bounds: Bounds = field(default_factory=Bounds)
    clock: Callable[[], int] = clock_ms
    taking: Taking = field(init=False)
    asking: Asking = field(init=False)
    #: Port by protocol, once it listens.
    ports: dict[str, int] = field(default_factory=dict)
    _connections: set[Connection] = field(default_factory=set)
    _by_address: Counter[str] = field(default_factory=Counter)
    _committer: Committer[Job] = field(init=False)
    _clerk: Clerk = field(init=False)
    _loop: asyncio.AbstractEventLoop = field(init=False)

    def __post_init__(self) -> None:
        self.taking = Taking(self.directory, Notes())
        self.asking = Asking(self)
        self._committer = Committer(
            self.store, self._committed, lambda job: enrolled(job, self.records), self.records.close
        )
        commands = CommandRecords(self.records.url)
        self._clerk = Clerk(commands, self.clock, self._begin, self._offered, self._settled)

    async def run(
        self, host: str, ports: Mapping[str, int], stop: asyncio.Event, ready: Callable[[], object] = lambda: None
    ) -> None:
        """Listen at a port for each protocol (0: any that is free). Raises OSError when one is taken."""
        self._loop = asyncio.get_running_loop()
        self.taking.refresh(self.records)
        self._committer.start()
        ending = threading.Event()
        looking = threading.Thread(target=self._look, args=(ending,), name="notes", daemon=True)
        servers = []
        try:
            # Before anybody may answer: what was asked before this process would be an answer to nothing.
            self._clerk.start()
            await self._loop.run_in_executor(None, self._clerk.looked.wait, BEGIN_S)
            for protocol, port in ports.items():
                server = await self._loop.create_server(self._factory(protocol), host, port, backlog=BACKLOG)
                servers.append(server)
                self.ports[protocol] = server.sockets[0].getsockname()[1]
                log.info("devices that speak %s may connect to %s:%d", protocol, host, self.ports[protocol])
            looking.start()
            ready()
            while not stop.is_set():
                self._sweep()
                try:
                    await asyncio.wait_for(stop.wait(), LOOK_S)
                except TimeoutError:
                    continue
        finally:
            for server in servers:
                server.close()
            for connection in list(self._connections):
                connection.close()
            # Two turns: what was closed says so, and what is committed is answered no more.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await self._loop.run_in_executor(None, self._committer.stop)
            await self._loop.run_in_executor(None, self._clerk.stop)
            ending.set()
            if looking.is_alive():
                await self._loop.run_in_executor(None, looking.join)

    def _factory(self, protocol: str) -> Callable[[], Connection]:
        return lambda: Connection(self, protocol, SPEAKERS[protocol]())

    # -- for the connections ------------------------------------------------------------------------------------------

    def put(self, job: Job) -> None:
        self._committer.put(job)

    def now(self) -> float:
        return self._loop.time()

    def note(self, step: Step) -> None:
        self._clerk.note(step)

    def joined(self, connection: Connection) -> bool:
        address = connection.caller.address
        full = len(self._connections) >= self.bounds.connections
        if full or self._by_address[address] >= self.bounds.per_address:
            fault = "too_many_connections"
            self.taking.notes.fault(connection.protocol, address, fault, b"", self.clock())
            return False
        self._connections.add(connection)
        self._by_address[address] += 1
        return True

    def left(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self.asking.left(connection)
        address = connection.caller.address
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    # -- once a second ------------------------------------------------------------------------------------------------

    def _sweep(self) -> None:
        now = self._loop.time()
        for connection in list(self._connections):
            connection.look(now)
        self.asking.look()

    def _look(self, ending: threading.Event) -> None:
        """Read links and write counters in a thread of its own; an unreachable database is borne."""
        looks = 0
        while not ending.wait(LOOK_S):
            looks += 1
            try:
                self.taking.refresh(self.records)
            except Away as error:
                log.warning("links cannot be read, going on with those known: %s", error)
            if looks % WRITE_EVERY == 0:
                self.taking.notes.write(self.records)
        self.taking.notes.write(self.records)
        self.records.close()

    # -- the committing thread ----------------------------------------------------------------------------------------

    def _committed(self, settled: Sequence[tuple[Job, bool]]) -> None:
        """Tell the loop; one call for a whole transaction. A code that is kept holds before it is sent."""
        for job, kept in settled:
            if kept and job.taken.enrol is not None:
                self.taking.enrolled(*job.taken.enrol)
        try:
            self._loop.call_soon_threadsafe(_tell, settled)
        except RuntimeError:
            log.info("%d frames are committed and their senders gone", len(settled))

    # -- the clerk's thread -------------------------------------------------------------------------------------------

    def _begin(self, left: Sequence[Question]) -> None:
        self._loop.call_soon_threadsafe(self.asking.begin, left)

    def _offered(self, found: Sequence[Question], waiting: frozenset[int]) -> None:
        self._loop.call_soon_threadsafe(self.asking.offered, found, waiting)

    def _settled(self, step: Step, kept: bool) -> None:
        self._loop.call_soon_threadsafe(step.settled, kept)


def _tell(settled: Sequence[tuple[Job, bool]]) -> None:
    for job, kept in settled:
        job.done(kept)
