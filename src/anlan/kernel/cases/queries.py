"""Questions about cases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from anlan.kernel.cases.declarations import Step, Workflow
from anlan.kernel.cases.models import Case, Trail
from anlan.kernel.cases.proofs import label_of as proof_label
from anlan.kernel.evidence.models import Evidence

__all__ = ["missing_proof", "open_in", "overdue", "proof_label", "proof_roles"]


def proof_roles(workflow: Workflow) -> list[tuple[str, str]]:
    """(role, words) of everything that may be added as proof: what steps need first, then what else is welcome."""
    roles = dict.fromkeys([*(role for step in workflow.steps for role in step.needs), *workflow.proofs])
    return [(role, proof_label(role)) for role in roles]


def missing_proof(case: Case, step: Step) -> tuple[str, ...]:
    """Roles of evidence that `step` still needs. What was handed in with the same step before does not count again:

    a case that was sent back needs a new photo, not the one that did not convince.
    """
    if not step.needs:
        return ()
    rows = Evidence.objects.filter(ref=f"case:{case.pk}", role__in=step.needs)
    last = Trail.objects.filter(case=case, do=step.do).order_by("-at", "-id").values_list("at", flat=True).first()
    if last is not None:
        rows = rows.filter(at__gt=last)
    have = set(rows.values_list("role", flat=True))
    return tuple(role for role in step.needs if role not in have)


def open_in(actor: Any) -> QuerySet[Case]:
    """Open cases that `actor` may see, without exercises."""
    rows: QuerySet[Case] = Case.objects.for_actor(actor, "case.see").filter(closed_at=None)
    return rows


def overdue(actor: Any, now: datetime) -> QuerySet[Case]:
    """Open cases past their clock, where `actor` may see them; the longest first."""
    return open_in(actor).filter(due__lt=now).order_by("due", "id")
