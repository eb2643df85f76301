"""Who answers for a place, with phones masked; pairs of A and B, and where somebody is lacking."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.kernel.duties import pairs_table as table
from anlan.kernel.duties import posts
from anlan.kernel.duties.errors import Refused
from anlan.kernel.duties.presence import on_duty
from anlan.kernel.duties.rules import post_rules
from anlan.kernel.people import masks
from anlan.kernel.people import queries as people_queries
from anlan.kernel.people import services as people
from anlan.kernel.people.models import Post, User
from anlan.kernel.people.rights import NotAllowed, holds, may, reach, require
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.regions.scope import within
from anlan.kernel.web.sheets import csv_sheet

#: Gaps on one page; the sheet has all of them.
MOST_GAPS = 300
MOST_BYTES = 5 << 20


def guard(request: HttpRequest, verb: str = "duty.see") -> User:
    """The person of the request, who holds a verb somewhere. Raises NotAllowed."""
    assert isinstance(request.user, User)
    if not holds(request.user, verb):
        raise NotAllowed(verb)
    return request.user


def region_or_404(viewer: Any, code: str, verb: str = "duty.see") -> Region:
    """The place of a code, a former one too; foreign and missing look the same."""
    node = regions.resolve(code)
    found = Region.objects.select_related("parent").defer("boundary").filter(pk=node.id).first() if node else None
    if found is None or not may(viewer, verb, found):
        raise Http404
    return found


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Find a place and who answers for it; who is on duty; what is lacking in one line each."""
    viewer = guard(request)
    now = timezone.now()
    typed = request.GET.get("q", "").strip()
    found: list[Region] = []
    seen = Region.objects.filter(within(reach(viewer, "duty.see"), "path")).defer("boundary").select_related("parent")
    if typed:
        found = list(regions.search(typed).filter(pk__in=seen.values("pk")).select_related("parent")[:40])
    root = regions.root()
    counted: Counter[tuple[str, str]] = Counter()
    for gap in posts.gaps(viewer, now):
        for lack in gap.lacks:
            counted[f"{gap.pair.region.level} {gap.pair.duty}", lack] += 1
    context = {
        "q": typed,
        "found": found,
        "towns": seen.filter(level=Level.TOWN).order_by("code"),
        "root": root,
        "on_duty": on_duty(root, now) if root is not None else [],
        "summary": _summary(counted, now, root),
        "may_manage": holds(viewer, "duty.manage"),
    }
    return render(request, "duties/index.html", context)


def _summary(counted: Counter[tuple[str, str]], now: Any, root: Region | None) -> list[dict[str, Any]]:
    """Sentences such as "12 villages: disaster information officer, nobody as B"."""
    titles = {rule.duty: str(rule) for rule in post_rules(now, root)} if root is not None else {}
    lines = []
    for (where, lack), n in sorted(counted.items(), key=lambda item: -item[1]):
        level, _blank, duty = where.partition(" ")
        lines.append(
            {"n": n, "level": Level(level).label, "title": titles.get(duty, duty), "duty": duty, "lack": lack,
             "words": posts.LACKS[lack], "level_code": level}
        )  # fmt: skip
    return lines


@require_safe
def who(request: HttpRequest, code: str) -> HttpResponse:
    """Everyone who answers for a place, from the place itself up to the county."""
    viewer = guard(request)
    found = region_or_404(viewer, code)
    if found.code != code:
        return redirect("duties:who", found.code)
    now = timezone.now()
    rungs = [
        {"rung": rung, "may_unmask": posts.may_unmask(viewer, rung.region), "pairs": _shown(rung.pairs),
         "may_manage": may(viewer, "duty.manage", rung.region)}
        for rung in posts.chain(found, viewer, now)
    ]  # fmt: skip
    children = Region.objects.filter(parent=found).defer("boundary").order_by("code")
    context = {"region": found, "rungs": rungs, "children": children}
    return render(request, "duties/who.html", context)


