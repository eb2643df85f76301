"""Ways to reach a person. A channel is a function that delivers one notice or says why it could not.

`send(notice, now)` runs in the transaction that marks the notice as sent, gets the same `message_id` on every retry,
and raises `NotDelivered` (or anything) when it failed. It must be quick: whatever waits for a network comes with a
gateway process of its own, which calls `services.deliver(now, channels=("sms",))` and delays no other channel.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from anlan.kernel.notices.models import Channel, Notice
from anlan.kernel.web.events import publish


class NotDelivered(Exception):
    """The channel could not deliver; the text is shown to a person and holds no secret."""


Send = Callable[[Notice, datetime], None]

_channels: dict[str, Send] = {}


def register_channel(code: str, send: Send) -> None:
    """Name the function that delivers over `code`; the same code again replaces it."""
    _channels[code] = send


def sender(code: str) -> Send | None:
    return _channels.get(code)


def in_app(notice: Notice, now: datetime) -> None:
    """Tell the open pages of this one person. Who has none finds the notice in the list at the next sign-in."""
    data: dict[str, Any] = {
        "id": notice.pk,
        "title": words_of(notice),
        "level": notice.level,
        "url": notice.url,
        "ref": notice.ref,
        "sound": notice.sound,
        "exercise": notice.exercise,
    }
    publish("notice.new", ref=notice.ref, user=notice.to, at=now, data=data)


def words_of(notice: Notice) -> str:
    """The title as every channel must render it: an exercise says so first, in the reader's language (W9)."""
    if not notice.exercise:
        return notice.title
    with translation.override(notice.to.language or settings.LANGUAGE_CODE):
        return _("[Exercise] %(title)s") % {"title": notice.title}


register_channel(Channel.APP, in_app)
