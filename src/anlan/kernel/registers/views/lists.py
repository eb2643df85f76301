"""The list of a register, on paper too: rows, map, figures, removed records, likely doubles, saved views."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.kernel.people.models import User
from anlan.kernel.people.queries import search as search_people
from anlan.kernel.people.rights import holds
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.scope import reach, within
from anlan.kernel.registers import doubles, listing, selecting, values
from anlan.kernel.registers.columns.store import one_moment
from anlan.kernel.registers.declarations import declared
from anlan.kernel.registers.info import Kind
from anlan.kernel.registers.models import SavedView
from anlan.kernel.registers.views.common import register_or_404

#: Views that one person keeps of one register.
MOST_VIEWS = 20
#: Records among which likely doubles are looked for; more have to be narrowed first.
MOST_LOOKED_AT = 20_000


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The first register that is open to the viewer."""
    first = next((one for one in declared() if holds(request.user, one.see)), None)
    if first is None:
        raise Http404
    return redirect("registers:list", code=first.code)


@require_safe
def record_list(request: HttpRequest, code: str) -> HttpResponse:
    """The rows that the address asks for."""
    register = register_or_404(request, code)
    with one_moment():
        page = listing.page(register, request.user, request.GET, timezone.now())
        frame = _frame(request, register)
    chosen = [head.name for head in page.heads]
    context = {
        **frame,
        "page": page,
        "columns": listing.column_choice(register, chosen),
        "chosen": ",".join(chosen),
        "sizes": listing.SIZES,
        "editable": [info for info in register.infos().values() if info.editable and _for_many(info.kind)],
        "kept": [(name, value) for name, value in request.GET.items() if value],
    }
    return render(request, "registers/list.html", context)


def _for_many(kind: Kind) -> bool:
    """Kinds of value that many records may be given at once."""
    return kind not in (Kind.OUTLINE, Kind.LONG)


def _frame(request: HttpRequest, register: Any) -> dict[str, Any]:
    return {
        "register": register,
        "groups": listing.groups(request.user),
        "may_edit": listing.may_edit(register, request.user),
    }


@require_safe
def figures(request: HttpRequest, code: str) -> HttpResponse:
    """How the selected records are spread over each filter; every bar narrows the list."""
    register = register_or_404(request, code)
    asked = selecting.question(register, request.user, request.GET.dict(), timezone.now())
    parts = []
    for name in register.filters:
        info = register.info(name)
        if info.kind is Kind.REGION:
            rows = _towns(register, asked, request.GET)
        elif info.kind in (Kind.CHOICE, Kind.CHOICES, Kind.LEVEL, Kind.FLAG, Kind.TEXT):
            counts = selecting.facets(register, asked, name)
            rows = [
                (
                    values.words_of(info, [value] if info.kind is Kind.CHOICES else value),
                    number,
                    _narrowed(request.GET, name, value),
                )
                for value, number in counts.items()
                if value is not None
            ]
            if None in counts:
                rows.append((_("empty"), counts[None], _narrowed(request.GET, name, "none")))
        else:
            continue
        most = max((number for _w, number, _q in rows), default=0)
        parts.append((info, [(words, number, query, round(100 * number / most)) for words, number, query in rows]))
    page = listing.page(register, request.user, request.GET, timezone.now())
    return render(request, "registers/figures.html", {**_frame(request, register), "page": page, "parts": parts})


def _narrowed(params: QueryDict, name: str, value: Any) -> str:
    text = {True: "1", False: "0"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    return listing.with_value(params, name, text)


def _towns(register: Any, asked: Any, params: QueryDict) -> list[tuple[str, int, str]]:
    """Counts by town, villages taken into theirs."""
    counts: dict[str, int] = {}
    tree = regions.tree()
    for region, number in selecting.facets(register, asked, "region").items():
        node = tree.by_id.get(region) if region is not None else None
        while node is not None and node.level in ("village", "grid") and node.parent_id is not None:
            node = tree.by_id[node.parent_id]
        if node is not None:
            counts[node.code] = counts.get(node.code, 0) + number
    return [(tree.by_code[code].name, counts[code], _narrowed(params, "region", code)) for code in sorted(counts)]


@require_safe
def removed(request: HttpRequest, code: str) -> HttpResponse:
    """Records out of use, each with who removed it and why; whoever may change the register brings them back."""
    register = register_or_404(request, code)
    rows = list(listing.removed(register, request.user)[:500])
    return render(request, "registers/removed.html", {**_frame(request, register), "rows": rows})


@require_safe
def likely_doubles(request: HttpRequest, code: str) -> HttpResponse:
    """Groups of records that are likely the same thing, to be merged."""
    register = register_or_404(request, code)
    asked = selecting.question(register, request.user, request.GET.dict(), timezone.now())
    found = selecting.select(register, asked, count=MOST_LOOKED_AT)
    groups = doubles.groups(register, found.pks)
    rows = {row.pk: row for row in selecting.records(register, [pk for group in groups for pk in group])}
    context = {
        **_frame(request, register),
        "doubles": [[rows[pk] for pk in group if pk in rows] for group in groups],
        "cut": found.total > MOST_LOOKED_AT,
        "looked_at": min(found.total, MOST_LOOKED_AT),
    }
    return render(request, "registers/doubles.html", context)


@require_safe
def suggest(request: HttpRequest, code: str) -> JsonResponse:
    """What a field that names a record, a place or a person offers for what was typed: value, words, note."""
    typed = request.GET.get("q", "")[:40].strip()
    if code == "regions":
        found = regions.search(typed).filter(within(reach(request.user, "region.see"), "path"))[:12]
        rows = [{"value": one.code, "words": values.place_words(one), "note": one.code} for one in found]
    elif code == "people":
        people = search_people(typed)[:12] if holds(request.user, "region.see") else []
        rows = [{"value": one.username, "words": one.name, "note": str(one.department or "")} for one in people]
    else:
        register = register_or_404(request, code)
        records = listing.suggestions(register, request.user, typed, timezone.now())
        rows = [{"value": one.code, "words": one.name, "note": values.place_words(one.region)} for one in records]
    return JsonResponse({"rows": rows})


@require_POST
def save_view(request: HttpRequest, code: str) -> HttpResponse:
    """Keep the list as it stands under a title; the same title again replaces it."""
    register = register_or_404(request, code)
    assert isinstance(request.user, User)
    title = request.POST.get("title", "").strip()[:40]
    query = listing.without(QueryDict(request.POST.get("query", "")[:1000]), "page")
    back = reverse("registers:list", args=[register.code]) + f"?{query}"
    if not title:
        messages.error(request, _("Give the view a title."))
        return redirect(back)
    mine = SavedView.objects.filter(register=register.code, owner=request.user)
    if mine.exclude(title=title).count() >= MOST_VIEWS:
        messages.error(request, _("You keep %(most)d views of this register; delete one first.") % {"most": MOST_VIEWS})
        return redirect(back)
    shared = request.POST.get("shared") == "1" and listing.may_edit(register, request.user)
    SavedView.objects.update_or_create(
        register=register.code, owner=request.user, title=title, defaults={"query": query, "shared": shared}
    )
    messages.success(request, _("View kept: %(title)s") % {"title": title})
    return redirect(back)


@require_POST
def forget_view(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Delete a view of one's own."""
    register = register_or_404(request, code)
    if not SavedView.objects.filter(pk=pk, register=register.code, owner_id=request.user.pk).delete()[0]:
        raise Http404
    return redirect("registers:list", code=register.code)
