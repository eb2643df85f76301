"""Patterns of MQTT topics: levels that stand for themselves, `+` for any, `{device}` for any with a name, `#` last."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

#: Characters and levels of a pattern.
LONGEST: Final = 200
MOST_LEVELS: Final = 20
_NAMED: Final = re.compile(r"\{([a-z][a-z0-9_]{0,19})\}", re.ASCII)


class BadTopic(ValueError):
    """A text that is no pattern; `level` counts from 1, 0 for the text as a whole."""

    def __init__(self, text: str, level: int) -> None:
        super().__init__(f"{text[:LONGEST]!r} is no pattern of topics at level {level}")
        self.text, self.level = text, level


@dataclass(frozen=True, slots=True)
class Pattern:
    """Levels as the broker takes them, and which of them have names."""

    levels: tuple[str, ...]
    names: Mapping[str, int]

    @property
    def filter(self) -> str:
        """What a client subscribes to."""
        return "/".join(self.levels)

    def parts(self, topic: str) -> dict[str, str] | None:
        """The named levels of a topic; None when the pattern does not take it."""
        said = topic.split("/")
        wanted = self.levels
        if wanted[-1] == "#":
            wanted = wanted[:-1]
            if len(said) < len(wanted):
                return None
        elif len(said) != len(wanted):
            return None
        if topic.startswith("$") and (not wanted or wanted[0] == "+"):
            return None
        for level, part in zip(wanted, said, strict=False):
            if level != "+" and level != part:
                return None
        found = {name: said[place] for name, place in self.names.items()}
        return found if all(found.values()) else None


def read_topic(text: str) -> Pattern:
    """The pattern of a text. Raises BadTopic."""
    levels = text.split("/")
    if not text or len(text) > LONGEST or len(levels) > MOST_LEVELS:
        raise BadTopic(text, 0)
    made: list[str] = []
    names: dict[str, int] = {}
    for place, level in enumerate(levels):
        named = _NAMED.fullmatch(level)
        if named:
            if named[1] in names:
                raise BadTopic(text, place + 1)
            names[named[1]] = place
            made.append("+")
        elif level == "+" or (level == "#" and place == len(levels) - 1):
            made.append(level)
        elif any(sign in level for sign in "+#{}") or not level or not level.isprintable():
            raise BadTopic(text, place + 1)
        else:
            made.append(level)
    return Pattern(tuple(made), names)


def overlap(one: Pattern, other: Pattern) -> bool:
    """Whether there is a topic that both take."""
    a, b = one.levels, other.levels
    firsts = {a[0], b[0]}
    if firsts & {"+", "#"} and any(level.startswith("$") for level in firsts):
        return False  # what begins with $ is never taken by a sign for any
    for place in range(max(len(a), len(b)) + 1):
        mine = a[place] if place < len(a) else None
        its = b[place] if place < len(b) else None
        if mine == "#" or its == "#":
            return True
        if mine is None or its is None:
            return mine is its
        if mine != its and "+" not in (mine, its):
            return False
    return True
