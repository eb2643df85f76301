"""A person decides what was read; every decision is audited and can be taken back."""

from __future__ import annotations

import pytest
from policies import in_force, take
from small_county import NOW

from anlan.apps.goals.models import Clause, Draft, DraftState, Holder
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import reviewing
from anlan.kernel.audit.models import Entry
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.web.refs import ref_of


@pytest.fixture
def edition(world):
    return take(world)


def drafts(edition, kind, number):
    return list(Draft.objects.filter(clause__edition=edition, kind=kind, clause__number=number).order_by("start"))


def test_accepting_who_answers_names_our_own_people(world, edition):
    known, unknown = drafts(edition, "lead", "一是")[0], drafts(edition, "lead", "二是")[0]
    unit = drafts(edition, "lead", "四是")[0]
    for draft in (known, unknown, unit):
        reviewing.accept(draft, actor=world.leader, now=NOW)
    assert known.holders.get().user == world.leader
    assert (unknown.holders.get().name, unknown.holders.get().user) == ("王不在", None)
    assert unit.holders.get().department == world.section


def test_a_decision_is_taken_back_with_all_it_did(world, edition):
    draft = drafts(edition, "lead", "一是")[0]
    reviewing.accept(draft, actor=world.leader, now=NOW)
    draft = reviewing.reopen(draft, actor=world.keeper, now=NOW)
    assert (draft.state, draft.by, draft.at) == (DraftState.PROPOSED, None, None)
    assert not Holder.objects.exists()


def test_every_decision_leaves_its_trail(world, edition):
    draft = drafts(edition, "indicator", "一、")[0]
    reviewing.reject(draft, actor=world.leader, now=NOW)
    reviewing.change(draft, {**draft.body, "value": "98"}, actor=world.keeper, now=NOW)
    entries = list(Entry.objects.filter(ref=ref_of(draft.clause)).order_by("id"))
    assert [(one.verb, one.actor_id) for one in entries] == [
        ("goals.reject", world.leader.pk),
        ("goals.change", world.keeper.pk),
    ]
    assert (entries[1].before["body"]["value"], entries[1].after["body"]["value"]) == ("100", "98")


@pytest.mark.parametrize(
    ("field", "typed"), [("value", "many"), ("year", "26"), ("comparator", "~"), ("name", "  "), ("value", "NaN")]
)
def test_a_value_that_makes_no_sense_names_its_field(world, edition, field, typed):
    draft = drafts(edition, "indicator", "一、")[0]
    with pytest.raises(Refused) as refused:
        reviewing.change(draft, {**draft.body, field: typed}, actor=world.keeper, now=NOW)
    assert refused.value.field == field
    draft.refresh_from_db()
    assert (draft.state, draft.changed) == ("proposed", False)


def test_a_split_keeps_each_part_at_its_place(world, edition):
    draft = next(one for one in drafts(edition, "task", "一是") if "完成" in one.words)
    half = len(draft.words) // 2
    made = reviewing.split(draft, [draft.words[:half], draft.words[half:]], actor=world.keeper, now=NOW)
    assert "".join(one.words for one in made) == draft.words
    for one in made:
        assert edition.text[one.start : one.end] == one.words
        assert list(one.parents.all()) == [draft]
        assert one.state == "proposed"
    draft.refresh_from_db()
    assert draft.state == "divided"
    with pytest.raises(Refused):
        reviewing.accept(draft, actor=world.keeper, now=NOW)


@pytest.mark.parametrize("parts", [[], ["完成值班室改造"], ["完成值班室改造", "6月底前"], ["完成值班室", "没有这些字"]])
def test_a_split_invents_no_words(world, edition, parts):
    draft = next(one for one in drafts(edition, "task", "一是") if "完成" in one.words)
    with pytest.raises(Refused):
        reviewing.split(draft, parts, actor=world.keeper, now=NOW)
    assert Draft.objects.filter(state="divided").count() == 0


def test_merging_spans_both_and_fills_what_is_missing(world, edition):
    some = drafts(edition, "task", "一是")
    first, last = some[0], some[-1]
    assert (first.body["deadline"], last.body["deadline"]) == ("", "2026-06-30")
    made = reviewing.merge([last, first], actor=world.keeper, now=NOW)
    assert (made.start, made.end) == (first.start, last.end)
    assert edition.text[made.start : made.end] == made.words
    assert (made.body["object"], made.body["deadline"]) == (first.body["object"], "2026-06-30")


def test_only_drafts_of_one_kind_and_clause_are_merged(world, edition):
    one, other = drafts(edition, "task", "一是")[0], drafts(edition, "task", "二是")[0]
    for some in ([one, other], [one, drafts(edition, "lead", "一是")[0]], [one], [one, one]):
        with pytest.raises(Refused):
            reviewing.merge(some, actor=world.keeper, now=NOW)


def test_a_person_writes_what_no_rule_read(world, edition):
    clause = Clause.objects.get(edition=edition, number="一是")
    draft = reviewing.add(clause, "mechanism", "24小时专人值班制度", {"name": "值班制度"}, actor=world.keeper, now=NOW)
    assert (draft.state, draft.confidence) == ("accepted", None)
    assert edition.text[draft.start : draft.end] == "24小时专人值班制度"
    with pytest.raises(Refused):
        reviewing.add(clause, "mechanism", "没有这些字", {"name": "x"}, actor=world.keeper, now=NOW)


def test_who_may_not_decide(world, edition):
    draft = drafts(edition, "task", "一是")[0]
    for actor in (world.duty, world.danya_officer, world.canglang_keeper, world.firm):
        for verb in (reviewing.accept, reviewing.reject, reviewing.reopen):
            with pytest.raises(NotAllowed):
                verb(draft, actor=actor, now=NOW)
        with pytest.raises(NotAllowed):
            reviewing.split(draft, ["a", "b"], actor=actor, now=NOW)
        with pytest.raises(NotAllowed):
            reviewing.merge([draft, draft], actor=actor, now=NOW)
    draft.refresh_from_db()
    assert draft.state == "proposed"


def test_a_replaced_edition_no_longer_changes(world):
    edition = in_force(world)
    edition.state = "replaced"
    edition.save()
    with pytest.raises(Refused):
        reviewing.reopen(Draft.objects.filter(clause__edition=edition).first(), actor=world.keeper, now=NOW)
