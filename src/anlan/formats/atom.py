"""Feeds that list messages: Atom and RSS 2.0 read as far as they lead to files, Atom written.

Of an entry only what names it and where its file lies is taken; what a feed says of a warning itself is not believed,
the file is. `xml:base` is not followed: an address is relative to that of the feed. Source: RFC 4287 (Atom); RSS 2.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from anlan.formats.faults import Refused
from anlan.formats.trees import Bounds, Element, child, children, name_of, space_of, text_of, tree_of

ATOM = "http://www.w3.org/2005/Atom"
CAP_TYPE = "application/cap+xml"
#: The recorded national feed has 0.6 MB and 9,000 elements for 230 entries.
BOUNDS = Bounds(bytes=16 << 20, depth=24, elements=400_000, text=1 << 20)
#: Signs of an address or a name that are read.
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its own name, the address of its file as it stands there, and when it was last changed, as written."""

    id: str
    address: str
    updated: str = ""


def kind_of(data: bytes, bounds: Bounds = BOUNDS) -> str:
    """What a document is by its root: "feed" (Atom), "rss", "alert", or "" for anything else. Raises Refused."""
    return _kind(tree_of(data, "", bounds))


def _kind(root: Element) -> str:
    name = name_of(root)
    if name == "feed":
        return "feed" if space_of(root) == ATOM else ""
    return name if name in ("rss", "alert") else ""


def entries_of(data: bytes, bounds: Bounds = BOUNDS) -> tuple[Entry, ...]:
    """The entries of a feed, in its order; those that lead nowhere are left out.

    Raises Refused for what is no XML (see `trees.tree_of`), and `unsupported` for XML that is no feed.
    """
    root = tree_of(data, "", bounds)
    kind = _kind(root)
    if kind == "feed":
        return tuple(_atom(root))
    if kind == "rss":
        return tuple(_rss(root))
    raise Refused("unsupported", "", found=name_of(root)[:60])


def _atom(root: Element) -> Iterator[Entry]:
    for entry in children(root):
        if name_of(entry) != "entry":
            continue
        links = [one for one in children(entry) if name_of(one) == "link" and one.get("href")]
        named = _said(entry, "id")
        files = [one for one in links if one.get("type", "").partition(";")[0].strip().lower() == CAP_TYPE]
        pages = [one for one in links if one.get("rel", "alternate") == "alternate"]
        address = next((one.get("href").strip() for one in (*files, *pages)), named if _is_web(named) else "")
        if address and len(address) <= _LONGEST:
            yield Entry((named or address)[:_LONGEST], address, _said(entry, "updated")[:60])


def _rss(root: Element) -> Iterator[Entry]:
    channel = child(root, "channel")
    for item in children(channel) if channel is not None else ():
        if name_of(item) != "item":
            continue
        files = [
            one.get("url", "").strip()
            for one in children(item)
            if name_of(one) == "enclosure" and one.get("type", "").strip().lower() == CAP_TYPE
        ]
        named = _said(item, "guid")
        address = next(filter(None, (*files, _said(item, "link"))), named if _is_web(named) else "")
        if address and len(address) <= _LONGEST:
            yield Entry((named or address)[:_LONGEST], address, _said(item, "pubDate")[:60])


def _said(element: Element, name: str) -> str:
    found = child(element, name)
    return text_of(found).strip() if found is not None else ""


def _is_web(text: str) -> bool:
    return text.startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry to write: `id` an IRI that never changes, `address` of the file, `summary` plain text."""

    id: str
    title: str
    updated: datetime
    address: str
    summary: str = ""
    category: str = ""


def write_atom(
    *, id: str, title: str, author: str, address: str, updated: datetime, entries: Sequence[Listed]
) -> bytes:  # fmt: skip
    """An Atom feed of CAP files.

    id       IRI that names the feed for ever
    address  where the feed itself lies
    updated  aware; when it last changed, which a reader compares with what it has
    """
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    _add(feed, "id", id)
    _add(feed, "title", title)
    _add(feed, "updated", _stamp(updated))
    _add(_add(feed, "author"), "name", author)
    _add(feed, "link", rel="self", type="application/atom+xml", href=address)
    for one in entries:
        entry = _add(feed, "entry")
        _add(entry, "id", one.id)
        _add(entry, "title", one.title)
        _add(entry, "updated", _stamp(one.updated))
        _add(entry, "link", rel="alternate", type=CAP_TYPE, href=one.address)
        if one.category:
            _add(entry, "category", term=one.category)
        if one.summary:
            _add(entry, "summary", one.summary, type="text")
    return bytes(etree.tostring(feed, encoding="utf-8", xml_declaration=True))


def _add(parent: Element, name: str, text: str = "", **attributes: str) -> Element:
    element = etree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    if text:
        element.text = text
    return element


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
