"""What is kept no longer, by the rulebook; a little at a time, so that nobody waits for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from anlan.apps.outside import rules
from anlan.apps.outside.models import Fetch, Hotspot, Quake

AT_ONCE = 500


def forget(*, now: datetime) -> int:
    """Delete old fetches, earthquakes and hotspots that no case hangs on; returns how many rows went."""

    def before(code: str) -> datetime:
        return now - timedelta(days=rules.rule(code, now).body["keep_days"])

    return (
        _forget(Fetch.objects.filter(at__lt=before(rules.FETCHING)))
        + _forget(Quake.objects.filter(at__lt=before(rules.QUAKES), seen_at__lt=before(rules.FETCHING)))
        + _forget(Hotspot.records.filter(at__lt=before(rules.HOTSPOTS), seen_at__lt=before(rules.FETCHING), case=None))
    )


def _forget(old: QuerySet[Any]) -> int:
    gone = 0
    while pks := list(old.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        gone += old.model._base_manager.filter(pk__in=pks).delete()[0]
    return gone
