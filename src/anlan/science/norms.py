"""What a norm asks of a population or a number of places, and what is lacking.

A norm says: at least (and at most) so much for each so many people, people and days, or places. Fifteen litres of water
a person and day, one toilet for 50 people, 30 to 50 members in each town's team: all of one shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from anlan.science.series import Floats

#: Rounding of products such as 3 x 0.1 must not ask for one more piece.
_HAIR = 1e-9


class Per(StrEnum):
    """Of what a norm speaks."""

    PERSON = "person"
    PERSON_DAY = "person_day"
    #: A town, a village, a station, a plant: whatever the norm is about.
    PLACE = "place"


class Standing(StrEnum):
    """Where what is held stands to a norm."""

    BELOW = "below"
    WITHIN = "within"
    ABOVE = "above"


@dataclass(frozen=True, slots=True)
class Norm:
    """`least` … `most` of something for each `each` of `per`; made of a rulebook body of kind "norm" by `Norm.of`.

    least, most  None where the norm has no such bound; at least one of them
    whole        counted in pieces: a need is rounded up
    """

    least: float | None
    most: float | None
    per: Per
    each: float = 1.0
    whole: bool = False

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Norm:
        """A norm from its body: least, most, per, each, whole; the unit is for people to read."""
        return cls(
            least=body.get("least"),
            most=body.get("most"),
            per=Per(body["per"]),
            each=float(body.get("each", 1)),
            whole=bool(body.get("whole", False)),
        )


def need(norm: Norm, count: ArrayLike, *, days: float = 1.0) -> Floats:
    """How much the norm asks for at least.

    norm     one with a `least`
    count    people, or places where it speaks of places; >= 0
    days     for norms by person and day, > 0; otherwise it must stay 1
    returns  in the unit of the norm, the shape of `count`; whole pieces rounded up

    Raises ValueError for a norm without least, a negative or missing count, or days that do not fit.
    """
    n = np.asarray(count, np.float64)
    if norm.least is None:
        raise ValueError("a norm that only sets a most asks for nothing")
    if not (n >= 0).all():
        raise ValueError("a count is 0 or more and known")
    if not days > 0 or (norm.per is not Per.PERSON_DAY and days != 1):
        raise ValueError("days are above 0 and belong to norms by person and day")
    amount = norm.least * n / norm.each * days
    return np.asarray(np.ceil(amount - _HAIR) if norm.whole else amount, np.float64)


def lacking(need: ArrayLike, held: ArrayLike) -> Floats:
    """What is held less than needed; 0 where there is enough. NaN where what is held is not known: that is not none."""
    return np.maximum(np.asarray(need, np.float64) - np.asarray(held, np.float64), 0.0)


def standing(norm: Norm, held: float, count: float = 1.0) -> Standing:
    """Whether what is held for `count` people or places is below, within or above the norm; bounds are within.

    Raises ValueError for a count that is not above 0.
    """
    if not count > 0:
        raise ValueError(f"a norm is held against people or places, not {count}")
    rate = held / count * norm.each
    if norm.least is not None and rate < norm.least - _HAIR:
        return Standing.BELOW
    if norm.most is not None and rate > norm.most + _HAIR:
        return Standing.ABOVE
    return Standing.WITHIN
