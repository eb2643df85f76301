"""Who answers for a clause, found among our own people and departments."""

from __future__ import annotations

from anlan.apps.goals.models import Document, Draft, Holder, Role
from anlan.kernel.people.models import Department, User


def appoint(draft: Draft, document: Document) -> list[Holder]:
    """The holders that an accepted draft names, not saved yet; a name that fits nobody or several stays a name."""
    role = draft.body.get("role") or Role.LEAD
    people = [
        Holder(clause_id=draft.clause_id, draft=draft, role=role, name=name[:120], user=_person(name, document))
        for name in draft.body.get("people") or ()
    ]
    units = [
        Holder(
            clause_id=draft.clause_id, draft=draft, role=role, name=name[:120], is_unit=True,
            department=_department(name, document),
        )
        for name in draft.body.get("units") or ()
    ]  # fmt: skip
    return people + units


def _person(name: str, document: Document) -> User | None:
    rows = User.objects.filter(
        name=name, is_active=True, is_system=False, department__region__path__startswith=document.region.path
    )[:2]
    return rows[0] if len(rows) == 1 else None


def _department(name: str, document: Document) -> Department | None:
    rows = Department.objects.filter(name=name, region__path__startswith=document.region.path)[:2]
    if not rows:
        rows = Department.objects.filter(name__endswith=name, region__path__startswith=document.region.path)[:2]
    return rows[0] if len(rows) == 1 else None
