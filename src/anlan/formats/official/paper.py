"""What stands in an official paper, and its numbering. Pure data: the words are the caller's, always in Chinese.

Paper(organ="安澜县应急管理局", number="安应急督〔2026〕3号", title="关于…的督办函", to=("丹崖镇人民政府",),
      body=(Heading(1, "存在问题"), Text("…")), signed="安澜县应急管理局", on=date(2026, 11, 28))
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

_DIGITS = "零一二三四五六七八九"
#: 7.2.5: letters of the organ, the year in full in hexagonal brackets, the serial without "第" and without zeros ahead.
_NUMBER = re.compile(r"^[\u4e00-\u9fff]{2,12}〔(19|20)\d{2}〕[1-9]\d{0,5}号$")
_MOST_LEVEL = 4


class BadPaper(ValueError):
    """A paper that would break the standard; names every fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Heading:
    """A numbered heading of level 1 to 4; its number is given by its place. `text` after it on the same line."""

    level: int
    words: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph of the body, begun two signs in."""

    words: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under their heads; the first column narrow when its texts are."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Text | Table


@dataclass(frozen=True, slots=True)
class Annex:
    """An annex: named after the body, and printed on a page of its own where it has blocks."""

    title: str
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Paper:
    """One official paper.

    organ      who issues it; the red head adds "文件" when `head_word` does
    number     "安应急督〔2026〕3号"
    to         whom it goes to; () for none
    signed, on who signs it, and the day of its making
    copies     whom copies go to; printed_by and printed_on of the imprint, which is left out without them
    secrecy, urgency, signer, note  "" for none
    """

    organ: str
    number: str
    title: str
    body: tuple[Block, ...]
    signed: str
    on: date
    to: tuple[str, ...] = ()
    head_word: str = "文件"
    annexes: tuple[Annex, ...] = ()
    copies: tuple[str, ...] = ()
    printed_by: str = ""
    printed_on: date | None = None
    secrecy: str = ""
    urgency: str = ""
    signer: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if faults := list(self._faults()):
            raise BadPaper(faults)

    def _faults(self) -> Iterator[str]:
        if not self.organ.strip() or not self.title.strip() or not self.signed.strip():
            yield "a paper has an organ, a title and a signature"
        if not _NUMBER.match(self.number):
            yield f"{self.number!r} is no number of a paper (安应急〔2026〕3号)"
        if not any(isinstance(block, Text | Heading) for block in self.body):
            yield "a paper has a body"
        level = 0
        for block in self.body:
            if isinstance(block, Heading):
                if not 1 <= block.level <= _MOST_LEVEL:
                    yield f"a heading has level 1 to {_MOST_LEVEL}, not {block.level}"
                elif block.level > level + 1 and level:
                    yield f"level {block.level} follows level {level}: {block.words[:20]}"
                level = block.level


def chinese_number(n: int) -> str:
    """1 to 99 as Chinese writes them: 一, 十, 十一, 二十三. Raises ValueError for others."""
    if not 1 <= n <= 99:
        raise ValueError(f"{n} is not counted in Chinese figures here")
    tens, ones = divmod(n, 10)
    head = "" if not tens else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return head + (_DIGITS[ones] if ones else "")


def ordinal(level: int, n: int) -> str:
    """The number of a heading: 一、 (一) 1. (1), GB/T 9704-2012, 7.3.3."""
    if level == 1:
        return f"{chinese_number(n)}、"
    if level == 2:
        return f"（{chinese_number(n)}）"
    return f"{n}." if level == 3 else f"（{n}）"


def numbered(blocks: Sequence[Block]) -> Iterator[tuple[Block, str]]:
    """Each block with the number of its heading, "" for those that have none. A higher level begins lower ones anew."""
    counts = [0] * _MOST_LEVEL
    for block in blocks:
        if not isinstance(block, Heading):
            yield block, ""
            continue
        at = block.level - 1
        counts[at] += 1
        counts[at + 1 :] = [0] * (_MOST_LEVEL - at - 1)
        yield block, ordinal(block.level, counts[at])


def day_words(day: date) -> str:
    """2026年3月1日: Arabic figures, in full, without zeros ahead (7.3.5.4)."""
    return f"{day.year}年{day.month}月{day.day}日"


def annex_lines(annexes: Sequence[Annex]) -> list[str]:
    """The lines that name the annexes after the body, without a stop at the end (7.3.4)."""
    if not annexes:
        return []
    if len(annexes) == 1:
        return [f"附件：{annexes[0].title}"]
    return [f"{'附件：' if at == 0 else '　　　'}{at + 1}. {annex.title}" for at, annex in enumerate(annexes)]


def title_lines(title: str, most: int) -> list[str]:
    """A title cut into centred lines of at most `most` signs, the longer ones below (7.3.1: 梯形)."""
    title = title.strip()
    count = -(-len(title) // most)
    if count <= 1:
        return [title]
    size = -(-len(title) // count)
    lines = [title[max(0, len(title) - size * (at + 1)) : len(title) - size * at] for at in range(count)]
    return [line for line in reversed(lines) if line]


def sign_indents(signed: str, day: date) -> tuple[int, int]:
    """Signs that signature and day stand in from the right edge, without a seal (7.3.5.2).

    The signature two signs in, the day on the next line beginning two signs to the right of it; a day that is longer
    stands two signs in, and the signature moves left for it.
    """
    date_signs = _signs(day_words(day))
    name = _signs(signed)
    day_in = name - date_signs
    if date_signs > name:
        return 2 + date_signs + 2 - name, 2
    return 2, day_in


def _signs(text: str) -> int:
    """Width in whole signs: figures and letters take half of one."""
    return -(-sum(1 if ord(sign) < 256 else 2 for sign in text) // 2)
