"""A cleaned text as a tree of clauses: what is written is found with its place, what is missing is named.

A number that is not there is reported and never made up; paragraphs, which have none, are counted.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from anlan.formats.policy.cleaning import Cleaned
from anlan.formats.policy.marks import INSIDE, RANKS, Mark, mark_at
from anlan.formats.policy.tables import NUMBER_HEADS, Cell, Table, find_tables, lines_of
from anlan.formats.texts.numbering import in_order
from anlan.formats.texts.numerals import value_of
from anlan.formats.texts.pieces import Finding

#: Levels of a clause. `title` and `lead` stand before the first number, `annex` is what follows 附件.
LEVELS = (
    "title", "lead", "part", "chapter", "section", "article", "h1", "h2", "h3", "h4", "h5", "item", "clause", "annex",
    "paragraph", "table", "row",
)  # fmt: skip
_LETTERS = {
    "title": "T", "lead": "L", "part": "P", "chapter": "C", "section": "S", "article": "a", "h1": "h", "h2": "s",
    "h3": "n", "h4": "q", "h5": "o", "item": "i", "clause": "c", "annex": "x", "paragraph": "p", "table": "t",
    "row": "r",
}  # fmt: skip
#: Named in addresses as they are: counted through the whole text.
_ALONE = ("article", "clause", "annex")
_TITLE = re.compile(
    r".{2,}(?:要点|方案|规划|计划|通知|通告|意见|办法|规定|条例|细则|制度|纲要|预案|法|清单|报告|措施|决定|标准"
    r"|规程|指南|任务书|责任书)"
    r"\s*(?:[（(].{1,24}[)）])?"
)
_GLUED_TITLE = re.compile(
    r"[^。，,；;：:\n]{4,60}?(?:要点|方案|规划|计划|意见|办法|纲要|预案)\s*[（(][^）)\n]{1,24}[)）](?=\S)"
)
_FORWARDS = re.compile(r".*(?:印发|转发|下发|发布).*通知")
_ANNEX = re.compile(r"附\s?[件表录]\s*(\d{1,2}|[一二三四五六七八九十]{1,2})?\s*(?:[:：、.．]|$)\s*")
_CAPTION = re.compile(r".{2,60}(?:表|清单|指标|目录|一览|情况|项目|安排|计划|分工)\s*(?:[（(].{1,20}[)）])?")
_SENTENCE = re.compile(r"[^。！？!?；;\n]*[。！？!?]?")
_ENDS = "。；;！!？?"
_DECIMAL = re.compile(r"^[ \t　]*1[.．]1(?:\s|[\u4e00-\u9fff])", re.MULTILINE)
_TOP = re.compile(r"(\d{1,2})[\s　]+([\u4e00-\u9fff、（）()]{2,24})")
#: Headings that every plan has; where no sign ends them, their words do.
_STOCK = re.compile(
    r"(?:指导思想|基本原则|总体要求|总体思路|总体目标|工作目标|行动目标|主要目标|发展目标|工作原则|主要任务"
    r"|重点任务|重点工作|重点工程|工作任务"
    r"|重点项目|工作要求|工作措施|保障措施|组织保障|组织领导|组织实施|实施步骤|工作步骤|进度安排|现状与形势|附则)"
)
#: A heading is not longer.
_LONG = 45
#: How far ahead the second number of a series is looked for.
_AHEAD, _TRIED = 6_000, 60


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause.

    anchor   its name in addresses, unique in the text and the same in another edition that numbers alike
    number   as written; "" for what is counted and not numbered
    values   the number as whole numbers; for a paragraph its place, from 1
    heading  its first words where they are a heading
    text     the words after the heading
    parent   place of the clause above it in `Tree.clauses`, -1 at the top
    start    to `end`: its own words in the cleaned text, number and heading included, without what stands below it
    source   the same stretch in the source
    depth    0 at the top
    """

    anchor: str
    level: str
    number: str
    values: tuple[int, ...]
    heading: str
    text: str
    parent: int
    start: int
    end: int
    source: tuple[int, int]
    depth: int = 0
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """Clauses in reading order. `findings`: see `Finding`; here also `doubled` (stretches that stood twice and were
    left out), `unclear` (a number that cannot be read), `elided` (places where the text says that it leaves words out),
    `blank` (pages without text), `unwritten` and `uncut`."""

    cleaned: Cleaned
    title: str
    clauses: tuple[Clause, ...]
    findings: tuple[Finding, ...]

    def path(self, at: int) -> tuple[int, ...]:
        """The clauses above a clause and itself, from the top."""
        found: list[int] = []
        while at >= 0:
            found.append(at)
            at = self.clauses[at].parent
        return tuple(reversed(found))

    def at(self, offset: int) -> int:
        """The innermost clause whose own words hold a place of the cleaned text; -1 for none."""
        at = bisect_right(self.clauses, offset, key=lambda clause: clause.start) - 1
        while at >= 0 and not self.clauses[at].start <= offset < self.clauses[at].end:
            at = self.clauses[at].parent
        return at


