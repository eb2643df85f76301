"""Questions about sources: which are due, which a person may see, and in what state they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from anlan.apps.outside.models import Feed, Kind
from anlan.kernel.regions.queries import prefixes
from anlan.kernel.regions.scope import reach

SEE, MANAGE = "outside.see", "outside.manage"
QUAKE_KINDS = (Kind.QUAKEML, Kind.FDSN)


def due(now: datetime) -> QuerySet[Feed]:
    """Sources that are on and wait to be fetched."""
    return Feed.records.filter(Q(next_at=None) | Q(next_at__lte=now), enabled=True)


def manageable(actor: Any) -> QuerySet[Feed]:
    """Sources that the actor keeps."""
    found: QuerySet[Feed] = Feed.objects.for_actor(actor, MANAGE)
    return found.select_related("region", "device").defer("region__boundary")


def around(actor: Any) -> Q:
    """Sources whose region holds a place in which the actor may see outside data, or lies in one.

    An earthquake concerns everybody of the county: its source's region is the county, and the officer of one town
    sees it too.
    """
    condition = Q(pk__in=())
    for prefix in reach(actor, SEE):
        if prefix == "/":
            return Q()
        condition |= Q(region__path__startswith=prefix) | Q(region__path__in=prefixes(prefix))
    return condition


def seen(actor: Any) -> QuerySet[Feed]:
    """Sources whose data the actor may see."""
    return Feed.records.filter(around(actor))


def states(actor: Any, kinds: tuple[str, ...]) -> list[Feed]:
    """Sources of these kinds that are on, for the line that says how fresh a list is."""
    return list(seen(actor).filter(kind__in=kinds, enabled=True).only(
        "name", "kind", "attribution", "enabled", "fetched_at", "good_at", "failures", "fault", "fault_said", "period_s"
    ))  # fmt: skip
