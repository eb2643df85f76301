"""The duty desk (值班台): what waits, by clock and level; acknowledge, open a case, close; one or many at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from anlan.kernel.audit import queries as audit
from anlan.kernel.chains import timeline
from anlan.kernel.clocks.queries import clocks_of
from anlan.kernel.desks import inbox, rail, sources
from anlan.kernel.people.models import Department
from anlan.kernel.people.rights import NotAllowed, holds, may
from anlan.kernel.sensing import alarms as alarm_verbs
from anlan.kernel.sensing import steps as alarm_steps
from anlan.kernel.sensing.alarm_life import FLOOD, LifeRules
from anlan.kernel.sensing.alarm_views import shelf_of
from anlan.kernel.sensing.models import Alarm
from anlan.kernel.web import refs
from anlan.kernel.web.formatting import bureau_time


def _inbox(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    tab = request.GET.get("tab", "")
    waiting = inbox.items(request.user, now)
    counts = {kind: sum(item.kind == kind for item in waiting) for kind, _label in inbox.tabs()}
    shown = [item for item in waiting if item.kind == tab] if tab in counts else waiting
    return {
        "now": now,
        "tab": tab if tab in counts else "",
        "tabs": [(kind, label, counts[kind]) for kind, label in inbox.tabs()],
        "all": len(waiting),
        "groups": inbox.grouped(shown, now),
        "alarms_total": sources.open_alarms(request.user).filter(exercise=False).count(),
        "limit": inbox.LIMIT,
        "selected": request.GET.get("item", ""),
        "flood": _flood(request.user, now),
        "may_acknowledge": holds(request.user, "alarm.acknowledge"),
    }


def _flood(viewer: Any, now: datetime) -> int:
    """How many alarms came in the window of the rulebook's flood rule, when that is a flood; else 0."""
    body = LifeRules(now).body(FLOOD, None)
    if body is None:
        return 0
    since = now - timedelta(seconds=body["window_s"])
    rows = Alarm.objects.for_actor(viewer, "alarm.see").filter(retrospective=False, raised_at__gte=since)
    n = int(rows.count())
    return n if n > body["begin"] else 0


def duty(request: HttpRequest) -> HttpResponse:
    context = _inbox(request)
    context |= _item(request, context["selected"])
    context |= _beside(request.user)
    return render(request, "desks/duty.html", context)


def inbox_part(request: HttpRequest) -> HttpResponse:
    return render(request, "desks/_inbox.html", _inbox(request))


def _beside(viewer: Any) -> dict[str, Any]:
    """Who is on duty, how many are open by level, and the last acts."""
    levels = sources.open_alarms(viewer).filter(exercise=False).values("level").annotate(n=Count("pk"))
    tally = {row["level"]: row["n"] for row in levels}
    return {
        "on_duty": rail.standing(viewer)[:6],
        "tally": [(level, tally.get(level, 0)) for level in (1, 2, 3, 4)],
        "log": audit.latest(viewer, limit=12),
    }


def _item(request: HttpRequest, ref: str) -> dict[str, Any]:
    """What the middle of the desk shows for the chosen line; nothing when it is foreign or gone."""
    if not ref or not refs.may_see(request.user, ref):
        return {"item": None}
    found = refs.resolve(ref)
    if isinstance(found, Alarm):
        steps = timeline.of(found.chain, request.user) if found.chain else alarm_steps.of(found)
        return {
            "item": found,
            "item_kind": "alarm",
            "clocks": list(clocks_of(ref)),
            "timeline": list(reversed(steps)),
            "units": sources.units_for(request.user, "case.open", found.region),
            "may_open": may(request.user, "case.open", found.region),
            "may_close": may(request.user, "alarm.close", found.region),
            "shelf": shelf_of(found, request.user, timezone.now()),
            **_group(request.user, found),
        }
    if found is not None and ref.startswith("case:"):
        return {
            "item": found,
            "item_kind": "case",
            "clocks": list(clocks_of(ref)),
            "timeline": list(reversed(timeline.of(found.chain, request.user))),
        }
    return {"item": None}


