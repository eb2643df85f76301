"""`serve_web`: the pages and the event stream, one process."""

from __future__ import annotations

import gc
import logging
import socket
import threading
from types import FrameType
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from anlan.kernel.registers.columns import store as stores
from anlan.kernel.web.stream import EventStream
from anlan.server.asgi import application

log = logging.getLogger(__name__)


class StreamServer(uvicorn.Server):
    """Ends open event streams as soon as it is told to stop; browsers come back to the next process by themselves."""

    def __init__(self, config: uvicorn.Config, stream: EventStream) -> None:
        super().__init__(config)
        self.stream = stream

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.stream.close()
        super().handle_exit(sig, frame)


class Command(BaseCommand):
    help = "Serve the pages and the event stream (one process, ASGI)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        config = uvicorn.Config(
            application,
            host=options["host"],
            port=options["port"],
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=True,
            timeout_graceful_shutdown=5,
            proxy_headers=False,
        )
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((options["host"], options["port"]))
            except OSError as error:
                raise CommandError(f"Port {options['port']} of {options['host']} is taken: {error}") from error
        # What was loaded so far stays: the collector need not walk it in the middle of somebody's page.
        gc.collect()
        gc.freeze()
        threading.Thread(target=_read_registers, name="registers", daemon=True).start()
        StreamServer(config, application).run()


def _read_registers() -> None:
    """Take the registers into memory before the first person asks for one."""
    try:
        stores.warm()
    except DatabaseError:
        log.exception("the registers could not be read ahead; the first list of each reads them")
    finally:
        connection.close()
