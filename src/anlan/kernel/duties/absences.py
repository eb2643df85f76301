"""Who is away when, and days on which somebody would rather not stand duty."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.duties.errors import Refused
from anlan.kernel.duties.models import Absence, RosterDuty, RosterState, Why, Wish
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region

#: The longest absence that is one entry.
MOST_DAYS = 366


def _where(person: User) -> Region | None:
    return person.department.region if person.department is not None else regions.root()


def _require(person: User, actor: User) -> None:
    """Everybody for themselves; somebody else's needs duty.manage where they belong."""
    if actor.pk != person.pk:
        require(actor, "duty.manage", _where(person))


@transaction.atomic
def go_away(
    *, person: User, first: date, last: date, why: str, note: str, actor: User, now: datetime
) -> tuple[Absence, list[RosterDuty]]:
    """Note that somebody is away; returns the absence and the published duties that somebody else has to take.

    Raises NotAllowed, Refused for days that make no sense or overlap another absence.
    """
    _require(person, actor)
    if last < first or last - first > timedelta(days=MOST_DAYS):
        raise Refused(_("An absence ends after it begins, and within a year."))
    if why not in Why.values:
        raise Refused(_("Choose a reason."))
    if Absence.objects.filter(person=person, first__lte=last, last__gte=first, cancelled_at=None).exists():
        raise Refused(_("%(name)s is noted as away on some of these days already.") % {"name": person.name})
    row = Absence.objects.create(person=person, first=first, last=last, why=why, note=note[:200], by=actor, at=now)
    after = {"first": first, "last": last, "why": why}
    audit.record(actor=actor, verb="duty.away", obj=person, region=_where(person), after=after, now=now)
    hit = RosterDuty.objects.filter(
        person=person, day__gte=max(first, timezone.localdate(now)), day__lte=last,
        roster__state=RosterState.PUBLISHED,
    )  # fmt: skip
    return row, list(hit.select_related("roster__region"))


@transaction.atomic
def come_back(absence: Absence, *, actor: User, now: datetime) -> None:
    """Cancel an absence, or end a running one yesterday. Raises NotAllowed, Refused for one that is over."""
    rows = Absence.objects.select_for_update(of=("self",)).select_related("person__department__region")
    kept = rows.get(pk=absence.pk)
    _require(kept.person, actor)
    today = timezone.localdate(now)
    if kept.cancelled_at is not None or kept.last < today:
        raise Refused(_("This absence is over."))
    before = {"first": kept.first, "last": kept.last}
    if kept.first < today:
        kept.last = today - timedelta(days=1)
    else:
        kept.cancelled_at = now
    kept.save(update_fields=["last", "cancelled_at"])
    after = {"last": kept.last, "cancelled": kept.cancelled_at is not None}
    audit.record(
        actor=actor, verb="duty.back", obj=kept.person, region=_where(kept.person), before=before, after=after, now=now
    )  # fmt: skip


@transaction.atomic
def wish(*, person: User, day: date, wanted: bool, note: str, actor: User, now: datetime) -> None:
    """Note, or take back, that somebody would rather be free on a day. Raises NotAllowed, Refused for the past."""
    _require(person, actor)
    if day < timezone.localdate(now):
        raise Refused(_("This day is over."))
    if wanted:
        Wish.objects.update_or_create(person=person, day=day, defaults={"note": note[:80]})
    else:
        Wish.objects.filter(person=person, day=day).delete()
    after = {"day": day, "wanted": wanted}
    audit.record(actor=actor, verb="duty.wish", obj=person, region=_where(person), after=after, now=now)
