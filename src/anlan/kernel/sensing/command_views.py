"""The page of one device that speaks TCP: what was asked of it, how far that is, and the form that asks more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.rulebook.queries import NoRule
from anlan.kernel.sensing import queries, services
from anlan.kernel.sensing.command_words import HISTORY, STEPS, answer_words, asked_words, element_words
from anlan.kernel.sensing.device_commands import VERB, rule
from anlan.kernel.sensing.door import commands as words
from anlan.kernel.sensing.door.links import SL651
from anlan.kernel.sensing.models import CommandKind, DeviceCommand, DeviceLink
from anlan.kernel.sensing.services.commands import ask, elements_of, set_clocks
from anlan.kernel.sensing.services.commands import withdraw as take_back
from anlan.kernel.sensing.views import tabs

#: Commands of a device that are shown, the newest first.
MOST = 100
#: Plain fields of the form.
FIELDS = ("kind", "start", "end", "of", "element", "step_min", "every_s", "for_min", "words", "urgent")


def _link(request: HttpRequest, pk: int) -> DeviceLink:
    """A device in the viewer's reach; foreign and missing look the same."""
    mine = DeviceLink.objects.filter(device__in=queries.commanded_by(request.user))
    link = mine.select_related("device", "device__region").filter(pk=pk).first()
    if link is None:
        raise Http404
    return link


@require_safe
@needs(VERB)
def commands(request: HttpRequest, pk: int) -> HttpResponse:
    """Commands of one device and the form for a new one."""
    return _page(request, _link(request, pk))


def _page(request: HttpRequest, link: DeviceLink, *, status: int = 200, **more: Any) -> HttpResponse:
    now = timezone.now()
    found = list(DeviceCommand.objects.filter(device=link.device).select_related("asked_by")[:MOST])
    try:
        spans = rule(now, link.device.region).body
    except NoRule:
        spans = None
    local = timezone.localtime(now)
    form = {"start": f"{local - timedelta(hours=24):%Y-%m-%dT%H:00}", "end": f"{local:%Y-%m-%dT%H:00}"}
    context = {
        "link": link,
        "rows": [{"row": row, "asked": asked_words(row), "answer": answer_words(row)} for row in found],
        "open": any(row.is_open for row in found),
        "kinds": [(kind, CommandKind(kind).label) for kind in words.KINDS[link.protocol]],
        "history": list(HISTORY.items()),
        "elements": [(one, element_words(one)) for one in elements_of(link)] if link.protocol == SL651 else (),
        "steps": list(STEPS.items()),
        "spans": spans,
        "form": form | {"kind": request.GET.get("kind", ""), "every_s": "10", "for_min": "30", "step_min": "60"},
        "tabs": tabs(request, "links"),
    } | more
    return render(request, "sensing/commands.html", context, status=status)


@require_POST
@needs(VERB)
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask something of a device."""
    link = _link(request, pk)
    form = {name: request.POST.get(name, "").strip() for name in FIELDS}
    given = {
        "start": _moment(form["start"]),
        "end": _moment(form["end"]),
        "of": form["of"],
        "element": form["element"],
        "step_min": _whole(form["step_min"]),
        "every_s": _whole(form["every_s"]),
        "for_s": (_whole(form["for_min"]) or 0) * 60,
        "words": form["words"],
        "urgent": bool(form["urgent"]),
    }
    try:
        ask(link.device, kind=form["kind"], arguments=given, actor=actor_of(request), now=timezone.now())
    except (services.Refused, NoRule) as refused:
        return _page(request, link, status=422, error=str(refused), form=form)
    messages.success(request, _("Handed over; its state stands in the list."))
    return redirect("sensing:commands", pk)


@require_POST
@needs(VERB)
def withdraw(request: HttpRequest, pk: int, command: int) -> HttpResponse:
    """Take back what was not sent yet."""
    link = _link(request, pk)
    row = DeviceCommand.objects.filter(device=link.device, pk=command).select_related("device__region").first()
    if row is None:
        raise Http404
    try:
        take_back(row, actor=actor_of(request), now=timezone.now())
    except services.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Taken back."))
    return redirect("sensing:commands", pk)


@require_POST
@needs(VERB)
def clocks(request: HttpRequest) -> HttpResponse:
    """Set the clocks of all devices of a protocol in the viewer's reach."""
    try:
        n = set_clocks(request.POST.get("protocol", ""), actor=actor_of(request), now=timezone.now())
    except (services.Refused, NoRule) as refused:
        messages.error(request, str(refused))
    else:
        said = ngettext("The clock of %(n)d device will be set.", "The clocks of %(n)d devices will be set.", n)
        messages.success(request, said % {"n": n})
    return redirect("sensing:links")


def _moment(text: str) -> Any:
    """A moment as the browser sends it, in the bureau's zone; None for what is none."""
    try:
        return forms.DateTimeField(required=False).clean(text)
    except forms.ValidationError:
        return None


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None
