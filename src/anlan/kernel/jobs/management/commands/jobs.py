"""`python -m anlan.server jobs`: what was put aside, and `--again` to run it once more."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from anlan.kernel.jobs import services
from anlan.kernel.jobs.models import Job, State
from anlan.kernel.people.services import system_user


class Command(BaseCommand):
    help = "List the jobs that were put aside after three tries; with --again NUMBER let one run once more."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--again", type=int, metavar="NUMBER", help="the job to run once more")

    def handle(self, *args: Any, again: int | None = None, **options: Any) -> None:
        if again is not None:
            job = Job.objects.filter(pk=again).first()
            if job is None or not services.try_again(job, actor=system_user("console"), now=timezone.now()):
                raise CommandError(f"Job {again} is not put aside: nothing was changed.")
            self.stdout.write(f"Job {again} {job.name} will run again.")
            return
        aside = list(Job.objects.filter(state=State.FAILED))
        for job in aside:
            self.stdout.write(f"{job.pk}  {job.name}  {job.done_at:%Y-%m-%d %H:%M:%S} UTC  {job.error}")
        if not aside:
            self.stdout.write("No job is put aside.")
