"""What a night brings: plant grows older, rules begin to hold, the census counts again."""

from __future__ import annotations

from datetime import datetime

from anlan.apps.sites.models import Cause, Chemical, MajorHazard, TailingsPond, Unit
from anlan.apps.sites.services import assessing, derived
from anlan.kernel.people.models import User
from anlan.kernel.registers.models import Record

#: Rows read at once; each that differs is written in a transaction of its own.
AT_ONCE = 500


def settle_all(*, actor: User, now: datetime) -> dict[str, int]:
    """Compute again whatever follows from days and rules; how many of what differed. Repeating it changes nothing."""
    return {
        "units": _each(Unit, derived.settle_age, actor, now),
        "chemicals": _each(Chemical, derived.settle_threshold, actor, now),
        "ponds": _each(TailingsPond, derived.settle_pond, actor, now),
        "installations": _installations(actor, now),
    }


def _each(model: type[Record], settle: derived.Settle, actor: User, now: datetime) -> int:
    changed, last = 0, 0
    while rows := list(model.present.filter(pk__gt=last).select_related("region").order_by("pk")[:AT_ONCE]):
        last = rows[-1].pk
        changed += sum(settle(row, actor=actor, now=now) for row in rows)
    return changed


def _installations(actor: User, now: datetime) -> int:
    rows = MajorHazard.present.select_related("region", "enterprise").order_by("pk")
    return assessing.assess_quietly(list(rows), actor=actor, now=now, cause=Cause.NIGHT)
