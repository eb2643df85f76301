"""Who somebody is, by user name and password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest

from anlan.kernel.people.models import User


class ActiveUserBackend(BaseBackend):
    """Active accounts of people. Rights do not come from here: they are grants (`people.rights`)."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_more: Any
    ) -> User | None:
        """The account, or None. Every answer costs exactly one hash, so the time tells nothing about the name."""
        if username is None or password is None:
            return None
        user = User.objects.filter(username=username).first()
        if user is None or user.is_system or not user.is_active or not user.has_usable_password():
            make_password(password)
            return None
        return user if check_password(password, user.password, setter=None) else None

    def get_user(self, user_id: int) -> User | None:
        """The account of a session while it may sign in."""
        return User.objects.filter(pk=user_id, is_active=True, is_system=False).select_related("department").first()
