"""The reading store: log, batches already seen, set-aside, history, latest values, transitions, snapshots, positions.

Three kinds of processes use one store: the ingest process appends to the log, the engine reads it and writes what
follows from it, everybody reads. One writer thread a process; any thread may read.
"""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from anlan.engine import Rule, decode_batch, encode_rule
from anlan.kernel.sensing.store import history
from anlan.kernel.sensing.store.backend import Backend, Session
from anlan.kernel.sensing.store.cold import Cold, ColdMissing, arrow, month_of
from anlan.kernel.sensing.store.rows import (
    BATCH,
    DECLARE,
    END,
    ENFORCE,
    LIVE,
    RETIRE,
    TICK,
    Appended,
    Columns,
    Curve,
    Lag,
    Latest,
    LogRow,
    LooseInfo,
    NewBatch,
    Refused,
    SetAside,
    StoredTransition,
)

log = logging.getLogger("anlan.store")

#: Rows of one sender that wait in set-aside; beyond it refusals are only told, so that a broken device fills no disk.
SET_ASIDE_LIMIT = 20_000
#: A curve looks at not more than so many batches that the engine has not yet written to history.
TAIL_BATCHES = 2_000

#: Names in the position tables. HISTORY, LATEST and FLUSH stand beside history, so that they come with what they say.
ENGINE, HISTORY, CONSUMER, ALIVE, FLUSH, TRIMMED = "engine", "history", "consumer", "alive", "flush", "trimmed"
LATEST = "latest"
_BESIDE_HISTORY = frozenset({HISTORY, LATEST, FLUSH})

_SET_ASIDE_COLUMNS = (
    'id, arrival, sender, batch_id, lane, "row", field, point, t, value, reason, why, raw, state, resolved_at, '
    "resolved_by"
)
#: Readings of which a curve is drawn one by one; of more it shows the hours.
MOST_RAW = 100_000

_CHUNK_COLUMNS = "place, n, good, low, high, total, coding, data"
_PUT_CHUNK = (
    f"INSERT INTO chunk ({_CHUNK_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608
    "ON CONFLICT (place) DO UPDATE SET n = excluded.n, good = excluded.good, low = excluded.low, "
    "high = excluded.high, total = excluded.total, coding = excluded.coding, data = excluded.data"
)
_TRANSITION_COLUMNS = "tseq, id, seq, stream, lane, t, rule, point, step, severity, state, value"


def clock_ms() -> int:
    """The machine's clock, epoch ms."""
    return time.time_ns() // 1_000_000


