"""Questions about earthquakes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from anlan.apps.outside.models import Quake
from anlan.apps.outside.queries.feeds import seen


def quakes_for(actor: Any) -> QuerySet[Quake]:
    """Earthquakes that the actor may see, the newest first."""
    return Quake.objects.filter(feed__in=seen(actor).values("pk")).select_related("feed")


def found(
    rows: QuerySet[Quake],
    *,
    typed: str = "",
    least: float | None = None,
    within_km: float | None = None,
    since: datetime | None = None,
) -> QuerySet[Quake]:
    """Those that fit.

    typed      part of the place, the identifier, the agency or the nearest town
    least      magnitude; those without one fall out
    within_km  of the county; those whose distance is not known fall out
    """
    if typed:
        rows = rows.filter(
            Q(place__icontains=typed) | Q(public_id__icontains=typed) | Q(agency__icontains=typed)
            | Q(town__icontains=typed)
        )  # fmt: skip
    if least is not None:
        rows = rows.filter(magnitude__gte=least)
    if within_km is not None:
        rows = rows.filter(county_km__lte=within_km)
    if since is not None:
        rows = rows.filter(at__gte=since)
    return rows


def drawn(actor: Any, at: datetime, shown: timedelta) -> QuerySet[Quake]:
    """What stood on the map at a moment: events of the time before it that were not taken back."""
    rows = quakes_for(actor).filter(at__gt=at - shown, at__lte=at)
    return rows.exclude(Q(status="rejected") | Q(type="not existing"))


def twins(quake: Quake, span: timedelta, km: float) -> list[Quake]:
    """Events of other sources that may be the same one: close in time and place."""
    # A degree of latitude is 111 km; the box is refined by whoever needs it closer.
    wide = km / 111.0
    return list(
        Quake.objects.filter(
            at__range=(quake.at - span, quake.at + span), lat__range=(quake.lat - wide, quake.lat + wide)
        )
        .exclude(feed=quake.feed_id)
        .select_related("feed")
        .order_by("id")[:20]
    )
