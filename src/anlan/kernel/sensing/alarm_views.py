"""Alarms as pages: the list with its groups and filters, one alarm with its story and acts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Max, Min, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from anlan.kernel.clocks.queries import clocks_of
from anlan.kernel.clocks.services import hearers
from anlan.kernel.people.rights import NotAllowed, may
from anlan.kernel.sensing import alarms as verbs
from anlan.kernel.sensing import groups, queries, shelving, steps
from anlan.kernel.sensing.alarm_life import SHELVE, LifeRules
from anlan.kernel.sensing.conditions import in_words
from anlan.kernel.sensing.models import Alarm, AlarmState, PointKind, Shelving, ShelvingState
from anlan.kernel.sensing.ruling.queries import newer_than
from anlan.kernel.sensing.views import PAGE, tabs
from anlan.kernel.sensing.words import rule_label
from anlan.kernel.web.gate import holds

#: How many alarms are shown under one head; the head says how many there are.
UNDER = 200

#: For how long an alarm may be shelved from a page, hours; those beyond what the rulebook allows are left out.
HOURS = (1, 2, 4, 8, 12, 24)


@require_safe
def alarms(request: HttpRequest) -> HttpResponse:
    """Alarms in reach: open or shelved ones by group, the gravest first; all others by time."""
    if not holds(request.user, "alarm.see"):
        return render(request, "web/denied.html", status=403)
    view, level, kind, typed = (request.GET.get(name, "") for name in ("view", "level", "kind", "q"))
    views = {
        "": _("Still open"),
        "shelved": _("Shelved"),
        "all": _("All"),
        "late": _("Found afterwards"),
        "exercise": _("Exercises"),
    }
    view = view if view in views else ""
    rows = _rows(request.user, view)
    if level in ("1", "2", "3", "4"):
        rows = rows.filter(level_max=int(level))
    if kind in PointKind.values:
        rows = rows.filter(point__kind=kind)
    if typed.strip():
        rows = rows.filter(queries.alarm_matching(typed))
    folded = view in ("", "shelved")
    if folded:
        page = Paginator(_grouped(rows), PAGE).get_page(request.GET.get("page"))
        heads = _heads(rows, [row["group"] for row in page])
        total = rows.count()
    else:
        page = Paginator(rows.order_by("-raised_at"), PAGE).get_page(request.GET.get("page"))
        heads = [(alarm, [], 0) for alarm in page]
        total = page.paginator.count
    params = request.GET.copy()
    params.pop("page", None)
    context = {
        "page": page,
        "total": total,
        "heads": heads,
        "firsts": _firsts([head.pk for head, _under, _n in heads]),
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


def _rows(viewer: Any, view: str) -> QuerySet[Alarm]:
    rows = queries.alarms_for(viewer, exercise=view == "exercise").select_related("first__point")
    if view == "":
        return rows.filter(closed_at=None, retrospective=False)
    if view == "shelved":
        return rows.filter(shelved_until__isnull=False)
    if view == "late":
        return rows.filter(retrospective=True)
    return rows


def _grouped(rows: QuerySet[Alarm]) -> QuerySet[Any]:
    """One row for each group with the number of its alarms, the gravest and then the newest first."""
    by_group = groups.with_group(rows.order_by()).values("group")
    return by_group.annotate(n=Count("pk"), gravest=Min("level"), newest=Max("raised_at")).order_by(
        "gravest", "-newest"
    )


def _heads(rows: QuerySet[Alarm], chosen: Sequence[int]) -> list[tuple[Alarm, list[Alarm], int]]:
    """Each chosen group as its head, the alarms under it as far as they are shown, and how many there are."""
    members = groups.with_group(rows).filter(group__in=chosen).order_by("raised_at", "pk")
    folded = {head.first_id or head.pk: (head, under) for head, under in groups.fold(members)}
    return [(head, under[:UNDER], len(under)) for head, under in (folded[key] for key in chosen if key in folded)]


def _firsts(pks: Sequence[int]) -> set[int]:
    """Those of the alarms that others followed."""
    return set(Alarm.records.filter(first_id__in=pks).values_list("first_id", flat=True).distinct())


def _alarm(request: HttpRequest, pk: int) -> Alarm:
    """An alarm in reach; foreign and missing look the same."""
    found = queries.alarms_for(request.user, exercise=None).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_safe
def alarm(request: HttpRequest, pk: int) -> HttpResponse:
    found = _alarm(request, pk)
    group = _group(request, found)
    clocks = list(clocks_of(f"alarm:{found.pk}"))
    context: dict[str, Any] = {
        "alarm": found,
        "group": group,
        "group_open": sum(1 for one in group if one.state in verbs.UNANSWERED),
        "may_answer_group": may(request.user, "alarm.acknowledge", found.region),
        "shelf": shelf_of(found, request.user, timezone.now()),
        "ladders": _ladders(found, clocks),
        "rule_label": rule_label(found.entry),
        "newer_rule": newer_than(found.entry, found.region, timezone.now()),
        "words": in_words(found.rule.condition, found.point.unit),
        "steps": steps.of(found),
        "clocks": clocks,
        "may_acknowledge": found.state in verbs.UNANSWERED and may(request.user, "alarm.acknowledge", found.region),
        "may_undo": _may_undo(request, found),
        "may_close": found.state != AlarmState.CLOSED
        and not verbs.still_holds(found)
        and may(request.user, "alarm.close", found.region),
        "tabs": tabs(request, "alarms"),
    }
    return render(request, "sensing/alarm.html", context)


def _group(request: HttpRequest, found: Alarm) -> list[Alarm]:
    """The group of an alarm in reach, the first-up on top; empty when it stands alone."""
    key = found.first_id or found.pk
    rows = queries.alarms_for(request.user, exercise=None).filter(Q(pk=key) | Q(first_id=key))
    members = list(rows.order_by("raised_at", "pk")[: UNDER + 1])
    return members if len(members) > 1 else []


def _ladders(found: Alarm, clocks: Sequence[Any]) -> list[dict[str, Any]]:
    """Who hears when nobody answers: each rung of the answer clocks, with its people and whether it was said."""
    told = list(found.shelvings.all())
    ladders = []
    for clock in clocks:
        over = clock.stopped_at is not None
        awaited = [at for _rung, at, spoken in steps.rungs(clock, told) if not spoken]
        rungs = [
            {
                "at": at,
                "words": rung.said(),
                "who": hearers(rung.to, clock),
                "state": "spoken" if spoken else "next" if not over and at == awaited[0] else "later",
            }
            for rung, at, spoken in steps.rungs(clock, told)
        ]
        ladders.append({"clock": clock, "over": over, "rungs": rungs})
    return ladders


def shelf_of(found: Alarm, viewer: Any, now: datetime) -> dict[str, Any]:
    """What a page offers about shelving: the standing one, whether the viewer may act, for how long it may be."""
    standing = (
        Shelving.objects.filter(alarm=found, state__in=shelving.OPEN)
        .select_related("asked_by", "confirmed_by", "entry")
        .first()
    )
    rule = LifeRules(now).entry(SHELVE, found.region)
    longest_s = rule.body["longest_s"] if rule is not None else 0
    allowed = may(viewer, shelving.VERB, found.region)
    return {
        "standing": standing,
        "asked": standing is not None and standing.state == ShelvingState.ASKED,
        "may": allowed,
        "may_confirm": allowed and standing is not None and standing.asked_by_id != viewer.pk,
        "may_ask": allowed and standing is None and found.closed_at is None and not found.retrospective,
        "hours": [n for n in HOURS if n * 3600 <= longest_s],
        "second": rule is not None and found.level in rule.body["second_person_levels"],
        "rule": rule,
    }


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


def _try(request: HttpRequest, found: Alarm, act: Callable[[], object], done: str) -> HttpResponse:
    """Do an act on an alarm and say so, or say why not."""
    try:
        act()
    except (verbs.AlarmError, NotAllowed) as refused:
        return _answer(request, found, str(refused), ok=False)
    return _answer(request, found, done, ok=True)


@require_POST
def acknowledge_group(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer every alarm of the group that nobody has answered."""
    found = _alarm(request, pk)
    waiting = [one for one in _group(request, found) or [found] if one.state in verbs.UNANSWERED]
    try:
        done, _before = verbs.acknowledge(waiting, actor=request.user, now=timezone.now())
    except (verbs.AlarmError, NotAllowed) as refused:
        return _answer(request, found, str(refused), ok=False)
    n = len(done)
    return _answer(
        request, found, ngettext("%(n)s alarm acknowledged.", "%(n)s alarms acknowledged.", n) % {"n": n}, ok=True
    )


