"""Signs that number the clauses of plans: 第一章, 一、, （一）, 1., (1), ①, 一是, 1.2.3."""

from __future__ import annotations

import re
from dataclasses import dataclass

from anlan.formats.texts.numerals import value_of

_C = "〇零一二三四五六七八九十百"
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
#: Levels with their rank: a clause stands below the last one of a lower rank. `h1` to `h5` are 一、 （一） 1. (1) ①,
#: `item` is 一是, `clause` a decimal number.
RANKS = {
    "part": 0, "annex": 0, "chapter": 1, "section": 2, "article": 3, "h1": 10, "h2": 11, "h3": 12, "h4": 13, "h5": 14,
    "item": 15,
}  # fmt: skip
_DIVISIONS = {"编": "part", "章": "chapter", "节": "section", "条": "article"}
_STYLES = (
    ("division", re.compile(rf"第\s?([{_C}\d]{{1,7}})\s?([编章节条])(?![、和至或的规所及款])[\s　:：]*")),
    ("h1", re.compile(rf"([{_C}]{{1,4}})[、.．]\s*")),
    ("h2", re.compile(rf"[（(]([{_C}]{{1,4}}|[-—－])[)）]\s*[、.．]?\s*")),
    (
        "clause",
        re.compile(
            r"(\d{1,2}(?:[.．]\d{1,2}){1,4})[.．、]?(?:\s+|(?=[\u4e00-\u9fff]))(?![%％‰度万亿元吨米公千倍个人家次])"
        ),
    ),
    ("h3", re.compile(r"(\d{1,2})\s?[.．、](?!\d)\s*")),
    ("h4", re.compile(r"(?:[（(](\d{1,2})[)）]|(\d{1,2})[)）])\s*")),
    ("h5", re.compile(rf"([{_CIRCLED}])\s*")),
    ("item", re.compile(rf"(?:([{_C}]{{1,3}})[是要](?!否)|第([{_C}]{{1,3}})[，,])")),
)  # fmt: skip
#: A line that begins with a mark of a clause.
MARK = re.compile("|".join(f"(?:{way.pattern})" for _level, way in _STYLES) + "|附[件表录]")
#: What may begin inside a line.
INSIDE = re.compile(
    rf"[{_C}]{{1,4}}、|[（(](?:[{_C}]{{1,4}}|[-—－])[)）]|\d{{1,2}}[.．、](?!\d)|[（(]\d{{1,2}}[)）]|[{_CIRCLED}]"
    rf"|[{_C}]{{1,3}}[是要](?!否)|第[{_C}]{{1,3}}[，,]"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A number as written, what it means, and where the words behind it begin.

    unclear  True for a sign that stands where a numeral must have stood: (-)
    """

    level: str
    rank: int
    number: str
    values: tuple[int, ...]
    start: int
    end: int
    unclear: bool = False


def mark_at(text: str, start: int, end: int) -> Mark | None:
    """The mark with which the words from `start` on begin."""
    for level, way in _STYLES:
        found = way.match(text, start, end)
        if not found:
            continue
        said = next(part for part in found.groups() if part)
        number = found[0].strip().rstrip("，,:：")
        if level == "clause":
            values = tuple(int(part) for part in said.replace("．", ".").split("."))
            return Mark(level, 9 + len(values), said, values, start, found.end())
        if level == "division":
            level = _DIVISIONS[found[2]]
        if said in ("-", "—", "－"):
            return Mark(level, RANKS[level], number, (1,), start, found.end(), unclear=True)
        value = _CIRCLED.index(said) + 1 if said in _CIRCLED else value_of(said)
        # 〇 numbers nothing, and a numeral that is none is no mark.
        return Mark(level, RANKS[level], number, (value,), start, found.end()) if value else None
    return None
