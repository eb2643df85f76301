"""Print the token that the first start asks for."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from anlan.kernel.people import first_start
from anlan.kernel.people.queries import anybody_here


class Command(BaseCommand):
    help = "Print the one-time token for /first-start/; nothing when the installation has its owner already."

    def handle(self, *args: Any, **options: Any) -> None:
        if anybody_here():
            self.stderr.write(
                "This installation has its owner already; a lost password: ./anlan manage break_glass NAME"
            )
            return
        self.stdout.write(first_start.token())
