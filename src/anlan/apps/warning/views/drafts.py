"""Our own warnings: written, read as they will read, handed on, issued by a second person."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.apps.warning import composing, gates, reading, rules
from anlan.apps.warning.forms import DraftForm, beginning, following, of_draft
from anlan.apps.warning.identity import own_sender
from anlan.apps.warning.models import Draft, DraftKind, DraftState, Message
from anlan.apps.warning.services import drafting
from anlan.apps.warning.services.errors import Refused
from anlan.apps.warning.views.common import page_of, show
from anlan.apps.warning.views.messages import get_message, info_lines
from anlan.apps.warning.words import LAYER_HINTS, LAYERS, of_finding
from anlan.environment import BadSetting
from anlan.formats import cap
from anlan.kernel.layers.queries import ground_bounds
from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.people.rights import holds, may, reach
from anlan.kernel.regions.scope import within


@require_safe
@needs("warning.see")
def listed(request: HttpRequest) -> HttpResponse:
    """Drafts, and what became of them."""
    paths = (*reach(request.user, "warning.draft"), *reach(request.user, "warning.issue"))
    rows = Draft.records.filter(within(paths)).select_related("region", "author", "issued_by", "message", "of")
    rows = rows.defer("region__boundary", "message__data", "message__shape", "message__verdict", "of__data", "of__shape", "of__verdict")  # fmt: skip  # noqa: E501
    state = request.GET.get("state", "")
    if state in DraftState.values:
        rows = rows.filter(state=state)
    return show(
        request, "drafts.html", "drafts", **page_of(request, rows), state=state, states=DraftState.choices,
        may_draft=holds(request.user, "warning.draft"), sender=_sender(), now=timezone.now(),
    )  # fmt: skip


def _sender() -> str:
    try:
        return own_sender()
    except BadSetting:
        return ""


def _draft(request: HttpRequest, pk: int) -> Draft:
    """A draft that the viewer may see; foreign and missing ones look the same."""
    row: Draft = get_object_or_404(
        Draft.records.select_related("region", "author", "proposed_by", "issued_by", "message", "of"), pk=pk
    )
    if not gates.draft(request.user, row):
        raise Http404
    return row


@require_http_methods(["GET", "HEAD", "POST"])
@needs("warning.draft")
def new(request: HttpRequest) -> HttpResponse:
    """A new warning."""
    return _form(request, None, beginning(timezone.now()), kind=DraftKind.ALERT, of=None)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("warning.draft")
def follow(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """An update or a cancellation of a warning of ours, worded beforehand."""
    message = get_message(request, pk)
    if not message.is_own or not hasattr(message, "draft"):
        raise Http404
    kinds = {"update": DraftKind.UPDATE, "cancel": DraftKind.CANCEL}
    initial = following(message, kinds[kind], timezone.now())
    return _form(request, None, initial, kind=kinds[kind], of=message)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("warning.draft")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Write over a draft; one that waited for its second person is a draft again."""
    row = _draft(request, pk)
    if row.state not in (DraftState.DRAFT, DraftState.PROPOSED):
        return redirect("warning:draft", pk=row.pk)
    return _form(request, row, of_draft(row), kind=DraftKind(row.kind), of=row.of)


def _form(request: HttpRequest, row: Draft | None, initial: dict[str, Any], *, kind: DraftKind, of: Message | None) -> HttpResponse:  # fmt: skip  # noqa: E501
    now = timezone.now()
    is_new = row is None and of is None
    form = DraftForm(request.POST or None, initial=initial, actor=actor_of(request), now=now, is_new=is_new)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                kept = drafting.write(
                    row, form.said(), kind=kind, of=of, exercise=bool(form.cleaned_data.get("exercise")),
                    actor=actor_of(request), now=now,
                )  # fmt: skip
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                return redirect("warning:draft", pk=kept.pk)
    return show(
        request, "draft_form.html", "drafts", status=status, form=form, row=row, kind=kind, of=of,
        bounds=ground_bounds(), levels=rules.levels(now),
        exercise=row.exercise if row is not None else of.exercise if of is not None else False,
    )  # fmt: skip


@require_safe
@needs("warning.see")
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft as it will read, what our own reader says of it, and whose move it is."""
    row = _draft(request, pk)
    if row.message is not None:
        return redirect("warning:message", pk=row.message_id)
    now = timezone.now()
    sender = _sender()
    alert, verdict = composing.preview(
        row, bureau=drafting.bureau_name(), references=drafting.references(row), sender=sender, now=now
    )
    known = rules.known(now)
    actor = actor_of(request)
    is_open = row.state in (DraftState.DRAFT, DraftState.PROPOSED)
    return show(
        request, "draft.html", "drafts", row=row, alert=alert, sender=sender,
        infos=[info_lines(info, known) for info in reading.in_order(alert.infos)],
        layers=[_layer(layer) for layer in verdict.layers], fine=all(layer.ok is not False for layer in verdict.layers),
        digest=composing.digest_of(row), bounds=ground_bounds(),
        is_writer=actor.pk in row.writers, is_open=is_open,
        may_draft=is_open and may(actor, "warning.draft", row.region),
        may_issue=row.state == DraftState.PROPOSED and may(actor, "warning.issue", row.region),
    )  # fmt: skip


def _layer(layer: cap.Layer) -> dict[str, Any]:
    findings = [
        {"words": of_finding({"code": one.code, "args": dict(one.args)}), "where": one.where, "blocks": one.blocks}
        for one in layer.findings
        if one.code != "unsigned"  # it is signed when it is issued
    ]
    return {"label": LAYERS[layer.name], "hint": LAYER_HINTS[layer.name], "ok": layer.ok, "findings": findings}


@require_POST
@needs("warning.see")
def act(request: HttpRequest, pk: int, do: str) -> HttpResponse:
    """Hand on, send back, discard, issue."""
    row = _draft(request, pk)
    actor, now = actor_of(request), timezone.now()
    try:
        if do == "propose":
            drafting.propose(row, actor=actor, now=now)
            messages.success(request, _("A second person can issue it now."))
        elif do == "back":
            drafting.send_back(row, reason=request.POST.get("reason", ""), actor=actor, now=now)
            messages.success(request, _("Sent back to its author."))
        elif do == "discard":
            drafting.discard(row, actor=actor, now=now)
            messages.success(request, _("Discarded."))
            return redirect("warning:drafts")
        else:
            message = drafting.issue(row, digest=request.POST.get("digest", ""), actor=actor, now=now)
            messages.success(request, _("Issued as %(name)s.") % {"name": message.identifier})
            return redirect("warning:message", pk=message.pk)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("warning:draft", pk=row.pk)
