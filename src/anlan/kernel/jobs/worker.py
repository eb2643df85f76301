"""Take jobs under a lease and run them: at least once, at most three times, none in the way of another."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from anlan.kernel.jobs import apart, registry, services
from anlan.kernel.jobs.models import Job, State

log = logging.getLogger(__name__)

#: K6: what fails three times is put aside, visible, to be run again by a person.
MOST_TRIES = 3

#: Waits after the first and the second failure, seconds.
BACK_OFF_S = (10, 60)

LOST = "its worker ended in the middle each time"


def run_once(now: datetime, worker_id: str, *, limit: int = 20, only: bool | None = None) -> int:
    """Enqueue what the timetables say, then run up to `limit` due jobs one after the other; returns how many ran.

    worker_id  names the process in the leases; two live processes must not share one
    only       True for jobs that run apart, False for all others, None for both
    """
    if only is not True:
        services.enqueue_due(now)
    began = time.monotonic()
    ran = 0
    while ran < limit:
        # The first jobs may have taken minutes: leases and marks carry the time that it is by now.
        by_now = now + timedelta(seconds=time.monotonic() - began)
        job = _take(by_now, worker_id, only)
        if job is None:
            break
        _run(job, by_now)
        ran += 1
    return ran


def _take(now: datetime, worker_id: str, only: bool | None = None) -> Job | None:
    """The next due job, marked as ours until its lease ends; None when there is none."""
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    due = Job.objects.filter(free, state=State.WAITING, run_at__lte=now).order_by("run_at", "id")
    if only is not None:
        names = registry.apart_names()
        due = due.filter(name__in=names) if only else due.exclude(name__in=names)
    if not due.exists():  # a look without the writer's lock
        return None
    with transaction.atomic():
        while (job := due.select_for_update(skip_locked=True).first()) is not None:
            declared = registry.declared(job.name)
            if job.attempts < MOST_TRIES and declared is not None:
                job.attempts += 1
                job.lease_by = worker_id
                # A process of its own is watched: its lease is short and renewed.
                job.lease_until = now + timedelta(seconds=apart.LEASE_S if declared.apart else declared.lease_s)
                job.save(update_fields=("attempts", "lease_by", "lease_until"))
                return job
            # Killed in the middle three times: it may be what kills the process.
            _put_aside(job, LOST if declared else "no job of this name is declared", now)
    return None


def _run(job: Job, now: datetime) -> None:
    declared = registry.declared(job.name)
    assert declared is not None  # _take put the others aside
    began = time.monotonic()
    try:
        if declared.apart:
            apart.run(job, declared)
        else:
            declared.func(now=now, **job.args)
    except Exception as error:
        log.exception("job %s %s: try %s of %s failed", job.pk, job.name, job.attempts, MOST_TRIES)
        _failed(job, error, now + timedelta(seconds=time.monotonic() - began))
    else:
        ended = now + timedelta(seconds=time.monotonic() - began)
        _mine(job).update(state=State.DONE, done_at=ended, lease_until=None, error="")


def _failed(job: Job, error: Exception, now: datetime) -> None:
    if job.attempts >= MOST_TRIES:
        job.error = _words(error)
        _put_aside(job, job.error, now)
        return
    again = now + timedelta(seconds=BACK_OFF_S[job.attempts - 1])
    _mine(job).update(run_at=again, lease_until=None, error=_words(error))


def _put_aside(job: Job, why: str, now: datetime) -> None:
    _mine(job).update(state=State.FAILED, done_at=now, lease_until=None, error=why)
    log.error("job %s %s is put aside: %s", job.pk, job.name, why)


def _mine(job: Job) -> QuerySet[Job]:
    """The row as long as nobody else has taken it: whoever lost the lease changes nothing any more."""
    return Job.objects.filter(pk=job.pk, lease_by=job.lease_by, attempts=job.attempts)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
