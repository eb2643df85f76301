"""Channels with a latch and two delays, in the live lane and in the retrospective one."""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_left
from typing import ClassVar

import numpy as np

from .arrays import B1, F8, I8, M1, NEVER, ranges, sizes
from .delays import Course, follow
from .past import Past
from .points import LateRows, Points, Rows
from .table import Members, News, Table


class Latched(Table):
    """The frame for every condition that is a signal against limits; a kind adds `mark`, `stirs`, `summarise`.

    on_ms, off_ms          delays
    latch, start, value    the latch, the time its run began, the value that began it
    out, changed           the output and the time of its last change (-1 before the first)
    late_*                 the same in the retrospective lane; late_hidden: its output is on, but a live alarm
                           covers the moment it went on, so that nobody was told
    past                   row of the channel in `alarms`, -1 while it never was on
    alarms                 the last live alarms
    pending                per slot, point time of the next timer, NEVER when none runs
    """

    COLUMNS: ClassVar[dict[str, str]] = {
        **Table.COLUMNS, "on_ms": "i8", "off_ms": "i8",
        "latch": "?", "start": "i8", "value": "f8", "out": "?", "changed": "i8",
        "late_latch": "?", "late_start": "i8", "late_value": "f8", "late_out": "?", "late_changed": "i8",
        "late_hidden": "?", "past": "i8",
    }  # fmt: skip
    on_ms: I8
    off_ms: I8
    latch: B1
    start: I8
    value: F8
    out: B1
    changed: I8
    late_latch: B1
    late_start: I8
    late_value: F8
    late_out: B1
    late_changed: I8
    late_hidden: B1
    past: I8

    def __init__(self) -> None:
        super().__init__()
        self.pending: I8 = np.empty(0, np.int64)
        self.alarms = Past()
        self._recent: list[tuple[I8, I8, B1]] = []

    @abstractmethod
    def mark(self, channel: I8, rows: Rows | LateRows, row: I8) -> M1:
        """1 where the row sets the latch of the channel, 0 where it resets it, -1 where it leaves it."""

    def signal(self, channel: I8, rows: Rows | LateRows, row: I8) -> F8:
        """What the channel looks at in the row, NaN where the row gives it none."""
        return rows.signal[row]

    @abstractmethod
    def stirs(self, rows: Rows) -> B1:
        """False only for rows that change no latch of their point, given its latches before the record."""

    # Live lane.

    def feed(self, rows: Rows, points: Points, news: News) -> I8:
        if not self.slot.size:
            return rows.slot[:0]
        pending = self.pending.take(rows.slot)
        stirred = self.stirs(rows)
        stirred |= rows.t >= pending
        waiting = rows.slot[pending < NEVER]
        if not stirred.any():
            return waiting
        if rows.first is None:
            start = np.flatnonzero(stirred)
            count = np.ones_like(start)
        else:
            segment = np.flatnonzero(np.logical_or.reduceat(stirred, rows.first))
            start = rows.first[segment]
            count = sizes(rows.first, rows.slot.size)[segment]
        members = self.of(rows.slot[start])
        channel, owner = members.channel, members.owner
        if not channel.size:
            return waiting
        start, count = start[members.place][owner], count[members.place][owner]
        row = ranges(start, count)
        each = np.repeat(channel, count)
        course = follow(
            first=np.cumsum(count) - count, t=rows.t[row], signal=self.signal(each, rows, row),
            mark=self.mark(each, rows, row),
            latch=self.latch[channel], start=self.start[channel], value=self.value[channel],
            out=self.out[channel], changed=self.changed[channel],
            on_ms=self.on_ms[channel], off_ms=self.off_ms[channel], may_rise=~self.ending[channel],
            shown=rows.t[start + count - 1],
        )  # fmt: skip
        self.latch[channel] = course.latch
        self.start[channel] = course.start
        self.value[channel] = course.value
        if course.fired.size:
            self.out[channel] = course.out
            self.changed[channel] = course.changed
            self.tell(channel[course.fired], course.at, course.on, course.by, news)
        self.refresh(members)
        return np.concatenate((waiting, members.slot))

    def advance(self, slot: I8, now: I8, news: News) -> None:
        members = self.of(slot)
        channel = members.channel
        due = self.due_of(channel)
        hit = np.flatnonzero(due <= now[members.place][members.owner])
        if hit.size:
            channel, due = channel[hit], due[hit]
            self.out[channel] = self.latch[channel]
            self.changed[channel] = due
            self.tell(channel, due, self.latch[channel], self.value[channel], news)
            self.refresh(members)

    def due(self, slot: I8) -> I8:
        return self.pending.take(slot)

    def due_of(self, channel: I8) -> I8:
        """Point time at which the timer of each channel ends, NEVER where none runs."""
        latch, out = self.latch[channel], self.out[channel]
        runs = (latch != out) & ~(latch & self.ending[channel])
        delay = np.where(latch, self.on_ms[channel], self.off_ms[channel])
        return np.where(runs, self.start[channel] + delay, NEVER)

    def refresh(self, members: Members) -> None:
        """Make what is kept of these slots agree with their channels."""
        self.pending[members.slot] = members.least(self.due_of(members.channel))

    def summarise(self, points: Points) -> None:
        self.pending = np.full(points.capacity, NEVER, np.int64)
        self.refresh(self.of(np.arange(points.capacity)))
        had = np.flatnonzero(self.past >= 0)
        self.alarms.keep(self.past[had])
        self.past[had] = np.arange(had.size)

    def dead(self) -> B1:
        return self.ending & ~self.out & ~self.late_out

    def arrays(self) -> dict[str, np.ndarray]:
        used = self.alarms.used
        return super().arrays() | {f"alarms.{name}": getattr(self.alarms, name)[:used] for name in Past.COLUMNS}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        super().restore(arrays)
        for name in Past.COLUMNS:
            setattr(self.alarms, name, arrays[f"alarms.{name}"])

    def tell(self, channel: I8, at: I8, on: B1, value: F8, news: News) -> None:
        """Tell live changes, and remember them for the retrospective lane."""
        news.add(self, channel, at, on, value)
        self._recent.append((channel, at, on))

    def seal(self) -> None:
        for channel, at, on in self._recent:
            new = np.unique(channel[self.past[channel] < 0])
            if new.size:
                self.past[new] = self.alarms.add(new.size)
            self.alarms.write(self.past[channel], at, on)
        self._recent = []

    # Retrospective lane.

    def judge_late(self, rows: LateRows, points: Points, news: News) -> None:
        """A run of late rows is a stretch of rising t with no remembered newer reading in between.

        The latch starts reset with each run; a value is held until the next row of the run, the last one until its
        bound. The output is told only where no live alarm of the channel covers the moment.
        """
        n = rows.slot.size
        begins = rows.fresh.copy()
        begins[rows.first] = True
        first = np.flatnonzero(begins)
        count = sizes(first, n)
        last = first + count - 1
        slot = rows.slot[first]
        ends = np.append(slot[1:] != slot[:-1], True)
        leads = np.isin(first, rows.first)
        goes_on = leads & ~rows.fresh[first]

        broken = np.flatnonzero(leads & ~goes_on & (points.late_high.take(slot) >= 0))
        if broken.size:
            at = slot[broken]
            self.rest_late(at, points.late_bound.take(at), rows.newest[first[broken]], news)

        members = self.of(slot)
        channel, owner = members.channel, members.place[members.owner]
        if not channel.size:
            return
        held = goes_on[owner]
        many = count[owner]
        row = ranges(first[owner], many)
        each = np.repeat(channel, many)
        course = follow(
            first=np.cumsum(many) - many, t=rows.t[row], signal=self.signal(each, rows, row),
            mark=self.mark(each, rows, row),
            latch=held & self.late_latch[channel], start=np.where(held, self.late_start[channel], -1),
            value=np.where(held, self.late_value[channel], np.nan), out=held & self.late_out[channel],
            changed=np.where(held, self.late_changed[channel], -1),
            on_ms=self.on_ms[channel], off_ms=self.off_ms[channel], may_rise=~self.ending[channel],
            shown=np.where(ends, rows.t[last], rows.bound[last])[owner],
        )  # fmt: skip
        hidden = held & self.late_hidden[channel]
        run, at = owner[course.fired], course.at.tolist()
        newest = []
        for place, moment in zip(run.tolist(), at, strict=True):
            # The row that shows the moment: in the run, or the first of the next one.
            low, high = int(first[place]), int(last[place]) + 1
            newest.append(int(rows.newest[bisect_left(rows.t, moment, low, high)]))
        self._tell_late(channel, course, hidden, newest, news)
        keep = np.flatnonzero(ends[owner])
        into = channel[keep]
        self.late_latch[into] = course.latch[keep]
        self.late_start[into] = course.start[keep]
        self.late_value[into] = course.value[keep]
        self.late_out[into] = course.out[keep]
        self.late_changed[into] = course.changed[keep]
        self.late_hidden[into] = hidden[keep]

    def rest_late(self, slot: I8, bound: I8, newest: I8, news: News) -> None:
        members = self.of(slot)
        channel, owner = members.channel, members.place[members.owner]
        latch = self.late_latch[channel]
        due = self.late_start[channel] + np.where(latch, self.on_ms[channel], self.off_ms[channel])
        hit = (latch != self.late_out[channel]) & ~(latch & self.ending[channel]) & (due <= bound[owner])
        fired = np.flatnonzero(hit)
        if not fired.size:
            return
        out = self.late_out[channel]
        out[fired] = latch[fired]
        changed = self.late_changed[channel]
        changed[fired] = due[fired]
        value = self.late_value[channel]
        course = Course(latch, self.late_start[channel], value, out, changed,
                        fired, due[fired], latch[fired], value[fired])  # fmt: skip
        hidden = self.late_hidden[channel]
        self._tell_late(channel, course, hidden, newest[owner[fired]].tolist(), news)
        self.late_out[channel], self.late_changed[channel], self.late_hidden[channel] = out, changed, hidden

    def _tell_late(self, channel: I8, course: Course, hidden: B1, newest: list[int], news: News) -> None:
        """Tell the changes of the retrospective lane that no live alarm covers; `hidden` is brought up to date."""
        recent: dict[int, list[tuple[int, bool]]] = {}
        for channels, at, directions in self._recent:
            for one, moment, on in zip(channels.tolist(), at.tolist(), directions.tolist(), strict=True):
                recent.setdefault(one, []).append((moment, on))
        told = []
        moves = zip(channel[course.fired].tolist(), course.fired.tolist(), course.at.tolist(), course.on.tolist(),
                    newest, strict=True)  # fmt: skip
        for number, (one, place, moment, on, known) in enumerate(moves):
            if on:
                changes = [change for change in recent.get(one, []) if change[0] <= known]
                hidden[place] = self._covered(one, moment, changes)
            if not hidden[place]:
                told.append(number)
            if not on:
                hidden[place] = False
        pick = np.array(told, np.int64)
        news.add(self, channel[course.fired[pick]], course.at[pick], course.on[pick], course.by[pick], retro=True)

    def _covered(self, channel: int, moment: int, changes: list[tuple[int, bool]]) -> bool:
        """Whether a live alarm was on at `moment`; `changes` came since `alarms` was written and were shown by then."""
        row = int(self.past[channel])
        alarms = self.alarms.alarms(row) if row >= 0 else []
        for at, on in changes:
            if on:
                alarms.append((at, NEVER))
            else:
                alarms[-1] = (alarms[-1][0], at)
        return any(on <= moment < off for on, off in alarms[-Past.DEPTH :])
