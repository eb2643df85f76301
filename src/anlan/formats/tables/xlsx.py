"""Workbooks of Office Open XML (.xlsx), read as a stream in one pass.

Why not by a library: docs/decisions/0009-our-own-reader-of-workbooks.md.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from anlan.formats.archives import Archive
from anlan.formats.faults import Refused
from anlan.formats.markup import BLOCK, local, read_xml
from anlan.formats.tables.drafts import Draft, book_of
from anlan.formats.tables.limits import Limits
from anlan.formats.tables.sheets import Book
from anlan.formats.tables.styles import BUILT_IN, PLAIN, Format, format_of
from anlan.formats.tables.texts import Texts
from anlan.formats.tables.worksheet import TRUE, Setting, decoded, read_worksheet

#: Parts by which a workbook brings programs, takes data from elsewhere, or carries other files.
_MACROS = re.compile(r"vbaProject|/macrosheets/|/activeX/", re.IGNORECASE)
_ELSEWHERE = re.compile(r"/externalLinks/|/connections\.xml$|/queryTables/", re.IGNORECASE)
_EMBEDDED = re.compile(r"/embeddings/", re.IGNORECASE)
_TYPES = "[Content_Types].xml"
#: The content type of the part that makes an archive a workbook.
_MAIN = "spreadsheetml.sheet.main+xml"


def read_xlsx(path: Path, limits: Limits) -> Book:
    """All worksheets of a workbook.

    Raises Refused for what is no honest workbook of values: in `faults.MEANINGS` any file, zip and XML, and of the
    tables `macros` to `too_many_merges`.
    """
    with Archive(path, parts=limits.parts, unpacked=limits.unpacked, ratio=limits.ratio) as archive:
        _refuse_dangerous(archive)
        content = _content(archive)
        if len(content.places) > limits.sheets:
            raise Refused("too_many_sheets", sheets=len(content.places), limit=limits.sheets)
        texts = Texts(limits.text)
        shared = _shared_texts(archive, content.texts, texts, limits) if content.texts else 0
        formats = _formats(archive, content.styles) if content.styles else ()
        setting = Setting(texts, shared, formats, content.from_1904, limits)
        drafts = []
        for place in content.places:
            draft = Draft(place.name, place.hidden, limits)
            with archive.part(place.part) as stream:
                read_worksheet(stream, draft, setting)
            drafts.append(draft)
        _refuse_doctypes(archive, {content.styles, content.texts, *(place.part for place in content.places)})
    return book_of("xlsx", drafts, texts, limits)


@dataclass(frozen=True, slots=True)
class _Place:
    """A worksheet as the workbook lists it."""

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class _Content:
    """The parts that are read; "" where there is none."""

    places: tuple[_Place, ...]
    styles: str
    texts: str
    from_1904: bool


@dataclass(frozen=True, slots=True)
class _Link:
    """A relationship: the last word of its type, and the part it leads to."""

    kind: str
    part: str


def _refuse_dangerous(archive: Archive) -> None:
    for name in archive.names:
        if _MACROS.search(f"/{name}"):
            raise Refused("macros", name)
        if _ELSEWHERE.search(f"/{name}"):
            raise Refused("external_link", name)
        if _EMBEDDED.search(f"/{name}"):
            raise Refused("nested_archive", name)
    archive.refuse_nested()
    if _TYPES not in archive.names:
        raise Refused("wrong_type", said="xlsx", found="zip")
    kinds: list[str] = []
    with archive.part(_TYPES) as stream:
        read_xml(stream, _TYPES, start=lambda _name, given: kinds.append(given.get("ContentType", "")))
    if any("sheet.binary" in kind for kind in kinds):
        raise Refused("unsupported", found="xlsb")
    if any("macroEnabled" in kind for kind in kinds):
        raise Refused("macros", _TYPES)
    if not any(kind.endswith((_MAIN, "spreadsheetml.template.main+xml")) for kind in kinds):
        raise Refused("wrong_type", said="xlsx", found="zip")


def _refuse_doctypes(archive: Archive, read: set[str]) -> None:
    """Parts that nobody reads are no place to hide either."""
    for name in archive.names:
        if name.lower().endswith((".xml", ".rels")) and name not in read:
            with archive.part(name) as stream:
                read_xml(stream, name)


def _links(archive: Archive, part: str) -> dict[str, _Link]:
    """Relationships of a part ("" for the whole) by id. Raises Refused("external_link") but for hyperlinks of cells."""
    folder, name = posixpath.split(part)
    rels = posixpath.join(folder, "_rels", f"{name}.rels")
    found: dict[str, _Link] = {}
    if rels not in archive.names:
        return found

    def start(name: str, given: Mapping[str, str]) -> None:
        if local(name) != "Relationship":
            return
        kind, target = given.get("Type", "").rpartition("/")[2], given.get("Target", "")
        if given.get("TargetMode") == "External":
            if kind != "hyperlink":
                raise Refused("external_link", rels)
            return
        inside = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
        found[given.get("Id", "")] = _Link(kind, posixpath.normpath(inside))

    with archive.part(rels) as stream:
        read_xml(stream, rels, start=start)
    return found


def _content(archive: Archive) -> _Content:
    main = [link.part for link in _links(archive, "").values() if link.kind == "officeDocument"]
    workbook = main[0] if main else "xl/workbook.xml"
    links = _links(archive, workbook)
    for name in archive.names:
        # Any part may lead out of the file: pictures, drawings, the sheets themselves.
        if name.endswith(".rels") and "/_rels/" in f"/{name}":
            folder, _slash, file = name.rpartition("_rels/")
            _links(archive, folder + file.removesuffix(".rels"))
    places: list[_Place] = []
    from_1904 = False

    def start(name: str, given: Mapping[str, str]) -> None:
        nonlocal from_1904
        kind = local(name)
        if kind == "workbookPr":
            from_1904 = given.get("date1904", "0") in TRUE
        elif kind == "sheet":
            title = given.get("name", "")
            link = links.get(next((value for key, value in given.items() if key.endswith(":id")), ""))
            if link is None or not title:
                raise Refused("broken_workbook", workbook)
            if "acro" in link.kind:
                raise Refused("macros", link.part)
            if link.kind == "worksheet":
                places.append(_Place(title, link.part, given.get("state", "visible") != "visible"))

    with archive.part(workbook) as stream:
        read_xml(stream, workbook, start=start)
    by_kind = {link.kind: link.part for link in links.values()}
    styles, texts = by_kind.get("styles", ""), by_kind.get("sharedStrings", "")
    present = set(archive.names)
    return _Content(tuple(places), styles if styles in present else "", texts if texts in present else "", from_1904)


def _shared_texts(archive: Archive, part: str, texts: Texts, limits: Limits) -> int:
    """Put the shared texts in order, first of all texts; returns how many there are."""
    found: list[str] = []
    prefix = ""
    text = whole = ""
    spoken = 0

    def start(name: str, _given: Mapping[str, str]) -> None:
        nonlocal prefix, text, whole, spoken
        kind = name.removeprefix(prefix)
        if kind == "t":
            text = ""
        elif kind == "si":
            whole = ""
        elif kind == "rPh":
            # How the text is read aloud, beside the text.
            spoken += 1
        elif local(name) == "sst":
            prefix = name[:-3]

    def end(name: str) -> None:
        nonlocal whole, spoken
        kind = name.removeprefix(prefix)
        if kind == "t":
            if not spoken:
                whole += text
        elif kind == "si":
            found.append(decoded(whole))
        elif kind == "rPh":
            spoken -= 1

    def data(piece: str) -> None:
        nonlocal text
        text += piece
        if len(text) > BLOCK:
            raise Refused("text_too_long", part, length=len(text), limit=limits.text)

    with archive.part(part) as stream:
        read_xml(stream, part, start=start, end=end, text=data)
    texts.add_all(found)
    return len(texts)


def _formats(archive: Archive, part: str) -> tuple[Format, ...]:
    """What each style of a cell shows, by the style's number."""
    patterns: dict[str, Format] = {}
    numbers: list[str] = []
    inside = False

    def start(name: str, given: Mapping[str, str]) -> None:
        nonlocal inside
        kind = local(name)
        if kind == "numFmt":
            patterns[given.get("numFmtId", "")] = format_of(given.get("formatCode", ""))
        elif kind == "cellXfs":
            inside = True
        elif kind == "xf" and inside:
            numbers.append(given.get("numFmtId", "0"))

    def end(name: str) -> None:
        nonlocal inside
        if local(name) == "cellXfs":
            inside = False

    with archive.part(part) as stream:
        read_xml(stream, part, start=start, end=end)
    return tuple(patterns.get(number) or BUILT_IN.get(number, PLAIN) for number in numbers)
