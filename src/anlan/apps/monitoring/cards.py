"""The detail cards of the map: an alarm, a point, a case."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.monitoring import queries
from anlan.kernel.cases import registry
from anlan.kernel.clocks.queries import clocks_of
from anlan.kernel.layers.declarations import Act, Card, Figure, Line, Moment
from anlan.kernel.people.rights import may
from anlan.kernel.sensing import queries as sensing
from anlan.kernel.sensing import steps
from anlan.kernel.sensing.alarms import UNANSWERED
from anlan.kernel.sensing.conditions import LEVEL, number
from anlan.kernel.sensing.models import Alarm, Point
from anlan.kernel.sensing.store import open_store
from anlan.kernel.sensing.words import rule_label
from anlan.kernel.web.formatting import coarse_span

#: How far back the card looks for the change of a value.
CHANGE = timedelta(minutes=10)


def _pk(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def alarm_card(actor: Any, text: str) -> Any:
    """Level, state and clock; value now and its change; curve; rule and clause; the site's points; last steps; acts."""
    alarm = sensing.alarms_for(actor, exercise=None).filter(pk=_pk(text) or 0).first()
    if alarm is None:
        return None
    now = timezone.now()
    point = alarm.point
    story = steps.of(alarm)
    return Card(
        title=alarm.title,
        lines=_where(point),
        level=alarm.level,
        state=alarm.get_state_display(),
        clock=(alarm.seen_at, alarm.due) if alarm.due and alarm.state in UNANSWERED else None,
        clock_label=_("Left to answer"),
        figures=_figures(point, now),
        curve_url=_curve(point, 2),
        rule=rule_label(alarm.entry),
        rule_clause=f"{alarm.entry.standard} {alarm.entry.clause}".strip(),
        rule_url=reverse("rulebook:entry", args=[alarm.entry_id]),
        verified=alarm.entry.verified,
        table_head=(_("Point"), _("Now"), _("Limits")),
        table=_table([point, *queries.neighbours(point, actor)], now),
        chain=alarm.chain.number if alarm.chain else "",
        chain_url=reverse("desks:chain", args=[alarm.chain.number]) if alarm.chain else "",
        steps=tuple(Moment(step.at, step.title, step.level) for step in story[-4:]),
        acts=tuple(_alarm_acts(actor, alarm)),
        url=reverse("sensing:alarm", args=[alarm.pk]),
        url_label=_("Open the alarm"),
        lon=point.lon,
        lat=point.lat,
        exercise=alarm.exercise,
    )


def _alarm_acts(actor: Any, alarm: Alarm) -> list[Act]:
    acts: list[Act] = []
    if alarm.state in UNANSWERED and may(actor, "alarm.acknowledge", alarm.region):
        acts.append(
            Act(
                _("Acknowledge"),
                reverse("sensing:acknowledge", args=[alarm.pk]),
                key="a",
                primary=True,
                undo=reverse("sensing:undo", args=[alarm.pk]),
            )
        )
    if alarm.case is not None:
        acts.append(Act(alarm.case.number, reverse("desks:case", args=[alarm.case.number]), method="get", key="e"))
    elif alarm.closed_at is None and may(actor, "case.open", alarm.region):
        url = f"{reverse('desks:duty')}?item=alarm:{alarm.pk}"
        acts.append(Act(_("Open a case"), url, method="get", key="e", primary=not acts))
    return acts