@require_POST
def shelve(request: HttpRequest, pk: int) -> HttpResponse:
    """Shelve an alarm for some hours, or ask a second person to agree."""
    found = _alarm(request, pk)
    now = timezone.now()
    hours = request.POST.get("hours", "")
    # A page that sends no number asks for no time at all; the verb refuses that in words.
    until = now + timedelta(hours=int(hours) if hours.isascii() and hours.isdigit() and len(hours) < 6 else 0)
    reason = request.POST.get("reason", "")
    try:
        held = shelving.shelve(found, until=until, reason=reason, actor=request.user, now=now)
    except (verbs.AlarmError, NotAllowed) as refused:
        return _answer(request, found, str(refused), ok=False)
    waits = held.state == ShelvingState.ASKED
    return _answer(request, found, _("A second person has to confirm it.") if waits else _("Shelved."), ok=True)


@require_POST
def unshelve(request: HttpRequest, pk: int) -> HttpResponse:
    found = _alarm(request, pk)
    now = timezone.now()
    return _try(request, found, lambda: shelving.unshelve(found, actor=request.user, now=now), _("It is live again."))


@require_POST
def decide_shelving(request: HttpRequest, pk: int) -> HttpResponse:
    """The second person confirms a request, or it is refused or taken back."""
    found = _alarm(request, pk)
    now = timezone.now()
    asked = Shelving.objects.filter(alarm=found, state=ShelvingState.ASKED).select_related("alarm__region").first()
    if asked is None:
        return _answer(request, found, _("Nobody asks to shelve it"), ok=False)
    if request.POST.get("do") == "confirm":
        return _try(request, found, lambda: shelving.confirm(asked, actor=request.user, now=now), _("Shelved."))
    return _try(request, found, lambda: shelving.refuse(asked, actor=request.user, now=now), _("Refused."))


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
