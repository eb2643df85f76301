"""The options of a query as a tree: `$filter`, `$select`, `$expand`, `$orderby`, `$count`, `$top`, `$skip` and
`$resultFormat`.

    query = parse("$filter=result gt 35 and phenomenonTime ge 2026-07-15T00:00:00Z&$expand=Datastream($select=name)")

Names are checked when the kind of entity is given. Whoever answers the question walks the tree; nothing is evaluated
here. A text has at most `LONGEST` characters, a filter `DEEPEST` levels. Source: OGC 18-088, clause 9.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from anlan.formats.findings import BadMessage, found
from anlan.formats.sensorthings.model import ENTITIES, EntityType
from anlan.formats.sensorthings.times import Time, time_of

LONGEST, DEEPEST, MOST_NAMES = 8_000, 24, 100
#: Most that may be asked for at once; the server answers fewer and says where to go on.
MOST_TOP = 1_000_000_000

COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")
#: Operators between two values, from the loosest to the tightest.
_LEVELS: tuple[tuple[str, ...], ...] = (("or",), ("and",), COMPARISONS, ("add", "sub"), ("mul", "div", "mod"))
#: Functions and how many values they take.
FUNCTIONS = {
    "substringof": (2, 2), "endswith": (2, 2), "startswith": (2, 2), "length": (1, 1), "indexof": (2, 2),
    "substring": (2, 3), "tolower": (1, 1), "toupper": (1, 1), "trim": (1, 1), "concat": (2, 2), "year": (1, 1),
    "month": (1, 1), "day": (1, 1), "hour": (1, 1), "minute": (1, 1), "second": (1, 1), "fractionalseconds": (1, 1),
    "date": (1, 1), "time": (1, 1), "totaloffsetminutes": (1, 1), "now": (0, 0), "mindatetime": (0, 0),
    "maxdatetime": (0, 0), "round": (1, 1), "floor": (1, 1), "ceiling": (1, 1), "geo.distance": (2, 2),
    "geo.length": (1, 1), "geo.intersects": (2, 2), "st_equals": (2, 2), "st_disjoint": (2, 2), "st_touches": (2, 2),
    "st_within": (2, 2), "st_overlaps": (2, 2), "st_crosses": (2, 2), "st_intersects": (2, 2), "st_contains": (2, 2),
    "st_relate": (3, 3),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Path:
    """A property, perhaps of a related entity: `Datastream/Thing/name`, `properties/anlanCode`, `@iot.id`."""

    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Literal:
    """A value: a number, a text, yes or no, nothing, or a time."""

    value: int | float | str | bool | Time | None


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time as ISO 8601 writes it, `PT10M`."""

    written: str


@dataclass(frozen=True, slots=True)
class Geography:
    """A place as well-known text, longitude first; whoever measures with it reads it."""

    wkt: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two values: a comparison, arithmetic, `and`, `or`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    node: Node


Node = Path | Literal | Duration | Geography | Call | Binary | Not


