"""Check the audit trail: exit 0 when it is whole, 1 with the first bad entry when it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anlan.kernel.audit.verify import verify


class Command(BaseCommand):
    help = "Check every entry of the audit trail, and its end against the marks kept outside the database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--db", type=Path, help="an SQLite file to check instead of the installation's database")
        parser.add_argument("--marks", type=Path, help="folder of audit-head and audit-anchor.log; the data directory")

    def handle(self, *args: Any, db: Path | None, marks: Path | None, **options: Any) -> None:
        if db is not None and not db.is_file():
            raise CommandError(f"There is no file {db}.")
        try:
            report = verify(db, marks)
        except ValueError as damaged:
            raise CommandError(str(damaged)) from damaged
        if not report.ok:
            raise CommandError(f"The trail was changed: {report.why}. First bad entry: {report.first_bad}.")
        waiting = f", {report.unsealed} not sealed yet" if report.unsealed else ""
        self.stdout.write(f"The trail is whole: {report.checked} entries{waiting}, head {report.head}")
