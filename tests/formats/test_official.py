from __future__ import annotations

import io
import itertools
from datetime import date

import pytest
from docx import Document
from docx.enum.text import WD_LINE_SPACING
from docx.oxml.ns import qn
from docx.shared import Mm

from anlan.formats.official import layout, pdf, word
from anlan.formats.official.frozen import freeze, thaw
from anlan.formats.official.paper import (
    Annex,
    BadPaper,
    Heading,
    Paper,
    Table,
    Text,
    annex_lines,
    chinese_number,
    day_words,
    numbered,
    sign_indents,
    title_lines,
)

BODY = (
    Text("经核查，该任务逾期8天。"),
    Heading(1, "存在问题"),
    Heading(2, "监测设施未恢复。", "三处位移监测点仍离线。"),
    Heading(3, "坝顶两处。"),
    Heading(4, "东侧。"),
    Heading(2, "物资未补齐。"),
    Heading(1, "有关要求"),
    Text("请按期答复。"),
)


def paper(**more) -> Paper:
    fields = {
        "organ": "安澜县应急管理局", "number": "安应急督〔2026〕3号",
        "title": "关于加快推进丹崖镇尾矿库安全风险整治任务的督办函",
        "to": ("丹崖镇人民政府",), "body": BODY, "signed": "安澜县应急管理局", "on": date(2026, 3, 1),
        "copies": ("县委办公室", "县政府办公室"), "printed_by": "安澜县应急管理局办公室",
        "printed_on": date(2026, 3, 2),
    }  # fmt: skip
    return Paper(**(fields | more))


def opened(one: Paper):
    return Document(io.BytesIO(word.made(one)))


def line(document, words: str):
    return next(found for found in document.paragraphs if words in found.text)


def face(run) -> tuple[str, float]:
    return run._r.rPr.rFonts.get(qn("w:eastAsia")), run.font.size.pt


def test_page_and_margins_leave_the_area_of_type_of_the_standard():
    section = opened(paper()).sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert (round(section.top_margin.mm), round(section.left_margin.mm)) == (37, 28)
    assert round(section.page_width.mm - section.left_margin.mm - section.right_margin.mm) == 156
    assert round(section.page_height.mm - section.top_margin.mm - section.bottom_margin.mm) == 225
    grid = section._sectPr.find(qn("w:docGrid"))
    assert abs(int(grid.get(qn("w:linePitch"))) / 20 * 22 - Mm(225).pt) < 1  # 22 lines fill it
    pitch = 16 + int(grid.get(qn("w:charSpace"))) / 4096
    assert abs(pitch * 28 - Mm(156).pt) < 0.1  # 28 signs fill a line


def test_faces_and_sizes_of_head_title_body_and_levels():
    document = opened(paper())
    head, title = line(document, "安澜县应急管理局文件").runs[0], line(document, "整治任务的督办函").runs[0]
    assert str(head.font.color.rgb) == "FF0000" and face(head)[0] == "方正小标宋简体"
    assert face(title) == ("方正小标宋简体", 22)
    assert face(line(document, "经核查").runs[0]) == ("仿宋", 16)
    assert face(line(document, "一、存在问题").runs[0]) == ("黑体", 16)
    second = line(document, "（一）监测设施")
    assert [face(run) for run in second.runs] == [("楷体", 16), ("仿宋", 16)]
    assert face(line(document, "1.坝顶").runs[0]) == face(line(document, "（1）东侧").runs[0]) == ("仿宋", 16)
    assert face(line(document, "抄送").runs[0]) == ("仿宋", 14)
    body = line(document, "经核查").paragraph_format
    assert body.line_spacing_rule == WD_LINE_SPACING.EXACTLY and abs(body.line_spacing.pt - layout.LINE_PT) < 0.05
    assert line(document, "经核查")._p.pPr.ind.get(qn("w:firstLineChars")) == "200"


def test_number_line_addressee_signature_and_imprint_stand_as_the_standard_says():
    document = opened(paper())
    texts = [found.text for found in document.paragraphs]
    number = line(document, "安应急督〔2026〕3号")
    below = number._p.pPr.find(qn("w:pBdr")).find(qn("w:bottom"))
    assert below.get(qn("w:color")) == "FF0000" and int(below.get(qn("w:space"))) == 11  # 4 mm
    at = texts.index("安应急督〔2026〕3号")
    assert texts[at - 2 : at] == texts[at + 1 : at + 3] == ["", ""]  # two blank lines above and below
    assert "丹崖镇人民政府：" in texts and "抄送：县委办公室，县政府办公室。" in texts
    assert texts[texts.index("请按期答复。") + 3] == "安澜县应急管理局"
    assert "2026年3月1日" in texts and "安澜县应急管理局办公室\t2026年3月2日印发" in texts
    imprint = line(document, "抄送")._p.pPr
    assert imprint.find(qn("w:framePr")).get(qn("w:yAlign")) == "bottom"
    assert [int(side.get(qn("w:sz"))) for side in imprint.find(qn("w:pBdr"))] == [8]  # 0.35 mm
    footer = document.sections[0].footer.paragraphs[0]
    assert footer.text == "—  —" and face(footer.runs[0]) == ("宋体", 14)
    assert footer.alignment is not None and document.sections[0].even_page_footer.paragraphs[0].alignment is None


