"""XML messages as frozen records: one declaration gives the values, the reader, the schema and the writer.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Circle:
        name: str = text("areaDesc")
        rings: tuple[str, ...] = texts("polygon")
        height: str | None = text("altitude", DECIMAL, least=0)

Fields stand in the order of the schema's sequence. A text is kept as it was written, digits included: leading zeros,
`-00:00` and the difference between an empty element and none survive, so that what is written is what was read.
"""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar

from lxml import etree

from anlan.formats.findings import BadMessage, Finding, found, noted
from anlan.formats.trees import Element, children, name_of, space_of, text_of, tree_of

XML, STRING, LANGUAGE, INTEGER, DECIMAL, URI, TIME, STAMP = (
    "xml",
    "string", "language", "integer", "decimal", "uri", "time", "time with its zone")  # fmt: skip

#: Attributes of XML Schema itself that say nothing about the message.
_HINTS = frozenset(
    f"{{http://www.w3.org/2001/XMLSchema-instance}}{name}" for name in ("schemaLocation", "noNamespaceSchemaLocation")
)
_SPACES = " \t\r\n"
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-](\d\d):(\d\d))?", re.ASCII)
_SHAPES: Mapping[str, re.Pattern[str]] = {
    LANGUAGE: re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*"),
    INTEGER: re.compile(r"[+-]?[0-9]+"),
    DECIMAL: re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"),
    STAMP: re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d", re.ASCII),
}

R = TypeVar("R")
Family = frozenset[str]


@dataclass(frozen=True, slots=True)
class Part:
    """What may stand in a sequence.

    kind   of a text, or XML for what is kept as it is
    values the list it is of; group  for an element with elements inside
    most   None for any number
    space  the namespace it is written in; "" for that of the element it stands in
    """

    name: str
    kind: str = STRING
    values: tuple[str, ...] = ()
    group: Group | None = None
    least: int = 1
    most: int | None = 1
    space: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A sequence of parts.

    after   a namespace of which any elements may follow; "##other" for all but its own
    open    not all of the standard is in hand: an element or attribute that is not known is told and does not block,
            and neither does the order
    """

    parts: tuple[Part, ...]
    after: str = ""
    open: bool = False

    def but(self, **changed: Part | None) -> Group:
        """The sequence with parts put in the place of others, None for without."""
        kept = (changed.get(part.name, part) for part in self.parts)
        return replace(self, parts=tuple(part for part in kept if part is not None))


def text(name: str, kind: str = STRING, values: tuple[str, ...] = (), *, least: int = 1, space: str = "") -> Any:
    """A field of one text; `least=0` makes it optional, None when the element is not there."""
    part = Part(name, kind, values, None, least, space=space)
    return field(metadata={"part": part}) if least else field(default=None, metadata={"part": part})


def texts(name: str, kind: str = STRING, values: tuple[str, ...] = (), *, least: int = 0, space: str = "") -> Any:
    """A field of texts."""
    return field(default=(), metadata={"part": Part(name, kind, values, None, least, None, space)})


def record(name: str, cls: type, *, least: int = 1, space: str = "", known: bool = True) -> Any:
    """A field of one record inside; `least=0` makes it optional. `known=False`: see `Group.open`."""
    meta = {"part": Part(name, "", (), group_of(cls, open_=not known), least, space=space), "cls": cls}
    return field(metadata=meta) if least else field(default=None, metadata=meta)


def records(name: str, cls: type, *, least: int = 0, space: str = "", after: str = "", known: bool = True) -> Any:
    """A field of records inside."""
    part = Part(name, "", (), group_of(cls, after, open_=not known), least, None, space)
    return field(default=(), metadata={"part": part, "cls": cls})


def fragments(name: str, *, least: int = 0, most: int | None = None, space: str = "") -> Any:
    """A field of elements whose inside is of others and kept: of each element, its elements as canonical XML."""
    return field(default=(), metadata={"part": Part(name, XML, (), None, least, most, space)})


def group_of(cls: type, after: str = "", *, open_: bool = False) -> Group:
    """The sequence that a record's fields declare."""
    return Group(tuple(one.metadata["part"] for one in _fields(cls)), after, open_)


def _fields(cls: type) -> Iterator[dataclasses.Field[Any]]:
    return (one for one in dataclasses.fields(cls) if "part" in one.metadata)


# Schema


def breaches(element: Element, group: Group, where: str, family: Family = frozenset()) -> Iterator[Finding]:
    """What in an element is not as the sequence says.

    family  namespaces that stand for one another, of a standard that spreads over several
    """
    yield from _attributes(element, where, group.open)
    if text_of(element).strip(_SPACES):
        yield found("unexpected_text", where)
    space, at, counts = space_of(element), 0, dict.fromkeys((part.name for part in group.parts), 0)
    for child in children(element):
        name, other = name_of(child), space_of(child)
        if group.after and (other == group.after or (group.after == "##other" and other != space)):
            at = len(group.parts)
            continue
        index = next((n for n, part in enumerate(group.parts) if part.name == name), -1)
        if index < (0 if group.open else at) or not _kin(other, space, family):
            yield (
                noted("unread_element", where, name=name)
                if group.open
                else found("unexpected_element", where, name=name)
            )
            continue
        at, part = index, group.parts[index]
        counts[name] += 1
        if part.most is not None and counts[name] > part.most:
            yield found("repeated_element", where, name=name, limit=part.most)
        here = f"{where}/{name}" + ("" if part.most == 1 else f"[{counts[name]}]")
        if part.group is not None:
            yield from breaches(child, part.group, here, family)
        elif part.kind != XML:
            yield from _text_breaches(child, part, here)
    for part in group.parts:
        if counts[part.name] < part.least:
            yield found("missing_element", where, name=part.name)


