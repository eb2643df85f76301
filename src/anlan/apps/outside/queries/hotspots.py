"""Questions about hotspots."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Q, QuerySet

from anlan.apps.outside.models import Hotspot
from anlan.apps.outside.queries.feeds import SEE
from anlan.science.areas import circle

#: Hotspots offered to be checked together with one.
MOST_NEAR = 60


def hotspots_for(actor: Any) -> QuerySet[Hotspot]:
    """Hotspots in the regions in which the actor may see outside data, the newest first."""
    rows: QuerySet[Hotspot] = Hotspot.objects.for_actor(actor, SEE)
    return rows.select_related("region", "feed", "case").defer("region__boundary")


def found(
    rows: QuerySet[Hotspot],
    *,
    typed: str = "",
    confidence: str = "",
    state: str = "",
    since: datetime | None = None,
) -> QuerySet[Hotspot]:
    """Those that fit.

    typed  part of the name of the place, its pinyin initials, or the satellite
    state  "open": nobody has been sent; "sent": a check was ordered
    """
    if typed:
        rows = rows.filter(
            Q(region__name__icontains=typed) | Q(region__pinyin__icontains=typed.lower())
            | Q(region__parent__name__icontains=typed) | Q(satellite__icontains=typed)
        )  # fmt: skip
    if confidence:
        rows = rows.filter(confidence=confidence)
    if state:
        rows = rows.filter(case__isnull=state == "open")
    if since is not None:
        rows = rows.filter(at__gte=since)
    return rows


def drawn(actor: Any, at: datetime, shown: timedelta) -> QuerySet[Hotspot]:
    """What stood on the map at a moment."""
    return hotspots_for(actor).filter(at__gt=at - shown, at__lte=at)


def near(spot: Hotspot, actor: Any, *, km: float, span: timedelta) -> list[Hotspot]:
    """Other hotspots about the same place and time to which nobody has been sent: most likely one fire."""
    area = circle(spot.lon, spot.lat, km * 1000)
    west, south, east, north = area.box
    rows = list(
        hotspots_for(actor)
        .filter(
            case=None, at__range=(spot.at - span, spot.at + span), lon__range=(west, east), lat__range=(south, north)
        )
        .exclude(pk=spot.pk)[: MOST_NEAR * 4]
    )
    inside = area.near(np.array([row.lon for row in rows], float), np.array([row.lat for row in rows], float))
    return [rows[at] for at in inside.tolist()][:MOST_NEAR]
