"""Windows: sums, means, extremes and counts over panes of time, and linear combinations of those."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from .arrays import B1, F8, I8, grown, ranges, sizes
from .conditions import Term, Window
from .derived import Derived, Sources
from .points import Points
from .rules import Rule

FUNCTIONS = ("sum", "mean", "count", "max", "min")
#: By the place of the function in FUNCTIONS: what a pane without values holds, and how a value or a pane joins.
EMPTY = np.array([0.0, 0.0, 0.0, -np.inf, np.inf])
JOIN = (np.add, np.add, np.add, np.maximum, np.minimum)
#: How many cells are looked at at once when spans are added up: 1 MiB of them.
CELLS_AT_ONCE = 1 << 17
MEAN, COUNT = FUNCTIONS.index("mean"), FUNCTIONS.index("count")


class Terms(Sources):
    """A function of the panes of a span, each row one term.

    The pane in which the last value lies is *open*. The order of joining, in float64: the values of a pane in the
    order they were read, beginning with the empty pane; then the panes of the span from the oldest to the newest,
    beginning with the empty pane. So what comes before the open pane (`shut`) stays the same while that is open, and
    a reading costs one addition; the span is added up once for each pane. A mean is the sum over the count.

    Looked at with each reading:

    function, lagged   place in FUNCTIONS; whether the span ends before the open pane, which then is no part of it
    ends               t at which the open pane ends, -1 before the first value
    open, open_count   its values joined, and for a mean how many
    shut, shut_count   the other panes of the span joined; shut NaN: the term speaks not yet

    Looked at once a pane:

    pane_ms, span, lag   as asked, span and lag in panes
    whole                the term speaks only when its span lies behind the pane of the first value (`since`)
    pane, since          number of the open pane and of the first one, -1 before the first value
    panes, base          panes kept; pane k lies in cells[base + k % panes], the count of a mean `panes` cells on
    cells                flat
    """

    COLUMNS: ClassVar[dict[str, tuple[str, Any]]] = {
        "function": ("i8", 0), "lagged": ("?", False), "ends": ("i8", -1),
        "open": ("f8", 0.0), "open_count": ("f8", 0.0), "shut": ("f8", 0.0), "shut_count": ("f8", 0.0),
        "pane_ms": ("i8", 0), "span": ("i8", 0), "lag": ("i8", 0), "whole": ("?", False), "weight": ("f8", 0.0),
        "pane": ("i8", -1), "since": ("i8", -1), "panes": ("i8", 0), "base": ("i8", 0),
    }  # fmt: skip
    ASKED = ("function", "lagged", "pane_ms", "span", "lag", "whole", "weight", "panes", "base")
    function: I8
    lagged: B1
    ends: I8
    open: F8
    open_count: F8
    shut: F8
    shut_count: F8
    pane_ms: I8
    span: I8
    lag: I8
    whole: B1
    weight: F8
    pane: I8
    since: I8
    panes: I8
    base: I8

    def __init__(self) -> None:
        super().__init__()
        self.cells: F8 = np.empty(0, np.float64)
        self.filled = 0

    # Memory.

    def add(self, size: int, **asked: Any) -> I8:
        row = super().add(size, **asked)
        width = self._width(row)
        end = self.filled + np.cumsum(width)
        self.base[row] = end - width
        self.filled = int(end[-1]) if size else self.filled
        if self.filled > self.cells.size:
            self.cells = grown(self.cells, self.filled + (self.filled >> 2), 0.0)
        self.clear(row)
        return row

    def clear(self, row: I8) -> None:
        super().clear(row)
        empty = EMPTY[self.function[row]]
        self.open[row] = empty
        width = self._width(row)
        self.cells[ranges(self.base[row], width)] = np.repeat(empty, width)

    def keep(self, row: I8) -> None:
        width = self._width(row)
        self.cells = self.cells[ranges(self.base[row], width)]
        super().keep(row)
        self.base = np.cumsum(width) - width
        self.filled = self.cells.size

    def arrays(self) -> dict[str, NDArray[Any]]:
        return super().arrays() | {"cells": self.cells[: self.filled]}

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        super().restore(arrays)
        self.cells = arrays["cells"]
        self.filled = self.cells.size

    def _width(self, row: I8) -> I8:
        """Cells of these rows."""
        width: I8 = self.panes[row] * np.where(self.function[row] == MEAN, 2, 1)
        return width

    # One reading of each row.

    def one_each(self, row: I8, t: I8, value: F8) -> F8:
        turn = np.flatnonzero(t >= self.ends.take(row))
        if turn.size:
            self._turn(row[turn], t[turn])
        function = self.function.take(row)
        least, most = int(function.min()), int(function.max())
        if least == most:
            return self._join(least, row, value)
        result = np.empty(row.size, np.float64)
        for one in range(least, most + 1):
            pick = np.flatnonzero(function == one)
            result[pick] = self._join(one, row[pick], value[pick])
        return result

    def _join(self, function: int, row: I8, value: F8) -> F8:
        """Join a value to the open panes of rows of one function; returns what the terms then are."""
        held = self.open.take(row)
        held = JOIN[function](held, 1.0 if function == COUNT else value)
        self.open[row] = held
        shut, lagged = self.shut.take(row), self.lagged.take(row)
        lags = lagged.any()
        total = JOIN[function](shut, held)
        if lags:
            total[lagged] = shut[lagged]
        if function == MEAN:
            many = self.open_count.take(row)
            many += 1.0
            self.open_count[row] = many
            if lags:
                many[lagged] = 0.0
            total /= self.shut_count.take(row) + many
        return total

    def _turn(self, row: I8, t: I8) -> None:
        """Shut the open panes of these rows and open those of t, which lie behind them."""
        pane_ms, panes, base, before = self.pane_ms[row], self.panes[row], self.base[row], self.pane[row]
        pane = t // pane_ms
        had = before >= 0
        self.since[row[~had]] = pane[~had]
        if had.any():
            self._shut(row[had], before[had], pane[had], panes[had], base[had])
        self.open[row] = EMPTY[self.function[row]]
        self.open_count[row] = 0.0
        self.pane[row] = pane
        self.ends[row] = (pane + 1) * pane_ms
        # The panes to add up: the newest one of the span is open where there is no lag.
        shape = (self.span[row] - ~self.lagged[row]) * len(FUNCTIONS) + self.function[row]
        if (shape == shape[0]).all():
            self._add_up(int(shape[0]), row, pane)
        else:
            for one in np.unique(shape):
                pick = shape == one
                self._add_up(int(one), row[pick], pane[pick])

    def _shut(self, row: I8, before: I8, pane: I8, panes: I8, base: I8) -> None:
        """Keep the open pane `before`, and leave those between it and `pane` empty."""
        mean = self.function[row] == MEAN
        cell = base + before % panes
        self.cells[cell] = self.open[row]
        self.cells[(cell + panes)[mean]] = self.open_count[row[mean]]
        passed = np.minimum(pane - before - 1, panes)
        gap = np.flatnonzero(passed)
        if gap.size:
            count = passed[gap]
            cell = np.repeat(base[gap], count) + ranges(before[gap] + 1, count) % np.repeat(panes[gap], count)
            self.cells[cell] = np.repeat(EMPTY[self.function[row[gap]]], count)
            self.cells[(cell + np.repeat(panes[gap], count))[np.repeat(mean[gap], count)]] = 0.0

    def _add_up(self, shape: int, row: I8, pane: I8) -> None:
        """Join the panes of the span, without the open one, of rows that have as many of them and one function."""
        many, function = divmod(shape, len(FUNCTIONS))
        base, panes = self.base[row], self.panes[row]
        oldest = pane - self.lag[row] - self.span[row] + 1
        start, top = base + oldest % panes, base + panes
        total = _in_order(JOIN[function], self.cells, start, many, EMPTY[function], top, panes)
        total[self.whole[row] & (oldest <= self.since[row])] = np.nan
        self.shut[row] = total
        if function == MEAN:
            self.shut_count[row] = _in_order(np.add, self.cells, start + panes, many, 0.0, top + panes, panes)

    # Several readings of one row.

    def many(self, row: int, t: I8, value: F8) -> F8:
        function, span, panes = int(self.function[row]), int(self.span[row]), int(self.panes[row])
        join, empty, lagged = JOIN[function], float(EMPTY[function]), bool(self.lagged[row])
        pane = t // self.pane_ms[row]
        before = int(self.pane[row])
        opens = np.empty(t.size, np.bool_)
        opens[0], opens[1:] = pane[0] != before, pane[1:] != pane[:-1]
        first = np.flatnonzero(opens)
        goes_on = not opens[0]
        runs = np.concatenate(([0], first)) if goes_on else first
        # What the pane of each reading holds with it.
        held = np.ones(t.size, np.float64) if function == COUNT else value.copy()
        number = np.ones(t.size, np.float64)
        if goes_on:
            held[0] = join(self.open[row], held[0])
            number[0] += self.open_count[row]
        length = sizes(runs, t.size)
        _accumulate(join, held, runs, length)
        if function == MEAN:
            _accumulate(np.add, number, runs, length)

        shut, shut_count = np.full(runs.size, self.shut[row]), np.full(runs.size, self.shut_count[row])
        last = runs + length - 1
        if first.size:
            opened = pane[first]
            if before < 0:
                before = int(opened[0]) - panes
                self.since[row] = opened[0]
            ends_before = (held[last[0]], number[last[0]]) if goes_on else (self.open[row], self.open_count[row])
            behind = last[1:] if goes_on else last
            # The panes kept, the open one, and those opened now, in a line without the middle of long gaps.
            steps = np.minimum(np.diff(np.concatenate(([before], opened))), panes)
            place = panes - 1 + np.concatenate(([0], np.cumsum(steps)))
            ring = int(self.base[row]) + np.arange(before - panes + 1, before) % panes
            line = np.full(int(place[-1]) + 1, empty)
            line[: panes - 1], line[place[0]], line[place[1:]] = self.cells[ring], ends_before[0], held[behind]
            line_count = np.zeros(line.size, np.float64)
            if function == MEAN:
                line_count[: panes - 1] = self.cells[ring + panes]
                line_count[place[0]], line_count[place[1:]] = ends_before[1], number[behind]

            oldest = place[1:] - int(self.lag[row]) - span + 1
            added = span if lagged else span - 1
            total = _in_order(join, line, oldest, added, empty)
            total_count = np.zeros(first.size, np.float64)
            if function == MEAN:
                total_count = _in_order(np.add, line_count, oldest, added, 0.0)
            if self.whole[row]:
                total[opened - int(self.lag[row]) - span + 1 <= self.since[row]] = np.nan
            shut[-first.size :], shut_count[-first.size :] = total, total_count

            newest = int(opened[-1])
            ring = int(self.base[row]) + np.arange(newest - panes + 1, newest) % panes
            kept = slice(int(place[-1]) - panes + 1, int(place[-1]))
            self.cells[ring] = line[kept]
            if function == MEAN:
                self.cells[ring + panes] = line_count[kept]
            self.pane[row], self.ends[row] = newest, (newest + 1) * self.pane_ms[row]
            self.shut[row], self.shut_count[row] = total[-1], total_count[-1]
        self.open[row] = held[-1]
        shut, shut_count = np.repeat(shut, length), np.repeat(shut_count, length)
        total = shut if lagged else join(shut, held)
        if function == MEAN:
            self.open_count[row] = number[-1]
            total /= shut_count if lagged else shut_count + number
        return total


class Spans(Sources):
    """The signal of a window: weight * term, added up in the order of the terms, in float64.

    head, terms  first row in `parts`, and how many
    """

    COLUMNS: ClassVar[dict[str, tuple[str, Any]]] = {"head": ("i8", 0), "terms": ("i8", 0)}
    ASKED = ("head", "terms")
    head: I8
    terms: I8

    def __init__(self) -> None:
        super().__init__()
        self.parts = Terms()

    def ask(self, size: int, terms: tuple[Term, ...], outward: float) -> I8:
        """So many sources of these terms; `outward` is 1.0 where a high signal is the alarm, -1.0 where a low one is.

        A term that further values could only draw away from the alarm speaks when its span is whole: a least value
        that weighs towards the alarm, a sum, count or greatest value that weighs against it.
        """
        parts = []
        for term in terms:
            towards = term.weight * outward > 0
            whole = towards if term.of == "min" else not towards and term.of != "mean"
            parts.append({
                "function": FUNCTIONS.index(term.of), "lagged": term.lag_ms > 0, "whole": whole,
                "pane_ms": term.pane_ms, "span": term.span_ms // term.pane_ms, "lag": term.lag_ms // term.pane_ms,
                "panes": (term.span_ms + term.lag_ms) // term.pane_ms, "weight": term.weight,
            })  # fmt: skip
        asked = {name: np.tile([part[name] for part in parts], size) for name in parts[0]}
        row = self.parts.add(size * len(terms), **asked)
        return self.add(size, head=row[:: len(terms)], terms=len(terms))

    def one_each(self, row: I8, t: I8, value: F8) -> F8:
        value = value + 0.0  # -0.0 becomes 0.0: which of the two is the greater is nobody's business
        head, terms = self.head.take(row), self.terms.take(row)
        signal = self._weighed(head, t, value)
        for number in range(1, int(terms.max())):
            pick = np.flatnonzero(terms > number)
            signal[pick] += self._weighed(head[pick] + number, t[pick], value[pick])
        return signal

    def _weighed(self, part: I8, t: I8, value: F8) -> F8:
        term: F8 = self.parts.one_each(part, t, value)
        term *= self.parts.weight.take(part)
        return term

    def many(self, row: int, t: I8, value: F8) -> F8:
        value = value + 0.0
        head = int(self.head[row])
        signal: F8 = self.parts.weight[head] * self.parts.many(head, t, value)
        for part in range(head + 1, head + int(self.terms[row])):
            signal += self.parts.weight[part] * self.parts.many(part, t, value)
        return signal

    def like(self, other: Self, row: I8) -> I8:
        part = self.parts.like(other.parts, other._parts_of(row))
        terms = other.terms[row]
        return self.add(row.size, head=part[np.cumsum(terms) - terms], terms=terms)

    def clear(self, row: I8) -> None:
        self.parts.clear(self._parts_of(row))

    def keep(self, row: I8) -> None:
        self.parts.keep(self._parts_of(row))
        super().keep(row)
        self.head = np.cumsum(self.terms) - self.terms

    def arrays(self) -> dict[str, NDArray[Any]]:
        return super().arrays() | {f"parts.{name}": column for name, column in self.parts.arrays().items()}

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        super().restore(arrays)
        self.parts.restore({name.removeprefix("parts."): column for name, column in arrays.items()})

    def _parts_of(self, row: I8) -> I8:
        return ranges(self.head[row], self.terms[row])


class Windows(Derived):
    """Channels of `Window` rules."""

    SOURCES = Spans
    live: Spans

    def enforce(self, rule: Rule, slot: I8, points: Points, arrival: int) -> None:
        window = rule.condition
        assert isinstance(window, Window)  # KINDS sends each condition to its own table
        outward = 1.0 if window.direction == "high" else -1.0
        self.add_lines(rule, window, slot, self.live.ask(slot.size, window.terms, outward))


def _in_order(
    join: np.ufunc, cells: F8, start: I8, many: int, empty: float, top: I8 | None = None, panes: I8 | None = None
) -> F8:
    """Join `many` cells from each `start` on, strictly one after the other; past `top` they go on `panes` before."""
    result = np.full(start.size, empty)
    if not many:
        return result
    if top is None and start.size > many:
        for number in range(many):
            join(result, cells.take(start + number), out=result)
        return result
    step = max(1, CELLS_AT_ONCE // many)
    for begin in range(0, start.size, step):
        part = slice(begin, begin + step)
        cell = start[part, None] + np.arange(many)
        if top is not None and panes is not None:
            cell -= (cell >= top[part, None]) * panes[part, None]
        result[part] = join.accumulate(cells.take(cell), axis=1)[:, -1]
    return result


def _accumulate(join: np.ufunc, value: F8, first: I8, count: I8) -> None:
    """Join the values of each run from its first on, in place and strictly in this order."""
    longest = int(count.max())
    if longest <= first.size:
        for number in range(1, longest):
            at = first[count > number] + number
            value[at] = join(value[at - 1], value[at])
    else:
        for begin, end in zip(first.tolist(), (first + count).tolist(), strict=True):
            join.accumulate(value[begin:end], out=value[begin:end])
