"""Keep the index of a document's words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import transaction

from anlan.apps.knowledge import grams
from anlan.apps.knowledge.grams import Field, Segment
from anlan.apps.knowledge.models import Clause, Document, Layout, Posting


def segments_of(document: Document, clauses: Sequence[Clause]) -> Iterator[Segment]:
    """What of a document is searched: its own words first, then each clause."""
    yield Segment(document.title, Field.TITLE)
    yield Segment(document.number, Field.NUMBER)
    yield Segment(document.cas, Field.NUMBER)
    yield Segment(document.issuer, Field.TEXT)
    yield Segment(document.keywords, Field.TEXT)
    for clause in clauses:
        yield Segment(clause.number, Field.NUMBER, clause.unit, clause.position)
        yield Segment(clause.heading, Field.TEXT, clause.unit, clause.position)
        yield Segment(clause.text, Field.TEXT, clause.unit, clause.position)


@transaction.atomic
def index(document: Document) -> int:
    """Write a document's postings anew; returns how many there are."""
    clauses = list(document.clauses.order_by("position"))
    layout, postings = grams.build(segments_of(document, clauses))
    Posting.objects.filter(document=document).delete()
    Layout.objects.update_or_create(document=document, defaults={"packed": layout.packed()})
    rows = [Posting(gram=gram, document=document, offsets=offsets) for gram, offsets in postings.items()]
    Posting.objects.bulk_create(rows, batch_size=2_000)
    return len(rows)
