"""When a session is alive: opened by a sign-in, ended by sign-out, a new password, a closed account or idleness."""

from __future__ import annotations

import importlib
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, login
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from anlan.kernel.people.models import User
from anlan.kernel.web.gate import Viewer

#: S4: a session that nobody uses for this long is over, seconds.
IDLE_S = 30 * 60
#: The moment of last use is written at most this often, seconds, so that looking does not become writing.
NOTED_EVERY_S = 60

EPOCH = "anlan_epoch"
SEEN = "anlan_seen"

#: Sent by requests that a page makes by itself (live refresh); they keep nobody signed in.
BACKGROUND_HEADER = "X-Anlan-Live"

SessionStore = importlib.import_module(settings.SESSION_ENGINE).SessionStore


def begin(request: HttpRequest, user: User, now: datetime) -> None:
    """Sign `user` in with a fresh session key; whatever the browser held before is not taken over."""
    request.session.flush()
    login(request, user, backend="anlan.kernel.people.backend.ActiveUserBackend")
    mark(request.session, user, now)


def mark(session: SessionBase, user: User, now: datetime) -> None:
    """Write into the session for which state of the account it is good, and when it was used."""
    session[EPOCH] = user.session_epoch
    session[SEEN] = int(now.timestamp())


def is_alive(session: SessionBase, user: User, now: datetime) -> bool:
    """Is this session of `user` still good at `now`? A session without our marks is not."""
    if not user.is_active or user.is_system or session.get(EPOCH) != user.session_epoch:
        return False
    seen = session.get(SEEN)
    # A mark a little ahead is a clock that was set back; one far ahead would keep a session alive for ever.
    return isinstance(seen, int) and -NOTED_EVERY_S <= now.timestamp() - seen < IDLE_S


def touch(session: SessionBase, now: datetime) -> None:
    """Note that a person used the session."""
    if now.timestamp() - session.get(SEEN, 0) >= NOTED_EVERY_S:
        session[SEEN] = int(now.timestamp())


def who_is(session_key: str) -> Viewer | None:
    """The person behind a session key, by the same tests as every page; for the event stream."""
    session = SessionStore(session_key)
    pk: Any = session.get(SESSION_KEY)
    user = User.objects.filter(pk=pk).first() if pk else None
    if user is None or not is_alive(session, user, timezone.now()):
        return None
    fresh = constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
    return Viewer(user) if fresh else None
