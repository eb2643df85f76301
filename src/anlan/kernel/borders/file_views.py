"""Sending a file of boundaries or codes, its report, and the decision about it."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.formats.coordinates import SYSTEMS
from anlan.kernel.borders import intakes
from anlan.kernel.borders.models import Intake, Kind, State
from anlan.kernel.borders.services import Refused
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, holds

#: Words for what becomes of a line or feature.
OUTCOMES = {
    "new": gettext_lazy("New"),
    "replaced": gettext_lazy("Replaced"),
    "renamed": gettext_lazy("Changed"),
    "same": gettext_lazy("As it is"),
    "unmatched": gettext_lazy("No such region"),
    "twice": gettext_lazy("Stands twice"),
    "unusable": gettext_lazy("No usable area"),
    "forbidden": gettext_lazy("Outside of your posts"),
    "bad": gettext_lazy("Malformed code or no name"),
    "ended": gettext_lazy("Code was given up"),
    "orphan": gettext_lazy("No place above it"),
}


def _guard(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    if not holds(request.user, "region.manage"):
        raise NotAllowed("region.manage")
    return request.user


@require_http_methods(["GET", "HEAD", "POST"])
def files(request: HttpRequest) -> HttpResponse:
    """Send a file; those that came before."""
    actor = _guard(request)
    error = ""
    if request.method == "POST":
        sent = request.FILES.get("file")
        if not isinstance(sent, UploadedFile) or (sent.size or 0) > intakes.MOST_BYTES:
            error = _("Choose a file of at most 20 MB.")
        else:
            try:
                intake = intakes.receive(
                    kind=request.POST.get("kind", ""), name=sent.name or "", content=sent.read(),
                    system=request.POST.get("system", ""), actor=actor, now=timezone.now(),
                )  # fmt: skip
            except Refused as refused:
                error = str(refused)
            else:
                return redirect("borders:file", intake.pk)
    context = {
        "error": error,
        "kinds": Kind.choices,
        "kind": request.POST.get("kind") or request.GET.get("kind") or Kind.BOUNDARIES,
        "systems": SYSTEMS,
        "system": request.POST.get("system", ""),
        "rows": Intake.objects.defer("content").select_related("by")[:50],
    }
    return render(request, "borders/files.html", context, status=422 if error else 200)


@require_safe
def file(request: HttpRequest, pk: int) -> HttpResponse:
    """What was found in a file, line by line."""
    _guard(request)
    intake = get_object_or_404(Intake.objects.defer("content").select_related("by"), pk=pk)
    counts = [(OUTCOMES.get(code, code), n) for code, n in intake.report.get("counts", {}).items()]
    rows = [{**row, "words": OUTCOMES.get(row["outcome"], row["outcome"])} for row in intake.report.get("rows", [])]
    context = {
        "intake": intake,
        "counts": counts,
        "rows": rows,
        "notes": intake.report.get("notes", []),
        "lacking": intake.report.get("lacking", []),
        "far": intake.report.get("far", 0),
        "mended": intake.report.get("mended", 0),
        "is_table": intake.kind == Kind.TABLE,
        "open": intake.state == State.READ,
        "changes": sum(intake.report.get("counts", {}).get(code, 0) for code in ("new", "replaced", "renamed")),
        "today": timezone.localdate(),
    }
    return render(request, "borders/file.html", context)


@require_POST
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    actor = _guard(request)
    intake = get_object_or_404(Intake, pk=pk)
    try:
        text = request.POST.get("on", "").strip()
        on = date.fromisoformat(text) if text else None
        n = intakes.put_in_force(intake, on=on, actor=actor, now=timezone.now())
    except ValueError as refused:  # Refused is one of them
        messages.error(request, str(refused) if isinstance(refused, Refused) else _("Write the day as 2026-01-31."))
    else:
        messages.success(request, ngettext("%(n)d place changed.", "%(n)d places changed.", n) % {"n": n})
    return redirect("borders:file", intake.pk)


@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    actor = _guard(request)
    intake = get_object_or_404(Intake, pk=pk)
    try:
        intakes.drop(intake, actor=actor, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("borders:files")
