"""Small work done again and again by the jobs process: scanning clocks, sealing the audit trail, sending notices.

A room registers its function at start; the jobs process knows none of them by name. Work that may not be lost or that
takes longer than a second is a job (`registry.job`), not a tick.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

log = logging.getLogger(__name__)

#: (now) -> anything; what it returns is not looked at.
Work = Callable[[datetime], Any]


@dataclass(frozen=True, slots=True)
class Tick:
    """`work` is called with the time of the round, about every `every_s` seconds."""

    name: str
    work: Work
    every_s: float


_ticks: dict[str, Tick] = {}


def register_tick(name: str, work: Work, every_s: float) -> None:
    """Let the jobs process call `work(now)` every `every_s` seconds; the same name again replaces it."""
    if every_s <= 0:
        raise ValueError(f"{name}: a tick has a span above 0 s, not {every_s}")
    _ticks[name] = Tick(name, work, every_s)


def registered() -> dict[str, Tick]:
    return dict(_ticks)


@dataclass(slots=True)
class Round:
    """What one process remembers of its rounds. A tick that fails is logged and called again at its next time."""

    next_at: dict[str, datetime] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)  # name -> class of the error of its last call

    def run_due(self, now: datetime) -> int:
        """Call every tick whose time has come, in order of registration; returns how many were called.

        A tick that was missed (the process slept, the clock was set) is called once, not once for each time missed.
        """
        called = 0
        for tick in registered().values():
            due = self.next_at.get(tick.name)
            span = timedelta(seconds=tick.every_s)
            # A clock set back by hours must not silence the ticks until it has caught up.
            if due is not None and now < due <= now + span:
                continue
            self.next_at[tick.name] = now + span
            called += 1
            try:
                tick.work(now)
            except Exception as error:
                if self.failed.get(tick.name) != type(error).__name__:
                    log.exception("tick %s failed; it is called again in %s s", tick.name, tick.every_s)
                self.failed[tick.name] = type(error).__name__
            else:
                if self.failed.pop(tick.name, None):
                    log.warning("tick %s works again", tick.name)
        return called
