"""One case: what happened, what is due, what proves it; the same page at a desk and on a phone."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anlan.kernel.cases import queries as case_queries
from anlan.kernel.cases import registry, services
from anlan.kernel.cases.errors import CaseError
from anlan.kernel.cases.models import Case
from anlan.kernel.chains import timeline
from anlan.kernel.clocks.queries import clocks_of
from anlan.kernel.desks import sources
from anlan.kernel.evidence import queries as evidence_queries
from anlan.kernel.evidence import services as evidence
from anlan.kernel.people.models import Department
from anlan.kernel.people.rights import NotAllowed, may
from anlan.kernel.web.refs import ref_of


def _case(request: HttpRequest, number: str) -> Case:
    found = (
        Case.objects.for_actor(request.user, "case.see", exercise=None)
        .select_related("region", "chain", "unit", "assignee")
        .filter(number=number)
        .first()
    )
    if found is None:
        raise Http404
    return found  # type: ignore[no-any-return]


def _page(request: HttpRequest, case: Case, *, status: int = 200, typed: dict[str, str] | None = None) -> HttpResponse:
    workflow = registry.get(case.kind)
    ref = ref_of(case)
    steps = services.available(case, request.user)
    shown = list(evidence_queries.of(ref))
    context: dict[str, Any] = {
        "case": case,
        "workflow": workflow,
        "state": workflow.state_label(case.state),
        "clocks": list(clocks_of(ref)),
        "steps": [(step, case_queries.missing_proof(case, step)) for step in steps],
        "evidence": shown,
        "proof_roles": case_queries.proof_roles(workflow),
        "timeline": list(reversed(timeline.of(case.chain, request.user))),
        "units": sources.units_for(request.user, "case.assign", case.region)
        if any(step.names_unit for step in steps)
        else (),
        "may_prove": case.closed_at is None and may(request.user, "case.work", case.region),
        "may_extend": case.closed_at is None and may(request.user, "case.extend", case.region),
        "typed": typed or {},
    }
    return render(request, "desks/case.html", context, status=status)


def case(request: HttpRequest, number: str) -> HttpResponse:
    return _page(request, _case(request, number))


@require_POST
def act_on(request: HttpRequest, number: str, do: str) -> HttpResponse:
    """Take one step; what was typed stays on the page when the step is refused."""
    found = _case(request, number)
    note = request.POST.get("note", "").strip()
    unit = None
    if code := request.POST.get("unit", ""):
        unit = Department.objects.filter(code=code).first()
    try:
        revision = int(request.POST.get("revision", ""))
    except ValueError:
        revision = -1
    try:
        services.act(found, do, actor=request.user, now=timezone.now(), note=note, revision=revision, unit=unit)
    except (CaseError, NotAllowed) as refused:
        messages.error(request, str(refused))
        found.refresh_from_db()
        return _page(request, found, status=422, typed={do: note})
    messages.success(request, _("Done: %(what)s") % {"what": registry.get(found.kind).step(do).label})
    return redirect("desks:case", number=number)


@require_POST
def add_proof(request: HttpRequest, number: str) -> HttpResponse:
    """Keep one or several photos or files as proof of this case."""
    found = _case(request, number)
    role = request.POST.get("role", "")
    files = request.FILES.getlist("file")
    allowed = {code for code, _label in case_queries.proof_roles(registry.get(found.kind))}
    if found.closed_at is not None or not may(request.user, "case.work", found.region):
        messages.error(request, _("You may not add proof to this case."))
        return _page(request, found, status=403)
    if role not in allowed or not files:
        messages.error(request, _("Choose a photo or file, and what it shows."))
        return _page(request, found, status=422)
    kept = 0
    for file in files:
        try:
            evidence.keep(
                file=file,
                name=file.name or "",
                ref=ref_of(found),
                role=role,
                region=found.region,
                actor=request.user,
                now=timezone.now(),
            )
            kept += 1
        except (evidence.Refused, ValidationError) as refused:
            messages.error(request, f"{file.name}: {refused}")
    if kept < len(files):
        return _page(request, found, status=422)
    messages.success(request, _("Saved on the server: %(n)s") % {"n": kept})
    return redirect("desks:case", number=number)


@require_POST
def extend_case(request: HttpRequest, number: str) -> HttpResponse:
    found = _case(request, number)
    reason = request.POST.get("reason", "").strip()
    try:
        days = int(request.POST.get("days", ""))
    except ValueError:
        days = 0
    try:
        services.extend(found, days, actor=request.user, now=timezone.now(), reason=reason)
    except (CaseError, NotAllowed) as refused:
        messages.error(request, str(refused))
        return _page(request, found, status=422)
    messages.success(request, _("The clock has been extended."))
    return redirect("desks:case", number=number)
