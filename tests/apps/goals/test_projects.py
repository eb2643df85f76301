from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from small_county import NOW, sign_in
from tasks_world import make_world

from anlan.apps.goals.models import Campaign, Issue, Listed, Project, Sort, Stage, Standing
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import campaigns, papers, projects
from anlan.apps.goals.services.tasks import Stone
from anlan.kernel.people.rights import NotAllowed

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 20)


@pytest.fixture
def world(db):
    return make_world()


@pytest.fixture
def campaign(world):
    return campaigns.begin(
        title="非煤矿山百日攻坚", unit=world.mines, region=world.county.county, begins_on=date(2026, 11, 1),
        ends_on=date(2027, 1, 31), actor=world.boss, now=NOW,
    )  # fmt: skip


def entered(world, campaign, sort, title, unit, region, by, **more):
    return campaigns.enter(campaign, sort, title=title, unit=unit, region=region, actor=by, now=NOW, **more)


def test_a_line_goes_from_open_to_verified_and_what_does_not_convince_goes_back(world, campaign):
    line = entered(world, campaign, Sort.PROBLEM, "排洪沟堵塞", world.danya, world.county.danya, world.dan)
    with pytest.raises(NotAllowed):
        entered(world, campaign, Sort.PROBLEM, "越界", world.canglang, world.county.canglang, world.dan)
    with pytest.raises(Refused):
        campaigns.move(line, Listed.VERIFIED, actor=world.dan, now=NOW)
    with pytest.raises(Refused) as no:
        campaigns.move(line, Listed.DONE, actor=world.dan, now=NOW)
    assert no.value.field == "result"
    line = campaigns.move(line, Listed.DONE, result="已清淤", actor=world.dan, now=NOW)
    with pytest.raises(NotAllowed):
        campaigns.move(line, Listed.VERIFIED, actor=world.dan, now=NOW)
    line = campaigns.move(line, Listed.DOING, actor=world.boss, now=NOW)
    assert line.done_on is None
    with pytest.raises(Refused):
        campaigns.close(campaign, conclusion="完成", actor=world.boss, now=NOW)
    line = campaigns.move(line, Listed.DONE, result="已彻底清淤", actor=world.dan, now=NOW)
    campaigns.move(line, Listed.VERIFIED, actor=world.boss, now=NOW)
    closed = campaigns.close(campaign, conclusion="全部销号", actor=world.boss, now=NOW)
    with pytest.raises(Refused):
        entered(world, closed, Sort.PROBLEM, "又一处", world.danya, world.county.danya, world.dan)


def test_serials_run_by_list_and_a_measure_goes_against_a_problem_of_its_campaign(world, campaign):
    place = {"unit": world.danya, "region": world.county.danya, "by": world.dan}
    one = entered(world, campaign, Sort.PROBLEM, "问题一", **place)
    two = entered(world, campaign, Sort.PROBLEM, "问题二", **place)
    measure = entered(world, campaign, Sort.MEASURE, "措施一", answers=two, **place)
    assert [one.serial, two.serial, measure.serial] == [1, 2, 1]
    with pytest.raises(Refused):
        entered(world, campaign, Sort.MEASURE, "措施二", answers=measure, **place)


def test_a_brief_counts_both_lists_names_what_is_late_and_stays_as_it_was_issued(world, campaign):
    place = {"unit": world.danya, "region": world.county.danya, "by": world.dan}
    late = entered(world, campaign, Sort.PROBLEM, "排洪沟堵塞", due_on=date(2026, 11, 10), **place)
    issue = papers.issue_brief(campaign, actor=world.boss, now=NOW)
    campaigns.move(late, Listed.DONE, result="已清淤", actor=world.dan, now=NOW)
    kept = Issue.records.get(pk=issue.pk)
    words = "".join(block.get("words", "") for block in kept.paper["body"])
    assert kept.number == "安应急发〔2026〕1号"
    assert "共排查问题1项，未启动1项" in words and "逾期未完成1项" in words and "排洪沟堵塞" in words
    assert kept.paper["annexes"][0]["blocks"][0]["rows"] == [
        ["1", "排洪沟堵塞", "丹崖镇应急办", "—", "2026-11-10", "未启动"]
    ]  # fmt: skip
    for form in papers.FORMS:
        assert papers.rendered(kept.paper, form)[0]