@dataclass(slots=True)
class _Node:
    level: str
    start: int
    end: int
    number: str = ""
    values: tuple[int, ...] = ()
    heading: str = ""
    #: Where the words after the heading begin.
    body: int = 0
    table: Table | None = None
    children: list[_Node] = field(default_factory=list)


def cut(cleaned: Cleaned) -> Tree:
    """Cut a cleaned text into clauses."""
    cutter = _Cutter(cleaned.text)
    cutter.run()
    clauses = tuple(_flat(cutter.roots, cleaned))
    findings = [*_about(cleaned), *cutter.findings, *_numbers(cutter.roots)]
    if not any(clause.number for clause in clauses):
        findings.append(Finding("uncut"))
    return Tree(cleaned, cutter.title, clauses, tuple(findings))


class _Cutter:
    """Goes through the lines once and puts what it finds below the last clause of a lower rank."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.roots: list[_Node] = []
        self.findings: list[Finding] = []
        self.title = ""
        self._open: list[tuple[int, _Node]] = []
        self._numbered = False
        self._decimal = _DECIMAL.search(text) is not None

    def run(self) -> None:
        tables = {table.start: table for table in find_tables(self.text)}
        inside = 0
        for start, end in lines_of(self.text):
            if start in tables:
                self._table(tables[start])
                inside = tables[start].end
            elif start >= inside:
                self._line(start, end)
        self._head()
        for root in self.roots:
            _fold(root)

    def _line(self, start: int, end: int) -> None:
        if found := _ANNEX.match(self.text, start, end):
            value = value_of(found[1]) if found[1] else None
            node = _Node("annex", start, end, found[0].strip().rstrip(":：、.．"), (value,) if value else ())
            node.heading = _tight(self.text[found.end() : end])
            node.body = end
            self._put(RANKS["annex"], node)
            self._numbered = True
            return
        marks = list(self._marks(start, end))
        if not marks or marks[0].start > start:
            self._plain(start, marks[0].start if marks else end)
        for at, mark in enumerate(marks):
            self._clause(mark, marks[at + 1].start if at + 1 < len(marks) else end)

    def _marks(self, start: int, end: int) -> Iterator[Mark]:
        """Marks of a line: the one at its beginning, and those inside it that go on with a series or begin one."""
        counted = {node.level: node.values[-1] for _rank, node in self._open if node.values}
        last = self._top(start, end) or mark_at(self.text, start, end)
        if last and self._is_sound(last):
            self._count(counted, last)
            yield last
        else:
            last = None
        for found in INSIDE.finditer(self.text, last.end if last else start, end):
            mark = mark_at(self.text, found.start(), end)
            if mark and mark.start > start and self._begins(mark, last, counted):
                self._count(counted, mark)
                last = mark
                yield mark

    def _top(self, start: int, end: int) -> Mark | None:
        """1 总则 of a text whose clauses are 1.1, 1.2."""
        found = _TOP.fullmatch(self.text, start, end) if self._decimal else None
        return Mark("clause", 10, found[1], (int(found[1]),), start, found.start(2)) if found else None

    def _is_sound(self, mark: Mark) -> bool:
        """Is this at the beginning of a line a number, and not a quantity or an article that is spoken of?"""
        return not (mark.unclear and not self._goes_on(mark))

    @staticmethod
    def _count(counted: dict[str, int], mark: Mark) -> None:
        """Take a mark as the last of its level; what is deeper begins anew."""
        for level in [level for level in counted if RANKS.get(level, 10) > mark.rank]:
            del counted[level]
        counted[mark.level] = mark.values[-1]

    def _begins(self, mark: Mark, last: Mark | None, counted: dict[str, int]) -> bool:
        """Does a clause begin here, in the middle of a line?"""
        before = self.text[max(0, mark.start - 40) : mark.start].rstrip()[-1:]
        stock = (
            last is not None and last.rank < mark.rank and _STOCK.fullmatch(self.text[last.end : mark.start].strip())
        )
        if not stock and before not in (_ENDS + "，,：:" if mark.level == "item" else _ENDS):
            return False
        value, known = mark.values[-1], counted.get(mark.level)
        if known is not None and (value == known + 1 or (value > known and mark.level in ("h1", "h2", "item"))):
            return True
        return value == 1 and self._goes_on(mark)

    def _goes_on(self, mark: Mark) -> bool:
        """Is there a second number of this series further on?"""
        ahead = INSIDE.finditer(self.text, mark.end, min(len(self.text), mark.end + _AHEAD))
        for found in islice(ahead, _TRIED):
            other = mark_at(self.text, found.start(), len(self.text))
            if other is None or other.unclear:
                continue
            if other.rank < mark.rank and self.text[other.start - 1] in "\n" + _ENDS:
                return False
            if other.level == mark.level:
                return other.values[-1] == 2
        return False

    def _clause(self, mark: Mark, end: int) -> None:
        while end > mark.start and self.text[end - 1].isspace():
            end -= 1
        node = _Node(mark.level, mark.start, end, mark.number, mark.values)
        above = {node.level for _rank, node in self._open}
        # The points of an article are its sentences, not its headings.
        words = mark.end if mark.level == "article" or "article" in above else self._heading_end(mark, end)
        node.heading = _tight(self.text[mark.end : words].rstrip("。！？!? "))
        node.body = words
        if mark.unclear:
            self.findings.append(Finding("unclear", mark.level, "", (mark.number,), 1))
        self._put(mark.rank, node)
        self._numbered = True

    def _heading_end(self, mark: Mark, end: int) -> int:
        """Where the heading behind a mark ends; the mark's own end for a clause that has none."""
        found = _SENTENCE.match(self.text, mark.end, end)
        stop = found.end() if found else end
        stock = _STOCK.match(self.text, mark.end, end) if mark.rank <= RANKS["h2"] else None
        goes_on = stop < end or self.text[stop - 1] in _ENDS
        if stock and goes_on and self.text[stock.end()] not in "。和与及、，,的":
            return stock.end()
        # A point of a list that ends with ；is a sentence and no heading.
        if (
            stop - mark.end <= _LONG
            and self.text[stop - 1] not in "，,：:"
            and self.text[stop : stop + 1] not in ("；", ";")
        ):
            return stop
        return mark.end

    def _plain(self, start: int, end: int) -> None:
        """A paragraph without a number."""
        while end > start and self.text[end - 1].isspace():
            end -= 1
        node = _Node("paragraph", start, end, body=start)
        # A paragraph after 一是…二是… belongs to what they belong to.
        while self._open and self._open[-1][1].level == "item":
            self._open.pop()
        holder = self._open[-1][1] if self._open else None
        if holder is None and not self._numbered:
            node.level = "lead"
        siblings = holder.children if holder else self.roots
        node.values = (_count_of(node.level, siblings) + 1,)
        siblings.append(node)

    def _table(self, table: Table) -> None:
        holder = self._open[-1][1] if self._open else None
        siblings = holder.children if holder else self.roots
        node = _Node("table", table.start, table.end, body=table.start, table=table)
        if siblings and siblings[-1].level in ("paragraph", "lead") and not siblings[-1].children:
            said = self.text[siblings[-1].start : siblings[-1].end]
            if _CAPTION.fullmatch(said):
                node.heading, node.start = _tight(said), siblings.pop().start
        node.values = (_count_of("table", siblings) + 1,)
        numbered = table.heads[0] in NUMBER_HEADS
        for at, cells in enumerate(table.rows[1:], 1):
            value = value_of(cells[0].text) if numbered and cells[0].text else None
            number = cells[0].text if value else ""
            row = _Node("row", cells[0].start, _end_of(cells), number, (value,) if value else (at,))
            row.heading = cells[1].text if numbered and len(cells) > 1 else cells[0].text
            row.body = row.start
            node.children.append(row)
        siblings.append(node)

    def _put(self, rank: int, node: _Node) -> None:
        while self._open and self._open[-1][0] >= rank:
            self._open.pop()
        (self._open[-1][1].children if self._open else self.roots).append(node)
        self._open.append((rank, node))

    def _head(self) -> None:
        """The title among the lines before the first number: the last that reads as one and forwards nothing."""
        leads = [node for node in self.roots if node.level == "lead"]
        titles = [
            node for node in leads if node.end - node.start <= 80 and _TITLE.fullmatch(self.text, node.start, node.end)
        ]
        chosen = next((node for node in reversed(titles) if not _FORWARDS.fullmatch(self.text, node.start, node.end)),
                      titles[0] if titles else None)  # fmt: skip
        if chosen is not None:
            chosen.level, chosen.values = "title", (1,)
            self.title = _tight(self.text[chosen.start : chosen.end])
        elif leads and (found := _GLUED_TITLE.match(self.text, leads[0].start, leads[0].end)):
            self.title = found[0]