@dataclass(frozen=True, slots=True)
class Order:
    """One thing to sort by."""

    path: Path
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Expand:
    """A related entity, or set of them, that comes along, with a query of its own."""

    name: str
    query: Query


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked. None where the question does not say."""

    filter: Node | None = None
    select: tuple[str, ...] = ()
    expand: tuple[Expand, ...] = ()
    orderby: tuple[Order, ...] = ()
    count: bool | None = None
    top: int | None = None
    skip: int | None = None
    result_format: str | None = None


def parse(text: str, kind: str | None = None) -> Query:
    """The tree of the options of an address, the part after `?`.

    kind  the kind of entity that is asked for, to check names by

    Raises BadMessage with the option, the character and what would have been right there.
    """
    if len(text) > LONGEST:
        raise BadMessage(found("bad_query", option="?", at=LONGEST, expected=f"<= {LONGEST}"))
    type_ = ENTITIES[kind] if kind else None
    options: list[tuple[str, str]] = []
    for part in filter(None, text.split("&")):
        name, _equals, value = part.partition("=")
        options.append((unquote_plus(name), unquote_plus(_ZONE.sub("%2B", value))))
    return _query([(name, _Text(name, value)) for name, value in options], type_, 0)


class _Text:
    """A text with a place in it."""

    def __init__(self, option: str, text: str) -> None:
        self.option, self.text, self.at = option, text, 0

    def wrong(self, expected: str) -> BadMessage:
        return BadMessage(found("bad_query", option=self.option[:40], at=self.at + 1, expected=expected))

    def spaces(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def taken(self, sign: str) -> bool:
        self.spaces()
        if self.text.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    @property
    def over(self) -> bool:
        self.spaces()
        return self.at >= len(self.text)


_NAME = re.compile(r"@?[A-Za-z_][\w.]*", re.ASCII)
#: A key inside `properties` or `parameters` may be any word.
_KEY = re.compile(r"[^\s/,;()'=&]+")
_WORD = re.compile(r"[A-Za-z_][\w.]*(?=\()", re.ASCII)
_OPERATOR = re.compile(r"[a-z]+(?=[\s(])", re.ASCII)
_STRING = re.compile(r"'((?:[^']|'')*)'")
_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d(?::?\d\d)?)(?:/\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d(?::?\d\d)?))?",
    re.ASCII,
)
_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,3})?(?![\w.-])", re.ASCII)
_QUOTED = re.compile(r"(duration|geography)'((?:[^']|'')*)'", re.ASCII)
_DURATION = re.compile(r"-?P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?", re.ASCII)
#: The sign of a zone that nobody escaped; any other plus of an address is a space.
_ZONE = re.compile(r"(?<=:\d\d)\+(?=\d\d)|(?<=\.\d{3})\+(?=\d\d:)", re.ASCII)
_CONSTANTS = {"true": True, "false": False, "null": None}
_INTEGER = re.compile(r"\d{1,12}", re.ASCII)


def _query(options: Sequence[tuple[str, _Text]], type_: EntityType | None, depth: int) -> Query:
    values: dict[str, Any] = {}
    for name, text in options:
        option = name.removeprefix("$")
        if not name.startswith("$") or option not in _READERS:
            raise BadMessage(found("unknown_option", option=name[:40]))
        if option in values:
            raise BadMessage(found("repeated_option", option=name))
        values[option] = _READERS[option](text, type_, depth)
        if not text.over:
            raise text.wrong("end")
    if "resultFormat" in values:
        values["result_format"] = values.pop("resultFormat")
    return Query(**values)


def _filter(text: _Text, type_: EntityType | None, _depth: int) -> Node:
    return _level(text, type_, 0, 0)


def _level(text: _Text, type_: EntityType | None, level: int, depth: int) -> Node:
    """Operators of one level and all tighter ones."""
    if depth > DEEPEST:
        raise text.wrong(f"<= {DEEPEST}")
    if level == len(_LEVELS):
        return _primary(text, type_, depth)
    left = _level(text, type_, level + 1, depth)
    steps = 0
    while True:
        text.spaces()
        before = text.at
        word = text.take(_OPERATOR)
        if word is None or word.group() not in _LEVELS[level]:
            text.at = before
            return left
        steps += 1
        if steps > MOST_NAMES:
            raise text.wrong(f"<= {MOST_NAMES}")
        left = Binary(word.group(), left, _level(text, type_, level + 1, depth))


def _primary(text: _Text, type_: EntityType | None, depth: int) -> Node:
    text.spaces()
    if text.taken("("):
        inner = _level(text, type_, 0, depth + 1)
        if not text.taken(")"):
            raise text.wrong(")")
        return inner
    before = text.at
    word = text.take(_OPERATOR)
    if word is not None and word.group() == "not":
        # `not` holds the comparison after it, or the parenthesis.
        return Not(_level(text, type_, 2, depth + 1))
    text.at = before
    return _literal(text) or _call(text, type_, depth) or _path(text, type_)


def _literal(text: _Text) -> Literal | Duration | Geography | None:
    if match := text.take(_QUOTED):
        return _special(text, match)
    if match := text.take(_STRING):
        return Literal(match.group(1).replace("''", "'"))
    if match := text.take(_TIME):
        try:
            return Literal(time_of(match.group()))
        except ValueError as error:
            text.at = match.start()
            raise text.wrong("ISO 8601") from error
    if match := text.take(_NUMBER):
        said = match.group()
        return Literal(float(said) if match.group(1) or match.group(2) else int(said))
    before = text.at
    name = text.take(_NAME)
    if name is not None and name.group() in _CONSTANTS and not text.text.startswith(("/", "("), text.at):
        return Literal(_CONSTANTS[name.group()])
    text.at = before
    return None


def _special(text: _Text, match: re.Match[str]) -> Duration | Geography:
    kind, inside = match.group(1), match.group(2).replace("''", "'")
    if kind == "duration" and not _DURATION.fullmatch(inside):
        text.at = match.start()
        raise text.wrong("duration'PT10M'")
    if kind == "geography" and not re.match(
        r"(SRID=\d+;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON)", inside, re.IGNORECASE
    ):
        text.at = match.start()
        raise text.wrong("geography'POINT (104.5 32.4)'")
    return Duration(inside) if kind == "duration" else Geography(inside)


def _call(text: _Text, type_: EntityType | None, depth: int) -> Call | None:
    before = text.at
    word = text.take(_WORD)
    if word is None:
        return None
    name = word.group()
    if name not in FUNCTIONS:
        text.at = before
        raise text.wrong("function")
    text.taken("(")
    arguments: list[Node] = []
    while not text.taken(")"):
        if arguments and not text.taken(","):
            raise text.wrong(", )")
        arguments.append(_level(text, type_, 0, depth + 1))
    least, most = FUNCTIONS[name]
    if not least <= len(arguments) <= most:
        text.at = before
        raise text.wrong(f"{name}: {least}" if least == most else f"{name}: {least}-{most}")
    return Call(name, tuple(arguments))


def _path(text: _Text, type_: EntityType | None) -> Path:
    text.spaces()
    start = text.at
    steps: list[str] = []
    free = False
    while True:
        match = text.take(_KEY if free else _NAME)
        if match is None:
            raise text.wrong("name")
        step = match.group()
        if type_ is not None and not free:
            property_, relation = type_.property(step), type_.relation(step)
            if relation is not None:
                type_ = ENTITIES[relation.target]
            elif step not in ("id", "@iot.id", "@iot.selfLink") and property_ is None:
                text.at = start
                raise text.wrong(_names(type_))
            else:
                free = True
        elif type_ is None and step[:1].islower():
            # Keys of properties, of a unit or of a result follow one another freely.
            free = True
        steps.append(step)
        if not text.text.startswith("/", text.at):
            return Path(tuple(steps))
        text.at += 1
        if len(steps) > DEEPEST:
            raise text.wrong(f"<= {DEEPEST}")


def _names(type_: EntityType) -> str:
    return ", ".join(["id", *(one.name for one in type_.properties), *(one.name for one in type_.relations)])


def _select(text: _Text, type_: EntityType | None, _depth: int) -> tuple[str, ...]:
    names: list[str] = []
    while True:
        text.spaces()
        start = text.at
        match = text.take(_NAME)
        if match is None:
            raise text.wrong("name")
        name = match.group()
        if (
            type_
            and name not in ("id", "@iot.id", "@iot.selfLink")
            and not type_.property(name)
            and not type_.relation(name)
        ):
            text.at = start
            raise text.wrong(_names(type_))
        names.append(name)
        if len(names) > MOST_NAMES:
            raise text.wrong(f"<= {MOST_NAMES}")
        if not text.taken(","):
            return tuple(dict.fromkeys(names))


def _orderby(text: _Text, type_: EntityType | None, _depth: int) -> tuple[Order, ...]:
    orders: list[Order] = []
    while True:
        path = _path(text, type_)
        text.spaces()
        # Public clients write the direction in capitals too.
        word = text.take(re.compile(r"(asc|desc)(?![\w/])", re.IGNORECASE))
        orders.append(Order(path, word is not None and word.group().lower() == "desc"))
        if len(orders) > MOST_NAMES:
            raise text.wrong(f"<= {MOST_NAMES}")
        if not text.taken(","):
            return tuple(orders)


def _expand(text: _Text, type_: EntityType | None, depth: int) -> tuple[Expand, ...]:
    """`Datastreams($top=1;$expand=Observations)`, `Datastreams/ObservedProperty`, several of them."""
    if depth > 6:
        raise text.wrong("<= 6")
    expands: list[Expand] = []
    while True:
        expands.append(_one_expand(text, type_, depth))
        if len(expands) > MOST_NAMES:
            raise text.wrong(f"<= {MOST_NAMES}")
        if not text.taken(","):
            return tuple(expands)


def _one_expand(text: _Text, type_: EntityType | None, depth: int) -> Expand:
    text.spaces()
    start = text.at
    match = text.take(_NAME)
    if match is None:
        raise text.wrong("name")
    name = match.group()
    relation = type_.relation(name) if type_ else None
    if type_ and relation is None:
        text.at = start
        raise text.wrong(", ".join(one.name for one in type_.relations))
    target = ENTITIES[relation.target] if relation else None
    if text.text.startswith("/", text.at):
        text.at += 1
        if depth > 6:
            raise text.wrong("<= 6")
        return Expand(name, Query(expand=(_one_expand(text, target, depth + 1),)))
    if not text.taken("("):
        return Expand(name, Query())
    return Expand(name, _inner(text, target, depth + 1))


def _inner(text: _Text, type_: EntityType | None, depth: int) -> Query:
    """The options in the parentheses of an expand, parted by semicolons."""
    values: dict[str, Any] = {}
    while True:
        text.spaces()
        name = text.take(re.compile(r"\$[A-Za-z]+(?==)"))
        if name is None:
            raise text.wrong("$filter, $select, $expand, $orderby, $count, $top, $skip")
        option = name.group()[1:]
        if option not in _READERS or option == "resultFormat":
            raise BadMessage(found("unknown_option", option=name.group()[:40]))
        if option in values:
            raise BadMessage(found("repeated_option", option=name.group()))
        text.at += 1
        values[option] = _READERS[option](text, type_, depth)
        if text.taken(")"):
            return Query(**values)
        if not text.taken(";"):
            raise text.wrong("; )")


def _count(text: _Text, _type: EntityType | None, _depth: int) -> bool:
    for word, value in (("true", True), ("false", False)):
        if text.taken(word):
            return value
    raise text.wrong("true, false")


def _whole(text: _Text, _type: EntityType | None, _depth: int) -> int:
    text.spaces()
    start = text.at
    match = text.take(_INTEGER)
    if match is None or int(match.group()) > MOST_TOP:
        text.at = start
        raise text.wrong(f"0-{MOST_TOP}")
    return int(match.group())


def _result_format(text: _Text, _type: EntityType | None, _depth: int) -> str:
    for word in ("dataArray", "GeoJSON", "CSV"):
        if text.taken(word):
            return word
    raise text.wrong("dataArray, GeoJSON, CSV")


_READERS = {
    "filter": _filter, "select": _select, "expand": _expand, "orderby": _orderby, "count": _count, "top": _whole,
    "skip": _whole, "resultFormat": _result_format,
}  # fmt: skip
