"""What a formula is handed and what it gives back. No database here: a formula is arithmetic over arrays.

The same formula is asked three times: for all regions and years at night, again from the inputs that were kept with a
measurement, and once more with those inputs carried on to the year's end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
B1 = NDArray[np.bool_]


class State(StrEnum):
    """Whether a number could be measured, and what was in the way."""

    MEASURED = "measured"
    EMPTY = "empty"  # nothing was ever entered or recorded of an input
    UNDATED = "undated"  # the register has rows, none with the date by which they would count
    MISSING = "missing"  # the input is there, not for this region and year
    PARTIAL = "partial"  # some places in the region gave it, others did not
    BEGINS = "begins"  # the register begins later than the year
    PAST = "past"  # the register shows only today, and nothing was measured in that year
    AHEAD = "ahead"  # the year has not begun
    NOTHING = "nothing"  # nothing to divide by: there is none of it here
    NOT_HERE = "not_here"  # it means nothing at this level of places


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a number is not there.

    input  code of the input in the way
    year   the year that lacks it, or in which its register begins
    known  places that gave it, of how many (PARTIAL)
    """

    state: State
    input: str = ""
    year: int = 0
    known: int = 0
    of: int = 0


#: What stands at number 0 among the reasons.
NONE = Reason(State.MEASURED)


@dataclass(frozen=True, slots=True)
class Part:
    """An input for all asked regions and years: float[regions, years] and the number of the reason where it is NaN.

    ahead    what it comes to at the end of a running year, where whoever entered it said up to which day it counts
    undated  float[regions], rows that lack the date by which they would count, in any year
    """

    values: F8
    why: I4
    ahead: F8 | None = None
    undated: F8 | None = None


@dataclass(slots=True)
class Reasons:
    """The reasons met so far, each with its number; 0 is none."""

    all: list[Reason] = field(default_factory=lambda: [NONE])
    _number: dict[Reason, int] = field(default_factory=lambda: {NONE: 0})

    def number(self, reason: Reason) -> int:
        """The number of a reason, a new one at its first coming."""
        if reason not in self._number:
            self._number[reason] = len(self.all)
            self.all.append(reason)
        return self._number[reason]


class Asking(Protocol):
    """What a formula sees of the question."""

    reasons: Reasons

    def part(self, code: str, back: int = 0) -> Part:
        """An input in each asked year, or so many years before it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a formula found: float[regions, years], NaN where `why` gives the number of a reason; its inputs by key."""

    values: F8
    why: I4
    parts: Mapping[str, Part]


def key_of(code: str, back: int = 0) -> str:
    """The name under which an input is kept: "deaths", of the year before "deaths@1"."""
    return f"{code}@{back}" if back else code


def code_of(key: str) -> tuple[str, int]:
    """Input and years back of such a name."""
    code, _at, back = key.partition("@")
    return code, int(back or 0)


def concluded(
    asked: Asking, values: F8, parts: Mapping[str, Part], *, over: str = "", zero: B1 | None = None
) -> Measured:
    """What is left of values where an input is missing, or where there is nothing to divide by.

    over, zero  the input that stands below the line, and where it is zero
    """
    why = np.zeros(values.shape, np.int32)
    for part in parts.values():
        why = np.where(why == 0, part.why, why)
    if zero is not None:
        nothing = asked.reasons.number(Reason(State.NOTHING, code_of(over)[0]))
        why = np.where((why == 0) & zero, np.int32(nothing), why)
    return Measured(np.where(why == 0, values, np.nan), why.astype(np.int32), parts)


class Kept:
    """A question whose inputs were kept with measurements: one row each, one column."""

    def __init__(
        self, inputs: Sequence[Mapping[str, float | None]], *, at_end: Mapping[str, Sequence[float]] | None = None
    ) -> None:
        """`at_end` gives, by input, the share of the year that its number covers, for each row: it is carried on."""
        self.reasons = Reasons()
        self._inputs = inputs
        self._at_end = at_end or {}

    def part(self, code: str, back: int = 0) -> Part:
        key = key_of(code, back)
        found = np.array([_number(one.get(key)) for one in self._inputs], np.float64)
        if not back and code in self._at_end:
            carried = np.array([_number(one.get(f"{key}~")) for one in self._inputs], np.float64)
            found = np.where(np.isnan(carried), found / np.array(self._at_end[code], np.float64), carried)
        gone = self.reasons.number(Reason(State.MISSING, code))
        return Part(found[:, None], np.where(np.isnan(found), gone, 0).astype(np.int32)[:, None])


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)
