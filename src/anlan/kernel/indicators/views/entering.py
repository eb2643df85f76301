"""Enter yearly figures: places down, figures across, one year; typed, walked by keys, or pasted from a sheet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from anlan.kernel.indicators.declarations import Input, inputs, needing
from anlan.kernel.indicators.errors import Refused
from anlan.kernel.indicators.live import local_day
from anlan.kernel.indicators.models import Figure
from anlan.kernel.indicators.services import entering
from anlan.kernel.indicators.services.entering import Cell
from anlan.kernel.indicators.views.common import guard, show
from anlan.kernel.indicators.wording import plain
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import EVERYWHERE, reach
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.regions.queries import Node
from anlan.kernel.web.sheets import csv_sheet

ENTER = "indicator.enter"
#: Years offered: the running one and those that formulas look back to.
OFFERED = 10


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the address asks for: the year, the place whose own and inner figures are entered, who gives them."""

    year: int
    node: Node
    giver: str
    columns: list[Input]
    places: list[Node]


@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: HttpRequest) -> HttpResponse:
    """The grid of one year; a POST enters what was typed, all of it or nothing."""
    actor = guard(request, ENTER)
    sent = request.POST if request.method == "POST" else request.GET
    asked = _asked(actor, sent)
    if asked is None:
        return show(request, "enter.html", "enter", asked=None)
    if request.method == "POST":
        return _take(request, actor, asked)
    if request.GET.get("as") == "csv":
        return _sheet(asked)
    return _page(request, actor, asked)


def _open_places(actor: User) -> list[Node]:
    paths = reach(actor, ENTER)
    tree = regions.tree()
    root = tree.root()
    found = [
        node
        for node in tree.by_id.values()
        if root is not None
        and node.path.startswith(root.path)
        and node.level != Level.GRID
        and any(path == EVERYWHERE or node.path.startswith(path) for path in paths)
    ]
    return sorted(found, key=lambda node: (node.path.count("/"), node.code))


def _asked(actor: User, sent: QueryDict) -> _Asked | None:
    open_places = _open_places(actor)
    if not open_places:
        return None
    today = local_day(timezone.now())
    text = sent.get("year", "")
    year = int(text) if text.isdecimal() and today.year - OFFERED < int(text) <= today.year else today.year
    node = next((one for one in open_places if one.code == sent.get("in", "")), open_places[0])
    entered = [one for one in inputs().values() if one.may_be_entered]
    wanted = inputs().get(sent.get("input", ""))
    giver = str(wanted.giver) if wanted is not None else sent.get("by", "")
    givers = _givers()
    if giver not in givers:
        giver = givers[0]
    columns = [one for one in entered if _giver(one) == giver]
    inner = [one for one in regions.tree().children.get(node.id, []) if one.level != Level.GRID]
    return _Asked(year, node, giver, columns, [node, *inner])


def _giver(one: Input) -> str:
    return str(one.giver) if one.is_entered else _("Years before a register")


def _givers() -> list[str]:
    return list(dict.fromkeys(_giver(one) for one in inputs().values() if one.may_be_entered))


def _page(
    request: HttpRequest, actor: User, asked: _Asked, *, status: int = 200, typed: QueryDict | None = None,
    faults: tuple[str, ...] = (), wrong: frozenset[str] = frozenset(),
) -> HttpResponse:  # fmt: skip
    held = _held(asked)
    lines = []
    for node in asked.places:
        cells = []
        for one in asked.columns:
            name = f"{one.code}:{node.code}"
            figure = held.get((one.code, node.id))
            cells.append(
                {"name": name, "value": typed.get(name,
                "") if typed is not None else plain(figure.value if figure else None),
                 "wrong": name in wrong, "figure": figure, "input": one}
            )  # fmt: skip
        lines.append({"node": node, "cells": cells, "own": node.id == asked.node.id})
    today = local_day(timezone.now())
    towns = [one for one in _open_places(actor) if one.level != Level.VILLAGE]
    return show(
        request, "enter.html", "enter", status=status, asked=asked, lines=lines, faults=faults,
        years=range(today.year, today.year - OFFERED, -1), givers=_givers(), places=towns,
        runs=asked.year == today.year,
        upto=(typed or {}).get("upto", "") or (today.isoformat() if asked.year == today.year else ""), today=today,
        source=(typed or {}).get("source", ""), sources=sorted({row.source for row in held.values() if row.source}),
        uses={one.code: ", ".join(found.code for found in needing({one.code})) for one in asked.columns},
    )  # fmt: skip


def _held(asked: _Asked) -> dict[tuple[str, int], Figure]:
    rows = Figure.records.filter(
        year=asked.year, region__in=[node.id for node in asked.places], input__in=[one.code for one in asked.columns]
    ).select_related("by")
    return {(row.input, row.region_id): row for row in rows}


def _take(request: HttpRequest, actor: User, asked: _Asked) -> HttpResponse:
    places = Region.objects.defer("boundary").in_bulk([node.id for node in asked.places])
    held = _held(asked)
    cells: list[Cell] = []
    faults: list[str] = []
    wrong: set[str] = set()
    for node in asked.places:
        for one in asked.columns:
            name = f"{one.code}:{node.code}"
            if name not in request.POST:
                continue
            text = request.POST[name].strip()
            figure = held.get((one.code, node.id))
            if text == plain(figure.value if figure else None):
                continue
            value = _number(text)
            if text and value is None:
                wrong.add(name)
                words = {"place": node.name, "figure": one.title, "text": text}
                faults.append(_("%(place)s, %(figure)s: “%(text)s” is no number.") % words)
                continue
            cells.append(Cell(one.code, places[node.id], value))
    upto = _day(request.POST.get("upto", ""), faults)
    try:
        if faults:
            raise Refused(*faults)
        source = request.POST.get("source", "").strip()[:200]
        changed = entering.enter_figures(
            cells, year=asked.year, upto=upto, source=source, actor=actor, now=timezone.now()
        )
    except Refused as refused:
        return _page(
            request, actor, asked, status=422, typed=request.POST, faults=refused.faults, wrong=frozenset(wrong)
        )
    if changed:
        messages.success(request, _("%(n)d numbers entered; what needs them is being measured.") % {"n": changed})
    else:
        messages.info(request, _("Nothing differs from what was there."))
    query = QueryDict(mutable=True)
    query.update({"year": str(asked.year), "in": asked.node.code, "by": asked.giver})
    return redirect(f"{reverse('indicators:enter')}?{query.urlencode()}")


def _number(text: str) -> float | None:
    """A number as people write it: full-width digits and commas between thousands are taken too."""
    half = (
        text.translate(str.maketrans("０１２３４５６７８９．，－", "0123456789.,-")).replace(",", "").replace(" ", "")
    )
    try:
        return float(half)
    except ValueError:
        return None


def _day(text: str, faults: list[str]) -> date | None:
    if not text:
        return None
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        faults.append(_("“%(text)s” is no day.") % {"text": text})
    return found


def _sheet(asked: _Asked) -> HttpResponse:
    """The grid as it stands, to be filled in a spreadsheet and pasted back."""
    held = _held(asked)

    def cell(one: Input, node: Node) -> Any:
        figure = held.get((one.code, node.id))
        return figure.value if figure is not None else None

    head = [_("Code"), _("Region"), *(f"{one.title} ({one.unit})" for one in asked.columns)]
    return csv_sheet(
        f"figures-{asked.year}", head,
        ([node.code, node.name, *(cell(one, node) for one in asked.columns)] for node in asked.places),
    )  # fmt: skip
