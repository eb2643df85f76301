"""The thread between commands and their rows: it looks for new ones every second and writes what became of them."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from anlan.gateways.tcp.asking import Step
from anlan.gateways.tcp.command_records import CommandRecords
from anlan.gateways.tcp.speech import Question
from anlan.kernel.sensing.door.directory import Away

log = logging.getLogger("anlan.tcp")

#: Seconds between two looks for new commands.
LOOK_S = 1.0


@dataclass(slots=True)
class Clerk:
    """`stop` ends after what was handed in is written, if the records can be reached."""

    records: CommandRecords
    clock: Callable[[], int]
    #: Each is called in this thread: what was left by a gateway before, what waits, what became of a step.
    begin: Callable[[Sequence[Question]], None]
    offered: Callable[[Sequence[Question], frozenset[int]], None]
    settled: Callable[[Step, bool], None]
    _steps: deque[Step] = field(default_factory=deque)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _stopping: bool = False
    _begun: bool = False
    #: Set after the first look, whether the records could be reached or not.
    looked: threading.Event = field(default_factory=threading.Event)
    _fetched: set[int] = field(default_factory=set)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._work, name="commands", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def note(self, step: Step) -> None:
        """Hand a step in."""
        with self._changed:
            self._steps.append(step)
            self._changed.notify()

    def _work(self) -> None:
        look_at = time.monotonic()
        try:
            while True:
                with self._changed:
                    if not self._steps and not self._stopping:
                        self._changed.wait(max(0.0, look_at - time.monotonic()))
                    stopping = self._stopping
                reached = self._write()
                if stopping:
                    return
                if time.monotonic() >= look_at:
                    look_at = time.monotonic() + LOOK_S
                    if reached:
                        self._look()
                    self.looked.set()
                elif not reached:
                    time.sleep(0.2)
        finally:
            self.records.close()

    def _write(self) -> bool:
        """Write the steps in their order; False when the records cannot be reached and one must wait."""
        while True:
            with self._changed:
                if not self._steps:
                    return True
                step = self._steps.popleft()
            try:
                kept = self.records.step(step, self._now())
            except Away as error:
                log.warning("a command of %s cannot be noted: %s", step.question.device, error)
                if not step.wanted:
                    self.settled(step, False)
                    continue
                with self._changed:
                    self._steps.appendleft(step)
                return False
            self.settled(step, kept)

    def _look(self) -> None:
        """What was left at first, then what is new; an unreachable database is borne."""
        try:
            now = self._now()
            if not self._begun:
                self.begin(self.records.left(now))
                self._begun = True
            self.records.expire(now)
            waiting = self.records.waiting()
            new = sorted(waiting - self._fetched)
            questions = self.records.questions(new) if new else []
        except Away as error:
            log.warning("commands cannot be read: %s", error)
            return
        self._fetched |= set(new)  # what waits again the loop still holds
        self.offered(questions, waiting)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock() / 1000, UTC)
