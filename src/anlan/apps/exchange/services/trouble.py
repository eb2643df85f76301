"""Interruptions: opened when something does not come through, told to whoever looks after it, closed when it does."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.apps.exchange import feed, rules
from anlan.apps.exchange.models import Mode, Source, State, Subscription, Trouble, TroubleKind
from anlan.apps.exchange.words import of_error
from anlan.kernel.notices.services import tell
from anlan.kernel.people.queries import people_with
from anlan.kernel.regions import queries as regions
from anlan.kernel.registers.models import Revision


def waiting_since(row: Subscription) -> datetime | None:
    """Since when something waits to reach a subscriber: the oldest message that has not arrived, or change in none."""
    moments = list(row.messages.filter(seq__gt=row.acked_seq).order_by("seq").values_list("made_at", flat=True)[:1])
    if row.begins:
        moments.append(row.approved_at or row.key_at or row.at)
    elif not moments:
        for one in row.allowed.all():
            later = Revision.objects.filter(register=one.register, n__gt=one.n).order_by("n")
            moments += list(later.values_list("at", flat=True)[:1])
    return min(moments, default=None)


def watch(*, now: datetime) -> int:
    """Look at every subscription, open what is due and close what is over; returns how many are open."""
    delivery = rules.rule(rules.DELIVERY, now).body
    for row in Subscription.records.exclude(state=State.ENDED).select_related("region"):
        pulls = row.mode == Mode.PULL
        kind = TroubleKind.UNTAKEN if pulls else TroubleKind.UNDELIVERED
        limit = timedelta(seconds=delivery["untaken_s" if pulls else "told_after_s"])
        since = waiting_since(row) if feed.in_force(row, now) else None
        if since is not None and now - since >= limit:
            _open_for(row, kind, now)
        else:
            Trouble.objects.filter(subscription=row, closed_at=None).update(closed_at=now)
    Trouble.objects.filter(subscription__state=State.ENDED, closed_at=None).update(closed_at=now)
    return Trouble.objects.filter(closed_at=None).count()


@transaction.atomic
def _open_for(row: Subscription, kind: TroubleKind, now: datetime) -> None:
    first, last = row.acked_seq + 1, max(row.last_seq, row.acked_seq + 1)
    trouble, made = Trouble.objects.get_or_create(
        subscription=row,
        kind=kind,
        closed_at=None,
        defaults={"seq_from": first, "seq_to": last, "words": row.last_error, "opened_at": now},
    )
    if not made:
        if (trouble.seq_from, trouble.seq_to, trouble.words) != (first, last, row.last_error):
            trouble.seq_from, trouble.seq_to, trouble.words = first, last, row.last_error
            trouble.save(update_fields=("seq_from", "seq_to", "words"))
        return
    who = {"who": row.name}
    untaken = kind == TroubleKind.UNTAKEN
    tell(
        people_with("exchange.manage", row.region, at=now),
        title=lambda: (_("Data not fetched by %(who)s") if untaken else _("Data does not reach %(who)s")) % who,
        body=lambda: of_error(row.last_error),
        ref=f"subscription:{row.pk}",
        url=reverse("exchange:subscription", args=[row.code]),
        region=row.region,
        now=now,
    )


@transaction.atomic
def open_for_source(source: Source, kind: TroubleKind, first: int, last: int, *, words: str, now: datetime) -> Trouble:
    """Messages of a source are missing, or do not fit; whoever takes data in is told once."""
    trouble, made = Trouble.objects.get_or_create(
        source=source,
        kind=kind,
        closed_at=None,
        defaults={"seq_from": first, "seq_to": last, "words": words[:300], "opened_at": now, "asked_at": now},
    )
    if not made:
        trouble.seq_to, trouble.asked_at = max(trouble.seq_to, last), now
        trouble.save(update_fields=("seq_to", "asked_at"))
        return trouble
    root = regions.root()
    who = {"who": source.name}
    tell(
        people_with("exchange.receive", root, at=now) if root is not None else (),
        title=lambda: _("Data of %(who)s is missing") % who,
        body=lambda: of_error(words),
        ref=f"source:{source.pk}",
        url=reverse("exchange:source", args=[source.pk]),
        region=root,
        now=now,
    )
    return trouble


def close_for_source(source: Source, now: datetime) -> None:
    """Everything up to the source's last number is here: what was missing before it is not any more."""
    Trouble.objects.filter(source=source, closed_at=None, seq_to__lte=source.last_seq).update(closed_at=now)
