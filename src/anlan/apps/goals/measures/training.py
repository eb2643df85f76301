"""Training, drills, campaigns, and what leaders of enterprises do themselves."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.apps.goals.measures import enforcement, prevention, units
from anlan.kernel.indicators.declarations import Better, Indicator, Input, Kind, declare, declare_input
from anlan.kernel.indicators.formulas import lowest_share, ratio, share

GROUP = _("Training and drills")


def _figure(code: str, title: Any, unit: Any, giver: Any = units.TRAINING, *, flow: bool = True) -> None:
    declare_input(Input(code, title, unit, giver, flow=flow))


_figure("grid_workers", _("Grid workers"), units.PEOPLE, units.TOWNS, flow=False)
_figure("grid_trained", _("Grid workers trained"), units.PEOPLE, units.TOWNS)
_figure("principals", _("Principals who need training"), units.PEOPLE, flow=False)
_figure("principals_trained", _("Principals with valid training"), units.PEOPLE, flow=False)
_figure("managers", _("Safety managers who need training"), units.PEOPLE, flow=False)
_figure("managers_trained", _("Safety managers with valid training"), units.PEOPLE, flow=False)
_figure("operators", _("Special operators who need training"), units.PEOPLE, flow=False)
_figure("operators_trained", _("Special operators with valid training"), units.PEOPLE, flow=False)
_figure("campaigns", _("Safety campaigns of townships"), units.TIMES, units.TOWNS)
_figure("principal_checks", _("Full inspections led by principals of high-risk enterprises"), units.TIMES, units.SAFETY)
_figure("safety_meetings", _("Work-safety study meetings of high-risk enterprises"), units.TIMES, units.SAFETY)
_figure("drills", _("Emergency drills of high-risk enterprises"), units.TIMES, units.SAFETY)
_figure("exam_sites", _("Sites of training and exams"), units.PLACES, flow=False)
_figure("exam_sites_live", _("Sites of training and exams monitored live"), units.PLACES, flow=False)

declare(Indicator(
    "WS16", _("Grid-worker annual training rate"), units.PERCENT, Better.HIGHER, Kind.RATE,
    _("grid workers trained / grid workers × 100"), ("grid_trained", "grid_workers"),
    share("grid_trained", "grid_workers"), GROUP,
))  # fmt: skip

declare(Indicator(
    "WS18", _("Training rate of three key categories"), units.PERCENT, Better.HIGHER, Kind.LEVEL,
    _("people with valid training / people who need it × 100, of the category that is lowest"),
    ("principals_trained", "principals", "managers_trained", "managers", "operators_trained", "operators"),
    lowest_share(("principals_trained", "principals"), ("managers_trained", "managers"), ("operators_trained",
    "operators")),
    GROUP, note=_("Principals, safety managers and special operators; each is to reach the target."),
))  # fmt: skip

declare(Indicator(
    "WS19", _("Safety campaigns per township"), units.TIMES, Better.HIGHER, Kind.FLOW,
    _("safety campaigns / townships"), ("campaigns", enforcement.TOWNSHIPS), ratio("campaigns", enforcement.TOWNSHIPS),
    GROUP, levels=enforcement.WITH_TOWNS,
))  # fmt: skip

for code, title, formula, above, parts in (
    (
        "WS65", _("Principal-led full inspection"),
        _("inspections led by principals / high-risk enterprises / 12 months"), "principal_checks", 12,
    ),
    (
        "WS66", _("Safety work study meeting"), _("study meetings / high-risk enterprises / 4 quarters"),
        "safety_meetings", 4,
    ),
    ("WS67", _("Emergency drills"), _("drills / high-risk enterprises / 2 half-years"), "drills", 2),
):  # fmt: skip
    declare(Indicator(
        code, title, {12: _("times/month"), 4: _("times/quarter"), 2: _("times/half-year")}[parts], Better.HIGHER,
        Kind.FLOW, formula, (above, prevention.HIGH_RISK), ratio(above, prevention.HIGH_RISK, 1 / parts), GROUP,
        digits=2,
        note=_("A mean over the enterprises and the whole year: a single one may still fall short."),
    ))  # fmt: skip

declare(Indicator(
    "WS70", _("Live monitoring of training and exams"), units.PERCENT, Better.HIGHER, Kind.LEVEL,
    _("sites monitored live / sites of training and exams × 100"), ("exam_sites_live", "exam_sites"),
    share("exam_sites_live", "exam_sites"), GROUP,
))  # fmt: skip