def _end_of(cells: Sequence[Cell]) -> int:
    return max(cell.end for cell in cells)


def _count_of(level: str, siblings: Sequence[_Node]) -> int:
    return next((node.values[0] for node in reversed(siblings) if node.level == level and node.values), 0)


def _tight(text: str) -> str:
    """On one line, without the spaces that spread a Chinese heading."""
    return re.sub(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])", "", " ".join(text.split()))


def _fold(node: _Node) -> None:
    """A clause with one paragraph directly behind its heading has its text itself."""
    for child in node.children:
        _fold(child)
    paragraphs = [child for child in node.children if child.level == "paragraph"]
    if len(paragraphs) == 1 and node.children[0] is paragraphs[0] and node.body >= node.end and node.level != "table":
        node.end = paragraphs[0].end
        node.children = paragraphs[0].children + node.children[1:]


def _flat(roots: Sequence[_Node], cleaned: Cleaned) -> Iterator[Clause]:
    taken: dict[str, int] = {}
    stack = [(node, -1, "", 0) for node in reversed(roots)]
    at = 0
    while stack:
        node, parent, above, depth = stack.pop()
        own = _LETTERS[node.level] + ".".join(map(str, node.values))
        anchor = own if node.level in _ALONE or not above else f"{above}-{own}"
        taken[anchor] = taken.get(anchor, 0) + 1
        name = anchor if taken[anchor] == 1 else f"{anchor}_{taken[anchor]}"
        text = cleaned.text[max(node.body, node.start) : node.end].strip()
        yield Clause(name, node.level, node.number, node.values, node.heading, text, parent, node.start, node.end,
                     cleaned.span(node.start, node.end), depth, node.table)  # fmt: skip
        stack += ((child, at, name, depth + 1) for child in reversed(node.children))
        at += 1


