"""An official paper as PDF: set line by line on the grid of 22 lines and 28 signs.

The one Chinese font that every reader of PDF brings (STSong-Light) stands for all faces, because no file of another
one may be shipped. Faces that are blacker in print (red head, title, first level) are drawn with a thin outline, so
that the levels can be told apart. Who needs the exact faces prints the Word document.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from anlan.formats.official import layout
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

FONT = "STSong-Light"
_WIDTH, _HEIGHT = layout.TYPE_WIDTH_MM * layout.MM, layout.TYPE_HEIGHT_MM * layout.MM
_BLACK = "#000000"
#: Signs that never begin a line.
_NO_HEAD = frozenset("，。、；：？！）》〉」』”’〕】％%,.;:?!)")
#: Signs that never end one.
_NO_TAIL = frozenset("（《〈「『“‘〔【(")
_TABLE_SIZE, _TABLE_LINE = 12.0, 18.0
_PAD = 4.0


@dataclass(frozen=True, slots=True)
class Placed:
    """Text on a page: points from the left edge of the area of type and down from its upper edge to the baseline."""

    x: float
    y: float
    text: str
    size: float
    colour: str = _BLACK
    strong: bool = False
    spread: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A line from (x, y) to (to_x, to_y), measured as texts are; `width` in points."""

    x: float
    y: float
    to_x: float
    to_y: float
    width: float
    colour: str = _BLACK


@dataclass(slots=True)
class Page:
    placed: list[Placed] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)


@functools.cache
def _font() -> str:
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    return FONT


def made(paper: Paper) -> bytes:
    """The bytes of the file."""
    out = io.BytesIO()
    size = (layout.PAGE_WIDTH_MM * layout.MM, layout.PAGE_HEIGHT_MM * layout.MM)
    canvas = Canvas(out, pagesize=size)
    canvas.setTitle(paper.title)
    canvas.setAuthor(paper.organ)
    for number, page in enumerate(plan(paper), 1):
        _draw(canvas, page)
        _page_number(canvas, number)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def plan(paper: Paper) -> list[Page]:
    """Where everything stands, page by page."""
    setter = _Setter()
    setter.head(paper)
    setter.title(paper.title)
    if paper.to:
        setter.paragraph(f"{'、'.join(paper.to)}：", begun=0)
    setter.blocks(paper.body)
    setter.closing(paper)
    for at, annex in enumerate(paper.annexes):
        if annex.blocks:
            setter.annex(annex, at + 1 if len(paper.annexes) > 1 else 0)
    setter.imprint(paper)
    return setter.pages


def width_of(text: str, size: float, spread: float) -> float:
    """Points that a text takes with `spread` added after each sign."""
    return float(pdfmetrics.stringWidth(text, _font(), size)) + spread * len(text)


def broken(text: str, size: float, spread: float, width: float, first: float = 0.0) -> Iterator[str]:
    """A text in lines of at most `width`, the first one shorter by `first`; marks stay where they belong."""
    line, room = "", width - first
    for sign in text:
        if line and width_of(line + sign, size, spread) > room + 0.5:
            kept = _cut(line, sign)
            yield line[:kept]
            line, room = line[kept:], width
        line += sign
    if line:
        yield line


def _cut(line: str, coming: str) -> int:
    """Where a full line ends before the sign that comes: at its end, or some signs earlier for the sake of marks."""
    cut = len(line)
    while cut > max(1, len(line) - 4):
        after = line[cut] if cut < len(line) else coming
        inside = after.isascii() and after.isalnum() and line[cut - 1].isascii() and line[cut - 1].isalnum()
        if after not in _NO_HEAD and line[cut - 1] not in _NO_TAIL and not inside:
            return cut
        cut -= 1
    return len(line)


