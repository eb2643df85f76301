"""What the oracle makes of the readings of a point before it looks at limits: rates and windows, in plain Python."""

from __future__ import annotations

import math
from collections import deque

from anlan.engine import Rate, Term, Window


class Slope:
    """The signal of a rate."""

    def __init__(self, rate: Rate) -> None:
        self.window, self.per = rate.window_ms, rate.per_ms
        self.remembered: deque[tuple[int, float]] = deque(maxlen=16)

    def read(self, t: int, value: float) -> float | None:
        signal = None
        for far_t, far in self.remembered:
            if far_t >= t - self.window:
                if 2 * (t - far_t) >= self.window:
                    signal = (value - far) / (t - far_t) * self.per
                break
        if not self.remembered or 15 * (t - self.remembered[-1][0]) >= self.window:
            self.remembered.append((t, value))
        return signal


class Span:
    """One term of a window."""

    def __init__(self, term: Term, high: bool) -> None:
        self.of, self.pane_ms = term.of, term.pane_ms
        self.span, self.lag = term.span_ms // term.pane_ms, term.lag_ms // term.pane_ms
        towards = (term.weight > 0) == high
        self.whole = {"sum": not towards, "count": not towards, "max": not towards, "min": towards, "mean": False}
        self.since: int | None = None
        self.panes: deque[list] = deque()  # number, sum, count, least, greatest

    def read(self, t: int, value: float) -> float | None:
        now = t // self.pane_ms
        if self.since is None:
            self.since = now
        if not self.panes or self.panes[-1][0] != now:
            self.panes.append([now, 0.0, 0, math.inf, -math.inf])
        pane = self.panes[-1]
        pane[1] += value
        pane[2] += 1
        pane[3], pane[4] = min(pane[3], value), max(pane[4], value)
        oldest = now - self.lag - self.span + 1
        while self.panes[0][0] < oldest:
            self.panes.popleft()
        if self.whole[self.of] and oldest <= self.since:
            return None
        total, count, least, greatest = 0.0, 0, math.inf, -math.inf
        for number, added, many, low, high in self.panes:
            if number <= now - self.lag:
                total += added
                count += many
                least, greatest = min(least, low), max(greatest, high)
        if self.of == "sum":
            return total
        if self.of == "count":
            return float(count)
        if not count:
            return None
        return {"mean": total / count, "min": least, "max": greatest}[self.of]


class Combination:
    """The signal of a window."""

    def __init__(self, window: Window) -> None:
        high = window.direction == "high"
        self.terms = [(term.weight, Span(term, high)) for term in window.terms]

    def read(self, t: int, value: float) -> float | None:
        parts = [(weight, term.read(t, value)) for weight, term in self.terms]
        if any(part is None for _, part in parts):
            return None
        signal = parts[0][0] * parts[0][1]
        for weight, part in parts[1:]:
            signal += weight * part
        return signal


def maker(condition: Rate | Window) -> Slope | Combination:
    """What makes the signal of a ladder; it has read nothing."""
    return Slope(condition) if isinstance(condition, Rate) else Combination(condition)
