"""Layers over HTTP: the tree, GeoJSON, vector tiles, cards, the search box and the ground of the map."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import http_date, parse_http_date_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan.formats.mvt import Tile
from anlan.kernel.layers import queries
from anlan.kernel.layers.asking import BadQuestion, number
from anlan.kernel.layers.declarations import Box, Card, Layer, Window
from anlan.kernel.registers.views.maps import DEEPEST, tile_answer

#: The slider goes back this far, with an hour to spare for a page that was left open.
PAST = timedelta(hours=25)


@require_safe
def tree(request: HttpRequest) -> JsonResponse:
    """The layer tree of this viewer: groups with layers, their legends and counts."""
    now = timezone.now()
    groups: dict[str, list[dict[str, Any]]] = {}
    for layer in queries.visible(request.user):
        groups.setdefault(str(layer.group), []).append(_layer_json(layer, request.user, now))
    return JsonResponse({"groups": [{"title": title, "layers": rows} for title, rows in groups.items()]})


def _layer_json(layer: Layer, actor: Any, now: datetime) -> dict[str, Any]:
    return {
        "code": layer.code,
        "title": str(layer.title),
        "hint": str(layer.hint),
        "icon": layer.icon,
        "draw": layer.draw,
        "on": layer.on,
        "minzoom": layer.minzoom,
        "every_s": layer.every_s,
        "events": list(layer.events),
        "past": layer.past,
        "card": layer.card is not None,
        "count": queries.count(layer, actor, now),
        "tiles": layer.tiles is not None,
        "register": layer.register,
        "sums": dict(layer.sums(actor)) if layer.sums is not None else None,
        "extent": layer.extent(actor) if layer.extent is not None else None,
        "legend": [
            {"value": item.value, "label": str(item.label), "level": item.level, "icon": item.icon, "tint": item.tint}
            for item in layer.legend
        ],
    }


@require_safe
def features(request: HttpRequest, code: str) -> HttpResponse:
    """GeoJSON of one layer in `bbox`, `zoom`, `at` (ms). 404 for a layer that is not there or not yours."""
    layer = queries.layer_for(request.user, code)
    if layer is None:
        raise Http404
    try:
        window = _window(request)
    except BadQuestion as bad:
        return JsonResponse({"why": str(bad)}, status=400)
    answer = JsonResponse(queries.collection(layer, request.user, window), json_dumps_params={"ensure_ascii": False})
    answer["Content-Type"] = "application/geo+json; charset=utf-8"
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
def tile(request: HttpRequest, code: str, z: int, x: int, y: int) -> HttpResponse:
    """A vector tile of one layer, without the legend's values in `hide`. 404 for what is not there or not yours."""
    layer = queries.layer_for(request.user, code)
    if layer is None or layer.tiles is None or z > DEEPEST:
        raise Http404
    try:
        at = Tile(z, x, y)
    except ValueError:
        raise Http404 from None
    hidden = frozenset(value for value in request.GET.get("hide", "")[:400].split(",") if value)
    return tile_answer(request, layer.tiles(request.user, at, hidden))


@require_safe
def card(request: HttpRequest, code: str, id: str) -> HttpResponse:
    """The detail card of one feature as a piece of HTML."""
    layer = queries.layer_for(request.user, code)
    found = layer.card(request.user, id) if layer is not None and layer.card is not None else None
    if layer is None or found is None:
        raise Http404
    context = {"layer": layer, "id": id, "now": timezone.now()}
    if isinstance(found, Card):
        return render(request, "layers/card.html", {**context, "card": found})
    template = found.get("template", "layers/card.html")
    return render(request, template, {**context, "card": found, **found})


@require_safe
def find(request: HttpRequest) -> JsonResponse:
    """Answers for the map's search box."""
    hits = queries.search(request.user, request.GET.get("q", "")[:60])
    return JsonResponse(
        {
            "hits": [
                {
                    "title": str(hit.title),
                    "note": str(hit.note),
                    "lon": hit.lon,
                    "lat": hit.lat,
                    "layer": hit.layer,
                    "id": hit.id,
                    "zoom": hit.zoom,
                }
                for hit in hits
            ]
        }
    )


@require_safe
def ground(request: HttpRequest, name: str) -> HttpResponse:
    """A file of the map's ground, made when the county is built; browsers ask again only whether it changed.

    Where no ground was drawn, borders and names of the regions stand in for it.
    """
    path = settings.DATA / "ground" / name
    if name not in queries.GROUND:
        raise Http404
    if not path.is_file():
        plain = queries.ground_from_regions() if name == "ground.json" else None
        if plain is None:
            raise Http404
        return JsonResponse(plain, json_dumps_params={"ensure_ascii": False})
    changed = int(path.stat().st_mtime)
    seen = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    if seen is not None and seen >= changed:
        return HttpResponseNotModified()
    kind = "image/png" if name.endswith(".png") else "application/json; charset=utf-8"
    answer = HttpResponse(path.read_bytes(), content_type=kind)
    answer["Last-Modified"] = http_date(changed)
    answer["Cache-Control"] = "private, max-age=60"
    return answer


def _window(request: HttpRequest) -> Window:
    now = timezone.now()
    zoom = number(request, "zoom", 0, 24) if "zoom" in request.GET else 10.0
    at = None
    if text := request.GET.get("at", ""):
        at = datetime.fromtimestamp(number(request, "at", 0, 32_503_680_000_000) / 1000, UTC) if text else None
        if at is not None and not now - PAST <= at <= now + timedelta(minutes=1):
            raise BadQuestion(_("The slider shows the last 24 hours only."))
    return Window(now=now, bbox=_box(request.GET.get("bbox", "")), zoom=zoom, at=at)


def _box(text: str) -> Box | None:
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise BadQuestion(_("bbox is four numbers: west, south, east, north.")) from None
    if not all(math.isfinite(value) for value in (west, south, east, north)):
        raise BadQuestion(_("bbox is four numbers: west, south, east, north."))
    return (max(west, -180.0), max(south, -90.0), min(east, 180.0), min(north, 90.0))
