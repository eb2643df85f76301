"""The tree of places on screen: find one, its facts, people and history; add, rename, merge."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.kernel.audit import queries as audit
from anlan.kernel.audit.words import word
from anlan.kernel.borders import planning, services, undoing
from anlan.kernel.borders.drawing import drawing
from anlan.kernel.borders.models import Merger, MergerState
from anlan.kernel.borders.moving import counted
from anlan.kernel.people.models import Grant, Post, User
from anlan.kernel.people.rights import NotAllowed, holds, may, reach, require
from anlan.kernel.regions import queries
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.regions.scope import within

#: Places shown of a search.
MOST_FOUND = 60


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The tree level by level from the bureau's own region, or what a search finds."""
    if not holds(request.user, "region.see"):
        raise NotAllowed("region.see")
    kept = queries.tree()
    typed = request.GET.get("q", "").strip()
    rows: list[Region] = []
    here = kept.by_code.get(request.GET.get("at", "")) or kept.root()
    if typed:
        found = queries.search(typed).filter(within(reach(request.user, "region.see"), "path")).defer("boundary")
        rows = list(found.order_by("path")[: MOST_FOUND + 1])
        former = queries.resolve(typed)
        if former is not None and former.code != typed:
            rows = [Region.objects.defer("boundary").get(pk=former.id), *(r for r in rows if r.pk != former.id)]
    elif here is not None:
        seen = Region.objects.filter(within(reach(request.user, "region.see"), "path")).defer("boundary")
        rows = list(seen.filter(parent_id=here.id)) or list(seen.filter(pk=here.id))
        if not rows:
            # Somebody of a town stands below: begin where their own places begin.
            rows = list(seen.filter(level__in=(Level.TOWN, Level.VILLAGE)).order_by("path")[:MOST_FOUND])
    bounded = set(
        Region.objects.filter(pk__in=[row.pk for row in rows], boundary__isnull=False).values_list("pk", flat=True)
    )
    more = bool(typed) and len(rows) > MOST_FOUND
    shown = rows[:MOST_FOUND] if more else rows
    listed = [(row, len(kept.children.get(row.pk, [])), row.pk in bounded) for row in shown]
    tally = [(label, sum(node.level == level for node in kept.by_path.values())) for level, label in Level.choices]
    context = {
        "q": typed,
        "here": here,
        "above": kept.ancestors(here.path) if here else [],
        "listed": listed,
        "more": more,
        "tally": [(label, n) for label, n in tally if n],
        "may_manage": holds(request.user, "region.manage"),
    }
    return render(request, "borders/index.html", context)


def _region_or_404(request: HttpRequest, code: str) -> Region:
    """The place of a code, an old one too; foreign and missing look the same."""
    node = queries.resolve(code)
    if node is None:
        raise Http404
    found = Region.objects.select_related("parent").get(pk=node.id)
    if not may(request.user, "region.see", found):
        raise Http404
    return found


@require_safe
def region(request: HttpRequest, code: str) -> HttpResponse:
    """One place: facts, map, who answers, what it was called before."""
    found = _region_or_404(request, code)
    if found.code != code:
        words = _("%(old)s is a former code; the place is %(name)s %(code)s today.")
        messages.info(request, words % {"old": code, "name": found.name, "code": found.code})
        return redirect("borders:region", found.code)
    return render(request, "borders/region.html", _context(request, found))


def _context(request: HttpRequest, found: Region) -> dict[str, Any]:
    kept = queries.tree()
    manages = may(request.user, "region.manage", found)
    below = [level for level in Level.choices if queries.DEPTH.index(level[0]) > queries.DEPTH.index(found.level)]
    posts = Post.objects.filter(region=found).select_related("holder", "department").order_by("duty", "slot")
    return {
        "region": found,
        "above": kept.ancestors(found.path),
        "children": kept.children.get(found.pk, []),
        "drawing": drawing(found),
        "posts": posts,
        "former": found.former.all(),
        "merged": found.merged.all(),
        "mergers": _mergers(found),
        "acts": _acts(found) if holds(request.user, "audit.see") else [],
        "may_manage": manages,
        "levels": below[:2],
        "parents": _parents(found) if manages else [],
        "today": timezone.localdate(),
    }


def _mergers(found: Region) -> list[Merger]:
    """Mergers of a place that are planned, in force or failed."""
    rows = Merger.objects.filter(Q(region=found) | Q(into=found)).select_related("region", "into", "by").defer("kept")
    return list(rows.exclude(state__in=(MergerState.OFF, MergerState.UNDONE))[:12])


def _acts(found: Region) -> list[tuple[Any, str]]:
    """The last acts about a place, each with its words."""
    return [(entry, word(entry.verb)) for entry in audit.of([f"region:{found.pk}"]).order_by("-id")[:20]]


def _parents(found: Region) -> list[queries.Node]:
    """Places that it could lie in: those of its parent's level."""
    above = queries.tree().by_id.get(found.parent_id or 0)
    if above is None:
        return []
    return sorted((n for n in queries.tree().by_path.values() if n.level == above.level), key=lambda n: n.code)


