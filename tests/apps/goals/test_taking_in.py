"""A document comes in: cleaned, cut, read; every place leads back to the source, every edit can be undone."""

from __future__ import annotations

import pytest
from policies import POINTS, RECORDINGS, in_force, recording, take
from small_county import NOW

from anlan.apps.goals.models import Document, Draft, Edition
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import documents, reviewing
from anlan.apps.goals.services.documents import years_of
from anlan.apps.goals.words import EDIT_WORDS, REASON_WORDS
from anlan.formats.policy.cleaning import KINDS
from anlan.formats.policy.drafts import REASONS
from anlan.kernel.audit.models import Entry
from anlan.kernel.evidence import queries as evidence
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.web.refs import ref_of


def test_a_document_is_read_whole_with_its_title_and_years(world):
    edition = take(world)
    row = edition.document
    assert (row.title, row.first_year, row.last_year) == ("安澜县应急管理局2026年工作要点", 2026, 2026)
    assert edition.original == POINTS
    assert [one["kind"] for one in edition.edits] == ["navigation"]
    assert list(edition.clauses.filter(level="item").values_list("number", flat=True)) == ["一是", "二是", "四是"]
    assert [one["numbers"] for one in edition.findings if one["code"] == "missing"] == [["3"]]
    assert [one.name for one in evidence.of(ref_of(row))] == ["points.txt"]
    assert Entry.objects.filter(verb="goals.import", ref=ref_of(row)).count() == 1


def test_every_clause_and_draft_stands_where_it_says(world):
    edition = take(world)
    for clause in edition.clauses.all():
        assert edition.text[clause.start : clause.end].startswith(clause.number)
        assert edition.original[clause.source_start : clause.source_end].startswith(clause.number)
    drafts = Draft.objects.filter(clause__edition=edition)
    assert {one.kind for one in drafts} >= {"indicator", "task", "lead"}
    for draft in drafts:
        assert edition.text[draft.start : draft.end] == draft.words


def test_nothing_counts_before_a_person_decides(world):
    edition = take(world)
    assert set(Draft.objects.filter(clause__edition=edition).values_list("state", flat=True)) == {"proposed"}
    with pytest.raises(Refused):
        documents.put_in_force(edition, actor=world.keeper, now=NOW)


def test_an_edit_is_undone_and_done_again(world):
    edition = take(world)
    undone = documents.clean_again(edition, kept=[edition.edits[0]["id"]], actor=world.keeper, now=NOW)
    assert undone.text.startswith("首页")
    assert undone.original == POINTS
    again = documents.clean_again(undone, kept=[], actor=world.keeper, now=NOW)
    assert again.text == edition.text


def test_decisions_are_not_dropped_unasked(world):
    edition = take(world)
    reviewing.accept(Draft.objects.filter(clause__edition=edition).first(), actor=world.keeper, now=NOW)
    kept = [edition.edits[0]["id"]]
    with pytest.raises(Refused):
        documents.clean_again(edition, kept=kept, actor=world.keeper, now=NOW)
    documents.clean_again(edition, kept=kept, drop=True, actor=world.keeper, now=NOW)
    assert not Draft.objects.filter(clause__edition=edition).exclude(state="proposed").exists()


def test_the_same_file_twice_is_refused(world):
    take(world)
    with pytest.raises(Refused):
        take(world)
    assert Document.objects.count() == 1


def test_a_text_without_years_asks_for_them(world):
    with pytest.raises(Refused) as refused:
        take(world, "工作方案\n一、目标\n完成任务。\n二、措施\n落实责任。")
    assert refused.value.field == "first_year"
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("title", "years"),
    [
        ("三年行动计划(2021-2023年)", (2021, 2023)),
        ("规划（2026—2030年）", (2026, 2030)),
        ("2020年工作要点", (2020, 2020)),
        ("“十四五”应急管理体系规划", (2021, 2025)),
        ("工作方案", None),
    ],
)
def test_years_are_those_of_the_title(title, years):
    assert years_of(title) == years


def test_who_may_not_take_in(world):
    for actor in (world.duty, world.leader, world.firm, world.canglang_keeper):
        with pytest.raises(NotAllowed):
            take(world, actor=actor)


def test_an_edition_in_force_is_never_dropped(world):
    edition = in_force(world)
    with pytest.raises(Refused):
        documents.discard(edition, actor=world.keeper, now=NOW)
    other = take(world, POINTS.replace("60", "70"))
    documents.discard(other, actor=world.keeper, now=NOW)
    assert list(Edition.objects.values_list("document", flat=True)) == [edition.document_id]
    assert Document.objects.get(pk=other.document_id).removed_at == NOW


def test_every_reason_of_the_reading_rules_has_words():
    assert set(REASON_WORDS) == set(REASONS)
    assert set(EDIT_WORDS) == set(KINDS)


@pytest.mark.parametrize("name", RECORDINGS)
def test_recorded_plans_come_in_with_their_places(world, name):
    data = recording(name)
    kind = "plan" if "plan" in name else "work_points"
    edition = take(world, data, name, kind=kind)
    assert edition.original == data.decode()
    for draft in Draft.objects.filter(clause__edition=edition):
        assert edition.text[draft.start : draft.end] == draft.words
    for clause in edition.clauses.all():
        assert 0 <= clause.source_start <= clause.source_end <= len(edition.original)
    missing = {number for one in edition.findings if one["code"] == "missing" for number in one["numbers"]}
    assert missing == {"gaochun": {"7"}, "pingwu": {"7–11"}}.get(name.split("_")[0], set())
