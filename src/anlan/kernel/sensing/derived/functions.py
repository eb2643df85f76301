"""The functions that a derived point may name: what each needs, means and refuses. Named functions only, no formulas
typed by hand: the physics and its limits live in `anlan.science`, here stands what a page says of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from anlan.kernel.sensing.models import PointKind
from anlan.science.flow import discharge, total
from anlan.science.motion import hours_to_failure, tangent_angle, velocity
from anlan.science.rain import accumulated_rain, effective_rain
from anlan.science.series import held

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Parameters = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Series:
    """The good readings of one input in order of time; a reading stands for `hold_s` seconds, then it is silent."""

    t: Times
    value: Floats
    hold_s: float

    def held(self, at: Times) -> Floats:
        """The value that stands at each moment, NaN where the input is silent."""
        return held(self.t, self.value, at, self.hold_s)


Compute = Callable[[Sequence[Series], Times, Parameters], Floats]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of a function: lowest and highest that make sense, and what most begin with. None: no default."""

    name: str
    label: Any
    unit: str
    low: float
    high: float
    default: float | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """What a derived point may name.

    formula   as it stands in books, with the parameters' symbols
    domain    where it holds and when it gives no value
    source    standard or paper; shown as unverified where nobody here held it beside the original
    kinds     kinds of points it takes; empty: any, but all of one unit
    most      how many inputs at most
    kind      of the derived point; None: that of its inputs
    back      (parameters) -> hours before a moment that its value depends on
    arrives   computed when its first input has a new reading, else on schedule
    own       a room makes such points itself, so the page for new ones does not offer it
    """

    code: str
    title: Any
    formula: str
    domain: Any
    source: str
    verified: bool
    kinds: tuple[str, ...]
    most: int
    kind: str | None
    unit: str
    digits: int
    parameters: tuple[Parameter, ...]
    back: Callable[[Parameters], float]
    compute: Compute
    arrives: bool = False
    every_s: int = 60
    own: bool = False

    def parameter(self, name: str) -> Parameter:
        """One parameter by its name. Raises KeyError."""
        for one in self.parameters:
            if one.name == name:
                return one
        raise KeyError(name)


_functions: dict[str, Function] = {}


def function(declared: Function) -> Function:
    """Offer a function. Raises ValueError for a code that another one has."""
    if _functions.setdefault(declared.code, declared) is not declared:
        raise ValueError(f"two functions are called {declared.code!r}")
    return declared


def functions() -> list[Function]:
    """All functions that a person may choose, in the order of their declaration."""
    return [one for one in _functions.values() if not one.own]


def named(code: str) -> Function | None:
    return _functions.get(code)


# --- rain ---------------------------------------------------------------------------------------------------------


def _accumulated(inputs: Sequence[Series], at: Times, p: Parameters) -> Floats:
    gauge = inputs[0]
    return accumulated_rain(
        gauge.t, gauge.value, at, span_h=p["span_h"], lag_h=p["lag_h"], hold_s=gauge.hold_s
    )  # fmt: skip


def _effective(inputs: Sequence[Series], at: Times, p: Parameters) -> Floats:
    gauge = inputs[0]
    return effective_rain(gauge.t, gauge.value, at, k=p["k"], days=round(p["days"]), hold_s=gauge.hold_s)


function(
    Function(
        code="effective_rain",
        title=_("Effective rain"),
        formula="Re = R₀ + k·R₁ + k²·R₂ + … + kⁿ·Rₙ",
        domain=_(
            "Rᵢ is the rain of the 24 h that ended i days ago. No value while readings cover less than 90 % of the "
            "days, weighted: a silent gauge is not a dry one. Knows no snow and no evaporation; k and limits belong "
            "to a region."
        ),
        source="Crozier & Eyles 1980; Kohler & Linsley 1951",
        verified=False,
        kinds=(PointKind.RAIN,),
        most=1,
        kind=PointKind.EFFECTIVE_RAIN,
        unit="mm",
        digits=1,
        parameters=(
            Parameter("k", _("decay a day"), "", 0.5, 0.99, 0.84),
            Parameter("days", _("days felt"), "d", 1, 30, 15),
        ),
        back=lambda p: 24 * (round(p["days"]) + 1),
        compute=_effective,
        every_s=600,
    )
)

function(
    Function(
        code="accumulated_rain",
        title=_("Rain over a window"),
        formula="P = ∫ i dt",
        domain=_(
            "Depth of rain over the window that ended so many hours ago. No value while readings cover less than "
            "90 % of it."
        ),
        source="Chleborad, Baum & Godt 2006 (P3, P15)",
        verified=False,
        kinds=(PointKind.RAIN,),
        most=1,
        kind=PointKind.RAIN_DEPTH,
        unit="mm",
        digits=1,
        parameters=(
            Parameter("span_h", _("window"), "h", 0.5, 720, 24),
            Parameter("lag_h", _("ended before"), "h", 0, 720, 0),
        ),
        back=lambda p: p["span_h"] + p["lag_h"],
        compute=_accumulated,
        every_s=300,
    )
)


# --- movement -----------------------------------------------------------------------------------------------------


def _velocity(inputs: Sequence[Series], at: Times, p: Parameters) -> Floats:
    return velocity(inputs[0].t, inputs[0].value, at, window_h=p["window_h"])


