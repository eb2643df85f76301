"""How healthy the senders are: what came of each point, counted from the log with the arrival time that only it knows.

A job comes every five minutes, reads what the log holds since its last visit, adds it to the day of each point
(`PointDay`), and puts the last thirty days of each point into one row (`PointHealth`). No page ever reads readings for
this, and no reading is read twice.

Watched is the time in which the log went on: the engine writes a tick four times a second, so where it stood still for
a minute nobody was there to take readings, and nothing counts as missed. What comes again, late or by backfill made
nobody see more at the time and is not counted. Counting the same records again changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings
from django.db.models import Max, Min, Q, QuerySet, Sum
from numpy.typing import NDArray

from anlan.engine import decode_batch
from anlan.kernel.jobs.registry import cron, job
from anlan.kernel.sensing.memory import give_back
from anlan.kernel.sensing.models import DERIVED_SENDER, Point, PointDay, PointHealth, PointKind
from anlan.kernel.sensing.store import LIVE, LogRow, Store, open_store
from anlan.kernel.sensing.store.readings import TRIMMED
from anlan.kernel.sensing.store.rows import BATCH

log = logging.getLogger("anlan.jobs")

#: Name in the position table, and of the job.
HEALTH, JOB = "health", "sensing.count_health"
#: A log that stands still for longer was not written: nobody was there, ms.
STILL_MS = 60_000
#: A pause is a gap from so many sampling periods on, and never below this, ms.
PERIODS, SHORTEST_MS = 3, 60_000
#: Days that are kept and shown.
DAYS = 30
#: Readings that are looked at in one piece, so that a backlog needs no memory; rows of one statement.
READ_ROWS, CHUNK = 50_000, 500
#: Fields of a day that counting changes.
_COUNTED = (
    "watched_s", "came", "gaps", "longest_s", "longest_from", "offset_ms", "offset_worst_ms", "last_ms", "upto_ms",
)  # fmt: skip

I8 = NDArray[np.int64]


def register() -> None:
    """Let the jobs process count."""
    job(JOB, lease_s=240)(count_health)
    cron("*/5 * * * *", JOB)


def count_health(*, now: datetime) -> None:
    """The job: count what came, then put it together."""
    count(open_store(), now)
    reckon(now)
    give_back()


def judged() -> QuerySet[Point]:
    """Points that a device sends to: no groups, nothing computed, nothing of a replay."""
    rows = Point.records.filter(enabled=True, exercise=False, device__enabled=True)
    return rows.exclude(Q(kind=PointKind.GROUP) | Q(device__code=DERIVED_SENDER))


# --- counting -------------------------------------------------------------------------------------------------------


def count(store: Store, now: datetime) -> int:
    """Add what the log holds since the last call to the days of the points; returns how many records were read."""
    at = store.position(HEALTH)
    # The first time, or after an absence longer than the log is kept: what is gone was not watched.
    seq = max(at, store.position(TRIMMED)) if at else store.last_seq()
    counting = Counting(now)
    read = 0
    while rows := store.read_log(seq, rows=READ_ROWS):
        counting.take([row for row in rows if row.lane == LIVE])
        seq, read = rows[-1].seq, read + len(rows)
    counting.write()
    if seq != at:
        store.set_position(HEALTH, seq)
    return read


@dataclass(slots=True)
class Counts:
    """What came of one point: times of their own in order, and arrival minus event time of each reading, ascending."""

    t: I8
    offset: I8


class Counting:
    """The days of all points while the log is read; nothing is stored before `write`."""

    def __init__(self, now: datetime) -> None:
        today = local_day(now)
        self._since = PointDay.objects.aggregate(upto=Max("upto_ms"))["upto"] or round(now.timestamp() * 1000)
        self._arrival = self._since
        self._watched_ms = 0
        #: Arrival ms (from, to) between which the log stood still: nobody was there.
        self._stills: list[tuple[int, int]] = []
        self._periods = dict(judged().values_list("id", "period_s"))
        before = _last_times(today)
        self._days = {day.point_id: day for day in PointDay.objects.filter(day=today)}
        # Nothing is known of a point before its first day: that it was silent then is nobody's fault.
        self._watched = self._days.keys() | before.keys()
        for number in self._periods.keys() - self._days.keys():
            self._days[number] = PointDay(point_id=number, day=today, last_ms=before.get(number, -1))

    def take(self, rows: Sequence[LogRow]) -> None:
        """Count records of the live lane, in order of the log."""
        for row in rows:
            self._goes_on(row.arrival)
        for number, counts in _by_point(rows).items():
            if number in self._periods:
                _count_point(self._days[number], counts, self._stills, self._periods[number])

    def _goes_on(self, arrival: int) -> None:
        """The log has come to this arrival time."""
        passed = arrival - self._arrival
        if passed <= 0:
            return
        if passed > STILL_MS:
            self._stills.append((self._arrival, arrival))
        else:
            self._watched_ms += passed
        self._arrival = arrival

    def write(self) -> None:
        """Store the days."""
        rows = [self._days[number] for number in self._periods]
        for day in rows:
            day.upto_ms = max(day.upto_ms, self._arrival)
            if day.point_id in self._watched:
                day.watched_s += self._watched_ms / 1000
        for start in range(0, len(rows), CHUNK):
            PointDay.objects.bulk_create(
                rows[start : start + CHUNK], update_conflicts=True, unique_fields=("point", "day"),
                update_fields=_COUNTED,
            )  # fmt: skip


def _by_point(rows: Sequence[LogRow]) -> dict[int, Counts]:
    points, times, offsets = [], [], []
    for row in rows:
        if row.kind != BATCH or not row.n:
            continue
        try:
            number, t, _value, _quality = decode_batch(row.payload)
        except ValueError:
            continue  # the engine reports it and puts it aside
        points.append(number)
        times.append(t)
        offsets.append(row.arrival - t)
    if not points:
        return {}
    point, t, offset = np.concatenate(points), np.concatenate(times), np.concatenate(offsets)
    order = np.lexsort((t, point))
    point, t, offset = point[order], t[order], offset[order]
    starts = np.flatnonzero(np.concatenate(([True], point[1:] != point[:-1])))
    ends = np.append(starts[1:], point.size)
    return {
        int(point[a]): Counts(np.unique(t[a:b]), np.sort(offset[a:b]))
        for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
    }


def _last_times(today: date) -> dict[int, int]:
    """Point → its newest time of the days before today, where it has such days."""
    rows = PointDay.objects.filter(day__lt=today, day__gte=today - timedelta(days=7))
    return dict(rows.values_list("point_id").annotate(Max("last_ms")))


def _count_point(day: PointDay, counts: Counts, stills: list[tuple[int, int]], period_s: int) -> None:
    fresh = counts.t[counts.t > day.last_ms]
    if fresh.size:
        times = np.concatenate(([day.last_ms], fresh)) if day.last_ms >= 0 else fresh
        pauses = np.diff(times)
        for place in np.flatnonzero(pauses > max(SHORTEST_MS, PERIODS * period_s * 1000)).tolist():
            begin, end = int(times[place]), int(times[place + 1])
            if any(since < end and until > begin for since, until in stills):
                continue  # a pause of our own
            day.gaps += 1
            if end - begin > day.longest_s * 1000:
                day.longest_s, day.longest_from = (end - begin) / 1000, _moment(begin)
        day.came += int(fresh.size)
        day.last_ms = int(fresh[-1])
    offset = counts.offset
    day.offset_ms = int(offset[offset.size // 2])
    worst = int(offset[0]) if abs(int(offset[0])) > abs(int(offset[-1])) else int(offset[-1])
    if day.offset_worst_ms is None or abs(worst) > abs(day.offset_worst_ms):
        day.offset_worst_ms = worst


# --- put together ---------------------------------------------------------------------------------------------------


def reckon(now: datetime) -> int:
    """Renew the row of each point from its days, and forget days that are over; returns how many rows there are."""
    today = local_day(now)
    PointDay.objects.filter(day__lte=today - timedelta(days=DAYS)).delete()
    week = Q(day__gt=today - timedelta(days=7))
    sums = {
        row["point"]: row
        for row in PointDay.objects.values("point").annotate(
            came_today=Sum("came", filter=Q(day=today)),
            watched_today=Sum("watched_s", filter=Q(day=today)),
            came_week=Sum("came", filter=week),
            watched_week=Sum("watched_s", filter=week),
            came_month=Sum("came"),
            watched_month=Sum("watched_s"),
            gaps_week=Sum("gaps", filter=week),
            high=Max("offset_worst_ms", filter=week),
            low=Min("offset_worst_ms", filter=week),
            last=Max("last_ms"),
        )
    }
    newest: dict[int, PointDay] = {}
    longest: dict[int, PointDay] = {}
    for day in PointDay.objects.filter(week).order_by("day"):
        if day.offset_ms is not None:
            newest[day.point_id] = day
        if day.longest_s and (day.point_id not in longest or day.longest_s >= longest[day.point_id].longest_s):
            longest[day.point_id] = day
    rows = []
    for number, period_s in judged().values_list("id", "period_s"):
        row = sums.get(number)
        if row is None:
            continue
        gap, last_day = longest.get(number), newest.get(number)
        ends = [end for end in (row["low"], row["high"]) if end is not None]
        rows.append(
            PointHealth(
                point_id=number,
                rate_today=_rate(row["came_today"], row["watched_today"], period_s),
                rate_week=_rate(row["came_week"], row["watched_week"], period_s),
                rate_month=_rate(row["came_month"], row["watched_month"], period_s),
                gaps=row["gaps_week"] or 0,
                longest_s=gap.longest_s if gap else 0,
                longest_from=gap.longest_from if gap else None,
                offset_ms=last_day.offset_ms if last_day else None,
                offset_worst_ms=max(ends, key=abs) if ends else None,
                last_at=_moment(row["last"]) if row["last"] >= 0 else None,
                at=now,
            )
        )
    fields = [f.name for f in PointHealth._meta.concrete_fields if f.name not in ("id", "point")]
    for start in range(0, len(rows), CHUNK):
        PointHealth.objects.bulk_create(
            rows[start : start + CHUNK], update_conflicts=True, unique_fields=("point",), update_fields=fields
        )
    PointHealth.objects.filter(at__lt=now).delete()  # of points that nobody sends to any more
    return len(rows)


def _rate(came: int | None, watched_s: float | None, period_s: int) -> float | None:
    """Share of the samples that were due, 0 .. 1; None when less than three were."""
    due = int((watched_s or 0) // period_s)
    return min(1.0, (came or 0) / due) if due >= PERIODS else None


def local_day(now: datetime) -> date:
    """The day of the bureau's zone."""
    return now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def _moment(ms: Any) -> datetime:
    return datetime.fromtimestamp(int(ms) / 1000, UTC)