def _kin(space: str, other: str, family: Family) -> bool:
    return space == other or (space in family and other in family)


def _attributes(element: Element, where: str, is_open: bool = False) -> Iterator[Finding]:
    for name in element.attrib:
        if name not in _HINTS and not is_open:
            yield found("unexpected_attribute", where, name=str(name).rpartition("}")[2])


def _text_breaches(element: Element, part: Part, where: str) -> Iterator[Finding]:
    yield from _attributes(element, where)
    for inner in children(element):
        yield found("unexpected_element", where, name=name_of(inner))
        return
    value = text_of(element)
    if part.values:
        if value not in part.values:
            yield found("not_in_list", where, value=value[:80], expected=part.values)
    elif not fits(value, part.kind):
        yield found("bad_value", where, value=value[:80], kind=part.kind)


def fits(value: str, kind: str) -> bool:
    """Whether a text is a value of a simple type of XML Schema."""
    if kind in (STRING, URI):
        return True
    value = value.strip(_SPACES)
    if kind in _SHAPES and not _SHAPES[kind].fullmatch(value):
        return False
    return kind not in (TIME, STAMP) or _is_time(value)


def _is_time(value: str) -> bool:
    """xs:dateTime, years 1 to 9999."""
    found_ = _TIME.fullmatch(value)
    if not found_:
        return False
    year, month, day, hour, minute, second = (int(found_.group(n)) for n in range(1, 7))
    try:
        date(year, month, day)
    except ValueError:
        return False
    midnight = hour == 24 and not minute and not second and not (found_.group(7) or "").strip(".0")
    zone = int(found_.group(9) or 0) * 60 + int(found_.group(10) or 0)
    return (
        (midnight or (hour < 24 and minute < 60 and second < 60))
        and zone <= 14 * 60
        and int(found_.group(10) or 0) < 60
    )


# Values


def read(cls: type[R], element: Element, family: Family = frozenset()) -> R:
    """The record of an element, as far as it goes: what must be there and is not is "", what is unknown is left out.

    Whether it is as the schema says is the question of `breaches`, which comes first.
    """
    inside: dict[str, list[Element]] = {}
    space = space_of(element)
    for child in children(element):
        if _kin(space_of(child), space, family):
            inside.setdefault(name_of(child), []).append(child)
    values: dict[str, Any] = {}
    for one in _fields(cls):
        part, inner = one.metadata["part"], one.metadata.get("cls")
        come = [_value(child, part, inner, family) for child in inside.get(part.name, ())]
        if part.most is None or part.kind == XML:
            values[one.name] = tuple(come)
        elif come:
            values[one.name] = come[0]
        elif part.least:
            values[one.name] = read(inner, etree.Element("none")) if inner else ""
    return cls(**values)


def _value(element: Element, part: Part, inner: type | None, family: Family) -> Any:
    if inner is not None:
        return read(inner, element, family)
    if part.kind == XML:
        return tuple(canonical(child) for child in children(element))
    return text_of(element)


def canonical(element: Element) -> bytes:
    """An element on its own, in the exclusive canonical form. Raises BadMessage where it has none: a namespace that is
    a relative address."""
    try:
        alone = etree.fromstring(etree.tostring(element, with_tail=False))
        octets: bytes = etree.tostring(alone.getroottree(), method="c14n", exclusive=True)
    except (etree.C14NError, etree.XMLSyntaxError) as error:
        raise BadMessage(found("bad_value", name_of(element)[:80], value="xmlns", kind="URI")) from error
    return octets


def build(value: Any, name: str, space: str, prefix: str | None = None) -> Element:
    """The element of a record. Raises ValueError for signs that XML cannot hold."""
    root = etree.Element(f"{{{space}}}{name}", nsmap={prefix: space})
    _fill(root, value, space)
    return root


def _fill(element: Element, value: Any, space: str) -> None:
    for one in _fields(type(value)):
        part, come = one.metadata["part"], getattr(value, one.name)
        for item in () if come is None else come if isinstance(come, tuple) else (come,):
            inner = etree.SubElement(element, f"{{{part.space or space}}}{part.name}")
            if isinstance(item, str):
                inner.text = item
            elif part.kind == XML:
                inner.extend(_kept(fragment) for fragment in item)
            else:
                _fill(inner, item, part.space or space)


#: Stands for a fragment until the document is written.
_PLACE = "fragment"


def _kept(fragment: bytes) -> Element:
    """A place for a fragment. As nodes of the tree libxml2 would give it the prefixes, and at worst the namespace, of
    what is around it."""
    tree_of(fragment)
    return etree.ProcessingInstruction(_PLACE, base64.b64encode(fragment).decode("ascii"))


def written(root: Element) -> bytes:
    """The document of `build`, its fragments byte for byte; the root has a prefix where there are any."""
    plain: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return re.sub(rb"<\?fragment ([A-Za-z0-9+/=]*)\?>", lambda one: base64.b64decode(one.group(1)), plain)
