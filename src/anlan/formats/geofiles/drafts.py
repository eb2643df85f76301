"""A feature as a file gives it, before anything is mended: parts of points, lines and rings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anlan.formats.faults import Fault, Refused
from anlan.formats.geofiles.limits import Limits

#: float64[n, 2], x before y.
Line = NDArray[np.float64]


@dataclass(slots=True)
class Draft:
    """What a file says of one feature.

    number      place in the file, from 1
    id          as the file gives it, "" for none
    points      one position each
    lines       positions of each line
    areas       rings of each polygon, the outer one first
    properties  by name
    place       where it stands in the file's own order: folders of a KML, "" otherwise
    multi       the file calls it a collection of its kind, even of one
    faults      what is already known to be wrong
    heights     positions had more than two numbers
    clockwise   the format wants outer rings clockwise
    """

    number: int
    id: str = ""
    points: list[Line] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    areas: list[list[Line]] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)
    place: str = ""
    multi: bool = False
    faults: list[Fault] = field(default_factory=list)
    heights: bool = False
    clockwise: bool = False

    def fault(self, code: str, **why: str | float) -> None:
        """Note what is wrong with the feature, each code once; repeated points are added up."""
        for at, known in enumerate(self.faults):
            if known.code == code:
                points = int(str(known.why.get("points", 0))) + int(why.get("points", 0))
                self.faults[at] = Fault(code, known.where, {**known.why, "points": points} if points else known.why)
                return
        self.faults.append(Fault(code, str(self.number), why))

    def drop_geometry(self, code: str, **why: str | float) -> None:
        """Note why the feature has no geometry that can be used."""
        self.points, self.lines, self.areas = [], [], []
        self.fault(code, **why)

    def vertices(self) -> int:
        """Positions of all parts."""
        rings = [ring for area in self.areas for ring in area]
        return sum(len(part) for part in (*self.points, *self.lines, *rings))


class Counter:
    """Features and vertices of a file as they come."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._features = self._vertices = 0

    def add(self, draft: Draft) -> None:
        """Raises Refused: `too_many_features`, `too_many_vertices`."""
        self._features += 1
        if self._features > self._limits.features:
            raise Refused("too_many_features", str(draft.number), limit=self._limits.features)
        vertices = draft.vertices()
        if vertices > self._limits.vertices:
            raise Refused("too_many_vertices", str(draft.number), vertices=vertices, limit=self._limits.vertices)
        self._vertices += vertices
        if self._vertices > self._limits.all_vertices:
            limit = self._limits.all_vertices
            raise Refused("too_many_vertices", str(draft.number), vertices=self._vertices, limit=limit)


def bounded(value: Any, limits: Limits, where: str, depth: int = 1) -> Any:
    """A value of a property as it is kept: texts bounded, numbers that are none empty, nesting bounded.

    Raises Refused: `text_too_long`, `too_deep`.
    """
    if isinstance(value, str):
        if len(value) > limits.text:
            raise Refused("text_too_long", where, length=len(value), limit=limits.text)
        return value.replace("\0", "")
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if not isinstance(value, dict | list):
        return value
    if depth > limits.depth:
        raise Refused("too_deep", where, limit=limits.depth)
    if isinstance(value, dict):
        return {str(name): bounded(part, limits, where, depth + 1) for name, part in value.items()}
    return [bounded(part, limits, where, depth + 1) for part in value]


def positions(said: Sequence[Any], draft: Draft) -> Line:
    """Positions, each a list of two numbers or more, as an array. Raises ValueError for anything else."""
    if not said:
        return np.empty((0, 2))
    try:
        found = np.array(said)
    except ValueError:
        # Some with a height and some without.
        found = np.array([place[:2] if isinstance(place, list) else place for place in said])
        draft.heights = True
    if found.dtype.kind not in "iuf" or found.ndim != 2 or found.shape[1] < 2:
        raise ValueError("positions are pairs of numbers")
    draft.heights |= found.shape[1] > 2
    return found[:, :2].astype(np.float64)
