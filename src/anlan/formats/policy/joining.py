"""Lines broken inside a sentence, and spaces inside words."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

from anlan.formats.policy.marks import MARK
from anlan.formats.policy.roles import ROLE
from anlan.formats.policy.shadow import Shadow, Span

_HAN = "\u3400-\u9fff\uf900-\ufaff"
_STOPS = "，。、；：！？,;:!?）)】》”"
_SPACE = re.compile(rf"(?<=[{_HAN}{_STOPS}（(《“])[ \t\u3000\xa0]+(?=[{_HAN}{_STOPS}（(《“])")
_EDGE = re.compile(r"^[ \t\u3000\xa0\ufeff\u200b]+(?=\S)|(?<=\S)[ \t\u3000\xa0\r]+$", re.MULTILINE)
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\xad]")
#: What Markdown and HTML write beside the words.
_MARKUP = re.compile(r"^[ \t]*#{1,6}[ \t]+(?=\S)|<!--.{0,2000}?-->", re.MULTILINE | re.DOTALL)
_DIVISION = re.compile(r"\s*#{0,6}\s*第[^\s，。；]{1,7}[编章节条]")
_LIST = re.compile(rf"(?:{ROLE.pattern})[:：][^。；;）)】]*")
_ENDS = "。！？!?；;：:”』」）)】…"
_OPEN, _CLOSE = "（(【《“", "）)】》”"
#: Runs of Chinese signs that may be a name where spaces stand between them.
_NAME = 3
#: Lines of paper are so long at least and at most.
_NARROWEST, _WIDEST = 15, 70


def broken_lines(shadow: Shadow) -> Iterator[Span]:
    """Breaks between two lines of one sentence; in a list of names the break becomes a space."""
    lines = shadow.lines()
    width = _width(shadow, lines)
    for (start, end), (after, stop) in pairwise(lines):
        if shadow.is_table(start) or shadow.is_table(after) or MARK.match(shadow.text, after, stop):
            continue
        # Between two pages stand what other edits took: the foot of one and the head of the other.
        if not shadow.is_free(end, after) and "\f" not in shadow.text[end:after]:
            continue
        last, first = shadow.text[end - 1], shadow.text[after]
        if _is_open(shadow.text[start:end]) and shadow.text.count("\n", end, after) == 1:
            list_of_names = any(found.end() > after for found in _LIST.finditer(shadow.text, start, stop))
            joint = " " if list_of_names and last not in "、，,：:" else ""
        elif last in "，,、" or first in "，,。、；;）)】》”" or (width and end - start >= width and last not in _ENDS):
            joint = " " if last.isascii() and last.isalnum() and first.isascii() and first.isalnum() else ""
        else:
            continue
        for begin, until in shadow.free_stretches(end, after):
            yield begin, until, joint
            joint = ""


def _width(shadow: Shadow, lines: list[tuple[int, int]]) -> int:
    """The length from which a line may be full, 0 for a text whose lines are paragraphs."""
    lengths = sorted(end - start for start, end in lines if not shadow.is_table(start))
    if len(lengths) < (3 if shadow.kind == "pdf" else 8):
        return 0
    widest = lengths[int(len(lengths) * 0.9)]
    full = [(start, end) for start, end in lines if end - start >= widest * 0.85]
    broken = sum(1 for _start, end in full if shadow.text[end - 1] not in _ENDS)
    return int(widest * 0.8) if _NARROWEST <= widest <= _WIDEST and broken * 2 >= len(full) else 0


def _is_open(said: str) -> bool:
    """Does the line open a round bracket and not close it?"""
    return max(said.rfind("("), said.rfind("（")) > max(said.rfind(")"), said.rfind("）"))


def spare_spaces(shadow: Shadow) -> Iterator[Span]:
    """Spaces between Chinese signs that part nothing, at the ends of lines, invisible signs, marks of Markdown."""
    lists = [found.span() for found in _LIST.finditer(shadow.text)]
    for found in _MARKUP.finditer(shadow.text):
        yield *found.span(), ""
    for found in _EDGE.finditer(shadow.text):
        yield *found.span(), ""
    for found in _INVISIBLE.finditer(shadow.text):
        yield *found.span(), ""
    for found in _SPACE.finditer(shadow.text):
        start, end = found.span()
        if _within(lists, start) or shadow.is_table(start) or _numbers(shadow.text, start):
            continue
        if (
            _run(shadow.text, start, -1) > _NAME
            or _run(shadow.text, end - 1, 1) > _NAME
            or _spread(shadow.text, start, end)
        ):
            yield start, end, ""


def _within(stretches: list[tuple[int, int]], place: int) -> bool:
    at = bisect_left(stretches, (place + 1, -1))
    return at > 0 and place < stretches[at - 1][1]


def _numbers(text: str, place: int) -> bool:
    """Does a space part the number of a chapter or article from its words?"""
    return _DIVISION.fullmatch(text, text.rfind("\n", 0, place) + 1, place) is not None


def _run(text: str, at: int, step: int) -> int:
    """Length of the run of signs that no space or mark interrupts, before or behind a place."""
    length = 0
    at += step if step > 0 else -1
    while 0 <= at < len(text) and length <= _NAME and not text[at].isspace() and text[at] not in _STOPS + _OPEN:
        length += 1
        at += step
    # Right at a mark there is no word to part.
    return length or _NAME + 1


def _spread(text: str, start: int, end: int) -> bool:
    """A heading spread by spaces: 总 则."""
    return _run(text, start, -1) == 1 and _run(text, end - 1, 1) == 1
