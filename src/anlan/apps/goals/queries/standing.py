"""What may answer a clause, and how it stands: kinds of links that rooms register by name.

A kind tells for many keys at once how each stands in a region and year. Nothing here knows who looks: the state of a
clause is the same for everybody; whether the page behind it may be opened is asked apart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.kernel.regions.models import Region


class State(models.TextChoices):
    """How far something is fulfilled, worst first; `PLAIN` is a clause that asks nothing."""

    NOTHING = "nothing", gettext_lazy("nothing answers it")
    LATE = "late", gettext_lazy("behind time")
    UNKNOWN = "unknown", gettext_lazy("cannot be told yet")
    PROGRESS = "progress", gettext_lazy("in progress")
    FULFILLED = "fulfilled", gettext_lazy("fulfilled")
    PLAIN = "plain", gettext_lazy("asks nothing")


#: Worst first; the state of several things is the first of these that one of them has.
WORST = (State.NOTHING, State.LATE, State.UNKNOWN, State.PROGRESS, State.FULFILLED)


def worst(states: Iterable[State]) -> State | None:
    """The worst of several states; None when none of them says anything."""
    given = set(states)
    return next((state for state in WORST if state in given), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """For which place, year and moment something is asked."""

    region: Region
    year: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How one target stands.

    state        None: it serves the clause and decides nothing by itself (a screen)
    words        the figure, the date, the reason: one short sentence
    evidence_at  when the last proof of it was made
    url          its page; "" for none
    """

    title: str
    state: State | None
    words: str = ""
    evidence_at: datetime | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A target that a person may choose."""

    target: str
    title: str
    hint: str = ""


#: (targets, asked) -> standing by target; a target that is not there is left out.
Standings = Callable[[Collection[str], Asked], Mapping[str, Standing]]
#: (words of the clause or typed by a person, asked, viewer) -> targets that fit, best first.
Offers = Callable[[str, Asked, Any], Sequence[Offer]]
#: (viewer, targets) -> those of them that the viewer may open.
Sees = Callable[[Any, Collection[str]], Collection[str]]


def everyone(viewer: Any, targets: Collection[str]) -> Collection[str]:
    """For kinds that guard their pages themselves."""
    return targets


@dataclass(frozen=True, slots=True)
class LinkKind:
    """One kind of link: "indicator", "task", "rule", "screen", "case" …"""

    code: str
    label: Any
    icon: str
    standings: Standings
    offers: Offers
    sees: Sees = everyone
    order: int = 100


_kinds: dict[str, LinkKind] = {}


def register_kind(kind: LinkKind) -> None:
    """Name a kind of link; called at start by the room that knows its targets. The same code again replaces it."""
    _kinds[kind.code] = kind


def kinds() -> list[LinkKind]:
    """Every kind, in order."""
    return sorted(_kinds.values(), key=lambda kind: (kind.order, kind.code))


def kind_of(code: str) -> LinkKind | None:
    """The kind of a code; None when its room is not installed."""
    return _kinds.get(code)


def standings(links: Iterable[tuple[str, str]], asked: Asked) -> dict[tuple[str, str], Standing]:
    """How each (kind, target) stands; one question a kind. What is gone or belongs to no room says so."""
    by_kind: dict[str, set[str]] = {}
    for code, target in links:
        by_kind.setdefault(code, set()).add(target)
    found: dict[tuple[str, str], Standing] = {}
    for code, targets in by_kind.items():
        kind = _kinds.get(code)
        known = kind.standings(targets, asked) if kind is not None else {}
        lost = _("no longer there") if kind is not None else _("its part of the product is not installed")
        for target in targets:
            found[code, target] = known.get(target) or Standing(target, State.NOTHING, lost)
    return found


def likeness(words: str, title: str) -> float:
    """Share of a title's pairs of signs that stand in `words`, 0..1; a title of one sign is looked for as it is."""
    title = "".join(title.split()).lower()
    words = "".join(words.split()).lower()
    pairs = {title[at : at + 2] for at in range(len(title) - 1)}
    if not pairs:
        return float(bool(title) and title in words)
    return sum(1 for pair in pairs if pair in words) / len(pairs)
