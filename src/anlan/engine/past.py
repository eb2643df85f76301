"""The last live alarms of channels, to tell what a late reading adds to them."""

from __future__ import annotations

import numpy as np

from .arrays import B1, I8, NEVER, grown, segments, sizes


class Past:
    """The last DEPTH alarms for each row number.

    on, off  [rows, DEPTH] ms; on is -1 in an empty cell, off is NEVER while the alarm is on
    count    [rows] alarms so far; alarm k lies in cell k % DEPTH
    used     row numbers given out
    """

    DEPTH = 8
    COLUMNS = ("on", "off", "count")

    def __init__(self) -> None:
        self.on: I8 = np.empty((0, self.DEPTH), np.int64)
        self.off: I8 = np.empty((0, self.DEPTH), np.int64)
        self.count: I8 = np.empty(0, np.int64)
        self.used = 0

    def add(self, rows: int) -> I8:
        """Numbers for so many new rows."""
        start, self.used = self.used, self.used + rows
        if self.used > self.count.size:
            size = max(self.used, 2 * self.count.size)
            self.on = grown(self.on, size, -1)
            self.off = grown(self.off, size, NEVER)
            self.count = grown(self.count, size, 0)
        return np.arange(start, self.used)

    def keep(self, row: I8) -> None:
        """Forget all rows but these, which are numbered anew in this order."""
        self.on, self.off, self.count = self.on[row], self.off[row], self.count[row]
        self.used = row.size

    def write(self, row: I8, at: I8, on: B1) -> None:
        """Append changes; those of one row are in order of time, and in turn on and off."""
        order = np.argsort(row, kind="stable")
        row, at, on = row[order], at[order], on[order]
        first = segments(row)
        first = np.arange(row.size) if first is None else first
        many = sizes(first, row.size)
        raised = np.cumsum(on)
        before: I8 = np.repeat(raised[first] - on[first], many)
        number = np.repeat(self.count[row[first]], many) + raised - before - 1
        self.count[row[first]] = number[first + many - 1] + 1
        # Of alarms that share a cell only the last one is written; an end goes to the alarm it ended.
        stays = number >= np.repeat(number[first + many - 1], many) - self.DEPTH + 1
        up, down = stays & on, stays & ~on
        self.on[row[up], number[up] % self.DEPTH] = at[up]
        self.off[row[up], number[up] % self.DEPTH] = NEVER
        self.off[row[down], number[down] % self.DEPTH] = at[down]

    def alarms(self, row: int) -> list[tuple[int, int]]:
        """(on, off) of the alarms remembered for a row, oldest first."""
        count = int(self.count[row])
        cells = [number % self.DEPTH for number in range(max(0, count - self.DEPTH), count)]
        return [(int(self.on[row, cell]), int(self.off[row, cell])) for cell in cells]
