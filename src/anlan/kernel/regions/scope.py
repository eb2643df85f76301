"""Scope lives in the manager and fails closed: a query that did not say for whom it asks is refused.

A located model declares both managers and names the plain one as default for Django's own needs:

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = default_manager_name = "records"

Views, API and exports use `Model.objects.for_actor(user, "alarm.see")`; services that already hold a row and its
right (engine, jobs, a verb after `require`) use `Model.records`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import models
from django.db.models import Q

#: (actor, verb) -> path prefixes of the regions in which the actor holds the verb; set by the people room.
Reach = Callable[[Any, str], Sequence[str]]
#: (paths) -> paths that the places inside them had before; set by the tree of this room at start.
FormerPaths = Callable[[Sequence[str]], Sequence[str]]
_reach: list[Reach] = []
_former: list[FormerPaths] = []


class ScopeMissing(RuntimeError):
    """A located record was asked for without saying for whom."""


def register_reach(reach: Reach) -> None:
    """Name the function that knows where an actor holds a verb; called once, by the people room, at start."""
    _reach[:] = [reach]


def register_former_paths(former: FormerPaths) -> None:
    """Name the function that knows former paths; called once at start."""
    _former[:] = [former]


def reach(actor: Any, verb: str) -> Sequence[str]:
    """Path prefixes in which `actor` holds `verb`; empty when unknown, so that a missing answer shows nothing."""
    return _reach[0](actor, verb) if _reach else ()


def within(prefixes: Sequence[str], field: str = "region__path") -> Q:
    """Rows whose region lies under one of `prefixes`; no prefix, no row."""
    if not prefixes:
        return Q(pk__in=())
    if "/" in prefixes:  # the root: everything, without a join
        return Q()
    condition = Q()
    if not field.endswith("__path") and field != "path":
        # A path that was written down names places as they were called then.
        prefixes = [*prefixes, *(path for former in _former for path in former(prefixes))]
    for prefix in prefixes:
        condition |= Q(**{f"{field}__startswith": prefix})
    return condition


class ScopedManager(models.Manager[Any]):
    """Gives rows only through `for_actor`; `all()`, `filter()` and the like raise `ScopeMissing`."""

    def __init__(self, region_field: str = "region__path") -> None:
        super().__init__()
        self.region_field = region_field

    def get_queryset(self) -> models.QuerySet[Any]:
        raise ScopeMissing(
            f"{self.model.__name__}.objects needs an actor: use objects.for_actor(user, verb), "
            f"or {self.model.__name__}.records where the right has been checked"
        )

    def for_actor(self, actor: Any, verb: str, *, exercise: bool | None = False) -> models.QuerySet[Any]:
        """Rows that `actor` may `verb`. `exercise` False leaves exercises out, True gives only them, None both."""
        rows: models.QuerySet[Any] = models.QuerySet(self.model, using=self._db).filter(
            within(reach(actor, verb), self.region_field)
        )
        names = {f.name for f in self.model._meta.fields}
        if exercise is not None and "exercise" in names:
            rows = rows.filter(exercise=exercise)
        return rows
