"""What the exchange does by itself: measure the registers at night, send, take in, drop what is kept no longer."""

from __future__ import annotations

import logging
from datetime import datetime

from anlan.apps.exchange.models import Source, Subscription
from anlan.apps.exchange.services import catalogue, delivery, fetching, receiving, taking, trouble
from anlan.apps.exchange.services.queueing import drive, enqueue_once
from anlan.kernel.jobs import ticks
from anlan.kernel.jobs.registry import cron, job
from anlan.kernel.people.models import User
from anlan.kernel.people.services import system_user
from anlan.kernel.registers.declarations import declared, get

log = logging.getLogger(__name__)

#: Seconds between looks for something to send, and for something that does not get there (W3: told within 60 s).
DRIVE_S, WATCH_S = 2, 5
#: A register of a million records is measured in minutes.
MEASURE_LEASE_S = 1_800


def register() -> None:
    """Called once at start."""
    cron("30 2 * * *", "exchange.measure_all")
    cron("10 4 * * *", "exchange.forget")
    ticks.register_tick("exchange.drive", drive, every_s=DRIVE_S)
    ticks.register_tick("exchange.watch", lambda now: trouble.watch(now=now), every_s=WATCH_S)


@job("exchange.measure_all")
def measure_all(*, now: datetime) -> None:
    """Each register is a job of its own, so that one that fails takes none along."""
    for one in declared():
        enqueue_once("exchange.measure", {"register": one.code}, now=now)


@job("exchange.measure", lease_s=MEASURE_LEASE_S)
def measure(*, now: datetime, register: str, by: int = 0) -> None:
    """Look at every record of a register; `by` is the number of the person who asked for it, 0 for nobody."""
    found = get(register)
    if found is not None:  # an upgrade may have taken it away since
        actor = User.objects.filter(pk=by).first() if by else system_user("exchange")
        if actor is not None:
            catalogue.measure(found, actor=actor, now=now)


@job("exchange.push", lease_s=900)
def push(*, now: datetime, subscription: int) -> None:
    """Send what waits for a subscriber; what fails is tried again by the clock of the subscription."""
    row = Subscription.records.filter(pk=subscription).first()
    if row is not None and not delivery.push(row, now=now):
        row.refresh_from_db()
        log.warning("%s cannot be reached (%d in a row): %s", row.code, row.failures, row.last_error)


@job("exchange.hand_over")
def hand_over(*, now: datetime, subscription: int) -> None:
    """Make the messages that the gateway to a broker then takes."""
    row = Subscription.records.filter(pk=subscription).first()
    if row is not None:
        delivery.hand_over(row, now=now)


@job("exchange.fetch", lease_s=900)
def fetch(*, now: datetime, source: int) -> None:
    """Fetch what waits for us at a source; what fails is tried again by the clock of the source."""
    row = Source.objects.filter(pk=source).first()
    if row is not None and not fetching.fetch(row, now=now):
        row.refresh_from_db()
        log.warning("%s cannot be fetched from (%d in a row): %s", row.name, row.failures, row.last_error)


@job("exchange.take_arrivals")
def take_arrivals(*, now: datetime) -> None:
    """Verify and keep what the gateway took from a broker."""
    receiving.take_arrivals(now=now)


@job("exchange.take_in", lease_s=900)
def take_in(*, now: datetime, source: int) -> None:
    """Take into the registers what contradicts nothing there."""
    row = Source.objects.filter(pk=source).first()
    if row is not None and taking.take_by_itself(row, now=now):
        enqueue_once("exchange.take_in", {"source": source}, now=now)


@job("exchange.forget")
def forget(*, now: datetime) -> None:
    """Messages and scores that are kept no longer."""
    delivery.forget(now=now)
    catalogue.forget_measures(now=now)
