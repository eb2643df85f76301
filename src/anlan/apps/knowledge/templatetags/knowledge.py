"""`{% load knowledge %}`: texts with the words that were searched for marked in them."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from anlan.apps.knowledge.grams import folded
from anlan.apps.knowledge.models import State

register = template.Library()

#: Signs around the first word in a snippet.
BEFORE, AFTER = 40, 120


def spans_of(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where any of the words stands, as rising stretches that do not overlap."""
    compared = folded(text)
    found: list[tuple[int, int]] = []
    for word in words:
        at = compared.find(word)
        while at >= 0:
            found.append((at, at + len(word)))
            at = compared.find(word, at + 1)
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


@register.filter
def marked(text: str, words: Sequence[str]) -> SafeString:
    """A text with its words marked."""
    out, last = [], 0
    for begin, end in spans_of(text, words):
        out += [escape(text[last:begin]), "<mark>", escape(text[begin:end]), "</mark>"]
        last = end
    out.append(escape(text[last:]))
    return mark_safe("".join(out))


@register.filter
def snippet(text: str, words: Sequence[str]) -> SafeString:
    """The stretch of a text around its first word, marked."""
    spans = spans_of(text, words)
    first = spans[0][0] if spans else 0
    begin = max(0, first - BEFORE) if len(text) > BEFORE + AFTER else 0
    end = min(len(text), max(first + AFTER, begin + BEFORE + AFTER))
    cut = marked(text[begin:end], words)
    return mark_safe(("…" if begin else "") + cut + ("…" if end < len(text) else ""))


@register.filter
def state_label(state: str) -> str:
    """Words for a state."""
    return str(State(state).label)
