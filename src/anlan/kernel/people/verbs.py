"""The list of everything that may be allowed: each room declares its own verbs at start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Verb:
    """`code` is "noun.verb" ("alarm.acknowledge"); `kind` says whether it changes something."""

    code: str
    label: Any  # words for a person, translated when shown
    kind: Literal["act", "see"]


_verbs: dict[str, Verb] = {}


def declare_verb(code: str, label: Any, *, kind: Literal["act", "see"] = "act") -> Verb:
    """Declare a verb; saying it twice in the same words is allowed, in others it is a ValueError."""
    noun, _, word = code.partition(".")
    if not (noun.isidentifier() and word.isidentifier()):
        raise ValueError(f"{code!r}: a verb is written noun.verb")
    verb = Verb(code, label, kind)
    known = _verbs.setdefault(code, verb)
    if known.kind != kind:
        raise ValueError(f"{code} is declared as {known.kind!r} and as {kind!r}")
    return known


def all() -> dict[str, Verb]:
    """Every declared verb by code, in the order of the codes."""
    return dict(sorted(_verbs.items()))


def label_of(code: str) -> str:
    """Words for a verb; the code itself when no room declared it."""
    verb = _verbs.get(code)
    return str(verb.label) if verb else code
