"""What the census does by itself: read a grid that was handed in, and forget files that nobody went on with."""

from __future__ import annotations

from datetime import datetime

from anlan.apps.census.services import taking
from anlan.kernel.jobs.registry import cron, job


@job(taking.READ, lease_s=1_800, apart=True, mebibytes=1_024)
def read(*, now: datetime, pk: int) -> None:
    """Read one file."""
    taking.read(pk, now)


@job("census.forget")
def forget_old(*, now: datetime) -> None:
    """Files with faults go after 30 days."""
    taking.forget_old(now)


def register() -> None:
    """Called once at start."""
    cron("50 3 * * *", "census.forget")
