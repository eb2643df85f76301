"""Questions about the trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.kernel.audit.models import Entry
from anlan.kernel.people.models import SYSTEM_NAMES
from anlan.kernel.people.rights import reach
from anlan.kernel.regions.scope import within
from anlan.kernel.web import refs
from anlan.kernel.web.health import Health

#: An entry that is not sealed after this long means that no sealer runs.
SEALED_WITHIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Seal:
    """How far the entries of some subjects are sealed: how many, and the hash of the newest."""

    count: int
    head: str
    seq: int | None


@dataclass(frozen=True, slots=True)
class Act:
    """One entry for a list on a desk; `title` names the subject for this viewer, "" when it is not theirs to see."""

    at: datetime
    verb: str
    actor_name: str
    ref: str
    title: str
    url: str
    outcome: str


def who(entry: Entry) -> str:
    """Who it was, in the reader's language where it was one of the product's own hands."""
    return str(SYSTEM_NAMES.get(entry.actor_name, entry.actor_name))


def of(subjects: Sequence[str]) -> Any:
    """The entries about these refs, oldest first."""
    return Entry.objects.filter(ref__in=subjects).order_by("id")


def seal_of(subjects: Sequence[str]) -> Seal:
    """The seal over the entries about these refs."""
    found = of(subjects).exclude(seq=None).order_by().aggregate(count=Count("id"), seq=Max("seq"))
    head = Entry.objects.filter(seq=found["seq"]).values_list("hash", flat=True).first() if found["seq"] else ""
    return Seal(found["count"], head or "", found["seq"])


def latest(viewer: Any, limit: int = 12) -> list[Act]:
    """What was done last about alarms and cases where `viewer` may see them, newest first."""
    rows = Entry.objects.none()
    for prefix, verb in (("alarm.", "alarm.see"), ("case.", "case.see"), ("chain.", "chain.see")):
        here = within(reach(viewer, verb), "region_path")
        rows |= Entry.objects.filter(here, verb__startswith=prefix, outcome="done")
    found = list(rows.order_by("-id")[:limit])
    visible = {ref: refs.may_see(viewer, ref) for ref in {entry.ref for entry in found if entry.ref}}
    return [
        Act(
            at=entry.at,
            verb=entry.verb,
            actor_name=who(entry),
            ref=entry.ref,
            title=refs.label_of(entry.ref) if visible.get(entry.ref) else "",
            url=refs.url_of(entry.ref) if visible.get(entry.ref) else "",
            outcome=entry.outcome,
        )
        for entry in found
    ]


def health() -> Health:
    """The sealer keeps up: the oldest unsealed entry is young."""
    oldest = Entry.objects.filter(seq=None).order_by("id").values_list("at", flat=True).first()
    if oldest is None:
        return Health(True, "", 0.0, "s")
    age = max(0.0, (timezone.now() - oldest).total_seconds())
    late = age > SEALED_WITHIN.total_seconds()
    return Health(not late, _("entries wait for their seal: does the jobs process run?") if late else "", age, "s")
