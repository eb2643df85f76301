"""The story of an alarm as steps: first reading, raised, level, escalated, answered, shelved, cleared, closed.

The chain page asks for the alarms of a chain (a registered timeline source); the duty desk for one alarm.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.kernel.chains.models import Chain
from anlan.kernel.chains.timeline import Proof, Step
from anlan.kernel.clocks.ladder import Rung, ladder_of
from anlan.kernel.clocks.models import Clock
from anlan.kernel.clocks.queries import clocks_of
from anlan.kernel.regions.scope import reach, within
from anlan.kernel.rulebook.wording import HEARERS
from anlan.kernel.sensing.conditions import LEVEL, SILENCE, in_words, limit_of, number, step_words
from anlan.kernel.sensing.models import (
    Alarm,
    AlarmAct,
    AlarmDo,
    AlarmState,
    AlarmStep,
    Shelving,
    ShelvingEnd,
    ShelvingState,
)
from anlan.kernel.sensing.words import rule_label
from anlan.kernel.web.formatting import COLOURS, NUMERALS, bureau_time, span
from anlan.kernel.web.refs import ref_of

#: An alarm that chatters is told by its first steps and its last ones.
MOST_STEPS = 40


def of_chain(chain: Chain, viewer: Any) -> Iterator[Step]:
    """Steps of every alarm in the chain that the viewer may see."""
    rows = Alarm.records.filter(chain=chain).filter(within(reach(viewer, "alarm.see")))
    for alarm in _with_all(rows):
        yield from of(alarm)


def _with_all(rows: Any) -> Any:
    rows = rows.select_related("point", "rule", "entry", "region", "closed_by").defer("rule__points")
    return rows.order_by("raised_at", "id")


def of(alarm: Alarm) -> list[Step]:
    """The steps of one alarm, in order of time."""
    clocks = sorted(clocks_of(ref_of(alarm)), key=lambda one: one.due)
    shelvings = list(alarm.shelvings.select_related("asked_by", "confirmed_by", "ended_by", "entry"))
    steps = [*_readings(alarm), *_acts(alarm, clocks), *_shelved(shelvings)]
    for clock in clocks:
        steps.extend(_escalated(rung, at) for rung, at, spoken in rungs(clock, shelvings) if spoken)
    if alarm.state == AlarmState.CLOSED and alarm.cleared_at is not None and alarm.close_note == "":
        steps.extend(_closed_by_itself(alarm))
    return sorted(steps, key=lambda step: (step.at, step.order))


def _rule(alarm: Alarm) -> dict[str, Any]:
    """The fields of a step that say which rule decided."""
    return {
        "rule_label": rule_label(alarm.entry),
        "rule_clause": f"{alarm.entry.standard} {alarm.entry.clause}".strip(),
        "rule_url": reverse("rulebook:entry", args=[alarm.entry_id]),
        "verified": alarm.entry.verified,
    }


def _readings(alarm: Alarm) -> Iterator[Step]:
    marks = list(alarm.steps.select_related("rule").defer("rule__points"))
    if len(marks) > MOST_STEPS:
        marks = [*marks[: MOST_STEPS // 2], *marks[-MOST_STEPS // 2 :]]
    highest: int | None = None
    active: set[tuple[int, int]] = set()
    for mark in marks:
        channel = (mark.rule_id, mark.step)
        if not mark.on:
            active.discard(channel)
            if not active:
                yield _cleared(alarm, mark)
            continue
        first = not active and highest is None
        active.add(channel)
        if first:
            yield from _first_reading(alarm, mark)
            follows = alarm.first is not None
            yield _raised(alarm, mark, _("Alarm raised, following a first one") if follows else _("Alarm raised"))
        elif highest is not None and mark.severity < highest:
            yield _raised(alarm, mark, _("Level raised to %(level)s") % {"level": _level(mark.severity)})
        elif len(active) == 1:
            yield _raised(alarm, mark, _("Over the limit again"))
        highest = mark.severity if highest is None else min(highest, mark.severity)


def _first_reading(alarm: Alarm, mark: AlarmStep) -> Iterator[Step]:
    """The reading that began the run; only where the rule waited before it raised."""
    condition = mark.rule.condition
    waited = timedelta(seconds=condition.get("on_s") or condition.get("after_s") or 0)
    if not waited:
        return
    if condition["type"] == LEVEL:
        title = _("First reading over the limit: %(point)s %(value)s") % {
            "point": alarm.point.code,
            "value": _value(alarm, mark),
        }
    elif condition["type"] == SILENCE:
        title = _("Last reading of %(point)s") % {"point": alarm.point.code}
    else:
        title = _("The condition began to hold: %(point)s") % {"point": alarm.point.code}
    yield Step(at=mark.t - waited, title=title, detail=alarm.point.name, mark="ring", order=0, proofs=_curve(alarm))


def _raised(alarm: Alarm, mark: AlarmStep, what: str) -> Step:
    detail = [_against(alarm, mark)]
    if alarm.retrospective:
        detail.append(_("found afterwards, from late data"))
    elif (mark.seen_at - mark.t) > timedelta(seconds=60) and not alarm.exercise:
        detail.append(_("known %(span)s later") % {"span": span((mark.seen_at - mark.t).total_seconds())})
    return Step(
        at=mark.t,
        title=f"{what}: {alarm.title}",
        detail=" · ".join(part for part in detail if part),
        level=mark.severity,
        mark="level",
        order=1,
        proofs=_curve(alarm),
        **_rule(alarm),
    )


def _against(alarm: Alarm, mark: AlarmStep) -> str:
    """The value beside the limit that it went over; of other conditions what the rule says of this step."""
    condition = mark.rule.condition
    limit = limit_of(condition, mark.step)
    if condition["type"] != LEVEL or limit is None:
        words = step_words(condition, alarm.point.unit)
        told = [words[mark.step]] if mark.step < len(words) else in_words(condition, alarm.point.unit)
        return f"{alarm.point.code} {', '.join(told)}"
    sign = "≥" if mark.rule.condition["direction"] == "high" else "≤"
    return f"{alarm.point.code} {_value(alarm, mark)} {sign} {number(limit)} {alarm.point.unit}".rstrip()


def _cleared(alarm: Alarm, mark: AlarmStep) -> Step:
    if mark.rule.condition["type"] == LEVEL:
        title = _("Back within the limit: %(point)s") % {"point": alarm.point.code}
    elif mark.rule.condition["type"] == SILENCE:
        title = _("Data again from %(point)s") % {"point": alarm.point.code}
    else:
        title = _("The condition holds no longer: %(point)s") % {"point": alarm.point.code}
    return Step(at=mark.t, title=title, detail=alarm.title, mark="ring", order=1)


def _closed_by_itself(alarm: Alarm) -> Iterator[Step]:
    if alarm.closed_at is not None and alarm.closed_by is not None and alarm.closed_by.is_system:
        yield Step(at=alarm.closed_at, title=_("Alarm closed: acknowledged and cleared"), mark="ring", order=2)


def rungs(clock: Clock, shelvings: list[Shelving]) -> list[tuple[Rung, datetime, bool]]:
    """Each rung of an answer clock with its moment and whether it was spoken; shelvings moved the later ones."""
    found = []
    pauses = [(one.began_at, one.ended_at) for one in shelvings if one.began_at is not None]
    for number_, rung in enumerate(ladder_of(clock.entry.body)):
        at = rung.at(clock.original_due)
        for began, ended in pauses:
            if began is not None and began >= clock.started_at and at > began and ended is not None:
                at += ended - began
        found.append((rung, at, number_ < clock.rung and (clock.stopped_at is None or at <= clock.stopped_at)))
    return found


def _escalated(rung: Rung, at: datetime) -> Step:
    """A rung of the ladder was spoken: who heard that nobody had answered."""
    who = str(HEARERS.get(rung.to, rung.to))
    return Step(at=at, title=_("Told %(who)s: %(words)s") % {"who": who, "words": rung.said()}, mark="ring", order=2)


def _shelved(shelvings: list[Shelving]) -> Iterator[Step]:
    for one in shelvings:
        until = _("until %(at)s") % {"at": bureau_time(one.until)}
        rule: dict[str, Any] = {
            "rule_label": rule_label(one.entry),
            "rule_clause": f"{one.entry.standard} {one.entry.clause}".strip(),
            "rule_url": reverse("rulebook:entry", args=[one.entry_id]),
            "verified": one.entry.verified,
        }
        told = f"{until} · {one.reason}"
        second = one.expires_at is not None
        title = _("Shelving asked for") if second else _("Alarm shelved")
        yield Step(at=one.asked_at, title=title, detail=told, who=one.asked_by.name, mark="decision", order=2, **rule)
        if second and one.began_at is not None and one.confirmed_by is not None:
            title = _("Shelving confirmed by a second person")
            yield Step(at=one.began_at, title=title, who=one.confirmed_by.name, mark="decision", order=2)
        if one.ended_at is not None:
            yield _shelving_over(one, one.ended_at)


def _shelving_over(one: Shelving, at: datetime) -> Step:
    who = one.ended_by.name if one.ended_by is not None and not one.ended_by.is_system else ""
    if one.state != ShelvingState.ENDED:
        title = str(one.get_state_display())
    else:
        title = _("Shelving ended: %(why)s") % {"why": one.get_end_display()}
    by_hand = one.end == ShelvingEnd.HAND or one.state == ShelvingState.REFUSED
    return Step(at=at, title=title, who=who if by_hand else "", mark="decision" if by_hand else "ring", order=2)


def _acts(alarm: Alarm, clocks: list[Clock]) -> Iterator[Step]:
    clock = next(iter(clocks), None)
    for act in alarm.acts.select_related("actor"):
        timed = act.do in (AlarmDo.ACKNOWLEDGE, AlarmDo.OPEN_CASE) and clock is not None
        yield Step(
            at=act.at,
            title=_act_title(act),
            detail=act.note,
            who=act.actor.name,
            mark="decision",
            order=2,
            **(_clock(clock, act.at) if timed and act.was in _UNANSWERED else {}),
        )


_UNANSWERED = (AlarmState.UNACKNOWLEDGED, AlarmState.CLEARED)


def _act_title(act: AlarmAct) -> str:
    match act.do:
        case AlarmDo.ACKNOWLEDGE:
            return _("Alarm acknowledged")
        case AlarmDo.UNDO:
            return _("Acknowledgement taken back")
        case AlarmDo.CLOSE:
            return _("Alarm closed")
        case _:
            return _("Case opened from the alarm")


def _clock(clock: Any, at: datetime) -> dict[str, Any]:
    """How much of the answer clock an act used; time for which it was shelved does not count."""
    allowed = (clock.due - clock.started_at).total_seconds() - clock.paused_s
    return {
        "clock_label": _("Answer within %(span)s") % {"span": span(allowed)},
        "clock_used": span(max(0.0, (at - clock.started_at).total_seconds() - clock.paused_s)),
        "late": at > clock.due,
    }


def _curve(alarm: Alarm) -> tuple[Proof, ...]:
    url = reverse("sensing:point", args=[alarm.point.code])
    moment = round(alarm.raised_at.timestamp() * 1000)
    return (Proof(_("Curve"), f"{url}?at={moment}", "curve"),)


def _value(alarm: Alarm, mark: AlarmStep) -> str:
    if mark.value is None:
        return ""
    return f"{mark.value:.{alarm.point.digits}f} {alarm.point.unit}".rstrip()


def _level(severity: int) -> str:
    return f"{NUMERALS[severity]} {COLOURS[severity]}"
