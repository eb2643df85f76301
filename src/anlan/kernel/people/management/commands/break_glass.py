"""Let somebody in again from the console, when locked out or when the password is lost (S4)."""

from __future__ import annotations

import secrets
from typing import Any

from axes.utils import reset
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from anlan.kernel.people import services, trail
from anlan.kernel.people.models import User


class Command(BaseCommand):
    help = "Give an account a one-time password, open it and lift its locks; every open session of it ends. Audited."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", default="", help="kept in the audit trail")

    def handle(self, *args: Any, username: str, reason: str, **options: Any) -> None:
        user = User.objects.filter(username=username, is_system=False).first()
        if user is None:
            names = ", ".join(User.objects.filter(is_system=False).values_list("username", flat=True)[:20])
            raise CommandError(f"Nobody is called {username!r}. Accounts here: {names or 'none'}.")
        console = services.system_user("console")
        password = secrets.token_urlsafe(12)
        now = timezone.now()
        mark = trail.origin.set("console")
        try:
            with transaction.atomic():
                if not user.is_active:
                    services.set_active(user=user, active=True, actor=console, now=now)
                    user.refresh_from_db()
                services.change_password(user=user, password=password, actor=console, now=now, must_change=True)
                trail.record(actor=console, verb="people.break_glass", obj=user, note=reason, now=now)
                reset(username=username)
        finally:
            trail.origin.reset(mark)
        self.stdout.write(f"One-time password of {username}: {password}")
        self.stdout.write("It has to be replaced at the first sign-in. Every open session of the account has ended.")
