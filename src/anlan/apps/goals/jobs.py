"""What this room does by itself: remind of a month that was not reported."""

from __future__ import annotations

from datetime import datetime

from anlan.apps.goals.services import tasks
from anlan.kernel.jobs.registry import cron, job


def register() -> None:
    """Called once at start."""
    cron("0 9 * * *", "goals.remind")


@job("goals.remind")
def remind(*, now: datetime) -> None:
    """Who has not reported a month hears of it, before and after the day of report."""
    tasks.remind_missing(now)
