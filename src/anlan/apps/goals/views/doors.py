"""What every page of documents begins with."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from anlan.apps.goals.models import Clause, Document, Edition, EditionState
from anlan.apps.goals.queries.documents import current_editions, visible
from anlan.kernel.people.rights import may


def document_or_404(request: HttpRequest, code: str) -> Document:
    """A document that the viewer may see; foreign and missing look the same."""
    return get_object_or_404(visible(request.user).select_related("region", "by"), code=code)


def edition_or_404(request: HttpRequest, code: str, number: int) -> Edition:
    """An edition of such a document."""
    document = document_or_404(request, code)
    edition = get_object_or_404(document.editions.select_related("by"), number=number)
    edition.document = document
    return edition


def current_or_404(request: HttpRequest, code: str) -> Edition:
    """The edition of a document that counts."""
    document = document_or_404(request, code)
    edition = current_editions([document]).get(document.pk)
    if edition is None:
        raise Http404
    return edition


def clause_or_404(request: HttpRequest, code: str, number: int, anchor: str) -> Clause:
    """A clause of an edition."""
    edition = edition_or_404(request, code, number)
    clause: Clause = get_object_or_404(edition.clauses.select_related("parent"), anchor=anchor)
    clause.edition = edition
    return clause


def clause_named(request: HttpRequest) -> Clause | None:
    """The clause that a form was opened from (`?clause=`), when the viewer may join to it; else None."""
    number = request.POST.get("clause") or request.GET.get("clause", "")
    if not number.isdigit():
        return None
    rows = Clause.objects.select_related("edition__document__region").exclude(edition__state=EditionState.REPLACED)
    row = rows.filter(pk=number, edition__document__in=visible(request.user)).first()
    return row if row is not None and may(request.user, "goals.join", row.edition.document.region) else None
