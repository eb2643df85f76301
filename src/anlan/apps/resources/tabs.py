"""What resources add to archives: stock, openings, requisitions, the reach of a station, the norm of a team."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.resources.models import FireStation, Machine, Opening, Requisition, Reserve, Shelter, Store, Team
from anlan.apps.resources.queries import norms, reach, shelters, stock
from anlan.apps.resources.services.records import STANDINGS
from anlan.kernel.people.rights import may
from anlan.kernel.registers.declarations import Register, Tab
from anlan.kernel.rulebook.queries import NoRule
from anlan.science.norms import Norm


def tabs_of(_register: Register, record: Any, viewer: Any) -> Iterator[Tab]:
    """The tabs of one record."""
    if isinstance(record, Store):
        rows = stock.of_store(record)
        yield Tab(
            "stock", _("Stock"), "resources/tab_stock.html", count=len(rows), panel=True, order=30,
            context=lambda: {
                "rows": [{"row": row, "state": row.state(timezone.localdate())} for row in rows], "record": record,
            },
        )  # fmt: skip
    elif isinstance(record, Shelter):
        openings = Opening.records.filter(shelter=record)
        yield Tab(
            "openings", _("Openings"), "resources/tab_openings.html", count=openings.count(), panel=True, order=30,
            context=lambda: {
                "rows": list(openings.select_related("opened_by")[:50]), "room": _room(record), "record": record,
                "running": openings.filter(closed_at=None).first(),
                "may_open": may(viewer, "shelter.open", record.region),
            },
        )  # fmt: skip
    elif isinstance(record, Machine | Reserve):
        field = "machine" if isinstance(record, Machine) else "reserve"
        found = Requisition.records.filter(**{field: record})
        yield Tab(
            "requisitions", _("Requisitions"), "resources/tab_requisitions.html", count=found.count(), panel=True,
            order=30,
            context=lambda: {
                "rows": list(found.select_related("ordered_by")[:50]), "record": record, "kind": field,
                "may_order": may(viewer, "requisition.order", record.region),
            },
        )  # fmt: skip
    elif isinstance(record, FireStation):
        yield Tab(
            "reach", _("Reach"), "resources/tab_reach.html", panel=True, order=30, context=lambda: _reach(record)
        )  # fmt: skip
    elif isinstance(record, Team):
        yield Tab(
            "norm", _("Against the norm"), "resources/tab_norm.html", panel=True, order=15,
            context=lambda: _norm(record),
        )  # fmt: skip


def _room(shelter: Shelter) -> dict[str, Any] | None:
    try:
        places, entry = shelters.places_in(shelter, timezone.now())
    except NoRule:
        return None
    return {"places": places, "entry": entry, "space": entry.body["m2_per_person"], "days": entry.body["days_most"],
            "radius": entry.body["radius_km"]}  # fmt: skip


def _reach(station: FireStation) -> dict[str, Any]:
    now = timezone.now()
    far = reach.radius(now)
    rule = reach.area_rule(station, now)
    if far is None or station.lon is None:
        return {"picture": None, "rule": rule, "record": station}
    found = reach.picture([station], reach.villages_of_county(), far)
    near = sorted((one for one in found.villages if one.km is not None), key=lambda one: one.km or 0)
    return {"picture": found, "near": near[:40], "rule": rule, "record": station, "inside": [o for o in near if o.by]}


def _norm(team: Team) -> dict[str, Any]:
    found = norms.team_standing(team, timezone.now())
    if found is None:
        return {"entry": None, "record": team}
    entry, how = found
    norm = Norm.of(entry.body)
    return {"entry": entry, "words": STANDINGS[how](), "norm": norm, "record": team,
            "missing": max((norm.least or 0) - team.members, 0)}  # fmt: skip
