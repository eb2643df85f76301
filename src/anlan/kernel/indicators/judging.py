"""What a number means beside its target: the light, and what the year's end is likely to bring. Arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from anlan.kernel.indicators.declarations import Kind
from anlan.kernel.indicators.models import Comparator


class Light(StrEnum):
    """Where an indicator stands in its year."""

    REACHED = "reached"
    ON_THE_WAY = "on_the_way"
    AT_RISK = "at_risk"
    MISSED = "missed"
    UNKNOWN = "unknown"  # not measured, or no forecast yet
    NO_TARGET = "no_target"


LIGHTS: dict[str, Any] = {
    Light.REACHED: pgettext_lazy("indicator", "Reached"),
    Light.ON_THE_WAY: pgettext_lazy("indicator", "On the way"),
    Light.AT_RISK: _("At risk"),
    Light.MISSED: _("Missed"),
    Light.UNKNOWN: _("Not known"),
    Light.NO_TARGET: _("No target"),
}

#: Numbers closer than this are equal: they come from sums and divisions.
CLOSE = 1e-9


class Rule(StrEnum):
    """By which rule the year's end was foreseen."""

    LINEAR = "linear"
    LATEST = "latest"
    OVER = "over"
    EARLY = "early"
    NONE = "none"


RULES: dict[str, Any] = {
    Rule.LINEAR: _("what grows over the year is carried on evenly to its end"),
    Rule.LATEST: _("the latest value holds to the year's end"),
    Rule.OVER: _("the year is over"),
    Rule.EARLY: _("too early in the year to foresee its end"),
    Rule.NONE: _("nothing to foresee"),
}


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the year's end is likely to bring; `value` None where it is not said, `rule` why or how."""

    value: float | None
    rule: Rule

    @property
    def words(self) -> str:
        return str(RULES[self.rule])


def satisfies(value: float, comparator: str, target: float) -> bool:
    """Does a number meet a target?"""
    close = abs(value - target) <= CLOSE * max(1.0, abs(target))
    if comparator == Comparator.AT_LEAST:
        return value > target or close
    if comparator == Comparator.MORE:
        return value > target and not close
    if comparator == Comparator.AT_MOST:
        return value < target or close
    if comparator == Comparator.LESS:
        return value < target and not close
    return close


def light(
    *, kind: Kind, value: float | None, forecast: Forecast, comparator: str | None, target: float | None, over: bool
) -> Light:
    """Where an indicator stands.

    over  the year has ended: reached or missed, nothing between

    In a running year what only grows is decided once it is past its target: enough drills stay enough, and one death
    too many stays one too many. A standing count that is high enough is reached as long as it stays so; a share may
    still turn, so it is on the way at best.
    """
    if comparator is None or target is None:
        return Light.NO_TARGET
    if value is None:
        return Light.UNKNOWN
    met = satisfies(value, comparator, target)
    if over:
        return Light.REACHED if met else Light.MISSED
    at_least = comparator in (Comparator.AT_LEAST, Comparator.MORE)
    if kind is Kind.FLOW:
        if at_least and met:
            return Light.REACHED
        if not met and not at_least and value >= target:
            return Light.MISSED
    elif kind is Kind.LEVEL and met:
        return Light.REACHED
    if forecast.value is None:
        return Light.UNKNOWN
    return Light.ON_THE_WAY if satisfies(forecast.value, comparator, target) else Light.AT_RISK
