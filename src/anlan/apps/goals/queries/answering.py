"""What of this app answers a clause: indicators, tasks, projects, campaigns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.apps.goals.models import Campaign, Project, Task
from anlan.apps.goals.models import Standing as Stand
from anlan.apps.goals.queries import seeing, tasks
from anlan.apps.goals.queries.kinds import best_of
from anlan.apps.goals.queries.standing import Asked, LinkKind, Offer, Standing, State, register_kind
from anlan.kernel.indicators import named
from anlan.kernel.indicators import queries as measured
from anlan.kernel.indicators.declarations import indicator, indicators
from anlan.kernel.indicators.judging import LIGHTS, Light
from anlan.kernel.people.rights import holds
from anlan.kernel.regions import queries as regions
from anlan.kernel.web.formatting import bureau_time

#: What the light of an indicator says of the clause that asks for it.
STATES: Mapping[Light, State] = {
    Light.REACHED: State.FULFILLED,
    Light.ON_THE_WAY: State.PROGRESS,
    Light.AT_RISK: State.LATE,
    Light.MISSED: State.LATE,
    Light.UNKNOWN: State.UNKNOWN,
    Light.NO_TARGET: State.PROGRESS,
}


def register() -> None:
    """Called once at start."""
    register_kind(
        LinkKind("indicator", gettext_lazy("Indicator"), "curve", _figures, _figure_offers, _figures_seen, order=10)
    )
    register_kind(LinkKind("task", gettext_lazy("Task"), "flag", _tasks, _task_offers, _tasks_seen, order=15))
    register_kind(
        LinkKind("project", gettext_lazy("Project"), "calendar", _projects, _project_offers, _projects_seen, order=20)
    )
    register_kind(
        LinkKind("campaign", gettext_lazy("Campaign"), "list", _campaigns, _campaign_offers, _campaigns_seen, order=25)
    )


# --- indicators -------------------------------------------------------------------------------------------------------
def _figures(targets: Collection[str], asked: Asked) -> Mapping[str, Standing]:
    """A live figure beside its target; without a target it is measured and decides nothing more than that."""
    wanted = [one for one in map(indicator, sorted(targets)) if one is not None]
    node = regions.tree().by_id.get(asked.region.pk)
    if not wanted or node is None:
        return {}
    lines = measured.lines(wanted, [node], [asked.year], measured.Moment.of(asked.now))
    return {
        line.indicator.code: Standing(
            str(line.indicator.title), _figure_state(line), _figure_words(line),
            line.measured.at if line.measured is not None else None,
            named.address(line.indicator.code, node.code, asked.year),
        )
        for line in lines
    }  # fmt: skip


def _figure_state(line: measured.Line) -> State:
    return State.UNKNOWN if line.value is None else STATES[line.light]


def _figure_words(line: measured.Line) -> str:
    if line.value is None:
        return line.why or _("not measured yet")
    told = {"value": line.amount, "year": line.year, "light": LIGHTS[line.light]}
    if not line.aimed:
        return _("%(value)s in %(year)s, no target set") % told
    return _("%(value)s in %(year)s, target %(target)s: %(light)s") % {**told, "target": line.aimed}


def _figure_offers(words: str, asked: Asked, viewer: Any) -> Sequence[Offer]:
    every = indicators()
    with translation.override("zh-hans"):
        chinese = {one.code: str(one.title) for one in every}
    return best_of(
        words, [(Offer(one.code, str(one.title), one.code), (str(one.title), chinese[one.code])) for one in every]
    )


def _figures_seen(viewer: Any, targets: Collection[str]) -> Collection[str]:
    return targets if holds(viewer, measured.VIEW) else ()


# --- tasks ------------------------------------------------------------------------------------------------------------
def _tasks(targets: Collection[str], asked: Asked) -> Mapping[str, Standing]:
    """A task that was done fulfils, one past its day is late, a cancelled one answers nothing. A target: its number."""
    rows = Task.records.filter(
        case__number__in=targets, case__exercise=False, region__path__startswith=asked.region.path
    )
    behind = set(rows.filter(tasks.late(asked.now)).values_list("pk", flat=True))
    found = {}
    for task in tasks.with_case(rows):
        case, newest = task.case, next(iter(tasks.of_lead(task)), None)
        if case.state == "done":
            state, words = State.FULFILLED, _("done on %(at)s") % {"at": bureau_time(task.submitted_at)}
        elif case.closed_at is not None:
            state, words = State.NOTHING, _("cancelled on %(at)s") % {"at": bureau_time(case.closed_at)}
        else:
            done = _("%(percent)d %% by %(at)s") % {
                "percent": newest.percent if newest else 0, "at": bureau_time(case.due)
            }  # fmt: skip
            state, words = (State.LATE if task.pk in behind else State.PROGRESS), done
        who = str(case.assignee or case.unit or "")
        found[case.number] = Standing(
            case.title, state, " · ".join(filter(None, (who, words))), newest.at if newest else case.opened_at,
            reverse("goals:task", args=[case.number]),
        )  # fmt: skip
    return found


def _task_offers(words: str, asked: Asked, viewer: Any) -> Sequence[Offer]:
    rows = tasks.seen(viewer).filter(region__path__startswith=asked.region.path).exclude(case__state="cancelled")
    return best_of(
        words,
        [
            (Offer(number, title, number), (title,))
            for number, title in rows.order_by("-pk").values_list("case__number", "case__title")[:2_000]
        ],
    )


def _tasks_seen(viewer: Any, targets: Collection[str]) -> Collection[str]:
    return set(tasks.seen(viewer).filter(case__number__in=targets).values_list("case__number", flat=True))


# --- projects ---------------------------------------------------------------------------------------------------------
def _projects(targets: Collection[str], asked: Asked) -> Mapping[str, Standing]:
    """An accepted project fulfils, one past its end or a stage past its day is late, a halted one answers nothing."""
    today = timezone.localdate(asked.now)
    rows = Project.records.filter(number__in=targets, region__path__startswith=asked.region.path)
    behind = set(rows.filter(stages__done_on=None, stages__due_on__lt=today).values_list("pk", flat=True))
    found = {}
    for row in rows.select_related("lead").annotate(paid=Sum("spendings__amount")):
        if row.state == Stand.ACCEPTED:
            state = State.FULFILLED
        elif row.state == Stand.STOPPED:
            state = State.NOTHING
        elif row.state != Stand.FINISHED and (row.ends_on < today or row.pk in behind):
            state = State.LATE
        else:
            state = State.PROGRESS
        words = _("%(state)s, until %(day)s, %(share)d %% of the money spent") % {
            "state": row.get_state_display(), "day": date_format(row.ends_on, "Y-m-d"),
            "share": 100 * (row.paid or 0) / row.budget,
        }  # fmt: skip
        found[row.number] = Standing(
            row.title, state, f"{row.lead} · {words}", url=reverse("goals:project", args=[row.number])
        )
    return found


def _project_offers(words: str, asked: Asked, viewer: Any) -> Sequence[Offer]:
    rows = seeing.projects(viewer).filter(region__path__startswith=asked.region.path)
    return best_of(words, [(Offer(row.number, row.title, row.number), (row.title,)) for row in rows])


def _projects_seen(viewer: Any, targets: Collection[str]) -> Collection[str]:
    return set(seeing.projects(viewer).filter(number__in=targets).values_list("number", flat=True))


# --- campaigns --------------------------------------------------------------------------------------------------------
def _campaigns(targets: Collection[str], asked: Asked) -> Mapping[str, Standing]:
    """A closed campaign fulfils, one past its end is late."""
    today = timezone.localdate(asked.now)
    found = {}
    for row in Campaign.records.filter(number__in=targets, region__path__startswith=asked.region.path):
        if row.closed_at is not None:
            state, words = State.FULFILLED, _("closed on %(at)s") % {"at": bureau_time(row.closed_at)}
        else:
            state = State.LATE if row.ends_on < today else State.PROGRESS
            words = _("until %(day)s") % {"day": date_format(row.ends_on, "Y-m-d")}
        found[row.number] = Standing(row.title, state, words, url=reverse("goals:campaign", args=[row.number]))
    return found


def _campaign_offers(words: str, asked: Asked, viewer: Any) -> Sequence[Offer]:
    rows = seeing.campaigns(viewer).filter(region__path__startswith=asked.region.path)
    return best_of(words, [(Offer(row.number, row.title, row.number), (row.title,)) for row in rows])


def _campaigns_seen(viewer: Any, targets: Collection[str]) -> Collection[str]:
    return set(seeing.campaigns(viewer).filter(number__in=targets).values_list("number", flat=True))
