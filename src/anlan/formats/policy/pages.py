"""The text of a PDF, page by page and line by line."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.errors import PyPdfError

from anlan.formats.faults import Refused

#: What pypdf lets through of its own when a file contradicts itself.
_BROKEN = (
    PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError,
    NotImplementedError, AssertionError, ArithmeticError, OSError,
)  # fmt: skip


#: Points up or down within one line, and to the right from one column to the next.
_SAME_LINE, _COLUMN = 3.0, 100.0


def pages_of(path: Path, *, most_pages: int, most_signs: int) -> list[str]:
    """Text of every page in reading order; "" for a page that is only a picture.

    Raises Refused: `encrypted`, `broken_pdf`, `too_many_pages`, `text_too_long`, `no_text_layer`.
    """
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused("encrypted")
        count = len(reader.pages)
    except _BROKEN as error:
        raise Refused("broken_pdf", page=0) from error
    if count > most_pages:
        raise Refused("too_many_pages", pages=count, limit=most_pages)
    found: list[str] = []
    signs = 0
    for number in range(count):
        try:
            text = _text_of(reader.pages[number])
        except _BROKEN as error:
            raise Refused("broken_pdf", page=number + 1) from error
        signs += len(text)
        if signs > most_signs:
            raise Refused("text_too_long", length=signs, limit=most_signs)
        found.append(text.replace("\f", "\n"))
    if not any(page.strip() for page in found):
        raise Refused("no_text_layer", pages=count)
    return found


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Words that a page draws at one place, in points from its lower left corner."""

    x: float
    y: float
    text: str


def _text_of(page: PageObject) -> str:
    """The page's lines from top to bottom, whatever order the file draws them in."""
    chunks: list[_Chunk] = []
    turned = False

    def see(text: str, outer: list[float], inner: list[float], _font: Any, _size: Any) -> None:
        nonlocal turned
        if text.strip():
            turned = turned or any((outer[1], outer[2], inner[1], inner[2]))
            x, y = outer[0] * inner[4] + outer[4], outer[3] * inner[5] + outer[5]
            chunks.append(_Chunk(x, y, text.strip("\n")))

    text = page.extract_text(visitor_text=see)
    if turned or not any(_is_misplaced(one, other) for one, other in pairwise(chunks)):
        return text
    lines: list[list[_Chunk]] = []
    for chunk in sorted(chunks, key=lambda chunk: -chunk.y):
        if lines and lines[-1][0].y - chunk.y < _SAME_LINE:
            lines[-1].append(chunk)
        else:
            lines.append([chunk])
    return "\n".join("".join(chunk.text for chunk in sorted(line, key=lambda chunk: chunk.x)) for line in lines)


def _is_misplaced(one: _Chunk, other: _Chunk) -> bool:
    """Is a chunk drawn after one that it stands above? A second column begins further up too, but to the right."""
    return other.y > one.y + _SAME_LINE and other.x < one.x + _COLUMN
