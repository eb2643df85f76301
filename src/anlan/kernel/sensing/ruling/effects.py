"""The effect of a proposed rule: which rules over which points are to be replayed, and what came out, for a page.

A preview runs in a thread beside the requests and is kept by what went in (both rules, their points, the span), so
that the second person sees what the first one saw without waiting.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import close_old_connections
from django.db.models import Max
from django.utils import timezone

from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook import queries as rulebook
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing.conditions import (
    LADDERS,
    SEVERAL,
    VOTE,
    canonical,
    codes_of,
    conditions_of,
    engine_rule,
)
from anlan.kernel.sensing.models import Point, PointKind, RuleVersion
from anlan.kernel.sensing.rules import KIND, LIVE, Facts, Standing, facts_of, inhibits_at, is_named, settled
from anlan.kernel.sensing.ruling import preview
from anlan.kernel.sensing.ruling.preview import AFTER, ASIDE, BEFORE, DAY_MS, HOUR_MS, Form, Outcome
from anlan.kernel.sensing.ruling.services import Draft, deciding
from anlan.kernel.sensing.store import Store, open_store

#: The span of a preview, days.
DAYS = 30
#: Readings that one preview judges at most; of more points the last days only, and the page says so.
MOST_ROWS = 200_000_000
#: Previews that are kept.
KEPT = 32
#: Points and alarms that a page lists.
LISTED = 200


@dataclass(frozen=True, slots=True)
class Task:
    """What a preview replays."""

    forms: tuple[Form, ...]
    points: tuple[int, ...]
    from_ms: int
    to_ms: int
    period_s: float

    @property
    def key(self) -> str:
        """The same for the same rules over the same points and span."""
        forms = [(form.side, form.kind, repr(form.rule)) for form in self.forms]
        text = json.dumps([forms, self.points, self.from_ms, self.to_ms])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(slots=True)
class Effect:
    """A preview that runs or is done. `share` is how much of it is done, 0 … 1; `wrong` says why it failed."""

    task: Task
    share: float = 0.0
    outcome: Outcome | None = None
    wrong: str = ""
    took_s: float = 0.0
    future: Future[None] | None = field(default=None, repr=False)


# --- what is replayed -----------------------------------------------------------------------------------------------


def task_of(draft: Draft, base: Entry | None, now: datetime) -> Task:
    """The rule in force and the proposed one over the points of both. Raises BadCondition for a body that is none."""
    forms = _Forms(draft, base, now)
    if base is not None and not base.body.get("ended"):
        forms.add(base.body, BEFORE)
    if not draft.ends:
        forms.add(draft.body, AFTER)
    points = tuple(sorted(forms.needed))
    to_ms = round(now.timestamp() * 1000) // HOUR_MS * HOUR_MS
    periods = list(Point.records.filter(pk__in=points).values_list("period_s", flat=True))
    rows_a_day = sum(86_400 / max(1, period) for period in periods)
    days = max(1, min(DAYS, int(MOST_ROWS / rows_a_day))) if rows_a_day else DAYS
    period = float(np.median(periods)) if periods else 60.0
    return Task(tuple(forms.made), points, to_ms - days * DAY_MS, to_ms, period)


class _Forms:
    """Gathers the engine's rules of both sides, and those that hold them down or that a vote counts."""

    def __init__(self, draft: Draft, base: Entry | None, now: datetime) -> None:
        self.draft, self.base, self.now = draft, base, now
        self.made: list[Form] = []
        self.needed: set[int] = set()
        self._anchor = (Point.records.aggregate(most=Max("id"))["most"] or 0) + 1
        self._standing: dict[str, Standing] = {}
        self._voters: set[tuple[int, int]] = set()

    def add(self, body: Mapping[str, Any], side: int, *, code: str = "") -> Standing:
        """The forms of one rule; `code` where it is another than the one that is changed."""
        conditions = conditions_of(body, code=code or self.draft.code)
        for condition in conditions:
            for inhibit in condition.get("inhibits", ()):
                self._inhibitor(inhibit["rule"])
        start = len(self.made)
        if conditions[0]["type"] in SEVERAL:
            for condition in conditions:
                self._several(condition, side)
        else:
            self._single(body, conditions, side, code or self.draft.code)
        return [(form.rule.version, frozenset(form.rule.points)) for form in self.made[start:]]

    def _inhibitor(self, code: str) -> None:
        if code in self._standing:
            return
        self._standing[code] = []
        entry = deciding(code, self.draft.region, self.now)
        if entry is not None and not entry.body.get("ended"):
            self._standing[code] = self.add(entry.body, ASIDE, code=code)

    def _single(self, body: Mapping[str, Any], conditions: Sequence[Mapping[str, Any]], side: int, code: str) -> None:
        grouped: dict[tuple[str, Any], tuple[dict[str, Any], list[int]]] = {}
        for point in self._points(body, code):
            for form in settled(body, conditions, point):
                inhibits = inhibits_at(point.id, form, self._standing)
                grouped.setdefault((canonical(form), inhibits), (form, []))[1].append(point.id)
        for (_text, inhibits), (form, ids) in grouped.items():
            self._make(form, side, ids, inhibits)
            self.needed |= set(ids)

    def _several(self, condition: Mapping[str, Any], side: int) -> None:
        if condition["type"] == VOTE:
            self._voting(set(Point.records.filter(code__in=codes_of(condition)).values_list("id", flat=True)))
        self._make(condition, side, [self._anchor], inhibits_at(self._anchor, condition, self._standing))
        self._anchor += 1

    def _voting(self, members: set[int]) -> None:
        """The rules whose alarms a vote counts: all with steps that stand over a member now."""
        rows = RuleVersion.objects.filter(lane=LIVE, to_at=None, condition__type__in=LADDERS)
        for version in rows.order_by("id"):
            ids = [point for point in version.points if point in members and (version.pk, point) not in self._voters]
            if ids:
                self._voters |= {(version.pk, point) for point in ids}
                self._make({**version.condition, "inhibits": []}, ASIDE, ids, ())
                self.needed |= set(ids)

    def _points(self, body: Mapping[str, Any], code: str) -> list[Facts]:
        rows = Point.records.filter(
            enabled=True, exercise=False, region__path__startswith=self.draft.region.path
        ).exclude(kind=PointKind.GROUP)
        if body.get("points"):
            rows = rows.filter(code__in=body["points"])
        named = [point for point in facts_of(rows) if is_named(body, point)]
        here = {pk: self._decides(code, pk) for pk in {point.region_id for point in named}}
        return [point for point in named if here[point.region_id]]

    def _decides(self, code: str, region_id: int) -> bool:
        """Does the rule hold in a region, or has that region a version of its own that stays?"""
        if self.base is None or code != self.draft.code:
            return True
        try:
            return rulebook.lookup(KIND, code, at=self.now, region=Region.objects.get(pk=region_id)).pk == self.base.pk
        except rulebook.NoRule:
            return True

    def _make(self, condition: Mapping[str, Any], side: int, points: Sequence[int], inhibits: Any) -> None:
        named = dict(Point.records.filter(code__in=codes_of(condition)).values_list("code", "id"))
        self.needed |= set(named.values())
        rule = engine_rule(condition, version=len(self.made) + 1, points=points, numbers=named, inhibits=inhibits)
        self.made.append(Form(side, condition["type"], rule))


