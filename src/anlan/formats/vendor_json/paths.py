"""Paths into a message: `data.list[*].temp`, `$.deviceNo`, `values[3]`; nothing else.

A path begins at the item that is read, with `$` at the message as a whole. The empty path is the item itself. A dot, a
bracket or a backslash inside a key stands behind a backslash.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

#: Characters of a path, steps, characters of a key, and the greatest place of an item.
LONGEST: Final = 240
MOST_STEPS: Final = 16
LONGEST_KEY: Final = 80
LAST_PLACE: Final = 9_999

#: A key, a place in a list, or every item of it.
Step = str | int | None


class BadPath(ValueError):
    """A text that is no path; `at` is the character, from 0, at which it stops being one."""

    def __init__(self, text: str, at: int) -> None:
        super().__init__(f"{text[:LONGEST]!r} is no path from character {at} on")
        self.text, self.at = text, at


class _Absent:
    """Stands for what a path does not lead to; not the same as null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Path:
    """`whole`: it begins at the message and not at the item."""

    steps: tuple[Step, ...] = ()
    whole: bool = False

    @property
    def is_many(self) -> bool:
        """Whether it may lead to several places."""
        return None in self.steps

    def __str__(self) -> str:
        return written(self.steps, whole=self.whole)


def read_path(text: str) -> Path:
    """The path of a text. Raises BadPath."""
    if len(text) > LONGEST:
        raise BadPath(text, LONGEST)
    whole = text.startswith("$") and (len(text) == 1 or text[1] in ".[")
    at = 1 if whole else 0
    steps: list[Step] = []
    step: Step
    while at < len(text):
        if text[at] == "[":
            at, step = _place(text, at)
        else:
            if text[at] == ".":
                if at == 0:
                    raise BadPath(text, 0)
                at += 1
            elif at != 0:
                raise BadPath(text, at)
            at, step = _key(text, at)
        steps.append(step)
        if len(steps) > MOST_STEPS:
            raise BadPath(text, at)
    return Path(tuple(steps), whole)


def _place(text: str, at: int) -> tuple[int, int | None]:
    end = text.find("]", at)
    inside = text[at + 1 : end] if end > 0 else ""
    if inside == "*":
        return end + 1, None
    if not inside.isdecimal() or not inside.isascii() or len(inside) > 4:
        raise BadPath(text, at)
    return end + 1, int(inside)


def _key(text: str, at: int) -> tuple[int, str]:
    begin, made = at, []
    while at < len(text) and text[at] not in ".[":
        sign = text[at]
        if sign == "\\" and at + 1 < len(text) and text[at + 1] in ".[]\\":
            at += 1
            sign = text[at]
        elif sign in "\\]" or not sign.isprintable():
            raise BadPath(text, at)
        made.append(sign)
        at += 1
    if not made or len(made) > LONGEST_KEY:
        raise BadPath(text, begin)
    return at, "".join(made)


def written(steps: tuple[Step, ...], *, whole: bool = False) -> str:
    """A path as text, as `read_path` takes it; keys of a message are cut short."""
    text = "$" if whole else ""
    for step in steps:
        if isinstance(step, str):
            key = "".join(f"\\{sign}" if sign in ".[]\\" else sign for sign in step[:LONGEST_KEY])
            text += f".{key}" if text else key
        else:
            text += "[*]" if step is None else f"[{step}]"
    return text


def at(value: Any, steps: tuple[Step, ...]) -> Any:
    """What stands there, ABSENT when nothing does; a path without `[*]`."""
    for step in steps:
        if type(step) is str:
            if type(value) is not dict:
                return ABSENT
            value = value.get(step, ABSENT)
        elif type(value) is list and step < len(value):  # type: ignore[operator]
            value = value[step]  # type: ignore[index]
        else:
            return ABSENT
    return value


def every(value: Any, steps: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], Any]]:
    """Each place that a path leads to, with its steps; a place that is not there is left out."""
    if None not in steps:
        found = at(value, steps)
        if found is not ABSENT:
            yield steps, found
        return
    here = steps.index(None)
    inner = at(value, steps[:here])
    if type(inner) is list:
        for place, item in enumerate(inner):
            for more, found in every(item, steps[here + 1 :]):
                yield (*steps[:here], place, *more), found
