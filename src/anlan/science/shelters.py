"""Places in shelters: how many people fit, how full they are, what a town lacks. Water and food are in `norms`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anlan.science.series import Floats

Ints = NDArray[np.int64]

#: A quotient that is a whole number but for rounding, such as 0.6 / 0.2, is that number.
_HAIR = 1e-9


def capacity(usable_m2: ArrayLike, m2_per_person: ArrayLike) -> Ints:
    """People who fit on the usable area, by the space that each needs.

    usable_m2      m2 of effective area: without roads, water, steep ground and what could collapse; >= 0
    m2_per_person  m2, > 0, by type of shelter: the longer the stay, the more (rulebook kind "shelter_type")
    returns        int64, the broadcast shape, rounded down

    Raises ValueError for a missing or negative area, or a space that is not above 0.
    Source: effective area over effective area per person (人均有效避难面积), as GB 51143-2015 has it.
    """
    area, space = np.asarray(usable_m2, np.float64), np.asarray(m2_per_person, np.float64)
    if not (np.isfinite(area).all() and (area >= 0).all()):
        raise ValueError("an area is known and not negative")
    if not (np.isfinite(space).all() and (space > 0).all()):
        raise ValueError("the space of a person is above 0 m2")
    return np.floor(area / space + _HAIR).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Occupancy:
    """How full shelters are; arrays of one shape.

    free   places left, 0 when full
    over   people beyond the capacity
    share  people over capacity; NaN for a shelter without a place
    """

    free: Ints
    over: Ints
    share: Floats


def occupancy(people: ArrayLike, places: ArrayLike) -> Occupancy:
    """Free places, people too many, and the share in use of each shelter.

    people, places  whole numbers, >= 0

    Raises ValueError for negative numbers.
    """
    inside, room = np.broadcast_arrays(np.asarray(people, np.int64), np.asarray(places, np.int64))
    if (inside < 0).any() or (room < 0).any():
        raise ValueError("people and places are not negative")
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(room > 0, inside / room, np.nan)
    return Occupancy(np.maximum(room - inside, 0), np.maximum(inside - room, 0), np.asarray(share, np.float64))


@dataclass(frozen=True, slots=True)
class Places:
    """Places of each town against those it should have; arrays of one shape.

    needed, lacking, spare  people; `lacking` and `spare` are never both above 0
    """

    needed: Ints
    lacking: Ints
    spare: Ints

    @property
    def lacking_in_all(self) -> int:
        """The sum over the towns: a spare place in one town is none in another."""
        return int(self.lacking.sum())


def places_by_town(population: ArrayLike, share: ArrayLike, places: ArrayLike) -> Places:
    """What each town lacks in places when a share of its people has to be sheltered.

    population  people of each town, >= 0
    share       0 … 1 of them to be sheltered, one for all or one a town
    places      capacity of its shelters, >= 0

    Raises ValueError for negative numbers or a share outside 0 … 1.
    """
    people, part, room = np.broadcast_arrays(
        np.asarray(population, np.int64), np.asarray(share, np.float64), np.asarray(places, np.int64)
    )
    if (people < 0).any() or (room < 0).any():
        raise ValueError("people and places are not negative")
    if not ((part >= 0) & (part <= 1)).all():
        raise ValueError("a share lies between 0 and 1")
    needed = np.ceil(people * part - _HAIR).astype(np.int64)
    return Places(needed, np.maximum(needed - room, 0), np.maximum(room - needed, 0))
