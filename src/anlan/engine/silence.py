"""Silence: no usable value for longer than the rule allows."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from .arrays import B1, F8, I8, NEVER, ranges, sizes
from .conditions import Silence
from .points import Points, Rows
from .rules import Rule
from .table import Members, News, Table


class Silences(Table):
    """Channels of `Silence` rules. The timer starts anew at each row in order that gives a value.

    after         ms
    base          arrival time at which the rule was enforced; the timer of a point without any value starts there
    out, changed  the output and the time of its last change (-1 before the first)
    said          per slot, time of the last value in order, -1 before the first
    hush          per slot, point time of the next timer, NEVER when none runs
    patience      per slot, the shortest `after` that may still raise, NEVER when there is none
    speaks        per slot, whether a channel is on: the next value ends it
    """

    COLUMNS: ClassVar[dict[str, str]] = {**Table.COLUMNS, "after": "i8", "base": "i8", "out": "?", "changed": "i8"}
    after: I8
    base: I8
    out: B1
    changed: I8

    def __init__(self) -> None:
        super().__init__()
        self.said: I8 = np.empty(0, np.int64)
        self.hush: I8 = np.empty(0, np.int64)
        self.patience: I8 = np.empty(0, np.int64)
        self.speaks: B1 = np.empty(0, np.bool_)

    def enforce(self, rule: Rule, slot: I8, points: Points, arrival: int) -> None:
        silence = rule.condition
        assert isinstance(silence, Silence)  # KINDS sends each condition to its own table
        ones = np.ones(slot.size, np.int64)
        valued = points.valued.take(slot)
        since = np.where(valued >= 0, valued, arrival)
        self.add(
            slot=slot, version=ones * rule.version, severity=ones * silence.severity,
            after=ones * silence.after_ms, base=ones * arrival, changed=-ones,
        )  # fmt: skip
        points.lower_wake(slot, since + silence.after_ms + points.lag(slot))

    def feed(self, rows: Rows, points: Points, news: News) -> I8:
        if not self.slot.size:
            return rows.slot[:0]
        first = np.arange(rows.slot.size) if rows.first is None else rows.first
        patience = self.patience.take(rows.slot)
        # A row without a value may end a timer and never restarts one; its point takes the long way.
        loud = np.isnan(rows.signal) if rows.signal is not rows.value else np.zeros(rows.slot.size, np.bool_)
        limit = np.empty_like(rows.t)
        limit[1:] = rows.t[:-1] + patience[1:]
        limit[first] = self.hush.take(rows.slot[first])
        stirred = (rows.t >= limit) | loud | self.speaks.take(rows.slot)
        if not stirred.any():
            self.said[rows.slot] = rows.t
            self.hush[rows.slot] = rows.t + patience
            return rows.slot[:0]
        count = sizes(first, rows.slot.size)
        calm = np.repeat(~np.logical_or.reduceat(stirred, first), count)
        self.said[rows.slot[calm]] = rows.t[calm]
        self.hush[rows.slot[calm]] = rows.t[calm] + patience[calm]
        segment = np.flatnonzero(np.logical_or.reduceat(stirred, first))
        slot = rows.slot[first[segment]]
        self._long_way(slot, first[segment], count[segment], rows, news)
        return slot

    def _long_way(self, slot: I8, first: I8, count: I8, rows: Rows, news: News) -> None:
        """Carry the channels of these slots over their rows, `count` rows from `first` each."""
        members = self.of(slot)
        channel, owner = members.channel, members.place[members.owner]
        if not channel.size:
            return
        since = self._since(channel)
        out, changed = self.out[channel], self.changed[channel]
        may_rise = ~self.ending[channel]
        after = self.after[channel]

        # Rows that give a value, one after the other for each channel; `who` is the place of the channel.
        many = count[owner]
        row = ranges(first[owner], many)
        who = np.repeat(np.arange(channel.size), many)
        usable = ~np.isnan(rows.signal[row])
        row, who = row[usable], who[usable]
        t = rows.t[row]
        head = np.ones(who.size, np.bool_)
        head[1:] = who[1:] != who[:-1]
        restart = self._restart(t, after[who], changed[who])
        from_t = np.empty_like(t)
        from_t[1:] = restart[:-1]
        from_t[head] = since[who[head]]
        was = head & out[who]
        raised = (from_t + after[who] <= t) & ~was & may_rise[who]
        ended = was | raised
        raised_at = from_t + after[who]
        ended_at = np.where(was, np.maximum(t, changed[who]), t)

        # What is left after the last value, up to the last row.
        has = np.zeros(channel.size, np.bool_)
        has[who] = True
        since[who] = restart
        self.said[self.slot[channel[who]]] = t
        out &= ~has
        changed[who[ended]] = ended_at[ended]
        tail_at = since + after
        tail = (tail_at <= rows.t[first[owner] + many - 1]) & ~out & may_rise
        changed[tail] = tail_at[tail]
        out |= tail

        place = np.concatenate((who[raised], who[ended], np.flatnonzero(tail)))
        at = np.concatenate((raised_at[raised], ended_at[ended], tail_at[tail]))
        rank = np.concatenate((2 * row[raised], 2 * row[ended] + 1, np.full(int(tail.sum()), 2 * rows.t.size)))
        on = np.concatenate((np.ones(int(raised.sum()), bool), np.zeros(int(ended.sum()), bool), tail[tail]))
        order = np.lexsort((rank, place))
        place = place[order]
        news.add(self, channel[place], at[order], on[order], _nothing(place.size))
        self.out[channel], self.changed[channel] = out, changed
        self._refresh(members)

    def advance(self, slot: I8, now: I8, news: News) -> None:
        members = self.of(slot)
        channel = members.channel
        due = self._due_of(channel)
        hit = np.flatnonzero(due <= now[members.place][members.owner])
        if hit.size:
            news.add(self, channel[hit], due[hit], np.ones(hit.size, np.bool_), _nothing(hit.size))
            self.out[channel[hit]] = True
            self.changed[channel[hit]] = due[hit]
        self._refresh(members)

    def due(self, slot: I8) -> I8:
        return self.hush.take(slot)

    def _since(self, channel: I8) -> I8:
        """Point time from which the timer of each channel runs."""
        said = self.said.take(self.slot[channel])
        restart = self._restart(said, self.after[channel], self.changed[channel])
        return np.where(said >= 0, restart, self.base[channel])

    @staticmethod
    def _restart(t: I8, after: I8, changed: I8) -> I8:
        """A value of time t starts the timer at t; at the last change where it would otherwise end before it.

        That is so when a tick told the silence of a point before its first readings came, and they are older.
        """
        return np.where(t + after > changed, t, changed)

    def _due_of(self, channel: I8) -> I8:
        runs = ~self.out[channel] & ~self.ending[channel]
        return np.where(runs, self._since(channel) + self.after[channel], NEVER)

    def _refresh(self, members: Members) -> None:
        slot, channel = members.slot, members.channel
        self.hush[slot] = members.least(self._due_of(channel))
        self.patience[slot] = members.least(np.where(self.ending[channel], NEVER, self.after[channel]))
        self.speaks[slot] = ~members.least(~self.out[channel])

    def summarise(self, points: Points) -> None:
        self.said = points.valued.copy()
        self.hush = np.full(points.capacity, NEVER, np.int64)
        self.patience = np.full(points.capacity, NEVER, np.int64)
        self.speaks = np.zeros(points.capacity, np.bool_)
        self._refresh(self.of(np.arange(points.capacity)))

    def dead(self) -> B1:
        return self.ending & ~self.out


def _nothing(size: int) -> F8:
    return np.full(size, np.nan)
