"""The engine process: takes the log in order, evaluates it, stores what follows and hands it to the alarms room.

After a crash it starts from the newest good snapshot and takes the records after it again. What those records gave
was stored under stable ids, so nothing is lost and nothing stands twice. Each lane of the log has a state of its own.

Order of writing, which makes that true: transitions before the engine's position; readings before the position of
history; newest values before theirs; a snapshot only after all readings up to it are in history.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from anlan import engine
from anlan.engine import Batch, Declare, Enforce, Retire, Tick
from anlan.kernel.sensing.store import BACKFILL, Busy, Columns, Full, LogRow, Refused, Store, StoredTransition
from anlan.kernel.sensing.store.history import HOUR_MS, LATEST, Merge, joined, picked
from anlan.kernel.sensing.store.readings import CONSUMER, ENGINE, HISTORY
from anlan.kernel.sensing.store.readings import LATEST as NEWEST
from anlan.kernel.sensing.store.rows import BATCH, DECLARE, END, ENFORCE, RETIRE, TICK, LooseInfo

log = logging.getLogger("anlan.engine")

#: An hour is merged so long after its end, so that stragglers are merged with it.
GRACE_MS = 120_000
#: Places merged in one transaction.
MERGES = 150
#: A group is merged when it has more loose blocks, and at once, running hours too, when it has more loose readings.
MANY_BLOCKS, MOST_ROWS = 64, 1_000_000
#: A group whose late rows trickle in is merged not oftener than this, ms; with many rows it does not wait.
PAUSE_MS, MANY_ROWS = 30_000, 20_000
#: Newest values of so many points are written in a second; of more points they are written less often.
LATEST_A_SECOND = 10_000
#: A transition that the receiver refuses is tried so often before it is put aside for a person.
TRIES = 3
#: How long until the next try, ms.
AGAIN_MS = 1_000

Take = Callable[[Sequence[StoredTransition], datetime], Any]

_WHY = {
    "future": "The time is more than 5 minutes ahead of its arrival.",
    "conflict": "Another value for this time was stored before.",
}


class NotNow(Exception):
    """The receiver cannot take anything at this moment; the same transitions are offered again."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things happen, ms, and how much is taken at a time.

    tick      timers end with a tick, so this is how late an alarm with a delay may be
    rows      readings evaluated in one step; records: log records in one step
    buffered  readings after which history is written without waiting
    worth     readings after which it is written when nothing else is to be done; settle: not oftener than this
    keep_log, keep_batches  age up to which the log and the keys of batches are kept in any case
    """

    tick: int = 250
    snapshot: int = 20_000
    flush: int = 10_000
    latest: int = 1_000
    trim: int = 30_000
    records: int = 1_000
    rows: int = 500_000
    buffered: int = 500_000
    worth: int = 5_000
    settle: int = 50
    keep_log: int = 600_000
    keep_batches: int = 7 * 86_400_000


@dataclass(slots=True)
class _Loose:
    """What waits for merging in a group of points."""

    first_ms: int
    blocks: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class _Keeping:
    """Readings on their way into history in the keeper's thread, up to record `upto`."""

    parts: list[Columns]
    rows: int
    upto: int
    future: Future[list[LooseInfo]]


