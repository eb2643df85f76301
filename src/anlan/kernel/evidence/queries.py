"""Questions about proof."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from anlan.kernel.evidence.models import Evidence


def of(ref: str) -> QuerySet[Evidence]:
    """What hangs on a subject, oldest first."""
    return Evidence.objects.filter(ref=ref).select_related("blob", "by").order_by("at", "id")


def of_all(subjects: Iterable[str]) -> QuerySet[Evidence]:
    """What hangs on any of these subjects, oldest first."""
    return Evidence.objects.filter(ref__in=list(subjects)).select_related("blob", "by").order_by("at", "id")


def roles_of(ref: str) -> set[str]:
    """What is proven of a subject: {"photo_after"}."""
    return set(Evidence.objects.filter(ref=ref).order_by().values_list("role", flat=True).distinct())
