"""A plan, programme or list of work points of a stranger, as its characters: text, HTML, Word, PDF that holds text.

What is read is kept as it stands: nothing is mended here. `cleaning` proposes what to leave out, and every proposal can
be undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anlan.formats.faults import Refused
from anlan.formats.policy.pages import pages_of
from anlan.formats.policy.tables import Table, find_tables
from anlan.formats.texts.hypertext import hypertext_lines
from anlan.formats.texts.reading import Limits, decoded, kind_of, word_text

#: Between two pages of a PDF.
PAGE = "\f"


@dataclass(frozen=True, slots=True)
class Bounds(Limits):
    """What is taken at most: as of any text, and pages of a PDF."""

    bytes: int = 20 << 20
    signs: int = 300_000
    seconds: float = 20.0
    memory: int = 768
    pages: int = 500


@dataclass(frozen=True, slots=True)
class Source:
    """What a file says, untouched.

    text      its characters; a row of a table is one line with `|` between its cells, pages of a PDF are parted by a
              form feed
    kind      txt, html, docx or pdf
    tables    rows and cells with their places in `text`
    unwritten paragraphs that Word numbers without writing the number: those numbers are lost, and said to be
    blank     pages of a PDF that hold no text, from 1: pictures of paper that nobody has read yet
    """

    name: str
    text: str
    kind: str = "txt"
    tables: tuple[Table, ...] = ()
    unwritten: int = 0
    blank: tuple[int, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON values, for `of`."""
        return {"name": self.name, "text": self.text, "kind": self.kind, "unwritten": self.unwritten,
                "blank": list(self.blank)}  # fmt: skip

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Source:
        """The source of what `plain` gave."""
        text = str(said["text"])
        return cls(str(said["name"]), text, str(said["kind"]), find_tables(text), int(said["unwritten"]),
                   tuple(int(page) for page in said["blank"]))  # fmt: skip


def source_of(name: str, text: str, kind: str = "txt") -> Source:
    """A text that is already characters: pasted into a field, or made by a test."""
    return Source(name, text, kind, find_tables(text))


def read_source(name: str, path: Path, bounds: Bounds) -> Source:
    """Read a file by what it holds, whatever it is called. In this process: `limited.read` is the door for uploads.

    Raises Refused: as `texts.reading.read_text`, and `too_many_pages`, `no_text_layer`, `broken_pdf` for a PDF.
    """
    size = path.stat().st_size
    if size > bounds.bytes:
        raise Refused("too_large", name, bytes=size, limit=bounds.bytes)
    kind = kind_of(path)
    if kind == "pdf":
        pages = pages_of(path, most_pages=bounds.pages, most_signs=bounds.signs)
        blank = tuple(number for number, page in enumerate(pages, 1) if not page.strip())
        text = f"\n{PAGE}".join(pages)
        return Source(name, text, "pdf", find_tables(text), 0, blank)
    if kind == "docx":
        lines, unwritten = word_text(path, bounds)
        return _whole(name, "docx", "\n".join(line for line, _heading in lines), bounds, unwritten)
    said = decoded(path.read_bytes())
    if kind == "html":
        lines = list(hypertext_lines(said))
        return _whole(name, "html", "\n".join(" ".join(line.split()) for line, _heading in lines), bounds)
    return _whole(name, "txt", said, bounds)


def _whole(name: str, kind: str, text: str, bounds: Bounds, unwritten: int = 0) -> Source:
    if len(text) > bounds.signs:
        raise Refused("text_too_long", name, length=len(text), limit=bounds.signs)
    if not text.strip():
        raise Refused("empty_file", name)
    return Source(name, text, kind, find_tables(text), unwritten)
