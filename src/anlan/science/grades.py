"""Grades by bounds of several criteria: loss and danger of a disaster, tailings ponds, the scale of an enterprise.

The bounds are rulebook data (kinds "grading" and "enterprise_scale"). A value that is not known leaves the grades open
that it could still lead to; it is never taken for zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Join(StrEnum):
    """How several criteria make one grade."""

    #: The highest grade that any of them reaches. 地质灾害防治条例, 第四条; 生产安全事故报告和调查处理条例, 第三条.
    ANY = "any"
    #: The highest grade all of whose bounds are reached. 统计上大中小微型企业划分办法 (2017).
    ALL = "all"
    #: The higher of two grades; one lower than that where they are more than one apart. GB 50863-2013, 3.3.1.
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class Grade:
    """One grade with its lower bounds by criterion. The last of a scale has none: it is what remains."""

    code: str
    at_least: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """Grades from the highest down, made of a rulebook body by `Scale.of`.

    criteria  codes; their names and units are for people to read
    """

    criteria: tuple[str, ...]
    join: Join
    grades: tuple[Grade, ...]

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Scale:
        """From `criteria` [{code, name, name_zh, unit}], `join` and `grades` [{code, name, name_zh, at_least}]."""
        return cls(
            criteria=tuple(one["code"] for one in body["criteria"]),
            join=Join(body["join"]),
            grades=tuple(Grade(one["code"], one.get("at_least") or {}) for one in body["grades"]),
        )


@dataclass(frozen=True, slots=True)
class Graded:
    """The result.

    grade     code; None while a missing value leaves several possible
    possible  codes from the highest down; one when certain
    by        criterion → the grade that it alone reaches; without those that are missing
    missing   criteria without a value
    """

    grade: str | None
    possible: tuple[str, ...]
    by: Mapping[str, str]
    missing: tuple[str, ...]


def grade(values: Mapping[str, float | None], scale: Scale) -> Graded:
    """The grade of some values.

    values   by criterion, >= 0, in the unit of the rulebook; None or absent: not known

    Every join only rises with every value, so that what is possible lies between the grades for 0 and for infinity in
    place of what is missing.

    Raises ValueError for a negative or not finite value, or a criterion that the scale does not have.
    """
    strange = values.keys() - set(scale.criteria)
    if strange:
        raise ValueError(f"the scale has no criterion {', '.join(sorted(strange))}")
    known = {code: value for code, value in values.items() if value is not None}
    for code, value in known.items():
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{code} is 0 or more, not {value}")
    missing = tuple(code for code in scale.criteria if code not in known)
    low = _place({code: known.get(code, 0.0) for code in scale.criteria}, scale)
    high = _place({code: known.get(code, math.inf) for code in scale.criteria}, scale)
    possible = tuple(one.code for one in scale.grades[high : low + 1])
    return Graded(
        grade=possible[0] if len(possible) == 1 else None,
        possible=possible,
        by={code: scale.grades[_alone(code, value, scale)].code for code, value in known.items()},
        missing=missing,
    )


def scale_of(lineage: Iterable[str], scales: Sequence[tuple[Sequence[str], Scale]]) -> Scale | None:
    """The scale that holds for an industry: that of the nearest of its codes.

    lineage  codes of GB/T 4754 from the narrowest to the section, such as 2614, 261, 26, C
    scales   (codes it holds for, scale) of each rulebook entry
    returns  None where the method does not divide the industry, such as banks or schools
    """
    by_code = {code: scale for codes, scale in scales for code in codes}
    return next((by_code[code] for code in lineage if code in by_code), None)


def _place(values: Mapping[str, float], scale: Scale) -> int:
    """Which grade, counted from the highest."""
    alone = [_alone(code, values[code], scale) for code in scale.criteria]
    if scale.join is Join.ANY:
        return min(alone)
    if scale.join is Join.ALL:
        return max(alone)
    return min(alone) + (max(alone) - min(alone) > 1)


def _alone(code: str, value: float, scale: Scale) -> int:
    """The highest grade whose bound for this criterion is reached; the last has none."""
    return next(
        (n for n, one in enumerate(scale.grades) if code in one.at_least and value >= one.at_least[code]),
        len(scale.grades) - 1,
    )
