"""A month of duty in the small county: drawn up at once, as the job would do it."""

from __future__ import annotations

from datetime import date
from typing import Any

from small_county import NOW

from anlan.kernel.duties import rosters
from anlan.kernel.duties.models import Roster
from anlan.kernel.people.models import User

#: NOW lies in the month before.
MONTH = date(2026, 12, 1)


def draw(region: Any, planner: User, month: date = MONTH) -> Roster:
    """Ask for a roster and draw it up."""
    row = rosters.ask_for_drawing(region=region, month=month, actor=planner, now=NOW)
    rosters.draw(roster=row.pk, seed=row.seed, actor=planner.pk, now=NOW)
    row.refresh_from_db()
    return row
