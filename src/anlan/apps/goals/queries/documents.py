"""Which documents a person may see, and which edition counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from anlan.apps.goals.models import Document, Edition, EditionState
from anlan.kernel.people.rights import EVERYWHERE, reach
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.regions.queries import prefixes, tree
from anlan.kernel.regions.scope import within


def visible(viewer: Any) -> QuerySet[Document]:
    """Documents of the viewer's regions and of the regions above them, for those bind the ones below."""
    return _within(Document.objects.filter(removed_at=None), reach(viewer, "goals.view"))


def removed(viewer: Any) -> QuerySet[Document]:
    """What was taken out of the ledger and can be put back, where the viewer decides."""
    rows = Document.objects.exclude(removed_at=None).filter(editions__isnull=False).distinct()
    return rows.filter(within(reach(viewer, "goals.review"))).select_related("region")


def _within(rows: QuerySet[Document], paths: Sequence[str]) -> QuerySet[Document]:
    if not paths:
        return rows.none()
    rows = rows.select_related("region")
    if EVERYWHERE in paths:
        return rows
    found = Q()
    for path in paths:
        found |= Q(region__path__startswith=path) | Q(region__path__in=prefixes(path))
    return rows.filter(found)


def places_of(documents: Iterable[Document]) -> list[tuple[str, str]]:
    """Code and name of the counties and towns that these documents bind, the wider before those inside."""
    paths = {one.region.path for one in documents}
    nodes = sorted(tree().by_id.values(), key=lambda node: node.path)
    return [
        (node.code, node.name)
        for node in nodes
        if node.level in (Level.CITY, Level.COUNTY, Level.TOWN) and any(node.path.startswith(path) for path in paths)
    ]


def binding(documents: Iterable[Document], place: Region) -> list[Document]:
    """Documents of a place, of those inside it, and of those above it, which bind it too."""
    return [
        one
        for one in documents
        if one.region.path.startswith(place.path) or place.path.startswith(one.region.path)
    ]  # fmt: skip


def current_editions(documents: Iterable[Document]) -> dict[int, Edition]:
    """By document the edition that counts: the one in force, else the first under review. Texts are not fetched."""
    rows = (
        Edition.objects.filter(document__in=[one.pk for one in documents])
        .filter(state__in=(EditionState.IN_FORCE, EditionState.REVIEW))
        .select_related("document__region")
        .defer("original", "text", "edits", "source")
        .order_by("document", "number")
    )
    found: dict[int, Edition] = {}
    for row in rows:
        held = found.get(row.document_id)
        if held is None or row.state == EditionState.IN_FORCE:
            found[row.document_id] = row
    return found
