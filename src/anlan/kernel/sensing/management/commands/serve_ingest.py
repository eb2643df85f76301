"""The ingest process: devices post readings here, in a process of its own so that neither side slows the other."""

from __future__ import annotations

import logging
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from anlan import environment
from anlan.kernel.sensing.door.app import Door
from anlan.kernel.sensing.door.directory import Directory
from anlan.kernel.sensing.door.records import ModelRecords
from anlan.kernel.sensing.memory import keep_freed
from anlan.kernel.sensing.store import open_store

log = logging.getLogger("anlan.ingest")


class Command(BaseCommand):
    help = "Take readings from devices: POST /api/v1/readings."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=environment.text("ANLAN_HOST"))
        parser.add_argument("--port", type=int, default=environment.port("ANLAN_INGEST_PORT"))

    def handle(self, *args: Any, **options: Any) -> None:
        keep_freed()
        store = open_store()
        store.last_seq()  # a store that cannot be opened stops the start, not the first device
        directory = Directory(ModelRecords())
        directory.refresh()
        connection.close()
        log.info("taking readings at http://%s:%d/api/v1/readings", options["host"], options["port"])
        uvicorn.run(
            Door(store, directory),
            host=options["host"],
            port=options["port"],
            access_log=False,
            log_config=None,
            lifespan="on",
            server_header=False,
            limit_concurrency=1_000,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=10,
        )
