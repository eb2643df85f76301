"""Shelters in use: all of them at a glance, one opening with who is in, and coming and going."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.apps.resources import forms
from anlan.apps.resources.models import Guest, Opening
from anlan.apps.resources.models.openings import Need
from anlan.apps.resources.queries import shelters as queries
from anlan.apps.resources.services import shelters as services
from anlan.apps.resources.services.refusing import Refused
from anlan.apps.resources.typed import whole_of
from anlan.apps.resources.views.common import guard, key_of, new_key, page_of, show
from anlan.kernel.audit import services as audit
from anlan.kernel.people import masks
from anlan.kernel.people.rights import may, require
from anlan.kernel.rulebook.queries import NoRule
from anlan.science.shelters import occupancy


@require_safe
def shelters(request: HttpRequest) -> HttpResponse:
    """Every shelter: open ones first with how full they are, then closed ones that could be opened."""
    actor, now = guard(request), timezone.now()
    rows = list(queries.seen_shelters(actor))
    room = queries.capacities(rows, now)
    running = queries.open_now([row.pk for row in rows])
    lines = [_line(row, room.get(row.pk), running.get(row.pk)) for row in rows]
    opened = [line for line in lines if line["opening"]]
    typed = request.GET.get("q", "").strip()
    closed = [line for line in lines if not line["opening"] and typed in f"{line['shelter']} {line['shelter'].region}"]
    past = queries.openings(actor).exclude(closed_at=None)
    return show(
        request, "shelters.html", "shelters", opened=opened, **page_of(request, closed), q=typed, total=len(lines),
        places=sum(line["places"] or 0 for line in lines), people=sum(line["opening"].people for line in opened),
        open_places=sum(line["places"] or 0 for line in opened), past=past[:20],
        over=sum(line["over"] > 0 for line in opened),
        may_open={line["shelter"].pk for line in closed if may(actor, "shelter.open", line["shelter"].region)},
    )  # fmt: skip


def _line(shelter: Any, places: int | None, opening: Opening | None) -> dict[str, Any]:
    line = {"shelter": shelter, "places": opening.places if opening else places, "opening": opening, "over": 0}
    if opening is not None:
        full = occupancy(opening.people, opening.places)
        line |= {"over": int(full.over), "free": int(full.free), "share": float(full.share) * 100}
    return line


@require_POST
def open_it(request: HttpRequest, code: str) -> HttpResponse:
    """Open a shelter."""
    actor = guard(request)
    shelter = queries.seen_shelters(actor).filter(code=code).first()
    if shelter is None:
        raise Http404
    try:
        made = services.open_shelter(
            shelter, reason=request.POST.get("reason", ""), actor=actor, now=timezone.now()
        )  # fmt: skip
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("resources:shelters")
    except NoRule:
        messages.error(request, _("The rulebook has no space per person for this type of shelter; enter it first."))
        return redirect("resources:shelters")
    messages.success(request, _("%(name)s is open for %(n)d people.") % {"name": shelter.name, "n": made.places})
    return redirect("resources:opening", pk=made.pk)


def opening_or_404(request: HttpRequest, pk: int) -> Opening:
    """The opening of this number; foreign and missing look the same."""
    found = queries.openings(request.user).select_related("rule", "closed_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_safe
def opening(request: HttpRequest, pk: int) -> HttpResponse:
    """One opening: how full, who came and went, names masked; printable as a list of who is in."""
    guard(request)
    return _opening(request, opening_or_404(request, pk))


def _opening(request: HttpRequest, found: Opening, refused: Refused | None = None) -> HttpResponse:
    guests = [
        {"guest": guest, "name": masks.person(guest.name), "identity": masks.identity(guest.identity),
         "phone": masks.phone(guest.phone) if guest.phone else ""}
        for guest in found.guests.select_related("came", "left").order_by(F("left").asc(nulls_first=True), "id")
    ]  # fmt: skip
    typed = request.POST
    rows = [
        {"n": n, **{part: typed.get(f"{part}-{n}", "") for part in ("name", "identity", "phone", "need")}}
        for n in range(forms.NAMES)
    ]
    inside = sum(one["guest"].left_id is None for one in guests)
    return show(
        request, "opening.html", "shelters", status=422 if refused else 200, opening=found, guests=guests,
        line=_line(found.shelter, found.places, found), passages=found.passages.select_related("by")[:50],
        refused=refused, typed=typed, rows=rows, needs=Need.choices[1:], key=typed.get("key") or new_key(),
        named=inside, unnamed=found.people - inside, now=timezone.now(),
        may_open=may(request.user, "shelter.open", found.region),
        may_admit=may(request.user, "shelter.admit", found.region),
        may_unmask=may(request.user, "personal.unmask", found.region),
    )  # fmt: skip


@require_POST
def close_it(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a shelter that is empty."""
    actor = guard(request)
    found = opening_or_404(request, pk)
    try:
        services.close_shelter(found, note=request.POST.get("note", ""), actor=actor, now=timezone.now())
    except Refused as refused:
        return _opening(request, found, refused)
    messages.success(request, _("%(name)s is closed.") % {"name": found.shelter.name})
    return redirect("resources:opening", pk=pk)


@require_POST
def admit(request: HttpRequest, pk: int) -> HttpResponse:
    """People come in."""
    actor = guard(request)
    found = opening_or_404(request, pk)
    data = request.POST
    try:
        made = services.admit(
            found, whole_of(data.get("count", ""), "count"), named=forms.names(data), origin=data.get("origin", ""),
            note=data.get("note", ""), key=key_of(request, actor), actor=actor, now=timezone.now(),
        )  # fmt: skip
    except Refused as refused:
        return _opening(request, found, refused)
    if made.inside > found.places:
        words = _(
            "%(people)d people are in %(name)s, which has %(places)d places: %(over)d too many. Open another one."
        )
        told = {"people": made.inside, "name": found.shelter.name, "places": found.places}
        messages.warning(request, words % {**told, "over": made.inside - found.places})
    else:
        messages.success(request, _("Kept: %(people)d people are in.") % {"people": made.inside})
    return redirect("resources:opening", pk=pk)


@require_POST
def let_go(request: HttpRequest, pk: int) -> HttpResponse:
    """People leave."""
    actor = guard(request)
    found = opening_or_404(request, pk)
    data = request.POST
    ticked = [int(one) for one in data.getlist("guests") if one.isascii() and one.isdigit() and len(one) < 19]
    try:
        made = services.let_go(
            found, whole_of(data.get("count", "") or str(len(ticked)), "count"), guests=ticked,
            origin=data.get("origin", ""), note=data.get("note", ""), key=key_of(request, actor), actor=actor,
            now=timezone.now(),
        )  # fmt: skip
    except Refused as refused:
        return _opening(request, found, refused)
    messages.success(request, _("Kept: %(people)d people are in.") % {"people": made.inside})
    return redirect("resources:opening", pk=pk)


@require_POST
def unmask(request: HttpRequest, pk: int, guest: int) -> HttpResponse:
    """Show one person's data to someone with the right, and write down that they looked."""
    actor = guard(request)
    found = opening_or_404(request, pk)
    require(actor, "personal.unmask", found.region)
    row = Guest.objects.filter(opening=found, pk=guest).first()
    if row is None:
        raise Http404
    audit.record(
        actor=actor, verb="personal.unmask", obj=found, region=found.region, after={"guest": row.pk},
        now=timezone.now(),
    )  # fmt: skip
    return show(request, "guest.html", "shelters", guest=row, opening=found)
