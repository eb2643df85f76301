"""Rows of points that were declared to deliver out of order, held until they can be put in order."""

from __future__ import annotations

import numpy as np

from .arrays import B1, I8, NEVER
from .points import Intake


class Held:
    """Rows waiting, in log order.

    A row falls due at its `known`, the declared hold after its arrival, and is taken by the first record of a later
    arrival; with it go all older held rows of its point, in order of t, equal t in log order. Which record takes them
    does not change that order, because rows that come in between are added only after what was due before is gone.
    """

    def __init__(self) -> None:
        self.rows = Intake.empty()
        self._next = NEVER

    def add(self, rows: Intake) -> None:
        """Hold these rows as well."""
        self.restore(self.rows.and_then(rows))

    def restore(self, rows: Intake) -> None:
        """Hold exactly these rows."""
        self.rows = rows
        self._next = int(rows.known.min()) if rows.known.size else NEVER

    def release(self, arrival: int) -> Intake:
        """Rows to evaluate when a record of this arrival time comes, point by point in order."""
        if self._next >= arrival:
            return Intake.empty()
        due = self.rows.known < arrival
        newest = np.full(int(self.rows.slot.max()) + 1, -1, np.int64)
        np.maximum.at(newest, self.rows.slot[due], self.rows.t[due])
        return self._pop(self.rows.t <= newest[self.rows.slot])

    def release_points(self, slot: I8) -> Intake:
        """All held rows of these slots, due or not."""
        return self._pop(np.isin(self.rows.slot, slot))

    def _pop(self, which: B1) -> Intake:
        out = self.rows.pick(which)
        self.restore(self.rows.pick(~which))
        return out.pick(np.lexsort((out.t, out.slot)))
