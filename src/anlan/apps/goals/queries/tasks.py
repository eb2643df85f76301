"""Which tasks a person sees, which are late, which month is missing, and how many were done in time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from anlan.apps.goals.models import Part, Progress, Task
from anlan.kernel.clocks.models import Clock
from anlan.kernel.clocks.queries import clocks_of_all, is_late
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import holds, may, reach
from anlan.kernel.regions.scope import within

#: States of the case, for filters.
OPEN = ("assigned", "doing", "checking")


def first_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def next_month(month: date) -> date:
    """The first day of the month after."""
    return first_of(month.replace(day=28) + timedelta(days=4))


def with_case(rows: QuerySet[Task]) -> QuerySet[Task]:
    """With everything that a line of a list shows, in four questions however many there are."""
    rows = rows.select_related(
        "case", "case__region", "case__unit", "case__assignee", "case__chain", "region", "campaign"
    )
    rows = rows.defer("region__boundary", "case__region__boundary")
    return rows.prefetch_related(
        Prefetch("progress", Progress.objects.order_by("-month", "-at")),
        Prefetch("parts", Part.objects.select_related("unit")),
    )


def in_reach_or(paths: Sequence[str], other: Q) -> Q:
    """Rows under one of the paths, or for which `other` holds.

    A reach over everything asks nothing, and Django drops what asks nothing from an "or".
    """
    here = within(paths)
    return here | other if here else here


def seen(actor: Any) -> QuerySet[Task]:
    """Tasks in the reach of the actor, and those elsewhere in which the actor's unit leads or takes part."""
    if not holds(actor, "task.view"):
        return Task.records.none()
    mine = Q(case__assignee=actor)
    if actor.department_id:
        parts = Part.objects.filter(unit_id=actor.department_id).values("task_id")
        mine |= Q(case__unit_id=actor.department_id) | Q(pk__in=parts)
    rows: QuerySet[Task] = Task.records.filter(in_reach_or(reach(actor, "task.view"), mine), case__exercise=False)
    return rows


def sees(actor: Any, task: Task) -> bool:
    return seen(actor).filter(pk=task.pk).exists()


def may_report(actor: User, task: Task) -> bool:
    """The lead officer, and people of the units that lead or take part, who hold `task.report` at their own place."""
    if task.case.assignee_id == actor.pk:
        return True
    unit = actor.department
    if unit is None or not may(actor, "task.report", unit.region):
        return False
    return unit.pk == task.case.unit_id or any(part.unit_id == unit.pk for part in task.parts.all())


def late(now: datetime) -> Q:
    """Open tasks past their due moment; while it is being checked a clock stands still."""
    return Q(case__closed_at=None, case__due__lt=now)


@dataclass(frozen=True, slots=True)
class Months:
    """Months that a task was to be reported for: those that are due by now, those that are there."""

    due: tuple[date, ...]
    missing: tuple[date, ...]


def of_lead(task: Task) -> list[Progress]:
    """What the unit that leads or its officer reported, the newest first; other units report on their own part."""
    case = task.case
    return [row for row in task.progress.all() if row.unit_id in (None, case.unit_id) or row.by_id == case.assignee_id]


def months_of(task: Task, now: datetime, day: int) -> Months:
    """From the month in which the task was given to the last one whose day of report has passed.

    day  of the next month until which a month is to be reported. A month in which the task was over needs none.
    """
    if not task.monthly:
        return Months((), ())
    end = timezone.localdate(task.submitted_at if task.case.closed_at and task.submitted_at else now)
    if task.case.closed_at and task.submitted_at is None:  # cancelled
        end = timezone.localdate(task.case.closed_at)
    today = timezone.localdate(now)
    month, due = first_of(timezone.localdate(task.case.opened_at)), []
    while month <= end:
        until = next_month(month).replace(day=day)
        if until < today and not (task.case.closed_at and next_month(month) > end):
            due.append(month)
        month = next_month(month)
    have = {row.month for row in of_lead(task)}
    return Months(tuple(due), tuple(one for one in due if one not in have))


def clocks_for(tasks: Iterable[Task]) -> dict[int, Clock]:
    """The clock of each task, by the number of the task, in one question."""
    by_ref = {f"case:{task.case_id}": task.pk for task in tasks}
    return {by_ref[ref]: clocks[0] for ref, clocks in clocks_of_all(by_ref).items()}


@dataclass(frozen=True, slots=True)
class Tally:
    """How tasks stand: those whose time is over or that are done, and which of them were in time.

    in_time   on the date that is set now, extensions included
    original  on the date that was set first
    """

    counted: int
    in_time: int
    original: int
    tasks: tuple[Task, ...] = ()

    @property
    def rate(self) -> float | None:
        """Per cent in time; None when nothing is to be counted."""
        return 100 * self.in_time / self.counted if self.counted else None


def tally(tasks: Sequence[Task], clocks: Mapping[int, Clock], now: datetime) -> Tally:
    """Done tasks, and open ones past their date; cancelled ones and those whose time has not come are left out."""
    counted, in_time, original = [], 0, 0
    for task in tasks:
        clock = clocks.get(task.pk)
        if clock is None or task.case.state == "cancelled":
            continue
        behind = is_late(clock, now)
        if task.case.state != "done" and not behind:
            continue
        counted.append(task)
        if not behind:
            in_time += 1
            if task.submitted_at is not None and task.submitted_at <= clock.original_due:
                original += 1
    return Tally(len(counted), in_time, original, tuple(counted))