@dataclass(slots=True)
class Runner:
    """One engine over one store. Every method is called from one thread; time comes in as epoch ms.

    take    gives transitions to the alarms room
    writer  a thread for snapshots, so that writing 50 MB holds up no alarm; None writes them in place
    keeper  a thread for history, so that it is written while the next readings are evaluated; None: in place
    fast    evaluate compiled (`engine.fast.prepare` was called)
    """

    store: Store
    take: Take | None = None
    pace: Pace = field(default_factory=Pace)
    writer: ThreadPoolExecutor | None = None
    keeper: ThreadPoolExecutor | None = None
    fast: bool = False
    #: No tick before this moment, epoch ms: what senders held back while we were away comes first.
    quiet_until: int = 0
    seq: int = 0
    states: dict[str, Any] = field(default_factory=dict)
    _done: int = 0
    _flushed: int = 0
    _told: int = 0
    _taken: int = 0
    _kept: list[Columns] = field(default_factory=list)
    _kept_rows: int = 0
    _newest: list[Columns] = field(default_factory=list)
    _latest_every: int = 0
    _behind: bool = False
    _keeping: _Keeping | None = None
    _loose: dict[int, _Loose] = field(default_factory=dict)
    _merging: Merge | None = None
    _merged_at: dict[int, int] = field(default_factory=dict)
    _due: dict[str, int] = field(default_factory=dict)
    _found: list[StoredTransition] = field(default_factory=list)
    _refused: list[tuple[LogRow, list[Refused]]] = field(default_factory=list)
    _news: bool = True
    _snapshot_at: int = -1
    _writing: Future[None] | None = None
    _failures: int = 0

    def start(self) -> None:
        """Load the newest snapshot that is whole, and the positions; a damaged one is passed over and reported."""
        for seq in self.store.snapshot_seqs():
            try:
                blobs = self.store.load_snapshot(seq)
                self.states = {lane: engine.load(blob, fast=self.fast) for lane, blob in blobs.items()}
            except ValueError as error:
                log.error("the snapshot at record %d is damaged, taking the one before: %s", seq, error)
                continue
            self.seq = self._snapshot_at = seq
            # What was just read need not be written again before there is much to add.
            self._due["snapshot"] = self.store.clock() + self.pace.snapshot
            break
        self._done = self.store.position(ENGINE)
        self._flushed = self.store.position(HISTORY)
        self._told = self.store.position(NEWEST)
        self._taken = self.store.position(CONSUMER)
        self._loose, self._merging = {}, None
        self._add_loose(self.store.loose_blocks())

    def hasten(self) -> None:
        """Evaluate compiled from here on (`engine.fast.prepare` was called)."""
        self.fast = True
        for state in self.states.values():
            state.hasten()

    # -- one round ----------------------------------------------------------------------------------------------------

    def round(self, now: int) -> int:
        """Do whatever is due; returns the number of log records taken, 0 when there is time to wait.

        Raises Busy or Full when the store cannot be written; the next round goes on from there, nothing is lost.
        """
        if now >= self.quiet_until and self._is_due("tick", now, self.pace.tick):
            self.store.append_tick()
        taken = self.step(now)
        if self._newest and self._is_due("latest", now, max(self.pace.latest, self._latest_every)):
            self.put_latest(now)
        if self._kept and self._worth_a_flush(now, taken):
            self.flush(now)
        self.hand_over(now)
        if self._is_due("snapshot", now, self.pace.snapshot):
            self.snapshot(now)
        if not self._behind:
            self.merge(now)
        if self._is_due("trim", now, self.pace.trim):
            self.store.trim_log(before_ms=now - self.pace.keep_log)
            self.store.forget_batches(before_ms=now - self.pace.keep_batches)
        return taken

    def _worth_a_flush(self, now: int, taken: int) -> bool:
        if self._kept_rows >= self.pace.buffered:
            return True
        if not taken and self._kept_rows >= self.pace.worth and self._is_due("settle", now, self.pace.settle):
            return True
        return self._is_due("flush", now, self.pace.flush)

    def _is_due(self, name: str, now: int, every: int) -> bool:
        # A clock that was set back must not stop the ticks until it has caught up.
        if now < self._due.get(name, 0) <= now + every:
            return False
        self._due[name] = now + every
        return True

    def step(self, now: int) -> int:
        """Evaluate the next records and store what follows from them; returns how many records there were."""
        records = self.store.read_log(self.seq, self.pace.records, self.pace.rows)
        self._behind = len(records) >= self.pace.records // 2 or sum(r.n for r in records) >= self.pace.rows // 2
        # After a restart the records up to these positions were stored before: never mix them with new ones.
        for position in (self._done, self._flushed, self._told):
            if records and records[0].seq <= position < records[-1].seq:
                records = [record for record in records if record.seq <= position]
        if records:
            self._evaluate(records)
            self.seq = records[-1].seq
        self.put_found(now)
        return len(records)

    def put_found(self, now: int) -> None:
        """Store what evaluation gave since the last call; what was found twice after a crash is there once."""
        if self.seq <= self._done:
            self._found, self._refused = [], []
        elif self._found or self._refused or self._is_due("position", now, 1_000):
            self._found.sort(key=lambda t: (t.seq, t.t, t.rule, t.point, t.step, t.on))
            self.store.put_transitions(self._found, upto=self.seq, set_aside=self._refused)
            self._news = self._news or bool(self._found)
            self._found, self._refused, self._done = [], [], self.seq

    def _evaluate(self, records: list[LogRow]) -> None:
        by_lane: dict[str, list[LogRow]] = {}
        for record in records:
            by_lane.setdefault(record.lane, []).append(record)
            if record.kind == END:
                self._evaluate_lane(record.lane, by_lane.pop(record.lane)[:-1])
                self.states.pop(record.lane, None)
        for lane, rows in by_lane.items():
            self._evaluate_lane(lane, rows)

    def _evaluate_lane(self, lane: str, rows: list[LogRow]) -> None:
        if not rows:
            return
        state = self.states.get(lane)
        readable = [record for row in rows if (record := self._record(row)) is not None]
        state, output = engine.evaluate(engine.new_state(fast=self.fast) if state is None else state, readable)
        self.states[lane] = state
        self._keep(output, rows[-1].seq)
        by_seq = {row.seq: row for row in rows}
        for one in output.set_aside:
            # A row that was held back belongs to a record of an earlier call.
            record = by_seq.get(one.seq) or self.store.record(one.seq)
            if record is not None:
                self._refused.append((record, [_refused(one)]))
        self._found += [_stored(one, lane) for one in output.transitions]

    def _record(self, row: LogRow) -> engine.Record | None:
        """A row of the log as the engine's record; a damaged one is reported, put aside and passed over."""
        try:
            return record_of(row)
        except ValueError as error:
            log.error("record %d of the log is damaged and passed over: %s", row.seq, error)
            self._refused.append((row, [Refused(-1, "body", "damaged", str(error)[:300])]))
            return None

    def _keep(self, output: engine.Output, seq: int) -> None:
        """Remember what is still to be written of the records up to `seq`."""
        kept = output.kept
        columns = Columns(kept.point.astype(np.int32), kept.t, kept.value, kept.quality)
        if len(columns) and seq > self._flushed:
            self._kept.append(columns)
            self._kept_rows += len(columns)
        if len(columns) and seq > self._told:
            self._newest.append(columns)

    # -- what is written now and then ---------------------------------------------------------------------------------

    def put_latest(self, now: int) -> None:
        """Store the newest reading of each point that came since the last call.

        Of very many points this takes its time, so the next call comes the later.
        """
        columns = newest(self._newest)
        self.store.put_latest(columns, now, upto=max(self.seq, self._told))
        self._newest, self._told = [], max(self.seq, self._told)
        self._latest_every = len(columns) * 1_000 // LATEST_A_SECOND

    def flush(self, now: int) -> None:
        """Write the readings taken since the last call to history; with a `keeper`, beside the evaluation.

        Raises Busy or Full, also for what the keeper could not write since the last call: it is kept for the next one.
        """
        self.kept()
        if self._kept:
            parts, rows, upto = self._kept, self._kept_rows, self.seq
            self._kept, self._kept_rows = [], 0
            if self.keeper is None:
                self._keeping = _Keeping(parts, rows, upto, _now(self.store, parts, upto))
                self.kept()
            else:
                self._keeping = _Keeping(parts, rows, upto, self.keeper.submit(_keep_parts, self.store, parts, upto))
        elif self.seq > self._flushed:
            self.store.set_position(HISTORY, self.seq)
            self._flushed = self.seq
        self._due["flush"] = now + self.pace.flush

    def kept(self) -> None:
        """Wait for what the keeper writes. Raises what it met; its readings are then still to be written."""
        keeping, self._keeping = self._keeping, None
        if keeping is None:
            return
        try:
            blocks = keeping.future.result()
        except (Busy, Full):
            self._kept, self._kept_rows = [*keeping.parts, *self._kept], keeping.rows + self._kept_rows
            raise
        self._add_loose(blocks)
        self._flushed = max(self._flushed, keeping.upto)

    def snapshot(self, now: int) -> None:
        """Write all states with their position, after everything that follows from the records up to there.

        With a `writer` the bytes are written beside the evaluation; a snapshot that is not yet written is no harm, the
        ones before it are still there.
        """
        if self._snapshot_at == self.seq or (self._writing is not None and not self._writing.done()):
            return
        self._written()
        self.put_found(now)
        self.put_latest(now)
        self.flush(now)
        self.kept()
        states = {lane: engine.dump(state) for lane, state in self.states.items()}
        self._snapshot_at = self.seq
        if self.writer is None:
            self.store.save_snapshot(self.seq, states)
        else:
            self._writing = self.writer.submit(self._write, self.seq, states)

    def _write(self, seq: int, states: dict[str, bytes]) -> None:
        """In the writer's thread: its connection lives no longer than the snapshot."""
        try:
            self.store.save_snapshot(seq, states)
        finally:
            self.store.close()

    def _written(self) -> None:
        """Report what became of the last snapshot that was written beside."""
        writing, self._writing = self._writing, None
        if writing is not None and (error := writing.exception()) is not None:
            log.error("the snapshot could not be written, the one before stays: %s", error)

    def merge(self, now: int) -> int:
        """Bring some hours that are over into their compressed form; returns how many places were merged."""
        if self._merging is None:
            if not self._is_due("merge", now, 1_000):
                return 0
            self._merging = self._plan_merge(now)
            if self._merging is None:
                return 0
        places = min(MERGES, len(self._merging.places))
        if places:
            self.store.merge_some(self._merging, places)
        if not self._merging.places:
            self._add_loose(self.store.finish_merge(self._merging))
            self._merging = None
        return places

    def _plan_merge(self, now: int) -> Merge | None:
        """The next group that needs merging: an hour of it is over, or it has too many blocks or readings."""
        over = (now - GRACE_MS) // HOUR_MS * HOUR_MS
        for group, loose in self._loose.items():
            waited = now - self._merged_at.get(group, 0) >= PAUSE_MS or loose.rows >= MANY_ROWS
            if (loose.first_ms < over and waited) or loose.blocks > MANY_BLOCKS or loose.rows > MOST_ROWS:
                self._merged_at[group] = now
                del self._loose[group]
                try:
                    return self.store.plan_merge(group, LATEST if loose.rows > MOST_ROWS else over)
                except ValueError as error:
                    log.error("history of points %d to %d is left unmerged: %s", group << 8, (group << 8) + 255, error)
                    return None
        return None

    def _add_loose(self, blocks: Sequence[LooseInfo]) -> None:
        for block in blocks:
            loose = self._loose.setdefault(block.group, _Loose(block.first_ms))
            loose.blocks += 1
            loose.rows += block.rows
            loose.first_ms = min(loose.first_ms, block.first_ms)

    def hand_over(self, now: int) -> None:
        """Give new transitions to the alarms room, in order, and remember how far it came."""
        if self.take is None or not self._news or (self._failures and not self._is_due("again", now, AGAIN_MS)):
            return
        moment = datetime.fromtimestamp(now / 1000, UTC)
        while found := self.store.transitions_after(self._taken, 200):
            try:
                self._give(found, moment)
            except NotNow as error:
                log.warning("alarms cannot be written now, trying again: %s", error)
                return
            self._taken = found[-1].tseq
            self.store.set_position(CONSUMER, self._taken)
        self._news = False

    def _give(self, found: Sequence[StoredTransition], moment: datetime) -> None:
        """Hand over; after TRIES refusals one by one, so that a single bad one holds up nobody."""
        assert self.take is not None
        try:
            self.take(found, moment)
        except NotNow:
            raise
        except Exception as error:
            self._failures += 1
            log.exception("transitions after %d were not taken, try %d", self._taken, self._failures)
            if self._failures < TRIES:
                raise NotNow(str(error)) from error
            self._one_by_one(found, moment)
        self._failures = 0

    def _one_by_one(self, found: Sequence[StoredTransition], moment: datetime) -> None:
        """One transition that cannot be taken must not hold up the others: it goes to set-aside, the rest is taken."""
        for one in found:
            try:
                assert self.take is not None
                self.take([one], moment)
            except NotNow:
                raise
            except Exception as error:
                log.exception("transition %s of point %d is put aside", one.id, one.point)
                row = Refused(one.step, "value", "not_taken", repr(error)[:300], str(one.point), one.t, one.value)
                self.store.put_set_aside("engine", one.id, one.stream, [row])

    def stop(self, now: int) -> None:
        """Write everything down before a planned end, so that the next start has nothing to take again."""
        if self.writer is not None:
            self.writer.shutdown()
            self.writer = None
        self._written()
        self.hand_over(now)
        self.snapshot(now)
        self.flush(now)
        self.kept()
        if self.keeper is not None:
            self.keeper.submit(self.store.close)
            self.keeper.shutdown()
            self.keeper = None
        self.store.put_transitions([], upto=self.seq)


