"""Where warnings come from, which senders count, and what was set aside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan import environment
from anlan.apps.warning import gates, outside
from anlan.apps.warning.forms import SourceForm, of_source
from anlan.apps.warning.models import Message, Sender, SenderStanding, Source
from anlan.apps.warning.queries import messages as queries
from anlan.apps.warning.services import senders as senders_
from anlan.apps.warning.services import sources as services
from anlan.apps.warning.services.errors import Refused
from anlan.apps.warning.views.common import page_of, show
from anlan.apps.warning.views.messages import silent_sources
from anlan.apps.warning.words import REASONS, of_error
from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.people.rights import may
from anlan.kernel.regions import queries as regions

PUSH = "/api/v1/warnings/push"


def _keepers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Sources belong to the whole installation: a right in one town does not open them."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not gates.looks_after(request.user):
            return render(request, "web/denied.html", status=403)
        return view(request, *args, **kwargs)

    return needs("warning.aside")(guarded)


@require_safe
@_keepers
def aside(request: HttpRequest) -> HttpResponse:
    """Messages that wait or were set aside, newest first; none of them is a warning."""
    rows = queries.aside().select_related("source").order_by("-came_at", "-id")
    reason = request.GET.get("reason", "")
    if reason in REASONS:
        rows = rows.filter(reason=reason)
    source = request.GET.get("source", "")
    if source.isascii() and source.isdigit() and len(source) < 19:
        rows = rows.filter(source=int(source))
    found = page_of(request, rows)
    for row in found["page"]:
        row.why = REASONS.get(row.reason, row.reason)
    return show(
        request, "aside.html", "aside", **found, reasons=REASONS.items(), reason=reason, source=source,
        sources=Source.objects.order_by("name").values_list("pk", "name"),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@_keepers
def sources(request: HttpRequest) -> HttpResponse:
    """All sources with how they stand, senders that wait for a decision, and the form for a new source."""
    form = SourceForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                source = services.add(**form.cleaned_data, actor=actor_of(request), now=timezone.now())
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, _("Entered, and closed until somebody opens it."))
                return redirect("warning:source", pk=source.pk)
    now = timezone.now()
    rows = list(
        Source.objects.annotate(
            n=Count("messages", filter=Q(messages__standing="taken")),
            set_aside=Count("messages", filter=~Q(messages__standing="taken")),
        )
    )
    silent = {one.pk for one in silent_sources(now)}
    for row in rows:
        row.is_silent, row.error_words = row.pk in silent, of_error(row.last_error)
    waiting = Sender.objects.filter(standing=SenderStanding.WAITING).select_related("source").order_by("first_at")
    return show(
        request, "sources.html", "sources", status=status, form=form, rows=rows, waiting=waiting[:100],
        may_manage=may(request.user, "warning.source", regions.root()), hosts=environment.words(outside.HOSTS),
        door=f"{request.scheme}://{request.get_host()}{PUSH}",
    )  # fmt: skip


@require_safe
@_keepers
def source(request: HttpRequest, pk: int) -> HttpResponse:
    """One source: how it stands, its senders, what could not be fetched."""
    return _source(request, get_object_or_404(Source.objects.select_related("by"), pk=pk))


def _source(request: HttpRequest, row: Source, *, form: SourceForm | None = None, token: str = "", status: int = 200) -> HttpResponse:  # fmt: skip  # noqa: E501
    given_up = [(one, of_error(one.error)) for one in row.seen.filter(done=False).order_by("-at")[:20]]
    answer = show(
        request, "source.html", "sources", status=status, source=row, token=token, given_up=given_up,
        error_words=of_error(row.last_error), silent=row in silent_sources(timezone.now()),
        senders=row.senders.select_related("decided_by"), form=form or SourceForm(initial=of_source(row)),
        kept=dict(Message.objects.filter(source=row).values_list("standing").annotate(n=Count("pk")).order_by()),
        may_manage=may(request.user, "warning.source", regions.root()),
        may_decide=may(request.user, "warning.sender", regions.root()),
        door=f"{request.scheme}://{request.get_host()}{PUSH}",
    )  # fmt: skip
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@needs("warning.source")
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Describe a source anew, open or close it."""
    row = get_object_or_404(Source, pk=pk)
    form = SourceForm(request.POST)
    if not form.is_valid():
        return _source(request, row, form=form, status=422)
    try:
        services.change(
            row, **form.cleaned_data, enabled=request.POST.get("enabled") == "1", actor=actor_of(request),
            now=timezone.now(),
        )  # fmt: skip
    except Refused as refused:
        form.add_error(None, str(refused))
        return _source(request, row, form=form, status=422)
    messages.success(request, _("Kept."))
    return redirect("warning:source", pk=row.pk)


@require_POST
@needs("warning.source")
def token(request: HttpRequest, pk: int) -> HttpResponse:
    """A new token to push with, shown this once; or the end of the one there is."""
    row = get_object_or_404(Source, pk=pk)
    if request.POST.get("end") == "1":
        services.end_token(row, actor=actor_of(request), now=timezone.now())
        messages.success(request, _("Nobody pushes for this source any more."))
        return redirect("warning:source", pk=row.pk)
    fresh = services.new_token(row, actor=actor_of(request), now=timezone.now())
    return _source(request, row, token=fresh)


@require_safe
@_keepers
def sender(request: HttpRequest, pk: int) -> HttpResponse:
    """One sender: what it sent, and the decision about it."""
    return _sender(request, get_object_or_404(Sender.objects.select_related("source", "decided_by"), pk=pk))


def _sender(request: HttpRequest, row: Sender, *, error: str = "", status: int = 200) -> HttpResponse:
    rows = Message.objects.filter(source=row.source_id, sender=row.sender).defer("data", "shape")
    return show(
        request, "sender.html", "sources", status=status, sender=row, error=error, rows=rows.order_by("-came_at")[:20],
        may_decide=may(request.user, "warning.sender", regions.root()),
        certificates=request.POST.get("certificates", row.certificates), reason=request.POST.get("reason", ""),
    )  # fmt: skip


@require_POST
@needs("warning.sender")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a sender count, or refuse it."""
    row = get_object_or_404(Sender.objects.select_related("source"), pk=pk)
    said = {"reason": request.POST.get("reason", ""), "actor": actor_of(request), "now": timezone.now()}
    try:
        if request.POST.get("do") == "allow":
            senders_.allow(row, certificates=request.POST.get("certificates", ""), **said)
            messages.success(request, _("%(who)s counts as genuine from now on.") % {"who": row})
        else:
            senders_.refuse(row, **said)
            messages.success(request, _("Nothing of %(who)s counts.") % {"who": row})
    except Refused as refused:
        row.refresh_from_db()
        return _sender(request, row, error=str(refused), status=422)
    return redirect("warning:sender", pk=row.pk)
