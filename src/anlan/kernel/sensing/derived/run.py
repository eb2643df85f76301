"""Computes derived points and feeds them through the same log as any device, in the jobs process.

A moment is computed once, `settle_s` after it. The batch of a moment has an id of its own, made of function, point and
moment, and a digest of that id alone: after a crash between the log and the mark in the row the same moment comes
again and is recognised, whatever its inputs have become meanwhile. So nothing is lost and nothing stands twice.

Silent inputs give no reading at all, so that the derived point falls silent as they did. Inputs that speak while the
function has no value there (outside its domain) give a reading without value.

What comes in for a moment that was computed changes nothing; it is counted (`DerivedPoint.late`), seen by reading the
log once more. See docs/how-to/derived-points.md.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from django.db import transaction
from django.db.models import F
from numpy.typing import NDArray

from anlan.engine import decode_batch, encode_batch
from anlan.kernel.sensing import queries
from anlan.kernel.sensing.derived.functions import Function, Series, named
from anlan.kernel.sensing.models import DERIVED_SENDER, DerivedMode, DerivedPoint, Point
from anlan.kernel.sensing.store import BACKFILL, LIVE, Busy, Columns, Full, NewBatch, Store, open_store
from anlan.kernel.sensing.store.readings import HISTORY, TAIL_BATCHES
from anlan.kernel.sensing.store.rows import BATCH

log = logging.getLogger("anlan.derived")

HOUR_MS = 3_600_000
#: A round stops after so long, seconds, and goes on at the next: it shares its thread with the seal of the audit trail.
BUDGET_S = 0.25
#: Moments of one point computed in one round, when the process was away for long.
MOST_AT_ONCE = 500
#: Records of the log looked through in one round for late readings, and about how many readings.
RECORDS, ROWS = 500, 50_000
#: As far ahead of now a reading can stand (a clock that is fast, a moment that settles), ms.
AHEAD_MS = 2 * HOUR_MS
#: How often the place up to which late readings are counted is kept, ms of the store's clock.
KEEP_MS = 60_000

Times = NDArray[np.int64]


@dataclass(slots=True)
class Inputs:
    """Readings of points for one round, each read once over the widest span asked for."""

    store: Store
    limits: dict[int, float]
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)
    read: dict[int, Columns] = field(default_factory=dict)

    def columns(self, point: int, from_ms: int, to_ms: int) -> Columns:
        """Every reading of [from_ms, to_ms], in order of time."""
        have = self.spans.get(point)
        if have is None or from_ms < have[0] or to_ms > have[1]:
            have = (min(from_ms, have[0]), max(to_ms, have[1])) if have else (from_ms, to_ms)
            self.read[point] = self.store.readings(point, *have)
            self.spans[point] = have
        found = self.read[point]
        inside = slice(*np.searchsorted(found.t, (from_ms, to_ms + 1)))
        return Columns(found.point[inside], found.t[inside], found.value[inside], found.quality[inside])

    def series(self, point: int, from_ms: int, to_ms: int) -> Series:
        """The good ones of them."""
        found = self.columns(point, from_ms, to_ms)
        good = (found.quality < queries.BAD) & ~np.isnan(found.value)
        return Series(found.t[good], found.value[good], self.limits[point])


def values_at(made: DerivedPoint, function: Function, at: Times, inputs: Inputs) -> tuple[Times, NDArray[np.float64]]:
    """The moments of `at` at which every input speaks, and the value there; NaN outside the function's domain."""
    points = [one.point_id for one in made.inputs.all()]
    widest = max(inputs.limits[point] for point in points)
    # Three holding times more, so that the first moment of a window finds the reading that holds there.
    back = round(function.back(made.parameters) * HOUR_MS + 3_000 * widest)
    series = [inputs.series(point, int(at[0]) - back, int(at[-1])) for point in points]
    speaking = np.all([~np.isnan(one.held(at)) for one in series], axis=0)
    at = at[speaking]
    if not at.size:
        return at, np.empty(0)
    return at, np.round(function.compute(series, at, made.parameters), made.point.digits + 2)


def batch(made: DerivedPoint, key: str, at: Times, value: NDArray[np.float64], lane: str) -> NewBatch:
    """Readings of a derived point as one batch; its digest is that of its key, so a repetition is one whatever it
    holds."""
    quality = np.where(np.isnan(value), queries.BAD, 0).astype(np.uint8)
    payload = encode_batch(np.full(at.size, made.point_id, np.int32), at, value, quality)
    name = f"{made.function}:{made.pk}:{key}"
    return NewBatch(DERIVED_SENDER, name, lane, int(at.size), payload, hashlib.sha256(name.encode()).digest())


