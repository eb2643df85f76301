"""Nobody looks at anything without a living session, but for the few pages that stand before the door."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from anlan.kernel.people import sessions, trail
from anlan.kernel.people.queries import anybody_here

#: Paths that need no session; all others do, whatever view stands behind them (S1: denied by default).
OPEN_PATHS = frozenset({"/sign-in/", "/first-start/", "/language/", "/healthz", "/readyz", "/i18n.js"})
#: Below these no session is asked for: files for everyone, and doors of machines that ask for a key of their own.
OPEN_PREFIXES = (settings.STATIC_URL, *settings.MACHINE_DOORS)
#: What a person may do before replacing a password that somebody else set.
BEFORE_NEW_PASSWORD = frozenset({"/account/password/", "/sign-out/", "/language/", "/i18n.js", "/healthz", "/readyz"})


class SignInRequired:
    """After AuthenticationMiddleware: ends dead sessions, chooses the language, lets in or sends to the door."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        mark = trail.origin.set(str(request.META.get("REMOTE_ADDR", ""))[:60])
        try:
            return self._answer(request)
        finally:
            trail.origin.reset(mark)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        if request.user.is_authenticated:
            if not sessions.is_alive(request.session, request.user, now):
                logout(request)
            elif sessions.BACKGROUND_HEADER not in request.headers:
                sessions.touch(request.session, now)
        _choose_language(request)
        if request.path in OPEN_PATHS or request.path.startswith(OPEN_PREFIXES):
            return self.get_response(request)
        if not request.user.is_authenticated:
            return _to_the_door(request, reverse("people:sign_in" if anybody_here() else "people:first_start"))
        if request.user.must_change_password and request.path not in BEFORE_NEW_PASSWORD:
            return _to_the_door(request, reverse("people:change_password"))
        answer = self.get_response(request)
        # A page kept by the browser would show itself again after signing out.
        answer.headers.setdefault("Cache-Control", "private, no-store")
        return answer


def _choose_language(request: HttpRequest) -> None:
    """The person's own choice, then this browser's, then the product's: a browser's default says nothing here."""
    chosen = getattr(request.user, "language", "") or request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    translation.activate(language)
    request.LANGUAGE_CODE = language


def _to_the_door(request: HttpRequest, door: str) -> HttpResponse:
    """A page is redirected; a part of a page, a script or a device gets 401 and no body to mistake for content."""
    is_page = request.method in ("GET", "HEAD") and "text/html" in request.headers.get("Accept", "text/html")
    if request.headers.get("HX-Request"):
        # What a page asks by itself does not take it away: somebody may be writing in it. It says that it is stale.
        by_itself = sessions.BACKGROUND_HEADER in request.headers
        return HttpResponse(status=401, headers={} if by_itself else {"HX-Redirect": door})
    if is_page and request.headers.get("Sec-Fetch-Dest", "document") in ("document", "iframe", "frame"):
        target = request.get_full_path()
        return HttpResponseRedirect(door if target == "/" else f"{door}?{urlencode({'next': target})}")
    return HttpResponse(_("Sign in first."), status=401, content_type="text/plain; charset=utf-8")
