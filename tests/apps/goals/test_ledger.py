"""The ledger: red where nothing answers, the worst of what answers otherwise; officers, filters, checklists."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from policies import POINTS, decide_all, in_force, take
from small_county import NOW

from anlan.apps.goals.models import Draft
from anlan.apps.goals.queries import standing
from anlan.apps.goals.queries.documents import binding, current_editions, places_of, removed, visible
from anlan.apps.goals.queries.ledger import Narrowing, narrowed, sheets
from anlan.apps.goals.queries.standing import LinkKind, Standing, State, register_kind, worst
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import documents, joining, reviewing
from anlan.kernel.evidence.services import prepare
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.rulebook.models import Entry

CHECKLIST = """安全发展示范城市创建清单(2026年)
一、城市安全源头治理
1.安全规划。城市安全规划科学(5分)
2.老旧企业。老旧企业搬迁(2.5分)
"""


@pytest.fixture
def measured():
    """A kind of link whose targets stand as their names say, as a room that measures would register it."""
    states = {"good": State.FULFILLED, "late": State.LATE, "unknown": State.UNKNOWN}
    kept = dict(standing._kinds)
    register_kind(
        LinkKind(
            "indicator", "Indicator", "gauge",
            lambda targets, asked: {
                one: Standing(f"{one} {asked.year}", states[one], "", NOW) for one in targets if one in states
            },
            lambda words, asked, viewer: [],
        )
    )  # fmt: skip
    yield
    standing._kinds.clear()
    standing._kinds.update(kept)


def sheet_of(edition):
    return sheets([edition], now=NOW)[0]


def line_of(edition, number):
    return next(line for line in sheet_of(edition).lines if line.clause.number == number)


def test_the_worst_of_several_states_is_taken():
    assert worst([State.FULFILLED, State.PROGRESS]) == State.PROGRESS
    assert worst([State.LATE, State.UNKNOWN, State.FULFILLED]) == State.LATE
    assert worst([State.NOTHING, State.LATE]) == State.NOTHING
    assert worst([]) is None


def test_a_clause_that_asks_and_has_no_link_is_red(world):
    edition = in_force(world)
    sheet = sheet_of(edition)
    assert line_of(edition, "二是").own == State.NOTHING
    assert sheet.counts == {State.NOTHING: sheet.asking}
    assert sheet.coverage == 0


def test_a_heading_has_the_worst_state_below_it(world, measured):
    edition = in_force(world, POINTS.replace("二、重点工作", "二、其他方面"))
    items = edition.clauses.filter(level="item")
    for item, target in zip(items, ("good", "good", "late"), strict=True):
        joining.join(item, kind="indicator", target=target, actor=world.keeper, now=NOW)
    heading = line_of(edition, "二、")
    assert (heading.asks, heading.own, heading.state) == (False, None, State.LATE)


def test_a_clause_is_as_good_as_its_worst_link(world, measured):
    edition = in_force(world)
    clause = edition.clauses.get(number="一是")
    for target, state in (("good", State.FULFILLED), ("unknown", State.UNKNOWN), ("late", State.LATE)):
        joining.join(clause, kind="indicator", target=target, actor=world.keeper, now=NOW)
        assert line_of(edition, "一是").own == state


def test_a_screen_serves_and_proves_nothing(world, measured):
    edition = in_force(world)
    clause = edition.clauses.get(number="四是")
    joining.join(clause, kind="screen", target="knowledge:search", actor=world.keeper, now=NOW)
    assert line_of(edition, "四是").own == State.PROGRESS
    joining.join(clause, kind="indicator", target="good", actor=world.keeper, now=NOW)
    assert line_of(edition, "四是").own == State.FULFILLED


def test_a_rule_serves_as_long_as_it_is_in_force(world):
    edition = in_force(world)
    clause = edition.clauses.get(number="四是")
    link = joining.join(clause, kind="rule", target="roster:DUTY", actor=world.keeper, now=NOW)
    assert line_of(edition, "四是").own == State.PROGRESS
    Entry.objects.filter(kind="roster", code="DUTY").update(valid_to=NOW - timedelta(days=1))
    assert line_of(edition, "四是").own == State.NOTHING
    joining.part(link, actor=world.keeper, now=NOW)
    assert line_of(edition, "四是").joined == []


def test_what_is_in_progress_after_its_last_day_is_late(world, measured):
    edition = in_force(world)
    clause = edition.clauses.get(number="一是")  # until the end of June
    joining.join(clause, kind="screen", target="duties:roster_now", actor=world.keeper, now=NOW)
    assert line_of(edition, "一是").own == State.LATE
    in_may = NOW.replace(month=5)
    assert next(x for x in sheets([edition], now=in_may)[0].lines if x.clause == clause).own == State.PROGRESS
    joining.join(clause, kind="indicator", target="good", actor=world.keeper, now=NOW)
    assert line_of(edition, "一是").own == State.FULFILLED


def test_after_the_last_year_of_a_document_nothing_is_in_progress(world):
    edition = in_force(world, POINTS.replace("2026年", "2024年"))
    clause = edition.clauses.get(number="四是")
    joining.join(clause, kind="screen", target="knowledge:search", actor=world.keeper, now=NOW)
    assert line_of(edition, "四是").own == State.LATE


def test_the_kind_of_link_of_the_how_to_works_as_it_stands_there(world, measured):
    text = (settings.ROOT / "docs/how-to/keep-the-ledger-of-duties.md").read_text(encoding="utf-8")
    block = re.search(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[1]
    exec(compile(block, "keep-the-ledger-of-duties.md", "exec"), {})
    edition = in_force(world)
    clause = edition.clauses.get(number="四是")
    joining.join(clause, kind="drill", target="DR-1", actor=world.keeper, now=NOW)
    assert line_of(edition, "四是").own == State.FULFILLED
    joining.join(clause, kind="drill", target="DR-2", actor=world.keeper, now=NOW)
    assert line_of(edition, "四是").own == State.PROGRESS
    with pytest.raises(Refused):
        joining.join(clause, kind="drill", target="DR-3", actor=world.keeper, now=NOW)


def test_what_is_gone_is_red_again(world, measured):
    edition = in_force(world)
    clause = edition.clauses.get(number="一是")
    joining.join(clause, kind="indicator", target="good", actor=world.keeper, now=NOW)
    del standing._kinds["indicator"]
    assert line_of(edition, "一是").own == State.NOTHING


def test_a_proof_fulfils_when_a_second_person_checked_it(world):
    edition = in_force(world)
    clause = edition.clauses.get(number="四是")
    pdf = prepare(b"%PDF-1.4\n%%EOF\n")
    link = joining.prove(clause, file=pdf, name="record.pdf", note="60", actor=world.keeper, now=NOW)
    line = line_of(edition, "四是")
    assert (line.own, line.evidence.standing.evidence_at) == (State.PROGRESS, NOW)
    with pytest.raises(Refused):
        joining.check(link, actor=world.keeper, now=NOW)
    with pytest.raises(NotAllowed):
        joining.check(link, actor=world.duty, now=NOW)
    joining.check(link, actor=world.leader, now=NOW)
    assert line_of(edition, "四是").own == State.FULFILLED


def test_only_what_is_there_is_joined(world):
    clause = in_force(world).clauses.get(number="一是")
    missing = {"rule": "roster:NONE", "screen": "nowhere:at_all", "case": "C-1", "none": "x", "proof": "1", "task": ""}
    for kind, target in missing.items():
        with pytest.raises(Refused):
            joining.join(clause, kind=kind, target=target, actor=world.keeper, now=NOW)
    for actor in (world.duty, world.danya_officer, world.canglang_keeper):
        with pytest.raises(NotAllowed):
            joining.join(clause, kind="screen", target="duties:index", actor=actor, now=NOW)


def test_filters_by_officer_department_and_state_keep_the_headings_above(world):
    edition = in_force(world)
    lines = sheet_of(edition).lines
    for narrowing, number in (
        (Narrowing(officer=f"u{world.leader.pk}"), "一是"),
        (Narrowing(officer="n王不在"), "二是"),
        (Narrowing(department=f"d{world.section.pk}"), "四是"),
        (Narrowing(department=f"d{world.bureau.pk}"), "一是"),
    ):
        shown = narrowed(lines, narrowing)
        assert [line.clause.number for line, hit in shown if hit] == [number]
        assert [line.clause.number for line, hit in shown if not hit] == ["二、"]
    assert not [1 for _line, hit in narrowed(lines, Narrowing(state=State.LATE)) if hit]


def test_every_item_of_a_checklist_asks_and_its_points_are_counted(world, measured):
    edition = in_force(world, CHECKLIST, kind="checklist")
    assert line_of(edition, "2.").own == State.NOTHING
    joining.join(
        edition.clauses.get(number="1."), kind="indicator", target="good", actor=world.keeper, now=NOW
    )  # fmt: skip
    sheet = sheet_of(edition)
    assert tuple(map(float, sheet.points)) == (5.0, 7.5)
    assert sheet.coverage == 50


def test_a_rejected_draft_asks_nothing(world):
    edition = take(world)
    for draft in Draft.objects.filter(clause__edition=edition, clause__number="四是"):
        reviewing.reject(draft, actor=world.keeper, now=NOW)
    assert line_of(edition, "四是").own is None


def test_figures_are_asked_for_the_year_of_the_document(world, measured):
    edition = in_force(world, POINTS.replace("2026年", "2024年"))
    joining.join(
        edition.clauses.get(number="一是"), kind="indicator", target="good", actor=world.keeper, now=NOW
    )  # fmt: skip
    assert line_of(edition, "一是").joined[0].standing.title == "good 2024"


def test_a_town_is_asked_for_its_own_figures_of_a_county_document(world, measured):
    edition = in_force(world)
    joining.join(edition.clauses.get(number="一是"), kind="indicator", target="good", actor=world.keeper, now=NOW)
    for place, told in ((world.danya, "丹崖镇"), (world.county, "安澜县"), (None, "安澜县")):
        sheet = sheets([edition], place=place, now=NOW)[0]
        assert sheet.asked.region.name == told
    town = take(world, POINTS.replace("60", "61"), region=world.canglang, actor=world.canglang_keeper)
    every = [edition.document, town.document]
    assert binding(every, world.danya) == [edition.document]
    assert binding(every, world.county) == binding(every, world.canglang) == every
    assert ("990123102", "丹崖镇") in places_of([edition.document])
    assert places_of([town.document]) == [("990123101", "沧浪镇")]


def test_who_sees_which_documents(world):
    edition = in_force(world)
    town = take(world, POINTS.replace("60", "61"), region=world.canglang, actor=world.canglang_keeper)
    assert set(visible(world.duty)) == {edition.document, town.document}
    assert set(visible(world.danya_officer)) == {edition.document}
    assert not visible(world.firm).exists()


def test_a_document_that_was_taken_out_is_gone_from_the_ledger(world):
    edition = in_force(world)
    with pytest.raises(Refused):
        documents.remove(edition.document, reason=" ", actor=world.leader, now=NOW)
    documents.remove(edition.document, reason="misfiled", actor=world.leader, now=NOW)
    assert not visible(world.duty).exists()
    assert list(removed(world.leader)) == [edition.document]
    assert not removed(world.duty).exists()
    with pytest.raises(NotAllowed):
        documents.restore(edition.document, actor=world.duty, now=NOW)
    documents.restore(edition.document, actor=world.leader, now=NOW)
    assert visible(world.duty).get() == edition.document


def test_the_number_of_questions_does_not_grow_with_clauses(world):
    small = in_force(world)
    item = "\n".join(f"{n}.开展第{n}项检查。每月检查一次。" for n in range(1, 40))
    large = take(world, f"安澜县2026年检查工作方案\n一、任务\n{item}")
    decide_all(large, world.keeper)
    counts = []
    for edition in (small, large):
        for clause in edition.clauses.filter(drafts__state="accepted").distinct():
            joining.join(clause, kind="rule", target="roster:DUTY", actor=world.keeper, now=NOW)
        edition = current_editions([edition.document])[edition.document_id]
        with CaptureQueriesContext(
            connection,
        ) as asked:
            sheets([edition], now=NOW)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 8