def _shown(pairs: Any) -> list[dict[str, Any]]:
    return [
        {
            "pair": pair,
            "seats": [
                {"seat": seat, "phone": masks.phone(seat.holder.phone) if seat.holder else ""} for seat in pair.seats
            ],
        }
        for pair in pairs
    ]


@require_POST
def phone(request: HttpRequest, pk: int) -> HttpResponse:
    """A phone in clear for someone with the right, written down as a look at personal data."""
    viewer = guard(request)
    post = get_object_or_404(Post.objects.select_related("holder", "region"), pk=pk, holder__isnull=False)
    if not may(viewer, "duty.see", post.region) or post.holder is None:
        raise Http404
    number = people.unmask(
        ref=f"user:{post.holder.pk}", field="phone", value=post.holder.phone, region=post.region, actor=viewer,
        now=timezone.now(), reason=request.POST.get("reason", "") or _("to call who answers for %(place)s")
        % {"place": post.region.name},
    )  # fmt: skip
    if request.headers.get("HX-Request"):
        return render(request, "duties/_phone.html", {"number": number})
    messages.info(request, f"{post.holder.name} {number}")
    return redirect("duties:who", post.region.code)


@require_safe
def gaps(request: HttpRequest) -> HttpResponse:
    """Every place that lacks somebody; as a page or as a sheet."""
    viewer = guard(request)
    now = timezone.now()
    duty, lack, level = (request.GET.get(name, "") for name in ("duty", "lack", "level"))
    inside = None
    if request.GET.get("in"):
        inside = region_or_404(viewer, request.GET["in"])
    found = posts.gaps(viewer, now, duty=duty, inside=inside)
    found = [
        one for one in found if lack in ("", *one.lacks) and level in ("", one.pair.region.level)
    ]  # fmt: skip
    if request.GET.get("format") == "csv":
        head = [_("Code"), _("Place"), _("Lies in"), _("Level"), _("Post"), _("A post"), _("B post"), _("Lacking")]
        return csv_sheet("duty-gaps", head, (_sheet_row(one) for one in found))
    root = regions.root()
    context = {
        "rows": [
            {"gap": one, "words": [posts.LACKS[code] for code in one.lacks],
             "may_manage": may(viewer, "duty.manage", one.pair.region)}
            for one in found[:MOST_GAPS]
        ],
        "total": len(found),
        "rules": post_rules(now, root) if root is not None else [],
        "lacks": posts.LACKS.items(),
        "levels": Level.choices,
        "duty": duty,
        "lack": lack,
        "level": level,
        "inside": inside,
        "query": request.GET.urlencode(),
    }  # fmt: skip
    return render(request, "duties/gaps.html", context)


def _sheet_row(gap: posts.Gap) -> list[Any]:
    held = {seat.slot: seat.holder.name if seat.holder else "" for seat in gap.pair.seats}
    region = gap.pair.region
    words = _(", ").join(str(posts.LACKS[code]) for code in gap.lacks)
    return [
        region.code, region.name, gap.above, region.get_level_display(), gap.pair.title,
        held.get("A", ""), held.get("B", ""), words,
    ]  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def pair(request: HttpRequest, code: str, duty: str) -> HttpResponse:
    """Name A and B of a post at a place: somebody who is known, or a new person by name and phone."""
    viewer = guard(request)
    found = region_or_404(viewer, code)
    require(viewer, "duty.manage", found)
    now = timezone.now()
    try:
        rule = posts.rule_of(duty, found, now)
    except Refused as refused:
        raise Http404 from refused
    error = ""
    if request.method == "POST":
        try:
            with transaction.atomic():
                _name_all(request, found, rule.slots, duty, viewer, now)
        except (Refused, people.Refused) as refused:
            error = str(refused)
        else:
            messages.success(request, _("Kept."))
            return redirect("duties:who", found.code)
    held = {
        post.slot: post for post in Post.objects.filter(region=found, duty=duty).select_related("holder__department")
    }
    context = {
        "region": found,
        "rule": rule,
        "slots": [
            {"slot": slot, "post": held.get(slot), "typed": request.POST.get(f"{slot}.name", ""),
             "typed_phone": request.POST.get(f"{slot}.phone", "")}
            for slot in rule.slots
        ],
        "error": error,
    }  # fmt: skip
    return render(request, "duties/pair.html", context, status=422 if error else 200)


