"""Alarms as pages: the list with its filters, one alarm with its story and acts."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.kernel.clocks.queries import clocks_of
from anlan.kernel.people.rights import NotAllowed, may
from anlan.kernel.sensing import alarms as verbs
from anlan.kernel.sensing import queries, steps
from anlan.kernel.sensing.conditions import in_words
from anlan.kernel.sensing.models import Alarm, AlarmState, PointKind
from anlan.kernel.sensing.views import PAGE, tabs
from anlan.kernel.sensing.words import rule_label, rule_title
from anlan.kernel.web.gate import holds


@require_safe
def alarms(request: HttpRequest) -> HttpResponse:
    """Every alarm in reach, newest first: open, all, found afterwards, or of exercises."""
    if not holds(request.user, "alarm.see"):
        return render(request, "web/denied.html", status=403)
    view, level, kind, typed = (request.GET.get(name, "") for name in ("view", "level", "kind", "q"))
    views = {
        "": _("Still open"),
        "all": _("All"),
        "late": _("Found afterwards"),
        "exercise": _("Exercises"),
    }
    view = view if view in views else ""
    rows = queries.alarms_for(request.user, exercise=view == "exercise")
    if view == "":
        rows = rows.filter(closed_at=None, retrospective=False).order_by("level", "-raised_at")
    elif view == "late":
        rows = rows.filter(retrospective=True).order_by("-raised_at")
    else:
        rows = rows.order_by("-raised_at")
    if level in ("1", "2", "3", "4"):
        rows = rows.filter(level_max=int(level))
    if kind in PointKind.values:
        rows = rows.filter(point__kind=kind)
    if typed.strip():
        rows = rows.filter(queries.alarm_matching(typed))
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    params = request.GET.copy()
    params.pop("page", None)
    context = {
        "page": page,
        "rows": [(alarm, rule_title(alarm.entry)) for alarm in page],
        "views": [{"code": code, "label": label, "on": code == view} for code, label in views.items()],
        "view": view,
        "levels": (1, 2, 3, 4),
        "level": level,
        "kinds": PointKind.choices,
        "kind": kind,
        "q": typed,
        "query": params.urlencode(),
        "filtered": bool(level or kind or typed),
        "tabs": tabs(request, "alarms"),
    }
    return render(request, "sensing/alarms.html", context)


def _alarm(request: HttpRequest, pk: int) -> Alarm:
    """An alarm in reach; foreign and missing look the same."""
    found = queries.alarms_for(request.user, exercise=None).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_safe
def alarm(request: HttpRequest, pk: int) -> HttpResponse:
    found = _alarm(request, pk)
    context: dict[str, Any] = {
        "alarm": found,
        "rule_label": rule_label(found.entry),
        "words": in_words(found.rule.condition, found.point.unit),
        "steps": steps.of(found),
        "clocks": list(clocks_of(f"alarm:{found.pk}")),
        "may_acknowledge": found.state in verbs.UNANSWERED and may(request.user, "alarm.acknowledge", found.region),
        "may_undo": _may_undo(request, found),
        "may_close": found.state != AlarmState.CLOSED
        and not verbs.still_holds(found)
        and may(request.user, "alarm.close", found.region),
        "tabs": tabs(request, "alarms"),
    }
    return render(request, "sensing/alarm.html", context)


def _may_undo(request: HttpRequest, found: Alarm) -> bool:
    return (
        found.acknowledged_by_id == request.user.pk
        and found.acknowledged_at is not None
        and found.case_id is None
        and timezone.now() - found.acknowledged_at <= verbs.UNDO_WITHIN
    )


def _answer(request: HttpRequest, found: Alarm, words: str, *, ok: bool, undo: bool = False) -> HttpResponse:
    """JSON to scripts, else back to the page the officer came from with the words on it."""
    if "application/json" in request.headers.get("Accept", ""):
        body = {"ok": ok, "words": words, "ref": f"alarm:{found.pk}", "undo_s": 10 if undo else 0}
        return JsonResponse(body, status=200 if ok else 409)
    (messages.success if ok else messages.warning)(request, words)
    came = request.POST.get("next", "")
    if came.startswith("/") and not came.startswith(("//", "/\\")):
        return redirect(came)
    return redirect("sensing:alarm", pk=found.pk)


@require_POST
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """The first one wins; the second is told who was first and when."""
    found = _alarm(request, pk)
    try:
        verbs.acknowledge_one(found, actor=request.user, now=timezone.now())
    except (verbs.AlarmError, NotAllowed) as refused:
        return _answer(request, found, str(refused), ok=False)
    return _answer(request, found, _("Acknowledged."), ok=True, undo=True)


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    found = _alarm(request, pk)
    try:
        verbs.undo_acknowledge(found, actor=request.user, now=timezone.now())
    except (verbs.AlarmError, NotAllowed) as refused:
        return _answer(request, found, str(refused), ok=False)
    return _answer(request, found, _("Taken back."), ok=True)


@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    found = _alarm(request, pk)
    try:
        verbs.close(found, actor=request.user, now=timezone.now(), note=request.POST.get("note", ""))
    except (verbs.AlarmError, NotAllowed) as refused:
        return _answer(request, found, str(refused), ok=False)
    return _answer(request, found, _("Closed."), ok=True)
