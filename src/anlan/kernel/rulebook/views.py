"""Show which rule decided: the list and one version in words."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from anlan.kernel.people.rights import NotAllowed, holds
from anlan.kernel.rulebook import queries, wording
from anlan.kernel.rulebook.models import Entry


def _require_sight(request: HttpRequest) -> None:
    """The rulebook is law and not about a place: whoever may read it anywhere may read all of it."""
    if not holds(request.user, "rulebook.see"):
        raise NotAllowed("rulebook.see")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every rule in force now, by kind; `?all=1` also those that ended or wait for their day."""
    _require_sight(request)
    now = timezone.now()
    everything = request.GET.get("all") == "1"
    groups = []
    for kind in Entry.objects.order_by("kind").values_list("kind", flat=True).distinct():
        rows = Entry.objects.filter(kind=kind) if everything else queries.in_force(kind, now)
        rows = rows.select_related("region").order_by("code", "-version")
        listed = [(entry, wording.title_of(entry), _standing(entry, now)) for entry in rows]
        groups.append((wording.kind_label(kind), listed))
    return render(request, "rulebook/index.html", {"groups": groups, "everything": everything})


@require_safe
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One version: title, days, standard and clause, whether it was verified, and its body in words."""
    try:
        _require_sight(request)
    except PermissionDenied as error:
        raise Http404 from error
    found = Entry.objects.select_related("region").filter(pk=pk).first()
    if found is None:
        raise Http404
    now = timezone.now()
    context = {
        "entry": found,
        "title": wording.title_of(found),
        "kind": wording.kind_label(found.kind),
        "lines": wording.lines_of(found),
        "standing": _standing(found, now),
        "versions": [(other, _standing(other, now)) for other in queries.versions(found)],
    }
    return render(request, "rulebook/entry.html", context)


def _standing(entry: Entry, now: datetime) -> str:
    """ "waiting", "in force" or "ended": a word for the template, translated there."""
    if entry.valid_from > now:
        return "waiting"
    return "ended" if entry.valid_to is not None and entry.valid_to <= now else "in_force"
