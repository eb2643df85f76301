"""Asking somebody to take a duty, and answering."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.kernel.duties import swaps as verbs
from anlan.kernel.duties.errors import Refused
from anlan.kernel.duties.models import RosterDuty, RosterState, Swap, SwapState
from anlan.kernel.duties.months import month_of
from anlan.kernel.duties.rosters import address
from anlan.kernel.duties.views import guard
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import may


@require_safe
def swaps(request: HttpRequest) -> HttpResponse:
    """What waits for my answer, what I have asked, and my coming duties."""
    viewer = guard(request)
    now = timezone.now()
    rows = Swap.objects.select_related("duty__roster__region", "duty__roster__entry", "back", "giver", "taker")
    mine = RosterDuty.objects.filter(person=viewer, ends_at__gt=now, roster__state=RosterState.PUBLISHED)
    context = {
        "waiting": [_named(row) for row in rows.filter(taker=viewer, state=SwapState.ASKED, duty__ends_at__gt=now)],
        "asked": [_named(row) for row in rows.filter(giver=viewer)[:30]],
        "answered": [_named(row) for row in rows.filter(taker=viewer).exclude(state=SwapState.ASKED)[:30]],
        "duties": [
            {"duty": duty, **_words(duty), "may_swap": may(viewer, "roster.swap", duty.roster.region)}
            for duty in mine.select_related("roster__region", "roster__entry").order_by("starts_at")[:40]
        ],
    }  # fmt: skip
    return render(request, "duties/swaps.html", context)


def _words(duty: RosterDuty) -> dict[str, str]:
    found = month_of(duty.roster, timezone.now())
    return {"role": found.scheme.role_name(duty.role), "shift": found.scheme.shift_name(duty.shift)}


def _named(swap: Swap) -> dict[str, object]:
    return {"swap": swap, **_words(swap.duty)}


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose who shall take one's duty, and which of theirs one takes in return."""
    viewer = guard(request)
    now = timezone.now()
    duty = get_object_or_404(
        RosterDuty.objects.select_related("roster__region", "roster__entry"), pk=pk, person=viewer
    )  # fmt: skip
    found = month_of(duty.roster, now)
    others: dict[int, User] = {
        one.person_id: one.person
        for one in found.members
        if one.person_id != viewer.pk and one.role == duty.role and one.person.is_active
    }
    error = ""
    if request.method == "POST":
        try:
            to = next((one for one in others.values() if one.username == request.POST.get("to")), None)
            if to is None:
                raise Refused(_("Choose who shall take it."))
            back = None
            if request.POST.get("back"):
                wanted = request.POST["back"]
                back = duty.roster.duties.filter(pk=int(wanted) if wanted.isdigit() else 0, person=to).first()
                if back is None:
                    raise Refused(_("The duty in return has to be one of %(name)s.") % {"name": to.name})
            verbs.ask(duty, to=to, back=back, reason=request.POST.get("reason", ""), actor=viewer, now=now)
        except Refused as refused:
            error = str(refused)
        else:
            messages.success(request, _("%(name)s has been asked.") % {"name": to.name})
            return redirect("duties:swaps")
    theirs = duty.roster.duties.filter(person__in=others, starts_at__gt=now).select_related("person")
    context = {
        "duty": duty,
        **_words(duty),
        "others": others.values(),
        "theirs": [
            {"duty": one, "role": found.scheme.role_name(one.role), "shift": found.scheme.shift_name(one.shift)}
            for one in theirs
        ],
        "error": error,
        "typed": request.POST,
        "address": address(duty.roster),
    }
    return render(request, "duties/ask.html", context, status=422 if error else 200)


@require_POST
def answer(request: HttpRequest, pk: int, do: str) -> HttpResponse:
    """Agree, refuse, or take back what one has asked."""
    viewer = guard(request)
    swap = Swap.objects.filter(pk=pk).first()
    if swap is None or viewer.pk not in (swap.giver_id, swap.taker_id):
        raise Http404
    now = timezone.now()
    try:
        if do == "agree":
            verbs.agree(swap, actor=viewer, now=now)
        elif do == "refuse":
            verbs.refuse(swap, answer=request.POST.get("answer", ""), actor=viewer, now=now)
        elif do == "withdraw":
            verbs.withdraw(swap, actor=viewer, now=now)
        else:
            raise Http404
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Done."))
    return redirect("duties:swaps")
