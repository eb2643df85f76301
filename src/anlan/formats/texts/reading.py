"""Documents of strangers as lines of text: plain text and Markdown, HTML, Word (.docx)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anlan.formats.archives import Archive
from anlan.formats.encodings import encoding_of
from anlan.formats.faults import Refused
from anlan.formats.texts.hypertext import hypertext_lines
from anlan.formats.texts.word import word_lines

#: How files begin that are no text, and what they are called.
_OTHERS = (
    (b"\xd0\xcf\x11\xe0", "doc"), (b"%PDF", "pdf"), (b"{\\rtf", "rtf"), (b"\xff\xd8\xff", "jpeg"), (b"\x89PNG", "png"),
    (b"\x1f\x8b", "gzip"), (b"Rar!", "rar"), (b"7z\xbc\xaf", "7z"),
)  # fmt: skip
_HYPERTEXT = re.compile(rb"<\s*(!doctype\s+html|html|head|body|div|p|h[1-6])[\s>]", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_MARKED = re.compile(r"(#{1,6})[\s　]+(.*)")
#: Bytes of the beginning that tell what a file is.
_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken at most: bytes of the file and unpacked, parts of an archive, packing, signs, seconds, MiB."""

    bytes: int = 10 << 20
    unpacked: int = 64 << 20
    parts: int = 2_000
    ratio: int = 300
    signs: int = 600_000
    seconds: float = 5.0
    memory: int = 384


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph. `heading`: 1 to 6 where the file marks it as a heading, 0 elsewhere."""

    text: str
    heading: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """What a file says. `kind`: txt, html or docx; `unwritten`: paragraphs that Word numbers without writing it."""

    kind: str
    lines: tuple[Line, ...]
    unwritten: int = 0

    def plain(self) -> dict[str, Any]:
        """As JSON values, for `of`."""
        lines = [[one.text, one.heading] for one in self.lines]
        return {"kind": self.kind, "lines": lines, "unwritten": self.unwritten}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Text:
        """The text of what `plain` gave."""
        lines = tuple(Line(str(text), int(heading)) for text, heading in said["lines"])
        return cls(str(said["kind"]), lines, int(said["unwritten"]))


def read_text(path: Path, limits: Limits) -> Text:
    """Read a file by what it holds, whatever it is called.

    Raises Refused: `too_large`, `empty_file`, `unsupported`, `unknown_encoding`, `text_too_long`, `macros` and all that
    archives and XML are refused for.
    """
    size = path.stat().st_size
    if size > limits.bytes:
        raise Refused("too_large", bytes=size, limit=limits.bytes)
    match kind_of(path):
        case "docx":
            lines, unwritten = word_text(path, limits)
            return _whole("docx", lines, limits, unwritten)
        case "pdf":
            raise Refused("unsupported", found="pdf")
    return text_of(path.read_bytes(), limits)


def kind_of(path: Path) -> str:
    """txt, html, docx or pdf, by how the file begins. Raises Refused `unsupported` for what is none of these."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"PK\x03\x04"):
        return "docx"
    for mark, name in _OTHERS:
        if head.startswith(mark):
            if name == "pdf":
                return name
            raise Refused("unsupported", found=name)
    return "html" if _HYPERTEXT.search(head) else "txt"


def text_of(data: bytes, limits: Limits) -> Text:
    """Lines of plain text, Markdown or HTML. Raises Refused as `read_text`."""
    said = decoded(data)
    if len(said) > limits.signs * 4:
        raise Refused("text_too_long", length=len(said), limit=limits.signs)
    if _HYPERTEXT.search(data[:_HEAD]):
        return _whole("html", hypertext_lines(said), limits)
    lines = (_unmarked(one) for one in _COMMENT.sub("", said).splitlines())
    return _whole("txt", lines, limits)


def decoded(data: bytes) -> str:
    """The characters of a text. Raises Refused: `empty_file`, `unknown_encoding`, `unsupported` for what is no text."""
    if not data.strip():
        raise Refused("empty_file")
    encoding = encoding_of(data)
    if encoding != "utf-16" and b"\x00" in data:
        raise Refused("unsupported", found="binary")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Refused("unknown_encoding", line=data.count(b"\n", 0, error.start) + 1) from error


def _unmarked(line: str) -> tuple[str, int]:
    found = _MARKED.match(line)
    return (found[2], len(found[1])) if found else (line, 0)


def word_text(path: Path, limits: Limits) -> tuple[list[tuple[str, int]], int]:
    """Lines of a Word document with their level of heading, and how many paragraphs Word numbers by itself."""
    with Archive(path, parts=limits.parts, unpacked=limits.unpacked, ratio=limits.ratio) as archive:
        if "word/document.xml" not in archive.names:
            raise Refused("unsupported", found="zip")
        if any(name.endswith("vbaProject.bin") for name in archive.names):
            raise Refused("macros")
        return word_lines(archive, limits.signs)


def _whole(kind: str, found: Iterable[tuple[str, int]], limits: Limits, unwritten: int = 0) -> Text:
    lines: list[Line] = []
    signs = 0
    for text, heading in found:
        cleaned = clean(text)
        if not cleaned:
            continue
        signs += len(cleaned)
        if signs > limits.signs:
            raise Refused("text_too_long", length=signs, limit=limits.signs)
        lines.append(Line(cleaned, heading))
    if not lines:
        raise Refused("empty_file")
    return Text(kind, tuple(lines), unwritten)


def clean(text: str) -> str:
    """One line without invisible signs, every run of white space one space."""
    if not text.isprintable():
        text = "".join(sign for sign in text if sign.isspace() or unicodedata.category(sign)[0] != "C")
    return " ".join(text.split())
