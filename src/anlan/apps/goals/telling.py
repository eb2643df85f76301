"""What the chain of a task tells beside its case: letters with their answers, and the months that were reported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.apps.goals.models import Letter, LetterKind, Progress
from anlan.apps.goals.queries.tasks import seen
from anlan.kernel.chains.models import Chain
from anlan.kernel.chains.timeline import Proof, Step


def of_chain(chain: Chain, viewer: Any) -> Iterator[Step]:
    """Steps of the tasks of the chain that the viewer sees."""
    tasks = list(seen(viewer).filter(case__chain=chain))
    for row in Letter.records.filter(task__in=tasks).select_related("issued_by", "answered_by", "to_unit"):
        yield from _of_letter(row)
    for row in Progress.objects.filter(task__in=tasks).select_related("by", "unit"):
        yield Step(
            at=row.at,
            title=_("Progress reported"),
            detail=f"{row.month:%Y-%m} · {row.percent} % · {row.words[:120]}",
            who=row.by.name,
            order=5,
        )


def _of_letter(row: Letter) -> Iterator[Step]:
    kind = str(LetterKind(row.kind).label)
    page = reverse("goals:letter", args=[row.pk])
    yield Step(
        at=row.issued_at,
        title=f"{kind}: {row.number}",
        detail=f"{row.to_unit.name} · {row.words[:120]}",
        who=row.issued_by.name,
        proofs=(Proof(kind, page, "file"),),
        mark="decision",
        order=5,
    )
    if row.answered_at is not None and row.answered_by is not None:
        yield Step(
            at=row.answered_at,
            title=_("Answered: %(number)s") % {"number": row.number},
            detail=row.answer[:120],
            who=row.answered_by.name,
            late=row.answer_by is not None and row.answered_at > row.answer_by,
            order=5,
        )
