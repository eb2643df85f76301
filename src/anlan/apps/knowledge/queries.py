"""Questions to the library: what a person may see, what a search finds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from django.db.models import Q, QuerySet

from anlan.apps.knowledge import grams
from anlan.apps.knowledge.models import Clause, Document, Kind, Layout, Note, Posting, State
from anlan.kernel.people.rights import EVERYWHERE, reach
from anlan.kernel.regions.queries import prefixes

#: Hits of one page.
PAGE = 20


def _where(viewer: Any, verb: str) -> Q | None:
    """What holds inside or above the regions in which the viewer holds `verb`; None: nothing."""
    paths = reach(viewer, verb)
    if not paths:
        return None
    if EVERYWHERE in paths:
        return Q()
    found = Q(region=None)
    for path in paths:
        found |= Q(region__path__startswith=path) | Q(region__path__in=prefixes(path))
    return found


def visible(viewer: Any) -> QuerySet[Document]:
    """Documents of the library that a person may see: those of their regions, of the regions above, of everywhere."""
    where = _where(viewer, "knowledge.see")
    return Document.objects.none() if where is None else Document.objects.filter(where, removed_at=None)


def removed(viewer: Any) -> QuerySet[Document]:
    """What was taken out of the library, in the regions that the viewer keeps."""
    where = _where(viewer, "knowledge.edit")
    return Document.objects.none() if where is None else Document.objects.filter(where).exclude(removed_at=None)


def notes_of(viewer: Any, document: Document) -> QuerySet[Note]:
    """Notes beside the clauses of a document that a person may see."""
    where = _where(viewer, "knowledge.see")
    if where is None:
        return Note.objects.none()
    return Note.objects.filter(where, clause__document=document, removed_at=None).select_related("by", "region")


def sheet_of(cas: str, viewer: Any, day: date) -> Document | None:
    """The safety data sheet of a substance: the newest in force on `day`, else the newest there is."""
    found = list(visible(viewer).filter(kind=Kind.SHEET, cas=cas).order_by("-issued_on", "-id")) if cas else []
    return next((one for one in found if one.state(day) == State.IN_FORCE), found[0] if found else None)


def of_state(rows: QuerySet[Document], state: str, day: date) -> QuerySet[Document]:
    """Those that are in a state on a day."""
    gone, coming = Q(repealed_on__lte=day), Q(in_force_on__gt=day)
    match state:
        case State.REPEALED:
            return rows.filter(gone)
        case State.COMING:
            return rows.filter(coming).exclude(gone)
        case State.IN_FORCE:
            return rows.exclude(gone).exclude(coming)
        case _:
            return rows


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the library; what is blank does not narrow."""

    typed: str = ""
    kind: str = ""
    state: str = ""
    year: str = ""
    accident: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        return grams.words_of(self.typed)


@dataclass(frozen=True, slots=True)
class Found:
    """A hit: the document, and the clauses of the unit in which words stand; no clause: the document itself."""

    document: Document
    unit: int
    clauses: tuple[Clause, ...] = ()


@dataclass(slots=True)
class Answer:
    """What a question finds. `kinds`: how many hits of each kind, whatever kind was asked for."""

    total: int
    kinds: dict[str, int]
    page: list[Found] = field(default_factory=list)


def search(viewer: Any, asked: Asked, day: date, *, page: int = 1, size: int = PAGE) -> Answer:
    """Hits in order of their worth: words in a title, then in a number, then in the text; what is in force first.

    Without words: the documents themselves.
    """
    rows = of_state(visible(viewer), asked.state, day)
    if asked.year.isascii() and asked.year.isdigit() and len(asked.year) == 4:
        rows = rows.filter(issued_on__year=int(asked.year))
    if asked.accident:
        rows = rows.filter(accident=asked.accident)
    first = max(0, (page - 1) * size)
    if not asked.words:
        kinds = Counter(rows.order_by().values_list("kind", flat=True))
        listed = rows.filter(kind=asked.kind) if asked.kind else rows
        stretch = listed.order_by("kind", "title", "-issued_on")[first : first + size]
        found = [Found(document, -1) for document in stretch]
        return Answer(kinds[asked.kind] if asked.kind else kinds.total(), dict(kinds), found)
    hits = _ranked(rows, asked.words, day)
    kinds = Counter(hit.kind for hit in hits)
    chosen = [hit for hit in hits if not asked.kind or hit.kind == asked.kind]
    return Answer(len(chosen), dict(kinds), _shown(chosen[first : first + size], asked.words))


@dataclass(frozen=True, slots=True)
class _Ranked:
    document: int
    kind: str
    unit: int


def _ranked(rows: QuerySet[Document], words: Sequence[str], day: date) -> list[_Ranked]:
    wanted = {gram for word in words for gram in grams.grams_of(word)}
    allowed = {pk: (kind, gone is not None and gone <= day) for pk, kind, gone in rows.values_list(
        "pk", "kind", "repealed_on")}  # fmt: skip
    held: dict[int, dict[str, grams.Offsets]] = defaultdict(dict)
    for pk, gram, offsets in Posting.objects.filter(gram__in=wanted).values_list("document_id", "gram", "offsets"):
        if pk in allowed:
            held[pk][gram] = np.frombuffer(offsets, "<u4")
    full = {pk: postings for pk, postings in held.items() if len(postings) == len(wanted)}
    found = []
    for pk, packed in Layout.objects.filter(pk__in=full).values_list("pk", "packed"):
        kind, gone = allowed[pk]
        for hit in grams.hits_in(grams.Layout.unpack(packed), words, full[pk]):
            found.append(((hit.field, gone, -hit.count, _ORDER[kind], pk, hit.unit), _Ranked(pk, kind, hit.unit)))
    found.sort(key=lambda one: one[0])
    return [hit for _key, hit in found]


_ORDER = {kind: at for at, kind in enumerate(Kind.values)}


def _shown(hits: Sequence[_Ranked], words: Sequence[str]) -> list[Found]:
    """The documents and clauses of one page."""
    documents = Document.objects.in_bulk([hit.document for hit in hits])
    wanted = Q()
    for hit in hits:
        if hit.unit >= 0:
            wanted |= Q(document=hit.document, unit=hit.unit)
    clauses: dict[tuple[int, int], list[Clause]] = defaultdict(list)
    if wanted:
        for clause in Clause.objects.filter(wanted).order_by("document", "position"):
            clauses[clause.document_id, clause.unit].append(clause)
    return [
        Found(documents[hit.document], hit.unit, _telling(clauses[hit.document, hit.unit], words)) for hit in hits
    ]  # fmt: skip


def _telling(clauses: Sequence[Clause], words: Sequence[str]) -> tuple[Clause, ...]:
    """The clauses of a unit in which a word stands, at most three; the unit's own where none does."""
    said = [clause for clause in clauses if any(word in grams.folded(_said(clause)) for word in words)]
    return tuple((said or list(clauses))[:3])


def _said(clause: Clause) -> str:
    return grams.SEPARATOR.join((clause.number, clause.heading, clause.text))
