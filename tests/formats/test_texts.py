"""Documents read and cut into clauses: what is written is found, what is not written is never made up."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statutes import STATUTES, statute

from anlan.formats.faults import Refused
from anlan.formats.texts.cutting import SCHEMES, cut
from anlan.formats.texts.limited import open_text
from anlan.formats.texts.numerals import value_of
from anlan.formats.texts.reading import Limits, Line, Text, read_text, text_of

LIMITS = Limits()
SHEET = (
    "化学品及企业标识", "危险性概述", "成分/组成信息", "急救措施", "消防措施", "泄漏应急处理", "操作处置与储存",
    "接触控制和个体防护", "理化特性", "稳定性和反应性", "毒理学信息", "生态学信息", "废弃处置", "运输信息", "法规信息",
    "其他信息",
)  # fmt: skip

LAW = """安澜县试行办法
（2025年3月2日安澜县人民政府令第12号公布）
目 录
第一章 总则
第二章 职责
第一章 总 则
第一条 为了试行，制定本办法。
第二条　本办法所称单位，是指下列单位：
（一）工厂；
1.有围墙的；
2.没有围墙的；
（二）商店。
前款以外的单位，参照执行。
第十七条规定的情形除外。
第二章 职 责
第三条 各单位应当：
（一）巡查；
（三）报告。
第五条 本条之前少一条。
第五条 本条重复。
第六条之一 增加的一条。
第七条 本办法自2025年5月1日起施行。
"""


def text(said: str) -> Text:
    return text_of(said.encode(), LIMITS)


def by_anchor(found):
    return {piece.anchor: piece for piece in found.pieces}


@pytest.mark.parametrize(
    ("numeral", "value"),
    [("一", 1), ("十", 10), ("十二", 12), ("二十", 20), ("一百零五", 105), ("一百一十九", 119), ("二〇二四", 2024),
     ("１２", 12), ("一千二百", 1200), ("百十", 110), ("", None), ("甲", None), ("十百", None)],
)  # fmt: skip
def test_numerals(numeral, value):
    assert value_of(numeral) == value


def test_a_law_is_cut_into_chapters_articles_paragraphs_and_items():
    found = cut(text(LAW))
    assert (found.title, found.scheme, found.number) == ("安澜县试行办法", "articles", "令第12号")
    assert (found.issued, found.in_force) == (date(2025, 3, 2), date(2025, 5, 1))
    pieces = by_anchor(found)
    assert pieces["C1"].heading == "总则"
    assert pieces["a1"].text == "为了试行，制定本办法。"
    assert pieces["a2"].text == ""
    assert pieces["a2-p1"].text == "本办法所称单位，是指下列单位："
    assert pieces["a2-p1-i1-s2"].locator == "第二条第一款第（一）项第2目"
    assert pieces["a2-p2"].text == "前款以外的单位，参照执行。"
    assert pieces["a2-p3"].text == "第十七条规定的情形除外。"  # begins with another article's number
    assert pieces["a3-i1"].locator == "第三条第（一）项"  # one paragraph: the article has its text itself
    assert pieces["a6.1"].number == "第六条之一"


def test_missing_and_repeated_numbers_are_reported_and_not_mended():
    found = cut(text(LAW))
    said = {(one.code, one.level, one.under): one.numbers for one in found.findings}
    assert said["missing", "article", ""] == ("4",)
    assert said["repeated", "article", ""] == ("第五条",)
    assert said["missing", "item", "第三条"] == ("2",)
    assert ("contents", "", "") in said
    assert [one.number for one in found.pieces if one.level == "article"] == [
        "第一条", "第二条", "第三条", "第五条", "第五条", "第六条之一", "第七条"
    ]  # fmt: skip


def test_nothing_of_a_law_gets_lost():
    kept = "".join(f"{piece.number}{piece.heading}{piece.text}" for piece in cut(text(LAW)).pieces)
    body = LAW.split("目 录\n第一章 总则\n第二章 职责\n")[1]
    assert re.sub(r"\s", "", kept).endswith(re.sub(r"\s", "", body))


@pytest.mark.parametrize("name", STATUTES)
def test_statutes_are_cut_as_counted_by_hand(name):
    articles, chapters = STATUTES[name]
    path = statute(name)
    found = cut(read_text(path, LIMITS))
    assert (found.count("article"), found.count("chapter")) == (articles, chapters)
    assert found.findings == ()
    raw = path.read_text(encoding="utf-8").split("<!-- INFO END -->")[1]
    kept = "".join(f"{piece.number}{piece.heading}{piece.text}" for piece in found.pieces if piece.level != "lead")
    assert re.sub(r"[\s　#]", "", kept) == re.sub(r"[\s　#]", "", raw)


def test_articles_of_the_work_safety_law_by_heart():
    found = by_anchor(cut(read_text(statute("law_安全生产法(2021-06-10).md"), LIMITS)))
    assert sum(1 for anchor in found if re.fullmatch(r"a21-i\d+", anchor)) == 7  # seven duties of the first in charge
    assert sum(1 for anchor in found if re.fullmatch(r"a4-p\d+", anchor)) == 2


def test_a_standard_is_cut_by_its_decimal_numbers():
    said = """试验要求
