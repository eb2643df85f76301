"""Plans as text, HTML, Word and PDF read alike, in a process of their own; hostile ones are refused."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import docx
import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas

from anlan.formats.faults import Refused
from anlan.formats.policy import Bounds, Source, clean, cut, extract, read, source_of
from anlan.formats.policy.reading import read_source

LINES = [
    "云岭县2026年工作方案", "一、总体要求", "事故起数下降15%以上。", "二、重点任务",
    "（一）开展排查。6月底前完成全部企业排查。",
    "（二）提升能力。新建站点8个。",
]  # fmt: skip
ROWS = [("序号", "项目名称", "投资（万元）"), ("1", "指挥中心", ""), ("2", "物资库", "300")]
BARS = [" | ".join(row).strip() for row in ROWS]


def word() -> bytes:
    document = docx.Document()
    for line in LINES:
        document.add_paragraph(line)
    table = document.add_table(len(ROWS), 3)
    for cells, row in zip(table.rows, ROWS, strict=True):
        for cell, said in zip(cells.cells, row, strict=True):
            cell.text = said
    table.rows[1].cells[1].add_paragraph("二期")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def hypertext() -> bytes:
    rows = "".join("<tr>" + "".join(f"<td><p>{cell}</p></td>" for cell in row) + "</tr>" for row in ROWS)
    rows = rows.replace("<p>指挥中心</p>", "<p>指挥中心</p><p>二期</p>")
    lines = "".join(f"<p>{line}</p>" for line in LINES)
    page = f"<nav>首页</nav><table><tr><td>{lines}<table>{rows}</table></td></tr></table>"
    return f"<html><body>{page}</body></html>".encode()


def pdf(pages: Sequence[Sequence[str]]) -> bytes:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    paper = canvas.Canvas(out)
    for lines in pages:
        paper.setFont("STSong-Light", 12)
        for at, line in enumerate(lines):
            paper.drawString(60, 780 - 20 * at, line)
        paper.showPage()
    paper.save()
    return out.getvalue()


def scan() -> bytes:
    out = io.BytesIO()
    paper = canvas.Canvas(out)
    for _page in range(2):
        paper.drawImage(ImageReader(Image.new("L", (40, 40), 200)), 0, 0, 500, 700)
        paper.showPage()
    paper.save()
    return out.getvalue()


@pytest.mark.parametrize("made", [word, hypertext])
def test_word_and_html_give_the_text_with_cells_in_their_columns(made):
    source = read("a", made())
    said = [line.strip() for line in source.text.splitlines() if line.strip()]
    assert said == [*LINES, BARS[0], "1 | 指挥中心 二期 |", BARS[2]]
    (project, other) = extract(cut(clean(source))).projects
    assert (project.name, project.budget) == ("指挥中心 二期", None)
    assert (other.name, other.budget, other.unit) == ("物资库", 300, "万元")


def here(path: Path, data: bytes, bounds: Bounds) -> Source:
    """Read in this process, which is quicker; the door itself is tried above and below."""
    (path / "source").write_bytes(data)
    return read_source("a", path / "source", bounds)


def test_text_is_read_to_the_character(tmp_path):
    said = "\n".join(LINES) + "\r\n　\x0b\n"
    for data in (said.encode(), said.encode("gb18030"), b"\xef\xbb\xbf" + said.encode()):
        assert here(tmp_path, data, Bounds()).text == said


def test_cells_that_span_leave_their_places_empty(tmp_path):
    rows = (
        '<tr><td rowspan="2">1</td><td>甲</td><td>乙</td></tr><tr><td>丙</td><td>丁</td></tr>'
        "<tr><td colspan=2>2</td><td>戊</td></tr>"
    )
    source = here(tmp_path, f"<html><table>{rows}</table></html>".encode(), Bounds())
    assert [[cell.text for cell in row] for row in source.tables[0].rows] == [
        ["1", "甲", "乙"], ["", "丙", "丁"], ["2", "", "戊"]
    ]  # fmt: skip


def test_a_pdf_is_read_line_by_line_and_page_by_page():
    source = read("a.pdf", pdf([[*LINES[:4], "- 1 -"], [*LINES[4:], "- 2 -"]]))
    assert source.kind == "pdf"
    assert source.text.count("\f") == 1
    assert [line for line in clean(source).text.replace("\f", "").splitlines() if line] == LINES
    assert [one.number for one in cut(clean(source)).clauses if one.number] == ["一、", "二、", "（一）", "（二）"]


def test_a_page_without_text_among_others_is_named(tmp_path):
    tree = cut(clean(here(tmp_path, pdf([LINES, [], LINES[:2]]), Bounds())))
    assert [(one.code, one.numbers) for one in tree.findings if one.code == "blank"] == [("blank", ("2",))]


def drawn(places: Sequence[tuple[int, int, str]]) -> bytes:
    """A page that draws its words in the order given."""
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    paper = canvas.Canvas(out)
    paper.setFont("STSong-Light", 12)
    for x, y, said in places:
        paper.drawString(x, y, said)
    paper.showPage()
    paper.save()
    return out.getvalue()


def test_lines_are_read_from_top_to_bottom_whatever_order_they_are_drawn_in(tmp_path):
    data = drawn(
        [
            (60, 700, "二、任务"),
            (60, 740, "一、总则"),
            (130, 680, "第二句。"),
            (60, 680, "第一句，"),
            (60, 720, "内容。"),
        ]
    )
    assert here(tmp_path, data, Bounds()).text == "一、总则\n内容。\n二、任务\n第一句，第二句。"


def test_two_columns_are_read_one_after_the_other(tmp_path):
    data = drawn([(60, 700, "左上"), (60, 680, "左下"), (330, 700, "右上"), (330, 680, "右下")])
    assert here(tmp_path, data, Bounds()).text.split() == ["左上", "左下", "右上", "右下"]


def bomb() -> bytes:
    """A page whose content unpacks to 140 MiB."""
    stream = zlib.compress(b"(a) Tj " * (20 << 20), 9)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<<>>>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(stream), stream),
    ]  # fmt: skip
    out = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, body)
    at = len(out)
    out += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer<</Root 1 0 R/Size 5>>\nstartxref\n%d\n%%%%EOF" % at


def loop() -> bytes:
    """Pages that hold themselves."""
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R]/Count 9>>endobj\n"
        b"trailer<</Root 1 0 R/Size 3>>\nstartxref\n9\n%%EOF"
    )


HOSTILE = {
    "scan": (scan(), {"no_text_layer"}),
    "cut": (pdf([LINES])[:700], {"broken_pdf"}),
    "no pdf at all": (b"%PDF-1.7\n" + b"x" * 500, {"broken_pdf"}),
    "pages that hold themselves": (loop(), {"broken_pdf", "no_text_layer", "too_slow"}),
    "unpacks beyond all measure": (bomb(), {"broken_pdf", "too_slow", "too_much_memory", "no_text_layer"}),
    "too many pages": (pdf([["一"]] * 6), {"too_many_pages"}),
    "too many signs": (("字" * 3_001).encode(), {"text_too_long"}),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), {"unsupported"}),
    "nothing": (b" \n", {"empty_file"}),
}


#: Files that are refused by what reads them; the others may need the bounds of a process.
HARMLESS = ("scan", "cut", "no pdf at all", "too many pages", "too many signs", "picture", "nothing")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_what_is_wrong(name, tmp_path):
    data, codes = HOSTILE[name]
    bounds = Bounds(pages=5, signs=3_000, seconds=5, memory=64)
    with pytest.raises(Refused) as refused:
        if name in HARMLESS:
            here(tmp_path, data, bounds)
        else:
            read("a", data, bounds=bounds)
    assert refused.value.code in codes


def test_a_file_too_large_is_refused_before_it_is_read():
    with pytest.raises(Refused) as refused:
        read("big.txt", b"a" * 11, bounds=Bounds(bytes=10))
    assert (refused.value.code, refused.value.fault.where) == ("too_large", "big.txt")


GRIM = {
    "one endless line": "建立机制" * 10_000,
    "brackets never closed": "（责任单位：" * 6_000,
    "misread numbers": "(-)" * 20_000,
    "every sign a heading": "一、" * 30_000,
    "every line the same": "首页\n" * 20_000,
    "numbers of tables": "序号\n项目\n1\n" + "内容\n" * 20_000,
    "targets without end": "达到5%。" * 6_000,
    "every month": "每月" * 25_000,
    "spaces": "字 " * 30_000,
    "blank lines": "字" + "\n \n" * 30_000 + "字" + " " * 30_000 + "字",
    "tables": "a|b\nc|d\n\n文\n" * 5_000,
}


@pytest.mark.parametrize("name", GRIM)
def test_grim_texts_take_no_more_than_moments(name):
    tree = cut(clean(source_of("a", GRIM[name])))
    assert extract(tree) is not None
