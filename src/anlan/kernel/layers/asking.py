"""Reading what an address of the map asks."""

from __future__ import annotations

import math

from django.http import HttpRequest
from django.utils.translation import gettext as _


class BadQuestion(ValueError):
    """A parameter that cannot be read; names it."""


def number(request: HttpRequest, name: str, low: float, high: float) -> float:
    """A number of the address within bounds. Raises BadQuestion."""
    try:
        value = float(request.GET.get(name, ""))
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise BadQuestion(
            _("%(name)s is a number from %(low)s to %(high)s.") % {"name": name, "low": low, "high": high}
        )
    return value
