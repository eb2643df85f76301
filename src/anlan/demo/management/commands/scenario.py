"""`python -m anlan.server scenario leak`: start a scenario of the demo; `--stop` ends it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from anlan.apps.monitoring import queries, services
from anlan.apps.monitoring.declarations import scenarios
from anlan.kernel.people.services import system_user


class Command(BaseCommand):
    help = "Start or stop a scenario of the demo county."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", nargs="?", help="leave out to see which there are")
        parser.add_argument("--stop", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        code, now, actor = options["code"], timezone.now(), system_user("console")
        if code is None:
            for one in scenarios():
                self.stdout.write(f"{one.code:<10}{one.duration_s:>6} s  {one.title}")
                self.stdout.write(f"{'':<20}{one.expect}")
            return
        if options["stop"]:
            for run in queries.running().filter(code=code):
                services.end_scenario(run, actor=actor, now=now)
            self.stdout.write(f"{code} stopped")
            return
        try:
            services.start_scenario(code, region=None, actor=actor, now=now)
        except services.NotNow as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{code} started")
        self.stdout.write(str(next(one.expect for one in scenarios() if one.code == code)))
