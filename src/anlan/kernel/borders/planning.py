"""A merger that takes force on a day to come: planned, called off, carried out by a job as that day begins."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.borders import services
from anlan.kernel.borders.models import Merger, MergerState
from anlan.kernel.borders.refusing import Refused, locked
from anlan.kernel.jobs.services import enqueue
from anlan.kernel.notices import services as notices
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, require
from anlan.kernel.regions.models import Region

#: The job that carries a planned merger out.
DUE = "regions.merge_due"


@transaction.atomic
def plan(
    *, region: Region, into: Region, on: date, actor: User, now: datetime, note: str = "", recode: bool = True
) -> Merger:
    """Let a place become part of its neighbour on a day to come; what that needs is checked now and again on the day.

    Raises NotAllowed in either; Refused for a day that is not to come, and for what `services.merge` refuses.
    """
    region, into = locked(region), locked(into)
    require(actor, "region.manage", region)
    require(actor, "region.manage", into)
    if on <= timezone.localdate(now):
        raise Refused(_("The day does not lie ahead; merge at once."))
    services.refuse_merge(region, into, now)
    planned = Merger.objects.filter(state=MergerState.PLANNED)
    if (other := planned.filter(region=region).first() or planned.filter(region=into).first()) is not None:
        words = _("A merger is planned already: %(merger)s from %(day)s. Call it off first.")
        raise Refused(words % {"merger": str(other), "day": other.on.isoformat()})
    merger = Merger.objects.create(region=region, into=into, on=on, recode=recode, note=note[:200], by=actor, at=now)
    begins = timezone.make_aware(datetime.combine(on, time.min))
    enqueue(DUE, {"pk": merger.pk}, key=f"merger:{merger.pk}", run_at=begins, now=now)
    _audited(merger, "region.plan_merge", actor, now)
    return merger


@transaction.atomic
def call_off(merger: Merger, *, actor: User, now: datetime) -> None:
    """Let a planned merger not happen. Raises NotAllowed in either, Refused once it is no longer planned."""
    require(actor, "region.manage", merger.region)
    require(actor, "region.manage", merger.into)
    if not Merger.objects.filter(pk=merger.pk, state=MergerState.PLANNED).update(state=MergerState.OFF, ended_at=now):
        raise Refused(_("Only a planned merger can be called off."))
    _audited(merger, "region.call_off_merge", actor, now)


def carry_out_due(pk: int, now: datetime) -> None:
    """What the job does: the merger by the right of whoever planned it, who is told either way. Bears a repeat."""
    merger = Merger.objects.select_related("region", "into", "by").filter(pk=pk, state=MergerState.PLANNED).first()
    if merger is None or merger.on > timezone.localdate(now):
        return
    names = {"one": merger.region.name, "other": merger.into.name}
    try:
        with transaction.atomic():
            # Somebody may have called it off since, or another run carried it out.
            if not Merger.objects.select_for_update().filter(pk=pk, state=MergerState.PLANNED).exists():
                return
            services.carry_out(merger, actor=merger.by, now=now)
            _tell(merger, lambda: _("%(one)s is part of %(other)s from today on") % names, "", 4, now)
    except (Refused, NotAllowed) as refused:
        why = (
            str(refused) if isinstance(refused, Refused) else _("Whoever planned it no longer may change both places.")
        )
        with transaction.atomic():
            failed = {"state": MergerState.FAILED, "why": why, "ended_at": now}
            if not Merger.objects.filter(pk=pk, state=MergerState.PLANNED).update(**failed):
                return
            merger.why = why
            _audited(merger, "region.failed_merge", merger.by, now)
            _tell(merger, lambda: _("The merger of %(one)s into %(other)s was not carried out") % names, why, 2, now)


def _tell(merger: Merger, title: Any, body: str, level: int, now: datetime) -> None:
    notices.tell(
        [merger.by], title=title, body=body, level=level, url=reverse("borders:region", args=[merger.into.code]),
        region=merger.into, now=now,
    )  # fmt: skip


def _audited(merger: Merger, verb: str, actor: User, now: datetime) -> None:
    after = {"into": merger.into.code, "on": merger.on, "why": merger.why}
    audit.record(actor=actor, verb=verb, obj=merger.region, region=merger.into, after=after, note=merger.note, now=now)
