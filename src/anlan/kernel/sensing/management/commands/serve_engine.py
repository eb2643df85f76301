"""The engine process: evaluates the log and raises alarms."""

from __future__ import annotations

import logging
import signal
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


def compiled(cache: Path) -> bool:
    """Whether the engine runs compiled; it is ready to when this returns, so that no reading waits for a compiler.

    cache  folder for the compiled code
    """
    if not settings.ENGINE_FAST or not fast.usable():
        return False
    try:
        fast.prepare(cache)
    except Exception:
        # Whatever is wrong with the compiler on this machine, alarms do not need it.
        log.exception("the engine cannot be compiled and runs on numpy; the alarms are the same")
        return False
    return True


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
        runner = Runner(store, take, writer=threads[0], keeper=threads[1], fast=compiled(settings.DATA / "compiled"))
        runner.start()
        runner.quiet_until = store.clock() + START_GRACE_MS
        log.info("evaluating from record %d on, %s", runner.seq, "compiled" if runner.fast else "on numpy")
        looked = 0
        while not stopping.is_set():
            now = store.clock()
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
        runner.stop(store.clock())
