"""From the bytes of a file to the rows of an edition, by the pure room `anlan.formats.policy`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from anlan.apps.goals import words
from anlan.apps.goals.models import Change, Clause, DraftKind, Edition
from anlan.apps.goals.refusing import Refused
from anlan.formats import faults, policy
from anlan.formats.policy import Cleaned, Source, Tree
from anlan.kernel.evidence.texts import of_fault

_MIMES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
#: Names of the parser's lists of drafts, and what each is.
_LISTS = (
    ("indicators", DraftKind.INDICATOR),
    ("tasks", DraftKind.TASK),
    ("leads", DraftKind.LEAD),
    ("projects", DraftKind.PROJECT),
    ("mechanisms", DraftKind.MECHANISM),
)
#: Fields of a draft that are not of its body.
_OUTER = frozenset({"clause", "start", "end", "words", "confidence", "reasons"})


@dataclass(frozen=True, slots=True)
class Row:
    """The columns of a clause."""

    level: str
    number: str
    heading: str
    text: str
    anchor: str
    table: Any
    start: int
    end: int
    source_start: int
    source_end: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A clause with the position of the one above it."""

    row: Row
    parent: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """A draft; `clause` is the position of its clause."""

    clause: int
    kind: str
    body: dict[str, Any]
    words: str
    start: int
    end: int
    confidence: float
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class Taken:
    """A source cleaned, cut and read."""

    cleaned: Cleaned
    tree: Tree
    title: str
    clauses: list[Cut]
    drafts: list[Found]
    edits: list[dict[str, Any]]
    findings: list[dict[str, Any]]


def read(name: str, data: bytes) -> Source:
    """Read a file in a process of its own. Raises Refused in words."""
    try:
        return policy.read(name, data)
    except faults.Refused as refused:
        raise Refused(of_fault(refused.fault, pdf=True), "file") from refused


def plain_source(source: Source) -> dict[str, Any]:
    """What an edition keeps of a source beside its text."""
    return {name: value for name, value in source.plain().items() if name != "text"}


def source_of(edition: Edition) -> Source:
    """The source that an edition was read from."""
    return Source.of({**edition.source, "text": edition.original})


def mime_of(source: Source) -> str:
    """How the file is handed out again."""
    return _MIMES.get(source.kind, "text/plain")


def take(source: Source, *, kept: Collection[str] = ()) -> Taken:
    """Clean, cut and read a source; `kept` are ids of edits that are not done."""
    cleaned = policy.clean(source, keep=kept)
    tree = policy.cut(cleaned)
    return Taken(
        cleaned, tree, tree.title, list(_clauses(tree)), list(_drafts(tree)),
        [
            {name: getattr(edit, name) for name in ("id", "kind", "start", "end", "before", "after")}
            for edit in cleaned.edits
        ],
        [words.of_finding(one) for one in tree.findings],
    )  # fmt: skip


def matched(old: Sequence[Clause], edition: Edition, taken: Taken) -> Iterator[tuple[int, int | None, str]]:
    """(position of a new clause, position of the old one that it continues, how it changed)."""
    before = take(source_of(edition), kept=edition.kept)
    positions = {clause.anchor: clause.position for clause in old}
    for one in policy.compare(before.tree, taken.tree):
        if one.new is None:
            continue
        partner = None if one.old is None else positions.get(_anchor(before.tree.clauses[one.old].anchor))
        yield one.new, partner, str(Change(one.kind))


def _anchor(anchor: str) -> str:
    """An anchor as it stands in an address."""
    return anchor.replace("/", "-")[:80]


def _clauses(tree: Tree) -> Iterator[Cut]:
    for clause in tree.clauses:
        table = None
        if clause.table is not None:
            table = [[cell.text for cell in cells] for cells in clause.table.rows]
        yield Cut(
            Row(
                str(clause.level)[:20], clause.number[:40], clause.heading, clause.text, _anchor(clause.anchor),
                table, clause.start, clause.end, *clause.source,
            ),
            clause.parent if clause.parent >= 0 else None,
        )  # fmt: skip


def _drafts(tree: Tree) -> Iterator[Found]:
    drafts = policy.extract(tree)
    for name, kind in _LISTS:
        for one in getattr(drafts, name):
            values = {field: getattr(one, field) for field in one.__dataclass_fields__}
            body = {field: _plain(value) for field, value in values.items() if field not in _OUTER}
            yield Found(
                one.clause, kind, body, one.words, one.start, one.end, float(one.confidence), list(one.reasons)
            )  # fmt: skip


def _plain(value: Any) -> Any:
    """A value as JSON keeps it: numbers as they were written, days as text."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value
