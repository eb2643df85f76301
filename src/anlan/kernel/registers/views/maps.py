"""The records that a list finds, on a map: the page, its tiles, and the short card of one record."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from anlan.formats.mvt import Tile
from anlan.kernel.registers import listing, selecting, tiles
from anlan.kernel.registers.declarations import Marks, Register
from anlan.kernel.registers.tiles import Tiled
from anlan.kernel.registers.views.common import register_or_404

#: Deepest zoom at which a tile is asked for; the map enlarges it beyond.
DEEPEST = 16
#: Cells of a row that the short card shows.
FACTS = 6


def _located_or_404(request: HttpRequest, code: str) -> tuple[Register, Marks]:
    register = register_or_404(request, code)
    if not register.located or register.marks is None:
        raise Http404
    return register, register.marks


@require_safe
def map_page(request: HttpRequest, code: str) -> HttpResponse:
    """The map of what the filters find; switching to the list and back keeps them."""
    register, _marks = _located_or_404(request, code)
    page = listing.page(register, request.user, request.GET, timezone.now())
    asked = selecting.question(register, request.user, request.GET.dict(), timezone.now())
    lost = selecting.question(register, request.user, {**request.GET.dict(), "place": "none"}, timezone.now())
    context = {
        "register": register,
        "groups": listing.groups(request.user),
        "may_edit": listing.may_edit(register, request.user),
        "page": page,
        "extent": tiles.extent(register, asked),
        "lost": selecting.count(register, lost),
        "lost_query": listing.with_value(request.GET, "place", "none"),
        "has_hillshade": (settings.DATA / "ground" / "hillshade.png").is_file(),
    }
    return render(request, "registers/map.html", context)


@require_safe
def tile(request: HttpRequest, code: str, z: int, x: int, y: int) -> HttpResponse:
    """A vector tile of what the filters find."""
    register, marks = _located_or_404(request, code)
    if z > DEEPEST:
        raise Http404
    try:
        at = Tile(z, x, y)
    except ValueError:
        raise Http404 from None
    asked = selecting.question(register, request.user, request.GET.dict(), timezone.now())
    return tile_answer(request, tiles.tile(register, asked, at, marks))


def tile_answer(request: HttpRequest, made: Tiled) -> HttpResponse:
    """A tile as the browser takes it: kept there, and asked for again each time, which is answered by 304."""
    if request.headers.get("If-None-Match") == made.etag:
        answer: HttpResponse = HttpResponseNotModified()
    else:
        answer = HttpResponse(made.body, content_type="application/vnd.mapbox-vector-tile")
        answer["X-Anlan-Features"] = f"{made.shown}/{made.total}"
    answer["ETag"] = made.etag
    answer["Cache-Control"] = "private, no-cache"
    return answer


@require_safe
def spot(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The short card of one record as a piece of HTML."""
    register, _marks = _located_or_404(request, code)
    record = register.rows(request.user).filter(pk=pk).first()
    if record is None:
        raise Http404
    names = [name for name in register.columns if name in register.infos() and name not in ("name", register.colour_by)]
    shown = [cell for name in names if (cell := listing.cell(register, record, name)).text][:FACTS]
    level = getattr(record, register.colour_by) if register.colour_by else None
    context = {"register": register, "record": record, "cells": shown, "level": level}
    return render(request, "registers/_spot.html", context)
