"""A newer edition shows what changed, keeps decisions on the same words, and takes the links along."""

from __future__ import annotations

import pytest
from policies import POINTS, POINTS_AGAIN, decide_all, in_force, take
from small_county import NOW

from anlan.apps.goals.models import Draft, Link
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import documents, joining, reviewing


@pytest.fixture
def old(world):
    edition = in_force(world)
    for number, target in (("一是", "duties:roster_now"), ("二是", "resources:stores"), ("四是", "knowledge:search")):
        clause = edition.clauses.get(number=number)
        joining.join(clause, kind="screen", target=target, actor=world.keeper, now=NOW)
    return edition


def test_the_new_edition_says_how_each_clause_changed(world, old):
    new = take(world, POINTS_AGAIN, document=old.document)
    changes = {one.number: (one.change, one.before and one.before.number) for one in new.clauses.filter(level="item")}
    assert changes["一是"] == ("same", "一是")
    assert changes["二是"] == ("changed", "二是")
    assert changes["三是"] == ("new", None)


def test_same_words_keep_their_decisions_and_changed_ones_are_asked_anew(world, old):
    rejected = Draft.objects.filter(clause__edition=old, clause__number="一是", kind="task").first()
    reviewing.reject(rejected, actor=world.keeper, now=NOW)
    new = take(world, POINTS_AGAIN, document=old.document)
    same = Draft.objects.filter(clause__edition=new, clause__number="一是")
    assert {one.carried for one in same} == {True}
    assert same.get(kind="task", words=rejected.words).state == "rejected"
    assert same.get(kind="lead").holders.get().user == world.leader
    for number in ("二是", "三是"):
        assert {one.state for one in Draft.objects.filter(clause__edition=new, clause__number=number)} == {"proposed"}


def test_the_old_edition_counts_until_the_new_one_is_put_in_force(world, old):
    new = take(world, POINTS_AGAIN, document=old.document)
    assert not Link.objects.filter(clause__edition=new).exists()
    decide_all(new, world.keeper)
    documents.put_in_force(new, actor=world.keeper, now=NOW)
    old.refresh_from_db()
    assert old.state == "replaced"
    links = {one.clause.number: (one.target, one.to_check) for one in Link.objects.filter(clause__edition=new)}
    assert links == {"一是": ("duties:roster_now", False), "二是": ("resources:stores", True)}
    assert Link.objects.filter(clause__edition=old, clause__number="四是", removed_at=None).count() == 1


def test_a_link_to_a_changed_clause_is_confirmed(world, old):
    new = take(world, POINTS_AGAIN, document=old.document)
    decide_all(new, world.keeper)
    documents.put_in_force(new, actor=world.keeper, now=NOW)
    link = Link.objects.get(clause__edition=new, to_check=True)
    joining.confirm(link, actor=world.leader, now=NOW)
    link.refresh_from_db()
    assert not link.to_check


def test_the_same_text_again_needs_no_decision(world, old):
    new = take(world, POINTS + "\n", document=old.document)
    assert not Draft.objects.filter(clause__edition=new, state="proposed").exists()
    documents.put_in_force(new, actor=world.keeper, now=NOW)
    assert Link.objects.filter(clause__edition=new, to_check=False).count() == 3


def test_the_very_same_file_is_no_new_edition(world, old):
    with pytest.raises(Refused):
        take(world, POINTS, document=old.document)


def test_no_further_edition_is_taken_while_one_is_under_review(world, old):
    """What is skipped would take its links with it."""
    waiting = take(world, POINTS_AGAIN, document=old.document)
    with pytest.raises(Refused):
        take(world, POINTS_AGAIN + "五是总结评估。年底前总结。\n", document=old.document)
    documents.discard(waiting, actor=world.keeper, now=NOW)
    assert take(world, POINTS_AGAIN, document=old.document).clauses.filter(before__edition=old).exists()
