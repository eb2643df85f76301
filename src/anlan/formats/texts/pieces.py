"""The tree of a text that was cut into clauses, and what was found while cutting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

#: Levels of a piece, from the widest to the narrowest. `clause` is a numbered clause of a standard (4.2.1), `heading`
#: a heading of a house rule (一、), `sheet` a section of a safety data sheet.
LEVELS = (
    "lead", "part", "chapter", "section", "article", "annex", "clause", "heading", "sheet", "paragraph", "item",
    "subitem",
)  # fmt: skip


@dataclass(slots=True)
class Node:
    """One piece of a text and what stands below it.

    number  as written (第三条, （一）, 4.2.1); "" for a paragraph, which is counted and not numbered
    values  the number as whole numbers: (3,), (12, 1) for 第十二条之一, (4, 2, 1); for a paragraph its place, from 1
    """

    level: str
    number: str = ""
    values: tuple[int, ...] = ()
    heading: str = ""
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        """This piece and all below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Piece:
    """A node in a flat list.

    parent   place of the piece above it in the list, -1 at the top
    anchor   its name in addresses, unique in the text and the same in another edition that numbers alike
    locator  how it is cited after the title: 第三条第二款第（一）项, 4.2.1; "" for what is not cited by number
    """

    level: str
    number: str
    heading: str
    text: str
    parent: int
    anchor: str
    locator: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at before a text is kept; nothing of it was mended.

    code     missing, repeated, disordered (numbers as written); contents (lines of a table of contents left out);
             unwritten (paragraphs that Word numbers by itself); uncut (nothing to cut by was found)
    level    whose numbers
    under    the piece in which they are counted, as written; "" for the whole text
    numbers  what is missing or stands twice
    n        how many
    """

    code: str
    level: str = ""
    under: str = ""
    numbers: tuple[str, ...] = ()
    n: int = 0


@dataclass(frozen=True, slots=True)
class Cut:
    """A text in pieces. `title`, `issued`, `in_force`, `number`: what the text seems to say; a person confirms."""

    scheme: str
    title: str
    pieces: tuple[Piece, ...]
    findings: tuple[Finding, ...]
    issued: date | None = None
    in_force: date | None = None
    number: str = ""

    def count(self, level: str) -> int:
        """How many pieces there are of a level."""
        return sum(1 for piece in self.pieces if piece.level == level)


_LETTERS = {
    "lead": "L", "part": "P", "chapter": "C", "section": "S", "article": "a", "annex": "x", "clause": "",
    "heading": "h", "sheet": "m", "paragraph": "p", "item": "i", "subitem": "s",
}  # fmt: skip


def flat(roots: list[Node]) -> tuple[Piece, ...]:
    """A tree as a list in reading order, with anchors and locators."""
    found: list[Piece] = []
    taken: set[str] = set()

    def add(node: Node, parent: int, above: str, cited: str) -> None:
        own = _LETTERS[node.level] + ".".join(map(str, node.values))
        # Articles are counted through the whole law: their place in a chapter is not part of their name.
        anchor = own if node.level in ("article", "clause", "annex", "sheet") or not above else f"{above}-{own}"
        while anchor in taken:
            anchor += "_"
        taken.add(anchor)
        locator = _locator(node, cited)
        found.append(Piece(node.level, node.number, node.heading, node.text, parent, anchor, locator))
        place = len(found) - 1
        for child in node.children:
            add(child, place, anchor, locator)

    for root in roots:
        add(root, -1, "", "")
    return tuple(found)


def _locator(node: Node, above: str) -> str:
    match node.level:
        case "lead":
            return ""
        case "article" | "clause" | "annex" | "sheet":
            return node.number
        case "paragraph":
            return f"{above}第{_chinese(node.values[0])}款" if above.endswith("条") or "条之" in above else above
        case "item":
            return f"{above}第{node.number}项"
        case "subitem":
            return f"{above}第{node.number.rstrip('.．、')}目"
        case _:
            return f"{above}{node.number}".rstrip("、.．")


def _chinese(value: int) -> str:
    """1 to 99 in Chinese; larger ones in digits."""
    signs = "零一二三四五六七八九"
    if value < 10:
        return signs[value]
    if value >= 100:
        return str(value)
    tens, ones = divmod(value, 10)
    return ("" if tens == 1 else signs[tens]) + "十" + (signs[ones] if ones else "")
