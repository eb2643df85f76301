"""What waits for someone, gathered from every room that has something to say.

A source is a function `(viewer, now) -> Iterable[Item]`; apps register theirs at start, so the desk knows no app.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: How many items one source may bring to a desk; beyond it the desk says how many more there are.
LIMIT = 80


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the inbox. `level` 1 red … 4 blue or None; `due` and `at` are aware UTC times; `url` its page.

    under  lines that stand folded under this one: what followed a first alarm
    """

    ref: str
    url: str
    kind: str  # "alarm", "case": the tab it stands under
    title: str
    place: str
    state: str
    level: int | None
    at: datetime
    due: datetime | None = None
    started: datetime | None = None
    quiet: bool = True  # False: nobody has answered yet
    mine: bool = False
    marks: tuple[str, ...] = ()  # words beside the state: "first-up", "chattering ×5"
    under: tuple[Item, ...] = ()

    @property
    def nearest(self) -> datetime | None:
        """The nearest due moment of this line and those under it."""
        return min((one.due for one in (self, *self.under) if one.due is not None), default=None)

    @property
    def gravest(self) -> int:
        """The highest level of this line and those under it; 9 where none has one."""
        return min((one.level for one in (self, *self.under) if one.level is not None), default=9)


@dataclass(frozen=True, slots=True)
class Group:
    label: str | Promise
    late: bool
    items: tuple[Item, ...]


Source = Callable[[Any, datetime], Iterable[Item]]

_sources: dict[str, tuple[str | Promise, Source]] = {}


def register_source(kind: str, label: str | Promise, source: Source) -> None:
    _sources[kind] = (label, source)


def tabs() -> list[tuple[str, str | Promise]]:
    return [(kind, label) for kind, (label, _source) in _sources.items()]


def items(viewer: Any, now: datetime) -> list[Item]:
    """Everything that waits in the viewer's reach, by clock and then by level."""
    found = [item for _label, source in _sources.values() for item in source(viewer, now)]
    return sorted(found, key=order)


def order(item: Item) -> tuple[bool, float, int, float]:
    """Timed before untimed; the nearest clock first, then the higher level, then the newer."""
    due = item.nearest
    return (due is None, due.timestamp() if due else 0.0, item.gravest, -item.at.timestamp())


def grouped(waiting: Iterable[Item], now: datetime) -> list[Group]:
    """Items under the headings of the desk: overdue, within an hour, within a day, within seven days, later."""
    limits = (
        (_("Overdue"), now),
        (_("Within 1 hour"), now + timedelta(hours=1)),
        (_("Within 24 hours"), now + timedelta(days=1)),
        (_("Within 7 days"), now + timedelta(days=7)),
    )
    heaps: list[list[Item]] = [[] for _limit in range(len(limits) + 1)]
    for item in waiting:
        place = len(limits)
        due = item.nearest
        if due is not None:
            place = next((i for i, (_label, until) in enumerate(limits) if due < until), len(limits))
        heaps[place].append(item)
    labels = [*(label for label, _until in limits), _("Later, or no clock running")]
    return [
        Group(label, i == 0, tuple(heap)) for i, (label, heap) in enumerate(zip(labels, heaps, strict=True)) if heap
    ]
