"""Tasks, campaigns, projects and appraisals at start: verbs, words of the trail, effects, clocks, refs, pages, jobs."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from anlan.apps.goals import declarations, jobs, rules, telling
from anlan.apps.goals.models import Appeal, Appraisal, Campaign, Issue, Letter, Progress, Project, Result, Task
from anlan.apps.goals.queries import seeing
from anlan.apps.goals.queries.tasks import sees
from anlan.apps.goals.services import letters, tasks, values
from anlan.kernel.audit.words import name_acts
from anlan.kernel.cases import effects
from anlan.kernel.chains import timeline
from anlan.kernel.clocks.services import on_rung
from anlan.kernel.people.rights import may
from anlan.kernel.people.verbs import declare_verb
from anlan.kernel.web import refs
from anlan.kernel.web.nav import register_area, register_desk
from anlan.kernel.web.refs import register_ref


def register() -> None:
    _verbs()
    name_acts(ACTS)
    rules.register()
    values.register()
    jobs.register()
    effects.register("goals.own_hands", tasks.only_own_hands)
    effects.register("goals.submitted", tasks.stamp_submitted)
    on_rung(declarations.LETTER_CLOCK, letters.of_rung, subject="task-letter")
    timeline.register_source("tasks", telling.of_chain)
    _refs()
    register_desk("tasks", _("Tasks"), "flag", "goals:tasks", "task.view", 45)
    for page in ("campaigns", "projects", "appraisals", "letters"):
        register_area("tasks", f"goals:{page}")


def _verbs() -> None:
    declare_verb("task.view", _("See tasks, campaigns and projects"), kind="see")
    declare_verb("task.assign", _("Give tasks, begin campaigns, plan projects"))
    declare_verb("task.report", _("Report on tasks, campaigns and projects"))
    declare_verb("task.check", _("Check what was done, accept projects"))
    declare_verb("task.supervise", _("Write supervision letters, hold interviews, issue notices"))
    declare_verb("appraisal.view", _("See appraisals"), kind="see")
    declare_verb("appraisal.score", _("Open appraisals, enter points and vetoes"))
    declare_verb("appraisal.publish", _("Publish and close appraisals"))
    declare_verb("appraisal.appeal", _("Appeal against an appraisal"))
    declare_verb("appraisal.decide", _("Decide on appeals"))


ACTS = {
    "task.give": _("Task given"),
    "task.report": _("Progress reported"),
    "task.milestone": _("Milestone reached"),
    "task.supervise": _("Supervision letter written"),
    "task.interview": _("Interview held"),
    "task.criticism": _("Notice of criticism issued"),
    "task.answer": _("Supervision letter answered"),
    "task.notice": _("Notice issued"),
    "case.cancel": _("Case cancelled"),
    "campaign.begin": _("Campaign begun"),
    "campaign.enter": _("Line entered in a campaign's list"),
    "campaign.move": _("Line of a campaign's list moved on"),
    "campaign.close": _("Campaign closed"),
    "project.plan": _("Project planned"),
    "project.begin": _("Project begun"),
    "project.stage": _("Stage of a project done"),
    "project.spend": _("Payment for a project entered"),
    "project.finish": _("Project finished"),
    "project.accept": _("Project accepted or sent back"),
    "project.stop": _("Project stopped"),
    "appraisal.open": _("Appraisal begun"),
    "appraisal.mark": _("Points entered"),
    "appraisal.veto": _("Veto held"),
    "appraisal.lift": _("Veto lifted"),
    "appraisal.publish": _("Appraisal published"),
    "appraisal.appeal": _("Appeal made"),
    "appraisal.decide": _("Appeal decided"),
    "appraisal.close": _("Appraisal closed"),
}


def _refs() -> None:
    register_ref(Task, name="task", url=tasks.address, gate=sees)
    register_ref(
        Progress, name="task-progress", url=lambda row: tasks.address(row.task),
        gate=lambda actor, row: sees(actor, row.task),
    )  # fmt: skip
    register_ref(
        Letter, name="task-letter", url=letters.address, gate=lambda actor, row: sees(actor, row.task)
    )  # fmt: skip
    register_ref(
        Campaign, url=lambda row: reverse("goals:campaign", args=[row.number]),
        gate=lambda actor, row: seeing.campaigns(actor).filter(pk=row.pk).exists(),
    )  # fmt: skip
    register_ref(
        Project, url=lambda row: reverse("goals:project", args=[row.number]),
        gate=lambda actor, row: seeing.projects(actor).filter(pk=row.pk).exists(),
    )  # fmt: skip
    register_ref(
        Issue, name="task-issue", url=lambda row: reverse("goals:issue", args=[row.pk, "docx"]), gate=_sees_issue
    )  # fmt: skip
    register_ref(Appraisal, url=_appraisal_url, gate=_sees_appraisal)
    register_ref(
        Result, name="appraisal-result", url=lambda row: _appraisal_url(row.appraisal),
        gate=lambda actor, row: _sees_appraisal(actor, row.appraisal),
    )  # fmt: skip
    register_ref(
        Appeal, name="appraisal-appeal", url=lambda row: _appraisal_url(row.result.appraisal),
        gate=lambda actor, row: may(actor, "appraisal.view", row.region),
    )  # fmt: skip


def _appraisal_url(row: Appraisal) -> str:
    return reverse("goals:appraisal", args=[row.code])


def _sees_appraisal(actor: Any, row: Appraisal) -> bool:
    return seeing.appraisals(actor).filter(pk=row.pk).exists()


def _sees_issue(actor: Any, row: Issue) -> bool:
    return refs.may_see(actor, row.ref)
