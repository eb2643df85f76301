"""Natural disasters: losses, people, and how quickly help and repair came."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.goals.measures import accidents, units
from anlan.kernel.indicators.declarations import Better, Indicator, Input, Kind, declare, declare_input
from anlan.kernel.indicators.formulas import mean_ratio, plain, share

GROUP = _("Disasters and relief")

#: GDP and population are declared there.
_SHARED = accidents.GROUP

declare_input(Input("disaster_loss", _("Direct economic loss by disasters"), units.YUAN_1E8, units.RELIEF))
declare_input(
    Input("disaster_affected", _("People affected by disasters, each time counted"), units.PEOPLE, units.RELIEF)
)
declare_input(Input("disaster_deaths", _("Deaths in natural disasters"), units.PEOPLE, units.RELIEF))
declare_input(Input(
    "relief_hours", _("Longest time from a disaster to resettlement and relief in place"), units.HOURS, units.RELIEF,
    rolls=False, flow=False,
))  # fmt: skip
declare_input(Input(
    "restoration_days", _("Longest time from the end of a disaster until roads, power and telecom work"), units.DAYS,
    units.RELIEF, rolls=False, flow=False,
))  # fmt: skip
declare_input(Input("to_evacuate", _("People to be evacuated from danger areas"), units.PEOPLE, units.FLOODS))
declare_input(Input("evacuated", _("People evacuated from danger areas"), units.PEOPLE, units.FLOODS))
declare_input(
    Input("to_transfer", _("People to be moved from dilapidated houses and outdoor work"), units.PEOPLE, units.FLOODS)
)
declare_input(
    Input("transferred", _("People moved from dilapidated houses and outdoor work"), units.PEOPLE, units.FLOODS)
)

_MEAN_3 = _("The mean of the year and the two before it, as the plan runs three years.")
_MEAN_5 = _("The mean of the year and the four before it.")

for code, years, note in (("WS06", 3, _MEAN_3), ("WS25", 5, _MEAN_5), ("WS51", 5, _MEAN_5)):
    declare(Indicator(
        code, _("Disaster direct loss share of GDP"), units.PERCENT, Better.LOWER, Kind.RATE,
        _("mean over the years of direct economic loss / GDP × 100"), ("disaster_loss", "gdp"),
        mean_ratio("disaster_loss", "gdp", 100, years), GROUP, digits=3, note=note,
    ))  # fmt: skip

declare(Indicator(
    "WS07", _("Disaster-affected person-times per 100k"), _("person-times/100,000"), Better.LOWER, Kind.RATE,
    _("mean over the years of people affected / resident population × 100,000"), ("disaster_affected", "population"),
    mean_ratio("disaster_affected", "population", 100_000, 3), GROUP, digits=0, note=_MEAN_3,
))  # fmt: skip

declare(Indicator(
    "WS52", _("Disaster deaths per million population"), _("people/million"), Better.LOWER, Kind.RATE,
    _("mean over the years of deaths in natural disasters / resident population × 1,000,000"),
    ("disaster_deaths", "population"), mean_ratio("disaster_deaths", "population", 1_000_000, 5), GROUP, digits=2,
    note=_MEAN_5,
))  # fmt: skip

declare(Indicator(
    "WS21", _("Post-disaster resettlement time"), units.HOURS, Better.LOWER, Kind.FLOW,
    _("the longest time of the year from a disaster to resettlement and relief in place"), ("relief_hours",),
    plain("relief_hours"), GROUP,
))  # fmt: skip

declare(Indicator(
    "WS39", _("Restoration time of roads, power, telecom"), units.DAYS, Better.LOWER, Kind.FLOW,
    _("the longest time of the year from the end of a disaster until roads, power and telecom work again"),
    ("restoration_days",), plain("restoration_days"), GROUP,
))  # fmt: skip

declare(Indicator(
    "WS37", _("Evacuation rate of danger areas"), units.PERCENT, Better.HIGHER, Kind.RATE,
    _("people evacuated / people to be evacuated × 100"), ("evacuated", "to_evacuate"),
    share("evacuated", "to_evacuate"), GROUP,
))  # fmt: skip

declare(Indicator(
    "WS38", _("Transfer rate, dilapidated houses and outdoor workers"), units.PERCENT, Better.HIGHER, Kind.RATE,
    _("people moved / people to be moved × 100"), ("transferred", "to_transfer"), share("transferred", "to_transfer"),
    GROUP,
))  # fmt: skip
