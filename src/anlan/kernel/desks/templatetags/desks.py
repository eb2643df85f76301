"""`{% load desks %}`: words of verbs, proofs and clocks on the desks' pages."""

from __future__ import annotations

from typing import Any

from django import template

from anlan.kernel.audit import words
from anlan.kernel.cases.queries import proof_label as label_of_proof
from anlan.kernel.clocks.models import Clock
from anlan.kernel.web import formatting

register = template.Library()


@register.simple_tag
def verb_label(code: str) -> str:
    """What an act of the trail is called: "Alarm raised"."""
    return words.word(code)


@register.simple_tag
def proof_label(role: str) -> str:
    """What a proof shows: "Photo after the work"."""
    return str(label_of_proof(role))


@register.simple_tag
def allowed(clock: Clock) -> str:
    """The time that a clock gave in the beginning."""
    return formatting.span((clock.original_due - clock.started_at).total_seconds())


@register.simple_tag
def used(clock: Clock) -> str:
    """The time that a stopped clock took."""
    if clock.stopped_at is None:
        return ""
    return formatting.span((clock.stopped_at - clock.started_at).total_seconds() - clock.paused_s)


@register.simple_tag
def typed_note(typed: dict[str, Any], do: str) -> str:
    """What the officer had typed for a step that was refused."""
    return str(typed.get(do, ""))
