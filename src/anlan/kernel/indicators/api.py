"""Indicators for programs: what is defined, what was measured, and figures entered by a program.

GET  /api/v1/indicators/                                  every definition with its inputs
GET  /api/v1/indicators/values?region=&year=&code=&inside=1  values of a place, or of the places right inside it
POST /api/v1/indicators/figures                           {year, upto?, source, figures: [{input, region, value}]}
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import NinjaAPI

from anlan.kernel.indicators import queries
from anlan.kernel.indicators.declarations import Indicator, indicator, indicators, input_of, inputs
from anlan.kernel.indicators.errors import Refused
from anlan.kernel.indicators.queries import Line
from anlan.kernel.indicators.services.entering import Cell, enter_figures
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, holds, may
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region
from anlan.kernel.registers.api import problems
from anlan.kernel.registers.api.doors import RATE, Doors, TokenRate
from anlan.kernel.registers.api.problems import Problem

api = NinjaAPI(
    title="Anlan indicators", version="1", urls_namespace="indicators_api", auth=Doors(), throttle=[TokenRate(RATE)],
    openapi_url=None, docs_url=None,
)  # fmt: skip
problems.install(api)


class _Figure(msgspec.Struct, forbid_unknown_fields=True):
    input: str
    region: str
    value: float | None


class _Sent(msgspec.Struct, forbid_unknown_fields=True):
    year: int
    source: str
    figures: list[_Figure]
    upto: date | None = None


def _answer(content: Any, status: int = 200) -> HttpResponse:
    found = HttpResponse(msgspec.json.encode(content), content_type="application/json", status=status)
    found["Cache-Control"] = "private, no-store"
    return found


def _actor(request: HttpRequest, verb: str = queries.VIEW) -> User:
    person: Any = getattr(request, "auth", None)
    assert isinstance(person, User)
    if not holds(person, verb):
        raise NotAllowed(verb)
    return person


@api.get("/")
def definitions(request: HttpRequest) -> HttpResponse:
    _actor(request)
    needed = {code for one in indicators() for code in one.needs}
    return _answer(
        {
            "indicators": [_defined(one) for one in indicators()],
            "inputs": [
                {"code": one.code, "title": str(one.title), "unit": str(one.unit), "entered": one.is_entered,
                 "may_be_entered": one.may_be_entered, "giver": str(one.giver),
                 "register": str(one.source.title) if one.source else ""}
                for one in inputs().values()
                if one.code in needed
            ],
        }
    )  # fmt: skip


def _defined(one: Indicator) -> dict[str, Any]:
    return {
        "code": one.code, "title": str(one.title), "unit": str(one.unit), "better": one.better, "kind": one.kind,
        "formula": str(one.formula), "needs": list(one.needs), "group": str(one.group), "note": str(one.note),
        "version": one.version,
    }  # fmt: skip


@api.get("/values")
def values(request: HttpRequest) -> HttpResponse:
    actor = _actor(request)
    moment = queries.Moment.of(timezone.now())
    seen = queries.places_seen(actor)
    code = request.GET.get("region", "")
    node = next((one for one in seen if not code or one.code == code), None)
    if node is None:
        raise Http404
    text = request.GET.get("year", "")
    if text and (not text.isdecimal() or int(text) not in queries.years_measured(moment)):
        raise Problem(422, "year", _("Years measured: %(years)s.") % {"years": queries.years_measured(moment)})
    year = int(text) if text else moment.year
    wanted = indicators()
    if asked := request.GET.get("code", ""):
        one = indicator(asked)
        if one is None:
            raise Problem(422, "code", _("No indicator has the code %(code)s.") % {"code": asked})
        wanted = [one]
    nodes = queries.inside(node) if request.GET.get("inside") == "1" else [node]
    return _answer({"year": year, "values": [_line(line) for line in queries.lines(wanted, nodes, [year], moment)]})


def _line(line: Line) -> dict[str, Any]:
    row = line.measured
    return {
        "code": line.indicator.code, "region": line.place.code, "year": line.year, "value": line.value,
        "unit": str(line.indicator.unit), "state": line.state or "unmeasured", "why": line.why,
        "inputs": row.inputs if row is not None else {}, "measured_at": row.at if row is not None else None,
        "version": row.version if row is not None else None, "light": line.light, "forecast": line.forecast.value,
        "forecast_rule": line.forecast.rule,
        "target": {"comparator": line.target.comparator, "value": line.target.value} if line.target else None,
    }  # fmt: skip


@api.post("/figures")
def figures(request: HttpRequest) -> HttpResponse:
    actor = _actor(request, "indicator.enter")
    try:
        sent = msgspec.json.decode(request.body, type=_Sent)
    except msgspec.DecodeError as error:
        raise Problem(422, "body", _("The body is not as described: %(why)s") % {"why": error}) from error
    nodes = {one.region: regions.resolve(one.region) for one in sent.figures}
    known = Region.objects.defer("boundary").in_bulk([node.id for node in nodes.values() if node is not None])
    cells, faults = [], []
    for at, one in enumerate(sent.figures):
        node = nodes[one.region]
        region = known.get(node.id) if node is not None else None
        if region is None or not may(actor, "indicator.enter", region):
            words = _("no region in your reach has the code %(code)s") % {"code": one.region}
            faults.append({"item": at, "field": "region", "code": "region", "words": words, "blocks": True})
            continue
        cells.append(Cell(one.input, region, one.value))
    if faults:
        raise Problem(422, "faults", _("; ").join(str(fault["words"]) for fault in faults), faults)
    try:
        changed = enter_figures(
            cells, year=sent.year, upto=sent.upto, source=sent.source[:200], actor=actor, now=timezone.now()
        )
    except Refused as refused:
        rows = [{"field": "", "code": "refused", "words": words, "blocks": True} for words in refused.faults]
        raise Problem(422, "faults", str(refused), rows) from refused
    return _answer({"changed": changed, "inputs": sorted({input_of(one.input).code for one in cells})})
