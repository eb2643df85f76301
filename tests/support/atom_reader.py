"""Atom read by the letter of RFC 4287, independent of what writes it: whatever the RFC says MUST is asserted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

NS = "{http://www.w3.org/2005/Atom}"
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass
class Entry:
    id: str
    title: str
    updated: datetime
    address: str


@dataclass
class Feed:
    id: str
    title: str
    updated: datetime
    self_address: str
    entries: list[Entry]


def read_atom(data: bytes) -> Feed:
    root = etree.fromstring(data)
    assert root.tag == f"{NS}feed"
    assert data.startswith(b"<?xml")
    # 4.1.1: an author of the feed, or one in each entry; 3.2: with exactly one name.
    authors = root.findall(f"{NS}author")
    assert authors or all(one.findall(f"{NS}author") for one in root.findall(f"{NS}entry"))
    assert all(len(one.findall(f"{NS}name")) == 1 and one.findtext(f"{NS}name") for one in authors)
    selves = [one for one in root.findall(f"{NS}link") if one.get("rel") == "self"]
    assert len(selves) == 1
    _link(selves[0])
    entries = [_entry(one) for one in root.findall(f"{NS}entry")]
    # 4.1.1: no two entries of one name and one time.
    assert len({(one.id, one.updated) for one in entries}) == len(entries)
    return Feed(_id(root), _text(root, "title"), _date(root), selves[0].get("href"), entries)


def _entry(entry: Any) -> Entry:
    alternates = [one for one in entry.findall(f"{NS}link") if one.get("rel", "alternate") == "alternate"]
    for one in alternates:
        _link(one)
    kinds = [(one.get("type"), one.get("hreflang")) for one in alternates]
    assert len(set(kinds)) == len(kinds), "4.1.2: alternates of one kind"
    assert alternates or entry.find(f"{NS}content") is not None
    assert len(entry.findall(f"{NS}summary")) <= 1
    assert all(one.get("term") is not None for one in entry.findall(f"{NS}category"))
    return Entry(_id(entry), _text(entry, "title"), _date(entry), alternates[0].get("href"))


def _one(parent: Any, name: str) -> Any:
    found = parent.findall(f"{NS}{name}")
    assert len(found) == 1, f"{parent.tag} has {len(found)} of {name}"
    return found[0]


def _id(parent: Any) -> str:
    said = _one(parent, "id").text
    assert said == said.strip()
    assert urlsplit(said).scheme, f"{said} is no absolute IRI"
    return said


def _text(parent: Any, name: str) -> str:
    element = _one(parent, name)
    assert element.get("type", "text") in ("text", "html", "xhtml")
    assert len(element) == 0
    return element.text or ""


def _date(parent: Any) -> datetime:
    said = _one(parent, "updated").text
    assert _RFC3339.fullmatch(said), said
    return datetime.fromisoformat(said.replace("Z", "+00:00"))


def _link(link: Any) -> None:
    assert link.get("href")
    kind = link.get("type")
    assert kind is None or re.fullmatch(r"[\w.+-]+/[\w.+-]+", kind)
