"""`serve_web`: the pages and the event stream, one process."""

from __future__ import annotations

import gc
import socket
from types import FrameType
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand, CommandError, CommandParser

from anlan.kernel.web.stream import EventStream
from anlan.server.asgi import application


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
        StreamServer(config, application).run()
