"""The chain page: one chain told from its first reading to its close, with rule, clock and proof of each step."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from anlan.kernel.audit import queries as audit
from anlan.kernel.cases.models import Trail
from anlan.kernel.chains import timeline
from anlan.kernel.chains.models import Chain
from anlan.kernel.clocks.models import Clock
from anlan.kernel.evidence.models import Evidence
from anlan.kernel.people.rights import may
from anlan.kernel.sensing.models import Alarm


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of the bar under the title; `at` is None while it has not come."""

    label: str | Promise
    at: datetime | None


def _stages(chain: Chain, alarms: list[Alarm], trail: list[Trail]) -> list[Stage]:
    def first(do: str) -> datetime | None:
        return next((step.at for step in trail if step.do == do), None)

    answered = [alarm.acknowledged_at for alarm in alarms if alarm.acknowledged_at]
    return [
        Stage(_("Noticed"), min((alarm.raised_at for alarm in alarms), default=chain.opened_at)),
        Stage(_("Answered"), min(answered, default=None)),
        Stage(_("Case opened"), first("open")),
        Stage(_("Taken up"), first("accept")),
        Stage(_("Proof handed in"), first("submit")),
        Stage(_("Closed"), chain.closed_at),
    ]


def chain(request: HttpRequest, number: str) -> HttpResponse:
    rows = Chain.objects.for_actor(request.user, "chain.see", exercise=None).select_related("region", "merged_into")
    found = rows.filter(number=number).first()
    if found is None:
        raise Http404
    if found.merged_into:
        return redirect("desks:chain", number=found.merged_into.number)
    steps = timeline.of(found, request.user)
    alarms = list(Alarm.records.filter(chain=found).select_related("point"))
    trail = list(Trail.objects.filter(case__chain=found).order_by("at", "pk"))
    clocks = list(Clock.objects.filter(chain_id=found.pk).select_related("entry"))
    stages = _stages(found, alarms, trail)
    cases = list(found.cases.select_related("unit"))
    context: dict[str, Any] = {
        "chain": found,
        "steps": steps,
        "first": steps[0].at if steps else found.opened_at,
        "stages": stages,
        "current": next((i for i, stage in enumerate(stages) if stage.at is None), len(stages) - 1),
        "clocks": clocks,
        "late": sum(1 for clock in clocks if (clock.stopped_at or clock.due) > clock.due),
        "people": Counter(step.who for step in steps if step.who).most_common(8),
        "cases": cases,
        "alarms": alarms,
        "proofs": Evidence.objects.filter(ref__in=[f"case:{case.pk}" for case in cases]).count(),
        "seal": audit.seal_of([f"chain:{found.pk}", *(f"case:{case.pk}" for case in cases)]),
        "sees_map": may(request.user, "alarm.see", found.region),
    }
    return render(request, "desks/chain.html", context)


def chains(request: HttpRequest) -> HttpResponse:
    exercise = request.GET.get("exercise") == "1"
    rows = Chain.objects.for_actor(request.user, "chain.see", exercise=exercise).select_related("region")
    if text := request.GET.get("q", "").strip():
        rows = rows.filter(number__icontains=text) | rows.filter(title__icontains=text)
    page = Paginator(rows.order_by("-opened_at", "-pk"), 50).get_page(request.GET.get("page"))
    return render(request, "desks/chains.html", {"page": page, "q": text, "exercise": exercise})
