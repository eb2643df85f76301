"""Set what an indicator is to be, and take a target back."""

from __future__ import annotations

import math
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.indicators.declarations import indicator
from anlan.kernel.indicators.errors import Refused
from anlan.kernel.indicators.live import local_day
from anlan.kernel.indicators.models import Comparator, Target
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions.models import Region

#: Years ahead for which a target may be set: two plans of five years.
MOST_AHEAD = 10
FIRST_YEAR = 1949


@transaction.atomic
def set_target(
    *, code: str, region: Region, year: int, comparator: str, value: float, below: bool = False, words: str = "",
    standard: str = "", clause: str = "", actor: User, now: datetime,
) -> Target:  # fmt: skip
    """Set the target of a region and year; the one before it ends, both stay. Raises Refused, NotAllowed."""
    require(actor, "indicator.target", region)
    faults = []
    if indicator(code) is None:
        faults.append(_("No indicator has the code %(code)s.") % {"code": code})
    last = local_day(now).year + MOST_AHEAD
    if not FIRST_YEAR <= year <= last:
        faults.append(_("The year lies between %(first)d and %(last)d.") % {"first": FIRST_YEAR, "last": last})
    if comparator not in Comparator.values:
        faults.append(_("Say whether the number is a least or a most."))
    if not math.isfinite(value):
        faults.append(_("A target is a number."))
    if faults:
        raise Refused(*faults)
    held = Target.records.select_for_update().filter(indicator=code, region=region, year=year, ended_at=None).first()
    before = _said(held) if held is not None else None
    if held is not None:
        held.ended_at = now
        held.save(update_fields=("ended_at",))
    target = Target.records.create(
        indicator=code, region=region, year=year, comparator=comparator, value=value, below=below, words=words[:200],
        standard=standard[:120], clause=clause[:80], by=actor, at=now,
    )  # fmt: skip
    _record(target, before, _said(target), actor, now)
    return target


@transaction.atomic
def end_target(target: Target, *, actor: User, now: datetime) -> None:
    """Take a target back. Raises NotAllowed, Refused for one that has ended."""
    row = Target.records.select_for_update().select_related("region").get(pk=target.pk)
    require(actor, "indicator.target", row.region)
    if row.ended_at is not None:
        raise Refused(_("This target has ended already. Load the page again."))
    row.ended_at = now
    row.save(update_fields=("ended_at",))
    _record(row, _said(row), None, actor, now)


def _said(row: Target) -> dict[str, object]:
    return {
        "comparator": row.comparator, "value": row.value, "below": row.below, "standard": row.standard,
        "clause": row.clause, "words": row.words,
    }  # fmt: skip


def _record(
    row: Target, before: dict[str, object] | None, after: dict[str, object] | None, actor: User, now: datetime
) -> None:
    audit.record(
        actor=actor, verb="indicator.target", obj=f"target:{row.indicator}:{row.region.code}:{row.year}",
        region=row.region, before=before, after=after, now=now,
    )  # fmt: skip