@pytest.fixture
def project(world):
    return projects.plan(
        title="尾矿库在线监测", unit=world.mines, lead=world.miner, region=world.county.county, budget=Decimal("1000"),
        begins_on=date(2026, 3, 1), ends_on=date(2026, 12, 31), stages=[Stone("招标", date(2026, 5, 1))],
        actor=world.boss, now=NOW,
    )  # fmt: skip


def test_a_project_runs_from_plan_to_acceptance_by_somebody_else_than_its_lead(world, project):
    who = {"actor": world.miner, "now": NOW}
    with pytest.raises(Refused):
        projects.finish(project, on=DAY, **who)
    projects.finish_stage(Stage.objects.get(), on=DAY, words="已定标", **who)
    projects.finish(Project.records.get(), on=DAY, **who)
    with pytest.raises(NotAllowed):
        projects.accept(project, on=DAY, conclusion="验收合格", passed=True, **who)
    back = projects.accept(project, on=DAY, conclusion="资料不全", passed=False, actor=world.boss, now=NOW)
    assert back.state == Standing.RUNNING
    projects.finish(project, on=DAY, **who)
    with pytest.raises(Refused):
        projects.accept(project, on=date(2026, 11, 1), conclusion="验收合格", passed=True, actor=world.boss, now=NOW)
    done = projects.accept(project, on=DAY, conclusion="验收合格", passed=True, actor=world.boss, now=NOW)
    assert (done.state, done.accepted_by) == (Standing.ACCEPTED, world.boss)


def test_spending_stays_within_the_budget_and_a_voucher_stands_once(world, project):
    projects.begin(project, actor=world.miner, now=NOW)
    pay = {"on": DAY, "words": "设备款", "actor": world.miner, "now": NOW}
    projects.spend(project, amount=Decimal("900"), voucher="PZ-1", **pay)
    for amount, voucher in (("100.01", "PZ-2"), ("50", "PZ-1"), ("-901", "PZ-3"), ("0", "PZ-4"), ("10", "")):
        with pytest.raises(Refused):
            projects.spend(project, amount=Decimal(amount), voucher=voucher, **pay)
    projects.spend(project, amount=Decimal("-400"), voucher="PZ-5", **pay)
    assert projects.spent(project) == 500


def test_through_the_pages(world, campaign, project, client):
    sign_in(client, world.boss)
    form = {
        "title": "消防通道整治",
        "unit": "yjj-whk",
        "region": "990123",
        "begins_on": "2026-11-01",
        "ends_on": "2026-12-31",
    }
    assert client.post("/goals/campaigns/new/", form | {"ends_on": "x"}).status_code == 422
    assert client.post("/goals/campaigns/new/", form).status_code == 302
    assert Campaign.records.count() == 2
    page = f"/goals/campaigns/{campaign.number}/"
    line = {"sort": "problem", "title": "护栏缺失", "region": "990123102", "unit": "yjb-102", "due_on": "2026-11-01"}
    assert client.post(f"{page}lines/", line | {"title": ""}).status_code == 422
    assert client.post(f"{page}lines/", line).status_code == 302
    pk = campaign.items.get().pk
    assert client.post(f"{page}lines/{pk}/", {"to": "done"}).status_code == 422
    assert client.post(f"{page}lines/{pk}/", {"to": "done", "result": "已安装"}).status_code == 302
    assert client.post(f"{page}brief/").status_code == 302
    assert client.get(page).status_code == client.get("/goals/campaigns/").status_code == 200
    book = client.get(f"{page}lists.xlsx")
    assert book.status_code == 200 and book.content.startswith(b"PK")
    spot = f"/goals/projects/{project.number}/"
    assert client.get(spot).status_code == client.get("/goals/projects/?state=all").status_code == 200
    assert client.get("/goals/projects/new/").status_code == 200
    assert client.post(f"{spot}do/begin/").status_code == 302
    assert client.post(f"{spot}do/spend/", {"on": "2026-11-20", "amount": "1,e9"}).status_code == 422
    sign_in(client, world.cang)
    assert client.get(page).status_code == client.get(spot).status_code == 404
    sign_in(client, world.dan)
    assert client.get(page).status_code == 200
