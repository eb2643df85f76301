"""Who asks: a program with an API token, or a page of ours with the session of the person who reads it."""

from __future__ import annotations

import base64
import binascii
import time
from typing import Any

from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja.security.base import AuthBase
from ninja.throttling import SimpleRateThrottle
from ninja.utils import check_csrf

from anlan.kernel.people import rate, tokens, trail
from anlan.kernel.people.models import ApiToken, User
from anlan.kernel.registers.api.problems import Problem

#: Requests of one token; a client that walks a register of a million needs 5,000 pages, so about eight minutes.
RATE = "600/min"


class Doors(AuthBase):
    """`Authorization: Bearer KEY`, or Basic with the key as password (map programs), or the session with CSRF token."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = gettext_lazy("An API token; page “API tokens” in the account menu.")

    def __call__(self, request: HttpRequest) -> User | None:
        if header := request.headers.get("Authorization", ""):
            return _by_token(request, _key_of(header))
        if not isinstance(request.user, User):
            return None
        if request.user.must_change_password:
            raise Problem(403, "password", _("Somebody else set your password. Choose one that only you know."))
        if check_csrf(request) is not None:
            raise Problem(403, "csrf", _("A page must send its CSRF token in the header X-CSRFToken."))
        return request.user


def _key_of(header: str) -> str:
    scheme, _blank, rest = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            rest = base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return rest.strip()


def _by_token(request: HttpRequest, key: str) -> User | None:
    found = tokens.holder_of(key, timezone.now())
    if found is None:
        return None
    token, owner = found
    request.api_token = token  # type: ignore[attr-defined]
    trail.origin.set(f"{trail.origin.get()} · API {token.mark}"[:60])
    language = translation.get_language_from_request(request) if request.headers.get("Accept-Language") else ""
    if language or owner.language:
        translation.activate(language or owner.language)
    return owner


class TokenRate(SimpleRateThrottle):
    """So many requests a token, whichever web process answers; people at their pages are not counted."""

    scope = "registers_api"

    def allow_request(self, request: HttpRequest) -> bool:
        token: Any = getattr(request, "api_token", None)
        if not isinstance(token, ApiToken):
            return True
        limit, window_s = int(self.num_requests or 0), float(self.duration or 60)
        return rate.SHARED.take(token, door=self.scope, limit=limit, window_s=window_s, now_s=time.time())

    def wait(self) -> float:
        return rate.wait_s(window_s=float(self.duration or 60), now_s=time.time())
