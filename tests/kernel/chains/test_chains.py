"""One chain, one number: what led to what, how it is closed and joined, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cases_world import NOW, after, clock_rule, person
from django.db import transaction

from anlan.kernel.audit.models import Entry
from anlan.kernel.cases.models import Case
from anlan.kernel.chains import services, timeline
from anlan.kernel.chains.models import Chain, Link
from anlan.kernel.chains.queries import chain_of, refs_of
from anlan.kernel.chains.services import ChainError
from anlan.kernel.chains.timeline import Step
from anlan.kernel.clocks import services as clocks
from anlan.kernel.clocks.models import Clock
from anlan.kernel.notices import services as notices
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.regions.models import Region
from anlan.kernel.web import refs
from anlan.kernel.web.models import Event

pytestmark = pytest.mark.django_db


def open_chain(town: Region, actor: User, **more: Any) -> Chain:
    facts = {"title": "甲醇泄漏", "region": town, "now": NOW, "actor": actor, **more}
    return services.open_chain("alarm", **facts)


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The registered tellers, put back after the test."""
    monkeypatch.setattr(timeline, "_sources", dict(timeline._sources))
    return timeline._sources


# --- numbers ------------------------------------------------------------------------------------------------------


def test_numbers_count_up_from_one_each_day_in_the_zone_of_the_bureau(town: Region, hands: User) -> None:
    numbers = [open_chain(town, hands, now=now).number for now in (NOW, NOW, after(hours=13))]
    # NOW is 11:25 in the bureau; 13 hours later it is the next day there, though not yet in UTC.
    assert numbers == ["AL-20261122-0001", "AL-20261122-0002", "AL-20261123-0001"]


def test_each_prefix_counts_by_itself(db: None) -> None:
    assert [services.next_number(prefix, NOW)[-4:] for prefix in ("CZ", "AL", "CZ")] == ["0001", "0001", "0002"]


def test_R3_a_number_that_was_not_used_is_given_again(db: None) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        services.next_number("AL", NOW)
        raise RuntimeError("the act failed")
    assert services.next_number("AL", NOW) == "AL-20261122-0001"


# --- links --------------------------------------------------------------------------------------------------------


def test_a_chain_is_found_from_any_of_its_rows(town: Region, hands: User) -> None:
    chain = open_chain(town, hands)
    services.link(chain, "", "alarm:12", now=NOW)
    services.link(chain, "alarm:12", "case:3", now=NOW)
    assert [chain_of(ref) for ref in ("alarm:12", "case:3", "case:4")] == [chain, chain, None]
    assert refs_of(chain) == [f"chain:{chain.pk}", "alarm:12", "case:3"]


def test_R2_the_same_link_again_changes_nothing(town: Region, hands: User) -> None:
    chain = open_chain(town, hands)
    for _n in range(3):
        services.link(chain, "alarm:12", "case:3", now=NOW)
    assert Link.objects.count() == 1


@pytest.mark.parametrize(("cause", "effect"), [("alarm:12", ""), ("case:3", "case:3"), ("", "")])
def test_a_link_that_leads_nowhere_is_refused(town: Region, hands: User, cause: str, effect: str) -> None:
    with pytest.raises(ValueError, match="a link leads"):
        services.link(open_chain(town, hands), cause, effect, now=NOW)


def test_a_clock_that_ran_before_there_was_a_chain_joins_it(town: Region, hands: User) -> None:
    clock_rule("alarm.answer.test", minutes=5)
    clocks.start("alarm:12", "alarm.answer.test", region=town, now=NOW)
    chain = open_chain(town, hands)
    services.link(chain, "", "alarm:12", now=NOW)
    assert Clock.objects.get(ref="alarm:12").chain_id == chain.pk


def test_an_open_chain_comes_before_a_closed_one(town: Region, hands: User) -> None:
    still_open, closed = open_chain(town, hands), open_chain(town, hands)
    for chain in (still_open, closed):
        services.link(chain, "", "point:5", now=NOW)
    services.close(closed, now=NOW, actor=hands)
    assert chain_of("point:5") == still_open


