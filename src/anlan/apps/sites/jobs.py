"""What the registers of sites do by themselves: compute at night what follows from days and rules."""

from __future__ import annotations

from datetime import datetime

from anlan.apps.sites.services import nightly
from anlan.kernel.jobs.registry import cron, job
from anlan.kernel.people.services import system_user


def register() -> None:
    """Called once at start."""
    cron("40 1 * * *", "sites.night")


@job("sites.night", lease_s=1_800)
def night(*, now: datetime) -> None:
    """Ageing plant, Q of chemicals, grades of ponds, major hazard installations."""
    nightly.settle_all(actor=system_user("sites"), now=now)
