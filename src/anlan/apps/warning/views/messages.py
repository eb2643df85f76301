"""Warnings in force, exercises, one message with its verdict and its story, its file and its area."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import shapely
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.apps.warning import gates, reading, rules
from anlan.apps.warning.models import Message, Source, Standing
from anlan.apps.warning.queries import messages as queries
from anlan.apps.warning.services import acting
from anlan.apps.warning.services.errors import Refused
from anlan.apps.warning.views.common import page_of, show
from anlan.apps.warning.words import CERTAINTY, LAYER_HINTS, LAYERS, REASONS, SEVERITY, URGENCY, of_finding, type_words
from anlan.formats import atom, cap
from anlan.formats.cap import Info
from anlan.kernel.layers.queries import ground_bounds
from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.people.rights import holds, may
from anlan.kernel.web.formatting import COLOURS


@require_safe
@needs("warning.see")
def listed(request: HttpRequest) -> HttpResponse:
    """Real warnings about our regions: those in force unless asked for others."""
    where = "elsewhere" if request.GET.get("where") == "elsewhere" else ""
    rows = queries.visible(request.user)
    rows = queries.elsewhere(rows) if where else queries.real(rows)
    return _list(request, rows, "list", where=where)


@require_safe
@needs("warning.see")
def played(request: HttpRequest) -> HttpResponse:
    """Exercises, tests, system messages: never among the real ones."""
    return _list(request, queries.played(queries.visible(request.user)), "played", where="")


def _list(request: HttpRequest, rows: Any, on: str, *, where: str) -> HttpResponse:
    now = timezone.now()
    chosen = {name: request.GET.get(name, "")[:200] for name in ("level", "event", "sender")}
    state = request.GET.get("state", "force")
    state = state if state in queries.STATES else "force"
    typed = request.GET.get("q", "").strip()[:80]
    known = list(rows.order_by().values_list("event", "sender", "sender_name").distinct()[:500])
    found = queries.narrowed(rows, state=state, typed=typed, now=now, **chosen)
    return show(
        request, "list.html", on,
        **page_of(request, queries.with_neighbours(found)),
        where=where, state=state, typed=typed, chosen=chosen, now=now, colours=COLOURS.items(),
        events=sorted({event for event, _sender, _name in known if event}),
        senders=sorted({(sender, name or sender) for _event, sender, name in known}),
        narrowed=bool(typed or any(chosen.values()) or state != "force"),
        silent=silent_sources(now), sources=Source.objects.filter(enabled=True).count(),
        may_draft=holds(request.user, "warning.draft"),
    )  # fmt: skip


def silent_sources(now: datetime) -> list[Source]:
    """Open sources that are asked and have not answered for too long: what they would say is not known."""
    return [
        one
        for one in Source.objects.filter(enabled=True).exclude(url="")
        if (one.heard_at or one.opened_at or one.at) < now - rules.silent_after(one.period_s, now)
    ]


def get_message(request: HttpRequest, pk: int) -> Message:
    """A message that the viewer may see; foreign and missing ones look the same."""
    row: Message = get_object_or_404(
        Message.objects.select_related("source", "superseded_by", "noted_by", "chain", "draft"), pk=pk
    )
    if not gates.message(request.user, row):
        raise Http404
    return row


@require_safe
@needs("warning.see")
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """One message: what it says in each language, where, the verdict in four layers, and its story."""
    row = get_message(request, pk)
    now = timezone.now()
    known = rules.known(now)
    alert = cap.check(bytes(row.data), trusted={}, now=now).alert
    places = [place.region for place in row.places.select_related("region").defer("region__boundary")]
    is_taken = row.standing == Standing.TAKEN
    in_force = queries.is_in_force(row, now)
    actor = actor_of(request)
    return show(
        request, "message.html", "list" if is_taken and not row.exercise else "played" if is_taken else "aside",
        message=row, alert=alert, kind=type_words(row), in_force=in_force, now=now, places=places,
        infos=[info_lines(info, known) for info in reading.in_order(alert.infos)] if alert is not None else [],
        layers=_layers(row), why=REASONS.get(row.reason, ""),
        thread=queries.thread_of(row, actor) if is_taken else [],
        has_area=is_taken and (row.shape is not None or bool(places)), bounds=ground_bounds(),
        may_note=is_taken and not row.is_own and row.noted_at is None and in_force
        and acting.place_for(row, actor, "warning.note") is not None,
        may_chain=is_taken and row.chain_id is None and row.status in ("Actual", "Exercise")
        and row.reached != "elsewhere" and acting.place_for(row, actor, "case.open") is not None,
        may_follow=is_taken and row.is_own and row.msg_type != "Cancel" and row.superseded_by_id is None
        and hasattr(row, "draft") and may(actor, "warning.draft", row.draft.region),
    )  # fmt: skip


def info_lines(info: Info, known: rules.Known) -> dict[str, Any]:
    """One info with its codes in words; what has no words here is shown as it came."""
    return {
        "info": info,
        "level": reading.level_of(info, known),
        "urgency": URGENCY.get(info.urgency, info.urgency),
        "severity": SEVERITY.get(info.severity, info.severity),
        "certainty": CERTAINTY.get(info.certainty, info.certainty),
        "onset": cap.moment(info.onset or ""),
        "effective": cap.moment(info.effective or ""),
        "expires": cap.moment(info.expires or ""),
        "web": info.web if info.web and info.web.startswith(("https://", "http://")) else "",
    }


def _layers(row: Message) -> list[dict[str, Any]]:
    return [
        {
            "label": LAYERS[layer["layer"]],
            "hint": LAYER_HINTS[layer["layer"]],
            "ok": layer["ok"],
            "findings": [{**one, "words": of_finding(one)} for one in layer["findings"]],
        }
        for layer in row.verdict
    ]


@require_safe
@needs("warning.see")
def file(request: HttpRequest, pk: int) -> HttpResponse:
    """The bytes as they came, to be saved; never shown by the browser, for a stranger wrote them."""
    row = get_message(request, pk)
    answer = HttpResponse(bytes(row.data), content_type=atom.CAP_TYPE)
    answer["Content-Disposition"] = f'attachment; filename="warning-{row.pk}.xml"'
    return answer


@require_safe
@needs("warning.see")
def area(request: HttpRequest, pk: int) -> HttpResponse:
    """The area as GeoJSON."""
    row = get_message(request, pk)
    outline = queries.outline_of(row) if row.standing == Standing.TAKEN else None
    geometry = json.loads(shapely.to_geojson(outline)) if outline is not None else None
    facts = {"level": row.level if not row.exercise else None, "title": str(row)}
    return JsonResponse({"type": "Feature", "geometry": geometry, "properties": facts})


@require_POST
@needs("warning.note")
def note(request: HttpRequest, pk: int) -> HttpResponse:
    """Take note of a warning."""
    row = get_message(request, pk)
    try:
        acting.note(row, actor=actor_of(request), now=timezone.now())
        messages.success(request, _("Noted."))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("warning:message", pk=row.pk)


@require_POST
@needs("case.open")
def chain(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin a chain with a warning."""
    row = get_message(request, pk)
    try:
        opened = acting.open_chain(row, actor=actor_of(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("warning:message", pk=row.pk)
    return redirect("desks:chain", number=opened.number)
