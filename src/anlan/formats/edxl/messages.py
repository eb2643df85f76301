"""Reading and writing of one kind of EDXL message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from anlan.formats import records
from anlan.formats.faults import Refused
from anlan.formats.findings import BadMessage, Finding, found, of_fault
from anlan.formats.records import Family, group_of
from anlan.formats.trees import Bounds, Element, name_of, space_of, tree_of

M = TypeVar("M")
#: What a message means beyond its structure.
Judge = Callable[[Any], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Kind(Generic[M]):
    """A kind of message.

    cls     its record
    space   its namespace, written with `prefix`; family  further ones that it spreads over
    roots   names of its root element
    known   False: only the core of the standard is in hand, and what is beyond it is told and left out
    """

    cls: type[M]
    space: str
    prefix: str
    roots: tuple[str, ...]
    family: Family = field(default_factory=frozenset)
    known: bool = True

    def findings(self, root: Element) -> list[Finding]:
        """What in a document is not as its schema says."""
        if space_of(root) not in {self.space, *self.family} or name_of(root) not in self.roots:
            return [found("unknown_root", name=name_of(root)[:80], space=space_of(root)[:200])]
        return list(records.breaches(root, group_of(self.cls, open_=not self.known), name_of(root), self.family))


def opened(kind: Kind[M], data: bytes, bounds: Bounds | None, judge: Judge) -> tuple[M, Element, tuple[Finding, ...]]:
    """The message, its root element, and what is told without being a reason to refuse."""
    root = tree_of(data, "", bounds)
    findings = kind.findings(root)
    if any(one.code == "unknown_root" for one in findings):
        raise BadMessage(*findings)
    message = records.read(kind.cls, root, kind.family)
    findings += judge(message)
    if any(one.blocks for one in findings):
        raise BadMessage(*findings)
    return message, root, tuple(findings)


def sealed(
    kind: Kind[M], message: M, name: str, judge: Judge, finish: Callable[[Element], None] | None = None
) -> bytes:
    """The document of a message. Raises BadMessage for one that would not be read."""
    try:
        root = records.build(message, name, kind.space, kind.prefix)
    except Refused as refused:
        raise BadMessage(of_fault(refused.fault)) from refused
    except ValueError as error:
        raise BadMessage(found("bad_value", name, value="", kind="XML")) from error
    if finish is not None:
        finish(root)
    findings = [*kind.findings(root), *judge(message)]
    if any(one.blocks for one in findings):
        raise BadMessage(*findings)
    return records.written(root)
