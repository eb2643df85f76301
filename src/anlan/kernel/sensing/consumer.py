"""From the engine's transitions to alarms: the idempotent receiver behind the reading store.

One transition is one step of one rule over one point going on or off. Alarms gather them: at most one open alarm for
each point, rulebook entry, condition and lane, its level the most severe step that is on. A transition that was taken
before changes nothing (`AlarmStep.transition` is unique), so the engine may hand over the same ones after a crash.

Lanes of the log: "live" rings; "backfill" and late rows ("retro") make retrospective alarms, listed and counted, no
siren and no clock; an exercise lane makes exercise alarms that join the chain of their replay.

An alarm that is shelved, or comes again while nobody has answered its last ring, changes without a sound.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from anlan.kernel.audit import services as audit
from anlan.kernel.chains import services as chains
from anlan.kernel.clocks import services as clocks
from anlan.kernel.people.models import User
from anlan.kernel.people.services import system_user
from anlan.kernel.sensing import bell, chattering, groups, shelving
from anlan.kernel.sensing.alarm_life import LifeRules
from anlan.kernel.sensing.alarms import UNANSWERED, event_data, finish_chain, start_answer_clock
from anlan.kernel.sensing.models import Alarm, AlarmState, AlarmStep, Point, PointKind, RuleVersion
from anlan.kernel.sensing.rules import BACKFILL, LIVE
from anlan.kernel.web.events import publish
from anlan.kernel.web.refs import ref_of

#: Transitions taken in one transaction: it must end within 200 ms, because people write in between.
AT_ONCE = 20

#: Lane of a transition that late rows caused.
RETRO = "retro"


class Transition(Protocol):
    """What is read of a transition, of the engine or of the reading store."""

    @property
    def id(self) -> str: ...
    @property
    def t(self) -> int: ...
    @property
    def rule(self) -> int: ...
    @property
    def point(self) -> int: ...
    @property
    def step(self) -> int: ...
    @property
    def severity(self) -> int: ...
    @property
    def on(self) -> bool: ...
    @property
    def value(self) -> float | None: ...
    @property
    def lane(self) -> str: ...


#: point, entry, condition, lane, retrospective
Key = tuple[int, int, str, str, bool]


@dataclass(slots=True)
class _Change:
    """One alarm as it was before this portion of transitions and as it becomes."""

    alarm: Alarm
    new: bool
    was_state: str
    was_level: int
    steps: list[AlarmStep] = field(default_factory=list)
    rings: bool = False  # somebody must look, or look again
    again: bool = False  # it had cleared and is on again
    over_shelf: bool = False  # more severe than what was shelved


@dataclass(slots=True)
class _Portion:
    """The alarms that a portion of transitions touches; a key has a new change once its alarm was closed."""

    open_alarms: dict[Key, Alarm]
    now: datetime
    life: LifeRules
    first: datetime  # event time of its earliest transition
    points: frozenset[int]
    changes: list[_Change] = field(default_factory=list)
    current: dict[Key, _Change] = field(default_factory=dict)
    _closed: dict[tuple[int, int, str, str], list[int]] | None = None

    def change_of(self, key: Key) -> _Change | None:
        """The change of the open alarm under this key, begun when it is first touched; None when none is open."""
        change = self.current.get(key)
        if change is None and (alarm := self.open_alarms.get(key)) is not None:
            change = self.begin(key, _Change(alarm, False, alarm.state, alarm.level))
        return None if change is None or change.alarm.state == AlarmState.CLOSED else change

    def raises_before(self, key: Key) -> list[int]:
        """Raises that the alarm before a new one remembers, ms; read for all points of the portion at once."""
        here = self.current.get(key)
        if here is not None:
            return list(here.alarm.recent_raises or ())
        if self._closed is None:
            self._closed = chattering.recent_raises(self.points, self.first)
        return self._closed.get(key[:4], [])

    def begin(self, key: Key, change: _Change) -> _Change:
        self.changes.append(change)
        self.current[key] = change
        return change


def take(transitions: Sequence[Transition], now: datetime) -> int:
    """Turn transitions into alarms, in the order given.

    now      aware UTC, when Anlan learnt of them
    returns  how many were new

    Small transactions follow one another; after a crash in between, the rest is taken when they are handed in again.
    """
    taken = 0
    for start in range(0, len(transitions), AT_ONCE):
        with transaction.atomic():
            taken += _take(transitions[start : start + AT_ONCE], now)
    return taken


def _take(portion: Sequence[Transition], now: datetime) -> int:
    known = set(AlarmStep.objects.filter(transition__in=[t.id for t in portion]).values_list("transition", flat=True))
    fresh = {t.id: t for t in portion if t.id not in known}
    if not fresh:
        return 0
    versions = RuleVersion.objects.defer("points").select_related("entry").in_bulk({t.rule for t in fresh.values()})
    points = Point.records.select_related("region").in_bulk({t.point for t in fresh.values()})
    first = datetime.fromtimestamp(min(t.t for t in fresh.values()) / 1000, UTC)
    taken = _Portion(_open_alarms(points, versions), now, LifeRules(now), first, frozenset(points))
    for transition_ in fresh.values():
        version, point = versions.get(transition_.rule), points.get(transition_.point)
        if version is None or point is None:  # of a rule or point that this database never had
            continue
        _apply(transition_, version, point, taken)
    _keep(taken.changes)
    fresh_alarms = [change.alarm for change in taken.changes if change.new and not change.alarm.retrospective]
    groups.gather(fresh_alarms, taken.life)
    _tell(taken.changes, now)
    return len(fresh)


def _open_alarms(points: Iterable[int], versions: dict[int, RuleVersion]) -> dict[Key, Alarm]:
    """Alarms that are not closed, by key; the newest where late discoveries left several."""
    rows = (
        Alarm.records.filter(
            point_id__in=list(points), entry_id__in={v.entry_id for v in versions.values()}, closed_at=None
        )
        .select_related("region", "rule", "entry", "chain", "point")
        .defer("rule__points")
    )
    return {_key(row): row for row in rows.order_by("id")}


def _key(alarm: Alarm) -> Key:
    return (alarm.point_id, alarm.entry_id, alarm.condition, alarm.lane, alarm.retrospective)


def _apply(transition_: Transition, version: RuleVersion, point: Point, portion: _Portion) -> None:
    now = portion.now
    t = datetime.fromtimestamp(transition_.t / 1000, UTC)
    retrospective = version.lane == BACKFILL or transition_.lane == RETRO
    key: Key = (point.pk, version.entry_id, version.condition["type"], version.lane, retrospective)
    change = portion.change_of(key)
    if transition_.on:
        if change is None:
            if retrospective and not _would_have_rung(version, point, t):
                return
            alarm = _new(transition_, version, point, retrospective, t, now)
            if not retrospective:
                chattering.note(alarm, t, portion.life, portion.raises_before(key))
            change = portion.begin(key, _Change(alarm, True, "", 0))
        _on(change, transition_, version, t, portion.life)
    elif change is not None:
        _off(change, transition_, version, t, portion)
    else:
        _off_after_closing(transition_, version, point, t, now)
        return
    change.steps.append(_step(transition_, version, t, now))


def _would_have_rung(version: RuleVersion, point: Point, t: datetime) -> bool:
    """False when the rule was not yet in force at that moment, or the alarm of that moment is known already."""
    if t < version.entry.valid_from:
        return False
    if version.lane != BACKFILL:
        return True
    on_then = Q(raised_at__lte=t) & (Q(cleared_at=None) | Q(cleared_at__gte=t))
    same = Q(entry__kind=version.entry.kind, entry__code=version.entry.code)
    kind = version.condition["type"]
    return not Alarm.records.filter(same, on_then, point=point, lane=LIVE, condition=kind).exists()


def _new(
    transition_: Transition, version: RuleVersion, point: Point, retrospective: bool, t: datetime, now: datetime
) -> Alarm:
    return Alarm(
        point=point,
        rule=version,
        entry=version.entry,
        region=point.region,
        condition=version.condition["type"],
        level=transition_.severity,
        level_max=transition_.severity,
        level_rung=transition_.severity,
        title=title_of(point, version),
        retrospective=retrospective,
        exercise=point.exercise,
        lane=version.lane,
        value=_value(transition_),
        raised_at=t,
        seen_at=now,
        active=[],
    )


def title_of(point: Point, version: RuleVersion) -> str:
    """What the alarm is called in lists: the place, the point and the rule, in the bureau's language."""
    entry = version.entry
    chinese = str(settings.LANGUAGE_CODE).startswith("zh")
    rule = (entry.title_zh if chinese else "") or entry.title
    where = point.site_name if point.site_name and point.site_name not in point.name else ""
    name = "" if point.kind == PointKind.GROUP else point.name  # an anchor is called as its rule
    return " ".join(part for part in (where, name, rule) if part)[:200]