@dataclass(slots=True)
class Computer:
    """What one process remembers between its rounds."""

    store: Store
    seq: int = -1  # record of the log up to which late readings were counted here
    kept_at: int = 0
    touched: set[int] | None = None  # points with readings that are not computed yet; None: all, after a start
    waiting: set[int] = field(default_factory=set)  # those of them that have to settle first

    def round(self, now: datetime) -> int:
        """Compute what is due; returns how many values were given. Raises nothing when the store is busy: next time."""
        rows = list(
            DerivedPoint.objects.filter(ended_at=None).select_related("point").prefetch_related("inputs")
        )  # fmt: skip
        if not rows:
            return 0
        try:
            self._look(rows)
            # Behind the log's own readers a window would have holes that are none.
            if self.store.last_seq() - self.store.position(HISTORY) > TAIL_BATCHES:
                return 0
            return self._compute(rows, now)
        except (Busy, Full) as error:
            log.warning("the readings cannot be written now, trying again: %s", error)
            return 0

    # -- computing ----------------------------------------------------------------------------------------------------

    def _compute(self, rows: Sequence[DerivedPoint], now: datetime) -> int:
        """Compute what is due, write it with one commit to the log, then mark it with one commit in the records."""
        began = time.monotonic()
        inputs = Inputs(self.store, limits_of(rows))
        complete = True
        self.waiting = set()
        batches: list[NewBatch] = []
        reached: list[tuple[DerivedPoint, int]] = []
        for made in sorted(rows, key=lambda row: row.computed_ms):
            if time.monotonic() - began > BUDGET_S:
                complete = False
                break
            at, some = self.due(made, now, inputs)
            batches += some
            if at.size:
                reached.append((made, int(at[-1])))
        if batches:
            self.store.append_batches(batches)
        if reached:
            self._mark(reached)
        if complete:
            self.touched = self.waiting
        return len(batches)

    def due(self, made: DerivedPoint, now: datetime, inputs: Inputs) -> tuple[Times, list[NewBatch]]:
        """The due moments of one point, and a batch for each of them at which its inputs speak."""
        function = named(made.function)
        upto = round(now.timestamp() * 1000) - made.settle_s * 1000
        if function is None or upto <= made.computed_ms:
            return np.empty(0, np.int64), []
        at = self._moments(made, upto, inputs)
        if not at.size:
            return at, []
        spoken, value = values_at(made, function, at, inputs)
        return at, [
            batch(made, str(t), spoken[i : i + 1], value[i : i + 1], LIVE) for i, t in enumerate(spoken.tolist())
        ]

    def _mark(self, reached: Sequence[tuple[DerivedPoint, int]]) -> None:
        """Say up to when each was computed; one that another process has carried further meanwhile stays."""
        when = datetime.fromtimestamp(self.store.clock() / 1000, UTC)
        with transaction.atomic():
            for made, upto in reached:
                rows = DerivedPoint.objects.filter(pk=made.pk, computed_ms=made.computed_ms)
                rows.update(computed_ms=upto, computed_at=when)

    def _moments(self, made: DerivedPoint, upto: int, inputs: Inputs) -> Times:
        """The moments after the last computed one that have settled, the oldest first."""
        if made.mode == DerivedMode.SCHEDULE:
            return slots(made, made.computed_ms, upto)[:MOST_AT_ONCE]
        lead = made.inputs.all()[0].point_id
        if self.touched is not None and lead not in self.touched:
            return np.empty(0, np.int64)
        found = np.asarray(inputs.columns(lead, made.computed_ms + 1, upto + AHEAD_MS).t, np.int64)
        due = found[found <= upto][:MOST_AT_ONCE]
        if due.size < found.size:
            self.waiting.add(lead)
        return due

    # -- late readings ------------------------------------------------------------------------------------------------

    def _look(self, rows: Sequence[DerivedPoint]) -> None:
        """Read on in the log: which points spoke, and which readings came too late for what was computed."""
        if self.seq < 0:
            known = [row.seen_seq for row in rows if row.seen_seq]
            self.seq = min(known) if known else self.store.last_seq()
        records = self.store.read_log(self.seq, RECORDS, ROWS)
        by_point: dict[int, list[DerivedPoint]] = {}
        for row in rows:
            for one in row.inputs.all():
                by_point.setdefault(one.point_id, []).append(row)
        wanted = np.array(sorted(by_point), np.int32)
        late: dict[int, int] = {}
        for record in records:
            if record.kind != BATCH or record.lane not in (LIVE, BACKFILL):
                continue
            point, t, _value, _quality = decode_batch(record.payload)
            here = np.isin(point, wanted)
            for number in np.unique(point[here]).tolist():
                if self.touched is not None and record.lane == LIVE:
                    self.touched.add(number)
                times = t[point == number]
                for row in by_point[number]:
                    if record.seq > row.seen_seq and row.computed_at is not None:
                        missed = times[(times > row.from_ms) & (times <= row.computed_ms)].size
                        if missed and record.arrival > row.computed_at.timestamp() * 1000:
                            late[row.pk] = late.get(row.pk, 0) + missed
        if records:
            self.seq = records[-1].seq
        self._keep(rows, late)

    def _keep(self, rows: Sequence[DerivedPoint], late: dict[int, int]) -> None:
        """Write down what was counted, together with the place up to which it was."""
        now = self.store.clock()
        for pk, n in late.items():
            DerivedPoint.objects.filter(pk=pk, seen_seq__lt=self.seq).update(late=F("late") + n, seen_seq=self.seq)
        if not 0 <= now - self.kept_at < KEEP_MS:
            self.kept_at = now
            DerivedPoint.objects.filter(pk__in=[row.pk for row in rows], seen_seq__lt=self.seq).update(
                seen_seq=self.seq
            )  # fmt: skip


def slots(made: DerivedPoint, after_ms: int, upto_ms: int) -> Times:
    """The moments of a schedule in (after_ms, upto_ms]: whole multiples of its span, the same after any restart."""
    step = made.every_s * 1000
    return np.arange(after_ms // step + 1, upto_ms // step + 1, dtype=np.int64) * step


def limits_of(rows: Iterable[DerivedPoint]) -> dict[int, float]:
    """Input id → seconds for which a reading of it stands."""
    ids = {one.point_id for row in rows for one in row.inputs.all()}
    return queries.silence_limits(Point.records.filter(pk__in=ids))


_computers: dict[int, Computer] = {}


def tick(now: datetime) -> int:
    """One round over this installation's store; called by the jobs process once a second."""
    store = open_store()
    return _computers.setdefault(id(store), Computer(store)).round(now)
