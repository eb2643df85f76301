"""What the tree of places does by itself: mergers that were planned for a day."""

from __future__ import annotations

from datetime import datetime

from anlan.kernel.borders import planning
from anlan.kernel.jobs.registry import job


@job(planning.DUE, lease_s=1_800)
def merge_due(*, now: datetime, pk: int) -> None:
    """One planned merger on its day."""
    planning.carry_out_due(pk, now)
