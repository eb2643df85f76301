"""Numbers without gaps: "AL-20261122-0007" is the seventh of its prefix on its day in the bureau's zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F

from anlan.kernel.chains.models import Counter


@transaction.atomic
def next_number(prefix: str, now: datetime) -> str:
    """The next number of `prefix` on the day of `now`; taken back with the transaction that asked for it.

    Two transactions at once get two numbers: the second waits for the first.
    """
    key = f"{prefix}-{now.astimezone(ZoneInfo(settings.TIME_ZONE)):%Y%m%d}"
    return f"{key}-{next_in(key):04d}"


@transaction.atomic
def next_in(series: str) -> int:
    """The next number of a series of one's own (the papers of a kind and year), from 1 on and without gaps."""
    Counter.objects.get_or_create(prefix=series)
    Counter.objects.filter(prefix=series).update(last=F("last") + 1)
    return int(Counter.objects.get(prefix=series).last)
