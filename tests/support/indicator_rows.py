"""Alarms as rows, and moments of a year, for tests that count by year."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing.models import Alarm, Device, Point, PointKind, RuleVersion

_numbers = count(1)


def moment(month: int, day: int, year: int = 2026) -> datetime:
    """Noon of a day in the bureau's zone."""
    return datetime(year, month, day, 4, tzinfo=UTC)


def raise_alarm(
    region: Region, at: datetime, *, due: datetime | None = None, answered: datetime | None = None, by: Any = None,
    **more: Any,
) -> Alarm:  # fmt: skip
    """An alarm at a point of its own, answered at a moment or not at all."""
    n = next(_numbers)
    entry = Entry.objects.filter(kind="alarm").order_by("id")[0]
    rule = RuleVersion.objects.create(entry=entry, condition={}, from_at=at)
    device, _made = Device.records.get_or_create(
        code="alarms", defaults={"name": "a", "region": region, "key_hash": ""}
    )
    point = Point.records.create(
        code=f"alarm-{n}", name="水位", kind=PointKind.choices[0][0], region=region, device=device
    )
    return Alarm.records.create(
        point=point, rule=rule, entry=entry, region=region, condition="level", level=2, level_max=2, level_rung=2,
        title="水位超限", raised_at=at, seen_at=at, answer_due=due, due=None if answered else due,
        acknowledged_at=answered, acknowledged_by=by if answered else None, **more,
    )  # fmt: skip
