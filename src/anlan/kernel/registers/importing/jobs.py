"""The jobs of imports, each in a process of its own with bounded memory."""

from __future__ import annotations

from datetime import datetime

from anlan.kernel.jobs.registry import cron, job
from anlan.kernel.registers.importing import services, steps

#: Longest time of one step, seconds, and memory of its process beyond that of a started product, MiB.
_LONGEST_S, _MEBIBYTES = 1_800, 768


@job(services.READ, lease_s=_LONGEST_S, apart=True, mebibytes=_MEBIBYTES)
def read(*, now: datetime, pk: int) -> None:
    """Read a large file."""
    steps.read(pk, now)


@job(services.CHECK, lease_s=_LONGEST_S, apart=True, mebibytes=_MEBIBYTES)
def check(*, now: datetime, pk: int) -> None:
    """Judge every row."""
    steps.check(pk, now)


@job(services.WRITE, lease_s=_LONGEST_S, apart=True, mebibytes=_MEBIBYTES)
def write(*, now: datetime, pk: int) -> None:
    """Put the rows in force."""
    steps.write(pk, now)


@job(services.UNDO, lease_s=_LONGEST_S, apart=True, mebibytes=_MEBIBYTES)
def take_back(*, now: datetime, pk: int, by: int) -> None:
    """Take an import back."""
    steps.take_back(pk, by, now)


@job("registers.import_forget")
def forget_old(*, now: datetime) -> None:
    """What nobody went on with is given up after 30 days."""
    services.forget_old(now)


def start() -> None:
    """Called once at start."""
    cron("40 3 * * *", "registers.import_forget")
