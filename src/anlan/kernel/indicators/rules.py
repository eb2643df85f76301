"""The rulebook's word on indicators: what plans aim at, and from when on a year's end may be foreseen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from anlan.kernel.indicators.models import Comparator
from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.queries import NoRule, entries, lookup
from anlan.kernel.rulebook.schemas import register_schema
from anlan.kernel.rulebook.wording import KIND_LABELS, Field, register_wording

#: An indicator as a plan has it, code of the indicator: source, and target if the plan gives a number.
AIM = "indicator"
#: How a year's end is foreseen.
FORECAST, FORECAST_CODE = "indicator_forecast", "INDICATOR-FORECAST"


def register() -> None:
    """Called once at start."""
    register_schema(AIM, _aim_faults)
    register_wording(AIM, _aim_lines)
    register_schema(FORECAST, _forecast_faults)
    register_wording(FORECAST, _forecast_lines)
    KIND_LABELS.setdefault(AIM, gettext_lazy("Indicators of plans"))
    KIND_LABELS.setdefault(FORECAST, gettext_lazy("Forecasts of indicators"))


def aims(at: datetime, region: Region | None) -> dict[str, Entry]:
    """The entry of each indicator in force, by its code."""
    return {entry.code: entry for entry in entries(AIM, at, region)} if region is not None else {}


def aim(code: str, at: datetime, region: Region | None) -> Entry | None:
    """The entry of one indicator; None where no plan is known for it."""
    try:
        return lookup(AIM, code, at=at, region=region)
    except NoRule:
        return None


def aimed(body: Mapping[str, Any], year: int) -> tuple[str, float] | None:
    """Comparator and number that a plan gives for a year; None where it gives words only."""
    by_year = {int(one): float(value) for one, value in (body.get("years") or {}).items()}
    if by_year:
        upto = [one for one in sorted(by_year) if one <= year]
        value = by_year[upto[-1]] if upto else None
    else:
        value = body.get("value")
    return None if value is None else (str(body["comparator"]), float(value))


def least_share(at: datetime, region: Region | None) -> tuple[float, Entry] | None:
    """The share of a year from which on its end is foreseen, with the entry; None where the rulebook does not say."""
    try:
        entry = lookup(FORECAST, FORECAST_CODE, at=at, region=region)
    except NoRule:
        return None
    return float(entry.body["least_share"]), entry


def _aim_faults(body: Mapping[str, Any]) -> list[str]:
    faults = []
    numbers = [body.get("value"), *(body.get("years") or {}).values()]
    for number in numbers:
        if number is not None and (isinstance(number, bool) or not isinstance(number, int | float)):
            faults.append(f"a target is a number, not {number!r}")
    if any(number is not None for number in numbers) and body.get("comparator") not in Comparator.values:
        faults.append(f"comparator is one of {', '.join(Comparator.values)}")
    if body.get("value") is not None and body.get("years"):
        faults.append("write value or years, not both")
    return faults


def _aim_lines(body: Mapping[str, Any]) -> list[Field]:
    compared = str(Comparator(body["comparator"]).label) if body.get("comparator") else ""
    unit = str(body.get("unit") or "")
    lines = [
        Field(_("Target for %(year)s") % {"year": year}, f"{compared} {value:g} {unit}".strip())
        for year, value in (body.get("years") or {}).items()
    ]
    if body.get("value") is not None:
        lines.append(Field(_("Target"), f"{compared} {body['value']:g} {unit}".strip()))
    chinese = (get_language() or "").startswith("zh")
    if words := body.get("words_zh" if chinese else "words"):
        lines.append(Field(_("In words"), str(words)))
    return lines or [Field(_("Target"), _("none given"))]


def _forecast_faults(body: Mapping[str, Any]) -> list[str]:
    share = body.get("least_share")
    good = isinstance(share, int | float) and not isinstance(share, bool) and 0 < share <= 1
    return [] if good else ["least_share lies above 0 and at most at 1"]


def _forecast_lines(body: Mapping[str, Any]) -> list[Field]:
    return [Field(_("Share of the year that must be over"), f"{100 * body['least_share']:g} %")]
