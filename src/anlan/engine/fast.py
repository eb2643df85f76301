"""The compiled path: hot loops handed to numba where it is installed, with the transitions of the numpy path.

A kind of condition without a loop of its own, and everything that is not the hot path, runs as it is.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np

from .arrays import B1, F8, I8
from .derived import Derived
from .latched import Latched
from .level import Levels
from .points import Points, Rows
from .rate import Rates
from .silence import Silences
from .table import News, Table
from .window import Windows

#: Columns that the loops take, in their order.
LADDER = ("begin", "ending", "sign", "limit", "release", "on_ms", "off_ms", "latch", "start", "value", "out", "changed")
SLOPES = ("window_ms", "step", "per_ms", "far_t", "far_value", "take_at", "ring_t", "ring_value", "taken", "far")
TERMS = ("function", "lagged", "ends", "open", "open_count", "shut", "shut_count", "pane_ms", "span", "lag", "whole",
         "weight", "pane", "since", "panes", "base", "cells")  # fmt: skip


def usable() -> bool:
    """Whether numba is installed."""
    return find_spec("numba") is not None


def prepare(cache: Path | None = None) -> None:
    """Compile the loops, or load what an earlier process compiled: some 10 s once, then under 1 s.

    cache  folder for the compiled code, made when it is not there; None: beside the sources or in the user's cache

    Call it before the first state with `fast`, so that no reading waits. Raises ImportError where numba is missing.
    """
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        import_module("numba").config.CACHE_DIR = str(cache)
    _kernels()


def is_compiled(cache: Path) -> bool:
    """Whether a process has compiled these very loops, by this numba, into the folder: `prepare` then only loads."""
    return cache.is_dir() and (cache / _mark()).exists()


def _mark() -> str:
    """Name of the file that says so: another one for other loops, another numba, Python or processor."""
    loops = Path(__file__).with_name("kernels.py").read_bytes()
    made_by = f"{version('numba')} {version('llvmlite')} {sys.version} {platform.machine()} {platform.node()}"
    return f"compiled-{hashlib.sha256(loops + made_by.encode()).hexdigest()[:16]}"


def _kernels() -> ModuleType:
    return import_module(".kernels", __package__)


class Fast:
    """The compiled loops, with room for what they tell.

    waiting                 slots
    channel, at, on, value  changes, in the order of the rows
    row                     the row that showed each of them
    rows                    `row` of each chunk of news told since `feed` was first asked, until somebody clears it
    signal                  what the sources of one slot say
    """

    def __init__(self) -> None:
        self.kernels = _kernels()
        self.waiting: I8 = np.empty(0, np.int64)
        self.channel: I8 = np.empty(0, np.int64)
        self.at: I8 = np.empty(0, np.int64)
        self.on: B1 = np.empty(0, np.bool_)
        self.value: F8 = np.empty(0, np.float64)
        self.row: I8 = np.empty(0, np.int64)
        self.rows: list[I8] = []
        self.signal: F8 = np.empty(0, np.float64)
        self.ahead: I8 = np.empty(self.kernels.AHEAD, np.int64)
        self._feeds: dict[type[Table], Callable[..., I8]] = {
            Levels: self._levels, Rates: self._rates, Windows: self._windows, Silences: self._silences,
        }  # fmt: skip

    def knows(self, table: Table) -> bool:
        """Whether this table is empty or has a loop of its own, which tells the row of each change."""
        return not table.slot.size or type(table) in self._feeds

    def feed(self, table: Table, rows: Rows, points: Points, news: News) -> I8:
        """`Table.feed`."""
        feed = self._feeds.get(type(table))
        if feed is None:
            return table.feed(rows, points, news)
        if not table.slot.size:
            return rows.slot[:0]
        self._make_room(rows.slot.size, table.widest)
        return feed(table, rows, news)

    def remember(self, rows: Rows, points: Points) -> I8:
        """`Points.remember`."""
        self._make_room(rows.slot.size, 0)
        ring = points.ring
        fallen = self.kernels.remember(
            rows.slot, rows.t, rows.value, rows.signal, np.ascontiguousarray(rows.seen),
            points.high, points.seen, points.valued, ring.head, ring.t, ring.value, self.waiting,
        )  # fmt: skip
        return self.waiting[:fallen].copy()

    def _levels(self, table: Levels, rows: Rows, news: News) -> I8:
        told, waits = self.kernels.levels(
            rows.slot, rows.t, rows.signal, *(getattr(table, name) for name in LADDER),
            table.quiet_from, table.quiet_to, table.pending, *self._room(),
        )  # fmt: skip
        return self._told(table, told, waits, news)

    def _rates(self, table: Rates, rows: Rows, news: News) -> I8:
        return self._derived(self.kernels.rates, table, rows, news, *(getattr(table.live, name) for name in SLOPES))

    def _windows(self, table: Windows, rows: Rows, news: News) -> I8:
        live = table.live
        parts = (getattr(live.parts, name) for name in TERMS)
        return self._derived(self.kernels.windows, table, rows, news, self.ahead, live.head, live.terms, *parts)

    def _derived(
        self, kernel: Callable[..., tuple[int, ...]], table: Derived, rows: Rows, news: News, *memory: np.ndarray
    ) -> I8:
        if self.signal.size < table.most:
            self.signal = np.empty(table.most, np.float64)
        told, waits, *_ = kernel(
            rows.slot, rows.t, rows.signal, *(getattr(table, name) for name in LADDER),
            table.line, table.quiet_from, table.quiet_to, table.pending, *self._room(),
            table.lines, table.line_begin, self.signal, *memory,
        )  # fmt: skip
        return self._told(table, told, waits, news)

    def _told(self, table: Latched, told: int, waits: int, news: News) -> I8:
        if told:
            channel, at, on, value, row, _ = self._room()
            self.rows.append(row[:told].copy())
            table.tell(channel[:told].copy(), at[:told].copy(), on[:told].copy(), value[:told].copy(), news)
        return self.waiting[:waits].copy()

    def _silences(self, table: Silences, rows: Rows, news: News) -> I8:
        told, waits = self.kernels.silences(
            rows.slot, rows.t, rows.signal, table.begin, table.ending, table.after, table.base, table.out,
            table.changed, table.said, table.hush, table.patience, table.speaks,
            self.channel, self.at, self.on, self.row, self.waiting,
        )  # fmt: skip
        if told:
            nothing = np.full(told, np.nan)
            self.rows.append(self.row[:told].copy())
            news.add(table, self.channel[:told].copy(), self.at[:told].copy(), self.on[:told].copy(), nothing)
        return self.waiting[:waits].copy()

    def _room(self) -> tuple[I8, I8, B1, F8, I8, I8]:
        return self.channel, self.at, self.on, self.value, self.row, self.waiting

    def _make_room(self, rows: int, channels: int) -> None:
        """Room for what so many rows of so many channels each can tell: two changes a channel and row."""
        if self.waiting.size < rows:
            self.waiting = np.empty(2 * rows, np.int64)
        if self.channel.size < 2 * rows * channels:
            room = 4 * rows * channels
            self.channel, self.at, self.row = (np.empty(room, np.int64) for _ in range(3))
            self.on, self.value = np.empty(room, np.bool_), np.empty(room, np.float64)


if __name__ == "__main__":
    # `python -m anlan.engine.fast FOLDER` fills the folder; it gives way to whoever judges readings meanwhile.
    import os

    if hasattr(os, "nice"):
        os.nice(10)
    prepare(Path(sys.argv[1]))
    (Path(sys.argv[1]) / _mark()).touch()
