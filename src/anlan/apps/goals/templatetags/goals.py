"""`{% load goals %}`: states, summaries and reasons in the ledger."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from anlan.apps.goals.models import Holder
from anlan.apps.goals.queries import ledger
from anlan.apps.goals.queries.standing import State
from anlan.apps.goals.words import REASON_WORDS

register = template.Library()

#: How a state is drawn: red says that nothing answers, orange that it is late; the words say it too.
_CLASSES = {
    State.NOTHING: "lv red",
    State.LATE: "lv orange",
    State.UNKNOWN: "tag silent",
    State.PROGRESS: "tag t",
    State.FULFILLED: "tag ok",
    State.PLAIN: "tag",
}


@register.simple_tag
def state_tag(state: str | None) -> SafeString:
    """A state with its words; nothing for None."""
    if not state:
        return SafeString("")
    return format_html('<span class="{}">{}</span>', _CLASSES[State(state)], State(state).label)


@register.filter
def state_class(state: str | None) -> str:
    """For the edge of a row."""
    return f"g-{state}" if state else "g-plain"


@register.filter
def state_word(state: str) -> str:
    """Words of a state."""
    return str(State(state).label)


@register.filter
def reasons(codes: Iterable[str]) -> str:
    """Why a rule proposes something, in words."""
    return " · ".join(str(REASON_WORDS.get(code, code)) for code in codes)


@register.filter
def officer_key(holder: Holder) -> str:
    """By what the file of an officer is asked for."""
    return ledger.officer_key(holder)


@register.filter
def depth_class(depth: int) -> str:
    """The indent of a clause, five steps at most."""
    return f"d{min(depth, 5)}"
