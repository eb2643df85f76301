"""Ladders over a signal that is made from several readings of a point.

A *source* makes one signal of one point: it belongs to a rule version, and all steps of its ladder look at it. Its
memory begins empty with the rule, and takes the rows in order only. The retrospective lane has sources of its own,
one for each point and rule version that ever met a late row; each run of late rows begins with an empty one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from .arrays import B1, F8, I8, grown, segments, sizes
from .conditions import Ladder
from .level import Ladders
from .points import LateRows, Points, Rows
from .rules import Rule
from .table import Members, News

#: Most rows that a source takes at once when a point has many in a record; bounds the memory that takes.
LONGEST_STRETCH = 4_096


class Sources(ABC):
    """Memory of sources in columns; the row numbers that `add` gives out hold until `keep`.

    COLUMNS  name -> (dtype, value of a source that has read nothing)
    ASKED    the columns that say what is asked, and so survive `clear`
    used     row numbers given out; there is `room` for more
    """

    COLUMNS: ClassVar[dict[str, tuple[str, Any]]]
    ASKED: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        self.used = self.room = 0
        for name, (kind, _) in self.COLUMNS.items():
            setattr(self, name, np.empty((0, *self.shape(name)), kind))

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of one cell of a column."""
        return ()

    # What a kind of source does; the values are finite, the times of a row rise.

    @abstractmethod
    def one_each(self, row: I8, t: I8, value: F8) -> F8:
        """The signal of one reading for each row number; no row number is given twice."""

    @abstractmethod
    def many(self, row: int, t: I8, value: F8) -> F8:
        """The signals of several readings of one row number; bit for bit what `one_each` gives one after the other."""

    def read(self, row: I8, t: I8, value: F8, first: I8 | None) -> F8:
        """Take readings and give the signal of each, NaN where there is none.

        row    row number of each reading, equal ones together in order of t
        value  NaN where the reading gives none
        first  `segments(row)`
        """
        mute = np.isnan(value)
        if mute.any():
            signal = np.full(value.size, np.nan)
            good = np.flatnonzero(~mute)
            row = row[good]
            signal[good] = self._read(row, t[good], value[good], None if first is None else segments(row))
        else:
            signal = self._read(row, t, value, first)
        return signal

    def _read(self, row: I8, t: I8, value: F8, first: I8 | None) -> F8:
        if not row.size:
            return value[:0]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if first is None:
                signal = self.one_each(row, t, value)
            else:
                signal = self._read_stretches(row, t, value, first)
        signal[~np.isfinite(signal)] = np.nan
        return signal

    def _read_stretches(self, row: I8, t: I8, value: F8, first: I8) -> F8:
        """The k-th reading of each row number at once, as long as there are more row numbers left than rounds; the
        readings of the others one row number after the other."""
        count = sizes(first, row.size)
        rounds = int((np.sort(count)[::-1] > np.arange(count.size)).sum())
        signal = np.empty(row.size, np.float64)
        short = count <= rounds
        for number in range(int(count[short].max(initial=0))):
            at = first[short & (count > number)] + number
            signal[at] = self.one_each(row[at], t[at], value[at])
        for begin, size in zip(first[~short].tolist(), count[~short].tolist(), strict=True):
            for start in range(begin, begin + size, LONGEST_STRETCH):
                part = slice(start, min(start + LONGEST_STRETCH, begin + size))
                signal[part] = self.many(int(row[begin]), t[part], value[part])
        return signal

    # The columns.

    def add(self, size: int, **asked: Any) -> I8:
        """So many sources that have read nothing; returns their row numbers."""
        start, self.used = self.used, self.used + size
        if self.used > self.room:
            self.room = self.used + (self.used >> 2)
            for name, (_, fill) in self.COLUMNS.items():
                setattr(self, name, grown(getattr(self, name), self.room, fill))
        for name, column in asked.items():
            getattr(self, name)[start : self.used] = column
        return np.arange(start, self.used)

    def like(self, other: Self, row: I8) -> I8:
        """Sources that ask what those rows of another memory ask, and have read nothing."""
        return self.add(row.size, **{name: getattr(other, name)[row] for name in self.ASKED})

    def clear(self, row: I8) -> None:
        """Forget what was read."""
        for name, (_, fill) in self.COLUMNS.items():
            if name not in self.ASKED:
                getattr(self, name)[row] = fill

    def keep(self, row: I8) -> None:
        """Forget all sources but these, which are numbered anew in this order."""
        for name in self.COLUMNS:
            setattr(self, name, getattr(self, name)[row])
        self.used = self.room = row.size

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that a snapshot must carry, by name."""
        return {name: getattr(self, name)[: self.used] for name in self.COLUMNS}

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take back what `arrays` gave."""
        for name in self.COLUMNS:
            setattr(self, name, arrays[name])
            self.used = self.room = arrays[name].shape[0]


