"""Put the exchange's work into the queue of jobs, once for as long as it waits there."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from anlan.apps.exchange import feed
from anlan.apps.exchange.models import Arrival, Door, Mode, Source, State, Subscription
from anlan.apps.exchange.services import delivery
from anlan.kernel.jobs import services as jobs
from anlan.kernel.jobs.models import Job
from anlan.kernel.jobs.models import State as JobState


def enqueue_once(name: str, args: dict[str, int | str], *, now: datetime) -> bool:
    """Let a job run soon, unless it waits with the same arguments; says whether it was put in."""
    if Job.objects.filter(name=name, args=args, state=JobState.WAITING, attempts=0).exists():
        return False
    jobs.enqueue(name, args, now=now)
    return True


def drive(now: datetime) -> int:
    """Put in what is due: sending to each subscriber that something waits for, fetching, taking what a broker brought.

    A subscriber that failed waits for its next try. Returns how many jobs were put in.
    """
    put = 0
    due = Q(next_try=None) | Q(next_try__lte=now)
    for row in Subscription.records.filter(due, state=State.ACTIVE).exclude(mode=Mode.PULL).select_related("address"):
        if not delivery.may_send(row, now):
            continue
        if row.mode == Mode.PUSH and delivery.has_work(row):
            put += enqueue_once("exchange.push", {"subscription": row.pk}, now=now)
        elif row.mode == Mode.NATS and row.backlog < feed.WINDOW and delivery.has_news(row):
            put += enqueue_once("exchange.hand_over", {"subscription": row.pk}, now=now)
    for source in Source.objects.filter(due, door=Door.PULL).select_related("address"):
        if source.is_fetched:
            put += enqueue_once("exchange.fetch", {"source": source.pk}, now=now)
    if Arrival.objects.exists():
        put += enqueue_once("exchange.take_arrivals", {}, now=now)
    return put
