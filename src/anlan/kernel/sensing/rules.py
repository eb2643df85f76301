"""From the rulebook to the engine: which rule holds for which point, and the log told of every change.

A row of `RuleVersion` is one rulebook entry put in force over some points in one lane of the log; its id is the rule
version that the engine knows. A changed rule is a new row. A point that joins gets a row of its own, so that the
timers of the others run on; a point that leaves ends the row and the rest start a new one.

Level rules of the live lane have a twin in the lane "backfill", where history is judged afterwards. Silence has none:
a hole in the past is seen in the history itself.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max, Q

from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook import queries as rulebook
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing.conditions import LEVEL, canonical, conditions_of, engine_rule, for_period
from anlan.kernel.sensing.models import Device, Point, RuleVersion
from anlan.kernel.sensing.store import Store

KIND = "alarm"
LIVE = "live"
BACKFILL = "backfill"

#: (entry id, condition as one text, lane)
Key = tuple[int, str, str]


# --- what holds now -----------------------------------------------------------------------------------------------


def sync(now: datetime) -> int:
    """Make the rows of `RuleVersion` say what the rulebook says at `now` about the enabled points.

    Returns the number of rows opened and ended. Doing it again changes nothing.
    """
    with transaction.atomic():
        _one_at_a_time()
        wanted = _wanted(now)
        changes = 0
        held: dict[Key, set[int]] = defaultdict(set)
        for version in RuleVersion.objects.filter(to_at=None, lane__in=(LIVE, BACKFILL)).select_for_update():
            key = (version.entry_id, canonical(version.condition), version.lane)
            points = set(version.points)
            if points <= wanted.get(key, set()):
                held[key] |= points
                continue
            version.to_at = now
            version.save(update_fields=("to_at",))
            changes += 1
        for key, points in wanted.items():
            missing = points - held[key]
            if missing:
                _open(key, missing, now)
                changes += 1
        return changes


def put_in_force(
    entry: Entry, condition: dict[str, Any], points: Iterable[Point], *, lane: str, now: datetime
) -> list[RuleVersion]:
    """One condition over chosen points in one lane; a row for each length of silence that their periods give."""
    by_condition: dict[str, tuple[dict[str, Any], list[int]]] = {}
    for point in points:
        settled = for_period(condition, point.period_s)
        by_condition.setdefault(canonical(settled), (settled, []))[1].append(point.pk)
    return [
        RuleVersion.objects.create(entry=entry, condition=settled, lane=lane, from_at=now, points=sorted(ids))
        for settled, ids in by_condition.values()
    ]


def _wanted(now: datetime) -> dict[Key, set[int]]:
    """Which points stand under which condition of which entry, in the live lane and in its twin for old data."""
    wanted: dict[Key, set[int]] = defaultdict(set)
    conditions: dict[int, list[dict[str, Any]]] = {}
    by_region: dict[int, dict[str, list[Entry]]] = {}
    columns = ("id", "kind", "region_id", "period_s")
    points = Point.records.filter(enabled=True, exercise=False).values_list(*columns)
    for point_id, kind, region_id, period_s in points.order_by("id").iterator(chunk_size=2000):
        if region_id not in by_region:
            by_region[region_id] = _entries_by_kind(region_id, now)
        for entry in by_region[region_id].get(kind, ()):
            if entry.pk not in conditions:
                conditions[entry.pk] = conditions_of(entry.body, code=entry.code)
            for condition in conditions[entry.pk]:
                text = canonical(for_period(condition, period_s))
                wanted[entry.pk, text, LIVE].add(point_id)
                if condition["type"] == LEVEL:
                    wanted[entry.pk, text, BACKFILL].add(point_id)
    return wanted


def _entries_by_kind(region_id: int, now: datetime) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    region = Region.objects.get(pk=region_id)
    for entry in rulebook.entries(KIND, at=now, region=region):
        for kind in _kinds(entry):
            found[kind].append(entry)
    return found


def _kinds(entry: Entry) -> Sequence[str]:
    """The kinds of point that an entry speaks about: `kind` or a list under `kinds`."""
    kinds = entry.body.get("kinds") or [entry.body.get("kind", "")]
    return [str(kind) for kind in kinds]


def _open(key: Key, points: set[int], now: datetime) -> RuleVersion:
    entry_id, text, lane = key
    return RuleVersion.objects.create(
        entry_id=entry_id, condition=json.loads(text), lane=lane, from_at=now, points=sorted(points)
    )


def _one_at_a_time() -> None:
    """Two processes that sync at once would open a version twice; on SQLite the write transaction itself forbids it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (0x72756C65,))


def fingerprint(now: datetime) -> str:
    """A short text that changes whenever points or alarm rules were added, ended or switched on or off."""
    points = Point.records.filter(exercise=False).aggregate(
        n=Count("id"), last=Max("id"), on=Count("id", Q(enabled=True))
    )
    entries = Entry.objects.filter(kind=KIND).aggregate(
        last=Max("id"),
        begun=Count("id", Q(valid_from__lte=now)),
        ended=Count("id", Q(valid_to__lte=now)),
    )
    return json.dumps([points, entries], sort_keys=True)


# --- what the log knows -------------------------------------------------------------------------------------------


def push(store: Store, now: datetime) -> int:
    """Write into the log what it does not know yet: rules put in force and ended, sources that deliver out of order.

    Called once a second by the engine process. Rules that the rulebook or new points ask for are opened first. After
    a crash between the log and the mark in the row the same record is written again and changes nothing.

    Returns the number of records written.
    """
    seen = fingerprint(now)
    if _seen.get("points and rules") != seen:
        sync(now)
    written = _push_versions(store)
    if _seen.get("points and rules") != seen:
        written += _push_declarations(store)
        _seen["points and rules"] = seen
    return written


#: What this process last found, so that a quiet second costs three counts.
_seen: dict[str, str] = {}


def forget() -> None:
    """Look at everything again at the next push, as a process does that has just started."""
    _seen.clear()


def _push_versions(store: Store) -> int:
    written = 0
    for version in RuleVersion.objects.filter(logged=False).order_by("id"):
        rule = engine_rule(version.condition, version=version.pk, points=version.points)
        store.append_rule(rule, lane=version.lane)
        RuleVersion.objects.filter(pk=version.pk).update(logged=True)
        written += 1
    for version in RuleVersion.objects.filter(logged=True, ended_logged=False).exclude(to_at=None).order_by("id"):
        store.append_retire(version.pk, lane=version.lane)
        RuleVersion.objects.filter(pk=version.pk).update(ended_logged=True)
        written += 1
    return written


def _push_declarations(store: Store) -> int:
    written = 0
    for device in Device.records.filter(Q(hold_ms__gt=0) | ~Q(declared="")).order_by("id"):
        points = list(device.points.order_by("id").values_list("id", flat=True))
        text = f"{device.hold_ms}:{hashlib.sha256(repr(points).encode()).hexdigest()[:32]}"
        if not points or text == device.declared:
            continue
        for lane in (LIVE, BACKFILL) if device.lane == LIVE else (device.lane,):
            store.append_declare(points, device.hold_ms, lane=lane)
            written += 1
        Device.records.filter(pk=device.pk).update(declared=text)
    return written