# --- level, close -------------------------------------------------------------------------------------------------


def test_the_level_only_rises(town: Region, hands: User) -> None:
    chain = open_chain(town, hands, level=3)
    assert [services.raise_level(chain, level, now=NOW) for level in (4, 3, 2, 2)] == [False, False, True, False]
    assert Chain.records.get().level == 2


def test_closing_twice_keeps_the_first_moment(town: Region, hands: User) -> None:
    chain = open_chain(town, hands)
    services.close(chain, now=after(hours=1), actor=hands)
    services.close(chain, now=after(hours=2), actor=hands)
    assert Chain.records.get().closed_at == after(hours=1)
    assert Entry.objects.filter(verb="chain.close").count() == 1


def test_a_chain_in_which_something_goes_on_is_not_closed_by_itself(
    town: Region, hands: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = open_chain(town, hands)
    going_on = {"alarms": True}
    monkeypatch.setattr(services, "_open_parts", {"alarms": lambda chain: going_on["alarms"]})
    assert not services.close_if_done(chain, now=NOW, actor=hands)
    going_on["alarms"] = False
    assert services.close_if_done(chain, now=after(hours=1), actor=hands)
    assert Chain.records.get().closed_at == after(hours=1)


def test_S5_every_change_of_a_chain_leaves_who_and_an_event(town: Region, officer: User) -> None:
    chain = open_chain(town, officer, level=3)
    services.raise_level(chain, 2, now=NOW, actor=officer)
    services.close(chain, now=NOW, actor=officer)
    entries = Entry.objects.filter(ref=f"chain:{chain.pk}").order_by("id")
    assert [(entry.verb, entry.actor_id) for entry in entries] == [
        ("chain.open", officer.pk),
        ("chain.level", officer.pk),
        ("chain.close", officer.pk),
    ]
    events = Event.objects.filter(ref=f"chain:{chain.pk}").order_by("id")
    assert [(event.kind, event.verb, event.region_path) for event in events] == [
        (kind, "chain.see", town.path) for kind in ("chain.opened", "chain.level", "chain.closed")
    ]


# --- merging ------------------------------------------------------------------------------------------------------


@pytest.fixture
def two(case: Case, town: Region, officer: User) -> Iterator[tuple[Chain, Chain]]:
    """The chain of a case, and another one that it turns out to belong to."""
    other = open_chain(town, officer, title="同一起泄漏", level=1)
    services.link(other, "", "alarm:99", now=NOW)
    return (case.chain, other)


def test_merging_moves_everything_and_the_old_number_leads_on(
    two: tuple[Chain, Chain], case: Case, officer: User
) -> None:
    source, target = two
    services.merge(source, target, now=after(hours=1), actor=officer)
    case.refresh_from_db()
    assert case.chain == target
    assert set(Clock.objects.values_list("chain_id", flat=True)) == {target.pk}
    assert chain_of("alarm:12") == chain_of(f"case:{case.pk}") == target
    old = Chain.records.get(pk=source.pk)
    assert (old.merged_into, old.closed_at) == (target, after(hours=1))
    assert [step.title for step in timeline.of(old, officer)] == [step.title for step in timeline.of(target, officer)]


def test_merging_keeps_the_higher_level(two: tuple[Chain, Chain], officer: User) -> None:
    source, target = two
    merged = services.merge(target, source, now=NOW, actor=officer)
    assert merged.level == 1


def test_a_number_merged_twice_leads_to_the_last(two: tuple[Chain, Chain], town: Region, officer: User) -> None:
    source, target = two
    last = open_chain(town, officer)
    services.merge(source, target, now=NOW, actor=officer)
    services.merge(target, last, now=NOW, actor=officer)
    assert Chain.records.get(pk=source.pk).merged_into == last


def test_a_chain_is_not_merged_with_itself_or_twice(two: tuple[Chain, Chain], officer: User) -> None:
    source, target = two
    with pytest.raises(ChainError):
        services.merge(source, source, now=NOW, actor=officer)
    services.merge(source, target, now=NOW, actor=officer)
    with pytest.raises(ChainError):
        services.merge(source, target, now=NOW, actor=officer)


def test_W9_an_exercise_is_never_merged_with_the_real_thing(
    two: tuple[Chain, Chain], town: Region, officer: User
) -> None:
    drill = open_chain(town, officer, exercise=True, prefix="EX")
    with pytest.raises(ChainError):
        services.merge(two[0], drill, now=NOW, actor=officer)


def test_S1_merging_needs_the_right_in_both_places(
    two: tuple[Chain, Chain], other_town: Region, town: Region, hands: User
) -> None:
    local = person("local", "本镇", town, ["case.open"])
    elsewhere = open_chain(other_town, hands)
    with pytest.raises(NotAllowed):
        services.merge(two[0], elsewhere, now=NOW, actor=local)


# --- the story ----------------------------------------------------------------------------------------------------


def test_the_story_is_told_in_order_of_time_and_then_of_the_tellers(
    town: Region, officer: User, sources: dict[str, Any]
) -> None:
    chain = open_chain(town, officer)
    sources.clear()
    timeline.register_source("b", lambda chain, viewer: [Step(at=NOW, title="second", order=2)])
    timeline.register_source(
        "a", lambda chain, viewer: [Step(at=NOW, title="first", order=1), Step(at=after(hours=-1), title="before")]
    )
    assert [step.title for step in timeline.of(chain, officer)] == ["before", "first", "second"]


def test_the_story_says_who_opened_and_closed_it(town: Region, officer: User) -> None:
    chain = open_chain(town, officer)
    services.close(chain, now=after(hours=1), actor=officer)
    steps = timeline.of(chain, officer)
    assert [(step.at, step.who) for step in steps] == [(NOW, officer.name), (after(hours=1), officer.name)]
    assert chain.number in steps[0].title


def test_a_clock_that_ran_out_is_a_step_with_its_rule(case: Case, officer: User) -> None:
    Clock.objects.filter(chain_id=case.chain_id).update(stopped_at=after(hours=5, minutes=30))
    late = [step for step in timeline.of(case.chain, officer) if step.late]
    assert [step.at for step in late] == [after(hours=4)]
    assert late[0].rule_clause == "县值班规程 第 9 条"
    assert not late[0].verified
    assert "1" in late[0].clock_used
    assert "30" in late[0].clock_used


def test_who_was_told_is_one_line_with_how_many_read_it(case: Case, officer: User, worker: User) -> None:
    told = notices.tell([officer, worker], title="升为红色", ref=f"case:{case.pk}", now=after(minutes=9))
    notices.read(told[0], user=officer, now=after(minutes=10))
    step = next(step for step in timeline.of(case.chain, officer) if step.at == after(minutes=9))
    assert officer.name in step.title
    assert worker.name in step.title
    assert step.detail == "升为红色"
    assert "1 / 2" in step.proofs[0].label


def test_S2_a_step_about_what_the_viewer_may_not_see_is_not_told(case: Case, officer: User, foreigner: User) -> None:
    Clock.objects.filter(chain_id=case.chain_id).update(stopped_at=after(hours=9))
    sees = {step.title for step in timeline.of(case.chain, officer)}
    foreign = {step.title for step in timeline.of(case.chain, foreigner)}
    assert any(step.late for step in timeline.of(case.chain, officer))
    assert not any(step.late for step in timeline.of(case.chain, foreigner))
    assert not any(case.title in title for title in foreign)
    assert foreign < sees


def test_S2_a_chain_is_named_and_seen_by_right(case: Case, officer: User, foreigner: User) -> None:
    ref = f"chain:{case.chain_id}"
    assert refs.may_see(officer, ref)
    assert not refs.may_see(foreigner, ref)
    assert refs.label_of(ref) == f"{case.chain.number} {case.chain.title}"
    assert case.chain.number in refs.url_of(ref)
