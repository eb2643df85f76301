"""A score sheet reckoned: values to points, points to totals, totals to ranks.

What is not known is never a zero. An item without a value counts neither for nor against its subject: the total is
compared with the points that could be reckoned, and how many could not stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

#: Digits of points and rates: sheets are read to a hundredth, and what is equal there is a tie.
DIGITS = 2


class ItemKind(StrEnum):
    COMPUTED = "computed"
    MANUAL = "manual"
    VETO = "veto"


@dataclass(frozen=True, slots=True)
class Step:
    """From `at_least` on an item brings `share` per cent of its points."""

    at_least: float
    share: float


@dataclass(frozen=True, slots=True)
class Scale:
    """How a value becomes a share of the points: on a line from `zero` to `full`, or by steps.

    zero, full  in the unit of the value; full below zero where less is better
    steps       falling bounds; below the last one there is nothing
    """

    zero: float | None = None
    full: float | None = None
    steps: tuple[Step, ...] = ()

    def share(self, value: float) -> float:
        """The share of the points, 0 to 1."""
        if self.steps:
            return next((step.share / 100 for step in self.steps if value >= step.at_least), 0.0)
        if self.zero is None or self.full is None:
            raise ValueError("a scale has zero and full, or steps")
        return min(1.0, max(0.0, (value - self.zero) / (self.full - self.zero)))

    def faults(self) -> Iterator[str]:
        """What is wrong with it, in words."""
        if self.steps:
            bounds = [step.at_least for step in self.steps]
            if bounds != sorted(set(bounds), reverse=True):
                yield "the bounds of the steps fall"
            if any(not 0 <= step.share <= 100 for step in self.steps):
                yield "a share is between 0 and 100"
        elif self.zero is None or self.full is None or self.zero == self.full:
            yield "a scale has a zero and another full, or steps"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a sheet; `value` names what is measured for a computed one."""

    code: str
    kind: ItemKind
    points: float
    value: str = ""
    scale: Scale | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One item of one subject: its points, or None where they are not known."""

    item: str
    points: float | None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One subject.

    points  sum of what is known
    known   points that could be had for what is known; `unknown` for the rest
    rate    points of known, per cent; None when nothing is known
    vetoed  codes of the veto items that hold
    rank    1 for the best; equal rates share a rank and the next ones are left out; None when vetoed or unknown
    """

    subject: str
    cells: tuple[Cell, ...]
    points: float
    known: float
    unknown: float
    rate: float | None
    vetoed: tuple[str, ...] = ()
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known, by (item, subject): measured values, points entered by hand, and vetoes.

    Points entered for a computed item stand before its measured value: an appeal was upheld.
    """

    values: Mapping[tuple[str, str], float] = field(default_factory=dict)
    points: Mapping[tuple[str, str], float] = field(default_factory=dict)
    vetoes: frozenset[tuple[str, str]] = frozenset()


def reckon(items: Sequence[Item], subjects: Iterable[str], facts: Facts) -> list[Row]:
    """Every subject with its points and rank, the best first; vetoed ones and those without any value last.

    Raises ValueError for a computed item without a scale, and for points beyond what an item has.
    """
    rows = [_row(items, subject, facts) for subject in subjects]
    rows.sort(key=lambda row: (bool(row.vetoed), row.rate is None, -(row.rate or 0.0), row.subject))
    ranked: list[Row] = []
    for row in rows:
        if row.vetoed or row.rate is None:
            ranked.append(row)
            continue
        before = ranked[-1] if ranked else None
        same = before is not None and before.rate == row.rate
        ranked.append(replace(row, rank=before.rank if before is not None and same else len(ranked) + 1))
    return ranked


def _row(items: Sequence[Item], subject: str, facts: Facts) -> Row:
    cells = tuple(_cell(item, subject, facts) for item in items if item.kind is not ItemKind.VETO)
    full = {item.code: item.points for item in items}
    known = sum(full[cell.item] for cell in cells if cell.points is not None)
    points = round(sum(cell.points for cell in cells if cell.points is not None), DIGITS)
    return Row(
        subject=subject,
        cells=cells,
        points=points,
        known=known,
        unknown=sum(full[cell.item] for cell in cells if cell.points is None),
        rate=round(100 * points / known, DIGITS) if known else None,
        vetoed=tuple(
            item.code for item in items if item.kind is ItemKind.VETO and (item.code, subject) in facts.vetoes
        ),
    )


def _cell(item: Item, subject: str, facts: Facts) -> Cell:
    key = (item.code, subject)
    value = facts.values.get(key)
    entered = facts.points.get(key)
    if entered is not None:
        if not 0 <= entered <= item.points:
            raise ValueError(f"{item.code}: {entered:g} is not between 0 and {item.points:g}")
        return Cell(item.code, round(entered, DIGITS), value)
    if item.kind is ItemKind.MANUAL or value is None:
        return Cell(item.code, None, value)
    if item.scale is None:
        raise ValueError(f"{item.code} has no scale")
    return Cell(item.code, round(item.scale.share(value) * item.points, DIGITS), value)