def _name_all(request: HttpRequest, region: Region, slots: tuple[str, ...], duty: str, actor: User, now: Any) -> None:
    chosen: dict[str, User | None] = {}
    for slot in slots:
        mode = request.POST.get(f"{slot}.mode", "keep")
        if mode == "empty":
            chosen[slot] = None
        elif mode == "known":
            user = people_queries.persons().filter(username=request.POST.get(f"{slot}.person", "").strip()).first()
            if user is None:
                raise Refused(_("Choose the person of %(slot)s from the list.") % {"slot": slot})
            chosen[slot] = user
        elif mode == "new":
            chosen[slot] = posts.enter_person(
                name=request.POST.get(f"{slot}.name", ""), phone=request.POST.get(f"{slot}.phone", ""), region=region,
                actor=actor, now=now,
            )  # fmt: skip
    # Emptied first, so that A and B can change places in one act.
    for slot in chosen:
        if Post.objects.filter(region=region, duty=duty, slot=slot, holder__isnull=False).exists():
            posts.name_holder(region=region, duty=duty, slot=slot, holder=None, actor=actor, now=now)
    for slot, user in chosen.items():
        if user is not None:
            posts.name_holder(region=region, duty=duty, slot=slot, holder=user, actor=actor, now=now)


@require_safe
def people_found(request: HttpRequest) -> HttpResponse:
    """People by name or initials, as options of a list."""
    guard(request)
    if not (holds(request.user, "duty.manage") or holds(request.user, "roster.plan")):
        raise NotAllowed("duty.manage")
    asked = next((key for key in request.GET if key.endswith("person") or key == "q"), "q")
    typed = request.GET.get(asked, "").strip()
    rows = people_queries.search(typed).filter(is_active=True).select_related("department")[:12] if typed else []
    return render(request, "duties/_people.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
def pairs_table(request: HttpRequest) -> HttpResponse:
    """Many pairs from a table: every fault is named, and with one nothing is entered."""
    viewer = guard(request, "duty.manage")
    wrong: list[str] = []
    lines = 0
    if request.method == "POST":
        sent = request.FILES.get("file")
        if not isinstance(sent, UploadedFile) or (sent.size or 0) > MOST_BYTES:
            wrong = [_("Choose a file of at most 5 MB.")]
        else:
            now = timezone.now()
            try:
                found, wrong = table.read(sent.read(), sent.name or "", actor=viewer, now=now)
                lines = len(found)
                if not wrong:
                    n = table.enter(found, actor=viewer, now=now)
                    messages.success(request, ngettext("%(n)d person named.", "%(n)d people named.", n) % {"n": n})
                    return redirect("duties:gaps")
            except (Refused, people.Refused) as refused:
                wrong = [str(refused)]
    context = {"wrong": wrong[:200], "more": max(0, len(wrong) - 200), "good": lines, "columns": table.COLUMNS}
    return render(request, "duties/pairs_table.html", context, status=422 if wrong else 200)


@require_safe
def pairs_template(request: HttpRequest) -> HttpResponse:
    """An empty table with the right headings and a line for each place that lacks somebody."""
    viewer = guard(request, "duty.manage")
    head = [names[0] for names in table.COLUMNS.values()]
    rows = []
    for gap in posts.gaps(viewer, timezone.now()):
        if {"A", "B"} & set(gap.lacks):
            held = {seat.slot: seat.holder for seat in gap.pair.seats}
            a, b = held.get("A"), held.get("B")
            title = gap.pair.rule.title_zh if gap.pair.rule else gap.pair.title
            rows.append([gap.pair.region.code, title, a.name if a else "", "", b.name if b else "", ""])
    return csv_sheet("duty-pairs", head, rows)
