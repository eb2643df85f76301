"""Questions about clocks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from anlan.kernel.clocks.models import Clock


def clocks_of(ref: str, *, running: bool | None = None) -> list[Clock]:
    """Clocks of a subject with their rulebook entries, the nearest due first; True: running ones, False: stopped."""
    rows = Clock.objects.filter(ref=ref).select_related("entry", "region")
    if running is not None:
        rows = rows.filter(stopped_at__isnull=running)
    return list(rows.order_by("due", "id"))


def clocks_of_all(subjects: Iterable[str]) -> dict[str, list[Clock]]:
    """The clocks of many subjects in one query, by ref; a ref without clocks is not in it."""
    found: dict[str, list[Clock]] = {}
    for clock in Clock.objects.filter(ref__in=list(subjects)).select_related("entry").order_by("due", "id"):
        found.setdefault(clock.ref, []).append(clock)
    return found


def overdue(now: datetime) -> QuerySet[Clock]:
    """Running clocks past their due moment; paused ones are not late while they stand."""
    return Clock.objects.filter(stopped_at=None, paused_at=None, due__lt=now)


def is_late(clock: Clock, now: datetime) -> bool:
    """Past due: at `now` while it runs, at its stop or pause otherwise."""
    return (clock.stopped_at or clock.paused_at or now) > clock.due


def used_s(clock: Clock, now: datetime) -> float:
    """Seconds used up to `now`, or up to its stop or pause; pauses do not count."""
    end = clock.stopped_at or clock.paused_at or now
    return max(0.0, (end - clock.started_at).total_seconds() - clock.paused_s)