def _day(request: HttpRequest) -> date:
    """The day of the form; today when it is empty. Raises Refused for what is none."""
    text = request.POST.get("on", "").strip()
    if not text:
        return timezone.localdate()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise services.Refused(_("Write the day as 2026-01-31.")) from error


@require_POST
def add(request: HttpRequest, code: str) -> HttpResponse:
    """A new place directly below this one."""
    assert isinstance(request.user, User)
    above = _region_or_404(request, code)
    place = services.Place(request.POST.get("code", "").strip(), request.POST.get("name", ""), above)
    try:
        made = services.add(
            place=place, level=request.POST.get("level", ""), actor=request.user, now=timezone.now()
        )  # fmt: skip
    except services.Refused as refused:
        messages.error(request, str(refused))
        return redirect("borders:region", above.code)
    messages.success(request, _("%(name)s was added.") % {"name": made.name})
    return redirect("borders:region", made.code)


@require_POST
def edit(request: HttpRequest, code: str) -> HttpResponse:
    """Another name, code or parent, from a day on."""
    assert isinstance(request.user, User)
    found = _region_or_404(request, code)
    parent = found.parent
    if request.POST.get("parent"):
        node = queries.tree().by_code.get(request.POST["parent"])
        parent = Region.objects.get(pk=node.id) if node else parent
    place = services.Place(request.POST.get("code", found.code), request.POST.get("name", found.name), parent)
    try:
        services.redescribe(
            region=found, place=place, on=_day(request), actor=request.user, now=timezone.now(),
            note=request.POST.get("note", "").strip(), recode=request.POST.get("recode") == "1",
        )  # fmt: skip
    except services.Refused as refused:
        messages.error(request, str(refused))
        return redirect("borders:region", found.code)
    messages.success(request, _("Kept. The former code and name still lead here."))
    return redirect("borders:region", place.code.strip())


def _merged(request: HttpRequest, found: Region, into: Region) -> None:
    """Merge at once, or plan it for a day to come. Raises Refused."""
    assert isinstance(request.user, User)
    on, now = _day(request), timezone.now()
    said: dict[str, Any] = {
        "region": found, "into": into, "on": on, "actor": request.user, "now": now,
        "note": request.POST.get("note", "").strip(), "recode": request.POST.get("recode") == "1",
    }  # fmt: skip
    if on > timezone.localdate(now):
        planning.plan(**said)
        words = _("%(one)s becomes part of %(other)s on %(day)s; until then it may be called off.")
        messages.success(request, words % {"one": found.name, "other": into.name, "day": on.isoformat()})
        return
    n = sum(services.merge(**said).values())
    words = ngettext(
        "%(one)s is part of %(other)s now; %(n)d row moved.", "%(one)s is part of %(other)s now; %(n)d rows moved.", n
    )
    messages.success(request, words % {"one": found.name, "other": into.name, "n": n})


@require_POST
def merger(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Undo a merger, or call a planned one off."""
    assert isinstance(request.user, User)
    found = Merger.objects.select_related("region", "into").filter(pk=pk).first()
    if found is None or act not in ("undo", "off") or not may(request.user, "region.manage", found.into):
        raise Http404
    now = timezone.now()
    try:
        if act == "off":
            planning.call_off(found, actor=request.user, now=now)
            messages.success(request, _("The merger was called off."))
        else:
            back, stays = undoing.undo(found, actor=request.user, now=now)
            words = ngettext("Undone: %(n)d row went back.", "Undone: %(n)d rows went back.", sum(back.values()))
            said = words % {"n": sum(back.values())}
            if stays:
                left = ngettext(
                    "%(n)d was changed since and stays as it is.",
                    "%(n)d were changed since and stay as they are.",
                    stays,
                )
                said = f"{said} {left % {'n': stays}}"
            messages.success(request, said)
    except services.Refused as refused:
        messages.error(request, str(refused))
    return redirect("borders:region", found.into.code)


@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, code: str) -> HttpResponse:
    """What a merger would move, and the merger itself."""
    assert isinstance(request.user, User)
    found = _region_or_404(request, code)
    require(request.user, "region.manage", found)
    others = [
        node
        for node in sorted(queries.tree().by_path.values(), key=lambda one: one.code)
        if node.level == found.level and node.id != found.pk
    ]
    into = next((node for node in others if node.code == (request.POST.get("into") or request.GET.get("into"))), None)
    error = ""
    if request.method == "POST" and into is not None:
        try:
            _merged(request, found, Region.objects.get(pk=into.id))
        except services.Refused as refused:
            error = str(refused)
        else:
            return redirect("borders:region", into.code)
    elif request.method == "POST":
        error = _("Choose the place that it becomes part of.")
    context = {
        "region": found,
        "others": others,
        "into": into,
        "error": error,
        "below": len(list(queries.descendants(found).values_list("pk"))),
        "rows": sorted(counted(found).items(), key=lambda item: (-item[1], item[0])),
        "gain": Grant.objects.filter(region=found).select_related("user", "role").order_by("user__username"),
        "today": timezone.localdate(),
        "note": request.POST.get("note", ""),
        "back": reverse("borders:region", args=[found.code]),
    }
    return render(request, "borders/merge.html", context, status=422 if error else 200)
