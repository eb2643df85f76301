"""Channels of one kind of condition, in columns, and the transitions they make.

A channel is one step of one rule version at one point. Adding a kind of condition means another `Table`: it turns
the rows of a point into what its channels do, keeps its own columns, and is listed in `evaluate.KINDS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .arrays import B1, F8, I8
from .points import LateRows, Points, Rows
from .rules import Rule

#: Columns of transitions gathered while one record is evaluated; see `evaluate.Transition` for their meaning.
NEWS = {
    "t": np.int64, "rule": np.int64, "point": np.int64, "step": np.int64, "severity": np.int64,
    "on": np.bool_, "value": np.float64, "retro": np.bool_,
}  # fmt: skip


class News:
    """Transitions of one record, gathered in chunks; `tables` has the table that each comes from, if one does."""

    def __init__(self, points: Points) -> None:
        self._points = points
        self.chunks: list[dict[str, np.ndarray]] = []
        self.tables: list[Table | None] = []

    def add(self, table: Table, channel: I8, t: I8, on: B1, value: F8, *, retro: bool = False) -> None:
        """One transition per channel given; a channel may be given more than once, in the order of its changes."""
        if channel.size:
            self.chunks.append({
                "t": t, "rule": table.version[channel], "point": self._points.number[table.slot[channel]],
                "step": table.step[channel], "severity": table.severity[channel], "on": on, "value": value,
                "retro": np.full(channel.size, retro),
            })  # fmt: skip
            self.tables.append(table)

    def add_changes(self, changes: list[tuple[int, int, int, int, int, bool, float]]) -> None:
        """Live transitions told outside the tables: (t, rule, point, step, severity, on, value) each."""
        columns = zip(*changes, strict=True)
        names = ("t", "rule", "point", "step", "severity", "on", "value")
        chunk: dict[str, np.ndarray] = {
            name: np.array(column, NEWS[name]) for name, column in zip(names, columns, strict=True)
        }
        self.chunks.append(chunk | {"retro": np.zeros(len(changes), np.bool_)})
        self.tables.append(None)


@dataclass(slots=True)
class Members:
    """The channels of some slots, slot by slot.

    place    which of the slots asked for have channels
    slot     those slots
    channel  their channels
    owner    for each channel the place of its slot in `slot`
    first    for each slot the place of its first channel in `channel`
    """

    place: I8
    slot: I8
    channel: I8
    owner: I8
    first: I8

    def least(self, value: np.ndarray) -> np.ndarray:
        """The least value of each slot, given one per channel."""
        return np.minimum.reduceat(value, self.first) if self.first.size else value[:0]


class Table(ABC):
    """Channels in columns, sorted by slot so that those of one point lie together.

    version, step, severity   from the rule; step counts from 0 in the order of the rule
    slot                      of the point
    ending                    the rule version is retired: the channel raises nothing more
    begin                     first channel of each slot, one cell more than there are slots
    widest                    most channels of one slot
    """

    COLUMNS: ClassVar[dict[str, str]] = {
        "slot": "i8", "version": "i8", "step": "i8", "severity": "i8", "ending": "?",
    }  # fmt: skip
    slot: I8
    version: I8
    step: I8
    severity: I8
    ending: B1
    #: The output; a column of every kind.
    out: B1

    def __init__(self) -> None:
        for name, kind in self.COLUMNS.items():
            setattr(self, name, np.empty(0, kind))
        self.begin: I8 = np.zeros(1, np.int64)
        self.widest = 0
        self._new: list[dict[str, np.ndarray]] = []
        self._retired: list[int] = []

    # What a kind of condition does; the times are point times unless they are called arrival times.

    @abstractmethod
    def enforce(self, rule: Rule, slot: I8, points: Points, arrival: int) -> None:
        """Add the channels of a rule at these slots."""

    @abstractmethod
    def feed(self, rows: Rows, points: Points, news: News) -> I8:
        """Evaluate readings in order; returns the slots whose next timer may have moved to an earlier arrival."""

    @abstractmethod
    def advance(self, slot: I8, now: I8, news: News) -> None:
        """Let the clock of these points show `now`: timers due by then end."""

    @abstractmethod
    def due(self, slot: I8) -> I8:
        """Point time of the next timer of each slot, NEVER when none runs."""

    def judge_late(self, rows: LateRows, points: Points, news: News) -> None:  # noqa: B027 - not every kind has to
        """Evaluate late rows in the retrospective lane."""

    def rest_late(self, slot: I8, bound: I8, newest: I8, news: News) -> None:  # noqa: B027 - not every kind has to
        """The late runs of these points are at rest: their last value is held up to `bound`."""

    def seal(self) -> None:  # noqa: B027 - not every kind has to
        """The record is evaluated."""

    @abstractmethod
    def summarise(self, points: Points) -> None:
        """Make what is kept per slot anew after channels came or went."""

    @abstractmethod
    def dead(self) -> B1:
        """Channels that can never change again: ended ones that hold nothing on."""

    # The columns.

    def arrays(self) -> dict[str, np.ndarray]:
        """All that a snapshot must carry of this table, by name; called when it is settled."""
        return {name: getattr(self, name) for name in self.COLUMNS}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Take back what `arrays` gave; `index` is called next."""
        for name in self.COLUMNS:
            setattr(self, name, arrays[name])

    def add(self, **columns: np.ndarray) -> None:
        """Add channels at the next `settle`; columns that are not given start at 0."""
        self._new.append(columns)

    def retire(self, version: int) -> None:
        """End a rule version at the next `settle`."""
        self._retired.append(version)

    def settle(self, points: Points) -> None:
        """Bring the columns up to date; cheap when no rule changed and no room for points was made."""
        if not self._new and not self._retired and self.begin.size == points.capacity + 1:
            return
        for name in self.COLUMNS:
            old = getattr(self, name)
            parts = [new.get(name, np.zeros(new["slot"].size, old.dtype)).astype(old.dtype) for new in self._new]
            setattr(self, name, np.concatenate((old, *parts)))
        if self._retired:
            self.ending |= np.isin(self.version, self._retired)
        order = np.lexsort((self.step, self.version, self.slot))
        order = order[~self.dead()[order]]
        for name in self.COLUMNS:
            setattr(self, name, getattr(self, name)[order])
        self._new, self._retired = [], []
        self.index(points)

    def index(self, points: Points) -> None:
        """Make `begin` and the summaries anew from the columns."""
        self.begin = np.searchsorted(self.slot, np.arange(points.capacity + 1))
        self.widest = int(np.diff(self.begin).max()) if points.capacity else 0
        self.summarise(points)

    def of(self, slot: I8) -> Members:
        """The channels of these slots, slot by slot."""
        start = self.begin.take(slot)
        count = self.begin.take(slot + 1)
        count -= start
        place = np.flatnonzero(count)
        if place.size < slot.size:
            slot, start, count = slot[place], start[place], count[place]
        end = np.cumsum(count)
        first = end - count
        owner = np.repeat(np.arange(slot.size), count)
        channel = (start - first)[owner]
        channel += np.arange(channel.size)
        return Members(place, slot, channel, owner, first)