class Derived(Ladders):
    """Channels of ladders over sources; a kind names its `SOURCES` and adds `enforce`.

    source      row of the channel in `live`
    twin        its row in `late`, -1 while it met no late row
    live, late  the sources of the two lanes

    Sources of one slot lie together as *lines*, in the order of their rule versions:

    line, rank              per channel: its line, and the place of that among the lines of its slot
    lines, twins            per line: row in `live` and in `late`
    line_begin              first line of each slot, one cell more than there are slots
    most                    most lines of one slot
    quiet_from, quiet_to    per line: a signal in [from, to) changes no latch of it
    """

    SOURCES: ClassVar[type[Sources]]
    COLUMNS: ClassVar[dict[str, str]] = {**Ladders.COLUMNS, "source": "i8", "twin": "i8"}
    source: I8
    twin: I8

    def __init__(self) -> None:
        super().__init__()
        self.live, self.late = self.SOURCES(), self.SOURCES()
        nothing: I8 = np.empty(0, np.int64)
        self.line, self.rank, self.line_begin = nothing, nothing, nothing
        self.lines, self.twins = nothing, nothing
        self.most = 0
        self.quiet_from: F8 = np.empty(0, np.float64)
        self.quiet_to: F8 = np.empty(0, np.float64)
        # Of the rows just taken: their signals, [place of the line in its slot, row], and which of them stir.
        self._signals: F8 = np.empty((0, 0), np.float64)
        self._stirred: B1 = np.empty(0, np.bool_)

    def add_lines(self, rule: Rule, ladder: Ladder, slot: I8, source: I8) -> None:
        """Add the channels of a ladder over these sources, one for each slot."""
        self.add_steps(rule, ladder, slot, source=source, twin=np.full(slot.size, -1))

    def signal(self, channel: I8, rows: Rows | LateRows, row: I8) -> F8:
        return self._signals[self.rank[channel], row]

    def stirs(self, rows: Rows) -> B1:
        return self._stirred

    def feed(self, rows: Rows, points: Points, news: News) -> I8:
        if not self.slot.size:
            return rows.slot[:0]
        self._take(rows)
        return super().feed(rows, points, news)

    def _take(self, rows: Rows) -> None:
        """Let the sources read the rows."""
        n = rows.slot.size
        line = self.line_begin.take(rows.slot)
        count = self.line_begin.take(rows.slot + 1)
        count -= line
        self._signals = np.empty((self.most, n), np.float64)
        self._stirred = np.zeros(n, np.bool_)
        for rank in range(self.most):
            signals = self._signals[rank]
            has = count > rank
            if has.all():
                at = line + rank
                read = self.live.read(self.lines.take(at), rows.t, rows.signal, rows.first)
                signals[:] = read
                # A row without a signal compares false: it changes no latch.
                self._stirred |= (read < self.quiet_from.take(at)) | (read >= self.quiet_to.take(at))
            else:
                pick = np.flatnonzero(has)
                signals.fill(np.nan)
                at = line[pick] + rank
                first = None if rows.first is None else segments(rows.slot[pick])
                read = self.live.read(self.lines[at], rows.t[pick], rows.signal[pick], first)
                signals[pick] = read
                self._stirred[pick] |= (read < self.quiet_from[at]) | (read >= self.quiet_to[at])

    def judge_late(self, rows: LateRows, points: Points, news: News) -> None:
        if not self.slot.size:
            return
        self._take_late(rows)
        super().judge_late(rows, points, news)

    def _take_late(self, rows: LateRows) -> None:
        """Let sources of the retrospective lane read the rows, with an empty memory where a run begins."""
        n = rows.slot.size
        self._signals = np.full((self.most, n), np.nan)
        begins = rows.fresh.copy()
        begins[rows.first] = True
        # The number of each row's run among the runs of its slot.
        passed: I8 = np.cumsum(begins)
        run: I8 = passed - np.repeat(passed[rows.first], sizes(rows.first, n))
        line = self.line_begin.take(rows.slot)
        count = self.line_begin.take(rows.slot + 1) - line
        for rank in range(int(count.max(initial=0))):
            has = count > rank
            for number in range(int(run[has].max()) + 1):
                pick = np.flatnonzero(has & (run == number))
                source = self._twins(line[pick] + rank)
                first = segments(source)
                self.late.clear(source[rows.fresh[pick]])
                self._signals[rank, pick] = self.late.read(source, rows.t[pick], rows.signal[pick], first)

    def _twins(self, line: I8) -> I8:
        """Rows in `late` of these lines; one without gets it."""
        new = np.unique(line[self.twins[line] < 0])
        if new.size:
            self.twins[new] = self.late.like(self.live, self.lines[new])
            self.twin = self.twins[self.line]
        return self.twins[line]

    def refresh(self, members: Members) -> None:
        super().refresh(members)
        channel = members.channel
        if not channel.size:
            return
        line = self.line[channel]
        begin = np.concatenate(([0], np.flatnonzero(line[1:] != line[:-1]) + 1))
        least, bound = self.quiet(channel)
        self.quiet_from[line[begin]] = np.maximum.reduceat(least, begin)
        self.quiet_to[line[begin]] = np.minimum.reduceat(bound, begin)

    def summarise(self, points: Points) -> None:
        begins = np.ones(self.source.size, np.bool_)
        begins[1:] = self.source[1:] != self.source[:-1]
        first = np.flatnonzero(begins)
        self.lines, self.twins = self.source[first], self.twin[first]
        self.line = np.cumsum(begins) - 1
        if self.live.used > 2 * self.lines.size:
            self._forget()
        self.line_begin = np.searchsorted(self.slot[first], np.arange(points.capacity + 1))
        self.rank = self.line - self.line_begin[self.slot]
        self.most = int(self.rank.max(initial=-1)) + 1
        self.quiet_from = np.full(self.lines.size, -np.inf)
        self.quiet_to = np.full(self.lines.size, np.inf)
        super().summarise(points)

    def _forget(self) -> None:
        """Drop the sources that no channel looks at any more."""
        self.live.keep(self.lines)
        self.lines = np.arange(self.lines.size)
        had = np.flatnonzero(self.twins >= 0)
        self.late.keep(self.twins[had])
        self.twins[had] = np.arange(had.size)
        self.source, self.twin = self.line.copy(), self.twins[self.line]

    def arrays(self) -> dict[str, NDArray[Any]]:
        lanes = {"sources": self.live, "late_sources": self.late}
        return super().arrays() | {
            f"{lane}.{name}": column for lane, sources in lanes.items() for name, column in sources.arrays().items()
        }

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        super().restore(arrays)
        for lane, sources in {"sources": self.live, "late_sources": self.late}.items():
            prefix = f"{lane}."
            sources.restore(
                {name.removeprefix(prefix): column for name, column in arrays.items() if name.startswith(prefix)}
            )
