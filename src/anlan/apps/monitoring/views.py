"""The page of scenarios: what the demo can play, what runs, and where to watch it."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.apps.monitoring import queries, services
from anlan.apps.monitoring.declarations import scenario, scenarios
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.regions import queries as regions
from anlan.kernel.sensing.views import tabs
from anlan.kernel.web.gate import holds


def _offered(request: HttpRequest) -> None:
    """Outside a demo there is no such page, and without the right neither."""
    if not settings.DEMO or not holds(request.user, "scenario.run"):
        raise Http404


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    _offered(request)
    runs = {run.code: run for run in queries.running()}
    rows = []
    for one in scenarios():
        run = runs.get(one.code)
        until = (run.taken_at or run.started_at) + timedelta(seconds=one.duration_s) if run else None
        rows.append({"scenario": one, "run": run, "until": until})
    names = {one.code: one.title for one in scenarios()}
    recent = [(run, names.get(run.code, run.code)) for run in queries.recent_runs()]
    context = {"rows": rows, "recent": recent, "tabs": tabs(request, "scenarios")}
    return render(request, "monitoring/scenarios.html", context)


def _answer(request: HttpRequest, words: str, *, ok: bool) -> HttpResponse:
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"ok": ok, "words": words}, status=200 if ok else 409)
    (messages.success if ok else messages.error)(request, words)
    return redirect("monitoring:scenarios")


@require_POST
def start(request: HttpRequest, code: str) -> HttpResponse:
    _offered(request)
    found = scenario(code)
    if found is None:
        raise Http404
    try:
        services.start_scenario(code, region=regions.root(), actor=request.user, now=timezone.now())
    except (services.NotNow, NotAllowed) as refused:
        return _answer(request, str(refused), ok=False)
    return _answer(request, _("%(title)s begins.") % {"title": found.title}, ok=True)


@require_POST
def stop(request: HttpRequest, code: str) -> HttpResponse:
    _offered(request)
    run = queries.running().filter(code=code).first()
    if run is None:
        return _answer(request, _("It had ended already."), ok=False)
    try:
        services.end_scenario(run, actor=request.user, now=timezone.now(), region=regions.root())
    except NotAllowed as refused:
        return _answer(request, str(refused), ok=False)
    return _answer(request, _("Stopped."), ok=True)
