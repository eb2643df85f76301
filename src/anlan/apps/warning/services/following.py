"""Updates and cancellations: which message stands for which, whatever order they came in.

A reference is followed only between messages of one sender and one status: nobody cancels what another one warned of,
and no exercise ends a warning. A message that was signed is not ended by one that is not.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from anlan.apps.warning.models import Message, Reference, Standing


def follow(message: Message) -> None:
    """Join a message that was just taken with those that it names and those that name it."""
    if message.msg_type not in ("Alert", "Update", "Cancel"):
        return
    joined = [message]
    if message.msg_type in ("Update", "Cancel"):
        for earlier in _named_by(message):
            _stand_for(message, earlier)
            joined.append(earlier)
    for later in _naming(message):
        _stand_for(later, message)
        joined.append(later)
    _join(joined)


def _named_by(message: Message) -> list[Message]:
    """Messages here that a message names and may end."""
    wanted = Q(pk__in=())
    for sender, identifier, sent in message.references.values_list("sender", "identifier", "sent"):
        wanted |= Q(sender=sender, identifier=identifier, sent=sent)
    rows = _alike(message).filter(wanted).exclude(pk=message.pk)
    return [one for one in rows if message.signed or not one.signed]


def _naming(message: Message) -> list[Message]:
    """Updates and cancellations here that name a message and may end it."""
    if message.sent is None:
        return []
    naming = Reference.objects.filter(
        sender=message.sender, identifier=message.identifier, sent=message.sent
    ).values("message")  # fmt: skip
    rows = _alike(message).filter(pk__in=naming, msg_type__in=("Update", "Cancel")).exclude(pk=message.pk)
    return [one for one in rows if one.signed or not message.signed]


def _alike(message: Message) -> QuerySet[Message]:
    rows = Message.objects.filter(standing=Standing.TAKEN, sender=message.sender, status=message.status)
    # Ours and theirs never mix, even if somebody gave a source our name.
    return rows.filter(source__isnull=message.source_id is None)


def _stand_for(later: Message, earlier: Message) -> None:
    """Let the newest of those that name a message stand for it."""
    now = earlier.superseded_by
    if now is None or (later.sent, later.pk) > (now.sent, now.pk):
        earlier.superseded_by = later
        earlier.save(update_fields=("superseded_by",))


def _join(messages: list[Message]) -> None:
    """Give all of them, and all that they were joined with before, the smallest number among them."""
    threads = {one.thread for one in messages if one.thread} | {one.pk for one in messages}
    least = min(threads)
    Message.objects.filter(Q(thread__in=threads) | Q(pk__in=[one.pk for one in messages])).update(thread=least)
    for one in messages:
        one.thread = least
