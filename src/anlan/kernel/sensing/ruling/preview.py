"""What a changed rule would have done: the real history of its points replayed under it and under the rule in force.

Every reading of the span is judged, by the engine itself, both rules in one pass. Readings count as arrived at their
own time: what came late or twice in truth comes in order here, so a preview says what the rule makes of the readings,
not what a broken line made of them.

Readings go to the engine in batches of a stretch of time, point by point. The engine gives the same transitions
however its log is cut, and each point has a clock of its own, so this changes nothing but the speed. Conditions that
look at several points compare readings of the same moment; for them the batches are short and in order of time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anlan import engine
from anlan.kernel.sensing.store import Columns, Store
from anlan.kernel.sensing.store.columns import stretches

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
TEN_MINUTES_MS = 600_000
#: More alarms than this within ten minutes are a flood (ANSI/ISA-18.2).
FLOOD = 10
#: Readings in one batch: enough to run at full speed, few enough to stay small in memory.
BATCH_ROWS = 200_000
#: How far apart readings of different points may be judged where a condition compares them.
TOGETHER_MS = 60_000

#: Sides of the comparison; ASIDE: rules that hold others down or that a vote counts, whose own alarms do not matter.
BEFORE, AFTER, ASIDE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Form:
    """One condition over points, as the engine takes it, of the rule before or after the change.

    side  BEFORE, AFTER or ASIDE
    kind  type of the condition, one of `KINDS`
    rule  over its points; every form has a version of its own
    """

    side: int
    kind: str
    rule: engine.Rule


@dataclass(frozen=True, slots=True)
class Episodes:
    """Alarms as a duty officer would have seen them: one for each time that a condition was on at a point.

    point      number
    begin, end epoch ms; end is -1 where it was still on at the end of the span
    severity   the most severe while it was on
    kind       place of the condition's type in `KINDS`
    """

    point: NDArray[np.int64]
    kind: NDArray[np.int64]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    severity: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.begin.size)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What both rules made of the same readings.

    rows       readings judged
    added      which alarms of `after` meet none of `before` at the same point and of the same condition
    removed    which alarms of `before` meet none of `after`
    """

    from_ms: int
    to_ms: int
    rows: int
    before: Episodes
    after: Episodes
    added: NDArray[np.bool_]
    removed: NDArray[np.bool_]


#: Types of condition by their place in `Episodes.kind`.
KINDS = (
    "level", "rate", "window", "deviation", "silence", "stuck", "implausible", "crossings", "together", "vote",
)  # fmt: skip


def replay(
    store: Store,
    forms: Sequence[Form],
    points: Sequence[int],
    from_ms: int,
    to_ms: int,
    *,
    period_s: float = 60.0,
    told: Callable[[float], None] = lambda share: None,
) -> Outcome:
    """Judge the history of points in [from_ms, to_ms) under all forms.

    points    whose readings are needed: those under the rules and those that their conditions name
    period_s  usual time between two readings of a point, to choose the size of a batch
    told      hears the share that is done, 0 … 1
    """
    state = engine.new_state()
    records: list[engine.Record] = [engine.Enforce(seq, from_ms, form.rule) for seq, form in enumerate(forms, start=1)]
    state, out = engine.evaluate(state, records)
    found = [out.transitions]
    seq, rows = len(records) + 1, 0
    together = any(_compares(form.rule) for form in forms)
    for end, columns in _ahead(store, stretches(store, points, from_ms, to_ms, _stretch(len(points), period_s))):
        rows += len(columns)
        batches = _moments(columns, from_ms, end, seq) if together else _whole(columns, end, seq)
        seq += len(batches)
        state, out = engine.evaluate(state, batches)
        found.append(out.transitions)
        told((end - from_ms) / (to_ms - from_ms))
    # The clock of a point runs on by as much as has passed since its batch came: let all of them reach the end.
    state, out = engine.evaluate(state, [engine.Tick(seq, to_ms + _stretch(len(points), period_s))])
    found.append(out.transitions)
    return compare(found, forms, from_ms, to_ms, rows)


