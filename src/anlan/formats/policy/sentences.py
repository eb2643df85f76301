"""The sentences of a tree, with what stands around them that a reader takes for granted: years, headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from anlan.formats.policy.times import period_of, plain, years_of
from anlan.formats.policy.trees import Tree

_SENTENCE = re.compile(r"[^。；;！!？?\n]+[。；;！!？?]?")
#: Commas part fragments, except inside 15,000.
_COMMA = re.compile(r"[，：]|[,:](?!\d{3}(?!\d))")
_BY = re.compile(r"(?:到|至|截至)\s*(20\d{2})\s*年")
#: Headings under which a plan tells how things are, not what is to be done.
_TOLD = re.compile(r"现状|主要问题|存在(?:的)?问题|回顾|成效|形势|背景|基本情况|发展基础")
#: A sentence is not longer.
_LONG = 4_000
#: What begins a line of a list without numbers.
_BULLETS = "—–•·●■◆▪○□ \t\u3000"
_FIVE = {"十三五": 2020, "十四五": 2025, "十五五": 2030, "十六五": 2035}


@dataclass(frozen=True, slots=True)
class Fragment:
    """Words between two commas, full-width figures made ordinary. `before`: the fragments before it in its sentence."""

    text: str
    start: int
    before: tuple[str, ...]

    @property
    def end(self) -> int:
        """Where it ends in the cleaned text."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence.

    year_above  the year that an earlier sentence of the clause or its heading sets, else None
    by          True where an earlier sentence of the clause said 到…年
    first       True for the first sentence of a clause, behind its number
    told        True under a heading about how things are: a number there is no target
    """

    clause: int
    text: str
    start: int
    fragments: tuple[Fragment, ...]
    year_above: int | None
    by: bool = False
    told: bool = False
    first: bool = False

    @property
    def end(self) -> int:
        """Where it ends in the cleaned text."""
        return self.start + len(self.text)


def year_of_document(tree: Tree) -> int | None:
    """The last year that the title names, or the last of a five-year plan that it names."""
    years = years_of(tree.title) or [
        (0, year) for clause in tree.clauses[:8] if clause.level == "lead" and not tree.title
        for _place, year in years_of(clause.text[:80])
    ]  # fmt: skip
    if years:
        return max(year for _place, year in years)
    return next((year for name, year in _FIVE.items() if name in tree.title), None)


def sentences(tree: Tree) -> Iterator[Sentence]:
    """Every sentence outside tables, title and annexes, in order; one beyond all measure is no sentence."""
    for at, clause in enumerate(tree.clauses):
        if clause.level in ("table", "row", "title", "annex"):
            continue
        told = any(_TOLD.search(tree.clauses[n].heading) for n in tree.path(at))
        above, said = _year_of_headings(tree, at), False
        begin = clause.start + len(clause.number)
        for n, found in enumerate(_SENTENCE.finditer(tree.cleaned.text, begin, clause.end)):
            if found.end() - found.start() > _LONG:
                continue
            text = plain(found[0])
            yield Sentence(at, text, found.start(), _fragments(text, found.start()), above, said, told, n == 0)
            if by := _BY.search(text):
                above, said = int(by[1]), True


def _fragments(text: str, start: int) -> tuple[Fragment, ...]:
    found: list[Fragment] = []
    said: list[str] = []
    at = 0
    for stop in [*(comma.start() for comma in _COMMA.finditer(text)), len(text)]:
        piece = text[at:stop]
        left = len(piece) - len(piece.lstrip(_BULLETS))
        piece = piece[left:].strip().rstrip("。；;！!？?")
        if piece:
            found.append(Fragment(piece, start + at + left, tuple(said)))
            said.append(piece)
        at = stop + 1
    return tuple(found)


def _year_of_headings(tree: Tree, at: int) -> int | None:
    for n in reversed(tree.path(at)):
        if period := period_of(tree.clauses[n].heading):
            return period[1]
    return None
