"""Sources of outside data: the list, one with its fetches, entering and changing it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan import environment
from anlan.apps.outside.forms import FeedForm
from anlan.apps.outside.models import Feed
from anlan.apps.outside.queries.feeds import MANAGE, manageable
from anlan.apps.outside.services import feeds
from anlan.apps.outside.services.fetching import HOSTS
from anlan.apps.outside.views.common import show
from anlan.apps.outside.words import fault_words, row_lines, state_words
from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.people.rights import NotAllowed

#: Fetches that a page lists.
FETCHES = 30


@require_safe
@needs(MANAGE)
def listed(request: HttpRequest) -> HttpResponse:
    """All sources with their state."""
    rows = [{"feed": feed, "state": state_words(feed), "fault": fault_words(feed)} for feed in manageable(request.user)]
    return show(request, "feeds.html", "feeds", rows=rows, hosts=environment.words(HOSTS))


def _one(request: HttpRequest, pk: int) -> Feed:
    found: Feed = get_object_or_404(manageable(request.user), pk=pk)
    return found


@require_safe
@needs(MANAGE)
def feed(request: HttpRequest, pk: int) -> HttpResponse:
    """One source: its state, what its fetches brought, and what was refused."""
    one = _one(request, pk)
    fetches = list(one.fetches.select_related("feed")[:FETCHES])  # type: ignore[attr-defined]
    taken = next((row for row in fetches if not row.fault), None)
    latest = fetches[0] if fetches else None
    return show(
        request, "feed.html", "feeds", feed=one, state=state_words(one),
        fault=fault_words(latest if latest is not None and latest.fault == one.fault and one.fault else one),
        fetches=[(row, fault_words(row)) for row in fetches], taken=taken,
        refused=row_lines(taken) if taken is not None else [], hosts=environment.words(HOSTS),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@needs(MANAGE)
def new(request: HttpRequest) -> HttpResponse:
    """Enter a source."""
    return _form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(MANAGE)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a source."""
    return _form(request, _one(request, pk))


def _form(request: HttpRequest, instance: Feed | None) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    form = FeedForm(request.POST or None, actor=actor, instance=instance)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                if instance is None:
                    found = feeds.add_feed(form.said(), actor=actor, now=now)
                    messages.success(request, _("Entered. It is off; switch it on when the address is right."))
                else:
                    found = feeds.change_feed(instance, form.said(), actor=actor, now=now)
                    messages.success(request, _("Kept."))
                return redirect("outside:feed", pk=found.pk)
            except (feeds.Refused, NotAllowed) as refused:
                form.add_error(None, str(refused))
    return show(request, "feed_form.html", "feeds", status=status, form=form, feed=instance)


@require_POST
@needs(MANAGE)
def act(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Switch it on or off, have it fetched now, remove it."""
    one, actor, now = _one(request, pk), actor_of(request), timezone.now()
    try:
        if name in ("on", "off"):
            feeds.switch(one, on=name == "on", actor=actor, now=now)
            messages.success(request, _("Switched on.") if name == "on" else _("Switched off."))
        elif name == "fetch":
            feeds.fetch_now(one, actor=actor, now=now)
            messages.success(request, _("It is fetched within a few seconds."))
        elif name == "remove":
            feeds.remove_feed(one, actor=actor, now=now)
            messages.success(request, _("Removed."))
            return redirect("outside:feeds")
        else:
            raise Http404
    except (feeds.Refused, NotAllowed) as refused:
        messages.error(request, str(refused))
    return redirect("outside:feed", pk=one.pk)
