"""Accidents and deaths: at work, by fire, on the road, in construction."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.apps.goals.measures import units
from anlan.kernel.indicators.declarations import Better, Indicator, Input, Kind, declare, declare_input
from anlan.kernel.indicators.formulas import both_fall, fall, plain, ratio

GROUP = _("Accidents and deaths")


def _figure(code: str, title: Any, unit: Any, giver: Any, *, flow: bool = True) -> None:
    declare_input(Input(code, title, unit, giver, flow=flow))


_figure("accidents", _("Work accidents"), units.CASES, units.SAFETY)
_figure("deaths", _("Deaths in work accidents"), units.PEOPLE, units.SAFETY)
_figure("accidents_larger", _("Work accidents of larger grade or above"), units.CASES, units.SAFETY)
_figure("accidents_major", _("Work accidents of major grade or above"), units.CASES, units.SAFETY)
_figure("deaths_trades", _("Deaths in industry, mining and commerce"), units.PEOPLE, units.SAFETY)
_figure(
    "employees_trades",
    _("People employed in industry, mining and commerce"),
    units.PEOPLE,
    units.STATISTICS,
    flow=False,
)
_figure("accidents_all", _("Accidents of all kinds"), units.CASES, units.SAFETY)
_figure("deaths_all", _("Deaths in accidents of all kinds"), units.PEOPLE, units.SAFETY)
_figure("deaths_fire", _("Deaths in fires"), units.PEOPLE, units.FIRE)
_figure("deaths_road", _("Deaths in road traffic"), units.PEOPLE, units.TRAFFIC)
_figure("vehicles", _("Registered motor vehicles"), units.PIECES, units.TRAFFIC, flow=False)
_figure("deaths_construction", _("Deaths in construction"), units.PEOPLE, units.HOUSING)
_figure("workers_construction", _("Construction workers"), units.PEOPLE, units.HOUSING, flow=False)
_figure("gdp", _("Gross domestic product"), units.YUAN_1E8, units.STATISTICS)
_figure("population", _("Resident population"), units.PEOPLE, units.STATISTICS, flow=False)

_AGAINST_BEFORE = _(
    "Measured against the year before; while the year runs, its numbers so far stand against a whole year."
)

for code, title, needs in (
    ("WS01", _("Reduction of work-accident deaths"), "deaths"),
    ("WS02", _("Reduction of work-accident count"), "accidents"),
    ("WS22", _("Reduction of accident count (all kinds)"), "accidents_all"),
    ("WS23", _("Reduction of accident deaths (all kinds)"), "deaths_all"),
):
    declare(Indicator(
        code, title, units.PERCENT, Better.HIGHER, Kind.RATE,
        _("(number of the year before − number of the year) / number of the year before × 100"),
        (needs,), fall(needs), GROUP, note=_AGAINST_BEFORE,
    ))  # fmt: skip

for code in ("WS03", "WS50"):
    declare(Indicator(
        code, _("Work-accident deaths per 100 million yuan GDP"), _("people/100 million yuan"), Better.LOWER, Kind.RATE,
        _("deaths in work accidents / GDP in 100 million yuan"), ("deaths", "gdp"), ratio("deaths", "gdp"), GROUP,
        digits=4,
    ))  # fmt: skip

for code in ("WS04", "WS53"):
    declare(Indicator(
        code, _("Industrial/mining/commercial deaths per 100k employees"), _("people/100,000"), Better.LOWER, Kind.RATE,
        _("deaths in industry, mining and commerce / people employed there × 100,000"),
        ("deaths_trades", "employees_trades"), ratio("deaths_trades", "employees_trades", 100_000), GROUP, digits=2,
    ))  # fmt: skip

for code, title in (
    ("WS05", _("Accidents of larger-or-above grade")),
    ("WS62", _("Larger-and-above work accidents")),
):
    declare(Indicator(
        code, title, units.CASES, Better.LOWER, Kind.FLOW,
        _(
            "accidents with 3 deaths or more, or 10 seriously injured or more, or a direct loss of 10 million yuan "
            "or more"
        ),
        ("accidents_larger",), plain("accidents_larger"), GROUP, digits=0,
    ))  # fmt: skip

declare(Indicator(
    "WS24", _("Major accidents"), units.CASES, Better.LOWER, Kind.FLOW, _("accidents with 10 deaths or more"),
    ("accidents_major",), plain("accidents_major"), GROUP, digits=0,
))  # fmt: skip

declare(Indicator(
    "WS47", _("Fire deaths per 100k population"), _("people/100,000"), Better.LOWER, Kind.RATE,
    _("deaths in fires / resident population × 100,000"), ("deaths_fire", "population"),
    ratio("deaths_fire", "population", 100_000), GROUP, digits=2,
))  # fmt: skip

declare(Indicator(
    "WS48", _("Road deaths per 100k population"), _("people/100,000"), Better.LOWER, Kind.RATE,
    _("deaths in road traffic / resident population × 100,000"), ("deaths_road", "population"),
    ratio("deaths_road", "population", 100_000), GROUP, digits=2,
))  # fmt: skip

declare(Indicator(
    "WS49", _("Road deaths per 10k vehicles"), _("people/10,000 vehicles"), Better.LOWER, Kind.RATE,
    _("deaths in road traffic / registered motor vehicles × 10,000"), ("deaths_road", "vehicles"),
    ratio("deaths_road", "vehicles", 10_000), GROUP, digits=2,
))  # fmt: skip

declare(Indicator(
    "WS54", _("Construction deaths per 100k workers"), _("people/100,000"), Better.LOWER, Kind.RATE,
    _("deaths in construction / construction workers × 100,000"), ("deaths_construction", "workers_construction"),
    ratio("deaths_construction", "workers_construction", 100_000), GROUP, digits=2,
))  # fmt: skip

declare(Indicator(
    "WS63", _("Both accident count and deaths fall"), units.YES_NO, Better.HIGHER, Kind.RATE,
    _("1 where both the accidents and the deaths of the year are below those of the year before, else 0"),
    ("accidents", "deaths"), both_fall("accidents", "deaths"), GROUP, digits=0, yes_no=True, note=_AGAINST_BEFORE,
))  # fmt: skip
