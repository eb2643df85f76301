"""Sharing the place of one's own phone: the page for the field, its start and end, and the positions it sends."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from anlan.apps.tracks.queries.carriers import SEE_PERSON
from anlan.apps.tracks.rules import rules
from anlan.apps.tracks.services import sharing as services
from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.people.services import people_with
from anlan.kernel.sensing.services.devices import Refused
from anlan.kernel.sensing.store import Busy, Full, open_store

#: Bytes of a post of positions, and people named on the page.
MOST_BYTES, NAMED = 200_000, 12


@never_cache
@needs("track.share")
@require_safe
def share(request: HttpRequest) -> HttpResponse:
    """Whether it is shared, with whom and until when; start and stop."""
    actor = actor_of(request)
    now = timezone.now()
    try:
        region, why = services.home_of(actor), ""
    except Refused as refused:
        region, why = None, str(refused)
    seers = [one for one in people_with(SEE_PERSON, region) if one.pk != actor.pk] if region else []
    context = {
        "running": next(iter(services.running(actor, now)), None), "hours": rules(now).share_hours, "why": why,
        "seers": seers[:NAMED], "more": max(0, len(seers) - NAMED), "region": region,
    }  # fmt: skip
    return render(request, "tracks/share.html", context)


@require_POST
@needs("track.share")
def start(request: HttpRequest) -> HttpResponse:
    """Begin to share for a chosen time."""
    hours = request.POST.get("hours", "")
    try:
        services.start(actor_of(request), hours=int(hours) if hours.isdigit() else 0, now=timezone.now())
    except (Refused, NotAllowed) as refused:
        messages.error(request, str(refused))
    return redirect("tracks:share")


@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """End it at once; whoever lost the right may still stop."""
    if services.stop(actor_of(request), now=timezone.now()):
        messages.success(request, _("Your place is no longer shared."))
    return redirect("tracks:share")


@require_POST
def positions(request: HttpRequest) -> JsonResponse:
    """Positions of the signed-in person's phone as JSON `{"positions": [...]}`; answered once they are on disk."""
    if len(request.body) > MOST_BYTES:
        return JsonResponse({"why": _("The post is too large")}, status=413)
    try:
        said = json.loads(request.body)
    except ValueError:
        return JsonResponse({"why": _("This is not JSON")}, status=422)
    rows = said.get("positions") if isinstance(said, dict) else None
    now = timezone.now()
    actor = actor_of(request)
    try:
        taken = services.take(actor, rows, store=open_store(), now=now)  # type: ignore[arg-type]
    except Refused as refused:
        return JsonResponse({"why": str(refused)}, status=422)
    except (Busy, Full):
        return JsonResponse({"why": _("The store cannot be written now; it is tried again.")}, status=503)
    running = next(iter(services.running(actor, now)), None)
    until = round(running.until.timestamp() * 1000) if running else None
    return JsonResponse({"accepted": taken.accepted, "refused": dict(taken.refused), "until": until})
