"""Keeping history: what each kind of point keeps how long, and the nightly work that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.queries import in_force, lookup
from anlan.kernel.sensing.models import Point, PointKind
from anlan.kernel.sensing.store import Store, keeping
from anlan.kernel.sensing.store.cold import arrow

#: Kind of rulebook entry, and the word for every kind of point that no other entry names.
RULE_KIND, OTHERS = "history", "*"
SPANS = ("readings_days", "figures_days", "cold_after_days")
#: Points whose old hours are dropped before the time is looked at again.
PORTION = 100


@dataclass(frozen=True, slots=True)
class Done:
    """What one round did: readings moved to cold files, hours whose readings were dropped, hours dropped altogether,
    cold files removed; and whether nothing was left to do."""

    moved: int
    thinned: int
    gone: int
    files: int
    finished: bool


def faults_of(body: Mapping[str, Any]) -> list[str]:
    """What is wrong with an entry of kind "history"."""
    faults = []
    kinds = body.get("kinds")
    if not isinstance(kinds, list) or not kinds or set(kinds) - {*PointKind.values, OTHERS}:
        faults.append(f'kinds is a list of kinds of point, or ["{OTHERS}"]')
    for name in SPANS:
        if not isinstance(body.get(name), int) or body[name] < 1:
            faults.append(f"{name} is a whole number of days, 1 or more")
    if not faults and body["figures_days"] < body["readings_days"]:
        faults.append("figures_days is not less than readings_days")
    return faults


def rules(at: datetime) -> dict[str, Entry]:
    """Kind of point → the entry that says how long its readings are kept; OTHERS for the kinds not named."""
    codes = sorted(set(in_force(RULE_KIND, at).filter(region=None).values_list("code", flat=True)))
    found: dict[str, Entry] = {}
    for code in codes:
        entry = lookup(RULE_KIND, code, at=at)
        found |= dict.fromkeys(entry.body["kinds"], entry)
    return found


def keep_history(store: Store, *, now: datetime, enough: Callable[[], bool]) -> Done:
    """Drop what is kept no longer, then move whole months to cold files; the oldest first.

    enough  asked between portions; once it says yes, the rest waits for the next call
    returns what was done

    Points of exercises are left alone: their readings have the time of their recording. Without the extra `analytics`
    nothing is moved. Raises OSError when the disk refuses a cold file; what it was to hold stays where it was.
    """
    moved = thinned = gone = 0
    plans = list(_plans(now))
    for entry, points in plans:
        for some in _portions(points):
            if enough():
                return Done(moved, thinned, gone, 0, finished=False)
            thinned += keeping.forget_readings(store, some, _before(now, entry.body["readings_days"]))
            gone += keeping.forget_figures(store, some, _before(now, entry.body["figures_days"]))
    files = keeping.sweep(store)
    for entry, points in plans if store.cold is not None and arrow() is not None else ():
        for month, group in keeping.months_to_move(store, points, _before(now, entry.body["cold_after_days"])):
            if enough():
                return Done(moved, thinned, gone, files, finished=False)
            moved += keeping.move(store, month, group, points)
    return Done(moved, thinned, gone, files, finished=True)


def _plans(now: datetime) -> Iterator[tuple[Entry, list[int]]]:
    """Each entry with the points it decides for; kinds without any entry are kept for ever."""
    by_kind = rules(now)
    points: dict[str, list[int]] = {}
    for kind, pk in Point.records.filter(exercise=False).order_by("pk").values_list("kind", "pk").iterator():
        points.setdefault(kind if kind in by_kind else OTHERS, []).append(pk)
    for kind, entry in by_kind.items():
        if chosen := points.get(kind):
            yield entry, chosen


def _portions(points: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(points), PORTION):
        yield points[start : start + PORTION]


def _before(now: datetime, days: int) -> int:
    return max(0, round((now - timedelta(days=days)).timestamp() * 1000))
