"""The outbox: a notice is written with the change that caused it and delivered after the commit, at least once."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.notices import queries
from anlan.kernel.notices.channels import NotDelivered, sender
from anlan.kernel.notices.models import Channel, Notice, State
from anlan.kernel.people.models import User

log = logging.getLogger(__name__)

#: Waits between the tries of one notice, seconds; after the last one it is shown as not delivered.
BACK_OFF_S = (5, 15, 35)

#: Notices sent in one transaction: few enough to hold the writer for well under 200 ms.
AT_ONCE = 25

#: A text, or a function that makes it in the language that is active when it is called.
Words = str | Callable[[], str]


class Placed(Protocol):
    """Anything with the path of a region."""

    path: str


@transaction.atomic
def tell(
    users: Iterable[User],
    *,
    title: Words,
    body: Words = "",
    level: int | None = None,
    ref: str = "",
    url: str = "",
    region: Placed | None = None,
    exercise: bool = False,
    now: datetime,
    sound: bool = False,
    channel: str = Channel.APP,
) -> list[Notice]:
    """Put one notice for each of `users` into the outbox, in the running transaction.

    title  at most 160 characters are kept; a function is called once per language, in the language of the reader
    level  1 red … 4 blue, None when it has none
    ref    what it is about; `url` where the reader goes from here (a path inside the product)
    sound  the reader's page rings

    A person named twice is told once; the product's own hands are not told.
    """
    told: dict[int, User] = {user.pk: user for user in users if not user.is_system}
    if url and (not url.startswith("/") or url.startswith("//")):
        raise ValueError(f"a notice leads to a path inside the product, not to {url!r}")
    said: dict[str, tuple[str, str]] = {}
    notices = []
    for user in told.values():
        language = user.language or settings.LANGUAGE_CODE
        if language not in said:
            with translation.override(language):
                said[language] = (_said(title), _said(body))
        notices.append(
            Notice(
                message_id=uuid.uuid4(),
                to=user,
                channel=channel,
                title=said[language][0][:160],
                body=said[language][1],
                level=level,
                ref=ref,
                url=url[:200],
                region_path=region.path if region is not None else "",
                exercise=exercise,
                sound=sound,
                created_at=now,
                next_try=now,
            )
        )
    return Notice.objects.bulk_create(notices)


def _said(words: Words) -> str:
    return words if isinstance(words, str) else words()


def deliver(now: datetime, *, channels: Sequence[str] = (Channel.APP,), limit: int = 500) -> int:
    """Send what waits on these channels, oldest first; returns how many were sent.

    A notice that fails is tried again after 5, 15 and 35 seconds and then shown as not delivered (W3: within 60 s).
    """
    due = Notice.objects.filter(state=State.WAITING, next_try__lte=now, channel__in=channels).order_by("next_try", "id")
    waiting = list(due.values_list("pk", flat=True)[:limit])
    return sum(_send_all(waiting[i : i + AT_ONCE], now) for i in range(0, len(waiting), AT_ONCE))


@transaction.atomic
def _send_all(pks: Sequence[int], now: datetime) -> int:
    """Send some notices in one transaction; one that fails takes none of the others along. Returns how many went."""
    rows = Notice.objects.select_for_update(of=("self",)).select_related("to")
    # Read again under the lock: another process may have sent it, its reader may have read it.
    return sum(_send(notice, now) for notice in rows.filter(pk__in=pks, state=State.WAITING).order_by("id"))


def _send(notice: Notice, now: datetime) -> bool:
    notice.attempts += 1
    try:
        with transaction.atomic():
            _over_channel(notice, now)
    except NotDelivered as failed:
        _put_back(notice, str(failed), now)
        return False
    except Exception as failed:
        log.exception("notice %s could not be sent", notice.pk)
        # The class alone: a message may hold an address or a key.
        _put_back(notice, type(failed).__name__, now)
        return False
    notice.state, notice.sent_at, notice.next_try, notice.error = State.SENT, now, None, ""
    notice.save(update_fields=("state", "sent_at", "next_try", "error", "attempts"))
    return True


def _over_channel(notice: Notice, now: datetime) -> None:
    send = sender(notice.channel)
    if send is None:
        raise NotDelivered(_("The channel %(name)s is not set up.") % {"name": notice.channel})
    send(notice, now)


def _put_back(notice: Notice, why: str, now: datetime) -> None:
    """Try again later, or give up after the last try."""
    notice.error = why[:200]
    if notice.attempts <= len(BACK_OFF_S):
        notice.next_try = now + timedelta(seconds=BACK_OFF_S[notice.attempts - 1])
    else:
        notice.state, notice.next_try = State.FAILED, None
    notice.save(update_fields=("state", "error", "next_try", "attempts"))


def read(notice: Notice, *, user: User, now: datetime) -> Notice:
    """Mark as read by its own reader; the first time counts. Raises PermissionError for another person's notice."""
    if notice.to_id != user.pk:
        raise PermissionError("a notice is read by whom it was sent to")
    unread = Notice.objects.filter(pk=notice.pk, read_at=None)
    unread.update(read_at=now, state=State.READ, next_try=None)
    notice.refresh_from_db()
    return notice


def read_all(user: User, *, now: datetime) -> int:
    """Mark everything that this person has as read; returns how many were new."""
    return Notice.objects.filter(to=user, read_at=None).update(read_at=now, state=State.READ, next_try=None)


@transaction.atomic
def send_again(notice: Notice, *, actor: User, now: datetime) -> bool:
    """Put a notice that was not delivered back into the outbox.

    False when it is in another state by now, or lies where the actor does not watch over alarms; both look the same.
    """
    failed = queries.not_delivered(actor).filter(pk=notice.pk)
    if not failed.update(state=State.WAITING, next_try=now, attempts=0):
        return False
    audit.record(actor=actor, verb="notice.again", obj=f"notice:{notice.pk}", after={"to": notice.to_id}, now=now)
    return True
