"""`evaluate(state, records) -> state, output`: what the engine computes, precisely.

**Order.** Each point has a clock of its own; nothing that another point sends can change what is told of it. Rows are
judged one by one in log order. A row whose t is above all earlier rows of its point is *in order*. Of the others, one
whose t is that of a remembered reading is a repeat (same value: dropped) or a conflict (another value: set aside);
the rest are *late*. Remembered are the last 16 readings in order and the last 16 late readings of the point; a repeat
from further back counts as late, and can then raise nothing that was live at its time. A row more than 5 min ahead of
its arrival, before 1970, or of an impossible point number is set aside and never looked at again.

**Mute rows.** A row of bad quality, or whose value is not finite, takes its place in time and in history but gives
no value: latches keep their state, it does not end a silence, and it does not restart the timer of one.

**Hold.** Rows of a point declared to deliver out of order within L are held until L after their arrival; the first
record of a later arrival takes them, with all older held rows of the point, in order of t, equal t in log order.

**Time shown.** A timer's end is a time of the point's clock, and it is emitted by the first record that shows it:
a row of the point whose t is at or after it (a timer that ends at the instant of a row ends before it), or a record
that is not a batch. Such a record of arrival A moves the clock of every point on to
t + (A - arrival) - 2 L, where t and arrival are those of the point's last row in order (and to A, for a point without
one): as much time as has passed since that row became known. So a device whose clock is slow neither loses its delays
nor rings for silence, a drained backlog is judged by its own time, and a delivery within L changes nothing. Batches
move only the clocks of their own points; hence ticks are to be logged every second, under load too.

**Level.** Each step is a channel: the latch sets at value >= limit, resets at value < limit - deadband, else keeps;
the output follows once the latch has been the same for the on or off delay, at the start of that run plus the delay.
A new rule starts reset and off, and first looks at the next row. If a tick has shown more time than a later row then
has, the run that row begins counts from the last change of the output, so that changes keep their order.

**Rate and window.** Channels as those of a level; the signal is made by the row together with earlier rows in order
of its point, as `Rate`, `Term` and `Window` say, in float64 and in the order of operations that `rate.Slopes` and
`window.Terms` give. A row that gives no value adds nothing. A row without a signal, or with one not finite, leaves
every latch. Between rows the signal is held: time alone moves no pane, only timers. The memory of a new rule begins
empty: it sees the rows after it. Late rows never enter it.

**Silence.** Runs from the point's last row in order that gave a value, or from the arrival of the rule if there was
none; on when `after_ms` has passed, off at the next value (not before it went on). Where that value is so old that
its timer would end no later than the last change, the timer runs from the last change.

**Deviation from a curve** is a level whose signal is the value minus the curve at the row's t; `deviation` tells the
curve. **Stuck** and **implausible** are told by `conditions` and `watch`: a stuck value goes on at the start of its run
plus `after_ms` and off at the reading that differs, both shown by readings alone; a jump is measured from the last
value within the bounds, the latch of an implausible value has the two delays of a level.

**Second stage.** What tables tell is heard, row by row in the order of the log, by machines (`guards`, `groups`): a
rule with a schedule or inhibitors (the tables then judge it without delays, and its outputs are the latches of a
machine that has them), crossings, a deviation from another point, conditions of several points. What happens at a row
is taken in this order: timers and windows of machines whose clock the row moves, and what the tables told of its point,
by t, then point, rule version, step (a timer ends before what comes at its instant); then each machine that looks at
the point reads the row, by rule version and point, and what then falls due follows. A record that is not a batch is
taken in the same order by t over all points. What a machine tells is heard at once by those it inhibits and by votes.
Held rows are taken in the order of the arrival times at which they fall due, by themselves or by a newer row of their
point, then of t, then of the log; so neither the cutting of the log nor other records between them matter. Order within
a declared L is thus settled for each point; between two points of one condition the earlier known comes first. A rule
begins with the outputs that are on when it is put in force, and reads rows from then on.

**Retired rules** raise nothing more. An output that is on stays until its own condition clears it.

**Retrospective lane.** Late rows of a point, in log order, form runs: a run goes on while t rises and no remembered
newer reading lies between two of its rows. Its *bound* is the earliest remembered reading in order that is newer than
its last row. Level channels judge each run from a reset latch and an output that is off; a value is held until the
next row of the run, and the last one until the bound once the run is at rest: when another run begins, or when a
record that is not a batch comes 30 s of arrival time or more after the last late row. A run at rest may go on. An
output going on is told unless a live alarm of the same channel covers that moment (the last 8 are remembered); one
going off is told if its going on was. Rules are those in force when the late row is logged. Such a lane have level,
rate, window and deviation from a curve, without a schedule and inhibitors; nothing else has one.
Rates and windows build each run's signal from the rows of that run alone, beginning empty. So a backlog is judged as
by a rule enforced before its first row: what a window would need from before the run, or from readings in order that
lie between two runs, is missing, and a sum that only both together lift over its limit is not told.

**Batches judged as one.** Where nothing but calm rows lies between them, batches that follow each other are judged
together, sorted by point (`together`); every transition still names the record that showed it.

**Partitions.** A state made with `new_state(part, parts)` looks only at the points it owns; every record may be
given to every partition. Where a rule of its own looks at a point of another partition, that point is *watched*: judged
here too, from the rule on, and nothing is told of it. So that what was before the rule counts as it does in one engine,
`watched` names those points, and those that they in turn look at, when the state is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsInt

import numpy as np
from numpy.typing import NDArray

from .arrays import B1, F8, I8, NEVER, segments
from .conditions import POINT_LIMIT, Deviation, Implausible, Level, Rate, Silence, Stuck, Window
from .derived import Derived
from .deviation import Deviations
from .fast import Fast
from .holding import Held
from .level import Levels
from .log import BAD, FUTURE_MS, Batch, Declare, Enforce, Record, Retire
from .output import Output, SetAside
from .points import Intake, LateRows, Points, Rows, rising
from .rate import Rates
from .rules import Rule
from .second import Second, order_of_release
from .silence import Silences
from .table import News, Table
from .together import JOINED, take_together
from .watch import Implausibles, Stucks
from .window import Windows

#: A run of late rows is at rest this long after its last row, ms of arrival time. A retrospective alarm is due
#: within 60 s; a backlog that trickles slower than this is judged with each value held to its bound.
REST_MS = 30_000

#: The table that carries each kind of condition.
KINDS: dict[type, type[Table]] = {
    Level: Levels, Rate: Rates, Window: Windows, Deviation: Deviations, Silence: Silences, Stuck: Stucks,
    Implausible: Implausibles,
}  # fmt: skip


def owner(point: I8, parts: int) -> I8:
    """The partition, 0 .. parts - 1, that owns each point number."""
    mixed = (np.asarray(point, np.int64) & 0xFFFFFFFF) * 2654435761 & 0xFFFFFFFF
    return (mixed >> 16) % parts


class State:
    """All that the engine remembers between records. `position` is the sequence number of the last one, -1 at first."""

    def __init__(self, part: int = 0, parts: int = 1, *, watched: Iterable[int] = (), fast: bool = False) -> None:
        if not 0 <= part < parts:
            raise ValueError(f"there is no partition {part} of {parts}")
        self.part, self.parts = part, parts
        self.watched: I8 = np.empty(0, np.int64)
        self.fast: Fast | None = None
        if fast:
            self.hasten()
        self.position = -1
        self.versions: set[int] = set()
        self.holds = False
        self.points = Points()
        self.held = Held()
        self.tables: dict[type, Table] = {kind: table() for kind, table in KINDS.items()}
        self.second = Second()
        self.watch(watched)

    def hasten(self) -> None:
        """From here on run the hot path compiled (`fast.prepare`); what is told is the same."""
        self.fast = Fast()

    # Each of the following takes one record.

    def take_batch(self, batch: Batch, news: News, out: Output) -> None:
        """Sort out what cannot be evaluated, hold what waits for its order, evaluate the rest."""
        number = np.asarray(batch.point, np.int64)
        t, value = np.asarray(batch.t, np.int64), np.asarray(batch.value, np.float64)
        quality = np.asarray(batch.quality, np.uint8)
        row: I8 = np.arange(t.size)
        usable = own = np.ones(t.size, np.bool_)
        if self.parts > 1:
            usable = own = owner(number, self.parts) == self.part
            out.rows += int(own.sum())
            if self.watched.size:
                usable = own | np.isin(number, self.watched)
        else:
            out.rows += t.size
        latest = batch.arrival + FUTURE_MS
        if t.size and (t.max() > latest or t.min() < 0 or number.max() >= POINT_LIMIT or number.min() < 0):
            strange = (number < 0) | (number >= POINT_LIMIT)
            reason = np.select([strange, t > latest, t < 0], ["point", "future", "before 1970"], "")
            for at in np.flatnonzero(own & (reason != "")):
                out.set_aside.append(_aside(batch.seq, at, number[at], t[at], value[at], quality[at], reason[at]))
            usable = usable & (reason == "")
        if not usable.all():
            number, t, value, quality, row = (number[usable], t[usable], value[usable], quality[usable], row[usable])
        slot = self.points.slots(number)
        arrival: I8 = np.broadcast_to(np.int64(batch.arrival), t.shape)
        seq: I8 = np.broadcast_to(np.int64(batch.seq), t.shape)
        rows = Intake(slot, t, value, quality, arrival, arrival, seq, row)
        if self.holds:
            hold = self.points.hold.take(slot)
            rows.known, rows.seen = arrival + hold, arrival + 2 * hold
            self.held.add(rows.pick(hold > 0))
            rows = rows.pick(hold == 0)
        self.evaluate_rows(rows, news, out)

    def show(self, arrival: int, news: News) -> None:
        """Let every point's clock run on to this arrival time."""
        points, tables, told = self.points, self.tables.values(), len(news.chunks)
        slot = points.woken(arrival)
        if slot.size:
            for table in tables:
                table.settle(points)
            lag = points.lag(slot)
            hit = np.flatnonzero(self.next_due(slot) + lag <= arrival)
            if hit.size:
                for table in tables:
                    table.advance(slot[hit], arrival - lag[hit], news)
                    table.seal()
            points.set_wake(slot, self.next_due(slot) + lag)
        if points.late_wake <= arrival:
            rest = np.flatnonzero(points.late_due <= arrival)
            for table in tables:
                table.settle(points)
                table.rest_late(rest, points.late_bound[rest], points.high[rest], news)
            points.late_due[rest] = NEVER
            points.late_wake = int(points.late_due.min())
        if not self.second.is_idle:
            self.second.take_time(arrival, points, news, told)
            self._forget(self.second.clear())

    def enforce(self, rule: Rule, arrival: int) -> None:
        """Put a rule version in force at the points owned here, unless it was before."""
        if rule.version in self.versions:
            return
        self.versions.add(rule.version)
        slot = self._owned(rule.points)
        if not slot.size:
            return
        first: Rule | None = rule
        if Second.takes(rule):
            looked = Second.looks_at(rule)
            self.watch(looked)
            self.points.slots(np.array(sorted(looked), np.int64))
            for table in self.tables.values():
                table.settle(self.points)
            self.second.enforce(rule, slot, self.points, arrival, self.tables.values())
            first = Second.latches(rule)
        if first is not None:
            self.tables[type(first.condition)].enforce(first, slot, self.points, arrival)

    def retire(self, version: int) -> None:
        """End a rule version."""
        self._forget(self.second.retire(version))

    def _forget(self, versions: Iterable[int]) -> None:
        for version in versions:
            for table in self.tables.values():
                table.retire(version)

    def watch(self, numbers: Iterable[int]) -> None:
        """Judge these points as well from now on where they belong to other partitions, and tell nothing of them."""
        number = np.array(sorted(set(numbers)), np.int64)
        number = np.setdiff1d(number[owner(number, self.parts) != self.part], self.watched)
        slot = self.points.slots(number)
        self.points.shadow[slot] = 1
        self.watched = np.union1d(self.watched, number)

    def declare(self, declare: Declare, news: News, out: Output) -> None:
        """Change how long rows of these points are held; what is held now is evaluated first."""
        slot = self._owned(declare.points)
        self.evaluate_rows(self.held.release_points(slot), news, out, released=True)
        self.points.hold[slot] = declare.hold_ms
        self.holds = bool(self.points.hold.any())

    def _owned(self, numbers: Iterable[int] | NDArray[np.int32]) -> I8:
        number = np.array(numbers, np.int64)
        number = number[(number >= 0) & (number < POINT_LIMIT)]
        if self.parts > 1:
            number = number[(owner(number, self.parts) == self.part) | np.isin(number, self.watched)]
        return self.points.slots(number)

    def own(self, chunks: list[dict[str, NDArray[Any]]]) -> list[dict[str, NDArray[Any]]]:
        """Transitions without those of points that are only watched here."""
        if not self.watched.size:
            return chunks
        mine = [~np.isin(chunk["point"], self.watched) for chunk in chunks]
        return [{name: column[own] for name, column in chunk.items()} for chunk, own in zip(chunks, mine, strict=True)]

    def next_due(self, slot: I8) -> I8:
        """Point time of the next timer of each slot over all kinds of condition."""
        due = np.full(slot.size, NEVER, np.int64)
        for table in self.tables.values():
            if table.slot.size:
                np.minimum(due, table.due(slot), out=due)
        return due

    def evaluate_rows(self, intake: Intake, news: News, out: Output, *, released: bool = False) -> None:
        """Judge rows in log order; `released`: rows that were held, as `Held` gives them."""
        if not intake.slot.size:
            return
        points, tables, told = self.points, self.tables.values(), len(news.chunks)
        place: I8 | None = None
        if not self.second.is_idle:
            place = np.arange(intake.slot.size)
            if released:
                place = order_of_release(intake.slot, intake.t, intake.known, intake.seq, intake.row)
        # Sources keep so much of each point that it pays to meet them from front to back.
        deep = any(isinstance(table, Derived) and table.most for table in tables)
        order, first = points.order(intake.slot, rising=deep)
        if order is not None:
            intake = intake.pick(order)
            place = None if place is None else place[order]
        slot, t, value = intake.slot, intake.t, intake.value
        mute = ~np.isfinite(value)
        mute |= intake.quality >= BAD
        signal = np.where(mute, np.nan, value) if mute.any() else value
        for table in tables:
            table.settle(points)

        live = rising(points.high.take(slot), t, first)
        keep: B1 | None = None
        late: LateRows | None = None
        if live.all():
            rows = Rows(slot, t, value, signal, intake.seen, first)
        else:
            keep, late = self._sift(intake, signal, live, first, out)
            part, value_live = slot[live], value[live]
            rows = Rows(part, t[live], value_live, value_live if signal is value else signal[live],
                        intake.seen[live], segments(part))  # fmt: skip
        if rows.slot.size:
            fast = self.fast
            if fast is not None:
                fast.rows = []
            if fast is None:
                stirred = [table.feed(rows, points, news) for table in tables]
                stirred.append(points.remember(rows))
            else:
                stirred = [fast.feed(table, rows, points, news) for table in tables]
                stirred.append(fast.remember(rows, points))
            again = np.concatenate(stirred)
            points.lower_wake(again, self.next_due(again) + points.lag(again))
        if late is not None and late.slot.size:
            out.late += int((points.shadow.take(late.slot) == 0).sum())
            for table in tables:
                table.judge_late(late, points, news)
            points.remember_late(late, REST_MS)
        if place is not None:
            self.second.take_rows(rows, place[live], points, news, told)
            self._forget(self.second.clear())
        for table in tables:
            table.seal()
        if self.watched.size:
            own = points.shadow.take(slot) == 0
            keep = own if keep is None else keep & own
        columns: dict[str, NDArray[Any]] = {
            "seq": intake.seq, "point": points.number.take(slot), "t": t, "value": value,
            "quality": intake.quality, "late": ~live,
        }  # fmt: skip
        out.keep(**(columns if keep is None else {name: column[keep] for name, column in columns.items()}))

    def _sift(self, intake: Intake, signal: F8, live: B1, first: I8 | None, out: Output) -> tuple[B1, LateRows]:
        """Tell repeats, conflicts and late rows apart; returns which rows history keeps, and the late ones."""
        points, slot, t, value = self.points, intake.slot, intake.t, intake.value
        old = np.flatnonzero(~live)
        starts = np.arange(slot.size) if first is None else first
        window_t, window_value = points.window(slot, live, t, value, starts, old)
        same = window_t == t[old][:, None]
        met = same.any(axis=1)
        agrees = _equal(value[old], window_value[np.arange(old.size), same.argmax(axis=1)])
        bound = np.where(window_t > t[old][:, None], window_t, NEVER).min(axis=1)

        unmet = np.flatnonzero(~met)
        again, differs = self._met_late(slot[old[unmet]], t[old[unmet]], value[old[unmet]])
        met[unmet[again]] = True
        agrees[unmet[again]] = ~differs[again]
        keep = live.copy()
        keep[old[~met]] = True
        own = points.shadow.take(slot[old]) == 0
        out.duplicates += int((met & agrees & own).sum())
        for at in old[met & ~agrees & own]:
            number = points.number[slot[at]]
            seq, row, quality = intake.seq[at], intake.row[at], intake.quality[at]
            out.set_aside.append(_aside(seq, row, number, t[at], value[at], quality, "conflict"))

        late = np.flatnonzero(~met)
        at = old[late]
        late_slot, late_t, late_bound = slot[at], t[at], bound[late]
        begin = segments(late_slot)
        begin = np.arange(at.size) if begin is None else begin
        before_t, before_bound = np.empty_like(late_t), np.empty_like(late_t)
        before_t[1:], before_bound[1:] = late_t[:-1], late_bound[:-1]
        before_t[begin] = points.late_high[late_slot[begin]]
        before_bound[begin] = points.late_bound[late_slot[begin]]
        fresh = (before_t < 0) | (late_t < before_t) | (late_t > before_bound)
        return keep, LateRows(late_slot, late_t, value[at], signal[at], intake.known[at], late_bound,
                              window_t[late, 0], fresh, begin)  # fmt: skip

    def _met_late(self, slot: I8, t: I8, value: F8) -> tuple[B1, B1]:
        """(again, differs) per row: its t is that of one of the point's last late rows; with another value."""
        points = self.points
        again, differs = np.zeros(slot.size, np.bool_), np.zeros(slot.size, np.bool_)
        if not slot.size:
            return again, differs
        which = np.unique(slot)
        had = which[points.late_row[which] >= 0]
        ring = points.late_row[had]
        owners = np.concatenate((slot, np.repeat(had, points.late_ring.DEPTH)))
        times = np.concatenate((t, points.late_ring.t[:, ring].T.ravel()))
        order = np.lexsort((times, owners))
        close = (np.diff(owners[order]) == 0) & (np.diff(times[order]) == 0) & (times[order][1:] >= 0)
        if not close.any():
            return again, differs
        depth = points.late_ring.DEPTH
        memory: dict[int, list[tuple[int, float]]] = {
            one: [(int(points.late_ring.t[(head + k) % depth, r]), float(points.late_ring.value[(head + k) % depth, r]))
                  for k in range(depth)]
            for one, r, head in zip(had.tolist(), ring.tolist(), points.late_ring.head[ring].tolist(), strict=True)
        }  # fmt: skip
        for at, (one, moment, number) in enumerate(zip(slot.tolist(), t.tolist(), value.tolist(), strict=True)):
            past = memory.setdefault(one, [])
            there = next((was for when, was in past if when == moment), None)
            if there is None:
                past.append((moment, number))
                del past[:-depth]
            else:
                again[at] = True
                differs[at] = not (number == there or (number != number and there != there))
        return again, differs


