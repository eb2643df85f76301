from __future__ import annotations

from datetime import date, timedelta

import pytest
from small_county import NOW
from tasks_world import days, finish, give, make_world, prove

from anlan.apps.goals import rules
from anlan.apps.goals.models import Letter, LetterKind, Milestone, Progress, Task
from anlan.apps.goals.queries import tasks as queries
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import letters, tasks
from anlan.apps.goals.services.tasks import Share, Stone
from anlan.kernel.audit.models import Entry
from anlan.kernel.cases import services as cases
from anlan.kernel.cases.errors import CaseError, NoteMissing, ProofMissing
from anlan.kernel.cases.models import Case, Trail
from anlan.kernel.chains import timeline
from anlan.kernel.clocks import services as clocks
from anlan.kernel.clocks.models import Clock
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.rights import NotAllowed

pytestmark = pytest.mark.django_db


def missing(task, now):
    return queries.months_of(task, now, rules.report_day(now)).missing


@pytest.fixture
def world(db):
    return make_world()


def test_a_task_has_one_lead_a_date_of_its_own_and_a_ladder_from_the_rulebook(world):
    task = give(world, due=days(90))
    clock = Clock.objects.get(ref=f"case:{task.case_id}")
    assert (task.case.assignee, task.case.unit, clock.due, task.case.due) == (
        world.miner,
        world.mines,
        days(90),
        days(90),
    )
    assert clock.next_at == days(83)  # a week before: the first rung
    clocks.scan(days(83))
    assert Notice.objects.filter(to=world.miner, ref=f"case:{task.case_id}").count() == 2  # given, and reminded


def test_it_runs_from_given_to_done_and_a_check_that_sends_back_wants_a_new_proof(world):
    task = give(world)
    who = {"actor": world.miner, "revision": None}
    task = tasks.step(task, "accept", note="", now=NOW, **who)
    with pytest.raises(ProofMissing):
        tasks.step(task, "submit", note="已完成", now=days(1), **who)
    prove(task, world.miner, days(1))
    task = tasks.step(task, "submit", note="已完成", now=days(2), **who)
    assert (task.case.state, task.submitted_at) == ("checking", days(2))
    with pytest.raises(NotAllowed):
        tasks.step(task, "close", note="已核查", revision=None, actor=world.miner, now=days(3))
    task = tasks.step(task, "send_back", note="照片不清", revision=None, actor=world.boss, now=days(4))
    with pytest.raises(ProofMissing):
        tasks.step(task, "submit", note="再报", now=days(5), **who)
    assert Clock.objects.get(ref=f"case:{task.case_id}").due == days(32)  # two days of checking are given back
    with pytest.raises(NoteMissing):
        tasks.step(task, "cancel", note="", revision=None, actor=world.boss, now=days(5))


def test_somebody_of_another_unit_takes_no_step_although_the_right_is_there(world):
    task = give(world)
    with pytest.raises(NotAllowed):
        cases.act(task.case, "accept", actor=world.chemist, now=NOW)
    assert Case.records.get().state == "assigned"


def test_an_extension_has_a_reason_and_a_limit(world):
    task = give(world)
    with pytest.raises(NoteMissing):
        tasks.extend(task, days=10, reason=" ", actor=world.boss, now=NOW)
    with pytest.raises(CaseError, match="60"):
        tasks.extend(task, days=61, reason="汛期", actor=world.boss, now=NOW)
    task = tasks.extend(task, days=10, reason="汛期", actor=world.boss, now=NOW)
    task = tasks.extend(task, days=10, reason="汛期", actor=world.boss, now=NOW)
    assert task.case.due == days(50)
    with pytest.raises(CaseError):
        tasks.extend(task, days=10, reason="汛期", actor=world.boss, now=NOW)
    with pytest.raises(NotAllowed):
        tasks.extend(task, days=10, reason="汛期", actor=world.miner, now=NOW)