def _group(viewer: Any, found: Alarm) -> dict[str, Any]:
    """Whether others followed it, and those of its group that nobody has answered, when it is not the only one."""
    key = found.first_id or found.pk
    rows = Alarm.objects.for_actor(viewer, "alarm.acknowledge", exercise=None).filter(Q(pk=key) | Q(first_id=key))
    waiting = list(rows.filter(state__in=alarm_verbs.UNANSWERED).only("pk", "first_id")[: inbox.LIMIT])
    others = [one for one in waiting if one.pk != found.pk]
    first_up = found.first_id is None and rows.exclude(pk=found.pk).exists()
    return {"first_up": first_up, "group": waiting if others else [], "group_open": len(waiting) if others else 0}


def _chosen(request: HttpRequest, verb: str) -> list[Alarm]:
    """The alarms named by `ref` fields that the officer may `verb`; foreign ones look missing."""
    keys = [ref.partition(":")[2] for ref in request.POST.getlist("ref") if ref.startswith("alarm:")]
    wanted = [int(key) for key in keys if key.isdigit()]
    rows = Alarm.objects.for_actor(request.user, verb, exercise=None).filter(pk__in=wanted)
    found = list(rows.select_related("region", "point", "entry"))
    if not found:
        raise Http404
    return found


def _back(request: HttpRequest, alarms: Iterable[Alarm] = ()) -> HttpResponseRedirect:
    """To the page the officer came from inside the product, else to the desk with the first item open."""
    came = request.POST.get("next", "")
    if came.startswith("/") and not came.startswith("//"):
        return redirect(came)
    first = next(iter(alarms), None)
    return redirect(reverse("desks:duty") + (f"?item=alarm:{first.pk}" if first else ""))


@require_POST
def acknowledge(request: HttpRequest) -> HttpResponse:
    """Answer one or many alarms; for those that somebody answered before, say who was first and when."""
    chosen = _chosen(request, "alarm.acknowledge")
    done, before = alarm_verbs.acknowledge(chosen, actor=request.user, now=timezone.now())
    if done:
        n = len(done)
        messages.success(request, ngettext("%(n)s alarm acknowledged.", "%(n)s alarms acknowledged.", n) % {"n": n})
    for alarm in before:
        messages.warning(
            request,
            _("%(title)s: %(who)s was first, at %(at)s.")
            % {
                "title": alarm.title,
                "who": alarm.acknowledged_by or alarm.closed_by or "—",
                "at": bureau_time(alarm.acknowledged_at or alarm.closed_at, seconds=True),
            },
        )
    return _back(request, chosen)


@require_POST
def unacknowledge(request: HttpRequest) -> HttpResponse:
    """Take back one's own acknowledgement within ten seconds."""
    chosen = _chosen(request, "alarm.acknowledge")
    try:
        alarm_verbs.undo_acknowledge(chosen[0], actor=request.user, now=timezone.now())
    except (alarm_verbs.AlarmError, NotAllowed) as refused:
        messages.error(request, str(refused))
    return _back(request, chosen)


@require_POST
def open_case(request: HttpRequest) -> HttpResponse:
    """Make one case of one or several alarms and hand it to a unit."""
    chosen = _chosen(request, "alarm.see")
    unit = Department.objects.filter(code=request.POST.get("unit", "")).select_related("region").first()
    if unit is None:
        messages.error(request, _("Choose the unit that shall handle it."))
        return _back(request, chosen)
    try:
        case = alarm_verbs.open_case_for(
            chosen,
            unit=unit,
            actor=request.user,
            now=timezone.now(),
            note=request.POST.get("note", "").strip(),
        )
    except (alarm_verbs.AlarmError, NotAllowed) as refused:
        messages.error(request, str(refused))
        return _back(request, chosen)
    messages.success(request, _("Case %(number)s is with %(unit)s.") % {"number": case.number, "unit": unit.name})
    return redirect(reverse("desks:duty") + f"?item=case:{case.pk}")


@require_POST
def close_alarm(request: HttpRequest) -> HttpResponse:
    chosen = _chosen(request, "alarm.close")
    note = request.POST.get("note", "").strip()
    try:
        with transaction.atomic():
            for alarm in chosen:
                alarm_verbs.close(alarm, actor=request.user, now=timezone.now(), note=note)
    except (alarm_verbs.AlarmError, NotAllowed) as refused:
        messages.error(request, str(refused))
        return _back(request, chosen)
    messages.success(request, _("Closed."))
    return redirect("desks:duty")
