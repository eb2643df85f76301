"""Values that follow from others: written beside them, told to every reader, never typed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.sites import enterprise_queries as queries
from anlan.apps.sites.declarations import CHEMICALS, TAILINGS_PONDS, UNITS
from anlan.apps.sites.models import Chemical, TailingsPond, Unit
from anlan.apps.sites.models.plants import Counting
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.registers import values as reading
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.models import Act, Revision
from anlan.kernel.registers.services.records import next_change, remember
from anlan.kernel.rulebook.queries import NoRule
from anlan.kernel.web.events import publish
from anlan.science import grades
from anlan.science.major_hazard import Form, Stock, identify


class Settle(Protocol):
    """Computes a record again; returns whether something differed."""

    def __call__(self, record: Any, /, *, actor: User, now: datetime) -> bool: ...


@transaction.atomic
def settle(
    register: Register, record: Any, found: Mapping[str, Any], *, actor: User, now: datetime, own: bool = False
) -> bool:
    """Write computed values of a record; returns whether one differed. The record at hand gets them too.

    own  the record itself was changed in this transaction: its line of history and its number stand for them as well

    A form that somebody has open stays good: computed values are in no form, and the revision is not raised.
    """
    differing = {name: value for name, value in found.items() if getattr(record, name) != value}
    if not differing:
        return False
    quiet = own and _numbered(register, record)
    number = None if quiet else next_change(register)
    before = {name: reading.as_json(register.info(name), getattr(record, name)) for name in differing}
    for name, value in differing.items():
        setattr(record, name, value)
    record.save(update_fields=list(differing))
    if quiet:
        return True
    after = {name: reading.as_json(register.info(name), value) for name, value in differing.items()}
    note = _("Computed")
    remember(register, record, Act.CHANGE, number=number, before=before, after=after, actor=actor, now=now, note=note)
    audit.record(
        actor=actor, verb="site.compute", obj=record, region=record.region, before=before, after=after, now=now
    )
    publish("record.changed", region=record.region, verb=register.see, at=now, data={"register": register.code})
    return True


def _numbered(register: Register, record: Any) -> bool:
    """The last line of the record's history is of its own: it was not written by a batch, whose effects come later."""
    lines = Revision.objects.filter(register=register.code, record=record.pk).order_by("-id")
    return lines.values_list("n", flat=True).first() is not None


def former(register: Register, record: Any, name: str) -> str:
    """The code of the record that field `name` pointed to before the last change; "" when that did not touch it."""
    last = Revision.objects.filter(register=register.code, record=record.pk).order_by("-id").first()
    return str(last.before.get(name) or "") if last is not None else ""


# --- units ------------------------------------------------------------------------------------------------------------
def settle_age(unit: Unit, *, actor: User, now: datetime, own: bool = False) -> bool:
    """Mark a unit that is older than the rulebook says, or no longer."""
    return settle(UNITS, unit, {"ageing": is_ageing(unit, now)}, actor=actor, now=now, own=own)


def is_ageing(unit: Unit, now: datetime) -> bool:
    """Older than the rulebook or its own design life allows without a look."""
    if unit.built_on is None:
        return False
    limits = [queries.lately(queries.age_limit, unit.kind, at=now, region=unit.region), unit.design_years]
    today = timezone.localdate(now)
    return any(queries.is_older(unit.built_on, limit, today) for limit in limits if limit is not None)


# --- chemicals --------------------------------------------------------------------------------------------------------
def settle_threshold(chemical: Chemical, *, actor: User, now: datetime, own: bool = False) -> bool:
    """Q of a chemical and where the rulebook has it."""
    threshold, found_as = threshold_of(chemical, now)
    found = {"threshold": threshold, "found_as": found_as}
    return settle(CHEMICALS, chemical, found, actor=actor, now=now, own=own)


def threshold_of(chemical: Chemical, now: datetime) -> tuple[float | None, str]:
    """Q in tonnes and the place in the standard; (None, "") while neither name, CAS nor class finds it."""
    if chemical.counting == Counting.OUTSIDE:
        return None, ""
    try:
        rules = queries.lately(queries.hazard_rules, at=now, region=chemical.region).rules
    except NoRule:
        return None, ""
    name = queries.name_in_table(chemical.name, chemical.cas, rules)
    term = identify([Stock(name, 0, tuple(chemical.classes), Form(chemical.counting))], rules).terms[0]
    if term.threshold is None:
        return None, ""
    row = f"{term.named.row} {term.named.name_zh}" if term.named is not None else term.threshold.row
    return term.threshold.value, f"{term.threshold.table}-{row}"[:80]


# --- tailings ponds ---------------------------------------------------------------------------------------------------
def settle_pond(pond: TailingsPond, *, actor: User, now: datetime, own: bool = False) -> bool:
    """Grade of a pond by volume and height, and whether it is a head pond."""
    found = {"grade": pond_grade(pond, now), "is_head_pond": is_head_pond(pond, now)}
    return settle(TAILINGS_PONDS, pond, found, actor=actor, now=now, own=own)


def pond_grade(pond: Any, now: datetime) -> str:
    """The grade, "" while volume or height leave several open."""
    scale = queries.lately(queries.pond_scale, at=now, region=pond.region)
    if scale is None or any(value is not None and value < 0 for value in (pond.volume, pond.height)):
        return ""
    return grades.grade({"volume_wan_m3": pond.volume, "height_m": pond.height}, scale).grade or ""


def is_head_pond(pond: TailingsPond, now: datetime) -> bool | None:
    """People or works lie within the distance of the rulebook below the dam; None while that is not known."""
    found = queries.norm("HEAD-POND-DISTANCE", now, pond.region)
    if found is None or found[0].most is None or pond.nearest_m is None:
        return None
    return bool(pond.nearest_m <= found[0].most)
