"""The engine process: evaluates the log and raises alarms."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DataError, IntegrityError, close_old_connections
from django.db import Error as DatabaseFault

from anlan.engine import fast
from anlan.kernel.sensing import consumer, rules
from anlan.kernel.sensing.memory import keep_freed
from anlan.kernel.sensing.runner import NotNow, Runner
from anlan.kernel.sensing.store import Busy, Full, StoredTransition, open_store

log = logging.getLogger("anlan.engine")

#: How long to wait when the log holds nothing new, and when a database refuses, seconds.
IDLE_S, REFUSED_S = 0.05, 1.0
#: How often the rulebook and the points are compared with what the log knows, ms.
RULES_MS = 1_000
#: Nobody is called silent so soon after a start: gateways first deliver what they held back (decision 0006).
START_GRACE_MS = 10_000


def take(transitions: Sequence[StoredTransition], now: datetime) -> None:
    """Hand over to the alarms room. Raises NotNow when the records cannot be written at this moment.

    A database that is locked or away says so in many ways, some of them only after the statement that met it; what it
    says of the values themselves is no matter of time.
    """
    try:
        close_old_connections()
        consumer.take(transitions, now)
    except (IntegrityError, DataError):
        raise
    except DatabaseFault as error:
        raise NotNow(str(error)) from error


class Compiling:
    """The engine's loops, compiled by a process of its own while readings are judged on numpy.

    cache  folder for the compiled code: what was compiled once is loaded before the first reading, in about a second
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._process: subprocess.Popen[bytes] | None = None
        self._is_there = settings.ENGINE_FAST and fast.usable() and fast.is_compiled(cache)
        if settings.ENGINE_FAST and fast.usable() and not self._is_there:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "anlan.engine.fast", str(cache)], stdin=subprocess.DEVNULL
            )

    def is_over(self) -> bool:
        """True once, when the loops are compiled and loaded: a second in which nothing is judged."""
        code = 0
        if self._process is not None:
            if self._process.poll() is None:
                return False
            code, self._process = self._process.returncode, None
        elif not self._is_there:
            return False
        self._is_there = False
        try:
            if code == 0:
                fast.prepare(self._cache)
                return True
        except Exception:
            # Whatever is wrong with the compiler on this machine, alarms do not need it.
            log.exception("the compiled loops cannot be loaded")
        log.error("the engine cannot be compiled and stays on numpy; the alarms are the same")
        return False

    def stop(self) -> None:
        """End the process where it still runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Command(BaseCommand):
    help = "Evaluate readings and raise alarms."

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()

        def stop(_signal: int, _frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        keep_freed()
        store = open_store()
        threads = ThreadPoolExecutor(1, "snapshot"), ThreadPoolExecutor(1, "history")
        compiling = Compiling(settings.DATA / "compiled")
        runner = Runner(store, take, writer=threads[0], keeper=threads[1])
        runner.start()
        runner.quiet_until = store.clock() + START_GRACE_MS
        log.info("evaluating from record %d on", runner.seq)
        looked = 0
        while not stopping.is_set():
            now = store.clock()
            if compiling.is_over():
                runner.hasten()
                log.info("evaluating compiled from record %d on", runner.seq)
            try:
                if abs(now - looked) >= RULES_MS:
                    looked = now
                    close_old_connections()
                    rules.push(store, datetime.fromtimestamp(now / 1000, UTC))
                if not runner.round(now):
                    stopping.wait(IDLE_S)
            except (Busy, Full, DatabaseFault) as error:
                log.warning("a database refuses, trying again: %s", error)
                stopping.wait(REFUSED_S)
        compiling.stop()
        runner.stop(store.clock())
