"""What a change of a record entails, under the names by which the declarations know it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from anlan.apps.sites import enterprise_queries as queries
from anlan.apps.sites.models import Cause, Chemical, Enterprise, MajorHazard, TailingsPond, Unit
from anlan.apps.sites.services import assessing, derived
from anlan.kernel.people.models import User
from anlan.kernel.registers.declarations import Register


def enterprise_changed(register: Register, record: Enterprise, *, actor: User, now: datetime) -> None:
    """Its boundary may have moved, and with it the people within 500 m of every installation."""
    found = list(queries.installations_of(record))
    assessing.assess_quietly(found, actor=actor, now=now, cause=Cause.CHANGE)


def unit_changed(register: Register, record: Unit, *, actor: User, now: datetime) -> None:
    """Its age, and the installations that it belongs to and belonged to before."""
    derived.settle_age(record, actor=actor, now=now, own=True)
    _assess({record.installation_id}, derived.former(register, record, "installation"), actor=actor, now=now)


def chemical_changed(register: Register, record: Chemical, *, actor: User, now: datetime) -> None:
    """Its Q, and the installations in whose units it lies and lay before."""
    derived.settle_threshold(record, actor=actor, now=now, own=True)
    units = {record.unit_id}
    if code := derived.former(register, record, "unit"):
        units |= set(Unit.records.filter(code=code).values_list("pk", flat=True))
    found = set(
        Unit.records.filter(pk__in=[pk for pk in units if pk is not None]).values_list("installation", flat=True)
    )
    _assess(found, "", actor=actor, now=now)


def major_hazard_changed(register: Register, record: MajorHazard, *, actor: User, now: datetime) -> None:
    """A new filing is compared at once; other facts of it may change the result."""
    assessing.refile(record, actor=actor, now=now)
    assessing.assess_quietly([record], actor=actor, now=now, cause=Cause.CHANGE, own=True)


def tailings_pond_changed(register: Register, record: TailingsPond, *, actor: User, now: datetime) -> None:
    """Its grade, and whether people live close below."""
    derived.settle_pond(record, actor=actor, now=now, own=True)


def _assess(pks: set[Any], code: str, *, actor: User, now: datetime) -> None:
    """Assess installations by number, and the one of a code."""
    rows = MajorHazard.present.filter(pk__in=[pk for pk in pks if pk is not None]) | (
        MajorHazard.present.filter(code=code) if code else MajorHazard.present.none()
    )
    found = list(rows.select_related("region", "enterprise"))
    assessing.assess_quietly(found, actor=actor, now=now, cause=Cause.CHANGE)
