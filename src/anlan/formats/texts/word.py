"""Word documents (.docx) as lines of text: the document's body as it reads with all changes accepted."""

from __future__ import annotations

import re

from anlan.formats.archives import Archive
from anlan.formats.faults import Refused
from anlan.formats.markup import local, read_xml

#: Elements nested deeper are no document of a person.
_DEEP = 400
_HEADING = re.compile(r"(?:heading|标题)\s*([1-6])|([1-6])", re.IGNORECASE)


class _Body:
    """Collects paragraphs; a row of a table is one line, with every cell in its column."""

    def __init__(self, most: int, headings: dict[str, int]) -> None:
        self.lines: list[tuple[str, int]] = []
        self.unwritten = 0
        self._headings = headings
        self._most = most
        self._signs = 0
        self._pieces: list[str] = []
        self._row: list[str] = []
        self._cell: list[str] = []
        self._depth = self._rows = self._passed = 0
        self._heading = 0
        self._reads = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEP:
            raise Refused("too_deep", "word/document.xml", limit=_DEEP)
        match local(name):
            case "Fallback":  # the same once more, for old programs
                self._passed += 1
            case "t" | "delText" as tag:
                self._reads = tag == "t" and not self._passed
            case "tab":
                self._pieces.append(" ")
            case "br" | "cr":
                self._end_line()
            case "p":
                self._heading = 0
            case "pStyle":
                self._heading = self._headings.get(attributes.get("w:val", ""), 0)
            case "numId" if attributes.get("w:val") not in ("0", None) and not self._passed:
                self.unwritten += 1
            case "tr":
                self._rows += 1

    def end(self, name: str) -> None:
        self._depth -= 1
        match local(name):
            case "Fallback":
                self._passed -= 1
            case "t" | "delText":
                self._reads = False
            case "p":
                self._end_line()
            case "tc" if self._rows == 1:
                self._row.append(" ".join(self._cell))
                self._cell = []
            case "tr":
                self._rows -= 1
                if not self._rows:
                    self.lines.append((" | ".join(self._row), 0))
                    self._row = []

    def text(self, said: str) -> None:
        if not self._reads:
            return
        self._signs += len(said)
        if self._signs > self._most:
            raise Refused("text_too_long", length=self._signs, limit=self._most)
        self._pieces.append(said)

    def _end_line(self) -> None:
        line = "".join(self._pieces)
        self._pieces = []
        if self._rows:
            if line.strip():
                self._cell.append(line.strip())
        else:
            self.lines.append((line, self._heading))


def word_lines(archive: Archive, most: int) -> tuple[list[tuple[str, int]], int]:
    """Lines with the level of a heading or 0, and how many paragraphs Word numbers by itself.

    most  signs of text

    Raises Refused: `doctype`, `broken_xml`, `too_deep`, `text_too_long`, `broken_zip`.
    """
    body = _Body(most, _headings(archive))
    with archive.part("word/document.xml") as part:
        read_xml(part, "word/document.xml", start=body.start, end=body.end, text=body.text)
    return body.lines, body.unwritten


def _headings(archive: Archive) -> dict[str, int]:
    """Styles that are headings, with their level."""
    found: dict[str, int] = {}
    if "word/styles.xml" not in archive.names:
        return found
    style = ""

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal style
        if local(name) == "style":
            style = attributes.get("w:styleId", "")
        elif local(name) == "name" and style:
            level = _HEADING.fullmatch(attributes.get("w:val", "").strip())
            if level:
                found[style] = int(level[1] or level[2])

    with archive.part("word/styles.xml") as part:
        read_xml(part, "word/styles.xml", start=start)
    return found
