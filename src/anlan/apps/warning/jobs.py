"""What is done by itself: ask sources, judge again what a decision changed, drop what is kept no longer."""

from __future__ import annotations

import logging
from datetime import datetime

from anlan.apps.warning.models import Sender, Source
from anlan.apps.warning.services import polling, receiving, senders
from anlan.kernel.jobs import services as queue
from anlan.kernel.jobs import ticks
from anlan.kernel.jobs.registry import cron, job

log = logging.getLogger(__name__)

#: Seconds between looks for sources whose time has come.
DRIVE_S = 5
#: Messages that one job judges again before it makes room for others.
AT_ONCE = 200


def register() -> None:
    """Called once at start."""
    cron("20 4 * * *", "warning.forget")
    ticks.register_tick("warning.drive", polling.drive, every_s=DRIVE_S)


@job("warning.poll", lease_s=600)
def poll(*, now: datetime, source: int) -> None:
    """Ask one source; what fails is tried again by its own clock."""
    row = Source.objects.filter(pk=source, enabled=True).exclude(url="").first()
    if row is not None and not polling.poll(row, now=now):
        row.refresh_from_db()
        log.warning("source of warnings %s: %s (%d failures in a row)", row.name, row.last_error, row.failures)


@job("warning.judge_again", lease_s=600)
def judge_again(*, now: datetime, sender: int) -> None:
    """Judge what waited for a decision about its sender."""
    row = Sender.objects.filter(pk=sender).first()
    for _message in range(AT_ONCE):
        if row is None or not senders.judge_waiting(row, most=1, now=now):
            return
    queue.enqueue("warning.judge_again", {"sender": sender}, now=now)


@job("warning.forget")
def forget(*, now: datetime) -> None:
    """Set-aside messages that are kept no longer."""
    receiving.forget(now=now)
