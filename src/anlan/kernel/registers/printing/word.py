"""A printed archive as a Word document, to go on writing in."""

from __future__ import annotations

import io
from typing import Any

from django.utils.translation import gettext as _
from docx import Document
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from anlan.kernel.registers.printing.content import Content, Facts, Table

#: Named, not embedded: every Chinese office program has one of the two.
_CHINESE, _LATIN = "宋体", "Times New Roman"
_GREY = RGBColor(0x5B, 0x68, 0x75)


def made(content: Content) -> bytes:
    """The bytes of the file."""
    document = Document()
    _page(document, content)
    head = document.add_table(rows=1, cols=2)
    head.autofit = False
    left, right = head.rows[0].cells
    left.width, right.width = Mm(142), Mm(32)
    _line(left.paragraphs[0], content.bureau, size=9, grey=True)
    _line(left.add_paragraph(), content.title, size=18, bold=True)
    _line(left.add_paragraph(), content.sub, size=9, grey=True)
    if content.level:
        _line(left.add_paragraph(), content.level)
    right.paragraphs[0].add_run().add_picture(io.BytesIO(content.qr), width=Mm(26))
    for facts in content.facts:
        _facts(document, facts)
    for table in content.tables:
        _table(document, table)
    _line(document.add_paragraph(), content.address, size=9, grey=True)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _page(document: Any, content: Content) -> None:
    section = document.sections[0]
    section.orientation = WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(18)
    section.top_margin = section.bottom_margin = Mm(16)
    for name in ("Normal", "Heading 2"):
        style = document.styles[name]
        style.font.name = _LATIN
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _CHINESE)
    document.styles["Normal"].font.size = Pt(10)
    document.styles["Heading 2"].font.color.rgb = RGBColor(0x17, 0x21, 0x2B)
    document.core_properties.title = _printable(content.title)[:200]
    document.core_properties.author = content.bureau[:200]
    foot = section.footer.paragraphs[0]
    _line(foot, f"{content.foot} · ", size=8, grey=True)
    _page_number(foot)


def _page_number(paragraph: Any) -> None:
    """A field that Word fills in."""
    run = paragraph.add_run()
    for kind, words in (("begin", ""), ("", "PAGE"), ("end", "")):
        if kind:
            part = OxmlElement("w:fldChar")
            part.set(qn("w:fldCharType"), kind)
        else:
            part = OxmlElement("w:instrText")
            part.text = words
        run._r.append(part)


def _line(paragraph: Any, words: str, *, size: float = 10, bold: bool = False, grey: bool = False) -> None:
    run = paragraph.add_run(_printable(words))
    run.font.size, run.font.bold = Pt(size), bold
    if grey:
        run.font.color.rgb = _GREY
    paragraph.paragraph_format.space_after = Pt(2)


def _printable(words: str) -> str:
    """Without control characters, which no document of Office may hold."""
    return "".join(sign for sign in words if sign in "\n\t" or sign.isprintable())


def _facts(document: Any, facts: Facts) -> None:
    document.add_heading(_printable(facts.title), 2)
    if facts.pairs:
        rows = -(-len(facts.pairs) // 2)
        grid = document.add_table(rows=rows, cols=4, style="Table Grid")
        for at, (label, text) in enumerate(facts.pairs):
            cells = grid.rows[at // 2].cells
            _line(cells[at % 2 * 2].paragraphs[0], label, size=9, grey=True)
            _line(cells[at % 2 * 2 + 1].paragraphs[0], text)
    for label, text in facts.long:
        _line(document.add_paragraph(), label, size=9, grey=True)
        _line(document.add_paragraph(), text)


def _table(document: Any, table: Table) -> None:
    document.add_heading(_printable(f"{table.title} {len(table.rows)}"), 2)
    if not table.rows:
        _line(document.add_paragraph(), _("None"), size=9, grey=True)
        return
    grid = document.add_table(rows=1 + len(table.rows), cols=len(table.heads), style="Table Grid")
    for at, row in enumerate((table.heads, *table.rows)):
        for cell, words in zip(grid.rows[at].cells, row, strict=True):
            _line(cell.paragraphs[0], words, size=9, bold=at == 0)
    _repeat(grid.rows[0])
    if table.note:
        _line(document.add_paragraph(), table.note, size=9, grey=True)


def _repeat(row: Any) -> None:
    """Let a heading stand on every page of its table."""
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)