# --- running it -----------------------------------------------------------------------------------------------------

_lock = threading.Lock()
_kept: OrderedDict[str, Effect] = OrderedDict()
_worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="preview")


def start(task: Task) -> str:
    """Begin a preview unless it is there already; returns the key under which it is found."""
    with _lock:
        if task.key in _kept and not _kept[task.key].wrong:
            _kept.move_to_end(task.key)
            return task.key
        effect = _kept[task.key] = Effect(task)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
        effect.future = _worker.submit(_run, effect, open_store())
    return task.key


def found(key: str) -> Effect | None:
    """A preview that runs or is done; None when this process has forgotten it."""
    with _lock:
        return _kept.get(key)


def wait(key: str, seconds: float = 1.5) -> Effect | None:
    """The preview, after waiting a little for it to be done."""
    effect = found(key)
    if effect is not None and effect.future is not None:
        with suppress(TimeoutError):
            effect.future.result(timeout=seconds)
    return effect


def _run(effect: Effect, store: Store) -> None:
    begun = timezone.now()
    try:
        effect.outcome = run(effect.task, store, told=lambda share: setattr(effect, "share", share))
    except Exception as error:  # told to the person who waits for it
        effect.wrong = str(error) or repr(error)
    finally:
        effect.took_s = (timezone.now() - begun).total_seconds()
        effect.share = 1.0
        store.close()
        close_old_connections()


