"""`./anlan manage write_reference [--check]`: the pages of docs/reference from what is declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from anlan.server.reference import pages


class Command(BaseCommand):
    """Writes every page that differs and removes pages that nothing makes any more."""

    help = "Write docs/reference from the declarations; with --check only say whether it is stale."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing, fail when a page is stale")
        parser.add_argument("--into", type=Path, default=settings.ROOT / "docs" / "reference", help="the folder")

    def handle(self, *args: Any, check: bool, into: Path, **options: Any) -> None:
        made = pages()
        stale = [name for name, content in made.items() if not _same(into / name, content)]
        gone = [path for path in sorted(into.glob("*.md")) if path.name not in made]
        if check and (stale or gone):
            names = ", ".join([*stale, *(path.name for path in gone)])
            raise CommandError(f"stale reference pages: {names}; run ./anlan manage write_reference")
        if not check:
            into.mkdir(parents=True, exist_ok=True)
            for name in stale:
                (into / name).write_text(made[name], encoding="utf-8")
            for path in gone:
                path.unlink()
        words = "clean" if not stale and not gone else f"{len(stale)} written, {len(gone)} removed"
        self.stdout.write(f"{len(made)} reference pages: {words}")


def _same(path: Path, content: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == content
