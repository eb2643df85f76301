"""How a figure is printed: the last line is `NAME value goal ok|short`, plain numbers; exit 1 when short."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence


def verdict(name: str, value: float, goal: float, *, at_most: bool = False) -> int:
    """Print the closing line of a figure and return the exit code.

    value, goal  plain numbers in the figure's unit
    at_most      True when less is better (milliseconds, megabytes, losses)
    """
    fine = value <= goal if at_most else value >= goal
    print(f"{name} {value:.4g} {goal:.4g} {'ok' if fine else 'short'}", flush=True)
    return 0 if fine else 1


def how_busy() -> str:
    """The machine's load, for figures that are absolute times."""
    one, five, _fifteen = os.getloadavg()
    return f"load {one:.2f} over 1 min, {five:.2f} over 5 min, {os.cpu_count()} cores"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0..1) of `values` lie, nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def alternating(control: Callable[[], float], product: Callable[[], float], rounds: int) -> tuple[float, float]:
    """Medians of control and product, each measured `rounds` times in turn, so that both meet the same machine."""
    ours: list[float] = []
    theirs: list[float] = []
    for _round in range(rounds):
        theirs.append(control())
        ours.append(product())
    return statistics.median(theirs), statistics.median(ours)


def seconds(work: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
