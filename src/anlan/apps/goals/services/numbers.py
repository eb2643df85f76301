"""Numbers of papers: gapless by kind and year, as the rulebook words them."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from anlan.apps.goals import rules
from anlan.kernel.chains.numbers import next_in
from anlan.kernel.regions import queries as regions


def number_of(series: str, now: datetime) -> str:
    """The next number of a kind of paper in the year of `now`; taken back with the transaction that asked for it."""
    day = timezone.localdate(now)
    root = regions.root()
    serial = next_in(f"PAPER-{series}-{day.year}")
    return rules.paper_number(series, serial, day, place=root.name if root else "", at=now)