def point_card(actor: Any, text: str) -> Any:
    """A point: value now, age and period; curve with limits; the site's other points."""
    point = sensing.points_for(actor, exercise=None).filter(pk=_pk(text) or 0).first()
    if point is None:
        return None
    now = timezone.now()
    rules = [version for version in sensing.rules_of(point) if version.condition["type"] == LEVEL]
    entry = rules[0].entry if rules else None
    alarm = sensing.alarms_for(actor, exercise=None).filter(point=point, closed_at=None, retrospective=False).first()
    page = reverse("sensing:point", args=[point.code])
    acts = [Act(_("Curve"), page, method="get", key="d", primary=alarm is None)]
    if alarm is not None:
        acts = [*_alarm_acts(actor, alarm), *acts]
    return Card(
        title=f"{point.code} {point.name}",
        lines=(point.get_kind_display(), *_where(point)),
        level=alarm.level if alarm else None,
        state=alarm.get_state_display() if alarm else "",
        figures=_figures(point, now),
        curve_url=_curve(point, 6),
        rule=rule_label(entry) if entry else "",
        rule_clause=f"{entry.standard} {entry.clause}".strip() if entry else "",
        rule_url=reverse("rulebook:entry", args=[entry.pk]) if entry else "",
        verified=entry.verified if entry else True,
        table_head=(_("Point"), _("Now"), _("Limits")),
        table=_table(queries.neighbours(point, actor), now),
        acts=tuple(acts),
        url=page,
        url_label=_("Open the point"),
        lon=point.lon,
        lat=point.lat,
        exercise=point.exercise,
    )


def case_card(actor: Any, text: str) -> Any:
    """A case: state, whose move it is, its clock and its chain."""
    case = queries.open_cases(actor).filter(pk=_pk(text) or 0).first()
    if case is None:
        return None
    workflow = registry.get(case.kind)
    clock = next((one for one in clocks_of(f"case:{case.pk}", running=True)), None)
    page = reverse("desks:case", args=[case.number])
    return Card(
        title=case.title,
        lines=tuple(part for part in (case.number, str(case.unit or ""), str(case.region)) if part),
        level=case.level,
        state=str(workflow.state_label(case.state)),
        clock=(clock.started_at, clock.due) if clock else None,
        clock_label=_("Left to handle"),
        chain=case.chain.number,
        chain_url=reverse("desks:chain", args=[case.chain.number]),
        acts=(Act(_("Open the case"), page, method="get", key="e", primary=True),),
        url=page,
        lon=case.chain.lon,
        lat=case.chain.lat,
        exercise=case.exercise,
    )


def _where(point: Point) -> tuple[str, ...]:
    return tuple(part for part in (point.site_name, str(point.region)) if part)


def _curve(point: Point, hours: int) -> str:
    return f"{reverse('sensing:curve', args=[point.pk])}?hours={hours}&n=400"


def _figures(point: Point, now: datetime) -> tuple[Figure, ...]:
    """Value now, its change in ten minutes, and how old it is."""
    reading = sensing.latest([point], now).get(point.pk)
    if reading is None:
        return (Figure(point.get_kind_display(), silent=True),)
    if reading.silent or reading.value is None:
        return (Figure(point.get_kind_display(), since=reading.at, silent=True),)
    return (
        Figure(point.get_kind_display(), f"{reading.value:.{point.digits}f}", point.unit),
        Figure(_("Change in 10 min"), _change(point, reading), point.unit),
        Figure(_("Age of the value"), since=reading.at),
    )


def _change(point: Point, reading: sensing.Reading) -> str:
    """The newest value less the one ten minutes before it, with its sign; "" when there is none so old."""
    end = queries.millis(reading.at)
    found = open_store().readings(point.pk, end - int(CHANGE.total_seconds() * 1000), end)
    good = found.value[found.quality < sensing.BAD]
    if good.size < 2 or reading.value is None:
        return ""
    return f"{reading.value - float(good[0]):+.{point.digits}f}"


def _table(points: list[Point], now: datetime) -> tuple[Line, ...]:
    readings = sensing.latest(points, now)
    levels = sensing.open_levels(points)
    lines = []
    for point in points:
        reading = readings.get(point.pk)
        silent = reading is None or reading.silent or reading.value is None
        value = queries.shown(reading.value, point) if reading and not silent else _("no data")
        if silent and reading is not None:
            value = _("no data for %(span)s") % {"span": coarse_span(reading.age_s)}
        limits = " / ".join(number(limit["value"]) for limit in sensing.limits(point)) or "—"
        lines.append(
            Line(
                f"{point.code} {point.get_kind_display()}",
                value,
                limits,
                levels.get(point.pk),
                reverse("sensing:point", args=[point.code]),
                silent,
            )
        )
    return tuple(lines)
