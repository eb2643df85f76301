"""`{% load indicators %}`: words of lights, numbers with their digits."""

from __future__ import annotations

from django import template

from anlan.kernel.indicators.declarations import Indicator
from anlan.kernel.indicators.judging import LIGHTS
from anlan.kernel.indicators.wording import amount

register = template.Library()


@register.filter
def light_word(light: str) -> str:
    """Words for a light: "On the way"."""
    return str(LIGHTS[light])


@register.simple_tag
def amount_of(one: Indicator, value: float | None) -> str:
    """A number of an indicator with its unit; "—" for none."""
    return amount(one, value)
