"""Keep the catalogue: whose a register is and how fresh it is promised, confirm that nothing changed, measure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from anlan.apps.exchange import quality, queries, rules
from anlan.apps.exchange.models import Card, Finding, Measure
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.rights import require
from anlan.kernel.regions import queries as regions
from anlan.kernel.registers.declarations import Register

#: Measures deleted in one transaction.
AT_ONCE = 500


def require_manage(actor: User) -> None:
    """Raise NotAllowed unless `actor` keeps the catalogue of the whole bureau."""
    require(actor, "catalogue.manage", regions.root())


@transaction.atomic
def describe(
    register: Register, *, owner: Department | None, note: str, promise_days: int | None, actor: User, now: datetime
) -> Card:
    """Say who answers for a register, what it is for, and within how many days it is changed or confirmed.

    promise_days  None: as the rulebook says

    Raises NotAllowed without catalogue.manage for the whole bureau.
    """
    require_manage(actor)
    card, _made = Card.objects.select_for_update().get_or_create(register=register.code)
    before = {"owner": card.owner_id, "note": card.note, "promise_days": card.promise_days}
    card.owner, card.note, card.promise_days = owner, note.strip()[:500], promise_days
    card.save(update_fields=("owner", "note", "promise_days"))
    after = {"owner": card.owner_id, "note": card.note, "promise_days": promise_days}
    _tell(register, "catalogue.describe", actor, now, before, after)
    return card


@transaction.atomic
def confirm(register: Register, *, actor: User, now: datetime) -> Card:
    """Somebody looked through a register and found nothing to change; this counts as fresh. Raises NotAllowed."""
    require_manage(actor)
    card, _made = Card.objects.select_for_update().get_or_create(register=register.code)
    before = {"confirmed_at": card.confirmed_at}
    card.confirmed_at, card.confirmed_by = now, actor
    card.save(update_fields=("confirmed_at", "confirmed_by"))
    _tell(register, "catalogue.confirm", actor, now, before, {"confirmed_at": now})
    return card


def measure(register: Register, *, actor: User, now: datetime) -> float | None:
    """Look at every record of a register and keep what was found, by town and day; returns the score.

    Reads in short questions and writes once at the end; the same day again replaces the figures of the day. Raises
    NotAllowed without catalogue.manage.
    """
    require_manage(actor)
    found = quality.scan(register)
    weights = rules.weights(now)
    day = timezone.localdate(now)
    measures = [
        Measure(
            register=register.code,
            town_id=town,
            day=day,
            records=records,
            score=quality.score(quality.shares(register, records, counts), weights),
            counts=counts,
        )
        for town, (records, counts) in sorted(found.by_town().items())
    ]
    activity = queries.activity(register, now)
    with transaction.atomic():
        Measure.objects.filter(register=register.code, day=day).delete()
        Measure.objects.bulk_create(measures)
        Finding.objects.filter(register=register.code).delete()
        Finding.objects.bulk_create(
            Finding(register=register.code, kind=kind, field=name, count=len(pks), pks=quality.packed(pks))
            for (kind, name), pks in found.findings.items()
        )
        Card.objects.update_or_create(register=register.code, defaults={"measured_at": now, "activity": activity})
        score = queries.together(measures)[1]
        after = {"records": len(found.towns), "score": None if score is None else round(score, 1)}
        _tell(register, "catalogue.measure", actor, now, {}, after)
    return score


def forget_measures(*, now: datetime) -> int:
    """Drop scores that are kept no longer; returns how many."""
    oldest = timezone.localdate(now - timedelta(days=rules.rule(rules.QUALITY, now).body["keep_days"]))
    gone = 0
    while pks := list(Measure.objects.filter(day__lt=oldest).values_list("pk", flat=True)[:AT_ONCE]):
        gone += Measure.objects.filter(pk__in=pks).delete()[0]
    return gone


def _tell(
    register: Register, verb: str, actor: User, now: datetime, before: Mapping[str, object], after: Mapping[str, object]
) -> None:
    audit.record(
        actor=actor, verb=verb, obj=f"register:{register.code}"[:80], region=regions.root(), before=before, after=after,
        now=now,
    )  # fmt: skip