@pytest.mark.parametrize("wrong", ["lead", "due", "title", "parts", "stones"])
def test_what_cannot_be_given_is_refused_by_its_field(world, wrong):
    more = {
        "lead": {"lead": world.chemist}, "due": {"due": days(-1)}, "title": {"title": " "},
        "parts": {"parts": [Share(world.mines)]}, "stones": {"stones": [Stone("验收", date(2030, 1, 1))]},
    }[wrong]  # fmt: skip
    with pytest.raises(Refused) as no:
        give(world, **more)
    assert no.value.field == wrong
    assert not Case.records.exists()


def test_a_month_that_is_not_reported_is_missing_from_the_day_of_report_on(world):
    task = give(world, due=days(120))  # given in November; reported until 5 December
    assert missing(task, days(10)) == ()  # 2 December
    assert missing(task, days(14)) == (date(2026, 11, 1),)  # 6 December
    tasks.report(task, month=date(2026, 11, 22), percent=20, words="已立项", actor=world.miner, now=days(14))
    task = Task.records.get(pk=task.pk)
    assert missing(task, days(14)) == ()
    assert missing(task, days(50)) == (date(2026, 12, 1),)


def test_only_those_concerned_report_and_a_later_word_replaces_the_earlier(world):
    task = give(world, parts=[Share(world.danya, "现场管控")])
    row = {"month": date(2026, 11, 1), "words": "已排查", "now": NOW}
    with pytest.raises(NotAllowed):
        tasks.report(task, percent=10, actor=world.chemist, **row)
    tasks.report(task, percent=10, actor=world.miner, **row)
    tasks.report(task, percent=30, actor=world.dan, **row)
    tasks.report(task, percent=15, actor=world.miner, **row)
    assert sorted(Progress.objects.values_list("unit__code", "percent")) == [("yjb-102", 30), ("yjj-ksk", 15)]
    was = Entry.objects.filter(verb="task.report").order_by("-id").first().before
    assert was["percent"] == 10
    for month in (date(2026, 12, 1), date(2026, 10, 1)):
        with pytest.raises(Refused):
            tasks.report(task, percent=15, actor=world.miner, **(row | {"month": month}))
    with pytest.raises(Refused):
        tasks.report(task, percent=101, actor=world.miner, **row)


def test_who_takes_part_sees_the_task_of_a_wider_place_and_others_do_not(world):
    task = give(world, parts=[Share(world.danya)])
    assert queries.sees(world.dan, task) and queries.sees(world.boss, task)
    assert not queries.sees(world.cang, task)


def test_the_reminder_comes_two_days_before_and_the_day_after_to_who_has_not_reported(world):
    first, second = give(world, title="任务一"), give(world, title="任务二")
    tasks.report(first, month=date(2026, 11, 1), percent=5, words="启动", actor=world.miner, now=NOW)
    assert tasks.remind_missing(days(10)) == 0  # 2 December
    assert tasks.remind_missing(days(11)) == 1  # 3 December
    assert tasks.remind_missing(days(14)) == 1  # 6 December
    urls = set(Notice.objects.filter(ref=f"task:{second.pk}").values_list("url", flat=True))
    assert urls == {f"/goals/tasks/{second.case.number}/report/"}


def test_handover_moves_every_open_task_with_the_trail_or_none(world):
    one, two, over = give(world, title="任务一"), give(world, title="任务二"), give(world, title="任务三")
    finish(world, over, submitted=days(1))
    with pytest.raises(Refused):
        tasks.hand_over_all(world.miner, world.cang, reason="调岗", actor=world.boss, now=days(2))
    assert Case.records.filter(assignee=world.miner).count() == 3
    with pytest.raises(NotAllowed):
        tasks.hand_over_all(world.miner, world.miner2, reason="调岗", actor=world.cang, now=days(2))
    moved = tasks.hand_over_all(world.miner, world.miner2, reason="调岗", actor=world.boss, now=days(2))
    assert {task.pk for task in moved} == {one.pk, two.pk}
    trail = Trail.objects.get(case=one.case, do="hand_over")
    assert (trail.data["from"], trail.data["to"], trail.note) == ("miner", "miner2", "调岗")
    assert Clock.objects.get(ref=f"case:{one.case_id}").due == days(30)
    assert Notice.objects.filter(to=world.miner2).count() == 2
    with pytest.raises(Refused):
        tasks.hand_over_all(world.miner, world.miner2, reason="调岗", actor=world.boss, now=days(2))


