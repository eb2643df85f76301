"""Enforcement: officers, cases, fines, inspections, investigations."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.apps.goals.measures import units
from anlan.kernel.indicators.declarations import Better, Indicator, Input, Kind, declare, declare_input
from anlan.kernel.indicators.formulas import plain, ratio, share
from anlan.kernel.regions.models import Level

GROUP = _("Enforcement")
#: Places in which there are townships to count.
WITH_TOWNS = (Level.CITY, Level.COUNTY, Level.TOWN)

TOWNSHIPS = "townships"
declare_input(Input(TOWNSHIPS, _("Townships"), units.PLACES, flow=False, level=Level.TOWN))


def _figure(code: str, title: Any, unit: Any, giver: Any = units.ENFORCEMENT, *, flow: bool = True) -> None:
    declare_input(Input(code, title, unit, giver, flow=flow))


def _share(
    code: str, title: Any, formula: Any, above: str, below: str, *, note: Any = "", levels: tuple[str, ...] = ()
) -> None:
    declare(Indicator(
        code, title, units.PERCENT, Better.HIGHER, Kind.RATE, formula, (above, below), share(above, below), GROUP,
        note=note, levels=levels,
    ))  # fmt: skip


_figure("officers_certified", _("Certified enforcement officers of townships"), units.PEOPLE, flow=False)
_figure("towns_own_cases", _("Townships with a case of their own"), units.PLACES, flow=False)
_figure("cases_enforced", _("Enforcement cases"), units.CASES)
_figure("cases_on_platform", _("Enforcement cases run on platform and terminals"), units.CASES)
_figure("fines", _("Fines"), units.YUAN_1E4)
_figure("fines_no_accident", _("Fines not triggered by an accident"), units.YUAN_1E4)
_figure("investigations_closed", _("Accident investigations closed"), units.CASES)
_figure("investigations_reviewed", _("Accident investigations reviewed"), units.CASES)
_figure("inspections", _("Inspections carried out"), units.TIMES)
_figure("squads_resident", _("Resident enforcement squads"), units.PIECES, flow=False)
_figure("reports_approved", _("Accident reports whose measures are due to be evaluated"), units.CASES)
_figure("reports_evaluated", _("Accident reports whose measures were evaluated within a year"), units.CASES)

declare(Indicator(
    "WS13", _("Certified enforcement officers per township"), units.PEOPLE, Better.HIGHER, Kind.LEVEL,
    _("certified officers of townships / townships"), ("officers_certified", TOWNSHIPS),
    ratio("officers_certified", TOWNSHIPS), GROUP, levels=WITH_TOWNS,
))  # fmt: skip
_share(
    "WS14", _("Townships handling own cases"), _("townships with at least one case of their own / townships × 100"),
    "towns_own_cases", TOWNSHIPS, levels=WITH_TOWNS,
    note=_("The plan does not define it; townships with a case of their own are counted."),
)  # fmt: skip
_share(
    "WS15", _("Use of enforcement platform and smart terminals"),
    _("cases run on platform and terminals / all enforcement cases × 100"), "cases_on_platform", "cases_enforced",
)  # fmt: skip
_share(
    "WS26", _("Share of fines not triggered by an accident"), _("fines not triggered by an accident / all fines × 100"),
    "fines_no_accident", "fines",
)  # fmt: skip
_share(
    "WS27", _("Accident-investigation spot review rate"), _("investigations reviewed / investigations closed × 100"),
    "investigations_reviewed", "investigations_closed",
)  # fmt: skip
_share(
    "WS69", _("Post-accident measure evaluations done"),
    _("reports whose measures were evaluated within a year / reports due × 100"), "reports_evaluated",
    "reports_approved",
)  # fmt: skip
declare(Indicator(
    "WS28", _("Planned inspections"), units.TIMES, Better.HIGHER, Kind.FLOW, _("inspections carried out in the year"),
    ("inspections",), plain("inspections"), GROUP, digits=0,
))  # fmt: skip
declare(Indicator(
    "WS68", _("Resident enforcement squads"), units.PIECES, Better.HIGHER, Kind.LEVEL, _("squads at the year's end"),
    ("squads_resident",), plain("squads_resident"), GROUP, digits=0,
))  # fmt: skip
