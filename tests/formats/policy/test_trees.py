"""Plans of any layout are cut into clauses: what is written is found with its place, what is missing is named."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statutes import STATUTES, statute

from anlan.formats.policy import Tree, clean, cut, source_of


def tree_of(text: str) -> Tree:
    return cut(clean(source_of("a", text)))


def shape(tree: Tree) -> list[tuple[str, str, str, int]]:
    return [(one.level, one.number, one.heading, one.depth) for one in tree.clauses]


def findings(tree: Tree) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.code, one.level, one.numbers) for one in tree.findings]


def test_headings_of_chinese_numerals_and_items_inside_a_paragraph():
    tree = tree_of(
        "北山市2026年应急管理工作要点\n总体要求是守住底线。\n一、主要目标\n事故下降。\n二、重点任务\n"
        "（一）强化责任。一是压实领导责任，齐抓共管。定期研究。二是压实主体责任。三是狠抓落实。\n"
        "（二）夯实基础。以提升能力为目标，一是建队伍。二是配装备。\n附件：任务清单\n"
    )
    assert tree.title == "北山市2026年应急管理工作要点"
    assert shape(tree) == [
        ("title", "", "", 0), ("lead", "", "", 0), ("h1", "一、", "主要目标", 0), ("h1", "二、", "重点任务", 0),
        ("h2", "（一）", "强化责任", 1), ("item", "一是", "压实领导责任，齐抓共管", 2), ("item", "二是",
        "压实主体责任", 2),
        ("item", "三是", "狠抓落实", 2), ("h2", "（二）", "夯实基础", 1), ("item", "一是", "建队伍", 2), ("item",
        "二是", "配装备", 2),
        ("annex", "附件", "任务清单", 0),
    ]  # fmt: skip
    assert tree.findings == ()
    assert [one.anchor for one in tree.clauses[4:6]] == ["h2-s1", "h2-s1-i1"]


def test_full_width_figures_brackets_and_circled_numbers():
    tree = tree_of(
        "１、总则\n（1）范围。全县。\n①城区。②乡镇。\n（2）职责。各负其责。\n２．组织\n2) 指挥部。\n3) 办公室。\n"
    )
    assert [(one.level, one.values, one.depth) for one in tree.clauses] == [
        ("h3", (1,), 0), ("h4", (1,), 1), ("h5", (1,), 2), ("h5", (2,), 2), ("h4", (2,), 1), ("h3", (2,), 0), ("h4",
        (2,), 1),
        ("h4", (3,), 1),
    ]  # fmt: skip
    assert findings(tree) == [("missing", "h4", ("1",))]


def test_decimal_numbers_of_an_emergency_plan():
    tree = tree_of(
        "1 总则\n1.1 编制目的\n规范处置。\n1.2 适用范围\n2 组织体系\n2.1 指挥部\n2.1.1 职责\n2.1.3 会商\n2.5万人参加"
        "。\n"
    )
    assert [(one.number, one.depth) for one in tree.clauses if one.level == "clause"] == [
        ("1", 0), ("1.1", 1), ("1.2", 1), ("2", 0), ("2.1", 1), ("2.1.1", 2), ("2.1.3", 2)
    ]  # fmt: skip
    assert findings(tree) == [("missing", "clause", ("2",))]


def test_glued_text_is_cut_where_sentences_end_and_stock_headings_do():
    tree = tree_of(
        "县安全发展行动方案(2026年)为全面推进，制定本方案。一、指导思想以人民为中心。二、主要任务(-)完善体系。构建格"
        "局。"
        "(二)强化法治。用好立法权，见第(三)项。三、保障措施(一)加强领导。(二)落实经费。"
    )
    assert tree.title == "县安全发展行动方案(2026年)"
    assert shape(tree) == [
        ("lead", "", "", 0), ("h1", "一、", "指导思想", 0), ("h1", "二、", "主要任务", 0), ("h2", "(-)", "完善体系", 1),
        ("h2", "(二)", "强化法治", 1), ("h1", "三、", "保障措施", 0), ("h2", "(一)", "加强领导", 1), ("h2", "(二)",
        "落实经费", 1),
    ]  # fmt: skip
    assert findings(tree) == [("unclear", "h2", ("(-)",))]


def test_missing_repeated_and_disordered_numbers_are_named_and_not_mended():
    tree = tree_of("一、甲\n三、丙\n三、丁\n二、乙\n（一）子\n（四）丑\n六、己\n")
    assert findings(tree) == [
        ("missing", "h1", ("4–5",)), ("repeated", "h1", ("三、",)), ("disordered", "h1", ("二、",)), ("missing", "h2",
        ("2–3",)),
    ]  # fmt: skip
    assert [one.number for one in tree.clauses] == ["一、", "三、", "三、", "二、", "（一）", "（四）", "六、"]
    assert len({one.anchor for one in tree.clauses}) == 7


TABLES = {
    "bars": "序号|名称|内容\n1|水库|加固\n2|堤防|\n4|泵站|更新\n",
    "markdown": "| 序号 | 名称 | 内容 |\n|---|---|---|\n| 1 | 水库 | 加固 |\n| 2 | 堤防 | |\n| 4 | 泵站 | 更新 |\n",
    "tabs": "序号\t名称\t内容\n1\t水库\t加固\n2\t堤防\t\n4\t泵站\t更新\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_clauses_with_rows_and_their_numbers_are_checked(name):
    tree = tree_of(f"一、项目\n重点项目表\n{TABLES[name]}二、保障\n")
    assert shape(tree) == [
        ("h1", "一、", "项目", 0), ("table", "", "重点项目表", 1), ("row", "1", "水库", 2), ("row", "2", "堤防", 2),
        ("row", "4", "泵站", 2), ("h1", "二、", "保障", 0),
    ]  # fmt: skip
    assert findings(tree) == [("missing", "row", ("3",))]
    table = tree.clauses[1].table
    assert table is not None
    assert table.heads == ("序号", "名称", "内容")
    for cell in (cell for row in table.rows for cell in row):
        assert tree.cleaned.text[cell.start : cell.end] == cell.text


def test_a_table_laid_out_cell_under_cell_with_a_broken_name():
    tree = tree_of(
        "项目清单\n序号\n项目名称\n主要内容\n1\n指挥中心\n建成平台。\n2\n应急宣传教育与培训\n项目\n完善阵地。\n五、"
        "保障措施\n落实经费。"
    )
    assert [(one.number, one.heading) for one in tree.clauses if one.level == "row"] == [
        ("1", "指挥中心"), ("2", "应急宣传教育与培训项目")
    ]  # fmt: skip
    assert tree.clauses[-1].heading == "保障措施"


def test_gaps_that_the_text_itself_marks_are_counted():
    assert findings(tree_of("一、甲\n根据(略)要求，按（略）执行。"))[0][0] == "elided"
    assert findings(tree_of("没有编号的一段话。")) == [("uncut", "", ())]


@pytest.mark.parametrize("name", sorted(STATUTES))
def test_statutes_are_cut_as_well(name):
    tree = tree_of(statute(name).read_text(encoding="utf-8"))
    articles = [one for one in tree.clauses if one.level == "article"]
    assert [one.values for one in articles] == [(n,) for n in range(1, len(articles) + 1)]
    assert not [one for one in tree.findings if one.level == "article"]


NUMBERS = re.compile(r"[一二三四五六七八九十\d①-⑳\-]+")
LINES = st.lists(
    st.sampled_from(
        ["一、总体要求", "二、任务。(一)甲。(二)乙。", "（三）丙", "1.丁", "3、戊。①己。②庚。",
        "一是辛。二是壬。四是癸。", "第一章 总则",
         "第三条 内容。", "附件2：清单", "序号|名称", "1|甲", "9|乙", "序号", "项目", "1", "2", "3",
         "普通的一句话，没有编号。", "(-)不清",
         "1.2 小节", "首页", "", "２、全角"]
    ),
    max_size=24,
)  # fmt: skip


@given(LINES)
def test_no_number_is_invented_and_every_clause_points_at_its_words(lines):
    text = "\n".join(lines)
    tree = tree_of(text)
    cleaned = tree.cleaned
    assert len({one.anchor for one in tree.clauses}) == len(tree.clauses)
    for at, one in enumerate(tree.clauses):
        words = cleaned.text[one.start : one.end]
        assert one.parent < at
        assert words.startswith(one.number)
        assert bool(one.number) <= bool(NUMBERS.search(one.number) or one.level == "annex")
        assert one.text in words
        start, end = one.source
        assert text[start:end].startswith(words[:1])
        assert tree.at(one.start) >= at or one.level == "table"
    own = [one for one in tree.clauses if one.level != "row"]
    assert all(one.end <= other.start for one, other in pairwise(own))
    # Nothing is lost: what no clause holds is white space.
    held = {place for one in tree.clauses for place in range(one.start, one.end)}
    assert not "".join(sign for place, sign in enumerate(cleaned.text) if place not in held).strip()