def _ahead(store: Store, parts: Iterator[tuple[int, Columns]]) -> Iterator[tuple[int, Columns]]:
    """The parts, the next one read by a thread of its own while one is judged."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="preview-reads") as reader:
        try:
            waiting = reader.submit(next, parts, None)
            while (part := waiting.result()) is not None:
                waiting = reader.submit(next, parts, None)
                yield part
        finally:
            reader.submit(store.close)  # the connection of the thread that read


def _compares(rule: engine.Rule) -> bool:
    """Does the rule look at more than the point that it is judged at?"""
    condition = rule.condition
    several = isinstance(condition, engine.SEVERAL)
    return several or getattr(condition, "other", -1) >= 0 or bool(rule.inhibits)


def _stretch(points: int, period_s: float) -> int:
    """A whole number of hours that gives about `BATCH_ROWS` readings, an hour to ten days."""
    an_hour = max(1.0, points * 3600 / max(period_s, 0.1))
    return int(min(240, max(1, BATCH_ROWS // an_hour))) * HOUR_MS


def _whole(columns: Columns, end: int, seq: int) -> list[engine.Record]:
    if not len(columns):
        return []
    return [engine.Batch(seq, end, columns.point, columns.t, columns.value, columns.quality)]


def _moments(columns: Columns, begin: int, end: int, seq: int) -> list[engine.Record]:
    """Readings in short batches in order of time, each followed by a tick."""
    if not len(columns):
        return []
    order = np.argsort(columns.t, kind="stable")
    t = columns.t[order]
    slice_of = t // TOGETHER_MS
    starts = np.flatnonzero(np.concatenate(([True], slice_of[1:] != slice_of[:-1])))
    records: list[engine.Record] = []
    for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), t.size], strict=True):
        which = order[start:stop]
        arrival = min((int(slice_of[start]) + 1) * TOGETHER_MS, end)
        records.append(
            engine.Batch(
                seq + len(records), arrival, columns.point[which], columns.t[which], columns.value[which],
                columns.quality[which],
            )
        )  # fmt: skip
        records.append(engine.Tick(seq + len(records), arrival))
    return records


# --- alarms out of transitions --------------------------------------------------------------------------------------


def compare(found: Sequence[engine.Transitions], forms: Sequence[Form], from_ms: int, to_ms: int, rows: int) -> Outcome:
    """Alarms before and after, and which of them have no counterpart."""
    columns = {
        name: np.concatenate([getattr(one, name) for one in found]) for name in ("t", "rule", "point", "severity", "on")
    }
    inside = columns["t"] < to_ms
    columns = {name: column[inside] for name, column in columns.items()}
    most = max((form.rule.version for form in forms), default=0)
    side_of, kind_of = np.zeros(most + 1, np.int64), np.zeros(most + 1, np.int64)
    for form in forms:
        side_of[form.rule.version], kind_of[form.rule.version] = form.side, KINDS.index(form.kind)
    side, kind = side_of[columns["rule"]], kind_of[columns["rule"]]
    sides = []
    for one in (BEFORE, AFTER):
        which = side == one
        sides.append(
            _episodes(
                columns["point"][which], kind[which], columns["t"][which], columns["severity"][which],
                columns["on"][which],
            )
        )  # fmt: skip
    before, after = sides
    return Outcome(from_ms, to_ms, rows, before, after, ~_met(after, before, to_ms), ~_met(before, after, to_ms))


def _episodes(
    point: NDArray[np.int64],
    kind: NDArray[np.int64],
    t: NDArray[np.int64],
    severity: NDArray[np.int64],
    on: NDArray[np.bool_],
) -> Episodes:
    """The times at which at least one step was on, for each point and kind of condition."""
    order = np.lexsort((np.arange(t.size), t, kind, point))  # of the same moment in the order in which they were told
    point, kind, t, severity, on = (column[order] for column in (point, kind, t, severity, on))
    change = np.where(on, 1, -1)
    many = np.cumsum(change)
    # Where another point or condition begins, the count starts from nothing.
    new = np.concatenate(([True], (point[1:] != point[:-1]) | (kind[1:] != kind[:-1]))) if t.size else on
    firsts = np.flatnonzero(new)
    before = np.concatenate(([0], many[:-1]))[firsts] if t.size else many
    many = many - np.repeat(before, np.diff(np.append(firsts, t.size)))
    begins = np.flatnonzero(on & (many == 1))
    ends = np.flatnonzero(~on & (many == 0))
    # The end of an alarm is the first moment at which nothing is on any more, before the next one begins.
    follows = np.searchsorted(ends, begins)
    closed = follows < ends.size
    of_same = np.zeros(begins.size, np.bool_)
    at = ends[follows[closed]] if ends.size else ends
    of_same[closed] = (point[at] == point[begins[closed]]) & (kind[at] == kind[begins[closed]])
    end = np.full(begins.size, -1, np.int64)
    end[of_same] = t[ends[follows[of_same]]]
    worst = np.where(on, severity, 9)
    most = np.minimum.reduceat(worst, begins) if begins.size else begins
    return Episodes(point[begins], kind[begins], t[begins], end, most)


def _met(ours: Episodes, theirs: Episodes, to_ms: int) -> NDArray[np.bool_]:
    """Which of our alarms share a moment with one of theirs, at the same point and of the same condition."""
    met = np.zeros(len(ours), np.bool_)
    if not len(ours) or not len(theirs):
        return met
    # Alarms of one point and condition do not overlap: the last one that begins by our end is the only candidate.
    span = np.int64(1) << 44
    base = min(int(ours.begin.min()), int(theirs.begin.min()))
    key = (theirs.point * len(KINDS) + theirs.kind) * span
    begins = key + (theirs.begin - base)
    order = np.argsort(begins, kind="stable")
    our_key = (ours.point * len(KINDS) + ours.kind) * span
    our_end = np.where(ours.end < 0, to_ms, ours.end)
    last = np.searchsorted(begins[order], our_key + (our_end - base), side="right") - 1
    candidate = order[np.maximum(last, 0)]
    their_end = np.where(theirs.end < 0, to_ms, theirs.end)
    same = (theirs.point[candidate] == ours.point) & (theirs.kind[candidate] == ours.kind)
    result: NDArray[np.bool_] = (last >= 0) & same & (their_end[candidate] >= ours.begin)
    return result


# --- figures --------------------------------------------------------------------------------------------------------


def floods(episodes: Episodes) -> int:
    """Ten-minute windows with more than `FLOOD` alarms beginning in them."""
    if not len(episodes):
        return 0
    _window, n = np.unique(episodes.begin // TEN_MINUTES_MS, return_counts=True)
    return int((n > FLOOD).sum())


def per_day(episodes: Episodes, zone_ms: int, which: NDArray[np.bool_] | None = None) -> dict[int, int]:
    """Day, counted from 1970 in a zone, → the alarms that began on it."""
    return _counted((episodes.begin + zone_ms) // DAY_MS, which)


def per_point(episodes: Episodes, which: NDArray[np.bool_] | None = None) -> dict[int, int]:
    """Point number → its alarms."""
    return _counted(episodes.point, which)


def _counted(column: NDArray[np.int64], which: NDArray[np.bool_] | None) -> dict[int, int]:
    numbers, n = np.unique(column if which is None else column[which], return_counts=True)
    return dict(zip(numbers.tolist(), n.tolist(), strict=True))
