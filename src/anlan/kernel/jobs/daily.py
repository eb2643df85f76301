"""Jobs that the kernel's lower rooms need and cannot declare themselves: they lie below this room."""

from __future__ import annotations

from datetime import datetime

from anlan.kernel.audit import sealer
from anlan.kernel.jobs import services
from anlan.kernel.jobs.registry import cron, job


@job("jobs.forget_old")
def forget_old(*, now: datetime) -> None:
    """Done work is forgotten after 30 days."""
    services.forget_old(now)


@job("audit.anchor")
def anchor(*, now: datetime) -> None:
    """S5: the head of the audit chain is written outside the database at least daily."""
    sealer.anchor(now)


def timetable() -> None:
    """Called once at start."""
    cron("20 3 * * *", "jobs.forget_old")
    cron("5 0 * * *", "audit.anchor")