class _Setter:
    """Sets lines down the area of type; begins a page when one is full."""

    def __init__(self) -> None:
        self.pages = [Page()]
        self.y = 0.0

    def room(self, height: float) -> None:
        """Go on to the next page unless so many points are left on this one."""
        if self.y + height > _HEIGHT + 0.5:
            self.pages.append(Page())
            self.y = 0.0

    def put(self, text: str, size: float, *, x: float = 0.0, height: float = layout.LINE_PT, **more: Any) -> None:
        """One line; the baseline stands where signs of that size lie in the middle of the line."""
        self.room(height)
        self.pages[-1].placed.append(Placed(x, self.y + height / 2 + size * 0.36, text, size, **more))
        self.y += height

    def skip(self, lines: int = 1) -> None:
        for _at in range(lines):
            self.room(layout.LINE_PT)
            self.y += layout.LINE_PT

    def centred(self, text: str, size: float, *, height: float = layout.LINE_PT, **more: Any) -> None:
        self.put(text, size, x=(_WIDTH - width_of(text, size, 0.0)) / 2, height=height, **more)

    def head(self, paper: Paper) -> None:
        for words in (paper.secrecy, paper.urgency):
            if words:
                self.put(words, layout.MARK.size, strong=True)
        words = paper.organ + paper.head_word
        size = min(layout.HEAD_SIZE, _WIDTH / len(words))
        self.y = layout.HEAD_DROP_MM * layout.MM
        self.centred(words, size, height=size * 1.1, colour=layout.RED, strong=True)
        self.skip(2)
        number = paper.number
        if paper.signer:
            right = f"签发人：{paper.signer}"
            x = _WIDTH - layout.PITCH_PT - width_of(right, layout.SIZE_3, 0.0)
            self.pages[-1].placed.append(
                Placed(x, self.y + layout.LINE_PT / 2 + layout.SIZE_3 * 0.36, right, layout.SIZE_3)
            )
            self.put(number, layout.SIZE_3, x=layout.PITCH_PT)
        else:
            self.centred(number, layout.SIZE_3)
        under = self.y - (layout.LINE_PT - layout.SIZE_3) / 2 + layout.LINE_DROP_MM * layout.MM
        self._rule(under, layout.THICK_MM, layout.RED)
        self.y = under

    def _rule(self, y: float, width_mm: float, colour: str = _BLACK) -> None:
        self.pages[-1].rules.append(Rule(0.0, y, _WIDTH, y, width_mm * layout.MM, colour))

    def title(self, title: str) -> None:
        self.skip(2)
        for line in title_lines(title, int(_WIDTH / layout.SIZE_2) - 2):
            self.centred(line, layout.SIZE_2, height=layout.SIZE_2 * 1.5, strong=True)
        self.skip()

    def paragraph(self, text: str, *, begun: int = 2, strong: int = 0, indent: int = 0) -> None:
        """Lines of the body. `strong` so many signs from the beginning are those of a heading."""
        spread = layout.PITCH_PT - layout.SIZE_3
        left = indent * layout.PITCH_PT
        shown = 0
        lines = broken(text, layout.SIZE_3, spread, _WIDTH - left, begun * layout.PITCH_PT)
        for at, line in enumerate(lines):
            x = left + (begun * layout.PITCH_PT if at == 0 else 0.0)
            bold = max(0, min(len(line), strong - shown))
            shown += len(line)
            if bold and bold < len(line):  # the heading and what follows it stand on one line
                self.room(layout.LINE_PT)
                y = self.y + layout.LINE_PT / 2 + layout.SIZE_3 * 0.36
                head = Placed(x, y, line[:bold], layout.SIZE_3, strong=True, spread=spread)
                self.pages[-1].placed.append(head)
                self.put(line[bold:], layout.SIZE_3, x=x + width_of(line[:bold], layout.SIZE_3, spread), spread=spread)
            else:
                self.put(line, layout.SIZE_3, x=x, spread=spread, strong=bool(bold))

    def blocks(self, blocks: Sequence[Block]) -> None:
        for block, number in numbered(blocks):
            if isinstance(block, Table):
                self.table(block)
            elif isinstance(block, Text):
                for words in block.words.split("\n"):
                    self.paragraph(words)
            else:
                self.heading(block, number)

    def heading(self, block: Heading, number: str) -> None:
        words = f"{number}{block.words}"
        self.paragraph(words + block.text, strong=len(words) if block.level <= 2 else 0)

    def closing(self, paper: Paper) -> None:
        lines = annex_lines(paper.annexes)
        if lines:
            self.skip()
        for words in lines:
            self.paragraph(words, begun=0, indent=2)
        self.skip(2 if not lines else 1)
        # Signature and day stay together with each other.
        self.room(2 * layout.LINE_PT)
        name_in, day_in = sign_indents(paper.signed, paper.on)
        for words, signs in ((paper.signed, name_in), (day_words(paper.on), day_in)):
            spread = layout.PITCH_PT - layout.SIZE_3
            x = _WIDTH - signs * layout.PITCH_PT - width_of(words, layout.SIZE_3, spread)
            self.put(words, layout.SIZE_3, x=x, spread=spread)
        if paper.note:
            self.paragraph(f"（{paper.note}）", begun=0, indent=2)

    def annex(self, annex: Annex, number: int) -> None:
        self.pages.append(Page())
        self.y = 0.0
        self.put(f"附件{number or ''}", layout.MARK.size, strong=True)
        self.skip()
        for line in title_lines(annex.title, int(_WIDTH / layout.SIZE_2) - 2):
            self.centred(line, layout.SIZE_2, height=layout.SIZE_2 * 1.5, strong=True)
        self.skip()
        self.blocks(annex.blocks)

    def table(self, table: Table) -> None:
        """Rows one by one; the heads again on each page."""
        widths = _widths(table)
        self._row(table.heads, widths, strong=True)
        for row in table.rows:
            before = len(self.pages)
            height = max(len(cell) for cell in _cells(row, widths)) * _TABLE_LINE + _PAD
            self.room(height)
            if len(self.pages) > before:
                self._row(table.heads, widths, strong=True)
            self._row(row, widths)
        self.y += _PAD

    def _row(self, row: Sequence[str], widths: Sequence[float], *, strong: bool = False) -> None:
        cells = list(_cells(row, widths))
        height = max(len(cell) for cell in cells) * _TABLE_LINE + _PAD
        self.room(height)
        page, x = self.pages[-1], 0.0
        for cell, width in zip(cells, widths, strict=True):
            for at, line in enumerate(cell):
                y = self.y + _PAD / 2 + _TABLE_LINE * at + _TABLE_LINE / 2 + _TABLE_SIZE * 0.36
                page.placed.append(Placed(x + _PAD, y, line, _TABLE_SIZE, strong=strong))
            page.rules += [
                Rule(x, self.y, x + width, self.y, 0.5), Rule(x, self.y + height, x + width, self.y + height, 0.5),
                Rule(x, self.y, x, self.y + height, 0.5), Rule(x + width, self.y, x + width, self.y + height, 0.5),
            ]  # fmt: skip
            x += width
        self.y += height

    def imprint(self, paper: Paper) -> None:
        """At the foot of the last page, its last line on the lower edge of the area of type (7.4.1)."""
        if not paper.printed_by or paper.printed_on is None:
            return
        size, height = layout.IMPRINT.size, layout.LINE_PT * 0.9
        head = "抄送："
        room = _WIDTH - 2 * layout.PITCH_PT - width_of(head, size, 0.0)
        copies = list(broken(f"{'，'.join(paper.copies)}。", size, 0.0, room)) if paper.copies else []
        self.room((len(copies) + 1) * height)
        self.y = _HEIGHT - (len(copies) + 1) * height
        self._rule(self.y, layout.THICK_MM)
        for at, line in enumerate(copies):
            x = layout.PITCH_PT + width_of(head, size, 0.0)
            if at == 0:
                self.pages[-1].placed.append(Placed(layout.PITCH_PT, self.y + height / 2 + size * 0.36, head, size))
            self.put(line, size, x=x, height=height)
        if copies:
            self._rule(self.y, layout.THIN_MM)
        printed = f"{day_words(paper.printed_on)}印发"
        x = _WIDTH - layout.PITCH_PT - width_of(printed, size, 0.0)
        self.pages[-1].placed.append(Placed(x, self.y + height / 2 + size * 0.36, printed, size))
        self.put(paper.printed_by, size, x=layout.PITCH_PT, height=height)
        self._rule(_HEIGHT, layout.THICK_MM)


