"""The service below `/sta/v1.1`: who asks, what is asked, and the answer as JSON."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from ninja.errors import AuthenticationError

from anlan.apps.sensorthings import batches, creating
from anlan.apps.sensorthings.answers import answer, one_row, resolved
from anlan.apps.sensorthings.batches import Answer, BadBatch, ChangeSet, Request
from anlan.apps.sensorthings.conformance import server_settings
from anlan.apps.sensorthings.queries import shapes
from anlan.apps.sensorthings.queries.answering import Answering
from anlan.apps.sensorthings.queries.budget import Budget, TooMuch, shares
from anlan.apps.sensorthings.queries.scope import Entities, Scope
from anlan.apps.sensorthings.services.observations import HeldLog
from anlan.formats.faults import Refused as BadBytes
from anlan.formats.findings import SENTENCES, BadMessage
from anlan.formats.sensorthings import ENTITIES
from anlan.formats.sensorthings.addresses import Address, parse
from anlan.formats.sensorthings.entities import MOST_BYTES
from anlan.formats.sensorthings.query import Query
from anlan.formats.sensorthings.query import parse as parse_query
from anlan.kernel.people import rate
from anlan.kernel.people.models import ApiToken, User
from anlan.kernel.people.rights import NotAllowed, holds
from anlan.kernel.registers.api import problems
from anlan.kernel.registers.api.doors import Doors
from anlan.kernel.registers.api.problems import Problem
from anlan.kernel.sensing.store import Busy, ColdMissing, Full, open_store

#: Requests of one token in a minute; one request may bring many observations.
RATE, WINDOW_S = 3_000, 60.0
#: Of these so many are set apart for a process at once: each setting apart waits for the disk.
FIRST = 50
_doors = Doors()

View = Callable[..., HttpResponse]


def answered(view: View) -> View:
    """A view for whoever brings a valid token or session; what goes wrong in it becomes problem+json."""

    def guarded(request: HttpRequest, **more: Any) -> HttpResponse:
        return _judged(request, lambda: view(request, _asker(request), **more))

    made: View = csrf_exempt(guarded)
    return made


def _judged(request: HttpRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer of an act, or the problem that it met."""
    try:
        return act()
    except (BadMessage, BadBytes) as error:
        problem = _problem_of(error)
    except TooMuch as much:
        words = _("%(what)s would read too much at once: name one Datastream or a span of time.")
        problem = Problem(400, "too_much", words % {"what": much.args[0]})
    except (Busy, Full):
        problem = Problem(503, "busy", _("The readings are busy; try again"))
    except ColdMissing as missing:
        problem = Problem(409, "cold", str(missing))
    except (Problem, AuthenticationError, NotAllowed, Http404) as error:
        return problems.answer(request, error)
    return problems.answer(request, problem)


def _asker(request: HttpRequest) -> User:
    person = _doors(request)
    if person is None:
        raise AuthenticationError
    token = getattr(request, "api_token", None)
    if token is not None and not _may_ask(token):
        raise Problem(429, "rate", _("Too many requests; wait a little."))
    if not holds(person, "point.see"):
        raise NotAllowed("point.see")
    return person


def _may_ask(token: ApiToken) -> bool:
    return rate.SHARED.take(token, door="sta", limit=RATE, window_s=WINDOW_S, now_s=time.time(), first=FIRST)


def _problem_of(error: BadMessage | BadBytes) -> Problem:
    """What a body or an address has wrong, each fault with its place."""
    if isinstance(error, BadBytes):
        words = _("The body cannot be read as JSON: %(why)s") % {"why": str(error)}
        return Problem(400, error.code, words)
    rows = []
    for one in error.findings:
        words = SENTENCES.get(one.code, one.code).format(**one.args)
        rows.append({"field": one.where, "code": one.code, "words": words, "blocks": one.blocks})
    detail = _("; ").join(f"{row['field']}: {row['words']}" if row["field"] else str(row["words"]) for row in rows)
    return Problem(400, "faults", detail, rows)


def body_of(request: HttpRequest) -> bytes:
    """The body, at most `MOST_BYTES`. Raises Problem (413)."""
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise Problem(413, "large", _("A request has at most 8 MiB."))
    return body


def root_of(request: HttpRequest) -> str:
    """Address of the service, without a slash at its end."""
    return request.build_absolute_uri(reverse("sensorthings:root")).rstrip("/")


@answered
def root(request: HttpRequest, _actor: User) -> HttpResponse:
    """The sets of the service and what it conforms to."""
    here = root_of(request)
    sets = [{"name": one.plural, "url": f"{here}/{one.plural}"} for one in ENTITIES.values()]
    return answer({"value": sets, "serverSettings": server_settings()})


@answered
def resource(request: HttpRequest, actor: User, rest: str) -> HttpResponse:
    """Whatever lies below the root."""
    store = open_store()
    scope = Scope(actor, root_of(request), timezone.now(), store, store)
    body = b"" if request.method in ("GET", "HEAD") else body_of(request)
    if rest == "$batch":
        if request.method != "POST":
            raise Problem(405, "method", _("This cannot be done here."))
        return _batch(request, scope, body)
    return _done(scope, str(request.method), rest, request.META.get("QUERY_STRING", ""), body)


def _done(scope: Scope, method: str, rest: str, options: str, body: bytes) -> HttpResponse:
    """What one request asks for or changes."""
    if method == "POST":
        return creating.create(scope, rest, body)
    found = parse(rest)
    if found is None:
        raise Http404
    if method == "PATCH":
        return creating.change(scope, found, body)
    if method not in ("GET", "HEAD"):
        raise Problem(405, "method", _("This cannot be done here."))
    return _read(scope, found, options)


