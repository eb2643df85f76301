"""A case passes to another person; a case with a date of its own; a kind of case with a page of its own."""

from __future__ import annotations

import dataclasses

import pytest
from cases_world import LOOP, after

from anlan.kernel.cases import registry, services, telling
from anlan.kernel.cases.declarations import BadWorkflow, Step, workflow
from anlan.kernel.cases.errors import CaseError, NoteMissing, NotNow
from anlan.kernel.cases.models import Trail
from anlan.kernel.clocks.models import Clock
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.rights import NotAllowed

pytestmark = pytest.mark.django_db


def test_a_case_passes_to_a_person_and_their_unit_and_the_clock_runs_on(case, officer, worker, leader):
    due = Clock.objects.get(ref=f"case:{case.pk}").due
    moved = services.hand_over(case, worker, actor=officer, now=after(hours=1), reason="调岗")
    assert (moved.assignee, moved.unit, moved.revision) == (worker, worker.department, case.revision + 1)
    assert Clock.objects.get(ref=f"case:{case.pk}").due == due
    row = Trail.objects.get(case=case, do="hand_over")
    assert (row.note, row.data["to"]) == ("调岗", worker.name)
    assert Notice.objects.filter(to=worker, created_at=after(hours=1)).exists()


def test_it_passes_only_with_a_reason_while_it_is_open_and_to_who_can_take_it(case, officer, worker, foreigner):
    with pytest.raises(NotAllowed):
        services.hand_over(case, worker, actor=worker, now=after(hours=1), reason="调岗")
    with pytest.raises(NoteMissing):
        services.hand_over(case, worker, actor=officer, now=after(hours=1), reason=" ")
    with pytest.raises(CaseError):
        services.hand_over(case, foreigner, actor=officer, now=after(hours=1), reason="调岗")
    case = services.hand_over(case, worker, actor=officer, now=after(hours=1), reason="调岗")
    with pytest.raises(CaseError):
        services.hand_over(case, worker, actor=officer, now=after(hours=1), reason="调岗")
    case = services.act(case, "withdraw", actor=officer, now=after(hours=2))
    with pytest.raises(NotNow):
        services.hand_over(case, worker, actor=officer, now=after(hours=3), reason="调岗")


def test_a_date_of_its_own_stands_instead_of_the_time_of_the_rule(loop, town, chain, unit, officer):
    case = services.open_case(
        loop, region=town, title="整治", chain=chain, unit=unit, now=after(), actor=officer, due=after(days=40)
    )
    clock = Clock.objects.get(ref=f"case:{case.pk}")
    assert case.due == clock.due == clock.original_due == after(days=40)
    assert clock.next_at == after(days=40, hours=-1)  # the first rung of the rule, an hour before


def test_a_kind_may_have_a_page_of_its_own_and_the_others_stand_at_the_desk(case, monkeypatch):
    assert telling.url_of(case) == f"/cases/{case.number}/"
    own = dataclasses.replace(LOOP, page="desks:chain")
    monkeypatch.setitem(registry._workflows, own.kind, own)
    assert telling.url_of(case) == f"/chains/{case.number}/"


def test_no_step_takes_the_name_of_the_act():
    steps = (*LOOP.steps, Step(do="hand_over", label="x", frm=("assigned",), to="working", verb="case.work"))
    with pytest.raises(BadWorkflow, match="hand_over"):
        workflow(dataclasses.replace(LOOP, kind="test.other", steps=steps))
