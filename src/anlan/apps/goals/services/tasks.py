"""Tasks: give, report, reach a milestone, take a step, extend, hand over, remind of a month that was not reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.goals import rules
from anlan.apps.goals.declarations import TASK
from anlan.apps.goals.models import Campaign, Milestone, Part, Progress, Task
from anlan.apps.goals.queries.tasks import first_of, may_report, next_month, of_lead, seen, with_case
from anlan.apps.goals.refusing import Refused
from anlan.kernel.audit import services as audit
from anlan.kernel.cases import services as cases
from anlan.kernel.cases.errors import CaseError
from anlan.kernel.cases.models import Case
from anlan.kernel.chains import services as chains
from anlan.kernel.notices import services as notices
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.rights import NotAllowed, may, require
from anlan.kernel.regions.models import Region
from anlan.kernel.web.refs import ref_of

PREFIX = "MB"


@dataclass(frozen=True, slots=True)
class Stone:
    """A milestone as it is typed."""

    title: str
    due_on: date


@dataclass(frozen=True, slots=True)
class Share:
    """A unit that takes part, as it is typed."""

    unit: Department
    words: str = ""


@transaction.atomic
def give(
    *,
    title: str,
    unit: Department,
    lead: User,
    due: datetime,
    actor: User,
    now: datetime,
    region: Region | None = None,
    words: str = "",
    measure: str = "",
    basis: str = "",
    parts: Sequence[Share] = (),
    stones: Sequence[Stone] = (),
    campaign: Campaign | None = None,
    monthly: bool = True,
) -> Task:
    """Give a unit a task, with one officer who answers for it and the day on which it has to be done.

    region  where the task lies; that of the unit when not given

    Raises NotAllowed without `task.assign` there; Refused for a missing title, a day that has passed, a lead of another
    unit or without the right to report, a unit that takes part twice, a milestone after the end.
    """
    region = region or unit.region
    require(actor, "task.assign", region)
    if len(title.strip()) < 2:
        raise Refused(_("Give the task a title."), "title")
    if due <= now:
        raise Refused(_("The day by which it has to be done has passed. Choose a later one."), "due")
    _check_lead(lead, unit, region)
    units = [unit.pk, *(part.unit.pk for part in parts)]
    if len(units) != len(set(units)):
        raise Refused(_("The unit that leads and those that take part are different ones, each named once."), "parts")
    end = timezone.localdate(due)
    for stone in stones:
        if len(stone.title.strip()) < 2 or stone.due_on > end:
            words_ = _("Milestone “%(title)s”: it needs a title and a day up to %(end)s.")
            raise Refused(words_ % {"title": stone.title[:40], "end": end.isoformat()}, "stones")
    if campaign is not None and campaign.closed_at is not None:
        raise Refused(_("The campaign is closed."), "campaign")
    chain = chains.open_chain("task", title=title.strip(), region=region, now=now, actor=actor, prefix=PREFIX)
    case = cases.open_case(
        TASK, region=region, title=title.strip(), chain=chain, unit=unit, assignee=lead, now=now, actor=actor, due=due
    )
    task: Task = Task.records.create(
        case=case, region=region, words=words.strip(), measure=measure.strip()[:400], basis=basis.strip()[:200],
        campaign=campaign, monthly=monthly,
    )  # fmt: skip
    for part in parts:
        Part.objects.create(task=task, unit=part.unit, words=part.words.strip()[:200])
    for stone in stones:
        Milestone.objects.create(task=task, title=stone.title.strip()[:160], due_on=stone.due_on)
    after = {
        "number": case.number, "lead": lead.name, "unit": unit.name, "due": due.isoformat(),
        "parts": [part.unit.name for part in parts], "milestones": [stone.title for stone in stones],
    }  # fmt: skip
    audit.record(actor=actor, verb="task.give", obj=task, region=region, after=after, note=task.basis, now=now)
    _tell_parts(task, [part.unit for part in parts], now)
    return task


def _check_lead(lead: User, unit: Department, region: Region) -> None:
    if not lead.is_active or lead.department_id != unit.pk:
        words = _("%(who)s does not work in %(unit)s. Choose an officer of that unit.")
        raise Refused(words % {"who": lead.name, "unit": unit.name}, "lead")
    if not may(lead, "task.report", region):
        words = _("%(who)s may not report on tasks in %(place)s. Give the role first, or choose another officer.")
        raise Refused(words % {"who": lead.name, "place": region.name}, "lead")


def _tell_parts(task: Task, units: Sequence[Department], now: datetime) -> None:
    """People of the units that take part hear of it."""
    members = User.objects.filter(department__in=units, is_active=True).select_related("department__region")
    notices.tell(
        [one for one in members if one.department and may(one, "task.report", one.department.region)],
        title=lambda: _("Your unit takes part in a task: %(title)s") % {"title": task.case.title},
        body=lambda: _("%(unit)s leads") % {"unit": task.case.unit.name if task.case.unit else ""},
        ref=ref_of(task),
        url=address(task),
        region=task.region,
        now=now,
    )


def address(task: Task) -> str:
    """The page of a task."""
    return reverse("goals:task", args=[task.case.number])


@transaction.atomic
def report(
    task: Task, *, month: date, percent: int, words: str, trouble: str = "", actor: User, now: datetime
) -> Progress:
    """Say how far a task has come in a month; the same unit's later word on a month replaces the earlier one.

    Raises NotAllowed for whoever is neither its lead nor of a unit that leads or takes part; Refused when it is over,
    for a month before it was given or in the future, a percentage that is none, or without words.
    """
    task = _locked(task)
    if not may_report(actor, task):
        raise NotAllowed("task.report", task.region)
    if task.case.closed_at is not None:
        raise Refused(_("The task is over."))
    month = first_of(month)
    if month > first_of(timezone.localdate(now)):
        raise Refused(_("That month has not begun."), "month")
    if month < first_of(timezone.localdate(task.case.opened_at)):
        raise Refused(_("The task was given after that month."), "month")
    if not 0 <= percent <= 100:
        raise Refused(_("Done so far is between 0 and 100 per cent."), "percent")
    if len(words.strip()) < 2:
        raise Refused(_("Say what was done."), "words")
    unit = actor.department or task.case.unit
    before = Progress.objects.filter(task=task, unit=unit, month=month).first()
    was = {"percent": before.percent, "words": before.words} if before else None
    row, _made = Progress.objects.update_or_create(
        task=task, unit=unit, month=month,
        defaults={
            "percent": percent, "words": words.strip(), "trouble": trouble.strip()[:400], "by": actor, "at": now
        },
    )  # fmt: skip
    after = {"month": f"{month:%Y-%m}", "percent": percent, "words": row.words, "trouble": row.trouble}
    audit.record(actor=actor, verb="task.report", obj=task, region=task.region, before=was, after=after, now=now)
    return row


@transaction.atomic
def reach(milestone: Milestone, *, on: date, actor: User, now: datetime) -> Milestone:
    """A milestone was reached. Raises NotAllowed as `report`; Refused for a future day or one that was reached."""
    task = _locked(milestone.task)
    milestone = Milestone.objects.select_for_update(of=("self",)).get(pk=milestone.pk)
    if not may_report(actor, task):
        raise NotAllowed("task.report", task.region)
    if milestone.done_on is not None:
        raise Refused(_("“%(title)s” was reached already.") % {"title": milestone.title})
    if on > timezone.localdate(now):
        raise Refused(_("That day is still to come."), "on")
    milestone.done_on, milestone.done_by = on, actor
    milestone.save()
    after = {"title": milestone.title, "on": on.isoformat(), "by_day": milestone.due_on.isoformat()}
    audit.record(actor=actor, verb="task.milestone", obj=task, region=task.region, after=after, now=now)
    return milestone


@transaction.atomic
def step(task: Task, do: str, *, note: str, revision: int | None, actor: User, now: datetime) -> Task:
    """Take a step of the workflow. Raises what `cases.act` raises."""
    cases.act(task.case, do, actor=actor, now=now, note=note, revision=revision)
    return _again(task)


def only_own_hands(case: Case, *, actor: User, **_context: object) -> None:
    """The effect of taking up and submitting: only the lead, or somebody of the unit that leads, may do it.

    Raises NotAllowed, which takes the step back.
    """
    if actor.pk != case.assignee_id and actor.department_id != case.unit_id:
        raise NotAllowed("task.report", case.region)


def stamp_submitted(case: Case, *, now: datetime, **_context: object) -> None:
    """The effect of a submission: the moment by which it is judged whether the task was in time."""
    Task.records.filter(case=case).update(submitted_at=now)


@transaction.atomic
def extend(task: Task, *, days: int, reason: str, actor: User, now: datetime) -> Task:
    """Give a task more days, as often and as long as the rule allows. Raises what `cases.extend` raises."""
    cases.extend(task.case, days, actor=actor, now=now, reason=reason)
    return _again(task)


@transaction.atomic
def hand_over_all(frm: User, to: User, *, reason: str, actor: User, now: datetime) -> list[Task]:
    """An officer changes posts: every open task that the actor may give out goes to another officer, with the trail.

    All of them or none. Raises NotAllowed when the actor may give out none of them; Refused naming the task that cannot
    pass, or when there is none.
    """
    if frm.pk == to.pk:
        raise Refused(_("Choose two different officers."), "to")
    mine = list(with_case(Task.records.filter(case__assignee=frm, case__closed_at=None)).order_by("pk"))
    if not mine:
        raise Refused(_("%(who)s has no open task.") % {"who": frm.name}, "frm")
    allowed = [task for task in mine if may(actor, "task.assign", task.region)]
    if not allowed:
        raise NotAllowed("task.assign", mine[0].region)
    for task in allowed:
        try:
            cases.hand_over(task.case, to, actor=actor, now=now, reason=reason)
        except CaseError as refused:
            raise Refused(f"{task.case.number}: {refused}", "to") from refused
    return allowed


def remind_missing(now: datetime) -> int:
    """Remind lead officers of the month whose day of report comes near, and of months that are missing; how many heard.

    Called once a day: on the day the rule names, and on the day after the last one, when the month is missing.
    """
    day, ahead = rules.report_day(now), rules.remind_days(now)
    today = timezone.localdate(now)
    last = first_of(first_of(today) - timedelta(days=1))
    until = next_month(last).replace(day=day)
    if today not in (until - timedelta(days=ahead), until + timedelta(days=1)):
        return 0
    over = today > until
    told = 0
    rows = with_case(Task.records.filter(case__closed_at=None, case__exercise=False, monthly=True))
    for task in rows.filter(
        case__opened_at__lt=timezone.make_aware(datetime.combine(next_month(last), datetime.min.time()))
    ):
        lead = task.case.assignee
        if lead is None or any(row.month == last for row in of_lead(task)):
            continue
        told += len(_remind(task, lead, last, until, over=over, now=now))
    return told


def _remind(task: Task, lead: User, month: date, until: date, *, over: bool, now: datetime) -> list[object]:
    def title() -> str:
        words = _("Not reported: %(month)s, %(title)s") if over else _("To be reported: %(month)s, %(title)s")
        return words % {"month": f"{month:%Y-%m}", "title": task.case.title}

    return list(
        notices.tell(
            [lead],
            title=title,
            body=lambda: _("Reported until %(day)s") % {"day": until.isoformat()},
            ref=ref_of(task),
            url=reverse("goals:report", args=[task.case.number]),
            region=task.region,
            now=now,
        )
    )


def find(actor: User, number: str) -> Task | None:
    """A task that the actor may see, by its number; None when it is foreign or missing."""
    return with_case(seen(actor)).filter(case__number=number).first()


def _locked(task: Task) -> Task:
    rows = with_case(Task.records.select_for_update(of=("self",)))
    row: Task = rows.get(pk=task.pk)
    return row


def _again(task: Task) -> Task:
    row: Task = with_case(Task.records.filter(pk=task.pk)).get()
    return row
