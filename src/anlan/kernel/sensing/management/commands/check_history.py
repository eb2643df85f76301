"""Look history over: figures against readings, merging, cold files."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from anlan.kernel.sensing.store import keeping, open_store


class Command(BaseCommand):
    help = "Compare every hour of history with its own figures; exit 1 when anything is wrong."

    def handle(self, *args: Any, **options: Any) -> None:
        store = open_store()
        found = 0
        for fault in keeping.faults(store, store.clock()):
            found += 1
            self.stdout.write(fault)
        chunks, rows, size = keeping.extent(store)
        self.stdout.write(f"{chunks:,} hours of points, {rows:,} readings, {size / 1e6:,.1f} MB in cold files")
        if found:
            raise CommandError(f"{found} faults")
