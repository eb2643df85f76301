"""What is left out of a plan is seen, can be undone, and every place leads back to the source."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from anlan.formats.policy import clean, source_of
from anlan.formats.policy.cleaning import KINDS

PAGE = """北山市人民政府网
首页
您的位置：首页 > 政务公开 > 规划计划
北山市2026年应急管理工作要点
发布日期：2026-02-01 浏览次数：12
一、总体要求
坚持人民至上，生命至上。
二、重点任务
加强值班值守（牵头领导：王一宁
李二川），确保政令 畅通、信息准确，不漏一次险情。
打印本页
关闭窗口
网站地图
"""


def kinds(text: str, kind: str = "txt") -> list[tuple[str, str, str]]:
    return [(edit.kind, edit.before, edit.after) for edit in clean(source_of("a", text, kind)).edits]


def test_what_belongs_to_the_page_is_proposed_and_the_words_stay():
    cleaned = clean(source_of("a.txt", PAGE))
    assert [edit.before for edit in cleaned.edits if edit.kind == "navigation"] == [
        "北山市人民政府网", "首页", "您的位置：首页 > 政务公开 > 规划计划", "发布日期：2026-02-01 浏览次数：12",
        "打印本页", "关闭窗口",
        "网站地图",
    ]  # fmt: skip
    assert "王一宁 李二川）" in cleaned.text
    assert "政令畅通" in cleaned.text
    assert cleaned.original == PAGE


def test_the_issuer_and_the_number_above_a_title_stay():
    head = "北山市应急管理局文件\n北应急〔2026〕3号\n关于印发2026年工作要点的通知\n各科室：\n现印发给你们。\n"
    assert kinds(head) == []


def test_an_undone_edit_is_undone_alone():
    cleaned = clean(source_of("a.txt", PAGE))
    join = next(edit for edit in cleaned.edits if edit.kind == "broken_line")
    again = clean(source_of("a.txt", PAGE), keep={join.id, "navigation-99999"})
    assert "王一宁\n李二川" in again.text
    assert again.undone == {join.id}
    assert [edit.id for edit in again.edits] == [edit.id for edit in cleaned.edits]


def test_page_numbers_in_the_middle_of_sentences_go_and_the_sentence_is_whole():
    text = (
        "1、为保障安全发展，推进治理体系和治理能力现\n2、代化建设，坚持源头治理，完善应急指挥机制和预\n3、案体系"
        "，提升救援能力。\n4、全县一盘棋。"
    )
    cleaned = clean(source_of("a", text))
    assert {edit.kind for edit in cleaned.edits} == {"page_number"}
    assert cleaned.text == text.replace("\n4、", "").replace("\n3、", "").replace("\n2、", "").removeprefix("1、")


def test_a_numbered_list_is_no_row_of_page_numbers():
    assert kinds("1、建立台账。\n2、排查隐患。\n3、落实整改。\n4、总结经验。") == []
    assert kinds("1、建立台账\n2、排查隐患\n3、落实整改\n总结\n经验\n推广\n提高\n巩固") == []


def test_a_text_that_stands_twice_keeps_its_first_half():
    half = "\n".join(
        f"{sign}、任务{sign}\n" + f"第{sign}项任务的内容要逐条逐项落实到岗到人并按月通报进展。" * 3
        for sign in "一二三四"
    )
    cleaned = clean(source_of("a", f"{half}\n{half}\n"))
    assert [edit.kind for edit in cleaned.edits] == ["doubled"]
    assert cleaned.text.strip() == half


def test_traditional_characters_are_made_simple_and_simple_ones_left():
    traditional = "一、總體要求\n著力防範化解重大風險，顯著提升應急管理能力。"
    cleaned = clean(source_of("a", traditional))
    assert cleaned.text == "一、总体要求\n着力防范化解重大风险，显著提升应急管理能力。"
    assert {edit.kind for edit in cleaned.edits} == {"traditional"}
    assert cleaned.place(cleaned.text.index("显著")) == traditional.index("顯著")
    assert kinds("加强林区瞭望塔值守，乾隆年间水利碑刻予以保护。") == []


def test_lines_of_paper_are_joined_and_headings_are_not():
    lines = ["一、总体要求", "坚持人民至上生命至上统筹发展和安全全面提升本质安全",
    "水平，坚决防范遏制重特大事故，为高质量发展营造安全稳定",
             "的环境。", "二、重点任务", "加强源头治理和系统治理严格落实各级各部门各单位安全", "生产责任。",
             "（一）排查", "逐家逐户。"]  # fmt: skip
    assert clean(source_of("a", "\n".join(lines))).text.splitlines() == [
        lines[0], lines[1] + lines[2] + lines[3], lines[4], lines[5] + lines[6], lines[7], lines[8]
    ]  # fmt: skip


def test_heads_feet_and_numbers_of_printed_pages_go():
    pages = [
        "安全规划\n一、总则\n坚持预防为主防治结合的方针加强领导\n- 1 -",
        "安全规划\n和协调。\n二、任务\n完成排查。\n2",
        "安全规划\n三、保障\n落实经费。\n3",
    ]
    cleaned = clean(source_of("a", "\n\f".join(pages), "pdf"))
    assert [edit.before for edit in cleaned.edits if edit.kind == "navigation"] == ["安全规划"] * 3
    assert "加强领导和协调。" in cleaned.text.replace("\n", "").replace("\f", "")
    assert "- 1 -" not in cleaned.text
    assert cleaned.text.split()[-1] == "落实经费。"


TEXTS = st.text(
    st.sampled_from(
        "一二三、（）(1)2.①是 \n\t　|。，：；应急管理總體風險首页打印关闭牵头领导王宁%达到年20百次至少-\f>#“”"
    ),
    max_size=200,
)


@given(TEXTS, st.sampled_from(["txt", "pdf"]), st.data())
def test_undoing_all_gives_the_source_and_every_place_leads_back(text, kind, data):
    source = source_of("a", text, kind)
    cleaned = clean(source)
    every = [edit.id for edit in cleaned.edits]
    assert len(set(every)) == len(every)
    assert clean(source, keep=every).text == text
    for one, other in pairwise(cleaned.edits):
        assert one.end <= other.start
    for edit in cleaned.edits:
        assert edit.kind in KINDS
        assert text[edit.start : edit.end] == edit.before != edit.after
    some = clean(source, keep=data.draw(st.sets(st.sampled_from(every))) if every else ())
    places = [some.place(at) for at in range(len(some.text) + 1)]
    assert places == sorted(places)
    assert places[-1] == len(text)
    changed = {at for edit in some.applied for at in range(edit.start, edit.end)}
    assert all(places[at] in changed or text[places[at]] == sign for at, sign in enumerate(some.text))


def test_words_of_pages_stay_where_they_are_words_of_the_plan():
    table = "序号\n项目\n内容\n1\n水库\n加固。\n2\n堤防\n更新。\n"
    first, second = (
        "\n".join(f"{n}.任务{n}。做好工作。" for n in numbers) for numbers in (range(1, 40), range(40, 80))
    )
    assert (
        kinds(f"北山市2026年度工作方案\n一、任务\n主办单位：县应急局\n{table}{first}\n来源：省级资金\n{second}\n") == []
    )


def test_menus_of_a_page_of_the_web_go_up_to_the_title():
    menu = "\n".join(["政务公开", "规划计划", "通知公告", "应急要闻"] * 20)
    cleaned = clean(source_of("a", f"{menu}\n关于印发北山市2026年工作方案的通知\n各科室：\n现印发给你们。\n", "html"))
    assert cleaned.text.split() == ["关于印发北山市2026年工作方案的通知", "各科室：", "现印发给你们。"]
