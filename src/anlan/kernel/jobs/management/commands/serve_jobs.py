"""`python -m anlan.server serve_jobs`: the process that scans clocks, seals the trail, sends notices and runs jobs."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from anlan.kernel.jobs import loop


class Command(BaseCommand):
    help = "Scan clocks, seal the audit trail, send notices and run jobs until told to stop (SIGTERM, Ctrl-C)."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        loop.serve(stop)
