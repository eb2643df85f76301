"""Questions about derived points: how one is computed, with what, and who is computed from a point."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet

from anlan.kernel.regions.scope import reach, within
from anlan.kernel.sensing import queries
from anlan.kernel.sensing.derived.functions import Function, Parameter, named
from anlan.kernel.sensing.models import DerivedInput, DerivedMode, DerivedPoint, Point
from anlan.kernel.sensing.sealed import opened, sees


@dataclass(frozen=True, slots=True)
class Input:
    """An input with its newest reading; `reading` is None when it never sent, or when the viewer may not see it."""

    point: Point
    reading: queries.Reading | None
    seen: bool


@dataclass(frozen=True, slots=True)
class Account:
    """How a derived point is computed, for a page. `function` is None when this release knows none of that name."""

    made: DerivedPoint
    function: Function | None
    parameters: tuple[tuple[Parameter, Any], ...]
    inputs: tuple[Input, ...]

    @property
    def computed_to(self) -> datetime:
        return datetime.fromtimestamp(self.made.computed_ms / 1000, UTC)

    @property
    def on_arrival(self) -> bool:
        return str(self.made.mode) == DerivedMode.ARRIVAL

    @property
    def silent(self) -> tuple[Input, ...]:
        """Inputs that say nothing now: why it has no value."""
        return tuple(one for one in self.inputs if one.seen and (one.reading is None or one.reading.silent))


def derived_for(actor: Any) -> QuerySet[DerivedPoint]:
    """Derived points that the actor may see, those that are computed first, by code."""
    rows = DerivedPoint.objects.filter(
        within(reach(actor, "point.see"), "point__region__path"), opened(actor, "point__")
    )
    rows = rows.select_related("point__region", "point__device", "made_by").prefetch_related("inputs__point__region")
    return rows.order_by("ended_at", "point__code")


def account_of(point: Point, actor: Any, now: datetime) -> Account | None:
    """How this point is computed; None for a point that is measured."""
    made = derived_for(actor).filter(point=point).first()
    return accounts_of([made], actor, now)[0] if made is not None else None


def accounts_of(rows: list[DerivedPoint], actor: Any, now: datetime) -> list[Account]:
    """The same for many, with one question for all the inputs' readings."""
    inputs = {one.point for made in rows for one in made.inputs.all()}
    seen = {point.pk: sees(actor, point) for point in inputs}
    readings = queries.latest([point for point in inputs if seen[point.pk]], now)
    accounts = []
    for made in rows:
        function = named(made.function)
        parameters = ((one, made.parameters.get(one.name)) for one in function.parameters) if function else ()
        shown = (Input(one.point, readings.get(one.point_id), seen[one.point_id]) for one in made.inputs.all())
        accounts.append(Account(made, function, tuple(parameters), tuple(shown)))
    return accounts


def users_of(point: Point, actor: Any) -> list[Point]:
    """Derived points that are computed from this one, of those that the actor may see."""
    made = DerivedInput.objects.filter(point=point, derived__ended_at=None).values("derived__point")
    return list(queries.points_for(actor).filter(pk__in=made).order_by("code"))
