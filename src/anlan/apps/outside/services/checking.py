"""Send somebody to see what is hot there (核查): hotspots become the cause of a case that a unit handles and proves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.outside.models import Hotspot
from anlan.kernel.audit import services as audit
from anlan.kernel.cases import registry
from anlan.kernel.cases import services as cases
from anlan.kernel.cases.models import Case
from anlan.kernel.chains import services as chains
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.rights import require
from anlan.kernel.rulebook import queries as rulebook
from anlan.kernel.web.events import publish
from anlan.kernel.web.refs import ref_of

#: The handling order: a unit goes, proves with a photo what it found, and the duty desk checks.
WORKFLOW = "alarm.handle"


class Refused(ValueError):
    """A check cannot be ordered now; says why in words for the person who asked."""


def can_be_checked() -> bool:
    """Whether an installed room handles such cases."""
    return any(one.kind == WORKFLOW for one in registry.all_workflows())


@transaction.atomic
def order_check(
    spots: Sequence[Hotspot], *, unit: Department, level: int, actor: User, now: datetime, note: str = ""
) -> Case:
    """Open one case for hotspots of one fire, led by the first, and give it to a unit.

    level  1 red … 4 blue, as the person judges; its clock is that of the level

    Raises NotAllowed without case.open at each of them; Refused when one has a case already or the unit cannot take
    it.
    """
    if not spots:
        raise Refused(_("Choose a hotspot first."))
    rows = {
        row.pk: row
        for row in Hotspot.records.select_for_update(of=("self",))
        .select_related("region", "case")
        .filter(pk__in=[spot.pk for spot in spots])
    }
    lead = rows[spots[0].pk]
    for row in rows.values():
        require(actor, "case.open", row.region)
        if row.case is not None:
            raise Refused(_("%(number)s checks this hotspot already.") % {"number": row.case.number})
    if level not in (1, 2, 3, 4) or not can_be_checked():
        raise Refused(_("A check cannot be ordered here; call the duty desk."))
    title = _("Check a hotspot: %(place)s") % {"place": lead.region.name}
    chain = chains.open_chain(
        "hotspot", title=title, region=lead.region, now=now, actor=actor, level=level, lon=lead.lon, lat=lead.lat,
        prefix="HS",
    )  # fmt: skip
    for row in rows.values():
        chains.link(chain, "", ref_of(row), now=now)
    try:
        case = cases.open_case(
            registry.get(WORKFLOW), region=lead.region, title=title, level=level, chain=chain, unit=unit, now=now,
            actor=actor, cause=ref_of(lead), clock=_clock(level, lead, now), note=note or _where(lead),
        )  # fmt: skip
    except cases.CaseError as refused:
        raise Refused(str(refused)) from refused
    for row in rows.values():
        chains.link(chain, ref_of(row), ref_of(case), now=now)
        row.case = case
        row.save(update_fields=("case",))
        audit.record(
            actor=actor, verb="outside.check", obj=row, region=row.region, after={"case": case.number}, now=now
        )
    publish("outside.hotspots", region=lead.region, verb="outside.see", at=now, data={"n": len(rows)})
    return case


def _clock(level: int, lead: Hotspot, now: datetime) -> str:
    """The clock of the level; none where the rulebook has none: the case is opened all the same."""
    code = f"alarm.handle.{level}"
    try:
        rulebook.lookup("clock", code, at=now, region=lead.region)
    except rulebook.NoRule:
        return ""
    return code


def _where(lead: Hotspot) -> str:
    return _("Satellite %(satellite)s saw something hot at %(lon)s, %(lat)s; the pixel is up to %(km)s km wide.") % {
        "satellite": lead.satellite,
        "lon": f"{lead.lon:.4f}",
        "lat": f"{lead.lat:.4f}",
        "km": f"{max(lead.scan or 1.0, lead.track or 1.0):.1f}",
    }
