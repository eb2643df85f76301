"""What an act of the trail is called on screen. Rights have their own words; these name what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anlan.kernel.people import verbs

_words: dict[str, Any] = {}


def name_acts(words: Mapping[str, Any]) -> None:
    """Give acts their names, "alarm.raise" → "Alarm raised"; called at start by the room that writes them."""
    _words.update(words)


def word(code: str) -> str:
    """Words for an act: its own name, else that of the right it needs, else the code."""
    return str(_words[code]) if code in _words else verbs.label_of(code)