def _equal(one: F8, other: F8) -> B1:
    same: B1 = one == other
    return same | (np.isnan(one) & np.isnan(other))


def _aside(
    seq: SupportsInt,
    row: SupportsInt,
    point: SupportsInt,
    t: SupportsInt,
    value: float,
    quality: SupportsInt,
    reason: str,
) -> SetAside:
    return SetAside(int(seq), int(row), int(point), int(t), float(value), int(quality), str(reason))


def new_state(part: int = 0, parts: int = 1, *, watched: Iterable[int] = (), fast: bool = False) -> State:
    """A state that has seen nothing; of several partitions, the one that owns the points with `owner(...) == part`.

    watched  points that rules of this partition will look at beside its own; those of other partitions are judged
             here too, and nothing is told of them
    fast     run the hot path compiled (`fast.prepare`); what is told is the same
    """
    return State(part, parts, watched=watched, fast=fast)


def evaluate(state: State, records: Iterable[Record]) -> tuple[State, Output]:
    """Evaluate records of the log, in order of seq; see the head of this module for the meaning.

    state    is changed in place and handed back; keep `dump(state)` where an old one is needed
    records  those with a seq up to `state.position` are repeats and are passed over
    returns  (state, output)
    """
    out = Output()
    joined: list[Batch] = []
    rows = 0
    for record in records:
        if record.seq <= state.position:
            continue
        state.position = record.seq
        if isinstance(record, Batch):
            joined.append(record)
            rows += len(record.t)
            if rows < JOINED:
                continue
        _take_batches(state, joined, out)
        joined, rows = [], 0
        if not isinstance(record, Batch):
            _take(state, record, out)
    _take_batches(state, joined, out)
    return state, out


def _take_batches(state: State, batches: list[Batch], out: Output) -> None:
    """Batches that follow each other, judged as one where that tells the same and is quicker."""
    if len(batches) < 2 or not take_together(state, batches, out):
        for batch in batches:
            _take(state, batch, out)


def _take(state: State, record: Record, out: Output) -> None:
    news = News(state.points)
    state.evaluate_rows(state.held.release(record.arrival), news, out, released=True)
    if isinstance(record, Batch):
        state.take_batch(record, news, out)
    else:
        state.show(record.arrival, news)
        if isinstance(record, Enforce):
            state.enforce(record.rule, record.arrival)
        elif isinstance(record, Retire):
            state.retire(record.version)
        elif isinstance(record, Declare):
            state.declare(record, news, out)
    out.tell(state.own(news.chunks), seq=record.seq, arrival=record.arrival)
