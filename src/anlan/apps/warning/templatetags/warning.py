"""How a message stands, as a small mark."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from anlan.apps.warning.models import Message, Standing
from anlan.apps.warning.queries.messages import is_in_force
from anlan.apps.warning.words import type_words

register = template.Library()


@register.filter
def type_of(message: Message) -> str:
    """Warning, update, cancellation, all clear."""
    return type_words(message)


@register.simple_tag
def message_state(message: Message, now: datetime) -> SafeString:
    """In force (and from when), replaced, called off, ended: words, with no colour of a level."""
    kind, words = _state(message, now)
    return format_html('<span class="tag {}">{}</span>', kind, words)


def _state(message: Message, now: datetime) -> tuple[str, str]:
    if message.standing != Standing.TAKEN:
        return "warn", str(Standing(message.standing).label)
    if is_in_force(message, now):
        if message.begins_at is not None and message.begins_at > now:
            return "t", _("In force, still to begin")
        return ("t", _("In force now")) if message.noted_at or message.is_own else ("t", _("In force, not noted yet"))
    if message.superseded_by is not None:
        return "warn", _("Lifted") if message.superseded_by.msg_type == "Cancel" else _("Replaced")
    if message.msg_type in ("Cancel", "Ack", "Error") or message.lifts:
        return "warn", type_words(message)
    return "warn", _("No longer in force")