1 范围
本文件规定了要求。
2 术语
2.1 单元
一个整体。
2.2 临界量 某种物质的数量。
4 方法
4.1 总则
a) 先辨识；
b) 后分级。
20 m 以内不计。
附录 A 取值
A.1 表
取值见表。"""
    found = cut(text(said))
    assert found.scheme == "decimal"
    pieces = by_anchor(found)
    assert pieces["2.1"].heading == "单元"
    assert pieces["2.1"].text == "一个整体。"
    assert pieces["2.2"].text == "临界量 某种物质的数量。"
    assert pieces["4.1-i2"].locator == "4.1第b)项"
    assert pieces["4.1-p1"].text == "20 m 以内不计。"
    assert pieces["x1"].heading == "取值"
    assert [(one.code, one.numbers) for one in found.findings] == [("missing", ("3",))]


def test_house_rules_are_cut_by_their_headings():
    said = "值班规定\n一、总的要求\n（一）按时到岗。\n1.提前十分钟；\n2.当面交接。\n三、附则\n由办公室解释。"
    found = cut(text(said))
    assert found.scheme == "headings"
    pieces = by_anchor(found)
    assert pieces["h1-h1-h2"].text == "当面交接。"
    assert pieces["h3"].text == "由办公室解释。"
    assert ("missing", ("2",)) in [(one.code, one.numbers) for one in found.findings]


def test_a_data_sheet_lacking_sections_says_which():
    lines = [f"第{n}部分 {title}\n内容{n}。" for n, title in enumerate(SHEET, 1) if n not in (11, 12)]
    found = cut(text("氨 安全技术说明书\n" + "\n".join(lines)), sheet=SHEET)
    assert (found.scheme, found.count("sheet")) == ("sheet", 14)
    assert [(one.code, one.numbers) for one in found.findings] == [("missing", ("11–12",))]


def test_a_number_beyond_all_measure_costs_nothing():
    found = cut(text("甲\n第一条 一。\n第999999999条 二。"))
    assert [(one.code, one.numbers, one.n) for one in found.findings] == [("missing", ("2–999999998",), 999_999_997)]


def test_a_text_without_numbers_says_so():
    found = cut(text("通知\n请各单位注意防火。\n另行通知。"))
    assert [one.code for one in found.findings] == ["uncut"]
    assert [one.text for one in found.pieces] == ["请各单位注意防火。", "另行通知。"]


@given(
    st.lists(st.text("第一二三条章节（）、.123 4目录附件 a)。", max_size=24), max_size=12),
    st.sampled_from(["", *SCHEMES]),
)
def test_any_lines_are_cut_with_anchors_that_differ(lines, scheme):
    found = cut(Text("txt", tuple(Line(" ".join(one.split())) for one in lines if one.strip())), scheme, sheet=SHEET)
    anchors = [piece.anchor for piece in found.pieces]
    assert len(anchors) == len(set(anchors))
    assert all(piece.parent < at for at, piece in enumerate(found.pieces))


def test_gb18030_and_html_read_alike():
    plain = text_of("题目\n第一条 内容。\n第二条 其余。".encode("gb18030"), LIMITS)
    head = "<html><head><title>x</title><script>var a='第九条 假';</script></head>"
    page = f"{head}<body><h1>题目</h1><p>第一条&nbsp;内容。</p><div>第二条 其余。</div></body></html>"
    assert [line.text for line in text_of(page.encode(), LIMITS).lines] == [line.text for line in plain.lines]


def word(*paragraphs: str) -> bytes:
    document = docx.Document()
    for one in paragraphs:
        document.add_paragraph(one)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_word_reads_apart_with_headings_tables_and_automatic_numbers_named():
    document = docx.Document()
    document.add_heading("规定", 1)
    document.add_paragraph("第一条 内容。")
    document.add_paragraph("自动编号", style="List Number")
    numbered = document.paragraphs[-1]._p.get_or_add_pPr().get_or_add_numPr()
    numbered.get_or_add_numId().val = 1
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "甲", "乙"
    out = io.BytesIO()
    document.save(out)
    found = open_text(out.getvalue())
    assert found.kind == "docx"
    assert [(line.text, line.heading) for line in found.lines] == [
        ("规定", 1), ("第一条 内容。", 0), ("自动编号", 0), ("甲 | 乙", 0)
    ]  # fmt: skip
    assert found.unwritten == 1


def _zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


HOSTILE = {
    "empty": (b" \n ", "empty_file"),
    "old word": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "unsupported"),
    "pdf": (b"%PDF-1.7\n", "unsupported"),
    "binary": (b"abc\x00\x01\x02def", "unsupported"),
    "zip that is no document": (_zipped({"a.txt": b"x"}), "unsupported"),
    "cut zip": (word("第一条 内容。")[:900], "broken_zip"),
    "macros": (_zipped({"word/document.xml": b"<d/>", "word/vbaProject.bin": b"x"}), "macros"),
    "bomb": (_zipped({"word/document.xml": b"<d>" + b" " * (8 << 20) + b"</d>"}), "zip_bomb"),
    "entity": (_zipped({"word/document.xml": b'<!DOCTYPE d [<!ENTITY a "b">]><d>&a;</d>'}), "doctype"),
    "outside": (_zipped({"word/document.xml": b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><d/>'}), "doctype"),
    "deep": (_zipped({"word/document.xml": b"<a>" * 5_000 + b"</a>" * 5_000}), "too_deep"),
    "no xml": (_zipped({"word/document.xml": b"<d><p></d>"}), "broken_xml"),
    "no encoding": (b"\xff\xfe\xfd\xfc\x80\x81\xff\xff" * 20 + b"\xff", "unknown_encoding"),
    "too large": (b"a" * ((10 << 20) + 1), "too_large"),
    "endless text": (b"a" * (9 << 20), "text_too_long"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_a_process_apart(name):
    data, code = HOSTILE[name]
    with pytest.raises(Refused) as refused:
        open_text(data)
    assert refused.value.code == code


def test_html_of_many_open_elements_is_read():
    found = open_text(b"<html>" + b"<div><p>" * 100_000 + "第一条 内容。".encode())
    assert found.lines[-1].text == "第一条 内容。"
