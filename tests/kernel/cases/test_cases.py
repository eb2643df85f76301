"""A case moves only by its declared steps, by whoever may, with its proof; each move leaves its traces."""

from __future__ import annotations

from typing import Any

import pytest
from cases_world import LOOP, NOW, after, effects_seen, person, prove

from anlan.kernel.audit.models import Entry
from anlan.kernel.cases import effects, queries, services
from anlan.kernel.cases.declarations import Workflow
from anlan.kernel.cases.errors import CaseError, NoteMissing, NotNow, ProofMissing, Stale, WrongUnit
from anlan.kernel.cases.models import Case, Trail
from anlan.kernel.chains import services as chains
from anlan.kernel.chains import timeline
from anlan.kernel.chains.models import Chain
from anlan.kernel.clocks import services as clocks
from anlan.kernel.clocks.models import Clock
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.regions.models import Region
from anlan.kernel.web import refs
from anlan.kernel.web.models import Event

pytestmark = pytest.mark.django_db


def fresh(case: Case) -> Case:
    return Case.records.get(pk=case.pk)


def told(case: Case, *, after_id: int = 0) -> set[str]:
    return set(Notice.objects.filter(ref=f"case:{case.pk}", pk__gt=after_id).values_list("to__username", flat=True))


def to_submitted(case: Case, worker: User) -> Case:
    services.act(case, "accept", actor=worker, now=after(minutes=10))
    prove(case, worker, after(minutes=50))
    return services.act(case, "submit", actor=worker, now=after(hours=1))


# --- opening ------------------------------------------------------------------------------------------------------


def test_a_case_starts_in_its_first_state_with_number_clock_and_link(case: Case) -> None:
    assert case.state == "assigned"
    assert case.number == "CZ-20261122-0001"
    assert case.due == after(hours=4)
    assert chains.chain_of("alarm:12") == case.chain == chains.chain_of(f"case:{case.pk}")
    assert Clock.objects.get(ref=f"case:{case.pk}").chain_id == case.chain_id
    assert Chain.records.get().level == 2  # it was 3: raised to the level of the case


def test_opening_tells_the_unit_and_not_the_one_who_opened(case: Case) -> None:
    assert told(case) == {"worker"}


def test_S5_opening_leaves_trail_audit_and_event(case: Case, officer: User, town: Region) -> None:
    assert [(row.do, row.frm, row.to, row.actor) for row in case.trail.all()] == [("open", "", "assigned", officer)]
    entry = Entry.objects.get(ref=f"case:{case.pk}")
    assert (entry.verb, entry.actor_id, entry.after["state"]) == ("case.open", officer.pk, "assigned")
    event = Event.objects.get(kind="case.opened")
    assert (event.ref, event.verb, event.region_path) == (f"case:{case.pk}", "case.see", town.path)


def test_S1_opening_needs_the_right_there(loop: Workflow, town: Region, chain: Chain, worker: User) -> None:
    with pytest.raises(NotAllowed):
        services.open_case(loop, region=town, title="x", chain=chain, now=NOW, actor=worker)
    assert not Case.records.exists()


def test_a_unit_that_works_elsewhere_is_refused(
    loop: Workflow, town: Region, chain: Chain, other_unit: Department, officer: User
) -> None:
    with pytest.raises(WrongUnit):
        services.open_case(loop, region=town, title="x", chain=chain, unit=other_unit, now=NOW, actor=officer)


def test_a_unit_of_the_county_may_be_given_work_in_a_town(
    loop: Workflow, town: Region, chain: Chain, bureau: Department, officer: User
) -> None:
    opened = services.open_case(loop, region=town, title="x", chain=chain, unit=bureau, now=NOW, actor=officer)
    assert opened.unit == bureau


def test_whoever_opens_may_name_the_clock_or_none(loop: Workflow, town: Region, chain: Chain, officer: User) -> None:
    opened = services.open_case(loop, region=town, title="x", chain=chain, now=NOW, actor=officer, clock="")
    assert opened.due is None
    assert not Clock.objects.exists()


def test_W9_a_case_of_an_exercise_is_one_and_has_a_number_of_its_own(
    loop: Workflow, town: Region, officer: User, worker: User, unit: Department
) -> None:
    drill = chains.open_chain("drill", title="演练", region=town, now=NOW, actor=officer, exercise=True, prefix="EX")
    case = services.open_case(loop, region=town, title="x", chain=drill, unit=unit, now=NOW, actor=officer)
    assert case.exercise
    assert case.number == "EX-CZ-20261122-0001"
    assert Clock.objects.get().exercise
    assert Notice.objects.get().exercise
    assert list(Case.objects.for_actor(officer, "case.see")) == []


