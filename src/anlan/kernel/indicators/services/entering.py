"""Enter yearly figures: many cells at once, all of them or none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.indicators.declarations import inputs as declared_inputs
from anlan.kernel.indicators.errors import Refused
from anlan.kernel.indicators.live import local_day
from anlan.kernel.indicators.models import Figure
from anlan.kernel.indicators.services.measuring import JOB
from anlan.kernel.jobs.services import enqueue
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions.models import Level, Region

#: Years that figures are kept for: none is older than the oldest plan that anybody still looks at.
FIRST_YEAR = 1949
#: Cells of one act.
MOST = 5_000


@dataclass(frozen=True, slots=True)
class Cell:
    """One number for one region; None takes it away again."""

    input: str
    region: Region
    value: float | None


@transaction.atomic
def enter_figures(
    cells: Sequence[Cell], *, year: int, upto: date | None, source: str, actor: User, now: datetime
) -> int:
    """Enter the cells of one year, let what needs them be measured anew; returns how many differed.

    upto    last day that the numbers count, in a running year; today when not given
    source  where they come from

    Raises Refused with every fault, NotAllowed; then nothing is entered.
    """
    today = local_day(now)
    if not FIRST_YEAR <= year <= today.year:
        raise Refused(_("The year lies between %(first)d and %(last)d.") % {"first": FIRST_YEAR, "last": today.year})
    if len(cells) > MOST:
        raise Refused(_("At most %(n)d numbers are taken at once.") % {"n": MOST})
    if upto is not None and (upto.year != year or upto > today):
        raise Refused(_("The day up to which the numbers count lies in the year and is not after today."))
    day = None if year < today.year else upto or today
    for region in {cell.region.pk: cell.region for cell in cells}.values():
        require(actor, "indicator.enter", region)
    if faults := _faults(cells):
        raise Refused(*faults)
    held = {
        (row.input, row.region_id): row
        for row in Figure.records.select_for_update().filter(
            year=year, region__in={cell.region.pk for cell in cells}, input__in={cell.input for cell in cells}
        )
    }
    changed: set[str] = set()
    count = 0
    for cell in cells:
        if _enter(cell, held.get((cell.input, cell.region.pk)), year, day, source, actor, now):
            changed.add(cell.input)
            count += 1
    if changed:
        enqueue(JOB, {"inputs": sorted(changed), "by": actor.pk}, now=now)
    return count


def _faults(cells: Sequence[Cell]) -> list[str]:
    known = declared_inputs()
    faults: list[str] = []
    seen: set[tuple[str, int]] = set()
    for cell in cells:
        one = known.get(cell.input)
        if one is None or not one.may_be_entered:
            faults.append(_("%(code)s is no figure that is entered.") % {"code": cell.input})
            continue
        words = {"place": cell.region.name, "figure": one.title}
        if cell.region.level == Level.GRID:
            faults.append(_("%(place)s: figures are entered for villages and larger places.") % words)
        if (cell.input, cell.region.pk) in seen:
            faults.append(_("%(place)s, %(figure)s: stands there twice.") % words)
        seen.add((cell.input, cell.region.pk))
        if cell.value is not None and (not math.isfinite(cell.value) or cell.value < 0):
            faults.append(_("%(place)s, %(figure)s: the number is 0 or more.") % words)
    return faults


def _enter(
    cell: Cell, held: Figure | None, year: int, day: date | None, source: str, actor: User, now: datetime
) -> bool:
    before = None if held is None else {"value": held.value, "upto": held.upto, "source": held.source}
    if cell.value is None:
        if held is None:
            return False
        held.delete()
        after = None
    else:
        after = {"value": cell.value, "upto": day, "source": source}
        if before == after or (before is not None and before["value"] == cell.value and before["upto"] is None is day):
            return False
        Figure.records.update_or_create(
            input=cell.input, region=cell.region, year=year,
            defaults={"value": cell.value, "upto": day, "source": source, "by": actor, "at": now},
        )  # fmt: skip
    audit.record(
        actor=actor, verb="indicator.figure", obj=f"figure:{cell.input}:{cell.region.code}:{year}",
        region=cell.region, before=before, after=after, now=now,
    )  # fmt: skip
    return True