def _on(change: _Change, transition_: Transition, version: RuleVersion, t: datetime, life: LifeRules) -> None:
    alarm = change.alarm
    mark = [version.pk, transition_.step, transition_.severity]
    alarm.active = [*(held for held in alarm.active if held[:2] != mark[:2]), mark]
    alarm.level = min(held[2] for held in alarm.active)
    alarm.level_max = min(alarm.level_max, alarm.level)
    if alarm.cleared_at is not None:
        _again(change, t, life)
    elif alarm.level < alarm.level_rung:
        _louder(change)
    change.rings = change.rings or change.new
    if change.rings:
        alarm.rang_at = t
    if alarm.shelved_level is not None and alarm.level < alarm.shelved_level:
        change.over_shelf = change.rings = True


def _again(change: _Change, t: datetime, life: LifeRules) -> None:
    """It had cleared and is on again: a chattering point keeps its one alarm.

    It rings again, unless it rang within the window and nobody has answered that yet, or it is known to chatter.
    """
    alarm = change.alarm
    quiet = chattering.is_quiet_again(alarm, t, life)
    unheard = alarm.state in UNANSWERED and alarm.rang_at is not None
    just_rang = alarm.rang_at is not None and t - alarm.rang_at <= chattering.window(alarm, life)
    if quiet:
        alarm.chattering_since = None
    if not alarm.retrospective:
        chattering.note(alarm, t, life)
    alarm.raises += 1
    alarm.cleared_at = None
    holds_its_answer = alarm.acknowledged_at is not None and (
        alarm.chattering_since is not None or alarm.shelved_until is not None
    )
    louder = alarm.level < alarm.level_rung
    if louder or alarm.chattering_since is None:
        alarm.level_rung = alarm.level
    change.again = True
    if holds_its_answer and not louder:
        return
    alarm.state = AlarmState.UNACKNOWLEDGED
    alarm.acknowledged_at = alarm.acknowledged_by = None
    change.rings = change.rings or louder or not (unheard and just_rang)