# --- steps --------------------------------------------------------------------------------------------------------


def test_the_whole_way_from_open_to_closed(case: Case, worker: User, officer: User) -> None:
    submitted = to_submitted(case, worker)
    assert submitted.assignee == worker
    closed = services.act(submitted, "close", actor=officer, now=after(hours=2))
    assert (closed.state, closed.closed_at, closed.revision) == ("closed", after(hours=2), 3)
    assert [row.do for row in closed.trail.all()] == ["open", "accept", "submit", "close"]
    assert Clock.objects.get().stopped_at == after(hours=2)


def test_a_step_out_of_its_turn_is_refused_and_says_where_the_case_stands(case: Case, worker: User) -> None:
    with pytest.raises(NotNow, match="Assigned"):
        services.act(case, "submit", actor=worker, now=NOW)
    with pytest.raises(NotNow, match="fly"):
        services.act(case, "fly", actor=worker, now=NOW)
    assert fresh(case).revision == 0


def test_a_case_that_is_over_does_not_move(case: Case, worker: User, officer: User) -> None:
    services.act(case, "withdraw", actor=officer, now=NOW)
    with pytest.raises(NotNow):
        services.act(case, "accept", actor=worker, now=NOW)
    assert services.available(fresh(case), worker) == []


def test_S1_a_step_needs_its_right_in_the_region_of_the_case(case: Case, officer: User, foreigner: User) -> None:
    with pytest.raises(NotAllowed):
        services.act(case, "accept", actor=foreigner, now=NOW)
    with pytest.raises(NotAllowed):
        services.act(case, "accept", actor=officer, now=NOW)  # the duty desk does not do the town's work


def test_without_its_proof_a_case_cannot_be_handed_in(case: Case, worker: User) -> None:
    services.act(case, "accept", actor=worker, now=NOW)
    prove(case, worker, NOW, role="photo_before")
    with pytest.raises(ProofMissing) as refused:
        services.act(case, "submit", actor=worker, now=after(hours=1))
    assert refused.value.roles == ("photo_after",)
    prove(case, worker, after(minutes=30))
    assert services.act(case, "submit", actor=worker, now=after(hours=1)).state == "submitted"


def test_a_photo_that_did_not_convince_does_not_count_again(case: Case, worker: User, officer: User) -> None:
    submitted = to_submitted(case, worker)
    services.act(submitted, "send_back", actor=officer, now=after(hours=2), note="看不清阀门")
    with pytest.raises(ProofMissing):
        services.act(case, "submit", actor=worker, now=after(hours=3))
    prove(case, worker, after(hours=3))
    assert services.act(case, "submit", actor=worker, now=after(hours=3)).state == "submitted"


def test_a_photo_of_another_case_proves_nothing(
    case: Case, loop: Workflow, town: Region, worker: User, officer: User
) -> None:
    other = services.open_case(loop, region=town, title="别处", chain=case.chain, now=NOW, actor=officer, clock="")
    prove(other, worker, NOW)
    assert queries.missing_proof(case, loop.step("submit")) == ("photo_after",)


def test_sending_back_needs_words(case: Case, worker: User, officer: User) -> None:
    submitted = to_submitted(case, worker)
    with pytest.raises(NoteMissing, match="What is missing"):
        services.act(submitted, "send_back", actor=officer, now=after(hours=2), note="  ")


def test_R2_two_officers_at_once_the_second_sees_who_was_first(case: Case, worker: User, officer: User) -> None:
    seen = to_submitted(case, worker)
    services.act(seen, "close", actor=officer, now=after(hours=2), revision=seen.revision)
    with pytest.raises(Stale, match=f"{officer.name}.*Close"):
        services.act(seen, "send_back", actor=officer, now=after(hours=2), note="x", revision=seen.revision)
    assert fresh(case).state == "closed"


