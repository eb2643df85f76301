"""Monitoring and warning: how sensors work, how alarms are answered, how early warnings come, who is on post."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F, FloatField, Q
from django.db.models.functions import Cast, Least
from django.utils.translation import gettext_lazy as _

from anlan.apps.goals.measures import sources, units
from anlan.kernel.indicators.declarations import Better, Indicator, Input, Kind, declare, declare_input
from anlan.kernel.indicators.formulas import plain, share

GROUP = _("Monitoring and warning")


def handled(now: datetime) -> Q:
    """Alarms that somebody acknowledged or closed."""
    return Q(acknowledged_at__isnull=False) | Q(closed_by__isnull=False)


def answerable(now: datetime) -> Q:
    """Alarms with a time to answer that is over, or that were answered."""
    return Q(answer_due__isnull=False) & (Q(answer_due__lt=now) | Q(acknowledged_at__isnull=False))


def answered(now: datetime) -> Q:
    """Alarms that were answered within their time."""
    return Q(acknowledged_at__lte=F("answer_due"))


#: Samples that a day of a point should have had while it was watched.
_DUE = F("watched_s") / Cast(F("point__period_s"), FloatField())


def _rows(code: str, title: Any, unit: Any, source: Any, counted: Any = None, **more: Any) -> None:
    declare_input(Input(code, title, unit, source=source, counted=counted, flow=bool(source.moment), **more))


def _share(code: str, title: Any, kind: Kind, formula: Any, above: str, below: str, *, note: Any = "") -> None:
    declare(Indicator(
        code, title, units.PERCENT, Better.HIGHER, kind, formula, (above, below), share(above, below), GROUP, note=note
    ))  # fmt: skip


_rows("alarms", _("Alarms raised"), units.PIECES, sources.ALARMS)
_rows("alarms_handled", _("Alarms acknowledged or closed by somebody"), units.PIECES, sources.ALARMS, handled)
_rows(
    "alarms_answerable",
    _("Alarms whose time to answer is over or that were answered"),
    units.PIECES,
    sources.ALARMS,
    answerable,
)
_rows("alarms_answered", _("Alarms answered within their time"), units.PIECES, sources.ALARMS, answered)
_rows(
    "alarm_cases_due",
    _("Cases of alarms whose deadline fell in the year"),
    units.PIECES,
    sources.ALARM_CASES,
    sources.due_by,
)
_rows(
    "alarm_cases_in_time",
    _("Of these cases closed by the deadline in force"),
    units.PIECES,
    sources.ALARM_CASES,
    sources.in_time,
)
_rows(
    "alarm_cases_in_first_time", _("Of these cases closed by the first deadline"), units.PIECES, sources.ALARM_CASES,
    sources.in_first_time,
)  # fmt: skip
_rows("samples_due", _("Readings that were due in the days kept"), units.PIECES, sources.HEALTH, of=_DUE)
_rows(
    "samples_came", _("Readings that came in the days kept"), units.PIECES, sources.HEALTH,
    of=Least(Cast(F("came"), FloatField()), _DUE),
)  # fmt: skip
declare_input(Input(
    "lead_hours", _("Shortest time from a flood or typhoon warning to its onset"), units.HOURS, units.FLOODS,
    rolls=False,
    flow=False,
))  # fmt: skip
declare_input(Input("flood_rostered", _("Flood duty staff rostered during responses"), units.PEOPLE, units.FLOODS))
declare_input(Input("flood_on_post", _("Flood duty staff on post during responses"), units.PEOPLE, units.FLOODS))
declare_input(Input(
    "upload_minutes", _("Longest time until the first picture from a scene"), units.MINUTES, units.TECHNOLOGY,
    rolls=False, flow=False,
))  # fmt: skip
declare_input(Input("broadcast_places", _("Villages and key outdoor areas"), units.PLACES, units.TOWNS, flow=False))
declare_input(Input(
    "broadcast_covered", _("Villages and key outdoor areas with a broadcast terminal"), units.PLACES, units.TOWNS,
    flow=False,
))  # fmt: skip

_share(
    "WS33", _("Monitoring system availability"), Kind.RATE,
    _("readings that came / readings that were due × 100, over the 30 days that are kept"), "samples_came",
    "samples_due",
    note=_("Only time that was watched counts. At the year's end the last 30 days stay as the value of the year."),
)  # fmt: skip
_share(
    "WS34", _("Alarm handling rate"), Kind.RATE, _("alarms acknowledged or closed by somebody / alarms raised × 100"),
    "alarms_handled", "alarms", note=_("Exercises and late discoveries do not count."),
)  # fmt: skip
_share(
    "AL01", _("Rate of alarms answered in time"), Kind.RATE,
    _("alarms answered within their time / alarms whose time is over or that were answered × 100"), "alarms_answered",
    "alarms_answerable", note=_("The time of each level stands in the rulebook."),
)  # fmt: skip
_share(
    "AL02", _("On-time closing of cases of alarms"), Kind.RATE,
    _("closed by the deadline in force, extensions included / deadline in the year × 100"), "alarm_cases_in_time",
    "alarm_cases_due", note=_("AL02-O says the same by the first deadline, without extensions."),
)  # fmt: skip
_share(
    "AL02-O", _("On-time closing of cases of alarms by the first deadline"), Kind.RATE,
    _("closed by the deadline they were opened with / deadline in the year × 100"), "alarm_cases_in_first_time",
    "alarm_cases_due",
)  # fmt: skip
declare(Indicator(
    "WS35", _("Lead time of combined flood/typhoon warning"), units.HOURS, Better.HIGHER, Kind.RATE,
    _("the shortest time of the year from issuing a warning to the onset"), ("lead_hours",), plain("lead_hours"), GROUP,
    note=_("Each level has its own target: city, county, town."),
))  # fmt: skip
_share(
    "WS36", _("Flood duty staff on post"), Kind.RATE, _("on post / rostered × 100, during responses"), "flood_on_post",
    "flood_rostered",
)  # fmt: skip
_share(
    "WS42", _("Emergency broadcast terminals"), Kind.LEVEL,
    _("villages and key outdoor areas with a terminal / all of them × 100"), "broadcast_covered", "broadcast_places",
)  # fmt: skip
declare(Indicator(
    "WS64", _("Scene audio/video upload time"), units.MINUTES, Better.LOWER, Kind.FLOW,
    _("the longest time of the year from dispatch to the first picture"), ("upload_minutes",), plain("upload_minutes"),
    GROUP, note=_("The plan does not say when the time starts; dispatch is taken."),
))  # fmt: skip
