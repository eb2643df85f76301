"""The jobs process: one thread of ticks, one of jobs, one that watches jobs apart, until it is told to stop.

Several threads, so that a job of a minute holds up neither the seal of the audit trail nor a notice.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.kernel.jobs import apart, ticks, worker
from anlan.kernel.jobs.models import Job, State
from anlan.kernel.web.health import Health

log = logging.getLogger(__name__)

ROUND_S = 0.25

#: A jobs process that has not shown itself for this long is taken for dead by `/readyz`.
SILENT_S = 30.0


def heartbeat_file() -> Path:
    """Touched once a round of ticks; its age is the age of the jobs process."""
    return Path(settings.DATA) / "jobs.heartbeat"


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"[:54]


def serve(stop: threading.Event, *, now: Callable[[], datetime] = timezone.now) -> None:
    """Work until `stop` is set; a round in progress is finished first."""
    round_of_ticks = ticks.Round()
    name = worker_name()
    beat = heartbeat_file()

    def tick() -> None:
        close_old_connections()
        round_of_ticks.run_due(now())
        beat.touch()

    def jobs(only: bool) -> None:
        def run_jobs() -> None:
            close_old_connections()
            worker.run_once(now(), f"{name}/apart" if only else name, only=only)

        rounds(stop, run_jobs)
        connection.close()  # each thread has its own

    threads = [
        threading.Thread(target=jobs, args=(False,), name="jobs"),
        threading.Thread(target=jobs, args=(True,), name="jobs apart"),
    ]
    for thread in threads:
        thread.start()
    try:
        rounds(stop, tick)
    finally:
        stop.set()
        apart.stop()
        for thread in threads:
            thread.join()


def rounds(stop: threading.Event, work: Callable[[], Any], round_s: float = ROUND_S) -> int:
    """Call `work` about every `round_s` seconds until `stop` is set; returns how often.

    What fails (a database that is away) is logged once and tried again at each round; it does not end the process.
    """
    done, failing = 0, ""
    while not stop.is_set():
        began = time.monotonic()
        try:
            work()
            failing = ""
        except Exception as error:
            if failing != type(error).__name__:
                log.exception("the jobs process cannot work; trying again at each round")
            failing = type(error).__name__
        done += 1
        stop.wait(max(0.0, round_s - (time.monotonic() - began)))
    return done


def health() -> Health:
    """The jobs process shows itself, and no job is put aside."""
    beat = heartbeat_file()
    if not beat.exists():
        return Health(False, _("the jobs process has not been seen yet"))
    silent_s = max(0.0, time.time() - beat.stat().st_mtime)
    if silent_s > SILENT_S:
        return Health(False, _("the jobs process is silent"), round(silent_s), "s")
    aside = Job.objects.filter(state=State.FAILED).count()
    return Health(aside == 0, _("jobs are put aside: run them again from the console") if aside else "", aside, "rows")