def _keep_parts(store: Store, parts: Sequence[Columns], upto: int) -> list[LooseInfo]:
    return store.flush_history(joined(parts), upto=upto)


def _now(store: Store, parts: Sequence[Columns], upto: int) -> Future[list[LooseInfo]]:
    """The same at once, in the shape in which the keeper gives it."""
    future: Future[list[LooseInfo]] = Future()
    try:
        future.set_result(_keep_parts(store, parts, upto))
    except (Busy, Full) as error:
        future.set_exception(error)
    return future


def _stored(one: engine.Transition, stream: str) -> StoredTransition:
    """A transition as it is stored; whatever a backfill would have changed is retrospective."""
    lane = "retro" if stream == BACKFILL else one.lane
    value = None if one.value != one.value else one.value
    place = (one.rule, one.point, one.step, one.severity, one.on)
    return StoredTransition(0, one.id, one.seq, stream, lane, one.t, *place, value)


def _refused(one: engine.SetAside) -> Refused:
    why = _WHY.get(one.reason, f"The engine does not take it: {one.reason}.")
    raw = msgspec.json.encode({"point": one.point, "t": one.t, "value": one.value, "quality": one.quality}).decode()
    value = None if one.value != one.value else one.value
    name = "value" if one.reason == "conflict" else "t"
    return Refused(one.row, name, one.reason, why, str(one.point), one.t, value, raw)