def _louder(change: _Change) -> None:
    """The level rose above what rang before."""
    alarm = change.alarm
    alarm.level_rung = alarm.level
    change.rings = True
    if alarm.state == AlarmState.ACKNOWLEDGED and alarm.case_id is None:
        # What was acknowledged was the lower level. Where a case runs, its people hear of it by the event.
        alarm.state = AlarmState.UNACKNOWLEDGED
        alarm.acknowledged_at = alarm.acknowledged_by = None


def _off(change: _Change, transition_: Transition, version: RuleVersion, t: datetime, portion: _Portion) -> None:
    alarm = change.alarm
    alarm.active = [held for held in alarm.active if held[:2] != [version.pk, transition_.step]]
    if alarm.active:
        alarm.level = min(held[2] for held in alarm.active)
        return
    if alarm.cleared_at is None:
        alarm.cleared_at = t
    if alarm.state == AlarmState.ACKNOWLEDGED:
        chatters = alarm.chattering_since is not None and not chattering.is_quiet_again(alarm, t, portion.life)
        if chatters or alarm.shelved_until is not None:
            return  # it stays answered until it is quiet, or until the shelving ends
        alarm.state = AlarmState.CLOSED
        alarm.closed_at, alarm.closed_by = portion.now, engine_user()
    elif alarm.state == AlarmState.UNACKNOWLEDGED:
        alarm.state = AlarmState.CLEARED


def _off_after_closing(transition_: Transition, version: RuleVersion, point: Point, t: datetime, now: datetime) -> None:
    """A person closed the alarm first (its rule had ended): note the moment at which it cleared all the same."""
    on = (
        AlarmStep.objects.filter(alarm__point=point, rule=version, step=transition_.step, on=True)
        .select_related("alarm")
        .order_by("-id")
        .first()
    )
    if on is None:
        return
    alarm = on.alarm
    alarm.active = [held for held in alarm.active if held[:2] != [version.pk, transition_.step]]
    if not alarm.active and alarm.cleared_at is None:
        alarm.cleared_at = t
    alarm.save(update_fields=("active", "cleared_at"))
    step = _step(transition_, version, t, now)
    step.alarm = alarm
    step.save()