def _cells(row: Iterable[str], widths: Sequence[float]) -> Iterator[list[str]]:
    for words, width in zip(row, widths, strict=True):
        yield list(broken(words, _TABLE_SIZE, 0.0, width - 2 * _PAD)) or [""]


def _widths(table: Table) -> list[float]:
    """Columns as wide as their longest text asks, none wider than it needs where others have little."""
    signs = [
        min(16, max(len(head), *(len(row[at]) for row in table.rows), 2)) + 1 if table.rows else len(head) + 1
        for at, head in enumerate(table.heads)
    ]
    return [_WIDTH * one / sum(signs) for one in signs]


def _draw(canvas: Canvas, page: Page) -> None:
    left, top = layout.LEFT_MM * layout.MM, (layout.PAGE_HEIGHT_MM - layout.TOP_MM) * layout.MM
    for rule in page.rules:
        canvas.setStrokeColor(HexColor(rule.colour))
        canvas.setLineWidth(rule.width)
        canvas.line(left + rule.x, top - rule.y, left + rule.to_x, top - rule.to_y)
    for one in page.placed:
        text = canvas.beginText(left + one.x, top - one.y)
        text.setFont(_font(), one.size)
        text.setFillColor(HexColor(one.colour))
        text.setCharSpace(one.spread)
        if one.strong:
            canvas.setLineWidth(one.size / 50)
            text.setStrokeColor(HexColor(one.colour))
        text.setTextRenderMode(2 if one.strong else 0)
        text.textOut(one.text)
        text.setTextRenderMode(0)
        text.setCharSpace(0)
        canvas.drawText(text)


def _page_number(canvas: Canvas, number: int) -> None:
    """— 1 — below the area of type: right on odd pages, left on even ones, one sign in (7.5)."""
    words, size = f"— {number} —", layout.NUMBER.size
    width = width_of(words, size, 0.0)
    inside = layout.PITCH_PT
    x = _WIDTH - inside - width if number % 2 else inside
    y = (layout.BOTTOM_MM - layout.NUMBER_DROP_MM) * layout.MM - size * 0.36
    canvas.setFont(_font(), size)
    canvas.setFillColor(HexColor(_BLACK))
    canvas.drawString(layout.LEFT_MM * layout.MM + x, y, words)
