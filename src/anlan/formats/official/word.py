"""An official paper as a Word document. Fonts are named, not embedded: every Chinese office program has them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from anlan.formats.official import layout
from anlan.formats.official.layout import Face
from anlan.formats.official.paper import (
    Annex,
    Block,
    Heading,
    Paper,
    Table,
    Text,
    annex_lines,
    day_words,
    numbered,
    sign_indents,
    title_lines,
)

_LATIN = "Times New Roman"
_RED = RGBColor.from_string(layout.RED[1:])
_CENTRE, _RIGHT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT
#: Twentieths of a point, of which Word counts indents and grids.
_TWIPS = 20


def made(paper: Paper) -> bytes:
    """The bytes of the file."""
    document = Document()
    _page(document, paper)
    _head(document, paper)
    _blank(document, 2)
    for line in title_lines(paper.title, _title_signs()):
        _line(document, line, layout.TITLE, align=_CENTRE, height=layout.TITLE.size * 1.5)
    _blank(document)
    if paper.to:
        _line(document, f"{'、'.join(paper.to)}：", layout.BODY)
    _blocks(document, paper.body)
    _closing(document, paper)
    for at, annex in enumerate(paper.annexes):
        if annex.blocks:
            _annex(document, annex, at + 1 if len(paper.annexes) > 1 else 0)
    _imprint(document, paper)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _title_signs() -> int:
    """Signs of the title that stand on one line, with room on both sides."""
    return int(layout.TYPE_WIDTH_MM * layout.MM / layout.SIZE_2) - 2


def _page(document: Any, paper: Paper) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(layout.PAGE_WIDTH_MM), Mm(layout.PAGE_HEIGHT_MM)
    section.top_margin, section.left_margin = Mm(layout.TOP_MM), Mm(layout.LEFT_MM)
    section.right_margin, section.bottom_margin = Mm(layout.RIGHT_MM), Mm(layout.BOTTOM_MM)
    section.footer_distance = Mm(layout.BOTTOM_MM - layout.NUMBER_DROP_MM - layout.NUMBER.size / layout.MM)
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section._sectPr.append(grid)
    grid.set(qn("w:type"), "linesAndChars")
    grid.set(qn("w:linePitch"), str(round(layout.LINE_PT * _TWIPS)))
    # In 4096ths of a point, what a sign of size 3 is moved closer so that 28 of them fill the line.
    grid.set(qn("w:charSpace"), str(round((layout.PITCH_PT - layout.BODY.size) * 4096)))
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = _LATIN, Pt(layout.BODY.size)
    normal.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), layout.BODY.name)
    document.core_properties.title = _printable(paper.title)[:200]
    document.core_properties.author = _printable(paper.organ)[:200]
    document.settings.odd_and_even_pages_header_footer = True
    _number(section.footer.paragraphs[0], align=_RIGHT)
    _number(section.even_page_footer.paragraphs[0], align=None)


def _number(paragraph: Any, *, align: Any) -> None:
    """— 1 —: one sign in from the outer edge (7.5)."""
    paragraph.alignment = align
    _indent(paragraph, "right" if align is not None else "left", 1)
    for words in ("— ", None, " —"):
        run = paragraph.add_run(words or "")
        _face(run, layout.NUMBER, latin=layout.NUMBER.name)
        if words is None:
            _field(run, "PAGE")


def _field(run: Any, code: str) -> None:
    """A field that Word fills in."""
    for kind in ("begin", "", "end"):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        else:
            part.text = code
        run._r.append(part)


def _head(document: Any, paper: Paper) -> None:
    """Secrecy and urgency, the red head, number and signer, the red line (7.2)."""
    marks = [words for words in (paper.secrecy, paper.urgency) if words]
    for words in marks:
        _line(document, words, layout.MARK)
    words = paper.organ + paper.head_word
    size = min(layout.HEAD_SIZE, layout.TYPE_WIDTH_MM * layout.MM / len(words))
    head = _line(document, words, Face(layout.HEAD.name, size), align=_CENTRE, height=size * 1.3, colour=_RED)
    head.paragraph_format.space_before = Pt(max(0.0, layout.HEAD_DROP_MM * layout.MM - len(marks) * layout.LINE_PT))
    _blank(document, 2)
    if paper.signer:  # a paper to a higher organ: number left, signer right, each one sign in
        number = _line(document, paper.number, layout.BODY)
        _indent(number, "left", 1)
        number.paragraph_format.tab_stops.add_tab_stop(
            Pt((layout.SIGNS - 1) * layout.PITCH_PT), WD_ALIGN_PARAGRAPH.RIGHT
        )
        _run(number, "\t签发人：", layout.BODY)
        _run(number, paper.signer, layout.SIGNER)
    else:
        number = _line(document, paper.number, layout.BODY, align=_CENTRE)
    _border(number, "bottom", layout.THICK_MM, colour=layout.RED[1:], gap_mm=layout.LINE_DROP_MM)


def _blocks(document: Any, blocks: Sequence[Block]) -> None:
    for block, number in numbered(blocks):
        if isinstance(block, Table):
            _table(document, block)
            continue
        if isinstance(block, Text):
            for words in block.words.split("\n"):
                _begun(_line(document, words, layout.BODY))
            continue
        face = layout.LEVELS[block.level - 1]
        _begun(_heading(document, block, number, face))


def _heading(document: Any, block: Heading, number: str, face: Face) -> Any:
    paragraph = _line(document, f"{number}{block.words}", face)
    if block.text:
        _run(paragraph, block.text, layout.BODY)
    return paragraph


def _begun(paragraph: Any) -> None:
    """The first line begins two signs in (7.3.3)."""
    found = paragraph._p.get_or_add_pPr().get_or_add_ind()
    found.set(qn("w:firstLineChars"), "200")
    found.set(qn("w:firstLine"), str(round(2 * layout.PITCH_PT * _TWIPS)))


def _closing(document: Any, paper: Paper) -> None:
    """Annexes named, signature and day, a note in brackets (7.3.4 to 7.3.6)."""
    lines = annex_lines(paper.annexes)
    if lines:
        _blank(document)
    for words in lines:
        _indent(_line(document, words, layout.BODY), "left", 2)
    _blank(document, 2 if not lines else 1)
    name_in, day_in = sign_indents(paper.signed, paper.on)
    _indent(_line(document, paper.signed, layout.BODY, align=_RIGHT), "right", name_in)
    _indent(_line(document, day_words(paper.on), layout.BODY, align=_RIGHT), "right", day_in)
    if paper.note:
        _indent(_line(document, f"（{paper.note}）", layout.BODY), "left", 2)


def _annex(document: Any, annex: Annex, number: int) -> None:
    """On a page of its own: the word in the first line, the title in the third (7.3.7)."""
    mark = _line(document, f"附件{number or ''}", layout.MARK)
    mark.paragraph_format.page_break_before = True
    _blank(document)
    for line in title_lines(annex.title, _title_signs()):
        _line(document, line, layout.TITLE, align=_CENTRE, height=layout.TITLE.size * 1.5)
    _blank(document)
    _blocks(document, annex.blocks)


def _imprint(document: Any, paper: Paper) -> None:
    """At the foot of the last page: copies, who printed and when, between lines (7.4)."""
    if not paper.printed_by or paper.printed_on is None:
        return
    rows = []
    if paper.copies:
        rows.append(_line(document, f"抄送：{'，'.join(paper.copies)}。", layout.IMPRINT))
    last = _line(document, paper.printed_by, layout.IMPRINT)
    last.paragraph_format.tab_stops.add_tab_stop(Pt((layout.SIGNS - 1) * layout.PITCH_PT), WD_ALIGN_PARAGRAPH.RIGHT)
    _run(last, f"\t{day_words(paper.printed_on)}印发", layout.IMPRINT)
    rows.append(last)
    for row in rows:
        _indent(row, "left", 1)
        _to_the_foot(row)
    _border(rows[0], "top", layout.THICK_MM)
    if len(rows) > 1:
        _border(rows[-1], "top", layout.THIN_MM)
    _border(rows[-1], "bottom", layout.THICK_MM)


def _to_the_foot(paragraph: Any) -> None:
    """A frame at the lower edge of the area of type, as wide as it."""
    frame = OxmlElement("w:framePr")
    for name, value in (
        ("w", str(round(layout.TYPE_WIDTH_MM * layout.MM * _TWIPS))), ("wrap", "around"), ("vAnchor", "margin"),
        ("hAnchor", "margin"), ("xAlign", "left"), ("yAlign", "bottom"),
    ):  # fmt: skip
        frame.set(qn(f"w:{name}"), value)
    properties = paragraph._p.get_or_add_pPr()
    properties.insert(0, frame)


def _table(document: Any, table: Table) -> None:
    grid = document.add_table(rows=1 + len(table.rows), cols=len(table.heads), style="Table Grid")
    grid.alignment = WD_TABLE_ALIGNMENT.CENTER
    for at, row in enumerate((table.heads, *table.rows)):
        for cell, words in zip(grid.rows[at].cells, row, strict=True):
            paragraph = cell.paragraphs[0]
            _set(paragraph, layout.IMPRINT.size * 1.4, _CENTRE if at == 0 else None)
            _run(paragraph, words, Face("黑体" if at == 0 else "仿宋", 12.0))
    heading = grid.rows[0]._tr.get_or_add_trPr()
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    heading.append(repeat)


def _blank(document: Any, lines: int = 1) -> None:
    for _at in range(lines):
        _line(document, "", layout.BODY)


def _line(
    document: Any, words: str, face: Face, *, align: Any = None, height: float = layout.LINE_PT, colour: Any = None
) -> Any:
    paragraph = document.add_paragraph()
    _set(paragraph, height, align)
    _run(paragraph, words, face, colour)
    return paragraph


def _set(paragraph: Any, height: float, align: Any) -> None:
    kept = paragraph.paragraph_format
    kept.space_before = kept.space_after = Pt(0)
    kept.line_spacing_rule, kept.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(round(height, 2))
    if align is not None:
        paragraph.alignment = align


def _run(paragraph: Any, words: str, face: Face, colour: Any = None) -> None:
    run = paragraph.add_run(_printable(words))
    _face(run, face)
    if colour is not None:
        run.font.color.rgb = colour


def _face(run: Any, face: Face, latin: str = _LATIN) -> None:
    run.font.name, run.font.size = latin, Pt(round(face.size, 1))
    run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), face.name)


def _indent(paragraph: Any, side: str, signs: int) -> None:
    """So many signs in from a side; in signs for Word, in twips for programs that do not know them."""
    found = paragraph._p.get_or_add_pPr().get_or_add_ind()
    found.set(qn(f"w:{side}Chars"), str(100 * signs))
    found.set(qn(f"w:{side}"), str(round(signs * layout.PITCH_PT * _TWIPS)))


def _border(paragraph: Any, side: str, width_mm: float, *, colour: str = "000000", gap_mm: float = 0.0) -> None:
    properties = paragraph._p.get_or_add_pPr()
    borders = properties.find(qn("w:pBdr"))
    if borders is None:
        borders = OxmlElement("w:pBdr")
        properties.insert_element_before(
            borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr"
        )
    line = OxmlElement(f"w:{side}")
    for name, value in (
        ("val", "single"), ("sz", str(round(width_mm * layout.MM * 8))), ("space", str(round(gap_mm * layout.MM))),
        ("color", colour),
    ):  # fmt: skip
        line.set(qn(f"w:{name}"), value)
    borders.append(line)


def _printable(words: str) -> str:
    """Without control characters, which no document of Office may hold."""
    return "".join(sign for sign in words if sign == "\t" or sign.isprintable())
