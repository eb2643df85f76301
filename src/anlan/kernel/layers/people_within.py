"""How many people are in an area: asked of whoever counts them, by name, so that no app has to know the census.

    answer = people_within(grown(outline, 500), at="night")
    answer.people if answer is not None else "unknown"

The census registers itself with `register_people`. Without a census, or before one was taken in, the answer is None:
unknown, which is not nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Protocol

from anlan.kernel.regions.scope import reach

Time = Literal["day", "night"]


@dataclass(frozen=True, slots=True)
class People:
    """People in an area, by the share of each cell of the grid that lies inside; not rounded.

    day, night  people at noon and at midnight of a working day
    at          which of the two was asked for
    cells       cells that the area touches
    covered     share of the area, 0 … 1, that the cells cover; what lies outside of them is not counted
    as_of       day of the survey
    source      title of the survey, for a note beside the number
    """

    day: float
    night: float
    at: Time
    cells: int
    covered: float
    as_of: date
    source: str

    @property
    def people(self) -> float:
        """People at the time that was asked for."""
        return self.day if self.at == "day" else self.night

    @property
    def whole(self) -> int:
        """`people` as it is shown."""
        return whole(self.people)


def whole(people: float) -> int:
    """A number of people as it is shown: rounded, and never nobody where there is somebody."""
    return max(round(people), 1) if people > 0 else 0


class PeopleCount(Protocol):
    """geometry (polygon, WGS-84), at, path prefixes of regions that may be counted -> People, None for unknown."""

    def __call__(self, geometry: Any, *, at: Time, paths: Sequence[str]) -> People | None: ...


_counts: list[tuple[PeopleCount, str]] = []


def register_people(count: PeopleCount, *, verb: str) -> None:
    """Name the function that counts people, and the verb that a person needs to be told; the last one is asked."""
    _counts[:] = [(count, verb)]


def people_within(geometry: Any, *, at: Time = "night", paths: Sequence[str] = ("/",)) -> People | None:
    """People in a polygon or multipolygon (shapely, WGS-84 degrees); None when it is not known.

    paths  count only regions under these prefixes, as `reach` gives them for a verb; all when "/" is among them

    For services that work out what is so, whoever asks. What is shown to a person as it is goes by `people_for`.
    """
    return _counts[0][0](geometry, at=at, paths=paths) if _counts else None


def people_for(actor: Any, geometry: Any, *, at: Time = "night") -> People | None:
    """The same within the regions in which `actor` may know; None without any such right, too."""
    if not _counts:
        return None
    count, verb = _counts[0]
    paths = reach(actor, verb)
    return count(geometry, at=at, paths=paths) if paths else None
