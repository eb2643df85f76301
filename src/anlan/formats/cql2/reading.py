"""CQL2-Text, read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple, TypeVar

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from . import literals
from .literals import CHARACTER, DEEPEST, NAME, Unfit
from .nodes import (
    COMPARISONS,
    GEOMETRIES,
    SPATIAL,
    TEMPORAL,
    And,
    Between,
    Box,
    CaseI,
    Comparison,
    CqlError,
    Filter,
    In,
    Instant,
    IsNull,
    Like,
    Moment,
    Not,
    Number,
    Or,
    Property,
    Scalar,
    Shape,
    Spatial,
    Temporal,
    Text,
    reserved,
)

#: Characters of a filter.
LONGEST = 4_000

#: A geometry collection of multipolygons has so many parentheses within one another.
_WKT_DEEPEST = 4

_SPACE = r"[\x09-\x0D\x20\x85\xA0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]*"
_TOKEN = re.compile(
    rf"""
        (?P<name>{NAME})
      | "(?P<quoted>{NAME})"
      | (?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | '(?P<text>(?:''|\\.|(?!['\\]){CHARACTER})*+)'
      | (?P<symbol><=|>=|<>|[=<>(),])
      | (?P<end>\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
_GAP = re.compile(_SPACE)
#: What a backslash makes of the character behind it; before any other it stands for itself, as LIKE needs it.
_ESCAPES = {
    "'": "'", "\\": "\\", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
}  # fmt: skip
_ESCAPED = re.compile(r"''|\\(.)", re.DOTALL)

_Value = TypeVar("_Value")


def parse(text: str) -> Filter:
    """The filter that a text says.

    Raises CqlError with the place and what was expected there; nothing else, whatever the text.
    """
    if len(text) > LONGEST:
        raise CqlError(f"at most {LONGEST} characters", str(len(text)), at=LONGEST)
    return _Reader(list(_tokens(text))).whole()


class _Token(NamedTuple):
    """kind is name, quoted, number, text, symbol or end; `written` is what stands at `at`."""

    kind: str
    value: str
    written: str
    at: int

    @property
    def shown(self) -> str:
        """How an error calls it."""
        return "the end" if self.kind == "end" else repr(self.written)

    @property
    def keyword(self) -> str:
        """The reserved word or the symbol that it is, in capitals; empty for anything else."""
        return self.value if self.kind == "symbol" else reserved(self.value) if self.kind == "name" else ""


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while True:
        gap = _GAP.match(text, at)
        at = gap.end() if gap else at
        match = _TOKEN.match(text, at)
        if match is None:
            expected = {"'": "a text that ends with '", '"': 'a property name that ends with "'}.get(text[at])
            raise CqlError(expected or "a property, a value or an operator", repr(text[at]), at=at)
        kind = match.lastgroup or ""
        yield _Token(kind, match[kind], match[0], at)
        if kind == "end":
            return
        at = match.end()


class _Reader:
    """Reads tokens from left to right, a method for each rule of the grammar."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.place = 0
        self.depth = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.place]

    def take(self) -> _Token:
        """The next token, which is then behind us; the end stays ahead."""
        token = self.next
        self.place += token.kind != "end"
        return token

    def met(self, *keywords: str) -> str:
        """The keyword that comes next, taken, when it is one of these; else empty."""
        return self.take().keyword if self.next.keyword in keywords else ""

    def need(self, keyword: str) -> None:
        if not self.met(keyword):
            raise self.refusal(keyword)

    def refusal(self, expected: str) -> CqlError:
        return CqlError(expected, self.next.shown, at=self.next.at)

    def checked(self, make: Callable[[], _Value], at: int) -> _Value:
        """What `make` makes of a value that begins at `at`."""
        try:
            return make()
        except Unfit as unfit:
            raise CqlError(*unfit.args, at=at) from unfit

    @contextmanager
    def deeper(self) -> Iterator[None]:
        if self.depth == DEEPEST:
            raise self.refusal(f"at most {DEEPEST} levels of parentheses")
        self.depth += 1
        yield
        self.depth -= 1

    def whole(self) -> Filter:
        found = self.alternatives()
        if self.next.kind != "end":
            raise self.refusal("AND, OR or the end")
        return found

    def alternatives(self) -> Filter:
        parts = [self.conjunction()]
        while self.met("OR"):
            parts.append(self.conjunction())
        return Or(tuple(parts)) if len(parts) > 1 else parts[0]

    def conjunction(self) -> Filter:
        parts = [self.factor()]
        while self.met("AND"):
            parts.append(self.factor())
        return And(tuple(parts)) if len(parts) > 1 else parts[0]

    def factor(self) -> Filter:
        return Not(self.primary()) if self.met("NOT") else self.primary()

    def primary(self) -> Filter:
        if self.met("("):
            with self.deeper():
                found = self.alternatives()
            self.need(")")
            return found
        if op := self.met(*SPATIAL):
            return Spatial(op, *self.pair(self.shape))
        if op := self.met(*TEMPORAL):
            return Temporal(op, *self.pair(self.moment))
        begin = self.next
        left = self.scalar()
        if isinstance(left, bool) and self.next.keyword not in (*COMPARISONS, "NOT", "IN", "IS"):
            return left
        return self.predicate(left, begin)

    def predicate(self, left: Scalar, begin: _Token) -> Filter:
        """What is said of a scalar that begins with the token `begin`."""
        if op := self.met(*COMPARISONS):
            return Comparison(op, left, self.scalar())
        if self.met("IS"):
            negated = bool(self.met("NOT"))
            self.need("NULL")
            found: Filter = IsNull(left)
        else:
            negated = bool(self.met("NOT"))
            if self.met("LIKE"):
                if not isinstance(left, (Property, CaseI, str)):
                    raise CqlError("a property or a text before LIKE", begin.shown, at=begin.at)
                found = Like(left, self.pattern())
            elif self.met("BETWEEN"):
                if isinstance(left, bool) or not isinstance(left, (Property, int, float)):
                    raise CqlError("a property or a number before BETWEEN", begin.shown, at=begin.at)
                low = self.number()
                self.need("AND")
                found = Between(left, low, self.number())
            elif self.met("IN"):
                found = In(left, tuple(self.items()))
            else:
                raise self.refusal("LIKE, BETWEEN or IN" if negated else "=, <>, <, <=, >, >=, LIKE, BETWEEN, IN or IS")
        return Not(found) if negated else found

    def items(self) -> Iterator[Scalar]:
        self.need("(")
        yield self.scalar()
        while self.met(","):
            yield self.scalar()
        self.need(")")

    def pair(self, read: Callable[[], _Value]) -> tuple[_Value, _Value]:
        self.need("(")
        left = read()
        self.need(",")
        right = read()
        self.need(")")
        return left, right

    def scalar(self) -> Scalar:
        begin = self.next
        if begin.kind == "text":
            return self.text()
        if begin.kind == "number":
            return self.number()
        if word := self.met("TRUE", "FALSE"):
            return word == "TRUE"
        if begin.keyword in ("DATE", "TIMESTAMP"):
            return self.instant()
        if self.met("CASEI"):
            return self.case_insensitive(self.characters)
        return self.property("a property or a value")

    def characters(self) -> Text:
        if self.met("CASEI"):
            return self.case_insensitive(self.characters)
        return self.text() if self.next.kind == "text" else self.property("a property or a text")

    def pattern(self) -> str | CaseI:
        if self.met("CASEI"):
            return self.case_insensitive(self.pattern)
        if self.next.kind != "text":
            raise self.refusal("a pattern in single quotes")
        at = self.next.at
        value = self.text()
        return self.checked(lambda: literals.pattern(value), at)

    def case_insensitive(self, read: Callable[[], Text]) -> CaseI:
        self.need("(")
        with self.deeper():
            found = CaseI(read())
        self.need(")")
        return found

    def text(self) -> str:
        token = self.take()
        value = _ESCAPED.sub(lambda match: _ESCAPES.get(match[1], match[0]) if match[1] else "'", token.value)
        return self.checked(lambda: literals.text(value), token.at)

    def number(self) -> Number:
        token = self.next
        if token.kind != "number":
            return self.property("a property or a number")
        self.take()
        whole = token.value.lstrip("+-").isdigit()
        return self.checked(lambda: literals.number(int(token.value) if whole else float(token.value)), token.at)

    def property(self, expected: str) -> Property:
        token = self.next
        if token.kind != "quoted" and (token.kind != "name" or token.keyword):
            raise self.refusal(expected)
        self.take()
        if self.next.keyword == "(":
            raise CqlError(f"{expected}; functions are not known here", f"{token.written}(", at=token.at)
        return Property(token.value)

    def instant(self) -> Instant:
        word = self.take().keyword
        self.need("(")
        at = self.next.at
        found = self.instant_text("a day or a moment in single quotes")
        if isinstance(found, datetime) != (word == "TIMESTAMP"):
            expected = "a day without a time" if word == "DATE" else "a moment with its time of day"
            raise CqlError(expected, repr(literals.written(found)), at=at)
        self.need(")")
        return found

    def instant_text(self, expected: str) -> Instant:
        if self.next.kind != "text":
            raise self.refusal(expected)
        token = self.take()
        return self.checked(lambda: literals.instant(token.value), token.at)

    def moment(self) -> Moment:
        begin = self.next
        if begin.keyword in ("DATE", "TIMESTAMP"):
            return self.instant()
        if self.met("INTERVAL"):
            start, end = self.pair(self.end_of_interval)
            return self.checked(lambda: literals.interval(start, end), begin.at)
        return self.property("a property, DATE, TIMESTAMP or INTERVAL")

    def end_of_interval(self) -> Property | Instant | None:
        expected = "a property, a day, a moment or '..'"
        if self.next.kind == "text":
            if self.next.value == "..":
                self.take()
                return None
            return self.instant_text(expected)
        return self.property(expected)

    def shape(self) -> Shape:
        begin = self.next
        if self.met("BBOX"):
            return self.box(begin)
        if begin.keyword in GEOMETRIES:
            return self.geometry()
        return self.property("a property, BBOX or a geometry as WKT")

    def box(self, begin: _Token) -> Box:
        self.need("(")
        values = [self.coordinate()]
        while self.met(","):
            values.append(self.coordinate())
        self.need(")")
        return self.checked(lambda: literals.box(values), begin.at)

    def coordinate(self) -> float:
        if self.next.kind != "number":
            raise self.refusal("a number")
        token = self.take()
        return float(self.checked(lambda: literals.number(float(token.value)), token.at))

    def geometry(self) -> BaseGeometry:
        """A geometry as WKT: gathered up to its last parenthesis and handed to shapely."""
        begin = self.take()
        within = GEOMETRIES[:-1] if begin.keyword == "GEOMETRYCOLLECTION" else ()
        written, depth = [begin.keyword], 0
        if self.next.value.upper() == "Z":
            written.append(self.take().value)
        if self.next.keyword != "(":
            raise self.refusal("(")
        while depth or len(written) < 3:
            token = self.next
            if token.kind == "number":
                written.append(repr(self.coordinate()))
                continue
            if token.keyword not in ("(", ")", ",", *within) and not (within and token.value.upper() == "Z"):
                raise self.refusal("a number, a comma or a parenthesis")
            depth += (token.keyword == "(") - (token.keyword == ")")
            if depth > _WKT_DEEPEST:
                raise self.refusal(f"at most {_WKT_DEEPEST} parentheses in a geometry")
            written.append(self.take().value)
        try:
            found = shapely.from_wkt(" ".join(written))
        except ShapelyError as error:
            raise CqlError("a geometry as WKT", " ".join(str(error).split()), at=begin.at) from error
        return self.checked(lambda: literals.geometry(found), begin.at)
