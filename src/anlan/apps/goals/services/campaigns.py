"""Campaigns: begin, enter a problem or a measure, move a line on, close."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.goals.models import Campaign, Listed, ListItem, Sort
from anlan.apps.goals.refusing import Refused
from anlan.kernel.audit import services as audit
from anlan.kernel.chains.numbers import next_number
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.rights import may, require
from anlan.kernel.regions.models import Region

PREFIX = "ZX"

#: Where a line may go from where it stands. Verified is the end; what does not convince goes back.
MOVES = {
    Listed.OPEN: (Listed.DOING, Listed.DONE),
    Listed.DOING: (Listed.DONE,),
    Listed.DONE: (Listed.VERIFIED, Listed.DOING),
    Listed.VERIFIED: (),
}


@transaction.atomic
def begin(
    *, title: str, unit: Department, region: Region, begins_on: date, ends_on: date, basis: str = "", words: str = "",
    actor: User, now: datetime,
) -> Campaign:  # fmt: skip
    """Begin a campaign. Raises NotAllowed without `task.assign` there; Refused without title or with a wrong period."""
    require(actor, "task.assign", region)
    if len(title.strip()) < 2:
        raise Refused(_("Give the campaign a title."), "title")
    if ends_on < begins_on:
        raise Refused(_("It ends before it begins."), "ends_on")
    row: Campaign = Campaign.records.create(
        number=next_number(PREFIX, now), title=title.strip()[:160], basis=basis.strip()[:200], words=words.strip(),
        region=region, unit=unit, begins_on=begins_on, ends_on=ends_on, created_by=actor, created_at=now,
    )  # fmt: skip
    after = {"number": row.number, "title": row.title, "unit": unit.name, "ends_on": ends_on.isoformat()}
    audit.record(actor=actor, verb="campaign.begin", obj=row, region=region, after=after, now=now)
    return row


@transaction.atomic
def enter(
    campaign: Campaign, sort: Sort, *, title: str, region: Region, unit: Department, officer: str = "",
    due_on: date | None = None, answers: ListItem | None = None, actor: User, now: datetime,
) -> ListItem:  # fmt: skip
    """Put a line onto the list of problems or of measures, with the next number of that list.

    answers  the problem that a measure goes against, of the same campaign

    Raises NotAllowed without `task.report` where the line lies; Refused when the campaign is closed, without a title,
    for a problem of another campaign.
    """
    campaign = _locked(campaign)
    require(actor, "task.report", region)
    if campaign.closed_at is not None:
        raise Refused(_("The campaign is closed."))
    if len(title.strip()) < 2:
        raise Refused(_("Say what it is."), "title")
    if answers is not None and (
        answers.campaign_id != campaign.pk or answers.sort != Sort.PROBLEM or sort != Sort.MEASURE
    ):
        raise Refused(_("A measure goes against a problem of the same campaign."), "answers")
    last = ListItem.objects.filter(campaign=campaign, sort=sort).aggregate(n=Max("serial"))["n"] or 0
    row = ListItem.objects.create(
        campaign=campaign, sort=sort, serial=last + 1, title=title.strip()[:300], region=region, unit=unit,
        officer=officer.strip()[:60], due_on=due_on, answers=answers,
    )  # fmt: skip
    after = {"sort": sort, "serial": row.serial, "title": row.title, "unit": unit.name}
    audit.record(actor=actor, verb="campaign.enter", obj=campaign, region=region, after=after, now=now)
    return row


@transaction.atomic
def move(item: ListItem, to: Listed, *, result: str = "", actor: User, now: datetime) -> ListItem:
    """Move a line on. Verifying, and sending back what is done, is checking; the rest is reporting.

    Raises NotAllowed; Refused for a way that does not lead there, and without a result when it is done.
    """
    campaign = _locked(item.campaign)
    item = ListItem.objects.select_for_update(of=("self",)).select_related("region", "unit").get(pk=item.pk)
    before = Listed(item.state)
    require(actor, "task.check" if before is Listed.DONE else "task.report", item.region)
    if campaign.closed_at is not None:
        raise Refused(_("The campaign is closed."))
    if to not in MOVES[before]:
        words = _("No. %(n)d is “%(state)s” by now; look at it again.")
        raise Refused(words % {"n": item.serial, "state": before.label})
    if to is Listed.DONE and len(result.strip()) < 2:
        raise Refused(_("Say what was done about no. %(n)d.") % {"n": item.serial}, "result")
    item.state = to
    if result.strip():
        item.result = result.strip()[:300]
    item.done_on = timezone.localdate(now) if to is Listed.DONE else None if to is Listed.DOING else item.done_on
    item.save()
    after = {"sort": item.sort, "serial": item.serial, "state": to, "result": item.result}
    audit.record(
        actor=actor, verb="campaign.move", obj=campaign, region=item.region, before={"state": before}, after=after,
        now=now,
    )  # fmt: skip
    return item


def moves_of(item: ListItem, actor: User) -> list[Listed]:
    """Where the actor may move a line."""
    state = Listed(item.state)
    verb = "task.check" if state is Listed.DONE else "task.report"
    return list(MOVES[state]) if may(actor, verb, item.region) else []


@transaction.atomic
def close(campaign: Campaign, *, conclusion: str, actor: User, now: datetime) -> Campaign:
    """End a campaign with its conclusion. Raises NotAllowed; Refused while problems are open, or without words."""
    campaign = _locked(campaign)
    require(actor, "task.check", campaign.region)
    if campaign.closed_at is not None:
        raise Refused(_("The campaign is closed."))
    left = ListItem.objects.filter(campaign=campaign, sort=Sort.PROBLEM).exclude(state=Listed.VERIFIED).count()
    if left:
        raise Refused(_("%(n)d problems are not verified yet.") % {"n": left})
    if len(conclusion.strip()) < 4:
        raise Refused(_("Write the conclusion."), "conclusion")
    campaign.closed_at, campaign.conclusion = now, conclusion.strip()
    campaign.save(update_fields=("closed_at", "conclusion"))
    after = {"conclusion": campaign.conclusion}
    audit.record(actor=actor, verb="campaign.close", obj=campaign, region=campaign.region, after=after, now=now)
    return campaign


def _locked(campaign: Campaign) -> Campaign:
    row: Campaign = (
        Campaign.records.select_for_update(of=("self",)).select_related("region", "unit").get(pk=campaign.pk)
    )
    return row
