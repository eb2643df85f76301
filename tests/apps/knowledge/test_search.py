"""The library's search is a substring search, whatever is asked: an oracle reads every text."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from library import RULES, add
from small_county import NOW
from statutes import STATUTES, statute

from anlan.apps.knowledge import grams, queries
from anlan.apps.knowledge.grams import Field, Segment
from anlan.apps.knowledge.queries import Asked
from anlan.apps.knowledge.services.library import Facts, change, keep_text
from anlan.formats.texts.cutting import cut
from anlan.formats.texts.reading import Limits, read_text

DAY = NOW.date()
SIGNS = "安全生产 A１①Ⅳ。\x00𠮷"


def oracle(segments, words):
    """Units in which all words stand, by reading."""
    own = [grams.folded(one.text.replace("\x00", "")) for one in segments if one.unit < 0]
    units = sorted({one.unit for one in segments})
    found = []
    for unit in units:
        texts = [grams.folded(one.text.replace("\x00", "")) for one in segments if one.unit == unit]
        stands = [any(word in text for text in texts) for word in words]
        above = [any(word in text for text in own) for word in words]
        if any(stands) and all(here or there for here, there in zip(stands, above, strict=True)):
            found.append(unit)
    return found


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.text(SIGNS, max_size=12), st.integers(-1, 3)), min_size=1, max_size=8),
    st.lists(st.text(SIGNS.replace("\x00", ""), min_size=1, max_size=5), min_size=1, max_size=3),
)
def test_any_words_are_found_where_a_reader_finds_them(texts, typed):
    segments = [Segment(text, Field.TEXT, unit, at) for at, (text, unit) in enumerate(texts)]
    words = tuple(dict.fromkeys(grams.folded(one) for one in typed))
    layout, postings = grams.build(segments)
    wanted = {gram for word in words for gram in grams.grams_of(word)}
    held = {gram: np.frombuffer(postings[gram], "<u4") for gram in wanted if gram in postings}
    found = [hit.unit for hit in grams.hits_in(grams.Layout.unpack(layout.packed()), words, held)] if postings else []
    # A word that stands nowhere in the document ends the search there.
    assert found == oracle(segments, words)


@given(st.text(SIGNS + '"“”「」', max_size=40))
def test_any_question_becomes_words(typed):
    for word in grams.words_of(typed):
        assert word
        assert grams.grams_of(word)


def test_quotation_marks_keep_a_phrase():
    assert grams.words_of('安全  “a  b” 生产 "c') == ("安全", "a b", "生产", '"c')


def numbers(answer):
    return [(hit.document.title, [clause.locator for clause in hit.clauses]) for hit in answer.page]


def test_one_two_three_signs_phrases_and_several_words(world):
    add(world.keeper)
    for typed in ("班", "领导", "带班领", "带班领导", "“立即报告带班领导”", "立即报告　领导", "值班规定 领导"):
        found = [hit for hit in queries.search(world.duty, Asked(typed), DAY).page if hit.unit >= 0]
        assert any(clause.locator == "第二条第（二）项" for hit in found for clause in hit.clauses), typed
    assert queries.search(world.duty, Asked("领导 在岗"), DAY).total == 0  # in two articles
    assert queries.search(world.duty, Asked("报告 记录"), DAY).total == 1  # in two items of one article


def test_titles_come_before_numbers_and_numbers_before_texts(world):
    add(world.keeper, "甲规定\n第一条 见第三条和值班。\n第二条 无。")
    add(world.keeper)
    found = numbers(queries.search(world.duty, Asked("第三条"), DAY))
    assert [row[1] for row in found] == [["第三条"], ["第一条"]]
    first = queries.search(world.duty, Asked("值班"), DAY).page[0]
    assert (first.document.title, first.unit) == ("安澜县值班规定", -1)


def test_filters_by_kind_state_year_and_the_counts_beside(world):
    old = add(world.keeper, in_force_on=DAY.replace(year=2024), issued_on=DAY.replace(year=2024))
    add(world.keeper, RULES.replace("二十四", "24"), replaces=old, in_force_on=DAY, issued_on=DAY.replace(year=2026))
    add(world.keeper, "氨气泄漏案例\n一、经过\n值班员发现泄漏。", kind="case", accident="leak")
    asked = lambda **more: queries.search(world.duty, Asked("值班员", **more), DAY)  # noqa: E731
    assert asked().total == 3
    assert asked().kinds == {"own": 2, "case": 1}
    assert asked(kind="case").total == 1
    assert asked(kind="case").kinds == {"own": 2, "case": 1}
    assert [hit.document.pk for hit in asked(state="repealed").page] == [old.pk]
    assert asked(state="in_force").total == 2
    assert asked(year="2024").total == 1
    assert asked(accident="leak").total == 1
    assert asked().page[-1].document.pk == old.pk  # what is in force comes first


def test_fullwidth_and_capitals_are_alike(world):
    add(world.keeper, "氯气说明\n一、编号\nＣＡＳ 7782-50-5，UN 1017。")
    assert queries.search(world.duty, Asked("cas 7782－50－5"), DAY).total == 1


def test_a_change_of_the_title_is_found_at_once(world):
    row = add(world.keeper)
    change(row, Facts(kind="own", title="带班办法"), actor=world.keeper, now=NOW)
    assert queries.search(world.duty, Asked("带班办法"), DAY).total == 1
    assert queries.search(world.duty, Asked("安澜县值班规定"), DAY).total == 0


def test_the_statutes_are_searched_as_a_reader_would(world):
    texts = {}
    for name in STATUTES:
        found = cut(read_text(statute(name), Limits()))
        row = keep_text(found, Facts(kind="law", title=found.title), actor=world.keeper, now=NOW)
        units: dict[int, str] = {}
        for clause in row.clauses.order_by("position"):
            said = "\x00".join((clause.number, clause.heading, clause.text))
            units[clause.unit] = units.get(clause.unit, "") + "\x00" + said
        texts[row.pk] = (f"{row.title}", units)
    for typed in ("的", "应急", "应急预案", "重大危险源", "县级以上地方人民政府应急管理部门", "罚款 责令改正", "库"):
        words = grams.words_of(typed)
        wanted = set()
        for pk, (title, units) in texts.items():
            if all(word in title for word in words):
                wanted.add((pk, -1))
            for unit, said in units.items():
                if any(word in said for word in words) and all(word in said or word in title for word in words):
                    wanted.add((pk, unit))
        answer = queries.search(world.duty, Asked(typed), DAY, size=10_000)
        assert {(hit.document.pk, hit.unit) for hit in answer.page} == wanted, typed


def test_nobody_without_the_right_finds_anything(world):
    add(world.keeper)
    assert queries.search(world.firm, Asked("值班"), DAY).total == 0
