"""A printed archive as PDF, A4, in the Chinese font that every reader of PDF brings (STSong-Light)."""

from __future__ import annotations

import functools
import io
from typing import Any
from xml.sax.saxutils import escape

from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from anlan.kernel.registers.printing.content import Content, Facts
from anlan.kernel.registers.printing.content import Table as Rows

FONT = "STSong-Light"
_INK, _GREY, _LINE, _HEAD = HexColor("#17212B"), HexColor("#5B6875"), HexColor("#DFE4E8"), HexColor("#EEF1F3")
#: Between the margins, within the 6 points that a frame keeps free.
_WIDTH = A4[0] - 36 * mm - 12


@functools.cache
def _font() -> str:
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    return FONT


def _style(name: str, size: float, *, grey: bool = False, before: float = 0) -> ParagraphStyle:
    return ParagraphStyle(
        name, fontName=_font(), fontSize=size, leading=size * 1.45, textColor=_GREY if grey else _INK, wordWrap="CJK",
        alignment=TA_LEFT, spaceBefore=before, spaceAfter=2,
    )  # fmt: skip


def made(content: Content) -> bytes:
    """The bytes of the file."""
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=18 * mm, rightMargin=18 * mm, topMargin=16 * mm, bottomMargin=18 * mm,
        title=content.title, author=content.bureau, subject=content.sub,
    )  # fmt: skip

    def foot(canvas: Any, _document: Any) -> None:
        canvas.saveState()
        canvas.setFont(_font(), 8)
        canvas.setFillColor(_GREY)
        canvas.drawString(18 * mm, 10 * mm, content.foot)
        canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, _("Page %(n)d") % {"n": canvas.getPageNumber()})
        canvas.restoreState()

    document.build(_story(content), onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def _text(words: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(words).replace("\n", "<br/>"), style)


def _story(content: Content) -> list[Any]:
    normal, small = _style("normal", 10), _style("small", 8.5, grey=True)
    heading = _style("heading", 12, before=8)
    lines = [_text(content.bureau, small)] if content.bureau else []
    lines += [_text(content.title, _style("title", 18)), _text(content.sub, small)]
    if content.level:
        lines.append(_text(content.level, normal))
    qr = Image(io.BytesIO(content.qr), 26 * mm, 26 * mm)
    story: list[Any] = [_plain([[lines, qr]], [_WIDTH - 30 * mm, 30 * mm]), Spacer(1, 3 * mm)]
    for facts in content.facts:
        story += _facts(facts, heading, normal, small)
    for table in content.tables:
        story += _rows(table, heading, normal, small)
    return [*story, Spacer(1, 4 * mm), _text(content.address, small)]


def _plain(cells: list[list[Any]], widths: list[float]) -> Table:
    return Table(cells, colWidths=widths, style=TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP")]))


def _facts(facts: Facts, heading: ParagraphStyle, normal: ParagraphStyle, small: ParagraphStyle) -> list[Any]:
    cells = [[_text(label, small), _text(text, normal)] for label, text in facts.pairs]
    pairs = [[*cells[at], *(cells[at + 1] if at + 1 < len(cells) else ["", ""])] for at in range(0, len(cells), 2)]
    found: list[Any] = []
    if pairs:
        grid = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, _LINE), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")])
        label, value = 26 * mm, _WIDTH / 2 - 26 * mm
        found.append(Table(pairs, colWidths=[label, value, label, value], style=grid, splitInRow=1))
    for label_words, text in facts.long:
        found += [_text(label_words, small), _text(text, normal)]
    title = _text(facts.title, heading)
    return [KeepTogether([title, found[0]]), *found[1:]] if len(pairs) < 12 and found else [title, *found]


def _rows(table: Rows, heading: ParagraphStyle, normal: ParagraphStyle, small: ParagraphStyle) -> list[Any]:
    title = _text(f"{table.title} {len(table.rows)}", heading)
    if not table.rows:
        return [title, _text(_("None"), small)]
    body = _style("cell", 8.5)
    cells: list[list[Any]] = [[_text(head, small) for head in table.heads]]
    cells += [[_text(cell, body) for cell in row] for row in table.rows]
    grid = TableStyle([
        ("GRID", (0, 0), (-1, -1), 0.5, _LINE), ("BACKGROUND", (0, 0), (-1, 0), _HEAD),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ])  # fmt: skip
    found: list[Any] = [title, Table(cells, colWidths=_widths(table), style=grid, repeatRows=1, splitInRow=1)]
    return [*found, _text(table.note, small)] if table.note else found


def _widths(table: Rows) -> list[float]:
    """Columns as wide as their longest text asks, none narrower than a date."""
    signs = [min(40, max(len(head), *(len(row[at]) for row in table.rows))) + 6 for at, head in enumerate(table.heads)]
    return [_WIDTH * one / sum(signs) for one in signs]