def test_R3_an_effect_that_fails_takes_the_step_back(
    case: Case, worker: User, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(case: Case, **_context: Any) -> None:
        raise RuntimeError("the effect failed")

    submitted = to_submitted(case, worker)
    notices = Notice.objects.count()
    monkeypatch.setitem(effects._effects, "test.noted", fails)
    with pytest.raises(RuntimeError):
        services.act(submitted, "close", actor=officer, now=after(hours=2))
    row = fresh(case)
    assert (row.state, row.closed_at, row.revision) == ("submitted", None, 2)
    assert not Trail.objects.filter(do="close").exists()
    assert Notice.objects.count() == notices
    assert not Event.objects.filter(kind="chain.closed").exists()


def test_an_effect_sees_the_case_as_it_is_after_the_step(case: Case, worker: User, officer: User) -> None:
    services.act(to_submitted(case, worker), "close", actor=officer, now=after(hours=2), note="合格")
    assert [(seen["case"].state, seen["actor"], seen["note"]) for seen in effects_seen] == [("closed", officer, "合格")]


def test_the_last_case_that_closes_closes_the_chain(
    case: Case, loop: Workflow, town: Region, worker: User, officer: User
) -> None:
    other = services.open_case(loop, region=town, title="另一处", chain=case.chain, now=NOW, actor=officer, clock="")
    services.act(to_submitted(case, worker), "close", actor=officer, now=after(hours=2))
    assert Chain.records.get().closed_at is None
    services.act(other, "withdraw", actor=officer, now=after(hours=3))
    assert Chain.records.get().closed_at == after(hours=3)


def test_a_case_is_handed_to_another_unit_which_is_told(
    case: Case, bureau: Department, town: Region, officer: User, worker: User
) -> None:
    inspector = person("inspector", "阮清和", town, ["case.see", "case.work"], bureau)
    last = Notice.objects.order_by("-id").values_list("pk", flat=True)[0]
    with pytest.raises(WrongUnit):
        services.act(case, "hand_on", actor=officer, now=NOW)
    services.act(case, "accept", actor=worker, now=NOW)
    row = services.act(case, "hand_on", actor=officer, now=after(hours=1), unit=bureau)
    assert (row.unit, row.assignee) == (bureau, None)
    assert inspector.username in told(case, after_id=last)
    assert row.trail.get(do="hand_on").data == {"unit": bureau.name}


def test_handing_to_a_unit_that_works_elsewhere_is_refused(case: Case, other_unit: Department, officer: User) -> None:
    with pytest.raises(WrongUnit):
        services.act(case, "hand_on", actor=officer, now=NOW, unit=other_unit)


def test_what_can_be_done_depends_on_who_asks(case: Case, worker: User, officer: User, foreigner: User) -> None:
    def dos(actor: User) -> list[str]:
        return [step.do for step in services.available(case, actor)]

    assert dos(worker) == ["accept"]
    assert dos(officer) == ["hand_on", "withdraw"]
    assert dos(foreigner) == []


# --- who is told --------------------------------------------------------------------------------------------------


def test_what_was_handed_in_is_told_to_whoever_opened_it(case: Case, worker: User, leader: User) -> None:
    last = Notice.objects.order_by("-id").values_list("pk", flat=True)[0]
    to_submitted(case, worker)
    assert told(case, after_id=last) == {"officer"}


def test_a_case_without_a_unit_is_told_to_everyone_who_may_work_there(
    loop: Workflow, town: Region, chain: Chain, worker: User, foreigner: User, officer: User
) -> None:
    opened = services.open_case(loop, region=town, title="x", chain=chain, now=NOW, actor=officer)
    assert told(opened) == {"worker"}


def test_the_words_are_in_the_language_of_the_reader(case: Case, worker: User, officer: User, loop: Workflow) -> None:
    officer.language = "en"
    officer.save()
    to_submitted(case, worker)
    assert Notice.objects.filter(to=officer).latest("id").title.startswith("Submit: ")


# --- clocks -------------------------------------------------------------------------------------------------------


def test_while_the_bureau_checks_the_clock_of_the_town_stands_still(case: Case, worker: User, officer: User) -> None:
    submitted = to_submitted(case, worker)
    assert submitted.due is None
    back = services.act(submitted, "send_back", actor=officer, now=after(hours=10), note="补拍")
    assert back.due == after(hours=13)  # three of the four hours were left


def test_a_case_that_was_closed_while_paused_was_in_time(case: Case, worker: User, officer: User) -> None:
    services.act(to_submitted(case, worker), "close", actor=officer, now=after(days=2))
    clock = Clock.objects.get()
    assert clock.stopped_at is not None
    assert clock.stopped_at <= clock.due
    assert fresh(case).due == clock.due


def test_the_ladder_tells_the_unit_then_the_duty_officer_then_the_leader(
    case: Case, worker: User, officer: User, leader: User
) -> None:
    heard = []
    for moment in (after(hours=3), after(hours=4), after(hours=5)):
        last = Notice.objects.order_by("-id").values_list("pk", flat=True)[0]
        clocks.scan(moment)
        heard.append(told(case, after_id=last))
    assert heard == [{"worker"}, {"officer"}, {"leader"}]
    notice = Notice.objects.filter(to=worker).latest("id")
    assert "1" in notice.title
    assert case.number in notice.body
    assert notice.url == refs.url_of(f"case:{case.pk}")


def test_more_time_moves_the_clock_once_and_leaves_its_reason(case: Case, officer: User) -> None:
    longer = services.extend(case, 2, actor=officer, now=after(hours=1), reason="等备件")
    assert longer.due == after(days=2, hours=4)
    assert longer.revision == 1
    row = longer.trail.get(do="extend")
    assert (row.note, row.data["days"]) == ("等备件", 2)
    assert Entry.objects.filter(verb="case.extend", actor_id=officer.pk).exists()
    with pytest.raises(CaseError):
        services.extend(case, 2, actor=officer, now=after(hours=2), reason="还不够")


@pytest.mark.parametrize(("days", "reason"), [(0, "x"), (-1, "x"), (11, "x"), (1, " ")])
def test_an_extension_without_reason_or_beyond_the_rule_is_refused(
    case: Case, officer: User, days: int, reason: str
) -> None:
    with pytest.raises(CaseError):
        services.extend(case, days, actor=officer, now=NOW, reason=reason)
    assert fresh(case).due == after(hours=4)


def test_S1_the_town_does_not_give_itself_more_time(case: Case, worker: User) -> None:
    with pytest.raises(NotAllowed):
        services.extend(case, 1, actor=worker, now=NOW, reason="x")


def test_a_case_without_a_running_clock_has_nothing_to_extend(case: Case, officer: User) -> None:
    services.act(case, "withdraw", actor=officer, now=NOW)
    with pytest.raises(NotNow):
        services.extend(case, 1, actor=officer, now=NOW, reason="x")


# --- lists, refs, story -------------------------------------------------------------------------------------------


def test_all_overdue_here_is_one_query(
    case: Case, officer: User, foreigner: User, django_assert_num_queries: Any
) -> None:
    assert list(queries.overdue(officer, after(hours=5))) == [case]
    assert list(queries.overdue(officer, after(hours=3))) == []
    assert list(queries.overdue(foreigner, after(hours=5))) == []
    with django_assert_num_queries(1):
        list(queries.overdue(officer, after(hours=5)))


def test_S2_a_case_is_seen_by_right(case: Case, worker: User, foreigner: User) -> None:
    ref = f"case:{case.pk}"
    assert refs.may_see(worker, ref)
    assert not refs.may_see(foreigner, ref)


def test_the_proofs_that_may_be_added_are_those_of_the_steps_and_what_else_is_welcome(loop: Workflow) -> None:
    assert [role for role, _label in queries.proof_roles(loop)] == ["photo_after", "photo_before"]


def test_the_story_of_a_case_says_who_when_within_which_clock_and_with_what_proof(
    case: Case, worker: User, officer: User
) -> None:
    services.act(to_submitted(case, worker), "close", actor=officer, now=after(hours=2))
    prove(case, officer, after(hours=3), role="check_record")
    steps = [step for step in timeline.of(case.chain, officer) if step.order == 3]
    assert [(step.at, step.who) for step in steps] == [
        (NOW, officer.name),
        (after(minutes=10), worker.name),
        (after(hours=1), worker.name),
        (after(hours=2), officer.name),
        (after(hours=3), officer.name),
    ]
    opened, _accepted, handed_in, closed, added = steps
    assert opened.rule_clause == "县值班规程 第 9 条"
    assert opened.rule_label.startswith("test.handle v1")
    assert opened.clock_label
    assert [proof.kind for proof in handed_in.proofs] == ["photo"]
    assert closed.clock_used
    assert not closed.late
    assert added.proofs


def test_the_story_of_many_cases_costs_a_fixed_number_of_queries(
    case: Case, loop: Workflow, town: Region, unit: Department, worker: User, officer: User,
    django_assert_max_num_queries: Any,
) -> None:  # fmt: skip
    from anlan.kernel.cases import sources

    for n in range(8):
        more = services.open_case(
            loop, region=town, title=str(n), chain=case.chain, unit=unit, now=NOW, actor=officer, clock=""
        )
        prove(more, worker, NOW)
    list(sources.of_chain(case.chain, officer))  # rights are read once
    with django_assert_max_num_queries(5):
        assert len(list(sources.of_chain(case.chain, officer))) == 9


def test_the_declared_loop_is_the_one_that_is_known(loop: Workflow) -> None:
    assert loop == LOOP
