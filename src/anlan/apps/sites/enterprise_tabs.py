"""Tabs that this room adds to archives: what needs attention, the assessment, units and chemicals in reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.sites import enterprise_queries as queries
from anlan.apps.sites.assessment_words import Reading, read
from anlan.apps.sites.declarations import CHEMICALS, ENTERPRISES, MAJOR_HAZARDS, UNITS
from anlan.apps.sites.models import Assessment, Chemical, Enterprise, MajorHazard, Unit
from anlan.kernel.people.rights import may
from anlan.kernel.registers.archive import rows_of_part
from anlan.kernel.registers.declarations import Register, Tab

#: Former assessments shown below the last one.
MOST_FORMER = 20


def tabs(register: Register, record: Any, viewer: Any) -> Iterator[Tab]:
    """What this room has to add to an archive."""
    if register is ENTERPRISES:
        yield Tab(
            "attention", _("Needs attention"), "sites/tabs/attention.html", panel=True, order=10,
            context=lambda: {"lines": list(attention(record))},
        )  # fmt: skip
    elif register is MAJOR_HAZARDS:
        kept = Assessment.objects.filter(installation=record)
        yield Tab(
            "assessment", _("Assessment"), "sites/tabs/assessment.html", panel=True, order=10, count=kept.count(),
            context=lambda: _assessment(record, viewer),
        )  # fmt: skip
        yield _part(UNITS, Unit.present.filter(installation=record), record, viewer, 12)
        inside = Unit.present.filter(installation=record).values("pk")
        yield _part(CHEMICALS, Chemical.present.filter(unit__in=inside), record, viewer, 14)
    elif register is UNITS:
        yield _part(CHEMICALS, Chemical.present.filter(unit=record), record, viewer, 12)


def _part(part: Register, rows: Any, record: Any, viewer: Any, order: int) -> Tab:
    """Records that belong here without being parts in the sense of the register; entered at their enterprise."""
    mine = part.rows(viewer).filter(pk__in=rows.values("pk"))
    return Tab(
        part.code, part.title, "registers/tabs/parts.html", count=mine.count(), panel=True, order=order,
        context=lambda: rows_of_part(part, mine, record, viewer) | {"may_edit": False},
    )  # fmt: skip


# --- what needs attention ---------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Line:
    """One thing to see to: words, where it leads, whether it is late."""

    words: str
    url: str
    late: bool = False


def attention(record: Enterprise) -> Iterator[Line]:
    """Licences, insurance and standardisation that end, differences in filings, ageing plant."""
    now = timezone.now()
    today = timezone.localdate(now)
    address = reverse("registers:archive", args=[ENTERPRISES.code, record.code])
    found = queries.licences_ending([record.pk], today, queries.renewal_days(now, record.region)).get(record.pk)
    if found is not None and found.ended:
        yield Line(_("Licences that ended: %(n)d") % {"n": found.ended}, f"{address}?tab=licence", late=True)
    if found is not None and found.ending:
        yield Line(_("Licences to be renewed by now: %(n)d") % {"n": found.ending}, f"{address}?tab=licence")
    for day, ended, ends in (
        (
            record.insured_until,
            _("The liability insurance ended on %(day)s"),
            _("The liability insurance ends on %(day)s"),
        ),
        (
            record.standardised_until,
            _("The standardisation ended on %(day)s"),
            _("The standardisation ends on %(day)s"),
        ),
    ):
        if day is not None and day < today:
            yield Line(ended % {"day": day.isoformat()}, address, late=True)
        elif day is not None and (day - today).days <= queries.LOOK_DAYS:
            yield Line(ends % {"day": day.isoformat()}, address)
    differing = MajorHazard.present.filter(enterprise=record, differs=True)
    for one in differing.order_by("pk")[:5]:
        words = _("%(name)s: the computed grade differs from the filing") % {"name": one.name}
        yield Line(
            words, reverse("registers:archive", args=[MAJOR_HAZARDS.code, one.code]) + "?tab=assessment", late=True
        )
    if ageing := Unit.present.filter(enterprise=record, ageing=True).count():
        yield Line(_("Ageing plant: %(n)d") % {"n": ageing}, f"{address}?tab=unit")


# --- the assessment ---------------------------------------------------------------------------------------------------
def _assessment(record: MajorHazard, viewer: Any) -> Mapping[str, Any]:
    kept = list(Assessment.objects.filter(installation=record).select_related("by")[: MOST_FORMER + 1])
    readings: list[Reading] = [read(one) for one in kept]
    return {
        "record": record,
        "last": readings[0] if readings else None,
        "former": readings[1:],
        "may_edit": may(viewer, MAJOR_HAZARDS.edit, record.region),
    }
