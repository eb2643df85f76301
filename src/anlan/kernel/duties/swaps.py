"""Swaps: one asks, the other agrees, and only then the roster changes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.duties.errors import Refused
from anlan.kernel.duties.models import RosterDuty, RosterState, Step, Swap, SwapState
from anlan.kernel.duties.months import Month, duty_of
from anlan.kernel.duties.rosters import address, give, judge, locked, note_change
from anlan.kernel.duties.wording import faults_in_words
from anlan.kernel.notices import services as notices
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.web.events import publish as tell_browsers
from anlan.science.roster.checking import Swap as Exchange


@transaction.atomic
def ask(duty: RosterDuty, *, to: User, back: RosterDuty | None, reason: str, actor: User, now: datetime) -> Swap:
    """Ask somebody to take one's own duty, perhaps for one of theirs in return; they are told.

    Raises NotAllowed without roster.swap there; Refused for somebody else's duty, one too near, or with what the swap
    would break.
    """
    kept, month = locked(duty, now)
    require(actor, "roster.swap", month.region)
    if kept.person_id != actor.pk:
        raise Refused(_("Only who stands a duty can ask somebody else to take it."))
    if len(reason.strip()) < 2:
        raise Refused(_("Say why."))
    _refuse_late(kept, month, now)
    returned = None
    if back is not None:
        returned, other = locked(back, now)
        if other.roster.pk != month.roster.pk:
            raise Refused(_("Both duties stand in the roster of one month."))
        _refuse_late(returned, month, now)
    _refuse_faults(month, kept, to, returned, now)
    if Swap.objects.filter(duty=kept, state=SwapState.ASKED).exists():
        raise Refused(_("Somebody has been asked to take this duty already; withdraw that first."))
    swap = Swap.objects.create(
        duty=kept, back=returned, giver=actor, taker=to, reason=reason.strip()[:200], asked_at=now
    )  # fmt: skip
    audit.record(
        actor=actor, verb="roster.ask", obj=month.roster, region=month.region, note=swap.reason, now=now,
        after={"day": kept.day, "shift": kept.shift, "role": kept.role, "to": to.username,
               "back": returned.day if returned else None},
    )  # fmt: skip
    notices.tell(
        [to], ref=f"roster:{month.roster.pk}", region=month.region, now=now, url="/duties/swaps/", body=swap.reason,
        title=lambda: _("%(who)s asks you to take the duty of %(day)s") % {"who": actor.name, "day": kept.day},
    )  # fmt: skip
    return swap


@transaction.atomic
def agree(swap: Swap, *, actor: User, now: datetime) -> Swap:
    """Say yes: the duties change their people now, if nothing has come between.

    Raises NotAllowed without roster.swap; Refused for anybody but the one who was asked.
    """
    row = _open(swap, actor, now)
    kept, month = locked(row.duty, now)
    require(actor, "roster.swap", month.region)
    back = locked(row.back, now)[0] if row.back is not None else None
    if kept.person_id != row.giver_id or (back is not None and back.person_id != row.taker_id):
        raise Refused(_("The roster has changed since you were asked; the swap no longer fits."))
    _refuse_late(kept, month, now)
    _refuse_faults(month, kept, row.taker, back, now)
    row.state, row.answered_at = SwapState.AGREED, now
    row.save(update_fields=["state", "answered_at"])
    give(kept, row.taker)
    note_change(kept, Step.SWAPPED, row.giver, row.taker, actor, row.reason, now)
    if back is not None:
        give(back, row.giver)
        note_change(back, Step.SWAPPED, row.taker, row.giver, actor, row.reason, now)
    audit.record(
        actor=actor, verb="roster.agree", obj=month.roster, region=month.region, note=row.reason, now=now,
        before={"day": kept.day, "role": kept.role, "person": row.giver.username},
        after={"person": row.taker.username, "back": back.day if back else None},
    )  # fmt: skip
    notices.tell(
        [row.giver], ref=f"roster:{month.roster.pk}", region=month.region, now=now, url=address(month.roster),
        title=lambda: _("%(who)s takes your duty of %(day)s") % {"who": row.taker.name, "day": kept.day},
    )  # fmt: skip
    tell_browsers("roster.changed", region=month.region, verb="duty.see", at=now)
    return row


@transaction.atomic
def refuse(swap: Swap, *, answer: str, actor: User, now: datetime) -> Swap:
    """Say no; who asked is told. Raises Refused for anybody but the one who was asked."""
    row = _open(swap, actor, now)
    row.state, row.answer, row.answered_at = SwapState.REFUSED, answer.strip()[:200], now
    row.save(update_fields=["state", "answer", "answered_at"])
    region = row.duty.roster.region
    audit.record(
        actor=actor, verb="roster.refuse", obj=row.duty.roster, region=region, note=row.answer, now=now,
        after={"day": row.duty.day, "from": row.giver.username},
    )  # fmt: skip
    notices.tell(
        [row.giver], ref=f"roster:{row.duty.roster_id}", region=region, now=now, url="/duties/swaps/", body=row.answer,
        title=lambda: _("%(who)s cannot take your duty of %(day)s") % {"who": row.taker.name, "day": row.duty.day},
    )  # fmt: skip
    return row


@transaction.atomic
def withdraw(swap: Swap, *, actor: User, now: datetime) -> Swap:
    """Take back what one has asked. Raises Refused for anybody else, and when it was answered."""
    row = _row(swap)
    if row.giver_id != actor.pk or row.state != SwapState.ASKED:
        raise Refused(_("Only who asked can take it back, and only before the answer."))
    row.state, row.answered_at = SwapState.WITHDRAWN, now
    row.save(update_fields=["state", "answered_at"])
    audit.record(
        actor=actor, verb="roster.withdraw", obj=row.duty.roster, region=row.duty.roster.region, now=now,
        after={"day": row.duty.day, "to": row.taker.username},
    )  # fmt: skip
    return row


def _row(swap: Swap) -> Swap:
    rows = Swap.objects.select_for_update(of=("self",)).select_related("duty__roster__region", "back", "giver", "taker")
    return rows.get(pk=swap.pk)


def _open(swap: Swap, actor: User, now: datetime) -> Swap:
    row = _row(swap)
    if row.taker_id != actor.pk:
        raise Refused(_("Only who was asked can answer."))
    if row.state != SwapState.ASKED:
        raise Refused(_("This was answered or taken back already."))
    return row


def _refuse_late(duty: RosterDuty, month: Month, now: datetime) -> None:
    if month.roster.state != RosterState.PUBLISHED:
        raise Refused(_("The roster is not published yet; tell the planner instead."))
    if duty.starts_at - now < timedelta(hours=month.scheme.swap_until_h):
        words = _("The duty begins in less than %(n)g hours; the planner has to set somebody else in it.")
        raise Refused(words % {"n": month.scheme.swap_until_h})


def _refuse_faults(month: Month, duty: RosterDuty, to: User, back: RosterDuty | None, now: datetime) -> None:
    exchange = Exchange(duty_of(duty), str(to.pk), duty_of(back) if back is not None else None)
    if faults := judge(month, exchange, now):
        raise Refused(faults_in_words(faults, month.scheme))
