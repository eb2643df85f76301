"""Put work into the queue, try failed work again, forget old work."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction

from anlan.kernel.audit import services as audit
from anlan.kernel.jobs import registry
from anlan.kernel.jobs.models import Job, State
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require

#: A time of cron that was missed is made up for within this span (a machine that was off over night), once.
CATCH_UP = timedelta(hours=24)

#: Done work is kept for this long to be looked at.
KEEP = timedelta(days=30)

#: Rows deleted in one transaction, so that nobody waits for it.
AT_ONCE = 500


def enqueue(
    name: str,
    args: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    run_at: datetime | None = None,
    now: datetime,
) -> Job:
    """Put one job into the queue, in the running transaction: it is there exactly when the change is.

    args    what the job is called with; JSON values only
    key     the same key is enqueued once: a second call returns the first job, done or not
    run_at  not before; at once when not given

    Raises ValueError when no job of that name is declared.
    """  # fmt: skip
    if registry.declared(name) is None:
        raise ValueError(f"no job is called {name!r}")
    fields = {"name": name, "args": dict(args or {}), "run_at": run_at or now, "created_at": now}
    if key is None:
        return Job.objects.create(**fields)
    try:
        with transaction.atomic():
            return Job.objects.create(key=key, **fields)
    except IntegrityError:
        return Job.objects.get(key=key)


def enqueue_due(now: datetime) -> int:
    """Put in what the timetables say is due; any number of workers may call it, each slot comes once."""
    zone = ZoneInfo(settings.TIME_ZONE)
    wanted = {}
    for table in registry.timetables():
        slot = registry.last_slot(table.expr, now, zone)
        if now - slot <= CATCH_UP:
            wanted[f"{table.name}@{slot:%Y-%m-%dT%H:%M}Z"] = table
    have = set(Job.objects.filter(key__in=wanted).values_list("key", flat=True))
    for key, table in wanted.items():
        if key not in have:
            enqueue(table.name, table.args, key=key, now=now)
    return len(wanted) - len(have)


@transaction.atomic
def try_again(job: Job, *, actor: User, now: datetime) -> bool:
    """Let a job that was put aside run once more, with all its tries; False when it is not put aside.

    Raises NotAllowed without jobs.manage.
    """
    require(actor, "jobs.manage", None)
    aside = Job.objects.filter(pk=job.pk, state=State.FAILED)
    again = aside.update(state=State.WAITING, attempts=0, run_at=now, lease_until=None, lease_by="", done_at=None)
    if again:
        audit.record(actor=actor, verb="jobs.again", obj=f"job:{job.pk}", after={"job": job.name}, now=now)
    return bool(again)


def forget_old(now: datetime) -> int:
    """Delete work that was done longer than `KEEP` ago; what was put aside stays until a person has seen it."""
    forgotten = 0
    while True:
        old = Job.objects.filter(state=State.DONE, done_at__lt=now - KEEP).order_by("pk")
        pks = list(old.values_list("pk", flat=True)[:AT_ONCE])
        forgotten += Job.objects.filter(pk__in=pks).delete()[0]
        if len(pks) < AT_ONCE:
            return forgotten
