"""Projects: plan, begin, finish a stage, spend, finish, accept, stop."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.goals.models import Project, Spending, Stage, Standing
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services.tasks import Stone
from anlan.kernel.audit import services as audit
from anlan.kernel.chains.numbers import next_number
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.rights import require
from anlan.kernel.regions.models import Region

PREFIX = "XM"
MOST = Decimal(10) ** 12


@transaction.atomic
def plan(
    *, title: str, unit: Department, lead: User, region: Region, begins_on: date, ends_on: date, budget: Decimal,
    money_from: str = "", basis: str = "", words: str = "", stages: Sequence[Stone] = (), actor: User, now: datetime,
) -> Project:  # fmt: skip
    """Enter a project with its period, budget and stages.

    Raises NotAllowed without `task.assign` there; Refused without a title, for a wrong period, a budget that is none,
    a lead of another unit, a stage outside the period.
    """
    require(actor, "task.assign", region)
    if len(title.strip()) < 2:
        raise Refused(_("Give the project a title."), "title")
    if ends_on < begins_on:
        raise Refused(_("It ends before it begins."), "ends_on")
    if not 0 < budget < MOST:
        raise Refused(_("A budget is above zero."), "budget")
    if not lead.is_active or lead.department_id != unit.pk:
        words_ = _("%(who)s does not work in %(unit)s. Choose an officer of that unit.")
        raise Refused(words_ % {"who": lead.name, "unit": unit.name}, "lead")
    for stage in stages:
        if len(stage.title.strip()) < 2 or not begins_on <= stage.due_on <= ends_on:
            words_ = _("Stage “%(title)s”: it needs a title and a day within the period.")
            raise Refused(words_ % {"title": stage.title[:40]}, "stages")
    row: Project = Project.records.create(
        number=next_number(PREFIX, now), title=title.strip()[:160], words=words.strip(), basis=basis.strip()[:200],
        region=region, unit=unit, lead=lead, begins_on=begins_on, ends_on=ends_on, budget=budget,
        money_from=money_from.strip()[:120], created_at=now,
    )  # fmt: skip
    for stage in stages:
        Stage.objects.create(project=row, title=stage.title.strip()[:160], due_on=stage.due_on)
    after = {"number": row.number, "title": row.title, "budget": str(budget), "lead": lead.name}
    audit.record(actor=actor, verb="project.plan", obj=row, region=region, after=after, now=now)
    return row


@transaction.atomic
def begin(project: Project, *, actor: User, now: datetime) -> Project:
    """Work begins. Raises NotAllowed, Refused."""
    row = _standing(project, "task.report", actor, Standing.PLANNED)
    row.state = Standing.RUNNING
    return _keep(row, "project.begin", actor, now, {})


@transaction.atomic
def finish_stage(stage: Stage, *, on: date, words: str = "", actor: User, now: datetime) -> Stage:
    """A stage is done. Raises NotAllowed; Refused for a future day, or one that is done already."""
    project = _standing(stage.project, "task.report", actor, Standing.PLANNED, Standing.RUNNING)
    stage = Stage.objects.select_for_update(of=("self",)).get(pk=stage.pk)
    if stage.done_on is not None:
        raise Refused(_("“%(title)s” was reached already.") % {"title": stage.title})
    if on > timezone.localdate(now):
        raise Refused(_("That day is still to come."), "on")
    stage.done_on, stage.words = on, words.strip()[:300]
    stage.save()
    project.state = Standing.RUNNING
    _keep(project, "project.stage", actor, now, {"stage": stage.title, "on": on.isoformat()})
    return stage


def spent(project: Project) -> Decimal:
    """What has been paid so far, in yuan."""
    total: Decimal | None = Spending.objects.filter(project=project).aggregate(n=Sum("amount"))["n"]
    return total or Decimal(0)


@transaction.atomic
def spend(
    project: Project, *, on: date, amount: Decimal, words: str, voucher: str, actor: User, now: datetime
) -> Spending:
    """Enter a payment; a negative amount takes a wrong one back.

    Raises NotAllowed; Refused beyond the budget (it has to be changed by a decision first), for more taken back than
    was paid, a voucher that stands already, a future day.
    """
    row = _standing(project, "task.report", actor, Standing.RUNNING, Standing.FINISHED)
    if not amount or abs(amount) >= MOST:
        raise Refused(_("An amount is another number than zero."), "amount")
    if on > timezone.localdate(now):
        raise Refused(_("That day is still to come."), "on")
    if len(words.strip()) < 2:
        raise Refused(_("Say what it was paid for."), "words")
    if not voucher.strip():
        raise Refused(_("Enter the number of the voucher."), "voucher")
    if Spending.objects.filter(project=row, voucher=voucher.strip()[:60]).exists():
        raise Refused(_("The voucher %(number)s stands here already.") % {"number": voucher.strip()}, "voucher")
    total = spent(row) + amount
    if total > row.budget:
        over = _("That is %(over)s yuan beyond the budget of %(budget)s yuan.")
        raise Refused(over % {"over": f"{total - row.budget:,.2f}", "budget": f"{row.budget:,.2f}"}, "amount")
    if total < 0:
        raise Refused(_("More would be taken back than was paid."), "amount")
    paid = Spending.objects.create(
        project=row, on=on, amount=amount, words=words.strip()[:200], voucher=voucher.strip()[:60], by=actor, at=now
    )  # fmt: skip
    _keep(row, "project.spend", actor, now, {"amount": str(amount), "voucher": paid.voucher, "spent": str(total)})
    return paid


@transaction.atomic
def finish(project: Project, *, on: date, actor: User, now: datetime) -> Project:
    """The work is done and waits for acceptance. Raises NotAllowed; Refused while a stage is open."""
    row = _standing(project, "task.report", actor, Standing.RUNNING)
    left = Stage.objects.filter(project=row, done_on=None).count()
    if left:
        raise Refused(_("%(n)d stages are not done yet.") % {"n": left})
    if on > timezone.localdate(now):
        raise Refused(_("That day is still to come."), "on")
    row.state, row.finished_on = Standing.FINISHED, on
    return _keep(row, "project.finish", actor, now, {"on": on.isoformat()})


@transaction.atomic
def accept(project: Project, *, on: date, conclusion: str, passed: bool, actor: User, now: datetime) -> Project:
    """The acceptance, by somebody else than the lead; what does not pass goes back to work.

    Raises NotAllowed; Refused without a conclusion, before it was finished, or by the lead.
    """
    row = _standing(project, "task.check", actor, Standing.FINISHED)
    if actor.pk == row.lead_id:
        raise Refused(_("Somebody else than the lead accepts it."))
    if len(conclusion.strip()) < 4:
        raise Refused(_("Write the conclusion."), "conclusion")
    if row.finished_on is not None and not row.finished_on <= on <= timezone.localdate(now):
        raise Refused(_("It is accepted after it was finished, and not in the future."), "on")
    row.conclusion = conclusion.strip()
    if passed:
        row.state, row.accepted_on, row.accepted_by = Standing.ACCEPTED, on, actor
    else:
        row.state, row.finished_on = Standing.RUNNING, None
    return _keep(row, "project.accept", actor, now, {"passed": passed, "conclusion": row.conclusion})


@transaction.atomic
def stop(project: Project, *, reason: str, actor: User, now: datetime) -> Project:
    """It is given up, with the reason. Raises NotAllowed, Refused."""
    row = _standing(project, "task.assign", actor, Standing.PLANNED, Standing.RUNNING)
    if len(reason.strip()) < 2:
        raise Refused(_("Say why."), "reason")
    row.state, row.conclusion = Standing.STOPPED, reason.strip()
    return _keep(row, "project.stop", actor, now, {"reason": row.conclusion})


def _standing(project: Project, verb: str, actor: User, *states: Standing) -> Project:
    rows = Project.records.select_for_update(of=("self",)).select_related("region", "unit", "lead")
    row: Project = rows.get(pk=project.pk)
    require(actor, verb, row.region)
    if row.state not in states:
        words = _("%(number)s is by now: %(stage)s. Look at it again.")
        raise Refused(words % {"number": row.number, "stage": Standing(row.state).label})
    return row


def _keep(row: Project, verb: str, actor: User, now: datetime, after: dict[str, Any]) -> Project:
    row.save()
    audit.record(actor=actor, verb=verb, obj=row, region=row.region, after=after, now=now)
    return row
