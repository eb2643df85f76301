"""Kinds of points that a right of their own opens: where a person is, is no reading like that of a gauge.

`Point.objects.for_actor(user, "point.see")` leaves such points out for whoever does not hold that right as well, so
that lists, curves, exports and every interface keep them shut. A kind that is sealed but whose right no room has named
is seen by nobody.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from anlan.kernel.regions.scope import ScopedManager, reach, within

#: Kinds (values of `PointKind`) that are shut.
SEALED = frozenset({"person_position", "person_fence"})
_verbs: dict[str, str] = {}


def seal(kind: str, verb: str) -> None:
    """Name the right that opens a sealed kind; called once at start by the room whose points they are."""
    if kind not in SEALED:
        raise ValueError(f"{kind!r} is not a sealed kind of point")
    _verbs[kind] = verb


def opened(actor: Any, field: str = "") -> Q:
    """Points that are not sealed, or that the actor holds the right for.

    field  how the point is reached from the rows asked for, with the underscores after it: "point__"
    """
    seen = ~Q(**{f"{field}kind__in": SEALED})
    for kind, verb in _verbs.items():
        seen |= Q(**{f"{field}kind": kind}) & within(reach(actor, verb), f"{field}region__path")
    return seen


def sees(actor: Any, point: Any) -> bool:
    """Whether the actor may see one point and its readings."""
    wanted = ["point.see"] + ([_verbs.get(point.kind, "")] if point.kind in SEALED else [])
    return all(any(point.region.path.startswith(path) for path in reach(actor, verb)) for verb in wanted)


class PointManager(ScopedManager):
    """Rows through `for_actor` only, sealed ones for those who hold their right."""

    def for_actor(self, actor: Any, verb: str, *, exercise: bool | None = False) -> models.QuerySet[Any]:
        return super().for_actor(actor, verb, exercise=exercise).filter(opened(actor))