def _batch(request: HttpRequest, scope: Scope, body: bytes) -> HttpResponse:
    """Each request of a batch in turn; a change set wholly or not at all."""
    try:
        parts = batches.read(request.headers.get("Content-Type", ""), body, scope.root)
    except BadBatch as bad:
        raise Problem(400, "batch", _("The batch cannot be read: %(why)s.") % {"why": str(bad)}) from bad
    answers: list[Answer | list[Answer]] = []
    token = getattr(request, "api_token", None)
    # The batch itself was the first request; each further one in it counts too, before anything is done.
    asked = sum(len(part.requests) if isinstance(part, ChangeSet) else 1 for part in parts)
    if token is not None and not all(_may_ask(token) for _further in range(asked - 1)):
        raise Problem(429, "rate", _("Too many requests; wait a little."))
    budgets = shares(asked)
    for part in parts:
        if isinstance(part, ChangeSet):
            answers.append(_together(request, scope, part, budgets))
        else:
            answers.append(_single(request, scope.for_request(next(budgets)), part))
    kind, content = batches.written(answers)
    return HttpResponse(content, content_type=kind, headers={"Cache-Control": "private, no-store"})


def _single(request: HttpRequest, scope: Scope, one: Request) -> Answer:
    got = _judged(request, lambda: _done(scope, one.method, one.path, one.options, one.body))
    headers = tuple((name, got[name]) for name in ("Content-Type", "Location") if name in got)
    return Answer(got.status_code, headers, got.content, one.content_id)


def _together(request: HttpRequest, scope: Scope, part: ChangeSet, budgets: Iterator[Budget]) -> Answer | list[Answer]:
    """The answers of a change set, or the one of the request that failed, for which nothing happened."""
    held = HeldLog()
    mine = list(itertools.islice(budgets, len(part.requests)))
    made: dict[str, str] = {}
    answers: list[Answer] = []
    last: Answer | None = None
    try:
        with transaction.atomic():
            for one, budget in zip(part.requests, mine, strict=True):
                last = _single(request, scope.for_request(budget, held), _named(one, made))
                if last.status >= 300:
                    raise _Failed
                answers.append(last)
                location = dict(last.headers).get("Location", "")
                if one.content_id and location:
                    made[one.content_id] = location.removeprefix(scope.root + "/")
            stored = _judged(request, lambda: _written(held, scope))
            if stored.status_code >= 300:
                last = Answer(stored.status_code, (("Content-Type", stored["Content-Type"]),), stored.content)
                raise _Failed
    except _Failed:
        assert last is not None
        return last
    return answers


def _written(held: HeldLog, scope: Scope) -> HttpResponse:
    held.write(scope.store)
    return HttpResponse(status=204)


class _Failed(Exception):
    """A request of a change set failed: undo what its neighbours did."""


def _named(one: Request, made: dict[str, str]) -> Request:
    """A request with `$1` in its address and its body replaced by what the request of that Content-ID made."""
    head, slash, tail = one.path.partition("/")
    body = one.body
    if head.startswith("$") and head[1:] in made:
        head = made[head[1:]]
    for content_id, location in made.items():
        id_ = location.partition("(")[2].rpartition(")")[0]
        body = body.replace(f'"${content_id}"'.encode(), (f'"{id_[1:-1]}"' if id_.startswith("'") else id_).encode())
    return replace(one, path=head + slash + tail, body=body)


def _read(scope: Scope, address: Address, options: str) -> HttpResponse:
    query = parse_query(options, address.last.kind.name)
    if query.result_format not in (None, "dataArray"):
        raise Problem(501, "format", _("This service answers as JSON and as dataArray only."))
    if query.result_format and address.last.kind.name != "Observation":
        raise Problem(400, "format", _("dataArray is a format of observations only."))
    answering = Answering(scope)
    found = resolved(scope, address)
    if address.last.is_set:
        if address.ref:
            return answer(_links(scope, found, query, answering, address))
        return answer(answering.many(found, query, f"{scope.root}/{written(address)}"))
    row = one_row(scope, found)
    kind = address.last.kind.name
    if address.named:
        return _property(kind, row, address)
    if address.ref:
        return answer({"@iot.selfLink": shapes.self_link(scope.root, kind, row)})
    return answer(answering.shaped(kind, [row], query)[0])


def written(address: Address) -> str:
    """The address as a path."""
    parts = []
    for step in address.steps:
        id_ = "" if step.id is None else f"({shapes.quoted(step.id)})"
        parts.append(f"{step.name}{id_}")
    return "/".join(parts) + ("/$ref" if address.ref else "")


def _links(scope: Scope, found: Entities, query: Query, answering: Answering, address: Address) -> dict[str, Any]:
    # Options that only change what is told of an entity mean nothing for its link.
    bare = replace(query, select=("id",), expand=(), result_format=None)
    body = answering.many(found, bare, f"{scope.root}/{written(address)}")
    body["value"] = [{"@iot.selfLink": one["@iot.selfLink"]} for one in body["value"]]
    return body


def _property(kind: str, row: Any, address: Address) -> HttpResponse:
    values = {"id": shapes.id_of(kind, row), "@iot.id": shapes.id_of(kind, row), **shapes.properties_of(kind, row)}
    value = values.get(address.named)
    if value is None:
        # The property has no value (18-088, 9.2.5).
        return HttpResponse(status=204)
    if not address.value:
        return answer({address.named: value})
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
