"""What outside data does by itself: fetch what is due, forget what is old."""

from __future__ import annotations

import logging
from datetime import datetime

from anlan.apps.outside.models import Feed
from anlan.apps.outside.queries import feeds as queries
from anlan.apps.outside.services import feeds, fetching, forgetting
from anlan.kernel.jobs import ticks
from anlan.kernel.jobs.registry import cron, job

log = logging.getLogger(__name__)

#: Seconds between looks for a source that is due.
DRIVE_S = 5
#: The largest file takes a minute to come and less than another one to be kept; memory for 32 MiB of text as rows.
LEASE_S, MEBIBYTES = 600, 2_048


def register() -> None:
    """Called once at start."""
    cron("40 3 * * *", "outside.forget")
    ticks.register_tick("outside.drive", drive, every_s=DRIVE_S)


def drive(now: datetime) -> int:
    """Put in the fetches that are due; returns how many."""
    return sum(feeds.enqueue(pk, now=now) for pk in queries.due(now).values_list("pk", flat=True))


@job(feeds.JOB, lease_s=LEASE_S, apart=True, mebibytes=MEBIBYTES)
def fetch(*, now: datetime, feed: int) -> None:
    """Fetch a source; what fails is tried again by the clock of the source."""
    row = Feed.records.filter(pk=feed).first()
    if row is not None and not fetching.fetch(row, now=now):
        row.refresh_from_db()
        log.warning("%s cannot be fetched (%d in a row): %s %s", row.name, row.failures, row.fault, row.fault_said)


@job("outside.forget", lease_s=900)
def forget(*, now: datetime) -> None:
    """What is kept no longer."""
    forgetting.forget(now=now)