class Store:
    """See the module. `history` and `snapshots` may be other databases than the log: on SQLite files of their own,
    because neither a flush of history nor a snapshot of 100 MB must hold up the log. `clock` gives epoch ms and is read
    inside the append transaction. `cold` is the folder of Parquet files; without it nothing can be moved there.
    """

    def __init__(
        self,
        main: Backend,
        snapshots: Backend,
        clock: Callable[[], int] = clock_ms,
        *,
        history: Backend | None = None,
        cold: Path | None = None,
    ) -> None:
        self.main = main
        self.snapshots = snapshots
        self.clock = clock
        self.history = main if history is None else history
        self.cold = None if cold is None else Cold(cold)

    def close(self) -> None:
        """Close this thread's connections."""
        self.main.close()
        self.history.close()
        self.snapshots.close()

    # -- the log ------------------------------------------------------------------------------------------------------

    def append_batches(self, batches: Sequence[NewBatch]) -> list[Appended]:
        """Append many batches in one transaction that is on disk when this returns; one answer each, in order.

        A batch whose key was seen before is not appended: same digest → `repeated` with the stored answer, another
        digest → `conflict`, and its refusal kept in set-aside. A batch without accepted rows (n = 0, kind "batch")
        leaves only its set-aside rows, so that it may come again when its device is mended.
        Raises Busy or Full, with nothing stored.
        """
        with self.main.write() as session:
            now = self.clock()
            return [self._append(session, batch, now) for batch in batches]

    def _now_of(self, session: Session, lane: str) -> int:
        """The clock of a lane: the store's for the live one; else the arrival of its last record, as time in it is
        virtual and must not jump to today when a rule comes or goes."""
        if lane != LIVE:
            found = session.run("SELECT arrival FROM log WHERE lane = ? ORDER BY seq DESC LIMIT 1", (lane,))
            if found:
                return int(found[0][0])
        return self.clock()

    def _append(self, session: Session, batch: NewBatch, now: int) -> Appended:
        seen = session.run(
            "SELECT seq, digest, answer FROM batch WHERE sender = ? AND batch_id = ?", (batch.sender, batch.batch_id)
        )
        if seen:
            seq, digest, answer = int(seen[0][0]), bytes(seen[0][1]), bytes(seen[0][2])
            if digest == batch.digest or self._same(session, seq, answer, batch):
                return Appended(seq, answer, repeated=True)
            why = "This batch id was used for another content."
            other = Refused(-1, "batch_id", "other_content", why, raw=batch.excerpt)
            self._put_set_aside(session, batch.sender, batch.batch_id, batch.lane, [other], now)
            return Appended(seq, answer, conflict=True)
        seq = 0
        if batch.n or batch.kind != BATCH:
            at = batch.arrival
            if at is None:
                at = now if batch.lane == LIVE else self._virtual(session, batch, now)
            seq = self._log(session, at, batch)
            session.run(
                "INSERT INTO batch (sender, batch_id, seq, arrival, digest, answer) VALUES (?, ?, ?, ?, ?, ?)",
                (batch.sender, batch.batch_id, seq, now, batch.digest, batch.answer),
            )
        if batch.refused:
            self._put_set_aside(session, batch.sender, batch.batch_id, batch.lane, batch.refused, now)
        return Appended(seq, batch.answer)

    def _virtual(self, session: Session, batch: NewBatch, now: int) -> int:
        """When a batch arrives in a lane of virtual time: as its newest reading is made, but never ahead of our clock.

        Not when the record before it did: that one may speak of another day, and the engine would take these readings
        for ones from the future.
        """
        if batch.kind != BATCH:
            return self._now_of(session, batch.lane)
        _point, t, _value, _quality = decode_batch(batch.payload)
        return min(int(t.max()), now)

    @staticmethod
    def _same(session: Session, seq: int, answer: bytes, batch: NewBatch) -> bool:
        """Whether the same readings came again, only written differently; a trimmed log cannot tell any more."""
        stored = session.run("SELECT payload FROM log WHERE seq = ?", (seq,))
        return bool(stored) and bytes(stored[0][0]) == batch.payload and answer == batch.answer

    @staticmethod
    def _log(session: Session, arrival: int, batch: NewBatch) -> int:
        return session.insert(
            "INSERT INTO log (arrival, lane, kind, n, sender, batch_id, payload) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (arrival, batch.lane, batch.kind, batch.n, batch.sender, batch.batch_id, batch.payload),
            "seq",
        )

    def append_tick(self, lane: str = LIVE, *, arrival: int | None = None) -> int:
        """Write that a lane's clock has come to `arrival` (default: the store's clock), and that the engine is alive;
        returns the record's number."""
        with self.main.write() as session:
            at = self.clock() if arrival is None else arrival
            _set_position(session, ALIVE, self.clock())
            return self._log(session, at, NewBatch("", "", lane, 0, b"", b"", kind=TICK))

    def append_rule(self, rule: Rule, *, lane: str = LIVE, arrival: int | None = None) -> int:
        """Put a rule version in force in a lane; the same version and lane again changes nothing."""
        return self._append_once(f"enforce:{rule.version}", lane, ENFORCE, encode_rule(rule), arrival)

    def append_retire(self, version: int, *, lane: str = LIVE, arrival: int | None = None) -> int:
        """End a rule version in a lane, once."""
        return self._append_once(f"retire:{version}", lane, RETIRE, str(version).encode(), arrival)

    def append_declare(
        self, points: Sequence[int], hold_ms: int, *, lane: str = LIVE, arrival: int | None = None
    ) -> int:
        """Write that these points deliver out of order within `hold_ms`; each call is a record of its own."""
        payload = str(hold_ms).encode() + b" " + " ".join(str(point) for point in points).encode()
        with self.main.write() as session:
            at = self._now_of(session, lane) if arrival is None else arrival
            return self._log(session, at, NewBatch("", "", lane, len(points), payload, b"", kind=DECLARE))

    def append_end(self, lane: str) -> int:
        """End an exercise's lane: the engine forgets its state. Raises ValueError for the live lane."""
        if lane == LIVE:
            raise ValueError("the live lane never ends")
        with self.main.write() as session:
            return self._log(session, self.clock(), NewBatch("", "", lane, 0, b"", b"", kind=END))

    def _append_once(self, key: str, lane: str, kind: str, payload: bytes, arrival: int | None) -> int:
        record = NewBatch(f"rules/{lane}", key, lane, 0, payload, b"", arrival=arrival, kind=kind)
        return self.append_batches([record])[0].seq

    def read_log(self, after_seq: int, limit: int = 1_000, rows: int = 400_000) -> list[LogRow]:
        """Records after a number, at most `limit` of them and about `rows` readings, in order."""
        found = self.main.read("SELECT seq, n FROM log WHERE seq > ? ORDER BY seq LIMIT ?", (after_seq, limit))
        last, total = 0, 0
        for seq, n in found:
            last, total = int(seq), total + n
            if total >= rows:
                break
        if not last:
            return []
        records = self.main.read(
            "SELECT seq, arrival, lane, kind, n, payload, sender, batch_id FROM log WHERE seq > ? AND seq <= ? "
            "ORDER BY seq",
            (after_seq, last),
        )
        return [LogRow(*row[:5], bytes(row[5]), *row[6:]) for row in records]

    def record(self, seq: int) -> LogRow | None:
        """One record by its number, None when it was trimmed."""
        found = self.main.read(
            "SELECT seq, arrival, lane, kind, n, payload, sender, batch_id FROM log WHERE seq = ?", (seq,)
        )
        return LogRow(*found[0][:5], bytes(found[0][5]), *found[0][6:]) if found else None

    def last_seq(self) -> int:
        """Number of the newest record, 0 in an empty log."""
        return int(self.main.read("SELECT coalesce(max(seq), 0) FROM log")[0][0])

    def last_batch_seq(self) -> int:
        """Number of the newest record with readings, 0 when there is none."""
        return int(self.main.read("SELECT coalesce(max(seq), 0) FROM log WHERE kind = ?", (BATCH,))[0][0])

    def trim_log(self, *, before_ms: int, limit: int = 2_000) -> int:
        """Drop old batches and ticks that neither a snapshot nor history needs any more; returns how many.

        Kept: whatever is newer than `before_ms`, than the older of two snapshots, or not yet in history, and all
        records of rules, so that even without any snapshot the engine starts with the rules in force.
        """
        seqs = self.snapshot_seqs()
        if len(seqs) < 2:
            return 0
        upto = min(seqs[-1], self.position(HISTORY))
        found = self.main.read(
            "SELECT max(seq), count(*) FROM (SELECT seq FROM log WHERE seq > ? AND seq <= ? AND arrival < ? "
            "AND kind IN (?, ?) ORDER BY seq LIMIT ?) x",
            (self.position(TRIMMED), upto, before_ms, BATCH, TICK, limit),
        )
        if not found[0][1]:
            return 0
        with self.main.write() as session:
            last = int(found[0][0])
            _set_position(session, TRIMMED, last)
            return session.changed("DELETE FROM log WHERE seq <= ? AND kind IN (?, ?)", (last, BATCH, TICK))

    def forget_batches(self, *, before_ms: int, limit: int = 5_000) -> int:
        """Forget keys of batches that came before a moment; a repetition after that falls at the merge of history."""
        cut = self.main.read(
            "SELECT max(arrival) FROM (SELECT arrival FROM batch WHERE arrival < ? AND sender NOT LIKE 'rules/' || ? "
            "ORDER BY arrival LIMIT ?) x",
            (before_ms, "%", limit),
        )[0][0]
        if cut is None:
            return 0
        with self.main.write() as session:
            return session.changed(
                "DELETE FROM batch WHERE arrival <= ? AND sender NOT LIKE 'rules/' || ?", (int(cut), "%")
            )

    # -- set aside ----------------------------------------------------------------------------------------------------

    def put_set_aside(self, sender: str, batch_id: str, lane: str, rows: Iterable[Refused]) -> None:
        """Keep refused rows for a person; the same row of the same batch for the same reason is kept once."""
        with self.main.write() as session:
            self._put_set_aside(session, sender, batch_id, lane, rows, self.clock())

    @staticmethod
    def _put_set_aside(
        session: Session, sender: str, batch_id: str, lane: str, rows: Iterable[Refused], now: int
    ) -> None:
        waiting = session.run(
            "SELECT count(*) FROM (SELECT 1 FROM set_aside WHERE sender = ? AND state = 'open' LIMIT ?) x",
            (sender, SET_ASIDE_LIMIT),
        )
        room = SET_ASIDE_LIMIT - int(waiting[0][0])
        session.many(
            'INSERT INTO set_aside (arrival, sender, batch_id, lane, "row", field, point, t, value, reason, why, raw) '
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [
                (now, sender, batch_id, lane, r.row, r.field, r.point, r.t, r.value, r.code, r.why, r.raw)
                for r in list(rows)[: max(room, 0)]
            ],
        )

    def set_aside(
        self, *, state: str = "open", sender: str | None = None, limit: int = 100, offset: int = 0
    ) -> list[SetAside]:
        """Rows in a state, newest first."""
        where, args = "state = ?", [state]
        if sender is not None:
            where, args = where + " AND sender = ?", [*args, sender]
        rows = self.main.read(
            f"SELECT {_SET_ASIDE_COLUMNS} FROM set_aside WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?",  # noqa: S608
            (*args, limit, offset),
        )
        return [SetAside(*row) for row in rows]

    def set_aside_row(self, row_id: int) -> SetAside | None:
        """One row by its number."""
        rows = self.main.read(f"SELECT {_SET_ASIDE_COLUMNS} FROM set_aside WHERE id = ?", (row_id,))  # noqa: S608
        return SetAside(*rows[0]) if rows else None

    def count_set_aside(self, *, state: str = "open", senders: Sequence[str] | None = None) -> int:
        """How many rows are in a state, of these senders or of all."""
        if senders is None:
            return int(self.main.read("SELECT count(*) FROM set_aside WHERE state = ?", (state,))[0][0])
        if not senders:
            return 0
        places = ", ".join("?" * len(senders))
        return int(
            self.main.read(
                f"SELECT count(*) FROM set_aside WHERE state = ? AND sender IN ({places})",  # noqa: S608
                (state, *senders),
            )[0][0]
        )

    def resolve_set_aside(self, ids: Sequence[int], *, state: str, by: str) -> int:
        """Mark open rows as "replayed" or "dropped" by a person; returns how many were still open."""
        if state not in ("replayed", "dropped"):
            raise ValueError(f"a set-aside row is replayed or dropped, not {state!r}")
        with self.main.write() as session:
            now = self.clock()
            return sum(
                session.changed(
                    "UPDATE set_aside SET state = ?, resolved_at = ?, resolved_by = ? WHERE id = ? AND state = 'open'",
                    (state, now, by, row_id),
                )
                for row_id in ids
            )

    # -- what the engine writes ---------------------------------------------------------------------------------------

    def put_transitions(
        self,
        transitions: Iterable[StoredTransition],
        *,
        upto: int,
        set_aside: Iterable[tuple[LogRow, Sequence[Refused]]] = (),
    ) -> None:
        """Store what the engine found up to record `upto`, each id once, what it set aside from which record, and
        that it has come so far. Doing it again after a crash changes nothing."""
        with self.main.write() as session:
            for record, refused in set_aside:
                self._put_set_aside(session, record.sender, record.batch_id, record.lane, refused, self.clock())
            session.many(
                "INSERT INTO transition (id, seq, stream, lane, t, rule, point, step, severity, state, value) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                [
                    (x.id, x.seq, x.stream, x.lane, x.t, x.rule, x.point, x.step, x.severity, int(x.on), x.value)
                    for x in transitions
                ],
            )
            _set_position(session, ENGINE, upto)

    def transitions_after(self, tseq: int, limit: int = 500) -> list[StoredTransition]:
        """Transitions in the order in which they were stored."""
        rows = self.main.read(
            f"SELECT {_TRANSITION_COLUMNS} FROM transition WHERE tseq > ? ORDER BY tseq LIMIT ?",  # noqa: S608
            (tseq, limit),
        )
        return [StoredTransition(*row[:10], bool(row[10]), row[11]) for row in rows]

    def put_latest(self, columns: Columns, arrival: Any, *, upto: int | None = None) -> None:
        """The newest reading of each point (each point at most once in `columns`); an older one changes nothing.

        upto  the newest reading of every point up to this record of the log is stored now
        """
        with self.history.write() as session:
            session.many(
                "INSERT INTO latest (point, t, arrival, value, quality) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (point) DO UPDATE SET t = excluded.t, arrival = excluded.arrival, "
                "value = excluded.value, quality = excluded.quality WHERE excluded.t >= latest.t",
                zip(
                    columns.point.tolist(),
                    columns.t.tolist(),
                    np.broadcast_to(arrival, columns.t.shape).tolist(),
                    [v if v == v else None for v in columns.value.tolist()],
                    columns.quality.tolist(),
                    strict=True,
                ),
            )
            if upto is not None:
                _set_position(session, LATEST, upto)

    def flush_history(self, columns: Columns, *, upto: int) -> list[LooseInfo]:
        """Write readings, in log order, as loose blocks, and that history holds all up to record `upto`.

        Returns what was added, as `loose_blocks` would tell it.
        """
        with self.history.write() as session:
            part = _position(session, FLUSH) + 1
            rows = history.loosen(columns, part)
            session.many('INSERT INTO loose ("key", n, first_ms, last_ms, data) VALUES (?, ?, ?, ?, ?)', rows)
            _set_position(session, FLUSH, part)
            _set_position(session, HISTORY, upto)
        return [LooseInfo(row[0] >> history.PART_BITS, row[1], row[2]) for row in rows]

    def loose_blocks(self) -> list[LooseInfo]:
        """Every loose block that waits for merging."""
        rows = self.history.read('SELECT "key", n, first_ms FROM loose ORDER BY "key"')
        return [LooseInfo(int(key) >> history.PART_BITS, int(n), int(first)) for key, n, first in rows]

    def plan_merge(self, group: int, before_ms: int) -> history.Merge | None:
        """Read a group's loose blocks to merge what is older than `before_ms`; None when there is none."""
        rows = self.history.read(
            'SELECT "key", n, data FROM loose WHERE "key" BETWEEN ? AND ? ORDER BY "key"', history.loose_span(group)
        )
        return history.plan(group, ((int(key), int(n), bytes(data)) for key, n, data in rows), before_ms)

    def merge_some(self, merge: history.Merge, places: int) -> int:
        """Merge the next places of a plan into chunks; readings that contradict earlier ones go to set-aside.

        Returns how many were set aside. Stopped anywhere and begun anew, it comes to the same: contradictions are found
        again until the loose blocks are dropped, and kept once. What belongs to an hour in a cold file that cannot be
        read stays loose.
        """
        if not merge.places:
            return 0
        some, columns, starts = merge.take(places)
        ends = np.append(starts[1:], len(columns))
        plain = history.plain_places(columns, starts)
        contradicting, left, rows = [], [], []
        with self.history.write() as session:
            held = self._chunks_at(session, some)
            plain &= ~np.isin(some, list(held))
            if plain.any():
                fast = history.picked(columns, np.repeat(plain, ends - starts))
                sizes = (ends - starts)[plain]
                chosen = [place for place, is_plain in zip(some, plain.tolist(), strict=True) if is_plain]
                rows += history.packed(chosen, fast, np.cumsum(sizes) - sizes)
            for number in np.flatnonzero(~plain).tolist():
                new = history.picked(columns, slice(int(starts[number]), int(ends[number])))
                found = held.get(some[number])
                if found is not None and found[6] == history.FIGURES:
                    rows.append(history.widened(found, new))
                    continue
                try:
                    old = None if found is None else self._held([found])
                except ColdMissing as error:
                    log.error("late readings stay unmerged: %s", error)
                    left.append(new)
                    continue
                row, others = history.merged(some[number], old, new)
                rows.append(row)
                if len(others):
                    contradicting.append(others)
            session.many(_PUT_CHUNK, rows)
        if contradicting:
            with self.main.write() as session:
                self._contradicted(session, history.joined(contradicting))
        if left:
            merge.rest = history.joined([merge.rest, *left])
        merge.drop(len(some))
        return sum(len(columns) for columns in contradicting)

    @staticmethod
    def _chunks_at(session: Session, places: Sequence[int]) -> dict[int, Any]:
        """The chunks that stand at these places already."""
        held = {}
        for start in range(0, len(places), 900):
            some = places[start : start + 900]
            marks = ", ".join("?" * len(some))
            rows = session.run(f"SELECT {_CHUNK_COLUMNS} FROM chunk WHERE place IN ({marks})", some)  # noqa: S608
            held |= {int(row[0]): row for row in rows}
        return held

    def _held(self, rows: Sequence[tuple[Any, ...]]) -> Columns | None:
        """The readings of chunks (as _CHUNK_COLUMNS, of one point, in order of place); None of no chunk.

        Raises ColdMissing, and ValueError for damage.
        """
        parts: list[Columns] = []
        cold = [int(row[0]) for row in rows if row[6] == history.COLD]
        if cold:
            parts.append(self.cold_readings(cold))
        here = [(int(row[0]), int(row[1]), int(row[6]), bytes(row[7])) for row in rows if row[6] in history.HERE]
        if here:
            parts.append(history.unpack_all(here))
        return history.joined(parts) if parts else None

    def cold_readings(self, places: Sequence[int]) -> Columns:
        """The readings of these hours (chunk keys of one point) from its cold files, in order of time.

        Raises ColdMissing when one cannot be read.
        """
        point = places[0] >> history.HOUR_BITS
        hours = np.array(places, np.int64) & ((1 << history.HOUR_BITS) - 1)
        if self.cold is None:
            raise ColdMissing(f"readings of point {point} lie in cold files, and this store has no folder of them")
        months = sorted({month_of(hour * history.HOUR_MS) for hour in hours.tolist()})
        found = history.joined([self.cold.read(month, point) for month in months])
        return history.picked(found, np.isin(found.t // history.HOUR_MS, hours))

    def _contradicted(self, session: Session, columns: Columns) -> None:
        why = "Another value for this time was stored before."
        table = zip(columns.point.tolist(), columns.t.tolist(), columns.value.tolist(), strict=True)
        for point, t, value in table:
            shown = None if value != value else value
            row = Refused(0, "value", "conflict", why, str(point), t, shown)
            self._put_set_aside(session, "history", f"{point}@{t}={value!r}", "", [row], self.clock())

    def finish_merge(self, merge: history.Merge) -> list[LooseInfo]:
        """After all places: drop the blocks that were merged, but for what stays loose; returns that."""
        rest = history.loosen(merge.rest, merge.upto & ((1 << history.PART_BITS) - 1))
        with self.history.write() as session:
            session.run(
                'DELETE FROM loose WHERE "key" BETWEEN ? AND ?', (history.loose_span(merge.group)[0], merge.upto)
            )
            session.many('INSERT INTO loose ("key", n, first_ms, last_ms, data) VALUES (?, ?, ?, ?, ?)', rest)
        return [LooseInfo(row[0] >> history.PART_BITS, row[1], row[2]) for row in rest]

    # -- what everybody reads -----------------------------------------------------------------------------------------

    def latest(self, point_ids: Iterable[int] | None = None) -> Latest:
        """The newest reading of these points, or of all."""
        if point_ids is None:
            rows = self.history.read("SELECT point, t, arrival, value, quality FROM latest ORDER BY point")
        else:
            wanted = sorted(set(point_ids))
            rows = []
            for start in range(0, len(wanted), 900):
                some = wanted[start : start + 900]
                places = ", ".join("?" * len(some))
                rows += self.history.read(
                    f"SELECT point, t, arrival, value, quality FROM latest WHERE point IN ({places}) ORDER BY point",  # noqa: S608
                    some,
                )
        return Latest(
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.int64),
            np.array([row[2] for row in rows], np.int64),
            np.array([np.nan if row[3] is None else row[3] for row in rows], np.float64),
            np.array([row[4] for row in rows], np.uint8),
        )

    def readings(self, point: int, from_ms: int, to_ms: int) -> Columns:
        """Every reading of a point in [from_ms, to_ms], in order of time, those of the last seconds included.

        Hours of which only the figures are kept have none. Raises ColdMissing when some lie in a cold file that cannot
        be read.
        """
        # Newer places first: a flush or merge in between then makes readings stand twice, which `sift` drops.
        recent = self._recent(point, from_ms, to_ms)
        held = self._held(
            self.history.read(
                f"SELECT {_CHUNK_COLUMNS} FROM chunk WHERE place BETWEEN ? AND ? ORDER BY place",  # noqa: S608
                history.place_span(point, from_ms, to_ms),
            )
        )
        found, _other = history.sift(history.joined([*([] if held is None else [held]), *recent]))
        return history.picked(found, slice(*np.searchsorted(found.t, (from_ms, to_ms + 1))))

    def unreadable(self, point: int, from_ms: int, to_ms: int) -> str:
        """Why some of a point's readings in [from_ms, to_ms] cannot be read; "" when all can."""
        rows = self.history.read(
            "SELECT place FROM chunk WHERE place BETWEEN ? AND ? AND coding = ?",
            (*history.place_span(point, from_ms, to_ms), history.COLD),
        )
        hours = (int(row[0]) & ((1 << history.HOUR_BITS) - 1) for row in rows)
        months = sorted({month_of(hour * history.HOUR_MS) for hour in hours})
        if months and self.cold is None:
            return f"readings of point {point} lie in cold files, and this store has no folder of them"
        for month in months:
            assert self.cold is not None
            if why := self.cold.missing(month, point >> history.GROUP_BITS):
                return why
        return ""

    def curve(self, point: int, from_ms: int, to_ms: int, max_points: int = 1_500) -> Curve:
        """A point over [from_ms, to_ms] for a screen.

        Where a step is longer than an hour, where there are more than MOST_RAW readings, and where the readings
        themselves are no longer at hand, it is made of the hours' own least, greatest and mean; nothing else is read.
        Raises ValueError for max_points < 2 or an empty span.
        """
        span = history.place_span(point, from_ms, to_ms)
        if (to_ms - from_ms) > max_points * history.HOUR_MS or not self._at_hand(span):
            recent = history.joined(self._recent(point, from_ms, to_ms))
            rows = self.history.read(
                "SELECT place, good, low, high, total FROM chunk WHERE place BETWEEN ? AND ? ORDER BY place", span
            )
            hours = [(int(place), int(n), low, high, float(total)) for place, n, low, high, total in rows]
            inside = (recent.t >= from_ms) & (recent.t <= to_ms)
            hours += history.figures(history.picked(recent, inside))
            return history.outline(sorted(hours, key=lambda row: row[0]), max_points)
        return history.thin(self.readings(point, from_ms, to_ms), from_ms, to_ms, max_points)

    def _at_hand(self, span: tuple[int, int]) -> bool:
        """Whether the readings of these places can be read, and are not too many for a curve."""
        total, figures, cold = self.history.read(
            "SELECT coalesce(sum(n), 0), coalesce(sum(CASE WHEN coding = ? THEN 1 ELSE 0 END), 0), "
            "coalesce(sum(CASE WHEN coding = ? THEN 1 ELSE 0 END), 0) FROM chunk WHERE place BETWEEN ? AND ?",
            (history.FIGURES, history.COLD, *span),
        )[0]
        return total <= MOST_RAW and not figures and not (cold and (self.cold is None or arrow() is None))

    def _recent(self, point: int, from_ms: int, to_ms: int) -> list[Columns]:
        """A point's readings that are not in chunks yet, in log order: those logged but not flushed, then loose ones
        before them."""
        tail = self._tail(point)
        rows = self.history.read(
            'SELECT "key", n, data FROM loose WHERE "key" BETWEEN ? AND ? AND last_ms >= ? AND first_ms <= ? '
            'ORDER BY "key"',
            (*history.loose_span(point >> history.GROUP_BITS), from_ms, to_ms),
        )
        blocks = [history.tightened(int(key), int(n), bytes(data)) for key, n, data in rows]
        return [*(history.picked(block, block.point == point) for block in blocks), *tail]

    def _tail(self, point: int) -> list[Columns]:
        """A point's readings that are logged but not yet in history."""
        found = self.main.read(
            "SELECT payload FROM log WHERE seq > ? AND kind = ? ORDER BY seq LIMIT ?",
            (self.position(HISTORY), BATCH, TAIL_BATCHES),
        )
        columns = []
        for (payload,) in found:
            points, t, value, quality = decode_batch(bytes(payload))
            mine = points == point
            if mine.any():
                columns.append(Columns(points[mine], t[mine], value[mine], quality[mine]))
        return columns

    # -- snapshots and positions --------------------------------------------------------------------------------------

    def save_snapshot(self, seq: int, states: dict[str, bytes]) -> None:
        """Store the engine's state after record `seq`, one block a lane; the newest two are kept.

        Packed, because the log's next commit waits for what a snapshot writes at once: 50 MB of 100,000 points.
        """
        rows = [(seq, lane, zlib.compress(data, 1)) for lane, data in states.items()]
        with self.snapshots.write() as session:
            session.run("DELETE FROM snapshot WHERE seq >= ?", (seq,))
            session.many("INSERT INTO snapshot (seq, lane, data) VALUES (?, ?, ?)", rows)
            kept = session.run("SELECT DISTINCT seq FROM snapshot ORDER BY seq DESC LIMIT 2")
            session.run("DELETE FROM snapshot WHERE seq < ?", (int(kept[-1][0]),))

    def load_snapshot(self, seq: int) -> dict[str, bytes]:
        """The stored state of each lane after record `seq`. Raises ValueError when it is damaged."""
        rows = self.snapshots.read("SELECT lane, data FROM snapshot WHERE seq = ?", (seq,))
        try:
            return {lane: zlib.decompress(bytes(data)) for lane, data in rows}
        except zlib.error as error:
            raise ValueError(f"the snapshot at record {seq} cannot be unpacked: {error}") from error

    def snapshot_seqs(self) -> list[int]:
        """Record numbers of the stored snapshots, the newest first."""
        return [int(row[0]) for row in self.snapshots.read("SELECT DISTINCT seq FROM snapshot ORDER BY seq DESC")]

    def position(self, name: str) -> int:
        """How far a reader of the log or of the transitions has come, 0 at first."""
        found = self._beside(name).read("SELECT seq FROM position WHERE name = ?", (name,))
        return int(found[0][0]) if found else 0

    def set_position(self, name: str, seq: int) -> None:
        """Store how far a reader has come."""
        with self._beside(name).write() as session:
            _set_position(session, name, seq)

    def _beside(self, position: str) -> Backend:
        return self.history if position in _BESIDE_HISTORY else self.main

    def lag(self) -> Lag:
        """How far the engine is behind the log."""
        at = self.position(ENGINE)
        found = self.main.read(
            "SELECT count(*), min(CASE WHEN lane = 'live' THEN arrival END) FROM log WHERE seq > ?", (at,)
        )
        behind, oldest = found[0]
        return Lag(int(behind), None if oldest is None else int(oldest), self.position(ALIVE))


def _position(session: Session, name: str) -> int:
    found = session.run("SELECT seq FROM position WHERE name = ?", (name,))
    return int(found[0][0]) if found else 0


def _set_position(session: Session, name: str, seq: int) -> None:
    session.run(
        "INSERT INTO position (name, seq) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq",
        (name, seq),
    )