def run(task: Task, store: Store, *, told: Callable[[float], None] = lambda share: None) -> Outcome:
    """Replay now, in this thread."""
    return preview.replay(store, task.forms, task.points, task.from_ms, task.to_ms, period_s=task.period_s, told=told)


# --- as a page shows it ---------------------------------------------------------------------------------------------


def figures(effect: Effect) -> dict[str, Any]:
    """Counts, days, points and the alarms that come or go, for the template."""
    outcome = effect.outcome
    assert outcome is not None
    before, after = outcome.before, outcome.after
    zone = timezone.get_default_timezone()
    offset = zone.utcoffset(datetime.fromtimestamp(outcome.to_ms / 1000, UTC).replace(tzinfo=None)) or timedelta()
    zone_ms = round(offset.total_seconds() * 1000)
    days = [
        {"day": date(1970, 1, 1) + timedelta(days=day), **counts}
        for day, counts in _beside(
            range((outcome.from_ms + zone_ms) // DAY_MS, (outcome.to_ms - 1 + zone_ms) // DAY_MS + 1),
            lambda episodes, which: preview.per_day(episodes, zone_ms, which),
            outcome,
        )
    ]
    names = Point.records.in_bulk(list(effect.task.points))
    points = [
        {"point": names.get(number), **counts}
        for number, counts in _beside(effect.task.points, preview.per_point, outcome)
        if counts["before"] or counts["after"]
    ]
    anchors = {number for form in effect.task.forms for number in form.rule.points} - set(names)
    points += [
        {"point": None, **counts}
        for _number, counts in _beside(sorted(anchors), preview.per_point, outcome)
        if counts["before"] or counts["after"]
    ]
    points.sort(key=lambda row: (-(row["added"] + row["removed"]), -row["after"]))
    return {
        "from": datetime.fromtimestamp(outcome.from_ms / 1000, UTC),
        "to": datetime.fromtimestamp(outcome.to_ms / 1000, UTC),
        "span_days": (outcome.to_ms - outcome.from_ms) // DAY_MS,
        "whole": outcome.to_ms - outcome.from_ms >= DAYS * DAY_MS,
        "readings": outcome.rows,
        "points_n": len(effect.task.points),
        "before": len(before),
        "after": len(after),
        "added": int(outcome.added.sum()),
        "removed": int(outcome.removed.sum()),
        "floods_before": preview.floods(before),
        "floods_after": preview.floods(after),
        "most": max([1, *(max(day["before"], day["after"]) for day in days)]),
        "days": days,
        "points": points[:LISTED],
        "points_more": max(0, len(points) - LISTED),
        "came": _listed(after, outcome.added, names),
        "went": _listed(before, outcome.removed, names),
        "took_s": effect.took_s,
    }


def _beside(numbers: Any, count: Callable[..., dict[int, int]], outcome: Outcome) -> list[tuple[int, dict[str, int]]]:
    """For each number its alarms before, after, added and removed."""
    columns = {
        "before": count(outcome.before, None),
        "after": count(outcome.after, None),
        "added": count(outcome.after, outcome.added),
        "removed": count(outcome.before, outcome.removed),
    }
    return [(number, {name: column.get(number, 0) for name, column in columns.items()}) for number in numbers]


def _listed(episodes: preview.Episodes, which: Any, names: Mapping[int, Point]) -> list[dict[str, Any]]:
    """The newest of the chosen alarms."""
    chosen = np.flatnonzero(which)
    chosen = chosen[np.argsort(episodes.begin[chosen])[::-1]][:50]
    return [
        {
            "point": names.get(int(episodes.point[i])),
            "begin": datetime.fromtimestamp(int(episodes.begin[i]) / 1000, UTC),
            "begin_ms": int(episodes.begin[i]),
            "lasted_s": (int(episodes.end[i]) - int(episodes.begin[i])) / 1000 if episodes.end[i] >= 0 else None,
            "level": int(episodes.severity[i]),
        }
        for i in chosen.tolist()
    ]