def record_of(row: LogRow) -> engine.Record:
    """A row of the log as the engine's record. Raises ValueError when it is damaged."""
    if row.kind == BATCH:
        return Batch(row.seq, row.arrival, *engine.decode_batch(row.payload))
    if row.kind == TICK:
        return Tick(row.seq, row.arrival)
    if row.kind == ENFORCE:
        return Enforce(row.seq, row.arrival, engine.decode_rule(row.payload))
    if row.kind == RETIRE:
        return Retire(row.seq, row.arrival, int(row.payload))
    if row.kind == DECLARE:
        hold, *points = (int(word) for word in row.payload.split())
        return Declare(row.seq, row.arrival, np.array(points, np.int32), hold)
    raise ValueError(f"record {row.seq} is of the unknown kind {row.kind!r}")


def newest(parts: Sequence[Columns]) -> Columns:
    """The newest reading of each point; of equal times the last one given."""
    t, value, quality = np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint8)
    for part in parts:
        point = part.point
        top = int(point.max()) + 1
        if top > t.size:
            more = max(top, 2 * t.size) - t.size
            t, value = np.append(t, np.full(more, -1)), np.append(value, np.zeros(more))
            quality = np.append(quality, np.zeros(more, np.uint8))
        before = t[point]
        # Where an index repeats, the last assignment holds: right as long as time rises, which is nearly always.
        t[point] = part.t
        reached = t[point]
        if (reached < part.t).any() or (reached < before).any():
            t[point] = before
            order = np.lexsort((part.t, point))
            last = picked(part, order[np.concatenate((np.diff(point[order]) != 0, [True]))])
            part = picked(last, last.t >= t[last.point])
            point = part.point
            t[point] = part.t
        value[point], quality[point] = part.value, part.quality
    point = np.flatnonzero(t >= 0)
    return Columns(point, t[point], value[point], quality[point])
