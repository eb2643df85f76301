"""The addresses of the API. What they take and give is told by openapi.json of each register."""

from __future__ import annotations

from typing import Any

import msgspec
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI

from anlan.kernel.people.models import User
from anlan.kernel.registers import services
from anlan.kernel.registers.api import openapi, problems, reading, shapes, writing
from anlan.kernel.registers.api.doors import RATE, Doors, TokenRate
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.values import Lookups

api = NinjaAPI(
    title="Anlan registers", version="1", urls_namespace="registers_api", auth=Doors(), throttle=[TokenRate(RATE)],
    openapi_url=None, docs_url=None,
)  # fmt: skip
problems.install(api)


def answer(content: Any, status: int = 200, kind: str = "application/json", **headers: str) -> HttpResponse:
    """Content as JSON that no browser and no proxy keeps."""
    found = HttpResponse(msgspec.json.encode(content), content_type=kind, status=status)
    found["Cache-Control"] = "private, no-store"
    for name, value in headers.items():
        found[name.replace("_", "-")] = value
    return found


def _actor(request: HttpRequest) -> User:
    person: Any = getattr(request, "auth", None)
    assert isinstance(person, User)
    return person


def _record(register: Register, record: Any, status: int = 200, *, warnings: Any = (), clear: Any = ()) -> HttpResponse:
    content = shapes.record_json(register, record, clear=clear)
    if warnings:
        content["warnings"] = [problems.fault_json(fault) for fault in warnings]
    return answer(content, status, ETag=f'"{record.revision}"')


@api.get("/")
def registers(request: HttpRequest) -> HttpResponse:
    return answer({"registers": reading.registers_json(request, _actor(request))})


@api.get("/{register_code}/openapi.json")
def description(request: HttpRequest, register_code: str) -> HttpResponse:
    found = reading.open_register(_actor(request), register_code)
    return answer(openapi.document(found, request.build_absolute_uri("../")), kind=openapi.KIND)


@api.get("/{register_code}/records")
def records(request: HttpRequest, register_code: str) -> HttpResponse:
    found = reading.open_register(_actor(request), register_code)
    return answer(reading.page(request, found, _actor(request), timezone.now()))


@api.post("/{register_code}/records")
def create(request: HttpRequest, register_code: str) -> HttpResponse:
    found, actor = reading.open_register(_actor(request), register_code), _actor(request)
    sent = writing.body_of(request)
    record, warnings = writing.create(found, sent, actor=actor, now=timezone.now(), lookups=Lookups())
    made = _record(found, record, 201, warnings=warnings)
    made["Location"] = request.build_absolute_uri(f"records/{record.code}")
    return made


@api.post("/{register_code}/bulk")
def bulk(request: HttpRequest, register_code: str) -> HttpResponse:
    found, actor = reading.open_register(_actor(request), register_code), _actor(request)
    return answer({"items": writing.bulk(found, writing.body_of(request), actor=actor, now=timezone.now())})


@api.get("/{register_code}/records/{code}")
def record(request: HttpRequest, register_code: str, code: str) -> HttpResponse:
    found, actor = reading.open_register(_actor(request), register_code), _actor(request)
    row = reading.open_record(found, actor, code)
    clear = reading.clear_fields(found, request.GET.get("clear", ""))
    if clear:
        why = request.GET.get("why", "")
        reading.note_clear(found, [row], clear, actor=actor, why=why, now=timezone.now())
    return _record(found, row, clear=clear)


@api.patch("/{register_code}/records/{code}")
def change(request: HttpRequest, register_code: str, code: str) -> HttpResponse:
    found, actor = reading.open_register(_actor(request), register_code), _actor(request)
    row = reading.open_record(found, actor, code)
    sent = writing.body_of(request)
    seen = writing.seen_revision(request, sent)
    after, warnings = writing.change(found, row, sent, seen=seen, actor=actor, now=timezone.now(), lookups=Lookups())
    return _record(found, after, warnings=warnings)


@api.delete("/{register_code}/records/{code}")
def remove(request: HttpRequest, register_code: str, code: str) -> HttpResponse:
    found, actor = reading.open_register(_actor(request), register_code), _actor(request)
    seen = writing.seen_revision(request, {})
    with transaction.atomic():
        row = reading.open_record(found, actor, code)
        writing.refuse_stale(row, seen)
        services.remove(found, row, reason=request.GET.get("why", ""), actor=actor, now=timezone.now())
    return HttpResponse(status=204)


@api.post("/{register_code}/records/{code}/restore")
def restore(request: HttpRequest, register_code: str, code: str) -> HttpResponse:
    found, actor = reading.open_register(_actor(request), register_code), _actor(request)
    row = reading.open_record(found, actor, code, former=True)
    after = services.restore(found, row, actor=actor, now=timezone.now(), note=request.GET.get("why", ""))
    return _record(found, after)