def _step(transition_: Transition, version: RuleVersion, t: datetime, now: datetime) -> AlarmStep:
    return AlarmStep(
        transition=transition_.id,
        rule=version,
        t=t,
        seen_at=now,
        step=transition_.step,
        severity=transition_.severity,
        on=bool(transition_.on),
        value=_value(transition_),
    )


def _value(transition_: Transition) -> float | None:
    value = transition_.value
    return None if value is None or math.isnan(value) else float(value)


def engine_user() -> User:
    """The hand by which the product itself raises and clears."""
    return system_user("engine")


_CHANGING = (
    "level", "level_max", "level_rung", "state", "active", "cleared_at", "closed_at", "closed_by", "acknowledged_at",
    "acknowledged_by", "raises", "recent_raises", "rang_at", "chattering_since",
)  # fmt: skip


def _keep(changes: Iterable[_Change]) -> None:
    """Write alarms and their steps."""
    for change in changes:
        if change.new:
            change.alarm.save()
        else:
            change.alarm.save(update_fields=_CHANGING)
        for step in change.steps:
            step.alarm = change.alarm
    AlarmStep.objects.bulk_create(step for change in changes for step in change.steps)


def _tell(changes: Sequence[_Change], now: datetime) -> None:
    """Audit lines, answer clocks, chains, events and notices of what changed."""
    engine = engine_user()
    ringing: list[Alarm] = []
    for change in changes:
        alarm = change.alarm
        verb, event = _what(change)
        audit.record(
            actor=engine,
            verb=verb,
            obj=alarm,
            region=alarm.region,
            before={} if change.new else {"state": change.was_state, "level": change.was_level},
            after={"state": alarm.state, "level": alarm.level, "rule": alarm.rule_id, "value": alarm.value},
            now=now,
            source="engine",
        )
        if change.new:
            _join_chain(alarm, now)
        elif alarm.level < change.was_level and alarm.chain is not None:
            chains.raise_level(alarm.chain, alarm.level, now=now)
        if change.over_shelf:
            shelving.end_for_level(alarm, actor=engine, now=now)
        live = alarm.lane == LIVE and not alarm.retrospective and alarm.shelved_until is None
        sounds = change.rings and live
        if sounds:
            ringing.append(alarm)
        if sounds and alarm.state in UNANSWERED:
            start_answer_clock(alarm, now)
        elif alarm.closed_at is not None:
            clocks.stop(ref_of(alarm), now=now)
            finish_chain(alarm, actor=engine, now=now)
        publish(
            event,
            ref=ref_of(alarm),
            region=alarm.region,
            verb="alarm.see",
            at=now,
            data=event_data(alarm, sound=sounds),
        )
    bell.ring(ringing, now)


def _what(change: _Change) -> tuple[str, str]:
    """Audit verb and event kind of a change."""
    alarm = change.alarm
    if change.new:
        return "alarm.raise", "alarm.retrospective" if alarm.retrospective else "alarm.raised"
    if alarm.state == AlarmState.CLOSED:
        return "alarm.clear", "alarm.closed"
    if alarm.cleared_at is not None:
        return "alarm.clear", "alarm.cleared"
    if change.again:
        return "alarm.raise", "alarm.raised"
    return "alarm.level", "alarm.level"


def _join_chain(alarm: Alarm, now: datetime) -> None:
    """An exercise alarm joins the chain of its replay; a live one the open chain of its site, when a case runs there.

    So the second detector of a leak stands in the chain that the first one opened, and is acknowledged on its own.
    """
    cause, chain = "", None
    if alarm.exercise:
        cause = f"device:{alarm.point.device_id}"
        chain = chains.chain_of(cause)
    elif alarm.lane == LIVE and not alarm.retrospective and alarm.point.site_ref:
        first = (
            Alarm.records.filter(
                point__site_ref=alarm.point.site_ref,
                lane=LIVE,
                chain__closed_at=None,
                case__isnull=False,
                case__closed_at=None,
            )
            .exclude(pk=alarm.pk)
            .select_related("chain")
            .order_by("id")
            .first()
        )
        chain = first.chain if first else None
    if chain is not None:
        alarm.chain = chain
        alarm.save(update_fields=("chain",))
        chains.link(chain, cause, ref_of(alarm), now=now)
