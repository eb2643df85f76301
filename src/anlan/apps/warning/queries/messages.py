"""Messages that a person may see, those in force, and how lists narrow them. Fails closed: no right, no row.

A warning for a county is also one for each of its towns, and one for a town also the county's affair: it is seen by
whoever holds `warning.see` in, above or below one of its places. What is about other regions is seen by those who hold
it in the whole installation.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import shapely
from django.db.models import Exists, OuterRef, Q, QuerySet

from anlan.apps.warning.models import Message, MessageStatus, Place, Reached, Standing
from anlan.formats.cap.checking import SKEW
from anlan.kernel.people.rights import EVERYWHERE
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.scope import reach

#: What a list can be narrowed to.
STATES = ("force", "ended", "all")


def visible(actor: Any) -> QuerySet[Message]:
    """Messages that were taken and that the actor may see; without their bytes."""
    rows = Message.objects.filter(standing=Standing.TAKEN).defer("data", "verdict", "shape")
    paths = tuple(reach(actor, "warning.see"))
    if not paths:
        return rows.none()
    if EVERYWHERE in paths:
        return rows
    places = Place.objects.filter(_near(paths), message=OuterRef("pk"))
    return rows.filter(Exists(places))


def _near(paths: Iterable[str]) -> Q:
    """Places in, below or above one of these paths."""
    found = Q(pk__in=())
    for path in paths:
        found |= Q(region__path__startswith=path) | Q(region__path__in=regions.prefixes(path))
    return found


def aside() -> QuerySet[Message]:
    """Messages that wait or were set aside; only for those who look after them."""
    return Message.objects.exclude(standing=Standing.TAKEN).defer("data", "shape")


def in_force(now: datetime) -> Q:
    """Warnings and updates that nothing stands for, that have not ended and do not only say all clear."""
    return Q(
        standing=Standing.TAKEN, msg_type__in=("Alert", "Update"), superseded_by=None, lifts=False, ends_at__gt=now,
        sent__lte=now + SKEW,
    )  # fmt: skip


def is_in_force(message: Message, now: datetime) -> bool:
    """The same of one row."""
    return (
        message.standing == Standing.TAKEN
        and message.msg_type in ("Alert", "Update")
        and message.superseded_by_id is None
        and not message.lifts
        and message.ends_at is not None
        and message.ends_at > now
        and message.sent is not None
        and message.sent <= now + SKEW
    )


def real(rows: QuerySet[Message]) -> QuerySet[Message]:
    """The real ones about our regions; exercises and tests never stand among them (W9)."""
    return rows.filter(status=MessageStatus.ACTUAL).exclude(reached=Reached.ELSEWHERE)


def played(rows: QuerySet[Message]) -> QuerySet[Message]:
    """Exercises, tests, system messages and drafts of others."""
    return rows.exclude(status=MessageStatus.ACTUAL)


def elsewhere(rows: QuerySet[Message]) -> QuerySet[Message]:
    """Real ones about other regions."""
    return rows.filter(status=MessageStatus.ACTUAL, reached=Reached.ELSEWHERE)


def narrowed(
    rows: QuerySet[Message], *, state: str, level: str, event: str, sender: str, typed: str, now: datetime
) -> QuerySet[Message]:  # fmt: skip
    """A list by what was chosen; an unknown choice narrows nothing. A thread is one line: its newest message."""
    rows = rows.filter(msg_type__in=("Alert", "Update", "Cancel"))
    if state == "ended":
        rows = rows.filter(superseded_by=None).exclude(in_force(now))
    elif state != "all":
        rows = rows.filter(in_force(now))
    if level in ("1", "2", "3", "4"):
        rows = rows.filter(level=int(level))
    elif level == "none":
        rows = rows.filter(level=None)
    if event:
        rows = rows.filter(event=event)
    if sender:
        rows = rows.filter(sender=sender)
    for word in typed.split()[:5]:
        rows = rows.filter(
            Q(headline__icontains=word) | Q(event__icontains=word) | Q(area_words__icontains=word)
            | Q(sender_name__icontains=word) | Q(identifier__icontains=word)
        )  # fmt: skip
    return rows.order_by("level" if state == "force" else "-sent", "-sent", "-id")


def waiting_to_be_noted(actor: Any, now: datetime) -> QuerySet[Message]:
    """Real warnings of others in force in the actor's places that no duty desk has taken note of."""
    places = Place.objects.filter(_near(reach(actor, "warning.note")), message=OuterRef("pk"))
    rows = real(visible(actor)).filter(in_force(now), noted_at=None, source__isnull=False)
    return rows.filter(Exists(places))


def thread_of(message: Message, actor: Any) -> list[Message]:
    """All messages that follow each other, oldest first, as far as the actor may see them."""
    if not message.thread:
        return [message]
    return list(with_neighbours(visible(actor).filter(thread=message.thread)).order_by("sent", "id"))


def with_neighbours(rows: QuerySet[Message]) -> QuerySet[Message]:
    """Rows with what a list says of them, and without the bytes of the messages that stand for them."""
    heavy = (f"superseded_by__{name}" for name in ("data", "verdict", "shape"))
    return rows.select_related("source", "superseded_by").defer("data", "verdict", "shape", *heavy)


def outline_of(message: Message) -> Any | None:
    """The shape of a message, else the outlines of its places; None when neither is known."""
    if message.shape is not None:
        return shapely.from_wkb(bytes(message.shape))
    kept = Region.objects.filter(
        pk__in=message.places.values("region_id"), boundary__isnull=False
    ).values_list("boundary", flat=True)  # fmt: skip
    shapes = [shapely.from_wkb(bytes(boundary)) for boundary in kept]
    return shapely.union_all(shapes) if shapes else None


def own_listed(now: datetime, since: datetime, *, exercise: bool) -> QuerySet[Message]:
    """Messages of ours for a feed: what is in force, and everything that was sent since a moment."""
    status = MessageStatus.EXERCISE if exercise else MessageStatus.ACTUAL
    rows = Message.objects.filter(source=None, standing=Standing.TAKEN, status=status, scope="Public")
    return rows.filter(in_force(now) | Q(sent__gte=since)).order_by("-sent", "-id")
