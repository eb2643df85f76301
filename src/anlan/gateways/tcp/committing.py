"""What a frame asks of the disk: its batches, and a credential that is kept before it is given out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from anlan.gateways.tcp.records import LinkRecords
from anlan.gateways.tcp.taking import Taken
from anlan.kernel.sensing.door.directory import Away
from anlan.kernel.sensing.store import NewBatch

log = logging.getLogger("anlan.tcp")

#: Told in the committing thread when what was handed in is on disk (True) or never will be (False).
Done = Callable[[bool], None]


@dataclass(frozen=True, slots=True)
class Job:
    """What a frame asks of the disk."""

    taken: Taken
    done: Done

    @property
    def batches(self) -> Sequence[NewBatch]:
        return self.taken.batches


def enrolled(job: Job, records: LinkRecords) -> bool:
    """Keep a credential before it is given out."""
    if job.taken.enrol is None:
        return True
    try:
        return records.enrol(*job.taken.enrol)
    except Away as error:
        log.warning("a registration waits until the records can be written: %s", error)
        return False
