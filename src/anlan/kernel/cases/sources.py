"""What cases tell of a chain: each step with who, the clock it ran against, and the proof that was handed in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.kernel.cases import registry
from anlan.kernel.cases.models import Case, Trail
from anlan.kernel.cases.proofs import label_of
from anlan.kernel.cases.telling import act_label
from anlan.kernel.chains.models import Chain
from anlan.kernel.chains.sources import allowed_words, rule_fields, used_words
from anlan.kernel.chains.timeline import Proof, Step
from anlan.kernel.clocks.models import Clock
from anlan.kernel.clocks.queries import clocks_of_all
from anlan.kernel.evidence.models import Evidence
from anlan.kernel.regions.scope import reach, within


def of_chain(chain: Chain, viewer: Any) -> Iterator[Step]:
    """Steps of every case of the chain that the viewer may see."""
    rows = Case.records.filter(chain=chain).filter(within(reach(viewer, "case.see"))).order_by("opened_at", "id")
    cases = list(rows.select_related("unit"))
    refs = [f"case:{case.pk}" for case in cases]
    clocks = clocks_of_all(refs)
    trails: dict[int, list[Trail]] = {}
    for row in Trail.objects.filter(case__in=cases).select_related("actor").order_by("at", "id"):
        trails.setdefault(row.case_id, []).append(row)
    proofs: dict[str, list[Evidence]] = {}
    for item in Evidence.objects.filter(ref__in=refs).select_related("blob", "by").order_by("at", "id"):
        proofs.setdefault(item.ref, []).append(item)
    for case in cases:
        ref = f"case:{case.pk}"
        yield from _of_case(case, trails.get(case.pk, []), clocks.get(ref, []), proofs.get(ref, []))


def _of_case(case: Case, trail: list[Trail], clocks: list[Clock], evidence: list[Evidence]) -> Iterator[Step]:
    workflow = registry.get(case.kind)
    left = list(evidence)
    for row in trail:
        handed, left = _up_to(row, left)
        yield Step(
            at=row.at,
            title=f"{act_label(workflow, row.do)}: {case.title}" if row.do == "open" else act_label(workflow, row.do),
            detail=" · ".join(part for part in (case.number, _given_to(row), row.note) if part),
            who=row.actor.name,
            proofs=tuple(_proof(item) for item in handed),
            mark="decision",
            order=3,
            **_clock(row, case, clocks),
        )
    for item in left:  # added after the last step: not handed in yet
        yield Step(
            at=item.at,
            title=_("Proof added: %(what)s") % {"what": label_of(item.role)},
            detail=case.number,
            who=item.by.name,
            proofs=(_proof(item),),
            order=3,
        )


def _up_to(row: Trail, evidence: list[Evidence]) -> tuple[list[Evidence], list[Evidence]]:
    """What was added before a step belongs to it, the rest to a later one."""
    return [item for item in evidence if item.at <= row.at], [item for item in evidence if item.at > row.at]


def _given_to(row: Trail) -> str:
    return _("given to %(unit)s") % {"unit": row.data["unit"]} if row.data.get("unit") else ""


def _proof(item: Evidence) -> Proof:
    kind = "photo" if item.blob.mime.startswith("image/") else "file"
    return Proof(label_of(item.role), reverse("evidence:file", args=[item.pk]), kind)


def _clock(row: Trail, case: Case, clocks: list[Clock]) -> dict[str, Any]:
    """The clock that a step started or stopped, with the rule that set it; nothing for the steps between."""
    if row.do == "open":
        clock = next((one for one in clocks if one.started_at == row.at), None)
        return {} if clock is None else {"clock_label": allowed_words(clock), **rule_fields(clock.entry)}
    clock = next((one for one in clocks if one.stopped_at == row.at), None)
    if clock is None:
        return {}
    return {
        "clock_label": allowed_words(clock),
        "clock_used": used_words(clock, row.at),
        "late": row.at > clock.due,
        **rule_fields(clock.entry),
    }
