"""XML of strangers as a tree: one decoding for both readers of it, no document type, bounds before anything is built.

The bytes are decoded here and handed on as UTF-8 without a declared encoding, so that the parser that guards (expat)
and the parser that builds (libxml2) cannot read them as two different documents. GB18030 and its older names are read
as GB18030, which neither parser knows by itself.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from anlan.formats.faults import Refused
from anlan.formats.markup import read_xml

#: An element of lxml, which has no types of its own.
Element = Any

#: Declared names that are read, and as what. Latin-1 is read as declared, not as what browsers make of it.
_ENCODINGS = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "ascii": "ascii", "iso-8859-1": "iso-8859-1",
    "latin1": "iso-8859-1", "windows-1252": "cp1252", "utf-16": "utf-16", "gb2312": "gb18030", "gbk": "gb18030",
    "gb18030": "gb18030",
}  # fmt: skip
_DECLARED = re.compile(r"""\A\s*<\?xml\s[^>]*?(encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["'])[^>]*\?>""")


#: Signs in which a document declares its encoding.
_HEAD = 300


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is taken of a document.

    bytes     of the file
    depth     of elements in elements
    elements  of the document
    text      signs of one text or value of an attribute
    """

    bytes: int = 2 << 20
    depth: int = 40
    elements: int = 50_000
    text: int = 1_000_000


def tree_of(data: bytes, where: str = "", bounds: Bounds | None = None) -> Element:
    """The root element of a document. Raises Refused: `too_large`, `empty_file`, `unknown_encoding`, `doctype`,
    `broken_xml`, `too_deep`, `too_many_parts`, `text_too_long`."""
    bounds = bounds or Bounds()
    if len(data) > bounds.bytes:
        raise Refused("too_large", where, bytes=len(data), limit=bounds.bytes)
    if not data.strip():
        raise Refused("empty_file", where)
    plain = plain_of(data, where)
    _guard(plain, where, bounds)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(plain, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refused("broken_xml", where, line=int(getattr(error, "lineno", None) or 1)) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Refused("doctype", where)
    return root


def plain_of(data: bytes, where: str) -> bytes:
    """The document as UTF-8 that declares no encoding; line numbers stay. Raises Refused `unknown_encoding`."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            body, encoding = data[len(mark) :], name
            break
    else:
        body, encoding = data, _ENCODINGS.get(_declared(data[:_HEAD].decode("latin-1")).lower() or "utf-8", "")
    if encoding == "utf-16":
        encoding = ""
    try:
        text = body.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise Refused("unknown_encoding", where, line=1) from error
    declared = _DECLARED.match(text[:_HEAD])
    if not declared and re.match(r"\s*<\?xml\s", text) and "encoding" in text.partition("?>")[0]:
        # One that hides its encoding far away, or in a form that only one parser might see.
        raise Refused("broken_xml", where, line=1)
    if declared:
        start, end = declared.span(1)
        text = text[:start] + text[end:]
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Refused("unknown_encoding", where, line=1) from error


def _declared(head: str) -> str:
    found = _DECLARED.match(head)
    return found.group(2) if found else ""


def _guard(plain: bytes, where: str, bounds: Bounds) -> None:
    """Refuse a document type, depth, number and length before a tree is built."""
    depth = elements = length = 0

    def start(_name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements, length
        depth, elements, length = depth + 1, elements + 1, 0
        if depth > bounds.depth:
            raise Refused("too_deep", where, limit=bounds.depth)
        if elements > bounds.elements:
            raise Refused("too_many_parts", where, parts=elements, limit=bounds.elements)
        longest = max(map(len, attributes.values()), default=0)
        if longest > bounds.text:
            raise Refused("text_too_long", where, length=longest, limit=bounds.text)

    def end(_name: str) -> None:
        nonlocal depth, length
        depth, length = depth - 1, 0

    def text(piece: str) -> None:
        nonlocal length
        length += len(piece)
        if length > bounds.text:
            raise Refused("text_too_long", where, length=length, limit=bounds.text)

    read_xml(io.BytesIO(plain), where, start=start, end=end, text=text)


def children(element: Element) -> Iterator[Element]:
    """The elements inside, without comments and instructions."""
    return (child for child in element if isinstance(child.tag, str))


def text_of(element: Element) -> str:
    """All text directly inside; a comment in the middle of a word does not cut the word in two."""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def name_of(element: Element) -> str:
    """The name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def space_of(element: Element) -> str:
    """The namespace; "" for none."""
    return str(element.tag)[1:].partition("}")[0] if str(element.tag).startswith("{") else ""


def child(element: Element, *names: str) -> Element | None:
    """The first element along a path of local names, in the namespace of the element it stands in."""
    for name in names:
        space = space_of(element)
        wanted = f"{{{space}}}{name}" if space else name
        element = next((one for one in children(element) if one.tag == wanted), None)
        if element is None:
            return None
    return element
