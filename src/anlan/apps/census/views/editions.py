"""Editions of the grid: put in force, taken back, or discarded before that."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.apps.census.models import Edition, Taking, TakingState
from anlan.apps.census.services import editions
from anlan.apps.census.services.editions import NotNow
from anlan.apps.census.views.common import frame, open_to
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed

#: Files that somebody still has to go on with.
UNDER_WAY = (TakingState.READING, TakingState.FAULTY, TakingState.FAILED)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every edition, the newest first."""
    open_to(request)
    rows = list(Edition.objects.exclude(digest="").select_related("by"))
    context = {**frame(request, "editions"), "rows": rows}
    if context["may_edit_all"]:
        context["takings"] = list(Taking.objects.filter(state__in=UNDER_WAY).select_related("by")[:20])
    return render(request, "census/editions.html", context)


@require_POST
def put_in_force(request: HttpRequest, pk: int) -> HttpResponse:
    """Count by this edition from now on."""
    open_to(request)
    assert isinstance(request.user, User)
    edition = get_object_or_404(Edition, pk=pk)
    try:
        editions.put_in_force(edition, actor=request.user, now=timezone.now())
    except NotAllowed:
        return render(request, "web/denied.html", status=403)
    except NotNow as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("In force: %(title)s. People are counted by it from now on.") % {"title": edition})
    return redirect("census:editions")


@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Count by the edition before again."""
    open_to(request)
    assert isinstance(request.user, User)
    edition = get_object_or_404(Edition, pk=pk)
    try:
        before = editions.take_back(edition, actor=request.user, now=timezone.now())
    except NotAllowed:
        return render(request, "web/denied.html", status=403)
    except NotNow as refused:
        messages.error(request, str(refused))
    else:
        words = _("Taken back. In force again: %(title)s.") if before else _("Taken back. No grid is in force now.")
        messages.success(request, words % {"title": before})
    return redirect("census:editions")


@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete an edition that was never in force."""
    open_to(request)
    assert isinstance(request.user, User)
    edition = get_object_or_404(Edition, pk=pk)
    try:
        editions.discard(edition, actor=request.user, now=timezone.now())
    except NotAllowed:
        return render(request, "web/denied.html", status=403)
    except NotNow as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Discarded: %(title)s") % {"title": edition})
    return redirect("census:editions")
