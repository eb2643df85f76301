"""Cut a document into clauses: laws (编章节条款项目), standards (4.2.1), house rules (一、（一）1.), data sheets.

What is cut is what is written: a number that is not there is reported and never made up. The paragraphs (款) of an
article have no number of their own; they are counted, as citations do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date

from anlan.formats.texts.numbering import check, gaps, spans
from anlan.formats.texts.numerals import SIGNS, value_of
from anlan.formats.texts.pieces import Cut, Finding, Node, flat
from anlan.formats.texts.reading import Line, Text

#: Ways of cutting.
SCHEMES = ("articles", "decimal", "headings", "sheet", "paragraphs")

_N = f"[{SIGNS}]"
_ARTICLE = re.compile(rf"第({_N}{{1,9}})条(?:之({_N}{{1,4}}))?(?:([\s　:：]+)(.*)|(.*))")
_CHAPTER = re.compile(rf"第\s*({_N}{{1,7}})\s*(编|章|节)[\s　]*([^。；;]{{0,60}})")
_ITEM = re.compile(r"[（(]([〇零一二三四五六七八九十百]{1,5})[)）][\s　]*(.*)")
_SUBITEM = re.compile(r"((\d{1,2})[.．、](?!\d)|[（(](\d{1,2})[)）])[\s　]*(.*)")
_ANNEX = re.compile(rf"(附\s?[件录表则]?\s?({_N}{{1,3}}|[A-Z])?)(?:[\s　:：]+(.{{0,60}}))?")
_DECIMAL = re.compile(r"((?:\d{1,2}|[A-Z](?=\.))(?:[.．]\d{1,3}){0,5})[\s　]+(\S.*)")
_LETTER = re.compile(r"([a-z])[)）][\s　]*(.*)")
_HEADING = re.compile(r"([一二三四五六七八九十百]{1,4})[、．.][\s　]*(.*)")
_SHEET = re.compile(rf"(?:第\s*)?({_N}{{1,3}})\s*(?:部分)?[\s　.．、:：]*(\S.{{0,40}})")
_CONTENTS = re.compile(r"目\s*[录次]")
_DAY = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日")
_STARTS = re.compile(r"自\s*(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日\s*起\s*(?:施行|实施|执行)")
_NUMBER = re.compile(
    r"[\u4e00-\u9fff]{1,8}[〔\[（(]\d{4}[〕\])）]\s?\d{1,5}\s?号|第\s?\d{1,5}\s?号(?=公布|令)|令第\s?\d{1,5}\s?号"
    r"|(?:GB|AQ|DB\d{2}|XF|SL|MZ|WS|HJ)(?:/[TZ])?\s?\d{1,6}(?:\.\d{1,2})?[-—–]\d{4}"
)
_END_OF_SENTENCE = ("。", "；", ";", "：", ":", "，", ",")
_RANKS = {"编": ("part", 0), "章": ("chapter", 1), "节": ("section", 2)}
#: A heading is not longer.
_LONG = 40


def cut(text: Text, scheme: str = "", *, sheet: Sequence[str] = ()) -> Cut:
    """Cut a text.

    scheme  one of SCHEMES; "" takes the one that fits best
    sheet   titles of the sections of a safety data sheet, in order
    """
    lines, findings = _without_contents(list(text.lines))
    title, lines = _title(lines)
    scheme = scheme or guess(lines, sheet)
    roots = _WAYS[scheme](lines, sheet)
    if text.unwritten:
        findings.append(Finding("unwritten", n=text.unwritten))
    if scheme == "paragraphs" or all(root.level == "lead" for root in roots):
        findings.append(Finding("uncut"))
    findings += check(roots)
    if scheme == "sheet":
        present = {root.values[0] for root in roots if root.level == "sheet"}
        missing = gaps([*present, len(sheet) + 1])
        if missing:
            findings.append(Finding("missing", "sheet", "", spans(missing), len(sheet) - len(present)))
    head = [root.text for root in roots if root.level == "lead"]
    issued, in_force = _days(head, lines)
    number = next((found[0] for line in (title, *head[:6]) if (found := _NUMBER.search(line))), "")
    return Cut(scheme, title, flat(roots), tuple(findings), issued, in_force, number)


def guess(lines: Sequence[Line], sheet: Sequence[str] = ()) -> str:
    """The scheme that fits best."""
    texts = [line.text for line in lines]
    if sum(1 for text in texts if _sheet_section(text, sheet)) >= 8:
        return "sheet"
    if sum(1 for text in texts if _ARTICLE.fullmatch(text)) >= 2:
        return "articles"
    if sum(1 for text in texts if (found := _DECIMAL.fullmatch(text)) and "." in found[1]) >= 3:
        return "decimal"
    if any(_HEADING.fullmatch(text) for text in texts):
        return "headings"
    return "paragraphs"


def _title(lines: list[Line]) -> tuple[str, list[Line]]:
    """The first line where it reads as a title, and what follows it."""
    if not lines:
        return "", lines
    first = lines[0].text
    numbered = any(way.fullmatch(first) for way in (_ARTICLE, _CHAPTER, _HEADING, _DECIMAL))
    if lines[0].heading == 1 or (len(first) <= 60 and not first.endswith(_END_OF_SENTENCE) and not numbered):
        return _tight(first), lines[1:]
    return "", lines


def _without_contents(lines: list[Line]) -> tuple[list[Line], list[Finding]]:
    """A table of contents repeats the headings; it is left out and reported."""
    at = next((at for at, line in enumerate(lines[:200]) if _CONTENTS.fullmatch(line.text)), None)
    if at is None or at + 1 >= len(lines):
        return lines, []
    first = _bare(lines[at + 1].text)
    again = next((n for n in range(at + 2, len(lines)) if _bare(lines[n].text) == first), None)
    end = again if again is not None else at + 1
    return lines[:at] + lines[end:], [Finding("contents", n=end - at)]


def _bare(text: str) -> str:
    """Without spaces, leader dots and the number of the page."""
    return re.sub(r"[\s　]+|[.…·]{2,}\d*$|\d+$", "", re.sub(r"[.…·]{2,}\s*\d*$", "", text))


def _tight(text: str) -> str:
    """Without the spaces that spread a Chinese heading: 总 则."""
    return re.sub(r"(?<=[\u4e00-\u9fff])[\s　]+(?=[\u4e00-\u9fff])", "", text.strip())


def _is_heading(text: str) -> bool:
    return len(text) <= _LONG and not text.endswith(_END_OF_SENTENCE)


class _Stack:
    """Puts nodes below the last one of a lower rank."""

    def __init__(self) -> None:
        self.roots: list[Node] = []
        self._open: list[tuple[int, Node]] = []

    def put(self, rank: int, node: Node) -> Node:
        while self._open and self._open[-1][0] >= rank:
            self._open.pop()
        (self._open[-1][1].children if self._open else self.roots).append(node)
        self._open.append((rank, node))
        return node

    def last(self, *levels: str) -> Node | None:
        """The innermost open node, of one of the levels where they are given."""
        return next((node for _rank, node in reversed(self._open) if not levels or node.level in levels), None)


def _lead(stack: _Stack, text: str) -> None:
    stack.roots.append(Node("lead", values=(_next("lead", stack.roots),), text=text))


def _paragraph(stack: _Stack, rank: int, holder: Node, text: str) -> Node:
    """A counted paragraph below a numbered piece."""
    return stack.put(rank, Node("paragraph", values=(_next("paragraph", holder.children),), text=text))


def _next(level: str, nodes: Sequence[Node]) -> int:
    """The count of the next node of a level, looked up from the end."""
    return next((node.values[0] for node in reversed(nodes) if node.level == level), 0) + 1


def _fold(node: Node) -> None:
    """A piece with one paragraph has its text itself."""
    for child in node.children:
        _fold(child)
    paragraphs = [child for child in node.children if child.level == "paragraph"]
    if len(paragraphs) == 1 and node.children[0] is paragraphs[0] and not node.text:
        only = paragraphs[0]
        node.text = only.text
        node.children = only.children + node.children[1:]


_PARAGRAPH, _ITEM_RANK, _SUB_RANK = 20, 21, 22


def _articles(lines: Iterable[Line], _sheet: Sequence[str]) -> list[Node]:
    stack = _Stack()
    last = 0
    for line in lines:
        text = line.text
        if found := _CHAPTER.fullmatch(text):
            level, rank = _RANKS[found[2]]
            value = value_of(found[1])
            number = f"第{found[1]}{found[2]}"
            stack.put(rank, Node(level, number, (value,) if value else (), _tight(found[3])))
            continue
        if (found := _ARTICLE.fullmatch(text)) and (value := value_of(found[1])) and _starts(found, value, last):
            sub = value_of(found[2]) if found[2] else None
            number = f"第{found[1]}条" + (f"之{found[2]}" if found[2] else "")
            stack.put(10, Node("article", number, (value, sub) if sub else (value,)))
            last = value
            if rest := (found[4] or found[5] or "").strip():
                _below_article(stack, rest)
            continue
        if last and (found := _ANNEX.fullmatch(text)) and text not in ("附", "附则"):
            stack.put(0, Node("annex", found[1].replace(" ", ""), _ordinal(found[2]), (found[3] or "").strip()))
            continue
        _below_article(stack, text)
    for root in stack.roots:
        _fold(root)
    return stack.roots


def _starts(found: re.Match[str], value: int, last: int) -> bool:
    """Does an article begin here, or does a paragraph begin by naming one (第十七条、第十八条规定的…)?"""
    if found[3] or found[5] == "":
        return True
    return value == last + 1 and found[5][0] not in "、和至或的规所及"


def _below_article(stack: _Stack, text: str) -> None:
    holder = stack.last("article", "annex")
    if holder is None:
        above = stack.last()
        if above is None:
            _lead(stack, text)
        else:
            _paragraph(stack, _PARAGRAPH, above, text)
        return
    if found := _ITEM.fullmatch(text):
        value = value_of(found[1])
        stack.put(_ITEM_RANK, Node("item", text[: text.index(found[1])] + found[1] + _closing(text, found[1]),
                                   (value,) if value else (), "", found[2]))  # fmt: skip
    elif (found := _SUBITEM.fullmatch(text)) and holder.children and stack.last("item"):
        stack.put(_SUB_RANK, Node("subitem", found[1], (int(found[2] or found[3]),), "", found[4]))
    else:
        _paragraph(stack, _PARAGRAPH, holder, text)


def _closing(text: str, numeral: str) -> str:
    """The bracket after a numeral, as written."""
    return text[text.index(numeral) + len(numeral)]


def _ordinal(sign: str | None) -> tuple[int, ...]:
    if not sign:
        return ()
    value = value_of(sign)
    return (value,) if value else (ord(sign) - ord("A") + 1,)


def _decimal(lines: Iterable[Line], _sheet: Sequence[str]) -> list[Node]:
    stack = _Stack()
    top = 0
    in_annex = ""
    for line in lines:
        text = line.text
        if (found := _ANNEX.fullmatch(text)) and found[2]:
            stack.put(0, Node("annex", found[1].replace(" ", ""), _ordinal(found[2]), (found[3] or "").strip()))
            in_annex = found[2]
            continue
        found = _DECIMAL.fullmatch(text)
        parts = found[1].replace("．", ".").split(".") if found else []
        if found and _is_clause(parts, top, in_annex):
            if not in_annex:
                top = int(parts[0])
            values = tuple(int(part) if part.isdigit() else ord(part) - ord("A") + 1 for part in parts)
            rest = found[2]
            heading = rest if _is_heading(rest) else ""
            node = Node("clause", found[1], values, _tight(heading))
            stack.put(len(parts), node)
            if not heading:
                _paragraph(stack, _PARAGRAPH, node, rest)
            continue
        _below_clause(stack, text)
    for root in stack.roots:
        _fold(root)
    return stack.roots


def _is_clause(parts: Sequence[str], top: int, in_annex: str) -> bool:
    """A number that goes on from the last one; others begin a sentence (20 m of hose)."""
    if in_annex:
        return parts[0] == in_annex and len(parts) > 1
    if not parts[0].isdigit():
        return False
    first = int(parts[0])
    return top < first <= top + 3 if len(parts) == 1 else top <= first <= top + 1


def _below_clause(stack: _Stack, text: str) -> None:
    holder = stack.last("clause", "annex")
    if holder is None:
        _lead(stack, text)
    elif found := _LETTER.fullmatch(text):
        stack.put(_ITEM_RANK, Node("item", f"{found[1]})", (ord(found[1]) - ord("a") + 1,), "", found[2]))
    else:
        _paragraph(stack, _PARAGRAPH, holder, text)


def _headings(lines: Iterable[Line], _sheet: Sequence[str]) -> list[Node]:
    stack = _Stack()
    for line in lines:
        text = line.text
        if found := _HEADING.fullmatch(text):
            rank, number, value, rest = 1, text[: len(found[1]) + 1], value_of(found[1]), found[2]
        elif (found := _ITEM.fullmatch(text)) and stack.last():
            rank, number, value, rest = 2, f"（{found[1]}）", value_of(found[1]), found[2]
        elif (found := _SUBITEM.fullmatch(text)) and stack.last():
            rank = 3 if found[2] else 4
            number, value, rest = found[1], int(found[2] or found[3]), found[4]
        else:
            holder = stack.last("heading")
            if holder is None:
                _lead(stack, text)
            else:
                _paragraph(stack, _PARAGRAPH, holder, text)
            continue
        heading = rest if _is_heading(rest) else ""
        node = stack.put(rank, Node("heading", number, (value,) if value else (), _tight(heading)))
        if not heading and rest:
            _paragraph(stack, _PARAGRAPH, node, rest)
    for root in stack.roots:
        _fold(root)
    return stack.roots


def _sheet_section(text: str, sheet: Sequence[str]) -> int:
    """Number of the section of a safety data sheet that a line heads; 0 for none."""
    found = _SHEET.fullmatch(text)
    value = value_of(found[1]) if found else None
    if found is None or value is None or not 1 <= value <= len(sheet):
        return 0
    title = re.sub(r"[\s　]", "", found[2])
    own = sheet[value - 1]
    return value if any(own[at : at + 2] in title for at in range(len(own) - 1)) else 0


def _sheets(lines: Iterable[Line], sheet: Sequence[str]) -> list[Node]:
    stack = _Stack()
    for line in lines:
        if value := _sheet_section(line.text, sheet):
            number = str(value)
            found = _SHEET.fullmatch(line.text)
            stack.put(1, Node("sheet", number, (value,), _tight(found[2]) if found else ""))
        elif (holder := stack.last("sheet")) is None:
            _lead(stack, line.text)
        else:
            _paragraph(stack, _PARAGRAPH, holder, line.text)
    return stack.roots


def _paragraphs(lines: Iterable[Line], _sheet: Sequence[str]) -> list[Node]:
    return [Node("lead", values=(at,), text=line.text) for at, line in enumerate(lines, 1)]


_WAYS: dict[str, Callable[[Iterable[Line], Sequence[str]], list[Node]]] = {
    "articles": _articles, "decimal": _decimal, "headings": _headings, "sheet": _sheets, "paragraphs": _paragraphs,
}  # fmt: skip


def _days(head: Sequence[str], lines: Sequence[Line]) -> tuple[date | None, date | None]:
    """The last day of decision that the head names, and the day from which the text says that it holds."""
    issued = in_force = None
    for text in head:
        for found in _DAY.finditer(text):
            day = _date(found)
            if "施行" in text[found.end() : found.end() + 6]:
                in_force = day or in_force
            else:
                issued = day or issued
    for line in reversed(lines[-40:]):
        if starts := _STARTS.search(line.text):
            return issued, _date(starts) or in_force
    return issued, in_force


def _date(found: re.Match[str]) -> date | None:
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
