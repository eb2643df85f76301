"""Who hears of a warning: the duty desk of every place that it is about, and open pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.apps.warning.models import Draft, Message, MessageStatus
from anlan.apps.warning.words import type_words
from anlan.kernel.notices import services as notices
from anlan.kernel.people.models import User
from anlan.kernel.people.queries import people_with
from anlan.kernel.people.rights import may
from anlan.kernel.people.services import holder
from anlan.kernel.regions.models import Region
from anlan.kernel.web.events import publish
from anlan.kernel.web.formatting import COLOURS, bureau_time
from anlan.kernel.web.refs import ref_of


def url_of(message: Message) -> str:
    """Its page."""
    return reverse("warning:message", args=[message.pk])


def headline_of(message: Message) -> str:
    """Kind and colour in words before the headline, and that it is an exercise before everything."""
    mark = _("[EXERCISE] ") if message.exercise else ""
    colour = f"{COLOURS[message.level]} · " if message.level in COLOURS else ""
    return f"{mark}{type_words(message)} · {colour}{message}"


def taken(message: Message, *, now: datetime) -> None:
    """Tell the duty desks of a message that is in force, or ends one that was; open pages hear of any.

    Tests, system messages and drafts of others ring nobody. What had ended before it came rings nobody either.
    """
    regions = [place.region for place in message.places.select_related("region")]
    for region in regions or [None]:
        if region is not None:
            publish(
                "warning.taken", ref=ref_of(message), region=region, verb="warning.see", at=now,
                data={"level": message.level, "exercise": message.exercise},
            )  # fmt: skip
    is_live = message.msg_type in ("Alert", "Update") and message.ends_at is not None and message.ends_at > now
    ends_one = message.supersedes.exists()
    if message.status not in (MessageStatus.ACTUAL, MessageStatus.EXERCISE) or not (is_live or ends_one):
        return
    for region in regions:
        _tell(message, region, now)


def _tell(message: Message, region: Region, now: datetime) -> None:
    users = desk(region)
    ends: Callable[[], str] = lambda: (  # noqa: E731
        _("until %(at)s") % {"at": bureau_time(message.ends_at)} if message.has_end else _("no end said")
    )
    notices.tell(
        users,
        title=lambda: headline_of(message),
        body=lambda: " · ".join(filter(None, (message.sender_name or message.sender, region.name, ends()))),
        level=message.level,
        ref=ref_of(message),
        url=url_of(message),
        region=region,
        exercise=message.exercise,
        sound=message.level in (1, 2) and not message.exercise,
        now=now,
    )


def desk(region: Region) -> list[User]:
    """Whoever stands duty at a place now; when the roster and the posts name nobody, everyone who takes note there."""
    standing = [user for user in holder("duty_officer", region) if may(user, "warning.see", region)]
    return standing or people_with("warning.note", region)


def proposed(draft: Draft, *, actor: User, now: datetime) -> None:
    """Whoever may issue there hears that a draft waits; never its writers."""
    able = [user for user in people_with("warning.issue", draft.region) if user.pk not in draft.writers]
    _of_draft(draft, able, lambda: _("To issue: %(headline)s") % {"headline": draft.headline}, actor, now)


def sent_back(draft: Draft, *, actor: User, now: datetime) -> None:
    """The author hears that a draft came back."""
    _of_draft(draft, [draft.author], lambda: _("Sent back: %(headline)s") % {"headline": draft.headline}, actor, now)


def _of_draft(draft: Draft, users: list[User], title: Callable[[], str], actor: User, now: datetime) -> None:
    mark: Callable[[], str] = lambda: _("[EXERCISE] ") if draft.exercise else ""  # noqa: E731
    notices.tell(
        users, title=lambda: mark() + title(), body=lambda: f"{actor.name} · {draft.region.name} {draft.returned_why}",
        level=draft.level, ref=ref_of(draft), url=reverse("warning:draft", args=[draft.pk]), region=draft.region,
        exercise=draft.exercise, now=now,
    )  # fmt: skip
