"""`python -m anlan.server run_job PARENT`: one job in this process, its number from standard input; see `apart`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections
from django.utils import timezone

from anlan.kernel.jobs import apart, registry
from anlan.kernel.jobs.models import Job


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # the process that called has passed them
    help = "Run one job that was taken by the jobs process PARENT."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("parent", type=int)

    def handle(self, *args: Any, parent: int, **options: Any) -> None:
        connections.close_all()  # none is held while nothing is asked
        apart.end_with(parent)
        job = Job.objects.get(pk=apart.given())
        declared = registry.declared(job.name)
        if declared is None:
            raise LookupError(f"no job is called {job.name!r}")
        apart.bound(declared.mebibytes)
        declared.func(now=timezone.now(), **job.args)
