"""What indicators do by themselves: every night all of them, and at once those that need a figure just entered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from anlan.kernel.indicators.services import measuring
from anlan.kernel.indicators.services.measuring import JOB
from anlan.kernel.jobs.registry import cron, job
from anlan.kernel.people.models import User
from anlan.kernel.people.services import system_user


def register() -> None:
    """Called once at start."""
    cron("10 2 * * *", JOB)


@job(JOB, lease_s=1_800, apart=True)
def measure(*, now: datetime, inputs: Sequence[str] | None = None, by: int | None = None) -> None:
    """Everything, or what needs some inputs; for whoever entered them, else for the program itself."""
    actor = User.objects.filter(pk=by).first() if by is not None else None
    measuring.measure(actor=actor or system_user("indicators"), now=now, inputs=inputs)
