"""A text, or a part of it, that stands in a file twice: copied twice, or once as a summary of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from anlan.formats.policy.shadow import Shadow, Span

#: A stretch counts as repeated from this many signs on: shorter ones are turns of phrase.
_LEAST = 300
#: Lines at the beginning among which a title may stand twice.
_HEAD = 12
#: Earlier lines that are tried as the beginning of what is repeated.
_TRIED = 8


def doubled_stretches(shadow: Shadow) -> Iterator[Span]:
    """Every stretch of lines that repeats an earlier one line by line; the first stays."""
    lines = shadow.lines()
    said = [re.sub(r"\s", "", shadow.text[start:end]) for start, end in lines]
    firsts: dict[str, list[int]] = {}
    at = 0
    while at < len(lines):
        length, signs = max(((_run(said, first, at)) for first in firsts.get(said[at], ())[:_TRIED]), default=(0, 0),
                            key=lambda run: run[1])  # fmt: skip
        if signs >= _LEAST or (length and at < _HEAD and signs >= 8 and not shadow.is_table(lines[at][0])):
            yield lines[at][0], lines[at + length - 1][1], ""
            at += length
            continue
        firsts.setdefault(said[at], []).append(at)
        at += 1


def _run(said: list[str], first: int, again: int) -> tuple[int, int]:
    """How many lines from `again` on are those from `first` on, and their signs."""
    length = signs = 0
    while again + length < len(said) and first + length < again and said[first + length] == said[again + length]:
        signs += len(said[again + length])
        length += 1
    return length, signs
