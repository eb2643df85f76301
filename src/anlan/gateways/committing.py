"""The thread of a gateway that commits: everything that waits in one transaction, then each job's turn to be told."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from anlan.gateways.keeping import keep
from anlan.kernel.sensing.store import NewBatch, Store

log = logging.getLogger("anlan.gateways")

#: Jobs of one transaction.
MOST = 2_000
#: A batch that the store cannot take for a reason of its own is tried so often, then its job is told that it failed.
TRIES = 3


class Job(Protocol):
    """What asks something of the disk."""

    @property
    def batches(self) -> Sequence[NewBatch]:
        """To be committed, all or none."""


J = TypeVar("J", bound=Job)


@dataclass(slots=True)
class Committer(Generic[J]):
    """Between a gateway and one store. `stop` ends after what was handed in is committed."""

    store: Store
    #: Told after each transaction, with all its jobs and whether each is kept.
    settled: Callable[[Sequence[tuple[J, bool]]], None]
    #: Asked for each job whose batches are on disk: whether what else it needs is kept too.
    after: Callable[[J], bool] = lambda _job: True
    #: Called in the thread at its end.
    ending: Callable[[], None] = lambda: None
    _waiting: deque[J] = field(default_factory=deque)
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

    def put(self, job: J) -> None:
        """Hand in; who does so bounds how much may wait."""
        with self._changed:
            self._waiting.append(job)
            self._changed.notify()

    def _work(self) -> None:
        try:
            while jobs := self._next():
                self.settled(self._settle(jobs))
        finally:
            self.store.close()
            self.ending()

    def _next(self) -> list[J]:
        """Everything that waits, at most `MOST`; nothing at the end."""
        with self._changed:
            while not self._waiting and not self._stopping.is_set():
                self._changed.wait()
            return [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]

    def _settle(self, jobs: Sequence[J]) -> list[tuple[J, bool]]:
        batches = [batch for job in jobs for batch in job.batches]
        try:
            kept = keep(self.store, batches, self._stopping) if batches else True
        except Exception:
            log.exception("%d frames cannot be committed together; trying one by one", len(jobs))
            return [(job, self._alone(job) and self.after(job)) for job in jobs]
        return [(job, kept and self.after(job)) for job in jobs]

    def _alone(self, job: J) -> bool:
        """Commit one job by itself; one that fails for a reason of its own is not kept, and its log says so."""
        for _try in range(TRIES):
            try:
                return keep(self.store, job.batches, self._stopping) if job.batches else True
            except Exception:
                log.exception("a frame of %s cannot be taken in", {batch.sender for batch in job.batches})
        return False
