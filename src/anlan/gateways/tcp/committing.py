"""The thread that commits: everything that waits in one transaction, then each frame's turn to be answered."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from anlan.gateways.keeping import keep
from anlan.gateways.tcp.records import LinkRecords
from anlan.gateways.tcp.taking import Taken
from anlan.kernel.sensing.door.directory import Away
from anlan.kernel.sensing.store import Store

log = logging.getLogger("anlan.tcp")

#: Frames of one transaction.
MOST = 2_000
#: A batch that the store cannot take for a reason of its own is tried so often, then its frame stays unanswered.
TRIES = 3

#: Told in the committing thread when what was handed in is on disk (True) or never will be (False).
Done = Callable[[bool], None]


@dataclass(frozen=True, slots=True)
class Job:
    """What a frame asks of the disk."""

    taken: Taken
    done: Done


@dataclass(slots=True)
class Committer:
    """Between the connections and one store. `stop` ends after what was handed in is committed."""

    store: Store
    records: LinkRecords
    #: Told after each transaction, with all its jobs and whether each is kept; answers go out together.
    settled: Callable[[Sequence[tuple[Job, bool]]], None]
    _waiting: deque[Job] = field(default_factory=deque)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._work, name="commit", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Commit what waits, then end; a store that refuses is not waited for."""
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def put(self, job: Job) -> None:
        """Hand in; the connections bound how much may wait."""
        with self._changed:
            self._waiting.append(job)
            self._changed.notify()

    def _work(self) -> None:
        try:
            while jobs := self._next():
                self.settled(self._settle(jobs))
        finally:
            self.store.close()
            self.records.close()

    def _next(self) -> list[Job]:
        """Everything that waits, at most `MOST`; nothing at the end."""
        with self._changed:
            while not self._waiting and not self._stopping.is_set():
                self._changed.wait()
            return [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]

    def _settle(self, jobs: Sequence[Job]) -> list[tuple[Job, bool]]:
        batches = [batch for job in jobs for batch in job.taken.batches]
        try:
            kept = keep(self.store, batches, self._stopping) if batches else True
        except Exception:
            log.exception("%d frames cannot be committed together; trying one by one", len(jobs))
            return [(job, self._alone(job) and self._enrolled(job)) for job in jobs]
        return [(job, kept and self._enrolled(job)) for job in jobs]

    def _alone(self, job: Job) -> bool:
        """Commit one frame by itself; one that fails for a reason of its own is not answered, and its log says so."""
        for _try in range(TRIES):
            try:
                return keep(self.store, job.taken.batches, self._stopping) if job.taken.batches else True
            except Exception:
                log.exception("a frame of %s cannot be taken in", {batch.sender for batch in job.taken.batches})
        return False

    def _enrolled(self, job: Job) -> bool:
        """Keep a credential before it is given out."""
        if job.taken.enrol is None:
            return True
        try:
            return self.records.enrol(*job.taken.enrol)
        except Away as error:
            log.warning("a registration waits until the records can be written: %s", error)
            return False
