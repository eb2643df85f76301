"""Who hears of a case: after each move whoever has the next one, and by the clock whom the ladder names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.kernel.cases import registry
from anlan.kernel.cases.declarations import Workflow
from anlan.kernel.cases.models import Case
from anlan.kernel.clocks.ladder import Rung, hearers
from anlan.kernel.clocks.models import Clock
from anlan.kernel.notices import services as notices
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import may
from anlan.kernel.people.services import people_with
from anlan.kernel.web.formatting import bureau_time
from anlan.kernel.web.refs import ref_of

#: Acts that every workflow has.
OWN_ACTS = {
    "open": gettext_lazy("Case opened"),
    "extend": gettext_lazy("Time extended"),
    "hand_over": gettext_lazy("Handed over to another person"),
}


def url_of(case: Case) -> str:
    """The page of the case: its workflow's own, or that of the desk."""
    return reverse(registry.page_of(case.kind), args=[case.number])


def act_label(workflow: Workflow, do: str) -> str:
    """Words for an act of the trail; its code for a step that was dropped from the declaration."""
    if do in OWN_ACTS:
        return str(OWN_ACTS[do])
    return str(workflow.step(do).label) if workflow.has_step(do) else do


def moved(case: Case, what: Callable[[], str], *, actor: User, now: datetime) -> None:
    """Tell whoever has the next move, and who opened it; never the one who just acted.

    what  says what happened in the language of the reader, who need not read the actor's
    """
    told = [user for user in {**dict.fromkeys(next_hands(case)), case.opened_by: None} if user.pk != actor.pk]
    workflow = registry.get(case.kind)

    def state() -> str:
        return _("%(number)s: %(state)s") % {"number": case.number, "state": workflow.state_label(case.state)}

    def body() -> str:
        due = _("due %(at)s") % {"at": bureau_time(case.due)} if case.due and not case.closed_at else ""
        return " · ".join(part for part in (state(), case.region.name, due) if part)

    notices.tell(
        told,
        title=lambda: f"{what()}: {case.title}",
        body=body,
        level=case.level,
        ref=ref_of(case),
        url=url_of(case),
        region=case.region,
        exercise=case.exercise,
        now=now,
    )


def next_hands(case: Case) -> list[User]:
    """People who can take one of the next steps: the assignee, else those of the unit, else everyone with the right.

    Of a step that the unit cannot take (a check), whoever opened the case is asked before everyone else.
    """
    found: dict[User, None] = {}
    for verb in dict.fromkeys(step.verb for step in registry.get(case.kind).steps_from(case.state)):
        found.update(dict.fromkeys(_hands(case, verb)))
    return list(found)


def _hands(case: Case, verb: str) -> list[User]:
    able = people_with(verb, case.region)
    if case.assignee in able:
        return [case.assignee]
    if members := [user for user in able if case.unit_id is not None and user.department_id == case.unit_id]:
        return members
    return [case.opened_by] if may(case.opened_by, verb, case.region) and not case.opened_by.is_system else able


def of_rung(clock: Clock, rung: Rung, now: datetime) -> None:
    """Speak a rung of the clock of a case; registered with the clocks for every ref "case:…"."""
    case = Case.records.select_related("region", "unit", "assignee", "opened_by").get(pk=clock.ref.partition(":")[2])

    def body() -> str:
        return " · ".join([case.number, case.region.name, _("due %(at)s") % {"at": bureau_time(clock.due)}])

    notices.tell(
        _of_rung(case, rung) or hearers(rung.to, clock),
        title=lambda: f"{rung.said()}: {case.title}",
        body=body,
        level=case.level,
        ref=clock.ref,
        url=url_of(case),
        region=case.region,
        exercise=case.exercise,
        sound=rung.offset_s >= 0,
        now=now,
    )


def _of_rung(case: Case, rung: Rung) -> list[User]:
    """The assignee or the unit of the case; empty when it has none, or when the rung names a duty."""
    if rung.to == "assignee" and case.assignee is not None:
        return [case.assignee]
    if rung.to in ("assignee", "unit") and case.unit is not None:
        able = people_with("case.work", case.region)
        return [user for user in able if user.department_id == case.unit_id]
    return []
