"""The addresses that Part 1 and Part 3 name."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import NinjaAPI

from anlan.kernel.people.rights import holds
from anlan.kernel.registers import cql, selecting
from anlan.kernel.registers.api import problems
from anlan.kernel.registers.api.doors import RATE, Doors, TokenRate
from anlan.kernel.registers.api.problems import Problem
from anlan.kernel.registers.api.reading import open_record, open_register, sort_asked, whole
from anlan.kernel.registers.api.shapes import field_schema
from anlan.kernel.registers.cql_values import BadFilter
from anlan.kernel.registers.declarations import Register, declared
from anlan.kernel.registers.ogc import features, openapi
from anlan.kernel.registers.ogc.features import CRS84

GEOJSON, JSON, SCHEMA = "application/geo+json", "application/json", "application/schema+json"
#: Features of one page; more is answered with as many (Part 1, 7.15.2).
MOST, USUAL = 1000, 100
CONFORMS = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
    "http://www.opengis.net/spec/cql2/1.0/conf/advanced-comparison-operators",
    "http://www.opengis.net/spec/cql2/1.0/conf/case-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/spatial-functions",
)

api = NinjaAPI(
    title="Anlan features", version="1", urls_namespace="registers_ogc", auth=Doors(), throttle=[TokenRate(RATE)],
    openapi_url=None, docs_url=None,
)  # fmt: skip
problems.install(api)


@api.exception_handler(Problem)
def _wrong(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Part 1 answers 400 to every address that cannot be meant (7.6)."""
    problem.status = 400 if problem.status == 422 else problem.status
    return problems.answer(request, problem)


def answer(content: Any, kind: str = JSON) -> HttpResponse:
    """Content as JSON that no browser and no proxy keeps."""
    found = HttpResponse(msgspec.json.encode(content), content_type=kind)
    found["Cache-Control"] = "private, no-store"
    return found


def _root(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("registers_ogc:landing"))


def _link(href: str, rel: str, kind: str = JSON, **more: str) -> dict[str, str]:
    return {"href": href, "rel": rel, "type": kind, **more}


def _self(request: HttpRequest) -> dict[str, str]:
    return _link(request.build_absolute_uri(), "self")


@api.get("/", url_name="landing")
def landing(request: HttpRequest) -> HttpResponse:
    features.only_known(request.GET)
    root = _root(request)
    links = [
        _link(root, "self"),
        _link(f"{root}api", "service-desc", openapi.KIND),
        _link(f"{root}conformance", "conformance"),
        _link(f"{root}collections", "data"),
    ]
    return answer({"title": _("Registers"), "description": _("Registers as features"), "links": links})


@api.get("/conformance")
def conformance(request: HttpRequest) -> HttpResponse:
    return answer({"conformsTo": list(CONFORMS)})


@api.get("/api")
def description(request: HttpRequest) -> HttpResponse:
    return answer(openapi.document(_open(request), _root(request).rstrip("/")), openapi.KIND)


def _open(request: HttpRequest) -> list[Register]:
    return [one for one in declared() if holds(_actor(request), one.see)]


def _actor(request: HttpRequest) -> Any:
    return getattr(request, "auth", None)


@api.get("/collections")
def collections(request: HttpRequest) -> HttpResponse:
    rows = [_collection(request, one) for one in _open(request)]
    return answer({"links": [_self(request)], "collections": rows})


@api.get("/collections/{register_code}")
def collection(request: HttpRequest, register_code: str) -> HttpResponse:
    return answer(_collection(request, open_register(_actor(request), register_code)))


def _collection(request: HttpRequest, register: Register) -> dict[str, Any]:
    here = f"{_root(request)}collections/{register.code}"
    everything = selecting.question(register, _actor(request), {}, timezone.now())
    box = selecting.extent(register, everything) or (-180, -90, 180, 90)
    return {
        "id": register.code,
        "title": str(register.title),
        "description": f"{register.group} · {register.title}",
        "itemType": "feature",
        "crs": [CRS84],
        "storageCrs": CRS84,
        "extent": {"spatial": {"bbox": [list(box)], "crs": CRS84}},
        "links": [
            _link(here, "self"),
            _link(f"{here}/items", "items", GEOJSON),
            _link(f"{here}/queryables", "http://www.opengis.net/def/rel/ogc/1.0/queryables", SCHEMA),
        ],
    }


@api.get("/collections/{register_code}/queryables")
def queryables(request: HttpRequest, register_code: str) -> HttpResponse:
    found = open_register(_actor(request), register_code)
    properties: dict[str, Any] = {name: field_schema(info) for name, info in cql.queryables(found).items()}
    properties[cql.GEOMETRY] = {"format": "geometry-any", "x-ogc-role": "primary-geometry"}
    content = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": request.build_absolute_uri(),
        "type": "object",
        "title": str(found.title),
        "properties": properties,
        "additionalProperties": False,
    }
    return answer(content, SCHEMA)


@api.get("/collections/{register_code}/items")
def items(request: HttpRequest, register_code: str) -> HttpResponse:
    found, params, now = open_register(_actor(request), register_code), request.GET, timezone.now()
    question = features.question(found, _actor(request), params, now)
    limit = min(MOST, whole(params, "limit", USUAL))
    offset = whole(params, "offset", 0, least=0)
    sort = sort_asked(found, params.get("sortby", "").replace("+", "").replace(" ", ""))
    try:
        selected = selecting.select(found, question, sort=sort, start=offset, count=limit)
    except BadFilter as bad:
        raise Problem(400, "filter", str(bad)) from bad
    rows = selecting.records(found, selected.pks, outlines=True)
    links = [_link(request.build_absolute_uri(), "self", GEOJSON)]
    for rel, at in (("next", offset + limit), ("prev", max(0, offset - limit))):
        if (rel == "next" and at < selected.total) or (rel == "prev" and offset > 0):
            more = params.copy()
            more["limit"], more["offset"] = str(limit), str(at)
            links.append(_link(request.build_absolute_uri(f"{request.path}?{more.urlencode()}"), rel, GEOJSON))
    content = {
        "type": "FeatureCollection",
        "features": [features.feature(found, row) for row in rows],
        "links": links,
        "timeStamp": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "numberMatched": selected.total,
        "numberReturned": len(rows),
    }
    if box := features.bounds(rows):
        content["bbox"] = box
    made = answer(content, GEOJSON)
    made["Content-Crs"] = f"<{CRS84}>"
    return made


@api.get("/collections/{register_code}/items/{code}")
def item(request: HttpRequest, register_code: str, code: str) -> HttpResponse:
    found = open_register(_actor(request), register_code)
    record = open_record(found, _actor(request), code)
    here = f"{_root(request)}collections/{found.code}"
    content = features.feature(found, record)
    content["links"] = [
        _link(f"{here}/items/{quote(record.code)}", "self", GEOJSON), _link(here, "collection"),
    ]  # fmt: skip
    made = answer(content, GEOJSON)
    made["Content-Crs"] = f"<{CRS84}>"
    return made
