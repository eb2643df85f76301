"""What every view needs: an address walked to its end, and content as an answer."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import Http404, HttpResponse

from anlan.apps.sensorthings.queries.answering import Answering
from anlan.apps.sensorthings.queries.scope import Entities, Scope
from anlan.formats.sensorthings.addresses import Address, Step
from anlan.formats.sensorthings.query import Query


def answer(content: Any, status: int = 200, **headers: str) -> HttpResponse:
    """Content as JSON that no browser and no proxy keeps."""
    found = HttpResponse(msgspec.json.encode(content), content_type="application/json", status=status)
    found["Cache-Control"] = "private, no-store"
    for name, value in headers.items():
        found[name] = value
    return found


def resolved(scope: Scope, address: Address) -> Entities:
    """The set that an address names; one of a single entity where it names one. Raises Http404 on a broken way."""
    found: Entities | None = None
    before: Step | None = None
    for step in address.steps:
        if before is None:
            found = scope.all_of(step.kind.name)
        else:
            assert found is not None
            found = scope.related(before.kind.name, one_row(scope, found), step.name)
        if step.id is not None:
            found = scope.one_of(found, step.id)
        before = step
    assert found is not None
    return found


def one_row(scope: Scope, found: Entities) -> Any:
    """The only entity of a set. Raises Http404 when there is none: foreign and missing look the same."""
    if found.kind == "Observation":
        rows: Any = Answering(scope).page(found, Query(top=1))[0]
    else:
        rows = found.rows[:1]
    for row in rows:
        return row
    raise Http404