def _about(cleaned: Cleaned) -> Iterator[Finding]:
    """What the reader is told of the text as a whole."""
    source = cleaned.source
    if source.unwritten:
        yield Finding("unwritten", n=source.unwritten)
    if source.blank:
        yield Finding("blank", numbers=tuple(map(str, source.blank)), n=len(source.blank))
    doubled = [edit for edit in cleaned.applied if edit.kind == "doubled"]
    if doubled:
        yield Finding("doubled", n=sum(edit.end - edit.start for edit in doubled))
    elided = re.findall(r"[（(]\s*略\s*[)）]", cleaned.text)
    if elided:
        yield Finding("elided", n=len(elided))


def _numbers(roots: Sequence[_Node]) -> Iterator[Finding]:
    """Articles are counted through the text, everything else below what it stands in."""
    articles: list[_Node] = []
    stack: list[tuple[str, Sequence[_Node]]] = [("", roots)]
    while stack:
        under, nodes = stack.pop()
        articles += (node for node in nodes if node.level == "article")
        for level in ("part", "chapter", "section", "h1", "h2", "h3", "h4", "h5", "item", "clause", "row"):
            here = [node for node in nodes if node.level == level and node.number]
            yield from in_order(level, under, [node.number for node in here], [(node.values[-1], 0) for node in here])
        stack += ((f"{node.number}{node.heading}" or under, node.children) for node in reversed(nodes) if node.children)
    yield from in_order("article", "", [node.number for node in articles], [(node.values[0], 0) for node in articles])