def test_a_paper_to_a_higher_organ_names_its_signer_beside_the_number():
    found = line(opened(paper(signer="沈知微")), "安应急督")
    assert found.text == "安应急督〔2026〕3号\t签发人：沈知微"
    assert face(found.runs[-1]) == ("楷体", 16)


def test_numbering_begins_anew_below_each_higher_level():
    assert [number for block, number in numbered(BODY) if number] == ["一、", "（一）", "1.", "（1）", "（二）", "二、"]
    assert [chinese_number(n) for n in (1, 10, 11, 20, 99)] == ["一", "十", "十一", "二十", "九十九"]


@pytest.mark.parametrize("number", ["安应急[2026]3号", "安应急〔26〕3号", "安应急〔2026〕03号", "安应急〔2026〕第3号"])
def test_a_number_of_another_form_is_refused(number):
    with pytest.raises(BadPaper):
        paper(number=number)


def test_a_level_is_not_left_out():
    with pytest.raises(BadPaper, match="level 3"):
        paper(body=(Heading(1, "甲"), Heading(3, "乙")))


def test_annexes_are_named_and_numbered_when_there_are_several():
    assert annex_lines([Annex("问题清单")]) == ["附件：问题清单"]
    assert annex_lines([Annex("甲"), Annex("乙")]) == ["附件：1. 甲", "　　　2. 乙"]
    document = opened(paper(annexes=(Annex("甲", BODY[:1]), Annex("乙", (Table(("序号", "内容"), (("1", "坝体"),)),)))))
    mark = line(document, "附件1") if any(p.text == "附件1" for p in document.paragraphs) else None
    assert mark is not None
    first = next(found for found in document.paragraphs if found.text == "附件1")
    assert first.paragraph_format.page_break_before and face(first.runs[0]) == ("黑体", 16)
    assert [cell.text for cell in document.tables[0].rows[1].cells] == ["1", "坝体"]


def test_days_signature_and_title():
    assert day_words(date(2026, 3, 1)) == "2026年3月1日"
    assert sign_indents("安澜县应急管理局", date(2026, 3, 1)) == (2, 2)  # 8 signs over 6: the day two to the right
    assert sign_indents("县安委办", date(2026, 11, 28)) == (7, 2)  # the longer day pushes the name left
    assert title_lines("短标题", 18) == ["短标题"]
    assert [len(one) for one in title_lines("关" * 40, 18)] == [12, 14, 14]


def test_an_issued_paper_comes_back_from_its_json():
    one = paper(annexes=(Annex("甲", (Table(("序号",), (("1",),)),)),), note="此件公开")
    assert thaw(freeze(one)) == one


def test_the_pdf_has_a4_pages_and_every_line_lies_inside_the_area_of_type():
    one = paper(body=(*BODY, *(Text("各有关单位要切实履行职责，落实整改措施，" * 6),) * 12))
    pages = pdf.plan(one)
    data = pdf.made(one)
    assert data.startswith(b"%PDF") and data.count(b"/MediaBox [ 0 0 595.2756 841.8898 ]") == len(pages) > 1
    width, height = layout.TYPE_WIDTH_MM * layout.MM, layout.TYPE_HEIGHT_MM * layout.MM
    for page in pages:
        for found in page.placed:
            assert 0 <= found.y <= height and found.x >= -0.5
            assert found.x + pdf.width_of(found.text, found.size, found.spread) <= width + 1, found.text
    body = [found for found in pages[1].placed if found.size == 16]
    steps = {round(b.y - a.y, 2) for a, b in itertools.pairwise(body)}
    assert round(layout.LINE_PT, 2) in steps and len(body) == 22
    assert max(len(found.text) for found in body) == 28


def test_the_pdf_sets_the_head_red_35_mm_down_with_its_line_and_the_imprint_on_the_lower_edge():
    page = pdf.plan(paper())[0]
    head = next(found for found in page.placed if found.text.endswith("文件"))
    assert head.colour == layout.RED and head.y > 35 * layout.MM
    red = [rule for rule in page.rules if rule.colour == layout.RED]
    assert len(red) == 1 and red[0].to_x == pytest.approx(156 * layout.MM)
    last = pdf.plan(paper())[-1].rules[-1]
    assert last.y == pytest.approx(225 * layout.MM) and last.width == pytest.approx(0.35 * layout.MM)


def test_no_line_begins_with_a_mark_or_tears_a_number():
    text = "经核查" * 9 + "，共2026项，" * 30
    lines = list(pdf.broken(text, 16, layout.PITCH_PT - 16, 156 * layout.MM))
    assert "".join(lines) == text
    assert not any(one[0] in "，。、；：" for one in lines)