def test_a_milestone_is_reached_once_and_not_tomorrow(world):
    task = give(world, stones=[Stone("完成招标", date(2026, 12, 1))])
    stone = Milestone.objects.get()
    with pytest.raises(Refused):
        tasks.reach(stone, on=date(2026, 12, 24), actor=world.miner, now=NOW)
    tasks.reach(stone, on=date(2026, 11, 20), actor=world.miner, now=NOW)
    with pytest.raises(Refused):
        tasks.reach(stone, on=date(2026, 11, 20), actor=world.miner, now=NOW)
    assert task.milestones.get().done_on == date(2026, 11, 20)


def test_a_supervision_letter_is_numbered_without_gaps_and_its_answer_stops_the_clock(world):
    task = give(world)
    told = {"words": "至今未启动", "demand": "限期启动", "now": days(31)}
    with pytest.raises(NotAllowed):
        letters.write(task, LetterKind.SUPERVISE, actor=world.miner, **told)
    with pytest.raises(Refused) as no:
        letters.write(task, LetterKind.SUPERVISE, actor=world.boss, **(told | {"demand": ""}))
    assert no.value.field == "demand"
    first = letters.write(task, LetterKind.SUPERVISE, actor=world.boss, **told)
    second = letters.write(task, LetterKind.SUPERVISE, actor=world.boss, **told)
    spoken = letters.write(task, LetterKind.INTERVIEW, interviewed="矿山科科长", actor=world.boss, **told)
    assert [first.number, second.number, spoken.number] == [
        "安应急督〔2026〕1号",
        "安应急督〔2026〕2号",
        "安应急约〔2026〕1号",
    ]
    with pytest.raises(Refused):
        letters.write(task, LetterKind.INTERVIEW, actor=world.boss, **told)
    with pytest.raises(NotAllowed):
        letters.answer(first, words="已启动整治", actor=world.chemist, now=days(32))
    letters.answer(first, words="已启动整治", actor=world.miner, now=days(32))
    assert list(Clock.objects.filter(stopped_at=None, code="goals.letter").values_list("ref", flat=True)) == [
        f"task-letter:{second.pk}"
    ]
    clocks.scan(second.answer_by + timedelta(minutes=1))
    assert Notice.objects.filter(to=world.boss, ref=f"task-letter:{second.pk}").count() == 1
    assert Letter.records.count() == 3
    steps = [step.detail for step in timeline.of(task.case.chain, world.boss)]
    assert sum("至今未启动" in detail for detail in steps) == 3 and "已启动整治" in steps
    assert not [step for step in timeline.of(task.case.chain, world.cang) if "已启动" in step.detail]


def test_in_time_is_counted_on_the_date_in_force_and_on_the_first_one(world):
    early = finish(world, give(world, title="提前"), submitted=days(10), checked=days(40))  # checking costs no time
    extended = give(world, title="延期")
    extended = tasks.extend(extended, days=20, reason="汛期", actor=world.boss, now=days(1))
    extended = finish(world, extended, submitted=days(45))
    late = finish(world, give(world, title="迟办"), submitted=days(31))
    running, behind = give(world, title="未到期", due=days(100)), give(world, title="逾期", due=days(20))
    dropped = give(world, title="取消")
    tasks.step(dropped, "cancel", note="上级取消", revision=None, actor=world.boss, now=days(2))
    every = list(queries.with_case(Task.records.all()))
    found = queries.tally(every, queries.clocks_for(every), days(50))
    assert {task.pk for task in found.tasks} == {early.pk, extended.pk, late.pk, behind.pk}
    assert (found.counted, found.in_time, found.original, found.rate) == (4, 2, 1, 50.0)
    assert running.case.state == "assigned"
