"""Bodies of the shared kinds: what is refused, what ships, and how it reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.utils import translation
from small_county import NOW

from anlan.kernel.clocks.working import Holidays
from anlan.kernel.rulebook import services, wording
from anlan.kernel.rulebook.codes import CodeList, code_list
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.queries import NoRule, entries
from anlan.kernel.rulebook.schemas import faults_of
from anlan.kernel.rulebook.shapes import TABLES
from anlan.science.grades import Scale
from anlan.science.major_hazard import Outcome, Rules, Stock, grade, identify

SHIPPED = {(one.kind, one.code): one for one in services.read()}
KINDS = (
    "calendar",
    "code_list",
    "norm",
    "grading",
    "enterprise_scale",
    "shelter_type",
    "licence",
    "major_hazard",
)


def body(kind: str, code: str) -> dict:
    """A shipped body that a test may spoil."""
    return json.loads(json.dumps(SHIPPED[kind, code].body))


# What ships ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_what_ships_of_a_kind_has_no_fault_and_a_broken_body_of_it_has(kind):
    own = [one for (of, _code), one in SHIPPED.items() if of == kind]
    assert own
    assert [fault for one in own for fault in faults_of(kind, one.body)] == []
    assert faults_of(kind, {})
    assert faults_of(kind, dict.fromkeys(own[0].body, "seven"))


def test_every_shipped_rule_names_its_source_and_where_in_it():
    for one in SHIPPED.values():
        if one.kind in KINDS:
            assert one.standard and one.clause, one.code


@pytest.mark.django_db
def test_the_rulebook_comes_with_the_database_and_grades_a_major_hazard():
    rules = Rules.of(entry.body for entry in entries("major_hazard", NOW))
    result = grade(identify([Stock("硫化氢", 2), Stock("磷化氢", 2), Stock("氯", 1)], rules), 102, rules)
    assert (result.outcome, result.r, result.level) == (Outcome.GRADED, 85.6, 2)


def test_the_tables_of_major_hazards_refer_to_each_other():
    rules = Rules.of(one.body for (kind, _code), one in SHIPPED.items() if kind == "major_hazard")
    assert rules.gases.keys() | rules.assumed.keys() <= rules.substances.keys()
    assert not rules.gases.keys() & rules.assumed.keys(), "table 3 goes before table 4"
    assert {symbol for symbols, _verified in rules.assumed.values() for symbol in symbols} <= rules.classes.keys()
    without = rules.substances.keys() - rules.gases.keys() - rules.assumed.keys()
    assert sorted(without) == [14, 15, 16, 24, 26], "left open on purpose"


def test_every_industry_of_a_scale_is_one_of_the_code_list_or_narrower():
    industries = CodeList(body("code_list", "INDUSTRIES"), verified=True)
    for (kind, _code), one in SHIPPED.items():
        if kind == "enterprise_scale":
            assert all(industries.lineage(code) for code in one.body["industries"])
            assert Scale.of(one.body).grades[-1].code == "micro"


@pytest.mark.parametrize(("year", "off", "statutory"), [(2024, 28, 11), (2025, 28, 13), (2026, 33, 13)])
def test_a_year_has_as_many_free_weekdays_as_holidays_and_worked_weekends_together(year, off, statutory):
    """全国年节及纪念日放假办法 gives 11 days, from 2025 on 13; every other weekday off is made up for on a weekend."""
    calendar = Holidays.of([body("calendar", f"HOLIDAYS-{year}")])
    assert len(calendar.off) == off
    assert {day.year for day in calendar.off | calendar.on} == {year}
    assert sum(day.weekday() < 5 for day in calendar.off) - len(calendar.on) == statutory


# What is refused -----------------------------------------------------------------------------------------------------


def spoiled(kind: str, code: str, change) -> str:
    """The faults of a shipped body after a change."""
    one = body(kind, code)
    change(one)
    return "; ".join(faults_of(kind, one))


@pytest.mark.parametrize(
    ("kind", "code", "change", "words"),
    [
        ("calendar", "HOLIDAYS-2026", lambda b: b["worked"].append("2026-10-12"), "no Saturday or Sunday"),
        ("calendar", "HOLIDAYS-2026", lambda b: b["worked"].append("2026-10-03"), "both off and worked"),
        ("calendar", "HOLIDAYS-2026", lambda b: b["holidays"][0].update(last="2025-12-31"), "ends after it begins"),
        ("calendar", "HOLIDAYS-2026", lambda b: b["holidays"][0].update(last="soon"), "another form"),
        (
            "code_list",
            "INDUSTRIES",
            lambda b: b["items"].append({"code": "01", "name": "x", "name_zh": "x"}),
            "01 stands twice",
        ),
        ("code_list", "INDUSTRIES", lambda b: b["items"][1].update(parent="Z"), "its parent Z"),
        ("code_list", "INDUSTRIES", lambda b: b["items"][1].update(code=1), "in quotes"),
        ("code_list", "SUPPLIES", lambda b: b["items"][0].update(official=1), "official code in quotes"),
        ("code_list", "SUPPLIES", lambda b: b["items"][0].pop("name_zh"), "name and name_zh"),
        ("norm", "TEAM-TOWN", lambda b: b.update(least=60), "least is not above most"),
        ("norm", "TEAM-TOWN", lambda b: (b.pop("least"), b.pop("most")), "a least, a most or both"),
        ("norm", "TEAM-TOWN", lambda b: b.update(per="horse"), "per is one of"),
        ("norm", "TOILETS", lambda b: b.update(each=0), "each is above 0"),
        ("norm", "TOILETS", lambda b: b.update(least=True), "least is a number"),
        ("grading", "TAILINGS-POND", lambda b: b["grades"][0]["at_least"].update(height_m=50), "fall from the highest"),
        (
            "grading",
            "TAILINGS-POND",
            lambda b: b["grades"][0]["at_least"].pop("height_m"),
            "a bound for each criterion",
        ),
        (
            "grading",
            "TAILINGS-POND",
            lambda b: b["grades"][-1].update(at_least={"height_m": 1}),
            "the last has no bounds",
        ),
        ("grading", "LANDSLIDE-SIZE", lambda b: b.update(join="near"), "near joins two"),
        ("grading", "LANDSLIDE-SIZE", lambda b: b.update(join="both"), "join is one of"),
        ("enterprise_scale", "SCALE-RETAIL", lambda b: b.update(industries=[52]), "in quotes"),
        ("shelter_type", "SHELTER-CENTRAL", lambda b: b.update(m2_per_person=0), "m2_per_person is above 0"),
        ("licence", "LIC-PRODUCTION", lambda b: b.update(years=0), "years is above 0"),
        ("licence", "LIC-SPECIAL-WORK", lambda b: b.update(review_years=7), "inside the validity"),
        ("major_hazard", "MH-SUBSTANCES", lambda b: b["substances"][0].update(cas=["7664-41-8"]), "7664-41-8 fails"),
        ("major_hazard", "MH-SUBSTANCES", lambda b: b["substances"][0].update(q_t=0), "q_t is above 0"),
        ("major_hazard", "MH-SUBSTANCES", lambda b: b["substances"][0].update(row=2), "row 2 stands twice"),
        ("major_hazard", "MH-SUBSTANCES", lambda b: b.update(levels=[{"at_least": 0, "level": 1}]), "write one of"),
        ("major_hazard", "MH-CLASSES", lambda b: b["classes"][0].update(beta=None), "q_t and beta"),
        ("major_hazard", "MH-GASES", lambda b: b["gases"][0].update(beta=-2), "beta is above 0"),
        ("major_hazard", "MH-ASSUMED", lambda b: b["assumed"][0].update(classes=[]), "at least one class"),
        ("major_hazard", "MH-ALPHA", lambda b: b["alpha"].pop(), "fall from the highest to 0"),
        ("major_hazard", "MH-LEVELS", lambda b: b["levels"].reverse(), "fall from the highest to 0"),
    ],
)
def test_a_spoiled_body_is_refused_with_its_fault(kind, code, change, words):
    assert words in spoiled(kind, code, change)


def test_several_faults_of_a_body_are_named_together():
    words = spoiled("norm", "TEAM-TOWN", lambda b: b.update(least=60, per="horse", each=0, unit=""))
    assert all(part in words for part in ("least is not above most", "per is one of", "each is above 0", "a unit"))


def test_each_table_of_major_hazards_ships_once():
    given = [
        table for (kind, _c), one in SHIPPED.items() if kind == "major_hazard" for table in TABLES if table in one.body
    ]
    assert sorted(given) == sorted(TABLES)


# Code lists ----------------------------------------------------------------------------------------------------------


def test_a_code_has_its_lineage_up_to_the_top_and_four_digits_count_as_far_as_they_go():
    industries = CodeList(body("code_list", "INDUSTRIES"), verified=True)
    assert industries.lineage("2614") == ("2614", "261", "26", "C")
    assert industries.lineage("26") == ("26", "C")
    assert industries.lineage("C") == ("C",)
    assert industries.lineage("99") == industries.lineage("cc") == industries.lineage("") == ()
    supplies = CodeList(body("code_list", "SUPPLIES"), verified=False)
    assert supplies.lineage("tent") == ("tent", "housing", "living")
    assert supplies.lineage("tents") == ()


def test_a_tree_is_read_level_by_level_and_an_unseen_official_code_is_none():
    supplies = CodeList(body("code_list", "SUPPLIES"), verified=False)
    assert [(one.code, one.official, one.verified) for one in supplies.below(None)] == [
        ("living", "1", True),
        ("equipment", "2", True),
        ("works", "3", True),
    ]
    assert {one.official for one in supplies.below("living")} == {None}
    assert not any(one.verified for one in supplies.below("living"))
    assert supplies["tent"].unit_zh == "顶"
    assert len(supplies) == sum(len(supplies.below(code)) for code in (None, *supplies))


@pytest.mark.django_db
def test_a_code_reads_in_the_language_of_the_reader():
    points = code_list("HAZARD-POINTS", at=NOW)
    with translation.override("zh-hans"):
        assert str(points["debris-flow"]) == "泥石流"
    with translation.override("en"):
        assert str(points["debris-flow"]) == "Debris flow"
    assert points["landslide"].verified and not points["unstable-slope"].verified
    with pytest.raises(NoRule):
        code_list("NOTHING", at=NOW)
    with pytest.raises(NoRule):
        code_list("HAZARD-POINTS", at=datetime(2000, 1, 1, tzinfo=UTC))


# In words ------------------------------------------------------------------------------------------------------------


def words(kind: str, code: str, language: str) -> list[tuple[str, str]]:
    with translation.override(language):
        return [(line.label, line.value) for line in wording.words_of(kind, body(kind, code))]


def test_tables_read_in_words_and_mark_what_is_unverified():
    substances = dict(words("major_hazard", "MH-SUBSTANCES", "zh-hans"))
    assert substances["12 氯"] == "Q = 5 t · CAS 7782-50-5"
    assert ("表 1 第 13 行", "β = 2 · 未核实") in words("major_hazard", "MH-GASES", "zh-hans")
    assert ("500 m 内常住人口 ≥ 100 人", "α = 2") in words("major_hazard", "MH-ALPHA", "zh-hans")
    assert ("R ≥ 50", "2 级") in words("major_hazard", "MH-LEVELS", "zh-hans")
    assert ("W2 Flammable gas cat.1-2", "Q = 10 t · β = 1.5") in words("major_hazard", "MH-CLASSES", "en")
    assert ("\u3000\u3000tent", "救灾帐篷 · 顶 · 未核实") not in words("code_list", "SUPPLIES", "zh-hans")
    assert ("\u3000\u3000tent", "救灾帐篷 · 顶") in words("code_list", "SUPPLIES", "zh-hans")
    assert ("unstable-slope", "Unstable slope · Unverified") in words("code_list", "HAZARD-POINTS", "en")


def test_bounds_validities_and_days_read_in_words():
    assert words("norm", "TEAM-TOWN", "zh-hans") == [("不少于", "30 人"), ("不超过", "50 人")]
    assert words("norm", "TOILETS", "en") == [("At least", "1 toilets"), ("Reckoned for", "every 20 people")]
    assert words("norm", "WATER-DAY", "en")[1] == ("Reckoned for", "each person and day")
    assert words("norm", "ROAD-DETOUR", "en") == [("At least", "1.3"), ("At most", "1.5")]
    assert words("licence", "LIC-FIREWORKS-RETAIL", "zh-hans") == [("有效期最长", "2 年")]
    assert words("licence", "LIC-SPECIAL-WORK", "en") == [("Valid for", "6 years"), ("Reviewed every", "3 years")]
    assert words("shelter_type", "SHELTER-EMERGENCY", "en")[1] == ("Longest opening", "1 day")
    assert ("元旦", "2026-01-01 – 2026-01-03") in words("calendar", "HOLIDAYS-2026", "zh-hans")
    assert ("New Year", "2025-01-01") in words("calendar", "HOLIDAYS-2025", "en")
    pond = words("grading", "TAILINGS-POND", "zh-hans")
    assert pond[0] == ("一等", "全库容 ≥ 50000 万m³、坝高 ≥ 200 m")
    assert pond[-2:] == [("五等", "其余"), ("判定方法", "取较高等级；两者相差大于一等时按较高等级降一等")]
    assert words("enterprise_scale", "SCALE-RETAIL", "en")[0] == ("Holds for industries", "52")


@pytest.mark.django_db
def test_every_kind_has_a_name_for_the_list_of_rules():
    kinds = set(Entry.objects.values_list("kind", flat=True))
    assert set(KINDS) <= kinds
    with translation.override("zh-hans"):
        assert [kind for kind in KINDS if wording.kind_label(kind) == kind] == []
