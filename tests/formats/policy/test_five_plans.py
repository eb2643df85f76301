"""Five published plans, held against what a person read in them (`headings/README.md`; `benchmarks/clauses.py`)."""

from __future__ import annotations

import csv
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import pytest
from statutes import SHARED

from anlan.formats.policy import Drafts, Tree, clean, compare, cut, extract, source_of
from anlan.formats.policy.simplified import simplify

LISTS = Path(__file__).parent
NAMES = sorted(path.stem for path in (LISTS / "headings").glob("*.csv"))


@lru_cache
def plan(name: str) -> tuple[Tree, Drafts]:
    """A recorded plan; the test is skipped where it is not on this machine."""
    path = SHARED / "policy" / f"{name}.txt"
    if not path.is_file():
        pytest.skip(f"the plan {name} is not on this machine (ANLAN_SHARED_DATA)")
    tree = cut(clean(source_of(path.name, path.read_text(encoding="utf-8"))))
    return tree, extract(tree)


def rows(folder: str, name: str) -> list[dict[str, str]]:
    with (LISTS / folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", NAMES)
def test_headings_stand_where_a_reader_finds_them(name):
    tree, _drafts = plan(name)
    assert [(one.level, one.number, simplify(one.heading), one.source[0]) for one in tree.clauses if one.number] == [
        (row["level"], row["number"], simplify(row["heading"]), int(row["start"])) for row in rows("headings", name)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_clause_and_draft_leads_back_to_the_source(name):
    tree, drafts = plan(name)
    for one in tree.clauses:
        if one.number and one.number in tree.cleaned.original:
            assert tree.cleaned.original[one.source[0] :].startswith(one.number)
    every = (*drafts.indicators, *drafts.tasks, *drafts.leads, *drafts.projects, *drafts.mechanisms)
    for draft in every:
        assert tree.cleaned.text[draft.start : draft.end] == draft.words


def test_the_two_gaps_of_the_sources_are_named_and_nothing_else_is_missing():
    missing = {
        (name, one.level, one.under, one.numbers)
        for name in NAMES for one in plan(name)[0].findings if one.code == "missing"
    }  # fmt: skip
    assert missing == {
        ("gaochun_2021-2023_action_plan", "h2", "四、行动计划", ("7",)),
        ("pingwu_14th_five_year_plan", "row", "平武县“十四五”应急管理体系建设重点项目清单", ("7–11",)),
    }


def test_what_is_the_page_and_not_the_plan_is_left_out():
    kinds = {name: {edit.kind for edit in plan(name)[0].cleaned.edits} for name in NAMES}
    assert kinds == {
        "gaochun_2021-2023_action_plan": {"navigation", "traditional"},
        "hangzhou_2020_work_points": {"navigation", "spaces"},
        "pingwu_14th_five_year_plan": {"navigation", "doubled", "spaces"},
        "shenzhen_2020-2025_action_plan": {"navigation", "page_number", "spaces"},
        "wujin_2023_work_points": {"broken_line"},
    }
    (doubled,) = (one for one in plan("pingwu_14th_five_year_plan")[0].findings if one.code == "doubled")
    assert doubled.n > 20_000


def test_the_leading_officers_of_every_item_are_those_of_the_list():
    tree, drafts = plan("wujin_2023_work_points")
    found = [
        {"under": tree.clauses[tree.clauses[one.clause].parent].number, "number": tree.clauses[one.clause].number,
         "people": " ".join(one.people)}
        for one in drafts.leads
    ]  # fmt: skip
    assert found == rows("leads", "wujin_2023_work_points")
    assert {(one.role, one.units) for one in drafts.leads} == {("lead", ())}


def test_projects_have_their_periods_and_budgets():
    _tree, drafts = plan("gaochun_2021-2023_action_plan")
    assert [(one.begins, one.ends, one.budget, one.budget_to, one.unit) for one in drafts.projects] == [
        (2020, 2022, None, None, ""), (2021, 2023, None, None, ""), (2023, 2023, Decimal(3000), None, "万元"),
        (2021, 2022, Decimal(600), Decimal(1000), "万元"),
    ]  # fmt: skip


def test_core_indicators_have_their_kind():
    _tree, drafts = plan("gaochun_2021-2023_action_plan")
    table = [one for one in drafts.indicators if "table" in one.reasons]
    assert [(one.comparator, one.value, one.unit, one.year, one.kind) for one in table] == [
        (">", Decimal(10), "%", 2023, "binding"), (">", Decimal(10), "%", 2023, "binding"),
        ("top", None, "", 2023, "binding"), ("top", None, "", 2023, "binding"), ("top", None, "", 2023, "expected"),
        ("<", Decimal(1), "%", 2023, "expected"), ("<", Decimal(15000), "", 2023, "expected"),
    ]  # fmt: skip


def test_a_plan_without_its_edits_is_another_edition_of_itself():
    tree, _drafts = plan("wujin_2023_work_points")
    again = cut(clean(tree.cleaned.source, keep=[edit.id for edit in tree.cleaned.edits]))
    kinds = [one.kind for one in compare(again, tree)]
    assert set(kinds) <= {"same", "changed", "gone"}
    assert kinds.count("same") >= len(tree.clauses) - 1
