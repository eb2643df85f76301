"""Indicators and what they are measured from: frozen data and references to named functions.

FIRES = declare(Indicator(
    code="WS47", title=_("Fire deaths per 100,000 people"), unit=_("people/100,000"), better=Better.LOWER,
    kind=Kind.FLOW, formula=_("fire deaths / population × 100,000"),
    needs=("fire_deaths", "population"), measure=ratio("fire_deaths", "population", 100_000),
))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Q, QuerySet

from anlan.kernel.indicators.asking import Asking, Measured

#: Most years that a formula may look back.
LOOK_BACK = 5


class Better(StrEnum):
    """Which way is good."""

    HIGHER = "higher"
    LOWER = "lower"


class Kind(StrEnum):
    """How a value comes about in the course of its year, and so how its end is foreseen.

    FLOW   grows from zero over the year: accidents, drills
    RATE   a share or mean of what has happened so far
    LEVEL  how things stand: teams, warehouses
    """

    FLOW = "flow"
    RATE = "rate"
    LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Source:
    """A register of the product whose rows are counted.

    title   what it is called: "Alarms"
    verb    the right to see its rows
    rows    every row of it that is real: no exercises, nothing removed
    region  path to the number of the region of a row
    moment  field that says in which year a row counts; empty: the register shows only how things stand today
    day     that field is a day and not a moment
    url     name of the page on which all of it stands; empty: the rows are listed by the indicators themselves
    numbers counts itself, where rows alone do not say it: at a moment, (input, region, number) each; None when there
            is nothing to count
    """

    code: str
    title: Any
    verb: str
    rows: Callable[[], QuerySet[Any]]
    region: str = "region_id"
    moment: str = ""
    day: bool = False
    url: str = ""
    numbers: Callable[[datetime], list[tuple[str, int, float]] | None] | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """A number by region and year. Without a source it is entered; with one it is counted, and what a year before the
    register began was like may still be entered.

    giver    who gives it
    rolls    the number of a place is the sum over the places in it
    flow     grows over the year, so that a running year is not yet whole
    counted  the rows that count, at a moment; None: all
    of       expression that is summed; None: rows are counted
    places   places of this level in which there is such a row are counted, not rows
    level    with no source: the places of this level are counted
    """

    code: str
    title: Any
    unit: Any
    giver: Any = ""
    rolls: bool = True
    flow: bool = True
    source: Source | None = None
    counted: Callable[[datetime], Q] | None = None
    of: Any = None
    places: str = ""
    level: str = ""

    @property
    def is_entered(self) -> bool:
        """Is it only known from what people enter?"""
        return self.source is None and not self.level

    @property
    def may_be_entered(self) -> bool:
        """May somebody enter it: because nothing counts it, or for the years before its register began?"""
        return self.is_entered or (self.source is not None and bool(self.source.moment))


#: Measures every asked region and year at once.
Measure = Callable[[Asking], Measured]


@dataclass(frozen=True, slots=True)
class Indicator:
    """A named number by region and year.

    formula  the rule in words
    needs    codes of inputs
    measure  the rule as a function
    levels   levels of places for which it means something; empty: all
    group    heading of the list
    note     what the source leaves open and how it is read here
    version  raised when the formula changes; kept with each measurement
    yes_no   its value is 1 or 0 and reads yes or no
    """

    code: str
    title: Any
    unit: Any
    better: Better
    kind: Kind
    formula: Any
    needs: tuple[str, ...]
    measure: Measure
    group: Any
    digits: int = 1
    levels: tuple[str, ...] = ()
    note: Any = ""
    version: int = 1
    yes_no: bool = False


class BadIndicator(ValueError):
    """A declaration that cannot work; names every fault."""


@dataclass(slots=True)
class _Declared:
    inputs: dict[str, Input] = field(default_factory=dict)
    indicators: dict[str, Indicator] = field(default_factory=dict)


_declared = _Declared()


def declare_input(one: Input) -> Input:
    """Make an input known. Raises BadIndicator for a code that another one has, or one that is misspelt."""
    known = _declared.inputs.get(one.code)
    if known is not None and known is not one:
        raise BadIndicator(f"two inputs are called {one.code!r}")
    if not one.code.isidentifier():
        raise BadIndicator(f"{one.code!r}: an input is called like_this")
    if one.source is not None and one.flow != bool(one.source.moment):
        raise BadIndicator(f"{one.code!r}: rows that have a moment flow, others stand")
    _declared.inputs[one.code] = one
    return one


def declare(one: Indicator) -> Indicator:
    """Make an indicator known. Raises BadIndicator with all its faults."""
    if faults := list(_faults(one)):
        raise BadIndicator(f"{one.code}: " + "; ".join(faults))
    _declared.indicators[one.code] = one
    return one


def _faults(one: Indicator) -> Iterator[str]:
    known = _declared.indicators.get(one.code)
    if known is not None and known is not one:
        yield "two indicators have this code"
    if not one.needs:
        yield "it needs nothing"
    for code in one.needs:
        if code not in _declared.inputs:
            yield f"no input is called {code!r}"


def indicators() -> list[Indicator]:
    """Every indicator in the order of the codes."""
    return [one for _code, one in sorted(_declared.indicators.items())]


def indicator(code: str) -> Indicator | None:
    """The indicator of a code; None when none has it."""
    return _declared.indicators.get(code)


def inputs() -> dict[str, Input]:
    """Every input by its code, in the order of declaration."""
    return dict(_declared.inputs)


def input_of(code: str) -> Input:
    """The input of a code. Raises KeyError."""
    return _declared.inputs[code]


def needing(codes: set[str]) -> list[Indicator]:
    """The indicators that need one of these inputs."""
    return [one for one in indicators() if codes & set(one.needs)]
