"""The list of what a person was told, and what could not be delivered."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from anlan.kernel.notices import queries, services
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.models import User

A_PAGE = 50
BOXES = ("all", "unread", "failed")


def index(request: HttpRequest) -> HttpResponse:
    """My notices, newest first; whoever watches over alarms also sees which reached nobody."""
    box = request.GET.get("box", "all")
    box = box if box in BOXES else "all"
    mine = queries.of_user(request.user)
    failed = queries.not_delivered(request.user)
    rows = {"all": mine, "unread": mine.filter(state__in=queries.UNREAD), "failed": failed}[box]
    context = {
        "box": box,
        "page": Paginator(rows, A_PAGE).get_page(request.GET.get("page")),
        "unread": queries.unread(request.user),
        "failed": failed.count(),
    }
    return render(request, "notices/list.html", context)


@require_POST
def open_one(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark as read and go where it leads."""
    notice = _mine(request, pk)
    services.read(notice, user=_person(request), now=timezone.now())
    return redirect(notice.url or "notices:list")


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    n = services.read_all(_person(request), now=timezone.now())
    messages.success(request, ngettext("%(n)s notice read.", "%(n)s notices read.", n) % {"n": n})
    return redirect("notices:list")


@require_POST
def send_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Try once more to deliver what reached nobody."""
    notice = queries.not_delivered(request.user).filter(pk=pk).first()
    if notice is None or not services.send_again(notice, actor=_person(request), now=timezone.now()):
        raise Http404
    messages.success(request, _("It will be sent again."))
    return redirect("notices:list")


def _person(request: HttpRequest) -> User:
    """The signed-in person; the middleware lets nobody else come here."""
    assert isinstance(request.user, User)
    return request.user


def _mine(request: HttpRequest, pk: int) -> Notice:
    """A notice of the person who asks; somebody else's and a missing one look the same."""
    notice = queries.of_user(request.user).filter(pk=pk).first()
    if notice is None:
        raise Http404
    return notice