def _angle(inputs: Sequence[Series], at: Times, p: Parameters) -> Floats:
    return tangent_angle(_velocity(inputs, at, p), p["v0"])


def _failure(inputs: Sequence[Series], at: Times, p: Parameters) -> Floats:
    return hours_to_failure(inputs[0].t, inputs[0].value, at, window_h=p["window_h"], onset_mm_d=p["onset"])


_WINDOW = Parameter("window_h", _("window"), "h", 0.05, 24 * 60, 24)

function(
    Function(
        code="velocity",
        title=_("Displacement velocity"),
        formula="v = dS/dt",
        domain=_(
            "Slope of the least-squares line over the window; lone wrong readings are dropped, the window is thinned "
            "to twelve equal steps. No value with fewer than eight of them or none of the newest. Setting an "
            "instrument to zero shows as movement until the window has passed it."
        ),
        source="Carlà et al. 2017, Landslides 14:517–534",
        verified=False,
        kinds=(PointKind.DISPLACEMENT,),
        most=1,
        kind=PointKind.DISPLACEMENT_RATE,
        unit="mm/d",
        digits=2,
        parameters=(_WINDOW,),
        back=lambda p: p["window_h"],
        compute=_velocity,
        arrives=True,
        every_s=300,
    )
)

function(
    Function(
        code="tangent_angle",
        title=_("Improved tangent angle"),
        formula="T = S / v₀,  α = arctan(dT/dt) = arctan(v / v₀)",
        domain=_(
            "v₀ is the mean rate of this slope's steady stage: it must come from measurements of that stage, and lie "
            "well above the scatter of the instrument. About 45° is steady creep, 45–80° early, 80–85° middle "
            "acceleration, from 85° failure is near. v as in displacement velocity."
        ),
        source=_("Xu Qiang et al. 2009, Geological Bulletin of China 28(4):501–505"),
        verified=False,
        kinds=(PointKind.DISPLACEMENT,),
        most=1,
        kind=PointKind.TANGENT_ANGLE,
        unit="°",
        digits=1,
        parameters=(Parameter("v0", _("steady rate v₀"), "mm/d", 0.001, 10_000), _WINDOW),
        back=lambda p: p["window_h"],
        compute=_angle,
        arrives=True,
        every_s=300,
    )
)

function(
    Function(
        code="failure_time",
        title=_("Time to failure by inverse velocity"),
        formula="1/v = A·(t_f − t),  t_f: 1/v → 0",
        domain=_(
            "Only while the slope accelerates: at least five rates above the onset, 1/v falling along a line "
            "(r² ≥ 0.8) that meets zero within three windows. Else there is no value, which is the usual state. A "
            "forecast of the trend, not of the event; never the only ground of an order."
        ),
        source="Fukuzono 1985; Voight 1988",
        verified=False,
        kinds=(PointKind.DISPLACEMENT,),
        most=1,
        kind=PointKind.FAILURE_TIME,
        unit="h",
        digits=2,
        parameters=(_WINDOW, Parameter("onset", _("onset of acceleration"), "mm/d", 0.01, 1_000_000)),
        back=lambda p: p["window_h"],
        compute=_failure,
        arrives=True,
        every_s=300,
    )
)


# --- water --------------------------------------------------------------------------------------------------------


def _discharge(inputs: Sequence[Series], at: Times, p: Parameters) -> Floats:
    return discharge(inputs[0].held(at), a=p["a"], zero=p["zero"], b=p["b"], low=p["low"], high=p["high"])


def _total(inputs: Sequence[Series], at: Times, _p: Parameters) -> Floats:
    return total([one.held(at) for one in inputs])


function(
    Function(
        code="discharge",
        title=_("Discharge by stage"),
        formula="Q = a·(h − h₀)ᵇ",
        domain=_(
            "Only between the lowest and the highest stage at which the rating was measured: beyond them there is no "
            "value. Steady flow without backwater; measured anew after a flood that moved the bed."
        ),
        source="ISO 18320:2020; Rantz et al. 1982",
        verified=False,
        kinds=(PointKind.RIVER_STAGE,),
        most=1,
        kind=PointKind.FLOW,
        unit="m³/s",
        digits=1,
        parameters=(
            Parameter("a", "a", "m³/s", 0.001, 1_000_000),
            Parameter("zero", _("stage of no flow h₀"), "m", -1_000, 9_000, 0),
            Parameter("b", "b", "", 1, 3, 2),
            Parameter("low", _("measured from"), "m", -1_000, 9_000),
            Parameter("high", _("measured up to"), "m", -1_000, 9_000),
        ),
        back=lambda _p: 0.0,
        compute=_discharge,
        every_s=300,
    )
)

function(
    Function(
        code="sum",
        title=_("Sum of several points"),
        formula="Σ = x₁ + x₂ + … + xₙ",
        domain=_(
            "Inputs of one unit. No value while one of them is silent: a gauge that says nothing has not fallen to "
            "zero."
        ),
        source="",
        verified=True,
        kinds=(),
        most=24,
        kind=None,
        unit="",
        digits=1,
        parameters=(),
        back=lambda _p: 0.0,
        compute=_total,
        every_s=60,
    )
)
