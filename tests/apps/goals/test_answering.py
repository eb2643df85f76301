"""What the parts tell each other: tasks, projects and live figures answer clauses, and clauses set targets."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from policies import in_force
from small_county import NOW, sign_in
from tasks_world import days, finish, give, make_world

from anlan.apps.goals import rules
from anlan.apps.goals.models import Link, Project, Standing, Task
from anlan.apps.goals.queries import tasks as queries
from anlan.apps.goals.queries.ledger import sheets
from anlan.apps.goals.queries.standing import Asked, State, kind_of
from anlan.apps.goals.queries.subjects import subjects_of
from anlan.apps.goals.services import aiming, joining, projects, values
from anlan.apps.goals.services import tasks as verbs
from anlan.apps.goals.services.tasks import Share
from anlan.kernel.indicators.declarations import indicator
from anlan.kernel.indicators.models import Figure, Target
from anlan.kernel.indicators.services import aiming as targets
from anlan.kernel.indicators.services import entering, measuring
from anlan.kernel.indicators.services.entering import Cell
from anlan.kernel.rulebook.models import Entry, Origin

pytestmark = pytest.mark.django_db

TEXT = """安澜县应急管理局2026年工作要点
一、主要目标
网格员年度培训率达到90%。
二、重点工作
1.开展尾矿库整治。12月底前完成尾矿库安全整治。(牵头领导:miner)
"""


@pytest.fixture
def world(db):
    made = make_world()
    made.keeper, made.county = made.boss, made.county.county
    return made


@pytest.fixture
def asked(world):
    return Asked(world.county, NOW.year, NOW)


def clause_with(edition, words):
    return edition.clauses.filter(text__contains=words).order_by("-position").first()


def test_a_task_answers_as_it_stands(world, asked):
    stands = kind_of("task").standings
    open_one, done, gone = give(world), give(world, title="甲项整治"), give(world, title="乙项整治")
    finish(world, done, submitted=days(1))
    verbs.step(gone, "cancel", note="并入其他任务", revision=None, actor=world.boss, now=NOW)
    every = [task.case.number for task in (open_one, done, gone)]
    found = stands([*every, "T-NONE"], asked)
    assert [found[number].state for number in every] == [State.PROGRESS, State.FULFILLED, State.NOTHING]
    assert "T-NONE" not in found
    later = Asked(asked.region, asked.year, days(40))
    assert stands(every[:1], later)[every[0]].state is State.LATE


def test_a_task_of_another_place_does_not_answer(world, asked):
    number = give(world).case.number
    assert kind_of("task").standings([number], Asked(world.danya.region, asked.year, NOW)) == {}
    assert kind_of("task").sees(world.dan, [number]) == set()
    assert kind_of("task").sees(world.boss, [number]) == {number}


def test_a_project_answers_as_it_stands(world, asked):
    row = projects.plan(
        title="物资储备库", unit=world.mines, lead=world.miner, region=world.county, begins_on=days(1).date(),
        ends_on=days(30).date(), budget=Decimal(100), money_from="", basis="", words="", stages=[], actor=world.boss,
        now=NOW,
    )  # fmt: skip
    stands = kind_of("project").standings
    assert stands([row.number], asked)[row.number].state is State.PROGRESS
    assert stands([row.number], Asked(asked.region, asked.year, days(60)))[row.number].state is State.LATE
    for state, expected in ((Standing.ACCEPTED, State.FULFILLED), (Standing.STOPPED, State.NOTHING)):
        Project.records.filter(pk=row.pk).update(state=state)
        assert stands([row.number], asked)[row.number].state is expected


def test_a_live_figure_answers_beside_its_target_and_is_unknown_without_data(world, asked):
    stands = kind_of("indicator").standings
    assert stands(["WS16", "no-such"], asked).keys() == {"WS16"}
    assert stands(["WS16"], asked)["WS16"].state is State.UNKNOWN
    measure_share(world, world.county, 40, 100)
    assert stands(["WS16"], asked)["WS16"].state is State.PROGRESS, "measured, but nothing says what it is to be"
    targets.set_target(
        code="WS16", region=world.county, year=NOW.year, comparator="ge", value=100, actor=world.boss, now=NOW
    )
    assert stands(["WS16"], asked)["WS16"].state is State.LATE
    targets.set_target(
        code="WS16", region=world.county, year=NOW.year, comparator="ge", value=30, actor=world.boss, now=NOW
    )
    assert stands(["WS16"], asked)["WS16"].state in (State.PROGRESS, State.FULFILLED)


def measure_share(world, region, part, whole):
    """Enter the two inputs of the share of trained grid workers, and measure it."""
    cells = [Cell(code, region, value) for code, value in zip(indicator("WS16").needs, (part, whole), strict=True)]
    entering.enter_figures(cells, year=NOW.year, upto=None, source="统计", actor=world.boss, now=NOW)
    measuring.measure(actor=world.boss, now=NOW, codes=["WS16"])


def test_an_accepted_indicator_sets_the_target_of_its_namesake_and_of_no_other(world):
    edition = in_force(world, TEXT)
    clause = clause_with(edition, "培训率")
    assert aiming.aim(clause, "WS01", actor=world.boss, now=NOW) == [], "deaths are not training"
    made = aiming.aim(clause, "WS16", actor=world.boss, now=NOW)
    assert [(one.indicator, one.comparator, one.value) for one in made] == [("WS16", "ge", 90.0)]
    assert made[0].standard == edition.document.title
    assert aiming.aim(clause, "WS16", actor=world.boss, now=NOW) == [], "it holds already"
    assert aiming.aim(clause, "WS16", actor=world.miner, now=NOW) == [], "who may set none sets none"


def test_another_documents_target_stays(world):
    year, own = NOW.year, {"comparator": "ge", "value": 100, "standard": "省里的文件"}
    targets.set_target(code="WS16", region=world.county, year=year, **own, actor=world.boss, now=NOW)
    clause = clause_with(in_force(world, TEXT), "培训率")
    assert aiming.aim(clause, "WS16", actor=world.boss, now=NOW) == []
    assert Target.records.get(indicator="WS16", year=year, ended_at=None).value == 100


def test_a_task_given_from_a_clause_is_filled_in_and_joined(world, client):
    edition = in_force(world, TEXT)
    clause = clause_with(edition, "尾矿库")
    sign_in(client, world.boss)
    page = reverse("goals:new_task") + f"?clause={clause.pk}"
    shown = client.get(page).content.decode()
    assert "尾矿库" in shown
    assert edition.document.title in shown
    sent = {
        "clause": clause.pk, "title": "尾矿库安全整治", "unit": world.mines.code, "lead": world.miner.username,
        "due": (NOW + timedelta(days=400)).date().isoformat(), "monthly": "1",
    }  # fmt: skip
    assert client.post(reverse("goals:new_task"), sent | {"lead": ""}).status_code == 422
    assert Link.objects.filter(kind="task").count() == 0
    assert client.post(reverse("goals:new_task"), sent).status_code == 302
    link = Link.objects.get(clause=clause, kind="task")
    assert link.target == Task.records.get().case.number
    line = next(one for one in sheets([edition], now=NOW)[0].lines if one.clause.pk == clause.pk)
    assert line.own is State.PROGRESS


def test_who_may_not_join_gets_an_empty_form(world, client):
    clause = clause_with(in_force(world, TEXT), "尾矿库")
    sign_in(client, world.leader)
    world.leader.grants.all().delete()
    answer = client.get(reverse("goals:new_task") + f"?clause={clause.pk}")
    assert clause.text not in answer.content.decode()


def test_a_score_sheet_may_be_computed_of_an_indicator_and_unknown_is_no_zero(world):
    towns = subjects_of("town", world.county)
    found = values.measure("indicator:WS16", values.Asked(towns, NOW.year, NOW))
    assert {value.number for value in found.values()} == {None}
    assert all(value.words for value in found.values())
    measure_share(world, towns[0].region, 8, 10)
    found = values.measure("indicator:WS16", values.Asked(towns, NOW.year, NOW))
    assert found[towns[0].ref].number == pytest.approx(80)
    assert found[towns[1].ref].number is None
    assert Figure.records.count() == 2
    assert values.title_of("indicator:WS16") != "indicator:WS16"


def test_joining_names_what_is_there(world):
    clause = clause_with(in_force(world, TEXT), "尾矿库")
    number = give(world).case.number
    link = joining.join(clause, kind="task", target=number, actor=world.boss, now=NOW)
    assert (link.kind, link.target) == ("task", number)


def test_a_case_that_was_withdrawn_answers_nothing(world, asked):
    from anlan.kernel.cases.models import UNDONE, Case

    number = give(world).case.number
    for state in UNDONE:
        Case.records.filter(number=number).update(state=state, closed_at=NOW)
        assert kind_of("case").standings([number], asked)[number].state is State.NOTHING


def test_the_bureaus_own_rules_hold_for_tasks_and_sheets(world):
    shipped = Entry.objects.get(kind="goals", code="GOAL-PROGRESS")
    sheet = Entry.objects.get(kind="appraisal", code="TOWN-2026")
    for entry, body in ((shipped, {**shipped.body, "day": 10}), (sheet, sheet.body)):
        Entry.objects.create(
            kind=entry.kind, code=entry.code, version=9, region=world.county, origin=Origin.BUREAU, body=body,
            title=entry.title, title_zh="本县", valid_from=entry.valid_from, digest="x",
        )  # fmt: skip
    assert rules.report_day(NOW) == 10
    found = rules.sheets(NOW.date(), NOW)
    assert [one.title_zh for one in found if one.code == "TOWN-2026"] == ["本县"]
    assert {one.body["year"] for one in found} == {2025, 2026}, "last year is appraised in this one"


def test_the_last_month_of_a_year_counts_though_it_is_due_in_the_next(world):
    give(world, at=days(-60), due=days(300))
    new_year = datetime(NOW.year + 1, 1, 20, tzinfo=NOW.tzinfo)
    units = [one for one in subjects_of("department", world.county) if one.unit == world.mines]
    (told,) = values.reported(values.Asked(units, NOW.year, new_year)).values()
    assert told.number == 0
    months = queries.months_of(Task.records.get(), new_year, rules.report_day(new_year)).due
    assert len([month for month in months if month.year == NOW.year]) == 4, "September to December"


def test_another_units_report_does_not_stand_for_the_leads(world):
    task = give(world, parts=[Share(world.danya)])
    verbs.report(task, month=NOW.date().replace(day=1), percent=50, words="本镇", actor=world.dan, now=NOW)
    due = NOW.replace(month=12, day=2)  # the 3rd in the bureau's zone
    assert verbs.remind_missing(due) == 1
